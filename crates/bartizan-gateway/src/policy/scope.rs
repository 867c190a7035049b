//! Where a policy applies: hosts, paths, methods, compiled once.
//!
//! Servers disagree about which paths are the same, and a policy for `/admin` that `/%61dmin`,
//! `/x/../admin` or `/admin;a=b` slips past is none. So a pattern is compared with every way in which
//! a server may read the request ([`Asked`]). What restricts applies when one of them is in the scope;
//! what grants applies only when all of them are ([`Reach`]).

use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    asked::{Asked, Form},
    work::Work,
};
use crate::snapshot::{host_of, is_named};

/// Most patterns of one kind in a scope.
const PATTERNS: usize = 256;
/// Longest pattern, in bytes.
const PATTERN_BYTES: usize = 1_024;

/// Where a policy applies. What is empty is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScopeConfig {
    /// Host names without port; `*.` stands for exactly one more label.
    pub hosts: Vec<String>,
    /// Paths that begin with a slash. `*` stands for anything within a segment, a segment `**` for
    /// any number of segments: `/v1/orders/*`, `/admin/**` (also `/admin` itself). Case counts unless
    /// `ignore_case` is set; a slash at the end does not. Compared with the path as it came and
    /// decoded, and with the paths that `X-Original-URL` and `X-Rewrite-URL` name: a policy that
    /// restricts applies when one of these readings is in the scope, one that grants (CORS, and whom
    /// `api_key` and `jwt` identify) only when all are. A path of more than 256 segments, or one that
    /// takes more than a million comparisons, is in every enforced scope for what restricts and in none
    /// for what grants; monitored policies count it as not evaluated.
    pub paths: Vec<String>,
    /// Whether letters of paths are compared without case. Set it where the upstream does not tell
    /// `/ADMIN` from `/admin`, as Express, ASP.NET and IIS do not by default: with case, the one slips
    /// past a scope that names the other.
    pub ignore_case: bool,
    /// Methods, in capitals. The methods that `X-HTTP-Method-Override`, `X-HTTP-Method`,
    /// `X-Method-Override` and the query parameter `_method` name count beside that of the request: a
    /// policy that restricts applies when one of them is listed, one that grants only when all are.
    /// A `_method` inside of a body is not looked at.
    pub methods: Vec<String>,
}

/// Whether a request is in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// However it is read, it is not.
    Out,
    /// Some servers would read it so that it is.
    Perhaps,
    /// However it is read, it is.
    Surely,
}

impl Reach {
    /// Whether a policy that restricts applies.
    pub(crate) fn is_possible(self) -> bool {
        self != Self::Out
    }

    /// Whether a policy that grants applies.
    pub(crate) fn is_sure(self) -> bool {
        self == Self::Surely
    }

    /// From what one and what all readings say.
    const fn of(any: bool, all: bool) -> Self {
        match (any, all) {
            (_, true) => Self::Surely,
            (true, false) => Self::Perhaps,
            (false, false) => Self::Out,
        }
    }
}

/// What scopes ask about, so that nothing else is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) paths: bool,
    pub(crate) ignore_case: bool,
    pub(crate) methods: bool,
}

