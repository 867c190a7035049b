//! Where a policy applies: hosts, paths, methods, compiled once.
//!
//! Servers disagree about which paths are the same, and a policy for `/admin` that `/%61dmin`,
//! `/x/../admin` or `/admin;a=b` slips past is none. So a pattern is compared with the path as it
//! came *and* as the most generous server would read it ([`PathForms`]); one match is enough.

use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::snapshot::{host_of, is_named};

/// Most patterns of one kind in a scope.
const PATTERNS: usize = 256;
/// Longest pattern, in bytes.
const PATTERN_BYTES: usize = 1_024;
/// Most rounds of percent-decoding.
const ROUNDS: usize = 3;

/// Where a policy applies. What is empty is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScopeConfig {
    /// Host names without port; `*.` stands for exactly one more label.
    pub hosts: Vec<String>,
    /// Paths that begin with a slash. `*` stands for anything within a segment, a segment `**` for
    /// any number of segments: `/v1/orders/*`, `/admin/**` (also `/admin` itself). Case counts; a
    /// slash at the end does not. Compared with the path as it came and decoded.
    pub paths: Vec<String>,
    /// Methods, in capitals.
    pub methods: Vec<String>,
}

/// A compiled scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    hosts: Vec<String>,
    paths: Vec<Pattern>,
    methods: Vec<Method>,
}

impl Scope {
    /// Compiles a scope.
    ///
    /// # Errors
    /// The key within the scope and what is wrong with it.
    pub(crate) fn compile(config: &ScopeConfig) -> Result<Self, (&'static str, String)> {
        for (key, list) in
            [("hosts", &config.hosts), ("paths", &config.paths), ("methods", &config.methods)]
        {
            if list.len() > PATTERNS {
                return Err((key, format!("more than {PATTERNS} entries")));
            }
            if let Some(long) = list.iter().find(|text| text.len() > PATTERN_BYTES) {
                return Err((key, format!("an entry of {} bytes is too long", long.len())));
            }
        }
        for host in &config.hosts {
            let name = host.strip_prefix("*.").unwrap_or(host);
            let is_name =
                |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
            if name.is_empty() || !name.bytes().all(is_name) || host_of(name) != name {
                return Err(("hosts", format!("{host:?} is no host name without port")));
            }
        }
        let paths: Result<_, _> = config.paths.iter().map(|path| Pattern::compile(path)).collect();
        let methods = config.methods.iter().map(|name| {
            let is_plain = name.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
            let method = Method::from_bytes(name.as_bytes()).ok().filter(|_| is_plain);
            method.ok_or_else(|| ("methods", format!("{name:?} is no method in capitals")))
        });
        Ok(Self {
            hosts: config.hosts.clone(),
            paths: paths.map_err(|problem| ("paths", problem))?,
            methods: methods.collect::<Result<_, _>>()?,
        })
    }

    /// Whether a request is in it.
    pub(crate) fn holds(&self, authority: Option<&str>, method: &Method, path: &PathForms) -> bool {
        let host = || authority.map(host_of).unwrap_or_default();
        (self.methods.is_empty() || self.methods.contains(method))
            && (self.paths.is_empty() || self.paths.iter().any(|pattern| path.fits(pattern)))
            && (self.hosts.is_empty() || self.hosts.iter().any(|name| is_named(name, host())))
    }
}

/// A pattern of a path.
#[derive(Clone, Debug)]
struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Exactly this.
    Literal(String),
    /// Pieces with anything between them.
    Pieces(Vec<String>),
    /// Any number of segments.
    Rest,
}

