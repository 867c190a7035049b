//! Arguments of every command, with the help that users read.

mod catalog;
mod discover;
mod explain;
mod import;
mod keys;
mod knowledge;
mod live;
mod webhooks;

use std::path::PathBuf;

use bartizan_pipeline::sources::SOURCES;
use clap::{Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};

pub(super) use self::{
    catalog::{
        About, Catalog, CatalogChanges, CatalogClients, CatalogCommand, CatalogEgress,
        CatalogFormat, CatalogJourneys, CatalogServices, CatalogSplit, GraphFormat,
    },
    discover::{DiscoverCommand, DiscoverCrawl, DiscoverPerimeter, DiscoverSource, SourceFormat},
    explain::{Explain, ExplainCommand, ExplainRequest},
    import::{Import, ImportKind},
    keys::{KeysCommand, KeysCreate, KeysRevoke, KeysState},
    knowledge::Knowledge,
    live::Live,
    webhooks::{WebhooksCommand, WebhooksDecide, WebhooksShow},
};
use crate::config::FailOn;

const EXIT_CODES: &str = "\
Exit codes:
  0  clean
  1  findings at or above --fail-on
  2  usage or configuration error
  3  the input could not be read, or nothing in it could be tried";

/// API security: discover, analyze, remediate, test and protect APIs.
#[derive(Debug, Parser)]
#[command(name = "bartizan", version, about, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// Configuration file [default: bartizan.yaml or bartizan.toml here, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print only results, no progress and no hints
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read captures and logs: inventory, findings, detections, incidents
    #[command(after_help = EXIT_CODES)]
    Analyze(Analyze),
    /// Judge exchanges (JSON lines): one verdict per line, in order
    #[command(after_help = EXIT_CODES)]
    Inspect(Inspect),
    /// Stand in front of an API: pass requests on, judge them, keep what is learned
    #[command(after_help = EXIT_CODES)]
    Serve(Serve),
    /// Find APIs elsewhere than in traffic: in source code, in what a server publishes, on listed hosts
    #[command(subcommand, after_help = EXIT_CODES)]
    Discover(DiscoverCommand),
    /// Show the endpoints that an analysis kept with --data, or what changed about them
    #[command(after_help = EXIT_CODES, args_conflicts_with_subcommands = true)]
    Catalog(Catalog),
    /// Show findings, or change the state of one
    #[command(after_help = EXIT_CODES)]
    Findings(Findings),
    /// Show incidents
    #[command(after_help = EXIT_CODES)]
    Incidents(Incidents),
    /// Show what is kept of single exchanges, and what policies decided about them
    #[command(after_help = EXIT_CODES)]
    Exchanges(Exchanges),
    /// Show everything at work: the lab, the gateway and the dashboard, and an attack in a few minutes
    #[cfg(feature = "lab")]
    #[command(after_help = super::demo::EXIT_CODES)]
    Demo(super::demo::Arguments),
    /// Run the lab: a deliberately vulnerable API on this machine, or its repaired twin
    #[cfg(feature = "lab")]
    #[command(after_help = EXIT_CODES)]
    Lab(super::lab::Arguments),
    /// Make, list, disable and revoke own API keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Move the store to another database, back it up, restore it
    #[command(subcommand, after_help = EXIT_CODES)]
    Store(super::store::Arguments),
    /// List and try out sinks; look at, send again or forget what they did not take
    #[command(subcommand, after_help = EXIT_CODES)]
    Sinks(SinksCommand),
    /// List deliveries of webhooks that no upstream took; look at, replay or discard them
    #[command(subcommand, after_help = EXIT_CODES)]
    Webhooks(WebhooksCommand),
    /// Explain a check, detector, data class, source, web framework, kind of policy or kind of sink, or what
    /// becomes of a request
    #[command(args_conflicts_with_subcommands = true)]
    Explain(Explain),
    /// Check, show or describe the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Make a first configuration of an OpenAPI document, or a configuration of nginx or Kong
    #[command(after_help = import::EXIT_CODES)]
    Import(Import),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the reference pages (for the repository)
    #[command(hide = true)]
    Reference {
        /// Where to
        folder: PathBuf,
    },
}

