//! Values that are good once: refresh tokens, one-time codes, identifiers of deliveries.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use bartizan_model::{
    HashKey, KeyedHash, Mode, Request, Root, Side, Timestamp,
    deny::{Denied, DenyList},
};
use bartizan_protocols::{Decoded, Value, decode_body};
use http::{HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem, Surroundings,
    config::Problem,
    detectors::{Bounds, pace, thread_nanos},
    pass::Stage,
    record::Refusal,
};
use crate::{call::Call, handover::timestamp, phases::BodyView};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "single_use",
    title: "Values that are good once",
    mode: Mode::Monitor,
    documentation: "\
Refuses a request with a value that was used before in the scope of the policy (401, `used-before`), where used means \
that the upstream answered with success (2xx). With the refresh and the logout operation in one scope, a refresh token \
is good for one refresh, and for none after a logout; with the callback of a webhook, a delivery is taken once. A \
request that comes while another one with the same value is under way is refused too (409, `in-use`), so that no two \
are both the first.

The values are those of the named members at the top of a JSON or form body (`members`), and of the named fields \
(`headers`). A member that is there twice is refused (400); one that is no text counts as not there. Only keyed hashes \
of values are kept: up to 131072, for `remember_seconds`; when there are more, the one that would be forgotten first \
is let go of. `bartizan serve` writes them down within a second, so that they outlive a restart; each gateway of \
several keeps its own. Bodies are read \
within 128 KiB and 2 milliseconds; a request whose body is passed on as it comes, or cannot be read, is not evaluated \
(`body-not-held`, `not-readable`).",
    examples: &["\
name: refresh-tokens-are-good-once
mode: enforce
scope: {methods: [POST], paths: [/auth/refresh, /auth/logout]}
single_use: {members: [refresh_token]}
"],
};

/// Most names.
const NAMES: usize = 16;
/// Most values that are under way at once.
const UNDER_WAY: usize = 65_536;
/// Longest time that a value is remembered, in seconds: a year.
const LONGEST: u32 = 366 * 86_400;

/// Settings of a policy of values that are good once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SingleUseConfig {
    /// Members at the top of a JSON or form body.
    pub members: Vec<String>,
    /// Fields of the request.
    pub headers: Vec<String>,
    /// How long a used value is refused, in seconds, up to a year.
    pub remember_seconds: u32,
}

impl Default for SingleUseConfig {
    fn default() -> Self {
        Self { members: Vec::new(), headers: Vec::new(), remember_seconds: 30 * 86_400 }
    }
}

/// A compiled policy.
#[derive(Debug)]
pub(crate) struct SingleUse {
    /// Of the policy: what is used for one is not for another.
    name: String,
    members: BTreeSet<String>,
    headers: Vec<HeaderName>,
    remember_seconds: i64,
    bounds: Bounds,
    hash_key: HashKey,
    spent: Arc<dyn DenyList>,
    under_way: Arc<UnderWay>,
}

/// Values of requests that are not answered yet.
#[derive(Debug, Default)]
struct UnderWay(Mutex<HashSet<KeyedHash>>);

/// A value of a request under way; it is no more when this goes.
#[derive(Debug)]
struct Held {
    key: KeyedHash,
    remember_seconds: i64,
    spent: Arc<dyn DenyList>,
    of: Arc<UnderWay>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// The values that a call uses up if it succeeds.
#[derive(Clone, Debug, Default)]
struct Using(Vec<Arc<Held>>);

impl SingleUse {
    pub(crate) fn compile(
        name: &str,
        config: &SingleUseConfig,
        surroundings: &Surroundings,
    ) -> Result<Self, Problem> {
        if config.members.is_empty() && config.headers.is_empty() {
            return Err(Problem::new("", "values have to come from somewhere"));
        }
        if config.members.len() + config.headers.len() > NAMES {
            return Err(Problem::new("members", format!("{NAMES} names are the most")));
        }
        if config.members.iter().any(String::is_empty) {
            return Err(Problem::new("members", "none may be empty"));
        }
        let mut headers = Vec::with_capacity(config.headers.len());
        for (at, name) in config.headers.iter().enumerate() {
            let parsed = HeaderName::from_bytes(name.as_bytes());
            let problem = |_| Problem::new(format!("headers.{at}"), "is no field name");
            headers.push(parsed.map_err(problem)?);
        }
        if !(1..=LONGEST).contains(&config.remember_seconds) {
            return Err(Problem::new("remember_seconds", format!("expected 1 to {LONGEST}")));
        }
        Ok(Self {
            name: name.to_owned(),
            members: config.members.iter().cloned().collect(),
            headers,
            remember_seconds: i64::from(config.remember_seconds),
            bounds: Bounds::checked(128 * 1024, 2_000)?,
            hash_key: surroundings.hash_key.derive("values that are good once"),
            spent: Arc::clone(&surroundings.spent),
            under_way: Arc::default(),
        })
    }

