//! Pure judgement: enrichment, classifiers, checks, detectors and learners. No clock, no IO.
//!
//! [`judge::judge`] is the one function that the gateway, `inspect`, `analyze` and `replay` call.

pub mod catalog;
pub mod checks;
pub mod classes;
pub mod detectors;
pub mod discoveries;
pub mod drift;
pub mod endpoints;
pub mod facts;
pub mod governance;
pub mod identity;
pub mod judge;
pub mod learn;
pub mod ledger;
pub mod recent;
pub mod snapshot;
pub mod specs;
pub mod state;

pub use catalog::Catalog;
pub use discoveries::Discoveries;
pub use facts::{Enriched, ExchangeMark, Facts, Fate};
pub use judge::{Judgement, State, judge};
pub use snapshot::Snapshot;
pub use specs::Specs;
