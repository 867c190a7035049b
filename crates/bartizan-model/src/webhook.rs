//! Deliveries of webhooks that were good and that no upstream took: what is kept of them, and what becomes of it.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{hash::KeyedHash, ids::FailedDeliveryId, time::Timestamp, words::words};

/// Largest body of a delivery that is kept, in bytes.
pub const MOST_BODY: usize = 1024 * 1024;
/// Most bytes of its fields, names and values together.
pub const MOST_FIELDS: usize = 64 * 1024;
/// The field that tells an upstream that a delivery is replayed; its value is the id of the delivery. What a client
/// says in it does not go on.
pub const REPLAY_FIELD: &str = "x-bartizan-replay";

/// A delivery as it came. Holds secrets: never shown, and sealed where it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// When it came.
    pub time: Timestamp,
    /// The address at the other end of the connection.
    pub peer: IpAddr,
    /// Whether it came by TLS.
    pub is_secure: bool,
    /// Its method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Host and port that it names.
    pub authority: String,
    /// Its fields. Values are bytes.
    pub fields: Vec<(String, Vec<u8>)>,
    /// Its body, as it was transferred: that is what is signed.
    pub body: Vec<u8>,
}

/// Nothing of what it holds.
impl std::fmt::Debug for Delivered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delivered({} fields, {} bytes)", self.fields.len(), self.body.len())
    }
}

/// A delivery whose signature was good, and that its upstream did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedDelivery {
    /// By what the receiver knows it.
    pub key: KeyedHash,
    /// Name of the policy that verified it.
    pub policy: String,
    /// Name of the service that it was for.
    pub service: String,
    /// When it came.
    pub time: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
    /// Id of the exchange.
    pub exchange: String,
    /// Why it was not taken: a short name.
    pub failure: String,
    /// Status that the upstream answered with, if it did.
    pub status: Option<u16>,
    /// Bytes of its body.
    pub bytes: u64,
    /// The delivery, or why it cannot be kept whole: a short name.
    pub content: Result<Box<Delivered>, &'static str>,
}

words! {
    /// What becomes of a failed delivery.
    DeliveryState {
        /// Nobody has done anything about it.
        Failed = "failed",
        /// It is to be replayed.
        Asked = "asked",
        /// It is being replayed.
        Replaying = "replaying",
        /// It was taken after all: at a replay, or when its sender sent it again.
        Taken = "taken",
        /// Somebody has decided that it is not needed.
        Discarded = "discarded",
    }
}

impl DeliveryState {
    /// Whether there is nothing left to do.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Taken | Self::Discarded)
    }
}

/// What is known of a failed delivery, without the delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeptDelivery {
    /// Its id; the same delivery has the same one however often it fails.
    pub id: FailedDeliveryId,
    /// What becomes of it.
    pub state: DeliveryState,
    /// Name of the policy that verified it.
    pub policy: String,
    /// Name of the service that it is for.
    pub service: String,
    /// When it first came.
    pub first: Timestamp,
    /// When it last failed.
    pub last: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
    /// Id of the exchange in which it last failed.
    pub exchange: String,
    /// Why it last failed, as a short name: `answered` with an error, `upstream-timeout`, `upstream-unreachable` …
    pub failure: String,
    /// Status that the upstream answered with; `null` when it did not.
    pub status: Option<u16>,
    /// How often it failed as its sender sent it.
    pub failures: u64,
    /// How often it was replayed.
    pub replays: u64,
    /// Bytes of its body.
    pub bytes: u64,
    /// Whether it is kept whole, and can be replayed.
    pub is_whole: bool,
    /// Why it is not kept whole, as a short name: `body-too-large`, `fields-too-large`, `has-trailers`, `no-room`,
    /// `settled`; empty when it is.
    pub missing: String,
}

/// How a replay ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Whether the upstream has taken the delivery, now or before.
    pub is_taken: bool,
    /// What came of it: a short name.
    pub outcome: String,
    /// Status that the upstream answered with, if it did.
    pub status: Option<u16>,
    /// Id of the exchange that it was; empty when it was none.
    pub exchange: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_needs_nothing() {
        let settled = |state: &&DeliveryState| state.is_settled();
        let words: Vec<_> =
            DeliveryState::ALL.iter().filter(settled).map(|state| state.as_str()).collect();
        assert_eq!(words, ["taken", "discarded"]);
    }

    #[test]
    fn a_delivery_is_not_shown_by_accident() {
        let delivered = Delivered {
            time: Timestamp::from_seconds(1),
            peer: "203.0.113.7".parse().expect("an address"),
            is_secure: true,
            method: "POST".to_owned(),
            target: "/hook?token=hunter2".to_owned(),
            authority: "api.example.com".to_owned(),
            fields: vec![("authorization".to_owned(), b"Bearer hunter2".to_vec())],
            body: b"hunter2".to_vec(),
        };
        assert!(!format!("{delivered:?}").contains("hunter2"));
    }
}
