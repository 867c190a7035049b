//! Names of files: where a request gives one, how they end, and what servers make of their ends.

use bartizan_protocols::media;
use http::{HeaderName, Method, header};

use crate::{
    call::Call,
    policy::{asked, reading::fields},
};

/// Fields in which clients name what they send (RFC 5023 §9.7, and what upload widgets send).
const NAMING: [HeaderName; 3] = [
    HeaderName::from_static("slug"),
    HeaderName::from_static("x-file-name"),
    HeaderName::from_static("x-filename"),
];
/// Most names of one body that are looked at.
const MAX_NAMES: usize = 16;
/// Ends that servers run, wherever they are in a name.
const RUN: [&str; 22] = [
    "php", "php3", "php4", "php5", "php7", "php8", "phps", "pht", "phtml", "phar", "asp", "aspx",
    "ashx", "asmx", "cer", "asa", "jsp", "jspx", "jspf", "cfm", "cgi", "shtml",
];
/// Ends that browsers run, or that change what a server does.
const SHOWN: [&str; 14] = [
    "html", "htm", "xhtml", "xht", "mht", "mhtml", "svg", "svgz", "js", "mjs", "xsl", "xslt",
    "htaccess", "swf",
];

/// The names that the head of a request gives its body.
pub(super) fn of(call: &Call) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    if call.method == Method::PUT {
        let last = call.uri.path().rsplit('/').find(|segment| !segment.is_empty());
        names.extend(last.map(asked::decoded).filter(|name| name.contains('.')));
    }
    for disposition in fields(call, header::CONTENT_DISPOSITION) {
        let named = media::parameters(disposition)
            .filter(|(name, _)| name.get(..8).is_some_and(|n| n.eq_ignore_ascii_case("filename")));
        // `charset'language'value` (RFC 8187).
        names.extend(
            named.map(|(_, value)| asked::decoded(value.rsplit('\'').next().unwrap_or(&value))),
        );
    }
    for field in NAMING {
        names.extend(fields(call, field).map(|value| asked::decoded(value.trim())));
    }
    names.truncate(MAX_NAMES);
    names
}

/// Whether a name ends with a dot and one of these, and no server sees another end in it.
pub(super) fn ends_as(name: &str, ends: &[String]) -> bool {
    let is_end = |end: &String| {
        let at = name.len().checked_sub(end.len());
        let split = at.and_then(|at| Some((name.get(..at)?, name.get(at..)?)));
        split.is_some_and(|(before, last)| {
            before.ends_with('.')
                && last.eq_ignore_ascii_case(end)
                && !parts(before).any(|part| is_one(part, &RUN))
        })
    };
    !name.contains('\0') && ends.iter().any(is_end)
}

/// Whether servers run, or browsers show, what has such a name.
pub(super) fn is_active(name: &str) -> bool {
    parts(name).any(|part| is_one(part, &RUN) || is_one(part, &SHOWN))
}

/// What stands behind dots, up to where some server takes a name to end (a null byte, a semicolon, a stream of NTFS).
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let is_end = |c: char| {
        matches!(c, '.' | ';' | ':' | '/' | '\\' | '%') || c.is_whitespace() || c.is_control()
    };
    name.split(is_end).skip(1)
}

fn is_one(part: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| part.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_sees_another_end() {
        let ends = ["png".to_owned(), "txt".to_owned(), "php".to_owned()];
        for name in ["a.png", "a.PNG", "a.b.png", ".txt", "C:\\photos\\a.png", "a.php"] {
            assert!(ends_as(name, &ends), "{name}");
        }
        for name in [
            "png",
            "a.exe",
            "a.php.png",
            "a.asp;.png",
            "a.pHp%00.png",
            "a.php\0.png",
            "a.php/.png",
            "a.jsp .png",
            "a.png.",
        ] {
            assert!(!ends_as(name, &ends), "{name}");
        }
        assert!(is_active("a.html") && is_active("a.php.png") && is_active("a.svg;x=1"));
        assert!(!is_active("john.doe") && !is_active("php") && !is_active("v1.0"));
    }
}
