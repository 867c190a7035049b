//! From the state to the result that people read. Runs when results are asked for; may rewrite
//! endpoint labels with what is known by then, never verdicts or detections.

mod calls;
mod clients;
mod egress;
mod endpoint;
mod findings;
mod journeys;
mod kept;
mod relations;
mod risk;
mod services;
mod surface;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, btree_map::Entry};

use bartizan_model::{
    Detection, Endpoint, EndpointId, Surface,
    analysis::{Analysis, CheckTally, NamedCount, Summary},
};

use self::{findings::Found, kept::Kept, services::Served};
use super::{State, state::Core};
use crate::{
    checks::CHECKS,
    detectors::DETECTORS,
    discoveries,
    endpoints::{LeafId, Template},
    learn::Whereabouts,
    ledger::{FindingLedger, incidents},
    snapshot::Snapshot,
    specs::{ChannelsListed, Compared},
};

/// Everything known about one endpoint, over all leaves that lead to it. Most have one leaf, and nothing is copied.
pub(super) struct Known<'s> {
    /// The first of its leaves.
    leaf: u32,
    pub(super) template: &'s Template,
    pub(super) profile: Kept<'s>,
    /// Whether traffic shows that its host is somebody else's.
    pub(super) is_abroad: bool,
}

/// Builds the result. Consolidates the endpoints first, so that labels reflect the whole input.
/// `input` of the result is left empty: only the source knows it.
#[must_use]
pub fn results(state: &mut State, snapshot: &Snapshot) -> Analysis {
    state.core.consolidate(snapshot);
    let state = &*state;
    let profiles = state.core.profiles.iter();
    let profiles = profiles.map(|(leaf, profile)| (*leaf, Kept::Borrowed(profile))).collect();
    let failures = state.core.findings.clone();
    build(
        state,
        snapshot,
        Learned { profiles, failures, full: full_tables(state), for_store: true },
    )
}

/// The same where nothing is learned any more afterwards: what was learned of an endpoint is given up as soon as the
/// result has it, so that there is never both of all of them. Of the state only [`State::final_endpoint`] and
/// [`State::hostile`] are of use then. `surfaces` of the result are left empty: only a store compares them.
#[must_use]
pub fn last_results(state: &mut State, snapshot: &Snapshot) -> Analysis {
    state.detectors.clear();
    state.core.forget_aids();
    state.core.consolidate(snapshot);
    let full = full_tables(state);
    let profiles = std::mem::take(&mut state.core.profiles).into_iter();
    let profiles = profiles.map(|(leaf, profile)| (leaf, Kept::Owned(profile))).collect();
    let failures = std::mem::take(&mut state.core.findings);
    build(state, snapshot, Learned { profiles, failures, full, for_store: false })
}

/// What a result is made of beside the state.
struct Learned<'s> {
    /// By leaf.
    profiles: Vec<(u32, Kept<'s>)>,
    failures: FindingLedger,
    /// What tables had no room for.
    full: Vec<(&'static str, u64)>,
    /// Whether surfaces are asked for.
    for_store: bool,
}

fn build<'s>(state: &'s State, snapshot: &Snapshot, learned: Learned<'s>) -> Analysis {
    let Learned { profiles, failures, full, for_store } = learned;
    let (mut known, refused) = known_endpoints(state, profiles);
    let detections = detections(state, snapshot);
    let incidents = incidents::gather(&snapshot.scope, &detections, state.core.identity.links());
    let templates: Vec<&Template> = known.values().map(|known| known.template).collect();
    let mut specs = snapshot.specs.as_ref().map(|specs| specs.compare(templates.into_iter()));
    if let Some(specs) = &mut specs {
        refused.iter().for_each(|(template, profile)| specs.refuse(template, profile));
    }
    drop(refused);
    let specs = specs.as_ref();
    egress::note_abroad(&mut known, specs);
    let (clients, handled) = clients::clients(state, snapshot, specs);
    let Found { findings, tallies, at } =
        findings::findings(state, failures, snapshot, specs, (&known, &handled));

    let (mut endpoints, mut surfaces) = (Vec::with_capacity(known.len()), Vec::new());
    // In the order in which they were first seen, as what lies together in memory is given up together.
    let mut known: Vec<_> = known.into_values().collect();
    known.sort_unstable_by_key(|known| known.leaf);
    let mut served = BTreeMap::new();
    for known in known {
        let endpoint = endpoint::endpoint(&known, state, snapshot, specs);
        if for_store {
            surfaces.push(surface::surface(&known, snapshot, &endpoint));
        }
        let asked = Served::of(&known, endpoint.access);
        served.extend(asked.map(|asked| (endpoint.id.clone(), asked)));
        endpoints.push(endpoint);
    }
    surfaces.sort_unstable_by(|a: &Surface, b| a.endpoint.cmp(&b.endpoint));
    calls::note(state, &mut endpoints);
    let services = services::graph(state, &served, &endpoints);
    let egress = egress::third_parties(&served, &endpoints, &services);
    calls::note_ends(state, &mut endpoints);
    for endpoint in &mut endpoints {
        let own = at.get(&endpoint.id).into_iter().flatten();
        let own: Vec<_> = own.filter_map(|index| findings.get(*index)).collect();
        let hits: Vec<_> =
            detections.iter().filter(|d| d.endpoint_id.as_ref() == Some(&endpoint.id)).collect();
        endpoint.risk = risk::risk(endpoint, snapshot, &own, &hits);
    }
    let mut summary = summary(state, &endpoints, tallies, &full);
    if let Some(specs) = specs {
        let (rest, orphans) = specs.described_never_granted(&snapshot.scope);
        summary.orphans = orphans;
        summary.specs = specs.summaries();
        endpoints.extend(rest.into_iter().map(|(mut endpoint, described)| {
            snapshot.catalog.place(&mut endpoint, described, &Whereabouts::default(), false);
            endpoint
        }));
    }
    let mut unlisted = 0;
    if let Some(known) = &snapshot.discoveries {
        unlisted = known.note(&mut endpoints, &snapshot.scope, &snapshot.catalog);
        unlisted += known.left_out();
    }
    // Behind what code declares: routes of requests are none of them.
    if let Some(specs) = specs {
        list_channels(specs, snapshot, &mut endpoints, &mut summary);
    }
    endpoints.iter_mut().for_each(discoveries::say_known_by);
    if unlisted > 0 {
        let name = "discovered_not_listed".to_owned();
        summary.not_inspected.push(NamedCount { name, count: unlisted });
    }
    // No two are equal, and a stable order would take room for half of them.
    endpoints.sort_unstable_by(|a, b| order(a).cmp(&order(b)));

    let mut actors = state.core.actors.summaries(|role| state.core.journeys.role_name(role));
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
    let journeys = journeys::journeys(state, snapshot, &endpoints);
    let relations = relations::relations(state, snapshot);
    Analysis {
        summary,
        endpoints,
        journeys,
        relations,
        findings,
        detections,
        incidents,
        actors,
        clients,
        services,
        egress,
        surfaces,
        ..Analysis::default()
    }
}

