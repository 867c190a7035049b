//! The state of the judgement: everything that was learned, in one value that can be saved.

use std::{collections::BTreeMap, hash::BuildHasher as _};

use bartizan_model::{Duration, Exchange, Input, Outcome, Scope, Timestamp, source::Ordering};
use bartizan_protocols::Call;
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{
    Judgement, Prepared, Raised, alone, answer, asked,
    members::{self, Carried},
    verdict,
};
use crate::{
    checks::CHECKS,
    detectors::{
        DETECTORS, DetectorItem, DetectorState, Evaluated, Lane, Signal, StateError,
        field_words::FieldMemo, objects,
    },
    endpoints::{
        Asked, EndpointLimits, HostTold, LeafId, Observation, Outcome as Answer, Resolver, routes,
    },
    facts::{Enriched, ExchangeMark, Facts, Moment},
    identity::{Caller, IdentityState},
    learn::{
        ActorTable, Clients, Completions, Journeys, Profile, Relations, Services, Spots, Timeline,
        Traces, clients::Call as ClientCall,
    },
    ledger::{DetectionLedger, FindingLedger},
    recent::RecentMap,
    snapshot::Snapshot,
};

/// Without a signal for this long, hits of one actor on one endpoint begin a new detection.
const HIT_GAP: Duration = Duration::hours(1);

/// How long history counts as incomplete after exchanges were lost.
const LOSSY: Duration = Duration::hours(1);
/// How results name exchanges that were lost before the judgement.
const LOST: &str = "exchange:lost_before_judgement";

/// Most operations by host and method of which it is known that they are declared.
const MAX_DECLARED: usize = 65_536;

/// Exchanges between two consolidations of endpoints.
const CONSOLIDATE_EVERY: u64 = 4_096;

/// Everything learned so far. Saved and restored as a whole, it continues as if never interrupted.
pub struct State {
    pub(super) core: Core,
    pub(super) detectors: Vec<Option<Box<dyn DetectorState>>>,
}

/// The part of the state with a fixed shape.
#[derive(Serialize, Deserialize)]
pub(super) struct Core {
    pub(super) sequence: u64,
    pub(super) resolver: Resolver,
    /// By leaf. Hashed alike in all processes, so that what is saved is the same for the same exchanges.
    pub(super) profiles: HashMap<u32, Box<Profile>, FixedState>,
    pub(super) identity: IdentityState,
    pub(super) actors: ActorTable,
    pub(super) clients: Clients,
    pub(super) timeline: Timeline,
    pub(super) traces: Traces,
    pub(super) journeys: Journeys,
    pub(super) relations: Relations,
    pub(super) services: Services,
    pub(super) completions: Completions,
    /// What documents of GraphQL call, by host and hash.
    pub(super) persisted: RecentMap<u64, Call>,
    pub(super) detections: DetectionLedger,
    pub(super) findings: FindingLedger,
    pub(super) not_inspected: BTreeMap<String, u64>,
    pub(super) partly_inspected: u64,
    pub(super) anomalies: BTreeMap<String, u64>,
    /// By code of the detector and the input it missed.
    pub(super) not_evaluated: BTreeMap<(SmolStr, Input), u64>,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    watermark: Option<Timestamp>,
    /// When exchanges were lost last.
    lost_at: Option<Timestamp>,
    #[serde(skip)]
    pub(super) spots: Spots,
    #[serde(skip)]
    pub(super) fields: FieldMemo,
    /// Hashes of what was declared, so that it is done once; forgotten at [`MAX_DECLARED`], as twice is no harm.
    #[serde(skip)]
    declared: HashSet<u64, FixedState>,
}

impl State {
    /// Nothing learned yet about this organisation and environment.
    #[must_use]
    pub fn new(scope: &Scope) -> Self {
        Self { core: Core::new(scope), detectors: fresh_detectors() }
    }

    /// Exchanges judged so far.
    #[must_use]
    pub const fn judged(&self) -> u64 {
        self.core.sequence
    }

    /// Admits an exchange in order of time: its event time, or `None` when it has none or comes later
    /// than `ordering` allows. A window of a detector is closed once the latest time seen is
    /// `ordering.lateness` beyond its end.
    pub fn admit(&mut self, time: Option<Timestamp>, ordering: Ordering) -> Option<Timestamp> {
        let time = time?;
        let latest = self.core.watermark.map_or(time, |latest| latest.max(time));
        self.core.watermark = Some(latest);
        (latest.since(time) <= ordering.lateness).then_some(time)
    }

