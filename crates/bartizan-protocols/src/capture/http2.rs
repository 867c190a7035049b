//! HTTP/2 in the clear (RFC 9113): frames, header blocks, streams.
//!
//! A capture may begin in the middle, or lose bytes. The next frame is then looked for where pieces
//! begin, and what header fields refer to from before is told ([`Loss::Http2Beginning`]).

mod fields;
mod frame;
mod grpc;
mod streams;

use std::collections::BTreeMap;

pub(super) use self::frame::{PREFACE, client, looks_like_frames};
use self::{
    frame::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, PADDED, PUSH_PROMISE,
        RST_STREAM,
    },
    streams::message,
};
use super::{
    Hpack, HpackLimits, Loss, Stamp,
    message::{Answer, Answered, Asked, Env, Side},
};

/// Largest dynamic table that is kept, in bytes.
const TABLE_BYTES: usize = 64 * 1024;
/// Longest frame that carries a part of a header block.
const BLOCK_FRAME: usize = 64 * 1024;

/// What the times of a stream's messages are taken to cost, in bytes.
const MARK_BYTES: usize = 8 * 1024;
/// What a piece that waits costs beside its bytes.
const LATE: usize = 64;

/// What is read next.
#[derive(Clone, Copy, Debug)]
enum Part {
    Preface,
    Head,
    /// The whole payload of a frame.
    Payload(Frame),
    /// The number of padding bytes of a `DATA` frame.
    Padding(Frame),
    /// So many bytes of content, then of padding.
    Data {
        frame: Frame,
        left: usize,
        padding: usize,
    },
    Pass(usize),
    /// A frame is looked for where pieces begin.
    Searching,
}

/// A header block whose end has not come.
#[derive(Debug)]
struct Block {
    stream: u32,
    /// The stream that the fields are of, for a promise.
    of: u32,
    ends: bool,
    start: Stamp,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Half {
    hpack: Option<Hpack>,
    buffer: Vec<u8>,
    start: Stamp,
    part: Part,
    block: Option<Block>,
}

/// An open stream.
#[derive(Debug)]
struct Open {
    asked: Asked,
    is_asked: bool,
    answered: Option<Answered>,
    is_done: bool,
}

pub(super) struct Http2 {
    halves: [Half; 2],
    streams: BTreeMap<u32, Open>,
    kept: usize,
    is_whole: bool,
    /// What the server sent while bytes of the client waited for others, and its size.
    late: Vec<(Vec<u8>, Stamp)>,
    late_bytes: usize,
}

impl Http2 {
    /// A connection, from its beginning or in the middle.
    pub(super) fn new(is_whole: bool) -> Self {
        let half = |part| Half {
            hpack: None,
            buffer: Vec::new(),
            start: Stamp::default(),
            part,
            block: None,
        };
        let client = if is_whole { Part::Preface } else { Part::Head };
        Self {
            halves: [half(client), half(Part::Head)],
            streams: BTreeMap::new(),
            kept: 0,
            is_whole,
            late: Vec::new(),
            late_bytes: 0,
        }
    }

    /// A connection that was HTTP/1 up to a request that is answered here (RFC 7540 §3.2).
    pub(super) fn upgraded(asked: Asked) -> Self {
        let mut http = Self::new(true);
        http.kept = asked.message.kept();
        let open = Open { asked, is_asked: true, answered: None, is_done: false };
        http.streams.insert(1, open);
        http
    }

    pub(super) fn held(&self) -> usize {
        let half = |half: &Half| {
            half.buffer.capacity()
                + half.block.as_ref().map_or(0, |block| block.bytes.capacity())
                + half.hpack.as_ref().map_or(0, Hpack::held)
        };
        self.kept
            + self.late_bytes
            + self.streams.len() * (size_of::<Open>() + MARK_BYTES)
            + self.halves.iter().map(half).sum::<usize>()
    }

    pub(super) fn piece(&mut self, side: Side, bytes: &[u8], stamp: Stamp, env: &mut Env<'_>) {
        let waits = env.waits[0] || !self.late.is_empty();
        if side == Side::Server && waits && self.late_bytes < env.limits.waiting_bytes {
            self.late_bytes += bytes.len() + LATE;
            self.late.push((bytes.to_vec(), stamp));
            return;
        }
        if side == Side::Server && !self.late.is_empty() {
            env.waits[0] = false;
            self.resume(env);
        }
        self.read(side, bytes, stamp, env);
    }

