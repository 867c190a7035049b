//! Raw clients, upstreams that remember, and gateways between them.

pub(crate) mod client;
pub(crate) mod http2;
pub(crate) mod upstream;

use std::{sync::Arc, time::Duration};

use bartizan_gateway::{AllowAll, Config, Gateway, Handover, Running};

pub(crate) use client::{Client, Response};
pub(crate) use upstream::{Reply, Upstream};

/// Longer than anything takes that is not to be waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A gateway in front of an upstream.
pub(crate) async fn gateway(upstream: &Upstream) -> Running {
    gateway_with(upstream, |_| {}).await
}

/// A gateway with a changed configuration.
pub(crate) async fn gateway_with(upstream: &Upstream, change: impl FnOnce(&mut Config)) -> Running {
    let config = config_with(upstream, change);
    Gateway::start(&config, Arc::new(AllowAll), Handover::none()).await.unwrap()
}

/// The configuration of [`gateway_with`].
pub(crate) fn config_with(upstream: &Upstream, change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::simple("127.0.0.1:0".parse().unwrap(), upstream.address.to_string());
    change(&mut config);
    config
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come to hold");
}
