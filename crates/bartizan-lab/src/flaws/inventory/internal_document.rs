use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// The description for staff is public.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "internal-document",
    title: "The description for staff is public",
    owasp: "API9:2023",
    cwe: 1059,
    protocol: Protocol::Page,
    operation: "GET /openapi-internal.json",
    what: "It names every operation that nobody should know of.",
    proof: &[get("", "/openapi-internal.json").shows(&[Success, Has("/debug/vars")])],
};
