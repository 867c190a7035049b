//! What a gRPC server tells of itself: server reflection over HTTP/2, version 1, else 1alpha
//! (`grpc/reflection/v1/reflection.proto` of the gRPC project).
//!
//! Two kinds of questions in a few streams: which services there are, then the files that declare them and those that
//! these import. Everything that comes back is hostile: frames, messages and files have limits, and nothing in a file is
//! read here but its name and what it imports.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::time::{Instant, timeout_at};

use super::fetch::Fetcher;

/// Most services that are asked for; more are counted (`services`).
pub const MAX_SERVICES: usize = 1_000;
/// Most files that are kept; more are counted (`descriptors`).
pub const MAX_FILES: usize = 4_000;
/// Most bytes of all files together.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes of one answer, frames included.
const MAX_ANSWER_BYTES: usize = 24 * 1024 * 1024;
/// Most bytes of one message: what gRPC takes by default. Small ones are read into much larger lists.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Most imports of one file.
const MAX_IMPORTS: usize = 1_000;
/// Most requests, each with many questions.
const MAX_REQUESTS: u64 = 60;
/// Seconds for all of it.
const SECONDS: u64 = 30;
/// How often what files import is asked for: each time the next files of a chain.
const MAX_ROUNDS: usize = 12;
/// Questions of one stream.
const QUESTIONS: usize = 100;
/// Versions, the newest first: the messages are the same.
const METHODS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];
/// Services that tell of the server and not of the API.
const OF_THE_SERVER: [&str; 2] = ["grpc.reflection.", "grpc.health."];
/// Status of a method that there is not (`UNIMPLEMENTED`).
const UNIMPLEMENTED: u32 = 12;

/// What reflection told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reflected {
    /// The method that answered.
    pub method: &'static str,
    /// Names of services, those that tell of the server left out.
    pub services: BTreeSet<String>,
    /// A `FileDescriptorSet` (`google/protobuf/descriptor.proto`) of what was told.
    pub descriptors: Vec<u8>,
    /// Requests that it took.
    pub requests: u64,
    /// What was left out, by reason.
    pub left_out: BTreeMap<&'static str, u64>,
}

#[derive(Clone, PartialEq, Message)]
struct Question {
    #[prost(string, optional, tag = "3")]
    file_by_filename: Option<String>,
    #[prost(string, optional, tag = "4")]
    file_containing_symbol: Option<String>,
    #[prost(string, optional, tag = "7")]
    list_services: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Reply {
    #[prost(message, optional, tag = "4")]
    files: Option<Files>,
    #[prost(message, optional, tag = "6")]
    services: Option<Services>,
}

#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    descriptors: Vec<Bytes>,
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

/// `FileDescriptorProto`: what it is called and what it imports.
#[derive(Clone, PartialEq, Message)]
struct FileHead {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, repeated, tag = "3")]
    dependency: Vec<String>,
}

/// `FileDescriptorSet`.
#[derive(Clone, PartialEq, Message)]
struct FileSet {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    file: Vec<Bytes>,
}

/// Why there are no replies.
enum Refused {
    /// There is no such method.
    Unknown,
    /// Something else, in words.
    Otherwise(String),
}

impl Fetcher {
    /// Asks for what reflection tells, one request `every` so often; `None` when the server speaks gRPC and has no reflection.
    ///
    /// # Errors
    /// Why there was no answer, for people.
    pub async fn reflect(&self, every: Duration) -> Result<Option<Reflected>, String> {
        let until = Instant::now() + Duration::from_secs(SECONDS);
        let late = |_| format!("no whole answer of gRPC within {SECONDS} seconds");
        let stream = timeout_at(until, self.connect_for(b"h2")).await.map_err(late)??;
        let told = |error: hyper::Error| format!("HTTP/2: {error}");
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (sender, connection) =
            timeout_at(until, handshake).await.map_err(late)?.map_err(told)?;
        let headers = self.fields_of_grpc();
        let (authority, hidden) = (self.url_authority(), self.values().to_vec());
        let asked = Asking { sender, headers, authority, until, every, hidden }.whole();
        tokio::pin!(connection, asked);
        // The connection is driven here and ends with this call.
        tokio::select! {
            biased;
            told = &mut asked => told,
            _ = &mut connection => Err("the connection ended".to_owned()),
        }
    }
}

