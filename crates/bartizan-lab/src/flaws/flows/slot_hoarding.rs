use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Success, post},
};

/// One customer can book every dock slot.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "slot-hoarding",
    title: "One customer can book every dock slot",
    owasp: "API6:2023",
    cwe: 799,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/slots/{id}/book",
    what: "A few minutes of a script, and nobody else can unload.",
    proof: &[
        post("ada", "/api/v1/slots/1/book", "{}").shows(&[Success]),
        post("ada", "/api/v1/slots/2/book", "{}").shows(&[Success]),
        post("ada", "/api/v1/slots/3/book", "{}").shows(&[Success]),
        post("ada", "/api/v1/slots/4/book", "{}"),
        post("ada", "/api/v1/slots/5/book", "{}"),
        post("ada", "/api/v1/slots/6/book", "{}").shows(&[Success]),
    ],
};
