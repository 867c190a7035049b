//! Injection: SQL, cross-site scripting, OS commands, path traversal and entities of XML over typed leaves.
//!
//! One [prefilter] looks at each text of the request once for signs that stand at their place.
//! Only texts that could hold an attack are cut into the tokens of the language attacked, and the
//! detectors decide on the sequence of tokens: does the value *leave* the place of a value?
//! Text that only mentions an attack, or that is a whole statement by design, is at most a hint.

#[cfg(test)]
mod cases;
mod code_signs;
pub mod command;
mod doctype;
mod graphql;
mod html;
mod look;
mod mention;
mod normal;
mod path_signs;
mod payload;
pub mod prefilter;
mod shell;
mod shell_command;
mod shell_signs;
mod shell_words;
mod signs;
pub mod sql;
mod sql_clauses;
mod sql_expression;
mod sql_rules;
mod sql_signs;
mod sql_tokens;
pub mod traversal;
mod word_set;
pub mod xml_entity;
pub mod xss;

use bartizan_model::{Confidence, Evidence, EvidenceValue, Severity, Side};

use self::prefilter::{Family, Scan, Suspect};
use super::Hit;
use crate::facts::Facts;

/// Most hits that one detector reports for one exchange.
pub const MAX_HITS: usize = 8;

/// Scores from here on are [`Confidence::High`].
pub const HIGH: u8 = 80;
/// Scores from here on are [`Confidence::Medium`].
pub const MEDIUM: u8 = 55;
/// Scores below this are not reported.
pub const LOW: u8 = 30;

/// What the rules of one family say about one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// 0 to 100.
    pub(crate) score: u8,
    /// The rule with the highest score.
    pub(crate) rule: &'static str,
    /// Where the value stands for that rule, for example `inside single quotes`.
    pub(crate) context: &'static str,
    /// Keywords of the language attacked, as matched. Never other text of the value.
    pub(crate) tokens: Vec<&'static str>,
}

impl Found {
    pub(crate) fn new(score: u8, rule: &'static str, context: &'static str) -> Self {
        Self { score, rule, context, tokens: Vec::new() }
    }

    /// The better of two; the first when equal.
    pub(crate) fn best(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if b.score > a.score { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}

/// Judges each suspect text of a family, as long as the pace of the view lets, and reports the best of
/// each value, of these the best [`MAX_HITS`], in document order: weak hits must not hide a strong one.
pub(crate) fn report(
    facts: &Facts<'_>,
    scan: &Scan<'_>,
    family: Family,
    severity: Severity,
    judge: fn(&Suspect<'_>) -> Option<Found>,
    out: &mut Vec<Hit>,
) {
    let mut best: Vec<(&Suspect<'_>, Found)> = Vec::new();
    let pace = facts.decoded.view.pace();
    for suspect in scan.suspects().filter(|suspect| suspect.families.has(family)) {
        if !pace.has_time() {
            break;
        }
        let Some(mut found) = judge(suspect).filter(|found| found.score >= LOW) else { continue };
        let raised = payload::answer_bonus(facts, family);
        found.score = found.score.saturating_add(raised).min(100);
        let is_same = |known: &Suspect<'_>| {
            (known.node.id(), known.is_key) == (suspect.node.id(), suspect.is_key)
        };
        match best.last_mut() {
            Some(known) if is_same(known.0) => {
                if found.score > known.1.score {
                    *known = (suspect, found);
                }
            }
            _ => best.push((suspect, found)),
        }
    }
    keep_best(&mut best, |(_, found)| found.score);
    out.extend(best.iter().map(|(suspect, found)| hit(facts, suspect, found, severity, family)));
}

/// Keeps the [`MAX_HITS`] of the highest rank, the first of equal ones, in their order.
pub(crate) fn keep_best<T, R: Ord>(found: &mut Vec<T>, rank: impl Fn(&T) -> R) {
    if found.len() <= MAX_HITS {
        return;
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|index| found.get(*index).map(|one| std::cmp::Reverse(rank(one))));
    order.truncate(MAX_HITS);
    let mut index = 0;
    found.retain(|_| {
        index += 1;
        order.contains(&(index - 1))
    });
}

fn hit(
    facts: &Facts<'_>,
    suspect: &Suspect<'_>,
    found: &Found,
    severity: Severity,
    family: Family,
) -> Hit {
    let confidence = match found.score {
        HIGH.. => Confidence::High,
        MEDIUM.. => Confidence::Medium,
        _ => Confidence::Low,
    };
    let place = if suspect.is_key { "the name" } else { "the value" };
    let mut note = format!("{place} {}: {} (score {}", found.context, found.rule, found.score);
    note.push_str(" of 100)");
    if !found.tokens.is_empty() {
        note.push_str("; tokens: ");
        note.push_str(&found.tokens.join(" "));
    }
    let value = EvidenceValue::of(&facts.snapshot.key, family.class(), &suspect.text);
    let evidence = Evidence::at(Side::Request, suspect.node.instance(), note).with_value(value);
    Hit { severity, confidence, evidence }
}

/// A request of an example: JSON when `body` is not empty.
fn example(target: &str, body: &'static str) -> bartizan_model::Exchange {
    let mut exchange = bartizan_model::Exchange::default();
    exchange.request.method = if body.is_empty() { "GET" } else { "POST" }.to_owned();
    exchange.request.authority = "api.example.com".to_owned();
    exchange.request.target = target.to_owned();
    if !body.is_empty() {
        exchange.request.headers.push("content-type", "application/json");
        exchange.request.body = body.as_bytes().to_vec().into();
    }
    exchange
}
