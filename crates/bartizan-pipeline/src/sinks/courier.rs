//! One courier: takes what is due for one sink, sends it, and writes down what became of it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bartizan_model::{Scope, Timestamp};
use bartizan_store::{Delivery, Fate, Settled, Store, StoreError, Take};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout_at},
};

use super::{Answer, CompiledSink, pause};

/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_secs(1);
/// How long nobody else takes what was taken. Longer than any send.
const CLAIM: bartizan_model::Duration = bartizan_model::Duration::minutes(5);
/// Longest time for one batch, beyond which the sink itself is at fault.
const LONGEST_SEND: Duration = Duration::from_secs(120);

/// Who takes deliveries in a process that has the store for itself.
pub(super) const HOLDER: &str = "serve";

/// When to come to an end; `None`: not yet.
pub(super) type Closing = watch::Receiver<Option<Instant>>;

/// What is to be seen of a courier.
#[derive(Clone, Debug, Default)]
pub(super) struct Glimpse {
    pub(super) last_error: String,
    pub(super) last_sent: Option<Timestamp>,
    /// Failures in a row: 0 when the sink is well.
    pub(super) failing: u32,
}

pub(super) struct Courier {
    sink: CompiledSink,
    store: Arc<dyn Store>,
    scope: Scope,
    now: fn() -> Timestamp,
    glimpse: Arc<Mutex<Glimpse>>,
    closing: Closing,
    /// Failures in a row.
    failures: u32,
}

impl Courier {
    pub(super) fn new(
        sink: CompiledSink,
        store: Arc<dyn Store>,
        scope: Scope,
        now: fn() -> Timestamp,
        glimpse: Arc<Mutex<Glimpse>>,
        closing: Closing,
    ) -> Self {
        Self { sink, store, scope, now, glimpse, closing, failures: 0 }
    }

    /// Works until it is told to close; then sends what is due, once, as long as there is time.
    pub(super) async fn run(mut self) {
        loop {
            let rest = match self.round().await {
                Ok(rest) => rest,
                Err(error) => {
                    self.failures = self.failures.saturating_add(1);
                    self.tell(format!("the store: {error}"));
                    Some(LOOK)
                }
            };
            let deadline = *self.closing.borrow();
            match (deadline, rest) {
                (Some(deadline), None) if Instant::now() < deadline => {}
                (Some(_), _) => return,
                (None, None) => {}
                (None, Some(rest)) => {
                    tokio::select! {
                        () = sleep(rest) => {}
                        told = self.closing.changed() => {
                            // Nobody is left who could tell.
                            if told.is_err() {
                                return;
                            }
                        }
                    }
                }
            }
        }
    }

    /// Takes, sends and settles one batch. How long to rest; `None` when there may be more.
    async fn round(&mut self) -> Result<Option<Duration>, StoreError> {
        let now = (self.now)();
        // One is enough to see whether a sink is back.
        let limit = if self.failures == 0 { self.sink.sink.most() } else { 1 };
        let name = self.sink.subscription.sink.clone();
        let take = Take { sink: &name, holder: HOLDER, now, until: now.plus(CLAIM), limit };
        let taken = self.store.take_deliveries(&self.scope, &take).await?;
        if taken.is_empty() {
            return Ok(Some(LOOK));
        }
        let Some(answers) = self.send(&taken).await else {
            // Cut off. What was taken is released, or its claim lapses.
            return Ok(Some(LOOK));
        };
        let (settled, rest) = self.judge(&taken, &answers);
        self.settle(&name, &settled).await?;
        Ok(rest)
    }

    /// The answers, unless time is up.
    async fn send(&mut self, taken: &[Delivery]) -> Option<Vec<Answer>> {
        let mut closing = self.closing.clone();
        let cut = async move {
            let deadline = closing.wait_for(Option::is_some).await.ok().and_then(|at| *at);
            sleep_until(deadline.unwrap_or_else(Instant::now)).await;
        };
        let longest = Instant::now() + LONGEST_SEND;
        tokio::select! {
            answers = timeout_at(longest, self.sink.sink.send(taken)) => {
                let late = |_| vec![Answer::Failed("the sink took too long".to_owned(), None)];
                Some(answers.unwrap_or_else(late))
            }
            () = cut => None,
        }
    }

