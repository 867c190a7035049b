//! Own API keys, held in memory and verified without a look-up outside.

mod terms;

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use bartizan_model::{
    ApiKey, ApiKeyId, ApiKeySecret, ApiKeyStore, ApiKeys, HashKey, Mode, PrincipalKind, Timestamp,
    api_key::{ApiKeyProblem, is_ours},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::terms::Terms;
pub(crate) use self::terms::{OwnRate, Presenting};
use super::{
    PolicyItem, authentication::challenge, config::Problem, identity::Identity, look_ups::LookUps,
    record::Refusal,
};
use crate::forward::own_keys;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "api_key",
    title: "Own API keys",
    mode: Mode::Enforce,
    documentation: "\
Verifies the keys that `bartizan keys create` makes. Whoever presents one has to present a good one: \
mistyped, unknown, disabled, revoked and expired keys are refused (401), a key without one of the \
scopes that are asked for too (403), and several keys in one request too (400). A key may be bound to \
addresses, to certificates of clients (`gateway.listeners.clients`), and to programs (`server_only`); elsewhere it is \
refused (403). Programs are told from browsers by `Origin` and `Sec-Fetch-*`, which pages cannot leave out over HTTPS and \
programs may send: that keeps a key from working in a page, not from who took it out of one. A key may have a rate of its own; \
beyond it requests are refused (429), and while it cannot be counted too (503). Credentials of \
others, which do not begin with `btz_`, are left alone; so are requests without any: whether one is \
needed is for an `authentication` policy to say. A key is taken from the fields named in `headers` and \
from `Authorization`, behind any scheme or none, also as the user or the password of `Basic`, never from \
the query, which ends up in logs.

A verified key does not go on to the upstream unless `forward` says so (in monitor mode it does), and \
what is kept of the exchange names its id instead. All keys are in memory; a key that is made or revoked counts within two \
seconds. While the store cannot be read the keys known last are used; before they were read once, \
keys are refused with 503. Without any configuration this policy is there and enforced; it stays so \
wherever no `api_key` policy of the configuration applies. One for everything takes its place, in \
whatever mode: with `mode: off` no own key is verified.",
    examples: &["\
name: own-keys
api_key: {headers: [x-api-key], scopes: [orders:read], forward: false}
"],
};

/// Settings of an API key policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKeyConfig {
    /// Fields that a key is taken from.
    pub headers: Vec<String>,
    /// Whether a key is also taken from `Authorization`: behind `Bearer`, another scheme or none.
    pub bearer: bool,
    /// Scopes that a key must have, all of them.
    pub scopes: Vec<String>,
    /// Whether the key goes on to the upstream.
    pub forward: bool,
}

impl Default for ApiKeyConfig {
    fn default() -> Self {
        Self {
            headers: vec!["x-api-key".to_owned()],
            bearer: true,
            scopes: Vec::new(),
            forward: false,
        }
    }
}

/// Why a good key is refused where it is presented.
const ELSEWHERE: [&str; 3] = ["key-address", "key-certificate", "key-in-browser"];

/// A compiled API key policy.
#[derive(Debug)]
pub(crate) struct OwnKeys {
    /// Fields that keys are taken from.
    headers: Vec<HeaderName>,
    scopes: Vec<String>,
    pub(crate) forward: bool,
    table: Arc<KeyTable>,
}

/// What came of looking for keys of ours.
#[derive(Debug)]
pub(crate) struct Looked {
    /// Fields that hold some; empty when there is none.
    pub(crate) fields: Vec<HeaderName>,
    /// Whose key it is and how often it may be used, or why it is refused.
    pub(crate) checked: Result<(Identity, Option<OwnRate>), Refusal>,
}

impl OwnKeys {
    pub(crate) fn compile(config: &ApiKeyConfig, table: &Arc<KeyTable>) -> Result<Self, Problem> {
        let headers = config.headers.iter().enumerate().map(|(at, name)| {
            let key = format!("headers.{at}");
            let parsed = HeaderName::from_bytes(name.as_bytes());
            let parsed =
                parsed.map_err(|_| Problem::new(&key, format!("{name:?} is no field name")))?;
            if parsed == header::AUTHORIZATION {
                return Err(Problem::new(&key, "that is what `bearer` is for"));
            }
            Ok((key, parsed))
        });
        let mut known = Vec::new();
        for named in headers {
            let (key, name) = named?;
            if known.contains(&name) {
                return Err(Problem::new(&key, "is there in another spelling already"));
            }
            known.push(name);
        }
        known.extend(config.bearer.then_some(header::AUTHORIZATION));
        if known.is_empty() {
            return Err(Problem::new("", "keys have to come from somewhere"));
        }
        Ok(Self {
            headers: known,
            scopes: config.scopes.clone(),
            forward: config.forward,
            table: Arc::clone(table),
        })
    }

