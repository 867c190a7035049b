//! The calls of an exchange that carries several, each judged and learned as the operation that it is.
//!
//! The exchange itself stays one endpoint: what policies decide, what was injected and which checks failed is about
//! it. Who asked, when and with what credential is the same for all of its calls.

use bartizan_model::{Exchange, Protocol, Root, Side, Timestamp};
use bartizan_protocols::{
    Answered, Decoded, Members,
    call::{MAX_MEMBERS, Member, persisted},
};
use smallvec::SmallVec;

use super::{Prepared, Raised, State, answer, state::Core};
use crate::{
    classes::ClassHit,
    detectors::{Lane, objects},
    endpoints::Asked,
    facts::{Enriched, Facts, Moment},
    identity::Caller,
    learn::profile::Lesson,
    snapshot::Snapshot,
};

/// Most documents of GraphQL that are known by their hash; the one not used for longest is forgotten for another.
pub(super) const MAX_PERSISTED: usize = 16_384;

/// What the calls of one exchange have in common.
pub(super) struct Carried<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) prepared: &'a Prepared,
    pub(super) snapshot: &'a Snapshot,
    pub(super) caller: &'a Caller,
    pub(super) segments: &'a [&'a str],
    pub(super) time: Option<Timestamp>,
    pub(super) sequence: u64,
    /// Whether the exchange was found hostile: then none of its calls teaches parameters.
    pub(super) is_hostile: bool,
}

impl<'a> Carried<'a> {
    /// What one of the calls tells by itself.
    fn facts<'m>(&self, decoded: &'m Decoded, classes: &'m [ClassHit]) -> Facts<'m>
    where
        'a: 'm,
    {
        let Self { exchange, prepared, snapshot, .. } = *self;
        Facts { exchange, decoded, classes, credentials: &prepared.credentials, snapshot }
    }
}

impl State {
    /// Judges and learns the calls of an exchange, if it carries several. No more than [`MAX_MEMBERS`] of them; those
    /// beyond are counted as not inspected.
    pub(super) fn judge_members(&mut self, carried: &Carried<'_>, raised: &mut Vec<Raised>) {
        let Some(mut members) = Members::of(carried.exchange, &carried.prepared.decoded) else {
            return;
        };
        if members.left_out() > 0 {
            let name = format!("request:calls_beyond_{MAX_MEMBERS}");
            *self.core.not_inspected.entry(name).or_default() += members.left_out();
        }
        while let Some(member) = members.advance() {
            self.judge_member(carried, member, raised);
        }
    }

    fn judge_member(
        &mut self,
        carried: &Carried<'_>,
        member: Member<'_>,
        raised: &mut Vec<Raised>,
    ) {
        let Carried { exchange, prepared, snapshot, caller, time, sequence, .. } = *carried;
        let core = &mut self.core;
        let placed = |hit: &ClassHit| Some(ClassHit { node: member.place(hit.node)?, ..*hit });
        let classes: Vec<ClassHit> = prepared.classes.iter().filter_map(placed).collect();
        let is_answered = member.is_answered;
        let decoded = member.decoded;
        core.name_by_hash(exchange, decoded, snapshot);
        let answer = answer::of_call(&carried.facts(decoded, &classes), is_answered);
        let (request, call) = (&exchange.request, decoded.call.as_ref());
        let observation = core.resolver.observe_call(&Asked {
            host: snapshot.at_host(request.host()),
            method: &request.method,
            call,
            segments: carried.segments,
            outcome: answer,
        });
        let leaf = observation.leaf;
        if let Some(profile) = core.profiles.get(&leaf.0) {
            profile.maps.fold(&mut decoded.view);
        }
        let facts = carried.facts(decoded, &classes);
        let asker = answer::asker(&facts, answer, &observation.template, caller);
        // What was only sent proves nothing to be there.
        if is_answered != Some(false) {
            core.resolver.attribute(&observation, answer, &asker);
        }
        let objects = objects::extract(&facts, &observation.template, &mut core.fields);
        let moment = Moment { sequence, time, lossy: core.is_lossy(time) };
        let enriched = Enriched::new(facts, &objects, &observation.template, caller, moment);
        self.show(&enriched, leaf, raised, |lane| matches!(lane, Lane::Calls(_)));
        let profile = self.core.profiles.entry(leaf.0).or_default();
        let hostile = carried.is_hostile;
        let lesson = Lesson { facts: &facts, caller, time: exchange.time, hostile };
        profile.learn(&lesson, &mut self.core.spots);
        self.core.learn_host(&facts, leaf);
        if !hostile {
            self.core.learn_told(&facts, leaf);
        }
    }
}

impl Core {
    /// A document of GraphQL that is named by its hash is what it was when it was told: what a server keeps under a
    /// hash, it answered with success.
    pub(super) fn name_by_hash(
        &mut self,
        exchange: &Exchange,
        decoded: &mut Decoded,
        snapshot: &Snapshot,
    ) {
        if decoded.call.as_ref().is_none_or(|call| call.protocol != Protocol::Graphql) {
            return;
        }
        let Some(document) = persisted(decoded) else { return };
        let text = format!("{}\0{}", exchange.request.host().to_ascii_lowercase(), document.hash);
        let key = snapshot.key.hash("persisted-query", text.as_bytes()).first8();
        if !document.is_told {
            if let Some(known) = self.persisted.get(&key) {
                decoded.call = Some(known.clone());
            }
            return;
        }
        let call = decoded.call.clone().filter(|call| !call.operation.is_empty());
        let is_granted = decoded.answered == Answered::Granted;
        if let Some(call) = call.filter(|_| is_granted) {
            self.persisted.entry(key, MAX_PERSISTED, || call.clone()).clone_from(&call);
        }
    }
}

/// Segments of the path of a request that are not empty.
pub(super) fn segments(decoded: &Decoded) -> SmallVec<[&str; 16]> {
    let path = decoded.view.root(Side::Request, Root::Path);
    let segments = path.iter().flat_map(|path| path.children().map(|segment| segment.raw()));
    segments.filter(|segment| !segment.is_empty()).collect()
}
