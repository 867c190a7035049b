//! AsyncAPI 2 and 3: what is sent to and received from channels. Each message direction of a
//! channel is an operation; none of them is an HTTP request with a method and a path of its own.
//!
//! Version 2 speaks from the client's side: `publish` is what the application receives. Here as in
//! version 3 the words are those of the application that is described.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    SpecDocument,
    files::{Forest, Lost, MAX_REFERENCE},
    operation::{
        MAX_PATH, MAX_SERVERS, OperationKind, Operations, ParameterIn, Place, Requirement,
        SpecBody, SpecOperation, SpecParameter, SpecScheme, SpecServer, cut,
    },
    server::{clean_base, fill, host_only, hosts_of, server_of, values_of},
    tree::{Node, escape},
};

/// Most tags of one operation.
const MAX_TAGS: usize = 64;
/// Most messages of one operation.
const MAX_MESSAGES: usize = 256;
/// Most alternatives of authentication of one operation.
const MAX_ALTERNATIVES: usize = 64;
/// Most schemes of authentication of a document.
const MAX_SCHEMES: usize = 1_000;

/// Fills a document from its root.
pub(super) fn read(forest: &Forest, document: &mut SpecDocument, out: &mut Operations) {
    let root = forest.root();
    document.version = cut(root.text_of("asyncapi"));
    if let Some(info) = root.get("info") {
        document.title = cut(info.text_of("title"));
        document.api_version = cut(info.text_of("version"));
    }
    let second = document.version.starts_with('2');
    if !second && !document.version.starts_with('3') {
        out.problems.warning(
            "/asyncapi",
            root.position(),
            "a version that is not known: read as 3",
        );
    }
    let mut reader = Reader { forest, out, servers: BTreeMap::new() };
    document.servers = reader.read_servers(root);
    document.schemes = reader.schemes(root);
    if second {
        reader.channels(root);
    } else {
        reader.operations(root);
    }
}

struct Reader<'a> {
    forest: &'a Forest,
    out: &'a mut Operations,
    /// By name, to be asked for by channels.
    servers: BTreeMap<String, SpecServer>,
}

impl<'a> Reader<'a> {
    fn follow(&mut self, node: Node<'a>, file: u32) -> Option<(Node<'a>, u32)> {
        match self.forest.follow(Place { file, node: node.id() }, self.out.work()) {
            Ok(place) => Some((self.forest.node(place), place.file)),
            Err(Lost::Work) => None,
            Err(reason) => {
                self.out.problems.error_at(node, format_args!("{reason}: left out"));
                None
            }
        }
    }

    fn read_servers(&mut self, root: Node<'a>) -> Vec<SpecServer> {
        let mut out = Vec::new();
        let list = root.get("servers").filter(|s| s.is_object());
        for (i, (name, server)) in list.into_iter().flat_map(Node::members).enumerate() {
            if i >= MAX_SERVERS {
                self.out.problems.error_at(server, format_args!("more than {MAX_SERVERS} servers"));
                break;
            }
            let Some((server, _)) = self.follow(server, 0) else { continue };
            let variables = server.get("variables");
            let known = |name: &str| variables?.get(name)?.get("default")?.scalar();
            let url = server.get("url").and_then(Node::as_str);
            let mut read = match url {
                Some(url) => authority_first(&fill(url, known)),
                None => SpecServer {
                    host: host_only(&fill(server.text_of("host"), known)),
                    base_path: clean_base(&fill(server.text_of("pathname"), known)),
                    ..SpecServer::default()
                },
            };
            let protocol = server.text_of("protocol");
            if !protocol.is_empty() {
                read.protocol = cut(protocol).to_ascii_lowercase();
            }
            let address = url.unwrap_or_else(|| server.text_of("host"));
            read.pattern = hosts_of(address, |name| values_of(self.out, variables?.get(name)?));
            read.name = cut(name);
            self.servers.insert(name.to_owned(), read.clone());
            out.push(read);
        }
        out
    }

    /// Version 2: `publish` and `subscribe` of each channel.
    fn channels(&mut self, root: Node<'a>) {
        let Some(channels) = root.get("channels").filter(|c| c.is_object()) else {
            self.out.problems.error("/channels", root.position(), "expected an object");
            return;
        };
        for (address, channel) in channels.members() {
            self.channel(address, channel);
            if self.out.is_full(channel) {
                return;
            }
        }
    }

    fn channel(&mut self, address: &str, channel: Node<'a>) {
        let pointer = format!("/channels/{}", escape(&cut(address)));
        let Some((channel, file)) = self.follow(channel, 0) else { return };
        for (name, kind) in
            [("publish", OperationKind::Receive), ("subscribe", OperationKind::Send)]
        {
            let Some(node) = channel.get(name) else { continue };
            let pointer = format!("{pointer}/{name}");
            let Some(mut operation) = self.operation(kind, address, node, pointer) else {
                continue;
            };
            operation.operation_id = Some(cut(node.text_of("operationId")));
            operation.servers = self.servers_of(channel);
            self.parameters(&mut operation, channel, file);
            match node.get("message") {
                None => {}
                Some(message) => match message.get("oneOf").filter(|o| o.is_array()) {
                    Some(list) => {
                        let list = self.out.children(list).take(MAX_MESSAGES);
                        self.messages(&mut operation, list, file);
                    }
                    None => self.messages(&mut operation, std::iter::once(message), file),
                },
            }
            self.finish(operation, node, file);
        }
    }

