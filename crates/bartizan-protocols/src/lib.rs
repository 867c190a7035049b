//! Bytes to typed values, one protocol per module, without IO.
//!
//! Decoders never fail on traffic: they fill a [`view::View`] with what they understood and record
//! anomalies and what was not inspected. Each has named limits ([`bartizan_model::Limits`]) and a
//! fuzz target of the same name.

pub mod anomaly;
mod body;
pub mod call;
pub mod capture;
mod charset;
pub mod cookies;
pub mod decode;
mod embedded;
mod encodings;
mod event_stream;
pub mod exchange_json;
mod form;
mod frames;
mod http;
mod json;
mod jwt;
pub mod magic;
pub mod media;
mod multipart;
mod names;

mod pace;
mod path;
mod percent;
pub mod protobuf;
mod query;
pub mod socket_io;
pub mod spec;
pub mod view;
mod xml;

pub use anomaly::AnomalyKind;
pub use call::{Answered, Call, Members};
pub use cookies::{SameSite, SetCookie};
pub use decode::{Decoded, SentFile, decode, decode_body, decode_into, decode_paced};
pub use encodings::expand;
pub use json::MAP_KEYS;
pub use media::Format;
pub use names::is_identifier;
pub use pace::Pace;
pub use view::{Children, Codec, NodeId, NodeRef, Places, Step, Value, View, general_hash_below};
