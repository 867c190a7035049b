//! Own API keys, held in memory and verified without a look-up outside.

use std::{
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

use super::{
    PolicyItem,
    authentication::{challenge, credentials},
    config::Problem,
    identity::Identity,
    record::Refusal,
};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "api_key",
    title: "Own API keys",
    mode: Mode::Enforce,
    documentation: "\
Verifies the keys that `bartizan keys create` makes. Whoever presents one has to present a good one: \
mistyped, unknown, disabled, revoked and expired keys are refused (401), a key without one of the \
scopes that are asked for too (403), and several credentials in one request too (400). Credentials of \
others, which do not begin with `btz_`, are left alone; so are requests without any: whether one is \
needed is for an `authentication` policy to say. A key is taken from the fields named in `headers` and \
from `Authorization: Bearer`, never from the query, which ends up in logs.

A verified key does not go on to the upstream unless `forward` says so, and what is kept of the \
exchange names its id instead. All keys are in memory; a key that is made or revoked counts within two \
seconds. While the store cannot be read the keys known last are used; before they were read once, \
keys are refused with 503. Without any configuration this policy is there and enforced.",
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
    /// Whether a key is also taken from `Authorization: Bearer`.
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

/// A compiled API key policy.
#[derive(Debug)]
pub(crate) struct OwnKeys {
    headers: Vec<HeaderName>,
    bearer: bool,
    scopes: Vec<String>,
    pub(crate) forward: bool,
    table: Arc<KeyTable>,
}

/// What came of looking for keys of ours.
#[derive(Debug)]
pub(crate) struct Looked {
    /// Fields that hold some; empty when there is none.
    pub(crate) fields: Vec<HeaderName>,
    /// Whose key it is, or why it is refused.
    pub(crate) checked: Result<Identity, Refusal>,
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
            Ok(parsed)
        });
        let headers = headers.collect::<Result<Vec<_>, _>>()?;
        if headers.is_empty() && !config.bearer {
            return Err(Problem::new("", "keys have to come from somewhere"));
        }
        let (bearer, forward) = (config.bearer, config.forward);
        Ok(Self {
            headers,
            bearer,
            scopes: config.scopes.clone(),
            forward,
            table: Arc::clone(table),
        })
    }

    /// Looks for a key of ours and verifies it; `None` when there is none.
    pub(crate) fn look(&self, fields: &HeaderMap, now: Timestamp) -> Option<Looked> {
        let mut presented = self.presented(fields);
        let (name, text) = presented.next()?;
        let mut names = vec![name];
        names.extend(presented.map(|(name, _)| name));
        let checked = if names.len() > 1 {
            let title = "there are several credentials in this request";
            Err(Refusal::deny(StatusCode::BAD_REQUEST, "several-credentials", title))
        } else {
            self.check(text, now)
        };
        Some(Looked { fields: names, checked })
    }

    /// Fields that hold keys of ours, good or not.
    pub(crate) fn fields_with_keys(&self, fields: &HeaderMap) -> Vec<HeaderName> {
        self.presented(fields).map(|(name, _)| name).collect()
    }

    fn check(&self, text: &str, now: Timestamp) -> Result<Identity, Refusal> {
        match self.table.verify(text, now) {
            Ok(identity) if identity.has(&self.scopes) => Ok(identity),
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
            Err(reason) => {
                let (status, title) = (StatusCode::UNAUTHORIZED, "the key is not valid");
                let refusal = Refusal::deny(status, "invalid-key", title).because(reason);
                let challenge = challenge("Bearer", "error=\"invalid_token\"");
                Err(refusal.with(header::WWW_AUTHENTICATE, challenge))
            }
        }
    }

    /// Texts that begin as our keys do, with the fields they are in.
    fn presented<'a>(
        &'a self,
        fields: &'a HeaderMap,
    ) -> impl Iterator<Item = (HeaderName, &'a str)> {
        let own = self.headers.iter().flat_map(|name| {
            let values = fields.get_all(name).iter();
            values.filter_map(|value| Some((name.clone(), value.to_str().ok()?.trim())))
        });
        let bearer = self.bearer.then(|| fields.get_all(header::AUTHORIZATION).iter());
        let bearer = bearer.into_iter().flatten().filter_map(|value| {
            let (scheme, text) = credentials(value)?;
            scheme.eq_ignore_ascii_case("bearer").then_some((header::AUTHORIZATION, text))
        });
        own.chain(bearer).filter(|(_, text)| is_ours(text))
    }
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
            };
            let entry = Entry { identity, used: AtomicI64::new(used), key };
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

    /// Whose key a text is.
    ///
    /// # Errors
    /// A short name of why it is not good.
    fn verify(&self, text: &str, now: Timestamp) -> Result<Identity, &'static str> {
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
        match entry.key.refusal(now) {
            None => {
                entry.used.store(now.micros(), Relaxed);
                Ok(entry.identity.clone())
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
/// and writes down every half minute when they were used. Failures are told to `report` and tried
/// again.
pub async fn keep_up(
    table: Weak<KeyTable>,
    store: Arc<dyn ApiKeyStore>,
    report: impl Fn(&str) + Send + Sync,
) {
    let mut round: u32 = 0;
    loop {
        let Some(known) = table.upgrade().map(|table| table.version()) else { return };
        match store.newer(known).await {
            Ok(Some(keys)) => {
                let Some(table) = table.upgrade() else { return };
                table.replace(keys);
            }
            Ok(None) => {}
            Err(problem) => report(&problem),
        }
        round = round.wrapping_add(1);
        if round.is_multiple_of(WRITE_EVERY) {
            let used = table.upgrade().map(|table| table.take_used()).unwrap_or_default();
            if !used.is_empty()
                && let Err(problem) = store.used(used).await
            {
                report(&problem);
            }
        }
        tokio::time::sleep(ASK).await;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use bartizan_model::{ApiKeyState, Scope};

    use super::*;

    pub(crate) fn hash_key() -> HashKey {
        HashKey::new([3; 32])
    }

    /// A key and the text of it.
    pub(crate) fn key(fill: u8) -> (ApiKey, String) {
        let secret = ApiKeySecret::from_random([fill; 32]);
        let digest = secret.digest(&hash_key());
        let key = ApiKey {
            id: ApiKeyId::derive(&Scope::default(), &[&digest.to_string()]),
            name: "n".to_owned(),
            owner: "acme".to_owned(),
            scopes: vec!["orders:read".to_owned()],
            state: ApiKeyState::Active,
            created: Timestamp::default(),
            expires: None,
            last_used: None,
            digest,
        };
        (key, secret.reveal().to_string())
    }

    pub(crate) fn table(keys: Vec<ApiKey>) -> Arc<KeyTable> {
        let table = KeyTable::new(hash_key());
        table.replace(ApiKeys { version: 1, keys });
        Arc::new(table)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn look(policy: &OwnKeys, fields: &[(&'static str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, value.parse().expect("a value"));
        }
        let Some(looked) = policy.look(&map, at(10)) else { return "nothing".to_owned() };
        match looked.checked {
            Ok(identity) => format!("{} {}", looked.fields[0], identity.owner),
            Err(refusal) => format!("{} {}", refusal.status.as_u16(), refusal.reason),
        }
    }

    fn policy(config: &ApiKeyConfig, keys: Vec<ApiKey>) -> OwnKeys {
        OwnKeys::compile(config, &table(keys)).expect("compiles")
    }

    #[test]
    fn good_keys_pass_and_all_others_of_ours_do_not() {
        let (good, text) = key(1);
        let state = |fill, state| ApiKey { state, ..key(fill).0 };
        let expired = ApiKey { expires: Some(at(10)), ..key(4).0 };
        let keys =
            vec![good, state(2, ApiKeyState::Disabled), state(3, ApiKeyState::Revoked), expired];
        let policy = policy(&ApiKeyConfig::default(), keys);
        let mut typo = text.clone();
        typo.replace_range(9..10, if &text[9..10] == "0" { "1" } else { "0" });
        for (value, expected) in [
            (text.as_str(), "x-api-key acme"),
            (&key(2).1, "401 key-disabled"),
            (&key(3).1, "401 key-revoked"),
            (&key(4).1, "401 key-expired"),
            (&key(5).1, "401 key-unknown"),
            (&typo, "401 key-mistyped"),
            ("btz_x", "401 key-malformed"),
            ("BTZ_x", "401 key-malformed"),
            ("sk_live_x", "nothing"),
            ("", "nothing"),
        ] {
            assert_eq!(look(&policy, &[("x-api-key", value)]), expected, "{value}");
        }
        for scheme in ["Bearer", "bearer", "bEARER"] {
            let value = format!("{scheme}  {text}");
            assert_eq!(look(&policy, &[("authorization", &value)]), "authorization acme");
        }
        assert_eq!(look(&policy, &[("authorization", &format!("Basic {text}"))]), "nothing");
        let twice = [("x-api-key", text.as_str()), ("x-api-key", &key(5).1)];
        assert_eq!(look(&policy, &twice), "400 several-credentials");
        let bearer = format!("Bearer {text}");
        let both = [("x-api-key", text.as_str()), ("authorization", &bearer)];
        assert_eq!(look(&policy, &both), "400 several-credentials");
        // Beside a credential of somebody else.
        let other = [("x-api-key", text.as_str()), ("authorization", "Bearer eyJ.x.y")];
        assert_eq!(look(&policy, &other), "x-api-key acme");
    }

    #[test]
    fn scopes_are_asked_for_and_told() {
        let scopes = vec!["orders:read".to_owned(), "orders:write".to_owned()];
        let policy = policy(&ApiKeyConfig { scopes, ..ApiKeyConfig::default() }, vec![key(1).0]);
        let mut fields = HeaderMap::new();
        fields.insert("x-api-key", key(1).1.parse().expect("a value"));
        let refusal = policy.look(&fields, at(1)).expect("looked at").checked.expect_err("refused");
        assert_eq!(refusal.status, StatusCode::FORBIDDEN);
        assert_eq!(
            refusal.fields[0].1,
            "Bearer error=\"insufficient_scope\", scope=\"orders:read orders:write\""
        );
    }

    #[test]
    fn uses_are_gathered_and_survive_a_change_of_keys() {
        let (first, text) = key(1);
        let table = table(vec![first.clone()]);
        table.verify(&text, at(5)).expect("good");
        table.verify(&text, at(6)).expect("good");
        table.replace(ApiKeys { version: 2, keys: vec![first.clone(), key(2).0] });
        assert_eq!(table.take_used(), [(first.id, at(6))]);
        assert_eq!((table.take_used(), table.version()), (Vec::new(), Some(2)));
        table.replace(ApiKeys { version: 3, keys: Vec::new() });
        assert_eq!(table.verify(&text, at(7)).err(), Some("key-unknown"));
    }

    #[test]
    fn keys_are_refused_until_they_were_read() {
        let table = Arc::new(KeyTable::new(hash_key()));
        let policy = OwnKeys::compile(&ApiKeyConfig::default(), &table).expect("compiles");
        assert_eq!(look(&policy, &[("x-api-key", &key(1).1)]), "503 keys-unavailable");
        assert_eq!(look(&policy, &[]), "nothing");
    }

    #[test]
    fn fields_that_are_none_are_refused() {
        for (headers, bearer) in [(&["a b"][..], true), (&["Authorization"], true), (&[], false)] {
            let headers = headers.iter().map(|name| (*name).to_owned()).collect();
            let config = ApiKeyConfig { headers, bearer, ..ApiKeyConfig::default() };
            assert!(OwnKeys::compile(&config, &table(Vec::new())).is_err(), "{config:?}");
        }
    }
}
