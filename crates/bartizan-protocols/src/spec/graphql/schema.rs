//! The types of a GraphQL schema, by name, whether it was SDL or an introspection.

use std::collections::HashMap;

use super::{has_default, is_deprecated, wrapped};
use crate::spec::{Place, SpecDocument, SpecFormat, tree::Node};

/// Root types: kind of operation, member of an introspection, name that is meant when none is said (§3.3.1).
const ROOTS: [(&str, &str, &str); 3] = [
    ("query", "queryType", "Query"),
    ("mutation", "mutationType", "Mutation"),
    ("subscription", "subscriptionType", "Subscription"),
];

/// A schema.
#[derive(Debug)]
pub struct GraphqlSchema<'d> {
    root: Node<'d>,
    /// Of an introspection, in which types are a list.
    types: Option<HashMap<&'d str, Node<'d>>>,
}

/// A field of a type.
#[derive(Debug)]
pub struct SchemaField<'d> {
    /// Its type as SDL has it (`[User!]!`).
    pub type_name: String,
    /// Whether callers are told to leave it.
    pub deprecated: bool,
    /// Where it stands.
    pub place: Place,
    /// Arguments by name.
    pub arguments: Vec<SchemaArgument<'d>>,
}

/// An argument of a field.
#[derive(Debug)]
pub struct SchemaArgument<'d> {
    /// Its name.
    pub name: &'d str,
    /// Its type as SDL has it.
    pub type_name: String,
    /// Whether it must be given: it cannot be `null` and has no default.
    pub required: bool,
    /// Whether callers are told to leave it.
    pub deprecated: bool,
    /// Where it stands.
    pub place: Place,
}

fn place(node: Node<'_>) -> Place {
    Place { file: 0, node: node.id() }
}

impl<'d> GraphqlSchema<'d> {
    /// The schema of a document; `None` when it is none.
    #[must_use]
    pub fn of(document: &'d SpecDocument) -> Option<Self> {
        if document.format != SpecFormat::Graphql {
            return None;
        }
        let root = document.node(Place::default());
        let schema = root.find("/data/__schema").or_else(|| root.get("__schema"));
        let types = schema.map(|schema| {
            let mut types = HashMap::new();
            for node in schema.get("types").into_iter().flat_map(Node::children) {
                types.entry(node.text_of("name")).or_insert(node);
            }
            types
        });
        Some(Self { root: schema.unwrap_or(root), types })
    }

    /// The root type of a kind of operation (`query`, `mutation`, `subscription`); `None` when there is none.
    #[must_use]
    pub fn root_type(&self, kind: &str) -> Option<&'d str> {
        let (_, member, otherwise) = ROOTS.into_iter().find(|(name, ..)| *name == kind)?;
        let name = if self.types.is_some() {
            self.root.get(member).map_or("", |of| of.text_of("name"))
        } else {
            let named = self.root.get("schema").filter(|named| named.children().next().is_some());
            named.map_or(otherwise, |named| named.text_of(kind))
        };
        self.kind_of(name).map(|_| name)
    }

    /// The kind of a type (`OBJECT`, `ENUM` …); `None` when it is not described.
    #[must_use]
    pub fn kind_of(&self, type_name: &str) -> Option<&'d str> {
        self.type_named(type_name).map(|of| of.text_of("kind"))
    }

    /// A field of a type; `None` when it has none of this name.
    #[must_use]
    pub fn field(&self, type_name: &str, name: &str) -> Option<SchemaField<'d>> {
        let fields = self.type_named(type_name)?.get("fields")?;
        if self.types.is_none() {
            let field = fields.get(name)?;
            let arguments = field.get("arguments").into_iter().flat_map(Node::members);
            let arguments =
                arguments.map(|(name, node)| argument(name, node.text_of("type").to_owned(), node));
            return Some(SchemaField {
                type_name: field.text_of("type").to_owned(),
                deprecated: is_deprecated(field),
                place: place(field),
                arguments: arguments.collect(),
            });
        }
        let field = fields.children().find(|field| field.text_of("name") == name)?;
        let arguments = field.get("args").into_iter().flat_map(Node::children);
        let arguments =
            arguments.map(|node| argument(node.text_of("name"), wrapped(node.get("type")), node));
        Some(SchemaField {
            type_name: wrapped(field.get("type")),
            deprecated: is_deprecated(field),
            place: place(field),
            arguments: arguments.collect(),
        })
    }

    /// Names of all types.
    #[must_use]
    pub fn type_names(&self) -> Vec<&'d str> {
        match &self.types {
            Some(types) => types.keys().copied().collect(),
            None => names(self.root.get("types")),
        }
    }

    /// Names of the fields of a type.
    #[must_use]
    pub fn field_names(&self, type_name: &str) -> Vec<&'d str> {
        let fields = self.type_named(type_name).and_then(|of| of.get("fields"));
        if self.types.is_none() {
            return names(fields);
        }
        fields.into_iter().flat_map(Node::children).map(|field| field.text_of("name")).collect()
    }

    fn type_named(&self, name: &str) -> Option<Node<'d>> {
        match &self.types {
            Some(types) => types.get(name).copied(),
            None => self.root.get("types")?.get(name),
        }
    }
}