/// A compiled scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    hosts: Vec<String>,
    paths: Vec<Pattern>,
    pub(crate) work: Work,
    ignore_case: bool,
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
        let pattern = |path: &String| match config.ignore_case {
            true => Pattern::compile(&path.to_lowercase()),
            false => Pattern::compile(path),
        };
        let paths: Result<Vec<_>, _> = config.paths.iter().map(pattern).collect();
        let paths = paths.map_err(|problem| ("paths", problem))?;
        let methods = config.methods.iter().map(|name| {
            let is_plain = name.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
            let method = Method::from_bytes(name.as_bytes()).ok().filter(|_| is_plain);
            method.ok_or_else(|| ("methods", format!("{name:?} is no method in capitals")))
        });
        Ok(Self {
            hosts: config.hosts.clone(),
            work: paths.iter().fold(Work::default(), Pattern::add_work),
            paths,
            ignore_case: config.ignore_case,
            methods: methods.collect::<Result<_, _>>()?,
        })
    }

    /// Notes what it asks about.
    pub(crate) fn note(&self, wanted: &mut Wanted) {
        wanted.paths |= !self.paths.is_empty();
        wanted.ignore_case |= !self.paths.is_empty() && self.ignore_case;
        wanted.methods |= !self.methods.is_empty();
    }

    /// Whether a request is in it. `asked` was made for what [`Scope::note`] said.
    pub(crate) fn reach(&self, asked: &Asked) -> Reach {
        let host = || asked.authority().map(host_of).unwrap_or_default();
        if !self.hosts.is_empty() && !self.hosts.iter().any(|name| is_named(name, host())) {
            return Reach::Out;
        }
        let methods = self.of_methods(asked);
        if methods == Reach::Out {
            return Reach::Out;
        }
        match self.of_paths(asked) {
            Reach::Surely => methods,
            paths => paths,
        }
    }

    fn of_methods(&self, asked: &Asked) -> Reach {
        if self.methods.is_empty() {
            return Reach::Surely;
        }
        let Some(mut methods) = asked.methods() else { return Reach::Perhaps };
        let is_listed = |method: &Method| self.methods.contains(method);
        Reach::of(methods.clone().any(is_listed), methods.all(is_listed))
    }

    fn of_paths(&self, asked: &Asked) -> Reach {
        if self.paths.is_empty() {
            return Reach::Surely;
        }
        let Some(forms) = asked.paths(self.ignore_case) else { return Reach::Perhaps };
        let work = forms.iter().map(|form| self.work.with(form.len(), form.bytes())).sum();
        if !asked.take_work(work) {
            return Reach::Perhaps;
        }
        let fits = |form: &Form| self.paths.iter().any(|pattern| pattern.fits(form));
        Reach::of(forms.iter().any(fits), !forms.is_empty() && forms.iter().all(fits))
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

    fn add_work(work: Work, Self(parts): &Self) -> Work {
        let reading = parts.iter().filter(|part| matches!(part, Part::Pieces(_))).count();
        work.and(parts.len(), parts.contains(&Part::Rest), reading)
    }

    /// Greedy with one way back, to the last `**`: at most segments × parts comparisons.
    fn fits(&self, form: &Form) -> bool {
        let (mut part, mut segment) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            match self.0.get(part) {
                Some(Part::Rest) => {
                    back = Some((part + 1, segment));
                    part += 1;
                    continue;
                }
                Some(one) if form.segment(segment).is_some_and(|text| one.fits(text)) => {
                    (part, segment) = (part + 1, segment + 1);
                    continue;
                }
                None if segment == form.len() => return true,
                _ => {}
            }
            match back {
                Some((after, from)) if from < form.len() => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::asked::SEGMENTS;

    fn scope(paths: &[&str]) -> Scope {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Scope::compile(&ScopeConfig { paths, ..ScopeConfig::default() }).expect("compiles")
    }

    fn asked(method: &str, target: &str, fields: &[(&'static str, &'static str)]) -> Asked {
        let mut request = http::Request::builder().method(method).uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request").into_parts().0;
        Asked::new(Wanted { paths: true, ignore_case: true, methods: true }, None, &request)
    }

    fn reach(pattern: &str, path: &str) -> Reach {
        scope(&[pattern]).reach(&asked("GET", path, &[]))
    }

    fn fits(pattern: &str, path: &str) -> bool {
        reach(pattern, path).is_possible()
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
    fn what_grants_asks_for_every_reading() {
        for (path, expected) in [
            ("/public/me", Reach::Surely),
            ("/public/", Reach::Surely),
            ("/public/a%20b;v=1", Reach::Surely),
            ("/public/../public/x", Reach::Surely),
            ("/public/..%2fprivate/me", Reach::Perhaps),
            ("/public/%2e%2e/private", Reach::Perhaps),
            ("/public/..;/private", Reach::Perhaps),
            ("/public/%252e%252e/private", Reach::Perhaps),
            ("/%70ublic/me", Reach::Perhaps),
            ("/private/..%2fpublic", Reach::Perhaps),
            ("/private", Reach::Out),
        ] {
            assert_eq!(reach("/public/**", path), expected, "{path}");
        }
    }

    #[test]
    fn case_is_ignored_where_that_was_asked_for() {
        let with = |ignore_case| {
            let paths = vec!["/Admin/*.json".to_owned()];
            let config = ScopeConfig { paths, ignore_case, ..ScopeConfig::default() };
            let scope = Scope::compile(&config).expect("compiles");
            move |path: &str| scope.reach(&asked("GET", path, &[]))
        };
        let (exact, ignoring) = (with(false), with(true));
        for path in ["/Admin/A.json", "/ADMIN/a.JSON", "/%61dmin/a.json"] {
            assert!(ignoring(path).is_possible(), "{path}");
            assert_eq!(exact(path).is_possible(), path.starts_with("/Admin"), "{path}");
        }
        assert!(!ignoring("/administrator/a.json").is_possible());
    }

    #[test]
    fn methods_that_a_request_names_beside_its_own_count() {
        let config = ScopeConfig { methods: vec!["DELETE".to_owned()], ..ScopeConfig::default() };
        let scope = Scope::compile(&config).expect("compiles");
        for (method, target, fields, expected) in [
            ("DELETE", "/", &[][..], Reach::Surely),
            ("GET", "/?method=DELETE", &[], Reach::Out),
            ("POST", "/", &[("x-http-method-override", "DELETE")], Reach::Perhaps),
            ("POST", "/", &[("x-http-method-override", " delete ")], Reach::Perhaps),
            ("POST", "/", &[("x-http-method-override", "GET, delete")], Reach::Perhaps),
            ("POST", "/", &[("x-http-method", "DELETE")], Reach::Perhaps),
            ("POST", "/", &[("x-method-override", "Delete")], Reach::Perhaps),
            ("POST", "/?a=1&_method=delete", &[], Reach::Perhaps),
            ("POST", "/?%5Fmethod=%44ELETE", &[], Reach::Perhaps),
            ("DELETE", "/", &[("x-http-method-override", "GET")], Reach::Perhaps),
            ("delete", "/", &[], Reach::Perhaps),
            ("PATCH", "/", &[("x-http-method-override", "PUT")], Reach::Out),
            (
                "GET",
                "/",
                &[(
                    "x-method-override",
                    "A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q,R,S,T,U,V,W,X,Y,Z,AA,AB,AC,AD,AE,AF,AG,AH",
                )],
                Reach::Perhaps,
            ),
        ] {
            let got = scope.reach(&asked(method, target, fields));
            assert_eq!(got, expected, "{method} {target} {fields:?}");
        }
    }

    #[test]
    fn paths_that_fields_name_count() {
        let scope = scope(&["/admin/**"]);
        for (name, value) in [
            ("x-original-url", "/admin/x?y=1"),
            ("x-rewrite-url", "/%61dmin"),
            ("x-original-url", "http://a.example/admin"),
        ] {
            let got = scope.reach(&asked("GET", "/public", &[(name, value)]));
            assert_eq!(got, Reach::Perhaps, "{name}: {value}");
        }
        let other = asked("GET", "/public", &[("x-original-url", "/public/2")]);
        assert_eq!(scope.reach(&other), Reach::Out);
    }

    #[test]
    fn paths_of_too_many_segments_are_everywhere_and_nowhere() {
        let longest = "/a".repeat(SEGMENTS);
        assert_eq!(reach("/b", &longest), Reach::Out);
        assert_eq!(reach("/b", &format!("{longest}/a")), Reach::Perhaps);
        assert_eq!(reach("/**", &format!("{longest}/a")), Reach::Perhaps);
        assert_eq!(reach("/b", &format!("/x{}", "%2fa".repeat(SEGMENTS))), Reach::Perhaps);
    }

    #[test]
    fn hosts_and_methods() {
        let config = ScopeConfig {
            hosts: vec!["api.example".to_owned(), "*.shop.example".to_owned()],
            methods: vec!["POST".to_owned()],
            ..ScopeConfig::default()
        };
        let scope = Scope::compile(&config).expect("compiles");
        let holds = |host: Option<&str>, method: Method| {
            let request = http::Request::builder().method(method).body(()).expect("a request");
            let wanted = Wanted { methods: true, ..Wanted::default() };
            scope.reach(&Asked::new(wanted, host, &request.into_parts().0)).is_possible()
        };
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
