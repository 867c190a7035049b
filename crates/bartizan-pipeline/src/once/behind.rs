//! Servers behind the inline gateway, as other sources show them: one is known when another source saw there what the
//! gateway passed on. From then on what that source sees there and the gateway does not tell of came past it. Before
//! that nothing is said: addresses of upstreams alone do not show that copies would be known again.

use std::{net::IpAddr, time::Instant};

use bartizan_analysis::catalog::INLINE;
use bartizan_model::Exchange;

use super::WINDOW;

/// Most servers behind the gateway, and most addresses of the gateway itself, that are known.
const MOST_SERVERS: usize = 256;

type Server = (IpAddr, Option<u16>);

/// What is known of servers behind the gateway.
#[derive(Debug, Default)]
pub(super) struct Behind {
    servers: Vec<Server>,
    /// Where the gateway itself is asked.
    fronts: Vec<Server>,
    /// When exchanges of the gateway were lost last.
    lost: Option<Instant>,
}

impl Behind {
    /// Notes where the gateway is asked.
    pub(super) fn note(&mut self, exchange: &Exchange) {
        if let Some(front) = exchange.server.filter(|_| is_inline(exchange)) {
            add(&mut self.fronts, front);
        }
    }

    /// Learns from a copy, by another source, of what the gateway told of.
    pub(super) fn learn(&mut self, copy: &Exchange) {
        if let Some(server) = copy.server.filter(|server| !self.fronts.contains(server)) {
            add(&mut self.servers, server);
        }
    }

    /// Whether another source than the gateway saw it at a server behind the gateway.
    pub(super) fn serves(&self, exchange: &Exchange) -> bool {
        let server = exchange.server.filter(|_| !self.servers.is_empty() && !is_inline(exchange));
        server
            .is_some_and(|server| self.servers.contains(&server) && !self.fronts.contains(&server))
    }

    /// Whether what no copy of the gateway was found for came past it.
    pub(super) fn is_past(&self, exchange: &Exchange, now: Instant) -> bool {
        let is_complete = self.lost.is_none_or(|lost| now.saturating_duration_since(lost) > WINDOW);
        is_complete && self.serves(exchange)
    }

    pub(super) const fn lost(&mut self, now: Instant) {
        self.lost = Some(now);
    }
}

fn is_inline(exchange: &Exchange) -> bool {
    exchange.source.as_deref() == Some(INLINE)
}

fn add(list: &mut Vec<Server>, server: Server) {
    if list.len() < MOST_SERVERS && !list.contains(&server) {
        list.push(server);
    }
}
