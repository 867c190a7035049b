//! What a source did not hand over, and why. Every skipped entry is counted; none is silent.

use std::{collections::BTreeMap, fmt};

use bartizan_protocols::capture::Loss;

macro_rules! reasons {
    ($($variant:ident = $name:literal: $what:literal),+ $(,)?) => {
        /// Why an entry of an input was not handed over as an exchange.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SkipReason {
            $(#[doc = $what] $variant,)+
            /// What a packet capture holds that became no exchange.
            Capture(Loss),
        }

        impl SkipReason {
            /// All reasons.
            pub fn all() -> impl Iterator<Item = Self> {
                let losses = Loss::ALL.iter().map(|loss| Self::from(*loss));
                let mut all = vec![$(Self::$variant),+];
                all.extend(losses.filter(|loss| matches!(loss, Self::Capture(_))));
                all.into_iter()
            }

            /// The name that counters and results show (snake case).
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Capture(loss) => loss.as_str(),
                }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self {
                    $(Self::$variant => $what,)+
                    Self::Capture(loss) => loss.what(),
                }
            }
        }
    };
}

reasons! {
    EntryTooLarge = "entry_too_large": "An entry or line longer than the source's limit; it was streamed over.",
    Truncated = "truncated": "The input ends in the middle of an entry or document.",
    CompressionBroken = "compression_broken": "The compressed input is damaged from here on.",
    TrailingGarbage = "trailing_garbage": "Something that is no entry follows the document.",
    EntryNotObject = "entry_not_object": "An entry that is null, text, a number or a list.",
    NotJson = "not_json": "An entry or line that is not JSON, or breaks off.",
    NotUtf8 = "not_utf8": "A line that is not UTF-8.",
    WrongShape = "wrong_shape": "JSON that is no exchange: no object, or a known member of another type.",
    InvalidStatus = "invalid_status": "A status that is no number from 0 to 999.",
    InvalidTime = "invalid_time": "A time that is none.",
    InvalidHeaders = "invalid_headers": "Headers that are neither a list of pairs nor an object.",
    InvalidBase64 = "invalid_base64": "A member in base64 that is none.",
    InvalidBodyState = "invalid_body_state": "A body_state that is not complete, truncated or not_captured.",
    MissingRequest = "missing_request": "An entry without a request.",
    MissingUrl = "missing_url": "A request without a URL.",
    InvalidUrl = "invalid_url": "A URL in which no host and path can be told apart.",
    MissingMethod = "missing_method": "A request without a method.",
    InvalidMethod = "invalid_method": "A method that is no token (RFC 9110 §9.1).",
    DataUrl = "data_url": "A data: URL; nothing was sent.",
    BlobUrl = "blob_url": "A blob: URL; nothing was sent.",
    AboutUrl = "about_url": "An about: URL; nothing was sent.",
    ExtensionUrl = "extension_url": "A URL inside a browser extension.",
    NotHttpUrl = "not_http_url": "A URL of a scheme other than http, https, ws and wss.",
    ConnectTunnel = "connect_tunnel": "A CONNECT request opens a tunnel and is no API exchange.",
    NotXml = "not_xml": "An entry that is no well-formed XML.",
    NotAFlow = "not_a_flow": "An entry whose inner form is none of mitmproxy's.",
    NotHttpFlow = "not_http_flow": "A flow of TCP, UDP or DNS, which holds no HTTP.",
    MessagesApart = "messages_apart": "Messages of a WebSocket that an old mitmproxy kept apart from their handshake.",
    NoSavedAnswer = "no_saved_answer": "A request of a collection without a saved answer: nothing says that it was sent.",
    TooMany = "too_many": "What a folder of a collection, or a request of it, holds beyond 50,000 items.",
    TooDeep = "too_deep": "Folders of a collection inside more folders than are read.",
    NotALogLine = "not_a_log_line": "A line that is no access-log line.",
    OtherLogFormat = "other_log_format": "A line of a log format that is not read yet.",
    FieldsUnknown = "fields_unknown": "A line of a log in W3C form before any #Fields line.",
    WrongColumns = "wrong_columns": "A line that has not as many values as the #Fields line has names.",
    CommentLine = "comment_line": "A line that begins with #.",
    NotOfAServer = "not_of_a_server": "A span of a trace that is not of a server: of a client, or inside of a program.",
    NotOfHttp = "not_of_http": "A span of a server that has no method of HTTP and no call of gRPC.",
    SeenAlready = "seen_already": "An exchange that another of several inputs told of too: it counts once.",
    PacketDropped = "packet_dropped": "A packet that the system dropped, because those before it were not read in time.",
    StillGoesOn = "still_goes_on": "An entry about an exchange that still goes on; its last entry counts.",
    RequestEmpty = "request_empty": "A connection that sent no request line.",
    RequestTls = "request_tls": "A TLS handshake sent to a plain-text port.",
    RequestNotHttp = "request_not_http": "Bytes that are no HTTP request line.",
    RequestIncomplete = "request_incomplete": "A request line without a target.",
}

/// What other sources have too is counted under one name.
impl From<Loss> for SkipReason {
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::BlockTooLarge => Self::EntryTooLarge,
            Loss::TunnelOpened => Self::ConnectTunnel,
            loss => Self::Capture(loss),
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A place in an input, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Line of a text input.
    Line(u64),
    /// Entry of a list, for example of `log.entries`, an item or a flow; 0 is before the first.
    Entry(u64),
    /// Packet of a capture; 0 is before the first.
    Packet(u64),
    /// Exchange of an input, of those that could be read.
    Exchange(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(n) => write!(f, "line {n}"),
            Self::Entry(n) => write!(f, "entry {n}"),
            Self::Packet(n) => write!(f, "packet {n}"),
            Self::Exchange(n) => write!(f, "exchange {n}"),
        }
    }
}

/// An entry that was not handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Why.
    pub reason: SkipReason,
    /// Where.
    pub at: Place,
}

/// How often each reason came, and where it came first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkipTally(BTreeMap<SkipReason, (u64, Place)>);

impl SkipTally {
    /// Counts one.
    pub fn add(&mut self, skipped: Skipped) {
        self.0.entry(skipped.reason).or_insert((0, skipped.at)).0 += 1;
    }

    /// Reason, count and first place, in the order of [`SkipReason`].
    pub fn iter(&self) -> impl Iterator<Item = (SkipReason, u64, Place)> {
        self.0.iter().map(|(reason, (count, first))| (*reason, *count, *first))
    }

    /// How many in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// Whether nothing was skipped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for SkipTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (reason, count, first)) in self.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {reason} (first at {first})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_snake_case_and_unique() {
        let mut names: Vec<_> = SkipReason::all().map(SkipReason::as_str).collect();
        assert!(
            names.iter().all(|n| n.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')))
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SkipReason::all().count());
        assert!(names.contains(&"stream_gap") && names.contains(&"not_a_log_line"));
    }

    #[test]
    fn tally_keeps_the_first_place() {
        let mut tally = SkipTally::default();
        for line in [7, 9] {
            tally.add(Skipped { reason: SkipReason::NotALogLine, at: Place::Line(line) });
        }
        tally.add(Skipped { reason: SkipReason::Truncated, at: Place::Line(10) });
        assert_eq!(tally.total(), 3);
        assert_eq!(
            tally.to_string(),
            "1 truncated (first at line 10), 2 not_a_log_line (first at line 7)"
        );
    }
}
