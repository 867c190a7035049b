//! Own API keys: what is taken for one, and what becomes of their uses.

use bartizan_model::{ApiKeyState, Scope, api_key::Later};
use base64::{Engine as _, engine::general_purpose::STANDARD};

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
        terms: bartizan_model::ApiKeyTerms::default(),
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

/// Presented at that second by nobody in particular.
pub(crate) fn by(fields: &HeaderMap, seconds: i64) -> Presenting<'_> {
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    Presenting { fields, address, certificate: None, now: at(seconds) }
}

fn verified(table: &KeyTable, text: &str, seconds: i64) -> Result<Arc<Entry>, &'static str> {
    table.verify(text, &by(&HeaderMap::new(), seconds))
}

fn look(policy: &OwnKeys, fields: &[(&'static str, &str)]) -> String {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(*name, value.parse().expect("a value"));
    }
    let Some(looked) = policy.look(&by(&map, 10)) else { return "nothing".to_owned() };
    match looked.checked {
        Ok((identity, _)) => format!("{} {}", looked.fields[0], identity.owner),
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
    let keys = vec![good, state(2, ApiKeyState::Disabled), state(3, ApiKeyState::Revoked), expired];
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
    let twice = [("x-api-key", text.as_str()), ("x-api-key", &key(5).1)];
    assert_eq!(look(&policy, &twice), "400 several-credentials");
    let bearer = format!("Bearer {text}");
    let both = [("x-api-key", text.as_str()), ("authorization", &bearer)];
    assert_eq!(look(&policy, &both), "400 several-credentials");
    // Beside a credential of somebody else.
    let other = [("x-api-key", text.as_str()), ("authorization", "Bearer eyJ.x.y")];
    assert_eq!(look(&policy, &other), "x-api-key acme");
}

/// Wherever a policy looks, a key of ours is verified or refused: what is passed over as something
/// else goes on to the upstream.
#[test]
fn keys_are_found_however_they_are_written() {
    let (good, text) = key(1);
    let policy = policy(&ApiKeyConfig::default(), vec![good]);
    let other = key(5).1;
    for (name, before, behind) in [
        ("authorization", "", ""),
        ("authorization", "Basic ", ""),
        ("authorization", "Token\t", ""),
        ("authorization", "ApiKey key=\"", "\""),
        ("authorization", "Bearer Bearer ", ""),
        ("x-api-key", "Bearer ", ""),
        ("x-api-key", "\"", "\""),
        ("x-api-key", "key=", ";v=1"),
        ("x-api-key", "sk_live_x, ", ""),
    ] {
        let write = |key: &str| format!("{before}{key}{behind}");
        let expected = format!("{name} acme");
        assert_eq!(look(&policy, &[(name, &write(&text))]), expected, "{before}");
        assert_eq!(look(&policy, &[(name, &write(&other))]), "401 key-unknown", "{before}");
        assert_eq!(look(&policy, &[(name, &write("btz_x"))]), "401 key-malformed", "{before}");
    }
    for (before, behind) in [("", ":"), ("acme:", ""), ("", "")] {
        let pair = |key: &str| STANDARD.encode(format!("{before}{key}{behind}"));
        for (key, expected) in [
            (text.as_str(), "authorization acme"),
            (&other, "401 key-unknown"),
            ("alice", "nothing"),
        ] {
            let value = format!("basic {}", pair(key));
            assert_eq!(look(&policy, &[("authorization", &value)]), expected, "{value}");
        }
    }
    let both = format!("Basic {}", STANDARD.encode(format!("{text}:{other}")));
    assert_eq!(look(&policy, &[("authorization", &both)]), "400 several-credentials");
    let list = format!("{text}, {other}");
    assert_eq!(look(&policy, &[("x-api-key", &list)]), "400 several-credentials");
    let joined = format!("{text}/x");
    assert_eq!(look(&policy, &[("x-api-key", &joined)]), "401 key-malformed");
    // Bytes outside of ASCII hide nothing.
    let mut fields = HeaderMap::new();
    let value = [b"\xff ", text.as_bytes()].concat();
    fields.insert("x-api-key", HeaderValue::from_bytes(&value).expect("a value"));
    assert!(policy.look(&by(&fields, 10)).is_some_and(|looked| looked.checked.is_ok()));
    // Within the credentials of others it means nothing.
    for value in ["eyJ.a-btz_1.x", "Basic YWJj/btz_1==", "abtz_1", "x.btz_", "sk+btz_x"] {
        assert_eq!(look(&policy, &[("authorization", value)]), "nothing", "{value}");
    }
    let closed = ApiKeyConfig { bearer: false, ..ApiKeyConfig::default() };
    let policy = OwnKeys::compile(&closed, &table(Vec::new())).expect("compiles");
    assert_eq!(look(&policy, &[("authorization", &text)]), "nothing", "nobody looks there");
}

#[test]
fn scopes_are_asked_for_and_told() {
    let scopes = vec!["orders:read".to_owned(), "orders:write".to_owned()];
    let policy = policy(&ApiKeyConfig { scopes, ..ApiKeyConfig::default() }, vec![key(1).0]);
    let mut fields = HeaderMap::new();
    fields.insert("x-api-key", key(1).1.parse().expect("a value"));
    let refusal = policy.look(&by(&fields, 1)).expect("looked at").checked.expect_err("refused");
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
    verified(&table, &text, 5).expect("good");
    verified(&table, &text, 6).expect("good");
    table.replace(ApiKeys { version: 2, keys: vec![first.clone(), key(2).0] });
    assert_eq!(table.take_used(), [(first.id, at(6))]);
    assert_eq!((table.take_used(), table.version()), (Vec::new(), Some(2)));
    table.replace(ApiKeys { version: 3, keys: Vec::new() });
    assert_eq!(verified(&table, &text, 7).err(), Some("key-unknown"));
}

/// A store that cannot be written, and after a while can.
#[derive(Debug, Default)]
struct Stubborn {
    works: std::sync::atomic::AtomicBool,
    written: std::sync::Mutex<Vec<(ApiKeyId, Timestamp)>>,
}

impl ApiKeyStore for Stubborn {
    fn newer(&self, _: Option<u64>) -> Later<'_, Result<Option<ApiKeys>, String>> {
        Box::pin(async { Ok(None) })
    }

    fn used(&self, uses: Vec<(ApiKeyId, Timestamp)>) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            if !self.works.load(Relaxed) {
                return Err("the disk is full".to_owned());
            }
            self.written.lock().expect("unpoisoned").extend(uses);
            Ok(())
        })
    }
}

