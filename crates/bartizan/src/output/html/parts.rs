//! Parts of the grammar: severity, risk, chips, paths, evidence, ledgers.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{
    ActorRef, Confidence, Endpoint, Evidence, EvidenceValue, InventoryState, KeyedHash, Method,
    Severity, Timestamp, incident::ScoreFactor, location::Side,
};
use maud::{Markup, PreEscaped, Render, html};

use super::{Page, marks::unconfirmed};
use crate::output::{knowledge, visible::visible, words};

/// Longest value shown, in characters.
const MAX_TEXT_CHARS: usize = 240;
/// Longest sentence shown, in characters.
const MAX_PROSE_CHARS: usize = 1_200;

/// A value as text: invisible characters spelled out, bounded, escaped.
pub(super) struct Text<'a>(&'a str, usize);

impl Render for Text<'_> {
    fn render_to(&self, buffer: &mut String) {
        visible(self.0, self.1).as_ref().render_to(buffer);
    }
}

/// A name, path, id or other short value.
pub(super) fn text(value: &str) -> Text<'_> {
    Text(value, MAX_TEXT_CHARS)
}

/// A sentence.
pub(super) fn sentence(value: &str) -> Text<'_> {
    Text(value, MAX_PROSE_CHARS)
}

/// Paragraphs with `code` between backticks.
pub(super) fn prose(value: &str) -> Markup {
    let paragraphs = value.split("\n\n").map(str::trim).filter(|p| !p.is_empty()).take(12);
    html! {
        div.prose {
            @for paragraph in paragraphs { p { (inline(paragraph)) } }
        }
    }
}

pub(super) fn inline(paragraph: &str) -> Markup {
    let joined = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let even = joined.matches('`').count() % 2 == 0;
    html! {
        @if even {
            @for (i, piece) in joined.split('`').take(64).enumerate() {
                @if i % 2 == 1 { code { (sentence(piece)) } } @else { (sentence(piece)) }
            }
        } @else { (sentence(&joined)) }
    }
}

/// A fragment identifier for a thing of the analysis: letters, digits, `-` and `_` only, equal for
/// equal ids and different for different ones.
pub(super) fn anchor(id: &str) -> String {
    let safe = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    if !id.is_empty() && id.len() <= 64 && id.chars().all(|c| safe(&c)) {
        return format!("x-{id}");
    }
    // FNV-1a keeps apart what the replacement would throw together.
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let kept: String = id.chars().filter(safe).take(24).collect();
    format!("y-{kept}-{hash:016x}")
}

/// A link within the page.
pub(super) fn href(id: &str) -> String {
    format!("#{}", anchor(id))
}

/// Class name of a severity.
pub(super) const fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "sev-info",
        Severity::Low => "sev-low",
        Severity::Medium => "sev-medium",
        Severity::High => "sev-high",
        Severity::Critical => "sev-critical",
    }
}

/// Battlement, word and colour.
pub(super) fn severity(severity: Severity) -> Markup {
    html! {
        span class={ "sev " (severity_class(severity)) } {
            svg aria-hidden="true" { use href={ "#m" (severity as u8) } {} }
            (words::severity(severity))
        }
    }
}

/// Confidence in words.
pub(super) fn confidence(confidence: Confidence) -> Markup {
    html! { span.conf { (words::confidence(confidence)) } }
}

/// Severity that a score is coloured with; `None` stays stone.
pub(super) const fn score_severity(score: u8) -> Option<Severity> {
    match score {
        80.. => Some(Severity::Critical),
        65..=79 => Some(Severity::High),
        40..=64 => Some(Severity::Medium),
        _ => None,
    }
}

/// Number and ten stones.
pub(super) fn risk(score: u8) -> Markup {
    let class = score_severity(score).map_or("", severity_class);
    let stones = (u32::from(score.min(100)) + 5) / 10;
    html! {
        span class={ "risk " (class) } {
            span.unseen.lbl { "risk " }
            b { (score) }
            svg aria-hidden="true" { use href={ "#r" (stones) } {} }
        }
    }
}

