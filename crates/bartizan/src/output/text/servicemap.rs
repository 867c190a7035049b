//! Services that call each other, and third parties, as tables; the graph also for Graphviz.

use std::fmt::Write as _;

use bartizan_model::{NodeKind, ServiceGraph, ServiceLink, ThirdParty};
use comfy_table::{Attribute, Cell, Color};

use super::{
    Style,
    out::{Out, safe},
};
use crate::output::words::{self, number};

/// Classes, callers and credentials that are named in a cell.
const NAMED: usize = 3;

/// Which services call which, in the order given.
#[must_use]
pub fn services(graph: &ServiceGraph, style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    if graph.links.is_empty() {
        out.line("No calls between services are known.");
        return out.text;
    }
    let rows = graph.links.iter().map(|link| {
        let told = link.told_by.iter().map(|told| told.by.as_str().replace('_', " "));
        let operation = link.top_operations.first().map(|one| one.name.as_str());
        vec![
            Cell::new(safe(&named(graph, &link.caller))),
            Cell::new(safe(&named(graph, &link.callee))),
            Cell::new(number(link.calls)),
            failed(link.failures),
            Cell::new(durations(link)),
            Cell::new(safe(operation.unwrap_or_default())),
            Cell::new(told.collect::<Vec<_>>().join(", ")).add_attribute(Attribute::Dim),
        ]
    });
    let head = ["Caller", "Calls", "How often", "Failed", "Half / 9 in 10", "Mostly", "Told by"];
    out.table(&head, &[2, 3], rows.collect());
    if graph.links_left_out > 0 {
        let left_out = number(graph.links_left_out);
        out.line(&format!("{left_out} more pairs with fewer calls are left out."));
    }
    if graph.forgotten > 0 {
        out.line(&format!(
            "{} callers of single operations were forgotten for want of room: counts may be too small.",
            number(graph.forgotten)
        ));
    }
    out.text
}

/// APIs of others that ours call, in the order given.
#[must_use]
pub fn egress(parties: &[ThirdParty], style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    if parties.is_empty() {
        out.line("No call to a third party is known.");
        return out.text;
    }
    let rows = parties.iter().map(|party| {
        let callers: Vec<_> = party.callers.iter().map(|one| one.name.as_str()).collect();
        let sent: Vec<_> = party.sent.iter().map(|one| one.class.as_str()).collect();
        let kinds: Vec<_> = party.credentials.iter().map(|one| one.auth_type.as_str()).collect();
        vec![
            Cell::new(safe(&party.host)),
            Cell::new(number(party.requests)),
            Cell::new(number(party.operations)),
            Cell::new(safe(&few(&callers))),
            Cell::new(safe(&few(&sent))),
            Cell::new(few(&kinds)),
            transport(party),
            Cell::new(party.last_seen.map(words::day_clock).unwrap_or_default()),
            Cell::new(party.told_by.as_str()).add_attribute(Attribute::Dim),
        ]
    });
    let head = [
        "Host",
        "Calls",
        "Operations",
        "Who calls",
        "Sent there",
        "Credentials",
        "Transport",
        "Last, UTC",
        "Told by",
    ];
    out.table(&head, &[1, 2], rows.collect());
    out.text
}

/// The graph in the language of Graphviz: names are quoted, and nothing in them is a command there.
#[must_use]
pub fn dot(graph: &ServiceGraph) -> String {
    let mut out = String::from("digraph services {\n  rankdir=LR;\n");
    for node in &graph.nodes {
        let shape = match node.kind {
            NodeKind::Service => "box",
            NodeKind::Workload => "component",
            NodeKind::ThirdParty => "hexagon",
            NodeKind::Network => "ellipse",
        };
        let (id, name) = (quoted(&node.id), quoted(&node.name));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {id} [label={name}, shape={shape}];");
    }
    for link in &graph.links {
        let (from, to, calls) = (quoted(&link.caller), quoted(&link.callee), link.calls);
        let _ = writeln!(out, "  {from} -> {to} [label=\"{calls}\"];");
    }
    out.push_str("}\n");
    out
}

/// A string of the language of Graphviz, where a backslash begins an escape in labels.
fn quoted(text: &str) -> String {
    format!("\"{}\"", safe(text).replace('\\', "\\\\").replace('"', "\\\""))
}

