//! Lists: inventory, findings, incidents.

use bartizan_model::{
    Change, ChangeGrade, Endpoint, Finding, Incident, InventoryState, KnownBy, Severity,
};
use comfy_table::{Attribute, Cell, Color};

use super::{
    Style, merlons,
    out::{Out, safe},
};
use crate::output::{
    knowledge,
    words::{self, number},
};

/// The inventory as a table: one row per endpoint, in the order given. At most `width` columns.
#[must_use]
pub fn catalog(endpoints: &[Endpoint], style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    if endpoints.is_empty() {
        out.line("No endpoint is known.");
    } else {
        catalog_into(&mut out, endpoints);
    }
    out.text
}

/// Widest columns of words beside the path.
const MAX_COLUMN: u16 = 26;
/// Narrowest path; columns are left out, and said to be, before it gets narrower.
const MIN_PATH: u16 = 22;

/// What a column says of an endpoint.
type Say = fn(&Endpoint) -> String;
/// A column between path and requests, with its width.
type Between = (&'static str, Say, u16);

pub(super) fn catalog_into(out: &mut Out, endpoints: &[Endpoint]) {
    let widest = |name: &str, text: Say| {
        let widest = endpoints.iter().map(|e| text(e).chars().count()).max().unwrap_or(0);
        let width = if widest == 0 { 0 } else { widest.max(name.len()) + 2 };
        u16::try_from(width).unwrap_or(MAX_COLUMN).min(MAX_COLUMN)
    };
    let candidates: [(&'static str, Say); 6] = [
        ("State", state),
        ("Auth", words::auth_brief),
        ("Data", classes),
        ("Drift", drift),
        ("Owner", owner),
        ("Known by", known_by),
    ];
    let mut between: Vec<Between> =
        candidates.iter().map(|(name, text)| (*name, *text, widest(name, *text))).collect();
    between.retain(|(_, _, width)| *width > 0);
    let room = u16::try_from(out.width).unwrap_or(u16::MAX).saturating_sub(9 + 11 + 6);
    let taken = |between: &[Between]| between.iter().map(|b| b.2).sum::<u16>();
    let mut dropped = Vec::new();
    while room < taken(&between).saturating_add(MIN_PATH) {
        let Some((name, _, _)) = between.pop() else { break };
        dropped.push(name);
    }
    let path = room.saturating_sub(taken(&between)).max(MIN_PATH);
    let mut columns = vec![("Method", 9), ("Path", path)];
    columns.extend(between.iter().map(|(name, _, width)| (*name, *width)));
    columns.extend([("Requests", 11), ("Risk", 6)]);
    let right = [columns.len() - 2, columns.len() - 1];
    for of_host in endpoints.chunk_by(|a, b| a.host == b.host) {
        if let Some(first) = of_host.first().filter(|e| !e.host.is_empty()) {
            let line = out.style.dim(&format!(" {}", safe(&first.host)));
            out.line(&line);
        }
        let rows = of_host.iter().map(|endpoint| row(endpoint, &between));
        out.aligned(&columns, &right, rows.collect());
        // The head stands above the first host only.
        columns.iter_mut().for_each(|(name, _)| *name = "");
    }
    if !dropped.is_empty() {
        let line = format!("… too narrow for {}", dropped.join(", "));
        let line = out.style.dim(&line);
        out.line(&line);
    }
}

fn row(endpoint: &Endpoint, between: &[Between]) -> Vec<Cell> {
    let method = Cell::new(safe(&endpoint.method.0));
    let mut row = vec![
        if endpoint.method.is_safe() { method } else { method.add_attribute(Attribute::Bold) },
        Cell::new(safe(&words::operation(endpoint))),
    ];
    row.extend(between.iter().map(|(_, text, _)| Cell::new(text(endpoint))));
    row.push(Cell::new(number(endpoint.requests)));
    row.push(score(endpoint.risk.score));
    row
}

/// States as words: `shadow`, `provisional`, nothing for the unremarkable.
pub(super) fn state(endpoint: &Endpoint) -> String {
    let state = match endpoint.inventory_state {
        InventoryState::Unspecified if knowledge::is_only_discovered(endpoint) => "never called",
        InventoryState::Unspecified => "",
        other => words::inventory_state(other),
    };
    match (endpoint.confirmed, state) {
        (true, state) => state.to_owned(),
        (false, "" | "documented") => "provisional".to_owned(),
        (false, state) => format!("{state}, prov."),
    }
}

/// Which sources know it: nothing where only traffic does, which is the usual case.
fn known_by(endpoint: &Endpoint) -> String {
    match endpoint.known_by[..] {
        [KnownBy::Traffic] => String::new(),
        _ => knowledge::known_by(endpoint),
    }
}

fn drift(endpoint: &Endpoint) -> String {
    endpoint.written.as_ref().map_or_else(String::new, words::drift)
}

fn classes(endpoint: &Endpoint) -> String {
    let mut names: Vec<&str> = endpoint.data_classes.iter().map(|c| c.class.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(1);
    let shown = safe(names.first().copied().unwrap_or_default());
    if more > 0 { format!("{shown} +{more}") } else { shown }
}

fn owner(endpoint: &Endpoint) -> String {
    safe(endpoint.owner.as_deref().unwrap_or_default())
}

fn score(score: u8) -> Cell {
    let cell = Cell::new(score);
    match score {
        80.. => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        40..=79 => cell.fg(Color::Yellow),
        _ => cell,
    }
}

/// Severity as shape and word in a cell.
fn severity(severity: Severity) -> Cell {
    let cell = Cell::new(format!("{} {}", merlons(severity), severity.as_str()));
    match severity {
        Severity::Critical => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Severity::High => cell.fg(Color::Yellow).add_attribute(Attribute::Bold),
        Severity::Medium => cell.fg(Color::Yellow),
        Severity::Low => cell.fg(Color::Blue),
        Severity::Info => cell.add_attribute(Attribute::Dim),
    }
}

/// Findings as a table, in the order given. `endpoints` gives their places.
#[must_use]
pub fn findings(
    findings: &[Finding],
    endpoints: &[Endpoint],
    style: Style,
    width: usize,
) -> String {
    let mut out = Out::new(style, width);
    if findings.is_empty() {
        out.line("No finding is known.");
        return out.text;
    }
    let rows = findings.iter().map(|finding| {
        vec![
            severity(finding.severity),
            Cell::new(safe(&finding.code)),
            Cell::new(safe(&finding.title)),
            Cell::new(place(finding, endpoints)),
            Cell::new(words::confidence(finding.confidence)),
            Cell::new(finding.state.as_str().replace('_', " ")),
            Cell::new(safe(finding.id.as_str())).add_attribute(Attribute::Dim),
        ]
    });
    let head = ["Severity", "Code", "Weakness", "Where", "Confidence", "State", "Id"];
    out.table(&head, &[], rows.collect());
    out.text
}

/// Method, path and host of a finding, or its host and at how many endpoints it was seen.
pub(super) fn place(finding: &Finding, endpoints: &[Endpoint]) -> String {
    let id = finding.endpoint_id.as_ref();
    match endpoints.iter().find(|e| id.is_some_and(|id| e.id == *id || e.aliases.contains(id))) {
        Some(endpoint) => endpoint_name(endpoint),
        None => {
            let only = match (finding.endpoints, finding.endpoint_ids.as_slice()) {
                (1, [id]) => endpoints.iter().find(|e| e.id == *id),
                _ => None,
            };
            let seen = match only {
                Some(e) => format!("the whole host, seen at {} {}", e.method, words::operation(e)),
                None => words::whole_host(finding),
            };
            safe(format!("{} {seen}", finding.host).trim_start())
        }
    }
}

/// `GET /v1/orders/{id} shop.example.com`.
pub(super) fn endpoint_name(endpoint: &Endpoint) -> String {
    safe(format!("{} {} {}", endpoint.method, words::operation(endpoint), endpoint.host).trim_end())
}

/// Incidents as a table, in the order given.
#[must_use]
pub fn incidents(incidents: &[Incident], style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    if incidents.is_empty() {
        out.line("No incident is known.");
        return out.text;
    }
    let rows = incidents.iter().map(|incident| {
        vec![
            severity(incident.severity),
            Cell::new(incident.score),
            Cell::new(safe(&incident.summary)),
            Cell::new(safe(&incident.actor.label)),
            Cell::new(stages(incident)),
            Cell::new(
                words::period(incident.started, incident.ended).unwrap_or_else(|| "no time".into()),
            ),
            Cell::new(safe(incident.id.as_str())).add_attribute(Attribute::Dim),
        ]
    });
    let head = ["Severity", "Score", "What happened", "Who", "Reached", "When, UTC", "Id"];
    out.table(&head, &[1], rows.collect());
    out.text
}

/// The furthest stage, and how many of four.
fn stages(incident: &Incident) -> String {
    let last = incident.stages.iter().max();
    last.map_or_else(String::new, |stage| format!("{stage} ({} of 4)", *stage as u8 + 1))
}

/// Changes of the catalogue as a table, in the order given.
#[must_use]
pub fn changes(changes: &[Change], style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    if changes.is_empty() {
        out.line("No change is known.");
        return out.text;
    }
    let rows = changes.iter().map(|change| {
        let operation = change.operation.as_ref().map(|name| format!(" {name}"));
        let path = format!("{} {}{}", change.method, change.path, operation.unwrap_or_default());
        vec![
            grade(change.grade),
            Cell::new(safe(&change.headline())),
            Cell::new(safe(format!("{path} {}", change.host).trim_end())),
            Cell::new(words::day_clock(change.time)),
            Cell::new(safe(change.endpoint_id.as_str())).add_attribute(Attribute::Dim),
        ]
    });
    let head = ["Grade", "What changed", "Where", "When, UTC", "Endpoint"];
    out.table(&head, &[], rows.collect());
    out.text
}

/// A grade as a word, loud where somebody should look.
fn grade(grade: ChangeGrade) -> Cell {
    let cell = Cell::new(grade.as_str());
    match grade {
        ChangeGrade::Alert => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        ChangeGrade::Warning => cell.fg(Color::Yellow),
        ChangeGrade::Info => cell.add_attribute(Attribute::Dim),
    }
}
