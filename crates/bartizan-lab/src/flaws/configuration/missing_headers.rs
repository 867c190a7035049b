use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{HeaderLacks, Success},
        get,
    },
};

/// Personal answers may be cached and guessed at.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "missing-headers",
    title: "Personal answers may be cached and guessed at",
    owasp: "API8:2023",
    cwe: 525,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/me",
    what: "Neither `cache-control` nor `x-content-type-options` is sent.",
    proof: &[get("ada", "/api/v1/me").shows(&[
        Success,
        HeaderLacks("cache-control", "no-store"),
        HeaderLacks("x-content-type-options", "nosniff"),
    ])],
};
