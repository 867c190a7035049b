//! `analyze`: captures and logs in, inventory, findings, detections and incidents out.

mod kept;
mod key_log;
mod live;
mod progress;

use std::{
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use bartizan_analysis::{Snapshot, State};
use bartizan_model::{EnvironmentId, OrganisationId, Scope, analysis::Analysis};
use bartizan_pipeline::{
    analyze::{Done, Run, RunError, run as run_pipeline},
    annotate::Spool,
    keep::KeepError,
    sources::{OpenOptions, Source, SourceError},
};

use super::{
    Cli, CommandError, Exit,
    arguments::{Analyze, ReportFormat},
    config, data, docs, key, knowledge, learned, specs, terminal,
    watched::Watched,
};
use crate::{
    config::{Config, FailOn},
    output::{self, Docs, html::ReportContext, learned::Learned},
};

/// Name of the HTML report beside a text result.
const DEFAULT_REPORT: &str = "bartizan-report.html";

pub(super) fn run(cli: &Cli, arguments: &Analyze) -> Result<Exit, CommandError> {
    let loaded = config::current(cli)?;
    let catalog = config::catalog(&loaded, &arguments.spec)?;
    let mut config = loaded.config;
    arguments.knowledge.add_to(&mut config.catalog);
    let scope = scope(&config);
    let data = arguments.data.clone().or_else(|| config.store.data.clone());
    let kept = data.map(|data| kept::Kept::open(&data, &config, &scope)).transpose()?;
    let mut snapshot = snapshot(cli, &config, &scope, kept.as_ref())?;
    snapshot.specs = specs::read(&arguments.spec, &mut Watched::default())?;
    snapshot.discoveries = knowledge::read(&config.catalog)?;
    snapshot.catalog = catalog;
    if let Some(kept) = &kept {
        kept.add_paths(Arc::make_mut(&mut snapshot.catalog))?;
    }
    let snapshot = Arc::new(snapshot);

    let interrupted = cancel_on_interrupt();
    let mut source = open(cli, arguments, kept.as_ref(), interrupted)?;
    let inputs = inputs(arguments);
    // A capture ends in order by an interrupt.
    static NEVER: AtomicBool = AtomicBool::new(false);
    let cancelled = if arguments.live.interface.is_some() { &NEVER } else { interrupted };
    let done = {
        let mut bar = progress::Bar::new(cli.quiet);
        let mut report = |progress| bar.show(progress);
        let state = match &kept {
            Some(kept) => kept.state()?,
            None => State::new(&scope),
        };
        let spool = arguments.annotate.as_ref().map(|_| Spool::new(arguments.inputs.len() > 1));
        run_pipeline(
            source.as_mut(),
            Run {
                snapshot: Arc::clone(&snapshot),
                state,
                threads: threads(arguments.threads.unwrap_or(config.analyze.threads)),
                cancelled,
                progress: &mut report,
                spool: spool
                    .transpose()
                    .map_err(|e| CommandError::output("a temporary file", &e))?,
                keeper: kept.as_ref().map(|kept| kept.keeper(&inputs)),
            },
        )
        .map_err(failed_run)?
    };
    finish(cli, arguments, &config, &snapshot, done, kept)
}

/// Opens the interface or the inputs, these where an earlier run stopped.
fn open(
    cli: &Cli,
    arguments: &Analyze,
    kept: Option<&kept::Kept>,
    interrupted: &'static AtomicBool,
) -> Result<Box<dyn Source>, CommandError> {
    let key_log = arguments.keylog.as_deref();
    if let Some(interface) = &arguments.live.interface {
        let source = live::open(cli, (interface, &arguments.live), key_log, interrupted)?;
        return Ok(Box::new(source));
    }
    let options = match &arguments.input_format {
        Some(name) => OpenOptions::new().format(name),
        None => OpenOptions::new(),
    };
    let options = match key_log {
        Some(path) => options.secrets(key_log::read(cli, path)?),
        None => options,
    };
    let Some(kept) = kept else {
        return options.open_all(&arguments.inputs).map_err(|e| input_error(&e));
    };
    let (source, note) = kept.open_source(&options, &arguments.inputs)?;
    if let Some(note) = note.filter(|_| !cli.quiet) {
        anstream::eprintln!("note: {note}");
    }
    Ok(source)
}

/// What the result is of: paths, or the interface.
fn inputs(arguments: &Analyze) -> Vec<PathBuf> {
    let interface = arguments.live.interface.as_ref();
    interface.map_or_else(
        || arguments.inputs.clone(),
        |name| vec![PathBuf::from(format!("interface {name}"))],
    )
}

/// Writes everything that was asked for and decides the exit code.
fn finish(
    cli: &Cli,
    arguments: &Analyze,
    config: &Config,
    snapshot: &Snapshot,
    done: Done,
    kept: Option<kept::Kept>,
) -> Result<Exit, CommandError> {
    let Done { mut analysis, state, spool, failed, cancelled, changes } = done;
    if let Some(kept) = &kept {
        kept.retain(config)?;
        kept.merge_states(&mut analysis)?;
    }
    if let Some(error) = failed.as_ref().filter(|_| analysis.summary.exchanges == 0) {
        return Err(input_error(error));
    }
    if let (Some(path), Some(spool)) = (&arguments.annotate, spool) {
        annotate(path, spool, &state)?;
    }
    let class = docs::classes(&snapshot.classes);
    let docs = Docs { class: &class, ..docs::DOCS };
    write_result(cli, arguments, &analysis, docs)?;
    if changes > 0 && !cli.quiet {
        let noun = if changes == 1 { "change" } else { "changes" };
        anstream::eprintln!(
            "note: {changes} {noun} of the catalogue; see `bartizan catalog changes`"
        );
    }
    if let Some(error) = failed {
        return Err(input_error(&error).help("the result covers what came before"));
    }
    if cancelled && !cli.quiet {
        let hint = match kept {
            Some(_) => "the same command goes on from here",
            None => "with --data DIR the same command would go on from here",
        };
        anstream::eprintln!("cancelled: the result covers what was read; {hint}");
    }
    let fail_on = arguments.fail_on.unwrap_or(config.analyze.fail_on);
    Ok(if cancelled { Exit::Input } else { exit(&analysis, fail_on) })
}

fn exit(analysis: &Analysis, fail_on: FailOn) -> Exit {
    let findings = analysis.findings.iter().filter(|f| f.state.is_active()).map(|f| f.severity);
    let detections = analysis.detections.iter().map(|d| d.severity);
    if findings.chain(detections).any(|severity| fail_on.includes(severity)) {
        Exit::Findings
    } else {
        Exit::Clean
    }
}

fn write_result(
    cli: &Cli,
    arguments: &Analyze,
    analysis: &Analysis,
    docs: Docs<'_>,
) -> Result<(), CommandError> {
    let out = arguments.out.as_deref();
    let inputs = names(&inputs(arguments));
    match arguments.format {
        ReportFormat::Json => {
            terminal::write_with(out, |out| output::json::write(analysis, out))?;
        }
        ReportFormat::Html => terminal::write_out(out, html(analysis, &inputs, docs).as_bytes())?,
        ReportFormat::Openapi => write_learned(arguments, analysis, Learned::Openapi)?,
        ReportFormat::Graphql => write_learned(arguments, analysis, Learned::Graphql)?,
        ReportFormat::Proto => write_learned(arguments, analysis, Learned::Proto)?,
        ReportFormat::Text => {
            let style = terminal::style(out);
            let text = output::text::analysis(analysis, &docs, style, terminal::width());
            terminal::write_out(out, text.as_bytes())?;
        }
    }
    let wanted = arguments.report.is_some() || arguments.format == ReportFormat::Text;
    if wanted && !arguments.no_report {
        let default = PathBuf::from(DEFAULT_REPORT);
        let path = arguments.report.as_ref().unwrap_or(&default);
        terminal::write_out(Some(path), html(analysis, &inputs, docs).as_bytes())?;
        if !cli.quiet {
            anstream::eprintln!("HTML report: {}", terminal::shown(path));
        }
    }
    Ok(())
}

fn write_learned(
    arguments: &Analyze,
    analysis: &Analysis,
    format: Learned,
) -> Result<(), CommandError> {
    let document = learned::document(format, &analysis.endpoints, &arguments.about)?;
    terminal::write_out(arguments.out.as_deref(), document.as_bytes())
}

fn html(analysis: &Analysis, inputs: &[String], docs: Docs<'_>) -> String {
    let names: Vec<&str> =
        inputs.iter().map(|name| name.rsplit('/').next().unwrap_or(name)).collect();
    let title = match names.as_slice() {
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    };
    let now = bartizan_model::Timestamp::from_micros(micros_now()).to_string();
    let generated_at = format!("{} {} UTC", &now[..10], &now[11..16]);
    let context = ReportContext {
        title: &title,
        generated_at: &generated_at,
        version: env!("CARGO_PKG_VERSION"),
        inputs,
        docs,
    };
    output::html::render(analysis, &context)
}

/// Microseconds since the epoch: the one place where the command reads the clock.
pub(crate) fn micros_now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
}

