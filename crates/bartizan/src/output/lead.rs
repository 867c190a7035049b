//! The first sentences of a report: what is true and what needs somebody. Shared by HTML and text.

use bartizan_model::{Severity, analysis::Analysis};

use super::words::{counted, counted_in_words, number, severity};

/// A piece of the lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Plain words.
    Plain(String),
    /// The words that matter, in the colour of a severity.
    Strong(Severity, String),
}

/// The lead: what needs somebody, then, quieter, what else holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lead {
    pub(super) main: Vec<Piece>,
    pub(super) quiet: Vec<String>,
}

/// How fully the input was looked at, as counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    /// Checks that lacked an input at least once.
    pub(super) checks: u64,
    /// Detectors that lacked an input at least once.
    pub(super) detectors: u64,
    /// Messages (or parts of them) that were not inspected, and tables that ran full.
    pub(super) not_inspected: u64,
    /// Entries of the input that were skipped.
    pub(super) skipped: u64,
}

impl Gaps {
    pub(super) fn of(analysis: &Analysis) -> Self {
        let summary = &analysis.summary;
        Self {
            checks: summary.checks.iter().filter(|c| c.not_evaluated > 0).count() as u64,
            detectors: summary.not_evaluated.iter().filter(|c| c.count > 0).count() as u64,
            not_inspected: summary.not_inspected.iter().map(|c| c.count).sum(),
            skipped: analysis.input.skipped.iter().map(|s| s.count).sum(),
        }
    }

    pub(super) fn none(self) -> bool {
        self == Self::default()
    }
}

/// Findings that still ask for something and are at least `least` severe.
pub(super) fn active_at_least(analysis: &Analysis, least: Severity) -> u64 {
    let active = |f: &&bartizan_model::Finding| f.state.is_active() && f.severity >= least;
    analysis.findings.iter().filter(active).count() as u64
}

/// Whether there is nothing that anything could be said about. Then no part of an output may read
/// as if something had been looked at.
pub(super) fn nothing_judged(analysis: &Analysis) -> bool {
    analysis.summary.exchanges == 0 && analysis.endpoints.is_empty()
}

/// Writes the lead of `analysis`.
pub(super) fn lead(analysis: &Analysis) -> Lead {
    let mut out = Lead::default();
    if nothing_judged(analysis) {
        out.main.push(Piece::Plain("Nothing was read that could be judged.".to_owned()));
        let skipped = Gaps::of(analysis).skipped;
        if skipped > 0 {
            let text = counted(skipped, "entry of the input was", "entries of the input were");
            out.quiet.push(format!("{text} skipped; the reasons are below."));
        } else {
            out.quiet.push("The input held no exchange.".to_owned());
        }
        return out;
    }
    incidents(analysis, &mut out);
    findings(analysis, &mut out);
    out.quiet.push(completeness(analysis));
    out
}

fn incidents(analysis: &Analysis, out: &mut Lead) {
    let urgent = analysis.incidents.iter().filter(|i| i.severity >= Severity::High).count() as u64;
    let all = analysis.incidents.len() as u64;
    let worst = analysis.incidents.iter().rev().max_by_key(|i| (i.severity, i.score));
    match worst {
        Some(worst) if urgent > 0 => {
            let needs = if urgent == 1 { "needs" } else { "need" };
            let count = counted_in_words(urgent, "incident", "incidents");
            out.main.push(Piece::Strong(worst.severity, count));
            out.main.push(Piece::Plain(format!(" {needs} you. ")));
            if !worst.summary.is_empty() {
                let before = if urgent == 1 { "" } else { "The worst: " };
                let said = worst.summary.trim();
                let stop = if said.ends_with(['.', '!', '?']) { "" } else { "." };
                out.main.push(Piece::Plain(format!("{before}{said}{stop} ")));
            }
            if all > urgent {
                let rest = counted_in_words(all - urgent, "other incident", "other incidents");
                let verb = if all - urgent == 1 { "is" } else { "are" };
                out.quiet.push(format!("{rest} {verb} medium or lower."));
            }
        }
        Some(worst) => {
            let count = counted_in_words(all, "incident", "incidents");
            let level = severity(worst.severity).to_lowercase();
            out.main.push(Piece::Plain(format!("{count}, none above {level}. ")));
        }
        None if analysis.detections.is_empty() => {
            out.main.push(Piece::Plain("No hostile act was detected. ".to_owned()));
        }
        None => {
            let count = counted_in_words(
                analysis.detections.len() as u64,
                "hostile act was detected",
                "hostile acts were detected",
            );
            out.main.push(Piece::Plain(format!("{count}, none joined into an incident. ")));
        }
    }
}

