//! GraphQL schemas, as SDL (GraphQL of October 2021 §3) or as the answer to an introspection query
//! (§4): each field of the root types is an operation. They share one URL, so that path and method
//! of a request do not tell which one it is.

use std::collections::HashMap;

use apollo_parser::{
    Parser,
    cst::{self, CstNode, Definition},
};

use super::{
    SpecDocument, SpecLimit,
    files::Forest,
    operation::{
        OperationKind, Operations, ParameterIn, Place, SpecBody, SpecOperation, SpecParameter,
        SpecResponse, cut,
    },
    problem::Problems,
    tree::{Builder, Lines, MAX_NODES, Node, Position, Tree},
};

/// Deepest nesting of types and values.
const MAX_RECURSION: usize = 64;
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
                    out.problems.error_at(schema, format!("the type {name:?} is not described"));
                }
                continue;
            };
            for field in node.get("fields").into_iter().flat_map(Node::children) {
                let args = field.get("args").into_iter().flat_map(Node::children);
                let args = args.map(|a| (a.text_of("name"), wrapped(a.get("type")), a));
                let deprecated = field.get("isDeprecated").and_then(Node::as_bool);
                let result = wrapped(field.get("type"));
                let summary = field.text_of("description");
                let name = field.text_of("name");
                let parts = Field { name, result, summary, deprecated: deprecated == Some(true) };
                operation(kind, &parts, args, field, out);
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
                    deprecated: field.get("deprecated").is_some(),
                };
                operation(kind, &parts, args, field, out);
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

fn operation<'a>(
    kind: OperationKind,
    field: &Field<'a>,
    arguments: impl Iterator<Item = (&'a str, String, Node<'a>)>,
    node: Node<'a>,
    out: &mut Operations,
) {
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
                required: field.result.ends_with('!'),
                ..SpecBody::default()
            }],
            place: Place { file: 0, node: node.id() },
            ..SpecResponse::default()
        }],
        ..SpecOperation::default()
    };
    for (name, type_name, argument) in arguments {
        if !out.item(argument) {
            break;
        }
        let place = Place { file: 0, node: argument.id() };
        read.parameters.push(SpecParameter {
            name: cut(name),
            location: ParameterIn::Argument,
            required: type_name.ends_with('!'),
            type_name: cut(&type_name),
            schema: Some(place),
            place,
            ..SpecParameter::default()
        });
    }
    out.add(read, node, 0);
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

/// A type as SDL describes it, with its extensions.
#[derive(Default)]
struct Type {
    name: String,
    kind: &'static str,
    at: Position,
    fields: Vec<Described>,
}

struct Described {
    name: String,
    type_name: String,
    at: Position,
    deprecated: bool,
    description: String,
    arguments: Vec<(String, String, Position)>,
}

/// Reads SDL into a tree: `schema` with the root types, `types` by name with their fields.
pub(super) fn tree(text: &str, problems: &mut Problems) -> Tree {
    let parsed = Parser::new(text).recursion_limit(MAX_RECURSION).token_limit(MAX_NODES).parse();
    let mut lines = Lines::new(text);
    let mut errors: Vec<_> = parsed.errors().map(|e| (e.index(), e.message())).collect();
    errors.sort_unstable();
    for (index, message) in errors {
        problems.error("", lines.at(index), format!("not GraphQL: {message}"));
    }
    let mut sdl = Sdl { lines: Lines::new(text), ..Sdl::new(text) };
    for definition in parsed.document().definitions() {
        sdl.definition(&definition);
    }
    if sdl.types.is_empty() {
        let at = Position { line: 1, column: 1 };
        problems.error("", at, "no types: operations of clients, or nothing at all");
    }
    let mut builder = Builder::default();
    if let Err(limit) = sdl.build(&mut builder) {
        let pointer = builder.pointer();
        problems.error(&pointer, Position::default(), limit.message());
    }
    builder.finish()
}

struct Sdl<'t> {
    lines: Lines<'t>,
    roots: Vec<(String, String, Position)>,
    types: Vec<Type>,
    by_name: HashMap<String, usize>,
}

