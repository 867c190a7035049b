use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// SQL can be injected into the search.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "sql-search",
    title: "SQL can be injected into the search",
    owasp: "API8:2019",
    cwe: 89,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/shipments/search",
    what: "What is searched for is put into the statement as it is.",
    proof: &[get("ada", "/api/v1/shipments/search?q=x%27%29%20union%20select%20id%2C%20login%2C%20password_hash%2C%20email%2C%20role%20from%20users%20--%20").shows(&[Success, Has("@quayside.example")])],
};
