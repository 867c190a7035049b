//! Numbered fields of protocol buffers, as they were on the wire.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MAX_FIELDS, join};

/// What gRPC calls of one method are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrpcSketch {
    /// Calls it was learned from.
    pub calls: u64,
    /// What was sent.
    pub request: GrpcSide,
    /// What was answered.
    pub response: GrpcSide,
}

/// Messages of one side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrpcSide {
    /// Messages that were read.
    pub messages: u64,
    /// Most messages of one call.
    pub most_in_call: u64,
    /// Messages that could not be read: compressed, cut, or no protocol buffers.
    pub unread: u64,
    /// By numbers from the message on (`3`, `3.1`); at most [`MAX_FIELDS`].
    pub fields: BTreeMap<String, WireField>,
    /// How often a field was not taken for want of room.
    pub left_out: u64,
}

/// One field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WireField {
    /// Messages that had it.
    pub messages: u64,
    /// Most values of it in one message.
    pub most_in_message: u64,
    /// Values that were a varint.
    pub varints: u64,
    /// The greatest varint.
    pub greatest: u64,
    /// Values of four bytes.
    pub fixed32: u64,
    /// Values of eight bytes.
    pub fixed64: u64,
    /// Values that were bytes behind their length.
    pub lengths: u64,
    /// How many of these are texts.
    pub texts: u64,
    /// How many of these can be read as a message.
    pub nested: u64,
}

/// The type of values on the wire (protobuf.dev, "Encoding", "Message Structure").
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WireKind {
    /// Integers, truth values, enumerations.
    Varint,
    /// Four bytes.
    Fixed32,
    /// Eight bytes.
    Fixed64,
    /// Texts, bytes, messages, and several packed values.
    Length,
}

impl WireKind {
    /// As people call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Varint => "varint",
            Self::Fixed32 => "32 bits",
            Self::Fixed64 => "64 bits",
            Self::Length => "length-delimited",
        }
    }
}

impl GrpcSketch {
    pub(super) fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.request.merge(&other.request);
        self.response.merge(&other.response);
    }
}

impl GrpcSide {
    fn merge(&mut self, other: &Self) {
        self.messages += other.messages;
        self.most_in_call = self.most_in_call.max(other.most_in_call);
        self.unread += other.unread;
        self.left_out +=
            other.left_out + join(&mut self.fields, &other.fields, MAX_FIELDS, WireField::merge);
    }
}

impl WireField {
    /// Takes in what was seen of the same field elsewhere.
    pub fn merge(&mut self, other: &Self) {
        self.messages += other.messages;
        self.most_in_message = self.most_in_message.max(other.most_in_message);
        self.varints += other.varints;
        self.greatest = self.greatest.max(other.greatest);
        self.fixed32 += other.fixed32;
        self.fixed64 += other.fixed64;
        self.lengths += other.lengths;
        self.texts += other.texts;
        self.nested += other.nested;
    }

    /// Types that its values had on the wire, in order.
    pub fn kinds(&self) -> impl Iterator<Item = WireKind> {
        [
            (self.varints, WireKind::Varint),
            (self.fixed32, WireKind::Fixed32),
            (self.fixed64, WireKind::Fixed64),
            (self.lengths, WireKind::Length),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(_, kind)| kind)
    }

    /// Whether its values are messages: all can be read as one, and not all are texts.
    #[must_use]
    pub const fn is_message(&self) -> bool {
        self.lengths > 0 && self.nested == self.lengths && self.texts < self.lengths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_halves_are_the_whole() {
        let one = WireField {
            messages: 1,
            most_in_message: 2,
            lengths: 2,
            texts: 2,
            nested: 2,
            ..WireField::default()
        };
        let two = WireField {
            messages: 1,
            most_in_message: 1,
            lengths: 1,
            nested: 1,
            ..WireField::default()
        };
        assert!(!one.is_message(), "a text that happens to read as a message");
        let mut all = one.clone();
        all.merge(&two);
        assert!(all.is_message(), "one of them is no text");
        assert_eq!((all.messages, all.most_in_message, all.lengths), (2, 2, 3));
        assert_eq!(all.kinds().collect::<Vec<_>>(), [WireKind::Length]);
        let mixed = WireField { varints: 1, ..all };
        assert_eq!(mixed.kinds().count(), 2);
    }
}
