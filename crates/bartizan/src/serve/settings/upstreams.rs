//! What a service does for its upstreams and with them, as the gateway is told.

use std::time::Duration;

use bartizan_gateway::config as gateway;
use http::{HeaderName, HeaderValue};

use super::{SettingsError, upstream, wrong};
use crate::config::upstreams::{
    Balance, BreakerConfig, CanaryConfig, HashOn, HealthConfig, MirrorConfig, RetryBudgetConfig,
};

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}

pub(super) fn balance(key: &str, config: &Balance) -> Result<gateway::Balance, SettingsError> {
    Ok(match config {
        Balance::RoundRobin => gateway::Balance::RoundRobin,
        Balance::LeastBusy => gateway::Balance::LeastBusy,
        Balance::Hash(on) => gateway::Balance::Hash(hash_on(&format!("{key}.hash"), on)?),
    })
}

fn hash_on(key: &str, config: &HashOn) -> Result<gateway::HashOn, SettingsError> {
    Ok(match config {
        HashOn::Address => gateway::HashOn::Address,
        HashOn::Header(name) => {
            gateway::HashOn::Header(field_name(&format!("{key}.header"), name)?)
        }
        HashOn::Cookie(name) => gateway::HashOn::Cookie(name.clone()),
        HashOn::Segment(at) => gateway::HashOn::Segment(usize::from(*at)),
        HashOn::Principal => gateway::HashOn::Principal,
    })
}

fn field_name(key: &str, name: &str) -> Result<HeaderName, SettingsError> {
    let parsed = HeaderName::from_bytes(name.as_bytes());
    parsed.map_err(|_| wrong(key, format!("`{name}` is no name of a header field")))
}

fn field_value(key: &str, value: &str) -> Result<HeaderValue, SettingsError> {
    let parsed = HeaderValue::from_str(value);
    parsed.map_err(|_| wrong(key, format!("`{value}` is no value of a header field")))
}

pub(super) fn health(
    key: &str,
    config: &HealthConfig,
) -> Result<gateway::HealthCheck, SettingsError> {
    let host = config.host.as_ref();
    let is_host = |host: &&String| host.parse::<http::uri::Authority>().is_ok();
    if let Some(host) = host.filter(|host| !is_host(host)) {
        return Err(wrong(format!("{key}.host"), format!("`{host}` is no host")));
    }
    Ok(gateway::HealthCheck {
        path: config.path.clone(),
        host: host.map(|host| field_value(&format!("{key}.host"), host)).transpose()?,
        interval: seconds(config.interval_seconds),
        timeout: seconds(config.timeout_seconds),
        healthy_after: config.healthy_after,
        unhealthy_after: config.unhealthy_after,
        statuses: config.statuses.clone(),
    })
}

pub(super) fn breaker(config: &BreakerConfig) -> gateway::Breaker {
    let after = config.slow_milliseconds.map(|count| Duration::from_millis(u64::from(count)));
    gateway::Breaker {
        failures_percent: config.failures_percent,
        slow: after.map(|after| gateway::Slow { after, percent: config.slow_percent }),
        window: seconds(config.window_seconds),
        least: config.least,
        pause: seconds(config.pause_seconds),
        trials: config.trials,
        counts_each_client: config.counts_each_client,
    }
}

pub(super) fn retry_budget(config: RetryBudgetConfig) -> gateway::RetryBudget {
    gateway::RetryBudget { percent: config.percent, least: config.least }
}

pub(super) fn canary(
    key: &str,
    is_secure: bool,
    config: &CanaryConfig,
) -> Result<gateway::Canary, SettingsError> {
    let header = config.header.as_ref().map(|field| {
        let name = field_name(&format!("{key}.header.name"), &field.name)?;
        Ok((name, field_value(&format!("{key}.header.value"), &field.value)?))
    });
    Ok(gateway::Canary {
        upstreams: addresses(key, is_secure, &config.upstreams)?,
        percent: config.percent,
        by: hash_on(&format!("{key}.by"), &config.by)?,
        header: header.transpose()?,
    })
}

