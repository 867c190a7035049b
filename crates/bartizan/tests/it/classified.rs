//! Data classes and rules about data in the configuration, from the file to the result.

use crate::command::{home, result, run, stderr, write};

const RIGHT: &str = r#"
classes:
  - name: customer_number
    title: Numbers of our customers
    group: personal
    sensitive: true
    names: [customer number]
    pattern: C-[0-9]{6}
    examples:
      - {field: customer/number, value: C-123456}
    counterexamples:
      - {field: customerNumber, value: C-12345}
  - name: deploy_key
    title: Keys of our deployments
    group: credential
    family: secret
    pattern: dpl_[a-z0-9]{12}
    examples:
      - {field: anything, value: dpl_a1b2c3d4e5f6}
    counterexamples:
      - {field: anything, value: dpl_a1b2c3}
governance:
  - name: orders know no customers
    where: {paths: [/v1/orders/**]}
    allow: ["group:credential"]
"#;

const TRAFFIC: &str = r#"{"id":"1","request":{"method":"GET","url":"https://api.example.com/v1/orders/last","headers":[["authorization","Basic YWxpY2U6c2VjcmV0LXBhc3MtMQ=="]]},"response":{"status":200,"headers":[["content-type","application/json"]],"body":"{\"customerNumber\":\"C-123456\",\"note\":\"dpl_a1b2c3d4e5f6\"}"}}
{"id":"2","request":{"method":"GET","url":"https://api.example.com/v1/orders/last","headers":[["authorization","Basic Ym9iOnNlY3JldC1wYXNzLTI="]]},"response":{"status":200,"headers":[["content-type","application/json"]],"body":"{\"customerNumber\":\"C-654321\"}"}}
"#;

#[test]
fn own_classes_and_rules_come_through_to_the_result() {
    let home = home();
    write(&home, "bartizan.yaml", RIGHT.as_bytes());
    let checked = run(&home, &["config", "check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    let traffic = write(&home, "traffic.jsonl", TRAFFIC.as_bytes());
    let analysis = result(&home, &["analyze", &traffic, "--format", "json"]);
    let classes = analysis["endpoints"][0]["data_classes"].as_array().expect("a list");
    let of = |name: &str| classes.iter().find(|one| one["class"] == name).expect("found");
    let customer = of("customer_number");
    assert_eq!((&customer["count"], &customer["principals"]), (&2.into(), &2.into()));
    assert_eq!(of("deploy_key")["principals"], 1);
    let findings = analysis["findings"].as_array().expect("a list");
    let of = |code: &str| findings.iter().find(|one| one["code"] == code).expect("found");
    let against = of("BZ-C030");
    assert_eq!(
        (&against["severity"], &against["discriminator"]),
        (&"high".into(), &"response customer_number".into(),)
    );
    let note = against["evidence"][0]["note"].as_str().expect("a note");
    assert!(note.contains("2 principals") && note.contains("`orders know no customers`"), "{note}");
    // Of the family `secret`: the check that looks for secrets counts it.
    assert_eq!(of("BZ-C018")["evidence"][0]["value"]["class"], "deploy_key");
    assert!(!analysis.to_string().contains("C-123456"), "no value in the clear");
    let text = run(&home, &["analyze", &traffic, "--no-report"]).stdout;
    assert!(String::from_utf8_lossy(&text).contains("customer_number !"), "serious by itself");
    let explained = result(&home, &["explain", "customer_number", "--format", "json"]);
    assert_eq!(explained["title"], "Numbers of our customers");
    assert!(explained["what"].as_str().is_some_and(|what| what.contains("C-[0-9]{6}")));
}

#[test]
fn what_is_wrong_is_said_with_file_line_and_key() {
    let home = home();
    for (from, to, wanted) in [
        // An example of the second class, which begins in line 13.
        (
            "value: dpl_a1b2c3d4e5f6",
            "value: dpl_a1b2c3d4e5f",
            ["bartizan.yaml:13:", "`classes[1]", "`examples[0]`: not recognised", "`pattern`"],
        ),
        (
            "value: C-12345}",
            "value: C-123450}",
            [
                "bartizan.yaml:3:",
                "`classes[0]",
                "`counterexamples[0]`: recognised",
                "`customer_number`",
            ],
        ),
        (
            "name: deploy_key",
            "name: customer_number",
            ["bartizan.yaml:", "`classes", "`customer_number` a second time", "of its own"],
        ),
        (
            "sensitive: true",
            "sensitiv: true",
            [
                "bartizan.yaml:6:",
                "`classes[0]",
                "unknown key `sensitiv`",
                "did you mean `sensitive`?",
            ],
        ),
        (
            "\"group:credential\"",
            "customer_nunber",
            [
                "bartizan.yaml:23:",
                "`governance[0].allow[0]`",
                "unknown class",
                "did you mean `customer_number`?",
            ],
        ),
    ] {
        let text = RIGHT.replacen(from, to, 1);
        assert_ne!(text, RIGHT, "{from}");
        write(&home, "bartizan.yaml", text.as_bytes());
        let checked = run(&home, &["config", "check"]);
        let said = stderr(&checked);
        assert_eq!(checked.status.code(), Some(2), "{said}");
        for part in wanted {
            assert!(said.contains(part), "{part}: {said}");
        }
        let analyzed = run(&home, &["analyze", "none.jsonl"]);
        assert_eq!((analyzed.status.code(), stderr(&analyzed)), (Some(2), said));
        // Who looks up what a key means is answered.
        let explained = run(&home, &["explain", "iban"]);
        assert_eq!(explained.status.code(), Some(0));
        assert!(stderr(&explained).starts_with("note: without data classes"), "{explained:?}");
    }
}
