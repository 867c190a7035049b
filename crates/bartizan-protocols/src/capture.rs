//! Network captures: packets to TCP streams to exchanges, without IO and without a clock.
//!
//! [`Container`] takes a pcap or pcapng file apart, [`Flows`] finds the TCP segments in its packets,
//! puts the streams together again and reads HTTP in them. Nothing here fails on traffic: what was
//! not understood, lost by the capture, or beyond a limit of [`CaptureLimits`] comes out as a
//! [`Loss`], in its place among the exchanges.

mod connection;
mod container;
mod flows;
mod fragments;
mod hpack;
mod http1;
mod http2;
mod huffman;
mod link;
mod message;
mod stream;
mod tls;
mod websocket;

use std::fmt;

use bartizan_model::{Exchange, Timestamp};

pub use self::{
    container::{Container, Packet, Secrets, Step},
    flows::Flows,
    hpack::{Hpack, HpackLimits},
    stream::{Piece, Stream},
    tls::{AwsLc, KeyLog, KeyLogLines, TlsCipher, TlsCrypto, TlsHash, TlsOpener},
};

macro_rules! losses {
    ($($variant:ident = $name:literal: $what:literal),+ $(,)?) => {
        /// What a capture holds that did not become part of an exchange, and why.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Loss { $(#[doc = $what] $variant),+ }

        impl Loss {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name that counters show (snake case).
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what),+ }
            }
        }
    };
}

losses! {
    ContainerBroken = "capture_broken": "The capture file is damaged from here on.",
    BlockTooLarge = "block_too_large": "A packet or block longer than 1 MiB; it was passed over.",
    LinkUnknown = "packet_link_unknown": "A packet of a link type that is not read.",
    PacketCut = "packet_cut": "A packet of which the capture kept only a beginning.",
    PacketNotIp = "packet_not_ip": "A frame that carries no IP packet, for example ARP.",
    PacketNotTcp = "packet_not_tcp": "An IP packet that carries no TCP segment, for example DNS or QUIC.",
    PacketMalformed = "packet_malformed": "A packet whose headers contradict each other.",
    FragmentMissing = "fragment_missing": "A fragment of an IP packet whose other fragments did not come, overlap, or are too many.",
    SegmentOutOfWindow = "segment_out_of_window": "A TCP reset or segment far from where its stream is, or behind its end.",
    SegmentConflict = "segment_conflict": "A TCP segment that repeats bytes differently; the first copy was kept.",
    StreamGap = "stream_gap": "Bytes of a TCP stream that the capture lost; messages they were part of are incomplete or left out.",
    FlowEvicted = "flow_evicted": "A TCP connection that was given up for want of room.",
    StreamBeginning = "stream_beginning": "Bytes in front of the first message of a direction of which the capture has not the beginning.",
    StreamNotHttp = "stream_not_http": "A TCP connection that speaks something else than HTTP.",
    StreamEncrypted = "stream_encrypted": "A TCP connection in TLS, whose keys or handshake are not there.",
    StreamUpgraded = "stream_upgraded": "A connection that went on in another protocol than HTTP or WebSocket.",
    SecretsUnread = "secrets_unread": "Secrets in the capture that are not read: not of TLS, no key log, or beyond the limit.",
    TlsUnsupported = "tls_unsupported": "A TLS connection of a version before 1.2, with compression, or of a cipher suite that is not read.",
    TlsMalformed = "tls_malformed": "Bytes that break TLS; the rest of their connection is left out.",
    TlsNotDecrypted = "tls_not_decrypted": "A TLS record that the keys of its connection do not open; the rest of its direction is left out.",
    TlsRenegotiated = "tls_renegotiated": "A TLS connection that negotiates anew; the rest of it is left out.",
    TlsEarlyData = "tls_early_data": "Data that a TLS client sent before the server answered, and that the server refused or no secret opens; it is not read.",
    TlsBehindGap = "tls_behind_gap": "TLS records behind bytes that the capture lost; the rest of their direction is left out.",
    TlsCut = "tls_cut": "A TLS record in which its direction or the capture ends.",
    TunnelOpened = "tunnel_opened": "A CONNECT request opens a tunnel and is no API exchange.",
    HeadMalformed = "head_malformed": "Bytes where the head of an HTTP message should be.",
    HeadTooLarge = "head_too_large": "The head of an HTTP message longer than its limit, or with too many fields.",
    HeadCut = "head_cut": "The head of an HTTP message in which its connection or the capture ends.",
    FramingMalformed = "framing_malformed": "An HTTP message whose length cannot be told; its body is incomplete.",
    BodyCut = "body_cut": "A body longer than its limit; the beginning was kept.",
    AnswerMissed = "answer_missed": "A request whose answer cannot be told from others, because the capture lost bytes; it was kept without one.",
    ResponseAlone = "response_alone": "A response whose request is not in the capture.",
    PipelineTooLong = "pipeline_too_long": "A request behind too many that wait for their answer.",
    Http2Malformed = "http2_malformed": "Bytes that break HTTP/2; the rest of their direction is read anew from the next frame that can be told.",
    Http2Beginning = "http2_beginning": "Header fields of HTTP/2 that refer to what was sent before the capture began, or in a part that it lost.",
    Http2TooMany = "http2_too_many": "An HTTP/2 stream beyond the limit of open ones.",
    GrpcTooMuch = "grpc_too_much": "Messages of a gRPC call beyond what is kept of it; its bodies have them all the same.",
    WebSocketMalformed = "websocket_malformed": "Frames that break WebSocket; the rest of their direction is left out.",
    WebSocketTooMuch = "websocket_too_much": "A WebSocket message beyond what is kept of one connection.",
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Limits of reading a capture. Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureLimits {
    /// Most TCP connections that are followed at a time, closed ones not yet forgotten included.
    pub flows: usize,
    /// Most bytes kept for all connections together.
    pub total_bytes: usize,
    /// Most bytes of one direction that wait for others before them.
    pub waiting_bytes: usize,
    /// Most pieces of one direction that wait for others before them.
    pub waiting_pieces: usize,
    /// Largest head of a message, and list of HTTP/2 header fields.
    pub head_bytes: usize,
    /// Most header fields of a message.
    pub head_fields: usize,
    /// Largest body that is kept of one message, and payload of one WebSocket message.
    pub body_bytes: usize,
    /// Most bytes of bodies and messages that one connection keeps at a time.
    pub connection_bytes: usize,
    /// Most requests of one HTTP/1 connection, and streams of one HTTP/2 connection, that are open.
    pub open_requests: usize,
    /// Most messages that are kept of one WebSocket.
    pub messages: usize,
}

impl Default for CaptureLimits {
    fn default() -> Self {
        Self {
            flows: 16 * 1024,
            total_bytes: 256 * 1024 * 1024,
            waiting_bytes: 4 * 1024 * 1024,
            waiting_pieces: 1024,
            head_bytes: 64 * 1024,
            head_fields: 1000,
            body_bytes: 8 * 1024 * 1024,
            connection_bytes: 32 * 1024 * 1024,
            open_requests: 256,
            messages: 10_000,
        }
    }
}

/// When bytes were captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Time of the packet, when the capture has one.
    pub time: Option<Timestamp>,
    /// Number of the packet in the capture, from 1.
    pub packet: u64,
}

/// What comes out of a capture.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An exchange.
    Exchange(Box<Exchange>),
    /// Something that is none, and the packet at which that was found.
    Lost(Loss, u64),
}

#[cfg(test)]
pub(crate) mod packets;
#[cfg(test)]
mod tests;