/// Definitions of the repeated pictures: the mark, five battlements, eleven rows of stones.
pub(super) fn sprites() -> Markup {
    let mark = "M1 1h4v3h3V1h4v3h3V1h4v8H1zM2.500 10.500h15V16l-3 3v2l-4.500 3-4.500-3v-2l-3-3z\
                M9 12v5h2v-5z";
    html! {
        svg width="0" height="0" class="unseen" aria-hidden="true" {
            defs {
                symbol #mark viewBox="0 0 20 24" {
                    path fill="currentColor" fill-rule="evenodd" d=(mark) {}
                }
                symbol #wall viewBox="0 0 34 18" {
                    path fill="currentColor" d="M0 0h6v5h4V0h6v5h4V0h6v5h4V0h4v18H0z" {}
                }
                pattern #hatch width="5" height="5" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)" {
                    rect width="1.5" height="5" fill="var(--hatch)" {}
                }
                @for level in 0..=4u8 {
                    symbol id={ "m" (level) } viewBox="0 0 16 12" {
                        @for i in 0..4u8 {
                            @if i < level {
                                rect x=(i * 4) y="0" width="3" height="9" fill="currentColor" {}
                            } @else {
                                rect x={ (i * 4) ".5" } y="0.5" width="2" height="8" fill="none"
                                    stroke="currentColor" opacity="0.45" {}
                            }
                        }
                        rect x="0" y="10" width="15" height="2" fill="currentColor" {}
                    }
                }
                @for filled in 0..=10u8 {
                    symbol id={ "r" (filled) } viewBox="0 0 49 9" {
                        @for i in 0..10u8 {
                            rect x=(i * 5) y="0" width="4" height="9"
                                class=[(i >= filled).then_some("stone-off")]
                                fill="currentColor" {}
                        }
                    }
                }
            }
        }
    }
}

/// State of an endpoint as neutral chips.
pub(super) fn state(endpoint: &Endpoint) -> Markup {
    let word = words::inventory_state(endpoint.inventory_state);
    html! {
        @if !endpoint.confirmed { (unconfirmed("provisional")) " " }
        @match endpoint.inventory_state {
            InventoryState::Unspecified => {
                @if knowledge::is_only_discovered(endpoint) { span.chip { "never called" } }
                @else if endpoint.confirmed { span.chip.plain { "–" } }
            }
            InventoryState::Documented => span.chip.plain { (word) },
            InventoryState::Shadow => span.chip.shadow { (word) },
            InventoryState::Zombie => span.chip.zombie { (word) },
            InventoryState::Deprecated | InventoryState::Orphan => span.chip { (word) },
        }
    }
}

/// The method: reads light, writes bold.
pub(super) fn method(method: &Method) -> Markup {
    let class = if method.is_safe() { "m" } else { "m w" };
    html! { span class=(class) { (Text(&method.0, 16)) } }
}

/// A template with its parameters on a faint ground.
pub(super) fn path(template: &str) -> Markup {
    let shown = visible(template, MAX_TEXT_CHARS);
    let mut rest = shown.as_ref();
    let mut pieces: Vec<(bool, &str)> = Vec::new();
    while let Some((before, tail)) = rest.split_once('{') {
        let Some(end) = tail.find('}') else { break };
        let (Some(name), Some(after)) =
            (rest.get(before.len()..before.len() + end + 2), { tail.get(end + 1..) })
        else {
            break;
        };
        pieces.push((false, before));
        pieces.push((true, name));
        rest = after;
    }
    pieces.push((false, rest));
    html! {
        span.path {
            @for (parameter, piece) in pieces {
                @if parameter { var { (piece) } } @else { (piece) }
            }
        }
    }
}

/// Method, path (or operation) and host of an endpoint, linked to its row.
pub(super) fn endpoint_link(endpoint: &Endpoint) -> Markup {
    html! {
        span {
            (method(&endpoint.method)) " "
            a href=(href(endpoint.id.as_str())) { (path(&words::operation(endpoint))) }
            " " span.host { (text(&endpoint.host)) }
        }
    }
}

