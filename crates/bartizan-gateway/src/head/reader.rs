//! The strict reader of an HTTP/1 request stream, without sockets and clock.
//!
//! It sees the bytes before the HTTP library does, follows the framing of every message, and says
//! how many bytes may go on: bodies at once, a head only when all of it is there and valid.

use super::{
    bytes,
    refusal::Refusal,
    validate::{self, HeadLimits},
};

/// Most bytes of a chunk's size line, extensions included.
const CHUNK_LINE_BYTES: usize = 256;

/// What of the bytes may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// That many bytes from the front are valid.
    pub valid: usize,
    /// Why the reading goes no further.
    pub stop: Option<Stop>,
}

/// Why reading stopped; it does not begin again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The head that follows is refused.
    Refused(Refusal),
    /// The body that is being read is refused.
    Broken(Refusal),
    /// The last head asks for an upgrade: what follows belongs to the other protocol, or, when the
    /// upgrade is declined ([`HeadReader::decline_upgrade`]), is the next head.
    Upgrade,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before or inside a head; so many bytes of it were searched for its end.
    Head { searched: usize, line: usize },
    /// Inside a counted body or a chunk; so many bytes are left.
    Data { left: u64, is_chunk: bool },
    /// Inside the size line of a chunk.
    ChunkSize,
    /// The line end behind a chunk's data.
    ChunkEnd,
    /// Inside the trailer section.
    Trailers { fields: usize, bytes: usize },
    /// After a [`Stop`].
    Stopped,
}

const HEAD: State = State::Head { searched: 0, line: 0 };

/// Follows one connection.
#[derive(Clone, Debug)]
pub struct HeadReader {
    limits: HeadLimits,
    state: State,
    heads: u64,
}

impl HeadReader {
    /// A reader at the beginning of a connection.
    #[must_use]
    pub fn new(limits: HeadLimits) -> Self {
        Self { limits, state: HEAD, heads: 0 }
    }

    /// Whether the reader is between two messages or inside a head.
    #[must_use]
    pub fn is_in_head(&self) -> bool {
        matches!(self.state, State::Head { .. })
    }

    /// Number of valid heads so far.
    #[must_use]
    pub fn heads(&self) -> u64 {
        self.heads
    }

    /// After [`Stop::Upgrade`]: the connection stays HTTP/1.
    pub fn decline_upgrade(&mut self) {
        self.state = HEAD;
    }

    /// Looks at bytes that follow the valid ones of the last call. Bytes that were not valid yet
    /// are given again, with more behind them.
    #[must_use]
    pub fn advance(&mut self, bytes: &[u8]) -> Progress {
        let mut valid = 0;
        loop {
            let rest = &bytes[valid..];
            let step = match self.state {
                State::Head { searched, line } => self.head(rest, searched, line),
                State::Data { left, is_chunk } => Ok(self.data(rest, left, is_chunk)),
                State::ChunkSize => self.chunk_size(rest),
                State::ChunkEnd => self.chunk_end(rest),
                State::Trailers { fields, bytes } => self.trailers(rest, fields, bytes),
                State::Stopped => Ok(0),
            };
            match step {
                Ok(0) => return Progress { valid, stop: None },
                Ok(count) => valid += count,
                Err((count, mut stop)) => {
                    if let (Stop::Refused(refusal), false) = (stop, self.is_in_head()) {
                        stop = Stop::Broken(refusal);
                    }
                    self.state = State::Stopped;
                    return Progress { valid: valid + count, stop: Some(stop) };
                }
            }
        }
    }

    fn head(&mut self, rest: &[u8], searched: usize, line: usize) -> Step {
        if rest.is_empty() {
            return Ok(0);
        }
        // One empty line before a request line is tolerated (RFC 9112 §2.2).
        let skip = usize::from(rest[0] == b'\r') * 2;
        if skip == 2 {
            match rest.get(1) {
                None => return Ok(0),
                Some(b'\n') => {}
                Some(_) => return refuse(Refusal::RequestLine),
            }
        }
        let mut line = line.max(skip);
        let mut searched = searched.max(skip);
        if rest.get(line.min(skip)).is_some_and(|b| !bytes::is_token(&[*b])) {
            return refuse(Refusal::RequestLine);
        }
        let longest_line = self.limits.target_bytes + 64;
        while let Some(at) = memchr::memchr(b'\n', &rest[searched..]) {
            let feed = searched + at;
            // Lengths first: in smaller pieces they would have been seen before the line's end.
            if line == skip && feed > longest_line {
                return refuse(Refusal::TargetTooLong);
            }
            if feed > self.limits.head_bytes {
                return refuse(Refusal::HeadTooLong);
            }
            if feed == 0 || rest[feed - 1] != b'\r' {
                return refuse(Refusal::BareLineFeed);
            }
            if feed + 1 > self.limits.head_bytes {
                return refuse(Refusal::HeadTooLong);
            }
            let is_empty = feed == line + 1;
            line = feed + 1;
            searched = line;
            if is_empty {
                return self.complete(&rest[skip..line], line);
            }
        }
        let has_first_line = line > skip;
        if !has_first_line && rest.len() > longest_line {
            return refuse(Refusal::TargetTooLong);
        }
        if rest.len() > self.limits.head_bytes {
            return refuse(Refusal::HeadTooLong);
        }
        self.state = State::Head { searched: rest.len(), line };
        Ok(0)
    }

