//! Who called, busiest first.

use bartizan_model::{Grade, analysis::ActorSummary};
use maud::{Markup, html};

use super::{
    MAX_ACTORS, Page,
    marks::unconfirmed,
    parts::{anchor, empty, more, text, time},
};
use crate::output::words::{self, counted, number};

pub(super) fn section(page: &Page<'_>) -> Markup {
    let actors = &page.analysis.actors;
    // Hostile actors are always shown, however quiet; then the busiest.
    let mut order: Vec<&ActorSummary> = actors.iter().collect();
    order.sort_by_key(|a| a.detections == 0);
    let shown = order.len().min(MAX_ACTORS);
    html! {
        section #actors {
            div.sec {
                h2 { "Actors" }
                p { (counted(actors.len() as u64, "caller", "callers")) ", those with detections first, then the busiest" }
            }
            div.panel {
                @if actors.is_empty() {
                    (empty("Nobody is named", "No exchange could be tied to a caller: the source may leave out credentials and addresses. Detectors that need \
                        an identity could not look."))
                } @else {
                    table.t.fold {
                        thead { tr {
                            th { "Who" } th { "Known by" } th { "Networks" } th.num { "Detections" }
                            th.num { "Requests" } th.num { "Endpoints" } th { "Seen" }
                        } }
                        tbody { @for actor in order.iter().take(shown) { (row(actor)) } }
                    }
                    (more(shown, actors.len(), "actor", "actors"))
                }
            }
        }
    }
}

fn row(actor: &ActorSummary) -> Markup {
    html! {
        tr id=(anchor(actor.id.as_str())) {
            td.full { span.mono { @if actor.label.is_empty() { "unnamed" } @else { (text(&actor.label)) } } }
            td {
                (words::actor_kind(actor.kind)) " "
                @match actor.grade {
                    Some(Grade::Claimed) => (unconfirmed("claimed")),
                    Some(grade) => span.quiet { (grade.as_str()) },
                    None => (super::parts::nothing()),
                }
            }
            td.full.mono {
                @for (i, network) in actor.networks.iter().take(4).enumerate() { @if i > 0 { ", " } (text(network)) }
                @if actor.networks.len() > 4 { " +" (actor.networks.len() - 4) }
            }
            td.num { @if actor.detections > 0 { b.strong.sev-critical { (number(actor.detections)) } } @else { span.quiet { "–" } } }
            td.num { (number(actor.requests)) }
            td.num.off { (number(actor.endpoints)) }
            td.off {
                @if let Some(first) = actor.first_seen { (time(first, &words::day_clock(first))) }
                @if let Some(last) = actor.last_seen.filter(|last| Some(*last) != actor.first_seen) {
                    " – " (time(last, &if actor.first_seen.map(words::day) == Some(words::day(last)) { words::clock(last) } else { words::day_clock(last) }))
                }
            }
        }
    }
}
