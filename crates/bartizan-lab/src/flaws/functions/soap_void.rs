use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        raw,
    },
};

/// Customers can void declarations.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "soap-void",
    title: "Customers can void declarations",
    owasp: "API5:2023",
    cwe: 862,
    protocol: Protocol::Soap,
    operation: "VoidDeclaration",
    what: "The operation is meant for managers and does not look.",
    proof: &[raw("ada", "/soap", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:q="urn:quayside:customs"><s:Body><q:VoidDeclaration><id>801</id></q:VoidDeclaration></s:Body></s:Envelope>"#).shows(&[Success, Has("<status>void</status>")])],
};