/// Adds messages of channels that specifications describe and no traffic showed.
fn list_channels(
    specs: &Compared<'_>,
    snapshot: &Snapshot,
    endpoints: &mut Vec<Endpoint>,
    summary: &mut Summary,
) {
    let ChannelsListed { endpoints: listed, orphans, left_out } = specs.channels(&snapshot.scope);
    summary.orphans += orphans;
    endpoints.extend(listed.into_iter().map(|(mut endpoint, described)| {
        snapshot.catalog.place(&mut endpoint, Some(described), &Whereabouts::default(), false);
        endpoint
    }));
    if left_out > 0 {
        let name = "channels_not_listed".to_owned();
        summary.not_inspected.push(NamedCount { name, count: left_out });
    }
}

/// By what endpoints are sorted: host, path, method, id.
fn order(endpoint: &Endpoint) -> (&str, &str, &str, &EndpointId) {
    (&endpoint.host, &endpoint.path, &endpoint.method.0, &endpoint.id)
}

/// What was asked for and is no endpoint: nothing was granted there.
type NotListed<'a> = Vec<(&'a Template, Kept<'a>)>;

/// Profiles joined by final endpoint, and those of noise.
fn known_endpoints<'s>(
    state: &'s State,
    mut profiles: Vec<(u32, Kept<'s>)>,
) -> (BTreeMap<EndpointId, Known<'s>>, NotListed<'s>) {
    let resolver = &state.core.resolver;
    profiles.sort_unstable_by_key(|(leaf, _)| *leaf);
    let mut known: BTreeMap<EndpointId, Known<'_>> = BTreeMap::new();
    let mut not_listed = Vec::new();
    for (leaf, profile) in profiles {
        let Some(template) = resolver.final_endpoint(LeafId(leaf)) else {
            let asked = resolver.current_endpoint(LeafId(leaf));
            not_listed.extend(asked.map(|template| (&**template, profile)));
            continue;
        };
        match known.entry(template.id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(Known { leaf, template, profile, is_abroad: false });
            }
            Entry::Occupied(mut entry) => entry.get_mut().profile.merge(&profile),
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
    endpoints: &[Endpoint],
    tallies: Vec<[u64; 4]>,
    full: &[(&str, u64)],
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
        not_inspected: not_inspected(core, full),
        partly_inspected: core.partly_inspected,
        anomalies: named(&core.anomalies),
        timeline: timeline.buckets(),
        ..Summary::default()
    }
}

/// What was not inspected, and every table that had no room left: a limit that is reached is shown.
fn not_inspected(core: &Core, full: &[(&str, u64)]) -> Vec<NamedCount> {
    let mut out = named(&core.not_inspected);
    let reached = full.iter().filter(|(_, count)| *count > 0);
    out.extend(reached.map(|(name, count)| NamedCount { name: (*name).into(), count: *count }));
    out
}

/// Of each table that has a limit, what it had no room for.
fn full_tables(state: &State) -> Vec<(&'static str, u64)> {
    let core = &state.core;
    let counts = core.resolver.counts();
    let mut full = vec![
        ("actors_forgotten", core.actors.forgotten()),
        ("clients_forgotten", core.clients.forgotten()),
        ("client_data_not_kept", core.clients.data_not_kept()),
        ("detections_not_kept", core.detections.dropped()),
        ("findings_not_kept", core.findings.dropped()),
        ("places_not_kept", core.profiles.values().map(|p| p.places_overflow).sum()),
        ("resources_not_kept", core.profiles.values().map(|p| p.whereabouts.more()).sum()),
        ("calls_not_kept", core.traces.more()),
        ("service_links_forgotten", core.services.forgotten()),
        ("requests_beyond_hosts", counts.over_hosts),
        ("requests_beyond_endpoints", counts.over_nodes),
        ("requests_beyond_unmatched_paths", counts.over_pending),
        ("aliases_not_kept", counts.over_aliases),
    ];
    full.extend(core.journeys.left_out());
    full
}

fn not_evaluated(core: &Core) -> Vec<NamedCount> {
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
            .filter(|alias| alias.leads())
            .map(|alias| (alias.from.clone(), alias.to.clone(), alias.evidence.clone()))
            .collect()
    }

    /// Sequence number of every hostile exchange with the code of the detector, sorted.
    #[must_use]
    pub fn hostile(&self) -> Vec<(u64, &str)> {
        self.core.detections.hostile()
    }
}
