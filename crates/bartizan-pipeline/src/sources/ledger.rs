//! What every source keeps about its own progress.

use bartizan_model::{Exchange, ExchangeId, source::Checkpoint};
use serde::{Deserialize, Serialize};

use super::{
    Item,
    error::SourceError,
    input::Input,
    skip::{Place, SkipReason, SkipTally, Skipped},
};

/// What a checkpoint says beside the offset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReaderState {
    /// Format, so that it need not be recognised again.
    pub(super) format: String,
    /// Where in the structure of the format, see `EntryScan::state_code`.
    pub(super) state: u8,
    /// Lines or entries read.
    pub(super) number: u64,
    /// What the format needs to know besides, for example the columns of a log.
    pub(super) note: String,
}

impl ReaderState {
    /// Reads what a checkpoint holds, also one of before there were notes.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        type Earlier = (String, u8, u64);
        postcard::from_bytes(bytes).ok().or_else(|| {
            let (format, state, number) = postcard::from_bytes::<Earlier>(bytes).ok()?;
            Some(Self { format, state, number, note: String::new() })
        })
    }
}

/// Counts, numbers and the place to go on.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    prefix: String,
    exchanges: u64,
    offset: u64,
    state: ReaderState,
    tally: SkipTally,
    closed: bool,
}

impl Ledger {
    /// A new one, or one that goes on where `resume` was taken. `prefix` comes before the numbers
    /// of exchanges without id.
    pub(super) fn new(prefix: String, resume: Option<(&Checkpoint, ReaderState)>) -> Self {
        match resume {
            None => Self { prefix, ..Self::default() },
            Some((checkpoint, state)) => Self {
                prefix,
                exchanges: checkpoint.exchanges,
                offset: checkpoint.offset,
                state,
                ..Self::default()
            },
        }
    }

    /// What the reader of the format goes on with.
    pub(super) const fn state(&self) -> &ReaderState {
        &self.state
    }

    /// Everything up to here was handed over.
    pub(super) const fn mark(&mut self, offset: u64, state: u8, number: u64) {
        self.offset = offset;
        self.state.state = state;
        self.state.number = number;
    }

    /// What reading needs to know to go on at the mark.
    pub(super) fn note(&mut self, note: &str) {
        if self.state.note != note {
            note.clone_into(&mut self.state.note);
        }
    }

    /// Exchanges handed over so far.
    pub(super) const fn exchanges(&self) -> u64 {
        self.exchanges
    }

    /// Hands an exchange over: gives it a number when it has no id, and the name of its input.
    pub(super) fn exchange(&mut self, mut exchange: Box<Exchange>, name: &str) -> Item {
        self.exchanges += 1;
        if exchange.id.as_str().is_empty() {
            let number = self.exchanges;
            exchange.id = ExchangeId::from_text(format!("{}{number}", self.prefix));
        }
        if exchange.source.is_none() {
            exchange.source = Some(name.to_owned());
        }
        Item::Exchange(exchange)
    }

    /// Hands over that something was left out.
    pub(super) fn skip(&mut self, reason: SkipReason, at: Place) -> Item {
        let skipped = Skipped { reason, at };
        self.tally.add(skipped);
        Item::Skipped(skipped)
    }

    /// Ends the input. An error when it gave no exchange at all, now or before its checkpoint;
    /// `empty` says what was found when nothing was skipped either.
    pub(super) fn close(
        &mut self,
        input: &Input,
        empty: &str,
        help: &'static str,
    ) -> Option<SourceError> {
        if std::mem::replace(&mut self.closed, true) || self.exchanges > 0 {
            return None;
        }
        let found = if self.tally.is_empty() {
            empty.to_owned()
        } else {
            format!("no usable exchange, skipped {}", self.tally)
        };
        Some(SourceError::NothingUsable { name: input.name().to_owned(), found, help })
    }

    /// Ends an input that was read to its end before its checkpoint.
    pub(super) const fn finish(&mut self) {
        self.closed = true;
    }

    /// Ends the input after an error.
    pub(super) const fn fail(&mut self) {
        self.closed = true;
    }

    /// Whether the end was told.
    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn checkpoint(&self, input: &Input, format: &'static str) -> Checkpoint {
        let state = ReaderState { format: format.to_owned(), ..self.state.clone() };
        Checkpoint {
            input: input.identity().to_owned(),
            offset: self.offset,
            exchanges: self.exchanges,
            // Serialising a struct of text and numbers into memory does not fail.
            reader: postcard::to_stdvec(&state).unwrap_or_default(),
        }
    }
}
