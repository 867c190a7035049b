//! Accounts that were locked because of failed logins.

use bartizan_model::{KeyedHash, Role};
use bartizan_store::AuditEntry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{
    call::Call,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

/// Longest name of an account, in bytes.
const ACCOUNT_BYTES: usize = 512;
/// Longest reason, in bytes.
const REASON_BYTES: usize = 1_000;

pub(super) fn operations() -> Vec<Operation> {
    vec![At::act("/logins/unlock", Role::Operator).does(
        "unlockAccount",
        "Forgets the failed logins of an account, which ends its lock",
        unlock,
    )]
}

/// Whose lock is to end.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LockedAccount {
    /// The account as it is written to log in; case and space around it do not matter.
    #[schemars(length(min = 1, max = 512))]
    account: String,
    /// Why; may be empty.
    #[schemars(length(max = 1000))]
    reason: String,
}

/// An account that is not locked any more.
#[derive(Serialize, JsonSchema)]
pub(super) struct UnlockedAccount {
    /// What stands for the account in the audit log, where its name is not kept.
    account_hash: KeyedHash,
    /// Names of the policies that count failed logins; none of them has any of this account now.
    policies: Vec<String>,
}

async fn unlock(call: Call<Nothing, LockedAccount>) -> Result<Reply<UnlockedAccount>, Problem> {
    let caller = call.caller()?;
    call.api.own(caller)?;
    let LockedAccount { account, reason } = &call.body;
    let is_account = !account.trim().is_empty() && account.len() <= ACCOUNT_BYTES;
    if !is_account || reason.len() > REASON_BYTES || reason.chars().any(char::is_control) {
        let detail = "an account of 1 to 512 bytes, and at most 1,000 bytes of reason on one line";
        return Err(Problem::invalid(detail));
    }
    // Held until it is done: what was written down is about the policies in force.
    let in_force = call.api.0.server.in_force.lock().await;
    let (policies, account_hash) = in_force.enforcement.locks_of(account);
    let entry = AuditEntry {
        time: crate::serve::now(),
        who: caller.user.name.clone(),
        action: "login.unlock".to_owned(),
        subject: account_hash.to_string(),
        details: serde_json::json!({"policies": policies, "reason": reason}),
    };
    // First it is written down: nothing is unlocked of which nobody could find out who did it.
    call.api.store()?.append_audit(&caller.scope, entry).await?;
    in_force.enforcement.unlock(account);
    drop(in_force);
    Ok(UnlockedAccount { account_hash, policies }.into())
}
