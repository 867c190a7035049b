//! What was learned of endpoints, as a document.

use bartizan_model::{Endpoint, Protocol, Role, Scope};
use bartizan_store::{EndpointFilter, PageRequest, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        call::Call,
        operation::{At, Nothing, Operation},
        problem::Problem,
        reply::Reply,
    },
    output::learned::Learned,
};

/// Most endpoints of one document: they are in memory together.
const MOST: usize = 5_000;
/// Endpoints that are read at a time.
const AT_A_TIME: u32 = 500;

pub(super) fn operations() -> Vec<Operation> {
    vec![At::get("/endpoints/document", Role::Viewer).does(
        "getLearnedDocument",
        "What was learned of the endpoints of a host, as OpenAPI, as a GraphQL schema or as a sketch of a .proto file",
        get,
    )]
}

/// Which document.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Format; `openapi` when it is not said.
    format: Learned,
    /// Exact host; may be left out when there is only one.
    host: Option<String>,
    /// Package of `proto`; may be left out when there is only one.
    package: Option<String>,
}

/// What was learned, as a document.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct LearnedDocument {
    /// Hosts of which there is one: that which was named, else at most 50.
    hosts: Vec<String>,
    /// Packages of the host, the busiest first; none for other formats than `proto`.
    packages: Vec<String>,
    /// Its media type.
    media_type: String,
    /// The document; `null` when nothing is known of that kind, or when one of several hosts or packages must be
    /// named.
    text: Option<String>,
    /// Whether it tells of all endpoints; at most 5,000 are looked at.
    is_all: bool,
}

async fn get(call: Call<Wanted, Nothing>) -> Result<Reply<LearnedDocument>, Problem> {
    let (scope, store) = (&call.caller()?.scope, call.api.store()?);
    let Wanted { format, host, package } = &call.query;
    let mut answer = LearnedDocument {
        media_type: format.media_type().to_owned(),
        is_all: true,
        ..LearnedDocument::default()
    };
    answer.hosts = match host {
        Some(host) => vec![host.clone()],
        None => hosts(&*store, scope, *format).await?,
    };
    let [host] = &answer.hosts[..] else { return Ok(answer.into()) };
    let filter = EndpointFilter { hosts: vec![host.clone()], ..filter(*format) };
    let (endpoints, is_all) = endpoints(&*store, scope, &filter).await?;
    answer.is_all = is_all;
    if format.hosts(&endpoints).is_empty() {
        return Ok(answer.into());
    }
    let packages = format.packages(&endpoints, host);
    let chosen = match (package.as_deref(), &packages[..]) {
        (_, []) => Some(""),
        (None, [(one, _)]) => Some(*one),
        (None, _) => None,
        (Some(wanted), all) => all.iter().map(|(name, _)| *name).find(|name| *name == wanted),
    };
    answer.text = chosen.map(|package| format.document(&endpoints, host, package));
    answer.packages = packages.iter().map(|(name, _)| (*name).to_owned()).collect();
    Ok(answer.into())
}

/// Endpoints that such a document can be about.
fn filter(format: Learned) -> EndpointFilter {
    let protocols = match format {
        Learned::Openapi => Vec::new(),
        Learned::Graphql => vec![Protocol::Graphql],
        Learned::Proto => vec![Protocol::Grpc],
    };
    EndpointFilter { protocols, ..EndpointFilter::default() }
}

async fn hosts(store: &dyn Store, scope: &Scope, format: Learned) -> Result<Vec<String>, Problem> {
    let mut facets = store.endpoint_facets(scope, &filter(format)).await?.facets;
    let hosts = facets.remove("host").map(|facet| facet.values).unwrap_or_default();
    Ok(hosts.into_iter().map(|host| host.value).collect())
}

/// The first of these endpoints, and whether they are all.
async fn endpoints(
    store: &dyn Store,
    scope: &Scope,
    filter: &EndpointFilter,
) -> Result<(Vec<Endpoint>, bool), Problem> {
    let mut out = Vec::new();
    let mut page = PageRequest::first(AT_A_TIME);
    loop {
        let found = store.endpoints(scope, filter, &page).await?;
        out.extend(found.items);
        match found.next {
            None => return Ok((out, true)),
            Some(_) if out.len() >= MOST => return Ok((out, false)),
            Some(after) => page = PageRequest::after(AT_A_TIME, after),
        }
    }
}
