//! The change log of the catalogue.

use bartizan_model::{Change, ChangeGrade, ChangeKind, EndpointId, Role, Timestamp};
use bartizan_store::{
    CHANGES_KEPT, ChangeBaseline, ChangeFilter, ChangeOrder, Facets, MAX_CHANGES,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{
    call::Call,
    list::Listed,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/changes", Role::Viewer).does_as_table(
            "changes",
            "listChanges",
            "Changes of the catalogue since its baseline, latest first",
            list,
        ),
        At::get("/changes/facets", Role::Viewer).does(
            "getChangeFacets",
            "How many changes of the catalogue there are, by kind, grade and host",
            facets,
        ),
        At::get("/changes/baseline", Role::Viewer).does(
            "getChangeBaseline",
            "From when on changes of the catalogue are told, and how long they are kept",
            baseline,
        ),
    ]
}

/// Which changes. What is missing does not restrict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Any of these kinds.
    kind: Vec<ChangeKind>,
    /// Any of these grades.
    grade: Vec<ChangeGrade>,
    /// Endpoint, also by an id that leads to it.
    endpoint: Option<EndpointId>,
    /// Exact host: any of these.
    host: Vec<String>,
    /// Of this time of the traffic or later.
    since: Option<Timestamp>,
    /// Before this time of the traffic.
    before: Option<Timestamp>,
}

impl Wanted {
    fn filter(&self) -> ChangeFilter {
        ChangeFilter {
            kinds: self.kind.clone(),
            grades: self.grade.clone(),
            endpoint: self.endpoint.clone(),
            hosts: self.host.clone(),
            since: self.since,
            before: self.before,
        }
    }
}

async fn list(call: Call<Wanted, Nothing, ChangeOrder>) -> Result<Reply<Listed<Change>>, Problem> {
    let (scope, filter) = (&call.caller()?.scope, call.query.filter());
    let page = call.api.store()?.changes(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn facets(call: Call<Wanted, Nothing>) -> Result<Reply<Facets>, Problem> {
    let scope = &call.caller()?.scope;
    Ok(call.api.store()?.change_facets(scope, &call.query.filter()).await?.into())
}

/// From when on changes are told, and how long they are kept.
#[derive(Serialize, JsonSchema)]
pub(super) struct Baseline {
    /// When the first results were written, and until when what is new belongs to them; `null` before.
    baseline: Option<ChangeBaseline>,
    /// Most changes that are kept, those that were noticed last.
    most_kept: u64,
    /// Days after which a change is deleted, when others come.
    days_kept: u64,
}

async fn baseline(call: Call<Nothing, Nothing>) -> Result<Reply<Baseline>, Problem> {
    let baseline = call.api.store()?.change_baseline(&call.caller()?.scope).await?;
    let days = CHANGES_KEPT.as_micros() / bartizan_model::Duration::days(1).as_micros();
    let days_kept = u64::try_from(days).unwrap_or_default();
    Ok(Baseline { baseline, most_kept: MAX_CHANGES, days_kept }.into())
}
