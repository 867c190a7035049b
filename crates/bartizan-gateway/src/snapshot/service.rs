//! A service, ready to use: its upstreams, what it knows of them, and which of them a request goes to.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use prometheus_client::metrics::counter::Counter;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{Snapshot, is_below, is_host_pattern, is_named};
use crate::{
    call::Call,
    config::{
        self, Balance, Config, ConfigError, HashOn, HealthCheck, OverLimit, Service,
        UpstreamProtocol, UpstreamTls,
    },
    metrics::Metrics,
    upstream::{
        Group, Tls, Upstream,
        breaker::Breaker,
        caller::{self, Caller, mixed},
        choose::Member,
        exchange::Errand,
        health::Checked,
        mirror::Mirror,
        pool::{Route, Settings},
        retries::Retries,
    },
};

/// Told apart from what upstreams are chosen by: who is sent to a canary is nobody in particular otherwise.
const CANARY: u64 = 0x6361_6e61_7279;
/// Longest window, pause, interval and time limit.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Most copies of a mirror that wait, and that are under way.
const COPIES: RangeInclusive<usize> = 1..=100_000;

/// A service.
#[derive(Debug)]
pub(crate) struct CompiledService {
    pub(crate) name: String,
    hosts: Vec<String>,
    path_prefix: String,
    group: Group,
    canary: Option<Canary>,
    pub(crate) mirror: Option<Mirror>,
    retries: Arc<Retries>,
    retry_budget: config::RetryBudget,
    pub(crate) protocol: UpstreamProtocol,
    pub(crate) request_over: OverLimit,
    pub(crate) response_over: OverLimit,
    pub(crate) websocket: bool,
    /// Counters of exchanges by class of status.
    pub(crate) exchanges: [Counter; 6],
}

/// Upstreams for a part of the callers.
#[derive(Debug)]
struct Canary {
    group: Group,
    settings: config::Canary,
    taken: Counter,
}

impl Canary {
    /// Whether a request is one for it: by the field that asks for it, or because its caller is one of the part.
    fn wants(&self, call: &Call) -> bool {
        let is_asked = self.settings.header.as_ref().is_some_and(|(name, value)| {
            call.request_fields.iter().any(|(known, said)| known == name && said == value)
        });
        is_asked || {
            let key = caller::key(call, &self.settings.by);
            let key = key.or_else(|| caller::key(call, &HashOn::Address)).unwrap_or_default();
            mixed(key, CANARY) % 100 < u64::from(self.settings.percent)
        }
    }
}

impl CompiledService {
    /// Whether a request for that host and path is for it.
    pub(super) fn matches(&self, host: &str, path: &str) -> bool {
        let is_host = self.hosts.is_empty() || self.hosts.iter().any(|name| is_named(name, host));
        is_host && is_below(path, &self.path_prefix)
    }

    /// All groups of its upstreams.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &Group> {
        let canary = self.canary.as_ref().map(|canary| &canary.group);
        let mirror = self.mirror.as_ref().map(Mirror::group);
        std::iter::once(&self.group).chain(canary).chain(mirror)
    }

    /// All its upstreams.
    pub(super) fn upstreams(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        self.groups().flat_map(|group| &group.members).map(|member| &member.upstream)
    }

    /// Where a request goes.
    pub(crate) fn errand(&self, call: &Call) -> Errand<'_> {
        let canary = self.canary.as_ref();
        // Who is to try what is new is served all the same when that is broken.
        let canary = canary.filter(|canary| canary.wants(call) && canary.group.is_able());
        let group = canary.map_or(&self.group, |canary| {
            canary.taken.inc();
            &canary.group
        });
        let caller = Caller::of(call, group.hash_on());
        Errand { group, protocol: self.protocol, caller, retries: &self.retries }
    }
}

/// Compiles the services of a configuration, one after the other.
pub(super) struct Compiler<'a> {
    config: &'a Config,
    metrics: &'a Metrics,
    previous: Option<&'a Snapshot>,
    known: Vec<Arc<Upstream>>,
}

/// A service that is being compiled.
#[derive(Clone, Copy)]
struct At<'a> {
    number: usize,
    service: &'a Service,
}

impl At<'_> {
    fn key(self, name: &str) -> String {
        format!("services.{}.{name}", self.number)
    }

    fn wrong(self, name: &str, problem: impl Into<String>) -> ConfigError {
        ConfigError::value(self.key(name), problem.into())
    }

    fn within(self, name: &str, time: Duration) -> Result<(), ConfigError> {
        match time.is_zero() || time > LONGEST {
            true => Err(self.wrong(name, format!("expected 1 to {}", LONGEST.as_secs()))),
            false => Ok(()),
        }
    }

    fn percent(self, name: &str, percent: u8, least: u8) -> Result<(), ConfigError> {
        match (least..=100).contains(&percent) {
            true => Ok(()),
            false => Err(self.wrong(name, format!("expected {least} to 100"))),
        }
    }
}

