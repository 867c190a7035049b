//! Path templates that somebody wrote down: they hold whatever traffic suggests.

use bartizan_model::{
    HostPattern,
    host::{is_pattern, shape},
};

use super::pattern::Glob;

/// Most such paths.
pub const MAX_KNOWN_PATHS: usize = 1_000;
/// Most segments of one.
const MAX_SEGMENTS: usize = 48;

/// A path template of a host: its fixed text is never taken for a value, and what it makes a parameter is
/// one from the first request on.
#[derive(Clone, Debug)]
pub struct KnownPath {
    host: Host,
    path: String,
    /// Fixed text; `None` for a parameter.
    segments: Vec<Option<String>>,
}

#[derive(Clone, Debug)]
enum Host {
    Glob(Glob),
    Pattern(HostPattern),
}

impl Host {
    fn fits(&self, host: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.fits(host),
            // Hosts that are one API are known by a pattern themselves.
            Self::Pattern(pattern) if is_pattern(host) => shape(pattern.text()) == shape(host),
            Self::Pattern(pattern) => pattern.fits(host),
        }
    }
}

impl KnownPath {
    /// Reads `HOST/PATH`, for example `api.example.com/users/search` or
    /// `*.example.com/v1/{tenant}/items`: `*` in the host stands for anything, a variable there for a
    /// label (`{tenant}.example.com/v1/me`), and a parameter is a whole segment.
    ///
    /// # Errors
    /// There is no host or no path, it is too long, or a segment is neither fixed text nor a parameter.
    pub fn new(text: &str) -> Result<Self, String> {
        let Some((host, path)) = text.split_once('/') else {
            return Err(format!("{text:?}: expected a host and a path, as api.example.com/v1/me"));
        };
        let segments = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| {
                match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                    Some(name) if !name.is_empty() && !name.contains(['{', '}']) => Ok(None),
                    None if !segment.contains(['{', '}', '*']) => Ok(Some(segment.to_owned())),
                    _ => {
                        Err(format!("{segment:?} is neither fixed text nor a parameter as {{id}}"))
                    }
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        if segments.is_empty() || segments.len() > MAX_SEGMENTS {
            return Err(format!("{text:?}: expected a path of 1 to {MAX_SEGMENTS} segments"));
        }
        let host = match is_pattern(host) {
            true => Host::Pattern(HostPattern::new(host)?),
            false => Host::Glob(Glob::new(&host.to_lowercase())?),
        };
        Ok(Self { host, path: format!("/{path}"), segments })
    }

    /// The template, when a request fits. `host`: in lower case.
    #[must_use]
    pub fn fitting(&self, host: &str, segments: &[&str]) -> Option<&str> {
        let fits = self.segments.len() == segments.len()
            && self
                .segments
                .iter()
                .zip(segments)
                .all(|(known, seen)| known.as_ref().is_none_or(|known| known == seen))
            && self.host.fits(host);
        fits.then_some(self.path.as_str())
    }

    /// Whether it is this path of a host of its: the same fixed text, and a parameter (`None`) at the same
    /// places. `host`: in lower case.
    #[must_use]
    pub fn is_written(&self, host: &str, segments: &[Option<&str>]) -> bool {
        self.segments() == segments && self.is_of(host)
    }

    /// Its fixed text; `None` for a parameter.
    pub(crate) fn segments(&self) -> Vec<Option<&str>> {
        self.segments.iter().map(Option::as_deref).collect()
    }

    /// Whether it is about a host. `host`: in lower case.
    pub(crate) fn is_of(&self, host: &str) -> bool {
        self.host.fits(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::example::get,
        judge::{State, judge, results},
        snapshot::Snapshot,
    };
    use bartizan_model::{HashKey, Scope};
    use std::sync::Arc;

    #[test]
    fn fixed_text_and_parameters_are_told_apart() {
        let known = KnownPath::new("*.Example.com/v1/{tenant}/items").expect("a path");
        let fitting = |host, segments: &[&str]| known.fitting(host, segments).map(str::to_owned);
        let template = Some("/v1/{tenant}/items".to_owned());
        assert_eq!(fitting("api.example.com", &["v1", "acme", "items"]), template);
        assert_eq!(fitting("api.example.org", &["v1", "acme", "items"]), None);
        assert_eq!(fitting("api.example.com", &["v1", "acme", "item"]), None);
        assert_eq!(fitting("api.example.com", &["v1", "acme"]), None);
        let known = KnownPath::new("{tenant}.example.com/v1/me").expect("a path");
        assert!(known.fitting("acme.example.com", &["v1", "me"]).is_some());
        assert!(known.fitting("example.com", &["v1", "me"]).is_none());
        for wrong in ["", "/a", "host", "host/", "host/a{b}", "host/{}", "host/*", "host/{a}{b}"] {
            assert!(KnownPath::new(wrong).is_err(), "{wrong:?}");
        }
    }

    /// Paths that are listed after words were asked for below `/habitats`, with these known.
    fn listed(known: &[&str]) -> Vec<String> {
        let mut snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
        let known = known.iter().map(|text| KnownPath::new(text).expect("a path"));
        let catalog = super::super::Catalog { paths: known.collect(), ..Default::default() };
        snapshot.catalog = Arc::new(catalog);
        let mut state = State::new(&snapshot.scope);
        for a in ["snow", "red", "grey", "blue", "brown", "marsh", "river", "stone"] {
            for b in ["hare", "fox", "owl", "wolf", "heron"] {
                let url = format!("https://api.example.com/v1/habitats/{a}-{b}");
                let exchange = get(&url).answer(200, "application/json", r#"{"id":1}"#).build();
                judge(&exchange, &snapshot, &mut state, exchange.time);
            }
        }
        let analysis = results(&mut state, &snapshot);
        analysis.endpoints.into_iter().map(|endpoint| endpoint.path).collect()
    }

    #[test]
    fn a_known_path_is_kept_apart_from_what_is_merged() {
        assert_eq!(listed(&[]), ["/v1/habitats/{habitat_id}"]);
        assert_eq!(
            listed(&["api.example.com/v1/habitats/red-fox"]),
            ["/v1/habitats/red-fox", "/v1/habitats/{habitat_id}"]
        );
    }

    #[test]
    fn a_known_parameter_is_one_by_its_name() {
        assert_eq!(listed(&["*/v1/habitats/{animal}"]), ["/v1/habitats/{animal}"]);
    }
}
