//! Incidents: the story of one actor, with stages, detections in order, outcome and score.

use std::collections::BTreeSet;

use bartizan_analysis::{
    detectors::DETECTORS,
    judge::{DENY_SCORE, Raised, score},
};
use bartizan_model::{Detection, Incident, KeyedHash, Severity, Stage};
use maud::{Markup, html};

use super::{
    MAX_INCIDENTS, Page,
    marks::{BAD, Certainty, mark, unconfirmed},
    parts::{
        actor, anchor, confidence, empty, endpoint_link, evidence, href, ledger, more, repeated,
        sentence, severity, severity_class, text, time,
    },
};
use crate::output::{
    lead::completeness,
    words::{self, counted, number},
};

/// Detections shown in one timeline.
const MAX_STEPS: usize = 60;
/// Exchange ids written out per detection.
const MAX_IDS: usize = 24;
/// Detections outside of incidents that are listed.
const MAX_LOOSE: usize = 100;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let analysis = page.analysis;
    let shown = analysis.incidents.len().min(MAX_INCIDENTS);
    html! {
        section #incidents {
            div.sec {
                h2 { "Incidents" }
                p {
                    @if analysis.incidents.is_empty() { "none" } @else {
                        (counted(analysis.incidents.len() as u64, "story", "stories"))
                        " of hostile acts, worst first · "
                        (counted(analysis.detections.len() as u64, "detection", "detections"))
                    }
                }
            }
            @if analysis.incidents.is_empty() {
                div.panel { (empty("No incident", &format!(
                    "{} looked at. {}",
                    counted(analysis.summary.exchanges, "exchange was", "exchanges were"),
                    completeness(analysis)
                ))) }
            }
            @for (i, incident) in analysis.incidents.iter().take(shown).enumerate() {
                (story(page, i + 1, incident))
            }
            (more(shown, analysis.incidents.len(), "incident", "incidents"))
            (loose(page))
        }
    }
}

fn story(page: &Page<'_>, number_of: usize, incident: &Incident) -> Markup {
    let detections = page.lookup.detections_of(incident);
    let same = repeated(detections.iter().flat_map(|d| &d.evidence));
    let best = detections.iter().map(|d| d.confidence).max();
    html! {
        article.panel id=(anchor(incident.id.as_str())) {
            div.inc {
                div class={ "inc-head " (severity_class(incident.severity)) } {
                    div {
                        div.line {
                            (severity(incident.severity))
                            @if let Some(best) = best { (confidence(best)) }
                            span.conf.mono { (text(incident.id.as_str())) }
                        }
                        h3 { (number_of) ". " (headline(incident, &detections)) }
                        p.say { (sentence(&incident.summary)) }
                    }
                    div.score { b { (incident.score) } "score of 100" }
                }
            }
            (stages(incident, &detections))
            div.inc-body {
                div {
                    ol.tl aria-label="Timeline" {
                        @for step in steps(&detections) { (step_row(page, &step, &same)) }
                    }
                    (more(detections.len().min(MAX_STEPS), detections.len(), "detection", "detections"))
                }
                (aside(page, incident, &detections))
            }
        }
    }
}

/// The title of the worst detection; the story begins with what hurts most.
fn headline(incident: &Incident, detections: &[&Detection]) -> Markup {
    let rank = |d: &&&Detection| (d.severity, d.stage, d.succeeded);
    let worst = detections.iter().rev().max_by_key(rank);
    html! {
        @match worst {
            Some(detection) => (text(&detection.title)),
            None => { "Hostile acts by " (text(&incident.actor.label)) },
        }
    }
}

/// Colour of a stage: as bad as the stage is far.
pub(super) const fn stage_severity(stage: Stage) -> Severity {
    match stage {
        Stage::Reconnaissance => Severity::Low,
        Stage::Probing => Severity::Medium,
        Stage::Exploitation => Severity::High,
        Stage::Exfiltration => Severity::Critical,
    }
}

fn stages(incident: &Incident, detections: &[&Detection]) -> Markup {
    html! {
        ol.strip aria-label="Stages" {
            @for (i, stage) in Stage::ALL.iter().enumerate() {
                @let of: Vec<&&Detection> = detections.iter().filter(|d| d.stage == *stage).collect();
                @let reached = incident.stages.contains(stage) || !of.is_empty();
                li class={ (severity_class(stage_severity(*stage))) @if !reached { " off" } } {
                    b { (i + 1) " " (words::capital(stage.as_str())) }
                    @if reached {
                        @let from = of.iter().filter_map(|d| d.time).min();
                        @let to = of.iter().filter_map(|d| d.last_time.or(d.time)).max();
                        @if let (Some(from), Some(to)) = (from, to) {
                            (words::clock(from)) " – " (words::clock(to)) " · "
                        }
                        (counted(of.iter().map(|d| d.exchanges).sum(), "exchange", "exchanges"))
                    } @else { "not seen" }
                }
            }
        }
    }
}

