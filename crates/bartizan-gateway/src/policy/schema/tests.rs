use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::HeaderMap;
use jsonschema::PatternOptions;
use serde_json::json;

use super::*;
use crate::phases::Streamed;

pub(crate) mod bounds;

/// Far more than is needed.
const ROOM: u32 = 1_000_000;

fn rule(schema: Value) -> Schema {
    let config =
        SchemaConfig { inline: Some(schema), budget_micros: ROOM, ..SchemaConfig::default() };
    Schema::compile(&config).expect("compiles")
}

fn fields(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |&(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    pairs.iter().map(pair).collect()
}

const TYPED: &[(&str, &str)] = &[("content-type", "application/json")];

/// What becomes of a body: `""` when it passes, else why not, after the status when it is refused.
fn becomes(
    rule: &Schema,
    pairs: &[(&'static str, &'static str)],
    body: impl Into<Bytes>,
) -> String {
    let (fields, body) = (fields(pairs), body.into());
    match rule.check(fields.iter(), BodyView::Whole(&body), &mut Readings::default()) {
        Ok(reason) => reason.unwrap_or("").to_owned(),
        Err(refusal) => {
            assert_eq!(refusal.code, "schema-refused");
            format!("{} {}", refusal.status.as_u16(), refusal.reason)
        }
    }
}

fn refused(rule: &Schema, body: impl Into<Bytes>) -> Refusal {
    let (fields, body) = (fields(TYPED), body.into());
    let checked = rule.check(fields.iter(), BodyView::Whole(&body), &mut Readings::default());
    checked.expect_err("does not fit")
}

const BODIES: &[&str] = &[
    "null",
    "true",
    "0",
    "1",
    "1.0",
    "1e2",
    "100",
    "0.5",
    "-3",
    "1e400",
    "2e3",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    r#""""#,
    r#""a""#,
    r#""SKU-0001""#,
    r#""\u00e9\ud83d\ude00""#,
    r#""2026-02-30""#,
    r#""2026-11-27""#,
    r#""a@b.example""#,
    r#""192.0.2.1""#,
    "[]",
    "[1]",
    "[1, 1.0]",
    "[1, 2]",
    r#"["a", "b", "a"]"#,
    "[18446744073709551615, 18446744073709551614]",
    r#"[{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]"#,
    r#"[{"a": 1, "b": 2}, {"b": 1, "a": 2}]"#,
    "[[1], [1]]",
    "[[], {}]",
    "[0, false, null, \"\"]",
    "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]",
    "{}",
    r#"{"a": 1}"#,
    r#"{"a": "x", "b": null}"#,
    r#"{"A": 1, "a": {"a": 1}}"#,
    r#"{"": 0}"#,
    r#"{"a/b": 1, "c~d": 2}"#,
    r#"{"of": [{}, {"of": []}, {"of": [{"of": []}]}]}"#,
    r#"{"of": [{"on": []}]}"#,
    r#"{"a": [1, {"b": 2.0}]}"#,
    r#"{"0b2f2a9c-1111-4222-8333-444455556666": 1}"#,
];

fn schemas() -> Vec<Value> {
    let drafts = |draft: u8| format!("http://json-schema.org/draft-0{draft}/schema#");
    let tree = json!({"$defs": {"t": {"type": "object", "properties": {"of": {"type": "array",
        "items": {"$ref": "#/$defs/t"}}}, "additionalProperties": false}}, "$ref": "#/$defs/t"});
    vec![
        json!(true),
        json!(false),
        json!({"type": "integer"}),
        json!({"type": ["number", "null"]}),
        json!({"type": "object"}),
        json!({"type": "array"}),
        json!({"type": "string"}),
        json!({"minimum": 1}),
        json!({"exclusiveMaximum": 100}),
        json!({"maximum": 18446744073709551615_u64}),
        json!({"multipleOf": 0.5}),
        json!({"multipleOf": 3}),
        json!({"const": 100}),
        json!({"const": {"a": [1, {"b": 2}]}}),
        json!({"enum": [1, "a", null, [1], {"a": 1}, [[1.0], [1]]]}),
        json!({"uniqueItems": true}),
        json!({"minLength": 2}),
        json!({"maxLength": 2}),
        json!({"pattern": "^SKU-[0-9]{4}$"}),
        json!({"format": "date"}),
        json!({"format": "email"}),
        json!({"format": "ipv4"}),
        json!({"minItems": 1, "maxItems": 2}),
        json!({"items": {"type": "integer"}}),
        json!({"prefixItems": [{"const": 1}], "items": {"type": "integer"}}),
        json!({"contains": {"const": 1}, "maxContains": 1}),
        json!({"minProperties": 1, "maxProperties": 1}),
        json!({"required": ["a"]}),
        json!({"required": ["a", "b"]}),
        json!({"properties": {"a": {"type": "integer"}}}),
        json!({"properties": {"a": {}}, "additionalProperties": false}),
        json!({"patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": {"type": "null"}}),
        json!({"propertyNames": {"pattern": "^[a-z]*$", "maxLength": 1}}),
        json!({"propertyNames": {"format": "uuid"}}),
        json!({"dependentRequired": {"a": ["b"]}}),
        json!({"dependentSchemas": {"A": {"required": ["b"]}}}),
        json!({"if": {"type": "object"}, "then": {"required": ["a"]}, "else": {"type": "string"}}),
        json!({"not": {"type": "object"}}),
        json!({"oneOf": [{"type": "integer"}, {"minimum": 2}]}),
        json!({"anyOf": [{"required": ["of"]}, {"type": "array"}]}),
        json!({"allOf": [{"type": "array"}, {"minItems": 2}]}),
        json!({"properties": {"a": true}, "unevaluatedProperties": false}),
        json!({"anyOf": [{"properties": {"a": {"type": "integer"}}}], "unevaluatedProperties": {"type": "object"}}),
        json!({"prefixItems": [true], "unevaluatedItems": {"type": "integer"}}),
        tree,
        json!({"$schema": drafts(7), "definitions": {"n": {"type": "number"}}, "additionalProperties": {"$ref": "#/definitions/n"}}),
        json!({"$schema": drafts(4), "minimum": 1, "exclusiveMinimum": true, "type": ["integer", "object"]}),
        json!({"$dynamicAnchor": "node", "properties": {"of": {"items": {"$dynamicRef": "#node"}}}, "maxProperties": 1}),
    ]
}

/// The view says the same as the values of `serde_json`, which the validator was made for.
#[test]
fn the_view_is_read_as_json_values_are() {
    for schema in schemas() {
        let ours = rule(schema.clone());
        let theirs = jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .build(&schema)
            .expect("compiles");
        for body in BODIES.iter().copied() {
            // Their reader refuses what is beyond a double.
            let Ok(value) = serde_json::from_str::<Value>(body) else {
                assert_eq!(body, "1e400");
                continue;
            };
            let expected = match theirs.validate(&value) {
                Ok(()) => String::new(),
                Err(error) => format!("422 {}", error.kind().keyword()),
            };
            assert_eq!(becomes(&ours, TYPED, body), expected, "{schema} {body}");
            let detail = match theirs.validate(&value) {
                Ok(()) => continue,
                Err(error) => error.instance_path().as_str().to_owned(),
            };
            let place = if detail.is_empty() { "the body" } else { &detail };
            let told = refused(&ours, body).detail;
            let told = told.split(" fails ").next().unwrap_or("");
            let known = told.strip_suffix("/...").map(|known| place.strip_prefix(known));
            let is_cut = known.is_some_and(|rest| rest.is_some_and(|rest| rest.starts_with('/')));
            assert!(told == place || is_cut, "{schema} {body} {told}");
        }
    }
    assert_eq!(becomes(&rule(json!({"maximum": 1e308})), TYPED, "1e400"), "422 maximum");
}

#[test]
fn a_refusal_names_place_and_keyword_and_never_the_value() {
    let names = "n".repeat(400);
    let rule = rule(json!({"properties": {
        "card": {"type": "string", "pattern": "^[0-9]+$", "maxLength": 20, "not": {"const": "13"}},
        "kind": {"enum": ["a", "b"]}, "many": {"uniqueItems": true},
        "one": {"anyOf": [{"type": "integer"}, {"type": "object", "required": ["x"]}]},
        names.as_str(): {"type": "null"},
        "list": {"items": {"properties": {"a/b": {"type": "null"}}}},
        "map": {"additionalProperties": {"type": "object", "properties": {"card": {"const": 1}}}},
        "named": {"patternProperties": {"": {"type": "null"}}},
    }, "additionalProperties": false}));
    for (body, detail) in [
        (r#"{"card": "s3cret"}"#, "/card fails pattern"),
        (r#"{"card": "13"}"#, "/card fails not"),
        (r#"{"kind": "s3cret"}"#, "/kind fails enum"),
        (r#"{"many": ["s3cret", "s3cret"]}"#, "/many fails uniqueItems"),
        (r#"{"one": {"s3cret": "s3cret"}}"#, "/one fails anyOf"),
        (r#"{"s3cret": 1}"#, "the body fails additionalProperties"),
        (r#"{"list": [{}, {"a/b": 1}]}"#, "/list/1/a~1b fails type"),
        // Names that the client chose may be as secret as values.
        (r#"{"map": {"s3cret": "s3cret"}}"#, "/map/... fails type"),
        (r#"{"map": {"s3cret": {"card": 2}}}"#, "/map/... fails const"),
        (r#"{"map": {"4111111111111111": 1}}"#, "/map/... fails type"),
        (r#"{"named": {"card": 1}}"#, "/named/card fails type"),
    ] {
        let refusal = refused(&rule, body);
        assert_eq!(refusal.detail, detail);
        let shown = format!("{refusal:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("4111"), "{shown}");
    }
    let long = refused(&rule, format!(r#"{{"{names}": 1}}"#)).detail;
    assert_eq!(long, format!("/{}... fails type", &names[..fit::TEXT_BYTES - 1]));
}

#[test]
fn broken_schemas_are_refused_with_their_place() {
    let compile = |schema: Value| {
        let config = SchemaConfig { inline: Some(schema), ..SchemaConfig::default() };
        Schema::compile(&config).map(|_| ())
    };
    let many: Vec<_> =
        (0..=in_place::REFERENCES).map(|at| json!({"$ref": format!("#/$defs/{at}")})).collect();
    let defs: serde_json::Map<_, _> =
        (0..=in_place::REFERENCES).map(|at| (at.to_string(), json!({"type": "null"}))).collect();
    for (schema, place) in [
        (json!({"properties": {"a": {"type": "strin"}}}), "/properties/a/type"),
        (json!({"required": "a"}), "/required"),
        (json!({"items": [3]}), "/items"),
        (json!([]), "`/`"),
        (json!({"$schema": "https://schema.example/draft/3000"}), "schema.example"),
        (json!({"$schema": "http://json-schema.org/draft-03/schema#"}), "draft-03"),
        (json!({"properties": {"a": {"$ref": "https://schema.example/a.json"}}}), "schema.example"),
        (json!({"properties": {"a": {"$ref": "file:///etc/hostname"}}}), "etc/hostname"),
        (json!({"properties": {"a": {"$ref": "other.json#/a"}}}), "other.json"),
        (json!({"properties": {"a": {"$ref": "#/$defs/none"}}}), "$defs/none"),
        (json!({"properties": {"a": {"pattern": "(?=a)b"}}}), "/properties/a/pattern"),
        (json!({"properties": {"a": {"pattern": "(a)\\1"}}}), "/properties/a/pattern"),
        (json!({"properties": {"a": {"pattern": "("}}}), "/properties/a/pattern"),
        (json!({"patternProperties": {"(?!a)": true}}), "/patternProperties"),
        (json!({"$defs": defs, "allOf": many}), "different references"),
    ] {
        let problem = compile(schema.clone()).expect_err(&schema.to_string());
        assert_eq!(problem.key, "inline");
        assert!(problem.problem.contains(place), "{schema}: {}", problem.problem);
        assert!(problem.problem.len() < 700, "{}", problem.problem);
    }
}

#[test]
fn settings_are_checked_and_files_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("schema.json");
    let config = |text: &str| -> SchemaConfig { serde_saphyr::from_str(text).expect(text) };
    let named = |more: &str| config(&format!("{{file: '{}'{more}}}", path.display()));
    let key = |config: &SchemaConfig| Schema::compile(config).err().map(|problem| problem.key);
    assert_eq!(key(&named("")), Some("file".to_owned()), "it is not there");
    std::fs::write(&path, "{\"type\": ").expect("written");
    let problem = Schema::compile(&named("")).expect_err("no JSON").problem;
    assert!(problem.contains("schema.json") && problem.contains("line 1"), "{problem}");
    std::fs::write(&path, "{\"type\": \"object\"}").expect("written");
    let rule = Schema::compile(&named("")).expect("compiles");
    assert_eq!(becomes(&rule, TYPED, "[]"), "422 type");
    assert_eq!(key(&named(", inline: {}")), Some("inline".to_owned()));
    assert_eq!(key(&named(", body_bytes: 8388609")), Some("body_bytes".to_owned()));
    assert_eq!(key(&named(", budget_micros: 99")), Some("budget_micros".to_owned()));
    for text in ["{}", "{inline: null}"] {
        assert_eq!(key(&config(text)), Some(String::new()), "{text}");
    }
    std::fs::write(&path, " ".repeat(1024 * 1024 + 1)).expect("written");
    assert_eq!(key(&named("")), Some("file".to_owned()), "it is too long");
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("encoded");
    encoder.finish().expect("encoded")
}

#[test]
fn what_others_may_read_differently_is_not_readable() {
    let strict = rule(json!({"properties": {"role": {"const": "user"}}}));
    let lax = Schema { on_unreadable: OnGap::Pass, ..rule(json!(false)) };
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let bodies: [Vec<u8>; 24] = [
        br#"{"role": "user", "role": "admin"}"#.into(),
        br#"{"role": "user", "r\u006fle": "user"}"#.into(),
        br#"{"a": [{"b": 1, "b": 1}]}"#.into(),
        b"\xef\xbb\xbf{}".into(),
        utf16("\u{feff}{}"),
        utf16("{\"role\":\"admin\"}"),
        b"{\"role\": \"\xff\"}".into(),
        b"{role: \"user\"}".into(),
        b"{'role': 'user'}".into(),
        b"{\"role\": \"user\",}".into(),
        b"{} // more".into(),
        b"{} {}".into(),
        b"{}\n{}\n".into(),
        b"{}]".into(),
        b"{\"role\": \"user\"".into(),
        b"[01]".into(),
        b"[NaN]".into(),
        b"[.5]".into(),
        br#"["\ud800"]"#.into(),
        br#"{"role\u0000": "user"}"#.into(),
        br#"["a\u0000b"]"#.into(),
        b" \n".into(),
        b"role=user".into(),
        b"<role>user</role>".into(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(becomes(&strict, TYPED, body.clone()), "415 not-readable", "{shown}");
        assert_eq!(becomes(&lax, TYPED, body), "not-readable", "{shown}");
    }
    let long = Box::leak(format!("application/{}", "x".repeat(120)).into_boxed_str());
    for media_type in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded x",
        "application/yaml",
        "application/json5",
        "application/x-json",
        "application/json charset=utf-7",
        "application/json; charset=utf-7",
        "application/json; charset=utf-8; charset=utf-7",
        "application/json; charset = utf-16",
        "application/json; charset",
        "application/json; a=\"b;c\"",
        "application/json/x",
        "application/+json x",
        "json",
        "",
        long,
    ] {
        let pairs = &[("content-type", media_type)];
        assert_eq!(becomes(&strict, pairs, "{}"), "415 not-readable", "{media_type}");
    }
    let other: &[&[(&str, &str)]] = &[
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-ndjson")],
        &[("content-type", "multipart/form-data; boundary=x")],
        &[("content-type", "application/json, text/plain")],
        &[("content-type", "application/json; charset=utf-16")],
        &[("content-type", "application/json; charset=\"iso-8859-1\"")],
        &[("content-type", "application/json"), ("content-type", "text/plain")],
        &[("content-type", "application/json"), ("content-encoding", "snappy")],
        &[("content-type", "application/json"), ("content-encoding", "gzip")],
    ];
    for pairs in other {
        assert_eq!(becomes(&strict, pairs, "{}"), "415 not-readable", "{pairs:?}");
    }
    let body = Bytes::new();
    for (rule, refuses) in [(&strict, true), (&lax, false)] {
        let streamed = BodyView::Streamed(Streamed::Endless);
        let checked = rule.check(HeaderMap::new().iter(), streamed, &mut Readings::default());
        let reason = checked.as_ref().map_or_else(|refusal| refusal.reason, |r| r.unwrap_or(""));
        assert_eq!((reason, checked.is_err()), ("body-not-held", refuses));
        assert_eq!(becomes(rule, TYPED, body.clone()), "");
    }
    let required = Schema { is_required: true, ..strict };
    assert_eq!(becomes(&required, &[], body), "400 no-body");
}

/// Nothing came of them, but something was sent: whoever undoes no coding reads that.
#[test]
fn what_decodes_to_nothing_is_not_taken_for_no_body() {
    let strict = rule(json!({"properties": {"quantity": {"maximum": 10}}}));
    let form = "application/x-www-form-urlencoded";
    for first in ["=", "3", "5", "7", "9", ";", "?"] {
        for media_type in ["application/json", form] {
            let pairs = &[("content-encoding", "br"), ("content-type", media_type)];
            let body = format!("{first}&sku=x&quantity=99999");
            assert_eq!(becomes(&strict, pairs, body), "415 not-readable", "{first} {media_type}");
        }
    }
    let skippable = b"P*M\x18\x10\0\0\0{\"quantity\": 99}".to_vec();
    let coded = |coding| [("content-encoding", coding), ("content-type", "application/json")];
    assert_eq!(becomes(&strict, &coded("zstd"), skippable), "415 not-readable");
    assert_eq!(becomes(&strict, &coded("gzip"), gzip("")), "415 not-readable");
    // Blocks of nothing, and a stored one (RFC 1951 section 3.2.4) behind them when the time is over.
    let stored = [&b"\x01\x10\0\xef\xff"[..], b"{\"quantity\": 99}"].concat();
    let body = [b"\0\0\0\xff\xff".repeat(5_000), stored].concat();
    assert_eq!(becomes(&strict, &coded("deflate"), body.clone()), "422 maximum");
    let hasty = Schema { amount: Amount::new(strict.amount.bytes, 0), ..strict };
    assert_eq!(becomes(&hasty, &coded("deflate"), body), "413 over-budget");
}

#[test]
fn what_is_json_is_compared_however_it_is_sent() {
    let rule = rule(json!({"properties": {"role": {"const": "user"}}, "type": "object"}));
    let types: &[&[(&str, &str)]] = &[
        &[],
        TYPED,
        &[("content-type", "application/octet-stream")],
        &[("content-type", "application/vnd.api+json; charset=UTF-8")],
        &[("content-type", "Application/JSON;charset=\"utf-8\"")],
        &[("content-type", "text/json ; profile=\"a b\";")],
    ];
    for pairs in types {
        for (body, expected) in [
            (r#"{"role": "user"}"#, ""),
            (r#"{"r\u006fle": "\u0075ser", "b": "\u001b", "c": 1e400}"#, ""),
            (r#"{"role": "admin"}"#, "422 const"),
            // What is encoded in values is nothing to a schema.
            (r#"{"a": "{\"role\": 1, \"role\": 2}", "b": "%zz%25", "c": "eyJh.x.y"}"#, ""),
        ] {
            assert_eq!(becomes(&rule, pairs, body), expected, "{pairs:?} {body}");
        }
    }
    let coded = &[("content-type", "application/json"), ("content-encoding", "gzip")];
    assert_eq!(becomes(&rule, coded, gzip(r#"{"role": "user"}"#)), "");
    assert_eq!(becomes(&rule, coded, gzip(r#"{"role": "admin"}"#)), "422 const");
    assert_eq!(
        becomes(&rule, coded, gzip(r#"{"role": "admin"}"#)[..20].to_vec()),
        "415 not-readable"
    );
}

#[test]
fn what_is_beyond_the_bounds_is_told_or_refused() {
    let schema = json!({"items": {"type": "integer"}});
    let config = |more: Value| {
        let mut config = json!({"inline": schema, "body_bytes": 1000, "budget_micros": ROOM});
        config.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("one"));
        let config: SchemaConfig = serde_json::from_value(config).expect("read");
        Schema::compile(&config).expect("compiles")
    };
    let (strict, lax) = (config(json!({})), config(json!({"on_budget": "pass"})));
    let coded = &[("content-encoding", "gzip"), ("content-type", "application/json")];
    let long = format!("[{}1]", "1,".repeat(600));
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    for (pairs, body) in
        [(TYPED, long.clone().into_bytes()), (coded, gzip(&long)), (TYPED, deep.into())]
    {
        assert_eq!(becomes(&strict, pairs, body.clone()), "413 over-limits");
        assert_eq!(becomes(&lax, pairs, body), "over-limits");
    }
    let hasty = config(json!({"body_bytes": 8_388_608, "budget_micros": 100, "on_budget": "pass"}));
    let huge = format!("[{}1]", "1,".repeat(90_000));
    assert_eq!(becomes(&hasty, TYPED, huge), "over-budget");
}
