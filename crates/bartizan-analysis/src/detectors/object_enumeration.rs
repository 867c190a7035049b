//! Somebody reads or changes objects that are not theirs, or guesses identifiers.

use bartizan_model::{
    Attack, Confidence, Cwe, Duration, Evidence, Grade, Input, ItemMeta, Method, Owasp, Severity,
    Stage, Status, Timestamp, counters::Completeness,
};
use serde::{Deserialize, Serialize};

use crate::detectors::{
    DetectorExample, DetectorItem, DetectorState, Evaluated, Key, Lane, Signal, StateError,
    object_history::{
        Actor, DENIED, FOREIGN, FOREIGN_WINDOW, Fired, GAP, MISS_WINDOW, MISSING, NOISY, OWNS,
        PLACES, Place, READS, STRAYED, STRAYS, UNLISTED, Visit,
    },
    objects::{Objects, Reference},
    ownership::{Belongs, Caller, Ownership},
    traffic::{Call, exchanges, open_order, shop},
};
use crate::{
    facts::Enriched,
    state::{Absorb, RecentSet, Table, Trace, codec, pair, table_key},
};

/// The item.
pub static DETECTOR: DetectorItem = DetectorItem {
    meta: ItemMeta {
        code: "BZ-D001",
        name: "foreign-objects-read-or-guessed",
        title: "Caller reads other people's objects or guesses object ids",
        severity: Severity::High,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api1),
        cwe: &[Cwe(639), Cwe(863)],
        attack: &[Attack("T1190")],
        inputs: &[
            Input::RequestHead,
            Input::Status,
            Input::ResponseBody,
            Input::Time,
            Input::Identity,
            Input::History,
        ],
        what: "Follows, per caller, which objects were listed to, created by or opened by it, and \
               what responses say about owners. An object is foreign when a response field that for \
               most callers equals their own subject (or is constant for each caller) names somebody \
               else, or when it was listed only to others; objects shown to the caller before, and \
               those of a person whose record the caller opened before, are not. Fires (a) when a \
               caller that is known to have objects of its own opens at least 4 foreign ones of at \
               least 3 owners within 7 days, more than 3 times its own largest day before, at a \
               place where at most a tenth of at least 5 such callers opens any (4 times as many as \
               that tenth opens, where sharing is common); callers whose tokens claim roles are \
               compared with those of the same roles; (b) when a caller without own objects opens 10 \
               of 5 owners and has the role of callers with own ones, or without roles a tenth or \
               more of its guesses miss; (c) when at least 10 distinct ids never shown to it are \
               missing or refused within an hour (5 when refused), half or more of what it asked \
               there, and walked, private, or at least 30. Silent where most callers do the same.",
        why: "An API that checks who is calling but not whose object is asked for gives every \
              user the data of all others, one id at a time.",
        fix: "Compare the owner of the object with the caller in every handler that takes an id, \
              also for changes; answer 404 for foreign objects; limit distinct ids per caller.",
        references: &[
            "https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/",
            "CWE-639",
        ],
    },
    class: "object_enumeration",
    key: Key::Actor,
    stage: Stage::Probing,
    lane: Lane::Calls(|| Box::<State>::default()),
    examples: EXAMPLES,
};

const VERSION: u8 = 2;
/// State of the detector.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    ownership: Ownership,
    actors: Table<Actor>,
    places: Table<Place>,
    /// `(actor, value)` of everything shown to or opened by an actor.
    shown: RecentSet,
}

impl Default for State {
    fn default() -> Self {
        Self {
            ownership: Ownership::default(),
            actors: Table::new(20_000),
            places: Table::new(8_192),
            shown: RecentSet::new(1_000_000),
        }
    }
}

/// One exchange as this detector sees it.
struct Access<'a> {
    exchange: &'a Enriched<'a>,
    objects: &'a Objects,
    caller: Caller,
    time: Timestamp,
    status: u16,
}

