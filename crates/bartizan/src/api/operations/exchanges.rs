//! What is kept of single exchanges: no values.
//!
//! So many are looked at for one answer, so that a part can hold few items, or none, and the list still go
//! on. What is missing from a part is in its headers.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use axum::http::{HeaderName, HeaderValue};
use bartizan_model::{
    Action, ActorId, ActorRef, DetectionId, Direction, EndpointId, ExchangeId, Role, Severity,
    Timestamp,
};
use bartizan_store::{
    EndpointName, ExchangeFacts, ExchangeQuery, LatestExchanges, Page, Store,
    exchange_log::DecisionFact,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        call::Call,
        list::Listed,
        operation::{At, Header, Nothing, Operation},
        problem::Problem,
        reply::Reply,
    },
    output::csv::Record,
};

/// Blocks of the log that are looked into for one answer: a megabyte each, or less.
const BLOCKS: u32 = 48;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/exchanges", Role::Viewer).does_as_table(
            "exchanges",
            "listExchanges",
            "What is kept of exchanges, the last one first; a part can be short and still go on",
            list,
        )
        .telling(&MISSING),
        At::list("/detections/{id}/exchanges", Role::Viewer).does(
            "listDetectionExchanges",
            "The hostile exchanges that a detection names, the last one first, as far as they are kept",
            of_detection,
        )
        .telling(&MISSING),
    ]
}

/// Which exchanges. What is missing does not restrict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// The one with this id, as answers of the gateway name it (`incident`).
    id: Option<ExchangeId>,
    /// Of this endpoint, its aliases included.
    endpoint: Option<EndpointId>,
    /// Of this actor.
    actor: Option<ActorId>,
    /// At or after.
    since: Option<Timestamp>,
    /// Before.
    before: Option<Timestamp>,
    /// Whether they raised a detection. Those of which that was not kept are neither.
    hostile: Option<bool>,
    /// Whether they were refused or slowed down.
    refused: Option<bool>,
    /// Whether they would have been refused or slowed down if all was enforced, and were not.
    would_refuse: Option<bool>,
    /// Any of these methods.
    method: Vec<String>,
    /// Any of these classes of status.
    status_class: Vec<StatusClass>,
}

/// A class of status.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum StatusClass {
    /// Informational.
    #[serde(rename = "1xx")]
    Informational,
    /// Success.
    #[serde(rename = "2xx")]
    Success,
    /// Redirection.
    #[serde(rename = "3xx")]
    Redirection,
    /// An error of the client.
    #[serde(rename = "4xx")]
    ClientError,
    /// An error of the server.
    #[serde(rename = "5xx")]
    ServerError,
    /// There was no answer.
    #[serde(rename = "none")]
    NoAnswer,
}

impl StatusClass {
    fn of(status: Option<u16>) -> Option<Self> {
        match status {
            None => Some(Self::NoAnswer),
            Some(100..=199) => Some(Self::Informational),
            Some(200..=299) => Some(Self::Success),
            Some(300..=399) => Some(Self::Redirection),
            Some(400..=499) => Some(Self::ClientError),
            Some(500..=599) => Some(Self::ServerError),
            Some(_) => None,
        }
    }
}

impl Wanted {
    fn fits(&self, facts: &ExchangeFacts) -> bool {
        let fate = Fate::of(facts);
        let agrees = |wanted: Option<bool>, is: Option<bool>| wanted.is_none() || wanted == is;
        self.id.as_ref().is_none_or(|id| facts.id == *id)
            && agrees(self.hostile, fate.hostile)
            && agrees(self.refused, fate.refused)
            && agrees(self.would_refuse, fate.would_refuse)
            && (self.method.is_empty() || self.method.contains(&facts.method))
            && (self.status_class.is_empty()
                || StatusClass::of(facts.status).is_some_and(|c| self.status_class.contains(&c)))
    }
}

/// What became of an exchange; `None` where that was not kept.
#[derive(Clone, Copy, Default)]
struct Fate {
    hostile: Option<bool>,
    refused: Option<bool>,
    would_refuse: Option<bool>,
}

impl Fate {
    fn of(facts: &ExchangeFacts) -> Self {
        let Some(judged) = &facts.judged else { return Self::default() };
        let (refused, would) =
            (judged.applied >= Action::Challenge, judged.action >= Action::Challenge);
        Self {
            hostile: Some(!judged.codes.is_empty()),
            refused: Some(refused),
            would_refuse: Some(would && !refused),
        }
    }
}

