//! Operations of the bindings of SOAP and HTTP.

use std::collections::BTreeSet;

use super::{
    At, Endpoint, Known,
    location::{Location, at_address},
    place,
};
use crate::spec::{
    operation::{
        OperationKind, Operations, ParameterIn, SpecBody, SpecOperation, SpecParameter,
        SpecResponse, cut,
    },
    tree::Node,
    wsdl::{is, local},
};

/// Most messages of one operation, and parameters that its schema has.
const MAX_PARTS: usize = 256;
const SOAP: &str = "http://www.w3.org/ns/wsdl/soap";
const HTTP: &str = "http://www.w3.org/ns/wsdl/http";
const FORM: &str = "application/x-www-form-urlencoded";

/// The operations of a binding that is used at these endpoints.
pub(super) fn read<'a>(
    known: &Known<'a>,
    (file, node): At<'a>,
    endpoints: &[Endpoint<'a>],
    out: &mut Operations,
) {
    let way = match node.text_of("@type").trim() {
        SOAP if node.text_of("@version") == "1.1" => Way::Soap("text/xml"),
        SOAP => Way::Soap("application/soap+xml"),
        HTTP => Way::Http,
        _ => {
            out.problems.warning_at(node, "a binding that is neither SOAP nor HTTP: left out");
            return;
        }
    };
    // One without an interface is for those of the services that use it (Part 1 §2.9.1).
    let own = local(node.text_of("@interface"));
    let used = endpoints.iter().map(|one| one.interface).filter(|_| own.is_empty());
    let mut interfaces = BTreeSet::new();
    for interface in used.chain((!own.is_empty()).then_some(own)) {
        interfaces.extend(known.extended(interface, out));
    }
    let binding = Binding { known, node, way, endpoints, interfaces };
    let mut bound = BTreeSet::new();
    for operation in out.children(node).filter(|child| is(*child, "operation")) {
        let name = local(operation.text_of("@ref"));
        bound.insert(name);
        if !binding.operation(name, (file, operation), out) {
            return;
        }
    }
    // Others are bound by rules that hold for all (Adjuncts §5.10); with HTTP at the address itself,
    // where nothing tells them apart.
    if let Way::Soap(_) = way {
        for interface in &binding.interfaces {
            let all = known.operations.range((*interface, "")..);
            for ((_, name), at) in all.take_while(|((of, _), _)| of == interface) {
                let is_left = out.work().spend(1) && !bound.contains(name);
                if is_left && !binding.operation(name, *at, out) {
                    return;
                }
            }
        }
    }
}

/// What carries a message.
#[derive(Clone, Copy)]
enum Way {
    /// With this media type.
    Soap(&'static str),
    Http,
}

struct Binding<'k, 'a> {
    known: &'k Known<'a>,
    node: Node<'a>,
    way: Way,
    endpoints: &'k [Endpoint<'a>],
    /// Those that it binds.
    interfaces: BTreeSet<&'a str>,
}

