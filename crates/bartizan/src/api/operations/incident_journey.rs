//! What somebody did in an incident, laid over the journey graph of that host and role.
//!
//! Steps are the exchanges of its actors that are kept. Where none are, there are only the places and times of
//! its detections, of which nobody knows what came before them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use bartizan_model::{
    ActorId, Detection, EndpointId, ExchangeId, Incident, IncidentId, Journey, JourneyId, Role,
    Scope, Timestamp,
    journey::{
        ANONYMOUS, FEW_SESSIONS, JourneyStep, MoveCounts, Overlay, SESSION_GAP, Taken, UnseenMove,
        lay_over,
    },
};
use bartizan_store::{
    EndpointName, ExchangeFacts, ExchangeQuery, JourneyFilter, PageRequest, Store,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{
    call::Call,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

/// Most steps that are laid over.
const MOST_STEPS: usize = 500;
/// Most actors of an incident whose exchanges are looked for.
const MOST_ACTORS: usize = 4;
/// Most detections of an incident that are looked at.
const MOST_DETECTIONS: usize = 200;
/// Blocks of the exchange log that are looked into for each actor: a megabyte each, or less.
const BLOCKS: u32 = 24;

pub(super) fn operations() -> Vec<Operation> {
    vec![At::get("/incidents/{id}/journey", Role::Viewer).does(
        "getIncidentJourney",
        "The steps of an incident laid over the journey graph of its host and role",
        get,
    )]
}

/// At which host.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Exact host; that of most steps when it is not said.
    host: Option<String>,
}

/// The steps of an incident laid over a journey graph.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct IncidentJourney {
    /// The incident, by its own id.
    incident_id: IncidentId,
    /// Who began it.
    actor_id: ActorId,
    /// Where steps were taken, most first.
    hosts: Vec<HostSteps>,
    /// The host that the rest is about; `null` when none is known.
    host: Option<String>,
    /// The role of the actor, where it is known.
    role: Option<String>,
    /// The graph under it; `null` when nothing fits.
    journey_id: Option<JourneyId>,
    /// Why that one.
    chosen_by: ChosenBy,
    /// Where the steps are from.
    steps_from: StepsFrom,
    /// Whether fewer than 20 sessions were learned there, so that what was never seen says little.
    is_thin: bool,
    /// Whether all that was done in that time is among the steps.
    is_all: bool,
    /// What is missing; `null` when nothing is.
    why_not_all: Option<String>,
    /// In order of time. Those at no endpoint stand at each host, as it is not kept where they were.
    steps: Vec<JourneyStep>,
    /// Moves that are not in the graph, most frequent first.
    unseen_moves: Vec<UnseenMove>,
    /// Moves by kind.
    counts: MoveCounts,
}

/// How many steps were taken at a host.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HostSteps {
    host: String,
    /// How many.
    steps: u64,
}

/// Why a graph is that which steps are laid over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChosenBy {
    /// It is of the role of the actor.
    Role,
    /// It is the only one of that host.
    OnlyOne,
    /// None is.
    Nothing,
}

/// Where steps are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StepsFrom {
    /// Exchanges that are kept.
    Exchanges,
    /// Detections alone: places and times, and nothing of what came between.
    Detections,
    /// Nothing is kept.
    Nothing,
}

/// What was done, as far as it is kept.
struct Done {
    from: StepsFrom,
    steps: Vec<Taken>,
    missing: Vec<&'static str>,
}

async fn get(call: Call<Wanted, Nothing>) -> Result<Reply<IncidentJourney>, Problem> {
    let (scope, id) = (&call.caller()?.scope, IncidentId::from_text(call.id.as_str()));
    let store = call.api.store()?;
    let incident = store.incident(scope, &id).await?.ok_or_else(Problem::not_found)?;
    let detections = detections(&*store, scope, &incident).await?;
    let mut done = exchanges(&call, &incident, &detections).await?;
    if done.steps.is_empty() {
        done = of_detections(&detections, done.missing);
    }
    let names = names(&*store, scope, &done.steps).await?;
    let hosts = hosts(&done.steps, &names);
    let host = call.query.host.clone().or_else(|| Some(hosts.first()?.host.clone()));
    let role = role(&*store, scope, &incident).await?;
    let (journey, chosen_by) = match &host {
        Some(host) => choose(&*store, scope, host, role.as_deref()).await?,
        None => (None, ChosenBy::Nothing),
    };
    let mut steps = done.steps;
    place(&mut steps, &names, host.as_deref());
    follow(&*store, scope, journey.as_ref(), &mut steps).await?;
    let Overlay { steps, unseen_moves, counts } = lay_over(journey.as_ref(), steps);
    let answer = IncidentJourney {
        incident_id: incident.id,
        actor_id: incident.actor.id,
        hosts,
        host,
        role,
        is_thin: journey.as_ref().is_none_or(|one| one.sessions < FEW_SESSIONS),
        journey_id: journey.map(|one| one.id),
        chosen_by,
        steps_from: done.from,
        is_all: done.missing.is_empty(),
        why_not_all: (!done.missing.is_empty()).then(|| done.missing.join("; ")),
        steps,
        unseen_moves,
        counts,
    };
    Ok(answer.into())
}