    /// Version 3: operations that refer to channels.
    fn operations(&mut self, root: Node<'a>) {
        let Some(operations) = root.get("operations").filter(|o| o.is_object()) else {
            self.out.problems.warning("/operations", root.position(), "there are no operations");
            return;
        };
        for (name, node) in operations.members() {
            self.operation_of(name, node);
            if self.out.is_full(node) {
                return;
            }
        }
    }

    fn operation_of(&mut self, name: &str, node: Node<'a>) {
        let pointer = format!("/operations/{}", escape(&cut(name)));
        let Some((node, file)) = self.follow(node, 0) else { return };
        let kind = match node.text_of("action") {
            "send" => OperationKind::Send,
            "receive" => OperationKind::Receive,
            _ => {
                let what = "expected an `action` of `send` or `receive`: left out";
                self.out.problems.error_at(node, what);
                return;
            }
        };
        let Some((channel, inner)) = node.get("channel").and_then(|c| self.follow(c, file)) else {
            if !self.out.work().is_over() {
                self.out.problems.error_at(node, "expected a `channel`: left out");
            }
            return;
        };
        // Without an address it is told when the application runs only: all of it is a parameter.
        let address = match channel.get("address").and_then(Node::as_str) {
            Some(address) => address.to_owned(),
            None => {
                let reference = node.get("channel").map_or("", |channel| channel.text_of("$ref"));
                let name = last_step(reference).filter(|name| !name.is_empty());
                format!("{{{}}}", cut(name.unwrap_or("channel")))
            }
        };
        let Some(mut operation) = self.operation(kind, &address, node, pointer) else { return };
        operation.operation_id = Some(cut(name));
        operation.servers = self.servers_of(channel);
        self.parameters(&mut operation, channel, inner);
        match node.get("messages").filter(|m| m.is_array()) {
            Some(list) => {
                let list = self.out.children(list);
                self.messages(&mut operation, list, file);
            }
            // Without a list, all those of the channel.
            None => {
                let all = channel.get("messages").map(|all| self.out.children(all));
                self.messages(&mut operation, all.into_iter().flatten(), inner);
            }
        }
        self.finish(operation, node, file);
    }

    fn operation(
        &mut self,
        kind: OperationKind,
        address: &str,
        node: Node<'a>,
        pointer: String,
    ) -> Option<SpecOperation> {
        if !node.is_object() || address.len() > MAX_PATH {
            self.out.problems.error_at(node, "expected an operation object of a short channel");
            return None;
        }
        Some(SpecOperation {
            kind,
            method: kind.method().to_owned(),
            path: address.to_owned(),
            summary: cut(node.text_of("summary")),
            deprecated: node.get("deprecated").and_then(Node::as_bool).unwrap_or(false),
            tags: node
                .get("tags")
                .map(|tags| self.out.children(tags))
                .into_iter()
                .flatten()
                .take(MAX_TAGS)
                .map(|tag| cut(tag.text_of("name")))
                .collect(),
            security: self.security(node),
            pointer,
            ..SpecOperation::default()
        })
    }

    fn finish(&mut self, mut operation: SpecOperation, node: Node<'a>, file: u32) {
        operation.operation_id = operation.operation_id.filter(|id| !id.is_empty());
        for (name, value) in self.out.members(node).filter(|(name, _)| name.starts_with("x-")) {
            if !self.out.item(value, name.len()) {
                break;
            }
            operation.extensions.push((cut(name), Place { file, node: value.id() }));
        }
        self.out.add(operation, node, file);
    }

    /// Servers that a channel is limited to: names in version 2, references in version 3.
    fn servers_of(&mut self, channel: Node<'a>) -> Vec<SpecServer> {
        let list = channel.get("servers").filter(|s| s.is_array());
        let list = list.map(|list| self.out.children(list)).into_iter().flatten();
        list.take(MAX_SERVERS)
            .filter_map(|server| {
                let name = match server.as_str() {
                    Some(name) => name,
                    None => last_step(server.text_of("$ref"))?,
                };
                self.servers.get(name).cloned()
            })
            .collect()
    }

    fn parameters(&mut self, operation: &mut SpecOperation, channel: Node<'a>, file: u32) {
        let list = channel.get("parameters").filter(|p| p.is_object());
        let list = list.map(|list| self.out.members(list));
        for (name, node) in list.into_iter().flatten() {
            if !self.out.item(node, name.len()) {
                return;
            }
            let Some((node, file)) = self.follow(node, file) else { continue };
            let schema = node.get("schema").unwrap_or(node);
            operation.parameters.push(SpecParameter {
                name: cut(name),
                location: ParameterIn::Path,
                required: true,
                schema: Some(Place { file, node: schema.id() }),
                place: Place { file, node: node.id() },
                ..SpecParameter::default()
            });
        }
    }

