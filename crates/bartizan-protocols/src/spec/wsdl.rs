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

pub use elements::{XmlElements, XmlMembers};

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
                self.messages(&mut operation, described, media_type, file, out);
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
        media_type: &str,
        file: u32,
        out: &mut Operations,
    ) {
        for (part, status) in [("input", ""), ("output", "200"), ("fault", "500")] {
            let messages = out.children(described).filter(|m| is(*m, part));
            for message in messages.take(MAX_PARTS) {
                if !out.item(message, 0) {
                    return;
                }
                let bodies = self.message(message, media_type, out);
                if status.is_empty() && operation.element.is_none() {
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

    fn message(&self, node: Node<'a>, media_type: &str, out: &mut Operations) -> Vec<SpecBody> {
        let name = local(node.text_of("@message"));
        let Some((_, message)) = self.messages.get(name) else {
            out.problems.warning_at(node, "a message that is not described");
            return Vec::new();
        };
        let mut bodies = Vec::new();
        let parts = out.children(*message).filter(|child| is(*child, "part"));
        for part in parts.take(MAX_PARTS) {
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
                schema: schema.copied(),
            });
        }
        bodies
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::{NoFiles, read};

    const WSDL: &str = r#"<?xml version="1.0"?>
<w:definitions name="Stock" xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t"
  xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/"
  xmlns:h="http://schemas.xmlsoap.org/wsdl/http/">
 <w:types><schema xmlns="http://www.w3.org/2001/XMLSchema"><element name="Ask"/><element name="Told"/></schema></w:types>
 <w:message name="In"><w:part name="p" element="t:Ask"/></w:message>
 <w:message name="Out"><w:part name="p" element="t:Told"/></w:message>
 <w:portType name="P">
  <w:operation name="Price"><w:documentation>Last &amp; best price</w:documentation><w:input message="t:In"/><w:output message="t:Out"/></w:operation>
  <w:operation name="Stop"><w:input message="t:Gone"/></w:operation>
 </w:portType>
 <w:binding name="B11" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <w:operation name="Price"><s:operation soapAction="urn:price"/></w:operation>
  <w:operation name="Stop"><s:operation soapAction=""/></w:operation></w:binding>
 <w:binding name="B12" type="t:P"><s12:binding/><w:operation name="Price"><s12:operation soapAction="urn:p"/></w:operation></w:binding>
 <w:binding name="Get" type="t:P"><h:binding verb="GET"/><w:operation name="Price"/></w:binding>
 <w:service name="S"><w:port name="one" binding="t:B11"><s:address location="http://soap.example:81/stock"/></w:port></w:service>
</w:definitions>"#;

    #[test]
    fn each_operation_of_a_soap_binding_has_its_action_and_messages() {
        let spec = read(WSDL.as_bytes(), &mut NoFiles).expect("a document");
        assert_eq!((spec.format.name(), spec.title.as_str()), ("WSDL", "Stock"));
        let list: Vec<_> = spec
            .operations
            .iter()
            .map(|o| (o.path.as_str(), o.action.as_deref(), o.bodies.len(), o.responses.len()))
            .collect();
        assert_eq!(
            list,
            [
                ("Price", Some("urn:price"), 1, 1),
                ("Stop", Some(""), 0, 0),
                ("Price", Some("urn:p"), 1, 1)
            ]
        );
        let price = &spec.operations[0];
        assert_eq!(price.element.as_deref(), Some("Ask"));
        assert_eq!(
            (price.servers[0].host.as_str(), price.servers[0].base_path.as_str()),
            ("soap.example", "/stock")
        );
        assert_eq!(
            (price.bodies[0].media_type.as_str(), price.bodies[0].type_name.as_str()),
            ("text/xml", "t:Ask")
        );
        assert_eq!(spec.operations[2].bodies[0].media_type, "application/soap+xml");
        let schema = spec.node(price.bodies[0].schema.expect("a schema"));
        assert_eq!(schema.pointer(), "/definitions/types/schema/element");
        assert_eq!(price.pointer, "/definitions/binding/operation");
        assert_eq!(spec.operations[1].pointer, "/definitions/binding/operation[2]");
        assert_eq!((price.position.line, price.position.column), (13, 3));
        let what: Vec<_> = spec.problems.iter().map(|p| (p.line, p.pointer.as_str())).collect();
        assert_eq!(
            what,
            [(10, "/definitions/portType/operation[2]/input"), (16, "/definitions/binding[3]"),]
        );
    }
}
