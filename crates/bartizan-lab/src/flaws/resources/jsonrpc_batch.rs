use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Body, Expect::Times, post},
};

/// A batch can hold as many calls as one likes.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "jsonrpc-batch",
    title: "A batch can hold as many calls as one likes",
    owasp: "API4:2023",
    cwe: 770,
    protocol: Protocol::JsonRpc,
    operation: "batch",
    what: "What is limited per request is not limited at all.",
    proof: &[post("ada", "/jsonrpc", "")
        .body(Body::Array(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, 200))
        .shows(&[Times("pong", 200)])],
};
