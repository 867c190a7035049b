//! Formats that are known and not read: so that a person is told what they have and what to do,
//! instead of getting nonsense or a pile of skipped lines.

use bartizan_protocols::spec::{SpecFormat, format_of_head};
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::{EXPECTED_HELP, encoding::Wrapping};

/// What a file looks like, and what to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) found: &'static str,
    pub(super) help: &'static str,
}

const fn foreign(found: &'static str, help: &'static str) -> Option<Foreign> {
    Some(Foreign { found, help })
}

const UNPACK: &str = "unpack it first and name the files in it";
const NOT_TRAFFIC: &str = "it holds no traffic";
const OTHER_LOG: &str =
    "write the log in a form that is read, or convert it to exchange JSON lines";

/// Formats with a beginning of their own.
pub(super) fn by_magic(head: &[u8], wrapping: Option<Wrapping>) -> Option<Foreign> {
    for (magic, found, help) in [
        (&b"PK\x03\x04"[..], "a zip archive (also .saz, .xlsx)", UNPACK),
        (b"PK\x05\x06", "an empty zip archive", UNPACK),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
        (b"Rar!\x1a\x07", "a rar archive", UNPACK),
        (b"\xfd7zXZ\x00", "an xz file", UNPACK),
        (b"BZh", "a bzip2 file", UNPACK),
        (b"\x04\x22\x4d\x18", "an lz4 file", UNPACK),
        (b"SQLite format 3\0", "an SQLite database", NOT_TRAFFIC),
        (b"PAR1", "a Parquet file", OTHER_LOG),
        (b"\x7fELF", "a program", NOT_TRAFFIC),
        (b"%PDF-", "a PDF document", NOT_TRAFFIC),
        (b"\x89PNG", "a PNG picture", NOT_TRAFFIC),
        (b"\xff\xd8\xff", "a JPEG picture", NOT_TRAFFIC),
        (b"\xff\xfe\0\0", "UTF-32 text", "save it as UTF-8"),
    ] {
        if head.starts_with(magic) && (magic != b"BZh" || head.get(4..10) == Some(b"1AY&SY")) {
            return foreign(found, help);
        }
    }
    if head.get(257..262) == Some(b"ustar") {
        return foreign("a tar archive", UNPACK);
    }
    if wrapping.is_some() && super::encoding::wrapping(head).is_some() {
        return foreign("compressed data inside compressed data", UNPACK);
    }
    None
}

/// Formats of text, told by their first lines.
pub(super) fn by_text(head: &[u8]) -> Option<Foreign> {
    if let Some(format) = format_of_head(head) {
        return Some(specification(format));
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty());
    let first = lines.next()?;
    if let Some(found) = log_line(first) {
        return Some(found);
    }
    if first.starts_with(b"#") {
        let directives = head.split(|b| *b == b'\n').take(20);
        let mut fields = directives.filter(|line| line.starts_with(b"#Fields:"));
        if fields.next().is_some() {
            return foreign("a log in W3C extended form without requests", NOT_TRAFFIC);
        }
    }
    if first.starts_with(b"{") || first.starts_with(b"[") {
        return json(head);
    }
    if first.starts_with(b"<") {
        let lower = first.to_ascii_lowercase();
        if lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html") {
            return foreign("an HTML page", "download the file itself, not its page");
        }
        return foreign("an XML document", NOT_TRAFFIC);
    }
    None
}

/// A specification of an API in place of traffic.
const fn specification(format: SpecFormat) -> Foreign {
    let found = match format {
        SpecFormat::OpenApi => "an OpenAPI document",
        SpecFormat::AsyncApi => "an AsyncAPI document",
        SpecFormat::Graphql => "a GraphQL schema",
        SpecFormat::Protobuf => "a file of protocol buffers",
        SpecFormat::Wsdl => "a WSDL document",
    };
    Foreign { found, help: "it describes an API; give it beside traffic, with --spec" }
}

/// Whether a line is of a log format that is known and not read.
pub(super) fn is_log_line(line: &[u8]) -> bool {
    log_line(line).is_some() || (line.starts_with(b"{") && json(line).is_some())
}