fn findings(analysis: &Analysis, out: &mut Lead) {
    let serious = active_at_least(analysis, Severity::High);
    let all = active_at_least(analysis, Severity::Info);
    let worst = analysis.findings.iter().filter(|f| f.state.is_active()).map(|f| f.severity).max();
    match worst {
        Some(worst) if serious > 0 => {
            let level = if worst == Severity::Critical { "critical or high" } else { "high" };
            let noun = counted_in_words(serious, "weakness", "weaknesses");
            out.main.push(Piece::Strong(worst, noun));
            let verb = if serious == 1 { "is" } else { "are" };
            out.main.push(Piece::Plain(format!(" of {} {verb} {level}.", number(all))));
        }
        Some(worst) => {
            let noun = counted_in_words(all, "weakness", "weaknesses");
            let level = severity(worst).to_lowercase();
            out.main.push(Piece::Plain(format!("{noun}, none above {level}.")));
        }
        None if analysis.findings.is_empty() => {
            out.main.push(Piece::Plain(
                "No weakness was found by the checks that could look.".to_owned(),
            ));
        }
        None => {
            out.main.push(Piece::Plain("Every known weakness is settled or accepted.".to_owned()));
        }
    }
}

/// One sentence about what could not be looked at.
pub(super) fn completeness(analysis: &Analysis) -> String {
    let gaps = Gaps::of(analysis);
    if nothing_judged(analysis) {
        return "Nothing was judged.".to_owned();
    }
    if gaps.none() && analysis.summary.checks.is_empty() {
        return "All that was read could be inspected; no check was run.".to_owned();
    }
    if gaps.none() {
        return "All that was read could be inspected, and every check had its inputs.".to_owned();
    }
    let joined = |list: &[(u64, &str, &str)]| {
        let named = list.iter().filter(|(n, _, _)| *n > 0);
        named.map(|(n, one, many)| counted(*n, one, many)).collect::<Vec<_>>().join(" and ")
    };
    let blind =
        joined(&[(gaps.checks, "check", "checks"), (gaps.detectors, "detector", "detectors")]);
    let mut parts = Vec::new();
    if !blind.is_empty() {
        parts.push(format!("{blind} lacked an input"));
    }
    if gaps.not_inspected > 0 {
        parts.push(format!("{} fully inspected", inspected(analysis)));
    }
    if gaps.skipped > 0 {
        let entries = counted(gaps.skipped, "entry of the input was", "entries of the input were");
        parts.push(format!("{entries} skipped"));
    }
    format!("Not everything was judged: {}.", parts.join(", "))
}

/// `1,204 of 1,300 exchanges`: how many were fully inspected.
pub(super) fn inspected(analysis: &Analysis) -> String {
    let summary = &analysis.summary;
    let whole = summary.exchanges.saturating_sub(summary.partly_inspected);
    format!("{} of {}", number(whole), counted(summary.exchanges, "exchange", "exchanges"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_model::analysis::{CheckTally, NamedCount, Skipped};

    #[test]
    fn an_empty_analysis_claims_nothing() {
        let mut analysis = Analysis::default();
        assert!(matches!(&lead(&analysis).main[..], [Piece::Plain(p)] if p.starts_with("Nothing")));
        analysis.input.skipped.push(Skipped { reason: "x".into(), count: 3, first: "".into() });
        assert!(lead(&analysis).quiet[0].contains("3 entries"));
    }

    #[test]
    fn what_was_not_evaluated_is_said() {
        let mut analysis = Analysis::default();
        assert_eq!(completeness(&analysis), "Nothing was judged.");
        analysis.summary.exchanges = 10;
        assert!(completeness(&analysis).ends_with("no check was run."));
        analysis.summary.checks.push(CheckTally { passed: 10, ..CheckTally::default() });
        assert!(completeness(&analysis).ends_with("every check had its inputs."));
        analysis.summary.checks.push(CheckTally { not_evaluated: 10, ..CheckTally::default() });
        assert!(completeness(&analysis).contains("1 check lacked an input"));
        let gap = NamedCount { name: "response:malformed".into(), count: 4 };
        analysis.summary.not_inspected.push(gap);
        analysis.summary.partly_inspected = 3;
        let said = completeness(&analysis);
        assert!(said.ends_with("lacked an input, 7 of 10 exchanges fully inspected."), "{said}");
    }
}