/// Arguments of `analyze`.
#[derive(Debug, Args)]
pub struct Analyze {
    /// Captures or logs, recognised by their content: HAR, pcap and pcapng, exchange JSON lines, Burp,
    /// mitmproxy and Postman exports, access logs (nginx, Apache, Envoy, HAProxy, Caddy, Traefik, IIS,
    /// AWS, Google Cloud); also compressed (gzip, zstd); `-` reads standard input. Several are read in
    /// order of time, and an exchange that several of them tell of counts once
    #[arg(
        required_unless_present = "interface",
        conflicts_with = "interface",
        value_name = "INPUT"
    )]
    pub inputs: Vec<PathBuf>,
    /// What is captured
    #[command(flatten)]
    pub live: Live,
    /// Format of all inputs, where they are not recognised; `bartizan explain NAME` tells what is
    /// read
    #[arg(long, value_name = "NAME", value_parser = input_formats())]
    pub input_format: Option<String>,
    /// Secrets of TLS connections in captures, as clients log them (SSLKEYLOGFILE)
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,
    /// OpenAPI document or other specification to compare with; may be repeated
    #[arg(long, value_name = "FILE")]
    pub spec: Vec<PathBuf>,
    /// What else is known
    #[command(flatten)]
    pub knowledge: Knowledge,
    /// Format of the result
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// What a document is of
    #[command(flatten)]
    pub about: About,
    /// Write the result there instead of standard output
    #[arg(long, short, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Where to write the HTML report beside a text result [default: bartizan-report.html]
    #[arg(long, value_name = "PATH")]
    pub report: Option<PathBuf>,
    /// Write no HTML report
    #[arg(long, conflicts_with = "report")]
    pub no_report: bool,
    /// Also write one JSON line per exchange: endpoint, actor, data classes, detections
    #[arg(long, value_name = "PATH")]
    pub annotate: Option<PathBuf>,
    /// Keep results in this folder, and go on where an earlier run on the same input stopped
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Exit with 1 when a finding or detection of this severity is there
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Threads that decode; the result does not depend on it [default: one per processor]
    #[arg(long, value_name = "N")]
    pub threads: Option<u16>,
}

fn input_formats() -> PossibleValuesParser {
    PossibleValuesParser::new(SOURCES.iter().map(|source| source.name))
}

/// Format of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// One self-contained page.
    Html,
    /// What was learned of one host, as OpenAPI 3.1.
    Openapi,
    /// What was learned of the GraphQL of one host, as a schema.
    Graphql,
    /// What was learned of the gRPC of one package, as a sketch of a .proto file.
    Proto,
}

/// Format of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// Exchanges as JSON lines; `-` reads standard input
    #[arg(default_value = "-", value_name = "INPUT")]
    pub input: PathBuf,
    /// Judge with history, as a gateway would; else each line alone
    #[arg(long)]
    pub stateful: bool,
    /// Format of the result
    #[arg(long, value_enum, default_value_t = InspectFormat::Json)]
    pub format: InspectFormat,
    /// Write the result there instead of standard output
    #[arg(long, short, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Exit with 1 when a detection of this severity is there
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
}

/// Format of verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InspectFormat {
    /// One JSON object per line.
    Json,
    /// One line for people.
    Text,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The API behind: `http://HOST:PORT` or `https://HOST:PORT` [default: `gateway.services` of the
    /// configuration]
    #[arg(long, value_name = "URL")]
    pub upstream: Option<String>,
    /// Where clients connect [default: `gateway.listeners` of the configuration, else
    /// 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Where the dashboard, the administration API, health and metrics are [default: `admin.listen` of the configuration, else
    /// 127.0.0.1:9900]
    #[arg(long, value_name = "ADDR")]
    pub admin: Option<String>,
    /// Folder of the store [default: that of the configuration, else bartizan-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// OpenAPI document or other specification to compare with, read again when it changes; may be repeated
    #[arg(long, value_name = "FILE")]
    pub spec: Vec<PathBuf>,
    /// What else is known
    #[command(flatten)]
    pub knowledge: Knowledge,
    /// Append exchanges to this file as JSON lines, with values replaced by others of the same shape
    #[arg(long, value_name = "FILE")]
    pub capture: Option<PathBuf>,
    /// Capture values in the clear
    #[arg(long, requires = "capture")]
    pub clear: bool,
    /// Begin with each policy in the mode of the configuration, whatever it was switched to by hand;
    /// recorded in the audit log
    #[arg(long)]
    pub forget_switches: bool,
}

