//! Several inputs as one, in the order of time.

use bartizan_model::{
    Duration, Timestamp,
    source::{Checkpoint, Ordering},
};

use super::{Item, Source, error::SourceError};

/// Reads several sources at once: always the one whose next exchange is the earliest, so that
/// rotated or parallel logs come in the order of time whatever order they are named in. Equal times
/// come in the order of the inputs; skips, errors and exchanges without a time go straight on.
/// Within one input nothing is reordered, so that the whole may be as late as its latest input.
///
/// An input that cannot be read further gives its error once; the others go on.
pub struct Merged {
    lanes: Vec<Lane>,
    last: usize,
    name: String,
}

struct Lane {
    source: Box<dyn Source>,
    /// Read ahead: what comes next, and where to go on when it was not handed over.
    head: Option<(Result<Item, SourceError>, Checkpoint)>,
    ended: bool,
}

impl Lane {
    fn fill(&mut self) {
        if self.head.is_none() && !self.ended {
            let before = self.source.checkpoint();
            match self.source.next() {
                Some(item) => self.head = Some((item, before)),
                None => self.ended = true,
            }
        }
    }

    /// Sorts what goes straight on before everything with a time.
    fn key(&self) -> Option<Option<Timestamp>> {
        self.head.as_ref().map(|(item, _)| match item {
            Ok(Item::Exchange(exchange)) => exchange.time,
            Ok(Item::Skipped(_)) | Err(_) => None,
        })
    }

    fn checkpoint(&self) -> Checkpoint {
        self.head.as_ref().map_or_else(|| self.source.checkpoint(), |(_, before)| before.clone())
    }
}

impl Merged {
    /// Merges `sources`. Open them with [`super::OpenOptions::open_all`], which numbers exchanges
    /// without id so that the numbers are unique over all inputs.
    #[must_use]
    pub fn new(sources: Vec<Box<dyn Source>>) -> Self {
        let name = format!("{} inputs", sources.len());
        let lane = |source| Lane { source, head: None, ended: false };
        Self { lanes: sources.into_iter().map(lane).collect(), last: 0, name }
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

impl Source for Merged {
    fn name(&self) -> &str {
        &self.name
    }

    fn format(&self) -> &'static str {
        "merged"
    }

    fn ordering(&self) -> Ordering {
        let lateness = self.lanes.iter().map(|lane| lane.source.ordering().lateness).max();
        Ordering { lateness: lateness.unwrap_or(Duration::ZERO) }
    }

    fn next(&mut self) -> Option<Result<Item, SourceError>> {
        self.lanes.iter_mut().for_each(Lane::fill);
        let heads = self.lanes.iter().enumerate();
        let (_, next) = heads.filter_map(|(i, lane)| lane.key().map(|key| (key, i))).min()?;
        self.last = next;
        self.lanes.get_mut(next)?.head.take().map(|(item, _)| item)
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
