use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get, post,
    },
};

/// Customers can give themselves money back.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "invoice-refund",
    title: "Customers can give themselves money back",
    owasp: "API5:2023",
    cwe: 862,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/invoices/{id}/refund",
    what: "The owner is looked at, the role is not.",
    proof: &[
        get("ada", "/api/v1/invoices").take(&[("invoice", r#""id":""#)]).shows(&[Success]),
        post("ada", "/api/v1/invoices/${invoice}/refund", "{}").shows(&[Has("refunded")]),
    ],
};
