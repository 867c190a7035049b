//! What spans tell about each other: which call of a client a server of ours answered, and in which span of a
//! server a call was made.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{address::is_public, host::is_public_name};

use super::{
    super::logs::line::LogLine,
    Request, Span,
    attributes::{Attribute, find},
};

/// Most spans of one export of which it is known what is above them; some 60 bytes each.
const MAX_SPANS: usize = 100_000;
/// Most hosts of servers that are known, and the most bytes of one.
const MAX_HOSTS: usize = 4_096;
const MAX_HOST_BYTES: usize = 255;
/// Most spans between a call and the span of the server that it was made in.
const MAX_STEPS: usize = 64;

/// A span by its trace and its own number.
type Id = (u128, u64);

/// What the spans of an export tell about each other. Only those of one export have to be known at a time:
/// collectors send what belongs together together.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Spans of clients and inner ones, and what is above each.
    above: BTreeMap<Id, u64>,
    /// Spans that those of servers were made in.
    answered: BTreeSet<Id>,
    /// Hosts that spans of servers are of, of this export and of those before it in the same file.
    hosts: BTreeSet<String>,
}

impl Known {
    /// Forgets the spans of the export before, and takes in those of this one.
    pub(super) fn export(&mut self, request: &Request) {
        self.above.clear();
        self.answered.clear();
        for of in &request.resource_spans {
            of.scope_spans.iter().flat_map(|scope| &scope.spans).for_each(|span| self.add(span));
        }
    }

    /// Takes in a span of the export.
    pub(super) fn add(&mut self, span: &Span) {
        let parent = parse(&span.trace_id, &span.parent_span_id);
        if !span.is_server() {
            let id = parse(&span.trace_id, &span.span_id);
            if let (Some(id), Some((_, parent))) = (id, parent)
                && self.above.len() < MAX_SPANS
            {
                self.above.insert(id, parent);
            }
            return;
        }
        if let Some(parent) = parent.filter(|_| self.answered.len() < MAX_SPANS) {
            self.answered.insert(parent);
        }
        let host = host_of(&span.attributes, &OF_SERVER);
        if let Some(host) = host.filter(|_| self.hosts.len() < MAX_HOSTS) {
            self.hosts.insert(host);
        }
    }

    /// Whether the span of a client is a call to somebody else: no span of a server is its answer or of its host,
    /// and its peer has a public address or, where none is told, a name that everybody can resolve.
    pub(super) fn is_abroad(&self, span: &Span, call: &LogLine) -> bool {
        let answered =
            parse(&span.trace_id, &span.span_id).is_some_and(|id| self.answered.contains(&id));
        let host = host_of(&span.attributes, &OF_CLIENT);
        if answered || host.as_ref().is_some_and(|host| self.hosts.contains(host)) {
            return false;
        }
        match call.server_ip {
            Some(ip) => is_public(ip),
            None => host.is_some_and(|host| is_public_name(&host)),
        }
    }

    /// The span of a server that the span of a server was made in, as far as the spans between are known; else
    /// the one directly above it, `None` where it began the trace.
    pub(super) fn caller(&self, span: &Span) -> Option<u64> {
        let (trace, mut above) = parse(&span.trace_id, &span.parent_span_id)?;
        for _ in 0..MAX_STEPS {
            match self.above.get(&(trace, above)) {
                Some(next) => above = *next,
                None => break,
            }
        }
        Some(above)
    }
}

/// 128 and 64 bits in hexadecimal digits (opentelemetry-proto, `trace_id` and `span_id`); neither is zero.
fn parse(trace: &str, span: &str) -> Option<Id> {
    let is_id = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit())
    };
    if !is_id(trace, 32) || !is_id(span, 16) {
        return None;
    }
    let id = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
    (id.0 != 0 && id.1 != 0).then_some(id)
}

/// Attributes that name the host of a server, in its span and in that of a client (before version 1.21 of the
/// conventions the peer).
const OF_SERVER: [&str; 3] = ["server.address", "http.host", "net.host.name"];
const OF_CLIENT: [&str; 3] = ["server.address", "http.host", "net.peer.name"];

/// The host that attributes of these names tell, without port, in lower case.
fn host_of(attributes: &[Attribute], names: &[&str]) -> Option<String> {
    let host = names.iter().find_map(|name| find(attributes, name))?;
    let bare = match host.rsplit_once(':') {
        // Not within an address of version 6.
        Some((bare, port)) if !bare.contains(':') && port.parse::<u16>().is_ok() => bare,
        _ => &host,
    };
    let host = bare.trim_end_matches('.').to_ascii_lowercase();
    (!host.is_empty() && host.len() <= MAX_HOST_BYTES).then_some(host)
}
