use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Times, get},
};

/// A list can be asked for as a whole.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "list-without-limit",
    title: "A list can be asked for as a whole",
    owasp: "API4:2023",
    cwe: 770,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/ports",
    what: "`limit` has no upper limit.",
    proof: &[get("", "/api/v1/ports?limit=5000").shows(&[Times(r#""code""#, 200)])],
};
