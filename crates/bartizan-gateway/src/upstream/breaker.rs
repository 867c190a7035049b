//! A breaker: an upstream that fails is left alone for a while, then tried with a few requests.
//!
//! It looks at shares within a window of ten parts: of all answers, and of the clients, of which each has one voice
//! however much it asks. Both have to be bad, and the voices those of several, so that a few addresses open none.
//! Who is told nothing (a client that went away) counts nothing.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;

use crate::config::Breaker as Settings;

/// Parts of a window.
const PARTS: usize = 10;
/// Clients that have a voice: of more, those with the lowest numbers, which are random, so that they are a sample of all
/// and nobody can choose to be among them (bottom-k sampling, Cohen and Kaplan 2007).
const CLIENTS: usize = 32;
/// Fewer clients than that bring nothing about, whatever they do.
const FEWEST: u32 = 3;
/// All of something, as shares are told.
const WHOLE: u64 = 1_000_000;

/// A breaker of one upstream.
#[derive(Debug)]
pub(crate) struct Breaker {
    pub(crate) settings: Settings,
    epoch: Instant,
    state: Mutex<State>,
    /// Numbers clients.
    numbers: RandomState,
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
    /// All.
    answers: Answers,
    /// Those that no client could bring about.
    nobodys: Answers,
    /// Those of the clients that have a voice, by their numbers, lowest first.
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

    fn shares(self) -> Shares {
        let share = |count: u32| u64::from(count) * WHOLE / u64::from(self.all).max(1);
        Shares { failed: share(self.failed), slow: share(self.slow) }
    }
}

/// Which share of answers is bad, of [`WHOLE`].
#[derive(Clone, Copy, Debug, Default)]
struct Shares {
    failed: u64,
    slow: u64,
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
        let (state, numbers) = (Mutex::new(state), RandomState::new());
        Self { settings, epoch: Instant::now(), state, numbers, opened }
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
        match client {
            Some(client) => part.attribute(self.numbers.hash_one(client), answers),
            None => part.nobodys.add(answers),
        }
        if !is_trial && answers.bad() == 0 {
            return;
        }
        let least = if is_trial { self.trials() } else { self.settings.least };
        let all = state.sum(number, |part| part.answers);
        if all.all < least {
            return;
        }
        if self.is_bad(all.shares()) && self.is_bad(self.voiced(&state, number, all)) {
            state.phase = Phase::Open(now + self.settings.pause);
            self.opened.inc();
        } else if is_trial {
            state.phase = Phase::Closed;
            state.parts = Default::default();
        }
    }

    /// How many trials are enough. Fewer clients than count could not keep it open.
    fn trials(&self) -> u32 {
        match self.settings.counts_each_client {
            true => self.settings.trials,
            false => self.settings.trials.max(FEWEST),
        }
    }

    /// The shares as they would be if each client had asked as often as the others. What no client could bring about
    /// counts in any case, the rest only if it is bad for several clients.
    fn voiced(&self, state: &State, number: u64, all: Answers) -> Shares {
        if self.settings.counts_each_client {
            return all.shares();
        }
        let clients = state.clients(number);
        let voices = || clients.iter().map(|(_, answers)| answers.shares());
        let is_concerned = |shares: &Shares| self.is_bad(*shares);
        let mut mean = Shares::default();
        if voices().filter(is_concerned).count() >= FEWEST as usize {
            for shares in voices() {
                mean.failed += shares.failed;
                mean.slow += shares.slow;
            }
            let count = clients.len() as u64;
            mean = Shares { failed: mean.failed / count, slow: mean.slow / count };
        }
        let nobodys = state.sum(number, |part| part.nobodys);
        let of_clients = u64::from(all.all.saturating_sub(nobodys.all));
        let share = |own: u32, mean: u64| {
            (u64::from(own) * WHOLE + of_clients * mean) / u64::from(all.all).max(1)
        };
        Shares { failed: share(nobodys.failed, mean.failed), slow: share(nobodys.slow, mean.slow) }
    }

    fn part(&self, now: Duration) -> u64 {
        let length = (self.settings.window.as_millis() / PARTS as u128).max(1);
        // One more, so that none has the number that says that nothing was counted.
        u64::try_from(now.as_millis() / length).unwrap_or(u64::MAX - 1) + 1
    }

    fn is_bad(&self, shares: Shares) -> bool {
        let is_share = |share: u64, percent: u8| share * 100 >= u64::from(percent) * WHOLE;
        is_share(shares.failed, self.settings.failures_percent)
            || self.settings.slow.is_some_and(|slow| is_share(shares.slow, slow.percent))
    }
}

impl Part {
    /// Counts answers as those of a client, if it has a voice.
    fn attribute(&mut self, client: u64, answers: Answers) {
        match self.clients.binary_search_by_key(&client, |(known, _)| *known) {
            Ok(at) => self.clients[at].1.add(answers),
            Err(at) if at < CLIENTS => {
                self.clients.truncate(CLIENTS - 1);
                self.clients.insert(at, (client, answers));
            }
            Err(_) => {}
        }
    }
}

impl State {
    /// The parts of the window that ends with this one.
    fn fresh(&self, number: u64) -> impl Iterator<Item = &Part> {
        let is_fresh = move |part: &&Part| part.number > 0 && part.number + PARTS as u64 > number;
        self.parts.iter().filter(is_fresh)
    }

    fn sum(&self, number: u64, of: impl Fn(&Part) -> Answers) -> Answers {
        let mut sum = Answers::default();
        self.fresh(number).for_each(|part| sum.add(of(part)));
        sum
    }

    /// The clients of the window that have a voice. Each that is among the lowest of all is so in every part, so that
    /// none of its answers is missed.
    fn clients(&self, number: u64) -> Vec<(u64, Answers)> {
        let all = self.fresh(number).flat_map(|part| part.clients.iter().copied());
        let mut clients: Vec<(u64, Answers)> = all.collect();
        clients.sort_unstable_by_key(|(client, _)| *client);
        clients.dedup_by(|(next, more), (client, answers)| {
            let is_same = next == client;
            if is_same {
                answers.add(*more);
            }
            is_same
        });
        clients.truncate(CLIENTS);
        clients
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
