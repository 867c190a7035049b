//! Journey graphs: how callers go through a service.

use bartizan_model::{Journey, JourneyId, JourneySummary, Role};
use bartizan_store::{JourneyFilter, JourneyOrder};
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
        At::list("/journeys", Role::Viewer).does_as_table(
            "journeys",
            "listJourneys",
            "Journey graphs, each of a host and a role, most sessions first",
            list,
        ),
        At::get("/journeys/{id}", Role::Viewer).does(
            "getJourney",
            "One journey graph: endpoints, moves between them, pace, and how callers log in",
            get,
        ),
    ]
}

/// Which graphs. What is missing does not restrict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Exact host: any of these.
    host: Vec<String>,
    /// Exact role: any of these.
    role: Vec<String>,
}

async fn list(
    call: Call<Wanted, Nothing, JourneyOrder>,
) -> Result<Reply<Listed<JourneySummary>>, Problem> {
    let Wanted { host, role } = call.query.clone();
    let (scope, filter) = (&call.caller()?.scope, JourneyFilter { hosts: host, roles: role });
    let page = call.api.store()?.journeys(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn get(call: Call<Nothing, Nothing>) -> Result<Reply<Journey>, Problem> {
    let (scope, id) = (&call.caller()?.scope, JourneyId::from_text(call.id.as_str()));
    let journey = call.api.store()?.journey(scope, &id).await?;
    Ok(journey.ok_or_else(Problem::not_found)?.into())
}