    fn messages(
        &mut self,
        operation: &mut SpecOperation,
        messages: impl Iterator<Item = Node<'a>>,
        file: u32,
    ) {
        let otherwise = cut(self.forest.root().text_of("defaultContentType"));
        for message in messages {
            if operation.bodies.len() >= MAX_MESSAGES {
                let what = format_args!("more than {MAX_MESSAGES} messages");
                self.out.problems.error_at(message, what);
                return;
            }
            let Some((target, file)) = self.follow(message, file) else { continue };
            let text = target.text_of("contentType").len() + target.text_of("name").len();
            if !self.out.item(message, text) {
                return;
            }
            let message = target;
            let content_type = cut(message.text_of("contentType"));
            operation.bodies.push(SpecBody {
                media_type: if content_type.is_empty() { otherwise.clone() } else { content_type },
                required: true,
                type_name: cut(message.text_of("name")),
                part: String::new(),
                schema: self.payload(message, file),
            });
        }
    }

    /// The schema of what a message holds, where it is written as JSON Schema: by default, and by name as the
    /// format of the message (version 2) or of the schema (version 3).
    fn payload(&mut self, message: Node<'a>, file: u32) -> Option<Place> {
        let payload = message.get("payload")?;
        let place = Place { file, node: payload.id() };
        let format = message.text_of("schemaFormat");
        if !format.is_empty() {
            return is_json_schema(format).then_some(place);
        }
        let (target, file) = self.follow(payload, file)?;
        match (target.text_of("schemaFormat"), target.get("schema")) {
            ("", _) => Some(place),
            (format, Some(schema)) if is_json_schema(format) => {
                Some(Place { file, node: schema.id() })
            }
            _ => None,
        }
    }

    /// Names in version 2; references in version 3, of which the last step is the name.
    fn security(&mut self, node: Node<'a>) -> Option<Arc<[Requirement]>> {
        let list = node.get("security").filter(|s| s.is_array())?;
        let mut out = Vec::new();
        for alternative in self.out.children(list) {
            if out.len() >= MAX_ALTERNATIVES {
                let what =
                    format_args!("more than {MAX_ALTERNATIVES} alternatives: the rest is left out");
                self.out.problems.error_at(alternative, what);
                break;
            }
            let mut one = Requirement::default();
            let reference = alternative.text_of("$ref");
            if !reference.is_empty() {
                one.schemes.push((cut(last_step(reference).unwrap_or("")), Vec::new()));
            } else if alternative.get("type").is_some() {
                one.schemes.push((cut(alternative.text_of("type")), Vec::new()));
            } else if alternative.is_object() {
                for (name, scopes) in self.out.members(alternative).take(MAX_ALTERNATIVES) {
                    let scopes = self.out.children(scopes).take(MAX_ALTERNATIVES);
                    one.schemes
                        .push((cut(name), scopes.filter_map(Node::scalar).map(cut).collect()));
                }
            } else {
                self.out.problems.error_at(alternative, "expected a security requirement");
                continue;
            }
            out.push(one);
        }
        // Where none of them can be read it is not known, which is not the same as none.
        if out.is_empty() && list.children().next().is_some() {
            return None;
        }
        Some(out.into())
    }

    fn schemes(&mut self, root: Node<'a>) -> Vec<SpecScheme> {
        let list = root.get("components").and_then(|c| c.get("securitySchemes"));
        let mut out = Vec::new();
        for (name, node) in list.into_iter().flat_map(Node::members) {
            if out.len() >= MAX_SCHEMES {
                let what = format_args!("more than {MAX_SCHEMES} schemes");
                self.out.problems.error_at(node, what);
                break;
            }
            let Some((node, file)) = self.follow(node, 0) else { continue };
            out.push(SpecScheme {
                name: cut(name),
                kind: cut(node.text_of("type")),
                scheme: cut(node.text_of("scheme")).to_ascii_lowercase(),
                location: cut(node.text_of("in")),
                parameter: cut(node.text_of("name")),
                place: Place { file, node: node.id() },
            });
        }
        out
    }
}

/// The name at the end of a reference; none of one that is too long.
fn last_step(reference: &str) -> Option<&str> {
    Some(reference).filter(|r| r.len() <= MAX_REFERENCE)?.rsplit('/').next()
}

/// Whether the media type of a schema is one of JSON Schema, or of what AsyncAPI and OpenAPI make of it.
fn is_json_schema(format: &str) -> bool {
    let format = format.to_ascii_lowercase();
    ["vnd.aai.asyncapi", "schema+json", "schema+yaml", "vnd.oai.openapi"]
        .iter()
        .any(|known| format.contains(known))
}

/// `scheme://host/path`, or `host:port/path` as brokers are written.
fn authority_first(url: &str) -> SpecServer {
    if url.contains("://") { server_of(url) } else { server_of(&format!("//{url}")) }
}

#[cfg(test)]
mod tests;
