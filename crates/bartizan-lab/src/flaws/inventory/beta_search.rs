use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// An operation that was never released can be found.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "beta-search",
    title: "An operation that was never released can be found",
    owasp: "API9:2023",
    cwe: 1059,
    protocol: Protocol::Rest,
    operation: "GET /api/beta/search",
    what: "It searches all tenants and needs no login.",
    proof: &[get("", "/api/beta/search?q=a").shows(&[Success, Has("consignee_phone")])],
};