/// A line of the timeline.
enum Step<'a> {
    Stage(Stage, bool),
    Detection(&'a Detection, bool),
}

/// Detections in order, with a head wherever the stage or the day changes.
fn steps<'a>(detections: &[&'a Detection]) -> Vec<Step<'a>> {
    let mut out = Vec::new();
    let mut stage = None;
    let mut day = None;
    for detection in detections.iter().take(MAX_STEPS) {
        if stage != Some(detection.stage) {
            out.push(Step::Stage(detection.stage, stage > Some(detection.stage)));
            stage = Some(detection.stage);
        }
        let date = detection.time.map(words::day);
        out.push(Step::Detection(detection, date != day));
        day = date;
    }
    out
}

fn step_row(page: &Page<'_>, step: &Step<'_>, same: &BTreeSet<KeyedHash>) -> Markup {
    match step {
        Step::Stage(stage, again) => html! {
            li class={ "stage " (severity_class(stage_severity(*stage))) } {
                span {}
                div.dot { span aria-hidden="true" { (*stage as u8 + 1) } }
                h4 { (words::capital(stage.as_str())) @if *again { " again" } }
            }
        },
        Step::Detection(detection, new_day) => html! {
            li class={ "step " (severity_class(detection.severity)) } id=(anchor(detection.id.as_str())) {
                @match detection.time {
                    Some(at) => (time(at, &words::clock_seconds(at))),
                    None => span.notime { "no time" },
                }
                div.dot {}
                (detection_body(page, detection, *new_day, same))
            }
        },
    }
}

fn detection_body(
    page: &Page<'_>,
    detection: &Detection,
    new_day: bool,
    same: &BTreeSet<KeyedHash>,
) -> Markup {
    html! {
        div.what {
            div.row {
                b { (text(&detection.title)) }
                span.res { (outcome(detection)) }
            }
            div.sub {
                @if new_day && let Some(at) = detection.time { span { (words::day(at)) } }
                (severity(detection.severity))
                (confidence(detection.confidence))
                @if let Some(endpoint) = page.lookup.endpoint(detection.endpoint_id.as_ref()) {
                    (endpoint_link(endpoint))
                } @else { span { "many endpoints" } }
                @if page.lookup.incident_of(detection).is_some_and(|i| !i.linked.is_empty()) {
                    span { "by " (text(&detection.actor.label)) }
                }
            }
            @if !detection.evidence.is_empty() {
                (evidence(&detection.evidence, same, 3))
            }
            (detection_more(page, detection))
        }
    }
}

fn outcome(detection: &Detection) -> Markup {
    let of = number(detection.exchanges);
    html! {
        @if detection.succeeded > 0 {
            (mark(Certainty::Happened, BAD, &html! {
                b { (number(detection.succeeded)) } " of " (of) " answered with success"
            }))
        } @else {
            (mark(Certainty::Happened, "", &html! { "none of " (of) " answered with success" }))
        }
        @if detection.refused > 0 {
            (mark(Certainty::Happened, BAD, &html! { (number(detection.refused)) " refused or slowed down" }))
        }
        @if detection.would_refuse > 0 {
            (mark(Certainty::Would, BAD, &html! { (number(detection.would_refuse)) " would have been refused" }))
        } @else if detection.refused == 0 && would_refuse(detection) {
            (mark(Certainty::Would, BAD, &html! { "an enforced policy would refuse" }))
        }
    }
}

/// Whether an enforced `detectors` policy, as it is without settings, refuses requests with this
/// detection alone: it asks detectors that need neither history nor the answer.
fn would_refuse(detection: &Detection) -> bool {
    let raised = Raised {
        code: "",
        class: "",
        severity: detection.severity,
        confidence: detection.confidence,
        evidence: Vec::new(),
    };
    let mut items = DETECTORS.iter().filter(|item| item.judges_requests());
    items.any(|item| item.meta.code == detection.code) && score([&raised]) >= DENY_SCORE
}

/// What explains a detection further: rule, mapping, exchanges.
fn detection_more(page: &Page<'_>, detection: &Detection) -> Markup {
    let doc = (page.context.docs.item)(&detection.code);
    html! {
        details {
            summary.twist { "How it is known" }
            p.small.quiet {
                span.mono { (text(&detection.code)) } " · " (text(&detection.class))
                @for id in detection.owasp.iter().chain(&detection.attack).take(12) { " · " (text(id)) }
            }
            @if let Some(doc) = doc { p.small { (sentence(&doc.what)) } }
            @if detection.evidence.len() > 3 {
                (evidence(detection.evidence.get(3..).unwrap_or(&[]), &BTreeSet::new(), 12))
            }
            @if !detection.exchange_ids.is_empty() {
                p.ids {
                    "exchanges "
                    @for (i, id) in detection.exchange_ids.iter().take(MAX_IDS).enumerate() {
                        @if i > 0 { ", " } (text(id.as_str()))
                    }
                    @if detection.exchanges > MAX_IDS.min(detection.exchange_ids.len()) as u64 {
                        " and " (number(detection.exchanges - MAX_IDS.min(detection.exchange_ids.len()) as u64)) " more"
                    }
                }
            }
        }
    }
}

