//! Users with passwords (RFC 7617), verified against slow hashes at a bounded cost.

mod hashed;
mod users;

use std::{path::PathBuf, sync::Arc};

use bartizan_model::{HashKey, Mode, PrincipalKind, Timestamp};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(super) use self::hashed::BUSY;
use self::{
    hashed::{Asked, Hashed},
    users::Users,
};
use super::{
    PolicyItem, authentication::challenge, config::Problem, files, identity::Identity,
    record::Refusal,
};
use crate::forward::own_keys;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "basic",
    title: "Users with passwords",
    mode: Mode::Monitor,
    documentation: "\
Verifies the user and password of `Authorization: Basic` (RFC 7617), for clients that can do nothing better: a password \
goes over the wire with every request, so use it over TLS only. Users are lines `NAME:HASH` or `NAME:HASH:SCOPES`, in \
`file` or in `users`; scopes are separated by spaces, and lines that begin with `#` are left out. HASH is one of \
Argon2id in its usual form, as `argon2 SALT -id -m 15 -t 2 -p 1 -e` prints it; weaker ones than OWASP asks for (7 MiB \
with 5 passes, 46 MiB with one), ones that take more than 64 MiB, 10 passes or 4 lanes, and ones without a salt of 8 bytes \
or an output of 16, are refused. Whoever \
presents a credential has to present a good one (401); requests without one are left alone, and so are those whose \
`Authorization` holds an own API key that an enforced `api_key` policy has taken out of the request. \
A verified user goes as `basic` in `authentication`, and by name in the `subjects` of `authorization`.

