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
    exception::Exception,
    set_aside::Aside,
    work::Work,
};
use crate::snapshot::{host_of, is_host_pattern, is_named};

/// Most patterns of one kind in a scope.
const PATTERNS: usize = 256;
/// Longest pattern, in bytes.
const PATTERN_BYTES: usize = 1_024;

/// Where a policy applies. What is empty is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScopeConfig {
    /// Names of services (`gateway.services.name`), each of which must be there: what goes to one of them, whatever
    /// host and path the request names. Compared with the service that was chosen for the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Host names without port; `*.` stands for exactly one more label. It is the client that writes
    /// the host: where a service takes any (`gateway.services.hosts`), another name leads to the same
    /// upstream, out of this scope; `services` is not got around so.
    pub hosts: Vec<String>,
    /// Paths that begin with a slash. `*` stands for anything within a segment, a segment `**` for
    /// any number of segments: `/v1/orders/*`, `/admin/**` (also `/admin` itself). Case counts unless
    /// `ignore_case` is set; a slash at the end does not. Compared with the path as it came and
    /// decoded, and with the paths that `X-Original-URL` and `X-Rewrite-URL` name, also when they are
    /// written with other marks (`X_Original_URL`): a policy that
    /// restricts applies when one of these readings is in the scope, one that grants (CORS, and whom
    /// `api_key` and `jwt` identify) only when all are. A path of more than 256 segments, one whose
    /// readings have more than 128 KiB together, or one that takes more than a million comparisons, is
    /// in every enforced scope for what restricts and in none for what grants; monitored policies count
    /// it as not evaluated.
    pub paths: Vec<String>,
    /// Whether letters of paths are compared without case. Set it where the upstream does not tell
    /// `/ADMIN` from `/admin`, as Express, ASP.NET and IIS do not by default: with case, the one slips
    /// past a scope that names the other.
    pub ignore_case: bool,
    /// Methods, in capitals. The methods that `X-HTTP-Method-Override`, `X-HTTP-Method`,
    /// `X-Method-Override`, with whatever marks, and the query parameter `_method` name count beside that of the request: a
    /// policy that restricts applies when one of them is listed, one that grants only when all are.
    /// A `_method` inside of a body is not looked at.
    pub methods: Vec<String>,
}

/// Whether a request is in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
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
    pub(crate) services: bool,
    /// How many scopes have a number.
    pub(crate) scopes: usize,
}

/// A compiled scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    services: Vec<String>,
    hosts: Vec<String>,
    paths: Vec<Pattern>,
    work: Work,
    ignore_case: bool,
    methods: Vec<Method>,
    /// What is in one of these is not in it.
    pub(crate) except: Vec<Self>,
    /// The same until a time, as somebody has written down.
    pub(crate) exceptions: Vec<Exception>,
    /// Refusals that are set aside.
    pub(crate) set_aside: Vec<Aside>,
    /// The kind of the policy whose scope it is.
    pub(crate) kind: &'static str,
    /// Its number among those of all policies, under which it is remembered whether a request is in it.
    pub(crate) number: Option<usize>,
}

impl Scope {
    /// Compiles a scope.
    ///
    /// # Errors
    /// The key within the scope and what is wrong with it.
    pub(crate) fn compile(config: &ScopeConfig) -> Result<Self, (&'static str, String)> {
        for (key, list) in [
            ("services", &config.services),
            ("hosts", &config.hosts),
            ("paths", &config.paths),
            ("methods", &config.methods),
        ] {
            if list.len() > PATTERNS {
                return Err((key, format!("more than {PATTERNS} entries")));
            }
            if let Some(long) = list.iter().find(|text| text.len() > PATTERN_BYTES) {
                return Err((key, format!("an entry of {} bytes is too long", long.len())));
            }
        }
        for host in &config.hosts {
            if !is_host_pattern(host) {
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
            services: config.services.clone(),
            hosts: config.hosts.clone(),
            work: paths.iter().fold(Work::default(), Pattern::add_work),
            paths,
            ignore_case: config.ignore_case,
            methods: methods.collect::<Result<_, _>>()?,
            except: Vec::new(),
            exceptions: Vec::new(),
            set_aside: Vec::new(),
            kind: "",
            number: None,
        })
    }

    /// What comparing an ordinary path takes.
    pub(crate) fn usual_work(&self) -> usize {
        let exceptions = self.exceptions.iter().map(|exception| &exception.scope);
        let others = self.except.iter().chain(exceptions);
        self.work.usual() + others.map(Self::usual_work).sum::<usize>()
    }

    /// Notes what it asks about.
    pub(crate) fn note(&self, wanted: &mut Wanted) {
        wanted.paths |= !self.paths.is_empty();
        wanted.ignore_case |= !self.paths.is_empty() && self.ignore_case;
        wanted.methods |= !self.methods.is_empty();
        wanted.services |= !self.services.is_empty();
        self.except.iter().for_each(|scope| scope.note(wanted));
        self.exceptions.iter().for_each(|exception| exception.scope.note(wanted));
        self.set_aside.iter().for_each(|aside| aside.scope.note(wanted));
    }

    /// Whether a request is in it. `asked` was made for what [`Scope::note`] said.
    pub(crate) fn reach(&self, asked: &Asked) -> Reach {
        if asked.bypasses(self.kind) {
            return Reach::Out;
        }
        let exceptions = self.exceptions.iter().filter(|one| one.is_in_force(asked.now()));
        let exceptions = exceptions.map(|one| &one.scope);
        match self.except.iter().chain(exceptions).map(|scope| scope.reach(asked)).max() {
            Some(Reach::Surely) => Reach::Out,
            Some(Reach::Perhaps) => self.listed(asked).min(Reach::Perhaps),
            Some(Reach::Out) | None => self.listed(asked),
        }
    }

    /// Whether a request would be in it, but for an exception.
    pub(crate) fn is_excepted(&self, asked: &Asked) -> bool {
        let mut exceptions = self.exceptions.iter().filter(|one| one.is_in_force(asked.now()));
        exceptions.any(|one| one.scope.reach(asked).is_sure()) && self.listed(asked).is_possible()
    }

    /// Number of the first path pattern that holds a request in one of its readings.
    pub(crate) fn pattern(&self, asked: &Asked) -> Option<usize> {
        let forms = asked.paths(self.ignore_case)?;
        let work = forms.iter().map(|form| self.work.with(form.len(), form.bytes())).sum();
        if !asked.take_work(work) {
            return None;
        }
        self.paths.iter().position(|pattern| forms.iter().any(|form| pattern.fits(form)))
    }

    /// Whether letters of paths are compared without case.
    pub(crate) const fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    /// Whether a request is in what it lists.
    fn listed(&self, asked: &Asked) -> Reach {
        match self.of_services(asked) {
            Reach::Out => Reach::Out,
            services => services.min(self.of_head(asked)),
        }
    }

    /// Whether the service is listed that was chosen; where none was yet, it may be any.
    fn of_services(&self, asked: &Asked) -> Reach {
        match asked.service() {
            _ if self.services.is_empty() => Reach::Surely,
            None => Reach::Perhaps,
            Some(chosen) if self.services.iter().any(|name| name == chosen) => Reach::Surely,
            Some(_) => Reach::Out,
        }
    }

    /// Whether host, method and path are listed.
    fn of_head(&self, asked: &Asked) -> Reach {
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
mod tests;