async fn detections(
    store: &dyn Store,
    scope: &Scope,
    incident: &Incident,
) -> Result<Vec<Detection>, Problem> {
    let mut out = Vec::new();
    for id in incident.detection_ids.iter().take(MOST_DETECTIONS) {
        out.extend(store.detection(scope, id).await?);
    }
    Ok(out)
}

/// The exchanges of its actors from a session before its beginning to its end. Only those of the server itself are
/// in its log.
async fn exchanges(
    call: &Call<Wanted, Nothing>,
    incident: &Incident,
    detections: &[Detection],
) -> Result<Done, Problem> {
    let mut done = Done { from: StepsFrom::Exchanges, steps: Vec::new(), missing: Vec::new() };
    if call.api.own(call.caller()?).is_err() {
        done.missing.push("exchanges of this organisation are kept by another server");
        return Ok(done);
    }
    let directory = call.api.0.directory.upgrade().ok_or_else(Problem::stopping)?;
    let hostile: BTreeSet<&ExchangeId> = detections.iter().flat_map(|d| &d.exchange_ids).collect();
    let mut actors = vec![&incident.actor.id];
    for link in &incident.linked {
        if !actors.contains(&&link.actor.id) {
            actors.push(&link.actor.id);
        }
    }
    let mut facts: Vec<ExchangeFacts> = Vec::new();
    let mut is_cut = actors.len() > MOST_ACTORS;
    for actor in actors.into_iter().take(MOST_ACTORS) {
        let query = ExchangeQuery {
            since: incident.started.map(|started| started.minus(SESSION_GAP)),
            before: incident.ended.map(|ended| Timestamp::from_micros(ended.micros() + 1)),
            actor: Some(actor.clone()),
            ..ExchangeQuery::default()
        };
        let page = PageRequest::first(u32::try_from(MOST_STEPS).unwrap_or(u32::MAX));
        let found = directory.latest_exchanges(&query, &|_| true, &page, BLOCKS).await?;
        is_cut |= found.next.is_some();
        if !found.damaged.is_empty() {
            done.missing.push("a part of the exchange log cannot be read");
        }
        facts.extend(found.records);
    }
    facts.sort_by_key(|one| (one.time, one.sequence));
    is_cut |= facts.len() > MOST_STEPS;
    let first = facts.len().saturating_sub(MOST_STEPS);
    done.steps = facts.drain(..).skip(first).map(|one| taken(one, &hostile)).collect();
    if is_cut {
        done.missing.push("only the last exchanges are laid over, at most 500");
    }
    if directory.has_exchanges_elsewhere().await? {
        done.missing.push("other servers keep exchanges too");
    }
    let named = hostile.len();
    if done.steps.iter().filter(|step| step.hostile).count() < named && !is_cut {
        done.missing.push("some exchanges are not kept any more");
    }
    done.missing.sort_unstable();
    done.missing.dedup();
    Ok(done)
}

fn taken(facts: ExchangeFacts, hostile: &BTreeSet<&ExchangeId>) -> Taken {
    let raised = facts.judged.as_ref().is_some_and(|judged| !judged.codes.is_empty());
    Taken {
        at: facts.time,
        endpoint_id: facts.endpoint,
        method: Some(facts.method),
        status: facts.status,
        hostile: raised || hostile.contains(&facts.id),
        exchange_id: Some(facts.id),
        ..Taken::default()
    }
}

