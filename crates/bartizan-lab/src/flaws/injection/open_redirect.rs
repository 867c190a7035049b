use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Header, Status},
        get,
    },
};

/// A link to the platform leads anywhere.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "open-redirect",
    title: "A link to the platform leads anywhere",
    owasp: "API8:2019",
    cwe: 601,
    protocol: Protocol::Page,
    operation: "GET /go",
    what: "The address to go to is not looked at.",
    proof: &[get("", "/go?to=https://evil.example/")
        .shows(&[Status(302), Header("location", "https://evil.example/")])],
};
