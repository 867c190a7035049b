use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, raw},
};

/// SOAP faults show the inside.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "soap-fault-details",
    title: "SOAP faults show the inside",
    owasp: "API8:2023",
    cwe: 209,
    protocol: Protocol::Soap,
    operation: "GetDeclaration",
    what: "The exception and where it was thrown are in `detail`.",
    proof: &[raw("ada", "/soap", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:q="urn:quayside:customs"><s:Body><q:GetDeclaration><id>abc</id></q:GetDeclaration></s:Body></s:Envelope>"#).shows(&[Has("NumberFormatException")])],
};