fn aside(page: &Page<'_>, incident: &Incident, detections: &[&Detection]) -> Markup {
    let hostile: u64 = detections.iter().map(|d| d.exchanges).sum();
    let got: u64 = detections.iter().map(|d| d.succeeded).sum::<u64>().min(hostile);
    html! {
        div.inc-side {
            div.outcome {
                h4 { "Outcome" }
                p {
                    @if got > 0 {
                        (mark(Certainty::Happened, BAD, &html! { b { (number(got)) } " answered with success" }))
                    }
                    @if hostile > got {
                        (mark(Certainty::Happened, "", &html! { b { (number(hostile - got)) } " gained nothing" }))
                    }
                }
                svg aria-hidden="true" {
                    rect.fill width="100%" height="100%" rx="2" {}
                    rect.got-fill width={ (format!("{:.2}", words::share(got, hostile) * 100.0)) "%" } height="100%" rx="2" {}
                }
            }
            div { h4 { "Score" } (ledger(&incident.factors, incident.score, "Score")) }
            div { h4 { "Who" } (who(page, incident)) }
            (touched(page, detections))
        }
    }
}

fn who(page: &Page<'_>, incident: &Incident) -> Markup {
    let known = page.lookup.actor(incident.actor.id.as_str());
    html! {
        dl.pairs {
            dt { "Actor" } dd { (actor(&incident.actor)) }
            @if let Some(known) = known {
                dt { "Grade" } dd {
                    @match known.grade {
                        Some(bartizan_model::Grade::Claimed) => (unconfirmed("claimed")),
                        Some(grade) => (grade.as_str()),
                        None => "no principal",
                    }
                }
                dt { "Networks" } dd { (text(&known.networks.join(", "))) @if known.networks.is_empty() { "not known" } }
                dt { "Exchanges in all" } dd { (number(known.requests)) }
                dt { "Endpoints in all" } dd { (number(known.endpoints)) }
            }
            @for link in &incident.linked {
                dt { "Also" } dd { (actor(&link.actor)) br; span.quiet { (words::link(link)) } }
            }
            @if let Some(period) = words::period(incident.started, incident.ended) {
                dt { "Hostile" } dd { (period) }
            }
        }
    }
}

/// Endpoints that the story touched, each once.
fn touched(page: &Page<'_>, detections: &[&Detection]) -> Markup {
    let mut seen = BTreeSet::new();
    let mut endpoints = Vec::new();
    for detection in detections {
        if let Some(endpoint) = page.lookup.endpoint(detection.endpoint_id.as_ref())
            && seen.insert(endpoint.id.as_str())
        {
            endpoints.push(endpoint);
        }
    }
    html! {
        @if !endpoints.is_empty() {
            div {
                h4 { "Where" }
                ul.links {
                    @for endpoint in endpoints.iter().take(12) { li { (endpoint_link(endpoint)) } }
                    @if endpoints.len() > 12 { li.quiet { (endpoints.len() - 12) " more" } }
                }
            }
        }
    }
}

/// Detections that belong to no incident.
fn loose(page: &Page<'_>) -> Markup {
    let all: Vec<&Detection> =
        page.analysis.detections.iter().filter(|d| page.lookup.incident_of(d).is_none()).collect();
    html! {
        @if !all.is_empty() {
            div.panel {
                div.ph {
                    h3 { "Hostile acts outside of incidents" }
                    p { (counted(all.len() as u64, "detection", "detections")) ", by time" }
                }
                table.t.fold {
                    thead { tr {
                        th { "Severity" } th { "What" } th { "Who" } th { "Where" } th.num { "Succeeded" } th { "When" }
                    } }
                    tbody {
                        @for detection in all.iter().take(MAX_LOOSE) {
                            tr id=(anchor(detection.id.as_str())) {
                                td { (severity(detection.severity)) }
                                td.full { (text(&detection.title)) " " (confidence(detection.confidence))
                                    @for piece in detection.evidence.iter().filter(|e| !e.note.is_empty()).take(1) {
                                        div.quiet { (sentence(&piece.note)) }
                                    }
                                }
                                td { a href=(href(detection.actor.id.as_str())) { (text(&detection.actor.label)) } }
                                td.full {
                                    @if let Some(endpoint) = page.lookup.endpoint(detection.endpoint_id.as_ref()) {
                                        (endpoint_link(endpoint))
                                    } @else { "many endpoints" }
                                }
                                td.num { (number(detection.succeeded)) " of " (number(detection.exchanges)) }
                                td.nowrap { @match detection.time { Some(at) => (time(at, &words::day_clock(at))), None => "no time" } }
                            }
                        }
                    }
                }
                (more(all.len().min(MAX_LOOSE), all.len(), "detection", "detections"))
            }
        }
    }
}
