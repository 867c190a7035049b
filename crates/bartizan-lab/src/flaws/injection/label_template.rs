use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// Templates of labels are evaluated.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "label-template",
    title: "Templates of labels are evaluated",
    owasp: "API8:2019",
    cwe: 1336,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/labels",
    what: "Expressions in the text of a caller are executed, and see the configuration.",
    proof: &[post("ada", "/api/v1/labels", r#"{"template":"{{7*191}} {{config.vault}}"}"#)
        .shows(&[Has("1337 vault-")])],
};
