//! Values that are good once: refresh tokens, one-time codes, identifiers of deliveries.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::AcqRel},
    },
};

use bartizan_model::{
    HashKey, KeyedHash, Mode, Root, Side, Timestamp,
    deny::{Denied, DenyList},
};
use bartizan_protocols::{NodeRef, Places, Value};
use http::{HeaderName, HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem, Surroundings, asked,
    config::Problem,
    reading::{NOT_READABLE, is_plain_but_for_names, is_read},
    readings::{Amount, Readings},
    record::Refusal,
};
use crate::{call::Call, handover::timestamp, phases::BodyView};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "single_use",
    title: "Values that are good once",
    mode: Mode::Monitor,
    documentation: "\
Refuses a request with a value that was used before in the scope of the policy (401, `used-before`). With the refresh \
and the logout operation in one scope, a refresh token is good for one refresh, and for none after a logout; with the \
callback of a webhook, a delivery is taken once. A value is taken when the request comes, so that of two that come \
together one is refused (409, `in-use`). It is used up when the upstream answers with success (2xx) or a redirect (3xx), \
and when nobody knows what the upstream did: the client has gone away, or no answer came. It is free again when the \
upstream answers with a failure (4xx, 5xx), or was never reached.

The values are those of the named members of the query and at the top of a JSON or form body (`members`, whatever their \
case, with or without brackets behind them), and of the named fields (`headers`). Space around a value does not count. \
A member that is there twice, or is a list or an object, is refused (400, `ambiguous-member`), and so is with `members` a \
body that cannot be looked at to its end, that is passed on as it comes, or that servers may read in several ways \
(`not-readable`; bodies are read within 128 KiB and 2 milliseconds). Only keyed hashes \
of values are kept: up to 131072 that were used, and as many of which nobody knows, for `remember_seconds`; when there \
are more of a kind, the one that would be forgotten first is let go of. `bartizan serve` writes them down within a second, so that they outlive a restart; each gateway of \
several keeps its own.",
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
/// How much of a body is read.
const READ: Amount = Amount::new(128 * 1024, 2_000_000);
/// Most parameters of a query.
const PARAMETERS: usize = 1_000;
/// Longest time that a value is remembered, in seconds: a year.
const LONGEST: u32 = 366 * 86_400;

/// Settings of a policy of values that are good once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SingleUseConfig {
    /// Members of the query, and at the top of a JSON or form body, in any case.
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
    /// In lower case.
    members: BTreeSet<String>,
    headers: Vec<HeaderName>,
    remember_seconds: i64,
    hash_key: HashKey,
    spent: Arc<dyn DenyList>,
    doubtful: Arc<dyn DenyList>,
    in_use: Arc<InUse>,
}

/// Values of requests that are not answered yet, of all policies; survives a reload.
#[derive(Debug, Default)]
pub struct InUse(Mutex<HashSet<KeyedHash>>);

impl InUse {
    fn take(&self, key: KeyedHash) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.len() < UNDER_WAY && held.insert(key)
    }

    fn leave(&self, key: KeyedHash) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

/// A value of a request under way. Unless somebody says that it is free again, it is used up when this goes.
#[derive(Debug)]
struct Held {
    key: KeyedHash,
    remember_seconds: i64,
    spent: Arc<dyn DenyList>,
    /// Those of which nobody knows whether they were used are kept apart: whoever breaks off over and over again with
    /// made up values lets none be forgotten that was.
    doubtful: Arc<dyn DenyList>,
    of: Arc<InUse>,
    is_settled: AtomicBool,
}

impl Held {
    /// It was used.
    fn spend(&self) {
        self.settle(self.spent.as_ref());
    }

    /// It may have been used.
    fn doubt(&self) {
        self.settle(self.doubtful.as_ref());
    }

    fn settle(&self, list: &dyn DenyList) {
        if self.is_settled.swap(true, AcqRel) {
            return;
        }
        let now = timestamp(std::time::SystemTime::now());
        let until = Timestamp::from_seconds(now.seconds() + self.remember_seconds);
        // In this order: at no moment is it neither.
        list.deny(self.key, now, until);
        self.of.leave(self.key);
    }

