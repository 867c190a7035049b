use bartizan_model::{Exchange, Limits, PrincipalKind, Response};
use bartizan_protocols::decode;

use super::{
    super::{
        asked::Asked, identity::Identity, owners::OwnerTable, readings::tests::posted,
        roles::tests::somebody, scope::Wanted, time::Time,
    },
    *,
};

fn policy(text: &str) -> Ownership {
    let config: OwnershipConfig = serde_json::from_str(text).expect("settings");
    let owners: Arc<dyn ObjectOwners> = Arc::new(OwnerTable::default());
    Ownership::compile(&config, &owners, &HashKey::new([1; 32])).expect("compiles")
}

type Checked = Result<Option<&'static str>, &'static str>;

fn ask(policy: &Ownership, who: &[Identity], target: &str, body: &str) -> Checked {
    let exchange = posted(target, "application/json", body);
    let decoded = decode(&exchange, &Limits::default(), 1);
    let head = http::Request::get(target).body(()).expect("a request").into_parts().0;
    let wanted = Wanted { paths: true, ..Wanted::default() };
    let asked = Asked::new(wanted, None, &head);
    let time = Time::without_end();
    let about = About::new(who, Some(&decoded), None, &time).at(asked.paths(false));
    policy.check_request(&about, false).map_err(|refusal| refusal.reason)
}

fn answer(policy: &Ownership, who: &[Identity], body: &str) -> Checked {
    let mut response = Response { status: 200, headers_captured: true, ..Response::default() };
    response.headers.push("content-type", "application/json");
    response.body = body.to_owned().into();
    let exchange = Exchange { response: Some(response), ..Exchange::default() };
    let decoded = decode(&exchange, &Limits::default(), 1);
    let time = Time::without_end();
    let about = About::new(who, Some(&decoded), None, &time);
    policy.check_answer(&about).map_err(|refusal| refusal.reason)
}

