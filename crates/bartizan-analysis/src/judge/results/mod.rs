//! From the state to the result that people read. Runs when results are asked for; may rewrite
//! endpoint labels with what is known by then, never verdicts or detections.

mod calls;
mod endpoint;
mod findings;
mod risk;
mod surface;

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map::Entry},
};

use bartizan_model::{
    Detection, EndpointId,
    analysis::{Analysis, CheckTally, NamedCount, Summary},
};

use self::findings::Found;
use super::State;
use crate::{
    checks::CHECKS,
    detectors::DETECTORS,
    endpoints::{LeafId, Template},
    learn::{Profile, Whereabouts},
    ledger::incidents,
    snapshot::Snapshot,
};

/// Everything known about one endpoint, over all leaves that lead to it. Most have one leaf, and nothing is copied.
pub(super) struct Known<'s> {
    pub(super) template: &'s Template,
    pub(super) profile: Cow<'s, Profile>,
}

/// Builds the result. Consolidates the endpoints first, so that labels reflect the whole input.
/// `input` of the result is left empty: only the source knows it.
#[must_use]
pub fn results(state: &mut State, snapshot: &Snapshot) -> Analysis {
    state.core.resolver.consolidate();
    let state = &*state;
    let (known, refused) = known_endpoints(state);
    let detections = detections(state, snapshot);
    let incidents = incidents::gather(&snapshot.scope, &detections, state.core.identity.links());
    let templates = || known.values().map(|known| known.template);
    let mut specs = snapshot.specs.as_ref().map(|specs| specs.compare(templates()));
    if let Some(specs) = &mut specs {
        refused.iter().for_each(|(template, profile)| specs.refuse(template, profile));
    }
    let specs = specs.as_ref();
    let Found { findings, tallies, at } = findings::findings(state, snapshot, specs, &known);

    let mut endpoints: Vec<_> =
        known.values().map(|k| endpoint::endpoint(k, state, snapshot, specs)).collect();
    let surfaces =
        known.values().zip(&endpoints).map(|(k, e)| surface::surface(k, snapshot, e)).collect();
    calls::note(state, &mut endpoints);
    calls::note_ends(state, &mut endpoints);
    for endpoint in &mut endpoints {
        let own = at.get(&endpoint.id).into_iter().flatten();
        let own: Vec<_> = own.filter_map(|index| findings.get(*index)).collect();
        let hits: Vec<_> =
            detections.iter().filter(|d| d.endpoint_id.as_ref() == Some(&endpoint.id)).collect();
        endpoint.risk = risk::risk(endpoint, snapshot, &own, &hits);
    }
    let mut summary = summary(state, &endpoints, tallies);
    if let Some(specs) = specs {
        let (rest, orphans) = specs.described_never_granted(&snapshot.scope);
        summary.orphans = orphans;
        summary.specs = specs.summaries();
        endpoints.extend(rest.into_iter().map(|(mut endpoint, described)| {
            snapshot.catalog.place(&mut endpoint, described, &Whereabouts::default());
            endpoint
        }));
    }
    endpoints.sort_by(|a, b| {
        (&a.host, &a.path, &a.method, &a.id).cmp(&(&b.host, &b.path, &b.method, &b.id))
    });

    let mut actors = state.core.actors.summaries();
    let mut per_actor: BTreeMap<&str, u64> = BTreeMap::new();
    for detection in &detections {
        *per_actor.entry(detection.actor.id.as_str()).or_default() += 1;
    }
    for actor in &mut actors {
        actor.detections = per_actor.get(actor.id.as_str()).copied().unwrap_or(0);
    }

    for finding in &findings {
        summary.findings_by_severity[finding.severity as usize] += 1;
    }
    for detection in &detections {
        summary.detections_by_severity[detection.severity as usize] += 1;
    }
    Analysis {
        summary,
        endpoints,
        findings,
        detections,
        incidents,
        actors,
        surfaces,
        ..Analysis::default()
    }
}

/// What was asked for and is no endpoint: nothing was granted there.
type NotListed<'a> = Vec<(&'a Template, &'a Profile)>;

/// Profiles joined by final endpoint, and those of noise.
fn known_endpoints(state: &State) -> (BTreeMap<EndpointId, Known<'_>>, NotListed<'_>) {
    let resolver = &state.core.resolver;
    let mut leaves: Vec<(&u32, &Profile)> = state.core.profiles.iter().collect();
    leaves.sort_by_key(|(leaf, _)| **leaf);
    let mut known: BTreeMap<EndpointId, Known<'_>> = BTreeMap::new();
    let mut not_listed = Vec::new();
    for (leaf, profile) in leaves {
        let Some(template) = resolver.final_endpoint(LeafId(*leaf)) else {
            let asked = resolver.current_endpoint(LeafId(*leaf));
            not_listed.extend(asked.map(|template| (&**template, profile)));
            continue;
        };
        match known.entry(template.id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(Known { template, profile: Cow::Borrowed(profile) });
            }
            Entry::Occupied(mut entry) => entry.get_mut().profile.to_mut().merge(profile),
        }
    }
    (known, not_listed)
}

