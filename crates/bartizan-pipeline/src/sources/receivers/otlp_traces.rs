//! Traces of OpenTelemetry over HTTP (OTLP/HTTP) and over gRPC (OTLP/gRPC).

mod export;

use std::{io::Read as _, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    super::{
        otlp::{each_of_json, each_of_protobuf},
        protobuf::write,
        skip::SkipReason,
    },
    Answer, Kind, ReceiverItem,
    counts::Refusal,
    receive::gather,
    work::{Lease, Visit, Work},
};

pub(super) static RECEIVER: ReceiverItem = ReceiverItem {
    kind: "otlp_traces",
    title: "Traces of OpenTelemetry (OTLP/HTTP and OTLP/gRPC)",
    what: "Serves `POST /v1/traces` of OTLP/HTTP, in Protocol Buffers and in JSON, and \
           `TraceService/Export` of OTLP/gRPC, on one port; also packed with gzip. Spans \
           become exchanges as they do from files (the source `otlp`): every span of kind SERVER with the \
           attributes of HTTP or gRPC. Other spans are taken and left out. Spans that are no request, and \
           those for which there was no room, are answered as rejected (`partial_success`), so that the \
           exporter does not send them again. An export above `limits.message_bytes`, packed or \
           unpacked, is refused with 413, or RESOURCE_EXHAUSTED of gRPC. Bodies are not in traces.",
    examples: &[
        "name: telemetry\nlisten: 127.0.0.1:4318\notlp_traces: {}\n",
        "name: mesh\nlisten: 127.0.0.1:4317\nlimits: {message_bytes: 4194304}\notlp_traces: {}\n",
    ],
    sender: "The OpenTelemetry collector, beside the exporters that are there:\n\n    \
             exporters:\n      otlphttp/bartizan: {endpoint: \"http://127.0.0.1:4318\"}\n    \
             service:\n      pipelines:\n        traces: {exporters: [otlphttp/bartizan]}\n\n\
             An SDK: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:4318/v1/traces`; over gRPC, \
             `OTEL_EXPORTER_OTLP_PROTOCOL=grpc` and \
             `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:4317`.",
};

/// Traces of OpenTelemetry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OtlpTracesConfig {}

struct OtlpTraces;

pub(super) fn open(_config: &OtlpTracesConfig) -> Arc<dyn Kind> {
    Arc::new(OtlpTraces)
}

/// How an export is written, and its answer.
#[derive(Clone, Copy)]
enum Form {
    Json,
    Protobuf,
}

/// How an export is packed.
#[derive(Clone, Copy, PartialEq)]
enum Packing {
    None,
    Gzip,
}

#[async_trait]
impl Kind for OtlpTraces {
    async fn answer(&self, request: http::Request<Incoming>, visit: Visit) -> Answer {
        if export::is_call(request.headers()) {
            return export::answer(request, visit).await;
        }
        let (head, body) = request.into_parts();
        let known = form(&head.headers).zip(packing(&head.headers));
        if head.uri.path() != "/v1/traces" || head.method != Method::POST {
            visit.refuse(Refusal::NotServed);
            let is_path = head.uri.path() == "/v1/traces";
            let status =
                if is_path { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::NOT_FOUND };
            return failure(Form::Json, status, "POST /v1/traces is served here");
        }
        let Some((form, packing)) = known else {
            visit.refuse(Refusal::MediaType);
            let what = "application/x-protobuf and application/json are read, plain or in gzip";
            return failure(Form::Json, StatusCode::UNSUPPORTED_MEDIA_TYPE, what);
        };
        let (most, patience) = (visit.limits.message_bytes as usize, visit.limits.patience());
        let mut lease = visit.lease();
        let (body, lack) = gather(body, most, &mut lease, patience).await;
        if let Some(why) = lack {
            let why = if why == Refusal::BodyBytes { Refusal::MessageBytes } else { why };
            visit.refuse(why);
            return match why {
                Refusal::MessageBytes => failure(form, StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE),
                Refusal::HeldBytes => busy(),
                _ => failure(form, StatusCode::REQUEST_TIMEOUT, "the export was not there in time"),
            };
        }
        let work = Arc::clone(&visit.work);
        let decoding = work.outside.decoding.clone();
        let decoded =
            decoding.spawn(async move { take(&work, (form, packing), body, lease, most) });
        match decoded.await {
            Ok(Ok(tally)) => answer(form, StatusCode::OK, tally.message(form)),
            Ok(Err(why)) => {
                visit.refuse(why);
                match why {
                    Refusal::MessageBytes => {
                        failure(form, StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE)
                    }
                    Refusal::HeldBytes => busy(),
                    _ => failure(
                        form,
                        StatusCode::BAD_REQUEST,
                        "this is no ExportTraceServiceRequest",
                    ),
                }
            }
            // The process ends.
            Err(_) => busy(),
        }
    }

    /// Over gRPC this is UNAVAILABLE, as gRPC tells of answers that are none of its own.
    fn full(&self) -> Answer {
        busy()
    }
}

