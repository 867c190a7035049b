//! Findings and what is decided about them.

use std::{borrow::Cow, sync::Arc};

use bartizan_model::{
    EndpointId, Finding, FindingId, FindingState, Method, Role, Scope, Severity, Timestamp,
};
use bartizan_store::{
    Assignment, Facets, FindingComment, FindingEvent, FindingFilter, FindingOrder, NewComment,
    Page, StateChange, Store, StoreError,
};
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
    output::csv::Record,
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
            "How many findings there are, by state, severity, code, host and assignee",
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
        At::put("/findings/assignee", Role::Analyst).does(
            "assignFindings",
            "Says who works on findings, each for itself",
            assign,
        ),
        At::list("/assignees", Role::Viewer).does(
            "listAssignees",
            "Names of those who can be given findings",
            assignees,
        ),
        At::list("/findings/{id}/comments", Role::Viewer).does(
            "listFindingComments",
            "What was said of a finding, in order",
            comments,
        ),
        At::create("/findings/{id}/comments", Role::Analyst).does(
            "commentOnFinding",
            "Says something of a finding",
            comment,
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
    /// On which this user works.
    assignee: Option<String>,
    /// `true`: on which nobody works.
    unassigned: bool,
}

/// A finding, with who works on it and where it is.
#[derive(Serialize, JsonSchema)]
pub(super) struct FindingView {
    #[serde(flatten)]
    finding: Finding,
    /// Name of the user who works on it; `null` for nobody.
    assignee: Option<String>,
    /// Method of its endpoint; `null` when it is about the whole host.
    method: Option<Method>,
    /// Path template of its endpoint; `null` when it is about the whole host.
    path: Option<String>,
    /// What is called at the path, where that has several operations.
    operation: Option<String>,
}

/// What a finding says, then who works on it and where it is.
impl Record for FindingView {
    const COLUMNS: &'static [&'static str] = &COLUMNS;

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let mut cells = self.finding.cells();
        let method = self.method.as_ref().map(|method| method.0.as_str());
        let operation = self.operation.as_deref();
        let more = [self.assignee.as_deref(), method, self.path.as_deref(), operation];
        cells.extend(more.map(|text| Cow::from(text.unwrap_or_default())));
        cells
    }
}

const COLUMNS: [&str; Finding::COLUMNS.len() + 4] = {
    let mut all = [""; Finding::COLUMNS.len() + 4];
    let (of_finding, _) = all.split_at_mut(Finding::COLUMNS.len());
    of_finding.copy_from_slice(Finding::COLUMNS);
    let at = Finding::COLUMNS.len();
    (all[at], all[at + 1]) = ("assignee", "method");
    (all[at + 2], all[at + 3]) = ("path", "operation");
    all
};

/// Findings with what stands beside them.
async fn views(
    store: &dyn Store,
    scope: &Scope,
    findings: Vec<Finding>,
) -> Result<Vec<FindingView>, Problem> {
    let ids: Vec<_> = findings.iter().map(|finding| finding.id.clone()).collect();
    let endpoints: Vec<_> = findings.iter().filter_map(|f| f.endpoint_id.clone()).collect();
    let mut assignees = store.assignees(scope, &ids).await?;
    let names = store.endpoint_names(scope, &endpoints).await?;
    let view = |finding: Finding| {
        let name = finding.endpoint_id.as_ref().and_then(|id| names.get(id));
        FindingView {
            assignee: assignees.remove(&finding.id),
            method: name.map(|name| name.method.clone()),
            path: name.map(|name| name.path.clone()),
            operation: name.and_then(|name| name.operation.clone()),
            finding,
        }
    };
    Ok(findings.into_iter().map(view).collect())
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
            assignee: self.assignee.clone(),
            unassigned: self.unassigned,
        }
    }
}

async fn list(
    call: Call<Wanted, Nothing, FindingOrder>,
) -> Result<Reply<Listed<FindingView>>, Problem> {
    let (scope, filter) = (&call.caller()?.scope, call.query.filter());
    let store = call.api.store()?;
    let Page { items, next } = store.findings(scope, &filter, &call.part.page()).await?;
    let items = views(&*store, scope, items).await?;
    Ok(Listed::from(Page { items, next }).into())
}

