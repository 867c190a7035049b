//! Traffic over time: the wall is a line; hostile exchanges stand above it, all others hang below.

use bartizan_model::{Timestamp, analysis::TimeBucket};
use maud::{Markup, html};

use super::{
    Page,
    parts::{anchor, empty, severity_class},
};
use crate::output::words::{self, counted, number};

/// Most bars; longer timelines are joined two by two.
const MAX_BARS: usize = 120;
/// Rows of the picture in pixels: hostile, line, rest.
const TOP: f64 = 72.0;
const WALL: f64 = 2.0;
const BOTTOM: f64 = 96.0;
/// Incident flags that are drawn.
const MAX_FLAGS: usize = 8;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let bars = joined(&page.analysis.summary.timeline);
    let total = |f: fn(&TimeBucket) -> u64| bars.iter().map(f).sum::<u64>();
    let (hostile, errors) = (total(|b| b.hostile), total(|b| b.errors));
    let rest = total(|b| b.exchanges).saturating_sub(hostile);
    html! {
        section #traffic {
            div.panel {
                div.ph {
                    h3 { "Traffic over time" }
                    p { "above the line: part of a detection · below: all other exchanges"
                        @if let Some(first) = bars.first() { " · one bar is " (length(first.seconds)) } }
                    @if !bars.is_empty() { div.end {
                        span.key.bad { "hostile " b { (number(hostile)) } }
                        span.key { "other " b { (number(rest)) } }
                        span.key.err { "server errors " b { (number(errors)) } }
                    } }
                }
                @if bars.is_empty() {
                    (no_bars(page))
                } @else {
                    div.pb { (chart(page, &bars)) (numbers(&bars)) }
                }
            }
        }
    }
}

fn no_bars(page: &Page<'_>) -> Markup {
    if page.analysis.summary.exchanges == 0 {
        return empty("No traffic", "No exchange was judged.");
    }
    match words::period(page.analysis.summary.started, page.analysis.summary.ended) {
        Some(period) => empty("Too short to show", &format!("All exchanges are of {period} UTC.")),
        None => empty(
            "No times",
            "The source does not say when its exchanges happened, so they cannot be shown over \
             time, and detectors that need time could not look.",
        ),
    }
}

/// Joins neighbours until there are at most [`MAX_BARS`].
fn joined(timeline: &[TimeBucket]) -> Vec<TimeBucket> {
    let mut bars = timeline.to_vec();
    bars.sort_by_key(|b| b.time);
    while bars.len() > MAX_BARS {
        bars = bars
            .chunks(2)
            .map(|pair| {
                let mut out = pair.first().cloned().unwrap_or_default();
                for other in pair.iter().skip(1) {
                    out.seconds = out.seconds.saturating_add(other.seconds);
                    out.exchanges = out.exchanges.saturating_add(other.exchanges);
                    out.hostile = out.hostile.saturating_add(other.hostile);
                    out.errors = out.errors.saturating_add(other.errors);
                }
                out
            })
            .collect();
    }
    bars
}

fn length(seconds: u32) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn chart(page: &Page<'_>, bars: &[TimeBucket]) -> Markup {
    let peak = bars.iter().map(|b| b.hostile).max().unwrap_or(0);
    let base = bars.iter().map(|b| b.exchanges.saturating_sub(b.hostile)).max().unwrap_or(0);
    let step = 100.0 / bars.len() as f64;
    let first = bars.first().map(|b| b.time).unwrap_or_default();
    let middle = bars.get(bars.len() / 2).map(|b| b.time).unwrap_or_default();
    let last = bars.last().map(|b| b.time).unwrap_or_default();
    let label = format!(
        "Exchanges over time, {} bars from {} to {}: at most {} hostile and {} other in one bar.",
        bars.len(),
        words::day_clock(first),
        words::day_clock(last),
        number(peak),
        number(base)
    );
    html! {
        div.chart {
            div.ys aria-hidden="true" {
                span { @if peak > 0 { (number(peak)) } }
                span { "0" }
                span { (number(base)) }
            }
            svg role="img" aria-label=(label) {
                line.rule x1="0" x2="100%" y1="8" y2="8" {}
                line.rule x1="0" x2="100%" y1="175" y2="175" {}
                @for (i, bar) in bars.iter().enumerate() { (column(bar, i as f64 * step, step, peak, base)) }
                rect.wall x="0" y=(TOP) width="100%" height=(WALL) {}
                (flags(page, bars))
            }
            div.xs aria-hidden="true" {
                span { (words::day_clock(first)) }
                @if bars.len() > 8 { span { (words::clock(middle)) } }
                span { (words::day_clock(last)) }
            }
        }
    }
}

