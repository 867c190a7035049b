//! Receivers: sources that listen. What a proxy, mesh or collector saw comes over the network, or an
//! interface shows it, and it becomes the same [`Exchange`] as what is read from files or went through the
//! gateway.
//!
//! One file per kind, listed in [`RECEIVERS`]. Everything else is shared: who may send and how much
//! (`listen.rs`, `tls.rs`), where exchanges go and what is counted (`work.rs`), gRPC (`grpc.rs`) and Protocol
//! Buffers (`wire.rs`).

mod access_log_service;
mod capture;
mod client;
mod config;
mod counts;
mod ext_proc;
mod grpc;
mod list;
mod listen;
mod mirror;
mod otlp_traces;
mod place;
mod receive;
mod running;
#[cfg(test)]
mod tests;
mod tls;
mod work;

use async_trait::async_trait;
use bartizan_model::{Exchange, Timestamp};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use std::{convert::Infallible, sync::Arc};
use tokio::runtime::Handle;

pub use self::{
    access_log_service::AccessLogServiceConfig,
    capture::CaptureConfig,
    config::{CompiledReceiver, ReceiverConfig, ReceiverError, ReceiverLimits, compile},
    counts::ReceiverFigures,
    ext_proc::ExtProcConfig,
    list::RECEIVERS,
    mirror::MirrorConfig,
    otlp_traces::OtlpTracesConfig,
    place::Place,
    running::Receivers,
    tls::ReceiverTls,
};
use super::{
    otlp::{each_of_json, each_of_protobuf},
    skip::SkipReason,
};
use work::Visit;

/// Where exchanges go.
///
/// **Never holds up**: [`Inlet::give`] comes back at once; what there is no room for is dropped.
pub trait Inlet: Send + Sync {
    /// Hands over an exchange. `false`: there was no room.
    fn give(&self, exchange: Box<Exchange>) -> bool;
    /// Takes note that something is missing, of which nobody can say how many exchanges it was.
    fn gap(&self);
}

/// What receivers need from outside.
#[derive(Clone)]
pub struct Surroundings {
    /// Where exchanges go.
    pub inlet: Arc<dyn Inlet>,
    /// The time of day.
    pub now: fn() -> Timestamp,
    /// Where long decoding is done, so that no answer waits for it.
    pub decoding: Handle,
}

/// Reads hostile bytes as receivers read messages, without a socket: as an export of traces in both forms, a
/// batch of the access log service, and a message to an external processor. For fuzzing.
#[must_use]
pub fn read_message(bytes: &[u8]) -> Vec<Exchange> {
    let mut out = Vec::new();
    let mut give = |read: Result<Box<Exchange>, SkipReason>| out.extend(read.map(|read| *read));
    // What is malformed was given as far as it was not.
    let _ = access_log_service::each(bytes, &mut give);
    let _ = each_of_protobuf(bytes, &mut give);
    let _ = each_of_json(bytes, &mut give);
    give(ext_proc::read_alone(bytes));
    out
}

/// What a request is answered with.
type Answer = http::Response<UnsyncBoxBody<Bytes, Infallible>>;

/// A kind of receiver, compiled.
///
/// **What it may hold up: nothing.** A sender gets its answer whatever becomes of what it sent; no answer
/// waits for the judgement.
#[async_trait]
trait Kind: Send + Sync {
    /// Answers one request of a sender that may send.
    async fn answer(&self, request: http::Request<Incoming>, visit: Visit) -> Answer;

    /// What a sender is told whose request finds too many others: nothing it has to react to, where
    /// something waits for the answer.
    fn full(&self) -> Answer;
}

/// A kind of receiver with its documentation.
#[derive(Debug)]
pub struct ReceiverItem {
    /// Its key in the configuration.
    pub kind: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// What is taken, how it becomes exchanges, what is left out, and what the sender has to be told.
    pub what: &'static str,
    /// Receivers of this kind, as YAML. Each can be compiled.
    pub examples: &'static [&'static str],
    /// Settings of the sender that fit the examples.
    pub sender: &'static str,
}
