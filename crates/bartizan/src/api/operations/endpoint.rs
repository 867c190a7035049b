//! One endpoint: who calls it, and what became of it.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use bartizan_model::{Action, ActorId, ActorRef, EndpointId, Role, Timestamp};
use bartizan_store::{
    AliasEvent, EndpointChange, ExchangeFacts, ExchangeQuery, PageRequest, Store,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::{
    call::Call,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

/// Blocks of the exchange log that are looked into for the callers: a megabyte each, or less.
const BLOCKS: u32 = 64;
/// Most callers that are told.
const CALLERS: usize = 50;
/// Most changes of ids that are looked through, the latest of all endpoints, in pages of 1,000.
const PAGES: usize = 10;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::get("/endpoints/{id}/callers", Role::Viewer).does(
            "getEndpointCallers",
            "Who called an endpoint, busiest first, in the latest exchanges that are kept",
            callers,
        ),
        At::get("/endpoints/{id}/history", Role::Viewer).does(
            "getEndpointHistory",
            "What became of an endpoint, latest first, as far as it is kept",
            history,
        ),
    ]
}

/// Who called an endpoint.
#[derive(Serialize, JsonSchema)]
pub(super) struct Callers {
    /// The 50 busiest.
    items: Vec<Caller>,
    /// Callers in the exchanges that were looked at.
    callers: u64,
    /// Exchanges of this endpoint that were looked at: the latest that are kept.
    exchanges: u64,
    /// Time of the earliest of these.
    since: Option<Timestamp>,
    /// Whether these are all that are kept.
    is_all: bool,
    /// Blocks of the log that cannot be read: what was in them is missing.
    damaged_blocks: u64,
    /// Whether other servers that share the store keep exchanges, which are not among these.
    has_elsewhere: bool,
}

/// Somebody who called.
#[derive(Serialize, JsonSchema)]
pub(super) struct Caller {
    /// Who; `null` for exchanges of which that was not kept.
    actor_id: Option<ActorId>,
    /// Who that is; `null` when it is not known any more.
    actor: Option<ActorRef>,
    /// Exchanges.
    requests: u64,
    /// Of these, raised a detection, as far as that was kept.
    hostile: u64,
    /// Of these, refused or slowed down, as far as that was kept.
    refused: u64,
    /// First of these.
    first_seen: Option<Timestamp>,
    /// Last of these.
    last_seen: Option<Timestamp>,
}

/// What one of them did.
#[derive(Default)]
struct Tally {
    requests: u64,
    hostile: u64,
    refused: u64,
    seen: Option<(Timestamp, Timestamp)>,
}

impl Tally {
    fn note(&mut self, facts: &ExchangeFacts) {
        self.requests += 1;
        if let Some(judged) = &facts.judged {
            self.hostile += u64::from(!judged.codes.is_empty());
            self.refused += u64::from(judged.applied >= Action::Challenge);
        }
        if let Some(time) = facts.time {
            let (first, last) = self.seen.unwrap_or((time, time));
            self.seen = Some((first.min(time), last.max(time)));
        }
    }
}

async fn callers(call: Call<Nothing, Nothing>) -> Result<Reply<Callers>, Problem> {
    let caller = call.caller()?;
    call.api.own(caller)?;
    let directory = call.api.0.directory.upgrade().ok_or_else(Problem::stopping)?;
    let endpoint = known(directory.store(), &call).await?;
    let query = ExchangeQuery { endpoint: Some(endpoint), ..ExchangeQuery::default() };
    let tallies: Mutex<BTreeMap<Option<ActorId>, Tally>> = Mutex::default();
    // They are counted as they are read, and none is kept.
    let count = |facts: &ExchangeFacts| {
        let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.entry(facts.actor.clone()).or_default().note(facts);
        false
    };
    let read = directory.latest_exchanges(&query, &count, &PageRequest::first(1), BLOCKS).await?;
    let tallies = tallies.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (callers, exchanges) = (tallies.len() as u64, tallies.values().map(|t| t.requests).sum());
    let since = tallies.values().filter_map(|tally| Some(tally.seen?.0)).min();
    let mut busiest: Vec<_> = tallies.into_iter().collect();
    busiest.sort_by_key(|(_, tally)| Reverse(tally.requests));
    busiest.truncate(CALLERS);
    let ids: Vec<ActorId> = busiest.iter().filter_map(|(id, _)| id.clone()).collect();
    let mut names = directory.store().actor_names(&caller.scope, &ids).await?;
    let items = busiest.into_iter().map(|(actor_id, tally)| Caller {
        actor: actor_id.as_ref().and_then(|id| names.remove(id)),
        actor_id,
        requests: tally.requests,
        hostile: tally.hostile,
        refused: tally.refused,
        first_seen: tally.seen.map(|(first, _)| first),
        last_seen: tally.seen.map(|(_, last)| last),
    });
    let callers = Callers {
        items: items.collect(),
        callers,
        exchanges,
        since,
        is_all: read.next.is_none(),
        damaged_blocks: read.damaged.len() as u64,
        has_elsewhere: directory.has_exchanges_elsewhere().await?,
    };
    Ok(callers.into())
}

