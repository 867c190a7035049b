//! Sinks: events of findings, incidents and detections leave the product.
//!
//! `store (in the transaction of the finding) → delivery → courier → sink`. Whoever writes a finding or
//! incident writes a delivery for each sink that wants the event ([`bartizan_store::DeliveryStore`]), so
//! that a crash at any instant loses no event. One [courier](Couriers) per sink takes what is due, sends
//! it, and writes down what became of it. One file per kind of sink, listed in [`SINKS`].

mod config;
mod courier;
mod couriers;
pub mod json_lines;
mod list;
mod outgoing;
mod pause;
pub mod syslog;
pub mod webhook;

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use bartizan_model::Timestamp;
use bartizan_store::Delivery;
use zeroize::Zeroizing;

pub use self::{
    config::{CompiledSink, SinkConfig, SinkError, compile},
    couriers::{Couriers, SinkFigures},
    list::SINKS,
    outgoing::{Line, Place, TlsOptions},
};

/// Somewhere that events are sent to.
///
/// **Order.** Deliveries come in the order in which they were written, as far as none of them failed
/// before: what is tried again comes later than what was written after it. [`bartizan_model::Event`]
/// carries a number for who needs the order.
///
/// **At least once.** An answer of [`Answer::Taken`] says that the other side has it, as far as the
/// protocol of the sink can tell. What was sent and could not be written down before a crash is sent
/// again, under the same [`bartizan_model::EventId`]: receivers drop what they know.
///
/// **Limits.** [`Sink::send`] comes back within a minute, whatever the other side does, keeps at most one
/// batch in memory, and believes nothing of what it is answered but what it asked for.
///
/// **What it may hold up: nothing.** A sink has a courier of its own, away from traffic and judgement. It
/// may be dropped at any await, in the middle of a send.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Most deliveries that it wants at once.
    fn most(&self) -> u32;

    /// Sends deliveries, and answers for each of them, in their order. Never empty.
    async fn send(&mut self, deliveries: &[Delivery]) -> Vec<Answer>;
}

/// What became of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The other side has it.
    Taken,
    /// It will not have it, however often it is sent: a dead letter at once.
    Refused(String),
    /// It was reached and did not take it. To be sent again, not before so long.
    Failed(String, Option<Duration>),
    /// It was not reached: is it there at all? To be sent again; does not count as an attempt.
    Unreached(String),
}

impl Answer {
    /// Why it was not taken; empty when it was.
    #[must_use]
    pub fn problem(&self) -> &str {
        match self {
            Self::Taken => "",
            Self::Refused(why) | Self::Failed(why, _) | Self::Unreached(why) => why,
        }
    }
}

/// What sinks need from outside.
#[derive(Clone, Copy, Debug)]
pub struct Outside {
    /// The time of day.
    pub now: fn() -> Timestamp,
    /// The secret that `env:NAME` or `file:PATH` leads to, or what is wrong with it.
    pub secret: fn(&str) -> Result<Zeroizing<Vec<u8>>, String>,
    /// The file in which this system keeps the authorities that it believes.
    pub authorities: fn() -> Option<PathBuf>,
}

/// A kind of sink with its documentation.
#[derive(Debug)]
pub struct SinkItem {
    /// Its key in the configuration.
    pub kind: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// What is sent, how, and what happens at each limit.
    pub what: &'static str,
    /// What *at least once* means here.
    pub delivery: &'static str,
    /// Sinks of this kind, as YAML. Each can be compiled.
    pub examples: &'static [&'static str],
}

#[cfg(test)]
mod tests;
