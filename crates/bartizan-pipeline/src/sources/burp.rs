//! Items that Burp Suite saved.

mod item;

use bartizan_model::{Duration, source::Ordering};

use super::{
    Head, Reading, Source, SourceItem, SourceLimits,
    entries::{Entries, EntrySource, Found},
    error::SourceError,
    input::Input,
    ledger::Ledger,
    skip::{Place, SkipReason},
};

/// Items are in the order that the table was sorted by when they were saved.
const LATENESS: Duration = Duration::hours(1);
const HELP: &str = "select items in Burp's proxy history and save them with base64";

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "burp",
    title: "Burp Suite items (XML)",
    what: "Reads what *Save items* of Burp Suite writes: `<items>` with an `<item>` each, one at a \
           time, without holding the file: `time`, `url`, `host` with its `ip`, `port`, `protocol`, \
           and `request` and `response` whole, in base64 or as they are (any bytes), in a CDATA \
           section or escaped. Method, target, fields and body come from the messages themselves; \
           an item without a response had no answer. A chunked body is put together. The document \
           type that Burp writes is passed over: no entity is declared or fetched. Java's time \
           names its zone by letters; those that several zones share (CST, IST) give no time. The \
           client's address is not in it. Items may come up to an hour late.",
    extensions: &["xml"],
    example: "<?xml version=\"1.0\"?>\n<items burpVersion=\"2026.1\" exportTime=\"Sun Nov 22 11:00:00 UTC 2026\">\n  <item>\n    <time>Sun Nov 22 10:00:00 UTC 2026</time>\n    <url><![CDATA[https://api.example.com/v1/orders/7]]></url>\n    <host ip=\"203.0.113.9\">api.example.com</host>\n    <port>443</port>\n    <protocol>https</protocol>\n    <request base64=\"true\"><![CDATA[R0VUIC92MS9vcmRlcnMvNyBIVFRQLzEuMQ0KSG9zdDogYXBpLmV4YW1wbGUuY29tDQoNCg==]]></request>\n    <status>200</status>\n    <response base64=\"true\"><![CDATA[SFRUUC8xLjEgMjAwIE9LDQpDb250ZW50LUxlbmd0aDogMg0KDQp7fQ==]]></response>\n  </item>\n</items>\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Own { recognise, open },
};

fn recognise(head: &Head<'_>) -> u8 {
    let has = |word: &[u8]| memchr::memmem::find(head.bytes, word).is_some();
    let bytes = head.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head.bytes);
    let is_xml = bytes.trim_ascii_start().starts_with(b"<");
    if is_xml && (has(b"<items burpVersion") || (has(b"<items") && has(b"burpVersion"))) {
        95
    } else {
        0
    }
}

fn open(input: Input, ledger: Ledger, limits: &SourceLimits) -> Box<dyn Source> {
    let entries = Items::new(limits.entry_bytes, ledger.state().number);
    let empty = ("a Burp export without an item", HELP);
    Box::new(EntrySource { item: &SOURCE, input, ledger, entries, empty })
}

/// Finds `<item>` … `</item>` in a stream, in constant memory, CDATA sections minded.
struct Items {
    limit: usize,
    number: u64,
    item: Vec<u8>,
}

/// The last bytes that were read, the newest in the lowest place.
#[derive(Clone, Copy, Default)]
struct Tail(u128);

impl Tail {
    const fn push(&mut self, byte: u8) {
        self.0 = (self.0 << 8) | byte as u128;
    }

    fn ends_with(self, word: &[u8]) -> bool {
        word.iter()
            .rev()
            .enumerate()
            .all(|(i, byte)| (self.0 >> (8 * i)) & 0xff == u128::from(*byte))
    }
}

impl Items {
    const fn new(limit: usize, number: u64) -> Self {
        Self { limit, number, item: Vec::new() }
    }

    /// Passes over what stands before an item; false at the end of the input.
    fn begin(&mut self, input: &mut Input) -> Result<bool, SourceError> {
        let mut tail = Tail::default();
        loop {
            let chunk = input.fill()?;
            if chunk.is_empty() {
                return Ok(false);
            }
            let at = chunk.iter().position(|byte| {
                tail.push(*byte);
                *byte == b'>' && tail.ends_with(b"<item>")
            });
            let taken = at.map_or(chunk.len(), |at| at + 1);
            input.consume(taken);
            if at.is_some() {
                return Ok(true);
            }
        }
    }

    /// Reads to the end of an item; keeps it unless it is too large. `None` when the input ends.
    fn finish(&mut self, input: &mut Input) -> Result<Option<bool>, SourceError> {
        let mut tail = Tail::default();
        let (mut in_cdata, mut too_large) = (false, false);
        self.item.clear();
        loop {
            let chunk = input.fill()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let at = chunk.iter().position(|byte| {
                tail.push(*byte);
                match byte {
                    b'[' if !in_cdata && tail.ends_with(b"<![CDATA[") => in_cdata = true,
                    b'>' if in_cdata && tail.ends_with(b"]]>") => in_cdata = false,
                    b'>' if !in_cdata => return tail.ends_with(b"</item>"),
                    _ => {}
                }
                false
            });
            let taken = at.map_or(chunk.len(), |at| at + 1);
            if self.item.len() + taken > self.limit {
                too_large = true;
                self.item = Vec::new();
            }
            if !too_large {
                self.item.extend_from_slice(chunk.get(..taken).unwrap_or_default());
            }
            input.consume(taken);
            if at.is_some() {
                return Ok(Some(!too_large));
            }
        }
    }
}

impl Entries for Items {
    fn next(&mut self, input: &mut Input) -> Result<Found, SourceError> {
        if !self.begin(input)? {
            return Ok(Found::End);
        }
        self.number += 1;
        Ok(match self.finish(input)? {
            None => Found::Cut,
            Some(false) => Found::Entry(Err(SkipReason::EntryTooLarge)),
            Some(true) => {
                let inside = self.item.strip_suffix(b"</item>").unwrap_or(&self.item);
                Found::Entry(item::read(inside).map(Box::new))
            }
        })
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
