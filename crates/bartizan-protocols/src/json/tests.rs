use bartizan_model::{Exchange, Limits, Root, Side};

use crate::{
    anomaly::AnomalyKind as A,
    decode::{Decoded, decode},
    media::Format,
    view::Value,
};

fn with(body: &[u8], limits: &Limits) -> Decoded {
    let mut exchange = Exchange::default();
    exchange.request.headers.push("content-type", "application/json");
    exchange.request.body = body.to_vec().into();
    decode(&exchange, limits, 1)
}

fn decoded(body: impl AsRef<[u8]>) -> Decoded {
    with(body.as_ref(), &Limits::default())
}

fn kinds(decoded: &Decoded) -> Vec<A> {
    decoded.view.anomalies().iter().map(|(_, kind)| *kind).collect()
}

fn reasons(decoded: &Decoded) -> Vec<String> {
    let entries = decoded.view.not_inspected().iter().filter(|e| e.side == Side::Request);
    entries.map(|e| e.reason.to_string()).collect()
}

/// Places, types and texts of all nodes of the body.
fn nodes(decoded: &Decoded) -> Vec<String> {
    let root = decoded.view.root(Side::Request, Root::Body).expect("body root");
    std::iter::once(root)
        .chain(root.descendants())
        .map(|n| format!("{} {} {}", n.instance(), n.value().type_name(), n.raw()))
        .collect()
}

#[test]
fn values_have_types_places_and_text() {
    let seen = decoded(
        r#" {"a":{"b":[1,-2.50,true,null,"x\n\u00e9\ud83d\ude00",{},[]]},"":1e3,"k/~":"" } "#,
    );
    assert_eq!(
        nodes(&seen),
        [
            "body: object ",
            "body:/a object ",
            "body:/a/b array ",
            "body:/a/b/0 integer 1",
            "body:/a/b/1 number -2.50",
            "body:/a/b/2 boolean ",
            "body:/a/b/3 null ",
            "body:/a/b/4 string x\né😀",
            "body:/a/b/5 object ",
            "body:/a/b/6 array ",
            "body:/ number 1e3",
            "body:/k~1~0 string ",
        ]
    );
    assert_eq!((kinds(&seen), seen.request_format), (vec![], Format::Json));
    let object = seen.view.root(Side::Request, Root::Body).expect("root");
    assert_eq!(object.children().map(|c| c.key()).collect::<Vec<_>>(), ["a", "", "k/~"]);
}

#[test]
fn scalars_can_be_the_whole_body() {
    for (body, node) in [
        ("true", "body: boolean "),
        ("-0", "body: integer -0"),
        ("\"x\"", "body: string x"),
        ("null", "body: null "),
        ("0.5", "body: number 0.5"),
    ] {
        let seen = decoded(body);
        assert_eq!((nodes(&seen), kinds(&seen)), (vec![node.to_owned()], vec![]), "{body}");
    }
}

#[test]
fn agrees_with_serde_json_on_standard_json() {
    for body in [
        r#"[0,-1,9007199254740992,1.5,1E+2,1e-2,"",[[]],{"a":{"a":{}}}]"#,
        r#"{"s":"\"\\\/\b\f\n\r\t\u0041\u00ff\u20ac\ud834\udd1e"}"#,
    ] {
        let seen = decoded(body);
        let theirs: serde_json::Value = serde_json::from_str(body).expect("standard");
        let root = seen.view.root(Side::Request, Root::Body).expect("root");
        assert_eq!(tree(root), theirs);
    }
}

fn tree(node: crate::view::NodeRef<'_>) -> serde_json::Value {
    match node.value() {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => b.into(),
        Value::Integer(i) => i.into(),
        Value::Number(n) => n.into(),
        Value::Text(t) => t.into(),
        Value::Object => node.children().map(|c| (c.key().to_owned(), tree(c))).collect(),
        Value::Array => node.children().map(tree).collect(),
        Value::Opaque(n) => panic!("{n} opaque bytes in JSON"),
    }
}

