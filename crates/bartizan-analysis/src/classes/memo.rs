//! Field names seen lately, with what they say: a list of a thousand objects splits each name once.

use std::cell::Cell;

use super::{
    blocks::is_same,
    names::{FieldName, NameContext},
};

/// Sets of slots; a power of two.
const SETS: usize = 512;
/// Longest names that are remembered, parent and own together, in bytes.
const MAX_REMEMBERED_BYTES: usize = 46;

/// A name and what it says.
#[derive(Clone, Copy)]
struct Slot {
    context: NameContext,
    parent: u8,
    own: u8,
    text: [u8; MAX_REMEMBERED_BYTES],
}

impl Slot {
    /// The empty name, which says nothing.
    const EMPTY: Self =
        Self { context: NameContext::NONE, parent: 0, own: 0, text: [0; MAX_REMEMBERED_BYTES] };

    fn new(parent: &[u8], own: &[u8], context: NameContext) -> Option<Self> {
        let mut slot =
            Self { context, parent: parent.len() as u8, own: own.len() as u8, ..Self::EMPTY };
        slot.text.get_mut(..parent.len())?.copy_from_slice(parent);
        slot.text.get_mut(parent.len()..)?.get_mut(..own.len())?.copy_from_slice(own);
        Some(slot)
    }

    fn is(&self, parent: &[u8], own: &[u8]) -> bool {
        usize::from(self.parent) == parent.len()
            && usize::from(self.own) == own.len()
            && is_same(
                self.text.get(parent.len()..parent.len() + own.len()).unwrap_or_default(),
                own,
            )
            && is_same(self.text.get(..parent.len()).unwrap_or_default(), parent)
    }
}

/// Remembers a bounded number of names. The answer depends on the names alone, whatever is
/// remembered: a slot is compared with the whole name before it is believed.
#[derive(Default)]
pub(super) struct Memo {
    /// Empty until the first use.
    sets: Vec<[Slot; 2]>,
}

thread_local! {
    static MEMO: Cell<Memo> = const { Cell::new(Memo { sets: Vec::new() }) };
}

impl Memo {
    /// Runs `task` with the memo of this thread.
    pub(super) fn with<T>(task: impl FnOnce(&mut Self) -> T) -> T {
        let mut memo = MEMO.take();
        memo.sets.resize(SETS, [Slot::EMPTY; 2]);
        let result = task(&mut memo);
        MEMO.set(memo);
        result
    }

    /// What `name` says. Names that stand at the same `place` more often are found there again.
    pub(super) fn context(&mut self, place: u64, name: &FieldName<'_>) -> NameContext {
        let (parent, own) = name.bytes();
        let fits = parent.len() + own.len() <= MAX_REMEMBERED_BYTES;
        let Some([latest, other]) = self.sets.get_mut(place as usize % SETS).filter(|_| fits)
        else {
            return name.context();
        };
        if latest.is(parent, own) {
            return latest.context;
        }
        if other.is(parent, own) {
            return other.context;
        }
        let context = name.context();
        if let Some(slot) = Slot::new(parent, own, context) {
            *other = std::mem::replace(latest, slot);
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_do_not_depend_on_what_is_remembered() {
        let long = "x".repeat(MAX_REMEMBERED_BYTES);
        let names = [
            ("", ""),
            ("customer", "email"),
            ("customere", "mail"),
            ("", "customeremail"),
            ("card", "number"),
            ("order", "id"),
            ("", "password"),
            (long.as_str(), ""),
            (long.as_str(), "email"),
        ];
        let mut memo = Memo::default();
        memo.sets.resize(SETS, [Slot::EMPTY; 2]);
        for round in 0..6 {
            for (i, (parent, own)) in names.iter().enumerate() {
                let name = FieldName::new(parent, own);
                // All at one place, then spread over two, then each at its own.
                let place = [0, i % 2, i][round / 2] as u64;
                assert_eq!(memo.context(place, &name), name.context(), "{parent} {own}");
            }
        }
    }
}