fn annotate(path: &Path, spool: Spool, state: &State) -> Result<(), CommandError> {
    let shown = path.display().to_string();
    let fail = |error: std::io::Error| CommandError::output(&shown, &error);
    if path == Path::new("-") {
        let mut out = BufWriter::new(std::io::stdout().lock());
        spool.write(state, &mut out).and_then(|_| out.flush()).map_err(fail)?;
        return Ok(());
    }
    let mut out = BufWriter::new(std::fs::File::create(path).map_err(fail)?);
    spool.write(state, &mut out).and_then(|_| out.flush()).map_err(fail)?;
    Ok(())
}

/// A source that cannot be read, as the command reports it.
pub(super) fn input_error(error: &SourceError) -> CommandError {
    CommandError::input(error.to_string())
}

fn failed_run(error: RunError) -> CommandError {
    match error {
        RunError::Spool(error) => CommandError::output("a temporary file", &error),
        RunError::Keep(KeepError::Store(error)) => data::failed(&error),
        RunError::Keep(error) => CommandError::usage(error.to_string()),
    }
}

fn snapshot(
    cli: &Cli,
    config: &Config,
    scope: &Scope,
    kept: Option<&kept::Kept>,
) -> Result<Snapshot, CommandError> {
    let key = match kept {
        Some(kept) => kept.key(),
        None => {
            let (key, unkept) = key::of_user(&scope.organisation)?;
            if let Some(why) = unkept.filter(|_| !cli.quiet) {
                anstream::eprintln!("note: hashes will differ from run to run ({why})");
            }
            key
        }
    };
    config::snapshot(config, scope.clone(), key)
}

/// Organisation and environment of the configuration.
pub(super) fn scope(config: &Config) -> Scope {
    Scope {
        organisation: OrganisationId::from_text(config.organisation.as_str()),
        environment: EnvironmentId::from_text(config.environment.as_str()),
    }
}

fn names(inputs: &[PathBuf]) -> Vec<String> {
    inputs.iter().map(|path| path.display().to_string()).collect()
}

fn threads(wanted: u16) -> usize {
    match wanted {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => usize::from(n),
    }
}

/// A flag that the first interrupt sets; the second ends the process at once.
fn cancel_on_interrupt() -> &'static AtomicBool {
    static CANCELLED: AtomicBool = AtomicBool::new(false);
    std::thread::spawn(|| {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                CANCELLED.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
    });
    &CANCELLED
}
