use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Success, post},
};

/// A voucher can be redeemed again and again.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "voucher-reuse",
    title: "A voucher can be redeemed again and again",
    owasp: "API6:2023",
    cwe: 837,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/vouchers/{code}/redeem",
    what: "Uses are not counted down.",
    proof: &[
        post("ada", "/api/v1/vouchers/HARBOUR10/redeem", "{}").shows(&[Success]),
        post("ada", "/api/v1/vouchers/HARBOUR10/redeem", "{}").shows(&[Success]),
    ],
};
