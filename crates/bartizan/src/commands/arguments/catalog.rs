//! Arguments of `catalog`, and of which host a document that is learned is.

use bartizan_model::DriftGrade;
use clap::{Args, ValueEnum};

use super::Listing;

/// Arguments of `catalog`.
#[derive(Debug, Args)]
pub struct Catalog {
    /// What to list
    #[command(flatten)]
    pub listing: Listing,
    /// Format
    #[arg(long, value_enum, default_value_t = CatalogFormat::Text)]
    pub format: CatalogFormat,
    /// What a document is of
    #[command(flatten)]
    pub about: About,
    /// Only endpoints that differ from what is written of them, by this grade or a graver one
    #[arg(long, value_enum, value_name = "GRADE")]
    pub drift: Option<Grade>,
}

/// How much a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Grade {
    /// It breaks a caller that does as is written, or a promise about access.
    Breaking,
    /// There is more than is written, or less is asked for.
    Warning,
    /// Nobody used what is written, or somebody still uses what is deprecated.
    Info,
}

impl From<Grade> for DriftGrade {
    fn from(grade: Grade) -> Self {
        match grade {
            Grade::Breaking => Self::Breaking,
            Grade::Warning => Self::Warning,
            Grade::Info => Self::Info,
        }
    }
}

/// Format of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CatalogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// What was learned of one host, as OpenAPI 3.1.
    Openapi,
    /// What was learned of the GraphQL of one host, as a schema.
    Graphql,
    /// What was learned of the gRPC of one package, as a sketch of a .proto file.
    Proto,
}

/// Of what a document is that is learned.
#[derive(Debug, Args)]
pub struct About {
    /// Host of which the document is (openapi, graphql, proto), when several were seen
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Package of which the document is (proto), when several were seen; empty for that without a name
    #[arg(long, value_name = "NAME")]
    pub package: Option<String>,
}
