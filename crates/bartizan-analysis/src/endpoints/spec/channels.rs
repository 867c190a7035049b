//! Channels of AsyncAPI whose messages go where traffic is seen: over WebSocket, and over HTTP with a method that
//! their binding names. What goes through a broker is not in it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use bartizan_model::{InventoryState, Protocol};
use bartizan_protocols::spec::{SpecDocument, SpecOperation, SpecServer};

use super::{
    HostTold, MAX_SEGMENTS, Operation, Pattern, Room, Sought, SpecIndex, Template, Trie,
    hosts::Hosts, join, patterns, sought_of,
};

/// What stands for the method of a connection of a WebSocket; no method has a space.
const WEBSOCKET: &str = "a WebSocket";
/// Longest method of a binding, in bytes.
const MAX_METHOD: usize = 32;

/// What a channel of this server goes over. Protocols are named as in AsyncAPI's lists of servers and bindings.
#[must_use]
pub fn channel_protocol(server: &SpecServer) -> Protocol {
    match server.protocol.as_str() {
        "ws" | "wss" | "websocket" | "websockets" => Protocol::Websocket,
        "http" | "https" => Protocol::Rest,
        "kafka" | "kafka-secure" => Protocol::Kafka,
        "amqp" | "amqps" | "amqp1" => Protocol::Amqp,
        "mqtt" | "mqtts" | "mqtt5" | "secure-mqtt" => Protocol::Mqtt,
        "nats" => Protocol::Nats,
        "sqs" => Protocol::Sqs,
        "sns" => Protocol::Sns,
        "googlepubsub" => Protocol::GooglePubsub,
        "jms" | "ibmmq" | "ibmmq-secure" | "anypointmq" => Protocol::Jms,
        "pulsar" => Protocol::Pulsar,
        "redis" | "rediss" => Protocol::Redis,
        "solace" => Protocol::Solace,
        "stomp" | "stomps" => Protocol::Stomp,
        _ => Protocol::Channel,
    }
}

/// The method of the HTTP binding of an operation of a channel, upper case; `None` when it names none.
#[must_use]
pub fn http_method(document: &SpecDocument, documented: &SpecOperation) -> Option<String> {
    let node = document.node(document.follow(documented.place));
    let method = node.get("bindings")?.get("http")?.text_of("method");
    let is_method = !method.is_empty()
        && method.len() <= MAX_METHOD
        && method.bytes().all(|b| b.is_ascii_alphabetic());
    is_method.then(|| method.to_ascii_uppercase())
}

/// Channels by host and path.
#[derive(Clone, Debug, Default)]
pub(super) struct Channels {
    trie: Trie,
    /// Where paths of a host begin.
    hosts: Hosts,
    /// Where those of hosts with a WebSocket do.
    sockets: BTreeSet<u32>,
    /// Positions of operations that have one place.
    at: Vec<Vec<usize>>,
    places: HashMap<(u32, Vec<Pattern>, String), usize>,
}

impl Channels {
    /// False when there is no room.
    fn insert(&mut self, server: &SpecServer, path: &[Pattern], word: &str, index: usize) -> bool {
        let is_kept = self.insert_below(Trie::ANY, path, word, index);
        match self.hosts.root(server, &mut self.trie) {
            Ok(None) => is_kept,
            Ok(Some(root)) => {
                if word == WEBSOCKET {
                    self.sockets.insert(root);
                }
                self.insert_below(root, path, word, index) && is_kept
            }
            Err(_) => false,
        }
    }

    fn insert_below(&mut self, root: u32, path: &[Pattern], word: &str, index: usize) -> bool {
        let key = (root, path.to_vec(), word.to_owned());
        if let Some(at) = self.places.get(&key) {
            if let Some(list) = self.at.get_mut(*at)
                && !list.contains(&index)
            {
                list.push(index);
            }
            return true;
        }
        let is_kept = self.trie.insert(root, path, word, self.at.len());
        if is_kept {
            self.places.insert(key, self.at.len());
            self.at.push(vec![index]);
        }
        is_kept
    }

