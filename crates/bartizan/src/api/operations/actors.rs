//! Who calls the APIs.

use bartizan_model::{ActorId, ActorKind, Role, analysis::ActorSummary};
use bartizan_store::{ActorFilter, ActorOrder, Facets};
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
        At::list("/actors", Role::Viewer).does_as_table(
            "actors",
            "listActors",
            "Actors, busiest first",
            list,
        ),
        At::get("/actors/facets", Role::Viewer).does(
            "getActorFacets",
            "How many actors there are, by kind",
            facets,
        ),
        At::get("/actors/{id}", Role::Viewer).does("getActor", "One actor", get),
    ]
}

/// Which actors. What is missing does not restrict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// What it was told by: any of these.
    kind: Vec<ActorKind>,
    /// Part of the label, in either case.
    label: Option<String>,
    /// Least number of detections.
    min_detections: Option<u64>,
}

impl Wanted {
    fn filter(&self) -> ActorFilter {
        ActorFilter {
            kinds: self.kind.clone(),
            label_contains: self.label.clone(),
            min_detections: self.min_detections,
        }
    }
}

async fn list(
    call: Call<Wanted, Nothing, ActorOrder>,
) -> Result<Reply<Listed<ActorSummary>>, Problem> {
    let (scope, filter) = (&call.caller()?.scope, call.query.filter());
    let page = call.api.store()?.actors(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn facets(call: Call<Wanted, Nothing>) -> Result<Reply<Facets>, Problem> {
    let scope = &call.caller()?.scope;
    Ok(call.api.store()?.actor_facets(scope, &call.query.filter()).await?.into())
}

async fn get(call: Call<Nothing, Nothing>) -> Result<Reply<ActorSummary>, Problem> {
    let (scope, id) = (&call.caller()?.scope, ActorId::from_text(call.id.as_str()));
    let actor = call.api.store()?.actor(scope, &id).await?;
    Ok(actor.ok_or_else(Problem::not_found)?.into())
}
