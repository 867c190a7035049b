//! Specifications of every format: read once into one located tree, and from that into one model
//! of operations.
//!
//! Lenient: what cannot be read is a [`Problem`] with its pointer, line and column, and the rest is
//! kept. Nothing here does IO: bytes come in, and further files of a specification are asked for
//! through [`Files`].

use std::{fmt, sync::Arc};

mod asyncapi;
mod budget;
mod detect;
mod files;
mod graphql;
mod openapi;
pub mod operation;
mod problem;
mod proto;
mod server;
pub mod tree;
mod wsdl;
mod wsdl2;

#[cfg(test)]
mod tests;

use self::{
    budget::{Limits, Work},
    files::Forest,
    operation::Operations,
    problem::Problems,
    tree::Node,
};
pub use self::{
    budget::{MAX_MODEL_BYTES, MAX_WORK},
    detect::format_of_head,
    files::{Files, MAX_FILES, MAX_REFERENCES, NoFiles, OUTSIDE},
    graphql::{GraphqlSchema, SchemaArgument, SchemaField},
    operation::{
        MAX_OPERATIONS, MAX_SERVERS, OperationKind, ParameterIn, Place, Requirement, SpecBody,
        SpecOperation, SpecParameter, SpecResponse, SpecScheme, SpecServer,
    },
    problem::{MAX_PROBLEMS, Problem, ProblemSeverity},
    proto::{ProtoField, ProtoMessages},
    wsdl::{XmlElements, XmlKind, XmlMembers, XmlSimple},
};

/// Largest file of a specification, and most of all its files together, in bytes.
pub const MAX_SPEC_BYTES: usize = 32 * 1024 * 1024;

/// A limit of reading specifications. What is behind it is left out, and a problem says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecLimit {
    /// [`MAX_SPEC_BYTES`].
    Bytes,
    /// [`tree::MAX_NODES`].
    Nodes,
    /// [`tree::MAX_EXPANDED_NODES`].
    ExpandedNodes,
    /// [`tree::MAX_EXPANDED_BYTES`].
    ExpandedBytes,
    /// [`tree::MAX_TEXT_BYTES`].
    TextBytes,
    /// [`tree::MAX_DEPTH`].
    Depth,
    /// Anchors of one YAML file: 20,000.
    Anchors,
    /// A name of a member in YAML: 16 KiB.
    NameBytes,
    /// [`MAX_OPERATIONS`].
    Operations,
    /// [`operation::MAX_ITEMS`].
    Items,
    /// [`MAX_MODEL_BYTES`].
    ModelBytes,
    /// [`MAX_WORK`].
    Work,
    /// [`MAX_FILES`].
    Files,
}

impl SpecLimit {
    /// What was reached and what becomes of the rest.
    #[must_use]
    pub fn message(self) -> String {
        let (most, what) = match self {
            Self::Bytes => (MAX_SPEC_BYTES, "bytes"),
            Self::Nodes => (tree::MAX_NODES, "values"),
            Self::ExpandedNodes => (tree::MAX_EXPANDED_NODES, "values by aliases"),
            Self::ExpandedBytes => (tree::MAX_EXPANDED_BYTES, "bytes by aliases"),
            Self::TextBytes => (tree::MAX_TEXT_BYTES, "bytes of names and values"),
            Self::Depth => (tree::MAX_DEPTH, "levels"),
            Self::Anchors => (20_000, "anchors"),
            Self::NameBytes => (16 * 1024, "bytes of a name"),
            Self::Operations => (MAX_OPERATIONS, "operations"),
            Self::Items => (operation::MAX_ITEMS, "parameters, bodies and responses"),
            Self::ModelBytes => (MAX_MODEL_BYTES, "bytes of operations"),
            Self::Work => (MAX_WORK, "steps of reading"),
            Self::Files => (MAX_FILES, "files"),
        };
        format!("more than {most} {what}; nothing behind this is read")
    }
}

/// A format of specifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecFormat {
    /// OpenAPI 2.0 to 3.2.
    #[default]
    OpenApi,
    /// AsyncAPI 2 and 3.
    AsyncApi,
    /// GraphQL: SDL, or the answer to an introspection query.
    Graphql,
    /// A `.proto` file, or a set of descriptors that was made of some.
    Protobuf,
    /// WSDL 1.1 and 2.0.
    Wsdl,
}

