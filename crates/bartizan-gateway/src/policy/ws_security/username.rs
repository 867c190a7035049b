//! Users with passwords (WSS `UsernameToken` Profile 1.1).

use std::{collections::HashMap, fmt, path::PathBuf, sync::Arc};

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{Context, SHA1_FOR_LEGACY_USE_ONLY},
};
use bartizan_model::{HashKey, PrincipalKind, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Fault, ISSUER,
    document::{Part, at_most_one, attribute, elements, one, value},
    envelope::{SECURITY, UTILITY},
    freshness::{Freshness, time},
    signature::bytes,
};
use crate::policy::{
    basic::{Basic, BasicConfig, Pair, Patience},
    config::Problem,
    files,
    identity::Identity,
};

const TEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";
const DIGEST: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
const BASE64: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
const MALFORMED: &str = "username-token-malformed";
/// Most users with secrets.
const SECRETS: usize = 10_000;
/// Longest name, in bytes.
const NAME_BYTES: usize = 128;
/// Longest nonce, in bytes.
const NONCE_BYTES: usize = 128;
/// Bytes of a digest with SHA-1.
const DIGEST_BYTES: usize = 20;

/// Users with passwords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UsernameConfig {
    /// Whether each message must have such a token. Whoever sends one has to send a good one in any case.
    pub required: bool,
    /// File with a user per line, `NAME:HASH` or `NAME:HASH:SCOPES`, as `basic` reads it, for passwords that come as
    /// they are (`PasswordText`); read again at each reload.
    pub file: Option<PathBuf>,
    /// Further such users, as lines of such a file. Up to 10,000 together.
    pub users: Vec<String>,
    /// Users whose passwords come as digests (`PasswordDigest`). The digest is made of the password itself, so that the
    /// gateway needs it in clear; up to 10,000.
    pub secrets: Vec<UserSecret>,
}

impl Default for UsernameConfig {
    fn default() -> Self {
        Self { required: true, file: None, users: Vec::new(), secrets: Vec::new() }
    }
}

/// A user with a password that is known in clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserSecret {
    /// How messages name the user: up to 128 bytes, without control characters.
    pub name: String,
    /// The password, as `env:NAME` or `file:PATH`.
    pub secret: String,
    /// What the user may do.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// Who may present a password.
pub(super) struct Users {
    hashed: Option<Basic>,
    secrets: HashMap<String, Secret>,
}

struct Secret {
    password: Zeroizing<Vec<u8>>,
    scopes: Arc<[String]>,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Users({} secrets, {:?})", self.secrets.len(), self.hashed)
    }
}

/// What a token proves, or will when its password was compared.
pub(super) enum Proven {
    /// The digest is right.
    Known(Identity),
    /// The password has to be compared with a hash, which takes time.
    ToCompare(Pair),
}

/// A token that is right as far as it can be told at once.
pub(super) struct Token {
    pub(super) proven: Proven,
    /// What must not come again, and until when that is told by its age; `None` where a password has no nonce.
    pub(super) once: Option<(Vec<u8>, Timestamp)>,
}

impl Users {
    pub(super) fn compile(config: &UsernameConfig, key: &HashKey) -> Result<Self, Problem> {
        let is_hashed = config.file.is_some() || !config.users.is_empty();
        if !is_hashed && config.secrets.is_empty() {
            let problem = "somebody has to be known: `file`, `users` or `secrets` is needed";
            return Err(Problem::new("username", problem));
        }
        let basic = BasicConfig {
            file: config.file.clone(),
            users: config.users.clone(),
            realm: "api".to_owned(),
            cache_seconds: 300,
            forward: true,
        };
        let compile = || Basic::compile(&basic, key).map_err(|problem| problem.below("username"));
        let hashed = is_hashed.then(compile).transpose()?;
        if config.secrets.len() > SECRETS {
            return Err(Problem::new("username.secrets", format!("{SECRETS} are the most")));
        }
        let mut secrets = HashMap::with_capacity(config.secrets.len());
        for (at, user) in config.secrets.iter().enumerate() {
            let wrong =
                |key: &str, why: &str| Problem::new(format!("username.secrets.{at}.{key}"), why);
            if !is_name(&user.name) {
                return Err(wrong("name", "expected 1 to 128 bytes without control characters"));
            }
            let password = files::secret(&user.secret).map_err(|why| wrong("secret", &why))?;
            if password.is_empty() {
                return Err(wrong("secret", "is empty"));
            }
            let secret = Secret { password, scopes: user.scopes.clone().into() };
            if secrets.insert(user.name.clone(), secret).is_some() {
                return Err(wrong("name", "is there twice"));
            }
        }
        Ok(Self { hashed, secrets })
    }

