//! Media types, and bodies as values that schemas are compared with.

use bartizan_protocols::{Format, NodeRef, Value as Seen};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    operation::{Body, Part},
    parameter::split,
    text::{list, quote},
};
use crate::policy::readings::{Reading, is_token};

/// Most fields of a form.
const FIELDS: usize = 10_000;

/// A media type or range (RFC 9110 section 8.3.1), without parameters, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Media {
    kind: String,
    subtype: String,
}

/// How a body of some media type is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Form,
    Multipart,
    Text,
    /// By nothing here.
    Other,
}

impl Media {
    /// A range, as a specification writes it; nothing stands for anything.
    pub(super) fn range(text: &str) -> Self {
        let bare = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        let (kind, subtype) = bare.split_once('/').unwrap_or(("*", "*"));
        Self { kind: kind.to_owned(), subtype: subtype.to_owned() }
    }

    /// What the one field of a message says; `None` when there is none, are several, or it is no media type.
    pub(super) fn of<'f>(
        fields: impl Iterator<Item = (&'f HeaderName, &'f HeaderValue)>,
    ) -> Option<Self> {
        let mut values = fields.filter(|(name, _)| **name == header::CONTENT_TYPE);
        let (Some((_, value)), None) = (values.next(), values.next()) else { return None };
        let media = Self::range(value.to_str().ok()?);
        (is_token(&media.kind) && is_token(&media.subtype) && media.kind != "*").then_some(media)
    }

    /// How exactly a range names a media type: more is better, 0 is not at all.
    fn names(&self, media: &Self) -> u8 {
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => 1,
            (kind, "*") if kind == media.kind => 2,
            _ if self == media => 3,
            _ => 0,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match (self.kind.as_str(), self.subtype.as_str()) {
            (_, subtype) if subtype == "json" || subtype.ends_with("+json") => Kind::Json,
            ("application", "x-www-form-urlencoded") => Kind::Form,
            ("multipart", "form-data") => Kind::Multipart,
            ("text", "plain") => Kind::Text,
            _ => Kind::Other,
        }
    }
}

/// The body that is documented for a media type.
pub(super) fn documented<'b>(bodies: &'b [Body], media: &Media) -> Option<&'b Body> {
    let best = bodies.iter().max_by_key(|body| body.media.names(media))?;
    (best.media.names(media) > 0).then_some(best)
}

/// A form as JSON, by what the schema says about its fields; `None` when it cannot be read.
pub(super) fn form(reading: &Reading, kind: Kind, body: &Body, part: &Part) -> Option<String> {
    let format = if kind == Kind::Form { Format::Form } else { Format::Multipart };
    let root = reading.plain(format)?;
    let mut fields: Vec<(&str, String)> = Vec::new();
    for node in root.children() {
        let (name, value) = (node.key(), written(node));
        match body.lists.iter().find(|(known, _)| known == name) {
            Some((_, between)) => {
                fields
                    .extend(split(&value, *between).into_iter().map(|one| (name, one.to_owned())));
            }
            None => fields.push((name, value)),
        }
        if fields.len() > FIELDS {
            return None;
        }
    }
    let pairs: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut out = String::new();
    part.shape.object(&mut out, &pairs);
    Some(out)
}

/// A field of a form as text: a file is an empty one, a part that was JSON is that again.
fn written(node: NodeRef<'_>) -> String {
    match node.value() {
        Seen::Text(text) => text.to_owned(),
        Seen::Opaque(_) => String::new(),
        _ => {
            let mut out = String::new();
            json(node, &mut out);
            out
        }
    }
}

/// Writes a value; views have a limited depth.
fn json(node: NodeRef<'_>, out: &mut String) {
    match node.value() {
        Seen::Null | Seen::Opaque(_) => out.push_str("null"),
        Seen::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Seen::Integer(_) | Seen::Number(_) => out.push_str(node.raw()),
        Seen::Text(text) => quote(out, text),
        Seen::Array => list(out, node.children(), |out, child| json(child, out)),
        Seen::Object => {
            out.push('{');
            for (at, child) in node.children().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quote(out, child.key());
                out.push(':');
                json(child, out);
            }
            out.push('}');
        }
    }
}

/// A text as JSON; `None` when it has a content coding, or is no UTF-8.
pub(super) fn text(
    mut fields: impl Iterator<Item = (HeaderName, HeaderValue)>,
    bytes: &[u8],
    part: &Part,
) -> Option<String> {
    if fields.any(|(name, _)| name == header::CONTENT_ENCODING) {
        return None;
    }
    let mut out = String::new();
    part.shape.scalar(&mut out, std::str::from_utf8(bytes).ok()?);
    Some(out)
}

/// The field that says that a value is JSON.
pub(super) fn json_field() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(text: &'static str) -> Option<Media> {
        let value = HeaderValue::from_static(text);
        Media::of([(&header::CONTENT_TYPE, &value)].into_iter())
    }

    #[test]
    fn ranges_name_media_types() {
        let json = media("Application/JSON; charset=utf-8").expect("one");
        assert_eq!(json.kind(), Kind::Json);
        for (range, expected) in [
            ("application/json", 3),
            ("application/*", 2),
            ("*/*", 1),
            ("", 1),
            ("text/*", 0),
            ("text/json", 0),
        ] {
            assert_eq!(Media::range(range).names(&json), expected, "{range}");
        }
        for none in ["", "json", "*/*", "a b/c", "application/json, text/html"] {
            assert_eq!(media(none), None, "{none}");
        }
        let value = HeaderValue::from_static("text/plain");
        let twice = [(&header::CONTENT_TYPE, &value), (&header::CONTENT_TYPE, &value)];
        assert_eq!(Media::of(twice.into_iter()), None);
    }

    #[test]
    fn kinds() {
        for (text, kind) in [
            ("application/problem+json", Kind::Json),
            ("application/x-www-form-urlencoded", Kind::Form),
            ("multipart/form-data; boundary=x", Kind::Multipart),
            ("text/plain", Kind::Text),
            ("text/html", Kind::Other),
            ("application/octet-stream", Kind::Other),
            ("application/x-ndjson", Kind::Other),
        ] {
            assert_eq!(media(text).map(|media| media.kind()), Some(kind), "{text}");
        }
    }
}
