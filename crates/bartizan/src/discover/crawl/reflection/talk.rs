//! One connection over which a gRPC server is asked.

use std::time::Duration;

use bartizan_model::Headers;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::{
    super::{
        Answer, MAX_BODY_BYTES,
        fetch::{Fetched, Fetcher, pairs},
    },
    Asking, Refused, Reply,
};

/// Most bytes of one answer, frames included.
const MAX_ANSWER_BYTES: usize = 24 * 1024 * 1024;
/// Most bytes of one message: what gRPC takes by default. Small ones are read into much larger lists.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Seconds for all of it.
const SECONDS: u64 = 30;
/// Status of a method that there is not (`UNIMPLEMENTED`).
const UNIMPLEMENTED: u32 = 12;

/// A connection over HTTP/2, which ends with this.
#[derive(Debug)]
pub struct Talk {
    sender: SendRequest<Full<Bytes>>,
    until: Instant,
    _driven: JoinSet<()>,
}

/// What came of one request.
#[derive(Debug)]
pub struct Spoken {
    /// What was sent and answered, as far as it was, with the values of the user hidden; `None` without an answer.
    pub fetched: Option<Fetched>,
    pub(super) replies: Result<Vec<Reply>, Refused>,
}

fn told(error: &hyper::Error) -> String {
    format!("HTTP/2: {error}")
}

fn late() -> String {
    format!("no whole answer of gRPC within {SECONDS} seconds")
}

impl Fetcher {
    /// Connects. All that is asked has the same half a minute.
    ///
    /// # Errors
    /// Why there is no connection, for people.
    pub async fn talk(&self) -> Result<Talk, String> {
        let until = Instant::now() + Duration::from_secs(SECONDS);
        let stream = timeout_at(until, self.connect_for(b"h2")).await.map_err(|_| late())??;
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (sender, connection) = timeout_at(until, handshake)
            .await
            .map_err(|_| late())?
            .map_err(|error| told(&error))?;
        let mut driven = JoinSet::new();
        // Why it ended is told to the request that is under way.
        driven.spawn(async move { drop(connection.await) });
        Ok(Talk { sender, until, _driven: driven })
    }
}

impl Talk {
    /// One stream: all questions, then all replies.
    pub async fn ask(&mut self, fetcher: &Fetcher, ask: &Asking) -> Spoken {
        let begin = Instant::now();
        let (body, headers) = (framed(ask), fetcher.fields_of_grpc());
        let sent = fetcher.shown(&headers);
        let refused = |why| Spoken { fetched: None, replies: Err(Refused::Otherwise(why)) };
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = match format!("{}{}", fetcher.url_authority(), ask.method).parse() {
            Ok(uri) => uri,
            Err(_) => return refused("the authority cannot be sent".to_owned()),
        };
        *request.headers_mut() = headers;
        let asked = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        let answer = match timeout_at(self.until, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return refused(told(&error)),
            Err(_) => return refused(late()),
        };
        let (head, incoming) = answer.into_parts();
        let mut read = Read { room: MAX_ANSWER_BYTES, ..Read::default() };
        if is_grpc(&head) && timeout_at(self.until, read.body(incoming)).await.is_err() {
            read.problem = Some(late());
        }
        let replies = read.replies(&head);
        let mut answer = Answer {
            status: head.status.as_u16(),
            headers: pairs(&head.headers),
            // Of what is no gRPC the body was not read.
            is_cut: !is_grpc(&head) || read.problem.is_some() || read.held.len() > MAX_BODY_BYTES,
            body: read.held.into(),
        };
        let mut trailers = read.trailers;
        fetcher.hide(&mut answer);
        fetcher.hide_in(&mut trailers);
        // Hidden first, so that no value is cut in two.
        answer.body.truncate(MAX_BODY_BYTES);
        let millis = begin.elapsed().as_secs_f64() * 1_000.0;
        Spoken { fetched: Some(Fetched { sent, body, answer, trailers, millis }), replies }
    }
}

/// Questions as a body (gRPC over HTTP/2, `Length-Prefixed-Message`).
fn framed(ask: &Asking) -> Bytes {
    let mut body = Vec::new();
    for question in &ask.questions {
        let message = question.encode_to_vec();
        body.push(0);
        body.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
        body.extend(message);
    }
    body.into()
}

fn is_grpc(head: &http::response::Parts) -> bool {
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    head.status == http::StatusCode::OK && kind.is_some_and(|k| k.starts_with("application/grpc"))
}

/// What was read of an answer.
#[derive(Default)]
struct Read {
    held: Vec<u8>,
    trailers: Headers,
    status: Option<u32>,
    /// Why it is not whole.
    problem: Option<String>,
    room: usize,
}

impl Read {
    async fn body(&mut self, mut body: Incoming) {
        while let Some(frame) = body.frame().await {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    self.problem = Some(told(&error));
                    return;
                }
            };
            match frame.into_data() {
                Ok(data) => {
                    let Some(left) = self.room.checked_sub(data.len()) else {
                        let problem = format!("an answer of more than {MAX_ANSWER_BYTES} bytes");
                        self.problem = Some(problem);
                        return;
                    };
                    self.room = left;
                    self.held.extend_from_slice(&data);
                }
                Err(frame) => {
                    if let Some(trailers) = frame.trailers_ref() {
                        self.status = status_of(trailers).or(self.status);
                        self.trailers = pairs(trailers);
                    }
                }
            }
        }
    }

    /// The messages of an answer, as its status says.
    fn replies(&self, head: &http::response::Parts) -> Result<Vec<Reply>, Refused> {
        if !is_grpc(head) {
            let status = head.status.as_u16();
            return Err(match status {
                404 | 405 | 415 | 501 => Refused::Unknown,
                _ => Refused::Otherwise(format!("no gRPC: answered with status {status}")),
            });
        }
        if let Some(problem) = &self.problem {
            return Err(Refused::Otherwise(problem.clone()));
        }
        match self.status.or_else(|| status_of(&head.headers)) {
            Some(0) | None => {}
            Some(UNIMPLEMENTED) => return Err(Refused::Unknown),
            Some(code) => return Err(Refused::Otherwise(format!("gRPC: status {code}"))),
        }
        let (mut rest, mut out) = (self.held.as_slice(), Vec::new());
        while let Some((message, behind)) = next_message(rest) {
            // What is compressed was not asked for, and what is no reply, or none of a usual size, tells nothing.
            let message = message.filter(|one| !one.is_empty() && one.len() <= MAX_MESSAGE_BYTES);
            out.extend(message.and_then(|message| Reply::decode(message).ok()));
            rest = behind;
        }
        Ok(out)
    }
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
pub(in super::super) fn of_grpc(out: &mut HeaderMap) {
    for gone in [header::CONNECTION, header::HOST, header::ACCEPT_ENCODING] {
        out.remove(gone);
    }
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    out.insert(header::TE, HeaderValue::from_static("trailers"));
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
