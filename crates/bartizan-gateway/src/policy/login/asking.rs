//! One attempt to log in, from its body to the status of its answer.

use std::net::IpAddr;

use bartizan_model::{
    KeyedHash,
    counters::{Counted, Pace, RateCounter, RateDecision},
};
use http::{Method, StatusCode, request};

use super::{Asks, Login, Operations, is_safe, reading};
use crate::{
    call::Call,
    handover::timestamp,
    policy::{Surroundings, asked, challenge::Asked, nanos_now, pass::Stage, record::Refusal},
};

/// Why attempts were not counted.
const NO_COUNTER: &str = "counter-unavailable";

/// An attempt that went on to the upstream.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// Number of the policy.
    policy: usize,
    /// What was counted as failed until it is answered.
    counted: Vec<(KeyedHash, Pace)>,
    /// Failures of the account, and that the address is known to it.
    account: Option<(KeyedHash, KeyedHash)>,
}

/// All of an exchange.
#[derive(Clone, Debug, Default)]
struct Attempts(Vec<Attempt>);

/// Whether a request can be an attempt at all: most cannot, and cost nothing then.
pub(crate) fn may_ask(stage: &Stage, method: &Method) -> bool {
    let mut logins = stage.set.logins.iter();
    logins.any(|policy| policy.rule.config.operations == Operations::All || !is_safe(method))
}

/// Asks about a request whose body is there.
pub(crate) async fn ask(
    stage: &Stage,
    call: &mut Call,
    request: &request::Parts,
    around: &Surroundings,
) -> Option<Refusal> {
    // Whichever of them the upstream takes.
    let paths = asked::resources(request);
    let path = paths.first().cloned().unwrap_or_default();
    let mut attempts = Attempts::default();
    let mut refused = None;
    for (number, policy) in stage.set.logins.iter().enumerate() {
        let login = &policy.rule;
        let mut asked = paths.iter().filter_map(|path| login.asks(&call.method, path));
        let Some(asks) = asked.next() else { continue };
        if !stage.is_in(&policy.scope) {
            continue;
        }
        let read = reading::read(call, login.bounds, login.seed, &login.config.account_fields);
        let is_found = login.config.operations == Operations::Found;
        if is_found && read.account.is_none() && !read.has_secret {
            continue;
        }
        let attempt = One {
            login,
            counter: around.counter.as_ref(),
            address: call.client(),
            read: &read,
            now: nanos_now(),
        };
        let checked = match asks {
            Asks::Reset => attempt.reset().await,
            Asks::Login => {
                let challenged =
                    Asked { address: call.client(), path: &path, now: timestamp(call.time) };
                let mut kept = attempt.named(number);
                let checked = attempt.login(&mut kept, request, &challenged).await;
                // What is refused costs nothing; what is only monitored goes on, and may fail.
                if checked.is_err() && policy.is_enforced() {
                    attempt.give_back(&kept);
                } else {
                    attempts.0.push(kept);
                }
                checked
            }
        };
        refused = policy.settle(checked, call);
        if refused.is_some() {
            break;
        }
    }
    if refused.is_some() {
        // Policies before it have counted an attempt that is none.
        for attempt in attempts.0 {
            give_back(around.counter.as_ref(), &attempt.counted);
        }
    } else if !attempts.0.is_empty() {
        call.extensions().insert(attempts);
    }
    refused
}

/// Takes note of how attempts were answered.
pub(crate) fn answered(
    stage: &Stage,
    call: &mut Call,
    status: StatusCode,
    counter: &dyn RateCounter,
) {
    let Some(Attempts(attempts)) = call.extensions().remove::<Attempts>() else { return };
    for attempt in attempts {
        let Some(policy) = stage.set.logins.get(attempt.policy) else { continue };
        let login = &policy.rule;
        if login.config.failure_statuses.contains(&status.as_u16()) {
            continue;
        }
        give_back(counter, &attempt.counted);
        if let Some((_, known)) = attempt.account
            && status.is_success()
        {
            counter.forget(known, login.familiar);
            counter.charge(known, login.familiar, 1, nanos_now());
        }
    }
}

