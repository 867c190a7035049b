//! GraphQL schemas, as SDL (GraphQL of October 2021 §3) or as the answer to an introspection query
//! (§4): each field of the root types is an operation. They share one URL, so that path and method
//! of a request do not tell which one it is.

use std::collections::HashMap;

use super::{
    SpecDocument,
    files::Forest,
    operation::{
        OperationKind, Operations, ParameterIn, Place, SpecBody, SpecOperation, SpecParameter,
        SpecResponse, cut,
    },
    tree::Node,
};

mod schema;
mod sdl;

pub use schema::{GraphqlSchema, SchemaArgument, SchemaField};
pub(super) use sdl::tree;

/// Most list and non-null wrappers around a type in an introspection.
const MAX_WRAPPERS: usize = 16;

/// Fills a document from a tree of SDL or of an introspection.
pub(super) fn read(forest: &Forest, document: &mut SpecDocument, out: &mut Operations) {
    let root = forest.root();
    let introspection = root.find("/data/__schema").or_else(|| root.get("__schema"));
    let kinds = [
        ("query", "queryType", "Query", OperationKind::GraphqlQuery),
        ("mutation", "mutationType", "Mutation", OperationKind::GraphqlMutation),
        ("subscription", "subscriptionType", "Subscription", OperationKind::GraphqlSubscription),
    ];
    document.title = "GraphQL schema".to_owned();
    if let Some(schema) = introspection {
        let mut types: HashMap<&str, Node<'_>> = HashMap::new();
        for node in schema.get("types").into_iter().flat_map(Node::children) {
            types.entry(node.text_of("name")).or_insert(node);
        }
        for (_, member, _, kind) in kinds {
            let Some(name) = schema.get(member).map(|m| m.text_of("name")) else { continue };
            let Some(node) = types.get(name) else {
                if !name.is_empty() {
                    out.problems
                        .error_at(schema, format_args!("the type {name:?} is not described"));
                }
                continue;
            };
            for field in node.get("fields").into_iter().flat_map(Node::children) {
                let args = field.get("args").into_iter().flat_map(Node::children);
                let args = args.map(|a| (a.text_of("name"), wrapped(a.get("type")), a));
                let result = wrapped(field.get("type"));
                let summary = field.text_of("description");
                let name = field.text_of("name");
                let parts = Field { name, result, summary, deprecated: is_deprecated(field) };
                if !operation(kind, &parts, args, field, out) {
                    return;
                }
            }
        }
    } else {
        let (roots, types) = (root.get("schema"), root.get("types"));
        for (name, _, otherwise, kind) in kinds {
            let type_name = match roots.and_then(|roots| roots.get(name)).and_then(Node::as_str) {
                Some(name) => name,
                // With a schema definition, only what it names is a root (§3.3.1).
                None if roots.is_some_and(|r| r.children().next().is_some()) => continue,
                None => otherwise,
            };
            let fields = types.and_then(|t| t.get(type_name)).and_then(|t| t.get("fields"));
            for (name, field) in fields.into_iter().flat_map(Node::members) {
                let args = field.get("arguments").into_iter().flat_map(Node::members);
                let args = args.map(|(name, a)| (name, a.text_of("type").to_owned(), a));
                let parts = Field {
                    name,
                    result: field.text_of("type").to_owned(),
                    summary: field.text_of("description"),
                    deprecated: is_deprecated(field),
                };
                if !operation(kind, &parts, args, field, out) {
                    return;
                }
            }
        }
    }
}

/// Whether SDL described any type.
pub(super) fn has_types(root: Node<'_>) -> bool {
    root.get("types").is_some_and(|types| types.children().next().is_some())
}

struct Field<'a> {
    name: &'a str,
    result: String,
    summary: &'a str,
    deprecated: bool,
}

/// False when there is no room for more.
fn operation<'a>(
    kind: OperationKind,
    field: &Field<'a>,
    arguments: impl Iterator<Item = (&'a str, String, Node<'a>)>,
    node: Node<'a>,
    out: &mut Operations,
) -> bool {
    let mut read = SpecOperation {
        kind,
        method: kind.method().to_owned(),
        path: cut(field.name),
        operation_id: Some(cut(field.name)),
        summary: cut(field.summary),
        deprecated: field.deprecated,
        responses: vec![SpecResponse {
            bodies: vec![SpecBody {
                type_name: cut(&field.result),
                part: String::new(),
                required: field.result.ends_with('!'),
                ..SpecBody::default()
            }],
            place: Place { file: 0, node: node.id() },
            ..SpecResponse::default()
        }],
        ..SpecOperation::default()
    };
    for (name, type_name, argument) in arguments {
        if !out.item(argument, name.len() + type_name.len()) {
            break;
        }
        let place = Place { file: 0, node: argument.id() };
        read.parameters.push(SpecParameter {
            name: cut(name),
            location: ParameterIn::Argument,
            // What has a default need not be given (§3.6.1).
            required: type_name.ends_with('!') && !has_default(argument),
            deprecated: is_deprecated(argument),
            is_matrix: false,
            type_name: cut(&type_name),
            schema: Some(place),
            place,
        });
    }
    out.add(read, node, 0)
}

/// Whether an argument has a default, in SDL or in an introspection.
fn has_default(argument: Node<'_>) -> bool {
    argument.get("default").is_some()
        || argument.get("defaultValue").is_some_and(|value| value.as_str().is_some())
}

/// Whether callers are told to leave a field or argument.
fn is_deprecated(node: Node<'_>) -> bool {
    node.get("deprecated").is_some()
        || node.get("isDeprecated").and_then(Node::as_bool) == Some(true)
}

