//! Frame of the report: side, top, foot.

use bartizan_model::Severity;
use maud::{Markup, html};

use super::{
    Page, ReportContext,
    parts::{sentence, text},
};
use crate::output::{
    lead::{Gaps, active_at_least},
    words::{counted, number, period},
};

/// Brand, navigation and how fully was looked.
pub(super) fn side(page: &Page<'_>) -> Markup {
    let analysis = page.analysis;
    let urgent = analysis.incidents.iter().any(|i| i.severity >= Severity::High);
    let serious = active_at_least(analysis, Severity::High) > 0;
    let (gaps, summary) = (Gaps::of(analysis), &analysis.summary);
    let links = [
        ("#overview", "Overview", None, false),
        ("#traffic", "Traffic over time", None, false),
        ("#incidents", "Incidents", Some(analysis.incidents.len()), urgent),
        ("#findings", "Weaknesses", Some(analysis.findings.len()), serious),
        ("#inventory", "Inventory", Some(analysis.endpoints.len()), false),
        ("#data", "Data map", None, false),
        ("#actors", "Actors", Some(analysis.actors.len()), false),
        ("#coverage", "What was not judged", None, false),
    ];
    html! {
        aside.side {
            div.side-in {
                a.brand href="#top" { svg aria-hidden="true" { use href="#mark" {} } "Bartizan" }
                div.battlement aria-hidden="true" {}
                div.about {
                    b { (text(page.context.title)) }
                    @for input in page.context.inputs.iter().take(4) { div { (text(input)) } }
                    @if page.context.inputs.len() > 4 {
                        div { "and " (page.context.inputs.len() - 4) " more inputs" }
                    }
                }
                nav.nav aria-label="Sections" {
                    @for (target, name, count, hot) in links
                        .into_iter()
                        .filter(|link| !page.is_blank() || ["#overview", "#coverage"].contains(&link.0))
                    {
                        a href=(target) {
                            (name)
                            @if let Some(count) = count {
                                span class=[(hot).then_some("hot")] { (number(count as u64)) }
                            }
                        }
                    }
                }
                div.watch {
                    div { "Judged" b { (number(summary.exchanges)) } }
                    div { "Skipped" b { (number(gaps.skipped)) } }
                    div { "Fully inspected" b { (number(summary.exchanges.saturating_sub(summary.partly_inspected))) } }
                    div { "Checks with gaps" b { (number(gaps.checks)) } }
                }
            }
        }
    }
}

/// Title, time of making, and the choice of light or dark (no script: radio buttons and `:has`).
pub(super) fn top(context: &ReportContext<'_>) -> Markup {
    html! {
        div.top {
            b { (text(context.title)) }
            span.where { "analysed " (text(context.generated_at)) }
            div.theme role="radiogroup" aria-label="Colours" {
                @for (id, name, on) in
                    [("theme-auto", "Auto", true), ("theme-light", "Light", false), ("theme-dark", "Dark", false)]
                {
                    label { input.unseen type="radio" name="theme" id=(id) checked[on]; (name) }
                }
            }
        }
    }
}

/// Who made the report, from what.
pub(super) fn foot(page: &Page<'_>) -> Markup {
    let summary = &page.analysis.summary;
    html! {
        footer {
            p {
                "Made by Bartizan " (text(page.context.version)) ", " (text(page.context.generated_at))
                ", from " (counted(summary.exchanges, "exchange", "exchanges"))
                @if let Some(period) = period(summary.started, summary.ended) {
                    " of " (period) " UTC"
                }
                ". Values are shown as class, shape and keyed hash: equal hashes are equal values. "
                "Times are UTC. This file runs no script and loads nothing."
            }
            @if page.context.inputs.len() > 4 {
                p { "Inputs: " (sentence(&page.context.inputs.join(", "))) }
            }
        }
    }
}
