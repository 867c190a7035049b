//! Several inputs as one, in the order of time.

use bartizan_model::{
    Duration, Exchange, Timestamp,
    source::{Checkpoint, Ordering},
};

use super::{
    Item, Source,
    error::SourceError,
    skip::{Place, SkipReason, Skipped},
};
use crate::{
    alike::{Alike, is_comparable},
    told::{Told, gives_way, is_whole},
};

/// How much longer than its input is late a copy may come, as [`crate::once::WINDOW`].
const WINDOW: Duration = Duration::minutes(2);
/// How long what is not whole gives way to others, as [`crate::once::HOLD`].
const HOLD: Duration = Duration::seconds(3);

/// Reads several sources at once: always the one whose next exchange is the earliest, so that
/// rotated or parallel logs come in the order of time whatever order they are named in. Equal times
/// come in the order of the inputs; skips, errors and exchanges without a time go straight on.
/// Within one input nothing is reordered, so that the whole may be as late as its latest input.
///
/// An exchange that several inputs tell of counts once; the others are skipped as `seen_already`. Copies
/// have a trace or request id in common (with method and target), or both ends of their connection and
/// about the time, or all that their records say, to the microsecond or what the input has instead. An entry of a log
/// and a full copy without an id are told by client, method, target, status, size and a time less than a second
/// apart, one to one (`alike.rs`). Two that are equal in one input are two. What is not whole (an entry of an access log) and could be a copy lets
/// others go first for [`HOLD`], so that the whole one counts. What came is remembered for as long as the
/// latest input may be late and [`WINDOW`] more, at most 262,144 keys, and not beyond a checkpoint. The first
/// 255 inputs are told apart from all others.
///
/// An input that cannot be read further gives its error once; the others go on.
pub struct Merged {
    lanes: Vec<Lane>,
    last: usize,
    name: String,
    told: Told,
    alike: Alike,
    /// The latest time that came, as a span since 1970.
    latest: std::time::Duration,
}

struct Lane {
    source: Box<dyn Source>,
    head: Option<Head>,
    ended: bool,
}

/// Read ahead.
struct Head {
    /// What comes next.
    item: Result<Item, SourceError>,
    /// Where to go on when it was not handed over.
    before: Checkpoint,
    /// What it is sorted by. What goes straight on is before everything with a time.
    due: Option<Timestamp>,
}

impl Head {
    fn of(item: Result<Item, SourceError>, before: Checkpoint) -> Self {
        let due = match &item {
            Ok(Item::Exchange(exchange)) if may_wait(exchange) => {
                exchange.time.map(|time| time.plus(HOLD))
            }
            Ok(Item::Exchange(exchange)) => exchange.time,
            Ok(Item::Skipped(_)) | Err(_) => None,
        };
        Self { item, before, due }
    }
}

/// Whether another input may have a copy that tells more.
fn may_wait(exchange: &Exchange) -> bool {
    gives_way(exchange) || (!is_whole(exchange) && is_comparable(exchange))
}

impl Lane {
    fn fill(&mut self) {
        if self.head.is_none() && !self.ended {
            let before = self.source.checkpoint();
            match self.source.next() {
                Some(item) => self.head = Some(Head::of(item, before)),
                None => self.ended = true,
            }
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        self.head.as_ref().map_or_else(|| self.source.checkpoint(), |head| head.before.clone())
    }
}

impl Merged {
    /// Its name of a format, as [`Source::format`] tells it.
    pub const FORMAT: &'static str = "merged";

    /// Merges `sources`. Open them with [`super::OpenOptions::open_all`], which numbers exchanges
    /// without id so that the numbers are unique over all inputs.
    #[must_use]
    pub fn new(sources: Vec<Box<dyn Source>>) -> Self {
        let name = format!("{} inputs", sources.len());
        let lane = |source| Lane { source, head: None, ended: false };
        let lanes: Vec<_> = sources.into_iter().map(lane).collect();
        let window = lateness(&lanes).as_micros().saturating_add(WINDOW.as_micros());
        let window = std::time::Duration::from_micros(window.unsigned_abs());
        let (told, alike) = (Told::within(window), Alike::within(window));
        Self { lanes, last: 0, name, told, alike, latest: std::time::Duration::ZERO }
    }

    /// Whether another input than this one told of an exchange.
    fn is_copy(&mut self, exchange: &Exchange, input: usize) -> bool {
        let time = exchange.time.map_or(0, |time| time.micros().max(0).unsigned_abs());
        self.latest = self.latest.max(std::time::Duration::from_micros(time));
        let keys = self.told.recorded(exchange);
        let input = u8::try_from(input).unwrap_or(u8::MAX);
        let is_copy = self.told.is_copy(&keys, input, self.latest);
        self.alike.is_copy(exchange, input, is_copy, self.latest) || is_copy
    }

    /// The checkpoint of each input, in the order they were named.
    ///
    /// # Errors
    /// When `checkpoint` was not taken from a `Merged`.
    pub fn split_checkpoint(checkpoint: &Checkpoint) -> Result<Vec<Checkpoint>, SourceError> {
        postcard::from_bytes(&checkpoint.reader).map_err(|_| SourceError::Changed {
            name: checkpoint.input.clone(),
            found: "the checkpoint is not one of several inputs".to_owned(),
        })
    }
}

/// How late the latest of these may come.
fn lateness(lanes: &[Lane]) -> Duration {
    let each = lanes.iter().map(|lane| lane.source.ordering().lateness);
    each.max().unwrap_or(Duration::ZERO)
}

impl Source for Merged {
    fn name(&self) -> &str {
        &self.name
    }

    fn format(&self) -> &'static str {
        Self::FORMAT
    }

    fn ordering(&self) -> Ordering {
        let lateness = lateness(&self.lanes).as_micros().saturating_add(HOLD.as_micros());
        Ordering { lateness: Duration::micros(lateness) }
    }

    fn next(&mut self) -> Option<Result<Item, SourceError>> {
        self.lanes.iter_mut().for_each(Lane::fill);
        let heads = self.lanes.iter().enumerate();
        let dues = heads.filter_map(|(i, lane)| lane.head.as_ref().map(|head| (head.due, i)));
        let (_, next) = dues.min()?;
        self.last = next;
        let Head { item, before, .. } = self.lanes.get_mut(next)?.head.take()?;
        match item {
            Ok(Item::Exchange(exchange)) if self.is_copy(&exchange, next) => {
                let at = Place::Exchange(before.exchanges + 1);
                Some(Ok(Item::Skipped(Skipped { reason: SkipReason::SeenAlready, at })))
            }
            item => Some(item),
        }
    }

    fn position(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.source.position()).sum()
    }

    fn total(&self) -> Option<u64> {
        self.lanes.iter().map(|lane| lane.source.total()).sum()
    }

    fn checkpoint(&self) -> Checkpoint {
        let each: Vec<_> = self.lanes.iter().map(Lane::checkpoint).collect();
        Checkpoint {
            input: self.name.clone(),
            offset: 0,
            exchanges: each.iter().map(|c| c.exchanges).sum(),
            reader: postcard::to_stdvec(&each).unwrap_or_default(),
        }
    }

    fn input(&self) -> &str {
        self.lanes.get(self.last).map_or(&self.name, |lane| lane.source.name())
    }
}

#[cfg(test)]
mod tests;
