//! What is asked, and what may be.

/// As what something is asked for; the first is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `robots.txt`.
    Robots,
    /// A path that does not exist.
    Probe,
    /// A path below `/.well-known/`.
    WellKnown,
    /// A specification.
    Specification,
    /// Documentation, GraphQL, management.
    Documentation,
    /// What was named.
    Root,
    /// The schema of GraphQL, by its introspection.
    Introspection,
    /// A sitemap.
    Sitemap,
    /// A script.
    Script,
    /// A source map.
    SourceMap,
    /// A page or any other link.
    Page,
}

/// Something to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Path and query. The host is that of the crawl, always.
    pub target: String,
    /// As what.
    pub role: Role,
    /// Whether nothing named it: it is of a list.
    pub is_guess: bool,
    /// Target of the answer that named it; empty for none.
    pub found_at: String,
    /// Redirects on the way.
    pub redirects: u8,
}

impl Ask {
    /// The beginning: a path and query that was named.
    #[must_use]
    pub fn root(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            role: Role::Root,
            is_guess: false,
            found_at: String::new(),
            redirects: 0,
        }
    }

    /// The method: GET, except for the introspection of GraphQL.
    #[must_use]
    pub fn method(&self) -> &'static str {
        if self.role == Role::Introspection { "POST" } else { "GET" }
    }
}

/// How far a plan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All lists, and whatever pages of the same origin link to.
    Site,
    /// A few paths of the lists, and the specifications that they name. The root is asked for by the caller.
    Documents,
}

/// What a crawl may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How far it goes.
    pub reach: Reach,
    /// Most requests.
    pub max_requests: u64,
    /// Whether GraphQL is asked for its schema.
    pub graphql: bool,
    /// Whether `robots.txt` is only information.
    pub ignore_robots: bool,
    /// A name that no path of the server has.
    pub probe: String,
}
