//! Learners: what endpoints, actors and the whole input look like.

pub mod actors;
pub mod classes;
pub mod distinct;
pub mod format;
mod join;
pub mod maps;
mod names;
pub mod place;
pub mod profile;
pub mod services;
mod sketch;
pub mod timeline;
pub mod traces;
pub mod values;
pub mod whereabouts;
mod witnesses;
pub mod workload;

pub use actors::ActorTable;
pub use classes::ClassSeen;
pub use distinct::Distinct;
pub use maps::Maps;
pub use profile::Profile;
pub use services::Services;
pub use timeline::Timeline;
pub use traces::Traces;
pub use whereabouts::Whereabouts;
pub use witnesses::Witnesses;
