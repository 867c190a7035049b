//! `analyze` for people.

use std::collections::BTreeMap;

use bartizan_model::{
    AuthKnown, Direction, Finding, Incident, Severity,
    analysis::{Analysis, NamedCount},
};
use comfy_table::Cell;

use super::{
    Style, detail, lists,
    out::{Out, safe, safe_prose},
    sgr,
};
use crate::output::{
    Docs,
    lead::{Gaps, Piece, completeness, inspected, lead, nothing_judged},
    lookup::Lookup,
    words::{self, counted, number},
};

const MAX_INCIDENTS: usize = 10;
const MAX_STEPS: usize = 12;
const MAX_FINDINGS: usize = 30;
const MAX_ENDPOINTS: usize = 60;
const MAX_CLASSES: usize = 20;
const MAX_GAPS: usize = 12;

/// The analysis as text of at most `width` columns: what needs you first, then incidents,
/// weaknesses, inventory, data, what was not judged, what to do next. Long lists are cut, with the
/// number that was left out.
#[must_use]
pub fn analysis(analysis: &Analysis, docs: &Docs<'_>, style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    header(&mut out, analysis);
    if nothing_judged(analysis) {
        gaps(&mut out, analysis, docs);
        return out.text;
    }
    incidents(&mut out, analysis);
    findings(&mut out, analysis);
    inventory(&mut out, analysis);
    data(&mut out, analysis, docs);
    gaps(&mut out, analysis, docs);
    next(&mut out, analysis);
    out.text
}

fn header(out: &mut Out, analysis: &Analysis) {
    let lead = lead(analysis);
    let text: String = lead
        .main
        .iter()
        .map(|piece| match piece {
            Piece::Plain(text) | Piece::Strong(_, text) => text.as_str(),
        })
        .collect();
    let start = out.text.len();
    out.paragraph(0, &safe_prose(&text), false);
    // The words that matter stand at the beginning of a line or not at all: paint the first only,
    // so that wrapping is not disturbed by sequences.
    if out.style.color
        && let Some(Piece::Strong(severity, strong)) = lead.main.first()
        && out.text.get(start..).is_some_and(|t| t.starts_with(strong.as_str()))
    {
        let painted = out.style.paint(sgr(*severity), strong);
        out.text.replace_range(start..start + strong.len(), &painted);
    }
    out.paragraph(0, &safe_prose(&lead.quiet.join(" ")), true);
    let summary = &analysis.summary;
    let mut facts = vec![
        counted(summary.exchanges, "exchange", "exchanges"),
        format!(
            "{} on {}",
            counted(summary.endpoints, "endpoint", "endpoints"),
            counted(summary.hosts, "host", "hosts")
        ),
        counted(analysis.actors.len() as u64, "actor", "actors"),
    ];
    if let Some(period) = words::period(summary.started, summary.ended) {
        facts.insert(0, format!("{period} UTC"));
    }
    if summary.noise > 0 {
        facts.push(format!("{} of noise", counted(summary.noise, "request", "requests")));
    }
    if summary.catch_all > 0 {
        let requests = counted(summary.catch_all, "request", "requests");
        facts.push(format!("{requests} answered alike at any path"));
    }
    out.paragraph(0, &facts.join(" · "), true);
}

fn incidents(out: &mut Out, analysis: &Analysis) {
    let lookup = Lookup::new(analysis);
    if analysis.incidents.is_empty() {
        return;
    }
    out.heading("Incidents", &counted(analysis.incidents.len() as u64, "story", "stories"));
    for incident in analysis.incidents.iter().take(MAX_INCIDENTS) {
        incident_into(out, incident, &lookup);
    }
    let shown = analysis.incidents.len().min(MAX_INCIDENTS);
    out.more(shown, analysis.incidents.len(), "incidents", "see --format json");
    let loose = analysis.detections.iter().filter(|d| lookup.incident_of(d).is_none()).count();
    if loose > 0 {
        let text = counted(loose as u64, "hostile act is", "hostile acts are");
        out.paragraph(2, &format!("{text} part of no incident; see --format html."), true);
    }
}

fn incident_into(out: &mut Out, incident: &Incident, lookup: &Lookup<'_>) {
    let detections = lookup.detections_of(incident);
    let beside = format!(" {:>3}", incident.score);
    out.item(2, incident.severity, &beside, &safe(&incident.actor.label));
    if let Some(period) = words::period(incident.started, incident.ended) {
        out.paragraph(6, &format!("{period} UTC"), true);
    }
    out.paragraph(6, &safe_prose(&incident.summary), false);
    detail::linked(out, 6, incident);
    for detection in detections.iter().take(MAX_STEPS) {
        let time = detection.time.map_or_else(|| "        ".to_owned(), words::clock_seconds);
        let place = lookup
            .endpoint(detection.endpoint_id.as_ref())
            .map(|e| format!(", {}", lists::endpoint_name(e)))
            .unwrap_or_default();
        let label = format!("{time} {:<14}", detection.stage.as_str());
        let text = format!(
            "{}: {} of {} answered with success{place}",
            safe(&detection.title),
            number(detection.succeeded),
            number(detection.exchanges),
        );
        out.hanging(6, &label, &text);
    }
    out.more(detections.len().min(MAX_STEPS), detections.len(), "detections", "see --format html");
}

