//! Whether a GraphQL document fits a schema (GraphQL October 2021 §5, of which fields, arguments, leaves and type
//! conditions are looked at; values, variables and whether a fragment can be of its parent are not).

use std::collections::{BTreeMap, HashMap};

use super::document::{Document, Field, Item};
use crate::spec::{GraphqlSchema, SpecDocument};

/// Kinds of types that have something to select.
const COMPOSITE: [&str; 3] = ["OBJECT", "INTERFACE", "UNION"];

/// What a schema says of documents.
#[derive(Debug, Default)]
pub struct Types {
    /// Root types by kind of operation.
    roots: BTreeMap<&'static str, String>,
    /// Fields of the types that have something to select.
    types: HashMap<String, HashMap<String, Known>>,
}

/// A field.
#[derive(Debug)]
struct Known {
    /// The type of its value, or of the elements of that.
    of: String,
    /// Arguments, and whether each must be given.
    arguments: BTreeMap<String, bool>,
}

/// What of a document does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The schema has no operations of this kind.
    Operation,
    /// A fragment is for a type that the schema does not have.
    Type,
    /// A type does not have a field.
    Field,
    /// A field does not have an argument.
    Argument,
    /// A field lacks an argument.
    MissingArgument,
    /// Something is selected of a value that has no fields, or nothing of one that has.
    Selection,
}

impl Types {
    /// The types of a schema; `None` when the document is none, or has no type to ask for.
    #[must_use]
    pub fn of(document: &SpecDocument) -> Option<Self> {
        let schema = GraphqlSchema::of(document)?;
        let mut out = Self::default();
        for kind in ["query", "mutation", "subscription"] {
            if let Some(name) = schema.root_type(kind) {
                out.roots.insert(kind, name.to_owned());
            }
        }
        for name in schema.type_names() {
            if !schema.kind_of(name).is_some_and(|kind| COMPOSITE.contains(&kind)) {
                continue;
            }
            let fields = schema.field_names(name).into_iter().filter_map(|field| {
                let told = schema.field(name, field)?;
                let arguments = told.arguments.iter().map(|a| (a.name.to_owned(), a.required));
                let known = Known {
                    of: told.type_name.trim_matches(['[', ']', '!']).to_owned(),
                    arguments: arguments.collect(),
                };
                Some((field.to_owned(), known))
            });
            let fields = fields.collect();
            out.types.insert(name.to_owned(), fields);
        }
        (!out.roots.is_empty()).then_some(out)
    }
}

impl Document<'_> {
    /// The first thing in it that does not fit.
    #[must_use]
    pub fn misfit(&self, types: &Types) -> Option<Misfit> {
        let operations =
            self.operations.iter().find_map(|operation| match types.roots.get(operation.kind) {
                Some(root) => selection(types, root, &operation.selection),
                None => Some(Misfit::Operation),
            });
        operations.or_else(|| {
            self.fragments().find_map(|part| match types.types.contains_key(part.on) {
                true => selection(types, part.on, &part.selection),
                false => Some(Misfit::Type),
            })
        })
    }
}

/// Recursion ends where reading ends.
fn selection(types: &Types, of: &str, items: &[Item<'_>]) -> Option<Misfit> {
    items.iter().find_map(|item| match item {
        Item::Field(asked) => field(types, of, asked),
        Item::Inline(part) if part.on.is_empty() => selection(types, of, &part.selection),
        Item::Inline(part) if types.types.contains_key(part.on) => {
            selection(types, part.on, &part.selection)
        }
        Item::Inline(_) => Some(Misfit::Type),
        // Compared once, where it is defined.
        Item::Spread(_) => None,
    })
}

fn field(types: &Types, of: &str, asked: &Field<'_>) -> Option<Misfit> {
    let is_root = types.roots.get("query").is_some_and(|root| root == of);
    match asked.name {
        "__typename" => return asked.selection.is_some().then_some(Misfit::Selection),
        // What is below is the same in every schema, which does not describe it.
        "__schema" | "__type" if is_root => return None,
        _ => {}
    }
    let Some(known) = types.types.get(of).and_then(|fields| fields.get(asked.name)) else {
        return Some(Misfit::Field);
    };
    if asked.arguments.iter().any(|(name, _)| !known.arguments.contains_key(*name)) {
        return Some(Misfit::Argument);
    }
    let is_given = |name: &str| asked.arguments.iter().any(|(given, _)| *given == name);
    if known.arguments.iter().any(|(name, is_needed)| *is_needed && !is_given(name)) {
        return Some(Misfit::MissingArgument);
    }
    match (&asked.selection, types.types.contains_key(&known.of)) {
        (Some(items), true) => selection(types, &known.of, items),
        (None, false) => None,
        _ => Some(Misfit::Selection),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{NoFiles, read};

    const SDL: &str = "type Query { user(id: ID!, first: Int! = 10): User node: Node all: [Thing!]! }
type Mutation { add(name: String): User } interface Node { id: ID } union Thing = User | Other
type User implements Node { id: ID name(style: Style): String friends: [User!] } type Other { x: Int }
enum Style { A } input In { name: String }";

    #[test]
    fn fields_arguments_and_leaves_are_those_of_the_schema() {
        let document = read(SDL.as_bytes(), &mut NoFiles).expect("a document");
        let types = Types::of(&document).expect("types");
        for (text, expected) in [
            ("{user(id: 1){id name(style: A) friends{friends{id}}}}", None),
            (
                "{node{id __typename ... on User{name}} all{__typename ...F}} fragment F on User{id}",
                None,
            ),
            ("{__schema{types{name}}}", None),
            ("mutation{x: add{id}}", None),
            ("subscription{a}", Some(Misfit::Operation)),
            ("{users{id}}", Some(Misfit::Field)),
            ("{user(id: 1){mail}}", Some(Misfit::Field)),
            ("{user(id: 1){...F}} fragment F on User{mail}", Some(Misfit::Field)),
            ("{user(id: 1){friends{... on User{friends{mail}}}}}", Some(Misfit::Field)),
            ("{all{id}}", Some(Misfit::Field)),
            ("{user(id: 1){__schema{types{name}}}}", Some(Misfit::Field)),
            ("{user(id: 1, admin: true){id}}", Some(Misfit::Argument)),
            ("{user{id}}", Some(Misfit::MissingArgument)),
            ("{user(id: 1)}", Some(Misfit::Selection)),
            ("{user(id: 1){id{x}}}", Some(Misfit::Selection)),
            ("{node{... on Nobody{id}}}", Some(Misfit::Type)),
            ("{node{...F}} fragment F on In{name}", Some(Misfit::Type)),
        ] {
            let document = Document::read(text).expect("a document");
            assert_eq!(document.misfit(&types), expected, "{text}");
        }
        let other = read(b"openapi: 3.1.0\ninfo: {}\npaths: {}", &mut NoFiles).expect("a document");
        assert!(Types::of(&other).is_none());
    }
}