impl SpecFormat {
    /// As people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenApi => "OpenAPI",
            Self::AsyncApi => "AsyncAPI",
            Self::Graphql => "GraphQL",
            Self::Protobuf => "Protocol Buffers",
            Self::Wsdl => "WSDL",
        }
    }
}

impl fmt::Display for SpecFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A specification, read.
#[derive(Clone, Debug, Default)]
pub struct SpecDocument {
    /// What it is.
    pub format: SpecFormat,
    /// Version of the format, as written; empty when it has none.
    pub version: String,
    /// Title of the API.
    pub title: String,
    /// Version of the API.
    pub api_version: String,
    /// Where it is served; at least one.
    pub servers: Vec<SpecServer>,
    /// Operations in order of the document.
    pub operations: Vec<Arc<SpecOperation>>,
    /// Schemes of authentication that it declares.
    pub schemes: Vec<SpecScheme>,
    /// What could not be read, at most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// Problems beyond those listed.
    pub more_problems: u64,
    forest: Forest,
}

impl SpecDocument {
    /// The node that an operation, schema or extension stands at.
    #[must_use]
    pub fn node(&self, place: Place) -> Node<'_> {
        self.forest.node(place)
    }

    /// The file that a place is in, as references name it; empty for the one that was given.
    #[must_use]
    pub fn file(&self, place: Place) -> &str {
        self.forest.file(place)
    }

    /// Where a `$ref` at this place leads in the end, or the place itself when it has none or
    /// leads nowhere. Follows at most [`MAX_REFERENCES`].
    #[must_use]
    pub fn follow(&self, place: Place) -> Place {
        self.forest.follow(place, &Work::new(MAX_WORK)).unwrap_or(place)
    }

    /// Where the `$ref` at this place leads, in one step; `None` when it has none or it leads nowhere.
    #[must_use]
    pub fn target(&self, place: Place) -> Option<Place> {
        let reference = self.node(place).get("$ref").and_then(Node::as_str)?;
        let is_short = reference.len() <= files::MAX_REFERENCE;
        is_short.then(|| self.forest.resolve(place.file, reference, &Work::new(MAX_WORK)))?
    }

    /// The root of the file that was given.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        self.forest.root()
    }

    /// Files that were read, with the one that was given.
    #[must_use]
    pub fn files(&self) -> usize {
        self.forest.len()
    }
}

/// Reads a specification. Its format is told by its content.
///
/// # Errors
/// When it is too large, or none of the formats.
pub fn read(bytes: &[u8], files: &mut dyn Files) -> Result<SpecDocument, Problem> {
    read_within(bytes, files, Limits::default())
}

fn read_within(
    bytes: &[u8],
    files: &mut dyn Files,
    limits: Limits,
) -> Result<SpecDocument, Problem> {
    if bytes.len() > MAX_SPEC_BYTES {
        return Err(whole(SpecLimit::Bytes.message()));
    }
    let mut problems = Problems::default();
    let (forest, format) = detect::read(bytes, files, limits, &mut problems)?;
    let mut out = Operations::new(problems, limits);
    let mut document = SpecDocument { format, ..SpecDocument::default() };
    match format {
        SpecFormat::OpenApi => openapi::read(&forest, &mut document, &mut out),
        SpecFormat::AsyncApi => asyncapi::read(&forest, &mut document, &mut out),
        SpecFormat::Graphql => graphql::read(&forest, &mut document, &mut out),
        SpecFormat::Protobuf => proto::read(&forest, &mut document, &mut out),
        SpecFormat::Wsdl => wsdl::read(&forest, &mut document, &mut out),
    }
    if document.servers.is_empty() {
        document.servers.push(SpecServer::default());
    }
    let (operations, problems) = out.finish();
    document.operations = operations;
    (document.problems, document.more_problems) = problems.into_parts();
    document.forest = forest;
    Ok(document)
}

fn whole(what: impl Into<String>) -> Problem {
    Problem {
        file: String::new(),
        pointer: String::new(),
        line: 0,
        column: 0,
        severity: ProblemSeverity::Error,
        what: what.into(),
    }
}
