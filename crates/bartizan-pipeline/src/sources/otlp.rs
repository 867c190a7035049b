//! Traces of OpenTelemetry, as a collector writes them to a file (OTLP in JSON).

mod attributes;
mod known;
mod protobuf;

use std::collections::VecDeque;

use bartizan_model::{Duration, Exchange, Flow, source::Ordering};
use serde::Deserialize;

pub(super) use self::protobuf::each as each_of_protobuf;
use self::{
    attributes::{Attribute, fill, find},
    known::Known,
};
use super::{
    Head, Reading, Source, SourceItem, SourceLimits,
    entries::{Entries, EntrySource, Found},
    error::SourceError,
    input::Input,
    ledger::Ledger,
    lines::{Line, Lines},
    logs::line::{Field, LogLine},
    skip::{Place, SkipReason},
};

/// Spans are exported in batches when they end, and collectors send again what was not taken.
const LATENESS: Duration = Duration::minutes(15);
const HELP: &str = "write spans of kind SERVER with the `file` exporter of the OpenTelemetry collector, \
                    format json, one request a line";

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "otlp",
    title: "OpenTelemetry traces (OTLP in JSON)",
    what: "Reads `ExportTraceServiceRequest` in JSON, one a line, as the `file` exporter of the collector \
           writes them. Every span of kind SERVER that has the attributes of HTTP is an exchange: \
           `http.request.method`, `url.path`, `url.query`, `url.scheme`, `server.address`, \
           `http.response.status_code`, `client.address`, `user_agent.original`, \
           `http.request.header.…`, `http.response.header.…` and the names that they had before \
           version 1.23 of the semantic conventions (`http.method`, `http.target`, `http.status_code` \
           …); those of kind SERVER with `rpc.system` grpc are calls of gRPC. `http.route` is not the path that \
           was asked for and is not taken for it: where the path fits it and was granted, it is the template of the \
           endpoint. A span of kind CLIENT is a call that went out when its peer has a \
           public address or, without one, a name that everybody can resolve, and no span of a server \
           answers it or is of its host: in the same export or in one before it in the file. Others are the \
           same calls seen from the other side: they and inner spans are left out and counted. Spans of \
           servers that name the address of no client are joined by the spans between them, where these \
           are in the same export. Bodies are not in traces. Spans may come up to 15 minutes late.",
    extensions: &["json", "jsonl", "otlp"],
    example: "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"kind\":2,\"startTimeUnixNano\":\"1795341600123456789\",\"attributes\":[{\"key\":\"http.request.method\",\"value\":{\"stringValue\":\"GET\"}},{\"key\":\"url.path\",\"value\":{\"stringValue\":\"/v1/orders/7\"}},{\"key\":\"server.address\",\"value\":{\"stringValue\":\"api.example.com\"}},{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":\"200\"}}]}]}]}]}\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Own { recognise, open },
};

/// By the first member of the first line, which no other format has.
fn recognise(head: &Head<'_>) -> u8 {
    let bytes = head.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head.bytes);
    let start: Vec<u8> =
        bytes.iter().copied().filter(|b| !b.is_ascii_whitespace()).take(20).collect();
    let names: [&[u8]; 2] = [b"{\"resourceSpans\":", b"{\"resource_spans\":"];
    if names.iter().any(|name| start.starts_with(name)) { 95 } else { 0 }
}

fn open(input: Input, ledger: Ledger, limits: &SourceLimits) -> Box<dyn Source> {
    let state = ledger.state();
    let passed = state.note.parse().unwrap_or(0);
    let lines = Lines::new(limits.entry_bytes, state.number);
    let begin = (input.offset(), state.number);
    let entries = Spans {
        lines,
        waiting: VecDeque::new(),
        known: Known::default(),
        begin,
        given: 0,
        passed,
        note: String::new(),
    };
    let empty = ("OTLP without a span of a server", HELP);
    Box::new(EntrySource { item: &SOURCE, input, ledger, entries, empty })
}

/// Spans, line by line. A line holds many; the mark stays before it until all were given.
struct Spans {
    lines: Lines,
    /// Spans of the line that were not given yet.
    waiting: VecDeque<Result<Box<Exchange>, SkipReason>>,
    known: Known,
    /// Offset before the line, and lines before it.
    begin: (u64, u64),
    /// Spans of the line that were given.
    given: usize,
    /// Spans of the first line that were given before a checkpoint.
    passed: usize,
    /// [`Spans::given`] as a checkpoint keeps it.
    note: String,
}

