//! Learners: what endpoints, actors and the whole input look like.

pub mod actors;
pub mod classes;
pub mod distinct;
pub mod format;
mod join;
pub mod maps;
pub mod place;
pub mod profile;
pub mod timeline;
pub mod values;

pub use actors::ActorTable;
pub use classes::ClassSeen;
pub use distinct::Distinct;
pub use maps::Maps;
pub use profile::Profile;
pub use timeline::Timeline;
