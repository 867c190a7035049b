use bartizan_model::{Exchange, HashKey, Scope};
use bartizan_protocols::decode::decode;
use serde_json::{Value, json};

use super::*;
use crate::{
    Snapshot,
    checks::example::{get, post},
    classes::classify,
};

/// A definition with changes: `null` takes a key away.
fn definition(changes: &Value) -> ClassDefinition {
    let mut whole = json!({
        "name": "customer_number", "title": "Numbers of our customers", "group": "personal",
        "names": ["customerNumber"], "pattern": "C-[0-9]{5}",
        "examples": [{"field": "customer_number", "value": "C-12345"}],
        "counterexamples": [{"field": "customer_number", "value": "C-1234"}],
    });
    for (key, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => whole.as_object_mut().expect("an object").remove(key),
            _ => whole.as_object_mut().expect("an object").insert(key.clone(), value.clone()),
        };
    }
    serde_json::from_value(whole).expect("a definition")
}

fn mistake(changes: &Value) -> String {
    let compiled = CustomClasses::compile(&[definition(changes)]);
    compiled.expect_err("a mistake").1.to_string()
}

fn snapshot(definitions: &[ClassDefinition]) -> Snapshot {
    let mut snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let classes = CustomClasses::compile(definitions).map_err(|(_, mistake)| mistake.to_string());
    snapshot.classes = std::sync::Arc::new(classes.expect("compiled"));
    snapshot
}

/// Location, class and family of everything that is found.
fn found(snapshot: &Snapshot, exchange: &Exchange) -> Vec<(String, &'static str, &'static str)> {
    let decoded = decode(exchange, &snapshot.limits, snapshot.seed);
    let hits = classify(&decoded, snapshot);
    assert!(hits.is_sorted_by_key(|hit| hit.node), "in document order");
    let place = |hit: &ClassHit| {
        let node = decoded.view.node(hit.node).expect("a node");
        (node.instance().to_string(), hit.class.as_str(), hit.family.as_str())
    };
    hits.iter().map(place).collect()
}

fn names(found: &[(String, &'static str, &'static str)]) -> Vec<(String, &'static str)> {
    found.iter().map(|(place, class, _)| (place.clone(), *class)).collect()
}

#[test]
fn values_are_found_by_name_and_pattern_wherever_they_stand() {
    let snapshot = snapshot(&[definition(&json!({}))]);
    let body = r#"{"email":"jane@example.com","customer":{"number":" C-12345 "},"customerNumber":"C-123456",
        "order":"C-12345","old_customer_numbers":["C-00001"]}"#;
    let exchange =
        post("https://api.example.com/customer-number/C-77777?customerNumber=C-55555", body);
    let mut found = names(&found(&snapshot, &exchange.build()));
    found.sort();
    let expected = [
        ("body:/customer/number", "customer_number"),
        ("body:/email", "email"),
        ("body:/old_customer_numbers/0", "customer_number"),
        ("path.1", "customer_number"),
        ("query.customerNumber", "customer_number"),
    ];
    assert_eq!(found, expected.map(|(place, class)| (place.to_owned(), class)));
}

