use crate::{
    proof::{
        Expect::{Has, Status},
        post,
    },
    traps::TrapItem,
};

/// A refused object is null, with status 200.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "graphql-null",
    title: "A refused object is null, with status 200",
    operation: "Query.shipment",
    looks_like: "API1:2023",
    truth: &[post("ada", "/graphql", r#"{"query": "{shipment(id:\"1003\"){reference}}"}"#)
        .shows(&[Status(200), Has(r#""shipment":null"#)])],
};
