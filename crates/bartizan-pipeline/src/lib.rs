//! The out-of-band lane: sources, the ordered judgement, what is kept, and sinks.

mod alike;
pub mod analyze;
pub mod annotate;
pub mod facts;
pub mod keep;
mod lanes;
pub mod live;
pub mod once;
pub mod sinks;
pub mod sources;
pub mod tokenise;
mod told;
mod traffic;
