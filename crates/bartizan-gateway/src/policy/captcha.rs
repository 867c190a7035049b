//! CAPTCHAs of others: whether a person has solved one is asked of whoever runs it.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use bartizan_model::{
    Action, HashKey, KeyedHash, Mode,
    counters::{Pace, Rate},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::{
    PolicyItem, Surroundings,
    config::Problem,
    fetch::{Source, form_encoded},
    files,
    identity::Identity,
    jwt::{self, FetchConfig, token},
    look_ups::LookUps,
    rate::OnFailure,
    record::Refusal,
};

/// Most bytes of a solution: the largest that providers are known to give have about 5 KB.
const SOLUTION_BYTES: usize = 8 * 1024;
/// Questions under way.
const AT_ONCE: usize = 32;
/// How long a used solution is known, in nanoseconds: longer than any provider takes it.
const KNOWN_NANOS: u64 = 3_600 * 1_000_000_000;
/// Where it is told which CAPTCHA is to be solved.
const ASKED: HeaderName = HeaderName::from_static("captcha");

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "captcha",
    title: "CAPTCHAs",
    mode: Mode::Monitor,
    documentation: "\
Lets requests pass that bring the solution of a CAPTCHA, and asks whoever runs it whether that is one. It speaks what \
Cloudflare Turnstile, hCaptcha and Google reCAPTCHA have in common: a form with `secret`, `response` and `remoteip` is \
posted to `url`, and the answer is an object with `success`. `hostnames`, `action` and `min_score_percent` demand that \
the answer says these too: a solution that was made for another page of the same site does not count.

Requests without a solution are answered with 403 and `Captcha: SITE_KEY`, for the page to show. A solution counts once \
and for one request; where the provider was not reached it can be sent again. Whoever is identified is not asked unless \
`identified: true`.

At most 32 questions are under way. Beyond them, and when the provider does not answer within `fetch.timeout_ms`, \
requests are refused with 503 (`captcha-busy`, `captcha-unavailable`), or pass with `on_failure: open`. Where `url` may \
lead is as with `jwks_url` of `jwt` policies. In monitor mode nobody is asked, as that would use the solution up: \
requests with a solution are *not evaluated* then, those without one would be refused. `challenge` is the kind without \
a provider.",
    examples: &["\
name: sign-up
mode: enforce
scope: {paths: [/v1/accounts], methods: [POST]}
captcha:
  url: http://127.0.0.1:8080/siteverify
  secret: env:GATEWAY_SECRET
  site_key: '0x4AAAAAAA'
  hostnames: [www.example.com]
  action: sign-up
"],
};

/// Settings of a CAPTCHA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptchaConfig {
    /// Where solutions are verified, as whoever runs it says.
    pub url: String,
    /// The secret for that, as `env:NAME` or `file:PATH`.
    pub secret: String,
    /// The public key of the site, which is told to whoever has to solve one.
    pub site_key: String,
    /// Field that holds the solution.
    #[serde(default = "field")]
    pub header: String,
    /// Host names of pages, one of which the answer has to say. Empty: not looked at.
    #[serde(default)]
    pub hostnames: Vec<String>,
    /// The action that the answer has to say.
    #[serde(default)]
    pub action: Option<String>,
    /// Least score, in hundredths, 1 to 100: for CAPTCHAs that give one.
    #[serde(default)]
    pub min_score_percent: Option<u8>,
    /// Whether the address of the client is told to whoever runs it.
    #[serde(default = "yes")]
    pub tell_address: bool,
    /// Whether those who are identified are asked too.
    #[serde(default)]
    pub identified: bool,
    /// What happens when it cannot be asked: `closed` refuses with 503.
    #[serde(default = "closed")]
    pub on_failure: OnFailure,
    /// How it is asked.
    #[serde(default)]
    pub fetch: FetchConfig,
}

fn field() -> String {
    "captcha-response".to_owned()
}

const fn yes() -> bool {
    true
}

const fn closed() -> OnFailure {
    OnFailure::Closed
}

/// A compiled CAPTCHA.
#[derive(Debug)]
pub(crate) struct Captcha {
    config: CaptchaConfig,
    header: HeaderName,
    site_key: HeaderValue,
    secret: Zeroizing<Vec<u8>>,
    source: Source,
    name: String,
    key: HashKey,
    once: Pace,
    places: Semaphore,
    has_failed: AtomicBool,
    look_ups: LookUps,
}

/// Why a request is not let in for its solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsolved {
    /// It is none.
    Wrong(&'static str),
    /// That cannot be known now.
    Unknown(&'static str),
}

/// A solution, as it was sent.
#[derive(Clone, Copy)]
pub(crate) struct Solution<'a> {
    text: &'a str,
    /// Under what its use is kept, and how: it has to be the first one.
    pub(crate) used: (KeyedHash, Pace),
}