async fn facets(call: Call<Wanted, Nothing>) -> Result<Reply<Facets>, Problem> {
    let scope = &call.caller()?.scope;
    Ok(call.api.store()?.finding_facets(scope, &call.query.filter()).await?.into())
}

async fn get(call: Call<Nothing, Nothing>) -> Result<Reply<FindingView>, Problem> {
    let (store, scope, finding) = one(&call).await?;
    let mut views = views(&*store, scope, vec![finding]).await?;
    Ok(views.pop().ok_or_else(Problem::not_found)?.into())
}

/// The finding that the path names, with where it comes from.
async fn one<Q, B>(call: &Call<Q, B>) -> Result<(Arc<dyn Store>, &Scope, Finding), Problem> {
    let (scope, store) = (&call.caller()?.scope, call.api.store()?);
    let finding = store.finding(scope, &FindingId::from_text(call.id.as_str())).await?;
    Ok((store, scope, finding.ok_or_else(Problem::not_found)?))
}

async fn history(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<FindingEvent>>, Problem> {
    let (store, scope, finding) = one(&call).await?;
    Ok(Listed::whole(store.finding_history(scope, &finding.id).await?).into())
}

async fn comments(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<FindingComment>>, Problem> {
    let (store, scope, finding) = one(&call).await?;
    Ok(Listed::whole(store.finding_comments(scope, &finding.id).await?).into())
}

/// Something to say of a finding.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    /// Plain text; of control characters it may have line breaks and tabs.
    #[schemars(length(min = 1, max = 4000))]
    text: String,
}

async fn comment(call: Call<Nothing, Said>) -> Result<Reply<FindingComment>, Problem> {
    let caller = call.caller()?;
    let new = NewComment {
        finding: FindingId::from_text(call.id.as_str()),
        text: call.body.text.clone(),
        who: caller.user.name.clone(),
        now: crate::serve::now(),
    };
    Ok(call.api.store()?.comment_on_finding(&caller.scope, &new).await?.into())
}

/// Somebody who can be given findings.
#[derive(Serialize, JsonSchema)]
pub(super) struct Assignee {
    /// Name of the user.
    name: String,
}

async fn assignees(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<Assignee>>, Problem> {
    let users = call.api.store()?.users(&call.caller()?.scope).await?;
    let can = users.into_iter().filter(|user| !user.disabled);
    Ok(Listed::whole(can.map(|user| Assignee { name: user.name }).collect()).into())
}

/// Who is to work on findings.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Assigned {
    /// On which; 1 to 500.
    #[schemars(length(min = 1, max = 500))]
    ids: Vec<FindingId>,
    /// Name of a user who may log in; `null` for nobody.
    assignee: Option<String>,
}

async fn assign(call: Call<Nothing, Assigned>) -> Result<Reply<Decided>, Problem> {
    let (caller, Assigned { ids, assignee }, store) =
        (call.caller()?, &call.body, call.api.store()?);
    if !(1..=MOST_AT_ONCE).contains(&ids.len()) {
        return Err(Problem::invalid("give away 1 to 500 findings"));
    }
    let mut decided = Decided::default();
    for id in ids {
        let assignment = Assignment {
            finding: id.clone(),
            to: assignee.clone(),
            who: caller.user.name.clone(),
            now: crate::serve::now(),
        };
        decided.take(id, store.assign_finding(&caller.scope, &assignment).await)?;
    }
    Ok(decided.into())
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
    /// Findings that are as it was decided now.
    changed: Vec<FindingId>,
    /// Findings that stayed as they were.
    refused: Vec<Refused>,
}

impl Decided {
    /// Takes in what became of one. What says nothing about the finding itself ends it all.
    fn take(&mut self, id: &FindingId, done: Result<(), StoreError>) -> Result<(), Problem> {
        match done {
            Ok(()) => self.changed.push(id.clone()),
            Err(error @ (StoreError::NotFound { .. } | StoreError::InvalidChange { .. })) => {
                self.refused.push(Refused { id: id.clone(), reason: error.to_string() });
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
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
        let done = store.set_finding_state(&caller.scope, &change).await;
        decided.take(id, done.map(drop))?;
    }
    Ok(decided.into())
}