pub(super) fn mirror(
    key: &str,
    is_secure: bool,
    config: &MirrorConfig,
) -> Result<gateway::Mirror, SettingsError> {
    Ok(gateway::Mirror {
        upstreams: addresses(key, is_secure, &config.upstreams)?,
        percent: config.percent,
        writes: config.writes,
        waiting: config.waiting as usize,
        at_once: config.at_once as usize,
        timeout: seconds(config.timeout_seconds),
    })
}

/// The addresses of upstreams beside the first ones, which are reached as those are.
fn addresses(key: &str, is_secure: bool, urls: &[String]) -> Result<Vec<String>, SettingsError> {
    let address = |(at, url): (usize, &String)| {
        let key = format!("{key}.upstreams.{at}");
        let (secure, host, port) = upstream(&key, url)?;
        if secure != is_secure {
            return Err(wrong(key, "must have the scheme of the service's `upstreams`"));
        }
        Ok(format!("{host}:{port}"))
    };
    urls.iter().enumerate().map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Config, gateway::ServiceConfig},
        serve::settings::{Overrides, compile},
    };

    fn with(service: &str) -> Result<gateway::Service, SettingsError> {
        let service: ServiceConfig = serde_saphyr::from_str(service).expect("is read");
        let mut config = Config::default();
        config.gateway.services = vec![service];
        compile(&config, &Overrides::default()).map(|mut config| config.services.remove(0))
    }

    #[test]
    fn everything_reaches_the_gateway() {
        let service = with("\
name: shop
upstreams: ['http://a:1', 'http://b:2']
balance: {hash: {header: X-Tenant}}
health: {path: /healthz, host: a.example, interval_seconds: 5, statuses: [204]}
breaker: {failures_percent: 30, slow_milliseconds: 500}
retry_budget: {percent: 10, least: 5}
canary: {upstreams: ['http://c:3'], percent: 5, by: {cookie: sid}, header: {name: X-New, value: 'on'}}
mirror: {upstreams: ['http://d'], writes: true}
")
        .expect("right");
        let tenant = gateway::HashOn::Header(HeaderName::from_static("x-tenant"));
        assert_eq!(service.balance, gateway::Balance::Hash(tenant));
        let health = service.health.expect("there");
        assert_eq!((health.interval, health.timeout), (seconds(5), seconds(2)));
        assert_eq!((health.statuses, health.healthy_after), (vec![204], 2));
        let breaker = service.breaker.expect("there");
        let slow = gateway::Slow { after: Duration::from_millis(500), percent: 80 };
        assert_eq!((breaker.failures_percent, breaker.slow), (30, Some(slow)));
        assert_eq!(service.retry_budget, gateway::RetryBudget { percent: 10, least: 5 });
        let canary = service.canary.expect("there");
        assert_eq!(canary.upstreams, ["c:3"]);
        assert_eq!(canary.by, gateway::HashOn::Cookie("sid".to_owned()));
        let mirror = service.mirror.expect("there");
        assert_eq!(
            (mirror.upstreams, mirror.percent, mirror.at_once),
            (vec!["d:80".to_owned()], 100, 32)
        );
    }

    #[test]
    fn defaults_of_the_file_are_those_of_the_gateway() {
        let service = with("{name: a, upstreams: ['http://a:1']}").expect("right");
        assert_eq!(service.retry_budget, gateway::RetryBudget::default());
        let is_plain = service.health.is_none() && service.breaker.is_none();
        assert!(is_plain && service.canary.is_none() && service.mirror.is_none());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (settings, key) in [
            ("balance: {hash: {header: 'a b'}}", "balance.hash.header"),
            ("health: {path: /, host: 'a b'}", "health.host"),
            ("canary: {upstreams: ['https://c']}", "canary.upstreams.0"),
            ("canary: {upstreams: ['http://c'], by: {header: ''}}", "canary.by.header"),
            ("mirror: {upstreams: ['c']}", "mirror.upstreams.0"),
        ] {
            let error = with(&format!("name: a\nupstreams: ['http://a:1']\n{settings}\n"));
            let key = format!("gateway.services.0.{key}");
            assert_eq!(error.expect_err(settings).key, key, "{settings}");
        }
    }
}