/// Who did something, with the way it is known.
pub(super) fn actor(actor: &ActorRef) -> Markup {
    html! {
        a href=(href(actor.id.as_str())) {
            span.mono { @if actor.label.is_empty() { "unnamed" } @else { (text(&actor.label)) } }
        }
        span.quiet { " " (words::actor_kind(actor.kind)) }
    }
}

/// A chip of a data class; outlined when it is sensitive by itself.
pub(super) fn data_class(page: &Page<'_>, class: &str) -> Markup {
    let sensitive = (page.context.docs.class)(class).is_some_and(|doc| doc.sensitive);
    let name = if sensitive { "dc sensitive" } else { "dc" };
    html! { span class=(name) { (Text(class, 40)) } }
}

/// A time as `datetime` element; exact on hover.
pub(super) fn time(time: Timestamp, shown: &str) -> Markup {
    html! { time datetime=(time.to_string()) title=(words::exact(time)) { (shown) } }
}

/// Hashes that occur more than once in `evidence`: equal values, to be accentuated.
pub(super) fn repeated<'a>(evidence: impl Iterator<Item = &'a Evidence>) -> BTreeSet<KeyedHash> {
    let mut seen: BTreeMap<KeyedHash, u32> = BTreeMap::new();
    for value in evidence.filter_map(|e| e.value.as_ref()) {
        *seen.entry(value.hash).or_default() += 1;
    }
    seen.into_iter().filter(|(_, n)| *n > 1).map(|(hash, _)| hash).collect()
}

/// A redacted value: class, shape, keyed hash.
fn sealed(value: &EvidenceValue, same: bool) -> Markup {
    let class = if same { "sealed same" } else { "sealed" };
    html! {
        span class=(class) title=[same.then_some("the same value occurs more than once")] {
            b { (Text(&value.class, 40)) }
            span { (Text(&value.shape, 48)) }
            u { "#" (value.hash.short()) }
        }
    }
}

/// Evidence as a list; at most `most` pieces, the rest counted.
pub(super) fn evidence(list: &[Evidence], same: &BTreeSet<KeyedHash>, most: usize) -> Markup {
    html! {
        ul.ev {
            @for piece in list.iter().take(most) {
                @let alone = piece.location.is_none() && piece.side.is_none();
                li class=[alone.then_some("wide")] {
                    @if !alone {
                        span.at {
                            @match piece.side {
                                Some(Side::Request) => "request ",
                                Some(Side::Response) => "response ",
                                None => "",
                            }
                            @if let Some(location) = &piece.location { (text(location.as_str())) }
                        }
                    }
                    span.said {
                        @if let Some(value) = &piece.value {
                            (sealed(value, same.contains(&value.hash))) " "
                        }
                        (inline(&piece.note))
                        @if let Some(id) = &piece.exchange_id {
                            " " span.ex { "exchange " (Text(id.as_str(), 60)) }
                        }
                    }
                }
            }
            @if list.len() > most {
                li.wide { span.said.quiet {
                    (words::counted((list.len() - most) as u64, "more piece", "more pieces"))
                    " in the JSON output"
                } }
            }
        }
    }
}

/// A ledger: every factor with its points, and the sum. Says so when a cap or floor makes the score
/// differ from the sum.
pub(super) fn ledger(factors: &[ScoreFactor], score: u8, name: &str) -> Markup {
    let sum: i64 = factors.iter().map(|f| i64::from(f.points)).sum();
    let most = factors.iter().map(|f| f.points.unsigned_abs()).max().unwrap_or(1).max(1);
    html! {
        table.ledger {
            tbody {
                @for factor in factors.iter().take(24) {
                    tr {
                        td { (text(&factor.reason)) }
                        td.bar { (bar(f64::from(factor.points.unsigned_abs()) / f64::from(most),
                                      if factor.points < 0 { "less" } else { "fill" })) }
                        td.num { (signed(i64::from(factor.points))) }
                    }
                }
                @if factors.len() > 24 {
                    @let rest: i64 = factors.iter().skip(24).map(|f| i64::from(f.points)).sum();
                    tr { td { (factors.len() - 24) " more factors" } td {} td.num { (signed(rest)) } }
                }
                @if factors.is_empty() {
                    tr { td.quiet colspan="3" { "No factor raises it." } }
                } @else if sum != i64::from(score) {
                    tr { td { "Kept within 0 to 100" } td {} td.num {
                        (signed(i64::from(score) - sum))
                    } }
                }
                tr.sum { td { (name) } td {} td.num { (score) } }
            }
        }
    }
}

