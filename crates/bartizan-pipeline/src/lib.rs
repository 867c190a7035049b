//! The out-of-band lane: sources, normalising, stages, sinks.

pub mod sources;
