//! Every keyword in every version, and the required tests of JSON-Schema-Test-Suite, both ways that schemas come here.

use std::io::Read as _;

use bartizan_protocols::spec::{self, NoFiles};
use bytes::Bytes;
use flate2::read::GzDecoder;
use serde::Deserialize;

use super::*;
use crate::policy::{
    detectors::{Bounds, thread_nanos},
    openapi::media::json_field,
    readings::Reading,
    schema::fit::{Fit, Misfit},
};

const KEYWORDS: &str = include_str!("../../../../tests/fixtures/openapi/keywords.yaml");
const PAGE: &str = include_str!("../../../../../../docs/openapi-contract.md");
const SUITE: &[u8] =
    include_bytes!("../../../../tests/fixtures/json-schema-suite/required.json.gz");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    keyword: String,
    versions: Vec<String>,
    #[serde(default)]
    side: String,
    schema: Value,
    #[serde(default)]
    left_out: Option<String>,
    fits: Vec<Value>,
    fails: std::collections::BTreeMap<String, Vec<Value>>,
}

fn rows() -> Vec<Row> {
    serde_saphyr::from_str(KEYWORDS).expect("the table")
}

/// A document of a version with a schema `S` and those that rows refer to.
fn document(version: &str, schema: &Value) -> (SpecDocument, Place) {
    let schemas = json!({
        "S": schema,
        "Id": {"type": "integer"},
        "Secret": {"type": "string", "writeOnly": true},
        "Cat": {"type": "object", "properties": {"kind": {"type": "string"}, "lives": {"type": "integer"}}},
        "Dog": {"type": "object", "properties": {"kind": {"type": "string"}}},
    });
    let info = json!({"title": "t", "version": "1"});
    let (whole, pointer) = match version {
        "2.0" => (
            json!({"swagger": "2.0", "info": info, "paths": {}, "definitions": schemas}),
            "/definitions/S",
        ),
        _ => (
            json!({"openapi": format!("{version}.0"), "info": info, "paths": {}, "components": {"schemas": schemas}}),
            "/components/schemas/S",
        ),
    };
    let document = spec::read(whole.to_string().as_bytes(), &mut NoFiles).expect("read");
    let node = document.root().find(pointer).expect("there").id();
    (document, Place { file: 0, node })
}

