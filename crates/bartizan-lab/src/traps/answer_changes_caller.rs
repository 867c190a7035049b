use crate::{
    proof::{
        Expect::{Has, Status},
        get, put,
    },
    traps::TrapItem,
};

/// A write under the number of another user changes the caller.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "answer-changes-caller",
    title: "A write under the number of another user changes the caller",
    operation: "PUT /api/v1/users/{id}/preferences",
    looks_like: "API1:2023",
    truth: &[
        put("ada", "/api/v1/users/6/preferences", r#"{"theme":"dark"}"#).shows(&[Status(204)]),
        get("bea", "/api/v1/me").shows(&[Has(r#""preferences":"{}""#)]),
        get("ada", "/api/v1/me").shows(&[Has("theme")]),
    ],
};
