//! WSDL 1.1 with XML Schema: each operation of each SOAP binding, with its action, its messages and
//! the addresses of its ports. Several are at one address, so path and method do not tell them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    SpecDocument,
    files::Forest,
    operation::{
        MAX_SERVERS, OperationKind, Operations, Place, SpecBody, SpecOperation, SpecResponse,
        SpecServer, cut,
    },
    server::server_of,
    tree::Node,
    wsdl2,
};

mod elements;
mod simple;

pub use elements::{XmlElements, XmlMembers};
pub use simple::{XmlKind, XmlSimple};

/// Most parts of one message.
const MAX_PARTS: usize = 256;
/// Longest qualified name that is looked up, in bytes.
const MAX_QNAME: usize = 4 * 1024;

/// Fills a document from its files, which may be of 2.0 too.
pub(super) fn read(forest: &Forest, document: &mut SpecDocument, out: &mut Operations) {
    if forest.root().get("definitions").is_none() {
        return wsdl2::read(forest, document, out);
    }
    document.version = "1.1".to_owned();
    let mut known = Known::default();
    for (file, root) in forest.roots() {
        let Some(definitions) = root.get("definitions") else {
            // A schema that was imported.
            for schema in root.children().filter(|c| is(*c, "schema")) {
                known.schema(schema, file);
            }
            continue;
        };
        if document.title.is_empty() {
            document.title = cut(definitions.text_of("@name"));
        }
        known.definitions(definitions, file);
    }
    if document.title.is_empty()
        && let Some((_, service)) = known.services.first()
    {
        document.title = cut(service.text_of("@name"));
    }
    let ports = known.ports(out);
    document.servers = ports.values().flatten().take(MAX_SERVERS).cloned().collect();
    if known.bindings.is_empty() {
        let root = forest.root();
        out.problems.error_at(root, "no binding: which operations are called how is not said");
    }
    for (file, binding) in &known.bindings {
        known.binding(*file, *binding, &ports, out);
        if out.is_full(*binding) {
            return;
        }
    }
}

#[derive(Default)]
struct Known<'a> {
    messages: BTreeMap<&'a str, (u32, Node<'a>)>,
    port_types: BTreeSet<&'a str>,
    /// Operations by their port type and name.
    abstracts: BTreeMap<(&'a str, &'a str), Node<'a>>,
    bindings: Vec<(u32, Node<'a>)>,
    services: Vec<(u32, Node<'a>)>,
    /// Elements and types of schemas.
    elements: BTreeMap<&'a str, Place>,
    types: BTreeMap<&'a str, Place>,
}

/// How messages of an operation are written.
#[derive(Clone, Copy)]
struct Form<'a> {
    media_type: &'a str,
    /// The operation of the binding, where it is of style "rpc" (§3.5).
    bound: Option<Node<'a>>,
}

/// One message of style "rpc": its parts are in an element that is named as the operation.
struct Rpc<'a> {
    /// Names of those parts that are in the body, separated by spaces; empty for all.
    parts: &'a str,
    is_literal: bool,
}

impl<'a> Rpc<'a> {
    /// What the binding of an operation says of its `input` or `output`.
    fn of(operation: Node<'a>, name: &str) -> Self {
        let message = operation.children().find(|child| is(*child, name));
        let body = message.and_then(|message| bound(message, "body"));
        let text = |name: &str| body.map_or("", |body| body.text_of(name));
        Self { parts: text("@parts"), is_literal: text("@use") != "encoded" }
    }

    fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.split_ascii_whitespace().any(|name| name == part)
    }
}

/// Whether an element has this local name.
pub(super) fn is(node: Node<'_>, name: &str) -> bool {
    node.key().is_some_and(|key| {
        key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
    })
}

/// What a qualified name is called in its namespace.
pub(super) fn local(name: &str) -> &str {
    // Many may share one that is long: it is gone over for each.
    let name = if name.len() <= MAX_QNAME { name } else { "" };
    name.rsplit(':').next().unwrap_or("")
}

/// A child of a namespace for bindings, of this name.
fn bound<'a>(node: Node<'a>, name: &str) -> Option<Node<'a>> {
    node.children().find(|child| is(*child, name) && child.get("#ns").is_some())
}

impl<'a> Known<'a> {
    fn definitions(&mut self, definitions: Node<'a>, file: u32) {
        for child in definitions.children() {
            let name = child.text_of("@name");
            if is(child, "message") {
                self.messages.entry(name).or_insert((file, child));
            } else if is(child, "portType") {
                self.port_type(name, child);
            } else if is(child, "binding") {
                self.bindings.push((file, child));
            } else if is(child, "service") {
                self.services.push((file, child));
            } else if is(child, "types") {
                for schema in child.children().filter(|c| is(*c, "schema")) {
                    self.schema(schema, file);
                }
            }
        }
    }

    /// Of several of one name, the first counts.
    fn port_type(&mut self, name: &'a str, node: Node<'a>) {
        if !self.port_types.insert(name) {
            return;
        }
        for operation in node.children().filter(|child| is(*child, "operation")) {
            self.abstracts.entry((name, operation.text_of("@name"))).or_insert(operation);
        }
    }

    fn schema(&mut self, schema: Node<'a>, file: u32) {
        for child in schema.children() {
            let place = Place { file, node: child.id() };
            let name = child.text_of("@name");
            if is(child, "element") {
                self.elements.entry(name).or_insert(place);
            } else if is(child, "complexType") || is(child, "simpleType") {
                self.types.entry(name).or_insert(place);
            }
        }
    }

