//! `catalog changes`: what became different in the catalogue since its baseline.

use bartizan_model::{Change, EndpointId};
use bartizan_store::{ChangeBaseline, ChangeFilter, ChangeOrder};

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{CatalogChanges, ListFormat},
    config,
    data::{self, Data, failed},
    listing, terminal,
};
use crate::output::{self, csv};

pub(super) fn run(cli: &Cli, arguments: &CatalogChanges) -> Result<Exit, CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let folder = data::folder(arguments.data.as_ref(), &config);
    let filter = ChangeFilter {
        kinds: arguments.kind.clone(),
        grades: arguments.grade.clone(),
        endpoint: arguments.endpoint.as_deref().map(EndpointId::from_text),
        hosts: arguments.host.clone(),
        since: arguments.since.as_deref().map(listing::parse_time).transpose()?,
        before: None,
    };
    let data = Data::open_read_only(&folder, &config, &scope)?;
    let store = data.directory.store();
    let mut changes: Vec<Change> = data.pages::<ChangeOrder, _>(|page| {
        data.runtime.block_on(store.changes(&scope, &filter, page))
    })?;
    changes.truncate(arguments.limit.unwrap_or(usize::MAX));
    let baseline = data.runtime.block_on(store.change_baseline(&scope));
    let baseline = baseline.map_err(|error| failed(&error))?;
    let out = arguments.out.as_deref();
    let bytes = match arguments.format {
        ListFormat::Json => json(&changes)?,
        ListFormat::Csv => {
            let mut text = csv::head::<Change>();
            changes.iter().for_each(|change| csv::line(change, &mut text));
            text.into_bytes()
        }
        ListFormat::Text => {
            let (style, width) = (terminal::style(out), terminal::width());
            let mut text = output::text::changes(&changes, style, width);
            if changes.is_empty() {
                text.push_str(&told_since(baseline));
            }
            text.into_bytes()
        }
    };
    terminal::write_out(out, &bytes)?;
    Ok(Exit::Clean)
}

fn json(changes: &[Change]) -> Result<Vec<u8>, CommandError> {
    let written = serde_json::to_vec_pretty(changes).map_err(std::io::Error::from);
    let mut bytes = written.map_err(|error| CommandError::output("the list", &error))?;
    bytes.push(b'\n');
    Ok(bytes)
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
