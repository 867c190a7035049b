//! What the store holds, compared with what was played.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_lab::player::{
    Label,
    story::{CHAPTERS, Chapter},
};
use bartizan_model::{Detection, Incident, IncidentId, Severity, Stage};
use serde::Serialize;

use super::{
    played::{Counts, Played},
    stage::Seen,
};

/// Most attacks of a chapter that are written out because no detection names them.
const MOST_MISSED: usize = 4;

/// What was found of the story.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    /// Whether everything that the story declares was found, and no user is in a detection.
    pub(super) complete: bool,
    /// The chapters that have begun.
    pub(super) chapters: Vec<ChapterFound>,
    /// Incidents, worst first.
    pub(super) incidents: Vec<IncidentFound>,
    /// Requests of ordinary users that a detection names.
    pub(super) users_named: u64,
    /// Exchanges that a detection names and that are not remembered: not compared.
    pub(super) not_compared: u64,
    /// Endpoints.
    pub(super) endpoints: u64,
    /// The endpoint with the highest risk.
    pub(super) riskiest: Option<Shown>,
    /// Active findings by severity.
    pub(super) findings: BTreeMap<&'static str, u64>,
    /// The worst of them.
    pub(super) worst: Option<Shown>,
}

/// A chapter.
#[derive(Debug, Serialize)]
pub(super) struct ChapterFound {
    /// From 0.
    #[serde(skip)]
    pub(super) at: usize,
    pub(super) title: &'static str,
    /// Requests of ordinary users in it.
    pub(super) users: u64,
    /// Requests that were attacks.
    pub(super) hostile: u64,
    /// How many of these a detection names.
    pub(super) hostile_named: u64,
    /// Some of those that no detection names: method and path.
    pub(super) missed: Vec<String>,
    /// How many of the users' a detection names.
    pub(super) users_named: u64,
    /// What the story declares.
    pub(super) declared: Vec<Declared>,
    /// The stage that an incident must have reached by its end; empty: none.
    pub(super) stage: &'static str,
    /// Whether one has.
    pub(super) stage_reached: bool,
}

/// A detector that must see a chapter.
#[derive(Debug, Serialize)]
pub(super) struct Declared {
    pub(super) detector: &'static str,
    /// What of its definition the chapter fulfils.
    pub(super) why: &'static str,
    /// Its title, when it saw it.
    pub(super) title: Option<String>,
    /// The incident that its detection is in.
    pub(super) incident: Option<IncidentId>,
}

/// An incident.
#[derive(Debug, Serialize)]
pub(super) struct IncidentFound {
    pub(super) id: IncidentId,
    pub(super) severity: Severity,
    pub(super) score: u8,
    pub(super) stages: Vec<Stage>,
    pub(super) summary: String,
    /// Address of its page.
    pub(super) page: String,
}

/// Something with a page.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) page: String,
}

impl ChapterFound {
    /// Whether everything that the story declares of it was found, and no user is in a detection.
    pub(super) fn is_complete(&self) -> bool {
        self.declared.iter().all(|one| one.title.is_some())
            && (self.stage.is_empty() || self.stage_reached)
            && self.users_named == 0
    }
}

impl Found {
    /// Compares. Pages are below `address`, that of the dashboard.
    pub(super) fn of(played: &Played, seen: &Seen, address: &str) -> Self {
        let named = Named::of(played, seen);
        let chapters: Vec<ChapterFound> = (0..CHAPTERS.len())
            .filter_map(|at| Some(chapter(at, played, played.counts(at)?, &named, seen)))
            .collect();
        let incidents = seen.incidents.iter().map(|incident| IncidentFound {
            id: incident.id.clone(),
            severity: incident.severity,
            score: incident.score,
            stages: incident.stages.clone(),
            summary: incident.summary.clone(),
            page: format!("{address}/incidents/{}", incident.id),
        });
        let mut findings = BTreeMap::new();
        let active = || seen.findings.iter().filter(|finding| finding.state.is_active());
        for finding in active() {
            *findings.entry(finding.severity.as_str()).or_default() += 1;
        }
        let riskiest = seen.endpoints.iter().max_by_key(|endpoint| endpoint.risk.score);
        Self {
            complete: chapters.len() == CHAPTERS.len()
                && chapters.iter().all(ChapterFound::is_complete)
                && named.users.is_empty()
                && named.unknown == 0,
            chapters,
            incidents: incidents.collect(),
            users_named: named.users.len() as u64,
            not_compared: named.unknown,
            endpoints: seen.endpoints.len() as u64,
            riskiest: riskiest.map(|endpoint| Shown {
                name: format!("{} {}", endpoint.method.0, endpoint.path),
                page: format!("{address}/inventory/{}", endpoint.id),
            }),
            findings,
            // The store lists the worst first.
            worst: active().next().map(|finding| Shown {
                name: finding.title.clone(),
                page: format!("{address}/findings/{}", finding.id),
            }),
        }
    }
}

/// Requests that detections name.
#[derive(Default)]
struct Named<'a> {
    /// Hostile ones, with their chapter and the detection.
    hostile: Vec<(usize, &'a str, &'a Detection)>,
    /// Those of users, with their chapter.
    users: BTreeSet<(Option<usize>, &'a str)>,
    unknown: u64,
}

impl<'a> Named<'a> {
    fn of(played: &Played, seen: &'a Seen) -> Self {
        let mut out = Self::default();
        for detection in &seen.detections {
            for id in detection.exchange_ids.iter().map(|id| id.as_str()) {
                match played.request(id) {
                    Some((Some(chapter), Label::Hostile)) => {
                        out.hostile.push((chapter, id, detection));
                    }
                    Some((chapter, Label::Benign)) => {
                        out.users.insert((chapter, id));
                    }
                    Some(_) => {}
                    None => out.unknown += 1,
                }
            }
        }
        out
    }
}

fn chapter(
    at: usize,
    played: &Played,
    counts: Counts,
    named: &Named<'_>,
    seen: &Seen,
) -> ChapterFound {
    let Chapter { title, seen_by, stage, .. } = CHAPTERS[at];
    let here = || named.hostile.iter().filter(|(chapter, ..)| *chapter == at);
    let incidents_with = |detection: &Detection| {
        let id = detection.id.clone();
        seen.incidents.iter().filter(move |incident| incident.detection_ids.contains(&id))
    };
    let declared = seen_by.iter().map(|seen_by| {
        let mut all = here().map(|(_, _, detection)| *detection);
        let detection = all.find(|detection| detection.code == seen_by.detector);
        Declared {
            detector: seen_by.detector,
            why: seen_by.why,
            title: detection.map(|detection| detection.title.clone()),
            incident: detection.and_then(|d| incidents_with(d).next()).map(|i| i.id.clone()),
        }
    });
    let has_reached =
        |incident: &Incident| incident.stages.iter().any(|reached| reached.as_str() == stage);
    let hostile: BTreeSet<&str> = here().map(|(_, id, _)| *id).collect();
    ChapterFound {
        at,
        title,
        users: counts.users,
        hostile: counts.hostile,
        hostile_named: hostile.len() as u64,
        missed: played
            .attacks(at)
            .filter(|(id, _)| !hostile.contains(id))
            .take(MOST_MISSED)
            .map(|(_, what)| what.to_owned())
            .collect(),
        users_named: named.users.iter().filter(|(chapter, _)| *chapter == Some(at)).count() as u64,
        declared: declared.collect(),
        stage,
        stage_reached: here().any(|(_, _, detection)| incidents_with(detection).any(has_reached)),
    }
}
