//! HTTP/1.x on a connection (RFC 9112): messages of both directions, and which answers which.
//!
//! Without loss, responses answer requests in their order. Once the capture lost something, or when
//! it began in the middle, a response must have come after its request, and behind a gap it answers
//! the last request that was sent before it; where that cannot be told, both stay alone. So they do
//! behind requests that are not there of a client that does not wait for answers.

mod buffer;
pub(super) mod head;
mod heads;
mod pairing;

use std::collections::VecDeque;

use self::{buffer::Buffer, head::Looks};
use super::{
    Event, Loss, Stamp,
    message::{Answer, Answered, Asked, Env, Message, Side, exchange},
};

/// Longest line that tells the size of a chunk.
const CHUNK_LINE: usize = 4096;
/// Most bytes behind a request for another protocol that wait for the answer to it.
const UNDECIDED: usize = 256 * 1024;

/// What a connection goes on with.
pub(super) enum Switch {
    WebSocket(Box<(Asked, Answered)>),
    /// HTTP/2, where the request is its first stream.
    Http2(Box<Asked>),
    /// Anything, as if the connection began here.
    Tunnel,
    Opaque,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Head,
    Body(u64),
    ChunkLine,
    Chunk(u64),
    ChunkEnd,
    Trailers,
    UntilClose,
    /// Not at a message; one is looked for where pieces begin.
    Searching,
    /// Behind a request that may lead to another protocol.
    Undecided,
}

#[derive(Debug)]
struct Half {
    buffer: Buffer,
    reading: Reading,
    is_ended: bool,
    /// Whether the capture lost some of it.
    has_gap: bool,
    /// Whether bytes that are passed over in search of a message were counted.
    is_counted: bool,
}

/// A request and what is known of its answer.
#[derive(Debug)]
struct Pair {
    asked: Asked,
    is_asked: bool,
    answered: Option<Answered>,
    is_done: bool,
}

pub(super) struct Http1 {
    halves: [Half; 2],
    pairs: VecDeque<Pair>,
    /// A response without a request that is being read.
    alone: Option<Answered>,
    /// Whether a response may answer a later request than the next one.
    is_unsure: bool,
    /// Whether requests were sent before the one before was answered.
    is_pipelined: bool,
    /// The packet in which the last response began.
    answered_at: u64,
    kept: usize,
    switch: Option<Switch>,
}

impl Http1 {
    /// A connection, from its beginning or in the middle.
    pub(super) fn new(is_whole: bool) -> Self {
        let half = || Half {
            buffer: Buffer::default(),
            reading: if is_whole { Reading::Head } else { Reading::Searching },
            is_ended: false,
            has_gap: false,
            is_counted: is_whole,
        };
        Self {
            halves: [half(), half()],
            pairs: VecDeque::new(),
            alone: None,
            is_unsure: false,
            is_pipelined: false,
            answered_at: 0,
            kept: 0,
            switch: None,
        }
    }

    pub(super) fn held(&self) -> usize {
        self.kept + self.halves.iter().map(|half| half.buffer.held()).sum::<usize>()
    }

    /// What the connection goes on with, once that is known; then nothing else is to be called but
    /// [`Http1::rest`].
    pub(super) const fn take_switch(&mut self) -> Option<Switch> {
        self.switch.take()
    }

    /// What was captured and not read, for the protocol that follows.
    pub(super) fn rest(&mut self, side: Side) -> Vec<(Vec<u8>, Stamp)> {
        self.halves[side.index()].buffer.take_pieces()
    }

    pub(super) fn piece(&mut self, side: Side, bytes: &[u8], stamp: Stamp, env: &mut Env<'_>) {
        self.halves[side.index()].buffer.push(bytes, stamp);
        self.read(side, env);
        self.resume(env);
    }

    /// Reads on where something was waited for.
    pub(super) fn resume(&mut self, env: &mut Env<'_>) {
        self.read(Side::Client, env);
        self.read(Side::Server, env);
        // An answer may free a request that waited for it.
        self.read(Side::Client, env);
    }

    pub(super) fn gap(&mut self, side: Side, bytes: u64, env: &mut Env<'_>) {
        env.lost(Loss::StreamGap);
        self.force(side, env);
        let half = &mut self.halves[side.index()];
        half.buffer.clear();
        match half.reading {
            Reading::Body(left) if bytes <= left => {
                half.reading = Reading::Body(left - bytes);
                self.miss(side, bytes);
            }
            Reading::Chunk(left) if bytes <= left => {
                half.reading = Reading::Chunk(left - bytes);
                self.miss(side, bytes);
            }
            Reading::UntilClose => self.miss(side, bytes),
            Reading::Head | Reading::Undecided | Reading::Searching => self.search(side),
            _ => {
                self.miss(side, 0);
                self.finish(side, Reading::Searching, env);
                self.search(side);
            }
        }
        self.read(side, env);
    }

