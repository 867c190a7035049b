//! Gathers detections of one actor into incidents, with a score whose arithmetic is shown.

use std::collections::BTreeMap;

use bartizan_model::{
    Detection, Duration, Incident, IncidentId, Scope, Severity, Stage, Timestamp,
    incident::ScoreFactor,
};

/// Detections of one actor further apart than this belong to two incidents.
pub const INCIDENT_GAP: Duration = Duration::hours(24);

/// Gathers detections (in order of time) into incidents, worst first.
#[must_use]
pub fn gather(scope: &Scope, detections: &[Detection]) -> Vec<Incident> {
    let mut by_actor: BTreeMap<&str, Vec<Vec<&Detection>>> = BTreeMap::new();
    for detection in detections {
        let groups = by_actor.entry(detection.actor.id.as_str()).or_default();
        match groups.last_mut() {
            Some(group) if continues(group, detection) => group.push(detection),
            _ => groups.push(vec![detection]),
        }
    }
    let mut out: Vec<Incident> =
        by_actor.into_values().flatten().filter_map(|group| incident(scope, &group)).collect();
    out.sort_by(|a, b| {
        (b.severity, b.score, a.started, &a.id).cmp(&(a.severity, a.score, b.started, &b.id))
    });
    out
}

fn continues(group: &[&Detection], next: &Detection) -> bool {
    let last = group.iter().filter_map(|d| d.last_time).max();
    match (last, next.time) {
        (Some(last), Some(time)) => time.since(last) <= INCIDENT_GAP,
        _ => true,
    }
}

fn incident(scope: &Scope, group: &[&Detection]) -> Option<Incident> {
    let first = group.first()?;
    let mut stages: Vec<Stage> = group.iter().map(|d| d.stage).collect();
    stages.sort_unstable();
    stages.dedup();
    let factors = factors(group, &stages);
    let score = factors.iter().map(|f| f.points).sum::<i32>().clamp(0, 100);
    let started: Option<Timestamp> = group.iter().filter_map(|d| d.time).min();
    let ended = group.iter().filter_map(|d| d.last_time).max();
    let severity = group.iter().map(|d| d.severity).max()?;
    Some(Incident {
        id: IncidentId::derive(scope, &[first.actor.id.as_str(), first.id.as_str()]),
        actor: first.actor.clone(),
        severity,
        score: u8::try_from(score).unwrap_or(100),
        factors,
        started,
        ended,
        stages,
        detection_ids: group.iter().map(|d| d.id.clone()).collect(),
        summary: summary(group, started, ended),
    })
}

/// Points: the worst detection 15 to 60 by severity; further kinds of attack 5 each (up to 15); data
/// or access gained 15; each stage beyond the first 5; confirmed 5. Capped at 100.
fn factors(group: &[&Detection], stages: &[Stage]) -> Vec<ScoreFactor> {
    let mut out = Vec::new();
    let mut add = |reason: String, points: i32| {
        if points != 0 {
            out.push(ScoreFactor { reason, points });
        }
    };
    if let Some(worst) = group.iter().max_by_key(|d| (d.severity, d.confidence)) {
        let points = match worst.severity {
            Severity::Info => 5,
            Severity::Low => 15,
            Severity::Medium => 30,
            Severity::High => 45,
            Severity::Critical => 60,
        };
        add(
            format!("{} ({}, confidence {})", worst.title, worst.severity, worst.confidence),
            points,
        );
    }
    let mut codes: Vec<&str> = group.iter().map(|d| d.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let others = codes.len().saturating_sub(1);
    add(format!("{others} further kinds of attack"), i32::try_from(others.min(3)).unwrap_or(3) * 5);
    let succeeded: u64 = group.iter().map(|d| d.succeeded).sum();
    if succeeded > 0 {
        add(format!("{succeeded} hostile requests were answered with success"), 15);
    }
    let more = stages.len().saturating_sub(1);
    add(format!("{} stages reached", stages.len()), i32::try_from(more).unwrap_or(3) * 5);
    out
}

fn summary(group: &[&Detection], started: Option<Timestamp>, ended: Option<Timestamp>) -> String {
    let exchanges: u64 = group.iter().map(|d| d.exchanges).sum();
    let succeeded: u64 = group.iter().map(|d| d.succeeded).sum();
    let mut titles: Vec<&str> = Vec::new();
    for detection in group {
        if !titles.contains(&detection.title.as_str()) {
            titles.push(&detection.title);
        }
    }
    let what = match titles.as_slice() {
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first}, then {}", rest.join(", ").to_lowercase()),
        [] => String::new(),
    };
    let span = match (started, ended) {
        (Some(a), Some(b)) if b > a => format!(" within {}", b.since(a)),
        _ => String::new(),
    };
    let gained = match succeeded {
        0 => "none was answered with success".to_owned(),
        n if n == exchanges => "all were answered with success".to_owned(),
        n => format!("{n} were answered with success"),
    };
    let requests = if exchanges == 1 { "request" } else { "requests" };
    format!("{what}: {exchanges} hostile {requests}{span}; {gained}.")
}
