//! What was not judged: checks by outcome, gaps, skipped input, specifications.

use bartizan_model::analysis::{CheckTally, NamedCount, Summary};
use maud::{Markup, html};

use super::{
    Page,
    parts::{sentence, text},
};
use crate::output::{
    lead::{Gaps, completeness, inspected},
    words::{self, counted, number, reason},
};

/// Rows of one list.
const MAX_ROWS: usize = 60;

pub(super) fn section(page: &Page<'_>) -> Markup {
    html! {
        section #coverage {
            div.sec { h2 { "What was not judged" } p { (completeness(page.analysis)) } }
            @if !Gaps::of(page.analysis).none() {
                p.note { "Not evaluated is not passed. Hatched means that an input was missing: a body that was not recorded, \
                    a header the log leaves out, a specification that was not given." }
                br;
            }
            @if !page.is_blank() { (checks(page)) br; }
            div.two {
                @if !page.is_blank() { (gaps(page)) }
                div {
                    (inputs(page))
                    (specs(page))
                }
            }
        }
    }
}

fn checks(page: &Page<'_>) -> Markup {
    let checks = &page.analysis.summary.checks;
    html! {
        div.panel {
            div.ph {
                h3 { "Checks" }
                p { (counted(checks.len() as u64, "check", "checks")) ", each with how often it came out how" }
                div.end {
                    span.key.bad { "failed" } span.key { "passed" } span.key.soft { "did not apply" } span.key.unknown { "not evaluated" }
                }
            }
            @if checks.is_empty() { p.pb.quiet { "No check was run." } }
            @else {
                table.t.fold {
                    thead { tr {
                        th { "Check" } th { "Outcome" } th.num { "Failed" } th.num { "Passed" } th.num { "Did not apply" } th.num { "Not evaluated" }
                    } }
                    tbody { @for tally in checks.iter().take(200) { (check_row(page, tally)) } }
                }
            }
        }
    }
}

fn check_row(page: &Page<'_>, tally: &CheckTally) -> Markup {
    let title = (page.context.docs.item)(&tally.code).map(|doc| doc.title).unwrap_or_default();
    let cell = |n: u64| html! { @if n == 0 { span.quiet { "–" } } @else { (number(n)) } };
    html! {
        tr {
            td.full { span.mono { (text(&tally.code)) } " "
                @if title.is_empty() { (text(&tally.name)) } @else { (text(&title)) } }
            td.full.mix { (mix(tally)) }
            td.num.off { @if tally.failed > 0 { b.strong.sev-critical { (number(tally.failed)) } } @else { (cell(0)) } }
            td.num.off { (cell(tally.passed)) }
            td.num.off { (cell(tally.not_applicable)) }
            td.num.off { (cell(tally.not_evaluated)) }
        }
    }
}

/// The four outcomes as one bar; hatched is what could not be evaluated.
fn mix(tally: &CheckTally) -> Markup {
    let parts = [
        (tally.failed, "f-fail", ""),
        (tally.passed, "f-pass", ""),
        (tally.not_applicable, "f-na", ""),
        (tally.not_evaluated, "f-ne", "url(#hatch)"),
    ];
    let all: u64 = parts.iter().map(|(n, _, _)| n).sum();
    let mut x = 0.0;
    let mut bars = Vec::new();
    for (count, class, fill) in parts {
        let width = words::share(count, all) * 100.0;
        if count > 0 {
            bars.push((x, width.max(0.8), class, fill));
        }
        x += width;
    }
    let label = format!(
        "{} failed, {} passed, {} did not apply, {} not evaluated",
        number(tally.failed),
        number(tally.passed),
        number(tally.not_applicable),
        number(tally.not_evaluated)
    );
    html! {
        svg role="img" aria-label=(label) {
            title { (label) }
            @for (x, width, class, fill) in bars {
                rect class=(class) x={ (format!("{:.2}", x.min(99.2))) "%" } width={ (format!("{width:.2}")) "%" } height="100%"
                    fill=[(!fill.is_empty()).then_some(fill)] {}
            }
        }
    }
}

