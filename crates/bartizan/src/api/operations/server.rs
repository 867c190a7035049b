//! The server itself: how it is, and what it enforces.

use bartizan_gateway::policy::{
    ExceptionConfig, MeasuredRate, PolicyConfig, PolicyTally, ScopeConfig, WouldBreakAll,
};
use bartizan_model::{Mode, Role, Timestamp, analysis::NamedCount};
use bartizan_store::Counts;
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
    serve::{Figures, InForce, Switch, SwitchError, Switched},
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
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
        At::get("/policies/{name}/clients", Role::Viewer).does(
            "getPolicyClients",
            "Which clients a policy in monitor mode would break, with how often, why and when last",
            would_break,
        ),
        At::put("/policies/{name}/mode", Role::Operator).does(
            "setPolicyMode",
            "Switches a policy, until it is switched back or the switch ends",
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
    /// Limits that were reached since it began, under their keys in the configuration, and how often.
    /// `gateway.waiting_exchanges` stands for `gateway.waiting_mebibytes` too.
    limits_reached: Vec<NamedCount>,
}

async fn health(call: Call<Nothing, Nothing>) -> Result<Reply<Health>, Problem> {
    let caller = call.caller()?;
    call.api.own(caller)?;
    let health = Health {
        version: env!("CARGO_PKG_VERSION"),
        started: call.api.0.server.started,
        figures: call.api.figures()?,
        counts: call.api.store()?.counts(&caller.scope).await?,
        limits_reached: call.api.limits_reached()?,
    };
    Ok(health.into())
}

/// The configuration in force.
#[derive(Serialize, JsonSchema)]
pub(super) struct Configuration {
    /// YAML with every key, as `bartizan config show` writes it. Secrets are references.
    yaml: String,
    /// Keys of it that were changed since the server began, and count after a restart only.
    after_restart: Vec<&'static str>,
}

async fn configuration(call: Call<Nothing, Nothing>) -> Result<Reply<Configuration>, Problem> {
    call.api.own(call.caller()?)?;
    let in_force = call.api.0.server.in_force.lock().await;
    let (yaml, after_restart) = (in_force.configuration.clone(), in_force.after_restart.clone());
    Ok(Configuration { yaml, after_restart }.into())
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
    /// What policies of its kind do, with their limits and what happens at them.
    description: &'static str,
    /// Where it applies, as in the configuration. What is empty is not looked at.
    scope: ScopeConfig,
    /// Where it is not asked for some time, until when, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    except: Vec<ExceptionConfig>,
    /// Whether it decides, or only says what it would decide.
    mode: Mode,
    /// The mode in the configuration; another one is in force when it was switched by hand.
    configured_mode: Mode,
    /// When the switch to its mode ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// Whether it is there without any configuration.
    is_default: bool,
    /// What it decided since the server began.
    decisions: PolicyTally,
    /// How often callers asked, for policies of the kind `rate`, and numbers that would fit them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    measured: Vec<MeasuredRate>,
}

async fn policies(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<PolicyView>>, Problem> {
    call.api.own(call.caller()?)?;
    let in_force = call.api.0.server.in_force.lock().await;
    Ok(Listed::whole(views(&in_force, crate::serve::now())).into())
}

fn views(in_force: &InForce, now: Timestamp) -> Vec<PolicyView> {
    let view = |(policy, switched): (&PolicyConfig, Option<Switched>)| {
        let switched = switched.filter(|switched| switched.counts(now));
        let (item, configured) = policy.kind_and_mode()?;
        Some(PolicyView {
            name: policy.name.clone(),
            kind: item.kind,
            title: item.title,
            description: item.documentation,
            scope: policy.scope.clone(),
            except: policy.except.clone(),
            mode: switched.map_or(configured, |switched| switched.mode),
            configured_mode: configured,
            until: switched.and_then(|switched| switched.until),
            is_default: policy.is_default(),
            decisions: in_force.enforcement.tally(&policy.name),
            measured: in_force.enforcement.measured(&policy.name, now),
        })
    };
    in_force.policies().filter_map(view).collect()
}

async fn would_break(call: Call<Nothing, Nothing>) -> Result<Reply<WouldBreakAll>, Problem> {
    call.api.own(call.caller()?)?;
    let in_force = call.api.0.server.in_force.lock().await;
    if !in_force.policies().any(|(policy, _)| policy.name == call.id) {
        return Err(Problem::not_found());
    }
    Ok(in_force.enforcement.would_break(&call.id).into())
}

/// A mode to switch to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMode {
    /// `off`: not looked at. `monitor`: shows what it would have done. `enforce`: does it.
    mode: Mode,
    /// When that ends by itself: for policies of the kinds `kill_switch` and `break_glass`. Enforcing one of the latter
    /// needs it, at most 24 hours ahead.
    #[serde(default)]
    until: Option<Timestamp>,
}

impl Default for NewMode {
    fn default() -> Self {
        Self { mode: Mode::Monitor, until: None }
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
        until: call.body.until,
        who: caller.user.name.clone(),
        now: crate::serve::now(),
    };
    let mut in_force = server.in_force.lock().await;
    let kept = (&*store, &caller.scope);
    let switched = in_force.switch((&gateway, &server.traffic), kept, switch).await;
    switched.map_err(|error| match error {
        SwitchError::Unknown => Problem::not_found(),
        SwitchError::End(why) => Problem::invalid(why),
        SwitchError::Policy(error) => Problem::invalid(error.to_string()),
        SwitchError::Store(error) => error.into(),
        SwitchError::Gateway(error) => Problem::internal(&error),
    })?;
    let view = views(&in_force, crate::serve::now()).into_iter().find(|view| view.name == call.id);
    Ok(view.ok_or_else(Problem::not_found)?.into())
}
