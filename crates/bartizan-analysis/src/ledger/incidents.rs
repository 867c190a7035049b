//! Gathers detections of one actor, and of actors linked to it, into incidents, with a score whose
//! arithmetic is shown.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{
    ActorId, ActorKind, Detection, Duration, Incident, IncidentId, Scope, Severity, Stage,
    Timestamp, actor::ActorLink, incident::ScoreFactor,
};

use crate::identity::links::{Links, Span};

/// Detections of one actor further apart than this belong to two incidents.
pub const INCIDENT_GAP: Duration = Duration::hours(24);

/// Gathers detections (in order of time) into incidents, worst first.
#[must_use]
pub fn gather(scope: &Scope, detections: &[Detection], links: &Links) -> Vec<Incident> {
    let mut stories = by_actor(detections);
    join(&mut stories, links);
    let mut out: Vec<Incident> =
        stories.iter().filter_map(|story| incident(scope, story)).collect();
    out.sort_by(|a, b| {
        (b.severity, b.score, a.started, &a.id).cmp(&(a.severity, a.score, b.started, &b.id))
    });
    out
}

/// Detections of one actor without a long pause, and what was joined to them.
struct Story<'a> {
    actor: &'a ActorId,
    own: Vec<&'a Detection>,
    joined: Vec<(ActorLink, Vec<&'a Detection>)>,
}

fn by_actor(detections: &[Detection]) -> Vec<Story<'_>> {
    let mut by_actor: BTreeMap<&ActorId, Vec<Vec<&Detection>>> = BTreeMap::new();
    for detection in detections {
        let groups = by_actor.entry(&detection.actor.id).or_default();
        match groups.last_mut() {
            Some(group) if continues(group, detection) => group.push(detection),
            _ => groups.push(vec![detection]),
        }
    }
    let stories = by_actor.into_iter().flat_map(|(actor, groups)| {
        groups.into_iter().map(move |own| Story { actor, own, joined: Vec::new() })
    });
    stories.collect()
}

fn continues(group: &[&Detection], next: &Detection) -> bool {
    let last = group.iter().filter_map(|d| d.last_time).max();
    match (last, next.time) {
        (Some(last), Some(time)) => time.since(last) <= INCIDENT_GAP,
        _ => true,
    }
}

/// Moves what a nameless actor did into the story of a name that it is linked to, when it was near
/// in time to the link and to what the name did. A session is nameless beside a principal.
fn join(stories: &mut Vec<Story<'_>>, links: &Links) {
    let names: BTreeSet<&ActorId> = stories.iter().map(|story| story.actor).collect();
    let links = links.to(names.into_iter());
    let mut kept: Vec<Story<'_>> = Vec::with_capacity(stories.len());
    let (named, mut others): (Vec<_>, Vec<_>) =
        stories.drain(..).partition(|story| story.kind() == Some(ActorKind::Principal));
    kept.extend(named);
    others.sort_by_key(|story| story.kind() != Some(ActorKind::Session));
    for story in others {
        let of = links.get(story.actor).into_iter().flatten();
        let found = of.clone().find_map(|link| {
            let at = kept.iter().position(|name| name.takes(&story, link))?;
            Some((at, link.clone()))
        });
        match found.and_then(|(at, link)| Some((kept.get_mut(at)?, link))) {
            Some((name, link)) => name.joined.push((link, story.own)),
            None => kept.push(story),
        }
    }
    *stories = kept;
}

impl Story<'_> {
    fn kind(&self) -> Option<ActorKind> {
        self.own.first().map(|d| d.actor.kind)
    }

    fn span(&self) -> Span {
        Span {
            first: self.own.iter().filter_map(|d| d.time).min(),
            last: self.own.iter().filter_map(|d| d.last_time).max(),
        }
    }

    /// Whether `link` ties what a nameless actor did to this story.
    fn takes(&self, nameless: &Self, link: &ActorLink) -> bool {
        let tied = Span { first: link.first, last: link.last };
        *self.actor == link.actor.id
            && self.span().near(nameless.span())
            && self.span().near(tied)
            && nameless.span().near(tied)
    }
}

