//! Messages of channels in the inventory. Those that go through a broker are what is written and nothing else: no
//! source shows their traffic, so that none of them is an orphan. Those over WebSocket, and over HTTP with a method
//! that is written, are compared with traffic as other operations are, and listed here where nothing was granted.

use std::collections::BTreeSet;

use bartizan_model::{Endpoint, EndpointId, InventoryState, Method, Protocol, Scope, Written};
use bartizan_protocols::spec::{SpecDocument, SpecOperation, SpecServer};

use super::{Compared, Described, Key, MAX_NEVER_GRANTED, key, payload::Payloads};
use crate::endpoints::{channel_protocol, http_method};

/// Messages of channels that are listed for what is written about them.
#[derive(Debug, Default)]
pub struct ChannelsListed<'a> {
    /// One for each message direction of a channel and each host and protocol of its servers, with what is written
    /// about it; at most [`MAX_NEVER_GRANTED`].
    pub endpoints: Vec<(Endpoint, Described<'a>)>,
    /// Operations whose traffic would show, and that nobody asked for.
    pub orphans: u64,
    /// How many were not listed for want of room.
    pub left_out: u64,
}

/// Servers that a message goes through.
fn servers<'a>(document: &'a SpecDocument, operation: &'a SpecOperation) -> &'a [SpecServer] {
    if operation.servers.is_empty() { &document.servers } else { &operation.servers }
}

/// How messages at a server show in traffic: by the method of the request that carries them; `None` where they do
/// not show, or nothing says how they would.
fn shown_by(
    document: &SpecDocument,
    operation: &SpecOperation,
    server: &SpecServer,
) -> Option<String> {
    match channel_protocol(server) {
        Protocol::Websocket => Some(operation.method.clone()),
        Protocol::Rest => http_method(document, operation),
        _ => None,
    }
}

/// Whether traffic can show some of the messages of an operation.
pub(super) fn is_seen_by_traffic(document: &SpecDocument, operation: &SpecOperation) -> bool {
    operation.kind.is_channel()
        && servers(document, operation)
            .iter()
            .any(|server| shown_by(document, operation, server).is_some())
}

/// Where messages go.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    host: String,
    path: String,
    method: String,
    protocol: Protocol,
    /// Whether traffic shows them.
    is_shown: bool,
}

impl Place {
    fn of(document: &SpecDocument, operation: &SpecOperation, server: &SpecServer) -> Self {
        let protocol = channel_protocol(server);
        let shown_by = shown_by(document, operation, server);
        let is_brokered = protocol.is_brokered();
        let path = match is_brokered {
            true => operation.path.clone(),
            false => format!("{}/{}", server.base_path, operation.path.trim_start_matches('/')),
        };
        let host = match server.pattern.as_ref().filter(|_| !is_brokered) {
            Some(pattern) => pattern.text().to_owned(),
            None => server.host.clone(),
        };
        Self {
            host,
            path,
            protocol,
            is_shown: shown_by.is_some(),
            method: shown_by.unwrap_or_else(|| operation.method.clone()),
        }
    }
}

impl<'a> Compared<'a> {
    /// Messages of channels that are not among the endpoints, as endpoints of their own.
    #[must_use]
    pub fn channels(&self, scope: &Scope) -> ChannelsListed<'a> {
        let seen: BTreeSet<Key<'_>> = self.operations().map(key).collect();
        let (mut out, mut listed) = (ChannelsListed::default(), BTreeSet::new());
        for (at, (name, document)) in self.specs.documents.iter().enumerate() {
            let mut payloads = Payloads::of(document);
            for operation in document.operations.iter().filter(|one| one.kind.is_channel()) {
                let described = Described { name, document, operation };
                let key: Key<'_> = (at, operation.place.file, operation.pointer.as_str());
                let places = servers(document, operation).iter();
                let places: BTreeSet<Place> =
                    places.map(|server| Place::of(document, operation, server)).collect();
                let is_orphan = !seen.contains(&key) && !self.refused.contains_key(&key);
                out.orphans += u64::from(is_orphan && places.iter().any(|place| place.is_shown));
                for place in places {
                    if place.is_shown && seen.contains(&key) {
                        continue;
                    }
                    let mut endpoint = self.channel(described, place, key, scope);
                    if !listed.insert(endpoint.id.clone()) {
                        continue;
                    }
                    if out.endpoints.len() >= MAX_NEVER_GRANTED {
                        out.left_out += 1;
                        continue;
                    }
                    payloads.describe(&mut endpoint, operation);
                    out.endpoints.push((endpoint, described));
                }
            }
        }
        out
    }

    fn channel(
        &self,
        described: Described<'_>,
        place: Place,
        key: Key<'_>,
        scope: &Scope,
    ) -> Endpoint {
        let operation = described.operation;
        let Place { host, path, method, protocol, is_shown } = place;
        let name = operation.operation_id.clone().filter(|_| protocol.is_brokered());
        let refused = self.refused.get(&key).filter(|_| is_shown);
        // What goes through a broker may be deprecated and in use: its stage says so, and not its state.
        let inventory_state = match refused {
            None if is_shown => InventoryState::Orphan,
            Some(_) if operation.deprecated => InventoryState::Deprecated,
            _ => InventoryState::Documented,
        };
        let parts =
            [&host, method.as_str(), &path, protocol.as_str(), name.as_deref().unwrap_or_default()];
        let mut endpoint = Endpoint {
            id: EndpointId::derive(scope, &parts),
            host,
            method: Method(method),
            path,
            protocol,
            operation: name,
            inventory_state,
            confirmed: true,
            written: Some(Written {
                document: described.name.to_owned(),
                pointer: operation.pointer.clone(),
                line: operation.position.line,
                ..Written::default()
            }),
            ..Endpoint::default()
        };
        if let Some(refused) = refused {
            refused.say_of(&mut endpoint);
        }
        endpoint
    }
}

#[cfg(test)]
mod tests;
