//! `discover perimeter`: what the listed hosts and networks show to whoever connects.

use std::{io::Read as _, path::Path, time::Duration};

use bartizan_model::Timestamp;

use super::{
    super::{
        Cli, CommandError, Exit,
        arguments::{DiscoverPerimeter, ListFormat},
        micros_now, terminal,
    },
    probe,
    progress::Progress,
};
use crate::{
    discover::perimeter::{MAX_FILE_BYTES, Pace, Perimeter, Service, Targets, search},
    output::{self, visible::visible},
};

/// Threads that look names up and read answers.
const THREADS: usize = 8;
/// Most characters of a reason why nothing could be tried.
const PROBLEM_CHARS: usize = 300;

pub(super) fn run(cli: &Cli, arguments: &DiscoverPerimeter) -> Result<Exit, CommandError> {
    let name = arguments.file.display();
    let text = read(&arguments.file)
        .map_err(|why| CommandError::input(format!("cannot read {name}: {why}")))?;
    let targets =
        Targets::read(&text).map_err(|why| CommandError::usage(format!("{name}: {why}")))?;
    if targets.is_empty() {
        let help =
            "one host name, address or network (192.0.2.0/28) a line; `!` before what is left out";
        return Err(CommandError::usage(format!("{name} lists nothing to look at")).help(help));
    }
    let pace = Pace {
        rate: arguments.rate,
        at_once: usize::from(arguments.concurrency),
        within: Duration::from_secs(arguments.timeout),
        most: arguments.max_connections,
        seconds: arguments.max_seconds,
        probe: probe()?,
        now: Timestamp::from_micros(micros_now()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(THREADS)
        .build()
        .map_err(|error| CommandError::usage(format!("cannot start: {error}")))?;
    let mut progress = Progress::new(cli.quiet);
    let interrupt = async {
        // Where signals cannot be heard, the time alone ends it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let found = runtime.block_on(search(&targets, &arguments.ports, &pace, interrupt, |at| {
        progress.show(|| format!("{} connections, {} open ports", at.connections, at.open));
    }));
    progress.end();
    // A look-up of a name or the reading of an answer may still be under way, and nobody waits for it.
    runtime.shutdown_background();
    let found = found.map_err(|why| {
        let why = visible(&why, PROBLEM_CHARS);
        CommandError::input(format!("nothing on {name} could be tried: {why}"))
    })?;
    write(arguments, &found)?;
    Ok(Exit::Clean)
}

fn read(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    // One byte more tells whether there is more.
    let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("it is larger than {MAX_FILE_BYTES} bytes"));
    }
    Ok(text)
}

fn write(arguments: &DiscoverPerimeter, found: &Perimeter) -> Result<(), CommandError> {
    let out = arguments.out.as_deref();
    let text = match arguments.format {
        ListFormat::Text => output::text::perimeter(found, terminal::style(out), terminal::width()),
        ListFormat::Csv => {
            let mut text = output::csv::head::<Service>();
            found.services.iter().for_each(|service| output::csv::line(service, &mut text));
            text
        }
        ListFormat::Json => {
            let text = serde_json::to_string_pretty(found);
            text.map_err(|error| CommandError::output("the result", &error.into()))? + "\n"
        }
    };
    terminal::write_out(out, text.as_bytes())
}
