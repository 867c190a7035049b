//! What merges made of an endpoint, and undoing them.

use axum::http::StatusCode;
use bartizan_model::{EndpointId, Role};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    apart::{EndpointParts, EndpointSplit, MOST, MergedPath, Split, is_reason},
    api::{
        call::Call,
        operation::{At, Nothing, Operation},
        problem::Problem,
        reply::Reply,
    },
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::get("/endpoints/{id}/parts", Role::Viewer).does(
            "getEndpointParts",
            "Paths that were merged into an endpoint and can be kept apart again",
            parts,
        ),
        At::act("/endpoints/{id}/split", Role::Operator).does(
            "splitEndpoint",
            "Undoes merges into an endpoint for good: their paths are endpoints of their own from now on",
            split,
        ),
    ]
}

/// The endpoint that the id of the path leads to, its path, and what it is made of.
async fn merged<B>(
    call: &Call<Nothing, B>,
) -> Result<(EndpointId, String, Vec<MergedPath>), Problem> {
    let caller = call.caller()?;
    call.api.own(caller)?;
    let id = EndpointId::from_text(call.id.as_str());
    let endpoint = call.api.store()?.endpoint(&caller.scope, &id).await?;
    let endpoint = endpoint.ok_or_else(Problem::not_found)?;
    let parts = call.api.0.server.judging.parts(endpoint.id.clone()).await;
    let busy = || {
        let problem =
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the judgement does not answer");
        problem.because("it has too much to do, or the server is stopping").after(10)
    };
    Ok((endpoint.id, endpoint.path, MergedPath::of(parts.ok_or_else(busy)?)))
}

async fn parts(call: Call<Nothing, Nothing>) -> Result<Reply<EndpointParts>, Problem> {
    let (endpoint_id, path, items) = merged(&call).await?;
    Ok(EndpointParts::new(endpoint_id, path, items).into())
}

/// What is to be kept apart.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WantedSplit {
    /// Paths behind their host, as the parts of the endpoint name them; all of these when there is none, or the first
    /// 500 of them that are not kept apart yet.
    #[schemars(length(max = 500))]
    paths: Vec<String>,
    /// Why; may be empty.
    #[schemars(length(max = 1000))]
    reason: String,
}

async fn split(call: Call<Nothing, WantedSplit>) -> Result<Reply<EndpointSplit>, Problem> {
    let WantedSplit { paths, reason } = &call.body;
    if paths.len() > MOST || !is_reason(reason) {
        let detail = "at most 500 paths, and at most 1,000 bytes of reason on one line";
        return Err(Problem::invalid(detail));
    }
    let (endpoint, _, merged) = merged(&call).await?;
    let (caller, store) = (call.caller()?, call.api.store()?);
    let decided = store.paths_apart(&caller.scope).await?;
    let split = Split::new(endpoint, merged, decided, paths).map_err(|why| impossible(&why))?;
    let parting = split.parting(caller.user.name.clone(), reason.clone(), crate::serve::now());
    let is_new = store.keep_apart(&caller.scope, &parting).await?;
    call.api.0.server.judging.follow(store.paths_apart(&caller.scope)).await?;
    Ok(split.told(is_new).into())
}

fn impossible(detail: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "this endpoint cannot be split like that")
        .because(detail)
}
