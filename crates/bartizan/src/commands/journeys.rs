//! `catalog journeys`: how callers go through services.

use bartizan_model::{JourneyId, JourneySummary};
use bartizan_store::{JourneyFilter, JourneyOrder};

use super::{
    Cli, CommandError, Exit,
    arguments::CatalogJourneys,
    data::failed,
    shown::{Shown, table},
};
use crate::output::{self, csv::NamedMove};

pub(super) fn run(cli: &Cli, arguments: &CatalogJourneys) -> Result<Exit, CommandError> {
    let filter = JourneyFilter { hosts: arguments.host.clone(), roles: arguments.role.clone() };
    let shown = Shown::open(cli, &arguments.list.kept)?;
    let (data, scope, format) = (&shown.data, &shown.scope, arguments.list.format);
    let store = data.directory.store();
    let mut graphs: Vec<JourneySummary> = data.pages::<JourneyOrder, _>(|page| {
        data.runtime.block_on(store.journeys(scope, &filter, page))
    })?;
    let Some(wanted) = &arguments.journey else {
        graphs.truncate(arguments.limit.unwrap_or(usize::MAX));
        return shown.show(
            format,
            &graphs,
            |out| table(&graphs, out),
            |style, width| output::text::journeys(&graphs, style, width),
        );
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
    let journey = data.runtime.block_on(store.journey(scope, id)).map_err(|e| failed(&e))?;
    let gone = || CommandError::usage(format!("there is no journey graph `{wanted}`"));
    let journey = &journey.ok_or_else(gone)?;
    shown.show(
        format,
        journey,
        |out| table(journey.moves.iter().map(|one| NamedMove { journey, one }), out),
        |style, width| output::text::journey(journey, arguments.limit, style, width),
    )
}
