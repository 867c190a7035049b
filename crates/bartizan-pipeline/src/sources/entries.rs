//! A source out of something that finds entries: the part that is the same for every format.

use bartizan_model::{
    Exchange,
    source::{Checkpoint, Ordering},
};

use super::{
    Item, Source, SourceItem,
    error::SourceError,
    input::Input,
    ledger::Ledger,
    skip::{Place, SkipReason},
};

/// What came next.
#[derive(Debug)]
pub(super) enum Found {
    /// An exchange, or why an entry is none.
    Entry(Result<Box<Exchange>, SkipReason>),
    /// Nothing to tell.
    Nothing,
    /// The input ends in the middle of an entry.
    Cut,
    /// Nothing more.
    End,
}

/// Finds the entries of one format.
pub(super) trait Entries: Send {
    /// Reads on to the next.
    fn next(&mut self, input: &mut Input) -> Result<Found, SourceError>;

    /// Where the last was.
    fn place(&self) -> Place;

    /// Where to go on after it: offset, state and number, as [`Ledger::mark`] takes them.
    fn mark(&self, input: &Input) -> (u64, u8, u64);

    /// What going on needs to know besides.
    fn note(&self) -> &str {
        ""
    }
}

/// A source that hands over what its [`Entries`] find.
pub(super) struct EntrySource<E> {
    pub(super) item: &'static SourceItem,
    pub(super) input: Input,
    pub(super) ledger: Ledger,
    pub(super) entries: E,
    /// What an input without any entry is, for messages, and what to do about it.
    pub(super) empty: (&'static str, &'static str),
}

impl<E: Entries> EntrySource<E> {
    fn step(&mut self) -> Result<Option<Item>, SourceError> {
        while !self.ledger.is_closed() {
            let found = self.entries.next(&mut self.input)?;
            let at = self.entries.place();
            match found {
                Found::Cut => {
                    // The mark stays before it.
                    let reason = self.input.broken().unwrap_or(SkipReason::Truncated);
                    return Ok(Some(self.ledger.skip(reason, at)));
                }
                Found::End => return self.end(at),
                Found::Entry(_) | Found::Nothing => {
                    let (offset, state, number) = self.entries.mark(&self.input);
                    self.ledger.mark(offset, state, number);
                    self.ledger.note(self.entries.note());
                }
            }
            if let Found::Entry(read) = found {
                return Ok(Some(match read {
                    Ok(exchange) => self.ledger.exchange(exchange, self.input.name()),
                    Err(reason) => self.ledger.skip(reason, at),
                }));
            }
        }
        Ok(None)
    }

    fn end(&mut self, at: Place) -> Result<Option<Item>, SourceError> {
        if let Some(reason) = self.input.broken() {
            return Ok(Some(self.ledger.skip(reason, at)));
        }
        self.ledger.close(&self.input, self.empty.0, self.empty.1).map_or(Ok(None), Err)
    }
}

impl<E: Entries> Source for EntrySource<E> {
    fn name(&self) -> &str {
        self.input.name()
    }

    fn format(&self) -> &'static str {
        self.item.name
    }

    fn ordering(&self) -> Ordering {
        self.item.ordering
    }

    fn next(&mut self) -> Option<Result<Item, SourceError>> {
        let step = self.step();
        if step.is_err() {
            self.ledger.fail();
        }
        step.transpose()
    }

    fn position(&self) -> u64 {
        self.input.position()
    }

    fn total(&self) -> Option<u64> {
        self.input.total()
    }

    fn checkpoint(&self) -> Checkpoint {
        self.ledger.checkpoint(&self.input, self.item.name)
    }
}
