//! Learners: what endpoints, actors and the whole input look like.

pub mod actors;
pub mod bodies;
mod boxed;
pub mod classes;
pub mod clients;
pub mod distinct;
pub mod flat;
pub mod format;
mod join;
pub mod journeys;
pub mod maps;
mod names;
pub mod place;
pub mod profile;
mod sketch;
pub mod spots;
pub mod tallies;
pub mod timeline;
pub mod traces;
pub mod values;
pub mod whereabouts;
mod witnesses;

pub use actors::ActorTable;
pub use classes::ClassSeen;
pub use clients::Clients;
pub use distinct::Distinct;
pub use flat::Flat;
pub use journeys::Journeys;
pub use maps::Maps;
pub use profile::Profile;
pub use spots::{Spot, Spots};
pub use tallies::Tallies;
pub use timeline::Timeline;
pub use traces::Traces;
pub use whereabouts::Whereabouts;
pub use witnesses::Witnesses;
