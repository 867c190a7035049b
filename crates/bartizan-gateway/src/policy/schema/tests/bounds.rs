//! Whatever is sent, time and stack are bounded.

use std::time::Duration;

use super::*;

/// Schemas that are dear to compare with, and bodies for which they are.
pub(crate) fn hostile() -> Vec<(&'static str, Value, String)> {
    let both = |keyword: &str| {
        let branch =
            |name: &str| json!({"properties": {"a": {"$ref": "#/$defs/n"}}, "required": [name]});
        json!({"$defs": {"n": {keyword: [branch("b"), branch("c"), {"const": 0}]}}, "$ref": "#/$defs/n"})
    };
    let nested = |inside: &str, levels: usize| {
        format!("{}{inside}{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
    };
    let list = |one: &str, times: usize| format!("[{}null]", format!("{one},").repeat(times));
    let object = |times: usize| {
        let members: Vec<_> = (0..times).map(|at| format!("\"k{at}\":{at}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let looking = json!({"$defs": {"n": {"anyOf": [
        {"properties": {"a": {"$ref": "#/$defs/n"}}, "required": ["b"]},
        {"properties": {"a": {"$ref": "#/$defs/n"}}},
    ], "unevaluatedProperties": false}}, "$ref": "#/$defs/n"});
    let named: Vec<_> = (0..200).map(|at| format!("x{at}")).collect();
    let patterns: serde_json::Map<_, _> =
        (0..100).map(|at| (format!("^k[0-9]*{at}x"), json!({"type": "null"}))).collect();
    vec![
        ("any of two, deep", both("anyOf"), nested("1", 60)),
        ("one of two, deep", both("oneOf"), nested("1", 60)),
        ("all of two, deep", both("allOf"), nested("1", 60)),
        (
            "any of two, wide",
            json!({"items": both("anyOf"), "$defs": both("anyOf")["$defs"]}),
            list(&nested("1", 10), 800),
        ),
        (
            "not any of two, deep",
            json!({"not": both("anyOf"), "$defs": both("anyOf")["$defs"]}),
            nested("1", 60),
        ),
        ("unevaluated, deep", looking, nested("{}", 60)),
        (
            "unique numbers",
            json!({"uniqueItems": true}),
            format!("[{}]", (0..20_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",")),
        ),
        ("unique objects", json!({"uniqueItems": true}), format!("[{0},{0}]", object(6_000))),
        (
            "unique at every level",
            json!({"$defs": {"n": {"uniqueItems": true, "items": {"$ref": "#/$defs/n"}}}, "$ref": "#/$defs/n"}),
            format!("{}{}{}", "[".repeat(60), list("1.5", 25_000), "]".repeat(60)),
        ),
        ("names of many", json!({"required": named, "properties": {"z": {}}}), object(9_000)),
        ("patterns of names", json!({"patternProperties": patterns}), object(9_000)),
        (
            "one long text",
            json!({"pattern": "(a|b)*[ac]{20}d$"}),
            format!("\"{}\"", "ab".repeat(60_000)),
        ),
        (
            "enumerated",
            json!({"items": {"enum": (0..500).collect::<Vec<_>>()}}),
            list("499", 30_000),
        ),
    ]
}

#[test]
fn hostile_bodies_end_with_the_budget() {
    let mut ended = 0;
    for (what, schema, body) in hostile() {
        let rule = rule(schema);
        let amount = Amount::new(rule.amount.bytes, 2_000_000);
        let rule = Schema { amount, ..rule };
        let before = thread_nanos();
        let became = becomes(&rule, TYPED, body);
        let spent = Duration::from_nanos(thread_nanos() - before);
        assert!(spent < Duration::from_millis(10), "{what}: {spent:?}");
        ended += usize::from(became == "413 over-budget");
    }
    assert!(ended >= 3, "only {ended} took all of it");
}

/// Definitions, each an alternative of the one before.
fn chain(length: usize, last: Value) -> Value {
    let one = |at: usize| {
        let next = format!("#/$defs/{}", at + 1);
        (at.to_string(), json!({"anyOf": [{"$ref": next}, {"const": at}]}))
    };
    let mut defs: serde_json::Map<_, _> = (0..length).map(one).collect();
    defs.insert(length.to_string(), last);
    json!({"$defs": defs, "$ref": "#/$defs/0"})
}

/// Half of the most steps of one chain, each of which has two.
const LONGEST: usize = in_place::STEPS / 2 - 1;

