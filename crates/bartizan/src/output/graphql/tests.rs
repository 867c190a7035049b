use bartizan_model::{
    Protocol,
    sketch::{GraphqlArgument, GraphqlSketch},
};
use bartizan_protocols::spec::{NoFiles, read};

use super::*;

fn field(asked: u64, kinds: &[ValueKind]) -> GraphqlField {
    let kinds = kinds.iter().copied().collect();
    GraphqlField { asked, values: asked, kinds, ..GraphqlField::default() }
}

fn object(asked: u64, typename: &str) -> GraphqlField {
    let typenames =
        if typename.is_empty() { BTreeSet::new() } else { [typename.to_owned()].into() };
    GraphqlField { has_fields: true, typenames, ..field(asked, &[ValueKind::Object]) }
}

fn argument(given: u64, of: u64, kinds: &[ValueKind], types: &[&str]) -> GraphqlArgument {
    let types = types.iter().map(|of| (*of).to_owned()).collect();
    GraphqlArgument {
        given,
        of,
        kinds: kinds.iter().copied().collect(),
        types,
        ..GraphqlArgument::default()
    }
}

fn endpoint(fields: Vec<(&str, GraphqlField)>) -> Endpoint {
    let fields = fields.into_iter().map(|(path, field)| (path.to_owned(), field)).collect();
    Endpoint {
        host: "api.example.com".to_owned(),
        protocol: Protocol::Graphql,
        requests: 30,
        sketch: Some(Sketch::Graphql(GraphqlSketch { calls: 25, fields, left_out: 0 })),
        ..Endpoint::default()
    }
}

fn written(endpoints: &[Endpoint]) -> String {
    let all: Vec<&Endpoint> = endpoints.iter().collect();
    text(&all, "api.example.com\n}")
}

/// Kinds and names of operations with types, as our own loader reads them.
fn loaded(text: &str) -> Vec<String> {
    let spec = read(text.as_bytes(), &mut NoFiles).expect("a document");
    assert_eq!(spec.problems, [], "{text}");
    let of = |o: &std::sync::Arc<bartizan_protocols::spec::SpecOperation>| {
        let arguments: Vec<String> =
            o.parameters.iter().map(|p| format!("{}: {}", p.name, p.type_name)).collect();
        format!(
            "{} {}({}): {}",
            o.method,
            o.path,
            arguments.join(", "),
            o.responses[0].bodies[0].type_name
        )
    };
    spec.operations.iter().map(of).collect()
}

#[test]
fn one_type_has_the_fields_of_all_paths_that_lead_to_it() {
    use ValueKind::{Integer, Number, String};
    let mut tags = field(25, &[String]);
    (tags.lists, tags.elements) = (1, 40);
    let mut user = object(25, "User");
    user.arguments.insert("id".to_owned(), argument(25, 25, &[String], &["ID!"]));
    user.nulls = 2;
    let sketch = endpoint(vec![
        ("query.user", user),
        ("query.user.id", field(25, &[Integer])),
        ("query.user.tags", tags),
        ("query.user.friends", GraphqlField { lists: 1, elements: 60, ..object(25, "") }),
        ("query.user.friends.age", field(60, &[Integer, Number])),
        ("query.me", object(3, "User")),
        ("query.me.email", field(3, &[String])),
        ("query.me.boss", object(3, "User")),
        ("query.me.boss.friends", GraphqlField { lists: 1, elements: 2, ..object(2, "Person") }),
        ("query.me.boss.friends.name", field(2, &[])),
    ]);
    let text = written(&[sketch]);
    assert!(
        text.starts_with("# Learned from 25 of 30 calls to api.example.com‹U+000A›} by"),
        "{text}"
    );
    let told: Vec<&str> = text
        .lines()
        .filter(|l| !l.starts_with('#'))
        .map(|l| l.split(" #").next().unwrap_or(l))
        .collect();
    let told = told.join("\n");
    assert_eq!(
        told.trim(),
        "type Query {\n  me: User\n  user(id: ID!): User\n}\n\n\
         type Person {\n  age: Float!\n  name: Unknown\n}\n\n\
         type User {\n  boss: User\n  email: String\n  friends: [Person!]!\n  id: ID!\n  tags: [String!]!\n}\n\n\
         scalar Unknown"
    );
    assert_eq!(loaded(&text), ["QUERY me(): User", "QUERY user(id: ID!): User"]);
}

#[test]
fn values_of_arguments_make_inputs() {
    use ValueKind::{Integer, Object, String, Word};
    let mut create = object(5, "");
    create.arguments = [
        ("input", argument(5, 5, &[Object], &["NewUser!"])),
        ("input.name", argument(5, 5, &[String], &[])),
        ("input.address", argument(2, 5, &[Object], &[])),
        ("input.address.zip", argument(2, 2, &[Integer], &[])),
        ("state", argument(1, 5, &[Word], &[])),
        ("tags", argument(5, 5, &[String], &["[Tag!]!", "[Tag!]"])),
        ("limit", argument(4, 5, &[Integer], &["Int", "Float"])),
        ("__hidden", argument(5, 5, &[Integer], &[])),
    ]
    .map(|(name, of)| (name.to_owned(), of))
    .into();
    let text = written(&[endpoint(vec![
        ("mutation.create", create),
        ("mutation.create.ok", field(5, &[ValueKind::Boolean])),
    ])]);
    assert_eq!(
        loaded(&text),
        [
            "QUERY unseen(): Boolean",
            "MUTATION create(input: NewUser!, limit: Int, state: Unknown, tags: [Tag!]): MutationCreate",
        ]
    );
    for line in [
        "input NewUser {\n  address: NewUserAddress\n  name: String!\n}",
        "input NewUserAddress {\n  zip: Int\n}",
        "scalar Tag #",
        "type MutationCreate {\n  ok: Boolean #",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn names_of_others_cannot_clash() {
    use ValueKind::{Object, String};
    let mut search = object(5, "QueryOther");
    search.arguments = [
        ("with".to_owned(), argument(5, 5, &[Object], &["QueryOther"])),
        ("by".to_owned(), argument(5, 5, &[String], &["__Type"])),
    ]
    .into();
    let text = written(&[endpoint(vec![
        ("query.search", search),
        ("query.search.a", object(5, "String")),
        ("query.search.a.b", field(5, &[String])),
        ("query.other", object(5, "")),
        ("query.other.c", field(5, &[Object])),
        ("query.unknown", object(1, "Unknown")),
        ("query.unknown.d", field(1, &[String])),
    ])]);
    assert_eq!(
        loaded(&text),
        [
            "QUERY other(): QueryOther_",
            "QUERY search(by: Unknown_, with: Unknown_): QueryOther",
            "QUERY unknown(): Unknown"
        ]
    );
    assert!(text.contains("scalar Unknown_ #"), "{text}");
    assert!(text.contains("type QuerySearchA {\n  b: String"), "{text}");
}

#[test]
fn two_endpoints_add_up_and_what_is_missing_is_told() {
    let one = endpoint(vec![("query.a", field(12, &[ValueKind::Integer]))]);
    let mut two = one.clone();
    let Some(Sketch::Graphql(sketch)) = &mut two.sketch else { panic!("a sketch") };
    sketch.left_out = 7;
    let text = written(&[one, two]);
    assert!(text.contains("a: Int! # asked for 24 times"), "{text}");
    assert!(text.contains("# 7 more fields"), "{text}");
}
