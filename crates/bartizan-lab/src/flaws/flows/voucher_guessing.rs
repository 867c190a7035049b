use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Status, get},
};

/// Vouchers can be guessed without end.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "voucher-guessing",
    title: "Vouchers can be guessed without end",
    owasp: "API6:2023",
    cwe: 799,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/vouchers/{code}",
    what: "Codes are short words with a number, and misses are not counted.",
    proof: &[get("ada", "/api/v1/vouchers/SUMMER20").times(30).shows(&[Status(404)])],
};