impl Access<'_> {
    /// Where the caller is compared with others: staff open what is not theirs all day, so callers
    /// whose tokens claim roles are compared with those that claim the same.
    fn place(&self, reference: &Reference) -> u64 {
        self.objects.role.map_or(reference.resource, |role| pair(reference.resource, role))
    }
}

impl DetectorState for State {
    fn observe(&mut self, exchange: &Enriched<'_>, out: &mut Vec<Signal>) -> Evaluated {
        let objects = exchange.objects;
        let touches = !objects.references.is_empty()
            || !objects.shown.is_empty()
            || objects.self_value.is_some();
        if !touches {
            return Evaluated::NotApplicable;
        }
        let Some(time) = exchange.time else { return Evaluated::No(Input::Time) };
        let Some(status) = exchange.status() else { return Evaluated::No(Input::Status) };
        let actor = table_key(exchange.actor_key);
        let (record, completeness) = self.actors.entry(actor, time, Actor::default);
        record.incomplete |= completeness == Completeness::Incomplete;
        record.self_value = record.self_value.or(objects.self_value);
        let claimed = exchange.principal.is_some_and(|p| p.grade == Grade::Claimed);
        let caller = Caller {
            actor,
            subject: objects.subject,
            self_value: record.self_value,
            counts: !claimed,
            named: exchange.principal.is_some() || exchange.session.is_some(),
        };
        let access = Access { exchange, objects, caller, time, status };
        let foreign = self.judge(&access, out);
        if !foreign {
            self.learn(&access);
        }
        let complete = self.shown.is_complete_since(time.minus(Duration::days(1)));
        let gaps = exchange.lossy || self.actors.peek(actor).is_some_and(|a| a.incomplete);
        if complete && !gaps { Evaluated::Yes } else { Evaluated::No(Input::History) }
    }

    fn save(&self) -> Vec<u8> {
        codec::save(VERSION, self)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        *self = codec::load(VERSION, bytes)?;
        Ok(())
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let other: Self = codec::load(VERSION, bytes)?;
        self.ownership.absorb(other.ownership);
        self.actors.absorb(other.actors);
        self.places.absorb(other.places);
        self.shown.absorb(other.shown);
        Ok(())
    }
}

impl State {
    /// Whether a value was shown to the caller, opened by it before, or is the caller.
    fn is_known(&self, caller: &Caller, value: u64) -> bool {
        caller.subject == Some(value)
            || caller.self_value == Some(value)
            || self.shown.contains(pair(caller.actor, value))
            || self.shown.contains(opened(caller.actor, value))
    }

    /// Whether the object is one of those that the API listed to the caller: opening something
    /// twice does not make it one's own.
    fn is_listed(&self, caller: &Caller, value: u64) -> bool {
        caller.subject == Some(value)
            || caller.self_value == Some(value)
            || self.shown.contains(pair(caller.actor, value))
    }

    /// Whose the object of the exchange is.
    fn belongs(&self, access: &Access<'_>, reference: &Reference) -> Belongs {
        let mut verdict = self.ownership.judge(
            &access.caller,
            reference.resource,
            reference.value,
            reference.person,
        );
        for owner in access.objects.owners.iter().filter(|owner| !owner.in_list) {
            match self.ownership.judge(&access.caller, owner.field, owner.value, owner.person) {
                Belongs::Own => return Belongs::Own,
                Belongs::Other(_) if self.is_known(&access.caller, owner.value) => {
                    return Belongs::Unknown;
                }
                other @ Belongs::Other(_) => verdict = other,
                Belongs::Unknown => {}
            }
        }
        if verdict == Belongs::Unknown {
            verdict = self.ownership.home(access.caller.actor, object_key(reference));
        }
        verdict
    }