impl Captcha {
    pub(crate) fn compile(
        name: &str,
        config: &CaptchaConfig,
        surroundings: &Surroundings,
    ) -> Result<Self, Problem> {
        let header = HeaderName::from_bytes(config.header.as_bytes());
        let header = header.map_err(|_| Problem::new("header", "is no field name"))?;
        if [header::AUTHORIZATION, header::COOKIE].contains(&header) {
            return Err(Problem::new("header", "holds something else"));
        }
        let site_key = HeaderValue::from_str(&config.site_key).ok().filter(|key| !key.is_empty());
        let site_key =
            site_key.ok_or_else(|| Problem::new("site_key", "must be one line of ASCII"))?;
        if config.min_score_percent.is_some_and(|score| !(1..=100).contains(&score)) {
            return Err(Problem::new("min_score_percent", "expected 1 to 100"));
        }
        let secret = files::secret(&config.secret);
        let secret = secret.map_err(|problem| Problem::new("secret", problem))?;
        if secret.is_empty() {
            return Err(Problem::new("secret", "is empty"));
        }
        let source = Source::compile(&config.url, jwt::rules(&config.fetch)?);
        let source = source.map_err(|problem| Problem::new("url", problem))?;
        let once = Rate::new(1, KNOWN_NANOS, 1).map(Pace::Steady);
        Ok(Self {
            config: config.clone(),
            header,
            site_key,
            secret,
            source,
            name: name.to_owned(),
            key: surroundings.hash_key.derive(&format!("captcha {name}")),
            once: once.ok_or_else(|| Problem::new("", "cannot be counted with"))?,
            places: Semaphore::new(AT_ONCE),
            has_failed: AtomicBool::new(false),
            look_ups: surroundings.look_ups.clone(),
        })
    }

    /// Whether somebody who is identified so has to solve one.
    pub(crate) fn is_for(&self, identities: &[Identity]) -> bool {
        self.config.identified || identities.is_empty()
    }

    pub(crate) const fn on_failure(&self) -> OnFailure {
        self.config.on_failure
    }

    /// The solution that a request brings.
    ///
    /// # Errors
    /// A short name of why there is none.
    pub(crate) fn sent<'a>(&self, fields: &'a HeaderMap) -> Result<Solution<'a>, &'static str> {
        let mut sent = fields.get_all(&self.header).iter();
        let Some(text) = sent.next() else { return Err("captcha-unsolved") };
        if sent.next().is_some() {
            return Err("captcha-several");
        }
        let is_plain = |text: &&str| {
            (1..=SOLUTION_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        };
        let text = text.to_str().ok().filter(is_plain).ok_or("captcha-malformed")?;
        Ok(Solution { text, used: (self.key.hash("used", text.as_bytes()), self.once) })
    }

    /// Asks whether it is one.
    ///
    /// # Errors
    /// Why it is none, or why that cannot be known.
    pub(crate) async fn verify(
        &self,
        solution: Solution<'_>,
        address: IpAddr,
    ) -> Result<(), Unsolved> {
        let Ok(_place) = self.places.try_acquire() else {
            return Err(Unsolved::Unknown("captcha-busy"));
        };
        let answered = match self.look_ups.go() {
            Ok(()) => self.source.post(self.form(solution.text, address), None).await,
            Err(problem) => Err(problem),
        };
        let answer = answered.and_then(|bytes| read(&bytes));
        let outcome = answer.as_ref().map(drop).map_err(String::as_str);
        let before = self.has_failed.swap(outcome.is_err(), Relaxed);
        self.look_ups.solved(&self.name, outcome, before);
        let answer = answer.map_err(|_| Unsolved::Unknown("captcha-unavailable"))?;
        self.judge(&answer).map_err(Unsolved::Wrong)
    }

    fn form(&self, solution: &str, address: IpAddr) -> Bytes {
        let mut form = Zeroizing::new(format!("secret={}", form_encoded(&self.secret)));
        form.push_str("&response=");
        form.push_str(&form_encoded(solution.as_bytes()));
        if self.config.tell_address {
            form.push_str("&remoteip=");
            form.push_str(&form_encoded(address.to_canonical().to_string().as_bytes()));
        }
        Bytes::copy_from_slice(form.as_bytes())
    }

    /// Whether that is a good answer.
    fn judge(&self, answer: &token::Claims) -> Result<(), &'static str> {
        if answer.get("success") != Some(&Value::Bool(true)) {
            return Err("captcha-wrong");
        }
        let hosts = &self.config.hostnames;
        let is_host = |host: &str| hosts.iter().any(|one| one.eq_ignore_ascii_case(host));
        if !hosts.is_empty() && !answer.text("hostname").is_some_and(is_host) {
            return Err("captcha-hostname");
        }
        if self.config.action.is_some() && answer.text("action") != self.config.action.as_deref() {
            return Err("captcha-action");
        }
        if let Some(least) = self.config.min_score_percent {
            let score = answer.get("score").and_then(Value::as_f64);
            // A number that is none compares with nothing.
            if !score.is_some_and(|score| score * 100.0 >= f64::from(least)) {
                return Err("captcha-score");
            }
        }
        Ok(())
    }

    /// The refusal that asks for a solution.
    pub(crate) fn refusal(&self, reason: &'static str) -> Refusal {
        let title = "solve the CAPTCHA and ask again";
        let mut refusal = Refusal::deny(StatusCode::FORBIDDEN, "captcha-required", title);
        refusal.action = Action::Challenge;
        let how = format!("send the solution in the field {}", self.header);
        refusal.because(reason).with_detail(how).with(ASKED, self.site_key.clone())
    }

    /// The refusal when it cannot be asked.
    pub(crate) fn unavailable(reason: &'static str) -> Refusal {
        let title = "the CAPTCHA cannot be verified; try again soon";
        Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, reason, title)
            .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

/// An answer: an object with each name once, that says whether it is a solution.
fn read(bytes: &[u8]) -> Result<token::Claims, String> {
    let answer: token::Claims = serde_json::from_slice(bytes)
        .map_err(|_| "the answer is no object with each name once".to_owned())?;
    match answer.get("success") {
        Some(Value::Bool(_)) => Ok(answer),
        _ => Err("the answer does not say whether it is a solution".to_owned()),
    }
}

#[cfg(test)]
mod tests;