/// An exchange, without any value that was in it.
#[derive(Serialize, JsonSchema)]
pub(super) struct ExchangeView {
    /// As answers of the gateway name it.
    id: ExchangeId,
    /// When the request arrived; `null` when the source has no times.
    time: Option<Timestamp>,
    /// Method.
    method: String,
    /// The endpoint; `null` for noise.
    endpoint_id: Option<EndpointId>,
    /// Host of the endpoint; `null` when it is not known any more.
    host: Option<String>,
    /// Path template of the endpoint; `null` when it is not known any more.
    path: Option<String>,
    /// What is called at the path, where that has several operations.
    operation: Option<String>,
    /// Status of the answer; `null` when none was seen.
    status: Option<u16>,
    /// Who called.
    actor_id: Option<ActorId>,
    /// Who that is; `null` when it is not known any more.
    actor: Option<ActorRef>,
    /// Bytes of the request body.
    request_bytes: u64,
    /// Bytes of the answer's body; `null` when none was seen.
    response_bytes: Option<u64>,
    /// From the first byte of the request to the last one of the answer, in milliseconds.
    duration_ms: Option<f64>,
    /// Data classes of its values.
    data_classes: Vec<ClassSeen>,
    /// How many values it had.
    values: u64,
    /// Names of the anomalies of decoding.
    anomalies: Vec<String>,
    /// What was not inspected, and why.
    not_inspected: Vec<String>,
    /// Whether it raised a detection; `null` where that was not kept.
    hostile: Option<bool>,
    /// Codes of the detections that it raised or added to; `null` where they were not kept.
    codes: Option<Vec<String>>,
    /// The worst severity among these.
    severity: Option<Severity>,
    /// What enforcement would do; `null` where that was not kept.
    action: Option<Action>,
    /// What was done; `null` where that was not kept.
    applied: Option<Action>,
    /// Whether it was refused or slowed down; `null` where that was not kept.
    refused: Option<bool>,
    /// Whether it would have been refused or slowed down if all was enforced, and was not; `null` where
    /// that was not kept.
    would_refuse: Option<bool>,
    /// What policies decided, in order, where that was more than to let pass.
    decisions: Vec<DecisionFact>,
    /// Decisions that are not among these because of a limit.
    decisions_left_out: u32,
}

impl Record for ExchangeView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "time",
        "method",
        "host",
        "path",
        "operation",
        "endpoint_id",
        "status",
        "actor_id",
        "actor",
        "request_bytes",
        "response_bytes",
        "duration_ms",
        "data_classes",
        "hostile",
        "codes",
        "severity",
        "action",
        "applied",
        "anomalies",
        "not_inspected",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let classes: BTreeSet<&str> = self.data_classes.iter().map(|c| c.class.as_str()).collect();
        let classes: Vec<&str> = classes.into_iter().collect();
        let id = |id: &Option<EndpointId>| id.as_ref().map(ToString::to_string);
        vec![
            self.id.as_str().into(),
            text(self.time),
            self.method.as_str().into(),
            text(self.host.as_deref()),
            text(self.path.as_deref()),
            text(self.operation.as_deref()),
            text(id(&self.endpoint_id)),
            text(self.status),
            text(self.actor_id.as_ref().map(ToString::to_string)),
            text(self.actor.as_ref().map(|actor| actor.label.as_str())),
            self.request_bytes.to_string().into(),
            text(self.response_bytes),
            text(self.duration_ms),
            classes.join("; ").into(),
            text(self.hostile),
            text(self.codes.as_ref().map(|codes| codes.join("; "))),
            text(self.severity.map(|severity| severity.as_str())),
            text(self.action.map(|action| action.as_str())),
            text(self.applied.map(|action| action.as_str())),
            self.anomalies.join("; ").into(),
            self.not_inspected.join("; ").into(),
        ]
    }
}

/// A cell; empty for what is not known.
fn text(value: Option<impl ToString>) -> Cow<'static, str> {
    value.map(|value| value.to_string()).unwrap_or_default().into()
}

/// A data class that was seen in an exchange.
#[derive(Serialize, JsonSchema)]
pub(super) struct ClassSeen {
    /// Which.
    class: String,
    /// Sent or answered.
    direction: Direction,
    /// In how many values.
    count: u64,
}

const LOOKED_AT: HeaderName = HeaderName::from_static("x-looked-at");
const DAMAGED_BLOCKS: HeaderName = HeaderName::from_static("x-damaged-blocks");
const ELSEWHERE: HeaderName = HeaderName::from_static("x-exchanges-elsewhere");

/// What is missing from a part.
static MISSING: [Header; 3] = [
    Header {
        name: LOOKED_AT,
        what: "How many exchanges were looked at for this part",
        kind: "integer",
    },
    Header {
        name: DAMAGED_BLOCKS,
        what: "How many blocks of the log cannot be read, so that what was in them is missing; left out for none",
        kind: "integer",
    },
    Header {
        name: ELSEWHERE,
        what: "`true` when other servers that share the store keep exchanges, which are not in it; else left out",
        kind: "boolean",
    },
];

async fn list(call: Call<Wanted, Nothing>) -> Result<Reply<Listed<ExchangeView>>, Problem> {
    let wanted = &call.query;
    let query = ExchangeQuery {
        since: wanted.since,
        before: wanted.before,
        endpoint: wanted.endpoint.clone(),
        actor: wanted.actor.clone(),
    };
    latest(&call, &query, &|facts| wanted.fits(facts)).await
}

