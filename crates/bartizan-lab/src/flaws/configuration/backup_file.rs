use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// A dump of the database can be downloaded.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "backup-file",
    title: "A dump of the database can be downloaded",
    owasp: "API8:2023",
    cwe: 530,
    protocol: Protocol::Page,
    operation: "GET /backup/quayside.sql",
    what: "It was put there for a move and forgotten.",
    proof: &[get("", "/backup/quayside.sql").shows(&[Success, Has("INSERT INTO users")])],
};