struct Asking {
    sender: SendRequest<Full<Bytes>>,
    headers: HeaderMap,
    /// Scheme and authority.
    authority: String,
    until: Instant,
    /// Between two requests.
    every: Duration,
    hidden: Vec<Vec<u8>>,
}

impl Asking {
    async fn whole(mut self) -> Result<Option<Reflected>, String> {
        let list = Question { list_services: Some(String::new()), ..Question::default() };
        let mut out = Reflected::default();
        for method in METHODS {
            out.requests += 1;
            match self.ask(method, std::slice::from_ref(&list)).await {
                Ok(replies) => {
                    out.method = method;
                    services_of(replies, &self.hidden, &mut out);
                    self.files(&mut out).await?;
                    return Ok(Some(out));
                }
                Err(Refused::Unknown) => {}
                Err(Refused::Otherwise(why)) => return Err(why),
            }
        }
        Ok(None)
    }

    /// Asks for the files of all services, and then for what these import.
    async fn files(&mut self, out: &mut Reflected) -> Result<(), String> {
        let mut files = Kept { hidden: std::mem::take(&mut self.hidden), ..Kept::default() };
        let mut questions: Vec<Question> = out
            .services
            .iter()
            .map(|name| Question {
                file_containing_symbol: Some(name.clone()),
                ..Question::default()
            })
            .collect();
        let mut asked: BTreeSet<String> = BTreeSet::new();
        for _ in 0..MAX_ROUNDS {
            for some in questions.chunks(QUESTIONS) {
                if out.requests >= MAX_REQUESTS {
                    left(out, "imports", some.len() as u64);
                    continue;
                }
                out.requests += 1;
                tokio::time::sleep(self.every).await;
                let replies = match self.ask(out.method, some).await {
                    Ok(replies) => replies,
                    Err(Refused::Unknown) => return Err("gRPC: the method went away".to_owned()),
                    Err(Refused::Otherwise(why)) => return Err(why),
                };
                for file in replies.into_iter().filter_map(|reply| reply.files) {
                    file.descriptors.into_iter().for_each(|file| files.keep(file, out));
                }
            }
            let missing = files.missing(&asked);
            asked.extend(missing.iter().cloned());
            questions = missing
                .into_iter()
                .map(|name| Question { file_by_filename: Some(name), ..Question::default() })
                .collect();
            if questions.is_empty() {
                break;
            }
        }
        left(out, "imports", questions.len() as u64);
        let file = files.by_name.into_values().map(|(file, _)| file).collect();
        out.descriptors = FileSet { file }.encode_to_vec();
        Ok(())
    }

    /// One stream: all questions, then all replies.
    async fn ask(&mut self, method: &str, questions: &[Question]) -> Result<Vec<Reply>, Refused> {
        let mut body = Vec::new();
        for question in questions {
            let message = question.encode_to_vec();
            body.push(0);
            body.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
            body.extend(message);
        }
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = format!("{}{method}", self.authority)
            .parse()
            .map_err(|_| Refused::Otherwise("the authority cannot be sent".to_owned()))?;
        *request.headers_mut() = self.headers.clone();
        let until = self.until;
        let asked = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        let late =
            |_| Refused::Otherwise(format!("no whole answer of gRPC within {SECONDS} seconds"));
        let answer = timeout_at(until, asked).await.map_err(late)?;
        let answer = answer.map_err(|error| Refused::Otherwise(format!("HTTP/2: {error}")))?;
        timeout_at(until, replies(answer)).await.map_err(late)?
    }
}