async fn of_detection(
    call: Call<Nothing, Nothing>,
) -> Result<Reply<Listed<ExchangeView>>, Problem> {
    let (scope, id) = (&call.caller()?.scope, DetectionId::from_text(call.id.as_str()));
    let detection = call.api.store()?.detection(scope, &id).await?;
    let detection = detection.ok_or_else(Problem::not_found)?;
    let ids: BTreeSet<&ExchangeId> = detection.exchange_ids.iter().collect();
    // A detection begins with what raised it, which may be behind the first exchange that it names.
    let query = ExchangeQuery {
        before: detection.last_time.map(|last| Timestamp::from_micros(last.micros() + 1)),
        ..ExchangeQuery::default()
    };
    let mut listed = latest(&call, &query, &|facts| ids.contains(&facts.id)).await?;
    if listed.body.items.len() == ids.len() {
        listed.body.next = None;
    }
    Ok(listed)
}

/// A part of the exchanges that are asked for. Only those of the server itself are in its log.
async fn latest<Q: Sync, B: Sync>(
    call: &Call<Q, B>,
    query: &ExchangeQuery,
    wanted: &(dyn Fn(&ExchangeFacts) -> bool + Sync),
) -> Result<Reply<Listed<ExchangeView>>, Problem> {
    call.api.own(call.caller()?)?;
    let directory = call.api.0.directory.upgrade().ok_or_else(Problem::stopping)?;
    let found = directory.latest_exchanges(query, wanted, &call.part.page(), BLOCKS).await?;
    let has_elsewhere = directory.has_exchanges_elsewhere().await?;
    let LatestExchanges { records, damaged, looked_at, next } = found;
    let names = Names::of(directory.store(), &call.caller()?.scope, &records).await?;
    let items = records.into_iter().map(|facts| names.view(facts)).collect();
    let mut reply = Reply::from(Listed::from(Page { items, next }));
    reply = reply.with(LOOKED_AT, looked_at.into());
    if !damaged.is_empty() {
        reply = reply.with(DAMAGED_BLOCKS, damaged.len().into());
    }
    if has_elsewhere {
        reply = reply.with(ELSEWHERE, HeaderValue::from_static("true"));
    }
    Ok(reply)
}

/// What endpoints and actors of some exchanges are called.
struct Names {
    endpoints: BTreeMap<EndpointId, EndpointName>,
    actors: BTreeMap<ActorId, ActorRef>,
}

impl Names {
    async fn of(
        store: &dyn Store,
        scope: &bartizan_model::Scope,
        records: &[ExchangeFacts],
    ) -> Result<Self, Problem> {
        let endpoints: BTreeSet<_> = records.iter().filter_map(|r| r.endpoint.clone()).collect();
        let actors: BTreeSet<_> = records.iter().filter_map(|r| r.actor.clone()).collect();
        let endpoints: Vec<_> = endpoints.into_iter().collect();
        let actors: Vec<_> = actors.into_iter().collect();
        Ok(Self {
            endpoints: store.endpoint_names(scope, &endpoints).await?,
            actors: store.actor_names(scope, &actors).await?,
        })
    }

    fn view(&self, facts: ExchangeFacts) -> ExchangeView {
        let name = facts.endpoint.as_ref().and_then(|id| self.endpoints.get(id));
        let fate = Fate::of(&facts);
        let data_classes = classes(&facts);
        let judged = facts.judged.as_ref();
        ExchangeView {
            time: facts.time,
            method: facts.method,
            host: name.map(|name| name.host.clone()),
            path: name.map(|name| name.path.clone()),
            operation: name.and_then(|name| name.operation.clone()),
            endpoint_id: facts.endpoint,
            status: facts.status,
            actor: facts.actor.as_ref().and_then(|id| self.actors.get(id)).cloned(),
            actor_id: facts.actor,
            request_bytes: facts.request_bytes,
            response_bytes: facts.response_bytes,
            duration_ms: facts.duration_micros.map(|micros| micros as f64 / 1e3),
            data_classes,
            values: facts.fields.len() as u64 + u64::from(facts.fields_left_out),
            anomalies: facts.anomalies,
            not_inspected: facts.not_inspected,
            hostile: fate.hostile,
            codes: judged.map(|judged| judged.codes.clone()),
            severity: judged.and_then(|judged| judged.severity),
            action: judged.map(|judged| judged.action),
            applied: judged.map(|judged| judged.applied),
            refused: fate.refused,
            would_refuse: fate.would_refuse,
            decisions: facts.decisions,
            decisions_left_out: facts.decisions_left_out,
            id: facts.id,
        }
    }
}

fn classes(facts: &ExchangeFacts) -> Vec<ClassSeen> {
    let mut counts: BTreeMap<(&str, bool), u64> = BTreeMap::new();
    for field in &facts.fields {
        let is_answered = Direction::from(field.side) == Direction::Response;
        for class in &field.classes {
            *counts.entry((class, is_answered)).or_default() += 1;
        }
    }
    let seen = counts.into_iter().map(|((class, is_answered), count)| ClassSeen {
        class: class.to_owned(),
        direction: if is_answered { Direction::Response } else { Direction::Request },
        count,
    });
    seen.collect()
}
