//! Learners: what endpoints, actors and the whole input look like.

pub mod actors;
pub mod classes;
pub mod completed;
mod deliveries;
pub mod distinct;
pub mod format;
mod join;
pub mod maps;
pub mod messages;
mod names;
pub mod place;
pub mod profile;
mod sketch;
pub mod timeline;
pub mod traces;
pub mod values;
pub mod whereabouts;
mod witnesses;

pub use actors::ActorTable;
pub use classes::ClassSeen;
pub use completed::Completions;
pub use distinct::Distinct;
pub use maps::Maps;
pub use profile::Profile;
pub use timeline::Timeline;
pub use traces::Traces;
pub use whereabouts::Whereabouts;
pub use witnesses::Witnesses;
