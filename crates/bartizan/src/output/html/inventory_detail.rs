//! What opens under a row of the inventory.

use bartizan_model::{AuthKnown, Direction, Endpoint, Parameter};
use maud::{Markup, html};

use super::{
    Page, inventory_written,
    marks::not_evaluated,
    parts::{anchor, bar, data_class, href, ledger, severity, text},
};
use crate::output::{
    knowledge,
    words::{self, counted, number, percent},
};

/// Deepest indentation of the tree.
const MAX_DEPTH: usize = 6;

pub(super) fn body(page: &Page<'_>, endpoint: &Endpoint, most_parameters: usize) -> Markup {
    html! {
        div.ep-body id=(anchor(endpoint.id.as_str())) {
            div {
                (parameters(page, endpoint, most_parameters))
                (inventory_written::written(endpoint))
                (discovered(endpoint))
                @if !endpoint.template_evidence.is_empty() {
                    section {
                        h4 { "Why the path has parameters" }
                        ul.plainlist {
                            @for line in endpoint.template_evidence.iter().take(8) { li { (text(line)) } }
                        }
                    }
                }
            }
            div {
                (related(page, endpoint))
                section { h4 { "Risk" } (ledger(&endpoint.risk.factors, endpoint.risk.score, "Risk")) }
                (auth(endpoint))
                (statuses(endpoint))
                (known(endpoint))
            }
        }
    }
}

/// A line of the parameter tree.
struct Line<'a> {
    parameter: &'a Parameter,
    depth: usize,
    /// Steps between the parent that is shown and this one.
    label: &'a str,
}

/// What parts the steps of a location: of those of gRPC dots do, too.
fn marks(location: &str) -> &'static [char] {
    if location.starts_with("grpc:") { &['/', '!', '.'] } else { &['/', '!'] }
}

/// Parameters of one side as a tree: a location that lies under another is indented below it.
fn tree<'a>(parameters: &[&'a Parameter]) -> Vec<Line<'a>> {
    let mut sorted = parameters.to_vec();
    // Step by step, so that `/items-2` does not come between `/items` and `/items/*`.
    let steps = |p: &'a Parameter| p.location.as_str().split(marks(p.location.as_str()));
    sorted.sort_by(|a, b| steps(a).cmp(steps(b)));
    let mut above: Vec<&str> = Vec::new();
    let mut lines = Vec::with_capacity(sorted.len());
    for parameter in sorted {
        let location = parameter.location.as_str();
        let under = |parent: &str| {
            let rest = location.strip_prefix(parent);
            rest.is_some_and(|rest| rest.starts_with(marks(location)))
        };
        while above.last().is_some_and(|parent| !under(parent)) {
            above.pop();
        }
        let cut = above.last().map_or(0, |parent| parent.len() + 1);
        let label = location.get(cut..).unwrap_or(location);
        lines.push(Line { parameter, depth: above.len().min(MAX_DEPTH), label });
        above.push(location);
    }
    lines
}

fn parameters(page: &Page<'_>, endpoint: &Endpoint, most: usize) -> Markup {
    let of = |direction: Direction| -> Vec<&Parameter> {
        endpoint.granted().filter(|p| p.direction == direction).collect()
    };
    let (sent, returned) = (of(Direction::Request), of(Direction::Response));
    // Both sides get their share of the room.
    let half = (most / 2).max(1);
    let room = |mine: usize, other: usize| mine.min(most.saturating_sub(other.min(half)).max(half));
    html! {
        section {
            h4 { "What goes in, what comes out" }
            @if sent.is_empty() && returned.is_empty() {
                p.small.quiet { "No parameter and no field was seen." }
            } @else {
                table.par {
                    thead { tr { th { "Place" } th { "Type" } th { "Shapes" } th { "Data" } th.num { "Values" } } }
                    tbody {
                        (side(page, endpoint, "Sent", &sent, room(sent.len(), returned.len())))
                        (side(page, endpoint, "Returned", &returned, room(returned.len(), sent.len())))
                    }
                }
            }
        }
    }
}

