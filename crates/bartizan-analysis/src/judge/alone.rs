//! What detectors without history say about one exchange, and about a request before it goes on.

use std::collections::BTreeMap;

use bartizan_model::{
    Evidence, Exchange, ExchangeId, LimitName, NotInspected, Side, limits::NotInspectedReason,
};
use bartizan_protocols::{Decoded, Pace};

use super::Raised;
use crate::{
    detectors::{
        DETECTORS, DetectorItem, Hit, Lane,
        injection::{
            MAX_HITS, keep_best,
            prefilter::{Part, Scan},
        },
    },
    facts::Facts,
    snapshot::Snapshot,
};

/// The judgement of a request alone.
#[derive(Clone, Debug, Default)]
pub struct RequestJudgement {
    /// One for each detector that found something, as [`super::judge`] raises them where the answer
    /// adds nothing. Of what was not inspected nothing is known.
    pub detections: Vec<Raised>,
    /// What of the request was not inspected and why.
    pub not_inspected: Vec<NotInspected>,
    /// Whether the time was over before everything was done.
    pub is_late: bool,
}

impl RequestJudgement {
    /// Whether there was less time than reading and judging take.
    #[must_use]
    pub fn ended_early(&self) -> bool {
        let unread = |one: &NotInspected| one.reason == NotInspectedReason::OutOfTime;
        self.is_late || self.not_inspected.iter().any(unread)
    }

    /// Adds what was judged of another part of the same request, for example of one message behind a
    /// handshake. It says what judging both at once says, but for limits that hold for both together.
    pub fn add(&mut self, other: Self) {
        for more in other.detections {
            let Some(known) = self.detections.iter_mut().find(|known| known.code == more.code)
            else {
                self.detections.push(more);
                continue;
            };
            known.severity = known.severity.max(more.severity);
            known.confidence = known.confidence.max(more.confidence);
            known.evidence.extend(more.evidence);
            known.evidence.truncate(MAX_HITS);
        }
        let place = |one: &Raised| DETECTORS.iter().position(|item| item.meta.code == one.code);
        self.detections.sort_by_key(place);
        let known = std::mem::take(&mut self.not_inspected);
        let fresh = other.not_inspected.into_iter().filter(|one| !known.contains(one));
        self.not_inspected = fresh.collect();
        self.not_inspected.splice(..0, known);
        self.is_late |= other.is_late;
    }
}

/// Judges a request of which there is no answer yet, by the detectors that
/// [need no more](DetectorItem::judges_requests), as long as `pace` lets. It is the code that judges
/// whole exchanges. The head is judged before the body, so that no body takes the time for it.
///
/// `decoded` is the request as far as it was decoded; what detectors were not shown is noted there.
#[must_use]
pub fn judge_request(
    exchange: &Exchange,
    decoded: &mut Decoded,
    snapshot: &Snapshot,
    pace: Pace,
) -> RequestJudgement {
    decoded.view.keep_pace(pace);
    let facts = Facts { exchange, decoded, classes: &[], credentials: &[], snapshot };
    let found = detect(&facts);
    note(&found, decoded);
    let missing = decoded.view.not_inspected().iter().filter(|one| one.side == Side::Request);
    RequestJudgement {
        detections: raise(&found.hits, &exchange.id).map(|(_, raised)| raised).collect(),
        not_inspected: missing.cloned().collect(),
        is_late: !pace.has_time(),
    }
}

/// What detectors without history found.
pub(super) struct Found {
    /// Position in the list of detectors, hit.
    pub(super) hits: Vec<(usize, Hit)>,
    /// Whether they were shown less than there is.
    is_limited: bool,
}

/// Asks all detectors without history, as long as the pace of the view lets.
pub(super) fn detect(facts: &Facts<'_>) -> Found {
    let mut scan = Scan::default();
    let mut hits: Vec<(usize, Hit)> = Vec::new();
    let mut found = Vec::new();
    for part in [Part::Head, Part::Rest] {
        scan.look_at(facts, part);
        for (index, item) in DETECTORS.iter().enumerate() {
            match item.lane {
                Lane::Leaves(run) => run(facts, &scan, &mut found),
                Lane::Exchange(run) if part == Part::Rest => run(facts, &mut found),
                Lane::Exchange(_) | Lane::History(_) | Lane::Calls(_) => continue,
            }
            hits.extend(found.drain(..).map(|hit| (index, hit)));
        }
    }
    // By detector, and for each in the order of the document.
    hits.sort_by_key(|(index, _)| *index);
    if hits.len() > MAX_HITS {
        hits = best_of_each(hits);
    }
    Found { hits, is_limited: scan.is_limited() }
}

/// The best of each detector: those of the head must not hide those of the rest.
fn best_of_each(hits: Vec<(usize, Hit)>) -> Vec<(usize, Hit)> {
    let mut by_detector: BTreeMap<usize, Vec<Hit>> = BTreeMap::new();
    for (index, hit) in hits {
        by_detector.entry(index).or_default().push(hit);
    }
    let best = by_detector.into_iter().flat_map(|(index, mut hits)| {
        keep_best(&mut hits, |hit| (hit.confidence, hit.severity));
        hits.into_iter().map(move |hit| (index, hit))
    });
    best.collect()
}

/// Notes in the view what detectors were not shown.
pub(super) fn note(found: &Found, decoded: &mut Decoded) {
    if found.is_limited {
        decoded.view.limit(Side::Request, LimitName::ValueBytes);
    }
}

/// One detection for each detector that hit, in the order of the list: the worst and the surest of
/// its hits.
pub(super) fn raise(
    hits: &[(usize, Hit)],
    id: &ExchangeId,
) -> impl Iterator<Item = (&'static DetectorItem, Raised)> {
    let mut by_detector: BTreeMap<usize, Vec<&Hit>> = BTreeMap::new();
    for (detector, hit) in hits {
        by_detector.entry(*detector).or_default().push(hit);
    }
    by_detector.into_iter().filter_map(|(detector, hits)| {
        let item = *DETECTORS.get(detector)?;
        let evidence: Vec<Evidence> =
            hits.iter().map(|h| h.evidence.clone().in_exchange(id)).collect();
        let raised = Raised {
            code: item.meta.code,
            class: item.class,
            severity: hits.iter().map(|h| h.severity).max()?,
            confidence: hits.iter().map(|h| h.confidence).max()?,
            evidence,
        };
        Some((item, raised))
    })
}