    /// Messages were lost: the next one is looked for.
    fn search(&mut self, side: Side) {
        let half = &mut self.halves[side.index()];
        half.reading = Reading::Searching;
        half.has_gap = true;
        half.is_counted = true;
        self.is_unsure |= side == Side::Server;
    }

    /// Reads what waits for the other side, which will not come any more.
    fn force(&mut self, side: Side, env: &mut Env<'_>) {
        if self.halves[side.index()].reading == Reading::Undecided {
            self.halves[side.index()].reading = Reading::Head;
        }
        self.read_with(side, true, env);
    }

    fn miss(&mut self, side: Side, bytes: u64) {
        if let Some(message) = self.message(side) {
            message.miss(bytes);
        }
    }

    /// The end of one side: nothing more comes from it.
    pub(super) fn ended(&mut self, side: Side, env: &mut Env<'_>) {
        self.halves[side.index()].is_ended = true;
        self.read(side, env);
        if side == Side::Server && self.halves[1].reading == Reading::UntilClose {
            self.finish(Side::Server, Reading::Head, env);
        }
    }

    /// The end of the connection, or of what is known of it. All that is kept comes out.
    pub(super) fn close(&mut self, is_closed: bool, env: &mut Env<'_>) {
        self.force(Side::Client, env);
        self.force(Side::Server, env);
        if self.switch.is_some() {
            return;
        }
        for side in [Side::Client, Side::Server] {
            let half = &mut self.halves[side.index()];
            match half.reading {
                Reading::Head => {
                    if half.buffer.bytes().len() > head::blank(half.buffer.bytes()) {
                        env.lost(Loss::HeadCut);
                    }
                }
                Reading::Searching | Reading::Undecided => {}
                Reading::UntilClose if is_closed => self.finish(side, Reading::Head, env),
                _ => {
                    self.miss(side, 0);
                    self.finish(side, Reading::Searching, env);
                }
            }
        }
        self.doubt(env);
        let server = &self.halves[1];
        let is_never = is_closed && !server.has_gap && server.reading == Reading::Head;
        while let Some(pair) = self.pairs.pop_front() {
            let answer = match pair.answered {
                Some(answered) => Answer::Given(answered),
                None if is_never && !pair.is_done => Answer::Never,
                None => Answer::Unknown,
            };
            emit(pair.asked, answer, env);
        }
        self.kept = 0;
    }

    fn read(&mut self, side: Side, env: &mut Env<'_>) {
        self.read_with(side, false, env);
    }

    fn read_with(&mut self, side: Side, is_forced: bool, env: &mut Env<'_>) {
        while self.switch.is_none() && self.step(side, is_forced, env) {}
        self.halves[side.index()].buffer.trim();
    }

    /// Takes one part of a message; false when there must be more bytes for it.
    fn step(&mut self, side: Side, is_forced: bool, env: &mut Env<'_>) -> bool {
        let half = &mut self.halves[side.index()];
        match half.reading {
            Reading::Head => self.head(side, is_forced, env),
            Reading::Undecided => {
                if half.buffer.bytes().len() > UNDECIDED {
                    half.reading = Reading::Head;
                }
                half.reading == Reading::Head
            }
            Reading::Body(0) => {
                self.finish(side, Reading::Head, env);
                true
            }
            Reading::Body(left) => {
                let taken = self.data(side, left, env);
                self.halves[side.index()].reading = Reading::Body(left - taken);
                taken > 0
            }
            Reading::Chunk(0) => {
                half.reading = Reading::ChunkEnd;
                true
            }
            Reading::Chunk(left) => {
                let taken = self.data(side, left, env);
                self.halves[side.index()].reading = Reading::Chunk(left - taken);
                taken > 0
            }
            Reading::UntilClose => self.data(side, u64::MAX, env) > 0,
            Reading::ChunkLine | Reading::ChunkEnd => self.chunk_line(side, env),
            Reading::Trailers => self.trailers(side, env),
            Reading::Searching => {
                let is_wanted = match side {
                    Side::Client => Looks::Request,
                    Side::Server => Looks::Response,
                };
                let (found, passed) = half.buffer.search(|bytes| head::looks(bytes) == is_wanted);
                if passed > 0 && !half.is_counted {
                    half.is_counted = true;
                    env.lost(Loss::StreamBeginning);
                }
                if found {
                    half.reading = Reading::Head;
                    half.is_counted = true;
                }
                found
            }
        }
    }

