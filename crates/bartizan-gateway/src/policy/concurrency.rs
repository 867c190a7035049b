//! Limits of what is under way at a time, and who has to step back when it gets too much.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bartizan_model::{HashKey, KeyedHash, Mode};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    rate::{Anonymous, Caller, Each, RateBy, Who, throttled},
    record::Refusal,
    scope::ScopeConfig,
};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "concurrency",
    title: "Requests under way",
    mode: Mode::Monitor,
    documentation: "\
Lets so many requests be under way at a time, from their head to the end of their answer, and refuses more: with 429 \
where it counts for one caller, with 503 where it counts for all together (`by: scope`, the default). `each: service` \
counts every service apart, which is what its upstreams can take.

`anonymous_requests` sheds load: callers whom nobody has identified are let in only as long as fewer than that are under way \
in all, so that what is left of the capacity is for those who are known. A WebSocket is under way as long as it is open, \
and a stream of events until it ends.

In monitor mode it counts what is let in beyond the limit too. Each gateway counts for itself.",
    examples: &[
        "\
name: capacity
mode: enforce
concurrency: {requests: 200, anonymous_requests: 120, each: service}
",
        "\
name: one-export-at-a-time
mode: enforce
scope: {paths: [/v1/exports/**]}
concurrency: {requests: 1, by: principal}
",
    ],
};

/// Settings of a limit of what is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConcurrencyConfig {
    /// Requests under way at a time.
    pub requests: u32,
    /// How many may be under way when one of a caller comes whom nobody has identified. Default: as many.
    #[serde(default)]
    pub anonymous_requests: Option<u32>,
    /// For whom they are counted.
    #[serde(default = "scope")]
    pub by: RateBy,
    /// Whether what is asked for counts apart.
    #[serde(default)]
    pub each: Each,
    /// What becomes of requests without an identity to count for.
    #[serde(default)]
    pub anonymous: Anonymous,
}

const fn scope() -> RateBy {
    RateBy::Scope
}

/// A compiled limit of what is under way.
#[derive(Debug)]
pub(crate) struct Concurrency {
    who: Who,
    most: u32,
    most_anonymous: u32,
    key: HashKey,
}

impl Concurrency {
    pub(crate) fn compile(
        name: &str,
        config: &ConcurrencyConfig,
        scope: &ScopeConfig,
        key: &HashKey,
    ) -> Result<Self, Problem> {
        let ConcurrencyConfig { requests, by, each, anonymous, .. } = *config;
        if requests == 0 {
            return Err(Problem::new("requests", "0 would let nothing pass"));
        }
        let most_anonymous = config.anonymous_requests.unwrap_or(requests);
        if most_anonymous > requests {
            return Err(Problem::new("anonymous_requests", "expected at most `requests`"));
        }
        let who = Who { by, each, anonymous }.check(scope)?;
        let key = key.derive(&format!("concurrency {name}"));
        Ok(Self { who, most: requests, most_anonymous, key })
    }

    /// Whether it can be decided before anybody is identified.
    pub(crate) fn is_early(&self) -> bool {
        self.who.is_early() && self.most_anonymous == self.most
    }

    /// Lets a request in, unless there are too many; `None` when it does not count. What is not enforced is
    /// counted in any case.
    pub(crate) fn enter(
        &self,
        caller: &Caller<'_>,
        under_way: &Arc<UnderWay>,
        is_enforced: bool,
    ) -> Option<(Option<Permit>, Result<(), Refusal>)> {
        let key = self.who.key(&self.key, caller)?;
        let is_anonymous = caller.identities.is_empty();
        let most = if is_anonymous { self.most_anonymous } else { self.most };
        let (before, permit) = under_way.enter(key, if is_enforced { most } else { u32::MAX });
        let checked = if before < most { Ok(()) } else { Err(self.refusal(is_anonymous)) };
        Some((permit, checked))
    }

    fn refusal(&self, is_anonymous: bool) -> Refusal {
        let (status, title) = match self.who.by {
            RateBy::Scope => {
                (StatusCode::SERVICE_UNAVAILABLE, "too many requests are under way; try again soon")
            }
            _ => (StatusCode::TOO_MANY_REQUESTS, "too many requests of yours are under way"),
        };
        let refusal = Refusal::deny(status, "too-many-under-way", title);
        let is_shed = is_anonymous && self.most_anonymous < self.most;
        let reason = if is_shed { "anonymous-shed" } else { "too-many-under-way" };
        throttled(refusal.because(reason), 1)
    }
}

const SHARDS: usize = 64;

/// How much is under way, by what it is counted under. As large as what is under way.
#[derive(Debug)]
pub struct UnderWay(Vec<Mutex<HashMap<KeyedHash, u32>>>);

impl Default for UnderWay {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl UnderWay {
    fn shard(&self, key: KeyedHash) -> MutexGuard<'_, HashMap<KeyedHash, u32>> {
        let shard = &self.0[usize::from(key.0[0]) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there were before, and the right to be one more if these were fewer than `most`.
    fn enter(self: &Arc<Self>, key: KeyedHash, most: u32) -> (u32, Option<Permit>) {
        let mut shard = self.shard(key);
        let before = shard.get(&key).copied().unwrap_or(0);
        if before >= most {
            return (before, None);
        }
        shard.insert(key, before + 1);
        let (under_way, is_over) = (Arc::clone(self), AtomicBool::new(false));
        (before, Some(Permit { under_way, key, is_over }))
    }
}

/// The right to be under way, until it is given back or dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    under_way: Arc<UnderWay>,
    key: KeyedHash,
    is_over: AtomicBool,
}

impl Permit {
    pub(crate) fn leave(&self) {
        if self.is_over.swap(true, Relaxed) {
            return;
        }
        if let Entry::Occupied(mut entry) = self.under_way.shard(self.key).entry(self.key) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.leave();
    }
}

/// All permits of an exchange. What is left of it may wait long to be judged, so they are given back at its end; a
/// WebSocket takes them along, and drops them at its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permits(pub(crate) Vec<Arc<Permit>>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_once() {
        let (under_way, key) = (Arc::new(UnderWay::default()), KeyedHash([3; 10]));
        let (before, first) = under_way.enter(key, 2);
        let (_, second) = under_way.enter(key, 2);
        assert!(before == 0 && first.is_some() && second.is_some());
        assert!(matches!(under_way.enter(key, 2), (2, None)));
        let first = first.expect("a place");
        first.leave();
        drop(first);
        let (before, third) = under_way.enter(key, 2);
        assert!(before == 1 && third.is_some(), "given back once");
        drop((second, third));
        assert!(under_way.0.iter().all(|shard| shard.lock().expect("a lock").is_empty()));
    }

    #[test]
    fn what_would_let_nothing_pass_is_refused() {
        for (text, key) in [
            (r#"{"requests": 0}"#, "requests"),
            (r#"{"requests": 1, "anonymous_requests": 2}"#, "anonymous_requests"),
            (r#"{"requests": 1, "each": "endpoint"}"#, "each"),
        ] {
            let config: ConcurrencyConfig = serde_json::from_str(text).expect(text);
            let key_of = HashKey::new([1; 32]);
            let problem =
                Concurrency::compile("a", &config, &ScopeConfig::default(), &key_of).err();
            assert_eq!(problem.map(|p| p.key), Some(key.to_owned()), "{text}");
        }
    }
}