/// Files by name, with what they import.
#[derive(Default)]
struct Kept {
    by_name: BTreeMap<String, (Bytes, Vec<String>)>,
    bytes: usize,
    /// Values of the user: a file that repeats one is not kept.
    hidden: Vec<Vec<u8>>,
}

/// Whether bytes hold a value.
fn holds(bytes: &[u8], value: &[u8]) -> bool {
    !value.is_empty() && bytes.windows(value.len()).any(|window| window == value)
}

impl Kept {
    fn keep(&mut self, file: Bytes, out: &mut Reflected) {
        let Ok(head) = FileHead::decode(file.clone()) else {
            return left(out, "not_read", 1);
        };
        if head.name.is_empty() || self.by_name.contains_key(&head.name) {
            return;
        }
        if head.dependency.len() > MAX_IMPORTS || self.hidden.iter().any(|one| holds(&file, one)) {
            return left(out, "descriptors", 1);
        }
        if self.by_name.len() >= MAX_FILES || self.bytes + file.len() > MAX_FILE_BYTES {
            return left(out, "descriptors", 1);
        }
        self.bytes += file.len();
        self.by_name.insert(head.name, (file, head.dependency));
    }

    /// What is imported, not there, and not asked for before.
    fn missing(&self, asked: &BTreeSet<String>) -> BTreeSet<String> {
        let imports = self.by_name.values().flat_map(|(_, imports)| imports);
        imports
            .filter(|name| !self.by_name.contains_key(*name) && !asked.contains(*name))
            .take(MAX_FILES)
            .cloned()
            .collect()
    }
}

fn left(out: &mut Reflected, reason: &'static str, count: u64) {
    if count > 0 {
        *out.left_out.entry(reason).or_default() += count;
    }
}

fn services_of(replies: Vec<Reply>, hidden: &[Vec<u8>], out: &mut Reflected) {
    for named in replies.into_iter().filter_map(|reply| reply.services).flat_map(|all| all.service)
    {
        if OF_THE_SERVER.iter().any(|prefix| named.name.starts_with(prefix)) {
            continue;
        }
        if out.services.len() >= MAX_SERVICES {
            left(out, "services", 1);
        } else if hidden.iter().any(|one| holds(named.name.as_bytes(), one)) {
            left(out, "descriptors", 1);
        } else {
            out.services.insert(named.name);
        }
    }
}

/// Reads the messages of an answer, and its status.
async fn replies(answer: http::Response<Incoming>) -> Result<Vec<Reply>, Refused> {
    let (head, mut body) = answer.into_parts();
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if head.status != http::StatusCode::OK
        || !kind.is_some_and(|k| k.starts_with("application/grpc"))
    {
        let status = head.status.as_u16();
        return Err(match status {
            404 | 405 | 415 | 501 => Refused::Unknown,
            _ => Refused::Otherwise(format!("no gRPC: answered with status {status}")),
        });
    }
    let mut status = status_of(&head.headers);
    let (mut held, mut out) = (Vec::new(), Vec::new());
    let mut room = MAX_ANSWER_BYTES;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refused::Otherwise(format!("HTTP/2: {error}")))?;
        match frame.into_data() {
            Ok(data) => {
                room = room.checked_sub(data.len()).ok_or_else(|| {
                    Refused::Otherwise(format!("an answer of more than {MAX_ANSWER_BYTES} bytes"))
                })?;
                held.extend_from_slice(&data);
            }
            Err(frame) => {
                status = frame.trailers_ref().and_then(status_of).or(status);
            }
        }
    }
    match status {
        Some(0) | None => {}
        Some(UNIMPLEMENTED) => return Err(Refused::Unknown),
        Some(code) => return Err(Refused::Otherwise(format!("gRPC: status {code}"))),
    }
    let mut rest = held.as_slice();
    while let Some((message, behind)) = next_message(rest) {
        // What is compressed was not asked for, and what is no reply, or none of a usual size, tells nothing.
        let message = message.filter(|one| !one.is_empty() && one.len() <= MAX_MESSAGE_BYTES);
        out.extend(message.and_then(|message| Reply::decode(message).ok()));
        rest = behind;
    }
    Ok(out)
}

