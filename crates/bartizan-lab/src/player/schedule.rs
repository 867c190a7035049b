//! Whose turn it is. Actors are tasks; each waits for its turn at a virtual time, and has it until it
//! waits again. As many have one as requests may overlap.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until, timeout_at},
};

use super::{Label, Plan, Record, Seat};
use crate::{
    client::Client,
    random::{Random, of_text},
};

/// When the play begins: 2026-12-01T06:00:00Z, in milliseconds since 1970.
pub(super) const BEGIN: u64 = 1_796_104_800_000;
/// Requests without an answer, from the first one on, before the play is given up.
const MAX_UNANSWERED: u64 = 20;

/// How far the virtual clock goes on while somebody still has a turn, in milliseconds: by so much a
/// request may come late when requests overlap.
const LATENESS: u64 = 10_000;

/// The play could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// Nobody answers.
    #[error("the target does not answer")]
    Silent,
    /// A record could not be kept.
    #[error("a record cannot be written: {0}")]
    Sink(#[from] std::io::Error),
}

/// What was played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests of ordinary users.
    pub benign: u64,
    /// Requests that were attacks.
    pub hostile: u64,
    /// Requests in preparation of attacks.
    pub ambiguous: u64,
    /// Requests without an answer.
    pub unanswered: u64,
    /// Requests by part.
    pub parts: BTreeMap<&'static str, u64>,
}

/// From an actor.
pub(super) enum Word {
    /// It has sent a request, and has the answer.
    Sent { actor: usize, record: Box<Record> },
    /// It waits until a virtual time (milliseconds since the beginning).
    Waits { actor: usize, at: u64, go: oneshot::Sender<()> },
    /// It has left.
    Left { actor: usize },
}

/// Says that an actor has left, also when its task ends in another way.
struct Presence(usize, mpsc::UnboundedSender<Word>);

impl Drop for Presence {
    fn drop(&mut self) {
        let _ = self.1.send(Word::Left { actor: self.0 });
    }
}

/// Where a play's records go.
type Sink<'a> = &'a mut (dyn FnMut(&Record) -> std::io::Result<()> + Send);

/// Plays a plan and hands every record to `sink`, in the order of the virtual clock.
///
/// # Errors
/// When nothing answers, or the sink fails.
pub async fn play(plan: &Plan, client: &Client, sink: Sink<'_>) -> Result<Tally, PlayError> {
    let (say, mut hear) = mpsc::unbounded_channel();
    let mut stage = Stage::default();
    enter(plan, client, &say, &mut stage);
    let begin = Instant::now();
    let end = u64::from(plan.minutes.min(Plan::MAX_MINUTES)) * 60_000;
    let most = plan.overlap.clamp(1, Plan::MAX_OVERLAP);
    loop {
        let next = stage.next(most).filter(|at| *at < end);
        if let Some(at) = next.filter(|_| plan.speed > 0.0) {
            let due = begin + Duration::from_secs_f64(at as f64 / plan.speed / 1000.0);
            if stage.on_turn.is_empty() {
                sleep_until(due).await;
            } else if let Ok(Some(word)) = timeout_at(due, hear.recv()).await {
                // Whoever was on turn may come first.
                stage.take(word)?;
                stage.release(sink)?;
                continue;
            }
        }
        if next.is_some() {
            stage.go();
        } else if stage.on_turn.is_empty() {
            return Ok(stage.tally);
        } else if let Some(word) = hear.recv().await {
            stage.take(word)?;
            stage.release(sink)?;
        }
    }
}

/// Seats everybody who plays. All of them are on turn until they say when they act.
fn enter(plan: &Plan, client: &Client, say: &mpsc::UnboundedSender<Word>, stage: &mut Stage) {
    let cast = plan.cast.iter().flat_map(|parts| parts.iter().copied());
    let cast = cast.flat_map(|part| (0..part.count).map(move |number| (part, number)));
    for (actor, (part, number)) in cast.enumerate() {
        // The seed of an actor does not depend on who else plays.
        let own = Random::new(plan.seed ^ of_text(&format!("{} {number}", part.id)));
        let mut seat = Seat::new(actor, part, number, own, plan.seed, client, say.clone());
        let presence = Presence(actor, say.clone());
        stage.on_turn.insert(actor, 0);
        tokio::spawn(async move {
            // Leaving because the play is over is how it ends.
            let _ = (part.act)(&mut seat).await;
            drop(presence);
        });
    }
}

#[derive(Default)]
struct Stage {
    /// Who acts, and since when.
    on_turn: BTreeMap<usize, u64>,
    turns: BinaryHeap<Reverse<(u64, usize)>>,
    waiting: BTreeMap<usize, oneshot::Sender<()>>,
    /// Records that one of an earlier time may still come before.
    held: BTreeMap<(u64, usize), Record>,
    tally: Tally,
    sent: u64,
}

impl Stage {
    /// Since when the one acts that acts longest.
    fn since(&self) -> Option<u64> {
        self.on_turn.values().copied().min()
    }

    /// The time of the next turn, when it can be had.
    fn next(&self, most: usize) -> Option<u64> {
        let Reverse((at, _)) = *self.turns.peek()?;
        let in_time = self.since().is_none_or(|since| at <= since + LATENESS);
        (self.on_turn.len() < most && in_time).then_some(at)
    }

    /// Gives the next turn.
    fn go(&mut self) {
        let Some(Reverse((at, actor))) = self.turns.pop() else { return };
        if let Some(go) = self.waiting.remove(&actor) {
            self.on_turn.insert(actor, at);
            let _ = go.send(());
        }
    }

    fn take(&mut self, word: Word) -> Result<(), PlayError> {
        match word {
            Word::Left { actor } => {
                self.on_turn.remove(&actor);
            }
            Word::Waits { actor, at, go } => {
                self.on_turn.remove(&actor);
                self.turns.push(Reverse((at, actor)));
                self.waiting.insert(actor, go);
            }
            Word::Sent { actor, record } => {
                self.sent += 1;
                match record.label {
                    Label::Benign => self.tally.benign += 1,
                    Label::Hostile => self.tally.hostile += 1,
                    Label::Ambiguous => self.tally.ambiguous += 1,
                }
                *self.tally.parts.entry(record.part).or_default() += 1;
                self.tally.unanswered += u64::from(record.reply.status == 0);
                self.held.insert((record.at, actor), *record);
                if self.sent == MAX_UNANSWERED && self.tally.unanswered == self.sent {
                    return Err(PlayError::Silent);
                }
            }
        }
        Ok(())
    }

    /// Hands over the records that no other one can come before.
    fn release(&mut self, sink: Sink<'_>) -> Result<(), PlayError> {
        let next = self.turns.peek().map(|Reverse((at, _))| *at);
        let bound = BEGIN + self.since().into_iter().chain(next).min().unwrap_or(u64::MAX - BEGIN);
        while let Some(first) = self.held.first_entry().filter(|first| first.key().0 < bound) {
            sink(&first.remove())?;
        }
        Ok(())
    }
}
