//! Relations of ownership that traffic shows, and what is decided about them.

use bartizan_model::{Mode, RelationId, Role, relation::Relation};
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
    serve::{
        InForce, SwitchError,
        relations::{Deciding, Decision, policy, proposed},
    },
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/relations", Role::Viewer).does(
            "listRelations",
            "Values that traffic shows to be their callers' own, and what was decided about them",
            list,
        ),
        At::act("/relations/{id}/approve", Role::Operator).does(
            "approveRelation",
            "Makes a policy of a relation, in force at once",
            approve,
        ),
        At::act("/relations/{id}/reject", Role::Operator).does(
            "rejectRelation",
            "Says that a relation is none; takes its policy away",
            reject,
        ),
    ]
}

/// What was decided about a relation.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RelationState {
    /// Nothing yet.
    Proposed,
    /// It is a policy.
    Approved,
    /// It is none.
    Rejected,
}

/// A relation, and what was decided about it.
#[derive(Serialize, JsonSchema)]
pub(super) struct RelationView {
    /// The relation.
    #[serde(flatten)]
    relation: Relation,
    /// What was decided.
    state: RelationState,
    /// Name of the policy that it is, or would be; `null` where no policy can say it.
    policy: Option<String>,
}

impl RelationView {
    fn of(relation: Relation, decision: Option<&Decision>) -> Self {
        let state = match decision {
            None => RelationState::Proposed,
            Some(Decision::Approved { .. }) => RelationState::Approved,
            Some(Decision::Rejected) => RelationState::Rejected,
        };
        let policy = policy(&relation, Mode::Monitor).map(|policy| policy.name);
        Self { relation, state, policy }
    }
}

async fn list(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<RelationView>>, Problem> {
    let caller = call.caller()?;
    call.api.own(caller)?;
    let mut relations = proposed(&*call.api.store()?, &caller.scope).await?;
    let in_force = call.api.0.server.in_force.lock().await;
    // What was approved stays listed, also when traffic does not show it any more.
    for approved in in_force.decided.approved() {
        if !relations.iter().any(|one| one.id == approved.id) {
            relations.push(approved.clone());
        }
    }
    let view = |one: Relation| {
        let decision = in_force.decided.of(&one.id).cloned();
        RelationView::of(one, decision.as_ref())
    };
    Ok(Listed::whole(relations.into_iter().map(view).collect()).into())
}

/// How the policy begins.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Approval {
    /// `monitor`: shows what it would refuse. `enforce`: refuses it. Default: `enforce`.
    mode: Mode,
}

impl Default for Approval {
    fn default() -> Self {
        Self { mode: Mode::Enforce }
    }
}

async fn approve(call: Call<Nothing, Approval>) -> Result<Reply<RelationView>, Problem> {
    let mode = call.body.mode;
    decide(&call, Some(mode)).await
}

async fn reject(call: Call<Nothing, Nothing>) -> Result<Reply<RelationView>, Problem> {
    decide(&call, None).await
}

async fn decide<B>(
    call: &Call<Nothing, B>,
    mode: Option<Mode>,
) -> Result<Reply<RelationView>, Problem> {
    let caller = call.caller()?;
    call.api.own(caller)?;
    let (store, server) = (call.api.store()?, &call.api.0.server);
    let gateway = server.gateway.upgrade().ok_or_else(Problem::stopping)?;
    let id = RelationId::from_text(call.id.as_str());
    let shown = proposed(&*store, &caller.scope).await?.into_iter().find(|one| one.id == id);
    let mut in_force = server.in_force.lock().await;
    let approved =
        |in_force: &InForce| in_force.decided.approved().find(|one| one.id == id).cloned();
    let relation = shown.or_else(|| approved(&in_force)).ok_or_else(Problem::not_found)?;
    if mode.is_some() && policy(&relation, Mode::Monitor).is_none() {
        return Err(Problem::invalid("no policy can say this: the path or the host is a pattern"));
    }
    let (who, now) = (caller.user.name.clone(), crate::serve::now());
    let deciding = Deciding { relation: relation.clone(), mode, who, now };
    let kept = (&*store, &caller.scope);
    let decided = in_force.decide((&gateway, &server.traffic), kept, deciding).await;
    decided.map_err(|error| match error {
        SwitchError::Unknown => Problem::invalid("there is no room for one more decision"),
        SwitchError::End(why) => Problem::invalid(why),
        SwitchError::Policy(error) => Problem::invalid(error.to_string()),
        SwitchError::Store(error) => error.into(),
        SwitchError::Gateway(error) => Problem::internal(&error),
    })?;
    let decision = in_force.decided.of(&id).cloned();
    Ok(RelationView::of(relation, decision.as_ref()).into())
}