/// The first message of frames (gRPC over HTTP/2, `Length-Prefixed-Message`), `None` for a compressed one, and what is
/// behind it.
fn next_message(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (flag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (message, behind) = rest.split_at_checked(length)?;
    Some(((*flag == 0).then_some(message), behind))
}

fn status_of(headers: &HeaderMap) -> Option<u32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// What every question to gRPC says beside the fields of the user.
pub(super) fn of_grpc(out: &mut HeaderMap) {
    for gone in [header::CONNECTION, header::HOST, header::ACCEPT_ENCODING] {
        out.remove(gone);
    }
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    out.insert(header::TE, HeaderValue::from_static("trailers"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, imports: &[&str]) -> Bytes {
        let dependency = imports.iter().map(|one| (*one).to_owned()).collect();
        FileHead { name: name.to_owned(), dependency }.encode_to_vec().into()
    }

    #[test]
    fn frames_are_split_and_what_is_cut_is_left() {
        let frames =
            [&[0, 0, 0, 0, 2, 7, 8][..], &[1, 0, 0, 0, 1, 9], &[0, 0, 0, 0, 9, 1]].concat();
        let (first, rest) = next_message(&frames).expect("a message");
        assert_eq!(first, Some(&[7, 8][..]));
        let (second, rest) = next_message(rest).expect("a compressed one");
        assert_eq!(second, None);
        assert_eq!(next_message(rest), None);
        assert_eq!(next_message(&[0, 255, 255, 255, 255, 0]), None);
    }

    #[test]
    fn imports_that_are_missing_are_asked_for_once() {
        let (mut kept, mut out) = (Kept::default(), Reflected::default());
        kept.keep(file("a.proto", &["b.proto", "c.proto"]), &mut out);
        kept.keep(file("b.proto", &["a.proto"]), &mut out);
        kept.keep(file("a.proto", &["other.proto"]), &mut out);
        kept.keep(Bytes::from_static(&[0x0a, 0xff]), &mut out);
        let missing = kept.missing(&BTreeSet::new());
        assert_eq!(missing, BTreeSet::from(["c.proto".to_owned()]));
        assert!(kept.missing(&missing).is_empty());
        assert_eq!((kept.by_name.len(), out.left_out.get("not_read")), (2, Some(&1)));
    }

    #[test]
    fn files_and_services_have_a_limit() {
        let mut out = Reflected::default();
        let service = (0..MAX_SERVICES + 3).map(|n| Named { name: format!("a.S{n}") });
        let own = Named { name: "grpc.health.v1.Health".to_owned() };
        let services = Some(Services { service: service.chain([own]).collect() });
        services_of(vec![Reply { services, files: None }], &[b"S7".to_vec()], &mut out);
        // Of `a.S7`, `a.S70` to `a.S79` and `a.S700` to `a.S799` the server repeats what was sent.
        assert_eq!(
            (out.services.len(), out.left_out["descriptors"]),
            (MAX_SERVICES + 3 - 111, 111)
        );
        let more = (0..200).map(|n| Named { name: format!("b.T{n}") });
        let services = Some(Services { service: more.collect() });
        services_of(vec![Reply { services, files: None }], &[], &mut out);
        assert_eq!((out.services.len(), out.left_out["services"]), (MAX_SERVICES, 92));
        let mut kept = Kept { bytes: MAX_FILE_BYTES - 4, ..Kept::default() };
        kept.keep(file("a.proto", &[]), &mut out);
        assert_eq!((kept.by_name.len(), out.left_out["descriptors"]), (0, 112));
        let mut kept = Kept { hidden: vec![b"s3cret".to_vec()], ..Kept::default() };
        kept.keep(file("s3cret.proto", &[]), &mut out);
        assert!(kept.by_name.is_empty(), "what the user sent is kept nowhere");
    }
}
