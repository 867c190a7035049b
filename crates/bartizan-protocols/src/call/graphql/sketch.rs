//! What a GraphQL call is made of: the fields it asks for with their arguments, beside what was answered.

use std::collections::BTreeMap;

use bartizan_model::{
    Root, Side,
    sketch::{
        GraphqlArgument, GraphqlField, GraphqlSketch, MAX_ARGUMENTS, MAX_DEPTH, MAX_FIELDS,
        MAX_NAME, ValueKind,
    },
};

use super::{
    super::{MAX_MESSAGES, answers, body, member, messages, text},
    document::{Document, Field, Given, Item, Operation},
    operations,
};
use crate::{Decoded, Format, NodeRef, Value};

/// Most fields of one call that are looked at, each as often as it is asked for.
const MAX_STEPS: usize = 4_096;
/// Most values of one field in one answer that are looked at.
const MAX_ANSWERS: usize = 32;
/// Most lists around a value.
const MAX_LISTS: u8 = 8;

/// What a call is made of; `None` when there is no document in it that can be read.
pub(in crate::call) fn sketch(decoded: &Decoded) -> Option<GraphqlSketch> {
    let mut out = GraphqlSketch::default();
    let answers: Vec<NodeRef<'_>> = answers(decoded).take(MAX_MESSAGES).collect();
    for (at, asked) in asked(decoded).into_iter().enumerate() {
        let document = Document::read(asked.document).ok();
        let Some(document) = document.as_ref() else { continue };
        let Some(operation) = document.chosen(asked.chosen) else { continue };
        let data = answers.get(at).and_then(|answer| member(*answer, "data"));
        let mut walk = Walk { document, operation, asked, out: &mut out, steps: 0 };
        walk.selection(&operation.selection, operation.kind, data.as_slice(), 0);
        out.calls = 1;
    }
    (out.calls > 0).then_some(out)
}

/// What one message asks for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    document: &'a str,
    chosen: &'a str,
    variables: Option<NodeRef<'a>>,
    /// Whether variables would be there if there were any.
    has_variables: bool,
}

fn asked(decoded: &Decoded) -> Vec<Asked<'_>> {
    if let Some(query) = decoded.view.root(Side::Request, Root::Query) {
        let one =
            |name| query.children().find(|child| child.key() == name).map(|child| child.raw());
        if let Some(document) = one("query") {
            let chosen = one("operationName").unwrap_or("");
            return vec![Asked { document, chosen, variables: None, has_variables: false }];
        }
    }
    let Some(root) = body(decoded, Side::Request) else { return Vec::new() };
    if decoded.request_format == Format::Text {
        return vec![Asked {
            document: root.raw(),
            chosen: "",
            variables: None,
            has_variables: true,
        }];
    }
    let of = |message| {
        let chosen = text(message, "operationName").unwrap_or("");
        let (document, variables) = (text(message, "query")?, member(message, "variables"));
        Some(Asked { document, chosen, variables, has_variables: true })
    };
    // The place of each tells which answer is its own.
    let empty = Asked { document: "", chosen: "", variables: None, has_variables: true };
    messages(operations(root))
        .take(MAX_MESSAGES)
        .map(|message| of(message).unwrap_or(empty))
        .collect()
}

struct Walk<'w, 'a> {
    document: &'w Document<'a>,
    operation: &'w Operation<'a>,
    asked: Asked<'a>,
    out: &'w mut GraphqlSketch,
    steps: usize,
}

impl<'w, 'a> Walk<'w, 'a> {
    /// What is selected at `path`; `answers` are objects that were answered there.
    fn selection(
        &mut self,
        items: &'w [Item<'a>],
        path: &str,
        answers: &[NodeRef<'a>],
        depth: usize,
    ) {
        for item in items {
            self.steps += 1;
            if self.steps > MAX_STEPS || depth > MAX_DEPTH {
                self.out.left_out += 1;
                return;
            }
            match item {
                Item::Field(field) => self.field(field, path, answers, depth),
                Item::Inline(part) => self.part(part.on, &part.selection, (path, depth), answers),
                Item::Spread(name) => {
                    if let Some(part) = self.document.fragment(name) {
                        self.part(part.on, &part.selection, (path, depth), answers);
                    }
                }
            }
        }
    }

