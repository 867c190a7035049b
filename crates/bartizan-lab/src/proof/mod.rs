//! Proofs: requests that can be replayed, and what shows that they worked. A flaw's proof is data,
//! so that it can stand in the truth file and any client can run it.

mod run;
mod step;

pub use run::{Failure, Runner};
pub use step::{
    Body, Expect, Kind, Step, call, delete, events, form, get, grpc, patch, post, put, raw, socket,
};