impl Spans {
    fn give(&mut self) -> Option<Found> {
        let next = self.waiting.pop_front()?;
        self.given += 1;
        self.note = if self.waiting.is_empty() { String::new() } else { self.given.to_string() };
        Some(Found::Entry(next))
    }
}

impl Entries for Spans {
    fn next(&mut self, input: &mut Input) -> Result<Found, SourceError> {
        if let Some(found) = self.give() {
            return Ok(found);
        }
        self.begin = (input.offset(), self.lines.number());
        let ended = match self.lines.next(input)? {
            Line::End => return Ok(Found::End),
            Line::TooLong => return Ok(Found::Entry(Err(SkipReason::EntryTooLarge))),
            Line::Text { ended } => ended,
        };
        let text = self.lines.text().trim_ascii();
        if text.is_empty() {
            return Ok(Found::Nothing);
        }
        match serde_json::from_slice::<Request>(text) {
            Ok(request) => {
                self.known.export(&request);
                self.waiting = request.spans().map(|span| read(span, &self.known)).collect();
            }
            Err(_) if !ended => return Ok(Found::Cut),
            Err(_) => return Ok(Found::Entry(Err(SkipReason::NotJson))),
        }
        self.given = std::mem::take(&mut self.passed).min(self.waiting.len());
        self.waiting.drain(..self.given);
        Ok(self.give().unwrap_or(Found::Nothing))
    }

    fn place(&self) -> Place {
        Place::Line(self.lines.number())
    }

    fn mark(&self, input: &Input) -> (u64, u8, u64) {
        match self.waiting.is_empty() {
            true => (input.offset(), 0, self.lines.number()),
            false => (self.begin.0, 0, self.begin.1),
        }
    }

    fn note(&self) -> &str {
        &self.note
    }
}

/// `ExportTraceServiceRequest` (opentelemetry-proto 1.x, JSON as proto3 maps it, with lower camel case).
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    #[serde(alias = "resource_spans")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourceSpans {
    resource: Resource,
    // `instrumentationLibrarySpans` before version 0.15.
    #[serde(alias = "scope_spans", alias = "instrumentationLibrarySpans")]
    scope_spans: Vec<ScopeSpans>,
}

/// What spans come from.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource {
    #[serde(deserialize_with = "bounded")]
    attributes: Vec<Attribute>,
}