    /// Notes that so many exchanges were lost since the last one. They count as not inspected, and
    /// for an hour detectors with history begin no detection (see [`Enriched::lossy`]).
    pub fn note_lost(&mut self, exchanges: u64) {
        if exchanges > 0 {
            self.core.lost_at = self.core.watermark;
            *self.core.not_inspected.entry(LOST.to_owned()).or_default() += exchanges;
        }
    }

    /// Notes that something is missing since the last exchange, of which nobody can say how many exchanges it
    /// was. As [`State::note_lost`], without a count.
    pub const fn note_gap(&mut self) {
        self.core.lost_at = self.core.watermark;
    }

    /// Judges a prepared exchange. See [`super::judge`]. Locations in its view take the general form
    /// that the endpoint taught so far.
    pub fn judge(
        &mut self,
        exchange: &Exchange,
        prepared: &mut Prepared,
        snapshot: &Snapshot,
        time: Option<Timestamp>,
    ) -> Judgement {
        let core = &mut self.core;
        let sequence = core.sequence;
        core.sequence += 1;
        core.name_by_hash(exchange, &mut prepared.decoded, snapshot);
        let facts = prepared.facts(exchange, snapshot);
        let answer = answer::of(&facts);
        let observation = core.observe_endpoint(&facts, answer);
        let leaf = observation.leaf;
        let profile = core.profiles.get(&leaf.0);
        let open = profile.is_some_and(|profile| profile.answers_anonymous());
        if let Some(profile) = profile {
            profile.maps.fold(&mut prepared.decoded.view);
        }
        let prepared = &*prepared;
        let facts = prepared.facts(exchange, snapshot);
        let success = facts.is_success();
        let caller =
            core.identity.resolve(exchange, facts.credentials, snapshot, time, success && !open);
        let asker = answer::asker(&facts, answer, &observation.template, &caller);
        core.resolver.attribute(&observation, answer, &asker);
        let objects = objects::extract(&facts, &observation.template, &mut core.fields);
        let moment = Moment { sequence, time, lossy: core.is_lossy(time) };
        let enriched = Enriched::new(facts, &objects, &observation.template, &caller, moment);
        let mut raised = Vec::new();
        core.take_hits(&enriched, prepared, leaf, &mut raised);
        let hostile_alone = !raised.is_empty();
        let is_batch = facts.is_batch();
        self.show(&enriched, leaf, &mut raised, |lane| match lane {
            Lane::Calls(_) => !is_batch,
            _ => true,
        });
        let core = &mut self.core;
        core.take_outcomes(&enriched, prepared, leaf);
        let role = core.step(&enriched, answer, leaf, !raised.is_empty());
        if raised.is_empty() {
            core.relations.observe(&enriched, core.resolver.shown(leaf).0, role);
        }
        core.learn(&facts, &caller, leaf, hostile_alone, role);
        if !hostile_alone {
            let accepts = success && !open;
            core.clients.observe(&ClientCall {
                facts: &facts,
                caller: &caller,
                leaf: leaf.0,
                accepts,
            });
        }
        let segments = members::segments(&prepared.decoded);
        let carried = Carried {
            exchange,
            prepared,
            snapshot,
            caller: &caller,
            segments: &segments,
            time,
            sequence,
            is_hostile: hostile_alone,
        };
        self.judge_members(&carried, &mut raised);
        judgement(&facts, prepared, caller, raised, leaf, sequence)
    }

