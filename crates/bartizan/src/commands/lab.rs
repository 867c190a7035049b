//! `lab`: the deliberately vulnerable API, and the traffic player.

use std::{
    fs::File,
    io::{BufWriter, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use bartizan_lab::{
    Client, Options, Server, documents,
    flaws::{self, FLAWS},
    player::{Plan, PlayError, Record, Tally, benign, hostile, play, story},
    truth,
};
use clap::{Args, Subcommand, ValueEnum};
use tokio::runtime::Runtime;

use super::{Cli, CommandError, Exit, terminal::write_out};

/// Arguments of `lab`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What to do instead of serving
    #[command(subcommand)]
    command: Option<LabCommand>,
    /// Where to listen; loopback addresses only, port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:4800", value_name = "ADDR")]
    listen: String,
    /// Serve the repaired twin: the same surface without flaws, with traps
    #[arg(long)]
    secure: bool,
    /// Only this flaw; may be repeated
    #[arg(long, value_name = "ID")]
    flaw: Vec<String>,
    /// All flaws but this one; may be repeated
    #[arg(long, value_name = "ID", conflicts_with_all = ["flaw", "secure"])]
    without: Vec<String>,
    /// Everything that looks random follows from it
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// A further loopback address that requests of the lab may reach; may be repeated
    #[arg(long, value_name = "ADDR")]
    callback: Vec<SocketAddr>,
    /// Print what is planted, as JSON, and stop
    #[arg(long, conflicts_with = "document")]
    truth: bool,
    /// Print a description of the surface, and stop
    #[arg(long, value_enum, value_name = "NAME")]
    document: Option<Document>,
    /// Write what is printed there instead of to standard output
    #[arg(long, short, value_name = "PATH")]
    out: Option<PathBuf>,
}

/// A description of the surface.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Document {
    /// OpenAPI: what is there.
    Openapi,
    /// OpenAPI: incomplete, and wrong in places.
    OpenapiDrifting,
    /// GraphQL schema.
    Graphql,
    /// gRPC services.
    Proto,
    /// SOAP service.
    Wsdl,
}

#[derive(Debug, Subcommand)]
enum LabCommand {
    /// Play users and attackers against the lab, straight or through a proxy
    Play(PlayArguments),
}

#[derive(Debug, Args)]
struct PlayArguments {
    /// Base URL of the lab, or of the proxy in front of it; loopback only
    #[arg(long, default_value = "http://127.0.0.1:4800", value_name = "URL")]
    target: String,
    /// Everything that is sent follows from it
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// How many times faster than life; 0 is as fast as the target answers
    #[arg(long, default_value_t = 0.0, value_name = "X")]
    speed: f64,
    /// How long, in minutes of the play
    #[arg(long, default_value_t = 1440, value_name = "M",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(Plan::MAX_MINUTES)))]
    minutes: u32,
    /// How many requests may be under way at a time; with 1 the order is the same each time
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = overlap)]
    overlap: usize,
    /// Who plays
    #[arg(long, value_enum, default_value_t = Cast::All)]
    cast: Cast,
    /// Write what each request truly was there, one JSON line each
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Write each exchange there, in the form that `analyze` reads
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
}

/// Who plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Cast {
    /// Users and attackers.
    All,
    /// Users only.
    Benign,
    /// Attackers only.
    Hostile,
    /// The users and the intruder of `bartizan demo`.
    Story,
}

pub(super) fn run(cli: &Cli, arguments: &Arguments) -> Result<Exit, CommandError> {
    if let Some(LabCommand::Play(arguments)) = &arguments.command {
        return perform(cli, arguments);
    }
    if arguments.truth {
        write_out(arguments.out.as_deref(), truth::text().as_bytes())?;
        return Ok(Exit::Clean);
    }
    if let Some(document) = arguments.document {
        write_out(arguments.out.as_deref(), text(document, &arguments.listen).as_bytes())?;
        return Ok(Exit::Clean);
    }
    let options = options(arguments)?;
    runtime()?.block_on(async {
        let server = Server::bind(&arguments.listen, &options).await;
        let server = server.map_err(|error| CommandError::usage(error.to_string()))?;
        let url = format!("http://{}", server.address());
        let flaws = match options.flaws.len() {
            0 => "repaired, no flaws".to_owned(),
            count => format!("deliberately vulnerable, {count} of {} flaws", FLAWS.len()),
        };
        // One line for whoever waits for it; standard error is for people.
        write_out(arguments.out.as_deref(), format!("{url}\n").as_bytes())?;
        if !cli.quiet {
            anstream::eprintln!("lab: {flaws}; state is in memory; Ctrl-C ends it");
        }
        server.run(async { drop(tokio::signal::ctrl_c().await) }).await;
        Ok(Exit::Clean)
    })
}

fn runtime() -> Result<Runtime, CommandError> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| CommandError::usage(format!("cannot start: {error}")))
}

fn options(arguments: &Arguments) -> Result<Options, CommandError> {
    let mut options = if arguments.secure || !arguments.flaw.is_empty() {
        Options::secure(arguments.seed)
    } else {
        Options::vulnerable(arguments.seed)
    };
    for id in &arguments.flaw {
        options.flaws.insert(known(id)?);
    }
    for id in &arguments.without {
        options.flaws.remove(known(id)?);
    }
    options.callbacks.clone_from(&arguments.callback);
    Ok(options)
}