/// References that name a schema, as a document of this version writes them.
fn with_references(value: &Value, prefix: &str) -> Value {
    match value {
        Value::Array(all) => all.iter().map(|one| with_references(one, prefix)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| match (name.as_str(), value) {
                ("$ref", Value::String(target)) => {
                    (name.clone(), json!(format!("{prefix}{target}")))
                }
                // Values, and not schemas.
                ("enum" | "const", value) => (name.clone(), value.clone()),
                (_, value) => (name.clone(), with_references(value, prefix)),
            };
            Value::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}

/// What becomes of a value; `None` when it cannot be read in one way only.
fn compared(fit: &Fit, value: &Value) -> Option<Result<(), Misfit>> {
    let bounds = Bounds::checked(1 << 20, 1_000_000).expect("bounds");
    let until = thread_nanos() + bounds.budget_nanos();
    let text = Bytes::from(value.to_string());
    let reading = Reading::of(json_field().iter(), text, bounds.amount(), 7, until);
    Some(fit.check(reading.json()?, until))
}

#[test]
fn every_keyword_in_every_version() {
    for row in rows() {
        for version in &row.versions {
            let prefix = if version == "2.0" { "#/definitions/" } else { "#/components/schemas/" };
            let (document, place) = document(version, &with_references(&row.schema, prefix));
            let side =
                Side { is_answer: row.side == "answer", is_closed: false, is_one_sided: true };
            let converted = Converter::new(&document, side).convert(place).expect("small");
            let about = format!("{} in {version}: {}", row.keyword, converted.schema);
            assert_eq!(converted.left_out, row.left_out.as_deref(), "{about}");
            let fit = Fit::compile(&converted.schema, &formats::OWN).expect(&about);
            for value in &row.fits {
                assert_eq!(compared(&fit, value), Some(Ok(())), "{value} fits {about}");
            }
            for (keyword, values) in &row.fails {
                for value in values {
                    match compared(&fit, value) {
                        Some(Err(Misfit::Fails { keyword: told, .. })) => {
                            assert_eq!(told, keyword, "{value} for {about}");
                        }
                        other => panic!("{value} should fail {keyword}: {other:?} for {about}"),
                    }
                }
            }
        }
    }
}

/// The keywords of schemas: OpenAPI 2.0 to 3.2, and JSON Schema 2020-12.
const ALL: [&str; 45] = [
    "$dynamicRef",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "discriminator",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format byte",
    "format date",
    "format double",
    "format float",
    "format int32",
    "format int64",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "nullable",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "readOnly",
    "required",
    "then",
    "type",
];

#[test]
fn the_table_is_whole_and_on_its_page() {
    let rows = rows();
    let more = ["unevaluatedItems", "unevaluatedProperties", "uniqueItems", "writeOnly"];
    for keyword in ALL.iter().chain(&more) {
        assert!(rows.iter().any(|row| row.keyword == *keyword), "{keyword} has no row");
    }
    for row in rows {
        let line = format!("| {} | {} |", row.keyword, row.versions.join(", "));
        assert!(PAGE.contains(&line), "docs/openapi-contract.md lacks the line: {line}");
    }
}

#[test]
fn unknown_properties_are_refused_where_objects_are_named() {
    let side = Side { is_answer: false, is_closed: true, is_one_sided: true };
    let base = "#/components/schemas/";
    for (schema, fits, fails) in [
        (json!({"properties": {"a": {}}}), json!({"a": 1}), json!({"b": 1})),
        (
            json!({"properties": {"a": {"properties": {"b": {}}}}}),
            json!({"a": {"b": 1}}),
            json!({"a": {"c": 1}}),
        ),
        (json!({"items": {"$ref": "Dog"}}), json!([{"kind": "x"}]), json!([{"other": 1}])),
        (
            json!({"allOf": [{"$ref": "Dog"}, {"properties": {"a": {}}}]}),
            json!({"kind": "x", "a": 1}),
            json!({"kind": "x", "b": 1}),
        ),
        (
            json!({"oneOf": [{"$ref": "Cat"}, {"type": "null"}]}),
            json!({"lives": 1}),
            json!({"b": 1}),
        ),
        (
            json!({"oneOf": [{"$ref": "Cat"}, {"$ref": "Dog"}], "discriminator": {"propertyName": "kind"}}),
            json!({"kind": "Cat", "lives": 1}),
            json!({"kind": "Dog", "lives": 1}),
        ),
    ] {
        let (document, place) = document("3.1", &with_references(&schema, base));
        let converted = Converter::new(&document, side).convert(place).expect("small");
        let fit = Fit::compile(&converted.schema, &formats::OWN).expect("compiles");
        assert_eq!(compared(&fit, &fits), Some(Ok(())), "{schema}");
        let refused = compared(&fit, &fails);
        assert!(
            matches!(refused, Some(Err(Misfit::Fails { .. }))),
            "{fails} for {schema}: {refused:?}"
        );
    }
    for open in [
        json!({}),
        json!({"type": "object"}),
        json!({"properties": {"a": {}}, "additionalProperties": true}),
    ] {
        let (document, place) = document("3.1", &open);
        let converted = Converter::new(&document, side).convert(place).expect("small");
        let fit = Fit::compile(&converted.schema, &formats::OWN).expect("compiles");
        assert_eq!(compared(&fit, &json!({"b": 1})), Some(Ok(())), "{open}");
    }
}

#[test]
fn schemas_without_an_end_are_refused() {
    let many: Map<String, Value> = (0..VALUES).map(|at| (format!("p{at}"), json!({}))).collect();
    let deep = (0..DEPTH + 2).fold(json!({}), |inner, _| json!({"items": inner}));
    for schema in [json!({"properties": many}), deep] {
        let (document, place) = document("3.1", &schema);
        let side = Side { is_answer: false, is_closed: true, is_one_sided: true };
        let converted = Converter::new(&document, side).convert(place);
        assert_eq!(converted.err(), Some("schema-over-limits"));
    }
    // One that refers to itself ends where it looks into the value.
    let (document, place) = document(
        "3.0",
        &json!({
            "properties": {"a": {"$ref": "#/components/schemas/S"}, "b": {}}, "required": ["b"]
        }),
    );
    let side = Side { is_answer: false, is_closed: true, is_one_sided: true };
    let converted = Converter::new(&document, side).convert(place).expect("ends");
    let fit = Fit::compile(&converted.schema, &formats::OWN).expect("compiles");
    assert_eq!(compared(&fit, &json!({"b": 1, "a": {"b": 1}})), Some(Ok(())));
    assert!(matches!(compared(&fit, &json!({"b": 1, "a": {}})), Some(Err(_))));
}

#[derive(Deserialize)]
struct Group {
    description: String,
    schema: Value,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    description: String,
    data: Value,
    valid: bool,
}

type Files = std::collections::BTreeMap<String, Vec<Group>>;

fn suite(draft: &str) -> Files {
    let mut text = String::new();
    GzDecoder::new(SUITE).read_to_string(&mut text).expect("unpacked");
    let mut drafts: std::collections::BTreeMap<String, Files> =
        serde_json::from_str(&text).expect("JSON");
    drafts.remove(draft).expect("the draft")
}

/// Tests that ran, and what went wrong.
#[derive(Default)]
struct Score {
    ran: usize,
    unread: usize,
    elsewhere: usize,
    wrong: Vec<String>,
}

impl Score {
    fn group(&mut self, file: &str, group: &Group, fit: &Fit) {
        for case in &group.tests {
            match compared(fit, &case.data) {
                // Such values are refused before anybody compares them: NUL in a text.
                None => self.unread += 1,
                Some(found) => {
                    self.ran += 1;
                    if found.is_ok() != case.valid {
                        self.wrong.push(format!(
                            "{file}: {}: {}: {found:?}",
                            group.description, case.description
                        ));
                    }
                }
            }
        }
    }
}

/// Of the required tests, those whose schema needs another document, which is never fetched, and those of formats, which
/// are asserted here.
fn is_elsewhere(file: &str, schema: &Value) -> bool {
    let text = schema.to_string();
    let is_remote = text.contains("http://localhost:1234/")
        && !text.contains("$id")
        && !text.contains("\"id\"");
    ["refRemote", "format", "vocabulary"].contains(&file) || is_remote
}

/// The kind `schema`: drafts as they are.
#[test]
fn required_tests_of_the_suite_as_they_are() {
    for (draft, uri, least) in [
        ("draft4", "http://json-schema.org/draft-04/schema#", 550),
        ("draft2020-12", "https://json-schema.org/draft/2020-12/schema", 1_100),
    ] {
        let mut score = Score::default();
        for (file, groups) in suite(draft) {
            for group in groups.iter().filter(|group| !is_elsewhere(&file, &group.schema)) {
                let mut schema = group.schema.clone();
                if let Value::Object(members) = &mut schema {
                    members.entry("$schema").or_insert_with(|| json!(uri));
                }
                match Fit::compile(&schema, &[]) {
                    Ok(fit) => score.group(&file, group, &fit),
                    // A reference that is relative to the identifier, and leads to another document.
                    Err(_) if schema.to_string().contains("http://localhost:1234/") => {
                        score.elsewhere += 1;
                    }
                    Err(why) => score.wrong.push(format!("{file}: {}: {why}", group.description)),
                }
            }
        }
        assert!(score.wrong.is_empty(), "{draft}: {:#?}", score.wrong);
        assert!(
            score.ran >= least && score.unread <= 10 && score.elsewhere <= 20,
            "{draft}: {} ran, {} unread",
            score.ran,
            score.unread
        );
    }
}

/// What OpenAPI has no word for, or leads out of the document: identifiers, anchors, meta-schemas.
fn is_of_openapi(file: &str, schema: &Value) -> bool {
    let words = [
        "\"$id\":",
        "\"id\":",
        "\"$anchor\":",
        "\"$dynamicRef\":",
        "\"$schema\":\"http://localhost",
    ];
    let text = schema.to_string();
    let is_own = |target: &str| target.starts_with('#');
    let mut is_inside = true;
    references(schema, &mut |target| is_inside &= is_own(target));
    !is_elsewhere(file, schema) && !words.iter().any(|word| text.contains(word)) && is_inside
}

fn references(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| references(one, look)),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(target) if name == "$ref" => look(target),
                    value => references(value, look),
                }
            }
        }
        _ => {}
    }
}

