//! Which source knows an endpoint, and what those beside traffic and specifications know of it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who can know an endpoint.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// It was called.
    Traffic,
    /// A specification describes it.
    Specification,
    /// Source code declares it.
    Code,
    /// A crawl found it (`discover crawl`).
    Crawl,
    /// A search of hosts and networks found it (`discover perimeter`).
    Perimeter,
}

impl KnownBy {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Traffic, Self::Specification, Self::Code, Self::Crawl, Self::Perimeter];

    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Specification => "specification",
            Self::Code => "code",
            Self::Crawl => "crawl",
            Self::Perimeter => "perimeter",
        }
    }

    /// The value of a word; `None` for an unknown one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text)
    }
}

impl fmt::Display for KnownBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Most things that code, crawls and perimeters know of one endpoint that are told.
pub const MAX_DISCOVERED: usize = 20;

/// What code, a crawl or a perimeter knows of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Discovered {
    /// Who knows it: `code`, `crawl` or `perimeter`.
    pub by: KnownBy,
    /// What was read: the folder or file, as it was named.
    pub input: String,
    /// Method there: in upper case, `ANY` for every one, `?` where it is not known.
    pub method: String,
    /// Path there, parameters as `{name}`.
    pub path: String,
    /// What stands before that path where the API is called, as code does not know where it is mounted: `/api`;
    /// empty for nothing.
    #[serde(default)]
    pub prefix: String,
    /// How it was found to be this endpoint, in words.
    #[serde(default)]
    pub matched: String,
    /// What code says of it; `null` for others.
    #[serde(default)]
    pub code: Option<DeclaredInCode>,
    /// What a server showed of it; `null` for code.
    #[serde(default)]
    pub shown: Option<ShownByServer>,
}

/// What code says of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredInCode {
    /// Framework.
    pub framework: String,
    /// File below the folder that was read.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// What answers, where it has a name.
    pub handler: Option<String>,
    /// The package that it is part of, with its version where that is known.
    pub component: Option<String>,
    /// Whether the code demands credentials. That it does not is no weakness by itself: something before it may.
    pub authorization: Demanded,
    /// What stands before the handler and decides who comes through, outermost first.
    pub guards: Vec<String>,
    /// Who owns the file, by a CODEOWNERS file.
    pub owner: Option<String>,
}

/// Whether a caller without credentials is refused, as far as code tells.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Demanded {
    /// A guard demands credentials.
    Required,
    /// No guard was seen, or one that lets everybody in.
    None,
    /// Something is there that was not understood: neither of both is said.
    #[default]
    Unclear,
}

/// What a server showed of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShownByServer {
    /// Host, with a port that is not the usual one.
    pub host: String,
    /// Status of the answer; `null` when it was not asked.
    pub status: Option<u16>,
    /// Where it is named: `page`, `script`, `specification` and others.
    pub named_in: Vec<String>,
    /// URL of where it was found first.
    pub found_at: String,
}