#[tokio::test]
async fn uses_survive_a_store_that_fails() {
    let ((first, text), (second, other)) = (key(1), key(2));
    let table = table(vec![first.clone(), second.clone()]);
    let (store, look_ups) = (Stubborn::default(), LookUps::default());
    verified(&table, &text, 5).expect("good");
    write_uses(&Arc::downgrade(&table), &store, &look_ups).await;
    verified(&table, &other, 6).expect("good");
    store.works.store(true, Relaxed);
    write_uses(&Arc::downgrade(&table), &store, &look_ups).await;
    let mut written = store.written.into_inner().expect("unpoisoned");
    written.sort_by_key(|(_, time)| *time);
    assert_eq!(written, [(first.id.clone(), at(5)), (second.id, at(6))]);
    // A later use is not replaced by an earlier one.
    verified(&table, &text, 9).expect("good");
    table.put_back(vec![(first.id.clone(), at(7))]);
    assert_eq!(table.take_used(), [(first.id, at(9))]);
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
    for (headers, bearer) in [
        (&["a b"][..], true),
        (&["Authorization"], true),
        (&[], false),
        // Its one key would be taken for two.
        (&["x-api-key", "X-API-Key"], true),
    ] {
        let headers = headers.iter().map(|name| (*name).to_owned()).collect();
        let config = ApiKeyConfig { headers, bearer, ..ApiKeyConfig::default() };
        assert!(OwnKeys::compile(&config, &table(Vec::new())).is_err(), "{config:?}");
    }
}

#[test]
fn keys_are_refused_elsewhere_and_not_used_there() {
    let terms = bartizan_model::ApiKeyTerms { server_only: true, ..Default::default() };
    let (server, text) = key(1);
    let policy = policy(&ApiKeyConfig::default(), vec![ApiKey { terms, ..server }]);
    let page = [("x-api-key", text.as_str()), ("origin", "https://shop.example")];
    assert_eq!(look(&policy, &page), "403 key-in-browser");
    assert!(policy.table.take_used().is_empty());
    assert_eq!(look(&policy, &[("x-api-key", &text)]), "x-api-key acme");
    assert_eq!(policy.table.take_used().len(), 1);
}
