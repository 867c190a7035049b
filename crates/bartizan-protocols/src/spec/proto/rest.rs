//! Operations of HTTP and JSON that the rules of `google.api.http` give a method (`google/api/http.proto`).

use std::collections::BTreeSet;

use super::{Method, names::Found, place, template::Template};
use crate::spec::{
    operation::{
        OperationKind, Operations, ParameterIn, Place, SpecBody, SpecOperation, SpecParameter, cut,
    },
    tree::Node,
};

/// Most parameters of a query of one rule.
const MAX_QUERY: usize = 256;
/// Deepest nesting of messages whose fields are parameters of a query.
const MAX_QUERY_DEPTH: usize = 4;
/// Longest method of a custom pattern, in bytes.
const MAX_METHOD: usize = 32;

/// The operations of all rules of a method; false when there is no room.
pub(super) fn read(method: &Method<'_, '_>, out: &mut Operations) -> bool {
    for rule in method.node.get("http").into_iter().flat_map(Node::children) {
        let verb = rule.text_of("method");
        let is_token = verb.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if verb.is_empty() || verb.len() > MAX_METHOD || !is_token {
            let what = if verb == "*" {
                "a rule for all methods: left out, since no method tells its requests"
            } else {
                "a rule of HTTP without a method that can be sent: left out"
            };
            out.problems.error_at(rule, what);
            continue;
        }
        let template = match Template::read(rule.text_of("path")) {
            Ok(template) => template,
            Err(what) => {
                out.problems.error_at(rule, format_args!("{what}: this rule is left out"));
                continue;
            }
        };
        if template.is_wide {
            let what = "`**` stands for any number of segments: compared with one only";
            out.problems.warning_at(rule, what);
        }
        let operation = Rule { method, node: rule, template }.operation(out);
        if !out.add(operation, rule, 0) {
            return false;
        }
    }
    true
}

struct Rule<'m, 't, 'n> {
    method: &'m Method<'t, 'n>,
    node: Node<'t>,
    template: Template,
}

impl<'t> Rule<'_, 't, '_> {
    fn operation(&self, out: &mut Operations) -> SpecOperation {
        let method = self.method;
        let (body, answer) = (self.node.text_of("body"), self.node.text_of("responseBody"));
        let input = self.message(method.node.text_of("input"), out);
        let mut parameters = self.in_path(input, out);
        if body != "*" {
            let most = parameters.len() + MAX_QUERY;
            let mut query =
                Query { list: &mut parameters, most, rule: self, body, open: Vec::new() };
            if let Some(input) = input {
                query.fields(input, "", out);
            }
        }
        let sent = (!body.is_empty())
            .then(|| self.part(method.node.text_of("input"), body.trim_matches('*'), out));
        let answered = self.part(method.node.text_of("output"), answer, out);
        SpecOperation {
            kind: OperationKind::Http,
            method: self.node.text_of("method").to_owned(),
            path: self.template.path.clone(),
            parameters,
            bodies: sent.into_iter().collect(),
            responses: vec![method.response(answered)],
            ..method.operation()
        }
    }

    fn message(&self, name: &str, out: &Operations) -> Option<Found<'t>> {
        self.method.names.find(self.method.package, name, out.work())
    }

    /// A message as JSON, or one field of it.
    fn part(&self, message: &str, field: &str, out: &Operations) -> SpecBody {
        const JSON: &str = "application/json";
        let whole = self.method.body(JSON, message, out);
        if field.is_empty() {
            return whole;
        }
        let field = self.message(message, out).and_then(|message| message.field(field));
        SpecBody {
            type_name: field.map_or_else(String::new, |(field, _)| type_of(field)),
            part: String::new(),
            schema: field.map(|(_, place)| place),
            ..whole
        }
    }

    fn in_path(&self, input: Option<Found<'t>>, out: &mut Operations) -> Vec<SpecParameter> {
        let mut list = Vec::new();
        for (name, field) in &self.template.parameters {
            if !out.item(self.node, name.len()) {
                break;
            }
            let field = input.and_then(|message| message.field(field));
            list.push(SpecParameter {
                required: true,
                ..parameter(name, ParameterIn::Path, field, self.node)
            });
        }
        list
    }
}

/// The type of a field, from the root on where the file says it so.
fn type_of(field: Node<'_>) -> String {
    cut(field.text_of("type").trim_start_matches('.'))
}

fn parameter(
    name: &str,
    location: ParameterIn,
    field: Option<(Node<'_>, Place)>,
    rule: Node<'_>,
) -> SpecParameter {
    SpecParameter {
        name: cut(name),
        location,
        deprecated: field.is_some_and(|(field, _)| field.get("deprecated").is_some()),
        type_name: field.map_or_else(String::new, |(field, _)| type_of(field)),
        schema: field.map(|(_, place)| place),
        place: field.map_or_else(|| place(rule), |(_, place)| place),
        ..SpecParameter::default()
    }
}

/// Fields of the input that neither path nor body binds: they are parameters of the query, those of
/// messages in it by their path.
struct Query<'q, 'm, 't, 'n> {
    list: &'q mut Vec<SpecParameter>,
    /// Most parameters that the list may have.
    most: usize,
    rule: &'q Rule<'m, 't, 'n>,
    body: &'q str,
    /// Messages that are in each other: one that is in itself is left out.
    open: Vec<Place>,
}

impl<'t> Query<'_, '_, 't, '_> {
    /// False when there is no room for more. Calls itself for messages inside, at most
    /// [`MAX_QUERY_DEPTH`] deep.
    fn fields(&mut self, message: Found<'t>, prefix: &str, out: &mut Operations) -> bool {
        let bound: &BTreeSet<String> = &self.rule.template.bound;
        self.open.push(message.place());
        for (name, field) in out.members(message.node) {
            let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            if bound.contains(&path) || path == self.body {
                continue;
            }
            let type_name = field.text_of("type");
            let inner = self.rule.method.names.find(&message.scope(), type_name, out.work());
            let is_value = type_name.trim_start_matches('.').starts_with("google.protobuf.");
            let has_room = match inner.filter(|_| !is_value) {
                // Lists of messages and maps cannot be written in a query.
                Some(inner) => {
                    let is_left_out = field.text_of("label") == "repeated"
                        || self.open.len() > MAX_QUERY_DEPTH
                        || self.open.contains(&inner.place());
                    is_left_out || self.fields(inner, &path, out)
                }
                None if type_name.starts_with("map<") => true,
                None => self.field(message.field(name), &path, out),
            };
            if !has_room {
                return false;
            }
        }
        self.open.pop();
        true
    }

    fn field(
        &mut self,
        field: Option<(Node<'t>, Place)>,
        path: &str,
        out: &mut Operations,
    ) -> bool {
        let rule = self.rule.node;
        if self.list.len() >= self.most || !out.item(rule, path.len()) {
            return false;
        }
        self.list.push(parameter(path, ParameterIn::Query, field, rule));
        true
    }
}
