//! The parts of the `bartizan` binary that can be used and tested without its command line.

pub mod output;
