//! gRPC server reflection, version 1: where the flaw is on, whoever asks learns every service.

use std::{collections::VecDeque, convert::Infallible, sync::Arc};

use axum::{
    body::{Body, BodyDataStream},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode},
};
use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::stream::{self, StreamExt as _};
use http_body_util::StreamBody;
use hyper::body::Frame;
use prost::Message;

use super::{failed, frame, grpc};
use crate::{call::Problem, flaws::configuration::grpc_reflection, lab::Lab};

/// Questions in one stream.
const MAX_QUESTIONS: usize = 100;
/// Bytes of one question.
const MAX_QUESTION: usize = 64 << 10;

#[derive(Clone, PartialEq, Message)]
struct Question {
    #[prost(string, tag = "3")]
    file_by_filename: String,
    #[prost(string, tag = "4")]
    file_containing_symbol: String,
    #[prost(string, optional, tag = "7")]
    list_services: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Reply {
    #[prost(message, optional, tag = "4")]
    files: Option<Files>,
    #[prost(message, optional, tag = "6")]
    services: Option<Services>,
    #[prost(message, optional, tag = "7")]
    error: Option<ErrorReply>,
}

#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "vec", repeated, tag = "1")]
    descriptors: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Services {
    #[prost(message, repeated, tag = "1")]
    service: Vec<Named>,
}

#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct ErrorReply {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// `FileDescriptorProto`, as far as it is needed (descriptor.proto).
#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    package: String,
    #[prost(message, repeated, tag = "4")]
    messages: Vec<MessageType>,
    #[prost(message, repeated, tag = "6")]
    services: Vec<Service>,
    #[prost(string, tag = "12")]
    syntax: String,
}

#[derive(Clone, PartialEq, Message)]
struct MessageType {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    fields: Vec<Field>,
}

#[derive(Clone, PartialEq, Message)]
struct Field {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int32, tag = "3")]
    number: i32,
    #[prost(int32, tag = "4")]
    label: i32,
    #[prost(int32, tag = "5")]
    kind: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Service {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    methods: Vec<Method>,
}

#[derive(Clone, PartialEq, Message)]
struct Method {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    input: String,
    #[prost(string, tag = "3")]
    output: String,
    #[prost(bool, tag = "6")]
    server_streaming: bool,
}

/// Numbers of field types in descriptor.proto.
const STRING: i32 = 9;
const BOOL: i32 = 8;
const INT64: i32 = 3;

/// The description of `assets/quayside.proto`.
fn file() -> File {
    let message = |name: &str, fields: &[(&str, i32)]| MessageType {
        name: name.to_owned(),
        fields: (1..)
            .zip(fields)
            .map(|(number, (name, kind))| Field {
                name: (*name).to_owned(),
                number,
                label: 1,
                kind: *kind,
            })
            .collect(),
    };
    let method = |name: &str, output: &str, server_streaming| Method {
        name: name.to_owned(),
        input: ".quayside.v1.ContainerRequest".to_owned(),
        output: format!(".quayside.v1.{output}"),
        server_streaming,
    };
    let service = |name: &str, methods| Service { name: name.to_owned(), methods };
    let tracking = vec![
        method("GetContainer", "Container", false),
        method("ListEvents", "ContainerEvent", true),
    ];
    let release = vec![method("ReleaseContainer", "Container", false)];
    let container = [
        ("id", STRING),
        ("location", STRING),
        ("release_pin", STRING),
        ("released", BOOL),
        ("shipment", INT64),
    ];
    File {
        name: "quayside.proto".to_owned(),
        package: "quayside.v1".to_owned(),
        messages: vec![
            message("ContainerRequest", &[("id", STRING)]),
            message("Container", &container),
            message("ContainerEvent", &[("kind", STRING), ("text", STRING)]),
        ],
        services: vec![service("Tracking", tracking), service("Release", release)],
        syntax: "proto3".to_owned(),
    }
}

/// A question, encoded: which services there are, or what is in the one of a name.
pub(crate) fn symbol_question(name: &str) -> Vec<u8> {
    let list_services = name.is_empty().then(String::new);
    let file_containing_symbol = name.to_owned();
    Question { file_containing_symbol, list_services, ..Question::default() }.encode_to_vec()
}

