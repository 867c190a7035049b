use bartizan_model::{Exchange, Limits, Request, Response};
use bartizan_protocols::decode;

use super::{super::roles::tests::somebody, *};

fn properties(text: &str) -> Properties {
    let config: PropertiesConfig = serde_json::from_str(text).expect("settings");
    Properties::compile(&config).expect("compiles")
}

fn answered(body: &str, kind: &str) -> Decoded {
    let mut response = Response { status: 200, headers_captured: true, ..Response::default() };
    response.headers.push("content-type", kind);
    response.body = body.to_owned().into();
    let exchange = Exchange { response: Some(response), ..Exchange::default() };
    decode(&exchange, &Limits::default(), 1)
}

fn shown(policy: &str, body: &str) -> String {
    let decoded = answered(body, "application/json");
    let who = [somebody("1", r#"{"role":"user"}"#)];
    match properties(policy).show(&who, Some(&decoded), None) {
        Shown::Changed(bytes) => String::from_utf8(bytes.to_vec()).expect("text"),
        Shown::AsItIs => "as it is".to_owned(),
        other => format!("{other:?}"),
    }
}

fn status(policy: &str, target: &str, kind: &str, body: &str) -> Option<u16> {
    let mut request = Request {
        method: "POST".to_owned(),
        target: target.to_owned(),
        body: body.to_owned().into(),
        ..Request::default()
    };
    request.headers.push("content-type", kind);
    let exchange = Exchange { request, ..Exchange::default() };
    let decoded = decode(&exchange, &Limits::default(), 1);
    let checked = properties(policy).check_request(&[], Some(&decoded), None);
    checked.err().map(|refusal| refusal.status.as_u16())
}

#[test]
fn members_are_taken_out_and_all_else_stays_as_it_was() {
    let strip = r#"{"strip":["password_hash"]}"#;
    let body = r#"{"users":[{"id":1,"Password_Hash":"x","n":1.50},{"id":12345678901234567890}]}"#;
    let expected = r#"{"users":[{"id":1,"n":1.50},{"id":12345678901234567890}]}"#;
    assert_eq!(shown(strip, body), expected);
    assert_eq!(shown(strip, r#"{"a":"password_hash"}"#), "as it is");
    let mask = r#"{"mask":["/users/*/iban"]}"#;
    let body = r#"{"users":[{"iban":"DE00","n":"\u00e4\"\n"}],"iban":"mine"}"#;
    assert_eq!(shown(mask, body), r#"{"users":[{"iban":"***","n":"ä\"\n"}],"iban":"mine"}"#);
    assert_eq!(
        shown(r#"{"mask":["pin"]}"#, r#"{"pin":1234,"b":{"pin":null}}"#),
        r#"{"pin":null,"b":{"pin":null}}"#
    );
    assert_eq!(shown(r#"{"strip":["a"]}"#, r#"{"a":1,"a":2}"#), "{}", "twice");
}

#[test]
fn roles_are_exempt_and_what_cannot_be_read_is_withheld() {
    let policy = properties(r#"{"strip":["a"],"exempt_roles":["admin"]}"#);
    let decoded = answered(r#"{"a":1}"#, "application/json");
    let admin = [somebody("1", r#"{"role":"admin"}"#)];
    assert!(matches!(policy.show(&admin, Some(&decoded), None), Shown::AsItIs));
    assert!(matches!(policy.show(&[], Some(&decoded), None), Shown::Changed(_)));
    let table = answered("a,b\n1,2\n", "text/csv");
    assert!(matches!(policy.show(&[], Some(&table), None), Shown::Refused(_)));
    assert!(matches!(policy.show(&[], None, None), Shown::Refused(_)));
    assert!(matches!(policy.show(&[], Some(&answered("", "text/csv")), None), Shown::AsItIs));
}

#[test]
fn nobody_sets_what_is_read_only() {
    let policy = r#"{"read_only":["role","/address/tenant_id"]}"#;
    let json = "application/json";
    for body in [
        r#"{"role":"admin"}"#,
        r#"{"Role":"admin"}"#,
        r#"{"ro\u006ce":"admin"}"#,
        r#"{"user":{"role":null}}"#,
        r#"[{"role":1}]"#,
        r#"{"address":{"tenantId":3}}"#,
        r#"{"query":"mutation { update(role: \"admin\") { id } }"}"#,
        r#"{"query":"mutation($r: R) { update(r: $r) { id } }","variables":{"role":"admin"}}"#,
    ] {
        assert_eq!(status(policy, "/me", json, body), Some(403), "{body}");
    }
    let form = "application/x-www-form-urlencoded";
    assert_eq!(status(policy, "/me", form, "user%5Brole%5D=admin"), Some(403));
    assert_eq!(status(policy, "/me?role=admin", form, "a=b"), Some(403));
    for body in [r#"{"name":"role"}"#, r#"{"roles":1}"#, r#"{"tenant_id":3}"#] {
        assert_eq!(status(policy, "/me", json, body), None, "{body}");
    }
}

#[test]
fn aliases_do_not_show_what_is_stripped() {
    let policy = r#"{"strip":["apiKey"]}"#;
    let ask = |document: &str| {
        let body = serde_json::json!({"query": document}).to_string();
        status(policy, "/graphql", "application/json", &body)
    };
    assert_eq!(ask("{shipment(id:1){owner{x: apiKey}}}"), Some(403));
    assert_eq!(ask("{shipment(id:1){owner{...F}}} fragment F on User{apiKey}"), Some(403));
    assert_eq!(ask("{shipment(id:1){owner{apiKeys id}}}"), None);
    assert_eq!(status(policy, "/graphql?query=%7Bme%7BapiKey%7D%7D", "text/plain", ""), Some(403));
}

#[test]
fn what_is_no_property_is_refused() {
    for text in [r#"{}"#, r#"{"strip":[""]}"#, r#"{"mask":["/a/*"]}"#, r#"{"strip":["a/b"]}"#] {
        let config: PropertiesConfig = serde_json::from_str(text).expect("settings");
        assert!(Properties::compile(&config).is_err(), "{text}");
    }
}
