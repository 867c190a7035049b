//! What a client's user agent tells beside its fingerprint.

use crate::detectors::names::{FNV_START, fnv};

/// Bytes of a user agent that are looked at.
const MOST: usize = 256;

/// A client as its user agent describes it. Anybody can send any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Hash of the text without version numbers: the same before and after an update.
    pub family: u64,
    /// Whether it names a library or tool for scripts.
    pub is_script: bool,
}

const SCRIPTS: [&str; 16] = [
    "python",
    "curl",
    "wget",
    "go-http",
    "java/",
    "libwww",
    "httpie",
    "postman",
    "axios",
    "node-fetch",
    "ruby",
    "perl",
    "aiohttp",
    "httpx",
    "scrapy",
    "headless",
];

impl Agent {
    /// Reads a `user-agent` field.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let family = text
            .bytes()
            .take(MOST)
            .filter(|b| !b.is_ascii_digit() && *b != b'.' && *b != b'_')
            .fold(FNV_START, |hash, b| fnv(hash, &[b]));
        let lower: Vec<u8> = text.bytes().take(MOST).map(|b| b.to_ascii_lowercase()).collect();
        let is_script =
            SCRIPTS.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some());
        Self { family, is_script }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_do_not_make_another_client() {
        let of = |text| Agent::of(text).family;
        assert_eq!(of("ShopApp/5.3 (Android 16)"), of("ShopApp/5.4.1 (Android 17)"));
        assert_ne!(of("ShopApp/5.3"), of("curl/8.5.0"));
        assert!(Agent::of("Python-urllib/3.12").is_script && !Agent::of("Mozilla/5.0").is_script);
    }
}
