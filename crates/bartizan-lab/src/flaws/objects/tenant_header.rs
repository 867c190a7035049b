use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// A header chooses the tenant.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "tenant-header",
    title: "A header chooses the tenant",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Rest,
    operation: "any, header x-tenant",
    what: "The tenant comes from a header that the gateway sets, and that callers can set too.",
    proof: &[get("anouk", "/api/v1/shipments/1003")
        .with(&[("x-tenant", "2")])
        .shows(&[Success, Has("QS-1003")])],
};
