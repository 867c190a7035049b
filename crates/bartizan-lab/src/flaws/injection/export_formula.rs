use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get, patch,
    },
};

/// Cells of an export can be formulas.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "export-formula",
    title: "Cells of an export can be formulas",
    owasp: "API8:2019",
    cwe: 1236,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/exports/shipments.csv",
    what: "Notes that begin with an equals sign are executed by the spreadsheet of whoever opens the table.",
    proof: &[
        patch("ada", "/api/v1/shipments/1001", r#"{"notes":"=1+2"}"#).shows(&[Success]),
        get("ada", "/api/v1/exports/shipments.csv").shows(&[Has(r#""=1+2""#)]),
    ],
};
