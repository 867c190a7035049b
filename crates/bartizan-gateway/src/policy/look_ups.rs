//! What policies look up outside of a request, and how that went: for metrics and the log.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

type Labels = Vec<(&'static str, String)>;

/// Counts look-ups and tells when they begin to fail and when they work again; failures in between
/// are only counted. Clones share everything.
#[derive(Clone)]
pub struct LookUps {
    fetches: Family<Labels, Counter>,
    fetched: Family<Labels, Gauge>,
    long_lives: Family<Labels, Counter>,
    introspections: Family<Labels, Counter>,
    captchas: Family<Labels, Counter>,
    key_reads: Family<Labels, Counter>,
    keys_read: Gauge,
    is_offline: bool,
    tell: Arc<dyn Fn(&str) + Send + Sync>,
}

impl fmt::Debug for LookUps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookUps").finish_non_exhaustive()
    }
}

impl Default for LookUps {
    /// Tells nobody.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl LookUps {
    /// Tells `tell`, with a sentence for the operator.
    #[must_use]
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            fetches: Family::default(),
            fetched: Family::default(),
            long_lives: Family::default(),
            introspections: Family::default(),
            captchas: Family::default(),
            key_reads: Family::default(),
            keys_read: Gauge::default(),
            is_offline: false,
            tell: Arc::new(tell),
        }
    }

    /// Looks nothing up: whoever would be asked is told to be out of reach.
    #[must_use]
    pub fn offline(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { is_offline: true, ..Self::new(tell) }
    }

    /// Whether something may be looked up.
    ///
    /// # Errors
    /// A sentence for the operator, where it may not.
    pub(crate) fn go(&self) -> Result<(), String> {
        match self.is_offline {
            true => Err("nothing is looked up here".to_owned()),
            false => Ok(()),
        }
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Fetches of key sets by issuer and outcome";
        registry.register("jwks_fetches", help, self.fetches.clone());
        let help = "When the keys of an issuer were last fetched, in seconds since 1970";
        registry.register("jwks_fetched_timestamp_seconds", help, self.fetched.clone());
        let help = "Verified tokens that live longer than 15 minutes, by issuer";
        registry.register("jwt_long_lives", help, self.long_lives.clone());
        let help = "Questions about tokens to whoever made them, by policy and outcome";
        registry.register("token_introspections", help, self.introspections.clone());
        let help = "Questions about solutions of CAPTCHAs, by policy and outcome";
        registry.register("captcha_verifications", help, self.captchas.clone());
        let help = "Questions to the store for own API keys, by outcome";
        registry.register("api_key_reads", help, self.key_reads.clone());
        let help =
            "When own API keys were last known to be as the store has them, in seconds since 1970";
        registry.register("api_keys_read_timestamp_seconds", help, self.keys_read.clone());
    }

    /// The keys of an issuer were fetched, or why not. `before` says whether that failed last time.
    pub(crate) fn fetched(
        &self,
        issuer: &str,
        outcome: Result<(), &str>,
        has_keys: bool,
        before: bool,
    ) {
        let labels = |outcome: Result<(), &str>| {
            vec![("issuer", issuer.to_owned()), ("outcome", word(outcome).to_owned())]
        };
        self.fetches.get_or_create(&labels(outcome)).inc();
        match outcome {
            Ok(()) => {
                self.fetched.get_or_create(&vec![("issuer", issuer.to_owned())]).set(seconds());
                if before {
                    (self.tell)(&format!("the keys of {issuer} can be fetched again"));
                }
            }
            Err(_) if before => {}
            Err(problem) => {
                let meanwhile = match has_keys {
                    true => "those known last count",
                    false => "its tokens are refused until they can",
                };
                (self.tell)(&format!(
                    "the keys of {issuer} cannot be fetched: {problem}; {meanwhile}"
                ));
            }
        }
    }

    /// A token of an issuer lives longer than it should. `was_told` says whether that is known of the issuer.
    pub(crate) fn lives_long(&self, issuer: &str, seconds: i64, was_told: bool) {
        self.long_lives.get_or_create(&vec![("issuer", issuer.to_owned())]).inc();
        if !was_told {
            (self.tell)(&format!(
                "tokens of {issuer} live {seconds} seconds, and a stolen one as long; 15 minutes are \
                 enough with refresh tokens (`max_life_seconds` refuses longer ones)"
            ));
        }
    }

    /// Whoever made a token was asked about it. `before` says whether that failed last time.
    pub(crate) fn introspected(&self, policy: &str, outcome: Result<(), &str>, before: bool) {
        let labels = vec![("policy", policy.to_owned()), ("outcome", word(outcome).to_owned())];
        self.introspections.get_or_create(&labels).inc();
        match outcome {
            Ok(()) if before => {
                (self.tell)(&format!("policy {policy}: tokens can be asked about again"))
            }
            Err(problem) if !before => (self.tell)(&format!(
                "policy {policy}: tokens cannot be asked about: {problem}; they are refused until they can"
            )),
            _ => {}
        }
    }

    /// Whoever runs a CAPTCHA was asked about a solution. `before` says whether that failed last time.
    pub(crate) fn solved(&self, policy: &str, outcome: Result<(), &str>, before: bool) {
        let labels = vec![("policy", policy.to_owned()), ("outcome", word(outcome).to_owned())];
        self.captchas.get_or_create(&labels).inc();
        match outcome {
            Ok(()) if before => {
                (self.tell)(&format!("policy {policy}: CAPTCHAs can be verified again"))
            }
            Err(problem) if !before => {
                (self.tell)(&format!("policy {policy}: CAPTCHAs cannot be verified: {problem}"))
            }
            _ => {}
        }
    }

    /// The store was asked for own API keys. `before` says whether that failed last time.
    pub(crate) fn read_keys(&self, outcome: Result<(), &str>, before: bool) {
        let labels = vec![("outcome", word(outcome).to_owned())];
        self.key_reads.get_or_create(&labels).inc();
        match outcome {
            Ok(()) => {
                self.keys_read.set(seconds());
                if before {
                    (self.tell)("API keys can be read again");
                }
            }
            Err(_) if before => {}
            Err(problem) => (self.tell)(&format!(
                "API keys cannot be read: {problem}; those known last count, also when they were \
                 revoked since"
            )),
        }
    }

    /// The store could not be told when keys were used; the uses are kept.
    pub(crate) fn uses_not_written(&self, problem: &str) {
        (self.tell)(&format!("uses of API keys cannot be written down yet: {problem}"));
    }
}

const fn word(outcome: Result<(), &str>) -> &'static str {
    if outcome.is_ok() { "ok" } else { "failed" }
}

fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