fn side(
    page: &Page<'_>,
    endpoint: &Endpoint,
    name: &str,
    of: &[&Parameter],
    most: usize,
) -> Markup {
    html! {
        @if !of.is_empty() {
            tr.group { td colspan="5" { (name) " · " (of.len()) } }
            @for line in tree(of).iter().take(most) { (parameter(page, endpoint, line)) }
            @if of.len() > most { tr { td.dim colspan="5" { (of.len() - most) " more in the JSON output" } } }
        }
    }
}

fn parameter(page: &Page<'_>, endpoint: &Endpoint, line: &Line<'_>) -> Markup {
    let p = line.parameter;
    let depth = format!("d{}", line.depth);
    let cut = line.label.rfind(marks(p.location.as_str())).map_or(0, |at| at + 1);
    let (before, name) = line.label.split_at_checked(cut).unwrap_or(("", line.label));
    let classes = endpoint
        .data_classes
        .iter()
        .filter(|c| c.direction == p.direction && c.location == p.location);
    html! {
        tr {
            td class=[(line.depth > 0).then_some(depth)] {
                @if !before.is_empty() { span.dim { (text(before)) } }
                (text(name))
                @if p.required == Some(true) { span.dim { (if p.seen == 0 { " required" } else { " always" }) } }
            }
            td { (text(&p.value_type)) @if !p.format.is_empty() { " " span.dim { (text(&p.format)) } } }
            td.dim {
                @for (i, shape) in p.examples_redacted.iter().take(2).enumerate() {
                    @if i > 0 { " · " } (text(shape))
                }
            }
            td {
                @for class in classes.take(3) {
                    (data_class(page, &class.class)) " "
                    @if let Some(n) = class.principals.filter(|n| *n > 0) {
                        span.dim { (counted(n, "principal", "principals")) " " }
                    }
                }
            }
            td.num { (number(p.seen)) }
        }
    }
}

fn related(page: &Page<'_>, endpoint: &Endpoint) -> Markup {
    let findings = page.lookup.findings(endpoint);
    let detections = page.lookup.detections_at(endpoint);
    html! {
        @if !findings.is_empty() || !detections.is_empty() {
            section {
                h4 { "Here" }
                ul.links {
                    @for finding in findings.iter().take(8) {
                        li { (severity(finding.severity)) a href=(href(finding.id.as_str())) { (text(&finding.title)) } }
                    }
                    @for detection in detections.iter().take(8) {
                        li { (severity(detection.severity)) a href=(href(detection.id.as_str())) { (text(&detection.title)) } }
                    }
                    @if findings.len() > 8 || detections.len() > 8 {
                        li.quiet { (findings.len().saturating_sub(8) + detections.len().saturating_sub(8)) " more" }
                    }
                }
            }
        }
    }
}

fn auth(endpoint: &Endpoint) -> Markup {
    let basis = words::auth_basis(endpoint);
    html! {
        section {
            h4 { "Authentication" }
            p.small.quiet {
                @match endpoint.auth_known() {
                    AuthKnown::Seen => { "Share " (basis) "." },
                    AuthKnown::NoneSeen => { "No credential was seen in any " (basis) "." },
                    AuthKnown::NotEvaluated => { (not_evaluated(&format!("{}:", words::NOT_EVALUATED))) " " (basis) "." },
                }
            }
            @if !endpoint.auth.is_empty() { table.ledger {
                tbody {
                    @for auth in endpoint.auth.iter().take(8) {
                        tr {
                            td { (words::auth_type(auth.auth_type)) ", " code { (text(&auth.location)) "." (text(&auth.name)) } }
                            td.bar { (bar(auth.coverage, "fill")) }
                            td.num { (percent(auth.coverage)) }
                        }
                    }
                }
            } }
        }
    }
}

