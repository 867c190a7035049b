use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, raw},
};

/// Anybody can close a depot.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "xmlrpc-close-depot",
    title: "Anybody can close a depot",
    owasp: "API5:2023",
    cwe: 306,
    protocol: Protocol::XmlRpc,
    operation: "depot.close",
    what: "The old interface asks nobody who they are when a depot is closed.",
    proof: &[raw("", "/xmlrpc", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><methodCall><methodName>depot.close</methodName><params><param><value><int>1</int></value></param></params></methodCall>"#).shows(&[Has("<boolean>1</boolean>")])],
};