    /// Addresses by the binding that is used there.
    fn ports(&self, out: &mut Operations) -> BTreeMap<&'a str, Vec<SpecServer>> {
        let mut ports: BTreeMap<&str, Vec<SpecServer>> = BTreeMap::new();
        for (_, service) in &self.services {
            for port in service.children().filter(|child| is(*child, "port")) {
                let address = bound(port, "address").and_then(|a| a.get("@location"));
                let Some(address) = address.and_then(Node::as_str) else {
                    out.problems.warning_at(port, "a port without an address");
                    continue;
                };
                let list = ports.entry(local(port.text_of("@binding"))).or_default();
                if list.len() >= MAX_SERVERS {
                    out.problems.error_at(port, format_args!("more than {MAX_SERVERS} ports"));
                    break;
                }
                let name = cut(port.text_of("@name"));
                list.push(SpecServer { name, ..server_of(address) });
            }
        }
        ports
    }

    fn binding(
        &self,
        file: u32,
        binding: Node<'a>,
        ports: &BTreeMap<&'a str, Vec<SpecServer>>,
        out: &mut Operations,
    ) {
        let transport = bound(binding, "binding");
        let namespace = transport.map_or("", |node| node.text_of("#ns"));
        let media_type = if namespace.contains("/wsdl/soap12") {
            "application/soap+xml"
        } else if namespace.contains("/wsdl/soap") {
            "text/xml"
        } else {
            let what = "a binding that is not SOAP (HTTP GET or POST, MIME, or none): left out";
            out.problems.warning_at(binding, what);
            return;
        };
        let port_type = local(binding.text_of("@type"));
        // §3.3: what is not said is "document".
        let style = transport.map_or("", |node| node.text_of("@style"));
        let none = Vec::new();
        let servers = ports.get(binding.text_of("@name")).unwrap_or(&none);
        for node in binding.children().filter(|child| is(*child, "operation")) {
            let name = node.text_of("@name");
            let described = self.abstracts.get(&(port_type, name)).copied();
            if described.is_none() {
                out.problems.warning_at(node, "its port type does not describe this operation");
            }
            let mut operation = SpecOperation {
                kind: OperationKind::Soap,
                method: "POST".to_owned(),
                path: cut(name),
                operation_id: Some(cut(name)),
                action: bound(node, "operation")
                    .and_then(|o| o.get("@soapAction"))
                    .and_then(Node::as_str)
                    .map(cut),
                servers: servers.clone(),
                ..SpecOperation::default()
            };
            if let Some(documentation) = described.and_then(|d| d.get("documentation")) {
                operation.summary = cut(documentation.text_of("#text"));
            }
            if let Some(described) = described {
                let own = bound(node, "operation").map_or("", |own| own.text_of("@style"));
                let is_rpc = if own.is_empty() { style } else { own } == "rpc";
                let form = Form { media_type, bound: is_rpc.then_some(node) };
                self.messages(&mut operation, described, form, file, out);
            }
            if !out.add(operation, node, file) {
                return;
            }
        }
    }

    fn messages(
        &self,
        operation: &mut SpecOperation,
        described: Node<'a>,
        form: Form<'a>,
        file: u32,
        out: &mut Operations,
    ) {
        for (part, status) in [("input", ""), ("output", "200"), ("fault", "500")] {
            let messages = out.children(described).filter(|m| is(*m, part));
            for message in messages.take(MAX_PARTS) {
                if !out.item(message, 0) {
                    return;
                }
                // What is told of a fault is one element in any style (§3.6).
                let style = form.bound.filter(|_| part != "fault").map(|node| Rpc::of(node, part));
                let bodies = self.message(message, form.media_type, style.as_ref(), out);
                if status.is_empty() && operation.element.is_none() && style.is_none() {
                    operation.element = self.element(message);
                }
                if status.is_empty() {
                    operation.bodies.extend(bodies);
                } else {
                    let place = Place { file, node: message.id() };
                    let status = status.to_owned();
                    operation.responses.push(SpecResponse { status, bodies, place });
                }
            }
        }
    }

    /// The local name of the element that the first part of a message is, if it is one.
    fn element(&self, node: Node<'a>) -> Option<String> {
        let (_, message) = self.messages.get(local(node.text_of("@message")))?;
        let element = message.get("part")?.text_of("@element");
        (!element.is_empty()).then(|| cut(local(element)))
    }

    fn message(
        &self,
        node: Node<'a>,
        media_type: &str,
        rpc: Option<&Rpc<'a>>,
        out: &mut Operations,
    ) -> Vec<SpecBody> {
        let name = local(node.text_of("@message"));
        let Some((file, message)) = self.messages.get(name) else {
            out.problems.warning_at(node, "a message that is not described");
            return Vec::new();
        };
        let mut bodies = Vec::new();
        let parts = out.children(*message).filter(|child| is(*child, "part"));
        let in_body = |part: &Node<'a>| rpc.is_none_or(|rpc| rpc.has(part.text_of("@name")));
        for part in parts.filter(in_body).take(MAX_PARTS) {
            let element = part.text_of("@element");
            let of_type = part.text_of("@type");
            let (type_name, schema) = if element.is_empty() {
                (of_type, self.types.get(local(of_type)))
            } else {
                (element, self.elements.get(local(element)))
            };
            if !out.item(part, type_name.len()) {
                break;
            }
            bodies.push(SpecBody {
                media_type: media_type.to_owned(),
                required: true,
                type_name: cut(type_name),
                part: if rpc.is_some() { cut(part.text_of("@name")) } else { String::new() },
                schema: match rpc {
                    // A part has a type as an element has; of what is encoded the rest is elsewhere.
                    Some(rpc) => rpc.is_literal.then_some(Place { file: *file, node: part.id() }),
                    None => schema.copied(),
                },
            });
        }
        bodies
    }
}

#[cfg(test)]
mod tests;