impl<'a> Binding<'_, 'a> {
    /// An operation that is bound at a node; false when there is no room.
    fn operation(&self, name: &'a str, at: At<'a>, out: &mut Operations) -> bool {
        let (file, node) = at;
        let operations = &self.known.operations;
        let found =
            self.interfaces.iter().find_map(|one| Some((*one, *operations.get(&(*one, name))?)));
        let Some((interface, described)) = found else {
            let what = "its interface does not describe this operation: left out";
            out.problems.warning_at(node, what);
            return true;
        };
        let mut operation = SpecOperation {
            operation_id: Some(cut(name)),
            summary: described
                .1
                .get("documentation")
                .map_or_else(String::new, |text| cut(text.text_of("#text"))),
            ..SpecOperation::default()
        };
        let media_types = match self.way {
            Way::Soap(media_type) => {
                operation.kind = OperationKind::Soap;
                operation.method = "POST".to_owned();
                operation.path = cut(name);
                operation.element = element_of(described.1, out);
                operation.action = node.get("@action").and_then(Node::as_str).map(cut);
                operation.servers =
                    self.endpoints.iter().map(|one| at_address(&one.server)).collect();
                [media_type; 2]
            }
            Way::Http => {
                self.request(&mut operation, node, described.1);
                let has_body = matches!(operation.method.as_str(), "POST" | "PUT");
                // Adjuncts §6.4.2: what is not said.
                let default = if has_body { "application/xml" } else { FORM };
                let said = |name: &str, default: &'a str| match node.text_of(name) {
                    "" => default,
                    said => said,
                };
                [
                    said("@inputSerialization", default),
                    said("@outputSerialization", "application/xml"),
                ]
            }
        };
        self.messages(&mut operation, (interface, described), media_types, out);
        if let Way::Http = self.way {
            self.parameters(&mut operation, at, described.1, media_types[0], out);
        }
        out.add(operation, node, file)
    }

    /// Method and path of HTTP (Adjuncts §6.3.1, §6.4.4).
    fn request(&self, operation: &mut SpecOperation, node: Node<'a>, described: Node<'a>) {
        let is_safe = matches!(described.text_of("@safe").trim(), "true" | "1");
        let default = if is_safe { "GET" } else { "POST" };
        let said = [node.text_of("@method"), self.node.text_of("@methodDefault"), default];
        operation.kind = OperationKind::Http;
        operation.method = cut(said.into_iter().find(|text| !text.is_empty()).unwrap_or(default));
        let location = Location::of(node.text_of("@location"));
        operation.path.clone_from(&location.path);
        let servers = self.endpoints.iter().map(|one| location.resolve(&one.server));
        operation.servers = servers.collect();
    }

    /// What the location names, and of a form in the query the rest of the elements of the input (§6.8.2).
    fn parameters(
        &self,
        operation: &mut SpecOperation,
        at: At<'a>,
        described: Node<'a>,
        media_type: &str,
        out: &mut Operations,
    ) {
        let (_, node) = at;
        let location = Location::of(node.text_of("@location"));
        let element = element_of(described, out);
        let fields = self.fields(element.as_deref().unwrap_or_default(), out);
        let mut cited = BTreeSet::new();
        for one in &location.parameters {
            let of = fields.iter().find(|(field, _)| *field == one.element);
            cited.insert(one.element.as_str());
            if !out.item(node, one.name.len()) {
                return;
            }
            let of = of.map_or("", |(_, type_name)| *type_name);
            operation.parameters.push(parameter(&one.name, one.at, of, at));
        }
        let in_query = media_type == FORM && !matches!(operation.method.as_str(), "POST" | "PUT");
        for (name, type_name) in fields.iter().filter(|_| in_query) {
            if cited.contains(*name) {
                continue;
            }
            if !out.item(node, name.len()) {
                return;
            }
            operation.parameters.push(parameter(name, ParameterIn::Query, type_name, at));
        }
        if in_query {
            operation.bodies.clear();
        }
    }

    /// Names and types of the elements of a sequence that an element is.
    fn fields(&self, element: &str, out: &Operations) -> Vec<(&'a str, &'a str)> {
        let Some((_, element)) = self.known.elements.get(element) else { return Vec::new() };
        let named = self.known.types.get(local(element.text_of("@type"))).copied();
        let Some(of) = element.get("complexType").or(named) else { return Vec::new() };
        let Some(list) = ["sequence", "all"].iter().find_map(|name| of.get(name)) else {
            return Vec::new();
        };
        let fields = out.children(list).filter(|child| is(*child, "element"));
        fields.take(MAX_PARTS).map(|one| (one.text_of("@name"), one.text_of("@type"))).collect()
    }

    fn messages(
        &self,
        operation: &mut SpecOperation,
        (interface, (file, described)): (&'a str, At<'a>),
        [sent, answered]: [&str; 2],
        out: &mut Operations,
    ) {
        for (part, status) in [("input", ""), ("output", "200"), ("outfault", "500")] {
            let messages = out.children(described).filter(|child| is(*child, part));
            for message in messages.take(MAX_PARTS) {
                let element = match part {
                    "outfault" => {
                        let fault = local(message.text_of("@ref"));
                        self.known.faults.get(&(interface, fault)).copied().unwrap_or_default()
                    }
                    _ => message.text_of("@element"),
                };
                if !out.item(message, element.len()) {
                    return;
                }
                // `#none`, `#any` and `#other` are no elements (Part 1 §2.5.1).
                let bodies: Vec<SpecBody> = (!element.is_empty() && !element.starts_with('#'))
                    .then(|| SpecBody {
                        media_type: cut(if status.is_empty() { sent } else { answered }),
                        required: true,
                        type_name: cut(element),
                        part: String::new(),
                        schema: self.known.elements.get(local(element)).map(|at| place(*at)),
                    })
                    .into_iter()
                    .collect();
                if status.is_empty() {
                    operation.bodies.extend(bodies);
                } else {
                    let status = status.to_owned();
                    let place = place((file, message));
                    operation.responses.push(SpecResponse { status, bodies, place });
                }
            }
        }
    }
}

/// The local name of the element that is sent; none for `#none`, `#any` and `#other`.
fn element_of(described: Node<'_>, out: &Operations) -> Option<String> {
    let input = out.children(described).find(|child| is(*child, "input"))?;
    let element = input.text_of("@element");
    (!element.is_empty() && !element.starts_with('#')).then(|| cut(local(element)))
}

/// A value of the path must be there; one of the query need not.
fn parameter(name: &str, location: ParameterIn, type_name: &str, at: At<'_>) -> SpecParameter {
    SpecParameter {
        name: cut(name),
        location,
        required: location == ParameterIn::Path,
        type_name: cut(type_name),
        place: place(at),
        ..SpecParameter::default()
    }
}