    /// A part of a selection, which holds for one type; of the root that type is known.
    fn part(
        &mut self,
        on: &str,
        items: &'w [Item<'a>],
        (path, depth): (&str, usize),
        answers: &[NodeRef<'a>],
    ) {
        if on.is_empty() || on.len() > MAX_NAME || !path.contains('.') {
            return self.selection(items, path, answers, depth + 1);
        }
        // A condition within a condition is the narrower one.
        let path = format!("{}.<{on}>", unconditioned(path));
        self.selection(items, &path, answers, depth + 1);
    }

    fn field(&mut self, field: &'w Field<'a>, path: &str, answers: &[NodeRef<'a>], depth: usize) {
        let values = || answers.iter().filter_map(|answer| member(*answer, field.alias));
        if field.name == "__typename" {
            let names = values().filter_map(|value| match value.value() {
                Value::Text(name) if is_graphql_name(name) => Some(name.to_owned()),
                _ => None,
            });
            let names: Vec<String> = names.collect();
            if let Some(of) = self.out.fields.get_mut(unconditioned(path)) {
                of.merge(&GraphqlField {
                    typenames: names.into_iter().collect(),
                    ..GraphqlField::default()
                });
            }
            return;
        }
        // What asks about the schema itself is no part of it.
        if field.name.starts_with("__") || field.name.len() > MAX_NAME {
            return;
        }
        let mut one = GraphqlField {
            asked: 1,
            arguments: self.arguments(field),
            has_fields: field.selection.is_some(),
            ..GraphqlField::default()
        };
        let mut objects = Vec::new();
        for value in values().take(MAX_ANSWERS) {
            one.values += 1;
            one.nulls += u64::from(value.value() == Value::Null);
            answered(&mut one, value, 0, &mut objects);
        }
        let path = format!("{path}.{}", field.name);
        let is_full = self.out.fields.len() >= MAX_FIELDS;
        match self.out.fields.get_mut(&path) {
            Some(known) => known.merge(&one),
            None if is_full => self.out.left_out += 1,
            None => {
                self.out.fields.insert(path.clone(), one);
            }
        }
        if let Some(selection) = &field.selection {
            self.selection(selection, &path, &objects, depth + 1);
        }
    }

    fn arguments(&self, field: &Field<'a>) -> BTreeMap<String, GraphqlArgument> {
        let mut arguments = Arguments::default();
        for (name, given) in &field.arguments {
            if name.len() <= MAX_NAME {
                self.given(&mut arguments, name, given, 0);
            }
        }
        arguments.counted()
    }

    fn given(&self, into: &mut Arguments, path: &str, given: &Given<'a>, lists: u8) {
        let Some(known) = into.at(path) else { return };
        known.lists = known.lists.max(lists);
        match given {
            Given::Variable(name) => {
                let of = self.operation.variables.get(name);
                known.types.extend(of.cloned());
                let is_needed = of.is_some_and(|of| of.ends_with('!'));
                let value = self.asked.variables.and_then(|variables| member(variables, name));
                match value {
                    Some(value) => into.sent(path, value, lists),
                    // One without a value counts as not given, unless its value was not seen.
                    None if is_needed || !self.asked.has_variables => {
                        known.given += u64::from(lists == 0)
                    }
                    None => {}
                }
            }
            Given::Null => {
                known.given += u64::from(lists == 0);
                known.nulls += u64::from(lists == 0);
            }
            Given::Scalar(kind, _) => {
                known.given += u64::from(lists == 0);
                known.kinds.insert(*kind);
            }
            Given::List(list) => {
                known.given += u64::from(lists == 0);
                for one in list.iter().take(MAX_ANSWERS) {
                    self.given(into, path, one, (lists + 1).min(MAX_LISTS));
                }
            }
            Given::Object(members) => {
                known.given += u64::from(lists == 0);
                known.kinds.insert(ValueKind::Object);
                into.object(path);
                for (name, value) in members.iter().filter(|(name, _)| name.len() <= MAX_NAME) {
                    self.given(into, &format!("{path}.{name}"), value, 0);
                }
            }
            Given::Unknown => known.given += u64::from(lists == 0),
        }
    }
}

/// Arguments of one field of one call.
#[derive(Default)]
struct Arguments {
    found: BTreeMap<String, GraphqlArgument>,
    /// Objects by path: what each could have members of.
    objects: BTreeMap<String, u64>,
}

impl Arguments {
    fn at(&mut self, path: &str) -> Option<&mut GraphqlArgument> {
        if !self.found.contains_key(path) && self.found.len() >= MAX_ARGUMENTS {
            return None;
        }
        Some(self.found.entry(path.to_owned()).or_default())
    }

