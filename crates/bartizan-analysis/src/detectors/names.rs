//! What field names and path words say: identifiers, owners, credentials.

/// A name in lower case without separators, on the stack: `ownerId` and `owner_id` → `ownerid`.
#[derive(Clone, Copy)]
pub(crate) struct Plain {
    bytes: [u8; 48],
    len: usize,
}

impl Plain {
    /// Letters and digits of `name`, ASCII in lower case; at most 48 bytes.
    pub(crate) fn of(name: &str) -> Self {
        let mut plain = Self { bytes: [0; 48], len: 0 };
        for byte in name.bytes().filter(|b| b.is_ascii_alphanumeric() || *b >= 0x80) {
            let Some(slot) = plain.bytes.get_mut(plain.len) else { break };
            *slot = byte.to_ascii_lowercase();
            plain.len += 1;
        }
        plain
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// As text; empty when the cut split a character.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or("")
    }
}

/// Endings of names that hold an identifier, without the separator before them.
const ID_ENDINGS: [&str; 7] = ["id", "uuid", "guid", "ids", "uuids", "ref", "slug"];
/// Names that hold an identifier only when the value has a digit.
const CODE_ENDINGS: [&str; 6] = ["number", "no", "code", "key", "reference", "num"];

/// How far a name speaks for an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdName {
    /// It does not.
    No,
    /// If the value has a digit.
    WithDigit,
    /// It does.
    Yes,
}

/// The identifier part of a name and what remains before it: `order_id` → `order`.
pub(crate) fn id_name(name: &str) -> (IdName, &str) {
    for (endings, answer) in
        [(ID_ENDINGS.as_slice(), IdName::Yes), (CODE_ENDINGS.as_slice(), IdName::WithDigit)]
    {
        for ending in endings {
            if let Some(stem) = stem_before(name, ending) {
                return (answer, stem);
            }
        }
    }
    if name.eq_ignore_ascii_case("_id") { (IdName::Yes, "") } else { (IdName::No, name) }
}

/// What stands before `ending`, when `ending` is a word of its own there.
fn stem_before<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(ending.len())?;
    let (stem, tail) = (name.get(..at)?, name.get(at..)?);
    if !tail.eq_ignore_ascii_case(ending) {
        return None;
    }
    let last = stem.bytes().last();
    let new_word = match last {
        None | Some(b'_' | b'-' | b'.' | b'[' | b'@') => true,
        // A capital starts a word in camel case: `orderId`, `orderID`.
        Some(before) => {
            before.is_ascii_lowercase() && tail.starts_with(|c: char| c.is_ascii_uppercase())
                || before.is_ascii_digit()
        }
    };
    new_word.then(|| stem.trim_end_matches(['_', '-', '.']))
}

/// Words for somebody to whom things belong.
const PEOPLE: [&str; 35] = [
    "owner",
    "user",
    "customer",
    "account",
    "client",
    "member",
    "author",
    "creator",
    "createdby",
    "tenant",
    "org",
    "organisation",
    "organization",
    "company",
    "patient",
    "student",
    "employee",
    "holder",
    "subscriber",
    "merchant",
    "seller",
    "buyer",
    "driver",
    "guest",
    "principal",
    "subject",
    "profile",
    "person",
    "uid",
    "workspace",
    "recipient",
    "player",
    "agent",
    "tutor",
    "requester",
];

/// Whether a name without its identifier ending is a word for somebody.
pub(crate) fn is_person(stem: &str) -> bool {
    let plain = Plain::of(stem);
    let text = plain.text();
    let singular = text.strip_suffix('s').unwrap_or(text);
    PEOPLE.iter().any(|word| singular == *word || text == *word || text.ends_with(word))
}

/// Keys and segments that group things without naming their kind.
const GENERIC: [&str; 24] = [
    "items",
    "data",
    "results",
    "result",
    "content",
    "contents",
    "records",
    "list",
    "rows",
    "entries",
    "edges",
    "node",
    "nodes",
    "hits",
    "payload",
    "response",
    "value",
    "values",
    "objects",
    "object",
    "page",
    "body",
    "attributes",
    "search",
];

/// Whether a key or segment says nothing about the kind of thing.
pub(crate) fn is_generic(key: &str) -> bool {
    GENERIC.iter().any(|word| key.eq_ignore_ascii_case(word))
}

/// A kind of thing as a hash: `Orders`, `order` and `orders` are one.
pub(crate) fn kind_hash(name: &str) -> u64 {
    let plain = Plain::of(name);
    let bytes = plain.bytes();
    let singular = match bytes {
        [stem @ .., b'i', b'e', b's'] if stem.len() > 1 => {
            return fnv(fnv(FNV_START, stem), b"y");
        }
        [stem @ .., b's', b's', b'e', b's'] => return fnv(fnv(FNV_START, stem), b"ss"),
        [.., b's', b's'] => bytes,
        [stem @ .., b's'] if stem.len() > 1 => stem,
        _ => bytes,
    };
    fnv(FNV_START, singular)
}

/// Start of [`fnv`].
pub(crate) const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over names: short, and not chosen by attackers in a way that gains them anything.
pub(crate) fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

/// Last path words that name the caller's own record.
const SELF_WORDS: [&str; 6] = ["me", "self", "whoami", "current", "userinfo", "myself"];

/// Whether a path word names the caller's own record.
pub(crate) fn is_self_word(segment: &str) -> bool {
    SELF_WORDS.iter().any(|word| segment.eq_ignore_ascii_case(word))
}

/// Whether a path segment looks like a value rather than a word: digits, UUID, long hexadecimal,
/// or a mix of letters and several digits.
pub(crate) fn is_value_segment(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let letters = segment.bytes().filter(u8::is_ascii_alphabetic).count();
    if digits == 0 {
        return false;
    }
    letters == 0 || digits >= 3 || (segment.len() >= 16 && digits >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifier_names_are_words_of_their_own() {
        for (name, stem) in
            [("id", ""), ("order_id", "order"), ("orderId", "order"), ("user-uuid", "user")]
        {
            assert_eq!(id_name(name), (IdName::Yes, stem), "{name}");
        }
        for name in ["paid", "valid", "grid", "void", "android", "href", "monkey", "casino"] {
            assert_eq!(id_name(name).0, IdName::No, "{name}");
        }
        assert_eq!(id_name("invoiceNumber"), (IdName::WithDigit, "invoice"));
    }

    #[test]
    fn kinds_ignore_number_and_spelling() {
        for (a, b) in [("orders", "Order"), ("addresses", "address"), ("companies", "company")] {
            assert_eq!(kind_hash(a), kind_hash(b), "{a} {b}");
        }
        assert_ne!(kind_hash("orders"), kind_hash("users"));
    }

    #[test]
    fn people_and_values() {
        assert!(is_person("owner") && is_person("billing_account") && is_person("createdBy"));
        assert!(!is_person("product") && !is_person("status"));
        for value in ["1021", "ord_8fa31c", "5f3c9d0e-1b2a-4c3d-8e9f-001122334455", "a1b2c3"] {
            assert!(is_value_segment(value), "{value}");
        }
        for word in ["orders", "v1", "oauth2", "users", ".env", "wp-admin"] {
            assert!(!is_value_segment(word), "{word}");
        }
    }
}
