//! Introspection (RFC 7662): whoever made a token is asked whether it is good, for tokens that nobody else can read.

mod answer;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bartizan_model::{HashKey, Mode, Timestamp};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};

use self::answer::Answer;
use super::{
    PolicyItem, Surroundings,
    binding::{Binding, BindingConfig},
    config::Problem,
    credential::Credential,
    fetch::{Source, form_encoded},
    files,
    jwt::{self, FetchConfig},
    look_ups::LookUps,
    recent::Recent,
    record::Refusal,
};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "introspection",
    title: "Token introspection",
    mode: Mode::Monitor,
    documentation: "\
Asks the authorization server about tokens that say nothing by themselves (RFC 7662). It looks at the tokens in its \
field that no `jwt` policy in scope is for by their issuer (one in `monitor` mode keeps none from a policy that is \
enforced); own API keys are left to `api_key` policies, and requests \
without any token pass. Of several such policies for one field the first one that is enforced is asked, else the first.

A token is good when the answer says `active: true`, names one of `audiences`, the `issuer` if it names any, a \
principal in `subject_claim` (without one: `client_id`), and times that hold. What else it says counts as the claims \
of a JWT do: `scope`, `cnf` (see `binding` of `jwt` policies), those that other policies ask for. Everything else is \
refused (401, for the operator `token-inactive` or what was missing).

The server is asked once about a token, however many requests bring it. Good answers are kept for `cache_seconds` and \
never longer than the token lives, bad ones for `negative_cache_seconds`; 16384 of each kind at most, which a reload \
with the same settings keeps. A token that is \
withdrawn at the server can be used that long; a `logout` policy ends it at once. At most 32 questions are under way; \
beyond them, and when the server does not answer within `fetch.timeout_ms`, tokens are refused with 503 (`introspection-busy`, \
`introspection-unavailable`): nothing passes because it could not be asked. Where `url` may lead is as with `jwks_url` \
of `jwt` policies. `fetch.refresh_seconds`, `fetch.interval_seconds` and `fetch.hosts` say nothing here.",
    examples: &["\
name: opaque-tokens
mode: enforce
introspection:
  url: http://127.0.0.1:8080/token/introspection
  issuer: http://127.0.0.1:8080
  client_id: gateway
  client_secret: env:GATEWAY_SECRET
  audiences: [orders]
"],
};

/// Answers that are kept.
const KEPT: usize = 16_384;
/// Most bytes of a token.
const TOKEN_BYTES: usize = 4 * 1024;
/// Questions under way.
const AT_ONCE: usize = 32;

/// Settings of an introspection policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntrospectionConfig {
    /// Where the server is asked.
    pub url: String,
    /// Who made the tokens: what `iss` must be where the answer has one.
    pub issuer: String,
    /// As which client we ask.
    pub client_id: String,
    /// The secret of that client, as `env:NAME` or `file:PATH`.
    pub client_secret: String,
    /// What `aud` must hold one of.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Takes tokens whatever audience they are for, none included; `audiences` is left out then. Weaker, as with `jwt`
    /// policies.
    #[serde(default)]
    pub any_audience: bool,
    /// Field that holds the token; with or without `Bearer` unless it is `authorization`.
    #[serde(default = "authorization")]
    pub header: String,
    /// What names the principal.
    #[serde(default = "sub")]
    pub subject_claim: String,
    /// How long a good answer is kept, in seconds, 0 to 300.
    #[serde(default = "ten")]
    pub cache_seconds: u32,
    /// How long a bad answer is kept, in seconds, 0 to 300.
    #[serde(default = "ten")]
    pub negative_cache_seconds: u32,
    /// How the server is asked.
    #[serde(default)]
    pub fetch: FetchConfig,
    /// Tokens that are bound to a key or a certificate.
    #[serde(default)]
    pub binding: BindingConfig,
}

fn authorization() -> String {
    "authorization".to_owned()
}

fn sub() -> String {
    "sub".to_owned()
}

const fn ten() -> u32 {
    10
}

/// How far clocks may differ, in seconds.
const LEEWAY_SECONDS: u32 = 30;