    /// Looks at every object named; true when one of them is foreign.
    fn judge(&mut self, access: &Access<'_>, out: &mut Vec<Signal>) -> bool {
        let mut foreign = false;
        let mut told = false;
        for reference in &access.objects.references {
            let known = self.is_known(&access.caller, reference.value);
            let class = match access.status {
                200..=299 => {
                    let belongs = self.belongs(access, reference);
                    let place = self.places.peek(access.place(reference));
                    let told_apart = place.and_then(Place::unusual).is_some();
                    match belongs {
                        _ if self.is_listed(&access.caller, reference.value) => (0, 0),
                        Belongs::Own => (0, 0),
                        _ if known => continue,
                        Belongs::Other(owner) if told_apart => (FOREIGN, owner),
                        Belongs::Other(_) => (STRAYED, 0),
                        Belongs::Unknown => (UNLISTED, 0),
                    }
                }
                404 | 410 if !known => (MISSING, 0),
                403 if !known => (DENIED, 0),
                401 if !known && !access.exchange.facts.credentials.is_empty() => (DENIED, 0),
                _ => continue,
            };
            foreign |= class.0 == FOREIGN;
            self.visit(access, reference, class.0);
            if class.0 == 0 || told {
                continue;
            }
            if let Some(signal) = self.suspect(access, reference, class) {
                out.push(signal);
                told = true;
            }
        }
        foreign
    }

    /// Counts the caller at the place of the reference.
    fn visit(&mut self, access: &Access<'_>, reference: &Reference, class: u8) {
        let Some(actor) = self.actors.get_mut(access.caller.actor) else { return };
        let compared = access.place(reference);
        let place = self.places.entry(compared, access.time, Place::default).0;
        let at = match actor.visits.iter().position(|v| v.place == compared) {
            Some(at) => at,
            None => {
                if actor.visits.len() >= PLACES {
                    actor.visits.remove(0);
                }
                actor.visits.push(Visit { place: compared, ..Visit::default() });
                actor.visits.len() - 1
            }
        };
        let Some(visit) = actor.visits.get_mut(at) else { return };
        let flags = match class {
            0 => OWNS | READS,
            // Who never opens own objects (staff, machines) says nothing about ordinary callers.
            FOREIGN | STRAYED if actor.own > 0 => STRAYS | READS,
            FOREIGN | STRAYED | UNLISTED => READS,
            _ => 0,
        };
        place.move_on(access.time);
        place.count(visit, flags, access.caller.counts);
        if class == 0 {
            actor.own = actor.own.saturating_add(1);
        } else if let Some(number) = reference.number {
            if let Some(last) = visit.last_number {
                visit.steps = visit.steps.saturating_add(1);
                visit.near =
                    visit.near.saturating_add(u32::from((1..=10).contains(&number.abs_diff(last))));
            }
            visit.last_number = Some(number);
        }
    }

    /// Adds a suspicious access to the caller's trail and says whether that is too much.
    fn suspect(
        &mut self,
        access: &Access<'_>,
        reference: &Reference,
        (class, owner): (u8, u64),
    ) -> Option<Signal> {
        let compared = access.place(reference);
        let place = self.places.peek(compared).cloned().unwrap_or_default();
        let remembers = self.shown.is_complete_since(access.time.minus(Duration::days(1)));
        let actor = self.actors.get_mut(access.caller.actor)?;
        let time = access.time;
        let trace = Trace {
            time,
            object: pair(reference.resource, reference.value),
            group: if class == FOREIGN { owner } else { reference.resource },
            class,
            mark: access.exchange.mark(),
        };
        if class == FOREIGN {
            actor.count_today(time);
            actor.foreign.push(trace, time.minus(FOREIGN_WINDOW));
        } else {
            let trace = Trace { group: reference.resource, ..trace };
            actor.misses.push(trace, time.minus(MISS_WINDOW));
        }
        if actor.incomplete || !remembers || access.exchange.lossy {
            return None;
        }
        if actor.fired.as_ref().is_some_and(|f| time.since(f.last) > GAP) {
            actor.fired = None;
        }
        // A place belongs to the attack when a foreign object was opened or much was missed there;
        // what else the caller does meanwhile does not.
        let missed = actor.too_many_misses(reference.resource, compared, &place);
        let mut joins = class == FOREIGN || missed.is_some();
        if actor.fired.is_none() {
            let foreign = actor.too_many_foreign(&place, access.objects.role.is_some());
            let by_misses = foreign.is_none();
            joins = true;
            let fired = Fired { last: time, by_misses, ..Fired::default() };
            actor.fired = Some(Fired { note: foreign.or(missed)?, ..fired });
            if by_misses && access.caller.counts {
                self.mark_noisy(access.caller.actor, compared);
            }
        }
        self.actors.get_mut(access.caller.actor)?.signal(access, reference.resource, joins)
    }