fn statuses(endpoint: &Endpoint) -> Markup {
    let all: u64 = endpoint.statuses.iter().map(|(_, n)| n).sum();
    html! {
        @if !endpoint.statuses.is_empty() {
            section {
                h4 { "Answers" }
                table.ledger {
                    tbody {
                        @for (status, count) in endpoint.statuses.iter().take(10) {
                            tr {
                                td.mono { @if *status == 0 { "none" } @else { (status) } }
                                td.bar { (bar(words::share(*count, all), "fill")) }
                                td.num { (number(*count)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What code, crawls and perimeters know of it.
fn discovered(endpoint: &Endpoint) -> Markup {
    html! {
        @if !endpoint.discovered.is_empty() {
            section {
                h4 { "Known by " (knowledge::known_by(endpoint)) }
                ul.plainlist {
                    @for one in &endpoint.discovered {
                        li { b { (words::capital(one.by.as_str())) } ": " (text(&knowledge::discovered(one))) }
                    }
                    @if let Some(told) = knowledge::beside_traffic(endpoint) { li { (told) } }
                }
            }
        }
    }
}

fn known(endpoint: &Endpoint) -> Markup {
    html! {
        section {
            dl.pairs {
                dt { "Protocol" } dd { (words::protocol(endpoint.protocol)) }
                @if endpoint.operation.is_some() { dt { "Path" } dd.mono { (text(&endpoint.path)) } }
                @for (fact, value, told) in words::who_and_where(endpoint) {
                    @if let Some(value) = value {
                        dt { (words::capital(words::fact(fact))) }
                        dd { (text(&value)) @if !told.is_empty() { " (" (text(&told)) ")" } }
                    }
                }
                dt { "Reached" } dd { (words::reached(endpoint.reached)) }
                @for resource in &endpoint.resources {
                    dt { (words::capital(resource.kind.as_str())) } dd.mono { (text(&resource.name)) }
                }
                @for (what, which) in words::conversation(endpoint) {
                    dt { (words::capital(what)) } dd.mono { (text(&which)) }
                }
                @for call in &endpoint.calls { dt { "Calls" } dd.mono { (text(&call.name)) } }
                @if let Some(first) = endpoint.first_seen { dt { "First seen" } dd { (words::day_clock(first)) } }
                @if let Some(last) = endpoint.last_seen { dt { "Last seen" } dd { (words::day_clock(last)) } }
                dt { "Id" } dd.mono { (text(endpoint.id.as_str())) }
                @if !endpoint.aliases.is_empty() { dt { "Also known as" } dd { (endpoint.aliases.len()) " ids" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_model::{Location, endpoint::Bounds};

    fn parameter(location: &str) -> Parameter {
        Parameter {
            name: String::new(),
            location: Location::from_text(location),
            direction: Direction::Response,
            value_type: "string".into(),
            format: String::new(),
            required: None,
            examples_redacted: Vec::new(),
            seen: 1,
            bounds: Bounds::default(),
            words: Vec::new(),
            pattern: String::new(),
            confidence: 0.0,
            bodies: Vec::new(),
        }
    }

    #[test]
    fn dots_part_what_is_below_a_message() {
        let list = ["grpc:Pay.card", "grpc:Pay.card.number", "grpc:Pay.cards"].map(parameter);
        let refs: Vec<&Parameter> = list.iter().collect();
        let lines: Vec<(usize, &str)> = tree(&refs).iter().map(|l| (l.depth, l.label)).collect();
        assert_eq!(lines, [(0, "grpc:Pay.card"), (1, "number"), (0, "grpc:Pay.cards")]);
    }

    #[test]
    fn locations_become_a_tree() {
        let list: Vec<Parameter> =
            ["body:/items/*/sku", "body:/items-2", "body:/items", "body:/t!jwt/sub", "body:/t"]
                .map(parameter)
                .into();
        let refs: Vec<&Parameter> = list.iter().collect();
        let lines: Vec<(usize, &str)> = tree(&refs).iter().map(|l| (l.depth, l.label)).collect();
        assert_eq!(
            lines,
            [
                (0, "body:/items"),
                (1, "*/sku"),
                (0, "body:/items-2"),
                (0, "body:/t"),
                (1, "jwt/sub")
            ]
        );
    }
}
