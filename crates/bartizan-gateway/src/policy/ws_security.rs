//! WS-Security: who signed a SOAP message and what of it, which user it names, and whether it is fresh. The parts that are
//! checked are those that the receiver reads.

mod algorithms;
mod canonical;
mod document;
mod envelope;
mod freshness;
mod late;
mod parts;
mod settings;
mod signature;
mod trust;
mod username;

use std::sync::Arc;

use bartizan_model::{
    HashKey, Mode, PrincipalKind, Timestamp,
    replay::{Account, ReplayStore, Use},
};
use http::{HeaderValue, StatusCode, header};

pub(crate) use self::late::is_awaited;
use self::{
    canonical::Bounds,
    envelope::{Envelope, Security},
    freshness::Freshness,
    parts::Parts,
    trust::Trust,
    username::{Proven, Users, identity},
};
pub use self::{
    settings::{SignatureConfig, WsSecurityConfig},
    trust::SignerName,
    username::{UserSecret, UsernameConfig},
};
use super::{
    PolicyItem, Surroundings,
    authentication::challenge,
    basic::Patience,
    config::Problem,
    detectors::OnGap,
    identity::Identity,
    pass::Stage,
    reading::{NOT_HELD, Within, essence, fields},
    record::{Decisions, Refusal},
};
use crate::{call::Call, handover::timestamp, phases::BodyView};

const CODE: &str = "ws-security-refused";
/// Who vouches for the names of users and signers of messages: no issuer of tokens, whose kind is another one.
pub(super) const ISSUER: &str = "ws-security";

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "ws_security",
    title: "WS-Security",
    mode: Mode::Monitor,
    documentation: "\
Verifies what the security header of a SOAP message (1.1 or 1.2) says about who sent it: OASIS WS-Security 1.1 with \
`Timestamp`, `UsernameToken` and X.509 signatures. Whoever presents a token has to present a good one (401); with \
`required` messages without one, and requests that are no such messages, are refused too: put operations that go by GET \
out of its scope. Who was verified goes as `ws_security` in `authentication`, and by name in the `subjects` of \
`authorization`; in the scope of this policy these two are asked once the body is there. Rates, quotas and challenges are \
counted before, by address. The message is never changed.

**Signatures** are by RSA (PKCS #1 v1.5, 2048 bits and more) or ECDSA (P-256 with SHA-256, P-384 with SHA-384, P-521 with \
SHA-512), over elements that are named by `wsu:Id` or `xml:id`, in Exclusive or inclusive Canonical XML 1.0 without \
comments, with no other transform than `enveloped-signature`. The certificate comes in a `BinarySecurityToken` (`X509v3`) or \
`X509Data`, or is one of `certificates` that a `KeyIdentifier` (thumbprint, subject key identifier) or a serial number (`X509IssuerSerial`) means; one of \
`authorities` has signed it directly, and it is checked as those of TLS clients are, revocation lists included. What \
has to be signed (`parts`) has to be the very element that the receiver reads: `Body` is the child of the envelope, \
`Timestamp` and `UsernameToken` those of the one security header, a header block the only one of its name. Ids have to be \
unique, whatever attribute somebody may take for one; a second envelope, body or security header anywhere, a document type \
and instructions are refused, and in what is signed so are texts that a comment or a section cuts in pieces. The meaning of a prefix \
in an `xsi:type` has to be signed with it (`uncovered_types`). With `once` a signed message is taken once.

**Users**: `PasswordText` is compared with hashes, as in `basic`; use it over TLS only. `PasswordDigest` (SHA-1 of nonce, time \
and password) has to have a nonce, which is taken once, and `Created`; it needs the password in clear (`secrets`), and whoever sees \
such a message can guess weak passwords offline: signatures are better.

**Not evaluated**, by the name that is counted: `saml-assertion`, `encryption`, `derived-key`, `token-reference`, \
`signature-confirmation`, `security-element` (others), `token-type`, `key-identifier`, `transform` (XPath, STR-Transform), `reference-uri`, \
`canonicalization-method`, `signature-algorithm` (HMAC), `digest-algorithm`, `password-type`, `nonce-encoding`, and \
`signature` and `username-token` where nothing is configured for them. Messages with any of these are refused unless \
`on_unsupported` lets them pass; then what this policy requires still has to be there, verified. Attachments \
(`multipart/related`), other encodings than UTF-8 and what is no SOAP are as `on_unreadable` says.

