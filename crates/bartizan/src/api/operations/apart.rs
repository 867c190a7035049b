//! What merges made of an endpoint, and undoing them.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use bartizan_analysis::endpoints::Part;
use bartizan_model::{EndpointId, Role};
use bartizan_store::{MAX_APART_REASON, Parting};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{
    call::Call,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

/// Most paths of one answer, and of one decision.
const MOST: usize = 500;

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

/// What an endpoint is made of.
#[derive(Serialize, JsonSchema)]
pub(super) struct EndpointParts {
    /// The endpoint that the id leads to.
    endpoint_id: EndpointId,
    /// Its path, which stays for all that is not kept apart.
    path: String,
    /// Paths that were merged into it, as this server learned it; at most 500.
    items: Vec<MergedPath>,
    /// Whether these are all.
    is_all: bool,
}

/// A path that was merged.
#[derive(Serialize, JsonSchema)]
pub(super) struct MergedPath {
    /// The path behind its host.
    path: String,
    /// Methods of its endpoints.
    methods: BTreeSet<String>,
    /// Ids that they had and get back.
    endpoint_ids: BTreeSet<EndpointId>,
}

impl MergedPath {
    /// Parts by their paths, in order.
    fn of(parts: Vec<Part>) -> Vec<Self> {
        let mut by_path: BTreeMap<String, Self> = BTreeMap::new();
        for Part { id, method, written } in parts {
            let path = written.clone();
            let new = || Self { path, methods: BTreeSet::new(), endpoint_ids: BTreeSet::new() };
            let one = by_path.entry(written).or_insert_with(new);
            one.methods.insert(method);
            one.endpoint_ids.insert(id);
        }
        by_path.into_values().collect()
    }
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
    let (endpoint_id, path, mut items) = merged(&call).await?;
    let is_all = items.len() <= MOST;
    items.truncate(MOST);
    Ok(EndpointParts { endpoint_id, path, items, is_all }.into())
}

/// What is to be kept apart.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WantedSplit {
    /// Paths behind their host, as the parts of the endpoint name them; all of these when there is none.
    #[schemars(length(max = 500))]
    paths: Vec<String>,
    /// Why; may be empty.
    #[schemars(length(max = 1000))]
    reason: String,
}

/// What is kept apart.
#[derive(Serialize, JsonSchema)]
pub(super) struct EndpointSplit {
    /// The endpoint that they had been merged into.
    endpoint_id: EndpointId,
    /// The paths behind their host. The inventory shows them within half a minute.
    paths: Vec<String>,
    /// Whether anything was decided that had not been before.
    is_new: bool,
}

async fn split(call: Call<Nothing, WantedSplit>) -> Result<Reply<EndpointSplit>, Problem> {
    let WantedSplit { paths, reason } = &call.body;
    let is_plain = reason.len() <= MAX_APART_REASON && !reason.chars().any(char::is_control);
    if paths.len() > MOST || !is_plain {
        let detail = "at most 500 paths, and at most 1,000 bytes of reason on one line";
        return Err(Problem::invalid(detail));
    }
    let (endpoint, _, mut merged) = merged(&call).await?;
    let (caller, store) = (call.caller()?, call.api.store()?);
    let decided = store.paths_apart(&caller.scope).await?;
    let before = decided.into_iter().filter(|one| one.endpoint == endpoint);
    let before: BTreeSet<String> = before.map(|one| one.path).collect();
    if !paths.is_empty() {
        merged.retain(|one| paths.contains(&one.path));
        let is_known =
            |path: &&String| before.contains(*path) || merged.iter().any(|one| one.path == **path);
        if let Some(path) = paths.iter().find(|path| !is_known(path)) {
            return Err(impossible(&format!("{path} was not merged into it")));
        }
    } else if merged.is_empty() && before.is_empty() {
        return Err(impossible("nothing was merged into it that a path can keep apart"));
    }
    let parting = Parting {
        endpoint: endpoint.clone(),
        paths: merged.iter().map(|one| one.path.clone()).take(MOST).collect(),
        ids: merged.into_iter().take(MOST).flat_map(|one| one.endpoint_ids).collect(),
        who: caller.user.name.clone(),
        reason: reason.clone(),
        now: crate::serve::now(),
    };
    let is_new = store.keep_apart(&caller.scope, &parting).await?;
    call.api.0.server.judging.keep_apart(store.paths_apart(&caller.scope).await?);
    let asked = |path: &String| paths.is_empty() || paths.contains(path);
    let paths: BTreeSet<String> = before.into_iter().filter(asked).chain(parting.paths).collect();
    Ok(EndpointSplit { endpoint_id: endpoint, paths: paths.into_iter().collect(), is_new }.into())
}

fn impossible(detail: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "this endpoint cannot be split like that")
        .because(detail)
}
