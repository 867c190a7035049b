//! Strict heads: what is ambiguous is refused before anything else looks at it.

pub(crate) mod bytes;
pub mod frames;
pub mod h2;
pub(crate) mod methods;
pub mod reader;
pub mod refusal;
pub(crate) mod tap;
pub(crate) mod target;
pub mod validate;

pub use reader::{HeadReader, Progress, Stop};
pub use refusal::Refusal;
pub use validate::HeadLimits;
