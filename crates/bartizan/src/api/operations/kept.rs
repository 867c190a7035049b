//! Where what is kept came from, and for how long it is.

use bartizan_model::{Role, Timestamp, analysis::InputSummary};
use bartizan_store::{ExchangeQuery, RemovalReason, RunRecord};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::{
    call::Call,
    list::Listed,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        // Names of inputs are paths of the machine.
        At::list("/runs", Role::Operator).does(
            "listRuns",
            "What was read: traffic of servers and inputs of `analyze`, latest first",
            runs,
        ),
        At::get("/retention", Role::Operator).does(
            "getRetention",
            "How far back exchanges are kept, and what was removed",
            retention,
        ),
    ]
}

/// What a server judged since it began, or what `analyze` read.
#[derive(Serialize, JsonSchema)]
pub(super) struct RunView {
    /// Opaque.
    id: String,
    /// When it began.
    started: Timestamp,
    /// What was read, for people.
    name: String,
    /// How much of it, and what was skipped.
    input: InputSummary,
}

impl From<RunRecord> for RunView {
    fn from(run: RunRecord) -> Self {
        Self { id: run.id, started: run.started, name: run.name, input: run.input }
    }
}

async fn runs(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<RunView>>, Problem> {
    let page = call.api.store()?.runs(&call.caller()?.scope, &call.part.page()).await?;
    let Listed { items, next } = Listed::from(page);
    Ok(Listed { items: items.into_iter().map(RunView::from).collect(), next }.into())
}

/// How far back exchanges are kept: by all servers that share the store.
#[derive(Serialize, JsonSchema)]
pub(super) struct RetentionView {
    /// Exchanges of which the facts are kept.
    exchanges: u64,
    /// Bytes of these.
    bytes: u64,
    /// The earliest time in the part that was written first; `null` when none is kept, or it has no times.
    since: Option<Timestamp>,
    /// Exchanges that were removed in all that time.
    removed: u64,
    /// What was removed last; `null` when nothing was.
    last_removal: Option<Removal>,
}

/// A part of the exchanges that was removed.
#[derive(Serialize, JsonSchema)]
pub(super) struct Removal {
    /// When.
    time: Timestamp,
    /// Why: `bytes` or `age` by the configuration, `space` because the disk was full.
    reason: &'static str,
    /// The latest exchange in it was at this time.
    until: Timestamp,
}

async fn retention(call: Call<Nothing, Nothing>) -> Result<Reply<RetentionView>, Problem> {
    let (scope, store) = (&call.caller()?.scope, call.api.store()?);
    let counts = store.counts(scope).await?;
    let first = store.exchange_blocks(scope, &ExchangeQuery::default(), None, 1).await?;
    let removed = store.removed_segments(scope).await?;
    let last_removal = removed.last().map(|gone| Removal {
        time: gone.removed_at,
        reason: RemovalReason::as_str(gone.reason),
        until: gone.last_time,
    });
    let view = RetentionView {
        exchanges: counts.exchanges,
        bytes: counts.exchange_bytes,
        since: first.first().and_then(|block| Some(block.times?.0)),
        removed: counts.exchanges_removed,
        last_removal,
    };
    Ok(view.into())
}