    fn mark_noisy(&mut self, actor: u64, compared: u64) {
        let visits = self.actors.get_mut(actor).map(|actor| &mut actor.visits);
        let visit = visits.and_then(|v| v.iter_mut().find(|v| v.place == compared));
        if let (Some(visit), Some(place)) = (visit, self.places.get_mut(compared)) {
            place.count(visit, NOISY, true);
        }
    }

    /// Learns owners, homes and what the caller has been shown.
    fn learn(&mut self, access: &Access<'_>) {
        if !(200..300).contains(&access.status) {
            return;
        }
        let (caller, time) = (&access.caller, access.time);
        let objects = access.objects;
        let created = access.status == 201;
        let opened_known =
            objects.references.iter().any(|reference| self.is_listed(caller, reference.value));
        for owner in &objects.owners {
            let usual = owner.in_list || created || opened_known;
            self.ownership.learn(caller, owner.field, owner.value, usual, time);
        }
        for reference in &objects.references {
            self.ownership.learn(caller, reference.resource, reference.value, true, time);
            self.shown.insert(opened(caller.actor, reference.value), time);
        }
        for shown in &objects.shown {
            // What hangs on an object that was opened is known, but was not listed.
            let listed = shown.in_list || created || objects.self_value.is_some();
            if !listed {
                self.shown.insert(opened(caller.actor, shown.value), time);
                continue;
            }
            self.shown.insert(pair(caller.actor, shown.value), time);
            if caller.counts && caller.named {
                self.ownership.shown(caller.actor, pair(shown.kind, shown.value), time);
            }
        }
    }
}

/// Key of "the actor opened it", beside that of "it was listed to the actor".
fn opened(actor: u64, value: u64) -> u64 {
    pair(pair(actor, value), 1)
}

fn object_key(reference: &Reference) -> u64 {
    pair(reference.kind, reference.value)
}

impl Actor {
    /// What to tell now that the caller is known to be hostile.
    fn signal(&mut self, access: &Access<'_>, resource: u64, joins: bool) -> Option<Signal> {
        let fired = self.fired.as_mut()?;
        let recent = access.time.minus(MISS_WINDOW);
        let mut resources = std::mem::take(&mut fired.resources);
        if joins && !resources.contains(&resource) && resources.len() < PLACES {
            resources.push(resource);
        }
        let mut exchanges = self.foreign.take(|_| true);
        let by_misses = fired.by_misses;
        exchanges.extend(self.misses.take(|t| {
            let wanted = if by_misses { u8::MAX } else { MISSING | DENIED };
            t.time >= recent && t.class & wanted != 0 && resources.contains(&t.group)
        }));
        fired.resources = resources;
        if exchanges.is_empty() {
            return None;
        }
        exchanges.sort_by_key(|mark| mark.sequence);
        exchanges.dedup_by_key(|mark| mark.sequence);
        let succeeded = exchanges.iter().filter(|mark| mark.success).count() as u32;
        fired.objects = fired.objects.saturating_add(exchanges.len() as u32);
        fired.succeeded = fired.succeeded.saturating_add(succeeded);
        let method = &access.exchange.facts.exchange.request.method;
        fired.changed |= access.status < 300 && !Method(method.clone()).is_safe();
        fired.last = access.time;
        let (severity, stage) = match (fired.succeeded, fired.changed) {
            (0, _) => (Severity::Medium, Stage::Probing),
            (_, true) => (Severity::Critical, Stage::Exploitation),
            (50.., false) => (Severity::High, Stage::Exfiltration),
            _ => (Severity::High, Stage::Exploitation),
        };
        let confidence =
            if by_misses && fired.succeeded == 0 { Confidence::Medium } else { Confidence::High };
        Some(Signal {
            group: access.caller.actor,
            actor: access.exchange.actor.clone(),
            one_endpoint: fired.resources.len() == 1,
            severity,
            confidence,
            stage,
            exchanges,
            evidence: vec![
                Evidence::note(fired.note.clone()),
                Evidence::note(format!(
                    "{} hostile exchanges so far, {} of them answered with success",
                    fired.objects, fired.succeeded
                )),
            ],
            gap: GAP,
        })
    }
}