impl Pattern {
    fn compile(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("{text:?} does not begin with a slash"));
        };
        if text.bytes().any(|b| b <= b' ' || b == 0x7f || matches!(b, b'?' | b'#' | b'\\')) {
            return Err(format!("{text:?} holds what is not of a path"));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let mut parts = Vec::new();
        for segment in rest.split('/') {
            parts.push(match segment {
                "**" => Part::Rest,
                "" | "." | ".." => return Err(format!("{text:?} has a segment {segment:?}")),
                segment if segment.contains("**") => {
                    return Err(format!("{text:?}: `**` must be a segment of its own"));
                }
                segment if segment.contains('*') => {
                    Part::Pieces(segment.split('*').map(str::to_owned).collect())
                }
                segment => Part::Literal(segment.to_owned()),
            });
        }
        Ok(Self(parts))
    }

    /// Greedy with one way back, to the last `**`: at most segments × parts comparisons.
    fn fits(&self, segments: &[&str]) -> bool {
        let (mut part, mut segment) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            match self.0.get(part) {
                Some(Part::Rest) => {
                    back = Some((part + 1, segment));
                    part += 1;
                    continue;
                }
                Some(one) if segments.get(segment).is_some_and(|text| one.fits(text)) => {
                    (part, segment) = (part + 1, segment + 1);
                    continue;
                }
                None if segment == segments.len() => return true,
                _ => {}
            }
            match back {
                Some((after, from)) if from < segments.len() => {
                    back = Some((after, from + 1));
                    (part, segment) = (after, from + 1);
                }
                _ => return false,
            }
        }
    }
}

impl Part {
    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == text,
            Self::Rest => true,
            Self::Pieces(pieces) => pieces_fit(pieces, text),
        }
    }
}

