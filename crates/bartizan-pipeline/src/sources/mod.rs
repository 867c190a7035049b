//! Sources: files and streams in, exchanges out.
//!
//! One file per format, listed in [`SOURCES`]; [`OpenOptions`] recognises the format by the first
//! bytes. Every source streams in constant memory, names why it left an entry out ([`Skipped`]),
//! states how its exchanges are ordered in time, and can go on where a [`Checkpoint`] was taken.
//!
//! Inputs compressed with gzip, zlib (`.zhar`) or zstd, and UTF-16, are read as if they were plain;
//! going on from a checkpoint then means reading again and passing over what was handed over.

mod access_log;
mod aws_alb;
mod aws_api_gateway;
mod aws_cloudfront;
mod burp;
mod caddy;
mod encoding;
mod entries;
mod envoy;
mod envoy_json;
mod error;
mod exchange_lines;
mod foreign;
mod gcp_load_balancer;
mod haproxy;
mod har;
mod input;
mod json_repair;
mod json_scan;
mod ledger;
mod lines;
mod list;
pub mod live;
mod logs;
mod merged;
mod mitmproxy;
mod nginx_json;
mod open;
mod otlp;
mod pcap;
mod postman;
mod protobuf;
mod raw_http;
pub mod receivers;
mod skip;
mod target;
mod times;
mod traefik_json;
mod w3c;

use std::sync::Arc;

use bartizan_model::{
    Exchange,
    source::{Checkpoint, Ordering},
};
use bartizan_protocols::capture::KeyLog;

pub use self::{
    error::SourceError,
    input::Input,
    list::SOURCES,
    merged::Merged,
    open::OpenOptions,
    skip::{Place, SkipReason, SkipTally, Skipped},
};

/// What a source hands over.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// An exchange.
    Exchange(Box<Exchange>),
    /// Something that is no exchange, to be counted.
    Skipped(Skipped),
}

/// A stream of exchanges.
///
/// [`Source::next`] is called until it gives `None`. An error is the last item but one: what came
/// before it is good, and `None` follows. An input without a single exchange gives an error at its
/// end ([`SourceError::Empty`], [`SourceError::NothingUsable`]).
pub trait Source: Send {
    /// Name as given: a path, or `-`.
    fn name(&self) -> &str;

    /// Name of the format, as in [`SourceItem::name`].
    fn format(&self) -> &'static str;

    /// How late an exchange may come.
    fn ordering(&self) -> Ordering;

    /// The next item; `None` at the end.
    fn next(&mut self) -> Option<Result<Item, SourceError>>;

    /// Bytes of the input read so far, for progress.
    fn position(&self) -> u64;

    /// Bytes of the input when it was opened; `None` when it is no regular file.
    fn total(&self) -> Option<u64>;

    /// Where to go on so that everything [`Source::next`] gave so far, exchanges and skips, does
    /// not come again. One exception: an entry that the end of the input cut in two is given
    /// again, for it may be whole by then.
    fn checkpoint(&self) -> Checkpoint;

    /// Name of the input that the last item came from; differs from [`Source::name`] for several.
    fn input(&self) -> &str {
        self.name()
    }
}

/// The beginning of an input, as formats are recognised by.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The first bytes, at most 64 KiB, after unwrapping.
    pub bytes: &'a [u8],
    /// Whether that is all there is.
    pub is_all: bool,
    /// Lower-case file extension without the dot and without that of a compression.
    pub extension: &'a str,
}

/// Limits of reading, in bytes. What is longer is streamed over and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLimits {
    /// Largest entry of a HAR, or exchange in JSON, that is read.
    pub entry_bytes: usize,
    /// Longest line of an access log that is read.
    pub log_line_bytes: usize,
    /// Largest document that can only be read as a whole (a Postman collection).
    pub document_bytes: usize,
}

impl Default for SourceLimits {
    fn default() -> Self {
        Self {
            entry_bytes: 16 * 1024 * 1024,
            log_line_bytes: 256 * 1024,
            document_bytes: 64 * 1024 * 1024,
        }
    }
}

/// One source with its documentation.
#[derive(Debug)]
pub struct SourceItem {
    /// Name, as `--input-format` takes it.
    pub name: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// What is read, how, and what is left out.
    pub what: &'static str,
    /// Usual file extensions, without the dot.
    pub extensions: &'static [&'static str],
    /// A small input that yields one exchange.
    pub example: &'static str,
    /// How its exchanges are ordered.
    pub ordering: Ordering,
    /// How inputs are told and read.
    pub(crate) reading: Reading,
}

/// How inputs of a format are told and read.
#[derive(Debug)]
pub(crate) enum Reading {
    /// Line by line, as an access log.
    Lines(logs::Dialect),
    /// In a way of its own.
    Own {
        /// See [`SourceItem::recognise`].
        recognise: fn(&Head<'_>) -> u8,
        /// See [`SourceItem::open`].
        open: fn(Input, ledger::Ledger, &SourceLimits) -> Box<dyn Source>,
    },
    /// As `Own`, with secrets of TLS connections.
    Keyed {
        recognise: fn(&Head<'_>) -> u8,
        open: fn(Input, ledger::Ledger, &Arc<KeyLog>) -> Box<dyn Source>,
    },
}

impl SourceItem {
    /// How it reads a line, when it is a dialect of access logs.
    const fn dialect(&self) -> Option<&logs::Dialect> {
        match &self.reading {
            Reading::Lines(dialect) => Some(dialect),
            Reading::Own { .. } | Reading::Keyed { .. } => None,
        }
    }

    /// How sure it is that an input of this beginning is its own: 0 not at all, below 50 only by
    /// name, 100 certain.
    fn recognise(&self, head: &Head<'_>) -> u8 {
        match &self.reading {
            Reading::Lines(dialect) => logs::recognise(head, dialect),
            Reading::Own { recognise, .. } | Reading::Keyed { recognise, .. } => recognise(head),
        }
    }

    /// Opens an input, where the state was taken from a checkpoint.
    fn open(
        &'static self,
        input: Input,
        ledger: ledger::Ledger,
        limits: &SourceLimits,
        secrets: &Arc<KeyLog>,
    ) -> Box<dyn Source> {
        match &self.reading {
            Reading::Lines(dialect) => logs::open(input, ledger, limits, self, dialect),
            Reading::Own { open, .. } => open(input, ledger, limits),
            Reading::Keyed { open, .. } => open(input, ledger, secrets),
        }
    }
}

/// What to do with a file of no known format.
const EXPECTED_HELP: &str = "convert it to one of these, or name its format with --input-format";

#[cfg(test)]
mod tests;
