use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get, post,
    },
};

/// A payment can be negative.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "negative-payment",
    title: "A payment can be negative",
    owasp: "API6:2023",
    cwe: 840,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/invoices/{id}/pay",
    what: "Paying less than nothing makes the platform owe the customer.",
    proof: &[
        get("ada", "/api/v1/invoices").take(&[("invoice", r#""id":""#)]).shows(&[Success]),
        post("ada", "/api/v1/invoices/${invoice}/pay", r#"{"amount":-500}"#)
            .shows(&[Success, Has(r#""paid":-500"#)]),
    ],
};
