//! How lists are sorted.

use std::cmp::Ordering;

use crate::query::SortKey;

/// A column by which a list is sorted, or an expression that an index holds. Never `NULL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Int(&'static str),
    Text(&'static str),
    /// A number that is computed.
    Computed(&'static str),
}

impl Key {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Int(text) | Self::Text(text) | Self::Computed(text) => text,
        }
    }

    pub(super) const fn takes(self, value: &SortKey) -> bool {
        match self {
            Self::Int(_) | Self::Computed(_) => matches!(value, SortKey::Int(_)),
            Self::Text(_) => matches!(value, SortKey::Text(_)),
        }
    }
}

/// How a list is sorted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sorted {
    /// Names the order in cursors.
    pub(super) word: &'static str,
    /// Unique together within a scope.
    pub(crate) keys: &'static [Key],
    /// Whether the largest key comes first (all keys alike).
    pub(super) descending: bool,
    /// Whether things are always looked up in this order. Else what fulfils a condition may be looked up
    /// first, and sorted.
    pub(super) strict: bool,
}

/// An order that callers can ask for.
pub(crate) trait Order: Copy {
    fn sorted(self) -> Sorted;
}

impl Sorted {
    pub(crate) const fn up(word: &'static str, keys: &'static [Key]) -> Self {
        Self { word, keys, descending: false, strict: true }
    }

    pub(crate) const fn down(word: &'static str, keys: &'static [Key]) -> Self {
        Self { word, keys, descending: true, strict: true }
    }

    /// For lists of which few things fulfil a condition.
    pub(crate) const fn loosely(self) -> Self {
        Self { strict: false, ..self }
    }

    /// What of a key those with these values of columns go on behind: nothing when all of them are behind
    /// it; `None` when none of them is.
    pub(super) fn within<'k>(
        &self,
        only: &[(&'static str, &SortKey)],
        behind: &'k [SortKey],
    ) -> Option<&'k [SortKey]> {
        let first = only.iter().find(|(column, _)| *column == self.keys[0].text());
        let (Some((SortKey::Int(last), rest)), Some((_, SortKey::Int(value)))) =
            (behind.split_first(), first)
        else {
            return Some(behind);
        };
        match (value.cmp(last), self.descending) {
            (Ordering::Equal, _) => Some(rest),
            (Ordering::Less, true) | (Ordering::Greater, false) => Some(&[]),
            (Ordering::Less, false) | (Ordering::Greater, true) => None,
        }
    }

    /// These, one for each key, as `ORDER BY` takes them.
    pub(super) fn directed(&self, keys: &[impl AsRef<str>]) -> String {
        let direction = if self.descending { " DESC" } else { " ASC" };
        let each: Vec<_> = keys.iter().map(|key| format!("{}{direction}", key.as_ref())).collect();
        each.join(", ")
    }

    pub(super) fn texts(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.text()).collect()
    }
}
