//! The out-of-band lane: sources, the ordered judgement, and what is kept.

pub mod analyze;
pub mod annotate;
pub mod facts;
pub mod keep;
mod lanes;
pub mod live;
pub mod sources;
pub mod tokenise;