/// The first piece is at the start, the last at the end, the others in order between them.
fn pieces_fit(pieces: &[String], text: &str) -> bool {
    let [first, between @ .., last] = pieces else { return false };
    let Some(rest) = text.strip_prefix(first.as_str()) else { return false };
    let Some(mut rest) = rest.strip_suffix(last.as_str()) else { return false };
    for piece in between {
        match rest.find(piece.as_str()) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

/// A path as it came and, where that differs, as a generous server reads it: percent-decoded up to
/// three times, backslashes as slashes, path parameters (`;a=b`) cut off, empty and dot segments
/// resolved.
#[derive(Clone, Debug)]
pub(crate) struct PathForms {
    raw: String,
    read: Vec<String>,
}

impl PathForms {
    pub(crate) fn new(path: &str) -> Self {
        let mut forms = Self { raw: path.to_owned(), read: Vec::new() };
        if is_plain(path) {
            return forms;
        }
        let mut text = path.to_owned();
        for _ in 0..=ROUNDS {
            for cuts in [false, true] {
                let form = resolve(&text, cuts);
                if form != forms.raw && !forms.read.contains(&form) {
                    forms.read.push(form);
                }
            }
            match decode(&text) {
                Some(decoded) => text = decoded,
                None => break,
            }
        }
        forms
    }

    fn fits(&self, pattern: &Pattern) -> bool {
        std::iter::once(&self.raw).chain(&self.read).any(|form| {
            let rest = form.strip_prefix('/').unwrap_or(form);
            let rest = rest.strip_suffix('/').unwrap_or(rest);
            if rest.is_empty() {
                return pattern.fits(&[]);
            }
            pattern.fits(&rest.split('/').collect::<Vec<_>>())
        })
    }
}

/// Whether every server reads the path the same way.
fn is_plain(path: &str) -> bool {
    let is_odd = |b: u8| matches!(b, b'%' | b';' | b'\\');
    !path.bytes().any(is_odd) && !path.contains("//") && !path.contains("/.")
}

fn resolve(path: &str, cuts: bool) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split(['/', '\\']) {
        let segment = if cuts { segment.split(';').next().unwrap_or(segment) } else { segment };
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

/// One round of percent-decoding; `None` when nothing was encoded. Bytes outside UTF-8 are replaced:
/// no pattern holds them.
fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut has_decoded) = (0, false);
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                (at, has_decoded) = (at + 3, true);
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    has_decoded.then(|| String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(paths: &[&str]) -> Scope {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Scope::compile(&ScopeConfig { paths, ..ScopeConfig::default() }).expect("compiles")
    }

    fn fits(pattern: &str, path: &str) -> bool {
        scope(&[pattern]).holds(None, &Method::GET, &PathForms::new(path))
    }

    #[test]
    fn globs() {
        for (pattern, yes, no) in [
            ("/", &["/"][..], &["/a", "/a/b"][..]),
            ("/a", &["/a", "/a/"], &["/", "/ab", "/a/b", "/A"]),
            ("/a/*", &["/a/b", "/a/b/"], &["/a", "/a/b/c"]),
            ("/a/**", &["/a", "/a/", "/a/b", "/a/b/c/d"], &["/", "/ab", "/b/a"]),
            ("/**", &["/", "/a", "/a/b"], &[]),
            ("/**/b", &["/b", "/a/b", "/a/a/b", "/b/b"], &["/a", "/b/a"]),
            ("/a/**/b/*", &["/a/b/c", "/a/x/b/c", "/a/b/b/b"], &["/a/b", "/a/x/b", "/x/b/c"]),
            ("/a/**/b/**/c", &["/a/b/c", "/a/x/b/x/y/c"], &["/a/c", "/a/c/b"]),
            ("/v*/x", &["/v/x", "/v1/x"], &["/1/x", "/v1/y"]),
            ("/*.json", &["/a.json", "/.json"], &["/a.jsonx", "/a/b.json"]),
            ("/a*b*c", &["/abc", "/axbxc", "/abbc"], &["/ac", "/ab", "/bc"]),
            ("/ab*ba", &["/abba", "/abxba"], &["/aba", "/ab"]),
        ] {
            for path in yes {
                assert!(fits(pattern, path), "{pattern} {path}");
            }
            for path in no {
                assert!(!fits(pattern, path), "{pattern} {path}");
            }
        }
    }

    #[test]
    fn no_spelling_slips_past() {
        for path in [
            "/admin/x",
            "/%61dmin/x",
            "/%2561dmin/x",
            "/%252561dmin/x",
            "/a/../admin/x",
            "/./admin/x",
            "/admin//x",
            "/x//../admin/x",
            "/admin;a=b/x",
            "/admin%3Ba/x",
            "/admin%2Fx",
            "/x/%2e%2e/admin/x",
            "/x/..;/admin/x",
            "/admin%5Cx",
            "/%2e/admin/x",
            "/../admin/x",
            "/admin/",
            "/admin%2f",
        ] {
            assert!(fits("/admin/**", path), "{path}");
        }
        for path in ["/administrator", "/x/admin", "/", "/admin%zz", "/%", "/x%2"] {
            assert!(!fits("/admin/**", path), "{path}");
        }
    }

    #[test]
    fn hosts_and_methods() {
        let config = ScopeConfig {
            hosts: vec!["api.example".to_owned(), "*.shop.example".to_owned()],
            methods: vec!["POST".to_owned()],
            ..ScopeConfig::default()
        };
        let scope = Scope::compile(&config).expect("compiles");
        let path = PathForms::new("/");
        let holds = |host, method| scope.holds(host, &method, &path);
        assert!(holds(Some("API.example:8080"), Method::POST));
        assert!(holds(Some("a.shop.example."), Method::POST));
        assert!(!holds(Some("shop.example"), Method::POST));
        assert!(!holds(Some("api.example"), Method::GET));
        assert!(!holds(None, Method::POST));
    }

    #[test]
    fn what_cannot_match_is_refused() {
        for path in ["", "a", "/a//b", "/a/..", "/a/**b", "/a?b", "/a b", "/a\\b", "/./a"] {
            let paths = vec![path.to_owned()];
            let error = Scope::compile(&ScopeConfig { paths, ..ScopeConfig::default() });
            assert_eq!(error.err().map(|(key, _)| key), Some("paths"), "{path}");
        }
        for host in ["", "*.", "a.example:80", "a b", "https://a", "a*b"] {
            let hosts = vec![host.to_owned()];
            let error = Scope::compile(&ScopeConfig { hosts, ..ScopeConfig::default() });
            assert_eq!(error.err().map(|(key, _)| key), Some("hosts"), "{host}");
        }
        for method in ["", "get", "G T", "*"] {
            let methods = vec![method.to_owned()];
            let error = Scope::compile(&ScopeConfig { methods, ..ScopeConfig::default() });
            assert_eq!(error.err().map(|(key, _)| key), Some("methods"), "{method}");
        }
    }
}
