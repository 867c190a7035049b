//! The audit log.

use bartizan_model::Role;
use bartizan_store::{AuditHead, AuditOrder, AuditRecord};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::{
    call::Call,
    list::Listed,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/audit", Role::Admin).does_as_table(
            "audit",
            "listAuditRecords",
            "Audit records as they were written, or newest first",
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
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Those behind this number; from the first one when it is missing.
    behind: u64,
}

async fn list(
    call: Call<Wanted, Nothing, AuditOrder>,
) -> Result<Reply<Listed<AuditRecord>>, Problem> {
    let scope = &call.caller()?.scope;
    let page = call.api.store()?.audit_records(scope, call.query.behind, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn head(call: Call<Nothing, Nothing>) -> Result<Reply<AuditHead>, Problem> {
    Ok(call.api.store()?.audit_head(&call.caller()?.scope).await?.into())
}
