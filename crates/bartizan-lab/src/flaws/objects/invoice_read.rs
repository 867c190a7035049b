use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// Invoices of others can be read.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "invoice-read",
    title: "Invoices of others can be read",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/invoices/{id}",
    what: "The identifier is long and random, and that is all that protects the invoice.",
    proof: &[
        get("bea", "/api/v1/invoices").take(&[("invoice", r#""id":""#)]).shows(&[Success]),
        get("ada", "/api/v1/invoices/${invoice}").shows(&[Success, Has("INV-1003")]),
    ],
};
