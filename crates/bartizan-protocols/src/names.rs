//! Counts how often a name came before, and tells names from identifiers used as keys.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// Up to here a scan of a list is faster than a table.
const LIST: usize = 32;

/// Names seen in one part of a message, as hashes; reused without allocating.
#[derive(Debug, Default)]
pub(crate) struct Names {
    list: Vec<Seen>,
    // Iterated only to ask whether any name has a property: its order cannot show.
    table: HashMap<u64, Seen, FixedState>,
}

/// What is known about a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    name: u64,
    /// Hash of the first value.
    pub(crate) value: u64,
    /// How often it came before.
    pub(crate) count: u32,
}

impl Names {
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.table.clear();
    }

    /// Adds a name; returns what was known before, `None` for a new name.
    pub(crate) fn add(&mut self, name: u64, value: u64) -> Option<Seen> {
        let fresh = Seen { name, value, count: 1 };
        if self.table.is_empty() {
            if let Some(seen) = self.list.iter_mut().find(|seen| seen.name == name) {
                let before = *seen;
                seen.count = seen.count.saturating_add(1);
                return Some(before);
            }
            if self.list.len() < LIST {
                self.list.push(fresh);
                return None;
            }
            self.table.extend(self.list.iter().map(|seen| (seen.name, *seen)));
        }
        let mut before = None;
        self.table
            .entry(name)
            .and_modify(|seen| {
                before = Some(*seen);
                seen.count = seen.count.saturating_add(1);
            })
            .or_insert(fresh);
        before
    }

    /// All names as hashes, in no meaningful order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        let from_list = self.table.is_empty().then(|| self.list.iter().map(|seen| seen.name));
        from_list.into_iter().flatten().chain(self.table.keys().copied())
    }

    /// What is known about a name.
    pub(crate) fn get(&self, name: u64) -> Option<Seen> {
        if self.table.is_empty() {
            self.list.iter().find(|seen| seen.name == name).copied()
        } else {
            self.table.get(&name).copied()
        }
    }
}

/// Whether a key looks like an identifier rather than a name: all digits, a UUID, sixteen or more
/// hexadecimal digits, a date, an e-mail address. Objects with such keys are maps.
#[must_use]
pub fn is_identifier(key: &str) -> bool {
    let bytes = key.as_bytes();
    let Some(&first) = bytes.first() else { return false };
    if first.is_ascii_digit() && (bytes.iter().all(u8::is_ascii_digit) || is_date(bytes)) {
        return true;
    }
    if bytes.len() >= 16 && first.is_ascii_hexdigit() && (is_hex(bytes) || is_uuid(bytes)) {
        return true;
    }
    bytes.len() >= 6 && is_email(bytes)
}

/// At least one digit: `deedfacedeedface` made of letters alone is as likely a name.
fn is_hex(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_hexdigit) && bytes.iter().any(u8::is_ascii_digit)
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// ISO 8601 calendar date at the beginning: `2026-11-22`, `2026-11`, also with a time.
fn is_date(bytes: &[u8]) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    digits(0..4)
        && bytes.get(4) == Some(&b'-')
        && digits(5..7)
        && match bytes.len() {
            7 => true,
            10 => bytes.get(7) == Some(&b'-') && digits(8..10),
            11.. => {
                bytes.get(7) == Some(&b'-')
                    && digits(8..10)
                    && matches!(bytes.get(10), Some(b'T' | b't' | b' '))
            }
            _ => false,
        }
}

fn is_email(bytes: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'@', bytes) else { return false };
    let domain = bytes.get(at + 1..).unwrap_or_default();
    at > 0
        && domain.len() >= 3
        && memchr::memchr(b'@', domain).is_none()
        && memchr::memchr(b'.', domain).is_some_and(|dot| dot > 0 && dot + 1 < domain.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_identifiers_from_names() {
        for key in [
            "7",
            "20260101",
            "2026-11-22",
            "2026-11",
            "2026-11-22T10:00:00Z",
            "550e8400-e29b-41d4-a716-446655440000",
            "5f2b6c7d8e9f0a1b",
            "ann@example.com",
        ] {
            assert!(is_identifier(key), "{key}");
        }
        for key in [
            "",
            "id",
            "customer_id",
            "3d",
            "facade",
            "deadbeef",
            "2026-q1",
            "@type",
            "a@b",
            "x-request-id",
            "1st",
            "user@",
            "@context.x",
        ] {
            assert!(!is_identifier(key), "{key}");
        }
    }

    #[test]
    fn counts_in_list_and_table() {
        let mut names = Names::default();
        for round in 0..3u32 {
            for name in 0..100u64 {
                let before = names.add(name, u64::from(round));
                assert_eq!(before.map_or(0, |seen| seen.count), round);
            }
        }
        assert_eq!(names.get(99).map(|seen| (seen.value, seen.count)), Some((0, 3)));
        assert!(names.get(100).is_none());
        names.clear();
        assert!(names.get(99).is_none());
    }
}
