//! Messages of any version of HTTP on their way to an exchange.

use std::{collections::VecDeque, net::SocketAddr};

use bartizan_model::{
    BodyState, Client, Exchange, HeaderState, Headers, Message as Payload, Request, Response,
    Timestamp, Tls,
};

use super::{CaptureLimits, Event, Loss, Stamp};

/// Most times that are kept of one body.
const MARKS: usize = 1000;

/// Who talks to whom.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    /// In the order of the flow's directions.
    pub(super) addresses: [SocketAddr; 2],
    /// Which of them asks, once that is known.
    pub(super) client: Option<usize>,
    /// Number of the connection in the capture, from 1.
    pub(super) number: u64,
    /// Whether the capture has the connection from its first byte on.
    pub(super) is_whole: bool,
    /// Whether the client asked for something in front of that which cannot be read, so that nobody
    /// knows how many answers are not for requests that can.
    pub(super) has_unseen: bool,
    /// Whether the client is known to ask without waiting for answers.
    pub(super) is_eager: bool,
    /// TLS that it is in.
    pub(super) tls: Option<Tls>,
}

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

impl Side {
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Server => 1,
        }
    }
}

/// What a protocol needs while it reads.
pub(super) struct Env<'a> {
    pub(super) limits: &'a CaptureLimits,
    pub(super) ends: &'a Ends,
    /// Whether bytes of client and server wait for others that may still come.
    pub(super) waits: [bool; 2],
    /// The packet that is read.
    pub(super) packet: u64,
    pub(super) out: &'a mut VecDeque<Event>,
}

impl Env<'_> {
    pub(super) fn lost(&mut self, loss: Loss) {
        self.out.push_back(Event::Lost(loss, self.packet));
    }
}

/// One message without its first line.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) start: Stamp,
    pub(super) last: Stamp,
    pub(super) headers: Headers,
    pub(super) trailers: Headers,
    pub(super) body: Vec<u8>,
    /// Bytes of the body that were sent.
    pub(super) sent: u64,
    /// Bytes of its head, as they count against what a connection keeps.
    pub(super) head_bytes: usize,
    /// Whether some of the body is not there, for another reason than its size.
    pub(super) is_incomplete: bool,
    /// Up to where the body had come when, where that is of use.
    pub(super) marks: Vec<(usize, Stamp)>,
}

impl Message {
    /// Adds to the body as much as the limits leave room for. `kept` is what the connection keeps.
    pub(super) fn add(&mut self, bytes: &[u8], kept: &mut usize, env: &mut Env<'_>) {
        let was_cut = self.sent > self.body.len() as u64;
        let room = env.limits.body_bytes.saturating_sub(self.body.len());
        let room = room.min(env.limits.connection_bytes.saturating_sub(*kept));
        // Nothing behind a part that was left out.
        let room = if was_cut { 0 } else { room };
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.body.extend_from_slice(taken);
        *kept += taken.len();
        self.sent = self.sent.saturating_add(bytes.len() as u64);
        if !was_cut && self.sent > self.body.len() as u64 {
            env.lost(Loss::BodyCut);
        }
    }

    /// Notes when the body had come so far.
    pub(super) fn mark(&mut self, stamp: Stamp) {
        if self.marks.len() < MARKS {
            self.marks.push((self.body.len(), stamp));
        }
    }

    /// When the body had come up to `end`.
    pub(super) fn came(&self, end: usize) -> Stamp {
        let at = self.marks.partition_point(|(length, _)| *length < end);
        self.marks.get(at).map_or(self.last, |(_, stamp)| *stamp)
    }

    /// So many bytes of the body are not in the capture.
    pub(super) const fn miss(&mut self, bytes: u64) {
        self.sent = self.sent.saturating_add(bytes);
        self.is_incomplete = true;
    }

    /// Bytes that the connection keeps for it.
    pub(super) const fn kept(&self) -> usize {
        self.body.len() + self.head_bytes
    }

    const fn state(&self) -> BodyState {
        if self.is_incomplete || self.sent > self.body.len() as u64 {
            BodyState::Truncated
        } else {
            BodyState::Complete
        }
    }
}

/// A request.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) method: String,
    /// Empty for that of the connection.
    pub(super) scheme: String,
    pub(super) authority: String,
    pub(super) target: String,
    pub(super) version: &'static str,
    /// Whether some of its header fields are not known.
    pub(super) is_partial: bool,
    pub(super) message: Message,
}

