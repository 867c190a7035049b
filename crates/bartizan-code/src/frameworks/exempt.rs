//! Paths that a guard lets through by what is written in it.

use crate::{
    paths,
    route::{Authorization, Guard, Route},
};

/// Paths that a guard lets through by itself.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::frameworks) struct Exemption {
    /// As written.
    pub(in crate::frameworks) path: String,
    /// Whether what is below it is meant as well.
    pub(in crate::frameworks) is_prefix: bool,
    /// Whether all others are let through instead.
    pub(in crate::frameworks) is_only: bool,
    /// The one method that it is for.
    pub(in crate::frameworks) method: Option<String>,
}

impl Exemption {
    fn fits(&self, route: &Route) -> bool {
        let path = paths::colons(&self.path).into_iter().next().unwrap_or_default();
        let is_path = match self.is_prefix {
            true => route.path.starts_with(path.as_str()),
            false => route.path == path || route.path.trim_end_matches('/') == path,
        };
        is_path && self.method.as_ref().is_none_or(|method| *method == route.method)
    }
}

/// Takes guards from routes that they let through.
pub(in crate::frameworks) fn exempt(routes: &mut [Route], exemptions: &[(Guard, Vec<Exemption>)]) {
    for route in routes {
        let mut kept = Vec::new();
        for guard in &route.authorization.guards {
            let known = exemptions
                .iter()
                .find(|(other, _)| other.name == guard.name && other.place == guard.place);
            let is_free = known.is_some_and(|(_, paths)| {
                let mut only = paths.iter().filter(|path| path.is_only).peekable();
                only.peek().is_some() && !only.any(|path| path.fits(route))
                    || paths.iter().any(|path| !path.is_only && path.fits(route))
            });
            if !is_free {
                kept.push(guard.clone());
            }
        }
        if kept.len() != route.authorization.guards.len() {
            route.authorization = Authorization::of(kept);
        }
    }
}
