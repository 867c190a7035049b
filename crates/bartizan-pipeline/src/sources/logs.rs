//! What all dialects of access logs share: lines in, exchanges out.
//!
//! A dialect reads one line; its file declares a [`Dialect`] beside its `SOURCE`. Every line is
//! tried with the dialect of the input first and then with all others, in the order of the list and
//! loose ones last, so that mixed and rotated files are read whole, and the same whatever line reading
//! goes on at.

pub(super) mod address;
pub(super) mod columns;
pub(super) mod escapes;
pub(super) mod json;
pub(super) mod line;
pub(super) mod quoted;
pub(super) mod request_line;
pub(super) mod shipping;
mod tls;

use std::cell::OnceCell;

use bartizan_model::{Duration, Exchange};
use serde::Deserialize;

use self::{columns::Columns, json::Members};
use super::{
    Head, SOURCES, Source, SourceItem, SourceLimits,
    entries::{Entries, EntrySource, Found},
    error::SourceError,
    foreign,
    input::Input,
    json_scan::{EntryScan, Scanned},
    ledger::Ledger,
    lines::{Line, Lines},
    skip::{Place, SkipReason},
};

/// Lines are written when a request ends, with the time it began (Apache) or ended (nginx), and
/// workers write their buffers when they are full or after some minutes.
pub(super) const LATENESS: Duration = Duration::minutes(5);
const HELP: &str = "write the log in a form that is read, for example combined form: remote address, \
                    user, [time], \"request\", status, bytes, \"referer\", \"user agent\"";
/// Lines of the beginning that are looked at.
const PROBE_LINES: usize = 50;

/// One way to write a request on a line.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Reads a line; [`SkipReason::NotALogLine`] when it is of another dialect.
    pub(super) read: fn(&RawLine<'_>) -> Result<Exchange, SkipReason>,
    /// What tells it from others.
    pub(super) form: Form,
}

/// What tells a dialect from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A form of its own.
    Own,
    /// Names such as many use: of two that fit an input, the other is it.
    Common,
    /// It takes what has its form anywhere in a line, so that the agent of another dialect could forge
    /// one: it is tried last. What is a log by its name only is taken for one.
    Loose,
}

/// A line before it is read.
pub(crate) struct RawLine<'a> {
    /// Without its end.
    pub(super) bytes: &'a [u8],
    /// Columns that are in force.
    pub(super) columns: &'a Columns,
    members: OnceCell<Option<Members>>,
}

impl<'a> RawLine<'a> {
    pub(super) const fn new(bytes: &'a [u8], columns: &'a Columns) -> Self {
        Self { bytes, columns, members: OnceCell::new() }
    }

    /// The members, when the line is a JSON object, also behind a shipper's prefix.
    pub(super) fn members(&self) -> Option<&Members> {
        let read = || shipping::object(self.bytes).and_then(Members::read);
        self.members.get_or_init(read).as_ref()
    }

    /// As `own` reads it, or else as another dialect does, a loose one last.
    fn exchange(&self, own: &Dialect) -> Result<Exchange, SkipReason> {
        let all = || std::iter::once(own).chain(SOURCES.iter().filter_map(|item| item.dialect()));
        let strict = all().filter(|dialect| dialect.form != Form::Loose);
        let loose = all().filter(|dialect| dialect.form == Form::Loose);
        for dialect in strict.chain(loose) {
            match (dialect.read)(self) {
                Err(SkipReason::NotALogLine) => {}
                read => return read,
            }
        }
        Err(SkipReason::NotALogLine)
    }
}

/// A line as Docker's `json-file` driver keeps it.
#[derive(Deserialize)]
struct DockerLine {
    log: String,
    #[serde(rename = "stream")]
    _stream: String,
}

/// The line inside a container runtime's JSON, if there is one.
fn unpacked(line: &[u8]) -> Option<String> {
    if !line.starts_with(b"{\"log\":") {
        return None;
    }
    serde_json::from_slice::<DockerLine>(line).ok().map(|line| line.log.trim_end().to_owned())
}

/// How sure it is that an input is of a dialect: by its share of the first lines.
pub(super) fn recognise(head: &Head<'_>, dialect: &Dialect) -> u8 {
    let bytes = head.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head.bytes);
    let mut columns = Columns::default();
    let (mut good, mut all) = (0usize, 0usize);
    let is_good = |line: &[u8], columns: &Columns| {
        let read = (dialect.read)(&RawLine::new(line, columns));
        usize::from(!matches!(read, Err(SkipReason::NotALogLine)))
    };
    if is_list(bytes) {
        for entry in list_head(bytes) {
            all += 1;
            good += is_good(&entry, &columns);
        }
    } else {
        let lines = bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
        let mut lines: Vec<_> =
            lines.filter(|line| !line.is_empty()).take(PROBE_LINES + 1).collect();
        // The last line of a cut head is cut too.
        if !head.is_all && lines.len() <= PROBE_LINES && lines.len() > 1 {
            lines.pop();
        }
        for line in lines {
            if !columns.directive(line) {
                let inner = unpacked(line);
                all += 1;
                good += is_good(inner.as_deref().map_or(line, str::as_bytes), &columns);
            }
        }
        if all == 0 && columns.is_known() {
            // Directives only: a log of a quiet hour.
            let names = columns.text().split_ascii_whitespace();
            let values: Vec<_> =
                names.map(|name| if name == "date" { "2026-01-01" } else { "-" }).collect();
            all += 1;
            good += is_good(values.join("\t").as_bytes(), &columns);
        }
    }
    if good > 0 {
        let sure = 60 + u8::try_from(good * 40 / all.max(1)).unwrap_or(40);
        return sure - if dialect.form == Form::Common { 5 } else { 0 };
    }
    let by_name = head.extension == "log" || head.extension.starts_with("log-");
    let is_blank = head.bytes.trim_ascii().is_empty();
    if dialect.form == Form::Loose && by_name && !is_blank { 20 } else { 0 }
}