    fn object(&mut self, path: &str) {
        *self.objects.entry(path.to_owned()).or_default() += 1;
    }

    /// The value of a variable. Members deeper than [`MAX_DEPTH`] are not looked at.
    fn sent(&mut self, path: &str, value: NodeRef<'_>, lists: u8) {
        let Some(known) = self.at(path) else { return };
        known.given += u64::from(lists == 0);
        known.lists = known.lists.max(lists);
        known.nulls += u64::from(lists == 0 && value.value() == Value::Null);
        known.kinds.extend(kind(&value.value()));
        match value.value() {
            Value::Array if lists < MAX_LISTS => {
                for element in value.children().take(MAX_ANSWERS) {
                    self.sent(path, element, lists + 1);
                }
            }
            Value::Object if path.matches('.').count() < MAX_DEPTH => {
                self.object(path);
                let named = value.children().filter(|child| is_graphql_name(child.key()));
                for child in named.take(MAX_ARGUMENTS) {
                    self.sent(&format!("{path}.{}", child.key()), child, 0);
                }
            }
            _ => {}
        }
    }

    /// With how often each could have been given.
    fn counted(mut self) -> BTreeMap<String, GraphqlArgument> {
        for (path, argument) in &mut self.found {
            let above = path.rsplit_once('.').map(|(above, _)| above);
            argument.of = above.map_or(1, |above| self.objects.get(above).copied().unwrap_or(1));
        }
        self.found
    }
}

/// What was answered, lists opened; objects in it go to `objects`.
fn answered<'a>(
    field: &mut GraphqlField,
    value: NodeRef<'a>,
    lists: u8,
    objects: &mut Vec<NodeRef<'a>>,
) {
    field.lists = field.lists.max(lists);
    field.kinds.extend(kind(&value.value()));
    match value.value() {
        Value::Array if lists < MAX_LISTS => {
            for element in value.children().take(MAX_ANSWERS) {
                if element.value() != Value::Array {
                    field.elements += 1;
                    field.null_elements += u64::from(element.value() == Value::Null);
                }
                answered(field, element, lists + 1, objects);
            }
            // That it is a list is known also of an empty one.
            field.lists = field.lists.max(lists + 1);
        }
        Value::Object if objects.len() < MAX_ANSWERS => objects.push(value),
        _ => {}
    }
}

fn kind(value: &Value<'_>) -> Option<ValueKind> {
    match value {
        Value::Bool(_) => Some(ValueKind::Boolean),
        Value::Integer(number) if i32::try_from(*number).is_ok() => Some(ValueKind::Integer),
        Value::Integer(_) => Some(ValueKind::LongInteger),
        Value::Number(_) => Some(ValueKind::Number),
        Value::Text(_) => Some(ValueKind::String),
        Value::Object => Some(ValueKind::Object),
        Value::Null | Value::Array | Value::Opaque(_) => None,
    }
}

/// A path without the condition it ends with.
fn unconditioned(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((above, last)) if last.starts_with('<') => above,
        _ => path,
    }
}

