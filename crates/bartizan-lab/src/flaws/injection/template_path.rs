use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// Files outside the folder of forms can be read.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "template-path",
    title: "Files outside the folder of forms can be read",
    owasp: "API8:2019",
    cwe: 22,
    protocol: Protocol::Page,
    operation: "GET /files",
    what: "`..` in the name is followed.",
    proof: &[get("", "/files?name=../config/app.env").shows(&[Success, Has("SMTP_PASSWORD")])],
};