/// A type of an introspection in the words of SDL.
fn wrapped(mut node: Option<Node<'_>>) -> String {
    let mut marks = Vec::new();
    for _ in 0..MAX_WRAPPERS {
        let Some(at) = node else { break };
        match at.text_of("kind") {
            "NON_NULL" => marks.push('!'),
            "LIST" => marks.push(']'),
            _ => break,
        }
        node = at.get("ofType");
    }
    let mut out = "[".repeat(marks.iter().filter(|m| **m == ']').count());
    out.push_str(node.map_or("", |node| node.text_of("name")));
    out.extend(marks.iter().rev());
    out
}

#[cfg(test)]
mod tests {
    use crate::spec::{NoFiles, SpecDocument, read};

    const SDL: &str = r#"
"""Top"""
schema { query: Root mutation: Change }
type Root { user(id: ID!, tags: [String!]): User! @deprecated(reason: "x")
  "All of them" users: [User!]! }
type User { id: ID }
extend type Root { me: User }
type Change { add(user: NewUser!): User }
type Subscription { no: Int }
input NewUser { name: String! }
"#;

    const INTROSPECTION: &str = r#"{"data":{"__schema":{"queryType":{"name":"Root"},"mutationType":null,
      "types":[{"kind":"OBJECT","name":"Root","fields":[{"name":"user","isDeprecated":true,
        "args":[{"name":"id","type":{"kind":"NON_NULL","ofType":{"kind":"LIST","ofType":{"kind":"SCALAR","name":"ID"}}}}],
        "type":{"kind":"OBJECT","name":"User"}}]}]}}}"#;

    fn list(spec: &SpecDocument) -> Vec<(String, bool, Vec<String>, String)> {
        let of = |o: &std::sync::Arc<crate::spec::SpecOperation>| {
            let parameters = o.parameters.iter();
            (
                format!("{} {}", o.method, o.path),
                o.deprecated,
                parameters.map(|p| format!("{}: {}", p.name, p.type_name)).collect(),
                o.responses[0].bodies[0].type_name.clone(),
            )
        };
        spec.operations.iter().map(of).collect()
    }

    #[test]
    fn fields_of_root_types_are_operations() {
        let spec = read(SDL.as_bytes(), &mut NoFiles).expect("a document");
        assert_eq!(spec.format.name(), "GraphQL");
        let found = list(&spec);
        let names: Vec<_> = found.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["QUERY user", "QUERY users", "QUERY me", "MUTATION add"]);
        assert_eq!(found[0].2, ["id: ID!", "tags: [String!]"]);
        assert!(found[0].1 && !found[1].1);
        assert_eq!(found[1].3, "[User!]!");
        assert_eq!(spec.operations[1].summary, "All of them");
        assert_eq!(spec.operations[2].pointer, "/types/Root/fields/me");
        assert_eq!((spec.operations[2].position.line, spec.operations[2].position.column), (7, 20));
        assert_eq!(spec.problems, []);
        assert!(spec.operations.iter().all(|o| !o.kind.is_matched_by_path()));
    }

    #[test]
    fn all_of_the_language_is_passed_over_or_read() {
        let text = r#"
{ shorthand(a: "}") }
# a comment
directive @d(a: [I!] = [1, {b: "x"}]) repeatable on | FIELD_DEFINITION | type
union U @d = | type | B
enum E { A @deprecated "of" B }
scalar S @specifiedBy(url: "u")
interface N implements & M & type @d { a(b: I! = {c: [$d]} @d, "of" e: [[I!]]!): I @d(a: 1) }
type Query implements N & M @key(fields: "id") { """of
 lines""" type(input: I = -1.5): [ # here
  String! ] ! @d @deprecated
  enum: E }
extend type Query @d
fragment F on Query { a ... on type { b } }
subscription S($a: I = {b: 1}) @d { a }
extend schema @link(url: "u") { subscription: Other }
extend type Other { last: I }
"#;
        let spec = read(text.as_bytes(), &mut NoFiles).expect("a document");
        assert_eq!(spec.problems, []);
        assert_eq!(list(&spec).len(), 1);
        let text = text.replace("extend schema", "scalar Z extend type S1 { a: I } #");
        let spec = read(text.as_bytes(), &mut NoFiles).expect("a document");
        let found = list(&spec);
        assert_eq!(found[0].0, "QUERY type");
        assert_eq!((found[0].1, found[0].3.as_str()), (true, "[String!]!"));
        assert_eq!(found[0].2, ["input: I"]);
        assert_eq!(spec.operations[0].summary, "of");
        assert_eq!((found[1].0.as_str(), found.len(), spec.problems.len()), ("QUERY enum", 2, 0));
    }

    #[test]
    fn an_introspection_says_the_same() {
        let spec = read(INTROSPECTION.as_bytes(), &mut NoFiles).expect("a document");
        let user = ("QUERY user".into(), true, vec!["id: [ID]!".into()], "User".into());
        assert_eq!(list(&spec), [user]);
        assert_eq!(spec.operations[0].pointer, "/data/__schema/types/0/fields/0");
    }

    #[test]
    fn faults_are_named_and_the_rest_is_kept() {
        let spec =
            read(b"type Query { a: Int b: }\ntype T { c: [Int }", &mut NoFiles).expect("one");
        assert_eq!(spec.operations[0].path, "a");
        assert!(spec.problems.iter().all(|p| p.line > 0) && !spec.problems.is_empty());
        let deep = format!("type Query {{ a: {}Int }}", "[".repeat(50_000));
        let spec = read(deep.as_bytes(), &mut NoFiles).expect("a document");
        assert!(spec.problems.iter().any(|p| p.what.contains("limit")), "{:?}", spec.problems);
        let spec = read(b"query { a }", &mut NoFiles).expect("a document");
        assert!(spec.operations.is_empty() && spec.problems[0].what.contains("no types"));
    }
}
