//! Bytes to typed values, one protocol per module, without IO.
//!
//! Decoders never fail on traffic: they fill a [`view::View`] with what they understood and record
//! anomalies and what was not inspected. Each has named limits ([`bartizan_model::Limits`]) and a
//! fuzz target of the same name.

pub mod anomaly;
pub mod decode;
pub mod openapi;
pub mod view;

pub use anomaly::AnomalyKind;
pub use view::{Codec, NodeId, NodeRef, Step, Value, View};