impl<'a> Compiler<'a> {
    pub(super) fn new(
        config: &'a Config,
        metrics: &'a Metrics,
        previous: Option<&'a Snapshot>,
    ) -> Self {
        let known = previous.into_iter().flat_map(Snapshot::upstreams).cloned().collect();
        Self { config, metrics, previous, known }
    }

    /// Compiles the service of that number.
    pub(super) fn compile(
        &mut self,
        number: usize,
        service: &Service,
    ) -> Result<CompiledService, ConfigError> {
        let at = At { number, service };
        if let Some(host) = service.hosts.iter().position(|host| !is_host_pattern(host)) {
            let problem = format!("{:?} is no host name without port", service.hosts[host]);
            return Err(at.wrong(&format!("hosts.{host}"), problem));
        }
        if !service.path_prefix.starts_with('/') || service.path_prefix.contains(['?', '#']) {
            return Err(at.wrong("path_prefix", "must begin with a slash, and end there"));
        }
        check(at)?;
        let tls = service.tls.as_ref();
        let tls = tls.map(|tls| compile_tls(&at.key("tls"), tls, service.protocol)).transpose()?;
        let group = self.group(at, "upstreams", &service.upstreams, tls.as_ref(), true)?;
        let canary = match &service.canary {
            None => None,
            Some(settings) => {
                let (name, addresses) = ("canary.upstreams", &settings.upstreams);
                let group = self.group(at, name, addresses, tls.as_ref(), true)?;
                let taken = self.metrics.event_of(&service.name, "canary");
                Some(Canary { group, settings: settings.clone(), taken })
            }
        };
        let mirror = match &service.mirror {
            None => None,
            Some(mirror) => {
                let (name, addresses) = ("mirror.upstreams", &mirror.upstreams);
                let group = self.group(at, name, addresses, tls.as_ref(), false)?;
                Some(Mirror::new(group, service.protocol, mirror, &service.name, self.metrics))
            }
        };
        Ok(CompiledService {
            name: service.name.clone(),
            hosts: service.hosts.clone(),
            path_prefix: service.path_prefix.clone(),
            group,
            canary,
            mirror,
            retries: self.retries(service),
            retry_budget: service.retry_budget,
            protocol: service.protocol,
            request_over: service.request_over,
            response_over: service.response_over,
            websocket: service.websocket,
            exchanges: std::array::from_fn(|class| self.metrics.exchanges_of(&service.name, class)),
        })
    }

    /// The same service in the configuration before.
    fn before(&self, service: &Service) -> Option<&'a CompiledService> {
        self.previous?.services.iter().find(|known| known.name == service.name)
    }

    /// What was taken of the budget stays taken.
    fn retries(&self, service: &Service) -> Arc<Retries> {
        let before = self.before(service);
        let before = before.filter(|known| known.retry_budget == service.retry_budget);
        before.map_or_else(
            || {
                let withheld = self.metrics.event_of(&service.name, "retry_withheld");
                Arc::new(Retries::new(service.retry_budget, withheld))
            },
            |known| Arc::clone(&known.retries),
        )
    }

    /// The upstreams at some addresses. Those of a mirror are not cared for.
    fn group(
        &mut self,
        at: At<'_>,
        name: &str,
        addresses: &[String],
        tls: Option<&Tls>,
        is_cared_for: bool,
    ) -> Result<Group, ConfigError> {
        if addresses.is_empty() {
            return Err(at.wrong(name, "at least one is needed"));
        }
        let mut members = Vec::with_capacity(addresses.len());
        for address in addresses {
            let upstream = self.upstream(at, name, address, tls)?;
            let (checked, breaker) = match is_cared_for {
                true => self.care(at.service, &upstream),
                false => (None, None),
            };
            members.push(Member::new(upstream, checked, breaker));
        }
        let balance = if is_cared_for { at.service.balance.clone() } else { Balance::RoundRobin };
        Ok(Group::new(members, balance))
    }

    fn upstream(
        &mut self,
        at: At<'_>,
        name: &str,
        address: &str,
        tls: Option<&Tls>,
    ) -> Result<Arc<Upstream>, ConfigError> {
        let port = address
            .rsplit_once(':')
            .and_then(|(host, port)| (!host.is_empty()).then_some(port.parse::<u16>().ok()?));
        if port.is_none() {
            return Err(at.wrong(name, format!("{address:?} is not host:port")));
        }
        let deadlines = &self.config.deadlines;
        let settings = Settings {
            connect: deadlines.connect,
            idle: deadlines.upstream_idle,
            ejection: deadlines.ejection,
            limits: self.config.limits,
        };
        let route = Route {
            address: address.to_owned(),
            protocol: at.service.protocol,
            tls: at.service.tls.clone(),
        };
        let kept = self.known.iter().find(|known| known.is_reached_by(&route, tls));
        let upstream = Arc::new(match kept {
            Some(kept) => kept.with_settings(settings),
            None => Upstream::new(route, tls.cloned(), settings),
        });
        // Other services that reach it alike share its connections, their bound and its health.
        self.known.push(Arc::clone(&upstream));
        Ok(upstream)
    }

    /// What is known of an upstream stays known while nothing about it and about how it is looked after changes.
    fn care(
        &self,
        service: &Service,
        upstream: &Arc<Upstream>,
    ) -> (Option<Arc<Checked>>, Option<Arc<Breaker>>) {
        let groups = self.before(service).into_iter().flat_map(CompiledService::groups);
        let mut members = groups.flat_map(|group| &group.members);
        let before = members.find(|member| {
            member.upstream.is_alike(upstream)
                && (member.checked.is_some() || member.breaker.is_some())
        });
        let checked = service.health.as_ref().map(|settings| {
            let checked = before.and_then(|member| member.checked.as_ref());
            let checked = checked.filter(|checked| checked.settings == *settings);
            let upstream = Arc::clone(upstream);
            Arc::new(match checked {
                Some(checked) => checked.with_upstream(upstream),
                None => Checked::new(settings.clone(), upstream),
            })
        });
        let breaker = service.breaker.map(|settings| {
            let breaker = before.and_then(|member| member.breaker.as_ref());
            let breaker = breaker.filter(|breaker| breaker.settings == settings);
            breaker.cloned().unwrap_or_else(|| {
                let opened = self.metrics.event_of(&service.name, "breaker_opened");
                Arc::new(Breaker::new(settings, opened))
            })
        });
        (checked, breaker)
    }
}

