//! Exchanges as JSON, one per line, or as the elements of a list.

use bartizan_model::{
    Duration, Exchange,
    source::{Checkpoint, Ordering},
};

use bartizan_protocols::exchange_json::{LineError, parse_line};
use serde::Deserialize;

use super::{
    Head, Item, Reading, Source, SourceItem, SourceLimits,
    error::SourceError,
    input::Input,
    json_scan::{EntryScan, Scanned},
    ledger::Ledger,
    lines::{Line, Lines},
    skip::{Place, SkipReason},
};

/// Whoever writes such lines does so when an exchange has ended.
const LATENESS: Duration = Duration::minutes(5);
const HELP: &str = "each line must be a JSON object with request.method and request.url";
/// State in a checkpoint: lines. A list has the state of its scanner, which is never this.
const LINES: u8 = 100;

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "exchanges",
    title: "Exchanges as JSON lines",
    what: "Reads one exchange per line: `id, time, client, request{method, url, headers, body}, \
           response{status, headers, body}, duration_ms`; `headers` as list of pairs or object, \
           `body_base64` in place of `body`, all but the request optional. \
           `direction` (`inbound`, `outbound`), `caller` and `callee` tell who recorded it and which workloads \
           asked and answered. Blank lines are nothing. \
           Lines that are no exchange are counted with their number. A JSON list of such objects is \
           read too. Lines are written when an exchange ends and may come up to 5 minutes late.",
    extensions: &["jsonl", "ndjson"],
    example: "{\"time\":\"2026-11-22T10:00:00Z\",\"request\":{\"method\":\"GET\",\"url\":\"https://api.example.com/v1/orders/7\"},\"response\":{\"status\":200}}\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Own { recognise, open },
};

/// As much of an exchange as tells it from other JSON.
#[derive(Deserialize)]
struct Probe {
    request: ProbeRequest,
}

#[derive(Deserialize)]
struct ProbeRequest {
    method: String,
    url: String,
}

fn is_exchange(text: &[u8]) -> bool {
    serde_json::from_slice::<Probe>(text)
        .is_ok_and(|probe| !probe.request.method.is_empty() && !probe.request.url.is_empty())
}

fn recognise(head: &Head<'_>) -> u8 {
    let by_name = if matches!(head.extension, "jsonl" | "ndjson") { 20 } else { 0 };
    let bytes = head.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head.bytes);
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"[") {
        let Ok(mut input) = Input::reader("", Box::new(std::io::Cursor::new(start.to_vec())), None)
        else {
            return 0;
        };
        let mut scan = EntryScan::new(usize::MAX);
        let is_list =
            matches!(scan.next(&mut input), Ok(Scanned::Entry)) && is_exchange(scan.entry());
        return if is_list { 80 } else { 0 };
    }
    let mut lines = start.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let is_whole = start.contains(&b'\n') || head.is_all;
    let good = lines.clone().take(20).filter(|line| is_exchange(line)).count();
    if good > 0 {
        return 90;
    }
    // One line that is longer than the head.
    let first = lines.next().unwrap_or_default();
    let has = |word: &[u8]| memchr::memmem::find(first, word).is_some();
    if !is_whole && first.starts_with(b"{") && has(b"\"request\"") && has(b"\"url\"") {
        return 60;
    }
    if first.starts_with(b"{") { by_name } else { 0 }
}

fn open(input: Input, ledger: Ledger, limits: &SourceLimits) -> Box<dyn Source> {
    let mut input = input;
    let (code, number) = (ledger.state().state, ledger.state().number);
    let is_list = match code {
        LINES => false,
        0 => input.fill().is_ok_and(|start| {
            start
                .strip_prefix(b"\xef\xbb\xbf")
                .unwrap_or(start)
                .trim_ascii_start()
                .starts_with(b"[")
        }),
        _ => true,
    };
    let reader = if is_list {
        Reader::List(EntryScan::resume(limits.entry_bytes, code, number))
    } else {
        Reader::Lines(Lines::new(limits.entry_bytes, number))
    };
    Box::new(ExchangeLines { input, ledger, reader })
}

enum Reader {
    Lines(Lines),
    List(EntryScan),
}

struct ExchangeLines {
    input: Input,
    ledger: Ledger,
    reader: Reader,
}

/// What was found, where, and whether the input was cut in it.
enum Found {
    Entry(Result<Box<Exchange>, SkipReason>),
    Cut,
    Nothing,
    End,
}