    fn complete(&mut self, head: &[u8], length: usize) -> Step {
        let framing = match validate::validate(head, &self.limits) {
            Ok(framing) => framing,
            Err(refusal) => return refuse(refusal),
        };
        self.heads += 1;
        if framing.is_upgrade {
            return Err((length, Stop::Upgrade));
        }
        self.state = match framing {
            framing if framing.is_chunked => State::ChunkSize,
            framing if framing.length > 0 => State::Data { left: framing.length, is_chunk: false },
            _ => HEAD,
        };
        Ok(length)
    }

    fn data(&mut self, rest: &[u8], left: u64, is_chunk: bool) -> usize {
        let count = left.min(rest.len() as u64);
        self.state = match left - count {
            0 if is_chunk => State::ChunkEnd,
            0 => HEAD,
            left => State::Data { left, is_chunk },
        };
        count as usize
    }

    fn chunk_size(&mut self, rest: &[u8]) -> Step {
        let Some(line) = whole_line(rest, CHUNK_LINE_BYTES, Refusal::Chunk)? else { return Ok(0) };
        let digits = line.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(line.len());
        let (size, extension) = line.split_at(digits);
        let is_extension = extension.is_empty() || extension[0] == b';';
        if !(1..=15).contains(&size.len()) || !is_extension || !bytes::is_value(extension) {
            return refuse(Refusal::Chunk);
        }
        let size = size.iter().fold(0, |n, digit| n * 16 + u64::from(hex(*digit)));
        self.state = match size {
            0 => State::Trailers { fields: 0, bytes: 0 },
            left => State::Data { left, is_chunk: true },
        };
        Ok(line.len() + 2)
    }

    fn chunk_end(&mut self, rest: &[u8]) -> Step {
        match rest {
            [] | [b'\r'] => Ok(0),
            [b'\r', b'\n', ..] => {
                self.state = State::ChunkSize;
                Ok(2)
            }
            [b'\n', ..] => refuse(Refusal::BareLineFeed),
            _ => refuse(Refusal::Chunk),
        }
    }

    fn trailers(&mut self, rest: &[u8], fields: usize, bytes: usize) -> Step {
        let longest = self.limits.field_bytes;
        let Some(line) = whole_line(rest, longest, Refusal::Trailer)? else { return Ok(0) };
        if line.is_empty() {
            self.state = HEAD;
            return Ok(2);
        }
        let (fields, bytes) = (fields + 1, bytes + line.len() + 2);
        let name = match validate::field(line, &self.limits) {
            Ok((name, _)) => name,
            Err(_) => return refuse(Refusal::Trailer),
        };
        let is_allowed = !validate::is_end_to_end(name)
            && !validate::is_lookalike(name)
            && !name.eq_ignore_ascii_case(b"trailer");
        if !is_allowed || fields > self.limits.fields || bytes > self.limits.head_bytes {
            return refuse(Refusal::Trailer);
        }
        self.state = State::Trailers { fields, bytes };
        Ok(line.len() + 2)
    }
}

/// Bytes that a step accepted, or how many and why nothing follows.
type Step = Result<usize, (usize, Stop)>;

fn refuse(refusal: Refusal) -> Step {
    Err((0, Stop::Refused(refusal)))
}

/// The first line without its end, once all of it is there.
fn whole_line(
    rest: &[u8],
    longest: usize,
    refusal: Refusal,
) -> Result<Option<&[u8]>, (usize, Stop)> {
    let window = &rest[..rest.len().min(longest + 2)];
    match memchr::memchr(b'\n', window) {
        Some(feed) if feed > 0 && rest[feed - 1] == b'\r' => Ok(Some(&rest[..feed - 1])),
        Some(_) => Err((0, Stop::Refused(Refusal::BareLineFeed))),
        None if window.len() == longest + 2 => Err((0, Stop::Refused(refusal))),
        None => Ok(None),
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
#[path = "reader/tests.rs"]
mod tests;
