//! Which services call which, and whom ours call.

use bartizan_model::{Role, ServiceGraph, ThirdParty, ToldBy};
use bartizan_store::{ThirdPartyFilter, ThirdPartyOrder};
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
        At::get("/service-graph", Role::Viewer).does(
            "getServiceGraph",
            "Which services call which, as of the last result",
            graph,
        ),
        At::list("/egress", Role::Viewer).does_as_table(
            "egress",
            "listEgress",
            "APIs of others that ours call, busiest first",
            egress,
        ),
    ]
}

/// Which services call which.
#[derive(Serialize, JsonSchema)]
pub(super) struct Graph {
    /// The graph: at most 500 services and 2,000 pairs; `null` before the first result.
    graph: Option<ServiceGraph>,
}

async fn graph(call: Call<Nothing, Nothing>) -> Result<Reply<Graph>, Problem> {
    let graph = call.api.store()?.service_graph(&call.caller()?.scope).await?;
    Ok(Graph { graph }.into())
}

/// Which third parties. What is missing does not restrict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Part of the host, in either case.
    host: Option<String>,
    /// What told that it is somebody else's: any of these.
    told_by: Vec<ToldBy>,
    /// Class of data that is sent there: any of these.
    sent: Vec<String>,
    /// Whether some calls are in plain text.
    plain: Option<bool>,
}

async fn egress(
    call: Call<Wanted, Nothing, ThirdPartyOrder>,
) -> Result<Reply<Listed<ThirdParty>>, Problem> {
    let Wanted { host, told_by, sent, plain } = call.query.clone();
    let filter = ThirdPartyFilter { host_contains: host, told_by, sent, plain };
    let scope = &call.caller()?.scope;
    let page = call.api.store()?.third_parties(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}