/// Whether the text is a list of objects, and no text that begins with a time in brackets.
fn is_list(text: &[u8]) -> bool {
    let rest = text.trim_ascii_start().strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    rest.is_some_and(|rest| rest.starts_with(b"{"))
}

fn list_head(bytes: &[u8]) -> Vec<Vec<u8>> {
    let reader = Box::new(std::io::Cursor::new(bytes.to_vec()));
    let Ok(mut input) = Input::reader("", reader, None) else { return Vec::new() };
    let mut scan = EntryScan::new(usize::MAX);
    let mut entries = Vec::new();
    while entries.len() < PROBE_LINES && matches!(scan.next(&mut input), Ok(Scanned::Entry)) {
        entries.push(scan.entry().to_vec());
    }
    entries
}

/// Opens an input of a dialect.
pub(super) fn open(
    mut input: Input,
    ledger: Ledger,
    limits: &SourceLimits,
    item: &'static SourceItem,
    dialect: &'static Dialect,
) -> Box<dyn Source> {
    let state = ledger.state();
    let is_list = match (state.state, state.number) {
        (0, 0) => input
            .fill()
            .is_ok_and(|start| is_list(start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start))),
        (code, _) => code > 0,
    };
    let reader = if is_list {
        Reader::List(EntryScan::resume(limits.log_line_bytes, state.state, state.number))
    } else {
        Reader::Lines(Lines::new(limits.log_line_bytes, state.number))
    };
    let columns = Columns::new(&state.note);
    let entries = LogEntries { dialect, reader, columns };
    Box::new(EntrySource { item, input, ledger, entries, empty: ("no line with a request", HELP) })
}

enum Reader {
    Lines(Lines),
    /// Elements of a JSON list, as exports of cloud logs are.
    List(EntryScan),
}

pub(super) struct LogEntries {
    dialect: &'static Dialect,
    reader: Reader,
    columns: Columns,
}

impl Entries for LogEntries {
    fn next(&mut self, input: &mut Input) -> Result<Found, SourceError> {
        let (bytes, ended) = match &mut self.reader {
            Reader::Lines(lines) => match lines.next(input)? {
                Line::End => return Ok(Found::End),
                Line::TooLong => return Ok(Found::Entry(Err(SkipReason::EntryTooLarge))),
                Line::Text { ended } => (lines.text(), ended),
            },
            Reader::List(scan) => match scan.next(input)? {
                Scanned::Entry => (scan.entry(), true),
                Scanned::TooLarge => return Ok(Found::Entry(Err(SkipReason::EntryTooLarge))),
                Scanned::NotObject => return Ok(Found::Entry(Err(SkipReason::EntryNotObject))),
                Scanned::TrailingGarbage => {
                    return Ok(Found::Entry(Err(SkipReason::TrailingGarbage)));
                }
                Scanned::Truncated => return Ok(Found::Cut),
                Scanned::End => return Ok(Found::End),
            },
        };
        if bytes.trim_ascii().is_empty() || (ended && self.columns.directive(bytes)) {
            return Ok(Found::Nothing);
        }
        let inner = unpacked(bytes);
        let bytes = inner.as_deref().map_or(bytes, str::as_bytes);
        let read = RawLine::new(bytes, &self.columns).exchange(self.dialect);
        Ok(match read {
            Ok(exchange) => Found::Entry(Ok(Box::new(exchange))),
            // Still being written, perhaps.
            Err(SkipReason::NotALogLine | SkipReason::WrongColumns) if !ended => Found::Cut,
            Err(SkipReason::NotALogLine) if bytes.starts_with(b"#") => {
                Found::Entry(Err(SkipReason::CommentLine))
            }
            Err(SkipReason::NotALogLine) if foreign::is_log_line(bytes) => {
                Found::Entry(Err(SkipReason::OtherLogFormat))
            }
            Err(reason) => Found::Entry(Err(reason)),
        })
    }

    fn place(&self) -> Place {
        match &self.reader {
            Reader::Lines(lines) => Place::Line(lines.number()),
            Reader::List(scan) => Place::Entry(scan.index()),
        }
    }

    fn mark(&self, input: &Input) -> (u64, u8, u64) {
        match &self.reader {
            Reader::Lines(lines) => (input.offset(), 0, lines.number()),
            Reader::List(scan) => (input.offset(), scan.state_code(), scan.index()),
        }
    }

    fn note(&self) -> &str {
        self.columns.text()
    }
}

#[cfg(test)]
mod tests;