fn known(id: &str) -> Result<&'static str, CommandError> {
    if let Some(flaw) = flaws::find(id) {
        return Ok(flaw.id);
    }
    let near = FLAWS.iter().min_by_key(|flaw| strsim::levenshtein(flaw.id, id));
    let error = CommandError::usage(format!("there is no flaw `{id}`"));
    Err(match near {
        Some(flaw) => error.help(format!("the nearest is `{}`; `--truth` lists all", flaw.id)),
        None => error,
    })
}

fn text(document: Document, listen: &str) -> String {
    let json = |value| serde_json::to_string_pretty(&value).unwrap_or_default() + "\n";
    match document {
        Document::Openapi => json(documents::honest()),
        Document::OpenapiDrifting => json(documents::drifting()),
        Document::Graphql => documents::GRAPHQL.to_owned(),
        Document::Proto => documents::PROTO.to_owned(),
        Document::Wsdl => documents::WSDL.replace("{origin}", &format!("http://{listen}")),
    }
}

fn overlap(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=Plan::MAX_OVERLAP).contains(number));
    number.ok_or_else(|| format!("expected a number from 1 to {}", Plan::MAX_OVERLAP))
}

fn perform(cli: &Cli, arguments: &PlayArguments) -> Result<Exit, CommandError> {
    if !arguments.speed.is_finite() || arguments.speed < 0.0 {
        return Err(CommandError::usage("--speed is a number from 0 up"));
    }
    let plan = Plan {
        seed: arguments.seed,
        minutes: arguments.minutes,
        speed: arguments.speed,
        overlap: arguments.overlap,
        cast: match arguments.cast {
            Cast::All => const { &[benign(), hostile()] },
            Cast::Benign => const { &[benign()] },
            Cast::Hostile => const { &[hostile()] },
            Cast::Story => const { &[benign(), story::cast()] },
        },
    };
    let mut truth = Lines::create(arguments.truth.as_deref())?;
    let mut capture = Lines::create(arguments.capture.as_deref())?;
    let mut sink = |record: &Record| {
        truth.write(|| record.truth())?;
        capture.write(|| record.exchange())
    };
    let played: Result<Tally, CommandError> = runtime()?.block_on(async {
        let client = Client::to(&arguments.target).await;
        let client = client.map_err(|error| CommandError::usage(error.to_string()))?;
        play(&plan, &client, &mut sink).await.map_err(|error| match error {
            PlayError::Silent => CommandError::input(format!("{}: {error}", arguments.target))
                .help("start the lab with `bartizan lab`"),
            PlayError::Sink(error) => CommandError::output("the log", &error),
        })
    });
    let tally = played?;
    truth.finish()?;
    capture.finish()?;
    if !cli.quiet {
        let Tally { benign, hostile, ambiguous, unanswered, .. } = tally;
        anstream::eprintln!(
            "played {} requests: {benign} benign, {hostile} hostile, {ambiguous} in preparation, \
             {unanswered} unanswered",
            benign + hostile + ambiguous
        );
    }
    Ok(Exit::Clean)
}

/// A file of JSON lines, or nothing.
struct Lines {
    path: String,
    out: Option<BufWriter<File>>,
}

impl Lines {
    fn create(path: Option<&Path>) -> Result<Self, CommandError> {
        let shown = path.map_or_else(String::new, |path| path.display().to_string());
        let out = path.map(File::create).transpose();
        let out = out.map_err(|error| CommandError::output(&shown, &error))?.map(BufWriter::new);
        Ok(Self { path: shown, out })
    }

    fn write(&mut self, line: impl FnOnce() -> serde_json::Value) -> std::io::Result<()> {
        self.out.as_mut().map_or(Ok(()), |out| writeln!(out, "{}", line()))
    }

    fn finish(self) -> Result<(), CommandError> {
        let Some(mut out) = self.out else { return Ok(()) };
        out.flush().map_err(|error| CommandError::output(&self.path, &error))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn of(line: &[&str]) -> Result<Options, CommandError> {
        let line = ["lab"].iter().chain(line);
        options(&Line::try_parse_from(line).expect("a right command line").arguments)
    }

    #[test]
    fn switches_choose_flaws() {
        assert_eq!(of(&[]).unwrap().flaws.len(), FLAWS.len());
        assert!(of(&["--secure"]).unwrap().flaws.is_empty());
        let one = of(&["--flaw", "shipment-read"]).unwrap().flaws;
        assert_eq!(one.into_iter().collect::<Vec<_>>(), ["shipment-read"]);
        let without = of(&["--without", "sql-login"]).unwrap().flaws;
        assert!(without.len() == FLAWS.len() - 1 && !without.contains("sql-login"));
    }

    #[test]
    fn an_unknown_flaw_is_refused_with_the_nearest() {
        let error = of(&["--flaw", "shipment-reed"]).unwrap_err().to_string();
        assert!(error.contains("`shipment-read`"), "{error}");
        assert!(Line::try_parse_from(["lab", "--secure", "--without", "sql-login"]).is_err());
    }
}
