//! What source code shows: weaknesses by kind, every route with who may call it, and what was not read.

use bartizan_code::Demand;
use bartizan_model::{Method, Severity};
use maud::{Markup, html};

use super::{
    ReportContext, document, frame,
    parts::{
        empty, inline, method, more, path, prose, references, sentence, severity, severity_class,
        sprites, text,
    },
};
use crate::{
    discover::{Entry, Inventory, KnownBy, checks::CodeFinding},
    output::words::{counted, number},
};

/// Most findings that are written.
const MAX_FINDINGS: usize = 500;
/// Most routes that are written.
const MAX_ROUTES: usize = 5_000;

/// Writes the report of `discover source`: a whole HTML document without script, UTF-8. Every name that comes
/// from code is escaped, bounded in length and shown with its invisible characters spelled out.
#[must_use]
pub fn discovered(inventory: &Inventory, context: &ReportContext<'_>) -> String {
    let body = html! {
        a.skip href="#main" { "Skip to content" }
        (sprites())
        div.app {
            (side(inventory, context))
            div {
                (frame::top(context))
                main #main {
                    h1.unseen { "Source code of " (text(context.title)) }
                    (findings(inventory, context))
                    (routes(inventory))
                    (left_out(inventory))
                    footer { p {
                        "Made by Bartizan " (text(context.version)) ", " (text(context.generated_at)) ", from "
                        (counted(inventory.input.files, "file", "files")) " of source code, none of which was \
                        run. Secrets are shown as class, shape and keyed hash. This file runs no script and \
                        loads nothing."
                    } }
                }
            }
        }
    };
    document(context, &body)
}

fn side(inventory: &Inventory, context: &ReportContext<'_>) -> Markup {
    let serious = inventory.findings.iter().any(|one| one.finding.severity >= Severity::High);
    let summary = &inventory.summary;
    html! {
        aside.side {
            div.side-in {
                a.brand href="#top" { svg aria-hidden="true" { use href="#mark" {} } "Bartizan" }
                div.battlement aria-hidden="true" {}
                div.about { b { (text(context.title)) } }
                nav.nav aria-label="Sections" {
                    a href="#findings" { "Weaknesses" span class=[serious.then_some("hot")] {
                        (number(inventory.findings.len() as u64))
                    } }
                    a href="#inventory" { "Routes" span { (number(inventory.routes.len() as u64)) } }
                    a href="#coverage" { "What was not read" }
                }
                div.watch {
                    div { "Files" b { (number(inventory.input.files)) } }
                    div { "Guarded" b { (number(summary.guarded)) } }
                    div { "Not guarded" b { (number(summary.unguarded)) } }
                    div { "Unclear" b { (number(summary.unclear)) } }
                }
            }
        }
    }
}

fn findings(inventory: &Inventory, context: &ReportContext<'_>) -> Markup {
    let all = &inventory.findings;
    let shown = all.get(..all.len().min(MAX_FINDINGS)).unwrap_or(all);
    // They are in the order of severity and code already.
    let kinds = shown.chunk_by(|a, b| {
        (a.finding.severity, &a.finding.code) == (b.finding.severity, &b.finding.code)
    });
    html! {
        section #findings {
            div.sec {
                h2 { "Weaknesses" }
                p { (counted(all.len() as u64, "finding", "findings")) @if !all.is_empty() { ", worst first" } }
            }
            div.panel {
                @if all.is_empty() {
                    (empty("No weakness was found", "No secret stands in the code, and no route was left \
                        unguarded among guarded ones."))
                }
                @for kind in kinds { (card(kind, context)) }
            }
            (more(shown.len(), all.len(), "finding", "findings"))
        }
    }
}

