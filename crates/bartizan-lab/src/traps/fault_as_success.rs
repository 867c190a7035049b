use crate::{
    proof::{
        Expect::{Has, Status},
        raw,
    },
    traps::TrapItem,
};

/// A refused XML-RPC call is a fault, with status 200.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "fault-as-success",
    title: "A refused XML-RPC call is a fault, with status 200",
    operation: "depot.close",
    looks_like: "API5:2023",
    truth: &[raw("", "/xmlrpc", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><methodCall><methodName>depot.close</methodName><params><param><value><int>1</int></value></param></params></methodCall>"#).shows(&[Status(200), Has("<fault>")]), raw("ada", "/xmlrpc", "text/xml; charset=utf-8", r#"<?xml version="1.0"?><methodCall><methodName>depot.status</methodName><params><param><value><int>1</int></value></param></params></methodCall>"#).shows(&[Has("<boolean>1</boolean>")])],
};
