//! Who would break: the clients whose requests policies in monitor mode would have refused. Noted when an exchange is
//! over, and bounded; names are shown as the record of an exchange shows them, never in the clear.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bartizan_model::{HashKey, KeyedHash, PolicyOutcome, PrincipalKind, Timestamp, redact};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Decisions, Identity, of_address};
use crate::{call::Call, handover::timestamp};

/// Most clients that are known of one policy: more than anybody calls one by one before a policy is enforced. Of more,
/// those that were not seen for longest are forgotten.
const CLIENTS: usize = 200;
/// Most reasons that are known of one client; others are counted with the requests only.
const REASONS: usize = 20;

/// A client whose requests a policy would have refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WouldBreak {
    /// Who: the id of an own key, the shape and short hash of another verified name, or else a network and a short hash
    /// of the address.
    pub client: String,
    /// Requests, messages of WebSockets and calls of gRPC that would have been refused.
    pub requests: u64,
    /// When the first of them ended.
    pub first_seen: Timestamp,
    /// When the last of them ended.
    pub last_seen: Timestamp,
    /// Why, and how often.
    pub reasons: BTreeMap<&'static str, u64>,
}

/// Clients that one policy would break.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WouldBreakAll {
    /// Those with most requests first; at most 200.
    pub clients: Vec<WouldBreak>,
    /// Others that were forgotten for them.
    pub forgotten: u64,
}

#[derive(Debug, Default)]
struct OfPolicy {
    clients: HashMap<KeyedHash, WouldBreak>,
    forgotten: u64,
}

/// Clients that policies would break, by policy. Outlives reloads.
#[derive(Clone, Debug, Default)]
pub(super) struct Breaking(Arc<Mutex<BTreeMap<Arc<str>, OfPolicy>>>);

impl Breaking {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, OfPolicy>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what would have been refused of a call that is over.
    pub(super) fn note(&self, call: &Call, key: &HashKey) {
        let Some(decisions) = call.extension::<Decisions>() else { return };
        let is_broken = |outcome, status: Option<u16>| {
            outcome == PolicyOutcome::Monitored && status.is_some_and(|status| status >= 400)
        };
        let broken = decisions.applied.iter().filter(|one| is_broken(one.outcome, one.status));
        let mut broken = broken.peekable();
        if broken.peek().is_none() {
            return;
        }
        let (hash, label) = match decisions.identities.first() {
            Some(identity) => named(identity, key),
            None => {
                let hash = key.hash("address", &of_address(call.client()));
                (hash, format!("{} #{}", redact::network(call.client()), hash.short()))
            }
        };
        let now = timestamp(call.time);
        let mut all = self.all();
        let mut counted: Vec<&Arc<str>> = Vec::new();
        for one in broken {
            // One request is one, however many reasons a policy has.
            let is_more = counted.contains(&&one.policy);
            counted.push(&one.policy);
            let of = all.entry(Arc::clone(&one.policy)).or_default();
            of.note(hash, &label, one.reason, now, is_more);
        }
    }

    /// The clients that a policy would break.
    pub(super) fn of(&self, policy: &str) -> WouldBreakAll {
        let all = self.all();
        let Some(of) = all.get(policy) else { return WouldBreakAll::default() };
        let mut clients: Vec<_> = of.clients.values().cloned().collect();
        let order = |one: &WouldBreak| (std::cmp::Reverse(one.requests), one.client.clone());
        clients.sort_by_cached_key(order);
        WouldBreakAll { clients, forgotten: of.forgotten }
    }

    /// Forgets those of policies that are not among these.
    pub(super) fn forget_others(&self, names: &HashSet<String>) {
        self.all().retain(|policy, _| names.contains(&**policy));
    }
}

