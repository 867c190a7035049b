//! gRPC over HTTP/2 without TLS: the services in `assets/quayside.proto`, with messages by `prost`
//! and dispatch by hand, so that nothing is generated at build time.

mod reflection;

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use prost::Message;
use serde_json::json;

use crate::{
    call::{Call, Problem},
    db::{Row, int, text},
    flaws::{functions::grpc_release, objects::grpc_container, properties::grpc_pin},
    lab::Lab,
    seed::Role,
    server,
};

pub(crate) use reflection::{reflect, symbol_question};

#[derive(Clone, PartialEq, Message)]
struct ContainerRequest {
    #[prost(string, tag = "1")]
    id: String,
}

#[derive(Clone, PartialEq, Message)]
struct Container {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    location: String,
    #[prost(string, tag = "3")]
    release_pin: String,
    #[prost(bool, tag = "4")]
    released: bool,
    #[prost(int64, tag = "5")]
    shipment: i64,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerEvent {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    text: String,
}

/// A message with its prefix: not compressed, length.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(message.len() + 5);
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    out.put_slice(message);
    out.freeze()
}

/// A request about a container, encoded.
pub(crate) fn container_request(id: &str) -> Vec<u8> {
    ContainerRequest { id: id.to_owned() }.encode_to_vec()
}

/// The first message of a body.
fn message(body: &[u8]) -> Option<&[u8]> {
    let (prefix, rest) = body.split_at_checked(5)?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
    // Compressed messages are not understood; nobody was told that they are.
    (prefix[0] == 0).then(|| rest.get(..usize::try_from(length).ok()?)).flatten()
}

/// Every method of both services.
pub(crate) async fn call(State(lab): State<Arc<Lab>>, request: Request) -> Response<Body> {
    let answer = async {
        let call = server::read(&lab, request).await?;
        method(&lab, &call).await
    };
    match answer.await {
        Ok(messages) => answered(&messages),
        Err(problem) => failed(&problem),
    }
}

/// The messages of the answer, encoded.
async fn method(lab: &Lab, call: &Call) -> Result<Vec<Vec<u8>>, Problem> {
    let caller = call.user()?;
    let bytes = message(&call.body).ok_or_else(|| Problem::bad("there is no message"))?;
    let request = ContainerRequest::decode(bytes)
        .map_err(|error| Problem::bad("the message cannot be read").because(error.to_string()))?;
    let sql = "select * from containers where id = ?";
    let row = lab.db.one(sql, &[json!(request.id)]).await?.ok_or_else(Problem::missing)?;
    match call.path.as_str() {
        "/quayside.v1.Tracking/GetContainer" => {
            if !caller.may_see(&row) && !lab.has(&grpc_container::FLAW) {
                return Err(Problem::missing());
            }
            Ok(vec![shown(&row, caller.role >= Role::Manager || lab.has(&grpc_pin::FLAW))])
        }
        "/quayside.v1.Tracking/ListEvents" => {
            if !caller.may_see(&row) {
                return Err(Problem::missing());
            }
            let sql = "select kind, text from events where shipment = ? order by id limit 100";
            let rows = lab.db.all(sql, &[json!(int(&row, "shipment"))]).await?;
            Ok(rows.iter().map(event).collect())
        }
        "/quayside.v1.Release/ReleaseContainer" => {
            if !lab.has(&grpc_release::FLAW) {
                call.need(Role::Manager)?;
            }
            if !caller.may_see(&row) {
                return Err(Problem::missing());
            }
            let sql = "update containers set released = 1 where id = ? returning *";
            let row = lab.db.one(sql, &[json!(request.id)]).await?.ok_or_else(Problem::missing)?;
            Ok(vec![shown(&row, caller.role >= Role::Manager)])
        }
        _ => Err(Problem::new(StatusCode::NOT_IMPLEMENTED, "there is no such method")),
    }
}

fn shown(row: &Row, with_pin: bool) -> Vec<u8> {
    let container = Container {
        id: text(row, "id").to_owned(),
        location: text(row, "location").to_owned(),
        release_pin: if with_pin { text(row, "release_pin").to_owned() } else { String::new() },
        released: int(row, "released") > 0,
        shipment: int(row, "shipment"),
    };
    container.encode_to_vec()
}

fn event(row: &Row) -> Vec<u8> {
    let (kind, text) = (text(row, "kind").to_owned(), text(row, "text").to_owned());
    ContainerEvent { kind, text }.encode_to_vec()
}

fn answered(messages: &[Vec<u8>]) -> Response<Body> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let mut frames: Vec<_> = messages.iter().map(|message| Frame::data(frame(message))).collect();
    frames.push(Frame::trailers(trailers));
    let frames = frames.into_iter().map(Ok::<_, Infallible>);
    grpc(Body::new(StreamBody::new(stream::iter(frames))))
}

fn grpc(body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    let kind = HeaderValue::from_static("application/grpc");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

/// An answer of a head alone: gRPC has its own status codes.
fn failed(problem: &Problem) -> Response<Body> {
    let code = match problem.status.as_u16() {
        400 => "3",
        401 => "16",
        403 => "7",
        404 => "5",
        429 | 413 => "8",
        501 => "12",
        _ => "13",
    };
    let mut answer = grpc(Body::empty());
    answer.headers_mut().insert("grpc-status", HeaderValue::from_static(code));
    if let Ok(detail) = HeaderValue::from_str(&problem.detail) {
        answer.headers_mut().insert("grpc-message", detail);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_holds_its_message_and_nothing_else_is_read() {
        assert_eq!(message(&frame(b"abc")), Some(&b"abc"[..]));
        assert_eq!(message(b"\0\0\0\0\x09abc"), None);
        assert_eq!(message(b"\x01\0\0\0\x01a"), None);
        assert_eq!(message(b""), None);
    }
}
