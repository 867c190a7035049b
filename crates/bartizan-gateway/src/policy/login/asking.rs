//! One attempt to log in, from its body to the status of its answer.

use std::net::IpAddr;

use bartizan_model::{
    KeyedHash,
    counters::{Completeness, Pace, RateCounter},
};
use http::{StatusCode, request};

use super::{
    Asks, Login, Operations,
    reading::{self, Read},
};
use crate::{
    call::Call,
    handover::timestamp,
    phases::BodyView,
    policy::{
        Surroundings, asked,
        challenge::Asked,
        nanos_now,
        pass::Stage,
        readings::{Amount, Readings},
        record::{Policy, Refusal},
    },
};

/// Why attempts were not counted.
const NO_COUNTER: &str = "counter-unavailable";

/// An attempt that went on to the upstream.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// Number of the policy.
    policy: usize,
    /// What was counted as failed until it is answered.
    counted: Vec<(KeyedHash, Pace, u64)>,
    /// That the address has logged in with this, if it succeeds.
    known: Option<KeyedHash>,
}

impl Attempt {
    /// It has not failed.
    fn give_back(&self, counter: &dyn RateCounter) {
        let now = nanos_now();
        self.counted.iter().for_each(|(key, pace, tries)| {
            counter.give_back(*key, *pace, *tries, now);
        });
    }
}

/// All of an exchange.
#[derive(Clone, Debug, Default)]
struct Attempts(Vec<Attempt>);

/// Whether a request can be an attempt at all: most cannot, and cost nothing then.
pub(crate) fn may_ask(stage: &Stage, request: &request::Parts) -> bool {
    let mut logins = stage.set.logins.iter();
    let takes_all = |policy: &Policy<Login>| policy.rule.config.operations == Operations::All;
    logins.len() > 0 && (logins.any(takes_all) || asked::may_change(request))
}

/// How much of a request is read, if it is asked about.
pub(in crate::policy) fn amount(stage: &Stage, request: &request::Parts) -> Option<Amount> {
    if !may_ask(stage, request) {
        return None;
    }
    let (paths, may_change) = (asked::resources(request), asked::may_change(request));
    let asking = |policy: &&Policy<Login>| {
        !policy.rule.all_asked(may_change, &paths).is_empty() && stage.is_in(&policy.scope)
    };
    stage.set.logins.iter().filter(asking).map(|policy| policy.rule.amount).reduce(Amount::or)
}

/// Asks about a request whose body is there, or is passed on as it comes.
pub(in crate::policy) async fn ask(
    stage: &Stage,
    call: &mut Call,
    request: &request::Parts,
    (body, readings): (BodyView<'_>, &mut Readings),
    around: &Surroundings,
) -> Option<Refusal> {
    // Whichever of them the upstream takes.
    let (paths, may_change) = (asked::resources(request), asked::may_change(request));
    let mut attempts = Attempts::default();
    let mut refused = None;
    'policies: for (number, policy) in stage.set.logins.iter().enumerate() {
        let asks = policy.rule.all_asked(may_change, &paths);
        if asks.is_empty() || !stage.is_in(&policy.scope) {
            continue;
        }
        let Login { amount, config, .. } = &policy.rule;
        let read = reading::read(readings, body, *amount, &config.account_fields);
        let is_found = config.operations == Operations::Found;
        if is_found && !read.is_attempt() && read.refused.is_none() {
            continue;
        }
        for asks in asks {
            let one = One {
                login: &policy.rule,
                counter: around.counter.as_ref(),
                address: call.client(),
                read: &read,
                now: nanos_now(),
            };
            let challenged = Asked {
                address: call.client(),
                path: paths.first().map_or("", String::as_str),
                now: timestamp(call.time),
            };
            let (kept, checked) = one.ask(asks, (number, policy), request, &challenged).await;
            attempts.0.extend(kept);
            refused = policy.settle(checked, call);
            if refused.is_some() {
                break 'policies;
            }
        }
    }
    if refused.is_some() {
        // Policies before it have counted an attempt that is none.
        attempts.0.iter().for_each(|attempt| attempt.give_back(around.counter.as_ref()));
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
        attempt.give_back(counter);
        if let Some(known) = attempt.known.filter(|_| status.is_success()) {
            counter.forget(known, login.familiar);
            counter.charge(known, login.familiar, 1, nanos_now());
        }
    }
}

/// Takes note of the end of attempts that were not answered: nothing has failed where nobody was asked.
pub(crate) fn ended(call: &Call, counter: &dyn RateCounter) {
    let attempts = call.extension::<Attempts>().filter(|_| !call.may_have_acted);
    attempts.iter().flat_map(|attempts| &attempts.0).for_each(|one| one.give_back(counter));
}

/// An attempt that is asked about.
struct One<'a> {
    login: &'a Login,
    counter: &'a dyn RateCounter,
    address: IpAddr,
    read: &'a Read,
    now: u64,
}

