//! Learners: what endpoints, actors and the whole input look like.

pub mod actors;
pub mod distinct;
pub mod format;
pub mod place;
pub mod profile;
pub mod timeline;

pub use actors::ActorTable;
pub use distinct::Distinct;
pub use profile::Profile;
pub use timeline::Timeline;
