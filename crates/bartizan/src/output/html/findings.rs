//! Weaknesses: one card per check and severity, with every place where it holds.

use bartizan_model::{Finding, FindingState, Severity};
use maud::{Markup, html};

use super::{
    MAX_FINDINGS, Page,
    parts::{
        anchor, confidence, empty, endpoint_link, evidence, inline, more, prose, references,
        repeated, severity, severity_class, text,
    },
};
use crate::output::{
    ItemDoc,
    lead::completeness,
    words::{self, counted, number},
};

/// Cards that are open at first; the others are one press away.
const OPEN_CARDS: usize = 6;
/// Evidence written out per place.
const MAX_EVIDENCE: usize = 6;

/// Endpoints named of a weakness of a whole host.
const MAX_AFFECTED: usize = 40;

/// Findings of one check and severity.
struct Card<'a> {
    code: &'a str,
    severity: Severity,
    findings: Vec<&'a Finding>,
}

pub(super) fn section(page: &Page<'_>) -> Markup {
    let analysis = page.analysis;
    let shown = analysis.findings.len().min(MAX_FINDINGS);
    let cards = cards(analysis.findings.get(..shown).unwrap_or(&[]));
    html! {
        section #findings {
            div.sec {
                h2 { "Weaknesses" }
                p {
                    @if cards.is_empty() { "none found" } @else {
                        (counted(analysis.findings.len() as u64, "finding", "findings"))
                        " of " (counted(cards.len() as u64, "kind", "kinds")) ", worst first"
                    }
                }
            }
            @if cards.is_empty() {
                div.panel { (empty("No weakness was found", &nothing_found(page))) }
            }
            @for level in Severity::ALL.iter().rev() {
                @let of: Vec<(usize, &Card<'_>)> =
                    cards.iter().enumerate().filter(|(_, c)| c.severity == *level).collect();
                @if !of.is_empty() {
                    div.sevhead id={ "findings-" (level.as_str()) } {
                        h3 { (severity(*level)) }
                        p.small.quiet {
                            (counted(of.iter().map(|(_, c)| c.findings.len() as u64).sum(), "finding", "findings"))
                        }
                    }
                    div.panel {
                        @for (i, card) in of { (card_body(page, card, i < OPEN_CARDS && *level >= Severity::High)) }
                    }
                }
            }
            (more(shown, analysis.findings.len(), "finding", "findings"))
        }
    }
}

fn nothing_found(page: &Page<'_>) -> String {
    let checks = &page.analysis.summary.checks;
    let looked = checks.iter().filter(|c| c.passed + c.failed > 0).count() as u64;
    format!(
        "{} of {} could look at {}. {}",
        number(looked),
        counted(checks.len() as u64, "check", "checks"),
        counted(page.analysis.summary.exchanges, "exchange", "exchanges"),
        completeness(page.analysis)
    )
}

/// Groups by severity and code, keeping the order in which each comes first.
fn cards(findings: &[Finding]) -> Vec<Card<'_>> {
    let mut cards: Vec<Card<'_>> = Vec::new();
    let mut at = std::collections::BTreeMap::new();
    for finding in findings {
        let key = (finding.severity, finding.code.as_str());
        let index = *at.entry(key).or_insert_with(|| {
            cards.push(Card { code: key.1, severity: key.0, findings: Vec::new() });
            cards.len() - 1
        });
        if let Some(card) = cards.get_mut(index) {
            card.findings.push(finding);
        }
    }
    cards.sort_by_key(|c| std::cmp::Reverse(c.severity));
    cards
}

fn card_body(page: &Page<'_>, card: &Card<'_>, open: bool) -> Markup {
    let doc = (page.context.docs.item)(card.code);
    let Some(first) = card.findings.first() else { return html! {} };
    let title = match &doc {
        Some(doc) if card.findings.len() > 1 && !doc.title.is_empty() => &doc.title,
        _ => &first.title,
    };
    let best = card.findings.iter().map(|f| f.confidence).max().unwrap_or(first.confidence);
    html! {
        details class={ "card " (severity_class(card.severity)) } open[open] {
            summary.twist {
                span.mark { (severity(card.severity)) }
                h4 { (text(title)) }
                span.meta {
                    (confidence(best))
                    span.chip.ref { (text(card.code)) }
                    @for id in first.owasp.iter().take(1).chain(first.cwe.iter().take(2)) {
                        span.chip.ref { (text(id)) }
                    }
                }
                span.where { (places(page, card)) }
            }
            div.card-body {
                (checked_and_seen(page, card, doc.as_ref()))
                @if card.findings.len() > 1 {
                    ul.wh { @for finding in &card.findings { (place(page, finding)) } }
                }
                (why_and_fix(first, doc.as_ref()))
            }
        }
    }
}

/// Where it holds, in one line.
fn places(page: &Page<'_>, card: &Card<'_>) -> Markup {
    let endpoints: Vec<_> =
        card.findings.iter().filter_map(|f| page.lookup.endpoint(f.endpoint_id.as_ref())).collect();
    html! {
        @if let ([endpoint], 1) = (endpoints.as_slice(), card.findings.len()) {
            // A link inside of a summary would take its press; the link is in the body.
            span { span.m { (text(&endpoint.method.0)) } " "
                (super::parts::path(&words::operation(endpoint))) " " span.host { (text(&endpoint.host)) } }
        } @else if endpoints.is_empty() {
            @for finding in card.findings.iter().take(3) {
                span.host { (text(&finding.host)) @if finding.endpoints > 0 { ", " (counted(finding.endpoints, "endpoint", "endpoints")) } }
            }
            @if card.findings.len() > 3 { span { "and " (counted(card.findings.len() as u64 - 3, "more host", "more hosts")) } }
        } @else {
            (counted(card.findings.len() as u64, "place", "places"))
        }
        span {
            "failed " (number(card.findings.iter().map(|f| f.failed).sum())) " of "
            (counted(card.findings.iter().map(|f| f.failed + f.passed).sum(), "time", "times")) " judged"
        }
    }
}

