//! Bodies: held whole under a budget, or passed on as they come.

pub(crate) mod answer;
pub(crate) mod gather;
pub(crate) mod outgoing;
pub(crate) mod prefix;

/// An error of a body that is passed on.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;
