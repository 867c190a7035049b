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
        let rule = Schema { budget_nanos: 2_000_000, ..rule(schema) };
        let before = thread_nanos();
        let became = becomes(&rule, TYPED, body);
        let spent = Duration::from_nanos(thread_nanos() - before);
        // Most is spent by builds for tests.
        assert!(spent < Duration::from_millis(40), "{what}: {spent:?}");
        ended += usize::from(became == "413 over-budget");
    }
    assert!(ended >= 3, "only {ended} took all of it");
}

/// Whatever refers to itself, however deep a body is: a thread has 2 MiB of stack.
#[test]
fn no_schema_and_no_body_overflow_the_stack() {
    let chain = |last: Value| {
        let mut defs: serde_json::Map<_, _> = (0..900)
            .map(|at| {
                (
                    at.to_string(),
                    json!({"anyOf": [{"$ref": format!("#/$defs/{}", at + 1)}, {"const": at}]}),
                )
            })
            .collect();
        defs.insert("900".to_owned(), last);
        json!({"$defs": defs, "$ref": "#/$defs/0"})
    };
    let deeper =
        json!({"properties": {"a": {"$ref": "#/$defs/0"}}, "items": {"$ref": "#/$defs/0"}});
    let schemas = [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"anyOf": [{"$ref": "#"}, {"type": "null"}], "propertyNames": {"$ref": "#"}}),
        json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"oneOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}),
        json!({"$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}),
        json!({"if": {"$ref": "#"}, "then": {"$ref": "#"}, "unevaluatedProperties": {"$ref": "#"}}),
        json!({"$dynamicAnchor": "n", "anyOf": [{"$dynamicRef": "#n"}], "items": {"$dynamicRef": "#n"}}),
        json!({"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveAnchor": true,
               "anyOf": [{"$recursiveRef": "#"}], "additionalProperties": {"$recursiveRef": "#"}}),
        json!({"additionalProperties": {"$ref": "#"}, "unevaluatedItems": {"$ref": "#"}, "maxProperties": 1}),
        chain(json!({"type": "array"})),
    ];
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
        let rule = rule(chain(deeper));
        assert_eq!(deep.map(|body| becomes(&rule, TYPED, body)), ["413 over-limits"; 2]);
    };
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work);
    thread.expect("a thread").join().expect("no overflow");
}
