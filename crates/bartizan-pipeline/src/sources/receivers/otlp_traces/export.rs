//! Traces over gRPC: one message, which is the same as over HTTP, and one answer (OTLP/gRPC; "gRPC over
//! HTTP2", `PROTOCOL-HTTP2.md` of gRPC, for how it is packed).

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::Incoming;

use super::{
    super::{
        Answer,
        counts::Refusal,
        grpc::{self, Status},
        receive::gather,
        work::Visit,
    },
    Form, Packing, TOO_LARGE, take,
};

const PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// Whether a request is a call of gRPC.
pub(super) fn is_call(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// Answers a call. What will not be taken at another time either is no status that an exporter tries again
/// for.
pub(super) async fn answer(request: http::Request<Incoming>, visit: Visit) -> Answer {
    let (head, body) = request.into_parts();
    if head.uri.path() != PATH {
        visit.refuse(Refusal::NotServed);
        return failure(grpc::UNIMPLEMENTED, "TraceService/Export is served here");
    }
    let (most, patience) = (visit.limits.message_bytes as usize, visit.limits.patience());
    let mut lease = visit.lease();
    let framed = most.saturating_add(grpc::PREFIX);
    let (body, lack) = gather(body, framed, &mut lease, patience).await;
    let lack = lack.map(|why| match why {
        Refusal::BodyBytes => Refusal::MessageBytes,
        why => why,
    });
    let message = lack.map_or_else(|| message(&head.headers, &body), Err);
    let (message, packing) = match message {
        Ok(message) => message,
        Err(why) => return refused(&visit, why),
    };
    let work = Arc::clone(&visit.work);
    let decoding = work.outside.decoding.clone();
    let decoded = decoding
        .spawn(async move { take(&work, (Form::Protobuf, packing), message, lease, most) })
        .await;
    match decoded {
        Ok(Ok(tally)) => grpc::said(&tally.message(Form::Protobuf)),
        Ok(Err(why)) => refused(&visit, why),
        // The process ends.
        Err(_) => failure(grpc::UNAVAILABLE, "it is ending here"),
    }
}

/// The one message of a call, and how it is packed.
fn message(headers: &HeaderMap, body: &Bytes) -> Result<(Bytes, Packing), Refusal> {
    let prefix = body.first_chunk::<{ grpc::PREFIX }>().ok_or(Refusal::Unreadable)?;
    let [flag, length @ ..] = *prefix;
    let message = body.slice(grpc::PREFIX..);
    if u32::from_be_bytes(length) as usize != message.len() {
        return Err(Refusal::Unreadable);
    }
    let coding = headers.get("grpc-encoding").map_or(&b"identity"[..], |coding| coding.as_bytes());
    match (flag, coding) {
        (0, _) => Ok((message, Packing::None)),
        (1, b"gzip") => Ok((message, Packing::Gzip)),
        _ => Err(Refusal::MediaType),
    }
}

fn refused(visit: &Visit, why: Refusal) -> Answer {
    visit.refuse(why);
    match why {
        Refusal::MessageBytes => failure(grpc::RESOURCE_EXHAUSTED, TOO_LARGE),
        Refusal::Unreadable => {
            failure(grpc::INVALID_ARGUMENT, "this is no ExportTraceServiceRequest")
        }
        Refusal::MediaType => failure(grpc::UNIMPLEMENTED, "messages are read plain or in gzip"),
        Refusal::HeldBytes => failure(grpc::UNAVAILABLE, "too much is under way here"),
        _ => failure(grpc::UNAVAILABLE, "the export was not there in time"),
    }
}

fn failure(status: Status, message: &'static str) -> Answer {
    let mut answer = grpc::closed(status);
    let headers = answer.headers_mut();
    headers.insert("grpc-message", http::HeaderValue::from_static(message));
    headers.insert("grpc-accept-encoding", http::HeaderValue::from_static("identity,gzip"));
    answer
}
