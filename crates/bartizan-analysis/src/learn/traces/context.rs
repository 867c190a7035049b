//! The trace that a request is of, in the fields that tracers write.
//!
//! | field | what writes it | form |
//! |---|---|---|
//! | `traceparent` | W3C Trace Context, section 3.2 | `version-trace-parent-flags` |
//! | `b3`; `x-b3-traceid`, `x-b3-spanid`, `x-b3-parentspanid` | Zipkin (openzipkin/b3-propagation) | `trace-span-sampled-parent`; one each |
//! | `x-datadog-trace-id`, `x-datadog-parent-id` | Datadog | decimal numbers of 64 bits |
//! | `uber-trace-id` | Jaeger | `trace:span:parent:flags`, perhaps percent-coded |
//! | `x-amzn-trace-id` | AWS X-Ray | `Root=1-time-rest;Parent=span;Sampled=1` |
//! | `sw8` | Apache SkyWalking | `1-trace-segment-span-…`, trace and segment in base64 |
//!
//! Ids of 64 and of 128 bits are written alike, so that services with different tracers meet in one trace.

use std::borrow::Cow;

use bartizan_model::Headers;

/// Most bytes of a field that are read; those of SkyWalking name services and endpoints too.
const MAX_BYTES: usize = 1_024;
/// Hexadecimal digits of the id of a trace and of a span.
const TRACE_DIGITS: usize = 32;
const SPAN_DIGITS: usize = 16;
/// Longest trace id of SkyWalking, in bytes.
const MAX_OPAQUE: usize = 256;

/// Where a request stands in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Context {
    /// Id of the trace.
    pub(super) trace: String,
    /// The span that it was made in; `None` where that is not told as a number of 64 bits.
    pub(super) parent: Option<u64>,
}

/// The trace of a request: by the first field of the list above that has one.
pub(super) fn of_request(headers: &Headers) -> Option<Context> {
    let get = |name| headers.get(name).map(str::trim).filter(|value| value.len() <= MAX_BYTES);
    let lone = |trace: Option<String>, parent: Option<&str>| {
        trace.map(|trace| Context { trace, parent: parent.and_then(span_id) })
    };
    get("traceparent")
        .and_then(traceparent)
        .or_else(|| get("b3").and_then(b3))
        .or_else(|| lone(get("x-b3-traceid").and_then(trace_id), get("x-b3-spanid")))
        .or_else(|| datadog(get("x-datadog-trace-id")?, get("x-datadog-parent-id")))
        .or_else(|| get("uber-trace-id").and_then(jaeger))
        .or_else(|| get("x-amzn-trace-id").and_then(x_ray))
        .or_else(|| get("sw8").and_then(skywalking))
}

/// The span that a response says it was made in: `traceresponse`, written like `traceparent` (W3C Trace Context
/// level 2, section 4).
pub(super) fn own_span(headers: &Headers) -> Option<u64> {
    traceparent(headers.get("traceresponse")?.trim())?.parent
}

/// 32 and 16 hexadecimal digits in lower case, not all zero. What follows the flags is of later versions.
fn traceparent(field: &str) -> Option<Context> {
    let mut parts = field.split('-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_lower = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_version = version.len() == 2 && version != "ff" && flags.len() >= 2;
    let is_long = trace.len() == TRACE_DIGITS && parent.len() == SPAN_DIGITS;
    if !is_version || !is_long || !is_lower(trace) || !is_lower(parent) {
        return None;
    }
    Some(Context { trace: trace_id(trace)?, parent: Some(span_id(parent)?) })
}

/// `trace-span`, with or without what follows. A lone `0` only says that nothing is sampled.
fn b3(field: &str) -> Option<Context> {
    let mut parts = field.split('-');
    let trace = parts.next().filter(|id| matches!(id.len(), SPAN_DIGITS | TRACE_DIGITS))?;
    Some(Context { trace: trace_id(trace)?, parent: Some(span_id(parts.next()?)?) })
}

fn datadog(trace: &str, parent: Option<&str>) -> Option<Context> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|id| *id != 0);
    let trace = format!("{:032x}", number(trace)?);
    Some(Context { trace, parent: parent.and_then(number) })
}

/// Leading zeros may be left out, and some libraries write `:` as `%3A`.
fn jaeger(field: &str) -> Option<Context> {
    let field = match field.contains('%') {
        true => Cow::Owned(field.replace("%3A", ":").replace("%3a", ":")),
        false => Cow::Borrowed(field),
    };
    let mut parts = field.split(':');
    let (trace, span) = (parts.next()?, parts.next()?);
    parts.next()?;
    Some(Context { trace: trace_id(trace)?, parent: Some(span_id(span)?) })
}

