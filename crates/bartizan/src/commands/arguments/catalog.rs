//! Arguments of `catalog`, and of which host a document that is learned is.

use bartizan_model::{ChangeGrade, ChangeKind, ClientForm, ClientKind, DriftGrade, KnownBy};
use clap::{
    Args, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};

use super::{EXIT_CODES, ExplainFormat, Kept, KeptList, Listing};

/// Arguments of `catalog`.
#[derive(Debug, Args)]
pub struct Catalog {
    /// Something else than endpoints
    #[command(subcommand)]
    pub command: Option<CatalogCommand>,
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
    /// Only endpoints that this source knows; may be repeated
    #[arg(long, value_name = "SOURCE", value_parser = words(KnownBy::ALL.iter().map(|one| one.as_str()), KnownBy::parse))]
    pub known_by: Vec<KnownBy>,
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

/// The `catalog` commands.
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// Show what became different since the baseline, latest first
    ///
    /// New endpoints, parameters and data classes, other ways of authentication, and endpoints that became
    /// shadow or zombie: of confirmed endpoints only, and only what more than one caller showed. The first
    /// results are the baseline; of `serve`, those of the first hours (`store.baseline_hours`). Kept are the
    /// latest 10,000, for 400 days.
    #[command(after_help = EXIT_CODES)]
    Changes(CatalogChanges),
    /// Show which applications, add-ons and keys call, busiest first
    ///
    /// What is granted to each against what it uses: scopes of its tokens that the specification asks for nowhere
    /// it went, and documented operations that its scopes allow and that it never called. With an id all that is
    /// known of one client. A client that is only *claimed* says so itself: nothing checked or accepted it.
    #[command(after_help = EXIT_CODES)]
    Clients(CatalogClients),
    /// Show how callers go through services, as graphs of hosts and roles
    ///
    /// A session is what one caller does at one host without a pause of 30 minutes; its steps are granted
    /// exchanges that raised no detection. Roles are what claims of accepted tokens say, else `authenticated`
    /// and `anonymous`. With an id: one graph, with its moves, their pace, and how callers log in; as CSV its moves.
    #[command(after_help = EXIT_CODES)]
    Journeys(CatalogJourneys),
    /// Show which services call which
    ///
    /// Of the last result. Told by trace context (a call within another one), by certificates of a mesh and names
    /// that tracing gives, else by the network of the caller. Hostile exchanges and what was never granted are
    /// left out.
    #[command(after_help = EXIT_CODES)]
    Services(CatalogServices),
    /// Show APIs of others that ours call, busiest first
    ///
    /// Of the last result: hosts that the configuration, a rule or a specification says are somebody else's, and
    /// those that callers of ours reached at addresses of others while nothing shows that ours answer there.
    #[command(after_help = EXIT_CODES)]
    Egress(CatalogEgress),
    /// Undo merges into an endpoint: their paths are endpoints of their own from now on
    ///
    /// Of paths that were taken for values of one parameter and are not, as `/users/me` in `/users/{id}`. For good:
    /// no automatic merge touches them again, and what was learned of them together stays with the merged endpoint.
    /// Works beside a running `serve`. The decision is in the audit log.
    #[command(after_help = EXIT_CODES)]
    Split(CatalogSplit),
}

/// Arguments of `catalog split`.
#[derive(Debug, Args)]
pub struct CatalogSplit {
    /// Id of the endpoint, or the beginning of it
    #[arg(value_name = "ENDPOINT")]
    pub endpoint: String,
    /// Only this path, behind its host as `--dry-run` shows it; may be repeated [default: all, 500 at a time]
    #[arg(long, value_name = "PATH", conflicts_with = "dry_run")]
    pub path: Vec<String>,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", conflicts_with = "dry_run")]
    pub reason: Option<String>,
    /// Only show what was merged into it, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Which store
    #[command(flatten)]
    pub kept: Kept,
    /// Format
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
}

/// Arguments of `catalog clients`.
#[derive(Debug, Args)]
pub struct CatalogClients {
    /// Only this one, by its id, with its scopes and operations
    #[arg(value_name = "CLIENT")]
    pub client: Option<String>,
    /// Which store, and how it is shown
    #[command(flatten)]
    pub list: KeptList,
    /// Only this kind; may be repeated
    #[arg(long, value_name = "KIND", value_parser = words(ClientKind::ALL.iter().map(|one| one.as_str()), ClientKind::parse))]
    pub kind: Vec<ClientKind>,
    /// Only this form; may be repeated
    #[arg(long, value_name = "FORM", value_parser = words(ClientForm::ALL.iter().map(|one| one.as_str()), ClientForm::parse))]
    pub form: Vec<ClientForm>,
    /// Only those whose label has this in it, in either case
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// At most this many, the busiest
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// Arguments of `catalog changes`.
#[derive(Debug, Args)]
pub struct CatalogChanges {
    /// Only of this endpoint, by its id
    #[arg(value_name = "ENDPOINT")]
    pub endpoint: Option<String>,
    /// Which store, and how it is shown
    #[command(flatten)]
    pub list: KeptList,
    /// Only this kind; may be repeated
    #[arg(long, value_name = "KIND", value_parser = words(ChangeKind::ALL.iter().map(|one| one.as_str()), ChangeKind::parse))]
    pub kind: Vec<ChangeKind>,
    /// Only this grade; may be repeated
    #[arg(long, value_name = "GRADE", value_parser = words(ChangeGrade::ALL.iter().map(|one| one.as_str()), ChangeGrade::parse))]
    pub grade: Vec<ChangeGrade>,
    /// Only of this host; may be repeated
    #[arg(long, value_name = "HOST")]
    pub host: Vec<String>,
    /// Only of this time of the traffic or later (RFC 3339 or a date)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// At most this many, the latest
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// Reads one of these words.
fn words<T: Clone + Send + Sync + 'static>(
    known: impl IntoIterator<Item = &'static str>,
    parse: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(known).try_map(move |word| parse(&word).ok_or("an unknown word"))
}

/// Arguments of `catalog journeys`.
#[derive(Debug, Args)]
pub struct CatalogJourneys {
    /// Only this graph, by its id or the beginning of it
    #[arg(value_name = "JOURNEY")]
    pub journey: Option<String>,
    /// Which store, and how it is shown
    #[command(flatten)]
    pub list: KeptList,
    /// Only of this host; may be repeated
    #[arg(long, value_name = "HOST")]
    pub host: Vec<String>,
    /// Only of this role; may be repeated
    #[arg(long, value_name = "ROLE")]
    pub role: Vec<String>,
    /// At most this many graphs; of one graph, moves of its text
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// Arguments of `catalog services`.
#[derive(Debug, Args)]
pub struct CatalogServices {
    /// Which store
    #[command(flatten)]
    pub kept: Kept,
    /// Format
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    pub format: GraphFormat,
    /// Only calls of or to this service, by its name or id
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
}

/// Arguments of `catalog egress`.
#[derive(Debug, Args)]
pub struct CatalogEgress {
    /// Which store, and how it is shown
    #[command(flatten)]
    pub list: KeptList,
    /// Only hosts with this in their name
    #[arg(long, value_name = "TEXT")]
    pub host: Option<String>,
    /// Only those that this class of data is sent to; may be repeated
    #[arg(long, value_name = "CLASS")]
    pub sent: Vec<String>,
    /// Only those that are called in plain text
    #[arg(long)]
    pub plain: bool,
    /// At most this many, the busiest
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// Format of the graph of services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For spreadsheets: one line for each pair of a caller and what it calls.
    Csv,
    /// For Graphviz.
    Dot,
}
