//! What happens, as it happens (server-sent events, HTML Living Standard §9.2).

use std::{convert::Infallible, time::Duration};

use axum::{
    http::StatusCode,
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use bartizan_model::Role;
use futures_util::stream;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, timeout_at},
};

use crate::{
    api::{
        call::Call,
        operation::{At, Nothing, Operation},
        problem::Problem,
    },
    serve::LiveExchange,
};

/// How many may watch at one time.
const WATCHERS: usize = 16;
/// A stream ends after so long; whoever goes on watching is asked anew who they are.
const LONGEST: Duration = Duration::from_secs(900);
/// A sign of life comes this often; the listener closes connections on which nothing happens.
const ALIVE: Duration = Duration::from_secs(3);

pub(super) fn operations() -> Vec<Operation> {
    vec![At::get("/events", Role::Viewer).streams::<LiveExchange, _, _>(
        "watchEvents",
        "Exchanges as they are judged: events `exchange`, and `missed` with how many were not told",
        watch,
    )]
}

async fn watch(call: Call<Nothing, Nothing>) -> Result<Response, Problem> {
    call.api.own(call.caller()?)?;
    let watch = &call.api.0.server.watch;
    if watch.watchers() >= WATCHERS {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many watch already");
        return Err(problem.after(10));
    }
    let end = Instant::now() + LONGEST;
    let events = stream::unfold(watch.subscribe(), move |mut receiver| async move {
        let event = timeout_at(end, next(&mut receiver)).await.ok()??;
        Some((Ok::<_, Infallible>(event), receiver))
    });
    let alive = KeepAlive::new().interval(ALIVE).text("alive");
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

async fn next(receiver: &mut Receiver<LiveExchange>) -> Option<Event> {
    match receiver.recv().await {
        Ok(exchange) => Event::default().event("exchange").json_data(&exchange).ok(),
        Err(RecvError::Lagged(count)) => {
            Some(Event::default().event("missed").data(format!("{{\"count\":{count}}}")))
        }
        Err(RecvError::Closed) => None,
    }
}