fn log_line(line: &[u8]) -> Option<Foreign> {
    let text = String::from_utf8_lossy(line.get(..line.len().min(4096))?);
    let mut words = text.split_ascii_whitespace();
    let first = words.next()?;
    let third = words.nth(1).unwrap_or("");
    if is_iso_time(first) && third.contains(':') && text.contains("\" \"") {
        return foreign("an AWS classic load balancer (ELB) log", OTHER_LOG);
    }
    if first.len() == 64 && first.bytes().all(|b| b.is_ascii_hexdigit()) && third.starts_with('[') {
        return foreign("an AWS S3 access log", OTHER_LOG);
    }
    let is_error_log =
        (first.len() == 10 && first.get(4..5) == Some("/") && third.starts_with('['))
            || (first.starts_with('[') && (text.contains(":error] ") || text.contains("] [pid ")));
    if is_error_log {
        return foreign("an error log", "name the access log instead");
    }
    None
}

fn is_iso_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.len() >= 19
        && bytes.get(4) == Some(&b'-')
        && bytes.get(10) == Some(&b'T')
        && bytes.iter().take(4).all(u8::is_ascii_digit)
}

/// JSON of other kinds, told by the members of its first object.
fn json(head: &[u8]) -> Option<Foreign> {
    let keys = keys(head);
    let has = |all: &[&str]| all.iter().all(|key| keys.iter().any(|k| k == key));
    for (key, format) in [
        ("openapi", SpecFormat::OpenApi),
        ("swagger", SpecFormat::OpenApi),
        ("asyncapi", SpecFormat::AsyncApi),
        ("__schema", SpecFormat::Graphql),
    ] {
        if has(&[key]) {
            return Some(specification(format));
        }
    }
    for (all, found, help) in [
        (&["EdgeStartTimestamp"][..], "a Cloudflare log", OTHER_LOG),
        (&["ClientRequestURI"], "a Cloudflare log", OTHER_LOG),
        (&["resourceLogs"], "OpenTelemetry logs", OTHER_LOG),
        (&["Records"], "an AWS CloudTrail log", NOT_TRAFFIC),
    ] {
        if has(all) {
            return foreign(found, help);
        }
    }
    None
}

/// Most members of the first object that are looked at.
const KEYS: usize = 64;

/// Keys of the first object, as far as the head reaches.
pub(super) fn keys(head: &[u8]) -> Vec<String> {
    let object = memchr::memchr(b'{', head).and_then(|at| head.get(at..)).unwrap_or_default();
    let mut keys = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(object);
    // An error is the end of the head: what was read until then counts.
    let _ = deserializer.deserialize_map(KeyVisitor(&mut keys));
    keys
}

struct KeyVisitor<'a>(&'a mut Vec<String>);

impl<'de> Visitor<'de> for KeyVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if self.0.len() < KEYS {
                self.0.push(key);
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Describes what nothing is known about.
pub(super) fn describe(head: &[u8]) -> (String, &'static str) {
    let start = head.trim_ascii_start();
    if head.contains(&0)
        || std::str::from_utf8(head).is_err_and(|e| e.valid_up_to() + 4 < head.len())
            && head.iter().filter(|b| **b < b' ' && !b.is_ascii_whitespace()).count()
                > head.len() / 50
    {
        return ("binary data".to_owned(), "name a capture or log file");
    }
    if start.is_empty() {
        return ("only white space".to_owned(), EXPECTED_HELP);
    }
    if start.starts_with(b"{") || start.starts_with(b"[") {
        let mut keys = keys(head);
        keys.truncate(6);
        let found = match keys.as_slice() {
            [] => "JSON but not a HAR: no log.entries".to_owned(),
            keys => {
                let keys: Vec<_> = keys.iter().map(|k| printable(k.as_bytes(), 24)).collect();
                format!("JSON but not a HAR: no log.entries, only {}", keys.join(", "))
            }
        };
        return (found, EXPECTED_HELP);
    }
    let line = start.split(|b| *b == b'\n').next().unwrap_or_default();
    (format!("text that begins with `{}`", printable(line, 60)), EXPECTED_HELP)
}

/// Hostile text, shortened and without anything that a terminal acts on.
fn printable(text: &[u8], limit: usize) -> String {
    let text = String::from_utf8_lossy(text.get(..text.len().min(4 * limit)).unwrap_or_default());
    let mut out: String = text
        .chars()
        .take(limit)
        .map(|c| if c.is_control() || !(c.is_ascii() || c.is_alphanumeric()) { '?' } else { c })
        .collect();
    if text.chars().count() > limit {
        out.push('…');
    }
    out
}