fn give_back(counter: &dyn RateCounter, counted: &[(KeyedHash, Pace)]) {
    let now = nanos_now();
    counted.iter().for_each(|(key, pace)| counter.give_back(*key, *pace, 1, now));
}

/// An attempt that is asked about.
struct One<'a> {
    login: &'a Login,
    counter: &'a dyn RateCounter,
    address: IpAddr,
    read: &'a reading::Read,
    now: u64,
}

type Checked = Result<Option<&'static str>, Refusal>;

impl One<'_> {
    fn named(&self, policy: usize) -> Attempt {
        let account = self.read.account.as_deref();
        let account =
            account.map(|name| (self.login.account(name), self.login.known(name, self.address)));
        Attempt { policy, counted: Vec::new(), account }
    }

    async fn reset(&self) -> Checked {
        let (Some(pace), Some(account)) = (self.login.resets, self.read.account.as_deref()) else {
            return Ok(None);
        };
        let key = self.login.key.hash("reset", account.as_bytes());
        match known(self.counter.count(key, pace, 1, self.now)).await {
            None => Ok(Some(NO_COUNTER)),
            Some(decision) if decision.conforms => Ok(None),
            Some(decision) => Err(Login::reset_refusal(decision.retry_nanos)),
        }
    }

    /// Counts an attempt as failed for now, unless there were too many before it.
    async fn login(
        &self,
        kept: &mut Attempt,
        request: &request::Parts,
        challenged: &Asked<'_>,
    ) -> Checked {
        let login = self.login;
        let address = login.address(self.address);
        let Some(failed) = self.count(kept, address, login.by_address).await else {
            return Ok(Some(NO_COUNTER));
        };
        let failed = failed.map_err(|retry| Login::refusal("address-failures", retry))?;
        let after = u64::from(login.config.challenge_after);
        let mut reason = (after > 0 && failed >= after).then_some("address-suspected");
        if let Some((account, known_at)) = kept.account {
            let familiar = known(self.counter.look(known_at, login.familiar, 1, self.now)).await;
            let is_familiar = familiar.is_some_and(|decision| !decision.conforms);
            let Some(failed) = self.count(kept, account, login.by_account).await else {
                return Ok(Some(NO_COUNTER));
            };
            match failed {
                _ if is_familiar => {}
                Ok(failed) if after > 0 && failed >= after => {
                    reason = reason.or(Some("account-suspected"));
                }
                Ok(_) => {}
                Err(retry) => return Err(Login::refusal("account-locked", retry)),
            }
        }
        let is_breached = |password: &str| {
            login.breached.as_ref().is_some_and(|breached| breached.holds(password))
        };
        if self.read.password.as_ref().is_some_and(|password| is_breached(password)) {
            reason = reason.or(Some("breached-password"));
        }
        let Some(reason) = reason else { return Ok(None) };
        let solved = match login.challenge.solved(&request.headers, challenged) {
            Ok((used, once)) => known(self.counter.count(used, once, 1, self.now)).await,
            Err(_) => None,
        };
        match solved {
            Some(decision) if decision.conforms => Ok(None),
            _ => Err(login.challenge.refusal(reason, challenged)),
        }
    }

    /// How many failures there were before this one, which is counted; `Err` for too many, with the nanoseconds
    /// until there are fewer. `None` when nobody knows.
    async fn count(
        &self,
        kept: &mut Attempt,
        key: KeyedHash,
        pace: Pace,
    ) -> Option<Result<u64, u64>> {
        let decision = known(self.counter.count(key, pace, 1, self.now)).await?;
        if !decision.conforms {
            return Some(Err(decision.retry_nanos));
        }
        kept.counted.push((key, pace));
        Some(Ok(pace.burst().saturating_sub(decision.remaining).saturating_sub(1)))
    }

    fn give_back(&self, kept: &Attempt) {
        give_back(self.counter, &kept.counted);
    }
}

/// What a counter says; `None` when it does not answer.
async fn known(counted: Counted<'_>) -> Option<RateDecision> {
    match counted {
        Counted::Now(decision) => Some(decision),
        Counted::Later(later) => later.await.ok(),
    }
}
