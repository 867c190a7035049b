//! Single items: an endpoint, a finding, an incident.

use bartizan_model::{
    AuthKnown, Detection, Direction, Drift, Endpoint, Evidence, Finding, Incident, Side, Written,
    incident::ScoreFactor,
};
use comfy_table::Cell;

use super::{
    Style, lists,
    out::{Out, safe, safe_prose},
};
use crate::output::{
    ItemDoc, knowledge,
    words::{self, counted, number, percent},
};

/// Parameters shown of an endpoint.
const MAX_PARAMETERS: usize = 80;
/// Evidence shown of one finding or detection.
const MAX_EVIDENCE: usize = 12;

/// An endpoint with everything that is known about it; `findings` are those of this endpoint.
#[must_use]
pub fn endpoint(endpoint: &Endpoint, findings: &[Finding], style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    out.paragraph(0, &lists::endpoint_name(endpoint), false);
    let mut facts = vec![
        words::protocol(endpoint.protocol).to_owned(),
        words::access(endpoint.access).to_owned(),
    ];
    facts.push(match lists::state(endpoint) {
        state if state.is_empty() => "no specification given".to_owned(),
        state => state,
    });
    facts.push(counted(endpoint.requests, "request", "requests"));
    facts.push(counted(endpoint.actors, "actor", "actors"));
    facts
        .extend(words::period(endpoint.first_seen, endpoint.last_seen).map(|p| format!("{p} UTC")));
    facts.push(endpoint.id.as_str().to_owned());
    out.paragraph(0, &safe_prose(&facts.join(" · ")), true);
    who_and_where(&mut out, endpoint);
    known_by(&mut out, endpoint);
    ledger(&mut out, "Risk", endpoint.risk.score, &endpoint.risk.factors);
    let basis = words::auth_basis(endpoint);
    match endpoint.auth_known() {
        AuthKnown::Seen => out.heading("Authentication", &format!("share {basis}")),
        AuthKnown::NoneSeen => {
            out.heading("Authentication", "");
            out.paragraph(2, &format!("none seen in any {basis}"), false);
        }
        AuthKnown::NotEvaluated => {
            out.heading("Authentication", "");
            out.paragraph(2, &format!("{}: {basis}", words::NOT_EVALUATED), false);
        }
    }
    for auth in &endpoint.auth {
        let name = format!("{}, {}.{}", words::auth_type(auth.auth_type), auth.location, auth.name);
        out.hanging(2, &format!("{:>9}", percent(auth.coverage)), &safe(&name));
    }
    if !endpoint.statuses.is_empty() {
        out.heading("Answers", "");
        for (status, count) in &endpoint.statuses {
            out.hanging(2, &format!("{:>9}", number(*count)), &status.to_string());
        }
    }
    parameters(&mut out, endpoint);
    sensitive(&mut out, endpoint);
    if let Some(of) = &endpoint.written {
        written(&mut out, endpoint, of);
    }
    if !endpoint.template_evidence.is_empty() {
        out.heading("Why the path has parameters", "");
        for line in &endpoint.template_evidence {
            out.paragraph(2, &safe_prose(line), false);
        }
    }
    if !findings.is_empty() {
        out.heading("Weaknesses here", "");
        for finding in findings {
            let title = format!("{} ({})", safe(&finding.title), safe(finding.id.as_str()));
            out.item(2, finding.severity, "", &title);
        }
    }
    out.text
}

/// Whose it is and where, each fact with what told it.
fn who_and_where(out: &mut Out, endpoint: &Endpoint) {
    out.heading("Who and where", "");
    for (fact, value, told) in words::who_and_where(endpoint) {
        let value = value.unwrap_or_else(|| "not known".to_owned());
        let told = if told.is_empty() { told } else { format!(" ({told})") };
        let label = format!("{:>14}", words::fact(fact));
        out.hanging(2, &label, &safe_prose(&format!("{value}{told}")));
    }
    out.hanging(2, &format!("{:>14}", "reached"), &words::reached(endpoint.reached));
    let resources: Vec<String> = endpoint.resources.iter().map(words::resource).collect();
    if !resources.is_empty() {
        let resources = safe_prose(&resources.join(", "));
        out.hanging(2, &format!("{:>14}", "served by"), &resources);
    }
    if !endpoint.calls.is_empty() {
        let kind = if endpoint.composite { "composite of" } else { "calls" };
        let names: Vec<&str> = endpoint.calls.iter().map(|call| call.name.as_str()).collect();
        out.hanging(2, &format!("{kind:>14}"), &safe_prose(&names.join(", ")));
    }
    for (what, which) in words::conversation(endpoint) {
        out.hanging(2, &format!("{what:>14}"), &safe_prose(&which));
    }
}

/// Which sources know it, and what those beside traffic and specifications know.
fn known_by(out: &mut Out, endpoint: &Endpoint) {
    if endpoint.discovered.is_empty() {
        return;
    }
    out.heading("Known by", &knowledge::known_by(endpoint));
    for one in &endpoint.discovered {
        let told = safe_prose(&knowledge::discovered(one));
        out.hanging(2, &format!("{:>14}", one.by.as_str()), &told);
    }
    if let Some(told) = knowledge::beside_traffic(endpoint) {
        out.paragraph(2, &told, false);
    }
}

