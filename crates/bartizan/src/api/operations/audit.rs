//! The audit log.

use bartizan_model::Role;
use bartizan_store::{AuditHead, AuditRecord};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::{
    call::Call,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::{Listed, Reply},
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::get("/audit", Role::Admin).does(
            "listAuditRecords",
            "Audit records behind a number, in order",
            list,
        ),
        At::get("/audit/head", Role::Admin).does(
            "getAuditHead",
            "The end of the audit chain, to be kept elsewhere",
            head,
        ),
    ]
}

/// Which records.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Those behind this number; from the first one when it is missing.
    behind: u64,
    /// Most records, 1 to 500.
    #[schemars(range(min = 1, max = 500))]
    most: Option<u32>,
}

async fn list(call: Call<Wanted, Nothing>) -> Result<Reply<Listed<AuditRecord>>, Problem> {
    let (scope, wanted) = (&call.caller()?.scope, &call.query);
    let most = wanted.most.unwrap_or(100);
    if !(1..=500).contains(&most) {
        return Err(Problem::invalid("`most` is a number from 1 to 500"));
    }
    let records = call.api.store()?.audit_records(scope, wanted.behind, most).await?;
    Ok(Listed::whole(records).into())
}

async fn head(call: Call<Nothing, Nothing>) -> Result<Reply<AuditHead>, Problem> {
    Ok(call.api.store()?.audit_head(&call.caller()?.scope).await?.into())
}