    /// What becomes of each delivery, and how long the sink is left alone.
    fn judge(
        &mut self,
        taken: &[Delivery],
        answers: &[Answer],
    ) -> (Vec<Settled>, Option<Duration>) {
        let now = (self.now)();
        let unanswered = Answer::Failed("the sink gave no answer".to_owned(), None);
        let pairs = || taken.iter().zip(answers.iter().chain(std::iter::repeat(&unanswered)));
        let took_one = pairs().any(|(_, answer)| *answer == Answer::Taken);
        let in_vain = |answer: &Answer| matches!(answer, Answer::Failed(..) | Answer::Unreached(_));
        let failed = pairs().any(|(_, answer)| in_vain(answer));
        self.failures = match (took_one, failed) {
            (false, true) => self.failures.saturating_add(1),
            // Refusing is working: it is about the event, or about what an operator has to change.
            _ => 0,
        };
        let mut rest = None;
        let mut settled = Vec::with_capacity(taken.len());
        for (delivery, answer) in pairs() {
            let fate = self.fate(delivery, answer, now);
            if let (Fate::Again { due, .. }, false) = (fate, took_one) {
                let until = Duration::from_micros(due.since(now).as_micros().unsigned_abs());
                rest = Some(rest.map_or(until, |rest: Duration| rest.min(until)));
            }
            let sequence = delivery.event.sequence;
            settled.push(Settled { sequence, fate, error: answer.problem().to_owned() });
        }
        let problem = pairs().map(|(_, answer)| answer.problem()).find(|text| !text.is_empty());
        let mut glimpse = self.glimpse.lock().unwrap_or_else(PoisonError::into_inner);
        glimpse.failing = self.failures;
        glimpse.last_error = problem.unwrap_or_default().to_owned();
        if took_one {
            glimpse.last_sent = Some(now);
        }
        (settled, rest)
    }

    fn fate(&self, delivery: &Delivery, answer: &Answer, now: Timestamp) -> Fate {
        let again = |failures, asked, counts| {
            let micros = i64::try_from(pause::after(failures, asked).as_micros());
            let later = bartizan_model::Duration::micros(micros.unwrap_or(i64::MAX));
            Fate::Again { due: now.plus(later), counts }
        };
        let age = now.since(delivery.created).as_micros();
        let is_old = u128::try_from(age).is_ok_and(|age| age >= self.sink.give_up.as_micros());
        let attempts = delivery.attempts.saturating_add(1);
        match answer {
            Answer::Taken => Fate::Sent,
            Answer::Refused(_) => Fate::Dead,
            Answer::Failed(..) | Answer::Unreached(_) if is_old => Fate::Dead,
            Answer::Failed(..) if attempts >= self.sink.attempts => Fate::Dead,
            // The pause follows the event's own failures or those of the sink, whatever are more.
            Answer::Failed(_, asked) => again(attempts.max(self.failures), *asked, true),
            Answer::Unreached(_) => again(self.failures, None, false),
        }
    }

    /// Writes it down. As long as the claim holds there is no hurry, and what is forgotten is sent twice.
    async fn settle(&self, sink: &str, settled: &[Settled]) -> Result<(), StoreError> {
        let mut last = Ok(());
        for _ in 0..10 {
            let now = (self.now)();
            last = self.store.settle_deliveries(&self.scope, sink, settled, now).await;
            match &last {
                Ok(()) => break,
                Err(error) => self.tell(format!("the store: {error}")),
            }
            sleep(LOOK).await;
        }
        last
    }

    fn tell(&self, error: String) {
        self.glimpse.lock().unwrap_or_else(PoisonError::into_inner).last_error = error;
    }
}
