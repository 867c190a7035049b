use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Success, post},
};

/// Text messages can be sent without end.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "otp-cost",
    title: "Text messages can be sent without end",
    owasp: "API4:2023",
    cwe: 799,
    protocol: Protocol::Rest,
    operation: "POST /auth/otp",
    what: "Each one costs money and disturbs somebody.",
    proof: &[post("", "/auth/otp", r#"{"phone":"+4930000001"}"#).times(20).shows(&[Success])],
};