    /// Reads on where the server's side waited for the client's.
    pub(super) fn resume(&mut self, env: &mut Env<'_>) {
        if !env.waits[0] {
            self.late_bytes = 0;
            for (bytes, stamp) in std::mem::take(&mut self.late) {
                self.read(Side::Server, &bytes, stamp, env);
            }
        }
    }

    fn read(&mut self, side: Side, bytes: &[u8], stamp: Stamp, env: &mut Env<'_>) {
        let half = &mut self.halves[side.index()];
        if matches!(half.part, Part::Searching) {
            if !looks_like_frames(bytes) {
                return;
            }
            half.part = Part::Head;
        }
        let mut rest = bytes;
        while let Some(read) = self.step(side, rest, stamp, env) {
            rest = rest.get(read..).unwrap_or_default();
            if matches!(self.halves[side.index()].part, Part::Searching) {
                return;
            }
        }
    }

    /// Reads one part; gives how many bytes that took, `None` when there must be more.
    fn step(&mut self, side: Side, bytes: &[u8], stamp: Stamp, env: &mut Env<'_>) -> Option<usize> {
        let half = &mut self.halves[side.index()];
        match half.part {
            Part::Preface => {
                let read = half.collect(bytes, PREFACE.len(), stamp)?;
                let is_preface = half.take() == PREFACE;
                half.part = Part::Head;
                if !is_preface {
                    self.lose(side, Loss::Http2Malformed, env);
                }
                Some(read)
            }
            Part::Head => {
                let read = half.collect(bytes, Frame::HEAD_BYTES, stamp)?;
                let head = half.take();
                match Frame::read(&head) {
                    Some(frame) => self.begin(side, frame, env),
                    None => self.lose(side, Loss::Http2Malformed, env),
                }
                Some(read)
            }
            Part::Payload(frame) => {
                let read = half.collect(bytes, frame.length, stamp)?;
                let payload = half.take();
                half.part = Part::Head;
                self.payload(side, frame, &payload, stamp, env);
                Some(read)
            }
            Part::Padding(frame) => {
                let content = frame.length.saturating_sub(1);
                let padding = usize::from(*bytes.first()?).min(content);
                half.part = Part::Data { frame, left: content - padding, padding };
                self.data_ends(side, stamp, env);
                Some(1)
            }
            Part::Data { frame, left, padding } => {
                let part = bytes.get(..left).unwrap_or(bytes);
                if part.is_empty() {
                    return None;
                }
                half.part = Part::Data { frame, left: left - part.len(), padding };
                if let Some(message) = message(&mut self.streams, side, frame.stream) {
                    message.add(part, &mut self.kept, env);
                    message.last = stamp;
                    message.mark(stamp);
                }
                self.data_ends(side, stamp, env);
                Some(part.len())
            }
            Part::Pass(left) => {
                let read = left.min(bytes.len());
                half.part = if read == left { Part::Head } else { Part::Pass(left - read) };
                (read > 0).then_some(read)
            }
            Part::Searching => None,
        }
    }

    /// A frame whose head is there.
    fn begin(&mut self, side: Side, frame: Frame, env: &mut Env<'_>) {
        let half = &mut self.halves[side.index()];
        // RFC 9113 §6.10: nothing may come between the frames of a block.
        let is_next = frame.kind == CONTINUATION
            && half.block.as_ref().is_some_and(|block| block.stream == frame.stream);
        if half.block.is_some() != (frame.kind == CONTINUATION) || half.block.is_some() != is_next {
            self.lose(side, Loss::Http2Malformed, env);
            return;
        }
        half.part = match frame.kind {
            HEADERS | CONTINUATION | PUSH_PROMISE if frame.length > BLOCK_FRAME => {
                self.lose(side, Loss::HeadTooLarge, env);
                return;
            }
            HEADERS | CONTINUATION | PUSH_PROMISE | RST_STREAM => Part::Payload(frame),
            DATA if frame.has(PADDED) && frame.length > 0 => Part::Padding(frame),
            DATA => Part::Data { frame, left: frame.length, padding: 0 },
            _ if frame.length == 0 => Part::Head,
            _ => Part::Pass(frame.length),
        };
        let stamp = half.start;
        self.data_ends(side, stamp, env);
    }

    /// Ends a `DATA` frame all of whose content came.
    fn data_ends(&mut self, side: Side, stamp: Stamp, env: &mut Env<'_>) {
        let half = &mut self.halves[side.index()];
        let Part::Data { frame, left: 0, padding } = half.part else { return };
        half.part = if padding == 0 { Part::Head } else { Part::Pass(padding) };
        if frame.has(END_STREAM) {
            self.ended(side, frame.stream, stamp, env);
        }
    }