fn signed(points: i64) -> String {
    if points < 0 { format!("−{}", points.unsigned_abs()) } else { format!("+{points}") }
}

/// A horizontal bar of a share, 0 to 1.
pub(super) fn bar(share: f64, class: &str) -> Markup {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    html! {
        svg aria-hidden="true" {
            rect class=(class) height="100%" width={ (format!("{:.1}", share * 100.0)) "%" } {}
        }
    }
}

/// What stands where nothing is: what was looked at, how fully, what to do.
pub(super) fn empty(title: &str, explanation: &str) -> Markup {
    html! {
        div.empty {
            svg aria-hidden="true" { use href="#wall" {} }
            b { (title) }
            p { (sentence(explanation)) }
        }
    }
}

/// An honest line about what a cap left out; nothing when all is shown.
pub(super) fn more(shown: usize, all: usize, one: &str, many: &str) -> Markup {
    html! {
        @if all > shown {
            p.more {
                (words::counted((all - shown) as u64, one, many))
                " more, left out of this page for its size; see the JSON output."
            }
        }
    }
}

/// References: `https` addresses are links, all else is text.
pub(super) fn references(list: &[String]) -> Markup {
    let is_link = |r: &str| {
        r.starts_with("https://") && r.len() < 300 && r.bytes().all(|b| b.is_ascii_graphic())
    };
    html! {
        @if !list.is_empty() {
            ul.refs aria-label="References" {
                @for reference in list.iter().take(12) {
                    li {
                        @if is_link(reference) {
                            a.ref href=(reference) rel="noreferrer noopener" { (text(reference)) }
                        } @else { (text(reference)) }
                    }
                }
            }
        }
    }
}

/// Markup that is known to be safe.
pub(super) const fn nothing() -> Markup {
    PreEscaped(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_safe_and_distinct() {
        assert_eq!(anchor("ep_01abc"), "x-ep_01abc");
        let (a, b) = (anchor("a<b"), anchor("a>b"));
        assert_ne!(a, b);
        for id in ["", "\"><script>", "a b", "é", &"x".repeat(900)] {
            let anchor = anchor(id);
            assert!(anchor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            assert!(anchor.len() < 70);
        }
        // A safe id cannot be chosen to meet the anchor of an unsafe one.
        assert_ne!(anchor(&anchor("a<b")), anchor("a<b"));
    }

    #[test]
    fn templates_split_at_parameters() {
        let html = path("/v1/{id}/<b>/{x").into_string();
        assert_eq!(html, "<span class=\"path\">/v1/<var>{id}</var>/&lt;b&gt;/{x</span>");
    }

    #[test]
    fn ledgers_add_up_or_say_why() {
        let factors = vec![
            ScoreFactor { reason: "a".into(), points: 90 },
            ScoreFactor { reason: "b".into(), points: 40 },
        ];
        let html = ledger(&factors, 100, "Risk").into_string();
        assert!(html.contains("Kept within 0 to 100") && html.contains("−30"));
        assert!(!ledger(&factors, 130, "Risk").into_string().contains("Kept within"));
    }

    #[test]
    fn only_https_becomes_a_link() {
        let list = ["https://a.example/x", "javascript:alert(1)", "http://a", "https://a b"];
        let list: Vec<String> = list.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(references(&list).into_string().matches("<a ").count(), 1);
    }
}
