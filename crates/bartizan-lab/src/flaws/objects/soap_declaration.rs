use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        raw,
    },
};

/// Customs declarations of others can be read.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "soap-declaration",
    title: "Customs declarations of others can be read",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Soap,
    operation: "GetDeclaration",
    what: "The old customs service knows who calls and does not use it.",
    proof: &[raw("ada", "/soap", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:q="urn:quayside:customs"><s:Body><q:GetDeclaration><id>803</id></q:GetDeclaration></s:Body></s:Envelope>"#).shows(&[Success, Has("<id>803</id>")])],
};