fn names(node: Option<Node<'_>>) -> Vec<&str> {
    node.into_iter().flat_map(Node::members).map(|(name, _)| name).collect()
}

fn argument<'d>(name: &'d str, type_name: String, node: Node<'d>) -> SchemaArgument<'d> {
    SchemaArgument {
        name,
        required: type_name.ends_with('!') && !has_default(node),
        deprecated: is_deprecated(node),
        place: place(node),
        type_name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{NoFiles, read};

    const SDL: &str = "schema { query: Root }
type Root { user(id: ID!, first: Int! = 10, old: Int @deprecated): User! users: [User!] @deprecated }
type User { id: ID } enum State { A }";

    const INTROSPECTION: &str = r#"{"data": {"__schema": {"queryType": {"name": "Root"}, "types": [
      {"kind": "OBJECT", "name": "Root", "fields": [
        {"name": "user", "isDeprecated": false, "type": {"kind": "NON_NULL", "ofType": {"kind": "OBJECT", "name": "User"}}, "args": [
          {"name": "id", "defaultValue": null, "type": {"kind": "NON_NULL", "ofType": {"kind": "SCALAR", "name": "ID"}}},
          {"name": "first", "defaultValue": "10", "type": {"kind": "NON_NULL", "ofType": {"kind": "SCALAR", "name": "Int"}}},
          {"name": "old", "defaultValue": null, "isDeprecated": true, "type": {"kind": "SCALAR", "name": "Int"}}]},
        {"name": "users", "isDeprecated": true, "args": [],
          "type": {"kind": "LIST", "ofType": {"kind": "NON_NULL", "ofType": {"kind": "OBJECT", "name": "User"}}}}]},
      {"kind": "OBJECT", "name": "User", "fields": [{"name": "id", "args": [], "type": {"kind": "SCALAR", "name": "ID"}}]},
      {"kind": "ENUM", "name": "State", "fields": null}]}}}"#;

    #[test]
    fn both_ways_to_write_a_schema_say_the_same() {
        for text in [SDL, INTROSPECTION] {
            let document = read(text.as_bytes(), &mut NoFiles).expect("a document");
            let schema = GraphqlSchema::of(&document).expect("a schema");
            assert_eq!(
                (schema.root_type("query"), schema.root_type("mutation")),
                (Some("Root"), None)
            );
            assert_eq!((schema.kind_of("State"), schema.kind_of("None")), (Some("ENUM"), None));
            let user = schema.field("Root", "user").expect("a field");
            assert_eq!((user.type_name.as_str(), user.deprecated), ("User!", false));
            let arguments: Vec<_> = user
                .arguments
                .iter()
                .map(|a| (a.name, a.type_name.as_str(), a.required, a.deprecated))
                .collect();
            assert_eq!(
                arguments,
                [
                    ("id", "ID!", true, false),
                    ("first", "Int!", false, false),
                    ("old", "Int", false, true)
                ]
            );
            let users = schema.field("Root", "users").expect("a field");
            assert_eq!((users.type_name.as_str(), users.deprecated), ("[User!]", true));
            assert!(schema.field("Root", "id").is_none() && schema.field("State", "A").is_none());
        }
        let other = read(b"openapi: 3.1.0\ninfo: {}\npaths: {}", &mut NoFiles).expect("a document");
        assert!(GraphqlSchema::of(&other).is_none());
    }
}
