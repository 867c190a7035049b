//! `ExportTraceServiceRequest` in Protocol Buffers (opentelemetry-proto 1.x, `trace/v1/trace.proto` and
//! `common/v1/common.proto`; the numbers of fields stand where they are read).

use std::fmt::Write as _;

use bartizan_model::Exchange;
use serde_json::{Value as Json, json};

use super::{Resource, Span, attributes::Attribute, known::Known};
use crate::sources::{
    protobuf::{Fields, Malformed, Value},
    skip::SkipReason,
};

/// Most attributes of a span that are read, and most values of one.
const MAX_ATTRIBUTES: usize = 1_000;

/// Reads spans one after the other and gives each of them, so that an export is never in memory twice.
///
/// # Errors
/// When it is malformed somewhere; what came before was given.
pub(in super::super) fn each(
    export: &[u8],
    give: &mut dyn FnMut(Result<Box<Exchange>, SkipReason>),
) -> Result<(), Malformed> {
    let known = known(export);
    // resource_spans = 1 > scope_spans = 2 (before version 0.15 of the protocol 1000) > spans = 2
    for resource in Fields::of(export) {
        let (1, Value::Bytes(resource)) = resource? else { continue };
        let service = resource_of(resource)?.service();
        for scope in Fields::of(resource) {
            let (2 | 1000, Value::Bytes(scope)) = scope? else { continue };
            for span in Fields::of(scope) {
                let (2, Value::Bytes(one)) = span? else { continue };
                give(super::read((span_of(one)?, service.clone()), &known));
            }
        }
    }
    Ok(())
}

/// What the spans of an export tell about each other, up to where it is malformed.
fn known(export: &[u8]) -> Known {
    let messages = |of: &[u32], message| {
        let of = of.to_vec();
        let fields = Fields::of(message).map_while(Result::ok);
        fields.filter(move |(number, _)| of.contains(number)).map(|(_, value)| value.bytes())
    };
    let mut out = Known::default();
    let scopes = messages(&[1], export).flat_map(|resource| messages(&[2, 1000], resource));
    scopes
        .flat_map(|scope| messages(&[2], scope))
        .map_while(|span| span_of(span).ok())
        .for_each(|span| out.add(&span));
    out
}

/// `ResourceSpans`: resource = 1, of which attributes = 1.
fn resource_of(message: &[u8]) -> Result<Resource, Malformed> {
    let mut out = Resource::default();
    let resource = Fields::of(message).last(1).map_or(&[][..], Value::bytes);
    for field in Fields::of(resource) {
        if let (1, Value::Bytes(pair)) = field?
            && out.attributes.len() < MAX_ATTRIBUTES
        {
            out.attributes.push(attribute(pair)?);
        }
    }
    Ok(out)
}

fn span_of(message: &[u8]) -> Result<Span, Malformed> {
    let mut out = Span::default();
    for field in Fields::of(message) {
        match field? {
            (1, Value::Bytes(id)) => out.trace_id = hex(id),
            (2, Value::Bytes(id)) => out.span_id = hex(id),
            (4, Value::Bytes(id)) => out.parent_span_id = hex(id),
            (6, kind) => out.kind = kind.number().into(),
            (7, time) => out.start_time_unix_nano = time.number().into(),
            (8, time) => out.end_time_unix_nano = time.number().into(),
            (9, Value::Bytes(pair)) if out.attributes.len() < MAX_ATTRIBUTES => {
                out.attributes.push(attribute(pair)?);
            }
            _ => {}
        }
    }
    Ok(out)
}

/// `KeyValue`.
fn attribute(message: &[u8]) -> Result<Attribute, Malformed> {
    let (mut key, mut value) = (String::new(), Json::Null);
    for field in Fields::of(message) {
        match field? {
            (1, text) => key = text.text().into_owned(),
            (2, Value::Bytes(any)) => value = any_value(any)?,
            _ => {}
        }
    }
    Ok(Attribute::new(key, value))
}

/// `AnyValue`, as JSON has it. Only what attributes of HTTP are: texts, numbers, truth values and lists of
/// them; others are absent.
fn any_value(message: &[u8]) -> Result<Json, Malformed> {
    let mut out = Json::Null;
    for field in Fields::of(message) {
        match field? {
            (5, Value::Bytes(list)) => {
                let mut values = Vec::new();
                for value in Fields::of(list) {
                    if let (1, Value::Bytes(value)) = value?
                        && values.len() < MAX_ATTRIBUTES
                    {
                        values.extend(Fields::of(value).map_while(Result::ok).find_map(plain));
                    }
                }
                out = json!({"arrayValue": {"values": values}});
            }
            field => out = plain(field).unwrap_or(out),
        }
    }
    Ok(out)
}