/// GraphQL October 2021 §2.1.9, and not longer than what is kept.
fn is_graphql_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use bartizan_model::{BodyState, Exchange, Limits, Response, Sketch};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::decode;

    fn called(asked: &Json, answer: &Json) -> GraphqlSketch {
        let mut exchange = Exchange::default();
        exchange.request.method = "POST".to_owned();
        exchange.request.target = "/graphql".to_owned();
        exchange.request.headers.push("content-type", "application/json");
        exchange.request.body = asked.to_string().into();
        exchange.request.body_state = BodyState::Complete;
        let mut response = Response { status: 200, headers_captured: true, ..Response::default() };
        response.headers.push("content-type", "application/json");
        response.body = answer.to_string().into();
        response.body_state = BodyState::Complete;
        exchange.response = Some(response);
        let decoded = decode(&exchange, &Limits::default(), 7);
        let call = decoded.call.clone().expect("a call");
        match call.sketch(&exchange, &decoded) {
            Some(Sketch::Graphql(sketch)) => sketch,
            other => panic!("{other:?}"),
        }
    }

    const ASKED: &str = "query Who($id: ID!, $with: Filter, $never: Int) {
        one: user(id: $id, filter: $with, after: $never) { __typename name tags friends { ...F ... on Admin { rights } } } }
        fragment F on Person { __typename age }";

    #[test]
    fn fields_arguments_and_answers_are_learned_together() {
        let variables = json!({ "id": "7", "with": { "state": "open", "in": [{ "x": 1 }, { "x": 2, "y": null }] } });
        let answer = json!({ "data": { "one": { "__typename": "User", "name": null, "tags": [["a"], [null]],
            "friends": [{ "__typename": "Admin", "age": 3_000_000_000_i64, "rights": 1.5 }, null] } } });
        let found = called(&json!({ "query": ASKED, "variables": variables }), &answer);
        let fields: Vec<&str> = found.fields.keys().map(String::as_str).collect();
        assert_eq!(
            fields,
            [
                "query.user",
                "query.user.friends",
                "query.user.friends.<Admin>.rights",
                "query.user.friends.<Person>.age",
                "query.user.name",
                "query.user.tags"
            ]
        );
        let of = |path: &str| &found.fields[path];
        assert!(of("query.user").has_fields && of("query.user").typenames.contains("User"));
        assert_eq!((of("query.user.name").values, of("query.user.name").nulls), (1, 1));
        let tags = of("query.user.tags");
        assert_eq!((tags.lists, tags.elements, tags.null_elements), (2, 2, 1));
        let friends = of("query.user.friends");
        assert_eq!((friends.lists, friends.elements, friends.null_elements), (1, 2, 1));
        assert!(friends.typenames.contains("Admin"));
        assert!(of("query.user.friends.<Person>.age").kinds.contains(&ValueKind::LongInteger));
        let arguments = &of("query.user").arguments;
        let counts: Vec<_> =
            arguments.iter().map(|(n, a)| (n.as_str(), a.given, a.of, a.lists)).collect();
        assert_eq!(
            counts,
            [
                ("after", 0, 1, 0),
                ("filter", 1, 1, 0),
                ("filter.in", 1, 1, 1),
                ("filter.in.x", 2, 2, 0),
                ("filter.in.y", 1, 2, 0),
                ("filter.state", 1, 1, 0),
                ("id", 1, 1, 0)
            ]
        );
        assert!(
            arguments["id"].types.contains("ID!") && arguments["filter"].types.contains("Filter")
        );
    }

    #[test]
    fn what_asks_about_the_schema_is_no_part_of_it() {
        let asked = json!({ "query": "{ __schema { types { name } } a }" });
        let found = called(&asked, &json!({ "data": { "a": true } }));
        assert_eq!(found.fields.keys().collect::<Vec<_>>(), ["query.a"]);
    }

    #[test]
    fn fragments_that_are_made_of_themselves_end() {
        let parts: String = (0..40)
            .map(|n| format!("fragment F{n} on Q {{ ...F{0} ...F{0} a }} ", (n + 1) % 40))
            .collect();
        let found = called(
            &json!({ "query": format!("{{ x {{ ...F0 }} }} {parts}") }),
            &json!({ "data": {} }),
        );
        assert!(found.left_out > 0 && found.fields.len() <= MAX_FIELDS);
    }
}