    /// What follows: the request passes, or passes though its body was not looked at (why), or is refused.
    pub(crate) fn check(
        &self,
        call: &mut Call,
        body: BodyView<'_>,
    ) -> Result<Option<&'static str>, Refusal> {
        let mut keys: Vec<_> = self.in_fields(&call.request_fields).collect();
        let mut gap = match self.in_body(&call.request_fields, body)? {
            Ok(found) => {
                keys.extend(found);
                None
            }
            Err(reason) => Some(reason),
        };
        let now = timestamp(std::time::SystemTime::now());
        let mut using = Using::default();
        for key in keys {
            // Asked again once it is held: it could be used in between. What was used stays held until the exchange
            // with it is forgotten, and is told as what it is.
            self.is_unused(key, now)?;
            using.0.push(Arc::new(self.hold(key)?));
            if !self.is_unused(key, now)? {
                gap = gap.or(Some("not-known-here"));
            }
        }
        call.extensions().get_or_insert_default::<Using>().0.append(&mut using.0);
        Ok(gap)
    }

    /// Whether it is known that it was not used; this phase does not wait for who knows.
    fn is_unused(&self, key: KeyedHash, now: Timestamp) -> Result<bool, Refusal> {
        match self.spent.denies(&[key], now) {
            Denied::Now(false) => Ok(true),
            Denied::Now(true) => {
                let title = "this was used before and is good once";
                Err(Refusal::deny(StatusCode::UNAUTHORIZED, "used-before", title))
            }
            Denied::Later(_) => Ok(false),
        }
    }

    fn hold(&self, key: KeyedHash) -> Result<Held, Refusal> {
        let mut under_way = self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.len() >= UNDER_WAY || !under_way.insert(key) {
            let title = "another request uses this at the moment";
            return Err(Refusal::deny(StatusCode::CONFLICT, "in-use", title));
        }
        let (spent, of) = (Arc::clone(&self.spent), Arc::clone(&self.under_way));
        Ok(Held { key, remember_seconds: self.remember_seconds, spent, of })
    }

    fn in_fields<'f>(
        &'f self,
        fields: &'f [(HeaderName, HeaderValue)],
    ) -> impl Iterator<Item = KeyedHash> + 'f {
        let named = fields.iter().filter(move |(name, _)| self.headers.contains(name));
        named.map(move |(name, value)| self.key(name.as_str(), value.as_bytes()))
    }

    /// Values in a body; without them, why it was not looked at.
    fn in_body(
        &self,
        fields: &[(HeaderName, HeaderValue)],
        body: BodyView<'_>,
    ) -> Result<Result<Vec<KeyedHash>, &'static str>, Refusal> {
        if self.members.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let BodyView::Whole(bytes) = body else { return Ok(Err("body-not-held")) };
        if bytes.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let mut request = Request { body: bytes.clone(), ..Request::default() };
        let shown = [header::CONTENT_TYPE, header::CONTENT_ENCODING];
        for (name, value) in fields.iter().filter(|(name, _)| shown.contains(name)) {
            request.headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
        }
        let until = thread_nanos() + self.bounds.budget_nanos();
        let mut decoded = Decoded::default();
        let seed = self.hash_key.seed();
        decode_body(&mut decoded, &request, &self.bounds.limits(), seed, pace(until));
        let Some(root) = decoded.view.root(Side::Request, Root::Body) else {
            return Ok(Err("not-readable"));
        };
        let (mut keys, mut seen) = (Vec::new(), BTreeSet::new());
        for child in root.children().filter(|child| self.members.contains(child.key())) {
            if !seen.insert(child.key().to_owned()) {
                let title = "a member that is good once is there twice";
                return Err(Refusal::deny(StatusCode::BAD_REQUEST, "ambiguous-member", title));
            }
            match child.value() {
                Value::Text(text) if !text.is_empty() => {
                    keys.push(self.key(child.key(), text.as_bytes()));
                }
                Value::Integer(number) => {
                    keys.push(self.key(child.key(), number.to_string().as_bytes()));
                }
                _ => {}
            }
        }
        let is_whole = decoded.view.is_fully_inspected(Side::Request);
        Ok(if is_whole || !keys.is_empty() { Ok(keys) } else { Err("not-readable") })
    }

    fn key(&self, name: &str, value: &[u8]) -> KeyedHash {
        let mut bytes = Vec::with_capacity(32 + self.name.len() + name.len() + value.len());
        for part in [self.name.as_bytes(), name.as_bytes()] {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(value);
        self.hash_key.hash("value", &bytes)
    }
}

