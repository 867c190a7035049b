//! What receivers count.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bartizan_model::analysis::NamedCount;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::skip::SkipReason;

macro_rules! refusals {
    ($($variant:ident = $name:literal: $what:literal),+ $(,)?) => {
        /// Why something that was sent was not taken, or not all of it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Refusal {
            $(#[doc = $what] $variant,)+
        }

        impl Refusal {
            pub(super) const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that counters show (snake case).
            pub(super) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

refusals! {
    Peer = "peer": "A connection of an address that may not send.",
    Connections = "connections": "A connection above the limit.",
    Streams = "streams": "A request or stream above the limit.",
    Late = "late": "A request that was not there in time.",
    BrokenOff = "broken_off": "A request or stream that broke off.",
    BodyBytes = "body_bytes": "A body of which only a beginning was kept.",
    MessageBytes = "message_bytes": "A message above the limit.",
    HeldBytes = "held_bytes": "A body or message for which there was no room.",
    Unreadable = "unreadable": "A message that could not be decoded.",
    NotServed = "not_served": "A request for something else than is served here.",
    MediaType = "media_type": "A body of a type or coding that is not read.",
    TimeAhead = "time_ahead": "An exchange with a time ahead of the clock here; that of its arrival stands for it.",
    Handshake = "handshake": "A connection whose TLS handshake failed, for example for want of a certificate.",
    PacketsDropped = "packets_dropped": "A packet that found no room in the buffer of a live capture.",
    Interface = "interface": "An end of a live capture, because its interface was down or gone.",
    BodyMode = "body_mode": "A stream that would have to send bodies back.",
}

/// Counters of one receiver, since it began.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) connections: AtomicU64,
    pub(super) streams: AtomicU64,
    packets: AtomicU64,
    handed_over: AtomicU64,
    dropped: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
    left_out: Mutex<BTreeMap<SkipReason, u64>>,
}

/// What a receiver did since it began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReceiverFigures {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Where it listens, or the interface that it captures from.
    pub address: String,
    /// Packets that a live capture read.
    pub packets: u64,
    /// Open connections.
    pub connections: u64,
    /// Requests and streams under way.
    pub streams: u64,
    /// Exchanges that were handed over to be judged.
    pub handed_over: u64,
    /// Exchanges that were dropped because too many waited to be judged.
    pub dropped: u64,
    /// What was sent and not taken, or not all of it, by reason.
    pub refused: Vec<NamedCount>,
    /// What was taken and is no exchange, by reason.
    pub left_out: Vec<NamedCount>,
}

impl Counts {
    pub(super) fn refuse(&self, why: Refusal) {
        self.refused[why as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn refuse_many(&self, why: Refusal, count: u64) {
        self.refused[why as usize].fetch_add(count, Relaxed);
    }

    /// Counts a packet.
    pub(super) fn packet(&self) {
        self.packets.fetch_add(1, Relaxed);
    }

    pub(super) fn leave_out(&self, why: SkipReason) {
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        *left_out.entry(why).or_default() += 1;
    }

    /// Counts an exchange that there was room for, or none.
    pub(super) fn give(&self, is_taken: bool) {
        let counter = if is_taken { &self.handed_over } else { &self.dropped };
        counter.fetch_add(1, Relaxed);
    }

    /// How often each limit was reached, under its key in the configuration.
    pub(super) fn limits(&self) -> [(&'static str, u64); 7] {
        use Refusal::{
            BodyBytes, Connections, HeldBytes, Late, MessageBytes, PacketsDropped, Streams,
        };
        [
            ("limits.connections", Connections),
            ("limits.streams", Streams),
            ("limits.body_bytes", BodyBytes),
            ("limits.message_bytes", MessageBytes),
            ("limits.held_mebibytes", HeldBytes),
            ("limits.seconds", Late),
            ("capture.buffer_mebibytes", PacketsDropped),
        ]
        .map(|(key, why)| (key, self.refused[why as usize].load(Relaxed)))
    }

    pub(super) fn figures(&self) -> ReceiverFigures {
        let named = |name: &str, count| NamedCount { name: name.to_owned(), count };
        let refused = Refusal::ALL.iter().zip(&self.refused);
        let refused = refused.map(|(why, counter)| named(why.as_str(), counter.load(Relaxed)));
        let left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        ReceiverFigures {
            connections: self.connections.load(Relaxed),
            streams: self.streams.load(Relaxed),
            packets: self.packets.load(Relaxed),
            handed_over: self.handed_over.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            refused: refused.filter(|one| one.count > 0).collect(),
            left_out: left_out.iter().map(|(why, count)| named(why.as_str(), *count)).collect(),
            ..ReceiverFigures::default()
        }
    }
}
