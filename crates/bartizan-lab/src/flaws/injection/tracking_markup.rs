use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, get},
};

/// Markup in a link is executed by the tracking page.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "tracking-markup",
    title: "Markup in a link is executed by the tracking page",
    owasp: "API8:2019",
    cwe: 79,
    protocol: Protocol::Page,
    operation: "GET /track",
    what: "The reference is put into the page as it is.",
    proof: &[get("", "/track?ref=%3Cscript%3Ealert(1)%3C/script%3E")
        .shows(&[Has("<script>alert(1)</script>")])],
};
