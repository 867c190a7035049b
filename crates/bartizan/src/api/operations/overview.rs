//! Everything at a glance.

use bartizan_model::{Endpoint, Incident, Role, Scope, Timestamp, analysis::Summary};
use bartizan_store::{
    Changes, Counts, DataClassSpread, EndpointFilter, EndpointOrder, IncidentFilter, PageRequest,
    Resolution, Store, TrafficBucket,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        call::Call,
        operation::{At, Nothing, Operation},
        problem::Problem,
        reply::Reply,
    },
    serve::Figures,
};

/// Incidents and endpoints that are shown at a glance.
const AT_A_GLANCE: u32 = 5;
/// Traffic is shown for so long, in seconds.
const TRAFFIC: i64 = 86_400;

pub(super) fn operations() -> Vec<Operation> {
    vec![At::get("/overview", Role::Viewer).does(
        "getOverview",
        "What there is and what needs somebody",
        overview,
    )]
}

/// What is told beside.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Also what changed at or after this time.
    since: Option<Timestamp>,
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
    /// What became of the exchanges of the last 24 hours, also of those before the server began.
    traffic: Traffic,
    /// Data classes and on how many endpoints they are seen, most first.
    data_classes: Vec<DataClassSpread>,
    /// What changed since the time that was asked for; `null` when none was.
    changes: Option<Changes>,
}

/// What became of exchanges over time. All gateways that share the store count; what they did in the last
/// seconds is not in it yet.
#[derive(Serialize, JsonSchema)]
pub(super) struct Traffic {
    /// Where it begins: at the beginning of a bucket.
    since: Timestamp,
    /// Length of a bucket, in seconds: fine as long as there is only what a gateway did lately.
    seconds: u32,
    /// In order. Times without exchanges are missing.
    buckets: Vec<TrafficBucket>,
}

async fn overview(call: Call<Wanted, Nothing>) -> Result<Reply<Overview>, Problem> {
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
        traffic: traffic(&*store, scope).await?,
        data_classes: store.data_classes(scope).await?,
        changes: match call.query.since {
            Some(since) => Some(store.changes_since(scope, since).await?),
            None => None,
        },
    };
    Ok(overview.into())
}

async fn traffic(store: &dyn Store, scope: &Scope) -> Result<Traffic, Problem> {
    let now = crate::serve::now().seconds();
    let (fine, coarse) = (Resolution::FINE, Resolution::COARSE);
    let since = coarse.bucket(Timestamp::from_seconds(now - TRAFFIC));
    let buckets = store.traffic_since(scope, coarse, since).await?;
    let Some(first) = buckets.first().filter(|first| first.time.seconds() > now - fine.kept) else {
        return Ok(Traffic { since, seconds: coarse.seconds, buckets });
    };
    let buckets = store.traffic_since(scope, fine, first.time).await?;
    let since = buckets.first().map_or(first.time, |first| first.time);
    Ok(Traffic { since, seconds: fine.seconds, buckets })
}
