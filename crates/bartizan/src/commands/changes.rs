//! `catalog changes`: what became different in the catalogue since its baseline.

use bartizan_model::{Change, EndpointId};
use bartizan_store::{ChangeBaseline, ChangeFilter, ChangeOrder};

use super::{
    Cli, CommandError, Exit,
    arguments::CatalogChanges,
    data::failed,
    listing,
    shown::{Shown, table},
};
use crate::output;

pub(super) fn run(cli: &Cli, arguments: &CatalogChanges) -> Result<Exit, CommandError> {
    let filter = ChangeFilter {
        kinds: arguments.kind.clone(),
        grades: arguments.grade.clone(),
        endpoint: arguments.endpoint.as_deref().map(EndpointId::from_text),
        hosts: arguments.host.clone(),
        since: arguments.since.as_deref().map(listing::parse_time).transpose()?,
        before: None,
    };
    let shown = Shown::open(cli, &arguments.list.kept)?;
    let (data, scope) = (&shown.data, &shown.scope);
    let store = data.directory.store();
    let mut changes: Vec<Change> = data.pages::<ChangeOrder, _>(|page| {
        data.runtime.block_on(store.changes(scope, &filter, page))
    })?;
    changes.truncate(arguments.limit.unwrap_or(usize::MAX));
    let baseline = data.runtime.block_on(store.change_baseline(scope));
    let baseline = baseline.map_err(|error| failed(&error))?;
    shown.show(
        arguments.list.format,
        &changes,
        |out| table(&changes, out),
        |style, width| {
            let mut text = output::text::changes(&changes, style, width);
            if changes.is_empty() {
                text.push_str(&told_since(baseline));
            }
            text
        },
    )
}

/// Why there may be none.
fn told_since(baseline: Option<ChangeBaseline>) -> String {
    let text = match baseline {
        None => "Nothing was compared yet: the first results are the baseline.".to_owned(),
        Some(ChangeBaseline { began, ends }) if began == ends => {
            format!("What came after the results of {began} is compared with them.")
        }
        Some(ChangeBaseline { began, ends }) => {
            format!(
                "The baseline is what was seen from {began} to {ends}; what is new later is told."
            )
        }
    };
    format!("{text}\n")
}