The body is read within `body_bytes` and `budget_micros` of processor time, at most 65,536 tags, 100 elements inside each \
other, 64 attributes of an element and 32 references; `on_budget` says what becomes of more. The certificate and the \
signature are verified before what they refer to is read.",
    examples: &[
        "\
name: partners-sign
mode: enforce
scope: {paths: [/soap], methods: [POST]}
ws_security:
  username:
    users:
      - 'terminal-7:$argon2id$v=19$m=19456,t=2,p=1$YmFydGl6YW4tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:scan'
",
    ],
};

/// Why a message is not taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It is wrong.
    Refused(&'static str),
    /// It has what is not evaluated here.
    Unsupported(&'static str),
    /// It was not read.
    Gap(&'static str),
}

impl Fault {
    #[cfg(test)]
    const fn reason(self) -> &'static str {
        match self {
            Self::Refused(reason) | Self::Unsupported(reason) | Self::Gap(reason) => reason,
        }
    }
}

/// A compiled policy.
#[derive(Debug)]
pub(crate) struct WsSecurity {
    /// Of the policy: what is used for one is not for another.
    name: String,
    users: Option<(Users, bool)>,
    signers: Option<Signers>,
    required: bool,
    timestamp: bool,
    freshness: Freshness,
    actor: Option<String>,
    on_unsupported: OnGap,
    within: Within,
    nonces: HashKey,
}

#[derive(Debug)]
struct Signers {
    trust: Trust,
    parts: Parts,
    required: bool,
    once: bool,
    sha1: bool,
    uncovered_types: OnGap,
}

/// What a message shows, as far as it can be told at once.
#[derive(Default)]
struct Shown {
    identities: Vec<Identity>,
    password: Option<super::basic::Pair>,
    /// What must not come again: what it is, by what it is known, and until when.
    once: Vec<(&'static str, Vec<u8>, Timestamp)>,
    gap: Option<&'static str>,
    /// What is left open in what is signed.
    open: Option<&'static str>,
}

impl WsSecurity {
    pub(crate) fn compile(
        name: &str,
        config: &WsSecurityConfig,
        hash_key: &HashKey,
    ) -> Result<Self, Problem> {
        if config.username.is_none() && config.signature.is_none() {
            let problem = "something has to be verified: `username` or `signature` is needed";
            return Err(Problem::new("", problem));
        }
        if !(1..=3_600).contains(&config.max_age_seconds) {
            return Err(Problem::new("max_age_seconds", "expected 1 to 3600"));
        }
        if config.leeway_seconds > 300 {
            return Err(Problem::new("leeway_seconds", "expected at most 300"));
        }
        let key = hash_key.derive("users of messages");
        let users = config
            .username
            .as_ref()
            .map(|users| Users::compile(users, &key).map(|compiled| (compiled, users.required)));
        let bounds = (config.body_bytes, config.budget_micros);
        let gaps = (config.on_budget, config.on_unreadable);
        Ok(Self {
            name: name.to_owned(),
            users: users.transpose()?,
            signers: config.signature.as_ref().map(Signers::compile).transpose()?,
            required: config.required,
            timestamp: config.timestamp,
            freshness: Freshness {
                max_age: i64::from(config.max_age_seconds),
                leeway: i64::from(config.leeway_seconds),
            },
            actor: config.actor.clone(),
            on_unsupported: config.on_unsupported,
            within: Within::compile(CODE, bounds, gaps, hash_key.seed())?,
            nonces: hash_key.derive("what messages show once"),
        })
    }

    /// Reads a message.
    fn read(&self, bytes: &[u8], now: Timestamp) -> Result<Shown, Fault> {
        if bytes.len() > self.within.amount.bytes as usize {
            return Err(Fault::Gap(super::detectors::OVER_LIMITS));
        }
        // All references together may cover the message a few times.
        let left = bytes.len().saturating_mul(4).saturating_add(64 * 1024);
        let mut bounds = Bounds { left, until: self.within.until(), elements: 0 };
        let document = document::read(bytes)?;
        bounds.check()?;
        let envelope = Envelope::read(&document, self.actor.as_deref())?;
        match &envelope.security {
            Some(security) => self.verify(&envelope, security, now, &mut bounds),
            None if self.required => Err(Fault::Refused("security-header-missing")),
            None => Ok(Shown::default()),
        }
    }

    fn verify(
        &self,
        envelope: &Envelope<'_>,
        security: &Security<'_>,
        now: Timestamp,
        bounds: &mut Bounds,
    ) -> Result<Shown, Fault> {
        let mut shown = Shown { gap: security.unsupported, ..Shown::default() };
        let made = match security.timestamp {
            Some(timestamp) => Some(self.freshness.of_timestamp(timestamp, now)?),
            None if self.timestamp => return Err(Fault::Refused("timestamp-missing")),
            None => None,
        };
        let until = self.freshness.end(made.unwrap_or(now));
        let signed = self.signature(envelope, security, until, bounds, &mut shown);
        self.leave_out(signed, self.signers.as_ref().is_some_and(|one| one.required), &mut shown)?;
        let named = self.username(security, now, &mut shown);
        self.leave_out(named, self.users.as_ref().is_some_and(|(_, is)| *is), &mut shown)?;
        if self.required && shown.identities.is_empty() && shown.password.is_none() {
            return Err(Fault::Refused(shown.gap.unwrap_or("token-missing")));
        }
        match shown.gap {
            Some(name) if self.on_unsupported == OnGap::Refuse => Err(Fault::Unsupported(name)),
            _ => Ok(shown),
        }
    }

    /// What is not evaluated, and does not have to be, is noted and left out.
    fn leave_out(
        &self,
        checked: Result<(), Fault>,
        is_required: bool,
        shown: &mut Shown,
    ) -> Result<(), Fault> {
        match checked {
            Err(Fault::Unsupported(name)) if !is_required && self.on_unsupported == OnGap::Pass => {
                shown.gap.get_or_insert(name);
                Ok(())
            }
            checked => checked,
        }
    }

    fn signature(
        &self,
        envelope: &Envelope<'_>,
        security: &Security<'_>,
        until: Timestamp,
        bounds: &mut Bounds,
        shown: &mut Shown,
    ) -> Result<(), Fault> {
        let (signature, signers) = match (security.signature, &self.signers) {
            (Some(signature), Some(signers)) => (signature, signers),
            (Some(_), None) => return Err(Fault::Unsupported("signature")),
            (None, Some(signers)) if signers.required => {
                return Err(Fault::Refused("signature-missing"));
            }
            (None, _) => return Ok(()),
        };
        let by = (&signers.trust, signers.sha1);
        let signed = signature::verify(envelope, security, signature, by, bounds)?;
        signers.parts.check(envelope, security, &signed)?;
        if signed.written.has_split_text {
            return Err(Fault::Refused("split-text"));
        }
        if signed.written.has_open_type {
            const OPEN: &str = "type-not-covered";
            match signers.uncovered_types {
                OnGap::Refuse => return Err(Fault::Refused(OPEN)),
                OnGap::Pass => shown.open = Some(OPEN),
            }
        }
        if signers.once {
            shown.once.push(("signed message", signed.digest.to_vec(), until));
        }
        let scopes = Arc::from([]);
        shown.identities.push(identity(PrincipalKind::Certificate, &signed.signer.subject, scopes));
        Ok(())
    }

    fn username(
        &self,
        security: &Security<'_>,
        now: Timestamp,
        shown: &mut Shown,
    ) -> Result<(), Fault> {
        let (token, users) = match (security.username, &self.users) {
            (Some(token), Some((users, _))) => (token, users),
            (Some(_), None) => return Err(Fault::Unsupported("username-token")),
            (None, Some((_, true))) => return Err(Fault::Refused("username-token-missing")),
            (None, _) => return Ok(()),
        };
        let token = users.read(token, self.freshness, now)?;
        shown.once.extend(token.once.map(|(nonce, until)| ("nonce", nonce, until)));
        match token.proven {
            Proven::Known(identity) => shown.identities.push(identity),
            Proven::ToCompare(pair) => shown.password = Some(pair),
        }
        Ok(())
    }

    /// Compares passwords, and takes what is good once. Only of what is good, so that nobody fills the store with nonsense.
    async fn settle(
        &self,
        mut shown: Shown,
        patience: Patience,
        now: Timestamp,
        replays: &dyn ReplayStore,
    ) -> Result<(Vec<Identity>, Option<&'static str>), &'static str> {
        if let (Some(pair), Some((users, _))) = (shown.password.take(), &self.users) {
            shown.identities.push(users.compare(pair, patience, now).await?);
        }
        let account = Account::of(self.nonces.hash("policy", self.name.as_bytes()));
        for (what, known_by, until) in &shown.once {
            let mut key = Vec::with_capacity(8 + self.name.len() + known_by.len());
            key.extend_from_slice(&(self.name.len() as u64).to_le_bytes());
            key.extend_from_slice(self.name.as_bytes());
            key.extend_from_slice(known_by);
            match replays.note(account, self.nonces.hash(what, &key), now, *until).known().await {
                Use::First => {}
                Use::Again | Use::UnderWay => return Err("used-before"),
                Use::Unknown => return Err("replays-unknown"),
            }
        }
        Ok((shown.identities, shown.gap.or(shown.open)))
    }

    fn refusal(fault: Fault) -> Refusal {
        let (Fault::Refused(reason) | Fault::Unsupported(reason) | Fault::Gap(reason)) = fault;
        if ["replays-unknown", "passwords-busy"].contains(&reason) {
            let title = "messages cannot be verified at the moment";
            let refusal = Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, CODE, title);
            let refusal = refusal.because(reason);
            return refusal.with(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let title = "the security of this message is not as it has to be";
        let refusal = Refusal::deny(StatusCode::UNAUTHORIZED, CODE, title).because(reason);
        refusal.with(header::WWW_AUTHENTICATE, challenge("WS-Security", "realm=\"api\""))
    }
}

impl Signers {
    fn compile(config: &SignatureConfig) -> Result<Self, Problem> {
        let parts = Parts::compile(&config.parts, config.all_headers)?;
        if config.once && !parts.has_timestamp() {
            let problem = "needs `Timestamp` among `parts`, which says when a message is too old";
            return Err(Problem::new("signature.once", problem));
        }
        let (authorities, lists) = (&config.authorities, &config.revocation_lists);
        Ok(Self {
            trust: Trust::compile(authorities, lists, &config.names, config.certificates.as_ref())?,
            parts,
            required: config.required,
            once: config.once,
            sha1: config.sha1,
            uncovered_types: config.uncovered_types,
        })
    }
}

/// Whether a request says that its body is XML in UTF-8, as it is.
fn check_type(call: &Call) -> Result<(), Fault> {
    const TYPES: [&str; 3] = ["text/xml", "application/soap+xml", "application/xml"];
    let is_coded = |coding: &str| !coding.trim().eq_ignore_ascii_case("identity");
    if fields(call, header::CONTENT_ENCODING).any(is_coded) {
        return Err(Fault::Gap("content-coding"));
    }
    let mut types = fields(call, header::CONTENT_TYPE);
    let (Some(named), None) = (types.next(), types.next()) else {
        return Err(Fault::Gap("content-type"));
    };
    match essence(named).as_str() {
        "multipart/related" => return Err(Fault::Gap("attachments")),
        kind if !TYPES.contains(&kind) => return Err(Fault::Gap("content-type")),
        _ => {}
    }
    for parameter in named.split(';').skip(1) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        if is_charset && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") {
            return Err(Fault::Gap("not-utf-8"));
        }
    }
    Ok(())
}

/// Asks about a handshake, which is no message: an upstream that declines it answers it as any request.
pub(super) fn handshake(stage: &Stage, call: &mut Call) -> Option<Refusal> {
    let mut asked = stage.set.ws_security.iter().filter(|policy| policy.rule.required);
    asked.find_map(|policy| {
        let missing = || WsSecurity::refusal(Fault::Refused("security-header-missing"));
        stage.is_in(&policy.scope).then(|| policy.settle(Err(missing()), call)).flatten()
    })
}

/// Asks who a message is from, and then the policies that want to know.
pub(super) async fn ask(
    stage: &Stage,
    call: &mut Call,
    body: BodyView<'_>,
    around: &Surroundings,
) -> Option<Refusal> {
    let now = timestamp(std::time::SystemTime::now());
    for policy in stage.set.ws_security.iter().filter(|policy| stage.is_in(&policy.scope)) {
        let rule = &policy.rule;
        let patience = if policy.is_enforced() { Patience::Queue } else { Patience::AtOnce };
        let read = match body {
            BodyView::Streamed(_) => Err(Fault::Gap(NOT_HELD)),
            BodyView::Whole(bytes) if bytes.is_empty() && rule.required => {
                Err(Fault::Refused("security-header-missing"))
            }
            BodyView::Whole(bytes) if bytes.is_empty() => Ok(Shown::default()),
            BodyView::Whole(bytes) => check_type(call).and_then(|()| rule.read(bytes, now)),
        };
        let checked = match read {
            Ok(shown) => match rule.settle(shown, patience, now, around.replays.as_ref()).await {
                Ok((identities, gap)) => {
                    // To identify somebody is to grant: not where the scope only may be meant.
                    if stage.reach(&policy.scope).is_sure() {
                        let decisions = call.extensions().get_or_insert_default::<Decisions>();
                        decisions.identities.extend(identities);
                    }
                    Ok(gap)
                }
                Err(reason) => Err(WsSecurity::refusal(Fault::Refused(reason))),
            },
            Err(Fault::Gap(reason)) => rule.within.gap(reason),
            Err(fault) => Err(WsSecurity::refusal(fault)),
        };
        let refusal = policy.settle(checked, call);
        if refusal.is_some() {
            return refusal;
        }
    }
    late::ask(stage, call)
}

#[cfg(test)]
mod tests;
