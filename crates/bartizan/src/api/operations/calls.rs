//! How often endpoints were called, in two periods.

use std::collections::BTreeMap;

use bartizan_model::{EndpointId, Role, Timestamp};
use bartizan_store::{CallsCompared, Period, PeriodPair};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{
    call::Call,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

/// Most endpoints of one answer: the order of memory is that of the answer.
const MOST: usize = 20_000;
/// Most endpoints of which each bucket is told.
const MOST_OVER_TIME: usize = 100;

pub(super) fn operations() -> Vec<Operation> {
    vec![At::get("/endpoints/calls", Role::Viewer).does(
        "getEndpointCalls",
        "How often endpoints were called in a period that ends now, and in the one before it",
        calls,
    )]
}

/// Which endpoints and when.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// How long each of the two periods is; a day when it is not said.
    period: Period,
    /// These endpoints, at most 100, also those that were not called, with each bucket. Without any: all that were
    /// called, without buckets.
    #[schemars(length(max = 100))]
    endpoint: Vec<EndpointId>,
}

/// How often endpoints were called. Counted are exchanges of which facts were kept, by their own time; what
/// a gateway did in the last seconds is not among them yet.
#[derive(Serialize, JsonSchema)]
pub(super) struct EndpointCalls {
    /// How long each of the two periods is.
    period: Period,
    /// Length of a bucket, in seconds.
    seconds: u32,
    /// Where the period before begins.
    from: Timestamp,
    /// Where it ends and the other one begins.
    middle: Timestamp,
    /// Where that ends: at the end of the bucket that is being filled.
    until: Timestamp,
    /// When the first of the calls was that are still counted; `null` when none is.
    counted_since: Option<Timestamp>,
    /// Whether calls were counted before both periods began. Otherwise an endpoint without calls in the
    /// period before may have been called and not seen.
    is_covered: bool,
    /// By endpoint.
    items: Vec<CallsOf>,
    /// Whether these are all that were called; at most 20,000 are told.
    is_all: bool,
}

/// How often an endpoint was called.
#[derive(Serialize, JsonSchema)]
pub(super) struct CallsOf {
    /// Which.
    endpoint_id: EndpointId,
    /// In the period before.
    before: u64,
    /// In the period that ends now.
    now: u64,
    /// In each bucket of both, in order; `null` when no endpoints were named.
    buckets: Option<Vec<u64>>,
}

async fn calls(call: Call<Wanted, Nothing>) -> Result<Reply<EndpointCalls>, Problem> {
    let (scope, store) = (&call.caller()?.scope, call.api.store()?);
    let Wanted { period, endpoint: ids } = &call.query;
    if ids.len() > MOST_OVER_TIME {
        return Err(Problem::invalid(format!("name at most {MOST_OVER_TIME} endpoints")));
    }
    let periods = period.until(crate::serve::now());
    let (items, is_all) = if ids.is_empty() {
        let all = store.calls_compared(scope, &periods).await?;
        let is_all = all.len() <= MOST;
        (all.into_iter().take(MOST).map(CallsOf::compared).collect(), is_all)
    } else {
        let all = store.calls_over_time(scope, &periods, ids).await?;
        (over_time(all, &periods), true)
    };
    let counted_since = store.calls_since(scope).await?;
    Ok(Reply::from(EndpointCalls {
        period: *period,
        seconds: period.resolution().seconds,
        from: periods.from,
        middle: periods.middle,
        until: periods.until,
        counted_since,
        is_covered: counted_since.is_some_and(|since| since <= periods.from),
        items,
        is_all,
    }))
}

impl CallsOf {
    fn compared((endpoint_id, CallsCompared { before, now }): (EndpointId, CallsCompared)) -> Self {
        Self { endpoint_id, before, now, buckets: None }
    }
}

fn over_time(all: BTreeMap<EndpointId, Vec<u64>>, periods: &PeriodPair) -> Vec<CallsOf> {
    let middle = periods.period.buckets() as usize;
    let sum = |buckets: &mut dyn Iterator<Item = &u64>| {
        buckets.fold(0, |sum: u64, one| sum.saturating_add(*one))
    };
    let one = |(endpoint_id, buckets): (EndpointId, Vec<u64>)| CallsOf {
        endpoint_id,
        before: sum(&mut buckets.iter().take(middle)),
        now: sum(&mut buckets.iter().skip(middle)),
        buckets: Some(buckets),
    };
    all.into_iter().map(one).collect()
}