/// Where and when something was detected.
fn of_detections(detections: &[Detection], mut missing: Vec<&'static str>) -> Done {
    let at = |one: &Detection| Taken {
        at: one.time,
        endpoint_id: one.endpoint_id.clone(),
        hostile: true,
        is_apart: true,
        ..Taken::default()
    };
    let known = detections.iter().filter(|one| one.endpoint_id.is_some());
    let mut steps: Vec<Taken> = known.map(at).collect();
    steps.sort_by_key(|step| step.at);
    missing.push("no exchange of it is kept");
    let from = if steps.is_empty() { StepsFrom::Nothing } else { StepsFrom::Detections };
    Done { from, steps, missing }
}

type Names = BTreeMap<EndpointId, EndpointName>;

async fn names(store: &dyn Store, scope: &Scope, steps: &[Taken]) -> Result<Names, Problem> {
    let ids: BTreeSet<EndpointId> = steps.iter().filter_map(|s| s.endpoint_id.clone()).collect();
    let ids: Vec<EndpointId> = ids.into_iter().collect();
    Ok(store.endpoint_names(scope, &ids).await?)
}

fn hosts(steps: &[Taken], names: &Names) -> Vec<HostSteps> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let known = steps.iter().filter_map(|step| names.get(step.endpoint_id.as_ref()?));
    known.for_each(|name| *counts.entry(&name.host).or_default() += 1);
    let mut hosts: Vec<HostSteps> = counts
        .into_iter()
        .map(|(host, steps)| HostSteps { host: host.to_owned(), steps })
        .collect();
    hosts.sort_by_key(|one| Reverse(one.steps));
    hosts
}

/// The role of who began it, or of a name that turned out to be the same.
async fn role(
    store: &dyn Store,
    scope: &Scope,
    incident: &Incident,
) -> Result<Option<String>, Problem> {
    let mut role = None;
    let others = incident.linked.iter().map(|link| &link.actor.id);
    for actor in std::iter::once(&incident.actor.id).chain(others).take(MOST_ACTORS) {
        let Some(known) = store.actor(scope, actor).await? else { continue };
        match known.role {
            Some(named) => return Ok(Some(named.to_string())),
            None => role = Some(ANONYMOUS.to_owned()),
        }
    }
    Ok(role)
}

/// The graph of a host that the steps of somebody in this role belong to.
async fn choose(
    store: &dyn Store,
    scope: &Scope,
    host: &str,
    role: Option<&str>,
) -> Result<(Option<Journey>, ChosenBy), Problem> {
    if let Some(role) = role
        && let Some(journey) = store.journey(scope, &Journey::id_of(scope, host, role)).await?
    {
        return Ok((Some(journey), ChosenBy::Role));
    }
    let filter = JourneyFilter { hosts: vec![host.to_owned()], ..JourneyFilter::default() };
    let found = store.journeys(scope, &filter, &PageRequest::first(2)).await?;
    let [only] = &found.items[..] else { return Ok((None, ChosenBy::Nothing)) };
    let journey = store.journey(scope, &only.id).await?;
    let by = if journey.is_some() { ChosenBy::OnlyOne } else { ChosenBy::Nothing };
    Ok((journey, by))
}

/// Names the endpoints of steps, and leaves out those at other hosts.
fn place(steps: &mut Vec<Taken>, names: &Names, host: Option<&str>) {
    steps.retain_mut(|step| {
        let Some(name) = step.endpoint_id.as_ref().and_then(|id| names.get(id)) else {
            step.endpoint_id = None;
            return true;
        };
        step.method = Some(name.method.0.clone());
        step.path = Some(name.path.clone());
        step.operation.clone_from(&name.operation);
        Some(name.host.as_str()) == host
    });
}

/// Gives steps the ids by which the graph knows their endpoints: they may have been merged meanwhile.
async fn follow(
    store: &dyn Store,
    scope: &Scope,
    journey: Option<&Journey>,
    steps: &mut [Taken],
) -> Result<(), Problem> {
    let is_known = |id: &EndpointId| journey.is_some_and(|graph| graph.node(id).is_some());
    let unknown: BTreeSet<EndpointId> = steps
        .iter()
        .filter_map(|step| step.endpoint_id.clone())
        .filter(|id| !is_known(id))
        .collect();
    let mut leads: BTreeMap<EndpointId, EndpointId> = BTreeMap::new();
    for id in unknown {
        let family = store.endpoint_family(scope, &id).await?;
        if let Some(known) = family.iter().find(|other| is_known(other)).or(family.last()) {
            leads.insert(id, known.clone());
        }
    }
    for id in steps.iter_mut().filter_map(|step| step.endpoint_id.as_mut()) {
        if let Some(known) = leads.get(id) {
            id.clone_from(known);
        }
    }
    Ok(())
}