impl<'t> Sdl<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            lines: Lines::new(text),
            roots: Vec::new(),
            types: Vec::new(),
            by_name: HashMap::new(),
        }
    }

    fn at(&mut self, node: &impl CstNode) -> Position {
        self.lines.at(usize::from(node.syntax().text_range().start()))
    }

    fn definition(&mut self, definition: &Definition) {
        match definition {
            Definition::SchemaDefinition(d) => self.schema(d.root_operation_type_definitions()),
            Definition::SchemaExtension(d) => self.schema(d.root_operation_type_definitions()),
            Definition::ObjectTypeDefinition(d) => {
                self.fields("OBJECT", d, d.name(), d.fields_definition());
            }
            Definition::ObjectTypeExtension(d) => {
                self.fields("OBJECT", d, d.name(), d.fields_definition());
            }
            Definition::InterfaceTypeDefinition(d) => {
                self.fields("INTERFACE", d, d.name(), d.fields_definition());
            }
            Definition::InterfaceTypeExtension(d) => {
                self.fields("INTERFACE", d, d.name(), d.fields_definition());
            }
            Definition::InputObjectTypeDefinition(d) => {
                self.inputs(d, d.name(), d.input_fields_definition());
            }
            Definition::InputObjectTypeExtension(d) => {
                self.inputs(d, d.name(), d.input_fields_definition());
            }
            Definition::EnumTypeDefinition(d) => self.plain("ENUM", d, d.name()),
            Definition::UnionTypeDefinition(d) => self.plain("UNION", d, d.name()),
            Definition::ScalarTypeDefinition(d) => self.plain("SCALAR", d, d.name()),
            _ => {}
        }
    }

    fn schema(&mut self, roots: impl Iterator<Item = cst::RootOperationTypeDefinition>) {
        for root in roots {
            let kind = root.operation_type().map(|kind| word(&kind)).unwrap_or_default();
            let name = root.named_type().map(|name| word(&name)).unwrap_or_default();
            let at = self.at(&root);
            self.roots.push((kind, name, at));
        }
    }

    fn open(
        &mut self,
        kind: &'static str,
        node: &impl CstNode,
        name: Option<cst::Name>,
    ) -> Option<usize> {
        let name = word(&name?);
        let at = self.at(node);
        if let Some(index) = self.by_name.get(&name) {
            return Some(*index);
        }
        let index = self.types.len();
        self.by_name.insert(name.clone(), index);
        self.types.push(Type { name, kind, at, fields: Vec::new() });
        Some(index)
    }

    fn plain(&mut self, kind: &'static str, node: &impl CstNode, name: Option<cst::Name>) {
        self.open(kind, node, name);
    }

    fn fields(
        &mut self,
        kind: &'static str,
        node: &impl CstNode,
        name: Option<cst::Name>,
        fields: Option<cst::FieldsDefinition>,
    ) {
        let Some(index) = self.open(kind, node, name) else { return };
        for field in fields.iter().flat_map(cst::FieldsDefinition::field_definitions) {
            let Some(name) = field.name() else { continue };
            let at = self.at(&name);
            let arguments = field.arguments_definition();
            let arguments = arguments.iter().flat_map(|a| a.input_value_definitions());
            let arguments = arguments
                .filter_map(|argument| {
                    let name = argument.name()?;
                    Some((word(&name), type_of(argument.ty()), self.at(&name)))
                })
                .collect();
            let described = Described {
                name: word(&name),
                type_name: type_of(field.ty()),
                at,
                deprecated: is_deprecated(field.directives()),
                description: field.description().map(|d| text_of(&d)).unwrap_or_default(),
                arguments,
            };
            if let Some(of) = self.types.get_mut(index) {
                of.fields.push(described);
            }
        }
    }

    fn inputs(
        &mut self,
        node: &impl CstNode,
        name: Option<cst::Name>,
        fields: Option<cst::InputFieldsDefinition>,
    ) {
        let Some(index) = self.open("INPUT_OBJECT", node, name) else { return };
        let fields = fields.iter().flat_map(cst::InputFieldsDefinition::input_value_definitions);
        for field in fields {
            let Some(name) = field.name() else { continue };
            let described = Described {
                at: self.at(&name),
                name: word(&name),
                type_name: type_of(field.ty()),
                deprecated: is_deprecated(field.directives()),
                description: String::new(),
                arguments: Vec::new(),
            };
            if let Some(of) = self.types.get_mut(index) {
                of.fields.push(described);
            }
        }
    }

    fn build(self, builder: &mut Builder) -> Result<(), SpecLimit> {
        let top = Position { line: 1, column: 1 };
        builder.open(true, top)?;
        builder.object("schema", top)?;
        for (kind, name, at) in self.roots {
            builder.member(&kind, &name, at)?;
        }
        builder.close();
        builder.object("types", top)?;
        for of in self.types {
            builder.object(&of.name, of.at)?;
            builder.member("kind", of.kind, of.at)?;
            builder.object("fields", of.at)?;
            for field in of.fields {
                builder.object(&field.name, field.at)?;
                builder.member("type", &field.type_name, field.at)?;
                if !field.description.is_empty() {
                    builder.member("description", &field.description, field.at)?;
                }
                if field.deprecated {
                    builder.key("deprecated", field.at);
                    builder.bool(true, field.at)?;
                }
                builder.object("arguments", field.at)?;
                for (name, type_name, at) in field.arguments {
                    builder.object(&name, at)?;
                    builder.member("type", &type_name, at)?;
                    builder.close();
                }
                builder.close();
                builder.close();
            }
            builder.close();
            builder.close();
        }
        builder.close();
        Ok(())
    }
}

/// The text of a node without what is around it.
fn word(node: &impl CstNode) -> String {
    cut(node.source_string().trim())
}

fn type_of(ty: Option<cst::Type>) -> String {
    let text = ty.map(|ty| ty.source_string()).unwrap_or_default();
    // Comments may stand between brackets.
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or(""));
    cut(&lines.flat_map(str::chars).filter(|c| !c.is_whitespace() && *c != ',').collect::<String>())
}

/// The first line of a description.
fn text_of(description: &cst::Description) -> String {
    let text = description.source_string();
    let text = text.trim().trim_matches('"').trim();
    cut(text.lines().next().unwrap_or(""))
}

fn is_deprecated(directives: Option<cst::Directives>) -> bool {
    directives
        .iter()
        .flat_map(cst::Directives::directives)
        .any(|directive| directive.name().is_some_and(|name| word(&name) == "deprecated"))
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
        let of = |o: &crate::spec::SpecOperation| {
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
