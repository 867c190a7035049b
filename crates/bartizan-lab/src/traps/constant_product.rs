use crate::{
    proof::{
        Expect::{Has, Status},
        post,
    },
    traps::TrapItem,
};

/// Every label bears the number 49.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "constant-product",
    title: "Every label bears the number 49",
    operation: "POST /api/v1/labels",
    looks_like: "API8:2019",
    truth: &[
        post("ada", "/api/v1/labels", r#"{"template":"{{7*7}}"}"#).shows(&[
            Status(200),
            Has("49"),
            Has("{{7*7}}"),
        ]),
        post("ada", "/api/v1/labels", r#"{"template":"plain"}"#).shows(&[Has("49")]),
    ],
};
