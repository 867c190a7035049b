use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Header},
        grpc,
    },
};

/// Containers of others can be tracked.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "grpc-container",
    title: "Containers of others can be tracked",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Grpc,
    operation: "quayside.v1.Tracking/GetContainer",
    what: "The service trusts that only the own gateway calls it.",
    proof: &[grpc("ada", "/quayside.v1.Tracking/GetContainer", b"\x0a\x08QSCU1003")
        .shows(&[Header("grpc-status", "0"), Has("QSCU1003")])],
};