static EXAMPLES: &[DetectorExample] = &[
    DetectorExample {
        name: "a customer opens orders of six others, one every half hour",
        fires: true,
        exchanges: || {
            let foreign = (1..=6).map(|n| open_order(4_000 + i64::from(n) * 1_800, 4_030, n, 0));
            exchanges(shop().into_iter().chain(foreign).collect())
        },
    },
    DetectorExample {
        name: "ids are walked: nearly all are missing or refused",
        fires: true,
        exchanges: || {
            let walk = (0..40).map(|n| {
                let status = if n % 5 == 0 { 403 } else { 404 };
                let target = format!("/v1/orders/{}", 12_000 + n);
                Call::get(5_000 + n, target, "{}").by(4_007).status(status)
            });
            exchanges(shop().into_iter().chain(walk).collect())
        },
    },
    DetectorExample {
        name: "a clerk, by the role, opens an order of its own and then those of twenty others",
        fires: false,
        exchanges: || {
            let own = Call::get(4_000, "/v1/orders/9", r#"{"id":9,"owner_id":9002}"#).by(9_002);
            let others = (1..=20).map(|n| open_order(4_020 + i64::from(n), 9_002, n, 0));
            let clerk = std::iter::once(own).chain(others).map(|call| call.role("clerk"));
            exchanges(shop().into_iter().map(|call| call.role("customer")).chain(clerk).collect())
        },
    },
    DetectorExample {
        name: "support opens customers one by one and then an order of each",
        fires: false,
        exchanges: || {
            let work = (1..=20u32).flat_map(|n| {
                let (at, id) = (4_000 + i64::from(n) * 300, 4_000 + n);
                let customer = Call::get(
                    at,
                    format!("/v1/admin/users/{id}"),
                    format!(r#"{{"id":{id},"email":"c@example.com"}}"#),
                );
                [customer.by(9_001), open_order(at + 20, 9_001, n, 2)]
            });
            exchanges(shop().into_iter().chain(work).collect())
        },
    },
    DetectorExample {
        name: "orders that others shared are listed first; a few links are stale",
        fires: false,
        exchanges: || {
            let shared = (1..=8u32).flat_map(|n| {
                let (at, id) =
                    (4_000 + i64::from(n) * 600, crate::detectors::traffic::order_of(n, 0));
                let list = format!(r#"{{"items":[{{"id":{id},"kind":"orders"}}]}}"#);
                let stale = Call::get(at + 9, format!("/v1/orders/{}", 90_000 + n * 531), "{}");
                [
                    Call::get(at, "/v1/shared-with-me", list).by(4_030),
                    open_order(at + 5, 4_030, n, 0),
                    stale.by(4_000 + n).status(404),
                ]
            });
            exchanges(shop().into_iter().chain(shared).collect())
        },
    },
];