fn named(graph: &ServiceGraph, id: &str) -> String {
    let node = graph.nodes.iter().find(|node| node.id == id);
    node.map_or_else(
        || id.to_owned(),
        |node| match node.kind {
            NodeKind::Network => format!("({} network)", node.name),
            NodeKind::ThirdParty => format!("{} (third party)", node.name),
            NodeKind::Service | NodeKind::Workload => node.name.clone(),
        },
    )
}

fn failed(failures: u64) -> Cell {
    let cell = Cell::new(number(failures));
    if failures > 0 { cell.fg(Color::Yellow) } else { cell.add_attribute(Attribute::Dim) }
}

fn durations(link: &ServiceLink) -> String {
    match (link.median_ms, link.p90_ms) {
        (Some(half), Some(most)) => format!("{half:.1} / {most:.1} ms"),
        _ => String::new(),
    }
}

fn transport(party: &ThirdParty) -> Cell {
    match (party.encrypted, party.plain) {
        (0, 0) => Cell::new(""),
        (_, 0) => Cell::new("TLS"),
        (0, _) => Cell::new("plain text").fg(Color::Red),
        (_, plain) => Cell::new(format!("TLS, {} plain", number(plain))).fg(Color::Red),
    }
}

/// The first few names, and how many more there are.
fn few(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{
        EndpointId, LinkBy, ServiceNode, ToldBy,
        services::{CalledOperation, EgressClass, LinkTold},
    };

    use super::{super::head_and_row, *};

    #[test]
    fn names_stay_names_in_graphviz() {
        let node = ServiceNode {
            id: "service:a\"]; b -> c [x=\"".to_owned(),
            kind: NodeKind::Service,
            name: "a\\\"\n\u{1b}[31m".to_owned(),
            hosts: Vec::new(),
            endpoints: 0,
            fan_out: 0,
            composite_endpoints: 0,
        };
        let graph = ServiceGraph { nodes: vec![node], ..ServiceGraph::default() };
        let text = dot(&graph);
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("\"service:a\\\"]; b -> c [x=\\\"\""), "{text}");
        assert!(!text.contains('\u{1b}') && text.contains("label=\"a\\\\\\\""), "{text}");
    }

    #[test]
    fn lists_say_what_their_columns_are() {
        let link = ServiceLink {
            caller: "service:shop".to_owned(),
            callee: "network:private".to_owned(),
            calls: 1_234,
            failures: 5,
            operations: 1,
            top_operations: vec![CalledOperation {
                endpoint_id: EndpointId::from_text("ep_1"),
                name: "GET /stock".to_owned(),
                calls: 1_234,
            }],
            median_ms: Some(2.0),
            p90_ms: Some(9.5),
            first_seen: None,
            last_seen: None,
            told_by: vec![LinkTold { by: LinkBy::TraceContext, calls: 1_234 }],
        };
        let graph = ServiceGraph { links: vec![link], ..ServiceGraph::default() };
        let [head, row] = head_and_row(&services(&graph, Style::PLAIN, 160));
        assert_eq!(head, "Caller Calls How often Failed Half / 9 in 10 Mostly Told by");
        let told = "service:shop network:private 1,234 5 2.0 / 9.5 ms GET /stock trace context";
        assert_eq!(row, told);
        let party = ThirdParty {
            host: "api.pay.example".to_owned(),
            told_by: ToldBy::Traffic,
            told: String::new(),
            requests: 78,
            failures: 0,
            encrypted: 70,
            plain: 8,
            operations: 4,
            top_operations: Vec::new(),
            callers: Vec::new(),
            sent: vec![EgressClass { class: "email".to_owned(), values: 3, operations: 1 }],
            received: Vec::new(),
            credentials: Vec::new(),
            first_seen: None,
            last_seen: None,
        };
        let [head, row] = head_and_row(&egress(&[party], Style::PLAIN, 160));
        let names =
            "Host Calls Operations Who calls Sent there Credentials Transport Last, UTC Told by";
        assert_eq!(head, names);
        assert_eq!(row, "api.pay.example 78 4 email TLS, 8 plain traffic");
    }

    #[test]
    fn nothing_known_is_said() {
        assert!(services(&ServiceGraph::default(), Style::PLAIN, 100).contains("No calls"));
        assert!(egress(&[], Style::PLAIN, 100).contains("No call to"));
        assert_eq!(few(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
