//! A breaker: an upstream that fails is left alone for a while, then tried with a few requests.
//!
//! It looks at shares within a window of ten parts, and without the client that brought about most of what is bad:
//! one address alone opens none. Who is told nothing (a client that went away) counts nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;

use crate::config::Breaker as Settings;

/// Parts of a window.
const PARTS: usize = 10;
/// Clients of a part that are told apart; bad answers to more are nobody's, which counts against the upstream.
const CLIENTS: usize = 16;

/// A breaker of one upstream.
#[derive(Debug)]
pub(crate) struct Breaker {
    pub(crate) settings: Settings,
    epoch: Instant,
    state: Mutex<State>,
    /// How often it opened.
    opened: Counter,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    parts: [Part; PARTS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    /// Until this time.
    Open(Duration),
    /// So many trials are under way.
    Trying(u32),
}

/// What was answered in one part of the window.
#[derive(Debug, Default)]
struct Part {
    number: u64,
    answers: Answers,
    /// Bad answers by client.
    clients: Vec<(u64, Answers)>,
}

/// How many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Answers {
    all: u32,
    failed: u32,
    slow: u32,
}

impl Answers {
    fn add(&mut self, other: Self) {
        self.all = self.all.saturating_add(other.all);
        self.failed = self.failed.saturating_add(other.failed);
        self.slow = self.slow.saturating_add(other.slow);
    }

    const fn bad(self) -> u32 {
        self.failed.saturating_add(self.slow)
    }
}

/// That one request may be sent. Dropping it without a word says nothing about the upstream.
#[derive(Debug)]
pub(crate) struct Pass {
    breaker: Arc<Breaker>,
    is_trial: bool,
    /// On the clock of the breaker.
    began: Duration,
}

impl Breaker {
    pub(crate) fn new(settings: Settings, opened: Counter) -> Self {
        let state = State { phase: Phase::Closed, parts: Default::default() };
        Self { settings, epoch: Instant::now(), state: Mutex::new(state), opened }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request may be sent.
    pub(crate) fn admits(&self) -> bool {
        self.admits_at(self.epoch.elapsed())
    }

    fn admits_at(&self, now: Duration) -> bool {
        match self.lock().phase {
            Phase::Closed => true,
            Phase::Open(until) => now >= until,
            Phase::Trying(under_way) => under_way < self.settings.trials,
        }
    }

    /// Whether it is open.
    pub(crate) fn is_open(&self) -> bool {
        !self.admits()
    }

    /// How long it stays open.
    pub(crate) fn opens_in(&self) -> Duration {
        match self.lock().phase {
            Phase::Open(until) => until.saturating_sub(self.epoch.elapsed()),
            Phase::Closed | Phase::Trying(_) => Duration::ZERO,
        }
    }

    /// A place for a request.
    pub(crate) fn enter(this: &Arc<Self>) -> Option<Pass> {
        Self::enter_at(this, this.epoch.elapsed())
    }

    fn enter_at(this: &Arc<Self>, now: Duration) -> Option<Pass> {
        let mut state = this.lock();
        if let Phase::Open(until) = state.phase
            && now >= until
        {
            state.phase = Phase::Trying(0);
            state.parts = Default::default();
        }
        let is_trial = match &mut state.phase {
            Phase::Closed => false,
            Phase::Open(_) => return None,
            Phase::Trying(under_way) if *under_way >= this.settings.trials => return None,
            Phase::Trying(under_way) => {
                *under_way += 1;
                true
            }
        };
        drop(state);
        Some(Pass { breaker: Arc::clone(this), is_trial, began: now })
    }

    /// Counts an answer, and judges.
    fn count(&self, now: Duration, client: Option<u64>, answers: Answers, is_trial: bool) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Trying(_)) != is_trial {
            // It was sent under other circumstances.
            return;
        }
        // Trials count until they suffice, however long that takes.
        let number = if is_trial { 1 } else { self.part(now) };
        let at = (number % PARTS as u64) as usize;
        if state.parts[at].number != number {
            state.parts[at] = Part { number, ..Part::default() };
        }
        let part = &mut state.parts[at];
        part.answers.add(answers);
        if let Some(client) = client {
            part.attribute(client, answers);
        }
        if !is_trial && answers.bad() == 0 {
            return;
        }
        let (all, counted) = state.counted(number, self.settings.counts_each_client);
        let least = if is_trial { self.settings.trials } else { self.settings.least };
        match state.phase {
            Phase::Trying(_) if all.all < least => {}
            _ if counted.all > 0 && (is_trial || counted.all >= least) && self.is_bad(counted) => {
                state.phase = Phase::Open(now + self.settings.pause);
                self.opened.inc();
            }
            Phase::Trying(_) => {
                state.phase = Phase::Closed;
                state.parts = Default::default();
            }
            Phase::Closed | Phase::Open(_) => {}
        }
    }

    fn part(&self, now: Duration) -> u64 {
        let length = (self.settings.window.as_millis() / PARTS as u128).max(1);
        // One more, so that none has the number that says that nothing was counted.
        u64::try_from(now.as_millis() / length).unwrap_or(u64::MAX - 1) + 1
    }

    fn is_bad(&self, answers: Answers) -> bool {
        let is_share = |count: u32, percent: u8| {
            u64::from(count) * 100 >= u64::from(answers.all) * u64::from(percent)
        };
        is_share(answers.failed, self.settings.failures_percent)
            || self.settings.slow.is_some_and(|slow| is_share(answers.slow, slow.percent))
    }
}

