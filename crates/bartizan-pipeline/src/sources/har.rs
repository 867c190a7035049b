//! HAR captures: those of browsers, proxies and test tools, sloppy as they are.

mod body;
mod entry;
mod fields;

pub(super) use self::body::form;
use bartizan_model::{
    Duration,
    source::{Checkpoint, Ordering},
};

use super::{
    Head, Item, Reading, Source, SourceItem, SourceLimits,
    error::SourceError,
    input::Input,
    json_scan::{EntryScan, Scanned},
    ledger::Ledger,
    skip::{Place, SkipReason},
};

/// Pages, frames and connections are written one after the other, and some exporters write an entry
/// when it ends rather than when it begins.
const LATENESS: Duration = Duration::minutes(15);
const HELP: &str = "export the capture again, with content, as HAR 1.2";

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "har",
    title: "HAR capture (HTTP Archive 1.1 and 1.2)",
    what: "Reads `log.entries`, also top-level `entries` or a bare list, one entry at a time, \
           without holding the file. Accepts what exporters really write: byte order mark, UTF-16, \
           a file that breaks off (everything before is kept), several documents in a row, raw \
           control characters, lone surrogates, NaN, numbers as text, headers as list or object, \
           HTTP/2 pseudo-headers (used, then left out), bodies in base64, forms as `params`, \
           `_webSocketMessages`. Status 0 or below means that no answer came. A body without text \
           is *not captured*, one shorter than its size *truncated*. HAR holds bodies after their \
           content coding was undone, so `content-encoding` is left out unless the bytes are \
           plainly still encoded. The client's address is not in a HAR. URLs that were never sent \
           (data:, blob:, about:, extensions) are skipped and counted. Entries may come up to 15 \
           minutes late.",
    extensions: &["har", "zhar"],
    example: r#"{"log":{"entries":[{"startedDateTime":"2026-11-22T10:00:00Z","time":12,"request":{"method":"GET","url":"https://api.example.com/v1/orders/7","headers":[]},"response":{"status":200,"headers":[],"content":{"size":2,"mimeType":"application/json","text":"{}"}}}]}}"#,
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Own { recognise, open },
};

fn recognise(head: &Head<'_>) -> u8 {
    let by_name = if head.extension == "har" || head.extension == "zhar" { 40 } else { 0 };
    let Ok(mut input) =
        Input::reader("", Box::new(std::io::Cursor::new(head.bytes.to_vec())), None)
    else {
        return 0;
    };
    let mut scan = EntryScan::new(usize::MAX);
    let first = scan.next(&mut input);
    match first {
        Ok(Scanned::Entry) if scan.shape().is_some_and(|s| s != super::json_scan::Shape::Bare) => {
            95
        }
        Ok(Scanned::Entry) if is_entry(scan.entry()) => 90,
        // The first entry is longer than the head.
        Ok(Scanned::Truncated) if !head.is_all && scan.lists() > 0 => {
            if scan.log_seen() {
                95
            } else {
                45
            }
        }
        Ok(_) if scan.log_seen() && scan.lists() > 0 => 95,
        Ok(Scanned::Truncated) if scan.log_seen() => 80,
        Ok(Scanned::Truncated) if head.bytes.trim_ascii_start().starts_with(b"{") => by_name,
        Ok(_) if scan.lists() > 0 => by_name,
        _ => 0,
    }
}

/// Whether an element of a bare list is an entry of a HAR rather than an exchange of ours.
fn is_entry(bytes: &[u8]) -> bool {
    serde_json::from_slice::<fields::Entry<'_>>(bytes).is_ok_and(|entry| {
        entry.request.present
            && (entry.started.0.is_some()
                || entry.response.content.present
                || entry.request.post.present)
    })
}

fn open(input: Input, ledger: Ledger, limits: &SourceLimits) -> Box<dyn Source> {
    let state = ledger.state();
    let scan = EntryScan::resume(limits.entry_bytes, state.state, state.number);
    Box::new(Har { input, ledger, scan })
}

struct Har {
    input: Input,
    ledger: Ledger,
    scan: EntryScan,
}

impl Har {
    fn step(&mut self) -> Result<Option<Item>, SourceError> {
        if self.ledger.is_closed() {
            return Ok(None);
        }
        let before = self.scan.index();
        let scanned = self.scan.next(&mut self.input)?;
        let at = Place::Entry(self.scan.index());
        let outcome = match scanned {
            Scanned::Entry => entry::read(self.scan.entry()),
            Scanned::TooLarge => Err(SkipReason::EntryTooLarge),
            Scanned::NotObject => Err(SkipReason::EntryNotObject),
            Scanned::Truncated => {
                // The mark stays before the cut entry.
                let reason = self.input.broken().unwrap_or(SkipReason::Truncated);
                return Ok(Some(self.ledger.skip(reason, at)));
            }
            Scanned::TrailingGarbage if self.scan.lists() > 0 => Err(SkipReason::TrailingGarbage),
            Scanned::TrailingGarbage | Scanned::End => return self.end(before),
        };
        self.ledger.mark(self.input.offset(), self.scan.state_code(), self.scan.index());
        Ok(Some(match outcome {
            Ok(exchange) => self.ledger.exchange(Box::new(exchange), self.input.name()),
            Err(reason) => self.ledger.skip(reason, at),
        }))
    }

    fn end(&mut self, entries: u64) -> Result<Option<Item>, SourceError> {
        if let Some(reason) = self.input.broken() {
            return Ok(Some(self.ledger.skip(reason, Place::Entry(entries))));
        }
        let empty = if self.scan.lists() == 0 {
            "JSON but not a HAR: no log.entries"
        } else {
            "a HAR whose log.entries is empty"
        };
        self.ledger.close(&self.input, empty, HELP).map_or(Ok(None), Err)
    }
}

impl Source for Har {
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