fn incident(scope: &Scope, story: &Story<'_>) -> Option<Incident> {
    let parts = || std::iter::once(&story.own).chain(story.joined.iter().map(|(_, own)| own));
    let mut group: Vec<&Detection> = parts().flatten().copied().collect();
    // In order already, but for what was joined.
    group.sort_by_key(|d| d.time);
    let first = group.first()?;
    let id_of = |first: &Detection| {
        IncidentId::derive(scope, &[first.actor.id.as_str(), first.id.as_str()])
    };
    let id = id_of(first);
    let absorbed = parts().filter_map(|own| own.first().map(|first| id_of(first)));
    let absorbed = absorbed.filter(|other| *other != id).collect();
    let linked = story.joined.iter().map(|(link, own)| {
        // A link leads from who did this to the name.
        let other = own.first().filter(|did| did.actor.id != first.actor.id);
        let actor = other.map_or_else(|| link.actor.clone(), |did| did.actor.clone());
        ActorLink { actor, ..link.clone() }
    });
    let mut stages: Vec<Stage> = group.iter().map(|d| d.stage).collect();
    stages.sort_unstable();
    stages.dedup();
    let factors = factors(&group, &stages);
    let score = factors.iter().map(|f| f.points).sum::<i32>().clamp(0, 100);
    let started: Option<Timestamp> = group.iter().filter_map(|d| d.time).min();
    let ended = group.iter().filter_map(|d| d.last_time).max();
    let severity = group.iter().map(|d| d.severity).max()?;
    Some(Incident {
        id,
        actor: first.actor.clone(),
        linked: linked.collect(),
        severity,
        score: u8::try_from(score).unwrap_or(100),
        factors,
        started,
        ended,
        stages,
        detection_ids: group.iter().map(|d| d.id.clone()).collect(),
        summary: summary(&group, started, ended),
        absorbed,
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
    let kinds = if others == 1 { "kind" } else { "kinds" };
    let points = i32::try_from(others.min(3)).unwrap_or(3) * 5;
    add(format!("{others} further {kinds} of attack"), points);
    let succeeded: u64 = group.iter().map(|d| d.succeeded).sum();
    if succeeded > 0 {
        let requests = if succeeded == 1 { "request was" } else { "requests were" };
        add(format!("{succeeded} hostile {requests} answered with success"), 15);
    }
    let more = stages.len().saturating_sub(1);
    add(format!("{} stages reached", stages.len()), i32::try_from(more).unwrap_or(3) * 5);
    out
}

/// A title within a sentence: `Path traversal` → `path traversal`, but `SQL injection` as it is.
fn within(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => title.to_owned(),
    }
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
        [first, rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(|title| within(title)).collect();
            format!("{first}, then {}", rest.join(", "))
        }
        [] => String::new(),
    };
    let span = match (started, ended) {
        (Some(a), Some(b)) if b > a => format!(" within {}", b.since(a)),
        _ => String::new(),
    };
    let gained = match succeeded {
        0 => "none was answered with success".to_owned(),
        1 if exchanges == 1 => "it was answered with success".to_owned(),
        n if n == exchanges => "all were answered with success".to_owned(),
        1 => "1 was answered with success".to_owned(),
        n => format!("{n} were answered with success"),
    };
    let requests = if exchanges == 1 { "request" } else { "requests" };
    format!("{what}: {exchanges} hostile {requests}{span}; {gained}.")
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn titles_within_a_sentence_keep_abbreviations() {
        assert_eq!(within("Path traversal"), "path traversal");
        assert_eq!(within("SQL injection"), "SQL injection");
        assert_eq!((within("A"), within("")), ("A".to_owned(), String::new()));
    }
}