/// Findings of one check and severity.
fn card(kind: &[CodeFinding], context: &ReportContext<'_>) -> Markup {
    let Some(CodeFinding { finding: first, .. }) = kind.first() else { return html! {} };
    let doc = (context.docs.item)(&first.code);
    html! {
        details class={ "card " (severity_class(first.severity)) } open {
            summary.twist {
                span.mark { (severity(first.severity)) }
                h4 { (text(&first.title)) }
                span.meta {
                    span.chip.ref { (text(&first.code)) }
                    @for id in first.owasp.iter().take(1).chain(first.cwe.iter().take(2)) {
                        span.chip.ref { (text(id)) }
                    }
                }
                span.where { (counted(kind.len() as u64, "place", "places")) }
            }
            div.card-body {
                ul.ev {
                    @for CodeFinding { finding, place } in kind {
                        li {
                            span.at { (text(&place.file)) ":" (place.line) }
                            span.said { @for one in &finding.evidence { (inline(&one.note)) } }
                        }
                    }
                }
                @if let Some(doc) = &doc {
                    div.vs {
                        div { h4 { "Checked" } (prose(&doc.what)) }
                        div { h4 { "Why it matters" } (prose(&doc.why)) h4 { "What to do" } (prose(&first.remediation)) }
                    }
                    (references(&doc.references))
                }
            }
        }
    }
}

fn routes(inventory: &Inventory) -> Markup {
    let all = &inventory.routes;
    let is_compared = inventory.compared.len() > 1;
    html! {
        section #inventory {
            div.sec {
                h2 { "Routes" }
                p { (compared(inventory)) }
            }
            div.panel {
                @if all.is_empty() {
                    (empty("No route was found", "`bartizan explain` lists the frameworks that are understood."))
                } @else {
                    table.t.fold {
                        thead { tr {
                            th { "Method and path" } th { "Credentials" }
                            @if is_compared { th { "Known by" } }
                            th { "Where" }
                        } }
                        tbody { @for route in all.iter().take(MAX_ROUTES) { (row(route, is_compared)) } }
                    }
                    (more(all.len().min(MAX_ROUTES), all.len(), "route", "routes"))
                }
            }
        }
    }
}

/// What was compared, and with what result.
fn compared(inventory: &Inventory) -> String {
    let summary = &inventory.summary;
    let mut out = counted(summary.in_code, "route", "routes") + " in code";
    if inventory.compared.contains(&KnownBy::Specification) {
        out.push_str(&format!(" · {} in no specification", number(summary.undocumented)));
    }
    if inventory.compared.contains(&KnownBy::Traffic) {
        out.push_str(&format!(" · {} not called", number(summary.not_called)));
    }
    if summary.not_in_code > 0 {
        out.push_str(&format!(" · {} known, but not from code", number(summary.not_in_code)));
    }
    out
}

fn row(route: &Entry, is_compared: bool) -> Markup {
    let known: Vec<&str> = route.known_by.iter().map(|by| by.as_str()).collect();
    html! {
        tr {
            td.full { span.op { (method(&Method(route.method.clone()))) " " (path(&route.path)) } }
            td { (credentials(route)) }
            @if is_compared { td { (known.join(", ")) } }
            td.mono { @if let Some(code) = &route.code { (text(&code.place.file)) ":" (code.place.line) } }
        }
    }
}

/// Whether credentials are demanded, and by what.
fn credentials(route: &Entry) -> Markup {
    let Some(code) = &route.code else { return html! { span.quiet { "–" } } };
    let guard = code.authorization.guards.last().map_or("", |guard| guard.name.as_str());
    html! {
        @match code.authorization.state {
            Demand::Required => @if guard.is_empty() { "demanded" },
            Demand::None => b.strong { "none" },
            Demand::Unclear => "unclear",
        }
        @if !guard.is_empty() { " " span.mono { (text(guard)) } }
    }
}

fn left_out(inventory: &Inventory) -> Markup {
    let skipped = &inventory.input.skipped;
    html! {
        section #coverage {
            div.sec { h2 { "What was not read" } p { (counted(inventory.input.files, "file was", "files were")) " read" } }
            div.panel {
                @if skipped.is_empty() { p.pb.quiet { "Nothing was left out." } }
                @else {
                    table.t {
                        thead { tr { th { "Reason" } th.num { "How many" } } }
                        tbody { @for (reason, count) in skipped {
                            tr { td { (sentence(reason)) } td.num { (number(*count)) } }
                        } }
                    }
                }
            }
        }
    }
}