fn detections(state: &State, snapshot: &Snapshot) -> Vec<Detection> {
    let mut out = Vec::new();
    for (index, record) in state.core.detections.records().iter().enumerate() {
        let Some(item) = DETECTORS.iter().find(|item| item.meta.code == record.code) else {
            continue;
        };
        let endpoint = record
            .leaf
            .and_then(|leaf| state.core.resolver.final_endpoint(LeafId(leaf)))
            .map(|template| template.id.clone());
        out.push(record.detection(index, &snapshot.scope, item, endpoint));
    }
    out.sort_by_key(|d| d.time);
    out
}

fn summary(
    state: &State,
    endpoints: &[bartizan_model::Endpoint],
    tallies: Vec<[u64; 4]>,
) -> Summary {
    let core = &state.core;
    let mut hosts: Vec<&str> = endpoints.iter().map(|e| e.host.as_str()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let mut timeline = core.timeline.clone();
    timeline.merge(core.detections.timeline());
    Summary {
        exchanges: core.sequence,
        started: core.started,
        ended: core.ended,
        endpoints: endpoints.len() as u64,
        provisional: endpoints.iter().filter(|e| !e.confirmed).count() as u64,
        hosts: hosts.len() as u64,
        noise: core.resolver.noise().unanswered,
        catch_all: core.resolver.caught(),
        checks: CHECKS
            .iter()
            .zip(tallies)
            .map(|(item, [failed, passed, not_applicable, not_evaluated])| CheckTally {
                code: item.meta.code.to_owned(),
                name: item.meta.name.to_owned(),
                failed,
                passed,
                not_applicable,
                not_evaluated,
            })
            .collect(),
        not_evaluated: not_evaluated(core),
        not_inspected: not_inspected(state),
        partly_inspected: core.partly_inspected,
        anomalies: named(&core.anomalies),
        timeline: timeline.buckets(),
        ..Summary::default()
    }
}

/// What was not inspected, and every table that had no room left: a limit that is reached is shown.
fn not_inspected(state: &State) -> Vec<NamedCount> {
    let core = &state.core;
    let mut out = named(&core.not_inspected);
    let counts = core.resolver.counts();
    let reached = [
        ("actors_forgotten", core.actors.forgotten()),
        ("detections_not_kept", core.detections.dropped()),
        ("findings_not_kept", core.findings.dropped()),
        ("places_not_kept", core.profiles.values().map(|p| p.places_overflow).sum()),
        ("resources_not_kept", core.profiles.values().map(|p| p.whereabouts.more()).sum()),
        ("calls_not_kept", core.traces.more()),
        ("requests_beyond_hosts", counts.over_hosts),
        ("requests_beyond_endpoints", counts.over_nodes),
        ("requests_beyond_unmatched_paths", counts.over_pending),
        ("aliases_not_kept", counts.over_aliases),
    ];
    let reached = reached.iter().filter(|(_, count)| *count > 0);
    out.extend(reached.map(|(name, count)| NamedCount { name: (*name).into(), count: *count }));
    out
}

fn not_evaluated(core: &super::state::Core) -> Vec<NamedCount> {
    let counts = core.not_evaluated.iter();
    let mut out: Vec<NamedCount> = counts
        .map(|((code, input), count)| NamedCount {
            name: format!("{code}:{input:?}"),
            count: *count,
        })
        .collect();
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

fn named(counts: &BTreeMap<String, u64>) -> Vec<NamedCount> {
    counts.iter().map(|(name, count)| NamedCount { name: name.clone(), count: *count }).collect()
}

impl State {
    /// The final endpoint of a leaf, after [`results`]; `None` for noise.
    #[must_use]
    pub fn final_endpoint(&self, leaf: u32) -> Option<&Template> {
        self.core.resolver.final_endpoint(LeafId(leaf)).map(|template| &**template)
    }

    /// The endpoint of a leaf as known now.
    #[must_use]
    pub fn current_endpoint(&self, leaf: u32) -> Option<&EndpointId> {
        self.core.resolver.current_endpoint(LeafId(leaf)).map(|template| &template.id)
    }

    /// Endpoints that turned out to be one: the id that became an alias, the one that stays, why.
    #[must_use]
    pub fn endpoint_merges(&self) -> Vec<(EndpointId, EndpointId, String)> {
        self.core
            .resolver
            .aliases()
            .iter()
            .filter(|alias| !alias.undone)
            .map(|alias| (alias.from.clone(), alias.to.clone(), alias.evidence.clone()))
            .collect()
    }

    /// Sequence number of every hostile exchange with the code of the detector, sorted.
    #[must_use]
    pub fn hostile(&self) -> Vec<(u64, &str)> {
        self.core.detections.hostile()
    }
}
