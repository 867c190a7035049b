//! The first sentences, one large number, and the figures.

use bartizan_model::{Incident, Severity};
use maud::{Markup, html};

use super::{
    Page,
    marks::legend,
    parts::{endpoint_link, href, score_severity, sentence, severity, severity_class, text},
};
use crate::output::{
    lead::{Piece, lead},
    words::{self, counted, number},
};

pub(super) fn section(page: &Page<'_>) -> Markup {
    let lead = lead(page.analysis);
    html! {
        header #overview {
            h1.unseen { "Analysis of " (text(page.context.title)) }
            div.lead-row {
                div {
                    p.lead {
                        @for piece in &lead.main {
                            @match piece {
                                Piece::Plain(plain) => (sentence(plain)),
                                Piece::Strong(severity, strong) => b class={
                                    "strong " (severity_class(*severity))
                                } { (sentence(strong)) },
                            }
                        }
                        " " span.rest { (sentence(&lead.quiet.join(" "))) }
                    }
                    (actions(page))
                }
                (large_number(page))
            }
            @if !page.is_blank() { (facts(page)) (legend()) }
        }
    }
}

fn worst<'a>(page: &Page<'a>) -> Option<&'a Incident> {
    page.analysis.incidents.iter().rev().max_by_key(|i| (i.severity, i.score))
}

fn actions(page: &Page<'_>) -> Markup {
    let summary = &page.analysis.summary;
    let incident = worst(page).filter(|i| i.severity >= Severity::Medium);
    let finding = page
        .analysis
        .findings
        .iter()
        .filter(|f| f.state.is_active() && f.severity >= Severity::Medium)
        .rev()
        .max_by_key(|f| f.severity);
    html! {
        div.act {
            @if let Some(incident) = incident {
                a.btn.pri href=(href(incident.id.as_str())) { "Read the worst incident" }
            }
            @if let Some(finding) = finding {
                a class=(if incident.is_some() { "btn" } else { "btn pri" })
                    href=(href(finding.id.as_str())) { span { "Fix first: " (text(&finding.title)) } }
            }
            @if let Some(period) = words::period(summary.started, summary.ended) {
                span { "Traffic of " (period) " UTC" }
            } @else if summary.exchanges > 0 {
                span { "The source gave no times." }
            }
        }
    }
}

/// The one large number: the score of the worst incident, else the highest risk.
fn large_number(page: &Page<'_>) -> Markup {
    let riskiest = page.analysis.endpoints.iter().max_by_key(|e| e.risk.score);
    html! {
        @if let Some(incident) = worst(page) {
            div class={ "big " (severity_class(incident.severity)) } {
                b { (incident.score) }
                p { "of 100, the worst incident’s score, by "
                    a href=(href(incident.id.as_str())) { (text(&incident.actor.label)) } }
            }
        } @else if let Some(endpoint) = riskiest.filter(|e| e.risk.score >= 40) {
            div class={ "big " (score_severity(endpoint.risk.score).map_or("sev-info", severity_class)) } {
                b { (endpoint.risk.score) }
                p { "of 100, the highest risk: " (endpoint_link(endpoint)) }
            }
        } @else { div {} }
    }
}

fn facts(page: &Page<'_>) -> Markup {
    let (analysis, summary) = (page.analysis, &page.analysis.summary);
    let by_severity = |counts: &[u64; 5]| -> Vec<(Severity, u64)> {
        Severity::ALL
            .iter()
            .copied()
            .zip(counts.iter().copied())
            .rev()
            .filter(|(_, n)| *n > 0)
            .collect()
    };
    html! {
        dl.facts {
            div { dt { "Exchanges judged" } dd {
                (number(summary.exchanges))
                @let whole = summary.exchanges.saturating_sub(summary.partly_inspected);
                @if whole == summary.exchanges { span.quiet { "all fully inspected" } }
                @else { a.quiet href="#coverage" { (number(whole)) " fully inspected" } }
            } }
            div { dt { "Endpoints" } dd {
                a href="#inventory" { (number(summary.endpoints)) }
                span.quiet {
                    "on " (counted(summary.hosts, "host", "hosts"))
                    @if summary.provisional > 0 { ", " (number(summary.provisional)) " provisional" }
                }
            } }
            div { dt { "Weaknesses" } dd {
                @for (level, count) in by_severity(&summary.findings_by_severity) {
                    a href={ "#findings-" (level.as_str()) } title=(words::severity(level)) {
                        (severity(level)) " " (number(count))
                    }
                }
                @if summary.findings_by_severity.iter().all(|n| *n == 0) { span.quiet { "none found" } }
            } }
            div { dt { "Hostile acts" } dd {
                a href="#incidents" { (number(analysis.detections.len() as u64)) }
                span.quiet { "in " (counted(analysis.incidents.len() as u64, "incident", "incidents")) }
            } }
            div { dt { "Actors" } dd { a href="#actors" { (number(analysis.actors.len() as u64)) } } }
            @if summary.noise > 0 {
                div { dt { "Scanner noise" } dd { (number(summary.noise)) span.quiet { "kept out" } } }
            }
            @if summary.catch_all > 0 {
                div { dt { "Any path, one answer" } dd { (number(summary.catch_all)) span.quiet { "listed together" } } }
            }
            @if !summary.specs.is_empty() {
                div { dt { "Spec, never seen" } dd { a href="#specs" { (number(summary.orphans)) } } }
            }
        }
    }
}
