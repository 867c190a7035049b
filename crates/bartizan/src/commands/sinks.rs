//! `sinks`: what is configured, whether it works, and what was given up. Works beside a running server.

use std::{fmt::Write as _, path::Path};

use bartizan_model::{Event, EventId, Timestamp};
use bartizan_pipeline::sinks::{Answer, CompiledSink};
use bartizan_store::{DeadLetterFilter, Delivery, PageRequest, SinkState};

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{DeadLetters, ExplainFormat, SinksCommand, SinksShow},
    config,
    data::{self, Data, Open, failed},
    listing::who,
    terminal,
};
use crate::{
    config::{Config, Loaded},
    output::visible::visible,
    serve::{self, ServeError},
};

/// Most characters of an error in a list.
const ERROR_CHARS: usize = 120;

pub(super) fn run(cli: &Cli, command: &SinksCommand) -> Result<Exit, CommandError> {
    match command {
        SinksCommand::List(show) => list(cli, show),
        SinksCommand::Test { name } => test(cli, name),
        SinksCommand::DeadLetters { sink, limit, show } => {
            dead_letters(cli, sink.as_deref(), *limit, show)
        }
        SinksCommand::Retry(arguments) => act(cli, arguments, Deed::Retry),
        SinksCommand::Forget(arguments) => act(cli, arguments, Deed::Forget),
    }
}

fn compiled(loaded: &Loaded) -> Result<Vec<CompiledSink>, CommandError> {
    let compiled = serve::sinks::compile(&loaded.config.sinks);
    compiled.map_err(|error| config::refused(loaded, &ServeError::Sink(error)))
}

fn list(cli: &Cli, show: &SinksShow) -> Result<Exit, CommandError> {
    let loaded = config::current(cli)?;
    let sinks = compiled(&loaded)?;
    let scope = analyze::scope(&loaded.config);
    let folder = data::folder(show.data.as_ref(), &loaded.config);
    let states = states(&loaded.config, &scope, &folder)?;
    let kind = |state: &SinkState| {
        sinks.iter().find(|one| one.subscription.sink == state.sink).map(|one| one.item.kind)
    };
    // A sink that is configured and was never run has no figures yet.
    let fresh = sinks.iter().map(|one| one.subscription.sink.clone());
    let fresh = fresh.filter(|name| states.iter().all(|state| state.sink != *name));
    let fresh: Vec<_> = fresh.map(|sink| SinkState { sink, ..SinkState::default() }).collect();
    let all: Vec<_> = states.iter().chain(&fresh).map(|state| (kind(state), state)).collect();
    let text = match show.format {
        ExplainFormat::Json => {
            let one = |(kind, state): &(Option<&str>, &SinkState)| {
                let mut value = serde_json::to_value(state).map_err(shown)?;
                value["kind"] = (*kind).into();
                value["active"] = kind.is_some().into();
                Ok(value)
            };
            let values: Result<Vec<_>, CommandError> = all.iter().map(one).collect();
            format!("{:#}\n", serde_json::Value::from(values?))
        }
        ExplainFormat::Text => table(&all),
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

fn shown(error: serde_json::Error) -> CommandError {
    CommandError::usage(format!("cannot show it: {error}"))
}

/// Figures, as far as there is a store.
fn states(
    config: &Config,
    scope: &bartizan_model::Scope,
    folder: &Path,
) -> Result<Vec<SinkState>, CommandError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let data = Data::open_read_only(folder, config, scope)?;
    let states = data.runtime.block_on(data.directory.store().sink_states(scope));
    states.map_err(|error| failed(&error))
}

/// Names of sinks hold no control characters: the configuration refuses them.
fn table(sinks: &[(Option<&str>, &SinkState)]) -> String {
    if sinks.is_empty() {
        return "no sinks; `bartizan explain` lists the kinds, with examples\n".to_owned();
    }
    let mut out = String::new();
    for (kind, state) in sinks {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{:16}  {:10}  {} sent, {} waiting, {} dead letters, {} failed attempts, {} dropped",
            state.sink,
            kind.unwrap_or("(gone)"),
            state.sent,
            state.waiting,
            state.dead_letters,
            state.failed,
            state.dropped,
        );
    }
    out
}

