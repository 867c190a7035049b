//! Media types: what a body claims to be and what it looks like.

use crate::form;

/// What a body was read as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Nothing is known about the body.
    NotCaptured,
    /// No bytes.
    #[default]
    Empty,
    /// One JSON value.
    Json,
    /// Several JSON values (NDJSON, RFC 7464); elements of an array in the view.
    NdJson,
    /// Events of a server, as they were sent (HTML standard §9.2): elements of an array in the view.
    EventStream,
    /// Form fields.
    Form,
    /// Parts.
    Multipart,
    /// XML; under [`bartizan_model::Root::Xml`].
    Xml,
    /// Messages of gRPC or protocol buffers; under [`bartizan_model::Root::Grpc`].
    Grpc,
    /// HTML, as one text.
    Html,
    /// Any other text, as one text.
    Text,
    /// A script, as one text.
    Javascript,
    /// A style sheet, as one text.
    Css,
    /// An image, a font, sound or video; opaque.
    Image,
    /// Anything else; opaque.
    Binary,
}

impl Format {
    /// The word for reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotCaptured => "not_captured",
            Self::Empty => "empty",
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::EventStream => "event_stream",
            Self::Form => "form",
            Self::Multipart => "multipart",
            Self::Xml => "xml",
            Self::Grpc => "grpc",
            Self::Html => "html",
            Self::Text => "text",
            Self::Javascript => "javascript",
            Self::Css => "css",
            Self::Image => "image",
            Self::Binary => "binary",
        }
    }

    /// Whether the view has typed values of the body rather than one text or opaque bytes.
    #[must_use]
    pub const fn is_structured(self) -> bool {
        matches!(
            self,
            Self::Json
                | Self::NdJson
                | Self::EventStream
                | Self::Form
                | Self::Multipart
                | Self::Xml
                | Self::Grpc
        )
    }
}

/// The format that a media type stands for. `None` when it says nothing (missing, or
/// `application/octet-stream`, or unknown).
pub(crate) fn declared(content_type: &str) -> Option<Format> {
    let full = content_type.split([';', ',']).next().unwrap_or("").trim();
    let mut buffer = [0; 128];
    let lower = buffer.get_mut(..full.len())?;
    lower.copy_from_slice(full.as_bytes());
    lower.make_ascii_lowercase();
    let media_type = std::str::from_utf8(lower).ok()?;
    let (kind, subtype) = media_type.split_once('/')?;
    Some(match subtype {
        "json" | "x-json" | "json5" => Format::Json,
        "x-ndjson" | "ndjson" | "jsonl" | "x-jsonl" | "jsonlines" | "x-jsonlines" | "json-seq"
        | "jsonlines+json" | "stream+json" | "x-json-stream" => Format::NdJson,
        "event-stream" => Format::EventStream,
        "x-www-form-urlencoded" => Format::Form,
        "xml" => Format::Xml,
        "html" | "xhtml+xml" => Format::Html,
        "css" => Format::Css,
        "javascript" | "x-javascript" | "ecmascript" => Format::Javascript,
        _ if subtype.ends_with("+json") => Format::Json,
        _ if subtype.ends_with("+xml") => Format::Xml,
        _ => match kind {
            "multipart" => Format::Multipart,
            "text" => Format::Text,
            "image" | "font" | "audio" | "video" => Format::Image,
            _ if subtype == "graphql" => Format::Text,
            _ => return None,
        },
    })
}

/// The `charset` of a media type, as it is written; borrowed, because every body asks.
pub(crate) fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    })
}

/// All parameters behind the first `;` of a media type or disposition, unquoted, in order.
pub fn parameters(value: &str) -> impl Iterator<Item = (&str, String)> {
    let mut rest = value.find(';').and_then(|at| value.get(at + 1..)).unwrap_or("");
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches([' ', '\t', ';']);
            if rest.is_empty() {
                return None;
            }
            let end = rest.find(['=', ';']).unwrap_or(rest.len());
            let (name, tail) = rest.split_at(end);
            let Some(tail) = tail.strip_prefix('=') else {
                rest = tail;
                continue;
            };
            let (value, after) = parameter_value(tail.trim_start());
            rest = after;
            return Some((name.trim(), value));
        }
    })
}

/// A token or quoted string at the beginning, and what is behind the next `;`.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.trim().to_owned(), rest);
    };
    let mut out = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, ch)) = chars.next() {
        match ch {
            '"' => return (out, quoted.get(at + 1..).unwrap_or("")),
            // Browsers send a backslash in file names as it is: only quotes and itself are escaped.
            '\\' => match chars.clone().next() {
                Some((_, next @ ('"' | '\\'))) => {
                    chars.next();
                    out.push(next);
                }
                _ => out.push('\\'),
            },
            _ => out.push(ch),
        }
    }
    (out, "")
}

