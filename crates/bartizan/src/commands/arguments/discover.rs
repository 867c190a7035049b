//! Arguments of the `discover` commands.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{EXIT_CODES, ListFormat};
use crate::{
    config::FailOn,
    discover::perimeter::{Ports, USUAL},
};

/// Ways to find APIs.
#[derive(Debug, Subcommand)]
pub enum DiscoverCommand {
    /// Read a folder of source code: its routes, who may call each, and the secrets in it
    #[command(after_help = EXIT_CODES)]
    Source(DiscoverSource),
    /// Read what a server of yours publishes about its API: well-known and documentation paths,
    /// specifications, sitemaps, pages, scripts and source maps, and the secrets in these two
    #[command(after_help = CRAWL_EXIT_CODES)]
    Crawl(DiscoverCrawl),
    /// Look at hosts and networks of yours from outside: open ports, names in certificates, API documents
    /// and paths
    #[command(after_help = PERIMETER_EXIT_CODES)]
    Perimeter(DiscoverPerimeter),
}

const CRAWL_EXIT_CODES: &str = "\
Exit codes:
  0  something was answered, also when a limit or an interrupt ended it
  1  findings at or above --fail-on
  2  usage or configuration error
  3  the target never answered";

const PERIMETER_EXIT_CODES: &str = "\
Exit codes:
  0  what is listed was looked at, also when a limit or an interrupt ended it
  1  never: what is found is shown, and raises no findings
  2  usage or configuration error, also a line of the list that cannot be used
  3  the list could not be read, or nothing on it could be tried";

/// Format of what source code shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SourceFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For spreadsheets: the routes.
    Csv,
    /// For CI and code hosts: the findings, as SARIF 2.1.0.
    Sarif,
    /// A page to keep and to pass on, without script.
    Html,
}

/// Arguments of `discover source`.
#[derive(Debug, Args)]
pub struct DiscoverSource {
    /// Folder of the code. Nothing in it is run, and links are not followed; tests, dependencies and
    /// what a build made are passed over. `bartizan explain` lists the frameworks
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// OpenAPI document or other specification to compare with; may be repeated
    #[arg(long, value_name = "FILE")]
    pub spec: Vec<PathBuf>,
    /// What `analyze --format json` wrote, to compare with what was called
    #[arg(long, value_name = "FILE")]
    pub seen: Option<PathBuf>,
    /// Format of the result
    #[arg(long, value_enum, default_value_t = SourceFormat::Text)]
    pub format: SourceFormat,
    /// Write the result there instead of standard output
    #[arg(long, short, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Exit with 1 when a finding of this severity is there
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
}

/// Arguments of `discover crawl`.
#[derive(Debug, Args)]
pub struct DiscoverCrawl {
    /// Where to begin: `http://HOST[:PORT][/PATH]` or `https://…`, a server that you may ask. Only this
    /// scheme, host and port are asked, and only with GET; links and redirects elsewhere are noted. Links
    /// of pages on the same host are followed, except for ones whose words say that they do something;
    /// routes that scripts, forms and specifications name are listed, not called. The host is looked up
    /// once
    #[arg(value_name = "URL")]
    pub url: String,
    /// Most requests
    #[arg(long, value_name = "N", default_value_t = 200,
        value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub max_requests: u64,
    /// Most requests per second, for example 0.5
    #[arg(long, value_name = "N", default_value_t = 5.0, value_parser = rate)]
    pub rate: f64,
    /// Most seconds that it takes
    #[arg(long, value_name = "N", default_value_t = 120,
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub max_seconds: u64,
    /// Also POST one introspection query to each path that looks like GraphQL
    #[arg(long)]
    pub graphql: bool,
    /// Also ask for what gRPC tells of itself (server reflection), over HTTP/2: at most 60 POSTs to the method of
    /// reflection within 30 seconds
    #[arg(long)]
    pub grpc: bool,
    /// Write what reflection told to this file, as a set of descriptors for `--spec`
    #[arg(long, value_name = "FILE", requires = "grpc")]
    pub descriptors: Option<PathBuf>,
    /// Also ask for what robots.txt keeps from robots
    #[arg(long)]
    pub ignore_robots: bool,
    /// Field to send with each request; `env:NAME` as the value reads it from the environment. May be
    /// repeated. Values are shown and written nowhere
    #[arg(long, value_name = "NAME: VALUE")]
    pub header: Vec<String>,
    /// Format of the result
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    /// Write the result there instead of standard output
    #[arg(long, short, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Also write each exchange to this file as a JSON line, in the clear, for `bartizan analyze`
    #[arg(long, value_name = "FILE")]
    pub capture: Option<PathBuf>,
    /// Exit with 1 when a finding of this severity is there
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
}

/// Arguments of `discover perimeter`.
#[derive(Debug, Args)]
pub struct DiscoverPerimeter {
    /// What you may look at: one host name, address or network (192.0.2.0/28) a line, 4096 addresses at
    /// most; `#` begins a comment, `!` takes a name, address or network out. Nothing else is connected to:
    /// names that certificates and redirects show are listed. A name is looked up once, and you answer for
    /// where DNS leads it, private addresses too; addresses at which clouds give credentials to their
    /// machines must be listed by themselves
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Ports, as 80,443,8000-8100. Each open one is sent a handshake of TLS and a request of HTTP, which
    /// printers print (9100)
    #[arg(long, value_name = "PORTS", default_value = USUAL)]
    pub ports: Ports,
    /// Most connections per second, all hosts together
    #[arg(long, value_name = "N", default_value_t = 50.0, value_parser = connections)]
    pub rate: f64,
    /// Most connections at a time; four ports of one address are looked at at once
    #[arg(long, value_name = "N", default_value_t = 50,
        value_parser = clap::value_parser!(u16).range(1..=500))]
    pub concurrency: u16,
    /// Most seconds of one connection
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u64).range(1..=60))]
    pub timeout: u64,
    /// Most connections; each request of HTTP is one
    #[arg(long, value_name = "N", default_value_t = 100_000,
        value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub max_connections: u64,
    /// Most seconds that it takes
    #[arg(long, value_name = "N", default_value_t = 3_600,
        value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub max_seconds: u64,
    /// Format of the result
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    /// Write the result there instead of standard output
    #[arg(long, short, value_name = "PATH")]
    pub out: Option<PathBuf>,
}

/// Requests per second: neither none nor a flood.
fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.01..=100.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("expected 0.01 to 100 requests per second".to_owned())
    }
}

/// Connections per second: they are smaller than requests.
fn connections(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.1..=1_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("expected 0.1 to 1000 connections per second".to_owned())
    }
}
