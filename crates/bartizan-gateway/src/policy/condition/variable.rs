//! What expressions can ask about.

use super::{
    syntax::{Kind, Literal, Node},
    token::Wrong,
    types::Type,
};

/// Something of a request that an expression asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    Method,
    Path,
    Host,
    Query(String),
    Header(String),
    PathParameter(String),
    Body,
    Address,
    Subject,
    Way,
    Scopes,
    Roles,
    Claim(String),
    Now,
    Hour,
    Weekday,
}

/// Variables that share a name and are told apart by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    Query,
    Headers,
    PathParameters,
    Claims,
}

/// What a part of an expression names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    One(Variable),
    Set(Set),
}

/// Fields that hold secrets.
const SECRETS: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "dpop"];
/// What names of fields have in them that hold secrets.
const SECRET_PARTS: [&str; 5] = ["token", "secret", "password", "api-key", "apikey"];

const ROOTS: [(&str, &str); 4] = [
    ("request", "`method`, `path`, `host`, `query`, `headers`, `path_parameters` and `body`"),
    ("identity", "`subject`, `way`, `scopes`, `roles` and `claims`"),
    ("client", "`address`"),
    ("time", "`now`, `hour` and `weekday`"),
];

impl Variable {
    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Method
            | Self::Path
            | Self::Host
            | Self::Header(_)
            | Self::PathParameter(_)
            | Self::Address
            | Self::Subject
            | Self::Way => Type::Text,
            Self::Query(_) | Self::Scopes | Self::Roles => Type::List(Type::Text.into()),
            Self::Body | Self::Claim(_) => Type::Any,
            Self::Now | Self::Hour | Self::Weekday => Type::Number,
        }
    }

    /// Whether there may be no value of it.
    pub(super) const fn may_be_missing(&self) -> bool {
        matches!(
            self,
            Self::Query(_) | Self::Header(_) | Self::Body | Self::Subject | Self::Claim(_)
        )
    }

    /// Whether it is of who asks.
    pub(super) const fn is_of_identity(&self) -> bool {
        matches!(self, Self::Subject | Self::Way | Self::Scopes | Self::Roles | Self::Claim(_))
    }

    /// Whether it is of the path.
    pub(super) const fn is_of_path(&self) -> bool {
        matches!(self, Self::Path | Self::PathParameter(_))
    }

    /// What is said about a name that is none.
    pub(super) fn unknown(name: &str, at: usize) -> Wrong {
        Wrong::new(
            at,
            match ROOTS.into_iter().find(|(root, _)| *root == name) {
                Some((root, members)) => {
                    format!("`{root}` is asked about by one of its members: {members}")
                }
                None => format!(
                    "there is no `{name}`: there are `request`, `identity`, `client` and `time`"
                ),
            },
        )
    }

    fn of(root: &str, name: &str) -> Option<Reference> {
        let one = |variable| Some(Reference::One(variable));
        match (root, name) {
            ("request", "method") => one(Self::Method),
            ("request", "path") => one(Self::Path),
            ("request", "host") => one(Self::Host),
            ("request", "body") => one(Self::Body),
            ("request", "query") => Some(Reference::Set(Set::Query)),
            ("request", "headers") => Some(Reference::Set(Set::Headers)),
            ("request", "path_parameters") => Some(Reference::Set(Set::PathParameters)),
            ("client", "address") => one(Self::Address),
            ("identity", "subject") => one(Self::Subject),
            ("identity", "way") => one(Self::Way),
            ("identity", "scopes") => one(Self::Scopes),
            ("identity", "roles") => one(Self::Roles),
            ("identity", "claims") => Some(Reference::Set(Set::Claims)),
            ("time", "now") => one(Self::Now),
            ("time", "hour") => one(Self::Hour),
            ("time", "weekday") => one(Self::Weekday),
            _ => None,
        }
    }
}