/// A response.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) message: Message,
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// It was answered.
    Given(Answered),
    /// The connection ended without one.
    Never,
    /// Nothing is known.
    Unknown,
}

/// Puts an exchange together.
pub(super) fn exchange(ends: &Ends, asked: Asked, answer: Answer) -> Exchange {
    let client = ends.client.unwrap_or(0);
    let [from, to] = match client {
        0 => ends.addresses,
        _ => [ends.addresses[1], ends.addresses[0]],
    };
    let start = asked.message.start.time;
    let (response, end) = match answer {
        Answer::Given(answered) => {
            let end = answered.message.last.time;
            (Some(answered), end)
        }
        Answer::Never => {
            let response = Response { body_state: BodyState::NotCaptured, ..Response::default() };
            return Exchange { response: Some(response), ..exchange(ends, asked, Answer::Unknown) };
        }
        Answer::Unknown => (None, None),
    };
    let trailers = response.as_ref().map(|r| r.message.trailers.clone()).unwrap_or_default();
    Exchange {
        time: start,
        client: Client { ip: Some(from.ip()), port: Some(from.port()), ..Client::default() },
        server: Some((to.ip(), Some(to.port()))),
        connection_id: Some(ends.number.to_string()),
        duration_ms: start.zip(end).and_then(|(start, end)| duration_ms(start, end)),
        trailers,
        response: response.map(answered_response),
        request: asked_request(asked, if ends.tls.is_some() { "https" } else { "http" }),
        tls: ends.tls.clone(),
        ..Exchange::default()
    }
}

fn duration_ms(start: Timestamp, end: Timestamp) -> Option<f64> {
    let micros = end.since(start).as_micros();
    (micros >= 0).then(|| micros as f64 / 1000.0)
}

fn asked_request(asked: Asked, usual: &str) -> Request {
    let body_state = asked.message.state();
    let scheme = if asked.scheme.is_empty() { usual.to_owned() } else { asked.scheme };
    Request {
        method: asked.method,
        scheme,
        authority: asked.authority,
        target: asked.target,
        http_version: Some(asked.version.to_owned()),
        headers: asked.message.headers,
        header_state: match asked.is_partial {
            true => HeaderState::Incomplete,
            false => HeaderState::Complete,
        },
        body: asked.message.body.into(),
        body_state,
        trailers: asked.message.trailers,
    }
}

fn answered_response(answered: Answered) -> Response {
    let body_state = answered.message.state();
    let (body, sent) = (answered.message.body, answered.message.sent);
    Response {
        status: answered.status,
        headers: answered.message.headers,
        headers_captured: true,
        body_bytes: (sent > body.len() as u64).then_some(sent),
        body: body.into(),
        body_state,
    }
}

/// One message of a stream.
pub(super) fn payload(side: Side, data: Vec<u8>, is_text: bool, at: Stamp) -> Payload {
    Payload { from_client: side == Side::Client, time: at.time, data: data.into(), text: is_text }
}

/// Text of a header: as UTF-8, else each byte as the character of its number.
pub(super) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

/// Splits a request target that names its host (RFC 9112 §3.2.2): scheme, authority, the rest.
pub(super) fn split_target(target: &str) -> (String, String, String) {
    let absolute = target.split_once("://").filter(|(scheme, _)| {
        ["http", "https", "ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    });
    let Some((scheme, rest)) = absolute else {
        let is_usual = target.starts_with('/') || target == "*";
        let target = if is_usual { target.to_owned() } else { format!("/{target}") };
        return (String::new(), String::new(), target);
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let authority = authority.rsplit('@').next().unwrap_or("");
    let slash = if rest.starts_with('/') { "" } else { "/" };
    (scheme.to_ascii_lowercase(), authority.to_lowercase(), format!("{slash}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_split() {
        for (target, scheme, authority, rest) in [
            ("/a?b", "", "", "/a?b"),
            ("*", "", "", "*"),
            ("a", "", "", "/a"),
            ("HTTP://u@H.test:80/a", "http", "h.test:80", "/a"),
            ("https://h.test?x", "https", "h.test", "/?x"),
            ("ftp://h/", "", "", "/ftp://h/"),
        ] {
            let split = split_target(target);
            assert_eq!((&*split.0, &*split.1, &*split.2), (scheme, authority, rest), "{target}");
        }
    }
}