/// `Root` without its version and dashes is the id of 128 bits (time in seconds and a random rest).
fn x_ray(field: &str) -> Option<Context> {
    let member = |name: &str| {
        let mut pairs = field.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let (time, rest) = member("Root")?.strip_prefix("1-")?.split_once('-')?;
    if (time.len(), rest.len()) != (8, 24) {
        return None;
    }
    Some(Context {
        trace: trace_id(&format!("{time}{rest}"))?,
        parent: member("Parent").and_then(span_id),
    })
}

/// Ids are texts here. The segment with the number of its span is no number of 64 bits.
fn skywalking(field: &str) -> Option<Context> {
    let mut parts = field.split('-');
    let (sampled, trace, segment) = (parts.next()?, parts.next()?, parts.next()?);
    let is_base64 = |text: &str| {
        let is_one = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        (SPAN_DIGITS..=MAX_OPAQUE).contains(&text.len()) && text.bytes().all(is_one)
    };
    let is_field = matches!(sampled, "0" | "1") && is_base64(trace) && !segment.is_empty();
    is_field.then(|| Context { trace: trace.to_owned(), parent: None })
}

/// An id of up to 128 bits that is not zero, as 32 digits in lower case.
fn trace_id(text: &str) -> Option<String> {
    let is_id = (1..=TRACE_DIGITS).contains(&text.len()) && is_hex(text);
    let id = u128::from_str_radix(text, 16).ok().filter(|id| is_id && *id != 0)?;
    Some(format!("{id:032x}"))
}

/// An id of up to 64 bits that is not zero.
fn span_id(text: &str) -> Option<u64> {
    let is_id = (1..=SPAN_DIGITS).contains(&text.len()) && is_hex(text);
    u64::from_str_radix(text, 16).ok().filter(|id| is_id && *id != 0)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn of(fields: &[(&str, &str)]) -> Option<Context> {
        of_request(&fields.iter().copied().collect())
    }

    #[test]
    fn every_tracer_tells_the_same_trace() {
        let context =
            Some(Context { trace: TRACE.to_owned(), parent: Some(0xb7ad_6b71_6920_3331) });
        let w3c = format!("00-{TRACE}-b7ad6b7169203331-01");
        let b3 = format!("{}-b7ad6b7169203331-1-05e3ac9a4f6e3b90", TRACE.to_uppercase());
        let jaeger = "af7651916cd43dd8448eb211c80319c%3Ab7ad6b7169203331%3A0%3A1";
        let x_ray = "Self=1-67891234-12456789abcdef012345678a; \
                     root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1";
        for fields in [
            &[("traceparent", &*w3c)][..],
            &[("b3", &*b3)],
            &[("X-B3-TraceId", TRACE), ("X-B3-SpanId", "b7ad6b7169203331")],
            &[("uber-trace-id", jaeger)],
            &[("x-amzn-trace-id", x_ray)],
            &[("traceparent", "00-1"), ("b3", &*b3)],
        ] {
            assert_eq!(of(fields), context, "{fields:?}");
        }
        let own = [("traceresponse", &*w3c)].into_iter().collect();
        assert_eq!(own_span(&own), Some(0xb7ad_6b71_6920_3331));
    }

    #[test]
    fn ids_of_64_bits_meet() {
        let datadog = of(&[("x-datadog-trace-id", "255"), ("x-datadog-parent-id", "16")]);
        assert_eq!(datadog, of(&[("b3", "00000000000000ff-0000000000000010")]));
        assert_eq!(datadog, of(&[("uber-trace-id", "ff:10:0:1")]));
        assert!(datadog.is_some());
    }

    #[test]
    fn skywalking_names_traces_by_texts() {
        let field = "1-TRACETRACETRACETRACE-SEGMENT-3-U0hPUA==-aW5zdGFuY2U=-L2E=-cGF5OjgwODA=";
        let context = of(&[("sw8", field)]).expect("a trace");
        assert_eq!((&*context.trace, context.parent), ("TRACETRACETRACETRACE", None));
    }

    #[test]
    fn what_is_no_id_tells_nothing() {
        let zero = "0".repeat(32);
        let long = format!("1-{}-s-0", "A".repeat(MAX_OPAQUE + 1));
        for (name, value) in [
            ("traceparent", &*format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase())),
            ("traceparent", &*format!("ff-{TRACE}-b7ad6b7169203331-01")),
            ("traceparent", &*format!("00-{zero}-b7ad6b7169203331-01")),
            ("traceparent", &*"é".repeat(60)),
            ("b3", "0"),
            ("b3", "12-34"),
            ("x-b3-traceid", &*zero),
            ("x-b3-traceid", "+1"),
            ("x-datadog-trace-id", "0"),
            ("x-datadog-trace-id", "18446744073709551616"),
            ("uber-trace-id", "1:2"),
            ("x-amzn-trace-id", "Root=1-5759e988-bd"),
            ("sw8", &*long),
            ("sw8", "1-short-s-0"),
            ("x-request-id", TRACE),
        ] {
            assert_eq!(of(&[(name, value)]), None, "{name}: {value}");
        }
    }
}
