//! Where a path may leave its folder: a look at what stands around a slash, dot or colon.
//!
//! Each test is necessary for a rule of [`super::traversal`], never sufficient.

use super::look::{byte, has, skip, skip_back};

/// Names of folders and files that are wanted behind a slash.
const WANTED: [&str; 11] = [
    "etc",
    "proc",
    "root",
    ".ssh",
    ".bash_history",
    ".aws",
    "web-inf",
    "windows",
    "winnt",
    "boot.ini",
    "serviceaccount",
];

/// Wrappers of files before a colon, and those before a colon and two slashes; without these,
/// `classpath:` and others are names in configurations.
const WRAPPERS: [&str; 3] = ["jar", "data", "file"];
const DEEP_WRAPPERS: [&str; 11] = [
    "php",
    "expect",
    "phar",
    "zip",
    "glob",
    "compress.zlib",
    "ogg",
    "rar",
    "classpath",
    "netdoc",
    "zlib",
];

/// Whether a wanted name stands around the slash or backslash at `at`, or another slash that makes
/// a path of another host.
pub(crate) fn slash(text: &[u8], at: usize) -> bool {
    let wanted = match byte(text, at + 1).to_ascii_lowercase() {
        b'\\' => byte(text, at) == b'\\',
        b'.' | b'b' | b'e' | b'p' | b'r' | b's' | b'w' => {
            WANTED.iter().any(|name| has(text, at + 1, name))
        }
        _ => false,
    };
    wanted
        || match at.checked_sub(1).map(|before| byte(text, before).to_ascii_lowercase()) {
            Some(b'f') => has(text, at.saturating_sub(7), "web-inf"),
            Some(b't') => has(text, at.saturating_sub(5), "~root"),
            _ => false,
        }
}

/// Whether the dots from `at` on are a step up: two or more, at a separator of a path.
pub(crate) fn dots(text: &[u8], at: usize) -> bool {
    let is_slash = |byte| matches!(byte, b'/' | b'\\');
    let end = skip(text, at, |b| b == b'.');
    let before = at.checked_sub(1).map_or(0, |before| byte(text, before));
    end >= at + 2
        && before != b'.'
        && (is_slash(before) || is_slash(byte(text, end)) || byte(text, end) == b';')
}

/// Whether the colon at `at` ends the name of a wrapper.
pub(crate) fn colon(text: &[u8], at: usize) -> bool {
    let from = at.saturating_sub(14);
    let before = text.get(from..at).unwrap_or_default();
    let start = skip_back(before, before.len(), |b| b.is_ascii_alphanumeric() || b == b'.');
    let name = before.get(start..).unwrap_or_default();
    let one_of = |known: &[&str]| known.iter().any(|k| k.as_bytes().eq_ignore_ascii_case(name));
    name.len() >= 3 && (one_of(&WRAPPERS) || (has(text, at + 1, "//") && one_of(&DEEP_WRAPPERS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_wanted_files_give_signs() {
        for (text, at) in [("../a", 0), ("a/..", 2), ("..;/", 0), ("....//", 0), ("..\\x", 0)] {
            assert!(dots(text.as_bytes(), at), "{text}");
        }
        for (text, at) in
            [("/etc/x", 0), ("c:\\Windows", 2), ("WEB-INF/x", 7), ("~root/", 5), ("\\\\h", 0)]
        {
            assert!(slash(text.as_bytes(), at), "{text}");
        }
        assert!(colon(b"a php://x", 5) && colon(b"compress.zlib://x", 13) && colon(b"file:/", 4));
    }

    #[test]
    fn ordinary_paths_give_no_sign() {
        for (text, at) in [("a.b", 1), ("wait... / x", 4), ("a..b", 1), ("...x", 1)] {
            assert!(!dots(text.as_bytes(), at), "{text}");
        }
        for (text, at) in [("/v1/x", 0), ("/products", 0), ("1/2", 1), ("https://x", 6)] {
            assert!(!slash(text.as_bytes(), at), "{text}");
        }
        assert!(!colon(b"https://x", 5) && !colon(b"10:00", 2) && !colon(b"classpath:/x", 9));
    }
}
