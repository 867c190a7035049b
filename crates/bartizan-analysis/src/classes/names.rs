//! Field names as context: split into words, compared word by word, never as parts of words.
//!
//! `customerEmail`, `customer_email`, `customer-email` and `{"customer": {"email": …}}` all give
//! the words `customer email`. Words are lower case, ASCII folded where the letter has a plain form,
//! and in singular (`emails` → `email`).

use std::{cell::RefCell, sync::OnceLock};

use bartizan_protocols::NodeRef;
use foldhash::quality::FixedState;
use hashbrown::HashMap;

use super::{
    ClassItem, by_priority, health_id, national_id,
    schemes::{self, Numbers},
    tax_id,
    words::{MAX_NAME_BYTES, Words},
};

/// Longest phrase in words.
const MAX_PHRASE_WORDS: usize = 4;
/// Names remembered per thread.
const MEMO_SLOTS: usize = 512;
/// Longest names that are remembered, parent and own together.
const MAX_REMEMBERED_BYTES: usize = 128;

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

/// What a field name says.
#[derive(Clone, Copy, Debug)]
pub(super) struct NameContext {
    /// Bit `i`: a phrase of the item at that position of the priority order fits.
    pub(super) mask: u64,
    /// See [`IDENTIFIER`].
    pub(super) is_identifier: bool,
    len: u8,
    text: [u8; MAX_NAME_BYTES],
}

impl NameContext {
    /// The words, separated by single spaces.
    pub(super) fn words(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.len)]).unwrap_or("")
    }

    fn of(parent: &str, own: &str) -> Self {
        let mut words = Words::default();
        words.split(parent);
        let own_from = words.len();
        words.split(own);
        let mut context =
            Self { mask: 0, is_identifier: false, len: words.text.len() as u8, text: [0; 96] };
        context.text[..words.text.len()].copy_from_slice(words.text.as_bytes());
        let list: Vec<&str> = words.text.split(' ').filter(|w| !w.is_empty()).collect();
        context.is_identifier = list
            .iter()
            .rev()
            .find(|w| !is_neutral(w) && !w.bytes().all(|b| b.is_ascii_digit()))
            .is_some_and(|last| IDENTIFIER.contains(last));
        context.mask = mask_of(&list, own_from);
        context
    }
}

fn is_neutral(word: &str) -> bool {
    NEUTRAL.contains(&word) || word.bytes().all(|b| b.is_ascii_digit())
}

/// A phrase of the table and how it may stand.
#[derive(Clone, Copy, Default)]
struct Entry {
    at_end: u64,
    anywhere: u64,
}

fn table() -> &'static HashMap<String, Entry, FixedState> {
    static TABLE: OnceLock<HashMap<String, Entry, FixedState>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: HashMap<String, Entry, FixedState> = HashMap::default();
        for (i, item) in by_priority().iter().enumerate() {
            let schemes = numbers_of(item).into_iter().flat_map(schemes::names);
            for phrase in item.names.iter().copied().chain(schemes) {
                // A phrase also fits written in one word: `dateofbirth`.
                for key in [phrase.to_owned(), phrase.replace(' ', "")] {
                    let entry = table.entry(key).or_default();
                    entry.at_end |= 1 << i;
                    if item.anywhere {
                        entry.anywhere |= 1 << i;
                    }
                }
            }
        }
        table
    })
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

fn mask_of(words: &[&str], own_from: usize) -> u64 {
    let table = table();
    let mut end = words.len();
    let mut mask = 0;
    let mut phrase = String::with_capacity(MAX_NAME_BYTES);
    // Each end of the name with one more neutral word stripped: `card number` as it stands, then
    // `card`.
    loop {
        for start in (end.saturating_sub(MAX_PHRASE_WORDS)..end).rev() {
            join_into(&mut phrase, &words[start..end]);
            if let Some(entry) = table.get(phrase.as_str()) {
                mask |= entry.at_end;
            }
        }
        if end <= 1 || !is_neutral(words[end - 1]) {
            break;
        }
        end -= 1;
    }
    for start in 0..words.len() {
        for end in start + 1..=words.len().min(start + MAX_PHRASE_WORDS) {
            // The parent's name alone says nothing about this field.
            if end <= own_from {
                continue;
            }
            join_into(&mut phrase, &words[start..end]);
            if let Some(entry) = table.get(phrase.as_str()) {
                mask |= entry.anywhere;
            }
        }
    }
    mask
}

