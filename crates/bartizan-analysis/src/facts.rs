//! What is known about one exchange: first alone ([`Facts`]), then with history ([`Enriched`]).

use std::sync::Arc;

use bartizan_model::{
    Action, ActorRef, Exchange, ExchangeId, KeyedHash, Principal, SessionId, Timestamp,
};
use bartizan_protocols::decode::Decoded;
use serde::{Deserialize, Serialize};

use crate::{
    classes::ClassHit,
    detectors::objects::Objects,
    endpoints::Template,
    identity::{Agent, Caller, Credential},
    snapshot::Snapshot,
};

/// Everything that one exchange tells by itself. Computed without state, on any thread.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The exchange as captured.
    pub exchange: &'a Exchange,
    /// Its parsed view.
    pub decoded: &'a Decoded,
    /// Sensitive values in it.
    pub classes: &'a [ClassHit],
    /// Credentials of the request, the strongest first.
    pub credentials: &'a [Credential],
    /// Limits, keys, specifications.
    pub snapshot: &'a Snapshot,
}

impl Facts<'_> {
    /// Whether the API granted the request: by its status, unless it says in the words of its protocol
    /// that it did not.
    #[must_use]
    pub fn is_success(&self) -> bool {
        let response = self.exchange.response.as_ref();
        response.is_some_and(|r| r.is_success()) && !self.decoded.answered.is_refusal()
    }

    /// Whether it is several calls in one exchange, each of which is learned as what it is.
    #[must_use]
    pub fn is_batch(&self) -> bool {
        self.decoded.call.as_ref().is_some_and(bartizan_protocols::Call::is_batch)
    }
}

/// An exchange with what history knows about its endpoint and caller, at its own event time.
pub struct Enriched<'a> {
    /// What the exchange tells by itself.
    pub facts: Facts<'a>,
    /// Number of the exchange in this state's life; orders and names it.
    pub sequence: u64,
    /// Event time. `None` when the source has no times, or when the exchange came later than its
    /// source's ordering allows: detectors with history answer *not evaluated* then.
    pub time: Option<Timestamp>,
    /// The endpoint as known now.
    pub endpoint: &'a Arc<Template>,
    /// Objects that it asks for and shows, see [`crate::detectors::objects::extract`].
    pub objects: &'a Objects,
    /// Who is calling.
    pub principal: Option<&'a Principal>,
    /// The session.
    pub session: Option<&'a SessionId>,
    /// The actor: principal, else session, else address and client fingerprint.
    pub actor: &'a ActorRef,
    /// Key of the actor in tables.
    pub actor_key: KeyedHash,
    /// Key of the client address (IPv6 by /64), when the source knows it.
    pub address_key: Option<KeyedHash>,
    /// Key of address and client fingerprint (JA4, else user agent).
    pub client_key: Option<KeyedHash>,
    /// Key of the client fingerprint alone (JA4, else user agent).
    pub fingerprint_key: Option<KeyedHash>,
    /// What the user agent tells.
    pub agent: Option<Agent>,
    /// Whether exchanges were lost shortly before: what nobody saw may explain what looks hostile, so
    /// detectors with history learn on, begin no detection, and answer *not evaluated*.
    pub lossy: bool,
}

/// Which exchange it is in the life of a state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// See [`Enriched::sequence`].
    pub(crate) sequence: u64,
    /// See [`Enriched::time`].
    pub(crate) time: Option<Timestamp>,
    /// See [`Enriched::lossy`].
    pub(crate) lossy: bool,
}

impl<'a> Enriched<'a> {
    /// An exchange, or one of the calls that it carries, of a caller.
    pub(crate) fn new(
        facts: Facts<'a>,
        objects: &'a Objects,
        endpoint: &'a Arc<Template>,
        caller: &'a Caller,
        moment: Moment,
    ) -> Self {
        Self {
            facts,
            objects,
            endpoint,
            sequence: moment.sequence,
            time: moment.time,
            principal: caller.principal.as_ref(),
            session: caller.session.as_ref(),
            actor: &caller.actor,
            actor_key: caller.actor_key,
            address_key: caller.address_key,
            client_key: caller.client_key,
            fingerprint_key: caller.fingerprint_key,
            agent: caller.agent,
            lossy: moment.lossy,
        }
    }
}

impl Enriched<'_> {
    /// Status of the response; `None` when no response was seen.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.facts.exchange.response.as_ref().map(|r| r.status).filter(|s| *s > 0)
    }

    /// See [`Facts::is_success`].
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.facts.is_success()
    }

    /// How detections name this exchange.
    #[must_use]
    pub fn mark(&self) -> ExchangeMark {
        ExchangeMark {
            sequence: self.sequence,
            id: self.facts.exchange.id.clone(),
            success: self.is_success(),
            fate: self.fate(),
        }
    }

    fn fate(&self) -> Fate {
        let decisions = &self.facts.exchange.policies;
        if decisions.iter().any(|one| one.applied() >= Action::Challenge) {
            Fate::Refused
        } else if decisions.iter().any(|one| one.action >= Action::Challenge) {
            Fate::WouldBeRefused
        } else {
            Fate::Passed
        }
    }
}

/// What policies did with an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// They let it pass, or there were none.
    Passed,
    /// One would have refused it or slowed it down if it were enforced, and none did.
    WouldBeRefused,
    /// One refused it or slowed it down.
    Refused,
}

/// Names one exchange in a detection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeMark {
    /// See [`Enriched::sequence`].
    pub sequence: u64,
    /// Id of the exchange.
    pub id: ExchangeId,
    /// Whether the API answered with success.
    pub success: bool,
    /// What policies did with it.
    pub fate: Fate,
}
