//! Field names seen lately, with what they say: a list of a thousand objects splits each name once.

use std::cell::Cell;

use super::{
    blocks::blocks,
    names::{FieldName, NameContext},
    phrases::Phrases,
};

/// Sets of slots; a power of two.
const SETS: usize = 512;
/// Blocks of a name and its parent that a slot holds besides the last ones of both: names of up to
/// 48 bytes.
const MAX_BLOCKS: usize = 4;

/// The bytes of a key, exactly.
#[derive(Clone, Copy)]
struct Key<'a> {
    len: usize,
    whole: &'a [[u8; 8]],
    last: u64,
}

impl<'a> Key<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let (whole, last) = blocks(bytes);
        Self { len: bytes.len(), whole, last }
    }
}

/// A name and what it says; one line of a processor's cache.
#[derive(Clone, Copy)]
struct Slot {
    mask: u64,
    is_identifier: bool,
    is_protocol: bool,
    /// Lengths and last blocks of the key above and the key itself.
    lens: [u8; 2],
    lasts: [u64; 2],
    /// Their other blocks.
    whole: [[u8; 8]; MAX_BLOCKS],
}

impl Slot {
    /// The empty name, which says nothing.
    const EMPTY: Self = Self {
        mask: 0,
        is_identifier: false,
        is_protocol: false,
        lens: [0; 2],
        lasts: [0; 2],
        whole: [[0; 8]; MAX_BLOCKS],
    };

    fn new(parent: Key<'_>, own: Key<'_>, context: NameContext) -> Self {
        let NameContext { mask, is_identifier, is_protocol } = context;
        let mut slot = Self {
            mask,
            is_identifier,
            is_protocol,
            lens: [parent.len as u8, own.len as u8],
            lasts: [parent.last, own.last],
            ..Self::EMPTY
        };
        for (to, from) in slot.whole.iter_mut().zip(parent.whole.iter().chain(own.whole)) {
            *to = *from;
        }
        slot
    }

    const fn context(&self) -> NameContext {
        let Self { mask, is_identifier, is_protocol, .. } = *self;
        NameContext { mask, is_identifier, is_protocol }
    }

    fn is(&self, parent: Key<'_>, own: Key<'_>) -> bool {
        self.lens.map(usize::from) == [parent.len, own.len]
            && self.lasts == [parent.last, own.last]
            && self.whole.iter().zip(parent.whole.iter().chain(own.whole)).all(|(a, b)| a == b)
    }
}

/// Remembers a bounded number of names. The answer depends on the names alone, whatever is
/// remembered: a slot is compared with the whole name before it is believed.
#[derive(Default)]
pub(super) struct Memo {
    /// Which table of phrases its answers are from.
    table: u64,
    /// Empty until the first use.
    sets: Vec<[Slot; 2]>,
}

thread_local! {
    /// For built-in classes.
    static MEMO: Cell<Memo> = const { Cell::new(Memo { table: 0, sets: Vec::new() }) };
    /// For classes of the operator.
    static CUSTOM: Cell<Memo> = const { Cell::new(Memo { table: 0, sets: Vec::new() }) };
}

impl Memo {
    /// Runs `task` with the memo of this thread for the names of built-in classes.
    pub(super) fn with<T>(task: impl FnOnce(&mut Self) -> T) -> T {
        let mut memo = MEMO.take();
        memo.sets.resize(SETS, [Slot::EMPTY; 2]);
        let result = task(&mut memo);
        MEMO.set(memo);
        result
    }

    /// Runs `task` with the memo of this thread for the table with that fingerprint. What it
    /// remembers of another one is forgotten.
    pub(super) fn with_names<T>(table: u64, task: impl FnOnce(&mut Self) -> T) -> T {
        let mut memo = CUSTOM.take();
        if memo.table != table {
            memo = Self { table, sets: Vec::new() };
        }
        memo.sets.resize(SETS, [Slot::EMPTY; 2]);
        let result = task(&mut memo);
        CUSTOM.set(memo);
        result
    }

    /// What `name` says in the table that the memo is for. Names that stand at the same `place` more
    /// often are found there again.
    pub(super) fn context(
        &mut self,
        place: u64,
        name: &FieldName<'_>,
        table: &Phrases,
    ) -> NameContext {
        let (parent, own) = name.keys();
        let (parent, own) = (Key::of(parent.as_bytes()), Key::of(own.as_bytes()));
        let fits = parent.whole.len() + own.whole.len() <= MAX_BLOCKS;
        let Some([latest, other]) = self.sets.get_mut(place as usize % SETS).filter(|_| fits)
        else {
            return name.context_in(table);
        };
        if latest.is(parent, own) {
            return latest.context();
        }
        if other.is(parent, own) {
            return other.context();
        }
        let context = name.context_in(table);
        *other = std::mem::replace(latest, Slot::new(parent, own, context));
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_do_not_depend_on_what_is_remembered() {
        let long = "x".repeat(48);
        let names = [
            ("", ""),
            ("customer", "email"),
            ("customere", "mail"),
            ("", "customeremail"),
            ("customerEmailAddress", "primaryValue"),
            ("customerEmailAddresx", "primaryValue"),
            ("customerEmailAddress", "primaryVallue"),
            ("card", "number"),
            ("order", "id"),
            ("", "password"),
            (long.as_str(), ""),
            (long.as_str(), "email"),
        ];
        let mut memo = Memo { sets: vec![[Slot::EMPTY; 2]; SETS], ..Memo::default() };
        let table = Phrases::all();
        for round in 0..6 {
            for (i, (parent, own)) in names.iter().enumerate() {
                let name = FieldName::new(parent, own);
                // All at one place, then spread over two, then each at its own.
                let place = [0, i % 2, i][round / 2] as u64;
                assert_eq!(memo.context(place, &name, table), name.context(), "{parent} {own}");
            }
        }
    }

    #[test]
    fn a_slot_is_a_line_of_the_cache() {
        assert_eq!(size_of::<Slot>(), 64);
    }
}