fn join_into(out: &mut String, words: &[&str]) {
    out.clear();
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// Whether `phrase` stands in `name` as whole words, or is the whole name written in one word.
pub(super) fn contains_phrase(name: &str, phrase: &str) -> bool {
    name.match_indices(phrase).any(|(at, _)| {
        let end = at + phrase.len();
        let bytes = name.as_bytes();
        (at == 0 || bytes.get(at - 1) == Some(&b' '))
            && (end == name.len() || bytes.get(end) == Some(&b' '))
    })
}

/// Words between the name and its value in a sentence: `my phone number is …`.
const FILLERS: &[&str] = &[
    "is", "are", "was", "at", "on", "to", "for", "of", "with", "by", "the", "a", "an", "my",
    "your", "his", "her", "our", "this", "me", "us", "i", "it", "please", "ist", "es", "est",
    "und", "and",
];

/// The context that the words of a sentence before position `at` give, up to `reach` bytes back.
pub(super) fn words_before(text: &str, at: usize, reach: usize) -> NameContext {
    let mut from = at.saturating_sub(reach);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    // The line or sentence at hand: words before a full stop or another value belong elsewhere.
    let before = text.get(from..at).unwrap_or("");
    let before = before.rsplit(['.', '?', '!', ';', ',']).next().unwrap_or("");
    let mut words: Vec<&str> = before
        .split(|c: char| !(c.is_alphanumeric() || "'-_".contains(c)))
        .filter(|w| !w.is_empty())
        .collect();
    while words.last().is_some_and(|w| FILLERS.contains(&w.to_lowercase().as_str())) {
        words.pop();
    }
    let start = words.len().saturating_sub(MAX_PHRASE_WORDS);
    NameContext::of("", &words.get(start..).unwrap_or_default().join(" "))
}

/// Whether a phrase is written the way names are split, so that it can fit one at all.
#[cfg(test)]
pub(super) fn is_plain(phrase: &str) -> bool {
    let mut words = Words::default();
    words.split(phrase);
    words.text == phrase
}

/// Whether the name is one of `phrases` or ends with one.
pub(super) fn is_named(own: &str, phrases: &[&str]) -> bool {
    let context = lookup("", own);
    let name = context.words();
    phrases.iter().any(|p| name == *p || name.strip_suffix(p).is_some_and(|r| r.ends_with(' ')))
}

/// The key above the one that names the node; empty when there is none.
pub(super) fn parent_name<'a>(node: &NodeRef<'a>) -> &'a str {
    let mut at = Some(*node);
    let mut own_seen = false;
    while let Some(current) = at {
        if !current.key().is_empty() {
            if own_seen {
                return current.key();
            }
            own_seen = true;
        }
        at = current.parent();
    }
    ""
}

/// The context of a field name below a parent's name.
///
/// The answer depends on the names alone; names seen lately are remembered per thread, so that a
/// list of a thousand objects splits each name once.
pub(super) fn lookup(parent: &str, own: &str) -> NameContext {
    use std::hash::BuildHasher as _;
    if parent.len() + own.len() > MAX_REMEMBERED_BYTES {
        return NameContext::of(parent, own);
    }
    let at = (FixedState::default().hash_one((parent, own)) as usize) % MEMO_SLOTS;
    MEMO.with_borrow_mut(|slots| {
        if slots.is_empty() {
            slots.resize_with(MEMO_SLOTS, || None);
        }
        match slots.get_mut(at) {
            Some(Some(slot)) if *slot.own == *own && *slot.parent == *parent => slot.context,
            Some(empty) => {
                let context = NameContext::of(parent, own);
                *empty = Some(Slot { parent: parent.into(), own: own.into(), context });
                context
            }
            None => NameContext::of(parent, own),
        }
    })
}

struct Slot {
    parent: Box<str>,
    own: Box<str>,
    context: NameContext,
}

thread_local! {
    static MEMO: RefCell<Vec<Option<Slot>>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(parent: &str, own: &str) -> String {
        NameContext::of(parent, own).words().to_owned()
    }

    #[test]
    fn names_split_into_words() {
        for (name, expected) in [
            ("customerEmail", "customer email"),
            ("email_address", "email address"),
            ("e-mail", "e mail"),
            ("userIPAddress", "user ip address"),
            ("SSN", "ssn"),
            ("addressLine1", "address line 1"),
            ("Adresses", "adress"),
            ("phoneNumbers", "phone number"),
            ("Straße", "strasse"),
            ("Contraseña", "contrasena"),
            ("", ""),
        ] {
            assert_eq!(words("", name), expected, "{name}");
        }
        assert_eq!(words("customers", "name"), "customer name");
    }

    #[test]
    fn parts_of_words_do_not_count() {
        for name in ["shipping", "engender", "compass", "bypass_cache", "membership", "spin"] {
            assert_eq!(NameContext::of("", name).mask, 0, "{name}");
        }
        assert!(contains_phrase("customer card number", "card number"));
        assert!(!contains_phrase("discard number", "card number"));
    }

    #[test]
    fn identifiers_are_told_by_the_last_word() {
        assert!(NameContext::of("", "orderId").is_identifier);
        assert!(NameContext::of("", "created_at_timestamp").is_identifier);
        assert!(!NameContext::of("", "idCard").is_identifier);
    }

    #[test]
    fn names_of_any_length_are_bounded() {
        let long = "aB".repeat(10_000);
        let context = NameContext::of(&long, &"é".repeat(5_000));
        assert!(context.words().len() <= MAX_NAME_BYTES);
    }
}
