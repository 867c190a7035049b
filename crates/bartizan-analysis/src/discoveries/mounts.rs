//! Where code is mounted. A router does not know what stands before it: `/users/{id}` may be called as
//! `/api/users/{id}`.
//!
//! What stands before the routes of one component on one host is the text under which most of them are called.
//! It has to be the only one with so many, and two routes at least have to agree where there are several; else
//! nothing stands before them as far as is known. Nothing counts as much as any text, and first among equals.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, Indexed, method_fits, routes::is_parameter};

/// What stands before the routes of a group on a host, and how many of them are called there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) prefix: String,
    pub(super) routes: usize,
}

/// By group and host.
#[derive(Debug, Default)]
pub(super) struct Mounts(BTreeMap<(u32, String), Mount>);

/// An endpoint as it is compared.
pub(super) struct Asked<'e> {
    pub(super) host: &'e str,
    pub(super) method: &'e str,
    pub(super) segments: Vec<&'e str>,
}

impl Mounts {
    /// Learns it from endpoints.
    pub(super) fn learn(index: &Indexed, asked: &[Asked<'_>]) -> Self {
        let mut votes: BTreeMap<(u32, &str), BTreeMap<String, BTreeSet<u32>>> = BTreeMap::new();
        for endpoint in asked {
            let mut prefix = String::new();
            for (at, segment) in endpoint.segments.iter().enumerate() {
                for fit in index.routes.find(endpoint.segments.get(at..).unwrap_or_default()) {
                    let Some((route, group)) = index.route(fit.route) else { continue };
                    let is_method = method_fits(&route.discovered.method, endpoint.method);
                    let may_be_below = prefix.is_empty() || group.host.is_none();
                    if fit.loose > 0
                        || route.texts == 0
                        || is_method.is_none()
                        || !may_be_below
                        || !group.is_on(endpoint.host)
                    {
                        continue;
                    }
                    let of = votes.entry((route.group, endpoint.host)).or_default();
                    of.entry(prefix.clone()).or_default().insert(fit.route);
                }
                if is_parameter(segment) {
                    break;
                }
                prefix.push('/');
                prefix.push_str(segment);
            }
        }
        let chosen = votes.into_iter().filter_map(|((number, host), votes)| {
            let group = index.groups.get(number as usize)?;
            Some(((number, host.to_owned()), choose(group, &votes)?))
        });
        Self(chosen.collect())
    }

    /// What stands before a group on a host; `None` when none of it was found there.
    pub(super) fn of(&self, group: u32, host: &str) -> Option<&Mount> {
        self.0.get(&(group, host.to_owned()))
    }

    /// The one host that a group is on; `None` when it is on none or several.
    pub(super) fn only(&self, group: u32) -> Option<(&str, &Mount)> {
        let mut all =
            self.0.range((group, String::new())..).take_while(|((of, _), _)| *of == group);
        let ((_, host), mount) = all.next()?;
        all.next().is_none().then_some((host.as_str(), mount))
    }
}

fn choose(group: &Group, votes: &BTreeMap<String, BTreeSet<u32>>) -> Option<Mount> {
    let most = votes.values().map(BTreeSet::len).max()?;
    let mut best = votes.iter().filter(|(_, routes)| routes.len() == most);
    // In order of text: nothing is the first.
    let (prefix, _) = best.next()?;
    let is_sure = prefix.is_empty() || (best.next().is_none() && (most >= 2 || group.routes == 1));
    if is_sure {
        return Some(Mount { prefix: prefix.clone(), routes: most });
    }
    let plain = votes.get("")?.len();
    Some(Mount { prefix: String::new(), routes: plain })
}