impl Reader {
    fn read(&mut self, input: &mut Input) -> Result<Found, SourceError> {
        Ok(match self {
            Self::Lines(lines) => match lines.next(input)? {
                Line::End => Found::End,
                Line::TooLong => Found::Entry(Err(SkipReason::EntryTooLarge)),
                Line::Text { ended } => match lines.text().trim_ascii() {
                    b"" => Found::Nothing,
                    text => match read(text) {
                        // Still being written, perhaps.
                        Err(SkipReason::NotJson | SkipReason::NotUtf8) if !ended => Found::Cut,
                        outcome => Found::Entry(outcome),
                    },
                },
            },
            Self::List(scan) => match scan.next(input)? {
                Scanned::Entry => Found::Entry(read(scan.entry())),
                Scanned::TooLarge => Found::Entry(Err(SkipReason::EntryTooLarge)),
                Scanned::NotObject => Found::Entry(Err(SkipReason::EntryNotObject)),
                Scanned::TrailingGarbage => Found::Entry(Err(SkipReason::TrailingGarbage)),
                Scanned::Truncated => Found::Cut,
                Scanned::End => Found::End,
            },
        })
    }

    const fn place(&self) -> Place {
        match self {
            Self::Lines(lines) => Place::Line(lines.number()),
            Self::List(scan) => Place::Entry(scan.index()),
        }
    }

    const fn state(&self) -> (u8, u64) {
        match self {
            Self::Lines(lines) => (LINES, lines.number()),
            Self::List(scan) => (scan.state_code(), scan.index()),
        }
    }
}

fn read(text: &[u8]) -> Result<Box<Exchange>, SkipReason> {
    parse_line(text).map(Box::new).map_err(|error| match error {
        LineError::NotUtf8 => SkipReason::NotUtf8,
        LineError::NotJson => SkipReason::NotJson,
        LineError::WrongShape => SkipReason::WrongShape,
        LineError::MissingRequest => SkipReason::MissingRequest,
        LineError::MissingMethod => SkipReason::MissingMethod,
        LineError::MissingUrl => SkipReason::MissingUrl,
        LineError::InvalidUrl => SkipReason::InvalidUrl,
        LineError::InvalidStatus => SkipReason::InvalidStatus,
        LineError::InvalidTime => SkipReason::InvalidTime,
        LineError::InvalidHeaders => SkipReason::InvalidHeaders,
        LineError::InvalidBase64 => SkipReason::InvalidBase64,
        LineError::InvalidBodyState => SkipReason::InvalidBodyState,
    })
}

impl ExchangeLines {
    fn step(&mut self) -> Result<Option<Item>, SourceError> {
        while !self.ledger.is_closed() {
            let found = self.reader.read(&mut self.input)?;
            let at = self.reader.place();
            if matches!(found, Found::Cut) {
                // The mark stays before it.
                let reason = self.input.broken().unwrap_or(SkipReason::Truncated);
                return Ok(Some(self.ledger.skip(reason, at)));
            }
            let (state, number) = self.reader.state();
            self.ledger.mark(self.input.offset(), state, number);
            match found {
                Found::Entry(Ok(exchange)) => {
                    return Ok(Some(self.ledger.exchange(exchange, self.input.name())));
                }
                Found::Entry(Err(reason)) => return Ok(Some(self.ledger.skip(reason, at))),
                Found::Nothing | Found::Cut => {}
                Found::End => {
                    if let Some(reason) = self.input.broken() {
                        return Ok(Some(self.ledger.skip(reason, at)));
                    }
                    let end = self.ledger.close(&self.input, "no line with anything on it", HELP);
                    return end.map_or(Ok(None), Err);
                }
            }
        }
        Ok(None)
    }
}

impl Source for ExchangeLines {
    fn name(&self) -> &str {
        self.input.name()
    }

    fn format(&self) -> &'static str {
        SOURCE.name
    }

    fn ordering(&self) -> Ordering {
        SOURCE.ordering
    }

    fn next(&mut self) -> Option<Result<Item, SourceError>> {
        let step = self.step();
        if step.is_err() {
            self.ledger.fail();
        }
        step.transpose()
    }

    fn position(&self) -> u64 {
        self.input.position()
    }

    fn total(&self) -> Option<u64> {
        self.input.total()
    }

    fn checkpoint(&self) -> Checkpoint {
        self.ledger.checkpoint(&self.input, SOURCE.name)
    }
}

#[cfg(test)]
mod tests;
