//! The number of files that the process may have open: connections need it first.

use std::collections::HashSet;

use bartizan_gateway::Config;
use bartizan_pipeline::sources::receivers::ReceiverConfig;

use crate::config::gateway::AdminConfig;

/// Descriptors that are needed beside connections: listeners, store, log, capture.
const OTHERS: u64 = 64;

/// Raises the number that this process may have to the most that the system lets it. What is still
/// too low for the limits of the gateway is said.
#[cfg(unix)]
#[must_use]
pub(crate) fn raise(
    config: &Config,
    admin: &AdminConfig,
    receivers: &[ReceiverConfig],
) -> Option<String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let in_force = if setrlimit(Resource::Nofile, raised).is_ok() { raised } else { limit };
    let received = receivers.iter().map(|one| u64::from(one.limits.connections)).sum::<u64>();
    shortage(in_force.current, needed(config, admin).saturating_add(received))
}

/// Other systems have no such limit.
#[cfg(not(unix))]
#[must_use]
pub(crate) fn raise(
    _config: &Config,
    _admin: &AdminConfig,
    _receivers: &[ReceiverConfig],
) -> Option<String> {
    None
}

/// The most that can be open at one time. A connection to an upstream is used by an exchange, of which
/// one client connection may have many (HTTP/2), or by a WebSocket, which has its client connection
/// for itself, or it is kept idle; and no upstream has more than its limit.
#[cfg(any(unix, test))]
fn needed(config: &Config, admin: &AdminConfig) -> u64 {
    let limits = &config.limits;
    let services = config.services.iter();
    let upstreams: HashSet<_> = services
        .flat_map(|service| {
            let way = (service.protocol, &service.tls);
            service.upstreams.iter().map(move |address| (address, way))
        })
        .collect();
    let count = upstreams.len();
    let idle = limits.idle_upstream_connections.saturating_mul(count);
    let used = limits.exchanges.saturating_add(limits.connections).saturating_add(idle);
    let of_upstreams = limits.upstream_connections.saturating_mul(count).min(used);
    let of_traffic = limits.connections.saturating_add(of_upstreams) as u64;
    of_traffic.saturating_add(OTHERS).saturating_add(u64::from(admin.connections))
}

#[cfg(any(unix, test))]
fn shortage(allowed: Option<u64>, needed: u64) -> Option<String> {
    let allowed = allowed.filter(|allowed| *allowed < needed)?;
    Some(format!(
        "the system lets this process have {allowed} files open, but clients and upstreams can need \
         {needed}: raise that, or lower `connections`, `exchanges` or `upstream_connections` in \
         `gateway.limits`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config::simple("127.0.0.1:0".parse().expect("an address"), "a:1");
        change(&mut config);
        config
    }

    #[test]
    fn every_bound_of_the_gateway_counts() {
        const OTHERS: u64 = super::OTHERS + 64;
        let needed = |config: &Config| needed(config, &AdminConfig::default());
        // By default the limit of the one upstream is the narrowest.
        assert_eq!(needed(&config(|_| {})), 20_000 + 10_000 + OTHERS);
        // A few connections with many streams each need as many of the upstream.
        let few = |config: &mut Config| config.limits.connections = 1_000;
        assert_eq!(needed(&config(few)), 1_000 + 10_000 + OTHERS);
        // Exchanges and WebSockets are fewer than all upstreams would take.
        let many = |config: &mut Config| {
            config.services[0].upstreams = (1..=9).map(|n| format!("a:{n}")).collect();
            config.services.push(config.services[0].clone());
        };
        assert_eq!(needed(&config(many)), 20_000 + 10_000 + 20_000 + 9 * 256 + OTHERS);
        let beyond = |config: &mut Config| {
            config.limits.connections = usize::MAX;
            config.limits.upstream_connections = usize::MAX;
        };
        assert_eq!(needed(&config(beyond)), u64::MAX);
    }

    #[test]
    fn a_shortage_is_said_with_both_numbers() {
        assert_eq!(shortage(None, 20_000), None);
        assert_eq!(shortage(Some(20_000), 20_000), None);
        let said = shortage(Some(1024), 20_000).expect("too few");
        assert!(said.contains("1024") && said.contains("20000"), "{said}");
    }
}
