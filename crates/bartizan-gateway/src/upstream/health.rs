//! Asking upstreams whether they are well, now and then and without a client.
//!
//! What is found here is one of three things that leave an upstream out, beside failures to connect (`pool`) and its
//! breaker. Nobody outside has a hand in it: checks that find no free connection say nothing.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{HeaderValue, Method, Request, Uri, Version, header};
use tokio::{runtime::Handle, time::timeout};

use super::{
    Group, Upstream,
    exchange::{SendError, Watch, once},
};
use crate::{
    body::outgoing::Outgoing,
    config::{HealthCheck, UpstreamProtocol},
};

/// Least time between checks, however short the interval is.
const PAUSE: Duration = Duration::from_millis(10);

/// An upstream that is checked, as one configuration sees it, and what outlives a reload.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) settings: HealthCheck,
    upstream: Arc<Upstream>,
    /// Which one this is of those that share what was found.
    number: u64,
    found: Arc<Findings>,
}

/// What checks found out about an upstream.
#[derive(Debug)]
struct Findings {
    /// How many were made that share it.
    made: AtomicU64,
    /// The number of the one whose checks go on; 0 for none.
    watched: AtomicU64,
    is_up: AtomicBool,
    streak: Mutex<Streak>,
    checks: AtomicU64,
    failures: AtomicU64,
}

/// Checks in a row that say something else than what is held true.
#[derive(Debug, Default)]
struct Streak(u32);

/// What one check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Well,
    Failed,
    /// There was no free connection, or something is missing on this machine.
    Nothing,
}

impl Checked {
    /// Nothing is known: it counts as well.
    pub(crate) fn new(settings: HealthCheck, upstream: Arc<Upstream>) -> Self {
        let found = Findings {
            made: AtomicU64::new(1),
            watched: AtomicU64::new(0),
            is_up: AtomicBool::new(true),
            streak: Mutex::default(),
            checks: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        };
        Self { settings, upstream, number: 1, found: Arc::new(found) }
    }

    /// The same upstream in another configuration: what was found stays, and its checks take the place of these once
    /// they begin ([`watch`]). They go over connections of that configuration, within its limits.
    pub(crate) fn with_upstream(&self, upstream: Arc<Upstream>) -> Self {
        let (settings, found) = (self.settings.clone(), Arc::clone(&self.found));
        Self { settings, upstream, number: found.made.fetch_add(1, Relaxed) + 1, found }
    }

    /// Whether it may be asked.
    pub(crate) fn is_up(&self) -> bool {
        self.found.is_up.load(Relaxed)
    }

    /// Checks so far, and those that failed.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.found.checks.load(Relaxed), self.found.failures.load(Relaxed))
    }

    /// Whether its checks go on, and not those of another configuration.
    fn is_watched(&self) -> bool {
        self.found.watched.load(Relaxed) == self.number
    }

    fn take_in(&self, found: Found) {
        let is_well = match found {
            Found::Nothing => return,
            Found::Well => true,
            Found::Failed => false,
        };
        self.found.checks.fetch_add(1, Relaxed);
        self.found.failures.fetch_add(u64::from(!is_well), Relaxed);
        let mut streak = self.found.streak.lock().unwrap_or_else(PoisonError::into_inner);
        if is_well == self.is_up() {
            streak.0 = 0;
            return;
        }
        streak.0 += 1;
        let needed =
            if is_well { self.settings.healthy_after } else { self.settings.unhealthy_after };
        if streak.0 >= needed {
            streak.0 = 0;
            self.found.is_up.store(is_well, Relaxed);
        }
    }

    async fn check(&self) {
        let found = match timeout(self.settings.timeout, self.ask()).await {
            Ok(found) => found,
            Err(_) => Found::Failed,
        };
        self.take_in(found);
    }

    async fn ask(&self) -> Found {
        let Some(request) = self.request() else { return Found::Nothing };
        let watch = Watch::of_our_own(self.settings.timeout);
        match once(&self.upstream, request, &watch).await {
            Ok(status) => {
                let statuses = &self.settings.statuses;
                let is_good = match statuses.is_empty() {
                    true => status.is_success(),
                    false => statuses.contains(&status.as_u16()),
                };
                if is_good { Found::Well } else { Found::Failed }
            }
            Err(SendError::Full | SendError::Ours) => Found::Nothing,
            Err(_) => Found::Failed,
        }
    }

    fn request(&self) -> Option<Request<Outgoing>> {
        let route = &self.upstream.route;
        let named = route.tls.as_ref().map_or(&route.address, |tls| &tls.server_name);
        let host = match &self.settings.host {
            Some(host) => host.clone(),
            None => HeaderValue::from_str(named).ok()?,
        };
        let mut request = Request::new(Outgoing::empty());
        *request.method_mut() = Method::GET;
        if route.protocol == UpstreamProtocol::Http2 {
            *request.version_mut() = Version::HTTP_2;
            let scheme = if route.tls.is_some() { "https" } else { "http" };
            let uri = Uri::builder().scheme(scheme).authority(host.as_bytes());
            *request.uri_mut() = uri.path_and_query(self.settings.path.as_str()).build().ok()?;
        } else {
            *request.uri_mut() = self.settings.path.parse().ok()?;
            request.headers_mut().insert(header::HOST, host);
            request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let agent = HeaderValue::from_static("bartizan-health");
        request.headers_mut().insert(header::USER_AGENT, agent);
        Some(request)
    }
}