    /// Looks for a key of ours and verifies it; `None` when there is none.
    pub(crate) fn look(&self, by: &Presenting<'_>) -> Option<Looked> {
        let mut presented = self.presented(by.fields);
        let (name, text) = presented.next()?;
        let mut names = vec![name];
        names.extend(presented.map(|(name, _)| name));
        let checked = if names.len() > 1 {
            let title = "there are several credentials in this request";
            Err(Refusal::deny(StatusCode::BAD_REQUEST, "several-credentials", title))
        } else {
            self.check(&text, by)
        };
        Some(Looked { fields: names, checked })
    }

    /// Fields that hold keys of ours, good or not.
    pub(crate) fn fields_with_keys(&self, fields: &HeaderMap) -> Vec<HeaderName> {
        self.presented(fields).map(|(name, _)| name).collect()
    }

    fn check(
        &self,
        text: &str,
        by: &Presenting<'_>,
    ) -> Result<(Identity, Option<OwnRate>), Refusal> {
        match self.table.verify(text, by) {
            Ok(entry) if entry.identity.has(&self.scopes) => {
                Ok((entry.identity.clone(), entry.terms.rate))
            }
            Ok(_) => {
                let title = "this key may not be used for that";
                let refusal = Refusal::deny(StatusCode::FORBIDDEN, "insufficient-scope", title);
                let scopes = self.scopes.join(" ");
                let detail = format!("error=\"insufficient_scope\", scope=\"{scopes}\"");
                Err(refusal.with(header::WWW_AUTHENTICATE, challenge("Bearer", &detail)))
            }
            Err(code @ "keys-unavailable") => {
                let title = "keys cannot be verified at the moment";
                let refusal = Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, code, title);
                Err(refusal.with(header::RETRY_AFTER, HeaderValue::from_static("1")))
            }
            Err(reason) if ELSEWHERE.contains(&reason) => {
                let title = "this key may not be used from here";
                Err(Refusal::deny(StatusCode::FORBIDDEN, "key-not-here", title).because(reason))
            }
            Err(reason) => {
                let (status, title) = (StatusCode::UNAUTHORIZED, "the key is not valid");
                let refusal = Refusal::deny(status, "invalid-key", title).because(reason);
                let challenge = challenge("Bearer", "error=\"invalid_token\"");
                Err(refusal.with(header::WWW_AUTHENTICATE, challenge))
            }
        }
    }

    /// Words that begin as our keys do, with the fields they are in. Everything that somebody may have
    /// put around a key is passed over: a scheme or none, quotes, a name. What would be taken for the
    /// credential of somebody else would go on to the upstream.
    fn presented<'a>(
        &'a self,
        fields: &'a HeaderMap,
    ) -> impl Iterator<Item = (HeaderName, Cow<'a, str>)> {
        self.headers.iter().flat_map(|name| {
            let values = fields.get_all(name).iter();
            let words = values.flat_map(|value| {
                let pair = own_keys::basic(value.as_bytes()).unwrap_or_default();
                let encoded: Vec<_> = keys_in(&pair).map(|key| Cow::from(key.to_owned())).collect();
                keys_in(value.as_bytes()).map(Cow::from).chain(encoded)
            });
            words.map(|word| (name.clone(), word))
        })
    }
}

/// Words that begin as our keys do.
fn keys_in(value: &[u8]) -> impl Iterator<Item = &str> {
    let words = value.split(|b| !is_of_credential(*b));
    words.filter_map(|word| std::str::from_utf8(word).ok()).filter(|word| is_ours(word))
}