impl OfPolicy {
    fn note(
        &mut self,
        hash: KeyedHash,
        label: &str,
        reason: &'static str,
        now: Timestamp,
        is_more: bool,
    ) {
        if !self.clients.contains_key(&hash) && self.clients.len() >= CLIENTS {
            let oldest = self.clients.iter().min_by_key(|(_, one)| one.last_seen);
            if let Some(oldest) = oldest.map(|(hash, _)| *hash) {
                self.clients.remove(&oldest);
                self.forgotten += 1;
            }
        }
        let client = self.clients.entry(hash).or_insert_with(|| WouldBreak {
            client: label.to_owned(),
            requests: 0,
            first_seen: now,
            last_seen: now,
            reasons: BTreeMap::new(),
        });
        client.requests += u64::from(!is_more);
        client.last_seen = client.last_seen.max(now);
        if client.reasons.len() < REASONS || client.reasons.contains_key(reason) {
            *client.reasons.entry(reason).or_default() += 1;
        }
    }
}

/// A verified name, and how it is shown.
fn named(identity: &Identity, key: &HashKey) -> (KeyedHash, String) {
    let hash = key.hash("principal", &identity.name());
    let kind = match identity.kind {
        // Ids of own keys are no secrets: they are listed.
        PrincipalKind::ApiKey => return (hash, format!("api_key {}", identity.subject)),
        PrincipalKind::Subject => "subject",
        PrincipalKind::Client => "client",
        PrincipalKind::Certificate => "certificate",
        PrincipalKind::Token => "token",
    };
    (hash, format!("{kind} {} #{}", redact::shape(&identity.subject), hash.short()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn hash(number: usize) -> KeyedHash {
        HashKey::new([1; 32]).hash("address", &number.to_le_bytes())
    }

    #[test]
    fn clients_are_counted_with_their_reasons() {
        let mut of = OfPolicy::default();
        of.note(hash(1), "one", "type", at(5), false);
        of.note(hash(1), "one", "undocumented-query", at(5), true);
        of.note(hash(1), "one", "type", at(3), false);
        of.note(hash(2), "two", "type", at(9), false);
        let breaking = Breaking::default();
        breaking.all().insert("a".into(), of);
        let WouldBreakAll { clients, forgotten } = breaking.of("a");
        assert_eq!((clients.len(), forgotten), (2, 0));
        let one = &clients[0];
        assert_eq!((one.client.as_str(), one.requests), ("one", 2));
        assert_eq!((one.first_seen, one.last_seen), (at(5), at(5)));
        assert_eq!(one.reasons, BTreeMap::from([("type", 2), ("undocumented-query", 1)]));
        assert_eq!(breaking.of("b"), WouldBreakAll::default());
        breaking.forget_others(&HashSet::from(["b".to_owned()]));
        assert!(breaking.of("a").clients.is_empty());
    }

    #[test]
    fn those_not_seen_for_longest_make_room() {
        let mut of = OfPolicy::default();
        for number in 0..CLIENTS + 50 {
            of.note(hash(number), "x", "type", at(number as i64), false);
            // The first one goes on calling.
            of.note(hash(0), "first", "type", at(number as i64), false);
        }
        assert_eq!((of.clients.len(), of.forgotten), (CLIENTS, 50));
        assert!(of.clients.contains_key(&hash(0)) && !of.clients.contains_key(&hash(1)));
    }

    #[test]
    fn names_are_not_shown_in_the_clear() {
        let identity = |kind, subject: &str| Identity {
            kind,
            issuer: "https://id.example".into(),
            subject: subject.into(),
            owner: "".into(),
            scopes: Arc::from([]),
            claims: Arc::default(),
        };
        let key = HashKey::new([1; 32]);
        let label = |kind, subject| named(&identity(kind, subject), &key).1;
        let shown = label(PrincipalKind::Subject, "jane@example.com");
        assert!(shown.starts_with("subject aaaa@aaaaaaa.aaa #"), "{shown}");
        assert_eq!(label(PrincipalKind::ApiKey, "key_1"), "api_key key_1");
        assert_ne!(label(PrincipalKind::Subject, "a"), label(PrincipalKind::Subject, "b"));
    }
}