/// Uses up what a call brought, if it succeeded.
pub(super) fn answered(stage: &Stage, call: &Call, status: StatusCode) {
    let is_granted = status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS;
    if stage.set.single_uses.is_empty() || !is_granted {
        return;
    }
    let Some(using) = call.extension::<Using>() else { return };
    let now = timestamp(std::time::SystemTime::now());
    for held in &using.0 {
        let until = Timestamp::from_seconds(now.seconds() + held.remember_seconds);
        held.spent.deny(held.key, now, until);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn rule(text: &str) -> Result<SingleUse, Problem> {
        let config: SingleUseConfig = serde_saphyr::from_str(text).expect("a configuration");
        SingleUse::compile("a", &config, &Surroundings::embedded(HashKey::new([1; 32])))
    }

    fn values(rule: &SingleUse, media_type: &'static str, body: &str) -> Result<usize, String> {
        let fields = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type))];
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        match rule.in_body(&fields, BodyView::Whole(&bytes)) {
            Ok(Ok(keys)) => Ok(keys.len()),
            Ok(Err(reason)) => Err(reason.to_owned()),
            Err(refusal) => Err(refusal.status.to_string()),
        }
    }

    #[test]
    fn values_are_found_in_json_and_forms() {
        let rule = rule("{members: [token, code]}").expect("compiles");
        let (json, form) = ("application/json", "application/x-www-form-urlencoded");
        for (media_type, body, expected) in [
            (json, r#"{"token":"a","x":{"code":"b"}}"#, Ok(1)),
            (json, r#"{"token":"a","code":"b"}"#, Ok(2)),
            (json, r#"{"token":7,"code":""}"#, Ok(1)),
            (json, r#"{"other":"a"}"#, Ok(0)),
            (json, "", Ok(0)),
            (form, "token=a&x=b", Ok(1)),
            (json, r#"{"token":"a","token":"b"}"#, Err("400 Bad Request".to_owned())),
            (form, "token=a&token=b", Err("400 Bad Request".to_owned())),
        ] {
            assert_eq!(values(&rule, media_type, body), expected, "{body}");
        }
        let escaped = |body: &str| {
            let fields = [(header::CONTENT_TYPE, HeaderValue::from_static(json))];
            let bytes = Bytes::copy_from_slice(body.as_bytes());
            rule.in_body(&fields, BodyView::Whole(&bytes)).ok().and_then(Result::ok)
        };
        assert_eq!(escaped(r#"{"token":"ab"}"#), escaped(r#"{"t\u006fken":"\u0061b"}"#));
        assert_ne!(escaped(r#"{"token":"ab"}"#), escaped(r#"{"code":"ab"}"#));
    }

    #[test]
    fn a_value_is_held_by_one_request_at_a_time() {
        let rule = rule("{headers: [x-id]}").expect("compiles");
        let key = rule.key("x-id", b"1");
        let held = rule.hold(key).expect("free");
        assert_eq!(rule.hold(key).map(drop).map_err(|r| r.status.as_u16()), Err(409));
        drop(held);
        assert!(rule.hold(key).is_ok());
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        for text in [
            "{}",
            "{members: ['']}",
            "{headers: ['a b']}",
            "{members: [a], remember_seconds: 0}",
            "{members: [a], remember_seconds: 99999999}",
        ] {
            assert!(rule(text).is_err(), "{text}");
        }
    }
}
