use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Status, call, get},
};

/// A header turns a harmless method into another.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "method-override",
    title: "A header turns a harmless method into another",
    owasp: "API5:2023",
    cwe: 650,
    protocol: Protocol::Rest,
    operation: "DELETE /api/v1/shipments/{id}",
    what: "Roles are checked for the method that was sent, the one in `x-http-method-override` is executed.",
    proof: &[
        call("ada", "POST", "/api/v1/shipments/1001").with(&[("x-http-method-override", "DELETE")]),
        get("ada", "/api/v1/shipments/1001").shows(&[Status(404)]),
    ],
};