/// A compiled introspection policy.
#[derive(Debug)]
pub(crate) struct Introspected {
    config: IntrospectionConfig,
    pub(crate) header: HeaderName,
    pub(crate) binding: Binding,
    /// Those that are kept with an identity.
    claims: BTreeSet<String>,
    hash_key: HashKey,
    asked: Arc<Asked>,
}

/// The server, and what it has answered.
struct Asked {
    source: Source,
    /// What we show it.
    as_whom: HeaderValue,
    name: String,
    look_ups: LookUps,
    has_failed: AtomicBool,
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked({:?})", self.source)
    }
}

type Hash = [u8; 32];
/// What a credential is, or why there is none.
type Judged = Result<Credential, &'static str>;
/// What the server said, or why it did not.
type Answered = Result<Arc<Answer>, &'static str>;

#[derive(Debug)]
struct State {
    good: Recent<Hash, (Credential, i64)>,
    bad: Recent<Hash, (&'static str, i64)>,
    /// Questions under way; each is answered once.
    under_way: HashMap<Hash, watch::Receiver<Option<Answered>>>,
}

impl Introspected {
    pub(crate) fn compile(
        name: &str,
        config: &IntrospectionConfig,
        claims: &BTreeSet<String>,
        surroundings: &Surroundings,
    ) -> Result<Self, Problem> {
        if config.issuer.is_empty() {
            return Err(Problem::new("issuer", "must not be empty"));
        }
        jwt::check_audiences(&config.audiences, config.any_audience)?;
        let header = HeaderName::from_bytes(config.header.as_bytes());
        let header = header.map_err(|_| Problem::new("header", "is no field name"))?;
        for (key, seconds) in [
            ("cache_seconds", config.cache_seconds),
            ("negative_cache_seconds", config.negative_cache_seconds),
        ] {
            if seconds > 300 {
                return Err(Problem::new(key, "300 is the most"));
            }
        }
        let for_issuer = (config.issuer.as_str(), LEEWAY_SECONDS);
        let binding = Binding::compile(&config.binding, for_issuer, &surroundings.hash_key)?;
        let source = Source::compile(&config.url, jwt::rules(&config.fetch)?);
        let source = source.map_err(|problem| Problem::new("url", problem))?;
        let state =
            State { good: Recent::new(KEPT), bad: Recent::new(KEPT), under_way: HashMap::new() };
        let asked = Asked {
            source,
            as_whom: as_whom(config)?,
            name: name.to_owned(),
            look_ups: surroundings.look_ups.clone(),
            has_failed: AtomicBool::new(false),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            state: Mutex::new(state),
        };
        Ok(Self {
            config: config.clone(),
            header,
            binding,
            claims: claims.clone(),
            hash_key: surroundings.hash_key.clone(),
            asked: Arc::new(asked),
        })
    }

    /// Whether it is about tokens of this issuer.
    pub(crate) fn is_of(&self, issuer: &str) -> bool {
        self.config.issuer == issuer
    }

    /// Whether it can stay in the place of one that was compiled anew, with all that it was answered: with the same
    /// settings, credentials and authorities.
    pub(crate) fn can_stay_for(&self, fresh: &Self) -> bool {
        self.config == fresh.config
            && self.claims == fresh.claims
            && self.asked.name == fresh.asked.name
            && self.asked.as_whom == fresh.asked.as_whom
            && self.asked.source.believes_as(&fresh.asked.source)
    }

    /// What a token says, by what is known of it or by asking.
    ///
    /// # Errors
    /// A short name of why it is not good.
    pub(crate) async fn ask(&self, text: &str, now: Timestamp) -> Judged {
        // RFC 6750 §2.1: what tokens consist of.
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
        if text.is_empty() || text.len() > TOKEN_BYTES || !text.bytes().all(is_token) {
            return Err("token-malformed");
        }
        // Under the key of the organisation: what is kept must not tell the token.
        let hash = *blake3::keyed_hash(self.hash_key.expose(), text.as_bytes()).as_bytes();
        if let Some(known) = self.asked.known(&hash, now) {
            return known;
        }
        let answer = self.asked.answer(hash, text).await?;
        let judged = self.judge(&answer, text, now);
        let (good, bad) = (self.config.cache_seconds, self.config.negative_cache_seconds);
        let mut state = self.asked.lock();
        match &judged {
            Ok(credential) => {
                let until = credential.until.min(now.seconds() + i64::from(good));
                state.good.put(hash, (credential.clone(), until));
            }
            Err(reason) => {
                state.bad.put(hash, (reason, now.seconds() + i64::from(bad)));
            }
        }
        judged
    }

