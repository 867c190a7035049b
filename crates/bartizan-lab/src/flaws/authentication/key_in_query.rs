use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// API keys are accepted in the URL.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "key-in-query",
    title: "API keys are accepted in the URL",
    owasp: "API2:2023",
    cwe: 598,
    protocol: Protocol::Rest,
    operation: "any, query api_key",
    what: "URLs end up in logs, histories and referrers.",
    proof: &[get("", "/api/v1/me?api_key=${key:ada}").shows(&[Success, Has("ada")])],
};