/// What credentials consist of (RFC 9110 §11.2), so that no key begins within one of somebody else.
const fn is_of_credential(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

/// All own keys of a scope, in memory.
#[derive(Debug)]
pub struct KeyTable {
    hash_key: HashKey,
    held: ArcSwapOption<Held>,
}

#[derive(Debug)]
struct Held {
    version: u64,
    /// By the first bits of the digest. Two keys that share them are as good as impossible, and
    /// still told apart.
    keys: HashMap<u64, Vec<Arc<Entry>>>,
}

#[derive(Debug)]
struct Entry {
    key: ApiKey,
    identity: Identity,
    terms: Terms,
    /// Microseconds; 0 when it was not used since that was last written down.
    used: AtomicI64,
}

impl KeyTable {
    /// A table that knows no key yet, for keys under the key of an organisation.
    #[must_use]
    pub fn new(hash_key: HashKey) -> Self {
        Self { hash_key, held: ArcSwapOption::empty() }
    }

    /// Takes over all keys, at once.
    pub fn replace(&self, keys: ApiKeys) {
        let before = self.held.load_full();
        let mut map: HashMap<u64, Vec<Arc<Entry>>> = HashMap::with_capacity(keys.keys.len());
        for key in keys.keys {
            let known = before.as_ref().and_then(|held| held.find(&key));
            let used = known.map_or(0, |entry| entry.used.swap(0, Relaxed));
            let identity = Identity {
                kind: PrincipalKind::ApiKey,
                issuer: "".into(),
                subject: key.id.as_str().into(),
                owner: key.owner.as_str().into(),
                scopes: key.scopes.clone().into(),
                claims: Arc::default(),
            };
            let terms = Terms::compile(&key, &self.hash_key);
            let entry = Entry { identity, terms, used: AtomicI64::new(used), key };
            map.entry(entry.key.digest.index()).or_default().push(Arc::new(entry));
        }
        self.held.store(Some(Arc::new(Held { version: keys.version, keys: map })));
    }

    /// Version of the keys that it holds.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        self.held.load().as_ref().map(|held| held.version)
    }

    /// When keys were used since this was last asked.
    pub fn take_used(&self) -> Vec<(ApiKeyId, Timestamp)> {
        let held = self.held.load();
        let entries = held.iter().flat_map(|held| held.keys.values().flatten());
        let used = entries.filter_map(|entry| match entry.used.swap(0, Relaxed) {
            0 => None,
            micros => Some((entry.key.id.clone(), Timestamp::from_micros(micros))),
        });
        used.collect()
    }

    /// Puts back what [`KeyTable::take_used`] took; later uses stay.
    fn put_back(&self, used: Vec<(ApiKeyId, Timestamp)>) {
        let held = self.held.load();
        let used: HashMap<_, _> = used.into_iter().collect();
        for entry in held.iter().flat_map(|held| held.keys.values().flatten()) {
            if let Some(time) = used.get(&entry.key.id) {
                entry.used.fetch_max(time.micros(), Relaxed);
            }
        }
    }

    /// The key that a text is.
    ///
    /// # Errors
    /// A short name of why it is not good, or not there.
    fn verify(&self, text: &str, by: &Presenting<'_>) -> Result<Arc<Entry>, &'static str> {
        let secret = ApiKeySecret::parse(text).map_err(|problem| match problem {
            ApiKeyProblem::Foreign | ApiKeyProblem::Malformed => "key-malformed",
            ApiKeyProblem::Checksum => "key-mistyped",
        })?;
        let held = self.held.load();
        let Some(held) = held.as_ref() else { return Err("keys-unavailable") };
        let digest = secret.digest(&self.hash_key);
        let entries = held.keys.get(&digest.index()).map_or(&[][..], Vec::as_slice);
        let entry = entries.iter().find(|entry| entry.key.digest.is_same(&digest));
        let entry = entry.ok_or("key-unknown")?;
        match entry.key.refusal(by.now) {
            None => {
                entry.terms.check(by)?;
                entry.used.store(by.now.micros(), Relaxed);
                Ok(Arc::clone(entry))
            }
            Some("revoked") => Err("key-revoked"),
            Some("disabled") => Err("key-disabled"),
            Some(_) => Err("key-expired"),
        }
    }
}

impl Held {
    fn find(&self, key: &ApiKey) -> Option<&Arc<Entry>> {
        self.keys.get(&key.digest.index())?.iter().find(|entry| entry.key.id == key.id)
    }
}

/// How often a store is asked for changes.
const ASK: Duration = Duration::from_secs(1);
/// After how many questions uses are written down.
const WRITE_EVERY: u32 = 30;

/// Keeps a table up to date until it is dropped: asks the store every second whether keys changed,
/// and writes down every half minute when they were used. What fails is told and tried again.
pub async fn keep_up(table: Weak<KeyTable>, store: Arc<dyn ApiKeyStore>, look_ups: LookUps) {
    let (mut round, mut has_failed): (u32, bool) = (0, false);
    loop {
        let Some(known) = table.upgrade().map(|table| table.version()) else { return };
        let read = store.newer(known).await;
        let outcome = read.as_ref().map(|_| ()).map_err(String::as_str);
        let before = std::mem::replace(&mut has_failed, outcome.is_err());
        look_ups.read_keys(outcome, before);
        if let Ok(Some(keys)) = read {
            let Some(table) = table.upgrade() else { return };
            table.replace(keys);
        }
        round = round.wrapping_add(1);
        if round.is_multiple_of(WRITE_EVERY) {
            write_uses(&table, store.as_ref(), &look_ups).await;
        }
        tokio::time::sleep(ASK).await;
    }
}

/// Writes down when keys were used; what cannot be written is kept for the next time.
async fn write_uses(table: &Weak<KeyTable>, store: &dyn ApiKeyStore, look_ups: &LookUps) {
    let used = table.upgrade().map(|table| table.take_used()).unwrap_or_default();
    if used.is_empty() {
        return;
    }
    if let Err(problem) = store.used(used.clone()).await {
        look_ups.uses_not_written(&problem);
        if let Some(table) = table.upgrade() {
            table.put_back(used);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