/// What is out of range or says nothing.
fn check(at: At<'_>) -> Result<(), ConfigError> {
    let service = at.service;
    if let Balance::Hash(on) = &service.balance {
        check_hash(at, "balance.hash", on)?;
    }
    if let Some(health) = &service.health {
        check_health(at, health)?;
    }
    if let Some(breaker) = &service.breaker {
        at.percent("breaker.failures_percent", breaker.failures_percent, 1)?;
        if let Some(slow) = breaker.slow {
            at.percent("breaker.slow_percent", slow.percent, 1)?;
            at.within("breaker.slow_milliseconds", slow.after)?;
        }
        at.within("breaker.window_seconds", breaker.window)?;
        at.within("breaker.pause_seconds", breaker.pause)?;
        for (name, count) in [("breaker.least", breaker.least), ("breaker.trials", breaker.trials)]
        {
            if count == 0 {
                return Err(at.wrong(name, "0 is less than 1"));
            }
        }
    }
    at.percent("retry_budget.percent", service.retry_budget.percent, 0)?;
    if let Some(canary) = &service.canary {
        at.percent("canary.percent", canary.percent, 0)?;
        check_hash(at, "canary.by", &canary.by)?;
    }
    if let Some(mirror) = &service.mirror {
        at.percent("mirror.percent", mirror.percent, 1)?;
        at.within("mirror.timeout_seconds", mirror.timeout)?;
        for (name, count) in
            [("mirror.waiting", mirror.waiting), ("mirror.at_once", mirror.at_once)]
        {
            if !COPIES.contains(&count) {
                return Err(at.wrong(name, format!("expected 1 to {}", COPIES.end())));
            }
        }
    }
    Ok(())
}

fn check_hash(at: At<'_>, name: &str, on: &HashOn) -> Result<(), ConfigError> {
    match on {
        HashOn::Segment(0) => Err(at.wrong(name, "segments are counted from 1")),
        HashOn::Cookie(cookie) if cookie.is_empty() => Err(at.wrong(name, "a name is needed")),
        _ => Ok(()),
    }
}

fn check_health(at: At<'_>, health: &HealthCheck) -> Result<(), ConfigError> {
    let is_path = health.path.starts_with('/') && health.path.parse::<http::Uri>().is_ok();
    if !is_path {
        return Err(at.wrong("health.path", "must be a path that begins with a slash"));
    }
    at.within("health.interval_seconds", health.interval)?;
    at.within("health.timeout_seconds", health.timeout)?;
    for (name, count) in [
        ("health.healthy_after", health.healthy_after),
        ("health.unhealthy_after", health.unhealthy_after),
    ] {
        if count == 0 {
            return Err(at.wrong(name, "0 is less than 1"));
        }
    }
    match health.statuses.iter().find(|status| !(200..600).contains(*status)) {
        Some(status) => Err(at.wrong("health.statuses", format!("{status} is not in 200 to 599"))),
        None => Ok(()),
    }
}

fn compile_tls(
    key: &str,
    tls: &UpstreamTls,
    protocol: UpstreamProtocol,
) -> Result<Tls, ConfigError> {
    let name = ServerName::try_from(tls.server_name.clone())
        .map_err(|error| ConfigError::value(key, error.to_string()))?;
    let protocol: &[u8] = match protocol {
        UpstreamProtocol::Http1 => b"http/1.1",
        UpstreamProtocol::Http2 => b"h2",
    };
    Tls::to(name, &tls.authorities, tls.certificate.as_ref(), protocol)
}
