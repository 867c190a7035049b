//! The table of raw requests (`tests/differential`) against Bartizan.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bartizan_gateway::{AllowAll, Config, Gateway, Handover, Running};

use crate::table::{
    Case, cases,
    fire::{Outcome, Patience, fire},
    origin::Origin,
};

/// Total for a head and for a body here.
const DEADLINE: Duration = Duration::from_millis(500);

const PATIENCE: Patience = Patience {
    first: Duration::from_secs(10),
    quiet: Duration::from_millis(80),
    slow: Duration::from_secs(5),
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_ambiguous_is_forwarded() {
    let mut cases = cases().unwrap();
    assert!(cases.iter().filter(|case| case.http2.is_empty()).count() >= 60);
    assert!(cases.iter().filter(|case| !case.http2.is_empty()).count() >= 30);
    // First those of which nothing goes on, so that no connection is there that they could use.
    cases.sort_by_key(|case| !case.forwarded.is_empty());
    let origin = Origin::start("127.0.0.1:0").unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let mut config = Config::simple(listen, origin.address.to_string());
    config.deadlines.client.head = DEADLINE;
    config.deadlines.request_body = DEADLINE;
    let running = Gateway::start(&config, Arc::new(AllowAll), Handover::none()).await.unwrap();
    let failures = tokio::task::spawn_blocking(move || {
        cases.iter().filter_map(|case| failure(case, &running, &origin)).collect::<Vec<_>>()
    });
    let failures = failures.await.unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What is wrong about a case, if anything is.
fn failure(case: &Case, running: &Running, origin: &Origin) -> Option<String> {
    assert!(!case.source.is_empty());
    let address: SocketAddr = running.addresses()[0];
    let refused_before = refusals(case, running);
    let outcome = fire(case, (address, address), origin, PATIENCE).unwrap();
    let good = outcome.forwarded == case.forwarded
        && outcome.broken_off == 0
        && statuses_fit(case, &outcome)
        && reason_fits(case, &outcome)
        && refusals(case, running) == refused_before + u64::from(counted_as(case).is_some())
        && (!case.forwarded.is_empty() || origin.connections() == 0);
    (!good).then(|| format!("{}: {case:?}\n  {outcome:?}", case.name))
}

fn statuses_fit(case: &Case, outcome: &Outcome) -> bool {
    let answered = case.forwarded.iter().map(|_| "200");
    let last = case.refused.as_deref().or(case.cut.as_deref());
    let last = last.map(|text| text.split(' ').next().unwrap_or_default());
    answered.chain(last).eq(outcome.statuses.iter().map(String::as_str))
}

/// What is refused says why and under which id it can be looked up; over HTTP/1 the connection ends
/// with it. What is slow is cut in time.
fn reason_fits(case: &Case, outcome: &Outcome) -> bool {
    let Some(last) = case.refused.as_deref().or(case.cut.as_deref()) else { return true };
    let Some((_, code)) = last.split_once(' ') else { return !case.http2.is_empty() };
    let Some((_, document)) = outcome.text.rsplit_once("{\"type\":") else { return false };
    let incident = document.split_once("\"incident\":\"").map(|(_, id)| id.trim_end());
    let incident = incident.and_then(|id| id.strip_suffix("\"}")).unwrap_or_default();
    document.contains(&format!("\"code\":\"{code}\""))
        && incident.len() == 32
        && incident.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (outcome.is_closed || !case.http2.is_empty())
        && (case.cut.is_none() || outcome.took < DEADLINE * 4)
}

/// The code under which a refusal is counted. What the HTTP/2 library refuses by itself has none.
fn counted_as(case: &Case) -> Option<&str> {
    case.refused.as_deref()?.split_once(' ').map(|(_, code)| code)
}

fn refusals(case: &Case, running: &Running) -> u64 {
    let Some(code) = counted_as(case) else { return 0 };
    let line = format!("bartizan_gateway_refusals_total{{reason=\"{code}\"}} ");
    let metrics = running.metrics();
    let count = metrics.lines().find_map(|metric| metric.strip_prefix(&line));
    count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no {line}in {metrics}"))
}
