use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Header},
        grpc,
    },
};

/// Customers see the number that releases a container.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "grpc-pin",
    title: "Customers see the number that releases a container",
    owasp: "API3:2023",
    cwe: 213,
    protocol: Protocol::Grpc,
    operation: "quayside.v1.Tracking/GetContainer",
    what: "`release_pin` is sent to everybody.",
    proof: &[grpc("ada", "/quayside.v1.Tracking/GetContainer", b"\x0a\x08QSCU1001")
        .shows(&[Header("grpc-status", "0"), Has("\u{1a}\u{4}")])],
};