fn findings(out: &mut Out, analysis: &Analysis) {
    let kinds = grouped(&analysis.findings);
    out.heading(
        "Weaknesses",
        &match analysis.findings.len() {
            0 => "none found by the checks that could look".to_owned(),
            n => format!(
                "{} of {}, worst first",
                counted(n as u64, "finding", "findings"),
                counted(kinds.len() as u64, "kind", "kinds")
            ),
        },
    );
    for group in kinds.iter().take(MAX_FINDINGS) {
        let Some(first) = group.first() else { continue };
        out.item(2, first.severity, "", &safe(&first.title));
        let known = format!("{}, {}", safe(&first.code), words::confidence(first.confidence));
        out.paragraph(6, &known, true);
        for finding in group.iter().take(3) {
            let place = lists::place(finding, &analysis.endpoints);
            let judged = finding.failed.saturating_add(finding.passed);
            out.paragraph(
                6,
                &format!("{place}  failed {} of {}", number(finding.failed), number(judged)),
                false,
            );
        }
        if group.len() > 3 {
            out.paragraph(6, &format!("and {} more places", group.len() - 3), true);
        }
        out.hanging(6, "fix:", &safe_prose(first_sentence(&first.remediation)));
    }
    out.more(kinds.len().min(MAX_FINDINGS), kinds.len(), "kinds", "see --format json");
}