Hashing is slow, so it is bounded: each policy makes two hashes at one time and lets 64 wait, the same credential \
is hashed once however often it comes at that time, and what came of it is remembered under a keyed digest, good ones \
for `cache_seconds`, wrong ones for a minute, 10,000 of each; a reload keeps that as far as hashes are the same. When too \
many wait the request is refused with 503 (in monitor mode it passes, without a user: not evaluated, `basic-busy`); good \
credentials that are remembered pass all the same, and WebSockets stay open until it is their turn. A `rate` by address \
before it keeps guessers from taking all places; accounts are not locked. A user that is not there takes as long as one \
that is: each such name has the parameters of some of the users, in the same shares. Once the policy is enforced \
the credential goes on only with `forward`, and what is kept of the exchange has the name of the user in its place.",
    examples: &["\
name: old-terminals
mode: enforce
scope: {paths: [/v1/scans/**]}
basic:
  realm: scans
  users:
    - 'terminal-7:$argon2id$v=19$m=19456,t=2,p=1$YmFydGl6YW4tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:scan'
"],
};

/// Most bytes of a file of users.
const FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Longest name and longest password, in bytes.
const NAME_BYTES: usize = 128;
const PASSWORD_BYTES: usize = 256;
/// Why somebody is nobody whose name is not among the users.
const UNKNOWN: &str = "basic-user-unknown";
/// Longest realm, in bytes.
const REALM_BYTES: usize = 128;

/// Settings of a policy for users with passwords.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicConfig {
    /// File with a user per line, of at most 4 MiB; read again at each reload.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// Further users, as lines of such a file. Up to 10,000 together.
    #[serde(default)]
    pub users: Vec<String>,
    /// What the client is told it asked for; visible ASCII without `"` and `\`.
    #[serde(default = "realm")]
    pub realm: String,
    /// How long a verified credential is remembered, in seconds, 0 to 3600.
    #[serde(default = "five_minutes")]
    pub cache_seconds: u32,
    /// Whether the credential goes on to the upstream.
    #[serde(default)]
    pub forward: bool,
}

fn realm() -> String {
    "api".to_owned()
}

const fn five_minutes() -> u32 {
    300
}

/// A user and a password, as somebody presents them.
pub(super) struct Pair {
    name: String,
    password: Zeroizing<String>,
}

impl Pair {
    /// A pair; `None` when it is longer than any, or has control characters.
    pub(super) fn new(name: &str, password: &str) -> Option<Self> {
        let is_fine = !name.is_empty()
            && name.len() <= NAME_BYTES
            && password.len() <= PASSWORD_BYTES
            && !name.chars().chain(password.chars()).any(char::is_control);
        is_fine.then(|| Self { name: name.to_owned(), password: password.to_owned().into() })
    }
}

/// A compiled policy.
#[derive(Debug)]
pub(crate) struct Basic {
    challenge: HeaderValue,
    pub(crate) forward: bool,
    users: Users,
    good_seconds: i64,
    hashed: Arc<Hashed>,
}

/// How long somebody waits for a password to be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Not for others: what only watches holds nobody up.
    AtOnce,
    /// For its turn, if there is a place to wait.
    Queue,
    /// As long as it takes: it was let in before.
    Review,
}

impl Basic {
    pub(crate) fn compile(config: &BasicConfig, hash_key: &HashKey) -> Result<Self, Problem> {
        let is_plain = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
        if config.realm.len() > REALM_BYTES || !config.realm.bytes().all(is_plain) {
            return Err(Problem::new("realm", "expected up to 128 visible characters"));
        }
        if config.cache_seconds > 3_600 {
            return Err(Problem::new("cache_seconds", "3600 is the most"));
        }
        let mut users = Users::default();
        if let Some(path) = &config.file {
            let text = files::text(path, FILE_BYTES);
            let text = Zeroizing::new(text.map_err(|problem| Problem::new("file", problem))?);
            for (at, line) in text.lines().enumerate() {
                let failed = |problem| Problem::new("file", format!("line {}: {problem}", at + 1));
                users.add(line).map_err(failed)?;
            }
        }
        for (at, line) in config.users.iter().enumerate() {
            users.add(line).map_err(|problem| Problem::new(format!("users.{at}"), problem))?;
        }
        if users.is_empty() {
            return Err(Problem::new("users", "there is none, neither here nor in `file`"));
        }
        let detail = format!("realm=\"{}\", charset=\"UTF-8\"", config.realm);
        Ok(Self {
            challenge: challenge("Basic", &detail),
            forward: config.forward,
            users,
            good_seconds: config.cache_seconds.into(),
            hashed: Arc::new(Hashed::new(hash_key)),
        })
    }

    /// The same, in the place of one of before: with what that knows, and no more hashes at one time.
    pub(crate) fn following(mut self, before: &Self) -> Self {
        self.hashed = Arc::clone(&before.hashed);
        self
    }

    /// What is presented; `None` when that is nothing of this scheme.
    pub(super) fn presented(fields: &HeaderMap) -> Option<Result<Pair, &'static str>> {
        let values = fields.get_all(header::AUTHORIZATION);
        let value = values.iter().find(|value| is_basic(value))?;
        let pair = own_keys::basic(value.as_bytes()).map(Zeroizing::new);
        if values.iter().count() > 1 {
            // Two readers would take different ones.
            return Some(Err("several-credentials"));
        }
        Some(pair.and_then(|pair| read(&pair)).ok_or("basic-malformed"))
    }

    /// Who it is.
    ///
    /// # Errors
    /// A short name of why nobody.
    pub(super) async fn verify(
        &self,
        Pair { name, password }: Pair,
        patience: Patience,
        now: Timestamp,
    ) -> Result<Identity, &'static str> {
        let user = self.users.get(&name);
        if user.is_none() && patience == Patience::Review {
            return Err(UNKNOWN);
        }
        // Who is nobody takes as long as who is somebody.
        let hash = user.map_or_else(
            || self.users.any_hash(self.hashed.number_of(&name)),
            |user| Arc::clone(&user.hash),
        );
        let digest = self.hashed.digest(&name, &password, &hash);
        let asked = Asked { password, hash, digest };
        let is_same = self.hashed.compare(asked, self.good_seconds, patience, now).await?;
        let user = user.ok_or(UNKNOWN)?;
        if !is_same {
            return Err("basic-password-wrong");
        }
        Ok(Identity {
            kind: PrincipalKind::Subject,
            // Tokens always have an issuer.
            issuer: "".into(),
            subject: name.as_str().into(),
            owner: "".into(),
            scopes: Arc::clone(&user.scopes),
            claims: Arc::default(),
        })
    }

    /// The answer to a code of [`Basic::presented`] and [`Basic::verify`].
    pub(super) fn refusal(&self, code: &'static str) -> Refusal {
        match code {
            "several-credentials" => {
                let title = "there are several credentials in this request";
                Refusal::deny(StatusCode::BAD_REQUEST, code, title)
            }
            BUSY => {
                let title = "passwords cannot be verified at the moment";
                let refusal = Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, code, title);
                refusal.with(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            reason => {
                let (status, title) = (StatusCode::UNAUTHORIZED, "user or password is wrong");
                let refusal = Refusal::deny(status, "invalid-credential", title).because(reason);
                refusal.with(header::WWW_AUTHENTICATE, self.challenge.clone())
            }
        }
    }
}

fn is_basic(value: &HeaderValue) -> bool {
    const SCHEME: &[u8] = b"basic";
    let bytes = value.as_bytes().trim_ascii_start();
    let is_scheme = bytes.get(..SCHEME.len()).is_some_and(|s| s.eq_ignore_ascii_case(SCHEME));
    is_scheme && bytes.get(SCHEME.len()).is_none_or(u8::is_ascii_whitespace)
}

/// RFC 7617 §2: a name without colon, a colon, a password; neither has control characters.
fn read(pair: &[u8]) -> Option<Pair> {
    let (name, password) = std::str::from_utf8(pair).ok()?.split_once(':')?;
    Pair::new(name, password)
}

#[cfg(test)]
mod tests;
