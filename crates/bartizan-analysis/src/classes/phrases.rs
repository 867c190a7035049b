//! The table of everything that words of a field name can mean.

use std::sync::OnceLock;

use foldhash::quality::FixedState;
use hashbrown::HashMap;

use super::{
    ClassItem, family,
    form::BY_PRIORITY,
    health_id, national_id,
    schemes::{self, Numbers},
    tax_id,
};

/// Words at the end of a name that say nothing about what the value is.
const NEUTRAL: &[&str] = &[
    "value",
    "val",
    "number",
    "num",
    "numero",
    "nummer",
    "no",
    "nr",
    "text",
    "string",
    "str",
    "input",
    "field",
    "raw",
    "primary",
    "secondary",
    "main",
    "default",
    "new",
    "old",
    "current",
    "line",
    "confirmation",
    "confirm",
    "repeat",
    "again",
    "plain",
    "full",
    "item",
    "content",
    "data",
    "parameter",
    "param",
];

/// Words at the end of a name that say that the value is an identifier, time, count, digest or
/// version.
const IDENTIFIER: &[&str] = &[
    "id",
    "ids",
    "uid",
    "uuid",
    "guid",
    "oid",
    "pid",
    "gid",
    "ref",
    "reference",
    "hash",
    "digest",
    "checksum",
    "crc",
    "etag",
    "sha",
    "sha1",
    "sha256",
    "md5",
    "signature",
    "nonce",
    "cursor",
    "offset",
    "size",
    "length",
    "count",
    "total",
    "timestamp",
    "ts",
    "time",
    "created",
    "updated",
    "expire",
    "expiry",
    "version",
    "revision",
    "build",
    "sku",
    "ean",
    "upc",
    "gtin",
    "isbn",
    "barcode",
    "tracking",
    "trace",
    "span",
    "sequence",
    "seq",
    "serial",
    "index",
    "order",
    "invoice",
    "transaction",
    "price",
    "amount",
    "balance",
    "byte",
    "duration",
    "msec",
    "nsec",
    "epoch",
    "date",
    "model",
    "part",
    "asin",
    "snowflake",
    "fingerprint",
    "thumbprint",
];

/// What a phrase means.
#[derive(Clone, Copy, Default)]
pub(super) struct Phrase {
    /// Classes (positions in the order of priority) whose context it is at the end of a name.
    pub(super) at_end: u64,
    /// Classes whose context it is anywhere in a name.
    pub(super) anywhere: u64,
    /// See [`NEUTRAL`].
    pub(super) is_neutral: bool,
    /// See [`IDENTIFIER`].
    pub(super) is_identifier: bool,
}

/// Words of the filter; a bit for each of 32,768 hashes, of which one in twenty is set.
const FILTER_WORDS: usize = 512;

/// All phrases. Most words stand in none: a small filter tells before the text is looked up.
pub(super) struct Phrases {
    by_text: HashMap<Box<[u8]>, Phrase, FixedState>,
    filter: Box<[u64; FILTER_WORDS]>,
}

/// Hash of a phrase, built word by word; equal for equal words.
#[derive(Clone, Copy)]
pub(super) struct PhraseHash(u64);

impl PhraseHash {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    /// Of one word.
    pub(super) fn of(word: &[u8]) -> Self {
        let hash = word.iter().fold(0, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(Self::FACTOR));
        Self(hash)
    }

    /// Of these words and one more.
    pub(super) const fn then(self, word: Self) -> Self {
        Self((self.0.rotate_left(29) ^ word.0).wrapping_mul(Self::FACTOR))
    }

    /// The place in the filter: word and bit.
    const fn place(self) -> (usize, u64) {
        let bit = self.0 >> 49;
        ((bit >> 6) as usize % FILTER_WORDS, 1 << (bit & 63))
    }
}

impl Phrases {
    /// The table of all items and schemes.
    pub(super) fn all() -> &'static Self {
        static TABLE: OnceLock<Phrases> = OnceLock::new();
        TABLE.get_or_init(|| {
            let mut table = Self::empty();
            for (i, item) in BY_PRIORITY.iter().enumerate() {
                let schemes = numbers_of(item).into_iter().flat_map(schemes::of);
                let schemes = schemes.flat_map(|scheme| scheme.names);
                let members = family::members_of(item).flat_map(|member| member.names);
                for phrase in item.names.iter().chain(schemes).chain(members).copied() {
                    table.add(i, phrase, item.anywhere);
                }
            }
            IDENTIFIER.iter().for_each(|word| table.entry(word).is_identifier = true);
            table
        })
    }

    /// A table of these alone: position of the class, phrase, whether it counts anywhere in a name.
    pub(super) fn of<'p>(phrases: impl IntoIterator<Item = (usize, &'p str, bool)>) -> Self {
        let mut table = Self::empty();
        phrases.into_iter().for_each(|(i, phrase, anywhere)| table.add(i, phrase, anywhere));
        table
    }

    /// A table that knows only what says nothing.
    fn empty() -> Self {
        let mut table = Self { by_text: HashMap::default(), filter: Box::new([0; FILTER_WORDS]) };
        NEUTRAL.iter().for_each(|word| table.entry(word).is_neutral = true);
        table
    }

    /// A phrase also fits written in one word: `dateofbirth`.
    fn add(&mut self, i: usize, phrase: &str, anywhere: bool) {
        for text in [phrase, &phrase.replace(' ', "")] {
            let entry = self.entry(text);
            entry.at_end |= 1 << i;
            if anywhere {
                entry.anywhere |= 1 << i;
            }
        }
    }

    fn entry(&mut self, text: &str) -> &mut Phrase {
        let mut words = text.split(' ').map(|word| PhraseHash::of(word.as_bytes()));
        let first = words.next().unwrap_or(PhraseHash::of(b""));
        let (word, bit) = words.fold(first, PhraseHash::then).place();
        if let Some(filter) = self.filter.get_mut(word) {
            *filter |= bit;
        }
        self.by_text.entry(text.as_bytes().into()).or_default()
    }

    /// What a phrase of that hash and text means.
    pub(super) fn get(&self, hash: PhraseHash, text: &[u8]) -> Option<&Phrase> {
        let (word, bit) = hash.place();
        self.filter.get(word).filter(|filter| **filter & bit != 0)?;
        self.by_text.get(text)
    }
}

/// Items over numbering schemes are in context under the names of the schemes too.
fn numbers_of(item: &ClassItem) -> Option<Numbers> {
    [
        (&national_id::CLASS, Numbers::People),
        (&tax_id::CLASS, Numbers::TaxPayers),
        (&health_id::CLASS, Numbers::Patients),
    ]
    .into_iter()
    .find(|(known, _)| known.class == item.class)
    .map(|(_, numbers)| numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::words::Words;

    #[test]
    fn every_phrase_is_found_by_its_words() {
        let table = Phrases::all();
        for text in table.by_text.keys() {
            let text = std::str::from_utf8(text).expect("text");
            let words = Words::of(text);
            let hashes = (0..words.count()).map(|i| PhraseHash::of(words.phrase(i, i + 1)));
            let hash = hashes.reduce(PhraseHash::then).expect("a word");
            // `sha256` is two words in a name.
            if words.text() == text {
                assert!(table.get(hash, text.as_bytes()).is_some(), "{text}");
            }
        }
        assert!(table.get(PhraseHash::of(b"wool"), b"wool").is_none());
    }
}
