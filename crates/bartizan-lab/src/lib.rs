//! The lab: Bartizan's own deliberately vulnerable API, its repaired twin, and the traffic player.
//!
//! The API is that of an invented freight platform, Quayside, which two forwarders share. Every flaw
//! is a named switch (see [`flaws`]); all on is the vulnerable lab, all off the repaired twin. A
//! flaw carries its proof, and all of them together are the truth file ([`truth::truth`]).
//!
//! The lab binds loopback addresses only, keeps everything in memory, and sends nothing anywhere but
//! to itself and to loopback addresses it was started with.

mod access;
mod auth;
mod call;
mod client;
mod db;
mod deliveries;
pub mod documents;
mod events;
pub mod flaws;
mod graphql;
mod grpc;
mod hooks;
mod inside;
mod jsonrpc;
mod lab;
mod outbound;
pub mod player;
pub mod proof;
pub mod random;
mod rest;
mod routes;
pub mod seed;
mod server;
mod soap;
mod tokens;
pub mod traps;
pub mod truth;
mod websocket;
mod xml;
mod xmlrpc;

pub use client::{Client, ClientError, Reply, Said};
pub use lab::Options;
pub use server::{LabError, MAX_BODY, Server};