impl Part {
    /// Counts answers as those of a client, once it had a bad one.
    fn attribute(&mut self, client: u64, answers: Answers) {
        if let Some((_, known)) = self.clients.iter_mut().find(|(known, _)| *known == client) {
            known.add(answers);
        } else if answers.bad() > 0 && self.clients.len() < CLIENTS {
            self.clients.push((client, answers));
        }
    }
}

impl State {
    /// Answers of the window: all, and those by which it is judged.
    fn counted(&self, number: u64, counts_each_client: bool) -> (Answers, Answers) {
        let mut all = Answers::default();
        let mut clients: HashMap<u64, Answers> = HashMap::new();
        let is_fresh = |part: &&Part| part.number > 0 && part.number + PARTS as u64 > number;
        for part in self.parts.iter().filter(is_fresh) {
            all.add(part.answers);
            for (client, answers) in &part.clients {
                clients.entry(*client).or_default().add(*answers);
            }
        }
        let worst = clients.into_values().max_by_key(|answers| answers.bad());
        let Some(worst) = worst.filter(|_| !counts_each_client) else { return (all, all) };
        let without = Answers {
            all: all.all.saturating_sub(worst.all),
            failed: all.failed.saturating_sub(worst.failed),
            slow: all.slow.saturating_sub(worst.slow),
        };
        (all, without)
    }
}

impl Pass {
    /// The same for a request that may last as long as its client likes, and of which no answer is told: it takes no
    /// place from those by which the upstream is tried.
    pub(crate) fn without_trial(mut self) -> Self {
        self.leave();
        self
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.is_trial)
            && let Phase::Trying(under_way) = &mut self.breaker.lock().phase
        {
            *under_way = under_way.saturating_sub(1);
        }
    }

    /// The head of an answer is there. `client` asked.
    pub(crate) fn answered(self, status: StatusCode, client: u64) {
        let now = self.breaker.epoch.elapsed();
        self.answered_at(now, status, client);
    }

    fn answered_at(self, now: Duration, status: StatusCode, client: u64) {
        let slow = self.breaker.settings.slow;
        let is_slow = slow.is_some_and(|slow| now.saturating_sub(self.began) > slow.after);
        // 501 and 505 are about what was asked (RFC 9110 §15.6.2, §15.6.6).
        let is_failure = status.is_server_error() && !matches!(status.as_u16(), 501 | 505);
        let answers = Answers { all: 1, failed: u32::from(is_failure), slow: u32::from(is_slow) };
        self.breaker.count(now, Some(client), answers, self.is_trial);
    }

    /// There is no answer; `None` where no client could bring that about.
    pub(crate) fn failed(self, client: Option<u64>) {
        let answers = Answers { all: 1, failed: 1, slow: 0 };
        self.breaker.count(self.breaker.epoch.elapsed(), client, answers, self.is_trial);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests;