fn plain((number, value): (u32, Value<'_>)) -> Option<Json> {
    Some(match number {
        1 => json!({"stringValue": value.text()}),
        2 => json!({"boolValue": value.is_true()}),
        3 => json!({"intValue": value.number().cast_signed()}),
        4 => json!({"doubleValue": f64::from_bits(value.number())}),
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::protobuf::write;

    fn pair(key: &str, number: u32, value: &[u8]) -> Vec<u8> {
        let (mut any, mut out) = (Vec::new(), Vec::new());
        write::bytes(&mut any, number, value);
        write::bytes(&mut out, 1, key.as_bytes());
        write::bytes(&mut out, 2, &any);
        out
    }

    fn export(spans: &[Vec<u8>]) -> Vec<u8> {
        let (mut scope, mut resource, mut out) = (Vec::new(), Vec::new(), Vec::new());
        let mut of = Vec::new();
        write::bytes(&mut of, 1, &pair("service.name", 1, b"orders"));
        write::bytes(&mut resource, 1, &of);
        spans.iter().for_each(|span| write::bytes(&mut scope, 2, span));
        write::bytes(&mut resource, 2, &scope);
        write::bytes(&mut out, 1, &resource);
        out
    }

    fn span(kind: u64) -> Vec<u8> {
        let mut out = Vec::new();
        write::bytes(&mut out, 1, &[0xab; 16]);
        write::bytes(&mut out, 2, &[0xcd; 8]);
        write::bytes(&mut out, 4, &[0xef; 8]);
        write::number(&mut out, 6, kind);
        for (field, nanos) in [(7, 1_795_341_600_123_456_789u64), (8, 1_795_341_600_125_456_789)] {
            write::varint(&mut out, field << 3 | 1);
            out.extend_from_slice(&nanos.to_le_bytes());
        }
        for (key, value) in [
            ("http.request.method", "GET"),
            ("url.path", "/v1/orders/7"),
            ("server.address", "a.test"),
        ] {
            write::bytes(&mut out, 9, &pair(key, 1, value.as_bytes()));
        }
        let (mut any, mut status) = (Vec::new(), Vec::new());
        write::number(&mut any, 3, 200);
        write::bytes(&mut status, 1, b"http.response.status_code");
        write::bytes(&mut status, 2, &any);
        write::bytes(&mut out, 9, &status);
        let mut list = Vec::new();
        for text in ["a", "b"] {
            let mut any = Vec::new();
            write::bytes(&mut any, 1, text.as_bytes());
            write::bytes(&mut list, 1, &any);
        }
        write::bytes(&mut out, 9, &pair("http.request.header.x-many", 5, &list));
        out
    }

    fn all(bytes: &[u8]) -> (Vec<Result<Box<Exchange>, SkipReason>>, bool) {
        let mut out = Vec::new();
        let read = each(bytes, &mut |one| out.push(one));
        (out, read.is_ok())
    }

    #[test]
    fn spans_become_what_they_become_from_json() {
        let (read, is_whole) = all(&export(&[span(2), span(3)]));
        assert!(is_whole && read.len() == 2);
        let one = read[0].as_ref().expect("an exchange");
        assert_eq!((&*one.request.method, &*one.request.target), ("GET", "/v1/orders/7"));
        assert_eq!(one.request.authority, "a.test");
        assert_eq!(one.response.as_ref().map(|r| r.status), Some(200));
        assert_eq!(
            (one.duration_ms, one.time.map(|t| t.micros())),
            (Some(2.0), Some(1_795_341_600_123_456))
        );
        assert_eq!(one.request_id.as_deref(), Some(&*"ab".repeat(16)));
        assert_eq!(one.request.headers.get_all("x-many").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(one.callee.as_deref(), Some("orders"));
        let context = format!("00-{}-{}-01", "ab".repeat(16), "ef".repeat(8));
        assert_eq!(one.request.headers.get("traceparent"), Some(&*context));
        assert_eq!(read[1].as_ref().err(), Some(&SkipReason::NotOfAServer));
    }

    #[test]
    fn whatever_is_cut_or_damaged_panics_nowhere() {
        let whole = export(&[span(2), span(2)]);
        for end in 1..whole.len() {
            let (read, is_whole) = all(&whole[..end]);
            assert!(!is_whole && read.len() <= 2, "{end}");
        }
        for at in 0..whole.len() {
            for with in [0, 1, 0x7f, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = with;
                assert!(all(&damaged).0.len() <= whole.len());
            }
        }
    }
}
