//! Whose turn it is. Actors are tasks; each waits for its turn at a virtual time, and only one has
//! it at a time.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{Label, Part, Plan, Record, Seat, benign, hostile};
use crate::{
    client::Client,
    random::{Random, of_text},
};

/// When the play begins: 2026-12-01T06:00:00Z, in milliseconds since 1970.
pub(super) const BEGIN: u64 = 1_796_104_800_000;
/// Requests without an answer, from the first one on, before the play is given up.
const MAX_UNANSWERED: u64 = 20;

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
    /// It was sent.
    Sent(Box<Record>),
    /// It waits until a virtual time (milliseconds since the beginning).
    Waits { actor: usize, at: u64, go: oneshot::Sender<()> },
    /// It has left.
    Left,
}

/// Says that an actor has left, also when its task ends in another way.
pub(super) struct Presence(mpsc::UnboundedSender<Word>);

impl Drop for Presence {
    fn drop(&mut self) {
        let _ = self.0.send(Word::Left);
    }
}

/// Plays a plan and hands every record to `sink`.
///
/// # Errors
/// When nothing answers, or the sink fails.
pub async fn play(
    plan: &Plan,
    client: &Client,
    sink: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
) -> Result<Tally, PlayError> {
    let (say, mut hear) = mpsc::unbounded_channel();
    let mut cast: Vec<Part> = Vec::new();
    if plan.benign {
        cast.extend(benign());
    }
    if plan.hostile {
        cast.extend(hostile());
    }
    let mut stage = Stage::default();
    for part in cast {
        for number in 0..part.count {
            // The seed of an actor does not depend on who else plays.
            let own = Random::new(plan.seed ^ of_text(&format!("{} {number}", part.id)));
            let seat = Seat::new(stage.present, part, number, own, plan.seed, client, say.clone());
            let presence = Presence(say.clone());
            stage.present += 1;
            tokio::spawn(async move {
                let mut seat = seat;
                // Leaving because the play is over is how it ends.
                let _ = (part.act)(&mut seat).await;
                drop(presence);
            });
        }
    }
    let begin = Instant::now();
    let end = u64::from(plan.minutes.min(Plan::MAX_MINUTES)) * 60_000;
    while stage.present > 0 {
        while stage.waiting.len() < stage.present {
            let Some(word) = hear.recv().await else { return Ok(stage.tally) };
            stage.take(word, sink)?;
        }
        let Some(Reverse((at, actor))) = stage.turns.pop() else { break };
        if at >= end {
            break;
        }
        if plan.speed > 0.0 {
            let millis = at as f64 / plan.speed;
            tokio::time::sleep_until(begin + Duration::from_secs_f64(millis / 1000.0)).await;
        }
        if let Some(go) = stage.waiting.remove(&actor) {
            let _ = go.send(());
        }
    }
    Ok(stage.tally)
}

#[derive(Default)]
struct Stage {
    present: usize,
    turns: BinaryHeap<Reverse<(u64, usize)>>,
    waiting: BTreeMap<usize, oneshot::Sender<()>>,
    tally: Tally,
    sent: u64,
}

impl Stage {
    fn take(
        &mut self,
        word: Word,
        sink: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
    ) -> Result<(), PlayError> {
        match word {
            Word::Left => self.present -= 1,
            Word::Waits { actor, at, go } => {
                self.turns.push(Reverse((at, actor)));
                self.waiting.insert(actor, go);
            }
            Word::Sent(record) => {
                self.sent += 1;
                match record.label {
                    Label::Benign => self.tally.benign += 1,
                    Label::Hostile => self.tally.hostile += 1,
                    Label::Ambiguous => self.tally.ambiguous += 1,
                }
                *self.tally.parts.entry(record.part).or_default() += 1;
                self.tally.unanswered += u64::from(record.reply.status == 0);
                sink(&record)?;
                if self.sent == MAX_UNANSWERED && self.tally.unanswered == self.sent {
                    return Err(PlayError::Silent);
                }
            }
        }
        Ok(())
    }
}