fn checked_and_seen(page: &Page<'_>, card: &Card<'_>, doc: Option<&ItemDoc>) -> Markup {
    html! {
        div.vs {
            div {
                h4 { "Checked" }
                @match doc {
                    Some(doc) => (prose(&doc.what)),
                    None => p.quiet { "This version has no description of the check." },
                }
            }
            div {
                h4.seen { "Seen" }
                p { (seen(card)) }
                @if let [finding] = card.findings.as_slice() {
                    div id=(anchor(finding.id.as_str())) {
                        (place_line(page, finding))
                        (kept_evidence(finding))
                    }
                } @else if let Some(note) = first_note(card) {
                    p.small.quiet { "For example: " (inline(note)) }
                }
            }
        }
    }
}

fn first_note<'a>(card: &Card<'a>) -> Option<&'a str> {
    let mut evidence = card.findings.iter().flat_map(|f| &f.evidence);
    evidence.find(|e| !e.note.is_empty()).map(|e| e.note.as_str())
}

/// How often, where, when.
fn seen(card: &Card<'_>) -> Markup {
    let failed: u64 = card.findings.iter().map(|f| f.failed).sum();
    let judged: u64 = card.findings.iter().map(|f| f.failed + f.passed).sum();
    let period = words::period(
        card.findings.iter().filter_map(|f| f.first_seen).min(),
        card.findings.iter().filter_map(|f| f.last_seen).max(),
    );
    html! {
        b { "Failed " (number(failed)) " of " (counted(judged, "time", "times")) }
        " it could be judged"
        @if card.findings.len() > 1 { ", in " (counted(card.findings.len() as u64, "place", "places")) }
        @if let Some(period) = period { ", " (period) " UTC" }
        "."
    }
}

/// Endpoint, state and id of a finding.
fn place_line(page: &Page<'_>, finding: &Finding) -> Markup {
    html! {
        @match page.lookup.endpoint(finding.endpoint_id.as_ref()) {
            Some(endpoint) => (endpoint_link(endpoint)),
            None => {
                span.host { (text(&finding.host)) " " span.quiet { (words::whole_host(finding)) } }
                (affected(page, finding))
            },
        }
        div.sub {
            @if finding.state != FindingState::Open { span.chip { (finding.state.as_str().replace('_', " ")) } }
            @if !finding.discriminator.is_empty() { code { (text(&finding.discriminator)) } }
            span.mono { (text(finding.id.as_str())) }
        }
    }
}

/// The endpoints that show a weakness of the whole host.
fn affected(page: &Page<'_>, finding: &Finding) -> Markup {
    let known = finding.endpoint_ids.iter().filter_map(|id| page.lookup.endpoint(Some(id)));
    let known: Vec<_> = known.take(MAX_AFFECTED).collect();
    let rest = finding.endpoints.saturating_sub(known.len() as u64);
    html! {
        @if !known.is_empty() {
            details.aff {
                summary.twist { "Endpoints that show it" }
                ul {
                    @for endpoint in &known { li { (endpoint_link(endpoint)) } }
                    @if rest > 0 { li.quiet { "and " (counted(rest, "more endpoint", "more endpoints")) } }
                }
            }
        }
    }
}

fn kept_evidence(finding: &Finding) -> Markup {
    let same = repeated(finding.evidence.iter());
    html! {
        @if finding.evidence.is_empty() { p.quiet.small { "No evidence was kept." } }
        @else { (evidence(&finding.evidence, &same, MAX_EVIDENCE)) }
    }
}

/// One of several places of a weakness.
fn place(page: &Page<'_>, finding: &Finding) -> Markup {
    html! {
        li id=(anchor(finding.id.as_str())) {
            div {
                (place_line(page, finding))
                div.sub {
                    span { (number(finding.failed)) " failed, " (number(finding.passed)) " passed" }
                    @if let Some(last) = finding.last_seen { span { "last " (words::day_clock(last)) } }
                    (confidence(finding.confidence))
                }
            }
            div { (kept_evidence(finding)) }
        }
    }
}

fn why_and_fix(finding: &Finding, doc: Option<&ItemDoc>) -> Markup {
    let fix = if finding.remediation.trim().is_empty() {
        doc.map_or("", |d| d.fix.as_str())
    } else {
        &finding.remediation
    };
    html! {
        div.vs {
            div {
                h4 { "Why it matters" }
                @match doc {
                    Some(doc) => (prose(&doc.why)),
                    None => p.quiet { "This version has no description of the check." },
                }
                p.refs {
                    @for id in finding.owasp.iter().chain(&finding.cwe).take(12) { span.chip.ref { (text(id)) } " " }
                }
            }
            div {
                h4 { "Fix" }
                div.fix { (prose(fix)) }
                @if let Some(doc) = doc { (references(&doc.references)) }
            }
        }
    }
}
