//! The planted flaws: one file is one flaw, a switch that handlers ask for, with what is wrong and a
//! proof that can be replayed.

pub(crate) mod authentication;
pub(crate) mod configuration;
pub(crate) mod consumption;
pub(crate) mod flows;
pub(crate) mod functions;
pub(crate) mod injection;
pub(crate) mod inventory;
mod list;
pub(crate) mod objects;
pub(crate) mod outgoing;
pub(crate) mod properties;
pub(crate) mod resources;

use serde::Serialize;

use crate::proof::Step;

pub use list::FLAWS;

/// What a flaw is reached through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP with JSON.
    Rest,
    /// GraphQL over HTTP.
    GraphQl,
    /// gRPC.
    Grpc,
    /// SOAP 1.1.
    Soap,
    /// JSON-RPC 2.0.
    JsonRpc,
    /// XML-RPC.
    XmlRpc,
    /// WebSocket.
    WebSocket,
    /// Server-sent events.
    Events,
    /// Hooks: those that others call, and those that call others.
    Webhook,
    /// Pages and files for browsers.
    Page,
}

/// One planted flaw.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FlawItem {
    /// Name of the switch, unique.
    pub id: &'static str,
    /// What an attacker can do.
    pub title: &'static str,
    /// Category of the OWASP API Security Top 10, of 2023 unless it ends with another year.
    pub owasp: &'static str,
    /// Number in the Common Weakness Enumeration.
    pub cwe: u16,
    /// What it is reached through.
    pub protocol: Protocol,
    /// The operation it sits in.
    pub operation: &'static str,
    /// What is wrong.
    pub what: &'static str,
    /// Requests that show it. Where the flaw is repaired, the last one fails and the others hold.
    pub proof: &'static [Step],
}

/// The flaw of an id.
#[must_use]
pub fn find(id: &str) -> Option<&'static FlawItem> {
    FLAWS.iter().copied().find(|flaw| flaw.id == id)
}
