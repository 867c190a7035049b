//! Findings and what is decided about them.

use bartizan_model::{EndpointId, Finding, FindingId, FindingState, Role, Severity, Timestamp};
use bartizan_store::{Facets, FindingEvent, FindingFilter, FindingOrder, StateChange, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{
    call::Call,
    list::Listed,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

/// Most findings that are decided about at one time.
const MOST_AT_ONCE: usize = 500;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/findings", Role::Viewer).does_as_table(
            "findings",
            "listFindings",
            "Findings, worst first, then latest first",
            list,
        ),
        At::get("/findings/facets", Role::Viewer).does(
            "getFindingFacets",
            "How many findings there are, by state, severity, code and host",
            facets,
        ),
        At::get("/findings/{id}", Role::Viewer).does("getFinding", "One finding", get),
        At::list("/findings/{id}/history", Role::Viewer).does(
            "listFindingHistory",
            "What was decided about a finding, in order",
            history,
        ),
        At::act("/findings/state", Role::Analyst).does(
            "setFindingStates",
            "Decides about findings, each for itself",
            set_states,
        ),
    ]
}

/// Which findings. What is missing does not restrict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Any of these states.
    state: Vec<FindingState>,
    /// Any of these severities.
    severity: Vec<Severity>,
    /// Least severity.
    min_severity: Option<Severity>,
    /// Code of the check: any of these.
    code: Vec<String>,
    /// Endpoint.
    endpoint: Option<EndpointId>,
    /// Exact host: any of these.
    host: Vec<String>,
    /// Last seen at or after.
    seen_since: Option<Timestamp>,
}

impl Wanted {
    fn filter(&self) -> FindingFilter {
        FindingFilter {
            states: self.state.clone(),
            severities: self.severity.clone(),
            min_severity: self.min_severity,
            codes: self.code.clone(),
            endpoint: self.endpoint.clone(),
            hosts: self.host.clone(),
            seen_since: self.seen_since,
        }
    }
}

async fn list(
    call: Call<Wanted, Nothing, FindingOrder>,
) -> Result<Reply<Listed<Finding>>, Problem> {
    let (scope, filter) = (&call.caller()?.scope, call.query.filter());
    let page = call.api.store()?.findings(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn facets(call: Call<Wanted, Nothing>) -> Result<Reply<Facets>, Problem> {
    let scope = &call.caller()?.scope;
    Ok(call.api.store()?.finding_facets(scope, &call.query.filter()).await?.into())
}

async fn get(call: Call<Nothing, Nothing>) -> Result<Reply<Finding>, Problem> {
    let (scope, id) = (&call.caller()?.scope, FindingId::from_text(call.id.as_str()));
    let finding = call.api.store()?.finding(scope, &id).await?;
    Ok(finding.ok_or_else(Problem::not_found)?.into())
}

async fn history(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<FindingEvent>>, Problem> {
    let (scope, id) = (&call.caller()?.scope, FindingId::from_text(call.id.as_str()));
    let store = call.api.store()?;
    if store.finding(scope, &id).await?.is_none() {
        return Err(Problem::not_found());
    }
    Ok(Listed::whole(store.finding_history(scope, &id).await?).into())
}

/// A decision.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    /// About which findings; 1 to 500.
    #[schemars(length(min = 1, max = 500))]
    ids: Vec<FindingId>,
    /// The new state.
    to: FindingState,
    /// Why. Must say something for *accepted* and *false positive*.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    reason: String,
    /// When the decision lapses and the finding is open again. Required for *accepted*, allowed for
    /// *false positive*.
    #[serde(default)]
    expiry: Option<Timestamp>,
}

impl Default for Decision {
    fn default() -> Self {
        Self { ids: Vec::new(), to: FindingState::Open, reason: String::new(), expiry: None }
    }
}

/// What became of a decision.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Decided {
    /// Findings that are in the new state now.
    changed: Vec<FindingId>,
    /// Findings that stayed as they were.
    refused: Vec<Refused>,
}

/// A finding that stayed as it was.
#[derive(Serialize, JsonSchema)]
pub(super) struct Refused {
    /// Which.
    id: FindingId,
    /// Why.
    reason: String,
}

async fn set_states(call: Call<Nothing, Decision>) -> Result<Reply<Decided>, Problem> {
    let (caller, decision, store) = (call.caller()?, &call.body, call.api.store()?);
    let is_short = decision.reason.chars().count() <= 2_000;
    if !(1..=MOST_AT_ONCE).contains(&decision.ids.len()) || !is_short {
        return Err(Problem::invalid("decide about 1 to 500 findings, in at most 2000 characters"));
    }
    if decision.reason.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Problem::invalid("a reason is plain text"));
    }
    let mut decided = Decided::default();
    for id in &decision.ids {
        let change = StateChange {
            finding: id.clone(),
            to: decision.to,
            who: caller.user.name.clone(),
            reason: decision.reason.clone(),
            expiry: decision.expiry,
            now: crate::serve::now(),
        };
        match store.set_finding_state(&caller.scope, &change).await {
            Ok(_) => decided.changed.push(id.clone()),
            Err(error @ (StoreError::NotFound { .. } | StoreError::InvalidChange { .. })) => {
                decided.refused.push(Refused { id: id.clone(), reason: error.to_string() });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(decided.into())
}
