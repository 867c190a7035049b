//! `discover source`: the routes that source code declares.

use std::{
    io::Read as _,
    path::Path,
    time::{Duration, Instant},
};

use bartizan_analysis::Specs;
use bartizan_code::Limits;
use bartizan_model::{Endpoint, Scope, Timestamp, analysis::Analysis};
use indicatif::ProgressBar;

use super::super::{
    Cli, CommandError, Exit, analyze,
    arguments::{DiscoverSource, SourceFormat},
    config, docs, key, micros_now, specs, terminal,
    watched::Watched,
};
use crate::{
    config::FailOn,
    discover::{Inventory, Others, inventory, secrets::Search},
    output::{self, html::ReportContext},
};

/// Largest result of an analysis that is read, in bytes.
const MAX_RESULT_BYTES: u64 = 1 << 30;
/// Nothing is shown before, as most folders are read by then.
const QUIET_FOR: Duration = Duration::from_secs(2);

pub(super) fn run(cli: &Cli, arguments: &DiscoverSource) -> Result<Exit, CommandError> {
    let loaded = config::current(cli)?;
    let owners = config::file_owners(&loaded)?;
    let config = loaded.config;
    let scope = analyze::scope(&config);
    let others = Others {
        documented: specs::read(&arguments.spec, &mut Watched::default())?
            .map(|specs| documented(&specs, &scope)),
        called: arguments.seen.as_deref().map(called).transpose()?,
    };
    let (key, unkept) = key::of_user(&scope.organisation)?;
    if let Some(why) = unkept.filter(|_| !cli.quiet) {
        anstream::eprintln!("note: hashes will differ from run to run ({why})");
    }
    let snapshot = config::snapshot(&config, scope.clone(), key)?;
    let mut progress = progress(cli.quiet);
    let mut search = Search::new(&snapshot, &mut progress);
    let found = bartizan_code::read(&arguments.folder, &Limits::default(), &mut search)
        .map_err(|error| CommandError::input(error.to_string()))?;
    if found.files == 0 {
        let name = arguments.folder.display();
        return Err(CommandError::input(format!("no source code was found in {name}"))
            .help("C#, Go, Java, JavaScript, PHP, Python, Ruby, Rust and TypeScript are read"));
    }
    let mut inventory = inventory(found, &search, &others, &scope);
    if let Some(owners) = owners {
        inventory.own(|file| Some(owners.of(&arguments.folder.join(file))?.0));
    }
    write(arguments, &inventory)?;
    let fail_on = arguments.fail_on.unwrap_or(FailOn::Never);
    let fails = inventory.findings.iter().any(|one| fail_on.includes(one.finding.severity));
    Ok(if fails { Exit::Findings } else { Exit::Clean })
}

fn write(arguments: &DiscoverSource, inventory: &Inventory) -> Result<(), CommandError> {
    let out = arguments.out.as_deref();
    let text = match arguments.format {
        SourceFormat::Text => {
            output::text::discovered(inventory, terminal::style(out), terminal::width())
        }
        SourceFormat::Csv => {
            let mut text = output::csv::head::<crate::discover::Entry>();
            inventory.routes.iter().for_each(|route| output::csv::line(route, &mut text));
            text
        }
        SourceFormat::Sarif => output::sarif::discovered(inventory, &arguments.folder),
        SourceFormat::Html => html(inventory, &arguments.folder),
        SourceFormat::Json => {
            let text = serde_json::to_string_pretty(inventory);
            text.map_err(|error| CommandError::output("the result", &error.into()))? + "\n"
        }
    };
    terminal::write_out(out, text.as_bytes())
}

fn html(inventory: &Inventory, folder: &Path) -> String {
    // `.` has no name; where it is, it has one.
    let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let title = name.file_name().unwrap_or(name.as_os_str()).to_string_lossy().into_owned();
    let now = Timestamp::from_micros(micros_now()).to_string();
    let day = now.get(..10).unwrap_or_default();
    let generated_at = format!("{day} {} UTC", now.get(11..16).unwrap_or_default());
    let context = ReportContext {
        title: &title,
        generated_at: &generated_at,
        version: env!("CARGO_PKG_VERSION"),
        inputs: &[],
        docs: docs::DOCS,
    };
    output::html::discovered(inventory, &context)
}

/// Everything that specifications describe: compared with no traffic, all of it is without any.
fn documented(specs: &Specs, scope: &Scope) -> Vec<Endpoint> {
    specs.compare(std::iter::empty()).never_granted(scope).0
}

/// The endpoints of a result of `analyze --format json`.
fn called(path: &Path) -> Result<Vec<Endpoint>, CommandError> {
    let name = path.display();
    let fail = |why: String| CommandError::input(format!("cannot read {name}: {why}"));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let read = file.take(MAX_RESULT_BYTES).read_to_string(&mut text);
    read.map_err(|error| fail(error.to_string()))?;
    let analysis: Analysis = serde_json::from_str(&text).map_err(|error| {
        fail(error.to_string()).help("`bartizan analyze --format json --out FILE` writes it")
    })?;
    // What only a specification knows was not called.
    Ok(analysis.endpoints.into_iter().filter(|endpoint| endpoint.requests > 0).collect())
}

/// Says how many files were read, on a terminal, once it takes long.
fn progress(quiet: bool) -> impl FnMut(u64) {
    use std::io::IsTerminal as _;
    let begin = Instant::now();
    let wanted = !quiet && std::io::stderr().is_terminal();
    let mut bar: Option<ProgressBar> = None;
    move |files| {
        if wanted && begin.elapsed() > QUIET_FOR {
            let bar = bar.get_or_insert_with(ProgressBar::new_spinner);
            bar.set_position(files);
            bar.set_message(format!("{files} files read"));
        }
    }
}
