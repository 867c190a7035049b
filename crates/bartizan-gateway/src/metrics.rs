//! Counters for the operator. Everything that a limit drops, refuses or leaves uninspected is here.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::{
    budget::Bound,
    call::{Call, Outcome},
    head::Refusal,
    phases::Streamed,
    shared::Shared,
    snapshot::CompiledService,
};

pub(crate) type Labels = Vec<(&'static str, String)>;

/// Upper bounds of the duration histogram, in seconds.
const DURATIONS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

const REQUEST_BODY: &str = "request_body_bytes";
const RESPONSE_BODY: &str = "response_body_bytes";
/// Refusals for a limit, and its key.
const REFUSED: [(Refusal, &str); 4] = [
    (Refusal::HeadTooLong, "head.head_bytes"),
    (Refusal::TargetTooLong, "head.target_bytes"),
    (Refusal::TooManyFields, "head.fields"),
    (Refusal::FieldTooLong, "head.field_bytes"),
];
/// Codes of answers for a limit, and its key.
const REPLIED: [(&str, &str); 4] = [
    ("body-too-large", REQUEST_BODY),
    ("response-too-large", RESPONSE_BODY),
    ("response-head-too-large", "response_head_bytes"),
    ("response-no-room", "buffered_bytes"),
];

/// The counters of a gateway.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    exchanges: Family<Labels, Counter>,
    replies: Family<Labels, Counter>,
    refusals: Vec<Counter>,
    streamed: Vec<[Counter; 2]>,
    bounds: [Counter; Bound::ALL.len()],
    duration: Histogram,
    pub(crate) aborted: Counter,
    pub(crate) retries: Counter,
    pub(crate) accepted: Counter,
    pub(crate) capped: Counter,
    pub(crate) accept_errors: Counter,
    pub(crate) handshake_failures: Counter,
    certificates_refused: Family<Labels, Counter>,
    recordings_cut: Counter,
    pub(crate) trailers_removed: Counter,
    pub(crate) websocket_messages: Counter,
    pub(crate) websocket_violations: Counter,
    pub(crate) websocket_revoked: Counter,
    pub(crate) reloads: Counter,
    pub(crate) reload_failures: Counter,
    open: Gauge,
    under_way: Gauge,
    buffered: Gauge,
    handover_dropped: Counter,
    log_dropped: Counter,
    upstream: Family<Labels, Gauge>,
    /// What services found out about their upstreams.
    members: Family<Labels, Gauge>,
    events: Family<Labels, Counter>,
    /// What becomes of requests that go out.
    pub(crate) egress: Family<Labels, Counter>,
    /// Held while figures are brought up to date and written: two who do so would count twice.
    rendering: Mutex<()>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("bartizan_gateway");
        let refused: Family<Labels, Counter> = Family::default();
        let refusals = Refusal::ALL.iter().map(|refusal| {
            refused.get_or_create_owned(&vec![("reason", refusal.code().to_owned())])
        });
        let uninspected: Family<Labels, Counter> = Family::default();
        let streamed = Streamed::ALL.iter().map(|why| {
            ["request", "response"].map(|side| {
                let labels = vec![("reason", why.code().to_owned()), ("side", side.to_owned())];
                uninspected.get_or_create_owned(&labels)
            })
        });
        let bounded: Family<Labels, Counter> = Family::default();
        let bounds = Bound::ALL
            .map(|bound| bounded.get_or_create_owned(&vec![("limit", bound.limit().to_owned())]));
        let metrics = Self {
            bounds,
            refusals: refusals.collect(),
            streamed: streamed.collect(),
            exchanges: Family::default(),
            replies: Family::default(),
            duration: Histogram::new(DURATIONS),
            aborted: Counter::default(),
            retries: Counter::default(),
            accepted: Counter::default(),
            capped: Counter::default(),
            accept_errors: Counter::default(),
            handshake_failures: Counter::default(),
            certificates_refused: Family::default(),
            recordings_cut: Counter::default(),
            trailers_removed: Counter::default(),
            websocket_messages: Counter::default(),
            websocket_violations: Counter::default(),
            websocket_revoked: Counter::default(),
            reloads: Counter::default(),
            reload_failures: Counter::default(),
            open: Gauge::default(),
            under_way: Gauge::default(),
            buffered: Gauge::default(),
            handover_dropped: Counter::default(),
            log_dropped: Counter::default(),
            upstream: Family::default(),
            members: Family::default(),
            events: Family::default(),
            egress: Family::default(),
            rendering: Mutex::default(),
            registry: Registry::default(),
        };
        registry.register("refusals", "Requests refused for their form", refused);
        registry.register("streamed", "Bodies passed on without being inspected", uninspected);
        registry.register("limit_refusals", "Requests refused because a limit is reached", bounded);
        metrics.register(&mut registry);
        Self { registry, ..metrics }
    }

    fn register(&self, registry: &mut Registry) {
        let families = [
            ("exchanges", "Finished exchanges", &self.exchanges),
            ("replies", "Answers of the gateway itself", &self.replies),
            ("egress", "Requests and tunnels that go out, and why they do not", &self.egress),
            ("service_events", "Canaries, copies, breakers and retries", &self.events),
            (
                "client_certificates_refused",
                "Handshakes and requests refused for the certificate of the client",
                &self.certificates_refused,
            ),
        ];
        for (name, help, family) in families {
            registry.register(name, help, family.clone());
        }
        let counters = [
            ("aborted", "Exchanges whose client went away", &self.aborted),
            ("retries", "Requests sent once more", &self.retries),
            ("connections_accepted", "Client connections accepted", &self.accepted),
            ("connections_capped", "Client connections closed by a cap", &self.capped),
            ("accept_errors", "Failures to accept a connection", &self.accept_errors),
            ("handshake_failures", "Failed TLS and PROXY handshakes", &self.handshake_failures),
            (
                "recordings_cut",
                "Streamed bodies kept in part for want of room",
                &self.recordings_cut,
            ),
            ("trailers_removed", "Answers whose trailers lost fields", &self.trailers_removed),
            ("websocket_messages", "WebSocket messages passed on", &self.websocket_messages),
            ("websocket_violations", "WebSockets closed for a rule", &self.websocket_violations),
            (
                "websocket_revoked",
                "WebSockets closed: not let in any more",
                &self.websocket_revoked,
            ),
            ("reloads", "Configurations taken over", &self.reloads),
            ("reload_failures", "Configurations refused", &self.reload_failures),
            ("handover_dropped", "Exchanges not handed over: queue full", &self.handover_dropped),
            ("access_log_dropped", "Access log lines not written", &self.log_dropped),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        registry.register("connections", "Open client connections", self.open.clone());
        registry.register("exchanges_open", "Exchanges under way", self.under_way.clone());
        registry.register("buffered_bytes", "Bytes of bodies held", self.buffered.clone());
        registry.register("upstream", "State of each upstream", self.upstream.clone());
        let members = self.members.clone();
        registry.register("service_upstream", "What a service knows of an upstream", members);
        let duration = self.duration.clone();
        registry.register("duration_seconds", "From request head to end of response", duration);
    }

    /// The counter of exchanges of a service with a class of status (0 for none, 1 to 5).
    pub(crate) fn exchanges_of(&self, service: &str, class: usize) -> Counter {
        let class = if class == 0 { "none".to_owned() } else { format!("{class}xx") };
        let labels = vec![("service", service.to_owned()), ("status", class)];
        self.exchanges.get_or_create_owned(&labels)
    }

    /// The counter of something that happens to requests of a service.
    pub(crate) fn event_of(&self, service: &str, event: &'static str) -> Counter {
        let labels = vec![("service", service.to_owned()), ("event", event.to_owned())];
        self.events.get_or_create_owned(&labels)
    }

    /// Counts a certificate of a client that was refused.
    pub(crate) fn certificate_refused(&self, reason: &'static str) {
        self.certificates_refused.get_or_create(&vec![("reason", reason.to_owned())]).inc();
    }

    /// Counts a finished exchange.
    pub(crate) fn exchange(&self, call: &Call) {
        self.duration.observe(call.ended.duration_since(call.began).as_secs_f64());
        let class = call.status.map_or(0, |status| usize::from(status.as_u16() / 100).min(5));
        let counters = match call.service {
            Some(at) => &call.snapshot.services[at].exchanges,
            None => &call.snapshot.unrouted,
        };
        counters[class].inc();
        if let Outcome::Replied(code) = call.outcome {
            self.replies.get_or_create(&vec![("code", code.to_owned())]).inc();
        }
        for (side, body) in [&call.request_body, &call.response_body].into_iter().enumerate() {
            if let Some(why) = body.streamed {
                self.streamed[why as usize][side].inc();
            }
            if body.is_cut {
                self.recordings_cut.inc();
            }
            if let Some(refusal) = body.refusal {
                self.refusal(refusal);
            }
        }
    }

    /// Counts a request that is refused at a bound.
    pub(crate) fn bound(&self, bound: Bound) {
        self.bounds[bound as usize].inc();
    }

    pub(crate) fn refusal(&self, refusal: Refusal) {
        self.refusals[refusal as usize].inc();
    }

    /// How often each limit was reached, under its key in [`Config::limits`](crate::Config::limits).
    pub(crate) fn limits(&self) -> BTreeMap<&'static str, u64> {
        let mut reached = BTreeMap::new();
        let mut add = |limit, count: u64| *reached.entry(limit).or_default() += count;
        for bound in Bound::ALL {
            add(bound.limit(), self.bounds[bound as usize].get());
        }
        for (refusal, limit) in REFUSED {
            add(limit, self.refusals[refusal as usize].get());
        }
        for (code, limit) in REPLIED {
            let replies = self.replies.get(&vec![("code", code.to_owned())]);
            add(limit, replies.map_or(0, |replies| replies.get()));
        }
        let [request, response] = &self.streamed[Streamed::TooLarge as usize];
        add(REQUEST_BODY, request.get());
        add(RESPONSE_BODY, response.get());
        add(Bound::Bytes.limit(), self.streamed[Streamed::NoRoom as usize][1].get());
        add("connections", self.capped.get());
        reached
    }

    /// The text that a scraper reads (OpenMetrics).
    pub(crate) fn render(&self, shared: &Shared) -> String {
        let _alone = self.rendering.lock().unwrap_or_else(PoisonError::into_inner);
        self.open.set(i64::try_from(shared.connections.open()).unwrap_or(i64::MAX));
        self.under_way.set(i64::try_from(shared.exchanges.used()).unwrap_or(i64::MAX));
        self.buffered.set(i64::try_from(shared.budget.used()).unwrap_or(i64::MAX));
        raise(&self.handover_dropped, shared.handover.dropped());
        raise(&self.log_dropped, shared.access_log.as_ref().map_or(0, |log| log.dropped()));
        // Those that nobody asks any more are not shown.
        self.upstream.clear();
        for upstream in shared.snapshot.load().upstreams() {
            let set = |what: &str, value: u64| {
                let labels = vec![("upstream", upstream.name.to_string()), ("value", what.into())];
                self.upstream.get_or_create(&labels).set(i64::try_from(value).unwrap_or(i64::MAX));
            };
            set("busy", upstream.busy_now() as u64);
            set("open", upstream.open_now() as u64);
            set("idle", upstream.idle_now() as u64);
            set("healthy", u64::from(upstream.is_healthy()));
            let (connects, failures) = upstream.connects();
            set("connects", connects);
            set("connect_failures", failures);
        }
        self.members.clear();
        for service in &shared.snapshot.load().services {
            self.show_members(service);
        }
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

impl Metrics {
    /// What a service knows of its upstreams beside what all know.
    fn show_members(&self, service: &CompiledService) {
        for member in service.groups().flat_map(|group| &group.members) {
            let set = |what: &str, value: u64| {
                let labels = vec![
                    ("service", service.name.clone()),
                    ("upstream", member.upstream.name.to_string()),
                    ("value", what.to_owned()),
                ];
                self.members.get_or_create(&labels).set(i64::try_from(value).unwrap_or(i64::MAX));
            };
            if let Some(checked) = &member.checked {
                let (checks, failures) = checked.counts();
                set("well", u64::from(checked.is_up()));
                set("checks", checks);
                set("check_failures", failures);
            }
            if let Some(breaker) = &member.breaker {
                set("breaker_open", u64::from(breaker.is_open()));
            }
        }
    }
}

/// Brings a counter up to a total that is counted elsewhere.
fn raise(counter: &Counter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}
