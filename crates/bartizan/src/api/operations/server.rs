//! The server itself: how it is, what it enforces, and everything at a glance.

use bartizan_gateway::policy::{PolicyConfig, PolicyTally};
use bartizan_model::{Endpoint, Incident, Mode, Role, Timestamp, analysis::Summary};
use bartizan_store::{Counts, EndpointFilter, EndpointOrder, IncidentFilter, PageRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        call::Call,
        list::Listed,
        operation::{At, Nothing, Operation},
        problem::Problem,
        reply::Reply,
    },
    serve::{Figures, InForce, Switch, SwitchError},
};

/// Incidents and endpoints that are shown at a glance.
const AT_A_GLANCE: u32 = 5;

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
        At::put("/policies/{name}/mode", Role::Operator).does(
            "setPolicyMode",
            "Switches a policy, until it is switched back",
            set_mode,
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
    let worst = PageRequest::first(AT_A_GLANCE);
    let incidents = store.incidents(scope, &IncidentFilter::default(), &worst).await?.items;
    let riskiest = PageRequest::first(AT_A_GLANCE).by(EndpointOrder::RiskDown);
    let riskiest = store.endpoints(scope, &EndpointFilter::default(), &riskiest).await?.items;
    let runs = store.runs(scope, &PageRequest::first(1)).await?.items;
    let overview = Overview {
        counts: store.counts(scope).await?,
        incidents,
        riskiest,
        summary: runs.into_iter().next().map(|run| run.summary),
        server: match call.api.own(caller) {
            Ok(()) => Some(call.api.figures()?),
            Err(_) => None,
        },
    };
    Ok(overview.into())
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
    let in_force = call.api.0.server.in_force.lock().await;
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
    /// The mode in the configuration; another one is in force when it was switched by hand.
    configured_mode: Mode,
    /// Whether it is there without any configuration.
    is_default: bool,
    /// What it decided since the server began.
    decisions: PolicyTally,
}

async fn policies(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<PolicyView>>, Problem> {
    call.api.own(call.caller()?)?;
    let in_force = call.api.0.server.in_force.lock().await;
    Ok(Listed::whole(views(&in_force)).into())
}

fn views(in_force: &InForce) -> Vec<PolicyView> {
    let view = |(policy, switched): (&PolicyConfig, Option<Mode>)| {
        let (item, configured) = policy.kind_and_mode()?;
        Some(PolicyView {
            name: policy.name.clone(),
            kind: item.kind,
            title: item.title,
            mode: switched.unwrap_or(configured),
            configured_mode: configured,
            is_default: policy.is_default(),
            decisions: in_force.enforcement.tally(&policy.name),
        })
    };
    in_force.policies().filter_map(view).collect()
}

/// A mode to switch to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMode {
    /// `off`: not looked at. `monitor`: shows what it would have done. `enforce`: does it.
    mode: Mode,
}

impl Default for NewMode {
    fn default() -> Self {
        Self { mode: Mode::Monitor }
    }
}

async fn set_mode(call: Call<Nothing, NewMode>) -> Result<Reply<PolicyView>, Problem> {
    let caller = call.caller()?;
    call.api.own(caller)?;
    let (store, server) = (call.api.store()?, &call.api.0.server);
    let gateway = server.gateway.upgrade().ok_or_else(Problem::stopping)?;
    let switch = Switch {
        policy: call.id.clone(),
        mode: call.body.mode,
        who: caller.user.name.clone(),
        now: crate::serve::now(),
    };
    let mut in_force = server.in_force.lock().await;
    let kept = (&*store, &caller.scope);
    let switched = in_force.switch((&gateway, &server.traffic), kept, switch).await;
    switched.map_err(|error| match error {
        SwitchError::Unknown => Problem::not_found(),
        SwitchError::Policy(error) => Problem::invalid(error.to_string()),
        SwitchError::Store(error) => error.into(),
        SwitchError::Gateway(error) => Problem::internal(&error),
    })?;
    let view = views(&in_force).into_iter().find(|view| view.name == call.id);
    Ok(view.ok_or_else(Problem::not_found)?.into())
}