/// What the beginning of a text looks like. `None` for plain text.
pub(crate) fn sniff(text: &str) -> Option<Format> {
    let start = text.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']);
    match start.as_bytes().first()? {
        b'{' | b'[' | 0x1e => Some(Format::Json),
        b'<' => sniff_markup(start),
        b'-' if sniff_multipart(start) => Some(Format::Multipart),
        _ if form::looks_like(start) => Some(Format::Form),
        _ => None,
    }
}

fn sniff_markup(start: &str) -> Option<Format> {
    let begins = |word: &str| {
        start.as_bytes().get(..word.len()).is_some_and(|s| s.eq_ignore_ascii_case(word.as_bytes()))
    };
    if begins("<!doctype html") || begins("<html") || begins("<head") || begins("<body") {
        return Some(Format::Html);
    }
    let name = start.as_bytes().get(1)?;
    (begins("<?xml") || begins("<!doctype") || begins("<!--") || name.is_ascii_alphabetic())
        .then_some(Format::Xml)
}

/// A boundary line and a field of a part behind it.
fn sniff_multipart(start: &str) -> bool {
    let Some(line) = start.strip_prefix("--").and_then(|rest| rest.split('\n').next()) else {
        return false;
    };
    let boundary = line.trim_end();
    let next = start.get(2 + line.len() + 1..).unwrap_or("").as_bytes();
    (1..=70).contains(&boundary.len())
        && next.get(..8).is_some_and(|field| field.eq_ignore_ascii_case(b"content-"))
}

/// Whether the bytes begin like a well-known binary format.
pub(crate) fn binary_magic(bytes: &[u8]) -> Option<Format> {
    const IMAGES: [&[u8]; 6] =
        [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"\0\0\x01\0", b"wOFF", b"wOF2"];
    const OTHERS: [&[u8]; 6] = [
        b"%PDF-",
        b"PK\x03\x04",
        b"\x1f\x8b",
        b"\x28\xb5\x2f\xfd",
        b"\x7fELF",
        b"\xca\xfe\xba\xbe",
    ];
    let begins = |magic: &&[u8]| bytes.starts_with(magic);
    if IMAGES.iter().any(begins) || (begins(&&b"RIFF"[..]) && bytes.get(8..12) == Some(b"WEBP")) {
        return Some(Format::Image);
    }
    OTHERS.iter().any(begins).then_some(Format::Binary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_have_formats() {
        for (value, format) in [
            ("application/json", Some(Format::Json)),
            ("Application/Vnd.API+JSON; charset=utf-8", Some(Format::Json)),
            ("application/x-ndjson", Some(Format::NdJson)),
            ("application/x-www-form-urlencoded;charset=UTF-8", Some(Format::Form)),
            ("multipart/form-data; boundary=x", Some(Format::Multipart)),
            ("application/soap+xml", Some(Format::Xml)),
            ("text/html", Some(Format::Html)),
            ("text/plain", Some(Format::Text)),
            ("image/png", Some(Format::Image)),
            ("application/octet-stream", None),
            ("application/x-protobuf", None),
            ("", None),
            ("json", None),
        ] {
            assert_eq!(declared(value), format, "{value}");
        }
        assert_eq!(declared(&"a/".repeat(200)), None);
    }

    #[test]
    fn parameters_are_unquoted() {
        let value = r#"form-data; name="a\"b"; filename="C:\x\y.txt"; flag; q=1 ;empty="#;
        let all: Vec<_> = parameters(value).collect();
        let expected = [("name", "a\"b"), ("filename", "C:\\x\\y.txt"), ("q", "1"), ("empty", "")];
        assert_eq!(all, expected.map(|(k, v)| (k, v.to_owned())));
        assert_eq!(charset("text/plain; Charset=\"utf-8\""), Some("utf-8"));
        assert_eq!(charset("text/plain"), None);
    }

    #[test]
    fn beginnings_are_recognised() {
        for (text, format) in [
            (" \n{\"a\":1}", Some(Format::Json)),
            ("[1]", Some(Format::Json)),
            ("<?xml version=\"1.0\"?><a/>", Some(Format::Xml)),
            ("<soap:Envelope>", Some(Format::Xml)),
            ("<!DOCTYPE HTML>", Some(Format::Html)),
            ("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", Some(Format::Multipart)),
            ("a=1&b=2", Some(Format::Form)),
            ("hello world", None),
            ("-- comment\nselect", None),
            ("<3", None),
            ("", None),
        ] {
            assert_eq!(sniff(text), format, "{text}");
        }
    }
}
