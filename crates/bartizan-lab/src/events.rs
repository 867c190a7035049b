//! Server-sent events: what happened to a shipment, and what happens next.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::Response,
    response::{
        IntoResponse as _,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;

use crate::{
    call::Problem,
    db::{int, text},
    flaws::{configuration::error_details, objects::events_follow},
    lab::Lab,
    rest::shipments,
    server,
};

/// Messages of one stream before it ends; clients connect again.
const MAX_EVENTS: usize = 1000;

/// GET `/api/v1/events?shipment=…`.
pub(crate) async fn stream(State(lab): State<Arc<Lab>>, request: Request) -> Response<Body> {
    match open(&lab, request).await {
        Ok(answer) => answer,
        Err(problem) => problem.answer(lab.has(&error_details::FLAW)),
    }
}

async fn open(lab: &Lab, request: Request) -> Result<Response<Body>, Problem> {
    let call = server::read(lab, request).await?;
    let id: i64 = call.asked("shipment").parse().map_err(|_| Problem::missing())?;
    let row = shipments::any(lab, id).await?;
    if !shipments::visible(lab, call.user()?, &row).await? && !lab.has(&events_follow::FLAW) {
        return Err(Problem::missing());
    }
    let sql = "select id, kind, text from events where shipment = ? order by id limit 100";
    let past: Vec<Event> = lab
        .db
        .all(sql, &[json!(id)])
        .await?
        .iter()
        .map(|event| {
            let number = int(event, "id").to_string();
            Event::default()
                .id(number)
                .event(text(event, "kind"))
                .data(text(event, "text").replace(['\r', '\n'], " "))
        })
        .collect();
    let reference = text(&row, "reference").to_owned();
    let live = stream::unfold((lab.live.subscribe(), reference), |(mut live, reference)| async {
        loop {
            let news = live.recv().await.ok()?;
            if news.text.starts_with(&reference) {
                let event =
                    Event::default().event("live").data(news.text.replace(['\r', '\n'], " "));
                return Some((event, (live, reference)));
            }
        }
    });
    let all = stream::iter(past).chain(live).take(MAX_EVENTS).map(Ok::<_, Infallible>);
    Ok(Sse::new(all).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response())
}
