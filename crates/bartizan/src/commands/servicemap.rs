//! `catalog services` and `catalog egress`: which services call which, and whom ours call.

use bartizan_model::{ServiceGraph, ThirdParty};
use bartizan_store::{ThirdPartyFilter, ThirdPartyOrder};
use serde::Serialize;

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{CatalogEgress, CatalogServices, GraphFormat, ListFormat},
    config,
    data::{self, Data, failed},
    terminal,
};
use crate::output::{
    csv::{self, Record},
    text,
};

pub(super) fn services(cli: &Cli, arguments: &CatalogServices) -> Result<Exit, CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let folder = data::folder(arguments.data.as_ref(), &config);
    let data = Data::open_read_only(&folder, &config, &scope)?;
    let found = data.runtime.block_on(data.directory.store().service_graph(&scope));
    let mut graph = found.map_err(|error| failed(&error))?.unwrap_or_default();
    if let Some(service) = &arguments.service {
        narrow(&mut graph, service);
    }
    let out = arguments.out.as_deref();
    let bytes = match arguments.format {
        GraphFormat::Json => json(&graph)?,
        GraphFormat::Csv => table(&graph.links),
        GraphFormat::Dot => text::dot(&graph).into_bytes(),
        GraphFormat::Text => {
            text::services(&graph, terminal::style(out), terminal::width()).into_bytes()
        }
    };
    terminal::write_out(out, &bytes)?;
    Ok(Exit::Clean)
}

/// Leaves the calls of and to one service, and who takes part in them.
fn narrow(graph: &mut ServiceGraph, service: &str) {
    let nodes = graph.nodes.iter().filter(|node| node.id == service || node.name == service);
    let wanted: Vec<String> = nodes.map(|node| node.id.clone()).collect();
    graph.links.retain(|link| wanted.contains(&link.caller) || wanted.contains(&link.callee));
    let links = &graph.links;
    let takes_part = |id: &String| {
        wanted.contains(id) || links.iter().any(|link| [&link.caller, &link.callee].contains(&id))
    };
    graph.nodes.retain(|node| takes_part(&node.id));
}

pub(super) fn egress(cli: &Cli, arguments: &CatalogEgress) -> Result<Exit, CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let folder = data::folder(arguments.data.as_ref(), &config);
    let filter = ThirdPartyFilter {
        host_contains: arguments.host.clone(),
        told_by: Vec::new(),
        sent: arguments.sent.clone(),
        plain: arguments.plain.then_some(true),
    };
    let data = Data::open_read_only(&folder, &config, &scope)?;
    let store = data.directory.store();
    let mut parties: Vec<ThirdParty> = data.pages::<ThirdPartyOrder, _>(|page| {
        data.runtime.block_on(store.third_parties(&scope, &filter, page))
    })?;
    parties.truncate(arguments.limit.unwrap_or(usize::MAX));
    let out = arguments.out.as_deref();
    let bytes = match arguments.format {
        ListFormat::Json => json(&parties)?,
        ListFormat::Csv => table(&parties),
        ListFormat::Text => {
            text::egress(&parties, terminal::style(out), terminal::width()).into_bytes()
        }
    };
    terminal::write_out(out, &bytes)?;
    Ok(Exit::Clean)
}

fn table<R: Record>(records: &[R]) -> Vec<u8> {
    let mut text = csv::head::<R>();
    records.iter().for_each(|record| csv::line(record, &mut text));
    text.into_bytes()
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, CommandError> {
    let written = serde_json::to_vec_pretty(value).map_err(std::io::Error::from);
    let mut bytes = written.map_err(|error| CommandError::output("the list", &error))?;
    bytes.push(b'\n');
    Ok(bytes)
}
