//! The server itself: how it is, what it enforces, and everything at a glance.

use std::sync::PoisonError;

use bartizan_gateway::policy::PolicyTally;
use bartizan_model::{Endpoint, Incident, Mode, Role, Timestamp, analysis::Summary};
use bartizan_store::{Counts, EndpointFilter, IncidentFilter, PageRequest, Store};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    api::{
        access::Caller,
        call::Call,
        operation::{At, Nothing, Operation},
        problem::Problem,
        reply::{Listed, Reply},
    },
    serve::Figures,
};

/// Incidents and endpoints that are shown at a glance.
const AT_A_GLANCE: usize = 5;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::get("/overview", Role::Viewer).does(
            "getOverview",
            "What there is and what needs somebody",
            overview,
        ),
        At::get("/health", Role::Viewer).does("getHealth", "How the server is", health),
        At::get("/configuration", Role::Operator).does(
            "getConfiguration",
            "The configuration in force",
            configuration,
        ),
        At::list("/policies", Role::Viewer).does(
            "listPolicies",
            "Policies in force, in the order in which they are written, and what they decided",
            policies,
        ),
    ]
}

/// How the server is.
#[derive(Serialize, JsonSchema)]
pub(super) struct Health {
    /// Version of the program.
    version: &'static str,
    /// When it began.
    started: Timestamp,
    /// What it did since.
    #[serde(flatten)]
    figures: Figures,
    /// What is kept.
    counts: Counts,
}

/// What there is and what needs somebody.
#[derive(Serialize, JsonSchema)]
pub(super) struct Overview {
    /// How much is kept.
    counts: Counts,
    /// The worst incidents.
    incidents: Vec<Incident>,
    /// The endpoints with the highest risk.
    riskiest: Vec<Endpoint>,
    /// The last analysis, with traffic over time; `null` before there was one.
    summary: Option<Summary>,
    /// What the server did since it began; `null` for who belongs to another organisation.
    server: Option<Figures>,
}

async fn overview(call: Call<Nothing, Nothing>) -> Result<Reply<Overview>, Problem> {
    let (caller, store) = (call.caller()?, call.api.store()?);
    let scope = &caller.scope;
    let first = PageRequest::first(AT_A_GLANCE as u32);
    let incidents = store.incidents(scope, &IncidentFilter::default(), &first).await?.items;
    let runs = store.runs(scope, &PageRequest::first(1)).await?.items;
    let overview = Overview {
        counts: store.counts(scope).await?,
        incidents,
        riskiest: riskiest(&*store, caller).await?,
        summary: runs.into_iter().next().map(|run| run.summary),
        server: match call.api.own(caller) {
            Ok(()) => Some(call.api.figures()?),
            Err(_) => None,
        },
    };
    Ok(overview.into())
}

/// Looks at the riskiest first, so that few are read where there are many.
async fn riskiest(store: &dyn Store, caller: &Caller) -> Result<Vec<Endpoint>, Problem> {
    let mut found = Vec::new();
    for least in [80, 60, 40, 20, 1] {
        let filter = EndpointFilter { min_risk: Some(least), ..EndpointFilter::default() };
        let page = PageRequest::first(1_000);
        found = store.endpoints(&caller.scope, &filter, &page).await?.items;
        if found.len() >= AT_A_GLANCE {
            break;
        }
    }
    found.sort_by(|a, b| (b.risk.score, b.requests).cmp(&(a.risk.score, a.requests)));
    found.truncate(AT_A_GLANCE);
    Ok(found)
}

async fn health(call: Call<Nothing, Nothing>) -> Result<Reply<Health>, Problem> {
    let caller = call.caller()?;
    call.api.own(caller)?;
    let health = Health {
        version: env!("CARGO_PKG_VERSION"),
        started: call.api.0.server.started,
        figures: call.api.figures()?,
        counts: call.api.store()?.counts(&caller.scope).await?,
    };
    Ok(health.into())
}

/// The configuration in force.
#[derive(Serialize, JsonSchema)]
pub(super) struct Configuration {
    /// YAML with every key, as `bartizan config show` writes it. Secrets are references.
    yaml: String,
}

async fn configuration(call: Call<Nothing, Nothing>) -> Result<Reply<Configuration>, Problem> {
    call.api.own(call.caller()?)?;
    let in_force = call.api.0.server.in_force.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Configuration { yaml: in_force.configuration.clone() }.into())
}

/// A policy in force.
#[derive(Serialize, JsonSchema)]
pub(super) struct PolicyView {
    /// Its name.
    name: String,
    /// Its kind, for example `rate`.
    kind: &'static str,
    /// What its kind does, for people.
    title: &'static str,
    /// Whether it decides, or only says what it would decide.
    mode: Mode,
    /// Whether it is there without any configuration.
    is_default: bool,
    /// What it decided since the server began.
    decisions: PolicyTally,
}

async fn policies(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<PolicyView>>, Problem> {
    call.api.own(call.caller()?)?;
    let in_force = call.api.0.server.in_force.lock().unwrap_or_else(PoisonError::into_inner);
    let view = |policy: &bartizan_gateway::policy::PolicyConfig| {
        let (item, mode) = policy.kind_and_mode()?;
        Some(PolicyView {
            name: policy.name.clone(),
            kind: item.kind,
            title: item.title,
            mode,
            is_default: policy.is_default(),
            decisions: in_force.enforcement.tally(&policy.name),
        })
    };
    Ok(Listed::whole(in_force.policies.iter().filter_map(view).collect()).into())
}
