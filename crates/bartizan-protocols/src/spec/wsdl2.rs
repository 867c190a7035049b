//! WSDL 2.0 with XML Schema: operations of SOAP bindings with their action (Part 2: Adjuncts §5), and of HTTP
//! bindings with method and path (§6). Section numbers are those of the Recommendations of 26 June 2007.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    SpecDocument,
    files::Forest,
    operation::{MAX_SERVERS, Operations, Place, SpecServer, cut},
    server::server_of,
    tree::Node,
    wsdl::{is, local},
};

mod binding;
mod location;
#[cfg(test)]
mod tests;

use location::at_address;

/// Most interfaces that one extends, those that these extend included.
const MAX_EXTENDED: usize = 64;

/// A node with the file that it is in.
type At<'a> = (u32, Node<'a>);

/// Fills a document from its files.
pub(super) fn read(forest: &Forest, document: &mut SpecDocument, out: &mut Operations) {
    document.version = "2.0".to_owned();
    let mut known = Known::default();
    for (file, root) in forest.roots() {
        let Some(description) = root.get("description") else {
            // A schema that was imported.
            for schema in root.children().filter(|child| is(*child, "schema")) {
                known.schema(schema, file);
            }
            continue;
        };
        known.description(description, file);
    }
    if let Some((_, service)) = known.services.first() {
        document.title = cut(service.text_of("@name"));
    }
    let endpoints = known.endpoints(out);
    let servers = endpoints.values().flatten().map(|one| at_address(&one.server));
    document.servers = servers.take(MAX_SERVERS).collect();
    if known.bindings.is_empty() {
        let root = forest.root();
        out.problems.error_at(root, "no binding: which operations are called how is not said");
    }
    for at in &known.bindings {
        let none = Vec::new();
        let endpoints = endpoints.get(at.1.text_of("@name")).unwrap_or(&none);
        binding::read(&known, *at, endpoints, out);
        if out.is_full(at.1) {
            return;
        }
    }
}

/// An endpoint of a service.
struct Endpoint<'a> {
    server: SpecServer,
    /// The interface of its service.
    interface: &'a str,
}

/// What a file has at its top, by local name. Of several of one name, the first counts.
#[derive(Default)]
struct Known<'a> {
    interfaces: BTreeMap<&'a str, At<'a>>,
    /// Operations by their interface and name.
    operations: BTreeMap<(&'a str, &'a str), At<'a>>,
    /// Elements of faults by their interface and name.
    faults: BTreeMap<(&'a str, &'a str), &'a str>,
    bindings: Vec<At<'a>>,
    services: Vec<At<'a>>,
    elements: BTreeMap<&'a str, At<'a>>,
    types: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Known<'a> {
    fn description(&mut self, description: Node<'a>, file: u32) {
        for child in description.children() {
            if is(child, "interface") {
                self.interface(child, file);
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

    fn interface(&mut self, interface: Node<'a>, file: u32) {
        let name = interface.text_of("@name");
        if self.interfaces.contains_key(name) {
            return;
        }
        self.interfaces.insert(name, (file, interface));
        for child in interface.children() {
            let key = (name, child.text_of("@name"));
            if is(child, "operation") {
                self.operations.entry(key).or_insert((file, child));
            } else if is(child, "fault") {
                self.faults.entry(key).or_insert(child.text_of("@element"));
            }
        }
    }

    fn schema(&mut self, schema: Node<'a>, file: u32) {
        for child in schema.children() {
            let name = child.text_of("@name");
            if is(child, "element") {
                self.elements.entry(name).or_insert((file, child));
            } else if is(child, "complexType") {
                self.types.entry(name).or_insert(child);
            }
        }
    }

    /// Endpoints by the binding that is used there.
    fn endpoints(&self, out: &mut Operations) -> BTreeMap<&'a str, Vec<Endpoint<'a>>> {
        let mut endpoints: BTreeMap<&str, Vec<Endpoint<'_>>> = BTreeMap::new();
        for (_, service) in &self.services {
            let interface = local(service.text_of("@interface"));
            for endpoint in service.children().filter(|child| is(*child, "endpoint")) {
                let Some(address) = endpoint.get("@address").and_then(Node::as_str) else {
                    out.problems.warning_at(endpoint, "an endpoint without an address");
                    continue;
                };
                let list = endpoints.entry(local(endpoint.text_of("@binding"))).or_default();
                if list.len() >= MAX_SERVERS {
                    let what = format_args!("more than {MAX_SERVERS} endpoints");
                    out.problems.error_at(endpoint, what);
                    break;
                }
                let mut server = server_of(address);
                server.name = cut(endpoint.text_of("@name"));
                // A reference that is relative takes the place of what is behind the last slash.
                if address.ends_with('/') {
                    server.base_path.push('/');
                }
                list.push(Endpoint { server, interface });
            }
        }
        endpoints
    }

    /// An interface and those that it extends (Part 1 §2.2.1).
    fn extended(&self, interface: &'a str, out: &mut Operations) -> BTreeSet<&'a str> {
        let mut all = BTreeSet::from([interface]);
        let mut waiting = vec![interface];
        while let Some(name) = waiting.pop() {
            let Some((_, node)) = self.interfaces.get(name) else { continue };
            let extends = node.text_of("@extends");
            if !out.work().spend_text(extends.len()) {
                return all;
            }
            for name in extends.split_ascii_whitespace().map(local) {
                if all.len() >= MAX_EXTENDED {
                    let what = format_args!("more than {MAX_EXTENDED} interfaces are extended");
                    out.problems.error_at(*node, what);
                    return all;
                }
                if all.insert(name) {
                    waiting.push(name);
                }
            }
        }
        all
    }
}

fn place((file, node): At<'_>) -> Place {
    Place { file, node: node.id() }
}