    /// Adds up to `most` bytes to the body that is read.
    fn data(&mut self, side: Side, most: u64, env: &mut Env<'_>) -> u64 {
        let half = &mut self.halves[side.index()];
        let (bytes, last) = half.buffer.take(usize::try_from(most).unwrap_or(usize::MAX));
        if bytes.is_empty() {
            return 0;
        }
        let taken = bytes.len() as u64;
        let message = match side {
            Side::Client => {
                self.pairs.back_mut().filter(|pair| !pair.is_asked).map(|p| &mut p.asked.message)
            }
            Side::Server => current(&mut self.pairs, &mut self.alone),
        };
        if let Some(message) = message {
            message.add(bytes, &mut self.kept, env);
            message.last = last;
        }
        taken
    }

    fn message(&mut self, side: Side) -> Option<&mut Message> {
        match side {
            Side::Client => {
                self.pairs.back_mut().filter(|pair| !pair.is_asked).map(|p| &mut p.asked.message)
            }
            Side::Server => current(&mut self.pairs, &mut self.alone),
        }
    }

    fn chunk_line(&mut self, side: Side, env: &mut Env<'_>) -> bool {
        let half = &mut self.halves[side.index()];
        let Some((line, last)) = half.buffer.take_line(CHUNK_LINE) else {
            if half.buffer.bytes().len() > CHUNK_LINE {
                self.give_up(side, Loss::FramingMalformed, env);
                return true;
            }
            return false;
        };
        let is_end = half.reading == Reading::ChunkEnd;
        let size = head::chunk_size(line);
        let is_empty = line.trim_ascii().is_empty();
        half.reading = match (is_end, size) {
            (true, _) if is_empty => Reading::ChunkLine,
            (false, Some(0)) => Reading::Trailers,
            (false, Some(size)) => Reading::Chunk(size),
            _ => {
                self.give_up(side, Loss::FramingMalformed, env);
                return true;
            }
        };
        if let Some(message) = self.message(side) {
            message.last = last;
        }
        true
    }

    fn trailers(&mut self, side: Side, env: &mut Env<'_>) -> bool {
        let half = &mut self.halves[side.index()];
        let bytes = half.buffer.bytes();
        let end = match bytes {
            [b'\n', ..] => Some(1),
            [b'\r', b'\n', ..] => Some(2),
            _ => head::end(bytes, half.buffer.scanned()),
        };
        let Some(end) = end else {
            half.buffer.set_scanned();
            if half.buffer.bytes().len() > env.limits.head_bytes {
                self.give_up(side, Loss::HeadTooLarge, env);
                return true;
            }
            return false;
        };
        let (bytes, last) = half.buffer.take(end);
        let fields = head::fields(bytes, env.limits.head_fields);
        if fields.is_cut {
            env.lost(Loss::HeadTooLarge);
        }
        if let Some(message) = self.message(side) {
            message.trailers = fields.headers;
            message.last = last;
        }
        self.finish(side, Reading::Head, env);
        true
    }

    /// The message that is read ends in something that cannot be read.
    fn give_up(&mut self, side: Side, loss: Loss, env: &mut Env<'_>) {
        env.lost(loss);
        self.miss(side, 0);
        self.finish(side, Reading::Searching, env);
        self.halves[side.index()].buffer.next_piece();
        self.search(side);
    }

    fn out(&mut self, pair: Pair, env: &mut Env<'_>) {
        let answer = pair.answered.map_or(Answer::Unknown, Answer::Given);
        self.kept = self.kept.saturating_sub(pair.asked.message.kept());
        if let Answer::Given(answered) = &answer {
            self.kept = self.kept.saturating_sub(answered.message.kept());
        }
        emit(pair.asked, answer, env);
    }
}

/// The response that is read: that of the first request which is not done, or one alone.
fn current<'a>(
    pairs: &'a mut VecDeque<Pair>,
    alone: &'a mut Option<Answered>,
) -> Option<&'a mut Message> {
    if let Some(alone) = alone {
        return Some(&mut alone.message);
    }
    let pair = pairs.iter_mut().find(|pair| !pair.is_done)?;
    pair.answered.as_mut().map(|answered| &mut answered.message)
}

fn emit(asked: Asked, answer: Answer, env: &mut Env<'_>) {
    if asked.method == "CONNECT" {
        env.lost(Loss::TunnelOpened);
        return;
    }
    let exchange = exchange(env.ends, asked, answer);
    env.out.push_back(Event::Exchange(Box::new(exchange)));
}
