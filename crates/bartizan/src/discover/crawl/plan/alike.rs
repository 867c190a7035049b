//! Whether two answers say the same: what a server says of a path that does not exist, it says of many.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::super::{Answer, paths, read};

/// Shortest page of which a small difference does not count, in bytes.
const MIN_PAGE: usize = 512;
/// Difference in length that does not count: a time, a number, a token.
const SMALL: usize = 32;
/// Bytes at the beginning that are the same in such pages.
const HEAD: usize = 128;

/// What of an answer is compared.
#[derive(Clone, Debug)]
pub(super) struct Likeness {
    status: u16,
    location: String,
    hash: u64,
    length: usize,
    head: String,
    is_page: bool,
}

impl Likeness {
    /// The likeness of the answer to a target. The path itself does not count: many pages repeat it.
    pub(super) fn of(target: &str, answer: &Answer) -> Self {
        let path = paths::path_of(target);
        // The path of the root alone is in everything.
        let without = |text: &str| match path.len() > 1 {
            true => text.replace(path, ""),
            false => text.to_owned(),
        };
        let body = without(&String::from_utf8_lossy(&answer.body));
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self {
            status: answer.status,
            location: without(answer.headers.get("location").unwrap_or_default()),
            hash: hasher.finish(),
            length: body.len(),
            head: body.chars().take(HEAD).collect(),
            is_page: read::is_page(answer),
        }
    }

    /// Whether it says that something is there.
    pub(super) const fn is_answer(&self) -> bool {
        !matches!(self.status, 404 | 408 | 410 | 429 | 500..)
    }
}

impl PartialEq for Likeness {
    fn eq(&self, other: &Self) -> bool {
        if self.status != other.status {
            return false;
        }
        match self.status {
            200..=299 => {
                let is_same = self.hash == other.hash && self.length == other.length;
                let are_pages = self.is_page && other.is_page && self.length >= MIN_PAGE;
                let is_close = self.length.abs_diff(other.length) <= SMALL;
                is_same || (are_pages && is_close && self.head == other.head)
            }
            300..=399 => self.location == other.location,
            // Refusals differ in numbers and times; what is refused everywhere says nothing anywhere.
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(target: &str, status: u16, body: &str) -> Likeness {
        let body = body.as_bytes().to_vec().into();
        Likeness::of(target, &Answer { status, body, ..Answer::default() })
    }

    #[test]
    fn the_same_page_for_another_path_is_the_same() {
        let page = |path: &str, token: &str| {
            format!("<!doctype html>{}{path}{token}", "<p>shop</p>".repeat(100))
        };
        let nothing = likeness("/none", 200, &page("/none", "1"));
        assert_eq!(nothing, likeness("/docs", 200, &page("/docs", "1")));
        assert_eq!(nothing, likeness("/docs", 200, &page("/docs", "22")));
        assert_ne!(nothing, likeness("/docs", 200, "{\"openapi\":\"3.1.0\"}"));
        assert_ne!(nothing, likeness("/docs", 401, &page("/docs", "1")));
        assert_ne!(likeness("/a", 200, "{}"), likeness("/b", 200, "[]"));
        assert_eq!(likeness("/a", 401, "at 10:00"), likeness("/b", 401, "at 10:01"));
        assert!(nothing.is_answer() && !likeness("/a", 404, "").is_answer());
    }
}