fn test(cli: &Cli, name: &str) -> Result<Exit, CommandError> {
    let loaded = config::current(cli)?;
    let mut sinks = compiled(&loaded)?;
    let Some(at) = sinks.iter().position(|one| one.subscription.sink == name) else {
        let names: Vec<_> = sinks.iter().map(|one| one.subscription.sink.as_str()).collect();
        let help = format!("configured are: {}", names.join(", "));
        return Err(CommandError::usage(format!("there is no sink `{name}`")).help(help));
    };
    let mut sink = sinks.swap_remove(at);
    let now = Timestamp::from_micros(analyze::micros_now());
    let event = Event::test(&analyze::scope(&loaded.config), now);
    let id = event.id.clone();
    let delivery = Delivery {
        sink: name.to_owned(),
        attempts: 0,
        created: now,
        due: now,
        error: String::new(),
        event,
    };
    let answer = data::runtime()?.block_on(sink.sink.send(&[delivery])).pop();
    match answer {
        Some(Answer::Taken) => {
            let text = format!("{name} took the test event {id}\n");
            terminal::write_out(None, text.as_bytes())?;
            Ok(Exit::Clean)
        }
        answer => {
            let why = answer.as_ref().map_or("no answer", Answer::problem);
            let what = match answer {
                Some(Answer::Refused(_)) => "refused the test event for good",
                Some(Answer::Unreached(_)) => "was not reached",
                _ => "did not take the test event",
            };
            Err(CommandError::input(format!("{name} {what}: {}", visible(why, 500))))
        }
    }
}

fn dead_letters(
    cli: &Cli,
    sink: Option<&str>,
    limit: u32,
    show: &SinksShow,
) -> Result<Exit, CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let data = Data::open_read_only(&data::folder(show.data.as_ref(), &config), &config, &scope)?;
    let filter = DeadLetterFilter { sink: sink.map(str::to_owned), event: None };
    let mut page = PageRequest::first(limit);
    let mut letters: Vec<Delivery> = Vec::new();
    loop {
        let found = data.directory.store().dead_letters(&scope, &filter, &page);
        let found = data.runtime.block_on(found).map_err(|error| failed(&error))?;
        letters.extend(found.items);
        match found.next {
            Some(next) if letters.len() < limit as usize => page = PageRequest::after(limit, next),
            _ => break,
        }
    }
    letters.truncate(limit as usize);
    let text = match show.format {
        ExplainFormat::Json => {
            let values: Result<Vec<_>, _> = letters.iter().map(serde_json::to_value).collect();
            format!("{:#}\n", serde_json::Value::from(values.map_err(shown)?))
        }
        ExplainFormat::Text => letters.iter().map(line).collect(),
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

fn line(letter: &Delivery) -> String {
    format!(
        "{}  {}  {}  {}: {}\n    after {} attempts: {}\n",
        letter.event.id,
        letter.due,
        letter.sink,
        letter.event.kind,
        visible(&letter.event.headline(), ERROR_CHARS),
        letter.attempts,
        visible(&letter.error, ERROR_CHARS),
    )
}

#[derive(Clone, Copy)]
enum Deed {
    Retry,
    Forget,
}

fn act(cli: &Cli, arguments: &DeadLetters, deed: Deed) -> Result<Exit, CommandError> {
    let open = Open::new(cli, arguments.data.as_ref(), false)?;
    let event = arguments.id.as_deref().map(EventId::from_text);
    let filter = DeadLetterFilter { sink: arguments.sink.clone(), event };
    let (who, scope, store) = (who(), &open.scope, &open.store);
    let (done, word) = match deed {
        Deed::Retry => {
            let done = store.retry_dead_letters(scope, &filter, &who, open.now);
            (open.runtime.block_on(done), "to be sent again")
        }
        Deed::Forget => {
            let done = store.forget_dead_letters(scope, &filter, &who, open.now);
            (open.runtime.block_on(done), "forgotten")
        }
    };
    let many = done.map_err(|error| failed(&error))?;
    if many == 0 && arguments.id.is_some() {
        return Err(CommandError::usage("there is no such dead letter of a configured sink")
            .help("`bartizan sinks dead-letters` lists them"));
    }
    terminal::write_out(None, format!("{many} events {word}\n").as_bytes())?;
    Ok(Exit::Clean)
}
