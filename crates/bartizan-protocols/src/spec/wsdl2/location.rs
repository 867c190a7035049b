//! `whttp:location`: a relative reference with elements of the input in braces (Adjuncts §6.8.1).

use std::collections::BTreeSet;

use crate::spec::{
    operation::{MAX_PATH, ParameterIn, SpecServer},
    server::server_of,
};

/// Most elements that one location cites.
const MAX_CITED: usize = 256;

/// A location, read.
#[derive(Debug, Default)]
pub(super) struct Location {
    /// The template of its path, with a slash in front.
    pub(super) path: String,
    /// What it cites, in order.
    pub(super) parameters: Vec<Cited>,
    /// It is an address of its own.
    server: Option<SpecServer>,
    /// It begins with a slash.
    is_rooted: bool,
    /// It has no path, so that it is at the address itself.
    is_empty: bool,
}

/// An element in a path or query.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cited {
    /// As requests name it: in a query the name of its field.
    pub(super) name: String,
    /// As the schema does.
    pub(super) element: String,
    pub(super) at: ParameterIn,
}

impl Location {
    pub(super) fn of(text: &str) -> Self {
        let text = text.get(..text.floor_char_boundary(MAX_PATH)).unwrap_or_default().trim();
        let text = text.split('#').next().unwrap_or_default();
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let mut out = Self { is_empty: path.is_empty(), ..Self::default() };
        let mut path = path;
        if let Some((_, rest)) = path.split_once("://") {
            let from = rest.find('/').map_or(path.len(), |slash| path.len() - rest.len() + slash);
            let (address, behind) = path.split_at_checked(from).unwrap_or((path, ""));
            out.server = Some(server_of(address));
            path = behind;
        }
        out.is_rooted = path.starts_with('/');
        out.path.push('/');
        let path = template(path.trim_start_matches('/'));
        out.path.push_str(&path.text);
        let mut known = BTreeSet::new();
        for name in path.cited {
            // The same element twice is one parameter.
            if known.insert(name.clone()) {
                out.cite(name.clone(), name, ParameterIn::Path);
            }
        }
        for part in query.split(['&', ';']).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let element = template(value).cited.into_iter().next().unwrap_or_default();
            out.cite(template(name).text, element, ParameterIn::Query);
        }
        out
    }

    fn cite(&mut self, name: String, element: String, at: ParameterIn) {
        if self.parameters.len() < MAX_CITED {
            self.parameters.push(Cited { name, element, at });
        }
    }

    /// The server that the path follows, at an endpoint (RFC 3986 §5.2).
    pub(super) fn resolve(&self, endpoint: &SpecServer) -> SpecServer {
        if let Some(server) = &self.server {
            return SpecServer { name: endpoint.name.clone(), ..server.clone() };
        }
        let mut server = endpoint.clone();
        if self.is_rooted {
            server.base_path.clear();
        } else if !self.is_empty {
            server.base_path.truncate(server.base_path.rfind('/').unwrap_or(0));
        }
        at_address(&server)
    }
}

/// A server whose base path ends with no slash.
pub(super) fn at_address(server: &SpecServer) -> SpecServer {
    let mut server = server.clone();
    server.base_path.truncate(server.base_path.trim_end_matches('/').len());
    server
}

/// A text with elements in braces.
struct Cites {
    /// With `{name}` for each element.
    text: String,
    cited: Vec<String>,
}

/// Reads `{name}` and `{!name}`, which is the same without escapes; `{{` and `}}` are braces.
fn template(text: &str) -> Cites {
    let mut out = Cites { text: String::with_capacity(text.len()), cited: Vec::new() };
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.text.push_str(before);
        if let Some(behind) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            // A brace would read as a parameter: as requests carry it.
            out.text.push_str(if from.starts_with('{') { "%7B" } else { "%7D" });
            rest = behind;
            continue;
        }
        let inside = from.strip_prefix('{').and_then(|from| from.split_once('}'));
        let Some((name, behind)) = inside else {
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        let name = name.trim_start_matches('!').trim();
        out.text.push('{');
        out.text.push_str(name);
        out.text.push('}');
        out.cited.push(name.to_owned());
        rest = behind;
    }
    out.text.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(address: &str, location: &str) -> String {
        let mut server = server_of(address);
        if address.ends_with('/') {
            server.base_path.push('/');
        }
        let location = Location::of(location);
        let server = location.resolve(&server);
        format!("{}{}{}", server.host, server.base_path, location.path)
    }

    #[test]
    fn locations_are_resolved_against_the_address() {
        for (address, location, expected) in [
            ("http://a.example/base/", "t/{town}", "a.example/base/t/{town}"),
            ("http://a.example/base/x", "t/{town}", "a.example/base/t/{town}"),
            ("http://a.example", "t", "a.example/t"),
            ("http://a.example/base/", "/t", "a.example/t"),
            ("http://a.example/base/x", "", "a.example/base/x/"),
            ("http://a.example/base/x", "?q={q}", "a.example/base/x/"),
            ("http://a.example/base/", "https://b.example/t/{x}", "b.example/t/{x}"),
            ("http://a.example/", "a{{b}}c", "a.example/a%7Bb%7Dc"),
        ] {
            assert_eq!(resolved(address, location), expected, "{address} {location}");
        }
    }

    #[test]
    fn what_is_cited_is_a_parameter() {
        let location = Location::of("t/{town}/{!raw}/{town}?day={date}&fixed=1");
        let list: Vec<_> = location
            .parameters
            .iter()
            .map(|p| (p.name.as_str(), p.element.as_str(), p.at))
            .collect();
        use ParameterIn::{Path, Query};
        assert_eq!(
            list,
            [
                ("town", "town", Path),
                ("raw", "raw", Path),
                ("day", "date", Query),
                ("fixed", "", Query)
            ]
        );
        assert_eq!(location.path, "/t/{town}/{raw}/{town}");
        for odd in ["{", "}", "{{", "{a", "a}b", "://", "?", "{}", &"{".repeat(9_000)] {
            assert!(Location::of(odd).path.starts_with('/'), "{odd}");
        }
    }
}