    /// Shows an exchange, or one call of it, to those detectors with history whose lane is asked for.
    pub(super) fn show(
        &mut self,
        enriched: &Enriched<'_>,
        leaf: LeafId,
        raised: &mut Vec<Raised>,
        is_asked: impl Fn(&Lane) -> bool,
    ) {
        let mut signals = Vec::new();
        for (item, state) in DETECTORS.iter().zip(&mut self.detectors) {
            let Some(state) = state.as_mut().filter(|_| is_asked(&item.lane)) else { continue };
            match state.observe(enriched, &mut signals) {
                Evaluated::No(input) => self.core.count_not_evaluated(item.meta.code, input),
                Evaluated::Yes | Evaluated::NotApplicable => {}
            }
            for signal in signals.drain(..) {
                raise(raised, item, &signal);
                self.core.detections.take(item, signal, enriched.time, leaf.0);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.core.profiles.values().map(|profile| &**profile)
    }

    #[cfg(test)]
    pub(crate) const fn clients(&self) -> &Clients {
        &self.core.clients
    }

    #[cfg(test)]
    pub(crate) const fn journeys(&self) -> &Journeys {
        &self.core.journeys
    }

    /// The whole state as bytes.
    ///
    /// # Errors
    /// When a part cannot be written, which would be a defect.
    pub fn save(&self) -> Result<Vec<u8>, StateError> {
        let detectors: Vec<(&str, Vec<u8>)> = DETECTORS
            .iter()
            .zip(&self.detectors)
            .filter_map(|(item, state)| Some((item.meta.code, state.as_ref()?.save())))
            .collect();
        postcard::to_stdvec(&(&self.core, detectors)).map_err(|_| StateError)
    }

    /// Restores what [`State::save`] wrote. Detectors that are new since then start empty.
    ///
    /// # Errors
    /// When the bytes are no such state.
    pub fn load(bytes: &[u8]) -> Result<Self, StateError> {
        let (core, saved): (Core, Vec<(String, Vec<u8>)>) =
            postcard::from_bytes(bytes).map_err(|_| StateError)?;
        let mut state = Self { core, detectors: fresh_detectors() };
        let Core { profiles, spots, .. } = &mut state.core;
        profiles.values_mut().for_each(|profile| profile.share(spots));
        for (code, bytes) in saved {
            let position = DETECTORS.iter().position(|item| item.meta.code == code);
            let Some(Some(detector)) = position.and_then(|at| state.detectors.get_mut(at)) else {
                continue;
            };
            detector.load(&bytes)?;
        }
        Ok(state)
    }
}

/// Adds what a detector found out. The calls of one exchange raise a detection once, as it stands after the last.
fn raise(raised: &mut Vec<Raised>, item: &DetectorItem, signal: &Signal) {
    let evidence = signal.evidence.clone();
    if let Some(known) = raised.iter_mut().find(|known| known.code == item.meta.code) {
        known.severity = known.severity.max(signal.severity);
        known.confidence = known.confidence.max(signal.confidence);
        known.evidence = evidence;
        return;
    }
    raised.push(Raised {
        code: item.meta.code,
        class: item.class,
        severity: signal.severity,
        confidence: signal.confidence,
        evidence,
    });
}

fn judgement(
    facts: &Facts<'_>,
    prepared: &Prepared,
    caller: Caller,
    raised: Vec<Raised>,
    leaf: LeafId,
    sequence: u64,
) -> Judgement {
    let view = &facts.decoded.view;
    let mut data_classes: Vec<_> = prepared
        .classes
        .iter()
        .filter_map(|hit| Some((hit.class, view.node(hit.node)?.side())))
        .collect();
    data_classes.sort_unstable();
    data_classes.dedup();
    let mut verdict = verdict::verdict(&raised);
    verdict.take_in(&facts.exchange.policies);
    Judgement {
        verdict,
        detections: raised,
        leaf: leaf.0,
        actor: caller.actor,
        principal: caller.principal,
        session: caller.session,
        data_classes,
        not_inspected: view.not_inspected().to_vec(),
        sequence,
    }
}

fn fresh_detectors() -> Vec<Option<Box<dyn DetectorState>>> {
    DETECTORS.iter().map(|item| item.history().map(|new| new())).collect()
}

impl Core {
    fn new(scope: &Scope) -> Self {
        Self {
            sequence: 0,
            resolver: Resolver::new(scope.clone(), EndpointLimits::default()),
            profiles: HashMap::default(),
            identity: IdentityState::default(),
            actors: ActorTable::default(),
            clients: Clients::default(),
            timeline: Timeline::default(),
            traces: Traces::default(),
            journeys: Journeys::default(),
            relations: Relations::default(),
            services: Services::default(),
            completions: Completions::default(),
            persisted: RecentMap::default(),
            detections: DetectionLedger::default(),
            findings: FindingLedger::default(),
            not_inspected: BTreeMap::new(),
            partly_inspected: 0,
            anomalies: BTreeMap::new(),
            not_evaluated: BTreeMap::new(),
            started: None,
            ended: None,
            watermark: None,
            lost_at: None,
            spots: Spots::default(),
            fields: FieldMemo::default(),
            declared: HashSet::default(),
        }
    }

    /// Gives up what only saves time or memory while learning.
    pub(super) fn forget_aids(&mut self) {
        (self.fields, self.spots, self.declared) = Default::default();
    }

    pub(super) fn is_lossy(&self, time: Option<Timestamp>) -> bool {
        let since = |lost: Timestamp| time.is_some_and(|time| time.since(lost) <= LOSSY);
        self.lost_at.is_some_and(since)
    }

    fn observe_endpoint(&mut self, facts: &Facts<'_>, answer: Answer) -> Observation {
        let segments = members::segments(facts.decoded);
        let request = &facts.exchange.request;
        // Consolidating at fixed points keeps results independent of how a run was cut up.
        if self.sequence.is_multiple_of(CONSOLIDATE_EVERY) {
            self.consolidate_growing(facts.snapshot);
        }
        if answer.is_answer() {
            self.declare(facts, &segments);
        }
        let call = facts.decoded.call.as_ref();
        self.resolver.observe_call(&Asked {
            host: facts.snapshot.at_host(request.host()),
            method: asked::method(request),
            call,
            segments: &segments,
            outcome: answer,
        })
    }

    /// What a specification or the configuration keeps apart is never merged, and what it makes a parameter
    /// is one from the first request on: the template that a request fits is declared before the request is
    /// learned from. What no specification describes may be declared by code, or by who answered when the request
    /// was granted.
    fn declare(&mut self, facts: &Facts<'_>, segments: &[&str]) {
        let request = &facts.exchange.request;
        let (host, method) = (request.host(), asked::method(request));
        let (specs, code) = (&facts.snapshot.specs, &facts.snapshot.discoveries);
        let documented = specs.as_ref().and_then(|specs| specs.path_of(host, method, segments));
        let in_code = || code.as_ref().and_then(|code| code.path_of(method, segments));
        let written = documented.or_else(in_code);
        let route = facts.exchange.route.as_deref().filter(|_| written.is_none());
        let route = route.filter(|_| facts.is_success() && facts.decoded.call.is_none());
        let route = route.and_then(|route| routes::template(route, segments));
        let known = facts.snapshot.catalog.path_of(host, segments);
        let at = facts.snapshot.at_host(host);
        let place = if let HostTold::Pattern(pattern) = at.told { pattern } else { host };
        for path in known.into_iter().chain(written).chain(route.as_deref()) {
            let key =
                self.declared.hasher().hash_one((place, at.told == HostTold::Apart, method, path));
            if self.declared.len() >= MAX_DECLARED {
                self.declared.clear();
            }
            if self.declared.insert(key) {
                self.resolver.declare(at, method, path, None);
            }
        }
    }

    fn take_hits(
        &mut self,
        enriched: &Enriched<'_>,
        prepared: &Prepared,
        leaf: LeafId,
        raised: &mut Vec<Raised>,
    ) {
        for (item, detection) in alone::raise(&prepared.hits, &enriched.facts.exchange.id) {
            let mark: ExchangeMark = enriched.mark();
            let signal = Signal {
                group: group_of(enriched, leaf),
                actor: enriched.actor.clone(),
                one_endpoint: true,
                severity: detection.severity,
                confidence: detection.confidence,
                stage: item.stage,
                exchanges: vec![mark],
                evidence: detection.evidence.clone(),
                gap: HIT_GAP,
            };
            raised.push(detection);
            self.detections.take(item, signal, enriched.time, leaf.0);
        }
    }

    fn take_outcomes(&mut self, enriched: &Enriched<'_>, prepared: &Prepared, leaf: LeafId) {
        let profile = self.profiles.entry(leaf.0).or_default();
        for (check, outcome) in &prepared.outcomes {
            let tally = match outcome {
                Outcome::Fail(failure) => {
                    let exchange = enriched.facts.exchange;
                    self.findings.take(*check, leaf.0, failure, &exchange.id, exchange.time);
                    0
                }
                Outcome::Pass => 1,
                Outcome::NotApplicable => 2,
                Outcome::NotEvaluated(_) => 3,
            };
            debug_assert!(*check < CHECKS.len());
            profile.tally(*check, tally);
        }
    }

    fn count_not_evaluated(&mut self, code: &'static str, input: Input) {
        *self.not_evaluated.entry((SmolStr::new_static(code), input)).or_default() += 1;
    }
}

pub(super) fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count += 1;
    } else {
        counts.insert(name.to_owned(), 1);
    }
}

fn group_of(enriched: &Enriched<'_>, leaf: LeafId) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&enriched.actor_key.0[..8]);
    u64::from_le_bytes(bytes) ^ u64::from(leaf.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