impl Set {
    /// The variable of that name.
    pub(super) fn member(self, name: &str, at: usize) -> Result<Variable, Wrong> {
        if name.is_empty() {
            return Err(Wrong::new(at, "a name is needed"));
        }
        match self {
            Self::Query => Ok(Variable::Query(name.to_owned())),
            Self::PathParameters => Ok(Variable::PathParameter(name.to_owned())),
            Self::Claims => Ok(Variable::Claim(name.to_owned())),
            Self::Headers => {
                let is_name =
                    |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
                if !name.bytes().all(is_name) {
                    let problem = "names of header fields are in lower case: `\"x-tenant\"`";
                    return Err(Wrong::new(at, problem));
                }
                let is_secret =
                    SECRETS.contains(&name) || SECRET_PARTS.iter().any(|part| name.contains(part));
                if is_secret {
                    let problem = "this field holds a secret, which conditions do not see: ask \
                                   about `identity`";
                    return Err(Wrong::new(at, problem));
                }
                Ok(Variable::Header(name.to_owned()))
            }
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Query => "request.query",
            Self::Headers => "request.headers",
            Self::PathParameters => "request.path_parameters",
            Self::Claims => "identity.claims",
        }
    }
}

impl Reference {
    /// What a part names, if it names something of a request: `request.path`, `request.query.page`,
    /// `request.headers["x-tenant"]`.
    pub(super) fn of(node: &Node, is_local: &dyn Fn(&str) -> bool) -> Result<Option<Self>, Wrong> {
        let (of, name) = match &node.kind {
            Kind::Member(of, name) => (of, Some(name)),
            Kind::Index(of, index) => match &index.kind {
                Kind::Literal(Literal::Text(name)) => (of, Some(name)),
                _ => (of, None),
            },
            _ => return Ok(None),
        };
        if let Kind::Name(root) = &of.kind {
            if is_local(root) || !ROOTS.iter().any(|(known, _)| known == root) {
                return Ok(None);
            }
            let found = name.and_then(|name| Variable::of(root, name));
            return found.map(Some).ok_or_else(|| match name {
                Some(name) => {
                    let problem = Variable::unknown(root, node.at).what;
                    Wrong::new(node.at, format!("there is no `{root}.{name}`; {problem}"))
                }
                None => Variable::unknown(root, node.at),
            });
        }
        match (Self::of(of, is_local)?, name) {
            (Some(Self::Set(set)), Some(name)) => {
                set.member(name, node.at).map(Self::One).map(Some)
            }
            (Some(Self::Set(set)), None) => {
                let problem = format!("a name that is written down is needed for `{}`", set.name());
                Err(Wrong::new(node.at, problem))
            }
            _ => Ok(None),
        }
    }

    /// The variable, when it is one.
    pub(super) fn one(self, at: usize) -> Result<Variable, Wrong> {
        match self {
            Self::One(variable) => Ok(variable),
            Self::Set(set) => {
                let name = set.name();
                let problem = format!(
                    "one of these is meant, by its name: `{name}.page`, `{name}[\"page\"]` or \
                     `\"page\" in {name}`"
                );
                Err(Wrong::new(at, problem))
            }
        }
    }
}

/// Notes all claims that an expression names.
pub(super) fn claims_in(node: &Node, names: &mut Vec<String>) {
    if let Ok(Some(Reference::One(Variable::Claim(name)))) = Reference::of(node, &|_| false) {
        names.push(name);
    }
    let mut all: Vec<&Node> = Vec::new();
    match &node.kind {
        Kind::Literal(_) | Kind::Name(_) => {}
        Kind::Member(of, _) | Kind::Not(of) | Kind::Negate(of) => all.push(of),
        Kind::Index(one, other) | Kind::Binary(_, one, other) => all.extend([&**one, &**other]),
        Kind::Choice(one, two, three) => all.extend([&**one, &**two, &**three]),
        Kind::Call(_, target, arguments) => {
            all.extend(target.as_deref());
            all.extend(arguments);
        }
        Kind::List(parts) | Kind::All(parts) | Kind::Any(parts) => all.extend(parts),
    }
    // `"tenant" in identity.claims`.
    if let [one, set] = all[..]
        && let Kind::Literal(Literal::Text(name)) = &one.kind
        && let Ok(Some(Reference::Set(Set::Claims))) = Reference::of(set, &|_| false)
    {
        names.push(name.clone());
    }
    for below in all {
        claims_in(below, names);
    }
}