/// Begins to check those of a group whose checks do not go on yet. Each is checked until another configuration checks
/// it, or nobody holds it any more.
pub(crate) fn watch(group: &Group, runtime: &Handle) {
    for checked in group.members.iter().filter_map(|member| member.checked.as_ref()) {
        if checked.found.watched.swap(checked.number, Relaxed) != checked.number {
            runtime.spawn(run(Arc::downgrade(checked)));
        }
    }
}

async fn run(checked: Weak<Checked>) {
    loop {
        let Some(held) = checked.upgrade().filter(|held| held.is_watched()) else { return };
        held.check().await;
        let interval = held.settings.interval;
        drop(held);
        tokio::time::sleep(interval.max(PAUSE)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Balance, Limits, UpstreamTls},
        upstream::{
            choose::Member,
            pool::{Route, Settings},
        },
    };

    fn checked(protocol: UpstreamProtocol, host: Option<&'static str>) -> Checked {
        let time = Duration::from_secs(1);
        let limits = Limits::default();
        let settings = Settings { connect: time, idle: time, ejection: time, limits };
        let tls = UpstreamTls {
            certificate: None,
            server_name: "inner.example".to_owned(),
            authorities: "ca".into(),
        };
        let tls = (protocol == UpstreamProtocol::Http2).then_some(tls);
        let route = Route { address: "127.0.0.1:1".to_owned(), protocol, tls };
        let upstream = Arc::new(Upstream::new(route, None, settings));
        let check = HealthCheck {
            path: "/healthz?deep=1".to_owned(),
            host: host.map(HeaderValue::from_static),
            interval: time,
            timeout: time,
            healthy_after: 2,
            unhealthy_after: 3,
            statuses: Vec::new(),
        };
        Checked::new(check, upstream)
    }

    #[test]
    fn it_takes_several_in_a_row_to_change_what_is_held_true() {
        let checked = checked(UpstreamProtocol::Http1, None);
        for (found, is_up) in [
            (Found::Failed, true),
            (Found::Failed, true),
            (Found::Well, true),
            (Found::Failed, true),
            (Found::Failed, true),
            (Found::Nothing, true),
            (Found::Failed, false),
            (Found::Well, false),
            (Found::Failed, false),
            (Found::Well, false),
            (Found::Nothing, false),
            (Found::Well, true),
        ] {
            checked.take_in(found);
            assert_eq!(checked.is_up(), is_up, "{found:?}");
        }
        assert_eq!(checked.counts(), (10, 6));
    }

    /// A reload keeps what was found, and checks over what it configures.
    #[tokio::test]
    async fn what_was_found_stays_while_the_upstream_is_that_of_the_latest_configuration() {
        let before = checked(UpstreamProtocol::Http1, None);
        (0..3).for_each(|_| before.take_in(Found::Failed));
        let time = Duration::from_secs(2);
        let limits = Limits { upstream_connections: 7, ..Limits::default() };
        let settings = Settings { connect: time, idle: time, ejection: time, limits };
        let upstream = Arc::new(before.upstream.with_settings(settings));
        let after = before.with_upstream(Arc::clone(&upstream));
        assert!(Arc::ptr_eq(&after.upstream, &upstream));
        assert!(!after.is_up() && after.counts() == (3, 3));
        (0..2).for_each(|_| after.take_in(Found::Well));
        assert!(before.is_up(), "calls under way see it too");

        let group = |checked: &Arc<Checked>| {
            let member =
                Member::new(Arc::clone(&checked.upstream), Some(Arc::clone(checked)), None);
            Group::new(vec![member], Balance::RoundRobin)
        };
        let (before, after) = (Arc::new(before), Arc::new(after));
        watch(&group(&before), &Handle::current());
        assert!(before.is_watched() && !after.is_watched());
        watch(&group(&after), &Handle::current());
        watch(&group(&after), &Handle::current());
        assert!(after.is_watched() && !before.is_watched(), "one of them checks");
    }

    #[test]
    fn a_check_names_its_host_as_the_protocol_does() {
        let request = checked(UpstreamProtocol::Http1, None).request().expect("a request");
        assert_eq!(request.uri(), "/healthz?deep=1");
        assert_eq!(request.headers()[header::HOST], "127.0.0.1:1");
        let request = checked(UpstreamProtocol::Http1, Some("a.example")).request();
        assert_eq!(request.expect("a request").headers()[header::HOST], "a.example");
        let request = checked(UpstreamProtocol::Http2, None).request().expect("a request");
        assert_eq!(request.uri(), "https://inner.example/healthz?deep=1");
        assert!(!request.headers().contains_key(header::HOST));
    }
}
