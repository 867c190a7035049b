use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// Customers can set their credit limit.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "jsonrpc-credit",
    title: "Customers can set their credit limit",
    owasp: "API3:2023",
    cwe: 915,
    protocol: Protocol::JsonRpc,
    operation: "profile.update",
    what: "`credit_limit` of the parameters is taken over.",
    proof: &[post(
        "ada",
        "/jsonrpc",
        r#"{"jsonrpc":"2.0","id":1,"method":"profile.update","params":{"credit_limit":777777}}"#,
    )
    .shows(&[Has("777777")])],
};