#[test]
fn what_a_request_names_must_be_the_callers() {
    let policy = policy(
        r#"{"template":"/users/{user}/**","exempt_roles":["clerk"],
            "request":[{"at":"path.user"},{"at":"body:/tenant","is":"tenants"}]}"#,
    );
    let ada = [somebody("7", r#"{"role":"customer","tenants":["a","b"]}"#)];
    let own = r#"{"tenant":"b"}"#;
    assert_eq!(ask(&policy, &ada, "/users/7/x", own), Ok(None));
    for target in ["/users/8/x", "/Users/8/x", "/users/%38/x", "/users/7/../8/x", "/users/8;a=7/x"]
    {
        assert_eq!(ask(&policy, &ada, target, own), Err("request-of-others"), "{target}");
    }
    for body in [
        r#"{"tenant":"c"}"#,
        r#"{"tenant":["a","c"]}"#,
        r#"{"tenant":"b","Tenant":"c"}"#,
        r#"{"tenant":{"x":"a"}}"#,
        r#"{"tenant":true}"#,
    ] {
        assert_eq!(ask(&policy, &ada, "/users/7/x", body), Err("request-of-others"), "{body}");
    }
    assert_eq!(ask(&policy, &ada, "/users/7/x", "{}"), Ok(Some("value-missing")));
    let clerk = [somebody("9", r#"{"role":"clerk"}"#)];
    assert_eq!(ask(&policy, &clerk, "/users/8/x", own), Ok(None));
    assert_eq!(ask(&policy, &[], "/users/8/x", own), Ok(Some("nobody-identified")));
    let key = [Identity { kind: PrincipalKind::ApiKey, ..somebody("key", "{}") }];
    assert_eq!(ask(&policy, &key, "/users/8/x", "{}"), Ok(Some("nobody-identified")));
    let owned = [Identity { owner: "7".into(), ..key[0].clone() }];
    assert_eq!(ask(&policy, &owned, "/users/8/x", "{}"), Err("request-of-others"));
}

#[test]
fn the_first_read_of_a_foreign_object_is_stopped() {
    let policy = policy(r#"{"answer":[{"at":"body:/owner"},{"at":"body:/items/*/owner"}]}"#);
    let ada = [somebody("7", "{}")];
    assert_eq!(answer(&policy, &ada, r#"{"owner":7}"#), Ok(Some("value-missing")));
    assert_eq!(answer(&policy, &ada, r#"{"owner":8}"#), Err("answer-of-others"));
    assert_eq!(
        answer(&policy, &ada, r#"{"items":[{"owner":7},{"owner":"8"}]}"#),
        Err("answer-of-others")
    );
    assert_eq!(answer(&policy, &ada, r#"{"owner":[8,7]}"#), Ok(Some("value-missing")), "a member");
    assert_eq!(answer(&policy, &ada, r#"{"owner":[8,9]}"#), Err("answer-of-others"));
    assert_eq!(answer(&policy, &[], r#"{"owner":8}"#), Ok(Some("nobody-identified")));
}

#[test]
fn changes_of_objects_that_were_shown_to_others_are_stopped() {
    let policy = policy(
        r#"{"template":"/orders/{order}","objects":[{"at":"path.order","kind":"order"}],
            "shows":[{"kind":"order","id":"id","owner":"owner"}]}"#,
    );
    let (ada, bea) = ([somebody("7", "{}")], [somebody("8", "{}")]);
    assert_eq!(ask(&policy, &ada, "/orders/100", "{}"), Ok(Some("owner-unknown")));
    assert_eq!(answer(&policy, &bea, r#"{"orders":[{"id":100,"owner":8}]}"#), Ok(None));
    assert_eq!(ask(&policy, &ada, "/orders/100", "{}"), Err("object-of-others"));
    assert_eq!(ask(&policy, &bea, "/orders/100", "{}"), Ok(None));
    assert_eq!(ask(&policy, &ada, "/orders/101", "{}"), Ok(Some("owner-unknown")));
}

#[test]
fn no_other_spelling_hides_whose_an_object_is() {
    let policy = policy(
        r#"{"template":"/orders/{order}",
            "objects":[{"at":"path.order","kind":"order"},{"at":"query.order","kind":"order"},
                {"at":"body:/order","kind":"order"},{"at":"graphql:order.id","kind":"order"}],
            "shows":[{"kind":"order","id":"id","owner":"owner"}]}"#,
    );
    let (ada, bea) = ([somebody("7", "{}")], [somebody("8", "{}")]);
    let uuid = "0e5f2f64-8f3f-4b7b-9d4e-0123456789ab";
    for id in ["100", &format!("\"{uuid}\"")] {
        let body = format!(r#"{{"id":{id},"owner":8}}"#);
        assert_eq!(answer(&policy, &bea, &body), Ok(None));
    }
    assert_eq!(answer(&policy, &ada, r#"{"id":"0200","owner":7}"#), Ok(None));
    let refused = Err("object-of-others");
    for target in [
        "/orders/0100",
        "/orders/100.0",
        "/orders/%2B100",
        "/orders/1e2",
        "/orders/100.json",
        "/orders/100,300",
        "/orders/0E5F2F64-8F3F-4B7B-9D4E-0123456789AB",
        "/orders/0e5f2f648f3f4b7b9d4e0123456789ab",
        "/x?order[]=100",
        "/x?Order%5B0%5D=100",
        "/x?a=1;order=100",
        "/x?order=+100",
        "/x?order=1,100",
    ] {
        assert_eq!(ask(&policy, &ada, target, "{}"), refused, "{target}");
        assert_ne!(ask(&policy, &bea, target, "{}"), refused, "{target}");
    }
    for body in [
        r#"{"order":100.0}"#,
        r#"{"ORDER":"1e2"}"#,
        r#"[{"order":["x",100]}]"#,
        r#"{"order":1,"order":100}"#,
        r#"{"query":"query($o: ID = 100) {order(id: $o) {id}}"}"#,
        r#"{"query":"query($o: ID = 1) {order(id: $o) {id}}","variables":{"o":1e2}}"#,
        r#"{"query":"{order(id: 1) {id}}","Query":"{order(id: 100) {id}}"}"#,
    ] {
        assert_eq!(ask(&policy, &ada, "/x", body), refused, "{body}");
    }
    for body in [r#"{"order":{"$ne":1}}"#, r#"{"order":true}"#, r#"{"order":"\uff11\uff10\uff10"}"#]
    {
        assert_eq!(ask(&policy, &ada, "/x", body), Err("value-unreadable"), "{body}");
    }
    assert_ne!(ask(&policy, &ada, "/orders/0200", "{}"), refused, "as it was shown");
    assert_eq!(ask(&policy, &bea, "/orders/200", "{}"), refused, "numbers of a text");
}

#[test]
fn parameters_with_brackets_and_semicolons_must_be_the_callers() {
    let policy = policy(
        r#"{"request":[{"at":"query.shop","is":"shops"},{"at":"body:/user/shop","is":"shops"}]}"#,
    );
    let ada = [somebody("7", r#"{"shops":["a","b"]}"#)];
    for target in ["/?shop=a", "/?shop[]=a&shop[]=b", "/?shop[0]=b"] {
        assert_eq!(ask(&policy, &ada, target, "{}"), Ok(Some("value-missing")), "{target}");
    }
    for target in
        ["/?shop[]=c", "/?shop=a&shop[1]=c", "/?Shop%5B%5D=c", "/?x;shop=c", "/?x=1;shop=c"]
    {
        assert_eq!(ask(&policy, &ada, target, "{}"), Err("request-of-others"), "{target}");
    }
    let many = format!("/?{}shop=c", "x&".repeat(1_000));
    assert_eq!(ask(&policy, &ada, &many, "{}"), Err("over-limits"), "beyond what is read");
    for body in [r#"{"user":{"shop":"c"}}"#, r#"{"user.shop":"c"}"#, r#"{"user[shop]":"c"}"#] {
        assert_eq!(ask(&policy, &ada, "/?shop=a", body), Err("request-of-others"), "{body}");
    }
}

#[test]
fn another_format_says_nothing_else() {
    let policy = policy(r#"{"answer":[{"at":"body:/owner"}],"request":[{"at":"body:/tenant"}]}"#);
    let ada = [somebody("7", "{}")];
    let said = |kind: &str| {
        let mut exchange = Exchange::default();
        exchange.request.headers.push("content-type", kind);
        exchange.request.body = "<order><tenant>8</tenant></order>".into();
        let mut response = Response { status: 200, headers_captured: true, ..Response::default() };
        response.headers.push("content-type", kind);
        response.body = "<order><owner>8</owner></order>".into();
        exchange.response = Some(response);
        let (decoded, time) = (decode(&exchange, &Limits::default(), 1), Time::without_end());
        let about = About::new(&ada, Some(&decoded), None, &time);
        [policy.check_request(&about, false), policy.check_answer(&about)]
            .map(|checked| checked.map_err(|refusal| refusal.reason))
    };
    assert_eq!(said("application/xml"), [Err("not-readable"), Err("not-readable")]);
}

#[test]
fn what_there_is_no_time_for_is_not_let_through() {
    let text =
        r#"{"answer":[{"at":"body:/*/owner"}],"shows":[{"kind":"a","id":"id","owner":"o"}]}"#;
    let policy = policy(text);
    let ada = [somebody("7", "{}")];
    let body = format!("[{}{{}}]", r#"{"owner":7},"#.repeat(2_000));
    let mut response = Response { status: 200, headers_captured: true, ..Response::default() };
    response.headers.push("content-type", "application/json");
    response.body = body.into();
    let exchange = Exchange { response: Some(response), ..Exchange::default() };
    let decoded = decode(&exchange, &Limits::default(), 1);
    let checked = |time: Time| {
        let about = About::new(&ada, Some(&decoded), None, &time);
        policy.check_answer(&about).map_err(|refusal| refusal.reason)
    };
    assert_eq!(checked(Time::without_end()), Ok(None));
    assert_eq!(checked(Time::none()), Err("over-budget"));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (text, key) in [
        ("{}", ""),
        (r#"{"request":[{"at":"path.user"}]}"#, "request.0.at"),
        (r#"{"request":[{"at":"nowhere"}]}"#, "request.0.at"),
        (r#"{"answer":[{"at":"query.a"}]}"#, "answer.0.at"),
        (r#"{"request":[{"at":"query.a","is":""}]}"#, "request.0.is"),
        (r#"{"template":"users","shows":[{"kind":"a","id":"b","owner":"c"}]}"#, "template"),
    ] {
        let config: OwnershipConfig = serde_json::from_str(text).expect("settings");
        let owners: Arc<dyn ObjectOwners> = Arc::new(OwnerTable::default());
        let compiled = Ownership::compile(&config, &owners, &HashKey::new([1; 32]));
        assert_eq!(compiled.err().map(|problem| problem.key), Some(key.to_owned()), "{text}");
    }
}
