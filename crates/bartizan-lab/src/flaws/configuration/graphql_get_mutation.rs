use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get, post,
    },
};

/// A link can change data.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "graphql-get-mutation",
    title: "A link can change data",
    owasp: "API8:2023",
    cwe: 352,
    protocol: Protocol::GraphQl,
    operation: "Mutation.setNotes",
    what: "Mutations are executed for GET, with the cookie of whoever follows the link.",
    proof: &[post("", "/auth/login", r#"{"login":"ada","password":"ada-quay-2026"}"#).take(&[("session", "qs_session=")]).shows(&[Success]), get("", "/graphql?query=mutation%7BsetNotes(shipment%3A%221001%22%2Cnotes%3A%22forged%22)%7Bnotes%7D%7D").with(&[("cookie", "qs_session=${session}")]).shows(&[Has(r#""notes":"forged""#)])],
};
