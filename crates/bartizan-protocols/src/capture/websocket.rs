//! Messages of a WebSocket (RFC 6455 §5), also compressed (RFC 7692), read as they were sent: the
//! exchange that opened it carries them.

use bartizan_model::{BodyState, Exchange, Message as Payload};
use flate2::{Decompress, FlushDecompress, Status};

use super::{
    Event, Loss, Stamp,
    message::{Answer, Answered, Asked, Env, Side, exchange, payload},
};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
/// Largest ratio of a message to its compressed form, beyond the first 64 KiB.
const RATIO: usize = 200;
const RATIO_FREE: usize = 64 * 1024;

/// A frame that is read.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: u8,
    is_final: bool,
    key: Option<[u8; 4]>,
    /// Bytes of the payload that were read.
    at: u64,
    length: u64,
}

#[derive(Debug, Default)]
struct Half {
    /// The head of a frame that is not whole.
    head: Vec<u8>,
    frame: Option<Frame>,
    /// Opcode of the message that is read, and whether it is compressed.
    message: Option<(u8, bool)>,
    data: Vec<u8>,
    /// Whether the message is longer than its limit.
    is_cut: bool,
    /// Whether a part of the message is not in the capture.
    has_gap: bool,
    inflate: Option<Inflate>,
    is_over: bool,
}

struct Inflate {
    stream: Decompress,
    /// Whether the window is kept from message to message.
    keeps: bool,
    /// A message could not be inflated: what follows refers to it.
    is_broken: bool,
}

impl std::fmt::Debug for Inflate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflate").field("keeps", &self.keeps).finish_non_exhaustive()
    }
}

pub(super) struct WebSocket {
    exchange: Box<Exchange>,
    halves: [Half; 2],
    messages: Vec<Payload>,
    kept: usize,
    last: Stamp,
}

impl WebSocket {
    /// Begins where the handshake ends.
    pub(super) fn new(asked: Asked, answered: Answered, env: &Env<'_>) -> Self {
        let extensions = answered.message.headers.get_all("sec-websocket-extensions");
        let deflate = extensions.flat_map(|value| value.split(',')).map(str::trim).find(|e| {
            e.split(';')
                .next()
                .is_some_and(|name| name.trim().eq_ignore_ascii_case("permessage-deflate"))
        });
        let half = |parameter: &str| Half {
            inflate: deflate.map(|extension| Inflate {
                stream: Decompress::new(false),
                keeps: !extension.split(';').any(|p| p.trim().eq_ignore_ascii_case(parameter)),
                is_broken: false,
            }),
            ..Half::default()
        };
        let halves = [half("client_no_context_takeover"), half("server_no_context_takeover")];
        let last = answered.message.last;
        let kept = asked.message.kept() + answered.message.kept();
        let mut exchange = exchange(env.ends, asked, Answer::Given(answered));
        exchange.request.scheme =
            if exchange.request.scheme == "https" { "wss" } else { "ws" }.to_owned();
        exchange.protocol = Some("websocket".to_owned());
        Self { exchange: Box::new(exchange), halves, messages: Vec::new(), kept, last }
    }

    pub(super) fn held(&self) -> usize {
        let halves = self.halves.iter().map(|half| {
            // The window of a decompressor.
            half.data.capacity()
                + half.head.len()
                + if half.inflate.is_some() { 48 * 1024 } else { 0 }
        });
        self.kept + self.messages.len() * size_of::<Payload>() + halves.sum::<usize>()
    }

    pub(super) fn piece(&mut self, side: Side, bytes: &[u8], stamp: Stamp, env: &mut Env<'_>) {
        self.last = stamp;
        let mut bytes = bytes;
        while !bytes.is_empty() && !self.halves[side.index()].is_over {
            let half = &mut self.halves[side.index()];
            let Some(frame) = &mut half.frame else {
                let Some((byte, rest)) = bytes.split_first() else { return };
                bytes = rest;
                half.head.push(*byte);
                match half.frame() {
                    Ok(None) => {}
                    Ok(Some(frame)) => {
                        half.head.clear();
                        half.frame = Some(frame);
                        self.frame_begins(side, &frame, stamp, env);
                    }
                    Err(()) => self.give_up(side, env),
                }
                continue;
            };
            let left = usize::try_from(frame.length - frame.at).unwrap_or(usize::MAX);
            let (part, rest) = bytes.split_at(left.min(bytes.len()));
            bytes = rest;
            if frame.opcode < CLOSE {
                let room = env.limits.body_bytes.saturating_sub(half.data.len());
                half.is_cut |= part.len() > room;
                let kept = part.get(..room).unwrap_or(part);
                let key = frame.key.unwrap_or_default();
                let at = frame.at;
                half.data
                    .extend(kept.iter().zip(at..).map(|(byte, at)| byte ^ key[(at & 3) as usize]));
            }
            frame.at += part.len() as u64;
            if frame.at == frame.length {
                self.frame_ends(side, stamp, env);
            }
        }
    }

    fn frame_begins(&mut self, side: Side, frame: &Frame, stamp: Stamp, env: &mut Env<'_>) {
        let half = &mut self.halves[side.index()];
        match (frame.opcode & 15, half.message.is_some()) {
            (CONTINUATION, true) | (CLOSE.., _) => {}
            (TEXT | BINARY, false) => {
                half.message = Some((frame.opcode & 15, frame.opcode & 0x40 != 0));
            }
            // Behind a gap the beginning of a message may be missing.
            _ => {
                self.give_up(side, env);
                return;
            }
        }
        if let Some(frame) = &mut half.frame {
            frame.opcode &= 15;
        }
        if frame.length == 0 {
            self.frame_ends(side, stamp, env);
        }
    }