#[test]
fn without_names_the_form_alone_decides_for_texts_and_numbers() {
    let code = definition(&json!({
        "names": null, "pattern": "[0-9]{4}", "min_length": 4, "max_length": 4,
        "examples": [{"field": "x", "value": "1234"}],
        "counterexamples": [{"field": "x", "value": "12345"}],
    }));
    let snapshot = snapshot(&[code]);
    let exchange =
        get("https://a.example/").json(200, r#"{"a":1234,"b":"1234","c":12.34,"d":"01234"}"#);
    let found = found(&snapshot, &exchange.build());
    let expected = ["body:/a", "body:/b"].map(|place| (place.to_owned(), "customer_number"));
    assert_eq!(names(&found), expected);
}

#[test]
fn nothing_hides_a_built_in_class_and_a_finer_one_names_its_values() {
    let anything = definition(&json!({
        "name": "anything", "names": null, "pattern": ".+", "max_length": 20,
        "counterexamples": [{"field": "x", "value": "more than twenty letters"}],
    }));
    let own_card = definition(&json!({
        "name": "company_card", "names": null, "pattern": "5555[0-9]{12}", "check": "luhn",
        "family": "payment_card",
        "examples": [{"field": "card", "value": "5555555555554444"}],
        "counterexamples": [{"field": "card", "value": "5555555555554445"}],
    }));
    let snapshot = snapshot(&[anything, own_card]);
    let cards = r#"{"card":"5555555555554444","other":"4111111111111111"}"#;
    let found = found(&snapshot, &get("https://a.example/").json(200, cards).build());
    let of = |place: &str| -> Vec<(&str, &str)> {
        let here = found.iter().filter(|(at, ..)| at == place);
        here.map(|(_, class, family)| (*class, *family)).collect()
    };
    assert_eq!(of("body:/card"), [("company_card", "payment_card"), ("anything", "anything")]);
    assert_eq!(of("body:/other"), [("payment_card", "payment_card"), ("anything", "anything")]);
    let traits = snapshot.class("company_card").expect("known");
    assert!(traits.sensitive, "as its family is");
    assert!(!snapshot.class("anything").expect("known").sensitive);
    assert_eq!(snapshot.class("no_such_class"), None);
}

#[test]
fn one_value_is_of_few_classes() {
    let many: Vec<_> = (0..MAX_CLASSES)
        .map(|n| {
            definition(&json!({
                "name": format!("any_{n}"), "names": null, "pattern": "[a-z]+",
                "examples": [{"field": "x", "value": "a"}],
                "counterexamples": [{"field": "x", "value": "A"}],
            }))
        })
        .collect();
    let found =
        found(&snapshot(&many), &get("https://a.example/").json(200, r#"{"x":"abc"}"#).build());
    let here: Vec<_> =
        found.iter().filter(|(at, ..)| at == "body:/x").map(|(_, c, _)| *c).collect();
    assert_eq!(here, ["any_0", "any_1", "any_2", "any_3"]);
    let more: Vec<_> = many.iter().chain(&many[..1]).cloned().collect();
    let (at, mistake) = CustomClasses::compile(&more).expect_err("too many");
    assert_eq!((at, mistake.to_string().as_str()), (64, "65 classes, expected at most 64"));
}

#[test]
fn what_a_thread_remembers_of_names_is_of_one_set() {
    let exchange = post("https://a.example/", r#"{"badge":"C-12345","customer_number":"C-12345"}"#);
    let exchange = exchange.build();
    let ours = snapshot(&[definition(&json!({}))]);
    let badge = json!({
        "names": ["badge"],
        "examples": [{"field": "badge", "value": "C-12345"}],
        "counterexamples": [{"field": "x", "value": "C-12345"}],
    });
    let theirs = snapshot(&[definition(&badge)]);
    for _ in 0..3 {
        assert_eq!(found(&ours, &exchange)[0].0, "body:/customer_number");
        assert_eq!(found(&theirs, &exchange)[0].0, "body:/badge");
    }
}

#[test]
fn examples_that_do_not_come_out_say_why() {
    let example = |field: &str, value: &str| json!([{"field": field, "value": value}]);
    for (changes, wanted) in [
        (
            json!({"examples": example("customer_number", "C-1")}),
            "`examples[0]`: not recognised, as `pattern` does not fit",
        ),
        (
            json!({"examples": example("customer", "C-12345")}),
            "`examples[0]`: not recognised, as none of `names` fits",
        ),
        (json!({"max_length": 6}), "`examples[0]`: not recognised, as its length"),
        (json!({"check": "luhn"}), "`examples[0]`: not recognised, as its check digits are wrong"),
        (json!({"examples": []}), "`examples`: 0 of them, expected 1 to 16"),
        (json!({"examples": example("", "C-12345")}), "`examples[0]`, expected a field"),
        (json!({"examples": example("a//b", "C-12345")}), "`examples[0]`, expected a field"),
        (json!({"examples": example("customer_number", " ")}), "`examples[0]`, expected a value"),
        (json!({"counterexamples": []}), "`counterexamples`: 0 of them"),
        (
            json!({"counterexamples": example("customer_number", "C-99999")}),
            "`counterexamples[0]`: recognised, expected a value that is not of `customer_number`",
        ),
    ] {
        let said = mistake(&changes);
        assert!(said.starts_with(wanted), "{said}");
    }
}

#[test]
fn definitions_have_limits() {
    for (changes, wanted) in [
        (json!({"name": "Customer"}), "`name`: \"Customer\", expected lower-case"),
        (json!({"name": "1st"}), "`name`: \"1st\""),
        (json!({"name": "iban"}), "`name`: the built-in class `iban`"),
        (json!({"title": " "}), "`title`"),
        (json!({"title": "a\u{202e}\nb"}), "`title`"),
        (json!({"names": ["-"]}), "`names`: \"-\", expected 1 to 4 words"),
        (json!({"names": ["one two three four five"]}), "`names`: "),
        (json!({"names": null, "pattern": null}), "neither `names` nor `pattern`"),
        (json!({"pattern": "("}), "`pattern`: "),
        (json!({"pattern": "a)|(b"}), "`pattern`: "),
        (json!({"pattern": "(a)\\1"}), "`pattern`: "),
        (json!({"pattern": "(?=a)a"}), "`pattern`: "),
        (json!({"pattern": "\\w{60000}"}), "`pattern`: "),
        (json!({"pattern": "a".repeat(513)}), "`pattern`: 513 bytes"),
        (json!({"pattern": format!("{}a{}", "(".repeat(99), ")".repeat(99))}), "`pattern`: "),
        (json!({"min_length": 0}), "`min_length`, `max_length`: 0 to 256"),
        (json!({"max_length": 2000}), "`min_length`, `max_length`: 1 to 2000"),
        (json!({"family": "no_such"}), "`family`: \"no_such\""),
    ] {
        let said = mistake(&changes);
        assert!(said.starts_with(wanted), "{said}");
    }
    let twice = [definition(&json!({})), definition(&json!({}))];
    let (at, mistake) = CustomClasses::compile(&twice).expect_err("twice");
    assert!(at == 1 && mistake.to_string().contains("a second time"), "{mistake}");
}

#[test]
fn members_of_a_family_lead_to_its_head() {
    let key = json!({
        "family": "api_key", "names": null, "pattern": "tk-[a-z]{12}",
        "examples": [{"field": "x", "value": "tk-abcdefghijkl"}],
        "counterexamples": [{"field": "x", "value": "tk-abc"}],
    });
    let classes = CustomClasses::compile(&[definition(&key)]).expect("compiled");
    let class = classes.get("customer_number").expect("there");
    assert_eq!(class.family().as_str(), "secret");
    assert!(
        class.what().contains("tk-[a-z]{12}")
            && class.what().starts_with("From the configuration: ")
    );
}

#[test]
fn hostile_values_take_no_long_time_and_do_not_panic() {
    let nested = definition(&json!({
        "names": null, "pattern": "(a|aa|a.)*b", "max_length": 1024,
        "examples": [{"field": "x", "value": "aaab"}],
        "counterexamples": [{"field": "x", "value": "aaa"}],
    }));
    let snapshot = snapshot(&[nested]);
    for text in ["a".repeat(1024), "é".repeat(1024), "a".repeat(100_000), "\u{0}b".to_owned()] {
        let body = json!({ "x": text }).to_string();
        found(&snapshot, &post("https://a.example/", &body).build());
    }
    let longest = format!("{}b", "é".repeat(1023).replace('é', "aé"));
    let body = json!({ "x": longest }).to_string();
    assert_eq!(found(&snapshot, &post("https://a.example/", &body).build()), [], "2047 characters");
}