    fn payload(&mut self, side: Side, frame: Frame, payload: &[u8], at: Stamp, env: &mut Env<'_>) {
        let half = &mut self.halves[side.index()];
        let start = half.start;
        if frame.kind == RST_STREAM {
            self.reset(frame.stream, at, env);
            return;
        }
        let Some((of, fragment)) = frame.fragment(payload) else {
            self.lose(side, Loss::Http2Malformed, env);
            return;
        };
        let block = half.block.get_or_insert_with(|| Block {
            stream: frame.stream,
            of,
            ends: frame.has(END_STREAM),
            start,
            bytes: Vec::new(),
        });
        if block.bytes.len() + fragment.len() > env.limits.head_bytes {
            self.lose(side, Loss::HeadTooLarge, env);
            return;
        }
        block.bytes.extend_from_slice(fragment);
        if !frame.has(END_HEADERS) {
            return;
        }
        let Some(block) = half.block.take() else { return };
        let limits = HpackLimits {
            list_bytes: env.limits.head_bytes * 4,
            fields: env.limits.head_fields,
            table_bytes: TABLE_BYTES,
        };
        let is_whole = self.is_whole;
        let hpack = half.hpack.get_or_insert_with(|| Hpack::begun(limits, is_whole));
        let Ok(list) = hpack.decode(&block.bytes) else {
            self.lose(side, Loss::Http2Malformed, env);
            return;
        };
        if list.is_cut {
            env.lost(Loss::HeadTooLarge);
        }
        if list.is_missing {
            let loss = if self.is_whole { Loss::Http2Malformed } else { Loss::Http2Beginning };
            env.lost(loss);
        }
        let is_promise = block.of != block.stream;
        let from = if is_promise { Side::Client } else { side };
        self.section(from, &block, list, at, env);
        if block.ends || is_promise {
            self.ended(from, block.of, at, env);
        }
    }

    /// Bytes that cannot be read, or are not there: a frame is looked for, and entries of the table
    /// may have been added that are not known.
    fn lose(&mut self, side: Side, loss: Loss, env: &mut Env<'_>) {
        env.lost(loss);
        self.is_whole = false;
        let half = &mut self.halves[side.index()];
        half.part = Part::Searching;
        half.block = None;
        half.buffer = Vec::new();
        if let Some(hpack) = &mut half.hpack {
            hpack.forget();
        }
        // Streams that were being read may have ended, or miss some of their bytes.
        for open in self.streams.values_mut() {
            match side {
                Side::Client if !open.is_asked => open.asked.message.is_incomplete = true,
                Side::Server => {
                    if let Some(answered) = open.answered.as_mut().filter(|_| !open.is_done) {
                        answered.message.is_incomplete = true;
                    }
                }
                Side::Client => {}
            }
        }
    }

    pub(super) fn gap(&mut self, side: Side, bytes: u64, env: &mut Env<'_>) {
        if side == Side::Server {
            env.waits[0] = false;
            self.resume(env);
        }
        let half = &mut self.halves[side.index()];
        let missing = usize::try_from(bytes).unwrap_or(usize::MAX);
        match half.part {
            Part::Data { frame, left, padding } if missing < left => {
                env.lost(Loss::StreamGap);
                half.part = Part::Data { frame, left: left - missing, padding };
                if let Some(message) = message(&mut self.streams, side, frame.stream) {
                    message.miss(bytes);
                }
            }
            Part::Pass(left) if missing < left => {
                env.lost(Loss::StreamGap);
                half.part = Part::Pass(left - missing);
            }
            _ => self.lose(side, Loss::StreamGap, env),
        }
    }

    /// The end of the connection, or of what is known of it.
    pub(super) fn close(mut self, env: &mut Env<'_>) {
        env.waits[0] = false;
        self.resume(env);
        for (_, mut open) in std::mem::take(&mut self.streams) {
            open.asked.message.is_incomplete |= !open.is_asked;
            if let Some(answered) = open.answered.as_mut().filter(|_| !open.is_done) {
                answered.message.is_incomplete = true;
            }
            self.out(open, Answer::Unknown, env);
        }
    }
}

impl Half {
    /// Collects bytes up to `wanted`; gives how many were taken once they are all there.
    fn collect(&mut self, bytes: &[u8], wanted: usize, stamp: Stamp) -> Option<usize> {
        if self.buffer.is_empty() && matches!(self.part, Part::Head) {
            self.start = stamp;
        }
        let missing = wanted.saturating_sub(self.buffer.len());
        let part = bytes.get(..missing).unwrap_or(bytes);
        self.buffer.extend_from_slice(part);
        (part.len() == missing).then_some(missing)
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }
}
