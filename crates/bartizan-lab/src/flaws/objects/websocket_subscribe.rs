use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, socket},
};

/// Shipments of others can be followed live.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "websocket-subscribe",
    title: "Shipments of others can be followed live",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::WebSocket,
    operation: "/ws subscribe",
    what: "The connection is authorized once; what it subscribes to is not.",
    proof: &[
        socket("ada", "/ws", r#"{"type":"subscribe","shipment":1003}"#).shows(&[Has("QS-1003")])
    ],
};
