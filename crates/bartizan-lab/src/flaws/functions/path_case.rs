use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// Capital letters lead around the check of the role.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "path-case",
    title: "Capital letters lead around the check of the role",
    owasp: "API5:2023",
    cwe: 178,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/admin/export",
    what: "The rule is written for lower case, the router does not care.",
    proof: &[get("ada", "/api/v1/Admin/export").shows(&[Success, Has("contracts")])],
};
