use bartizan_model::{Exchange, Limits, Request, Response};
use bartizan_protocols::decode;

use super::{
    super::{readings::tests::posted, roles::tests::somebody, time::Time},
    *,
};

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
    let exchange = posted(target, kind, body);
    let decoded = decode(&exchange, &Limits::default(), 1);
    let time = Time::without_end();
    let checked = properties(policy).check_request(&[], Some(&decoded), None, &time);
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
fn operations_of_patches_set_nothing_that_is_read_only() {
    let policy = r#"{"read_only":["role","/address/tenant_id","/users/*/plan"]}"#;
    let patch = "application/json-patch+json";
    for body in [
        r#"[{"op":"replace","path":"/role","value":"admin"}]"#,
        r#"[{"op":"test","path":"/a","value":1},{"Op":"Add","Path":"/user/Role/-","value":1}]"#,
        r#"[{"op":"test","Op":"remove","path":"/role"}]"#,
        r#"{"op":"move","from":"/role","path":"/note"}"#,
        r#"[{"op":"replace","path":"role","value":"admin"}]"#,
        r#"[{"op":"add","path":"/user","value":{"role":"admin"}}]"#,
        r#"[{"op":"add","path":"/address/tenantId","value":3}]"#,
        r#"[{"op":"replace","path":"/address","value":{"tenant_id":3}}]"#,
        r#"[{"op":"replace","path":"/address","value":null}]"#,
        r#"[{"op":"remove","path":"/address"}]"#,
        r#"[{"op":"copy","from":"/evil","path":"/address"}]"#,
        r#"[{"op":"copy","from":"/evil","path":""}]"#,
        r#"[{"op":"replace","path":"","value":{"address":{"tenant_id":3}}}]"#,
        r#"[{"op":"add","path":"/users/-","value":{"plan":"big"}}]"#,
        r#"[{"op":"replace","path":"/users/7/plan","value":"big"}]"#,
    ] {
        assert_eq!(status(policy, "/me", patch, body), Some(403), "{body}");
        assert_eq!(status(policy, "/me", "application/json", body), Some(403), "{body}");
    }
    for body in [
        r#"[{"op":"test","path":"/role","value":"admin"}]"#,
        r#"[{"op":"replace","path":"/name","value":"role"}]"#,
        r#"[{"op":"replace","path":"/address","value":{"street":"x"}}]"#,
        r#"[{"op":"add","path":"/users/-","value":{"name":"x"}}]"#,
        r#"[{"op":"copy","from":"/role","path":"/name"}]"#,
        r#"[{"path":"/role","kind":"folder"}]"#,
    ] {
        assert_eq!(status(policy, "/me", patch, body), None, "{body}");
    }
    let merge = "application/merge-patch+json";
    assert_eq!(status(policy, "/me", merge, r#"{"address":null}"#), Some(403));
    assert_eq!(status(policy, "/me", merge, r#"{"address":{"street":null}}"#), None);
    assert_eq!(status(policy, "/me", "application/json", r#"{"address":null}"#), None);
}

#[test]
fn attributes_and_names_in_other_spellings_are_properties_too() {
    let policy = r#"{"read_only":["role","/address/tenant_id"]}"#;
    let xml = "application/xml";
    for body in [
        r#"<user role="admin"/>"#,
        r#"<user xmlns:x="a" x:Role="admin">text</user>"#,
        "<x:user xmlns:x='a'><x:role>admin</x:role></x:user>",
        r#"<address tenant_id="3"/>"#,
    ] {
        assert_eq!(status(policy, "/me", xml, body), Some(403), "{body}");
    }
    assert_eq!(status(policy, "/me", xml, r#"<user name="role">role</user>"#), None);
    let form = "application/x-www-form-urlencoded";
    for body in ["address[tenant_id]=3", "address.tenant_id=3", "user.role=1", "role[]=1"] {
        assert_eq!(status(policy, "/me", form, body), Some(403), "{body}");
    }
    assert_eq!(status(policy, "/me?x=1;role=admin", "text/plain", ""), Some(403));
    let json = "application/json";
    assert_eq!(status(policy, "/me", json, r#"[{"address":{"tenant_id":3}}]"#), Some(403));
}

#[test]
fn what_servers_read_differently_is_not_let_through() {
    let policy = r#"{"read_only":["role"]}"#;
    let entity = "<!DOCTYPE u [<!ENTITY e '<role>admin</role>'>]><u>&e;</u>";
    assert_eq!(status(policy, "/me", "application/xml", entity), Some(415));
    let both = r#"{"a":"&role=admin&b="}"#;
    assert_eq!(status(policy, "/me", "application/x-www-form-urlencoded", both), Some(415));
    assert_eq!(status(policy, "/me", "text/plain", r#"{"a":1}"#), None);
    let several = "application/json, application/x-www-form-urlencoded";
    assert_eq!(status(policy, "/me", several, both), Some(415));
    let passing = r#"{"read_only":["role"],"on_unreadable":"pass"}"#;
    assert_eq!(status(passing, "/me", "application/xml", entity), None);
}

#[test]
fn aliases_beyond_what_is_read_are_not_let_through() {
    let policy = properties(r#"{"strip":["apiKey"]}"#);
    let time = Time::without_end();
    let asked = |body: &str, limits: &Limits| {
        let mut request = Request { method: "POST".to_owned(), ..Request::default() };
        request.headers.push("content-type", "application/json");
        request.body = body.to_owned().into();
        let exchange = Exchange { request, ..Exchange::default() };
        let decoded = decode(&exchange, limits, 1);
        let checked = policy.check_request(&[], Some(&decoded), None, &time);
        checked.map_err(|refusal| (refusal.status.as_u16(), refusal.reason))
    };
    let body = format!(r#"{{"a":"{}","query":"{{x: apiKey}}"}}"#, "x".repeat(200));
    let few = Limits { body_bytes: 100, ..Limits::default() };
    assert_eq!(asked(&body, &few), Err((415, "over-limits")));
    assert_eq!(asked(&body, &Limits::default()), Err((403, "graphql-field")));
    assert_eq!(asked(r#"{"Query":"{x: apiKey}"}"#, &few), Err((403, "graphql-field")));
    let by_hash = r#"{"extensions":{"persistedQuery":{"sha256Hash":"ab"}}}"#;
    assert_eq!(asked(by_hash, &few), Ok(Some("document-unknown")));
    assert_eq!(asked(r#"{"a":1}"#, &few), Ok(None));
    let held = policy.check_request(&[], None, None, &time);
    assert_eq!(held.map_err(|refusal| refusal.reason), Err("body-not-held"));
}

#[test]
fn what_there_is_no_time_for_is_not_let_through() {
    let policy = properties(r#"{"read_only":["role"]}"#);
    let mut request = Request { method: "POST".to_owned(), ..Request::default() };
    request.headers.push("content-type", "application/json");
    request.body = format!("[{}1]", r#"{"name":1},"#.repeat(2_000)).into();
    let exchange = Exchange { request, ..Exchange::default() };
    let decoded = decode(&exchange, &Limits::default(), 1);
    let checked = |time: Time| {
        let checked = policy.check_request(&[], Some(&decoded), None, &time);
        checked.map_err(|refusal| (refusal.status.as_u16(), refusal.reason))
    };
    assert_eq!(checked(Time::without_end()), Ok(None));
    assert_eq!(checked(Time::none()), Err((415, "over-budget")));
}

#[test]
fn what_is_no_property_is_refused() {
    for text in [r#"{}"#, r#"{"strip":[""]}"#, r#"{"mask":["/a/*"]}"#, r#"{"strip":["a/b"]}"#] {
        let config: PropertiesConfig = serde_json::from_str(text).expect("settings");
        assert!(Properties::compile(&config).is_err(), "{text}");
    }
}
