//! The table of raw requests (`tests/differential`) against Bartizan.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bartizan_gateway::{AllowAll, Config, Gateway, Handover};

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
    let cases = cases().unwrap();
    assert!(cases.iter().filter(|case| case.http2.is_empty()).count() >= 60);
    assert!(cases.iter().filter(|case| !case.http2.is_empty()).count() >= 30);
    let origin = Origin::start("127.0.0.1:0").unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let mut config = Config::simple(listen, origin.address.to_string());
    config.deadlines.client.head = DEADLINE;
    config.deadlines.request_body = DEADLINE;
    let running = Gateway::start(&config, Arc::new(AllowAll), Handover::none()).await.unwrap();
    let address = running.addresses()[0];
    let failures = tokio::task::spawn_blocking(move || {
        cases.iter().filter_map(|case| failure(case, address, &origin)).collect::<Vec<_>>()
    });
    let failures = failures.await.unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What is wrong about a case, if anything is.
fn failure(case: &Case, address: SocketAddr, origin: &Origin) -> Option<String> {
    assert!(!case.source.is_empty());
    let outcome = fire(case, (address, address), origin, PATIENCE).unwrap();
    let good = outcome.forwarded == case.forwarded
        && outcome.broken_off == 0
        && statuses_fit(case, &outcome)
        && code_fits(case, &outcome);
    (!good).then(|| format!("{}: {case:?}\n  {outcome:?}", case.name))
}

fn statuses_fit(case: &Case, outcome: &Outcome) -> bool {
    let answered = case.forwarded.iter().map(|_| "200");
    let last = case.refused.as_deref().or(case.cut.as_deref());
    let last = last.map(|text| text.split(' ').next().unwrap_or_default());
    answered.chain(last).eq(outcome.statuses.iter().map(String::as_str))
}

/// On HTTP/1 what is refused says why, and closes the connection; what is slow is cut in time.
fn code_fits(case: &Case, outcome: &Outcome) -> bool {
    let Some(last) = case.refused.as_deref().or(case.cut.as_deref()) else { return true };
    let Some((_, code)) = last.split_once(' ') else { return !case.http2.is_empty() };
    outcome.is_closed
        && outcome.text.contains(&format!("\"code\":\"{code}\""))
        && (case.cut.is_none() || outcome.took < DEADLINE * 4)
}
