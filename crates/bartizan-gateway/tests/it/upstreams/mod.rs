//! What a service does for its upstreams and with them.

mod balance;
mod breaker;
mod health;
mod mirror;

use std::time::Duration;

use bartizan_gateway::{
    Running,
    config::{Config, Network},
};

use crate::harness::{Client, Response, Upstream};

/// A request for a path, from a client at that address, with a field.
async fn ask(running: &Running, address: &str, path: &str, field: &str) -> Response {
    let field = if field.is_empty() { String::new() } else { format!("{field}\r\n") };
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {address}\r\n{field}\r\n");
    Client::ask(running.addresses()[0], head).await
}

/// Lets tests come from whatever address they name.
fn believe(config: &mut Config) {
    config.trusted_proxies = vec![Network::parse("127.0.0.1").unwrap()];
}

/// Whether a line of metrics is there.
fn shows(running: &Running, line: &str) -> bool {
    running.metrics().lines().any(|known| known.ends_with(line) || known == line)
}

/// An address at which nobody listens.
fn nobody() -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().to_string()
}

fn named(upstream: &Upstream) -> String {
    upstream.address.to_string()
}

const SOON: Duration = Duration::from_millis(20);