/// Which data goes where, and to how many.
fn sensitive(out: &mut Out, endpoint: &Endpoint) {
    let classes = &endpoint.data_classes;
    if classes.is_empty() {
        return;
    }
    out.heading("Sensitive data", "principals are those known by name");
    let rows = classes.iter().take(MAX_PARAMETERS).map(|one| {
        vec![
            Cell::new(safe(&one.class)),
            Cell::new(side(one.direction)),
            Cell::new(safe(one.location.as_str())),
            Cell::new(number(one.count)),
            Cell::new(one.principals.map_or_else(|| words::NOT_EVALUATED.to_owned(), number)),
        ]
    });
    let rows = rows.collect();
    out.table(&["Data", "Side", "Place", "Values", "Principals"], &[3, 4], rows);
    out.more(classes.len().min(MAX_PARAMETERS), classes.len(), "places", "see --format json");
}

const fn side(direction: Direction) -> &'static str {
    match direction {
        Direction::Request => "sent",
        Direction::Response => "returned",
    }
}

fn parameters(out: &mut Out, endpoint: &Endpoint) {
    let granted: Vec<_> = endpoint.granted().collect();
    out.heading("What goes in, what comes out", &counted(granted.len() as u64, "place", "places"));
    let rows = granted.iter().take(MAX_PARAMETERS).map(|p| {
        let classes: Vec<&str> = endpoint
            .data_classes
            .iter()
            .filter(|c| c.direction == p.direction && c.location == p.location)
            .map(|c| c.class.as_str())
            .collect();
        let kind = if p.format.is_empty() {
            p.value_type.clone()
        } else {
            format!("{} {}", p.value_type, p.format)
        };
        vec![
            Cell::new(side(p.direction)),
            Cell::new(safe(p.location.as_str())),
            Cell::new(safe(&kind)),
            Cell::new(match p.required {
                // Written, and no value of it was seen.
                Some(true) if p.seen == 0 => "required",
                Some(false) if p.seen == 0 => "optional",
                Some(true) => "always",
                Some(false) => "sometimes",
                None => "too few to say",
            }),
            Cell::new(safe(p.examples_redacted.first().map_or("", |shape| shape.as_str()))),
            Cell::new(safe(&classes.join(", "))),
            Cell::new(number(p.seen)),
        ]
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    if !rows.is_empty() {
        out.table(&["Side", "Place", "Type", "Present", "Shape", "Data", "Values"], &[6], rows);
    }
    let all = granted.len();
    out.more(all.min(MAX_PARAMETERS), all, "places", "see --format json");
}

/// What a specification says beside what was seen.
fn written(out: &mut Out, endpoint: &Endpoint, of: &Written) {
    let place = format!("{}, line {}", safe(&of.document), of.line);
    out.heading("Specification and traffic", &place);
    if of.drift.is_empty() {
        out.paragraph(2, words::nothing_differs(endpoint), false);
        return;
    }
    let row = |drift: &Drift| {
        let place = format!("{} {}", drift.part, drift.location);
        vec![
            Cell::new(drift.grade.as_str()),
            Cell::new(safe(place.trim_end())),
            Cell::new(safe(&drift.written)),
            Cell::new(safe(&drift.seen)),
        ]
    };
    let rows: Vec<Vec<Cell>> = of.drift.iter().take(MAX_PARAMETERS).map(row).collect();
    out.table(&["Grade", "Where", "Written", "Seen"], &[], rows);
    let all = of.drift.len() + usize::try_from(of.more).unwrap_or(usize::MAX);
    out.more(of.drift.len().min(MAX_PARAMETERS), all, "differences", "see --format json");
}

/// The arithmetic of a score.
fn ledger(out: &mut Out, name: &str, score: u8, factors: &[ScoreFactor]) {
    out.heading(name, &format!("{score} of 100"));
    for factor in factors {
        out.hanging(2, &format!("{:>+6}", factor.points), &safe_prose(&factor.reason));
    }
    let sum: i64 = factors.iter().map(|f| i64::from(f.points)).sum();
    if !factors.is_empty() && sum != i64::from(score) {
        out.hanging(2, &format!("{:>+6}", i64::from(score) - sum), "kept within 0 to 100");
    }
}

/// A finding with its evidence and documentation.
#[must_use]
pub fn finding(
    finding: &Finding,
    endpoint: Option<&Endpoint>,
    doc: Option<&ItemDoc>,
    style: Style,
    width: usize,
) -> String {
    let mut out = Out::new(style, width);
    out.item(0, finding.severity, "", &safe(&finding.title));
    let mut facts = vec![
        words::confidence(finding.confidence).to_owned(),
        finding.code.clone(),
        finding.id.as_str().to_owned(),
        finding.state.as_str().replace('_', " "),
    ];
    facts.extend(finding.owasp.iter().chain(&finding.cwe).cloned());
    out.paragraph(0, &safe_prose(&facts.join(" · ")), true);
    let place = match endpoint {
        Some(endpoint) => lists::endpoint_name(endpoint),
        None => safe(format!("{} {}", finding.host, words::whole_host(finding)).trim_start()),
    };
    out.hanging(0, "where:", &place);
    if !finding.discriminator.is_empty() {
        out.hanging(0, "at:", &safe(&finding.discriminator));
    }
    let judged = finding.failed.saturating_add(finding.passed);
    let mut seen = format!(
        "failed {} of {} it could be judged",
        number(finding.failed),
        counted(judged, "time", "times")
    );
    if let Some(period) = words::period(finding.first_seen, finding.last_seen) {
        seen.push_str(&format!(", {period} UTC"));
    }
    out.hanging(0, "seen:", &seen);
    out.heading("Evidence", "class, shape and keyed hash; equal hashes are equal values");
    evidence(&mut out, &finding.evidence);
    if let Some(doc) = doc {
        out.heading("Checked", "");
        out.paragraph(2, &safe_prose(&doc.what), false);
        out.heading("Why it matters", "");
        out.paragraph(2, &safe_prose(&doc.why), false);
    }
    out.heading("Fix", "");
    let fix = if finding.remediation.is_empty() {
        doc.map_or("", |d| d.fix.as_str())
    } else {
        &finding.remediation
    };
    for paragraph in fix.split("\n\n") {
        out.paragraph(2, &safe_prose(paragraph), false);
    }
    for reference in doc.iter().flat_map(|d| &d.references) {
        out.paragraph(2, &safe(reference), true);
    }
    out.text
}

fn evidence(out: &mut Out, list: &[Evidence]) {
    if list.is_empty() {
        out.line("  none was kept");
    }
    for piece in list.iter().take(MAX_EVIDENCE) {
        let mut parts = Vec::new();
        match (piece.side, &piece.location) {
            (Some(Side::Request), Some(location)) => {
                parts.push(format!("request {}", safe(location.as_str())))
            }
            (Some(Side::Response), Some(location)) => {
                parts.push(format!("response {}", safe(location.as_str())))
            }
            (None, Some(location)) => parts.push(safe(location.as_str())),
            _ => {}
        }
        if let Some(value) = &piece.value {
            parts.push(format!(
                "[{} {} #{}]",
                safe(&value.class),
                safe(&value.shape),
                value.hash.short()
            ));
        }
        if !piece.note.is_empty() {
            parts.push(safe_prose(&piece.note));
        }
        if let Some(id) = &piece.exchange_id {
            parts.push(format!("(exchange {})", safe(id.as_str())));
        }
        out.hanging(2, "-", &parts.join(" "));
    }
    out.more(list.len().min(MAX_EVIDENCE), list.len(), "pieces", "see --format json");
}

/// An incident with its timeline; `detections` are its own, in order, `endpoints` give their places.
#[must_use]
pub fn incident(
    incident: &Incident,
    detections: &[Detection],
    endpoints: &[Endpoint],
    style: Style,
    width: usize,
) -> String {
    let mut out = Out::new(style, width);
    out.item(0, incident.severity, "", &safe(&incident.actor.label));
    out.paragraph(0, &safe_prose(&incident.summary), false);
    let mut facts =
        vec![words::actor_kind(incident.actor.kind).to_owned(), incident.id.as_str().to_owned()];
    facts.extend(words::period(incident.started, incident.ended).map(|p| format!("{p} UTC")));
    facts.extend(incident.stages.iter().map(ToString::to_string));
    out.paragraph(0, &safe_prose(&facts.join(" · ")), true);
    linked(&mut out, 0, incident);
    ledger(&mut out, "Score", incident.score, &incident.factors);
    out.heading("Timeline", &counted(detections.len() as u64, "detection", "detections"));
    for detection in detections {
        let time = detection.time.map_or_else(|| "no time".to_owned(), words::exact);
        out.item(2, detection.severity, "", &safe(&detection.title));
        let id = detection.endpoint_id.as_ref();
        let place =
            endpoints.iter().find(|e| id.is_some_and(|id| e.id == *id || e.aliases.contains(id)));
        let mut facts = vec![
            time,
            detection.stage.to_string(),
            words::confidence(detection.confidence).to_owned(),
            detection.code.clone(),
            format!(
                "{} of {} answered with success",
                number(detection.succeeded),
                number(detection.exchanges)
            ),
        ];
        facts.extend(place.map(lists::endpoint_name));
        if detection.actor.id != incident.actor.id {
            facts.push(format!("by {}", detection.actor.label));
        }
        out.paragraph(4, &safe_prose(&facts.join(" · ")), true);
        evidence(&mut out, &detection.evidence);
    }
    out.text
}

/// Further actors of an incident, each with what ties it to the others.
pub(super) fn linked(out: &mut Out, indent: usize, incident: &Incident) {
    for link in &incident.linked {
        let text = format!("also {} ({})", link.actor.label, words::link(link));
        out.paragraph(indent, &safe_prose(&text), true);
    }
}
