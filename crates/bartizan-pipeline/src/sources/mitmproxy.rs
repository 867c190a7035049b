//! Flows that mitmproxy saved.

mod flow;
mod tnetstring;

use bartizan_model::{Duration, source::Ordering};

use self::tnetstring::{Kind, Token};
use super::{
    Head, Reading, Source, SourceItem, SourceLimits,
    entries::{Entries, EntrySource, Found},
    error::SourceError,
    input::Input,
    ledger::Ledger,
    skip::{Place, SkipReason},
};

/// A flow is written when it ends, or all at once in the order of the list that was saved.
const LATENESS: Duration = Duration::minutes(15);
const HELP: &str = "save the flows again (`mitmdump -w FILE`), or export them as HAR";
/// Most digits of a length.
const LENGTH_DIGITS: usize = 12;

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "mitmproxy",
    title: "mitmproxy flows",
    what: "Reads what mitmproxy, mitmweb and mitmdump save, flow by flow, without holding the file: \
           the versions of the format from 0.10 (2014) to 21, each by the names it has. \
           Times, client and server addresses, TLS version, cipher and server name, messages as \
           they were on the wire (still in their content coding), trailers (gRPC), and the messages \
           of a WebSocket. The host is the one that the request names (authority, `Host`), else the \
           one that was connected to. Bodies that were streamed are *not captured*; a flow with an \
           error has an answer that never came. Flows of TCP, UDP and DNS are skipped and counted, \
           as are CONNECT requests and the messages of a WebSocket that old versions kept in flows of \
           their own. Flows may come up to 15 minutes late.",
    extensions: &["mitm", "flow", "flows", "dump"],
    example: "402:7:version;2:21#4:type;4:http;2:id;8:068508d5;7:request;215:6:method;3:GET,6:scheme;5:https,4:host;15:api.example.com;4:port;3:443#4:path;12:/v1/orders/7,12:http_version;8:HTTP/1.1,7:headers;30:26:4:host,15:api.example.com,]]7:content;0:,15:timestamp_start;14:1795341600.123^}8:response;111:11:status_code;3:200#12:http_version;8:HTTP/1.1,7:headers;0:]7:content;2:{},13:timestamp_end;14:1795341600.135^}}",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Own { recognise, open },
};

fn recognise(head: &Head<'_>) -> u8 {
    let digits = head.bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let Some(rest) = head.bytes.get(digits..) else { return 0 };
    let is_string = (1..=LENGTH_DIGITS).contains(&digits)
        && rest.starts_with(b":")
        && rest.get(1).is_some_and(u8::is_ascii_digit);
    let start = rest.get(1..rest.len().min(64)).unwrap_or_default();
    let key = Token::key_at_start(start);
    let known = [
        "version",
        "type",
        "id",
        "request",
        "response",
        "error",
        "client_conn",
        "server_conn",
        "websocket",
        "metadata",
        "mode",
        "marked",
        "comment",
        "backup",
        "intercepted",
        "is_replay",
        "timestamp_created",
        "messages",
    ];
    if is_string && key.is_some_and(|key| known.iter().any(|name| name.as_bytes() == key)) {
        95
    } else {
        0
    }
}

fn open(input: Input, ledger: Ledger, limits: &SourceLimits) -> Box<dyn Source> {
    let entries =
        Flows { limit: limits.entry_bytes, number: ledger.state().number, flow: Vec::new() };
    let empty = ("no flow", HELP);
    Box::new(EntrySource { item: &SOURCE, input, ledger, entries, empty })
}

/// Finds flows: one tnetstring after the other.
struct Flows {
    limit: usize,
    number: u64,
    flow: Vec<u8>,
}

/// The length before a tnetstring.
enum Length {
    Bytes(u64),
    /// The input ends in it.
    Cut,
    /// It is none.
    Wrong,
    End,
}

impl Flows {
    fn length(input: &mut Input) -> Result<Length, SourceError> {
        let (mut length, mut digits) = (0u64, 0);
        loop {
            let Some(byte) = input.peek()? else {
                return Ok(if digits == 0 { Length::End } else { Length::Cut });
            };
            match byte {
                // Between flows, an editor may have left a line end.
                b'\n' | b'\r' if digits == 0 => {}
                b'0'..=b'9' if digits < LENGTH_DIGITS => {
                    length = length * 10 + u64::from(byte - b'0');
                    digits += 1;
                }
                b':' if digits > 0 => {
                    input.consume(1);
                    return Ok(Length::Bytes(length));
                }
                _ => return Ok(Length::Wrong),
            }
            input.consume(1);
        }
    }

    /// Reads or, when it is too long, passes over `length` bytes and the byte of the kind behind
    /// them. `None` when the input ends before.
    fn body(&mut self, input: &mut Input, length: u64) -> Result<Option<u8>, SourceError> {
        self.flow = Vec::new();
        let keep = length <= self.limit as u64;
        let mut left = length;
        while left > 0 {
            let chunk = input.fill()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let taken = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if keep {
                self.flow.extend_from_slice(chunk.get(..taken).unwrap_or_default());
            }
            input.consume(taken);
            left -= taken as u64;
        }
        let kind = input.peek()?;
        input.consume(1);
        Ok(kind)
    }
}

impl Entries for Flows {
    fn next(&mut self, input: &mut Input) -> Result<Found, SourceError> {
        let length = match Self::length(input)? {
            Length::End => return Ok(Found::End),
            Length::Bytes(length) => length,
            Length::Cut => {
                self.number += 1;
                return Ok(Found::Cut);
            }
            Length::Wrong => {
                // Nothing tells where the next flow begins.
                while !input.fill()?.is_empty() {
                    let all = input.fill()?.len();
                    input.consume(all);
                }
                return Ok(Found::Entry(Err(SkipReason::TrailingGarbage)));
            }
        };
        self.number += 1;
        let Some(kind) = self.body(input, length)? else { return Ok(Found::Cut) };
        if length > self.limit as u64 {
            return Ok(Found::Entry(Err(SkipReason::EntryTooLarge)));
        }
        if Kind::of(kind) != Some(Kind::Dictionary) {
            return Ok(Found::Entry(Err(SkipReason::NotAFlow)));
        }
        let flow = Token::dictionary(&self.flow);
        Ok(Found::Entry(flow::read(flow).map(Box::new)))
    }

    fn place(&self) -> Place {
        Place::Entry(self.number)
    }

    fn mark(&self, input: &Input) -> (u64, u8, u64) {
        (input.offset(), 0, self.number)
    }
}

#[cfg(test)]
mod tests;
