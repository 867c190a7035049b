use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// Customers can list all users.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "admin-users",
    title: "Customers can list all users",
    owasp: "API5:2023",
    cwe: 862,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/admin/users",
    what: "The page is hidden, the operation is not guarded.",
    proof: &[get("ada", "/api/v1/admin/users").shows(&[Success, Has("iban")])],
};
