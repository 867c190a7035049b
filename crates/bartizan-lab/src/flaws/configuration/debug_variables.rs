use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// A page of development shows secrets.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "debug-variables",
    title: "A page of development shows secrets",
    owasp: "API8:2023",
    cwe: 489,
    protocol: Protocol::Page,
    operation: "GET /debug/vars",
    what: "It was never switched off.",
    proof: &[get("", "/debug/vars").shows(&[Success, Has("DATABASE_URL")])],
};
