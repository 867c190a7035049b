//! Arguments of `catalog`, and of which host a document that is learned is.

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
