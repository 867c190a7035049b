use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// Shipments of others can be read through GraphQL.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "graphql-shipment",
    title: "Shipments of others can be read through GraphQL",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::GraphQl,
    operation: "Query.shipment",
    what: "The REST operation compares owners; the resolver was written later and does not.",
    proof: &[post(
        "ada",
        "/graphql",
        r#"{"query": "{shipment(id:\"1003\"){reference consignee}}"}"#,
    )
    .shows(&[Has("QS-1003")])],
};