/// Arguments of the commands that list what is kept.
#[derive(Debug, Args)]
pub struct Listing {
    /// Show one in detail, by its id (or the beginning of it)
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Which store
    #[command(flatten)]
    pub kept: Kept,
    /// Only what contains this text (host, path, title, code)
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Only this severity or worse
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub severity: Option<FailOn>,
    /// At most this many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// Which store a command shows something of, and where that goes.
#[derive(Debug, Args)]
pub struct Kept {
    /// Folder of the store [default: that of the configuration, else bartizan-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Write there instead of standard output
    #[arg(long, short, value_name = "PATH")]
    pub out: Option<PathBuf>,
}

/// The same of a list, and in which form.
#[derive(Debug, Args)]
pub struct KeptList {
    /// Which store
    #[command(flatten)]
    pub kept: Kept,
    /// Format
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}

/// Arguments of `incidents`.
#[derive(Debug, Args)]
pub struct Incidents {
    /// What to list
    #[command(flatten)]
    pub listing: Listing,
    /// Format
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}

/// Arguments of `findings`.
#[derive(Debug, Args)]
pub struct Findings {
    /// What to list
    #[command(flatten)]
    pub listing: Listing,
    /// Format
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    /// Change the state of the finding: open, confirmed, accepted, `false_positive`, fixed
    #[arg(long, value_name = "STATE", requires = "id")]
    pub set: Option<String>,
    /// Why; required with `--set accepted` and `--set false_positive`
    #[arg(long, value_name = "TEXT", requires = "set")]
    pub reason: Option<String>,
    /// Until when it is accepted (RFC 3339 or a date); required with `--set accepted`
    #[arg(long, value_name = "TIME", requires = "set")]
    pub until: Option<String>,
    /// Exit with 1 when an open finding of this severity is listed
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
}

/// Arguments of `exchanges`.
#[derive(Debug, Args)]
pub struct Exchanges {
    /// Id of an exchange, or the beginning of it: what answers of the gateway call `incident`
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Folder of the store [default: that of the configuration, else bartizan-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Format
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
    /// Only those that a policy refused, would have refused, or could not evaluate
    #[arg(long)]
    pub decided: bool,
    /// Only those from this time on (RFC 3339 or a date)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
}

/// The `sinks` commands.
#[derive(Debug, Subcommand)]
pub enum SinksCommand {
    /// List configured sinks, with what was sent and what waits
    List(SinksShow),
    /// Send a test event to a sink, now, and say what came back (exit code 3 when it was not taken)
    Test {
        /// Name of the sink
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// List events that were given up, latest first
    DeadLetters {
        /// Only those of this sink
        #[arg(long, value_name = "NAME")]
        sink: Option<String>,
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// How and of what
        #[command(flatten)]
        show: SinksShow,
    },
    /// Send events that were given up again
    Retry(DeadLetters),
    /// Delete events that were given up
    Forget(DeadLetters),
}

/// Arguments of the `sinks` commands that show something.
#[derive(Debug, Args)]
pub struct SinksShow {
    /// Folder of the store [default: that of the configuration, else bartizan-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Format
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
}

/// Arguments of `sinks retry` and `sinks forget`.
#[derive(Debug, Args)]
pub struct DeadLetters {
    /// Id of the event
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    pub id: Option<String>,
    /// All of them
    #[arg(long)]
    pub all: bool,
    /// Only those of this sink
    #[arg(long, value_name = "NAME")]
    pub sink: Option<String>,
    /// Folder of the store [default: that of the configuration, else bartizan-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Format of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The `config` commands.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say whether the configuration is right
    Check {
        /// The file [default: --config, else the one here]
        file: Option<PathBuf>,
    },
    /// Show the configuration in force, with defaults
    Show {
        /// Format
        #[arg(long, value_enum, default_value_t = ShowFormat::Yaml)]
        format: ShowFormat,
    },
    /// Print the JSON Schema of the configuration
    Schema,
}

/// Format of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// As a file.
    Yaml,
    /// For programs.
    Json,
}
