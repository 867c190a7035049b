use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Header, get},
};

/// Every site may read answers with the credentials of its visitors.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "cors-reflects",
    title: "Every site may read answers with the credentials of its visitors",
    owasp: "API8:2023",
    cwe: 942,
    protocol: Protocol::Rest,
    operation: "any, header origin",
    what: "`Origin` is sent back as allowed, together with credentials.",
    proof: &[get("ada", "/api/v1/me").with(&[("origin", "https://evil.example")]).shows(&[
        Header("access-control-allow-origin", "https://evil.example"),
        Header("access-control-allow-credentials", "true"),
    ])],
};
