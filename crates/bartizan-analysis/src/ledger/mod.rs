//! What was found so far: detections and findings, deduplicated and bounded.

pub mod detections;
pub mod findings;
pub mod incidents;

pub use detections::DetectionLedger;
pub use findings::FindingLedger;
