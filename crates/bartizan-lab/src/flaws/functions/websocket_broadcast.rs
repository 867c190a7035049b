use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, socket},
};

/// Customers can send messages to the staff.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "websocket-broadcast",
    title: "Customers can send messages to the staff",
    owasp: "API5:2023",
    cwe: 862,
    protocol: Protocol::WebSocket,
    operation: "/ws broadcast",
    what: "The role is looked at when connecting to the staff page, not for the message.",
    proof: &[socket("ada", "/ws", r#"{"type":"broadcast","text":"all free"}"#)
        .shows(&[Has(r#""type":"sent""#)])],
};