/// The endpoint that the id of the path leads to.
async fn known<Q, B>(store: &dyn Store, call: &Call<Q, B>) -> Result<EndpointId, Problem> {
    let (scope, id) = (&call.caller()?.scope, EndpointId::from_text(call.id.as_str()));
    let endpoint = store.endpoint(scope, &id).await?;
    Ok(endpoint.ok_or_else(Problem::not_found)?.id)
}

/// What became of an endpoint.
#[derive(Serialize, JsonSchema)]
pub(super) struct History {
    /// Latest first.
    items: Vec<Happened>,
    /// Whether merges and splits are complete; only the latest of all endpoints are looked through.
    is_all: bool,
}

/// One thing that happened to an endpoint.
#[derive(Serialize, JsonSchema)]
pub(super) struct Happened {
    /// When it was written down.
    time: Timestamp,
    /// `access`, `inventory_state`, `confirmed`, `data_class` (`CLASS:DIRECTION`); or `merge`, `split`,
    /// `undo` of an id that led or leads here.
    what: String,
    /// What it was; of an id, where it led. `null` for nothing.
    was: Option<String>,
    /// What it became; of an id, where it leads. `null` for nothing.
    became: Option<String>,
    /// The id that was merged or split; `null` for the others.
    alias: Option<EndpointId>,
    /// Who did it; `null` for what the analysis found.
    who: Option<String>,
    /// Why; `null` for what the analysis found.
    reason: Option<String>,
}

impl From<EndpointChange> for Happened {
    fn from(change: EndpointChange) -> Self {
        let EndpointChange { time, what, was, became, .. } = change;
        Self { time, what, was, became, alias: None, who: None, reason: None }
    }
}

impl Happened {
    /// What an event did to ids that led to this endpoint before or lead to it since.
    fn of_ids(event: &AliasEvent, endpoint: &EndpointId) -> Vec<Self> {
        let is_here = |id: &Option<EndpointId>| id.as_ref() == Some(endpoint);
        let about = event.changes.iter().filter(|change| {
            change.alias == *endpoint || is_here(&change.before) || is_here(&change.after)
        });
        let text = |id: &Option<EndpointId>| id.as_ref().map(ToString::to_string);
        let happened = about.map(|change| Self {
            time: event.time,
            what: event.kind.as_str().to_owned(),
            was: text(&change.before),
            became: text(&change.after),
            alias: Some(change.alias.clone()),
            who: Some(event.who.clone()),
            reason: Some(event.reason.clone()),
        });
        happened.collect()
    }
}

async fn history(call: Call<Nothing, Nothing>) -> Result<Reply<History>, Problem> {
    let (scope, store) = (&call.caller()?.scope, call.api.store()?);
    let endpoint = known(&*store, &call).await?;
    let changes = store.endpoint_changes(scope, &endpoint).await?;
    let mut items: Vec<Happened> = changes.into_iter().rev().map(Happened::from).collect();
    let mut page = Some(PageRequest::first(1_000));
    for _ in 0..PAGES {
        let Some(wanted) = page.take() else { break };
        let events = store.alias_events(scope, &wanted).await?;
        items.extend(events.items.iter().flat_map(|event| Happened::of_ids(event, &endpoint)));
        page = events.next.map(|next| PageRequest::after(1_000, next));
    }
    items.sort_by_key(|happened| Reverse(happened.time));
    Ok(History { items, is_all: page.is_none() }.into())
}