type Checked = Result<Option<&'static str>, Refusal>;

/// What was counted before.
struct Before {
    failed: u64,
    /// Whether there may have been more.
    is_incomplete: bool,
}

impl One<'_> {
    /// What follows, and what is kept of an attempt that goes on.
    async fn ask(
        &self,
        asks: Asks,
        (number, policy): (usize, &Policy<Login>),
        request: &request::Parts,
        challenged: &Asked<'_>,
    ) -> (Option<Attempt>, Checked) {
        if asks == Asks::Reset {
            return (None, self.reset().await);
        }
        let known = self.login.known(self.read, self.address);
        let mut kept = Attempt { policy: number, counted: Vec::new(), known };
        let checked = self.login(&mut kept, request, challenged).await;
        // What is refused costs nothing; what is only monitored goes on, and may fail.
        if checked.is_err() && policy.is_enforced() {
            kept.give_back(self.counter);
            return (None, checked);
        }
        (Some(kept), checked)
    }

    async fn reset(&self) -> Checked {
        let Some(pace) = self.login.resets else { return Ok(None) };
        if let Some(reason) = self.read.refused {
            return Err(Login::unreadable(reason));
        }
        for (account, tries) in self.read.accounts() {
            let key = self.login.key.hash("reset", account.as_bytes());
            match self.counter.count(key, pace, tries, self.now).known().await {
                None => return Ok(Some(NO_COUNTER)),
                Some(decision) if decision.conforms => {}
                Some(decision) => return Err(Login::reset_refusal(decision.retry_nanos)),
            }
        }
        Ok(None)
    }

    /// Counts an attempt as failed for now, unless there were too many before it.
    async fn login(
        &self,
        kept: &mut Attempt,
        request: &request::Parts,
        challenged: &Asked<'_>,
    ) -> Checked {
        let (login, tries) = (self.login, self.read.tries());
        let mut reason = None;
        for (at, (key, pace)) in login.origins(self.address).into_iter().enumerate() {
            let Some(before) = self.count(kept, key, pace, tries).await else {
                return Ok(Some(NO_COUNTER));
            };
            let before = before.map_err(|retry| Login::refusal("address-failures", retry))?;
            if at == 0 {
                reason = self.suspicion(&before, tries, "address-suspected");
            }
        }
        if let Some(unread) = self.read.refused {
            return Err(Login::unreadable(unread));
        }
        let is_familiar = match kept.known {
            None => false,
            Some(known) => {
                let looked = self.counter.look(known, login.familiar, 1, self.now).known().await;
                looked.is_some_and(|decision| !decision.conforms)
            }
        };
        for (account, tries) in self.read.accounts() {
            let (key, pace) = (login.account(account), login.by_account);
            let Some(before) = self.count(kept, key, pace, tries).await else {
                return Ok(Some(NO_COUNTER));
            };
            match before {
                _ if is_familiar => {}
                Ok(before) => {
                    let suspicion = self.suspicion(&before, tries, "account-suspected");
                    reason = reason.or(suspicion);
                }
                Err(retry) => return Err(Login::refusal("account-locked", retry)),
            }
        }
        let is_breached = |password: &str| {
            login.breached.as_ref().is_some_and(|breached| breached.holds(password))
        };
        if self.read.passwords.iter().any(|password| is_breached(password)) {
            reason = reason.or(Some("breached-password"));
        }
        let Some(reason) = reason else { return Ok(None) };
        let solved = match login.challenge.solved(&request.headers, challenged) {
            Ok((used, once)) => self.counter.count(used, once, 1, self.now).known().await,
            Err(_) => None,
        };
        match solved {
            Some(decision) if decision.conforms => Ok(None),
            _ => Err(login.challenge.refusal(reason, challenged)),
        }
    }

    /// Why somebody of whom that is known has to solve a challenge; `None` when they need not.
    fn suspicion(&self, before: &Before, tries: u64, reason: &'static str) -> Option<&'static str> {
        let after = u64::from(self.login.config.challenge_after);
        let beyond = before.failed.saturating_add(tries) > after;
        let reason = if beyond { reason } else { "failures-forgotten" };
        (after > 0 && (beyond || before.is_incomplete)).then_some(reason)
    }

    /// How many failures there were before this one, which is counted; `Err` for too many, with the nanoseconds
    /// until there are fewer. `None` when nobody knows.
    async fn count(
        &self,
        kept: &mut Attempt,
        key: KeyedHash,
        pace: Pace,
        tries: u64,
    ) -> Option<Result<Before, u64>> {
        let decision = self.counter.count(key, pace, tries, self.now).known().await?;
        if !decision.conforms {
            return Some(Err(decision.retry_nanos));
        }
        kept.counted.push((key, pace, tries));
        let failed = pace.burst().saturating_sub(decision.remaining).saturating_sub(tries);
        let is_incomplete = decision.completeness == Completeness::Incomplete;
        Some(Ok(Before { failed, is_incomplete }))
    }
}
