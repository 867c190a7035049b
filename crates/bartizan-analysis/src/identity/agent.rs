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
    /// What of software it is.
    pub nature: Nature,
}

/// What of software a user agent names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A browser, or what says that it is one.
    Browser,
    /// The network library of a phone, or an app that names its system.
    Mobile,
    /// A library for programs.
    Library,
    /// The firmware of a device.
    Device,
    /// Nothing that tells.
    Other,
}

/// What apps of phones send by themselves.
const MOBILE: [&str; 8] =
    ["okhttp", "cfnetwork", "dalvik", "alamofire", "android ", "(iphone", "(ipad", "; ios "];
/// What firmware and its libraries call themselves.
const DEVICES: [&str; 8] =
    ["esp8266", "esp32", "arduino", "freertos", "micropython", "mongoose", "lwip", "zephyr"];
/// Libraries that programs without a user are written with. Tools that people use by hand are none.
const LIBRARIES: [&str; 14] = [
    "python",
    "go-http",
    "java/",
    "java-http",
    "apache-httpclient",
    "libwww",
    "ruby",
    "aiohttp",
    "httpx",
    "node-fetch",
    "axios",
    "guzzlehttp",
    "grpc-",
    "reqwest",
];
/// Names of browsers in their user agents, which hold those of others too: the first that is there counts.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("", "Mozilla"),
];
/// Longest product that is told from others.
const MOST_PRODUCT: usize = 64;

/// The name of the product in a user agent: of a browser its family, of others what stands before the version
/// (RFC 9110 §10.1.5).
#[must_use]
pub fn product(text: &str) -> Option<&str> {
    if text.starts_with("Mozilla/") {
        let start = text.get(..text.floor_char_boundary(MOST)).unwrap_or_default();
        return BROWSERS.iter().find(|(word, _)| start.contains(word)).map(|(_, name)| *name);
    }
    let name = text.trim_start().split(['/', ' ', '(', ';']).next()?;
    (!name.is_empty() && name.len() <= MOST_PRODUCT).then_some(name)
}

fn nature(lower: &[u8]) -> Nature {
    let has = |words: &[&str]| {
        words.iter().any(|word| memchr::memmem::find(lower, word.as_bytes()).is_some())
    };
    if has(&DEVICES) {
        Nature::Device
    } else if lower.starts_with(b"mozilla/") {
        Nature::Browser
    } else if has(&MOBILE) {
        Nature::Mobile
    } else if has(&LIBRARIES) {
        Nature::Library
    } else {
        Nature::Other
    }
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
        Self { family, is_script, nature: nature(&lower) }
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

    #[test]
    fn software_is_told_by_what_it_calls_itself() {
        for (text, nature, name) in [
            ("Mozilla/5.0 (X11) Gecko/20100101 Firefox/140.0", Nature::Browser, "Firefox"),
            ("Mozilla/5.0 (Windows) Chrome/140.0 Safari/537.36 Edg/140.0", Nature::Browser, "Edge"),
            ("Mozilla/5.0", Nature::Browser, "Mozilla"),
            ("Shop/12 CFNetwork/1399 Darwin/22.1.0", Nature::Mobile, "Shop"),
            ("okhttp/4.12.0", Nature::Mobile, "okhttp"),
            ("ShopApp/5.3 (Android 16)", Nature::Mobile, "ShopApp"),
            ("Go-http-client/2.0", Nature::Library, "Go-http-client"),
            ("python-requests/2.32", Nature::Library, "python-requests"),
            ("ESP8266HTTPClient", Nature::Device, "ESP8266HTTPClient"),
            ("curl/8.5.0", Nature::Other, "curl"),
        ] {
            assert_eq!((Agent::of(text).nature, product(text)), (nature, Some(name)), "{text}");
        }
        assert_eq!(product(""), None);
        assert_eq!(product(&"a".repeat(MOST_PRODUCT + 1)), None);
    }
}
