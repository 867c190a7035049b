//! Why an input cannot be read: what was expected, what was found, and what to do.

use std::io;

/// Why a source cannot be opened or read on.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be opened.
    #[error("cannot open {name}: {cause}")]
    Open {
        /// The input.
        name: String,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// Reading failed; what came before was handed over.
    #[error("reading {name} failed at byte {at}: {cause}")]
    Read {
        /// The input.
        name: String,
        /// Byte offset.
        at: u64,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// The input holds nothing at all.
    #[error("{name} is empty: expected {}", EXPECTED)]
    Empty {
        /// The input.
        name: String,
    },
    /// The input is compressed, and nothing of it can be unpacked.
    #[error(
        "{name} cannot be unpacked: its {wrapping} data is broken from the beginning on, or cut off; \
         take the file again from where it came from"
    )]
    Unpackable {
        /// The input.
        name: String,
        /// How it is compressed.
        wrapping: String,
    },
    /// A format that is known but not read.
    #[error("{name} is not read yet: this looks like {found}; {help}")]
    NotReadYet {
        /// The input.
        name: String,
        /// What it looks like.
        found: String,
        /// What to do.
        help: &'static str,
    },
    /// Nothing that is known.
    #[error("{name} is not recognised: expected {}, found {found}; {help}", EXPECTED)]
    NotRecognised {
        /// The input.
        name: String,
        /// What it looks like.
        found: String,
        /// What to do.
        help: &'static str,
    },
    /// The format is right but no entry could be used.
    #[error("{name} has nothing to analyze: {found}; {help}")]
    NothingUsable {
        /// The input.
        name: String,
        /// What was found instead.
        found: String,
        /// What to do.
        help: &'static str,
    },
    /// A format was asked for that does not exist.
    #[error("there is no input format {asked}: expected one of {known}")]
    UnknownFormat {
        /// What was asked for.
        asked: String,
        /// Names of all formats.
        known: String,
    },
    /// An interface cannot be captured from, or not any more.
    #[error("cannot capture on {name}: {problem}")]
    Interface {
        /// Name of the interface.
        name: String,
        /// Why, and what to do.
        problem: String,
    },
    /// The input is not the one that the checkpoint was taken from.
    #[error(
        "cannot go on reading {name} where it was left: {found}; \
         start anew without the checkpoint"
    )]
    Changed {
        /// The input.
        name: String,
        /// What is different.
        found: String,
    },
}

/// What can be read, for messages.
pub(super) const EXPECTED: &str = "a HAR capture, a packet capture (pcap, pcapng), exchanges as \
                                   JSON lines, a Burp, mitmproxy or Postman export, or an access \
                                   log (common or combined form, Envoy, HAProxy, Caddy, Traefik, \
                                   IIS, AWS, Google Cloud, JSON)";

#[cfg(test)]
impl SourceError {
    /// True when the input was read and simply holds nothing; false when it could not be read.
    pub(crate) const fn is_empty_input(&self) -> bool {
        matches!(self, Self::Empty { .. } | Self::NothingUsable { .. })
    }
}