/// `ServerReflectionInfo`: questions and answers in turn, for as long as the caller asks.
pub(crate) async fn reflect(State(lab): State<Arc<Lab>>, request: Request) -> Response<Body> {
    if !lab.has(&grpc_reflection::FLAW) {
        return failed(&Problem::new(StatusCode::NOT_IMPLEMENTED, "there is no such method"));
    }
    let asked = Asked {
        body: request.into_body().into_data_stream(),
        held: BytesMut::new(),
        waiting: VecDeque::new(),
        answered: 0,
        done: false,
    };
    let answers = stream::unfold(asked, |mut asked| async {
        let next = asked.next().await?;
        Some((Ok::<_, Infallible>(next), asked))
    });
    grpc(Body::new(StreamBody::new(answers)))
}

struct Asked {
    body: BodyDataStream,
    held: BytesMut,
    waiting: VecDeque<Bytes>,
    answered: usize,
    done: bool,
}

impl Asked {
    /// The next frame of the answer; the last one is the trailers.
    async fn next(&mut self) -> Option<Frame<Bytes>> {
        while !self.done {
            if let Some(answer) = self.waiting.pop_front() {
                return Some(Frame::data(answer));
            }
            match self.body.next().await {
                Some(Ok(part)) if self.answered < MAX_QUESTIONS => {
                    self.held.extend_from_slice(&part);
                    self.answer();
                    if self.held.len() > MAX_QUESTION {
                        self.done = true;
                    }
                }
                _ => self.done = true,
            }
            if self.done {
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
                return Some(Frame::trailers(trailers));
            }
        }
        None
    }

    fn answer(&mut self) {
        while let Some(question) = super::message(&self.held) {
            let length = question.len() + 5;
            let reply = match Question::decode(question) {
                Ok(question) => reply(&question),
                Err(_) => error(3, "the question cannot be read"),
            };
            self.waiting.push_back(frame(&reply.encode_to_vec()));
            self.answered += 1;
            self.held.advance(length);
        }
    }
}

fn error(code: i32, message: &str) -> Reply {
    let error = Some(ErrorReply { code, message: message.to_owned() });
    Reply { error, ..Reply::default() }
}

fn reply(question: &Question) -> Reply {
    let file = file();
    if question.list_services.is_some() {
        let service =
            file.services.iter().map(|s| Named { name: format!("{}.{}", file.package, s.name) });
        let services = Some(Services { service: service.collect() });
        return Reply { services, ..Reply::default() };
    }
    let known = question.file_by_filename == file.name
        || question.file_containing_symbol.starts_with(&file.package);
    if known {
        let files = Some(Files { descriptors: vec![file.encode_to_vec()] });
        return Reply { files, ..Reply::default() };
    }
    error(5, "not found")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The description, written as the file is, without its comments.
    fn written(file: &File) -> String {
        let mut out = format!("syntax = \"{}\";\n\npackage {};\n", file.syntax, file.package);
        let short = |name: &str| name.replace(&format!(".{}.", file.package), "");
        for service in &file.services {
            out.push_str(&format!("\nservice {} {{\n", service.name));
            for method in &service.methods {
                let stream = if method.server_streaming { "stream " } else { "" };
                let (input, output) = (short(&method.input), short(&method.output));
                let Method { name, .. } = method;
                out.push_str(&format!("  rpc {name}({input}) returns ({stream}{output});\n"));
            }
            out.push_str("}\n");
        }
        for message in &file.messages {
            out.push_str(&format!("\nmessage {} {{\n", message.name));
            for field in &message.fields {
                let kinds = [(STRING, "string"), (BOOL, "bool"), (INT64, "int64")];
                let kind = kinds.iter().find(|(kind, _)| *kind == field.kind).map_or("", |k| k.1);
                out.push_str(&format!("  {kind} {} = {};\n", field.name, field.number));
            }
            out.push_str("}\n");
        }
        out
    }

    #[test]
    fn what_is_told_is_what_the_file_says() {
        let text = include_str!("../../assets/quayside.proto");
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let bare: String = lines.flat_map(|line| [line, "\n"]).collect();
        assert_eq!(bare, written(&file()));
    }
}