/// Findings of one severity and code together, in the order in which each comes first.
fn grouped(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut at: BTreeMap<(Severity, &str), usize> = BTreeMap::new();
    for finding in findings {
        let next = groups.len();
        let index = *at.entry((finding.severity, &finding.code)).or_insert(next);
        match groups.get_mut(index) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// The first sentence of a fix: up to a full stop before white space, or to the end of the line.
fn first_sentence(text: &str) -> &str {
    let text = text.trim();
    let ends =
        |at: usize| text.get(at + 1..).is_none_or(|t| t.is_empty() || t.starts_with([' ', '\n']));
    let end = text
        .match_indices(['.', '\n'])
        .find(|(at, stop)| *stop == "\n" || ends(*at))
        .map_or(text.len(), |(at, stop)| if stop == "." { at + 1 } else { at });
    text.get(..end).unwrap_or(text).trim_end_matches(':')
}

fn inventory(out: &mut Out, analysis: &Analysis) {
    let summary = &analysis.summary;
    let mut remark = counted(summary.endpoints, "endpoint", "endpoints");
    if summary.provisional > 0 {
        remark.push_str(&format!(", {} provisional", number(summary.provisional)));
    }
    out.heading("Inventory", &remark);
    let shown = analysis.endpoints.len().min(MAX_ENDPOINTS);
    if shown > 0 {
        lists::catalog_into(out, analysis.endpoints.get(..shown).unwrap_or(&[]));
    }
    out.more(shown, analysis.endpoints.len(), "endpoints", "see --format html, json or csv");
}

fn data(out: &mut Out, analysis: &Analysis, docs: &Docs<'_>) {
    // Endpoints, sent, returned, and endpoints without authentication: none seen, not evaluated.
    type Carried = (usize, u64, u64, (u64, u64));
    let mut classes: BTreeMap<(bool, &str), Carried> = BTreeMap::new();
    for endpoint in &analysis.endpoints {
        let mut seen: Vec<&str> = Vec::new();
        for found in &endpoint.data_classes {
            let quiet = !(docs.class)(&found.class).is_some_and(|d| d.sensitive);
            let entry = classes.entry((quiet, &found.class)).or_default();
            match found.direction {
                Direction::Request => entry.1 = entry.1.saturating_add(found.count),
                Direction::Response => entry.2 = entry.2.saturating_add(found.count),
            }
            if !seen.contains(&found.class.as_str()) {
                seen.push(&found.class);
                entry.0 += 1;
                match endpoint.auth_known() {
                    AuthKnown::Seen => {}
                    AuthKnown::NoneSeen => entry.3.0 += 1,
                    AuthKnown::NotEvaluated => entry.3.1 += 1,
                }
            }
        }
    }
    if classes.is_empty() {
        return;
    }
    out.heading("Data", "what the endpoints carry; serious kinds first");
    let dash = |n: u64| if n == 0 { "–".to_owned() } else { number(n) };
    let rows =
        classes.iter().take(MAX_CLASSES).map(|((quiet, class), (places, sent, back, open))| {
            let group = (docs.class)(class).map_or("", |d| d.group.title());
            vec![
                Cell::new(format!("{}{}", safe(class), if *quiet { "" } else { " !" })),
                Cell::new(group),
                Cell::new(number(*places as u64)),
                Cell::new(dash(*sent)),
                Cell::new(dash(*back)),
                Cell::new(match *open {
                    (0, 0) => "–".to_owned(),
                    (0, _) => words::NOT_EVALUATED.to_owned(),
                    (n, 0) => number(n),
                    (n, blind) => {
                        format!("{}, {} {}", number(n), number(blind), words::NOT_EVALUATED)
                    }
                }),
            ]
        });
    let rows = rows.collect();
    let head = ["Class", "Kind", "Endpoints", "Sent", "Returned", "No auth seen"];
    out.table(&head, &[2, 3, 4, 5], rows);
    out.more(classes.len().min(MAX_CLASSES), classes.len(), "classes", "see --format json");
}

fn gaps(out: &mut Out, analysis: &Analysis, docs: &Docs<'_>) {
    let summary = &analysis.summary;
    if Gaps::of(analysis).none() {
        out.heading("Not judged", &completeness(analysis));
        return;
    }
    out.heading("Not judged", "an input was missing; this is not a pass");
    out.paragraph(2, &format!("{} fully inspected", inspected(analysis)), false);
    let title = |code: &str| match (docs.item)(code) {
        Some(doc) if !doc.title.is_empty() => format!("{code} {}", doc.title),
        _ => code.to_owned(),
    };
    let checks: Vec<NamedCount> = summary
        .checks
        .iter()
        .filter(|c| c.not_evaluated > 0)
        .map(|c| NamedCount {
            name: match title(&c.code) {
                named if named == c.code => format!("{} {}", c.code, c.name),
                named => named,
            },
            count: c.not_evaluated,
        })
        .collect();
    let detectors = summary.not_evaluated.iter();
    let known = |code: &str| (docs.item)(code).map(|doc| doc.title);
    let lacked =
        |c: &NamedCount| NamedCount { name: words::lacked(&c.name, known), count: c.count };
    let detectors: Vec<NamedCount> = detectors.map(lacked).collect();
    let parts = summary.not_inspected.iter();
    let parts: Vec<NamedCount> =
        parts.map(|c| NamedCount { name: words::reason(&c.name), count: c.count }).collect();
    let skipped = analysis.input.skipped.iter().map(|s| {
        let first =
            if s.first.is_empty() { String::new() } else { format!(", first at {}", s.first) };
        NamedCount { name: format!("{}{first}", words::reason(&s.reason)), count: s.count }
    });
    for (name, list) in [
        ("checks not evaluated", checks),
        ("detectors not evaluated", detectors),
        ("not inspected", parts),
        ("skipped input", skipped.collect()),
    ] {
        if list.is_empty() {
            continue;
        }
        let line = out.style.dim(&format!("  {name}"));
        out.line(&line);
        for item in list.iter().take(MAX_GAPS) {
            out.hanging(4, &format!("{:>9}", number(item.count)), &safe(&item.name));
        }
        out.more(list.len().min(MAX_GAPS), list.len(), "reasons", "see --format json");
    }
}

fn next(out: &mut Out, analysis: &Analysis) {
    let mut steps = Vec::new();
    let active = analysis.findings.iter().filter(|f| f.state.is_active());
    if let Some(finding) = active.rev().max_by_key(|f| f.severity) {
        let command = format!("bartizan explain {}", safe(&finding.code));
        steps.push((command, "why it matters and how to fix it"));
    }
    if !analysis.endpoints.is_empty() {
        let command = "--format html --out report.html".to_owned();
        steps.push((command, "the whole report, to read and to hand on"));
        if analysis.summary.specs.is_empty() {
            let command = "--spec openapi.yaml".to_owned();
            steps.push((command, "which endpoints are documented, shadow or zombie"));
        }
    }
    if !steps.is_empty() {
        out.heading("Next", "");
        for (command, what) in steps {
            out.hanging(2, &format!("{command:<32}"), what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixes_are_shortened_at_a_sentence() {
        assert_eq!(first_sentence("Require a token. Then retest."), "Require a token.");
        assert_eq!(first_sentence("Use TLS 1.3 everywhere"), "Use TLS 1.3 everywhere");
        assert_eq!(first_sentence("Do this:\n\nfirst"), "Do this");
        assert_eq!(first_sentence(""), "");
    }
}
