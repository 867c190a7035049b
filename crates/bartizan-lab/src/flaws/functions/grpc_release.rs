use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Header, grpc},
};

/// Customers can release containers.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "grpc-release",
    title: "Customers can release containers",
    owasp: "API5:2023",
    cwe: 862,
    protocol: Protocol::Grpc,
    operation: "quayside.v1.Release/ReleaseContainer",
    what: "The method is meant for managers and does not look.",
    proof: &[grpc("ada", "/quayside.v1.Release/ReleaseContainer", b"\x0a\x08QSCU1001")
        .shows(&[Header("grpc-status", "0")])],
};
