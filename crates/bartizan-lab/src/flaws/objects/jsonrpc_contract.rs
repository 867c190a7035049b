use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// Contracts of others can be read.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "jsonrpc-contract",
    title: "Contracts of others can be read",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::JsonRpc,
    operation: "contract.get",
    what: "The list is filtered by owner, the single contract is not.",
    proof: &[post(
        "ada",
        "/jsonrpc",
        r#"{"jsonrpc":"2.0","id":1,"method":"contract.get","params":{"id":903}}"#,
    )
    .shows(&[Has("Frame contract 1003")])],
};