fn gaps(page: &Page<'_>) -> Markup {
    let summary = &page.analysis.summary;
    let title = |code: &str| (page.context.docs.item)(code).map(|doc| doc.title);
    let detector = |name: &str| words::lacked(name, title);
    html! {
        div.panel {
            div.ph { h3 { "Gaps" } p { "counted over " (counted(summary.exchanges, "exchange", "exchanges")) } }
            div.pb.mix {
                p { b { (inspected(page.analysis)) } " fully inspected" }
                (whole(summary))
            }
            table.t {
                tbody {
                    (counts("Not inspected", "All parts of all messages were inspected.", &summary.not_inspected, &reason))
                    (counts("Detectors not evaluated", "Every detector could look at every exchange that concerns it.", &summary.not_evaluated, &detector))
                    (counts("Oddities of encoding", "None was met.", &summary.anomalies, &reason))
                    @if summary.noise > 0 {
                        (group("Noise"))
                        tr { td { "Never answered with success, and nothing else shows an endpoint; kept out of the inventory, also where no table has room for their paths" } td.num { (number(summary.noise)) } }
                    }
                    @if summary.catch_all > 0 {
                        (group("Answered alike at any path"))
                        tr { td { "One page or error for unrelated paths; listed once per host and method as " code { "/{any_path}" } } td.num { (number(summary.catch_all)) } }
                    }
                }
            }
        }
    }
}

/// Exchanges as one bar; hatched are those that were inspected in part only.
fn whole(summary: &Summary) -> Markup {
    let part = words::share(summary.partly_inspected, summary.exchanges) * 100.0;
    html! {
        svg aria-hidden="true" {
            rect class="f-pass" width={ (format!("{:.2}", 100.0 - part)) "%" } height="100%" {}
            @if part > 0.0 {
                rect class="f-ne" x={ (format!("{:.2}", (100.0 - part).min(99.2))) "%" } width={ (format!("{:.2}", part.max(0.8))) "%" }
                    height="100%" fill="url(#hatch)" {}
            }
        }
    }
}

fn group(name: &str) -> Markup {
    html! { tr.group { td colspan="2" { (name) } } }
}

fn counts(name: &str, none: &str, list: &[NamedCount], say: &dyn Fn(&str) -> String) -> Markup {
    html! {
        (group(name))
        @if list.is_empty() { tr { td.quiet colspan="2" { (none) } } }
        @for item in list.iter().take(MAX_ROWS) {
            tr { td { (text(&say(&item.name))) } td.num { (number(item.count)) } }
        }
        @if list.len() > MAX_ROWS { tr { td.quiet colspan="2" { (list.len() - MAX_ROWS) " more in the JSON output" } } }
    }
}

fn inputs(page: &Page<'_>) -> Markup {
    let input = &page.analysis.input;
    html! {
        div.panel {
            div.ph {
                h3 { "Input" }
                p {
                    (counted(input.exchanges, "exchange read", "exchanges read"))
                    @if input.resumed > 0 { ", " (number(input.resumed)) " of them by an earlier run" }
                }
            }
            table.t {
                tbody {
                    @for source in input.sources.iter().take(MAX_ROWS) {
                        tr {
                            td { code { (text(&source.name)) } " " span.quiet { (text(&source.format)) ", " (bytes(source.bytes)) } }
                            td.num { (number(source.exchanges)) }
                        }
                    }
                    (group("Skipped"))
                    @if input.skipped.is_empty() { tr { td.quiet colspan="2" { "Nothing was skipped." } } }
                    @for skipped in input.skipped.iter().take(MAX_ROWS) {
                        tr {
                            td {
                                (text(&reason(&skipped.reason)))
                                @if !skipped.first.is_empty() { span.quiet { ", first at " (text(&skipped.first)) } }
                            }
                            td.num { (number(skipped.count)) }
                        }
                    }
                }
            }
        }
    }
}

fn bytes(n: u64) -> String {
    match n {
        0..1_024 => format!("{n} B"),
        1_024..1_048_576 => format!("{:.1} KiB", n as f64 / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", n as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", n as f64 / 1_073_741_824.0),
    }
}

fn specs(page: &Page<'_>) -> Markup {
    let summary = &page.analysis.summary;
    html! {
        div.panel #specs {
            div.ph {
                h3 { "Specifications" }
                @if summary.orphans > 0 { p { (counted(summary.orphans, "documented operation was", "documented operations were")) " never asked for" } }
            }
            @if summary.specs.is_empty() {
                div.pb { p.note { "None was given, so documented, shadow and zombie were not evaluated. Give one with --spec." } }
            } @else {
                table.t { tbody {
                    @for spec in summary.specs.iter().take(MAX_ROWS) {
                        tr {
                            td {
                                code { (text(&spec.name)) } " " span.quiet { (text(&spec.title)) " " (text(&spec.format)) }
                                @for kind in &spec.not_compared { div.quiet { (counted(kind.count, "operation", "operations")) " of kind " (text(&kind.name)) ": not compared with traffic" } }
                                @for problem in spec.problems.iter().take(8) { div.quiet { (sentence(problem)) } }
                                @if spec.problems.len() > 8 { div.quiet { (spec.problems.len() - 8) " more problems" } }
                            }
                            td.num { (number(spec.seen)) " of " (counted(spec.operations, "operation", "operations")) " seen" }
                        }
                    }
                } }
            }
        }
    }
}