const TOO_LARGE: &str = "the export is above limits.message_bytes of this receiver";

/// The exporter sends it again, as the protocol says.
fn busy() -> Answer {
    let mut answer =
        failure(Form::Json, StatusCode::SERVICE_UNAVAILABLE, "too much is under way here");
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

fn form(headers: &HeaderMap) -> Option<Form> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next()?.trim().to_ascii_lowercase();
    match &*kind {
        "application/json" => Some(Form::Json),
        "application/x-protobuf" => Some(Form::Protobuf),
        _ => None,
    }
}

fn packing(headers: &HeaderMap) -> Option<Packing> {
    let Some(coding) = headers.get(header::CONTENT_ENCODING) else { return Some(Packing::None) };
    match &*coding.to_str().ok()?.trim().to_ascii_lowercase() {
        "" | "identity" => Some(Packing::None),
        "gzip" => Some(Packing::Gzip),
        _ => None,
    }
}

/// What became of the spans of an export.
#[derive(Default)]
struct Tally {
    unread: u64,
    dropped: u64,
}

/// Unpacks, decodes and hands over.
fn take(
    work: &Work,
    (form, packing): (Form, Packing),
    body: Bytes,
    mut lease: Lease,
    most: usize,
) -> Result<Tally, Refusal> {
    let body = match packing {
        Packing::None => body,
        Packing::Gzip => unpack(&body, &mut lease, most)?,
    };
    let mut tally = Tally::default();
    let mut give = |read: Result<_, SkipReason>| {
        let is_expected = matches!(&read, Err(SkipReason::NotOfAServer | SkipReason::NotOfHttp));
        tally.unread += u64::from(read.is_err() && !is_expected);
        tally.dropped += u64::from(!work.give_read(read));
    };
    let is_read = match form {
        Form::Json => each_of_json(&body, &mut give).is_ok(),
        Form::Protobuf => each_of_protobuf(&body, &mut give).is_ok(),
    };
    if is_read { Ok(tally) } else { Err(Refusal::Unreadable) }
}

/// Bytes that are unpacked at a time.
const PIECE: usize = 64 * 1024;

fn unpack(packed: &[u8], lease: &mut Lease, most: usize) -> Result<Bytes, Refusal> {
    let mut reader = MultiGzDecoder::new(packed);
    let (mut out, mut piece) = (Vec::new(), vec![0; PIECE]);
    loop {
        let length = reader.read(&mut piece).map_err(|_| Refusal::Unreadable)?;
        if length == 0 {
            return Ok(out.into());
        }
        if out.len() + length > most {
            return Err(Refusal::MessageBytes);
        }
        if !lease.grow(length) {
            return Err(Refusal::HeldBytes);
        }
        out.extend_from_slice(&piece[..length]);
    }
}

impl Tally {
    /// `ExportTraceServiceResponse` with `partial_success` = 1 (`rejected_spans` = 1, `error_message` = 2)
    /// when not all were taken.
    fn message(&self, form: Form) -> Vec<u8> {
        let rejected = self.unread + self.dropped;
        let why = match (self.unread, self.dropped) {
            (0, 0) => String::new(),
            (0, dropped) => format!("no room for {dropped} spans"),
            (unread, 0) => format!("{unread} spans of servers tell no request"),
            (unread, dropped) => {
                format!("{unread} spans of servers tell no request, no room for {dropped}")
            }
        };
        match (form, rejected) {
            (Form::Json, 0) => b"{}".to_vec(),
            (Form::Json, _) => {
                // 64 bits are text in the JSON of Protocol Buffers.
                let partial = json!({"rejectedSpans": rejected.to_string(), "errorMessage": why});
                json!({"partialSuccess": partial}).to_string().into_bytes()
            }
            (Form::Protobuf, 0) => Vec::new(),
            (Form::Protobuf, _) => {
                let (mut partial, mut out) = (Vec::new(), Vec::new());
                write::number(&mut partial, 1, rejected);
                write::bytes(&mut partial, 2, why.as_bytes());
                write::bytes(&mut out, 1, &partial);
                out
            }
        }
    }
}

/// A `google.rpc.Status` with `message` = 2, as the protocol wants it for what fails.
fn failure(form: Form, status: StatusCode, message: &str) -> Answer {
    let body = match form {
        Form::Json => json!({"message": message}).to_string().into_bytes(),
        Form::Protobuf => {
            let mut out = Vec::new();
            write::bytes(&mut out, 2, message.as_bytes());
            out
        }
    };
    answer(form, status, body)
}

fn answer(form: Form, status: StatusCode, body: Vec<u8>) -> Answer {
    let mut answer = Answer::new(Full::new(Bytes::from(body)).boxed_unsync());
    *answer.status_mut() = status;
    let kind = match form {
        Form::Json => HeaderValue::from_static("application/json"),
        Form::Protobuf => HeaderValue::from_static("application/x-protobuf"),
    };
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}