    /// The answer to a token that is not good, or not shown to be that of who presents it.
    pub(crate) fn refusal(&self, code: &'static str, now: Timestamp) -> Refusal {
        self.binding.refusal(code, now).unwrap_or_else(|| jwt::refusal(code))
    }
}

impl Asked {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, hash: &Hash, now: Timestamp) -> Option<Judged> {
        let mut state = self.lock();
        if let Some((credential, until)) = state.good.get_mut(hash)
            && now.seconds() < *until
        {
            return Some(Ok(credential.clone()));
        }
        let (reason, until) = state.bad.get_mut(hash)?;
        (now.seconds() < *until).then_some(Err(*reason))
    }

    /// Asks, or waits for the answer to who has asked already.
    async fn answer(self: &Arc<Self>, hash: Hash, text: &str) -> Result<Arc<Answer>, &'static str> {
        let mut coming = self.begin(hash, text)?;
        let answered = coming.wait_for(Option::is_some).await;
        // The task that asks ends with an answer, unless the process does.
        answered.ok().and_then(|answer| answer.clone()).unwrap_or(Err("introspection-unavailable"))
    }

    fn begin(
        self: &Arc<Self>,
        hash: Hash,
        text: &str,
    ) -> Result<watch::Receiver<Option<Answered>>, &'static str> {
        let mut state = self.lock();
        if let Some(coming) = state.under_way.get(&hash) {
            return Ok(coming.clone());
        }
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| "introspection-busy")?;
        let (sender, coming) = watch::channel(None);
        state.under_way.insert(hash, coming.clone());
        drop(state);
        let (this, form) = (Arc::clone(self), form(text));
        // A task of its own: the client that asked first may go away.
        tokio::spawn(async move {
            let end = End { asked: &this, hash, sender, _place: place };
            let answered = match this.look_ups.go() {
                Ok(()) => this.source.post(form, Some(this.as_whom.clone())).await,
                Err(problem) => Err(problem),
            };
            let answer = answered.and_then(|bytes| Answer::read(&bytes));
            let outcome = answer.as_ref().map(drop).map_err(String::as_str);
            let before = this.has_failed.swap(outcome.is_err(), Relaxed);
            this.look_ups.introspected(&this.name, outcome, before);
            let answer = answer.map(Arc::new).map_err(|_| "introspection-unavailable");
            end.sender.send_replace(Some(answer));
        });
        Ok(coming)
    }
}

/// The end of a question, whatever came of it.
struct End<'a> {
    asked: &'a Asked,
    hash: Hash,
    sender: watch::Sender<Option<Answered>>,
    _place: tokio::sync::OwnedSemaphorePermit,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.asked.lock().under_way.remove(&self.hash);
    }
}

/// The question (RFC 7662 §2.1). Tokens consist of what a form takes as it is, but for three characters.
fn form(text: &str) -> Bytes {
    let mut out = b"token_type_hint=access_token&token=".to_vec();
    for byte in text.bytes() {
        match byte {
            b'+' | b'/' | b'=' => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.into()
}

/// What we show the server: `client_secret_basic`, each part encoded as a form is (RFC 6749 §2.3.1).
fn as_whom(config: &IntrospectionConfig) -> Result<HeaderValue, Problem> {
    let secret = files::secret(&config.client_secret);
    let secret = secret.map_err(|problem| Problem::new("client_secret", problem))?;
    if config.client_id.is_empty() || secret.is_empty() {
        return Err(Problem::new("client_id", "the server has to know who asks"));
    }
    let mut pair = form_encoded(config.client_id.as_bytes());
    pair.push(':');
    pair.push_str(&form_encoded(&secret));
    let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
    let mut value = value.map_err(|_| Problem::new("client_secret", "cannot be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}