    /// Reads a token, and verifies it as far as that takes no time.
    pub(super) fn read(
        &self,
        node: Part<'_>,
        freshness: Freshness,
        now: Timestamp,
    ) -> Result<Token, Fault> {
        let name = value(one(node, (SECURITY, "Username"), MALFORMED)?)?;
        let password = at_most_one(node, (SECURITY, "Password"), MALFORMED)?;
        let nonce = at_most_one(node, (SECURITY, "Nonce"), MALFORMED)?;
        let created = at_most_one(node, (UTILITY, "Created"), MALFORMED)?;
        let known = [password, nonce, created].into_iter().flatten().count() + 1;
        if elements(node).count() != known {
            // A salt and a number of rounds make it one for deriving keys.
            return Err(Fault::Unsupported("derived-key"));
        }
        if !is_name(name) {
            return Err(Fault::Refused(MALFORMED));
        }
        let password = password.ok_or(Fault::Refused("password-missing"))?;
        let nonce = nonce.map(read_nonce).transpose()?;
        let made = created.map(|node| time(node).ok_or(Fault::Refused(MALFORMED))).transpose()?;
        made.map_or(Ok(()), |made| freshness.check(made, now))?;
        let proven = match attribute(password, "Type").unwrap_or(TEXT) {
            TEXT => self.text(name, value(password)?)?,
            DIGEST => {
                let (Some(nonce), Some(created)) = (&nonce, created) else {
                    return Err(Fault::Refused("nonce-missing"));
                };
                self.digest(name, &bytes(password, DIGEST_BYTES)?, (nonce, value(created)?))?
            }
            _ => return Err(Fault::Unsupported("password-type")),
        };
        let until = freshness.end(made.unwrap_or(now));
        let once = nonce.map(|nonce| ([name.as_bytes(), b"\n", &nonce].concat(), until));
        Ok(Token { proven, once })
    }

    fn text(&self, name: &str, password: &str) -> Result<Proven, Fault> {
        let Some(_) = &self.hashed else { return Err(Fault::Refused("password-type-refused")) };
        let pair = Pair::new(name, password).ok_or(Fault::Refused(MALFORMED))?;
        Ok(Proven::ToCompare(pair))
    }

    /// `UsernameToken` Profile 1.1 §3.1: SHA-1 of nonce, time and password. Who is nobody takes as long as who is somebody.
    fn digest(
        &self,
        name: &str,
        shown: &[u8],
        (nonce, created): (&[u8], &str),
    ) -> Result<Proven, Fault> {
        if self.secrets.is_empty() {
            return Err(Fault::Refused("password-type-refused"));
        }
        let user = self.secrets.get(name);
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        context.update(nonce);
        context.update(created.as_bytes());
        context.update(user.map_or(b"nobody", |user| user.password.as_slice()));
        let is_same = verify_slices_are_equal(context.finish().as_ref(), shown).is_ok();
        match user.filter(|_| is_same) {
            None => Err(Fault::Refused("password-wrong")),
            Some(user) => {
                let scopes = Arc::clone(&user.scopes);
                Ok(Proven::Known(identity(PrincipalKind::Client, name, scopes)))
            }
        }
    }

    /// Compares a password with the hash of its user.
    pub(super) async fn compare(
        &self,
        pair: Pair,
        patience: Patience,
        now: Timestamp,
    ) -> Result<Identity, &'static str> {
        let Some(basic) = &self.hashed else { return Err("password-type-refused") };
        let user = basic.verify(pair, patience, now).await.map_err(|code| match code {
            "basic-busy" => "passwords-busy",
            _ => "password-wrong",
        })?;
        Ok(identity(PrincipalKind::Client, &user.subject, user.scopes))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES && !name.chars().any(char::is_control)
}

fn read_nonce(node: Part<'_>) -> Result<Vec<u8>, Fault> {
    if attribute(node, "EncodingType").is_some_and(|kind| kind != BASE64) {
        return Err(Fault::Unsupported("nonce-encoding"));
    }
    let nonce = bytes(node, NONCE_BYTES)?;
    if nonce.is_empty() { Err(Fault::Refused(MALFORMED)) } else { Ok(nonce) }
}

/// Somebody whom a message names. [`ISSUER`] tells them from who is known by other ways.
pub(super) fn identity(kind: PrincipalKind, name: &str, scopes: Arc<[String]>) -> Identity {
    Identity {
        kind,
        issuer: ISSUER.into(),
        subject: name.into(),
        owner: "".into(),
        scopes,
        claims: Arc::default(),
    }
}