    pub(super) fn finish(&mut self) {
        self.trie.finish();
        self.places = HashMap::new();
    }

    fn find(&self, host: &str, word: &str, sought: &[Sought<'_>]) -> &[usize] {
        let root = self.hosts.find(host).unwrap_or(Trie::ANY);
        let found = self.trie.find(root, word, sought).and_then(|at| self.at.get(at));
        found.map_or(&[], Vec::as_slice)
    }

    /// Operations whose messages a learned endpoint carries.
    pub(super) fn documenting(&self, template: &Template) -> &[usize] {
        if self.at.is_empty() {
            return &[];
        }
        match &template.call {
            None => self.find(&template.host, &template.method, &sought_of(template)),
            Some(_) if is_socket(template) => {
                self.find(&template.host, WEBSOCKET, &sought_of(template))
            }
            Some(_) => &[],
        }
    }

    /// Whether it is a WebSocket of a host of which others are documented.
    pub(super) fn covers(&self, template: &Template) -> bool {
        let is_known = |root| self.sockets.contains(&root);
        is_socket(template) && self.hosts.find(&template.host).is_some_and(is_known)
    }

    /// See [`SpecIndex::told`].
    pub(super) fn told(&self, host: &str) -> HostTold<'_> {
        self.hosts.told(host)
    }
}

fn is_socket(template: &Template) -> bool {
    template.call.as_ref().is_some_and(|call| call.protocol == Protocol::Websocket)
}

impl SpecIndex {
    /// A message of a channel, at each base path and host of a server where traffic shows it; false when there is no
    /// room somewhere.
    pub(super) fn channel(
        &mut self,
        document: usize,
        spec: &SpecDocument,
        documented: &Arc<SpecOperation>,
        room: &mut Room,
    ) -> bool {
        let own = !documented.servers.is_empty();
        let mut is_complete = true;
        for server in if own { &documented.servers } else { &spec.servers } {
            let word = match channel_protocol(server) {
                Protocol::Websocket => WEBSOCKET.to_owned(),
                Protocol::Rest => match http_method(spec, documented) {
                    Some(method) => method,
                    None => continue,
                },
                _ => continue,
            };
            let path = join(&server.base_path, &documented.path);
            let segments = path.bytes().filter(|b| *b == b'/').count();
            let named = server.pattern.as_ref().map_or(server.host.len(), |one| one.held());
            let held = size_of::<Operation>() + 3 * path.len() + named;
            if segments > MAX_SEGMENTS || !room.take(held, 1 + segments) {
                is_complete = false;
                continue;
            }
            let index = self.operations.len();
            is_complete &= self.channels.insert(server, &patterns(&path), &word, index);
            self.operations.push(Operation {
                document,
                method: documented.method.clone(),
                path,
                documented: Arc::clone(documented),
            });
        }
        is_complete
    }

    /// How a learned endpoint relates to channels; `None` when it is none of those that are written.
    pub(super) fn state_of_channel(&self, template: &Template) -> Option<InventoryState> {
        let found = self.channels.documenting(template);
        let mut found = found.iter().filter_map(|index| self.operations.get(*index)).peekable();
        found.peek()?;
        let is_deprecated = found.all(|operation| operation.documented.deprecated);
        Some(if is_deprecated { InventoryState::Zombie } else { InventoryState::Documented })
    }

    /// Messages that a handshake would have opened a learned endpoint to: one that was refused is a request as any
    /// other.
    #[must_use]
    pub fn sockets_at(&self, template: &Template) -> &[usize] {
        if template.call.is_some() || template.method != "GET" {
            return &[];
        }
        self.channels.find(&template.host, WEBSOCKET, &sought_of(template))
    }

    /// The template, base path included, of the WebSocket that a request opens.
    #[must_use]
    pub fn socket_path(&self, host: &str, segments: &[&str]) -> Option<&str> {
        let sought: Vec<Sought<'_>> = segments.iter().map(|s| Sought::Text(s)).collect();
        let index = self.channels.find(host, WEBSOCKET, &sought).first()?;
        self.operations.get(*index).map(|operation| operation.path.as_str())
    }
}