    fn frame_ends(&mut self, side: Side, stamp: Stamp, env: &mut Env<'_>) {
        let half = &mut self.halves[side.index()];
        let Some(frame) = half.frame.take() else { return };
        if frame.opcode == CLOSE {
            half.is_over = true;
        }
        if frame.opcode >= CLOSE || !frame.is_final {
            return;
        }
        let Some((opcode, is_compressed)) = half.message.take() else { return };
        let data = std::mem::take(&mut half.data);
        let has_gap = std::mem::take(&mut half.has_gap);
        let is_cut = std::mem::take(&mut half.is_cut) || has_gap;
        let data = match (&mut half.inflate, is_compressed) {
            (Some(inflate), true) => {
                let data =
                    if is_cut { None } else { inflate.message(&data, env.limits.body_bytes) };
                inflate.is_broken |= data.is_none() && inflate.keeps;
                data
            }
            _ => (!is_cut).then_some(data),
        };
        let room = env.limits.connection_bytes.saturating_sub(self.kept);
        let is_room = self.messages.len() < env.limits.messages;
        match data.filter(|data| is_room && data.len() <= room) {
            Some(data) => {
                self.kept += data.len();
                let is_text = opcode == TEXT && std::str::from_utf8(&data).is_ok();
                self.messages.push(payload(side, data, is_text, stamp));
            }
            // That was counted.
            None if has_gap => {}
            None => env.lost(Loss::WebSocketTooMuch),
        }
    }

    fn give_up(&mut self, side: Side, env: &mut Env<'_>) {
        env.lost(Loss::WebSocketMalformed);
        self.mark(side);
        let half = &mut self.halves[side.index()];
        (half.is_over, half.frame) = (true, None);
        (half.data, half.head) = (Vec::new(), Vec::new());
    }

    pub(super) fn gap(&mut self, side: Side, bytes: u64, env: &mut Env<'_>) {
        env.lost(Loss::StreamGap);
        let half = &mut self.halves[side.index()];
        match &mut half.frame {
            // Inside a frame: the message is lost, the next one is not.
            Some(frame) if bytes < frame.length - frame.at => {
                frame.at += bytes;
                if frame.opcode < CLOSE {
                    half.has_gap = true;
                    self.mark(side);
                }
            }
            _ if half.is_over => {}
            _ => self.give_up(side, env),
        }
    }

    /// Marks that not all of what this side said is there.
    fn mark(&mut self, side: Side) {
        let state = match (side, &mut self.exchange.response) {
            (Side::Client, _) => &mut self.exchange.request.body_state,
            (Side::Server, Some(response)) => &mut response.body_state,
            (Side::Server, None) => return,
        };
        *state = BodyState::Truncated;
    }

    /// The end of the connection: the exchange comes out.
    pub(super) fn close(self, env: &mut Env<'_>) {
        let mut exchange = self.exchange;
        exchange.messages = self.messages;
        if let Some((start, end)) = exchange.time.zip(self.last.time) {
            let micros = end.since(start).as_micros();
            exchange.duration_ms = (micros >= 0).then(|| micros as f64 / 1000.0);
        }
        env.out.push_back(Event::Exchange(exchange));
    }
}

impl Half {
    /// The frame whose head is there; `None` when there must be more, an error when it is none.
    fn frame(&self) -> Result<Option<Frame>, ()> {
        let bytes = &*self.head;
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let opcode = first & 15;
        let is_control = opcode >= CLOSE;
        let short = second & 0x7f;
        let is_compressed = first & 0x40 != 0;
        if matches!(opcode, 3..=7 | 11..)
            || first & 0x30 != 0
            || (is_compressed && (self.inflate.is_none() || is_control || opcode == CONTINUATION))
            || (is_control && (short > 125 || first & 0x80 == 0))
        {
            return Err(());
        }
        let size = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some(length) = rest.get(..size) else { return Ok(None) };
        let length = match size {
            0 => u64::from(short),
            _ => length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let key = if second & 0x80 != 0 {
            let Some(key) = rest.get(size..size + 4) else { return Ok(None) };
            <[u8; 4]>::try_from(key).ok()
        } else {
            None
        };
        let opcode = opcode | first & 0x40;
        Ok(Some(Frame { opcode, is_final: first & 0x80 != 0, key, at: 0, length }))
    }
}

impl Inflate {
    /// Inflates a message; `None` when that fails or gives more than `most`.
    fn message(&mut self, data: &[u8], most: usize) -> Option<Vec<u8>> {
        if self.is_broken {
            return None;
        }
        let most = most.min(RATIO_FREE.max(data.len().saturating_mul(RATIO)));
        let mut out = Vec::new();
        // RFC 7692 §7.2.2: the four bytes that end each message are not sent.
        for part in [data, &[0, 0, 0xff, 0xff]] {
            let mut at = 0;
            loop {
                if out.len() >= most {
                    return None;
                }
                out.reserve((part.len() * 2).clamp(512, 64 * 1024));
                let (read, given) = (self.stream.total_in(), out.len());
                let rest = part.get(at..).unwrap_or_default();
                let status = self.stream.decompress_vec(rest, &mut out, FlushDecompress::Sync);
                let taken = usize::try_from(self.stream.total_in() - read).ok()?;
                at += taken;
                match status.ok()? {
                    Status::StreamEnd => {
                        // A last block: what follows begins anew.
                        self.stream.reset(false);
                    }
                    Status::Ok | Status::BufError => {}
                }
                if at >= part.len() && out.len() < out.capacity() {
                    break;
                }
                if taken == 0 && out.len() == given {
                    break;
                }
            }
        }
        if !self.keeps {
            self.stream.reset(false);
        }
        (out.len() <= most).then_some(out)
    }
}
