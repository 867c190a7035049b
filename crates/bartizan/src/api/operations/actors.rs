//! Who calls the APIs.

use bartizan_model::{ActorId, ActorKind, Role, analysis::ActorSummary};
use bartizan_store::ActorFilter;
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
        At::list("/actors", Role::Viewer).does("listActors", "Actors, busiest first", list),
        At::get("/actors/{id}", Role::Viewer).does("getActor", "One actor", get),
    ]
}

/// Which actors. What is missing does not restrict.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// What it was told by.
    kind: Option<ActorKind>,
    /// Part of the label, in either case.
    label: Option<String>,
    /// Least number of detections.
    min_detections: Option<u64>,
}

async fn list(call: Call<Wanted, Nothing>) -> Result<Reply<Listed<ActorSummary>>, Problem> {
    let (scope, wanted) = (&call.caller()?.scope, &call.query);
    let filter = ActorFilter {
        kind: wanted.kind,
        label_contains: wanted.label.clone(),
        min_detections: wanted.min_detections,
    };
    let page = call.api.store()?.actors(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn get(call: Call<Nothing, Nothing>) -> Result<Reply<ActorSummary>, Problem> {
    let (scope, id) = (&call.caller()?.scope, ActorId::from_text(call.id.as_str()));
    let actor = call.api.store()?.actor(scope, &id).await?;
    Ok(actor.ok_or_else(Problem::not_found)?.into())
}
