use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        post,
    },
};

/// Customers can name the price of a quote.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "quote-amount",
    title: "Customers can name the price of a quote",
    owasp: "API3:2023",
    cwe: 915,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/quotes",
    what: "`amount` of the body stands above what was computed.",
    proof: &[post("ada", "/api/v1/quotes", r#"{"shipment":1001,"amount":7}"#)
        .shows(&[Success, Has(r#""amount":7,"#)])],
};