/// A schema of the suite is the schema `S` of a document, which its references lead into.
fn moved(schema: &Value) -> Value {
    let moved = with_references(schema, "\u{1}").to_string();
    let moved = moved.replace("\\u0001#", "#/components/schemas/S");
    serde_json::from_str(&moved).expect("JSON")
}

/// The kind `openapi`: draft 4 as OpenAPI 3.0, draft 2020-12 as 3.1.
#[test]
fn required_tests_of_the_suite_as_openapi() {
    let side = Side { is_answer: false, is_closed: false, is_one_sided: true };
    for (draft, version, least) in [("draft4", "3.0", 450), ("draft2020-12", "3.1", 900)] {
        let mut score = Score::default();
        for (file, groups) in suite(draft) {
            for group in groups.iter().filter(|group| is_of_openapi(&file, &group.schema)) {
                let (document, place) = document(version, &moved(&group.schema));
                let about = format!("{file}: {}", group.description);
                let converted = Converter::new(&document, side).convert(place).expect(&about);
                if let Some(left_out) = converted.left_out {
                    score.wrong.push(format!("{about}: {left_out}"));
                    continue;
                }
                match Fit::compile(&converted.schema, &[]) {
                    Ok(fit) => score.group(&file, group, &fit),
                    Err(why) => score.wrong.push(format!("{about}: {why}: {}", converted.schema)),
                }
            }
        }
        assert!(score.wrong.is_empty(), "{draft}: {:#?}", score.wrong);
        assert!(
            score.ran >= least && score.unread <= 10,
            "{draft}: {} ran, {} unread",
            score.ran,
            score.unread
        );
    }
}