fn column(bar: &TimeBucket, x: f64, step: f64, peak: u64, base: u64) -> Markup {
    let at = |v: f64| format!("{v:.2}%");
    // At least a pixel for what is there: one hostile exchange must not vanish.
    let tall = |n: u64, most: u64, room: f64| -> f64 {
        if n == 0 { 0.0 } else { (words::share(n, most) * room).max(1.5) }
    };
    let other = bar.exchanges.saturating_sub(bar.hostile);
    let (up, down) = (tall(bar.hostile, peak, TOP - 10.0), tall(other, base, BOTTOM));
    let faults = tall(bar.errors.min(other), base, BOTTOM);
    let (left, width) = (at(x + step * 0.1), at(step * 0.8));
    let below = TOP + WALL + 1.0;
    html! {
        @if up > 0.0 {
            rect.host-bad x=(left) y=(format!("{:.1}", TOP - up)) width=(width) height=(format!("{up:.1}")) {}
        }
        @if down > 0.0 {
            rect.pass x=(left) y=(below) width=(width) height=(format!("{down:.1}")) {}
        }
        @if faults > 0.0 {
            rect.fault x=(left) y=(below) width=(width) height=(format!("{faults:.1}")) {}
        }
    }
}

/// Marks where incidents begin, linked to them; those that would cover each other are left out.
fn flags(page: &Page<'_>, bars: &[TimeBucket]) -> Markup {
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return html! {} };
    let end = last.time.plus(bartizan_model::Duration::seconds(i64::from(last.seconds)));
    let whole = end.since(first.time).as_micros().max(1) as f64;
    let place = |time: Timestamp| time.since(first.time).as_micros() as f64 / whole * 100.0;
    let mut drawn: Vec<f64> = Vec::new();
    let mut flags = Vec::new();
    for (i, incident) in page.analysis.incidents.iter().enumerate().take(super::MAX_INCIDENTS) {
        let Some(x) = incident.started.map(place).filter(|x| (0.0..=100.0).contains(x)) else {
            continue;
        };
        if drawn.len() < MAX_FLAGS && drawn.iter().all(|other| (other - x).abs() > 4.0) {
            drawn.push(x);
            flags.push((i + 1, x, incident));
        }
    }
    html! {
        @for (number, x, incident) in flags {
            @let dx = if x > 90.0 { "-26" } else { "0" };
            a href={ "#" (anchor(incident.id.as_str())) } aria-label={ "Incident " (number) } {
                g class=(severity_class(incident.severity)) {
                    line.pole x1={ (format!("{x:.2}")) "%" } x2={ (format!("{x:.2}")) "%" } y1="0" y2=(TOP) {}
                    svg x={ (format!("{x:.2}")) "%" } y="-8" width="26" height="18" overflow="visible" {
                        rect.flag x=(dx) y="0" width="26" height="18" rx="2" {}
                        text x=(if x > 90.0 { "-13" } else { "13" }) y="13" text-anchor="middle" { (number) }
                    }
                }
            }
        }
    }
}

/// The same as numbers.
fn numbers(bars: &[TimeBucket]) -> Markup {
    html! {
        details.numbers {
            summary.twist { "As numbers, " (counted(bars.len() as u64, "bar", "bars")) }
            div.scroll tabindex="0" role="region" aria-label="Exchanges per bar" {
                table.t {
                    thead { tr { th { "From, UTC" } th.num { "Exchanges" } th.num { "Hostile" } th.num { "Server errors" } } }
                    tbody {
                        @for bar in bars {
                            tr {
                                td { (words::exact(bar.time)) }
                                td.num { (number(bar.exchanges)) }
                                td.num { (number(bar.hostile)) }
                                td.num { (number(bar.errors)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_keeps_totals() {
        let bars: Vec<TimeBucket> = (0..1_000)
            .map(|i| TimeBucket {
                time: Timestamp::from_seconds(i * 60),
                seconds: 60,
                exchanges: 3,
                hostile: 1,
                errors: 0,
            })
            .collect();
        let out = joined(&bars);
        assert!(out.len() <= MAX_BARS);
        assert_eq!(out.iter().map(|b| b.exchanges).sum::<u64>(), 3_000);
        assert_eq!(out.iter().map(|b| u64::from(b.seconds)).sum::<u64>(), 60_000);
    }
}
