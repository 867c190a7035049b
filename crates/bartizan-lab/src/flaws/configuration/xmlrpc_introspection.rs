use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, raw},
};

/// Anybody can list the XML-RPC methods.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "xmlrpc-introspection",
    title: "Anybody can list the XML-RPC methods",
    owasp: "API8:2023",
    cwe: 200,
    protocol: Protocol::XmlRpc,
    operation: "system.listMethods",
    what: "The method is on, also for callers who are not logged in.",
    proof: &[raw("", "/xmlrpc", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><methodCall><methodName>system.listMethods</methodName><params></params></methodCall>"#).shows(&[Has("depot.close")])],
};
