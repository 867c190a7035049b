use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        call,
    },
};

/// TRACE is answered.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "trace-method",
    title: "TRACE is answered",
    owasp: "API8:2023",
    cwe: 16,
    protocol: Protocol::Rest,
    operation: "TRACE any",
    what: "The request is sent back, header fields included.",
    proof: &[call("", "TRACE", "/api/v1/ports")
        .with(&[("x-probe", "echoed-7f")])
        .shows(&[Success, Has("echoed-7f")])],
};
