//! The administration listener: whether it works, figures, and the administration API and the dashboard.
//! It answers only requests that name it by an address of its own or a configured host name, so that a page in a
//! browser cannot reach it through a name that it controls (DNS rebinding).

mod dashboard;
mod door;
mod receiver_metrics;
mod sink_metrics;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use bartizan_gateway::{Running, policy::Enforcement};
use bartizan_pipeline::{live::Counters, sinks::Couriers, sources::receivers::Receivers};
use prometheus_client::{encoding::text::encode_registry, registry::Registry};
use tokio::{net::TcpListener, sync::watch};

pub(crate) use self::door::Closed;
use self::door::Door;
use super::{ServeError, figures::Figures};
use crate::{api::Api, config::gateway::AdminConfig};

#[derive(Clone)]
struct Shared {
    gateway: Arc<Running>,
    counters: Arc<Counters>,
    policies: Arc<Registry>,
    hosts: Arc<Vec<String>>,
    closed: Arc<Closed>,
    sinks: Arc<Couriers>,
    receivers: Arc<Receivers>,
}

/// A listener that serves until it is stopped.
pub(super) struct Admin {
    address: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Admin {
    pub(super) async fn start(
        config: &AdminConfig,
        gateway: Arc<Running>,
        enforcement: &Enforcement,
        counters: Arc<Counters>,
        api: &Api,
        (sinks, receivers, closed): (Arc<Couriers>, Arc<Receivers>, Arc<Closed>),
    ) -> Result<Self, ServeError> {
        let fail = |source| ServeError::Admin { address: config.listen.clone(), source };
        let listener = TcpListener::bind(&config.listen).await.map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        if !address.ip().is_loopback() {
            anstream::eprintln!(
                "warning: {address} serves health and metrics to everybody who reaches it, and \
                 passwords and cookies go over it in the clear; metrics name services, policies and \
                 upstreams"
            );
        }
        let mut hosts: Vec<String> = config.hosts.iter().map(|h| h.to_ascii_lowercase()).collect();
        hosts.push(match address.ip() {
            std::net::IpAddr::V4(ip) => ip.to_string(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        });
        let mut registry = Registry::with_prefix("bartizan_gateway");
        enforcement.register(&mut registry);
        let policies = Arc::new(registry);
        let most = config.connections as usize;
        let longest = Duration::from_secs(u64::from(config.request_seconds));
        let door = Door::new(listener, most, longest, Arc::clone(&closed));
        let hosts = Arc::new(hosts);
        let shared = Shared { gateway, counters, policies, hosts, closed, sinks, receivers };
        let app = Router::new()
            .route("/healthz", get(health))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(shared.clone())
            .merge(api.router())
            .fallback(dashboard::answer)
            .layer(middleware::from_fn_with_state(shared, known_host));
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(door.serve(app, stopped));
        Ok(Self { address, stop })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn stop(self) {
        self.stop.send_replace(true);
    }
}

async fn known_host(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let name = host.and_then(|host| host.parse::<Authority>().ok());
    let known = name.is_some_and(|name| {
        let name = name.host().to_ascii_lowercase();
        shared.hosts.contains(&name)
    });
    if known {
        let mut response = next.run(request).await;
        // No answer is ever anything else than it says, for example a script.
        let nosniff = HeaderValue::from_static("nosniff");
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
        response
    } else {
        let title = "this name is not one of admin.hosts";
        let body = Json(serde_json::json!({"title": title, "status": 421}));
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (StatusCode::MISDIRECTED_REQUEST, kind, body).into_response()
    }
}

/// Whether the process works.
async fn health() -> &'static str {
    "ok\n"
}

/// Whether it should be sent new connections (503 from when it is asked to stop), and how much of the
/// traffic was judged.
async fn ready(State(shared): State<Shared>) -> (StatusCode, Json<Figures>) {
    let Shared { gateway, counters, sinks, receivers, .. } = &shared;
    let mut figures = Figures::of(gateway, counters, sinks, receivers);
    // What a sink said is for who is logged in.
    figures.sinks.iter_mut().for_each(|sink| sink.last_error.clear());
    let status = if figures.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(figures))
}

/// OpenMetrics text: the gateway's, then those of the judgement.
async fn metrics(State(shared): State<Shared>) -> Response {
    let mut text = shared.gateway.metrics();
    // One exposition has one end.
    if let Some(at) = text.rfind("# EOF") {
        text.truncate(at);
    }
    if encode_registry(&mut text, &shared.policies).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let (counters, closed) = (&shared.counters, &shared.closed);
    for (name, help, counter) in [
        ("exchanges_judged", "Exchanges that were judged", &counters.judged),
        ("exchanges_hostile", "Exchanges that raised a detection", &counters.hostile),
        (
            "exchanges_would_block",
            "Exchanges that the judgement or an inline policy would refuse or slow down if enforced, or did",
            &counters.would_block,
        ),
        (
            "exchanges_partly_inspected",
            "Exchanges of which a part was not inspected",
            &counters.partly_inspected,
        ),
        ("store_steps", "Steps of results that were kept", &counters.kept),
        ("store_step_failures", "Steps of results that could not be kept", &counters.keep_failures),
        ("exchange_facts_lost", "Facts of exchanges that could not be kept", &counters.facts_lost),
        (
            "exchange_facts_removed",
            "Facts of earlier exchanges that made room on a full disk",
            &counters.facts_removed,
        ),
        ("capture_lost", "Exchanges that are missing from the capture", &counters.capture_lost),
        (
            "exchanges_told_again",
            "Exchanges that another source had told of, and that do not count again",
            &counters.copies,
        ),
        (
            "exchange_ids_forgotten",
            "Ids of exchanges that were forgotten early: copies of those count again",
            &counters.ids_forgotten,
        ),
        (
            "admin_connections_displaced",
            "Connections to the administration listener closed for newer ones",
            &closed.displaced,
        ),
        (
            "admin_connections_late",
            "Connections to the administration listener closed because a request took too long",
            &closed.late,
        ),
    ] {
        let value = counter.load(Relaxed);
        text.push_str(&format!(
            "# HELP bartizan_{name} {help}.\n# TYPE bartizan_{name} counter\nbartizan_{name}_total {value}\n"
        ));
    }
    sink_metrics::of_sinks(&mut text, &shared.sinks.figures());
    receiver_metrics::of_receivers(&mut text, &shared.receivers.figures());
    text.push_str("# EOF\n");
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