impl Resource {
    /// Its service, `namespace/name` where it has both (semantic conventions, "Service").
    fn service(&self) -> Option<String> {
        let text = |name| find(&self.attributes, name).filter(|text| !text.is_empty());
        let name = text("service.name")?;
        // What a library writes that was told none.
        if name.starts_with("unknown_service") {
            return None;
        }
        Some(match text("service.namespace") {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScopeSpans {
    #[serde(deserialize_with = "bounded")]
    spans: Vec<Span>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Span {
    #[serde(alias = "trace_id")]
    trace_id: String,
    #[serde(alias = "span_id")]
    span_id: String,
    #[serde(alias = "parent_span_id")]
    parent_span_id: String,
    kind: serde_json::Value,
    #[serde(alias = "start_time_unix_nano")]
    start_time_unix_nano: serde_json::Value,
    #[serde(alias = "end_time_unix_nano")]
    end_time_unix_nano: serde_json::Value,
    #[serde(deserialize_with = "bounded")]
    attributes: Vec<Attribute>,
}

/// Most spans of a scope, and most attributes of a span, that are read: an empty one of a few bytes takes many
/// times as many in memory. Collectors send 8,192 spans at once unless they are told otherwise.
const MAX_LIST: usize = 100_000;

/// A list that is refused when it is too long, before it is kept.
fn bounded<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct List<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("a list")
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut out = Vec::new();
            while let Some(one) = list.next_element()? {
                if out.len() >= MAX_LIST {
                    return Err(serde::de::Error::custom("the list is too long"));
                }
                out.push(one);
            }
            Ok(out)
        }
    }

    deserializer.deserialize_seq(List(std::marker::PhantomData))
}

impl Request {
    /// Each with the service that it is of.
    fn spans(self) -> impl Iterator<Item = (Span, Option<String>)> {
        self.resource_spans.into_iter().flat_map(|of| {
            let service = of.resource.service();
            let spans = of.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.map(move |span| (span, service.clone()))
        })
    }
}

/// A number, written as one or as text (as proto3 writes 64 bits).
fn number(value: &serde_json::Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Reads an export in JSON and gives each span, as what is sent to a receiver.
///
/// # Errors
/// When it is no export; nothing was given then.
pub(super) fn each_of_json(
    export: &[u8],
    give: &mut dyn FnMut(Result<Box<Exchange>, SkipReason>),
) -> Result<(), serde_json::Error> {
    let request: Request = serde_json::from_slice(export)?;
    let mut known = Known::default();
    known.export(&request);
    request.spans().map(|span| read(span, &known)).for_each(give);
    Ok(())
}

impl Span {
    fn is_kind(&self, number_of: i64, name: &str) -> bool {
        number(&self.kind) == Some(number_of) || self.kind == name
    }

    fn is_client(&self) -> bool {
        self.is_kind(3, "SPAN_KIND_CLIENT")
    }

    fn is_server(&self) -> bool {
        self.is_kind(2, "SPAN_KIND_SERVER")
    }
}

/// A span with the service that it is of.
fn read(
    (span, service): (Span, Option<String>),
    known: &Known,
) -> Result<Box<Exchange>, SkipReason> {
    let is_client = span.is_client();
    if !is_client && !span.is_server() {
        return Err(SkipReason::NotOfAServer);
    }
    let mut out = LogLine::default();
    fill(&mut out, &span.attributes);
    let peer = find(&span.attributes, "peer.service");
    if is_client {
        turn_round(&mut out, &span.attributes);
        // A call of ours among ourselves is told by the span of its server.
        if !known.is_abroad(&span, &out) {
            return Err(SkipReason::NotOfAServer);
        }
        (out.caller, out.callee) = (service, peer);
    } else {
        (out.caller, out.callee) = (peer, service);
        out.route = find(&span.attributes, "http.route");
    }
    if out.request.method.is_none() {
        return Err(SkipReason::NotOfHttp);
    }
    let begin = number(&span.start_time_unix_nano).filter(|nanos| *nanos > 0);
    out.time = begin.map(|nanos| bartizan_model::Timestamp::from_micros(nanos / 1_000));
    if let (Some(begin), Some(end)) = (begin, number(&span.end_time_unix_nano))
        && let Some(nanos) = end.checked_sub(begin).filter(|nanos| *nanos >= 0)
    {
        out.set(Field::Nanoseconds, &nanos.to_string());
    }
    out.set(Field::RequestId, &span.trace_id);
    trace_context(&mut out, &span, known);
    out.exchange().map(Box::new)
}

/// What the fields of trace context would say: of the request in which span of a server it was made, of the
/// answer which span it is. Who began the trace was asked without, and is the parent of it all.
fn trace_context(out: &mut LogLine, span: &Span, known: &Known) {
    let own = Some(span.span_id.as_str()).filter(|id| id.len() == 16);
    let caller = known.caller(span).filter(|_| span.is_server()).map(|id| format!("{id:016x}"));
    let context = |id: &str| format!("00-{}-{id}-01", span.trace_id).to_ascii_lowercase();
    if span.trace_id.len() != 32 {
        return;
    }
    if let Some(parent) = caller.as_deref().or(own) {
        out.set(Field::Header("traceparent"), &context(parent));
    }
    if let Some(own) = own.filter(|_| span.is_server()) {
        out.set(Field::ResponseHeader("traceresponse"), &context(own));
    }
}

/// What attributes mean in the span of a client: the peer is who answers.
fn turn_round(out: &mut LogLine, attributes: &[Attribute]) {
    std::mem::swap(&mut out.ip, &mut out.server_ip);
    std::mem::swap(&mut out.port, &mut out.server_port);
    for (name, field) in [("net.peer.name", Field::Host), ("net.peer.port", Field::HostPort)] {
        if let Some(value) = find(attributes, name) {
            out.set(field, &value);
        }
    }
    out.flow = Some(Flow::Outbound);
}

#[cfg(test)]
mod tests;
