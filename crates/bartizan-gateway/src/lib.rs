//! The inline engine of Bartizan: a reverse proxy that is strict about what a request is, holds
//! whole bodies in both directions before a byte goes on, and hands finished exchanges over without
//! ever waiting for anybody.
//!
//! Read [`serve`](self) — the private module of that name is one exchange from top to bottom — and
//! [`phases`] for where decisions are made.

mod access_log;
mod body;
mod budget;
mod call;
pub mod config;
mod egress;
mod forward;
pub mod handover;
pub mod head;
mod listen;
pub mod messages;
mod metrics;
pub mod phases;
pub mod policy;
mod problem;
mod record;
mod redelivery;
mod rehearsal;
mod respond;
mod running;
mod serve;
mod shared;
mod snapshot;
mod upstream;
pub mod websocket;

pub use call::{Call, Outcome};
pub use config::{Config, ConfigError};
pub use handover::{Finished, Handover};
pub use head::tap::ClientDeadlines;
pub use phases::{AllowAll, Policies};
pub use redelivery::Redelivery;
pub use rehearsal::{Answered, Identified, Imagined, Rehearsal, rehearse};
pub use running::{Gateway, Running};