#[test]
fn lenient_readings_are_noted() {
    for (body, kind, node) in [
        ("{a:1}", A::NonStandardJson, "body:/a integer 1"),
        ("{'a':'it\\'s'}", A::NonStandardJson, "body:/a string it's"),
        ("{\"a\":1,}", A::NonStandardJson, "body:/a integer 1"),
        ("[1,]", A::NonStandardJson, "body:/0 integer 1"),
        ("{/*c*/\"a\"://x\n1}", A::NonStandardJson, "body:/a integer 1"),
        ("{\"a\":undefined}", A::NonStandardJson, "body:/a string undefined"),
        ("{\"a\":\"\\x\"}", A::NonStandardJson, "body:/a string x"),
        ("{\"a\":NaN}", A::NonStandardNumber, "body:/a string NaN"),
        ("{\"a\":-Infinity}", A::NonStandardNumber, "body:/a string -Infinity"),
        ("{\"a\":01}", A::NonStandardNumber, "body:/a string 01"),
        ("{\"a\":+1}", A::NonStandardNumber, "body:/a string +1"),
        ("{\"a\":.5}", A::NonStandardNumber, "body:/a string .5"),
        ("{\"a\":0x1F}", A::NonStandardNumber, "body:/a string 0x1F"),
        ("{\"a\":9007199254740993}", A::NumberRange, "body:/a integer 9007199254740993"),
        ("{\"a\":18446744073709551616}", A::NumberRange, "body:/a number 18446744073709551616"),
        ("{\"a\":1e999}", A::NumberRange, "body:/a number 1e999"),
        ("{\"a\":\"\\ud800x\"}", A::LoneSurrogate, "body:/a string \u{fffd}x"),
        ("{\"a\":\"\\u0000\"}", A::NulByte, "body:/a string \0"),
        ("{\"a\":\"\x1b\"}", A::ControlCharacter, "body:/a string \x1b"),
        ("\u{feff}{\"a\":1}", A::ByteOrderMark, "body:/a integer 1"),
        ("{\"a\":1", A::UnexpectedEnd, "body:/a integer 1"),
        ("{\"a\":\"x", A::UnexpectedEnd, "body:/a string x"),
        ("{\"a\":tr", A::UnexpectedEnd, "body:/a null "),
    ] {
        let seen = decoded(body);
        assert_eq!(kinds(&seen), [kind], "{body}");
        assert!(nodes(&seen).contains(&node.to_owned()), "{body} {:?}", nodes(&seen));
    }
}

#[test]
fn numbers_stay_finite() {
    let seen = decoded("[1e999,-1e999,1e-999,123456789012345678901234567890]");
    assert!(seen.view.leaves(Side::Request).all(|n| match n.value() {
        Value::Number(value) => value.is_finite(),
        _ => true,
    }));
}

