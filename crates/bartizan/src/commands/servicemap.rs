//! `catalog services` and `catalog egress`: which services call which, and whom ours call.

use bartizan_model::{ServiceGraph, ThirdParty};
use bartizan_store::{ThirdPartyFilter, ThirdPartyOrder};

use super::{
    Cli, CommandError, Exit,
    arguments::{CatalogEgress, CatalogServices, GraphFormat, ListFormat},
    data::failed,
    shown::{Shown, table},
};
use crate::output::text;

pub(super) fn services(cli: &Cli, arguments: &CatalogServices) -> Result<Exit, CommandError> {
    let shown = Shown::open(cli, &arguments.kept)?;
    let store = shown.data.directory.store();
    let found = shown.data.runtime.block_on(store.service_graph(&shown.scope));
    let mut graph = found.map_err(|error| failed(&error))?.unwrap_or_default();
    if let Some(service) = &arguments.service {
        narrow(&mut graph, service);
    }
    let format = match arguments.format {
        GraphFormat::Json => ListFormat::Json,
        GraphFormat::Csv => ListFormat::Csv,
        GraphFormat::Text => ListFormat::Text,
        GraphFormat::Dot => return shown.write(text::dot(&graph).as_bytes()),
    };
    shown.show(
        format,
        &graph,
        |out| table(&graph.links, out),
        |style, width| text::services(&graph, style, width),
    )
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
    let filter = ThirdPartyFilter {
        host_contains: arguments.host.clone(),
        told_by: Vec::new(),
        sent: arguments.sent.clone(),
        plain: arguments.plain.then_some(true),
    };
    let shown = Shown::open(cli, &arguments.list.kept)?;
    let (data, scope) = (&shown.data, &shown.scope);
    let store = data.directory.store();
    let mut parties: Vec<ThirdParty> = data.pages::<ThirdPartyOrder, _>(|page| {
        data.runtime.block_on(store.third_parties(scope, &filter, page))
    })?;
    parties.truncate(arguments.limit.unwrap_or(usize::MAX));
    shown.show(
        arguments.list.format,
        &parties,
        |out| table(&parties, out),
        |style, width| text::egress(&parties, style, width),
    )
}