/// However deep a body is: a thread has 2 MiB of stack.
#[test]
fn no_schema_and_no_body_overflow_the_stack() {
    let deeper =
        json!({"properties": {"a": {"$ref": "#/$defs/0"}}, "items": {"$ref": "#/$defs/0"}});
    let nested = |keyword: &str| {
        let wrap = |inner, _| match keyword {
            "not" | "if" => json!({keyword: inner}),
            _ => json!({keyword: [inner]}),
        };
        (0..100).fold(json!({"type": "object"}), wrap)
    };
    let mut schemas = vec![
        json!({"additionalProperties": {"$ref": "#"}, "unevaluatedItems": {"$ref": "#"}, "maxProperties": 1}),
        json!({"anyOf": [{"type": "null"}], "propertyNames": {"type": "string"}, "items": {"$ref": "#"}}),
        chain(LONGEST, json!({"type": "array"})),
        chain(LONGEST - 1, json!({"type": "array", "unevaluatedItems": {"$ref": "#"}})),
    ];
    schemas.extend(["allOf", "anyOf", "oneOf", "not", "if"].map(nested));
    let deep = [
        format!("{}1{}", r#"{"a":"#.repeat(64), "}".repeat(64)),
        format!("{}1{}", "[".repeat(64), "]".repeat(64)),
    ];
    let work = move || {
        for schema in schemas {
            let rule = rule(schema);
            for body in [deep[0].as_str(), &deep[1], "1", "{\"x\": [null]}"] {
                becomes(&rule, TYPED, body.to_owned());
            }
        }
        // Not one of the references of this one ends before the next begins, at no level.
        let rule = rule(chain(LONGEST, deeper));
        assert_eq!(deep.map(|body| becomes(&rule, TYPED, body)), ["413 over-limits"; 2]);
    };
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work);
    thread.expect("a thread").join().expect("no overflow");
}

fn problem(schema: Value) -> String {
    let config = SchemaConfig { inline: Some(schema), ..SchemaConfig::default() };
    Schema::compile(&config).expect_err("refused").problem
}

#[test]
fn schemas_that_refer_to_themselves_about_one_value_are_refused() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"anyOf": [{"$ref": "#"}, {"type": "null"}], "propertyNames": {"$ref": "#"}}),
        json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"oneOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}),
        json!({"$defs": {"a b": {"not": {"$ref": "#/$defs/a%20b"}}}, "$ref": "#/$defs/a%20b"}),
        json!({"if": true, "then": {"$ref": "#"}}),
        json!({"dependentSchemas": {"a": {"$ref": "#"}}}),
        json!({"$anchor": "n", "anyOf": [{"$ref": "#n"}]}),
        json!({"$dynamicAnchor": "n", "anyOf": [{"$dynamicRef": "#n"}], "items": {"$dynamicRef": "#n"}}),
        json!({"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveAnchor": true,
               "anyOf": [{"$recursiveRef": "#"}]}),
        json!({"$defs": {"a": {"$id": "https://a.example/a", "$defs": {"b": {"anyOf": [{"$ref": "a"}]}}, "$ref": "#/$defs/b"}},
               "$ref": "https://a.example/a"}),
        json!({"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://a.example/x",
               "definitions": {"a": {"id": "#n", "allOf": [{"$ref": "#n"}]}}}),
    ] {
        let problem = problem(schema.clone());
        assert!(problem.contains("refers to itself"), "{schema}: {problem}");
    }
}

#[test]
fn schemas_with_too_many_ways_or_steps_for_one_value_are_refused() {
    let double = |levels: usize, root: Value| {
        let one = |at: usize| {
            let next = json!({"$ref": format!("#/$defs/a{}", at + 1)});
            (format!("a{at}"), json!({"allOf": [next, next]}))
        };
        let mut schema = root;
        let mut defs: serde_json::Map<_, _> = (0..levels).map(one).collect();
        defs.insert(format!("a{levels}"), json!({"type": "string"}));
        schema["$defs"] = Value::Object(defs);
        schema
    };
    let whole = json!({"$ref": "#/$defs/a0"});
    let names = json!({"propertyNames": {"$ref": "#/$defs/a0"}});
    assert!(problem(double(30, whole.clone())).contains("20000 ways"));
    assert!(problem(double(200, whole.clone())).contains("20000 ways"));
    assert!(problem(double(7, names.clone())).contains("`propertyNames`"));
    assert_eq!(becomes(&rule(double(4, names)), TYPED, r#"{"a": 1}"#), "");
    // What is taken ends soon after its time.
    let most = rule(double(11, whole));
    assert_eq!(becomes(&most, TYPED, "\"x\""), "");
    let hasty = Schema { amount: Amount::new(most.amount.bytes, 0), ..most };
    assert_eq!(becomes(&hasty, TYPED, "\"x\""), "413 over-budget");
    assert!(problem(chain(LONGEST + 1, json!(true))).contains("500 references"));
    let deep = (0..in_place::STEPS).fold(json!(true), |inner, _| json!({"not": inner}));
    assert!(problem(deep).contains("500 references"));
}