    /// It is as good as before.
    fn release(&self) {
        if !self.is_settled.swap(true, AcqRel) {
            self.of.leave(self.key);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.doubt();
    }
}

/// The values that a call uses up.
#[derive(Clone, Debug, Default)]
struct Using(Vec<Arc<Held>>);

impl Using {
    fn release(&self) {
        self.0.iter().for_each(|held| held.release());
    }
}

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
            members: config.members.iter().map(|name| name.to_lowercase()).collect(),
            headers,
            remember_seconds: i64::from(config.remember_seconds),
            hash_key: surroundings.hash_key.derive("values that are good once"),
            spent: Arc::clone(&surroundings.spent),
            doubtful: Arc::clone(&surroundings.doubtful),
            in_use: Arc::clone(&surroundings.in_use),
        })
    }

    /// How much of a body is read, if it is looked at.
    pub(super) fn amount(&self) -> Option<Amount> {
        (!self.members.is_empty()).then_some(READ)
    }

    /// What follows: the request passes, or passes though not everything is known of its values (why), or is refused.
    pub(super) fn check(
        &self,
        call: &mut Call,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Result<Option<&'static str>, Refusal> {
        let mut seen = BTreeSet::new();
        let mut keys: Vec<_> = self.in_fields(&call.request_fields).collect();
        keys.extend(self.in_query(&call.uri, &mut seen)?);
        keys.extend(self.in_body(&call.request_fields, body, readings, &mut seen)?);
        let now = timestamp(std::time::SystemTime::now());
        let (mut using, mut gap) = (Using::default(), None);
        for (at, key) in keys.iter().enumerate() {
            if keys[..at].contains(key) {
                continue;
            }
            let (held, is_known) = self.take(*key, now).inspect_err(|_| using.release())?;
            using.0.push(Arc::new(held));
            if !is_known {
                gap = Some("not-known-here");
            }
        }
        call.extensions().get_or_insert_default::<Using>().0.append(&mut using.0);
        Ok(gap)
    }

    /// Takes a value, and says whether it is known that it was not used. Asked before, so that what was used is told as
    /// that, and again once it is held: it could be used in between.
    fn take(&self, key: KeyedHash, now: Timestamp) -> Result<(Held, bool), Refusal> {
        self.is_unused(key, now)?;
        let held = self.hold(key)?;
        let is_known = self.is_unused(key, now).inspect_err(|_| held.release())?;
        Ok((held, is_known))
    }

    /// Whether it is known that it was not used; this phase does not wait for who knows.
    fn is_unused(&self, key: KeyedHash, now: Timestamp) -> Result<bool, Refusal> {
        let mut is_known = true;
        for list in [&self.spent, &self.doubtful] {
            match list.denies(&[key], now) {
                Denied::Now(false) => {}
                Denied::Now(true) => {
                    let title = "this was used before and is good once";
                    return Err(Refusal::deny(StatusCode::UNAUTHORIZED, "used-before", title));
                }
                Denied::Later(_) => is_known = false,
            }
        }
        Ok(is_known)
    }

    fn hold(&self, key: KeyedHash) -> Result<Held, Refusal> {
        if !self.in_use.take(key) {
            let title = "another request uses this at the moment";
            return Err(Refusal::deny(StatusCode::CONFLICT, "in-use", title));
        }
        Ok(Held {
            key,
            remember_seconds: self.remember_seconds,
            spent: Arc::clone(&self.spent),
            doubtful: Arc::clone(&self.doubtful),
            of: Arc::clone(&self.in_use),
            is_settled: AtomicBool::new(false),
        })
    }

    fn in_fields<'f>(
        &'f self,
        fields: &'f [(HeaderName, HeaderValue)],
    ) -> impl Iterator<Item = KeyedHash> + 'f {
        let named = fields.iter().filter(move |(name, _)| self.headers.contains(name));
        named.map(move |(name, value)| self.key(name.as_str(), value.as_bytes()))
    }

    /// The member that is called so, if it is one of ours.
    fn member(&self, name: &str) -> Option<&String> {
        let plain = name.split('[').next().unwrap_or(name).trim().to_lowercase();
        self.members.get(&plain)
    }

    /// Values in a query. `seen` are the members that were there.
    fn in_query<'m>(
        &'m self,
        uri: &Uri,
        seen: &mut BTreeSet<&'m String>,
    ) -> Result<Vec<KeyedHash>, Refusal> {
        let mut keys = Vec::new();
        let Some(query) = uri.query().filter(|_| !self.members.is_empty()) else {
            return Ok(keys);
        };
        for (at, pair) in query.split(['&', ';']).enumerate() {
            if at == PARAMETERS {
                return Err(unreadable("over-limits"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(member) = self.member(&asked::parameter(name)) else { continue };
            if !seen.insert(member) {
                return Err(ambiguous());
            }
            let value = asked::parameter(value);
            keys.extend(self.value(member, &value));
        }
        Ok(keys)
    }

    /// Values in a body.
    fn in_body<'m>(
        &'m self,
        fields: &[(HeaderName, HeaderValue)],
        body: BodyView<'_>,
        readings: &mut Readings,
        seen: &mut BTreeSet<&'m String>,
    ) -> Result<Vec<KeyedHash>, Refusal> {
        if self.members.is_empty() {
            return Ok(Vec::new());
        }
        let BodyView::Whole(bytes) = body else { return Err(unreadable("body-not-held")) };
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        let pairs = fields.iter().map(|(name, value)| (name, value));
        let reading = readings.body(pairs, bytes, READ).map_err(|_| unreadable(NOT_READABLE))?;
        let view = &reading.decoded().view;
        let root = view.root(Side::Request, Root::Body).ok_or_else(|| unreadable("no-members"))?;
        let mut keys = Vec::new();
        for child in root.children() {
            let Some(member) = self.member(child.key()) else { continue };
            if !seen.insert(member) || matches!(child.value(), Value::Object | Value::Array) {
                return Err(ambiguous());
            }
            keys.extend(text_of(child).and_then(|text| self.value(member, &text)));
        }
        // Whoever reads on, or otherwise, finds another value. Others than ours may be there twice.
        if !is_read(view) || !is_plain_but_for_names(view, Places::BODY) {
            return Err(unreadable(NOT_READABLE));
        }
        Ok(keys)
    }

    /// What stands for a value; `None` when it is empty.
    fn value(&self, member: &str, text: &str) -> Option<KeyedHash> {
        let text = text.trim();
        (!text.is_empty()).then(|| self.key(member, text.as_bytes()))
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

/// What servers take a member for that want a text; `None` where they take it for nothing.
fn text_of(node: NodeRef<'_>) -> Option<String> {
    match node.value() {
        Value::Text(text) => Some(text.to_owned()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Number(number) if number.fract() == 0.0 => Some(format!("{number:.0}")),
        Value::Number(_) => Some(node.raw().to_owned()),
        _ => None,
    }
}

fn ambiguous() -> Refusal {
    let title = "a member that is good once is there twice, or is no text";
    Refusal::deny(StatusCode::BAD_REQUEST, "ambiguous-member", title)
}

fn unreadable(reason: &'static str) -> Refusal {
    let title = "what is good once cannot be found in this";
    Refusal::deny(StatusCode::BAD_REQUEST, "not-readable", title).because(reason)
}

/// Uses up what a call brought, unless the upstream says that nothing came of it.
pub(super) fn answered(call: &Call, status: StatusCode) {
    let Some(using) = call.extension::<Using>() else { return };
    if status.is_client_error() || status.is_server_error() {
        using.release();
    } else {
        using.0.iter().for_each(|held| held.spend());
    }
}

/// What becomes of what a call brought that ended without an answer.
pub(super) fn ended(call: &Call) {
    let Some(using) = call.extension::<Using>() else { return };
    if call.may_have_acted {
        using.0.iter().for_each(|held| held.doubt());
    } else {
        using.release();
    }
}

#[cfg(test)]
mod tests;
