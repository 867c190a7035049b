//! `catalog journeys`: how callers go through services.

use bartizan_model::{Journey, JourneyId, JourneySummary};
use bartizan_store::{JourneyFilter, JourneyOrder};
use serde::Serialize;

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{CatalogJourneys, ListFormat},
    config,
    data::{self, Data, failed},
    terminal,
};
use crate::output::{
    self,
    csv::{self, NamedMove},
};

pub(super) fn run(cli: &Cli, arguments: &CatalogJourneys) -> Result<Exit, CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let folder = data::folder(arguments.data.as_ref(), &config);
    let filter = JourneyFilter { hosts: arguments.host.clone(), roles: arguments.role.clone() };
    let data = Data::open_read_only(&folder, &config, &scope)?;
    let store = data.directory.store();
    let mut graphs: Vec<JourneySummary> = data.pages::<JourneyOrder, _>(|page| {
        data.runtime.block_on(store.journeys(&scope, &filter, page))
    })?;
    let Some(wanted) = &arguments.journey else {
        graphs.truncate(arguments.limit.unwrap_or(usize::MAX));
        return list(arguments, &graphs);
    };
    let fits: Vec<&JourneyId> =
        graphs.iter().map(|one| &one.id).filter(|id| id.as_str().starts_with(wanted)).collect();
    let id = match fits[..] {
        [one] => one,
        [] => {
            return Err(CommandError::usage(format!("there is no journey graph `{wanted}`"))
                .help("the list without an id shows them all"));
        }
        _ => {
            return Err(CommandError::usage(format!("`{wanted}` fits {} graphs", fits.len()))
                .help("give more of the id"));
        }
    };
    let journey = data.runtime.block_on(store.journey(&scope, id)).map_err(|e| failed(&e))?;
    let gone = || CommandError::usage(format!("there is no journey graph `{wanted}`"));
    show(arguments, &journey.ok_or_else(gone)?)
}

fn list(arguments: &CatalogJourneys, graphs: &[JourneySummary]) -> Result<Exit, CommandError> {
    let out = arguments.out.as_deref();
    let bytes = match arguments.format {
        ListFormat::Json => json(&graphs)?,
        ListFormat::Csv => {
            let mut text = csv::head::<JourneySummary>();
            graphs.iter().for_each(|one| csv::line(one, &mut text));
            text.into_bytes()
        }
        ListFormat::Text => {
            let (style, width) = (terminal::style(out), terminal::width());
            output::text::journeys(graphs, style, width).into_bytes()
        }
    };
    terminal::write_out(out, &bytes)?;
    Ok(Exit::Clean)
}

/// One graph; as CSV its moves.
fn show(arguments: &CatalogJourneys, journey: &Journey) -> Result<Exit, CommandError> {
    let out = arguments.out.as_deref();
    let bytes = match arguments.format {
        ListFormat::Json => json(journey)?,
        ListFormat::Csv => {
            let mut text = csv::head::<NamedMove<'_>>();
            let moves = journey.moves.iter().map(|one| NamedMove { journey, one });
            moves.for_each(|one| csv::line(&one, &mut text));
            text.into_bytes()
        }
        ListFormat::Text => {
            let (style, width) = (terminal::style(out), terminal::width());
            output::text::journey(journey, arguments.limit, style, width).into_bytes()
        }
    };
    terminal::write_out(out, &bytes)?;
    Ok(Exit::Clean)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, CommandError> {
    let written = serde_json::to_vec_pretty(value).map_err(std::io::Error::from);
    let mut bytes = written.map_err(|error| CommandError::output("the list", &error))?;
    bytes.push(b'\n');
    Ok(bytes)
}