#[test]
fn duplicate_keys_are_all_kept() {
    let seen = decoded(r#"{"a":1,"b":2,"\u0061":3}"#);
    assert_eq!(kinds(&seen), [A::DuplicateKey]);
    assert_eq!(nodes(&seen)[1..], ["body:/a integer 1", "body:/b integer 2", "body:/a integer 3"]);
    assert_eq!(kinds(&decoded(r#"{"1":1,"1":2}"#)), [A::DuplicateKey]);
    let many: Vec<_> = (0..500).map(|i| format!("\"key_{i}\":{{\"a\":1,\"b\":2}}")).collect();
    assert_eq!(kinds(&decoded(format!("{{{}}}", many.join(",")))), []);
    let twice = format!("{{{},\"key_7\":1}}", many.join(","));
    assert_eq!(kinds(&decoded(twice)), [A::DuplicateKey]);
}

#[test]
fn keys_like_identifiers_are_general() {
    let seen = decoded(r#"{"42":{"name":1},"ann@example.com":2,"name":3}"#);
    let general: Vec<_> = seen
        .view
        .leaves(Side::Request)
        .filter(|n| n.root() == Root::Body)
        .map(|n| n.general().to_string())
        .collect();
    assert_eq!(general, ["body:/{key}/name", "body:/{key}", "body:/name"]);
    let many: Vec<_> = (0..70).map(|i| format!("\"k{i}x\":1")).collect();
    let seen = decoded(format!("{{{}}}", many.join(",")));
    let any = seen.view.leaves(Side::Request).filter(|n| n.general().as_str() == "body:/{key}");
    assert_eq!(any.count(), 6);
}

#[test]
fn several_values_are_a_sequence() {
    for (body, anomalies) in [
        ("{\"a\":1}\n{\"a\":2}\n", vec![]),
        ("\u{1e}{\"a\":1}\n\u{1e}{\"a\":2}\n", vec![]),
        ("{\"a\":1}{\"a\":2}", vec![A::TrailingData]),
    ] {
        let seen = decoded(body);
        assert_eq!(
            nodes(&seen)[1..],
            ["body:/0 object ", "body:/0/a integer 1", "body:/1 object ", "body:/1/a integer 2"],
            "{body}"
        );
        assert_eq!((kinds(&seen), seen.request_format), (anomalies, Format::NdJson), "{body}");
    }
    let seen = decoded("1\n{\"\":0}");
    assert_eq!(nodes(&seen)[..2], ["body: array ", "body:/0 integer 1"]);
    let seen = decoded("{\"a\":1}\n{\"a\":oops oops}\n{\"a\":3}");
    assert!(nodes(&seen).contains(&"body:/2/a integer 3".to_owned()));
    assert_eq!(reasons(&seen), ["malformed"]);
}

#[test]
fn broken_bodies_keep_what_was_understood() {
    let seen = decoded(r#"{"a":1,"b":[2,"c":3]}"#);
    assert_eq!(
        nodes(&seen),
        [
            "body: object ",
            "body:/a integer 1",
            "body:/b array ",
            "body:/b/0 integer 2",
            "body:/b/1 string c"
        ]
    );
    assert_eq!((kinds(&seen), reasons(&seen)), (vec![A::Malformed], vec!["malformed".to_owned()]));
    let seen = decoded("{\"a\":1} or 1=1");
    assert_eq!(kinds(&seen), [A::TrailingData, A::Malformed]);
    assert_eq!(reasons(&seen), ["malformed"]);
}

#[test]
fn depth_is_limited_without_recursion() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let seen = decoded(deep);
    assert_eq!(reasons(&seen), ["limit_depth"]);
    assert_eq!(seen.view.len(), 3 + 65);
    let behind = format!("{{\"a\":{}1,\"}}]\"{},\"b\":2}}", "[".repeat(70), "]".repeat(70));
    let seen = decoded(behind);
    assert!(nodes(&seen).contains(&"body:/b integer 2".to_owned()));
    assert_eq!(reasons(&decoded("[".repeat(1000))), ["limit_depth"]);
}

#[test]
fn limits_on_nodes_and_text_are_recorded() {
    let limits = Limits { nodes: 20, ..Limits::default() };
    let seen = with(format!("[{}1]", "1,".repeat(50)).as_bytes(), &limits);
    assert_eq!(reasons(&seen), ["limit_nodes"]);
    let limits = Limits { text_bytes: 100, ..Limits::default() };
    let seen = with(format!("[\"{}\",1]", "x".repeat(200)).as_bytes(), &limits);
    assert_eq!(nodes(&seen)[1], "body:/0 binary ");
    assert_eq!(reasons(&seen), ["limit_text_bytes"]);
    let limits = Limits { body_bytes: 10, ..Limits::default() };
    let seen = with(b"{\"a\":\"0123456789\"}", &limits);
    assert_eq!(reasons(&seen), ["limit_body_bytes"]);
}

#[test]
fn utf16_is_read_and_noted() {
    let body: Vec<u8> = r#"{"a":"é"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let seen = decoded(body);
    assert_eq!(nodes(&seen)[1], "body:/a string é");
    assert_eq!(kinds(&seen), [A::NonStandardJson]);
}
