//! Attacks: requests that mean to be read otherwise than they are.

use bartizan_model::{PrincipalKind, Timestamp};
use bytes::Bytes;
use http::request;

use super::*;
use crate::policy::{identity::Identity, pass::Stage, roles::tests::somebody};

mod cost;

/// A Sunday.
const NOW: &str = "2026-11-29T13:05:00Z";
type Field = (&'static str, &'static str);

fn compile(key: &str, text: &str) -> Condition {
    let mut config = ConditionConfig {
        template: Some("/users/{user}".to_owned()),
        budget_micros: 1_000_000,
        ..ConditionConfig::default()
    };
    match key {
        "deny_if" => config.deny_if = Some(text.to_owned()),
        _ => config.allow_if = Some(text.to_owned()),
    }
    Condition::compile(&config).expect(text)
}

fn head(line: &str, fields: &[Field]) -> request::Parts {
    let (method, target) = line.split_once(' ').expect("a method and a target");
    let request = http::Request::builder().method(method).uri(target);
    let with =
        |request: request::Builder, (name, value): &Field| request.header(*name, value.as_bytes());
    let request = fields.iter().fold(request, with);
    request.header("host", "API.example:8443").body(()).expect("a request").into_parts().0
}

/// Why a request is refused; empty when it passes.
fn why(
    rule: &Condition,
    line: &str,
    fields: &[Field],
    who: &[Identity],
    body: &str,
) -> &'static str {
    let head = head(line, fields);
    let mut wanted = Wanted::default();
    rule.note(&mut wanted);
    let stage = Stage::for_tests(wanted, &head);
    let about = About {
        stage: &stage,
        query: head.uri.query(),
        fields: head.headers.iter().collect(),
        address: [192, 0, 2, 7].into(),
        now: Timestamp::parse(NOW).expect("a time"),
        who,
    };
    let body = Bytes::from(body.to_owned());
    let checked = match rule.asks_of_bodies() {
        true => rule.check_body(&about, BodyView::Whole(&body), &mut bodies::Readings::default()),
        false => rule.check(&about),
    };
    checked.err().map_or("", |refusal| refusal.reason)
}

fn of_body(rule: &Condition, body: &str) -> &'static str {
    why(rule, "POST /", &[("content-type", "application/json")], &[], body)
}

/// The answer of an expression about a body.
fn says(text: &str, body: &str) -> &'static str {
    match of_body(&compile("deny_if", text), body) {
        "" => "false",
        "deny-if-true" => "true",
        failure => failure,
    }
}

#[test]
fn members_are_taken_for_what_any_server_takes_them_for() {
    let rule = compile("deny_if", "request.body.role == 'admin'");
    for (body, reason) in [
        (r#"{"role":"user"}"#, ""),
        (r#"{"role":null}"#, ""),
        (r#"{"role":"admin"}"#, "deny-if-true"),
        (r#"{"rol\u0065":"adm\u0069n"}"#, "deny-if-true"),
        (r#"{"role":"user","role":"admin"}"#, "not-readable"),
        (r#"{"role":"admin","role":"user"}"#, "not-readable"),
        (r#"{"role":"user","Role":"admin"}"#, "ambiguous-name"),
        (r#"{"ROLE":"admin"}"#, "ambiguous-name"),
        (r#"{"_role":"admin"}"#, "ambiguous-name"),
        (r#"{"role":["admin"]}"#, "wrong-type"),
        (r#"{"role":{"is":"admin"}}"#, "wrong-type"),
        (r#"{"role":1}"#, "wrong-type"),
        ("{}", "value-missing"),
        ("", "value-missing"),
        ("[]", "wrong-type"),
        (r#""admin""#, "wrong-type"),
        ("null", "wrong-type"),
        (r#"{"role":"user"} {"role":"admin"}"#, "not-readable"),
        (r#"{"role":"user""#, "not-readable"),
        (r#"{"role":'user'}"#, "not-readable"),
        ("role=user", "not-readable"),
        ("{\"role\":\"\u{430}dmin\"}", ""),
    ] {
        assert_eq!(of_body(&rule, body), reason, "{body}");
    }
    let typed = |kind| why(&rule, "POST /", &[("content-type", kind)], &[], r#"{"role":"user"}"#);
    assert_eq!(typed("application/x-www-form-urlencoded"), "not-readable");
    assert_eq!(typed("application/json; charset=utf-16"), "not-readable");
}

#[test]
fn numbers_are_not_what_looks_like_them() {
    let rule = compile("deny_if", "request.body.amount > 500");
    for (amount, reason) in [
        ("500", ""),
        ("-501", ""),
        ("501", "deny-if-true"),
        ("500.5", "deny-if-true"),
        ("1e3", "deny-if-true"),
        ("9223372036854775807", "deny-if-true"),
        ("18446744073709551616", "out-of-range"),
        ("\"501\"", "wrong-type"),
        ("[501]", "wrong-type"),
        ("true", "wrong-type"),
        ("null", "wrong-type"),
    ] {
        assert_eq!(of_body(&rule, &format!("{{\"amount\":{amount}}}")), reason, "{amount}");
    }
    for amount in ["1e400", "-1e400", "NaN", "Infinity", "0501", "+501", "5_01", "0x1f5"] {
        let reason = of_body(&rule, &format!("{{\"amount\":{amount}}}"));
        assert!(["out-of-range", "not-readable"].contains(&reason), "{amount}: {reason}");
    }
    assert_eq!(says("request.body.a == 1", r#"{"a":"1"}"#), "wrong-type");
    assert_eq!(says("request.body.a in [1, 2]", r#"{"a":"1"}"#), "wrong-type");
    assert_eq!(says("request.body.a != '1'", r#"{"a":1}"#), "wrong-type");
    assert_eq!(says("int(request.body.a) == 1", r#"{"a":" 1"}"#), "out-of-range");
    assert_eq!(says("request.body.a + 1 > 0", r#"{"a":9223372036854775807}"#), "out-of-range");
}

#[test]
fn parameters_count_together_and_each_alone() {
    let text = "!has(request.query.role) || request.query.role[0] == 'user'";
    let rule = compile("allow_if", text);
    for (query, reason) in [
        ("", ""),
        ("?other=admin", ""),
        ("?role=user", ""),
        ("?role=us%65r&role=user", ""),
        ("?role=admin", "allow-if-false"),
        ("?ro%6ce=admin", "allow-if-false"),
        ("?role=user&role=admin", "allow-if-false"),
        ("?role=admin&role=user", "allow-if-false"),
        ("?role", "allow-if-false"),
        ("?role=%2575ser", "allow-if-false"),
        ("?Role=admin", "ambiguous-name"),
        ("?role=user&ROLE=admin", "ambiguous-name"),
        ("?role[]=admin", "ambiguous-name"),
        ("?role%5B0%5D=admin", "ambiguous-name"),
        ("?role.name=admin", "ambiguous-name"),
        ("?ro%256ce=admin", "ambiguous-name"),
        ("?x=1;role=admin", "ambiguous-name"),
        ("?role=user;role=admin", "ambiguous-name"),
        ("?role=user;x", "ambiguous-name"),
        ("?role;x=1", "ambiguous-name"),
    ] {
        assert_eq!(why(&rule, &format!("GET /{query}"), &[], &[], ""), reason, "{query}");
    }
    let many = format!("GET /?{}", "role=user&".repeat(40));
    assert_eq!(why(&rule, &many, &[], &[], ""), "too-many-readings");
    let wide = format!("GET /?{}", "x&".repeat(2_000));
    assert_eq!(why(&rule, &wide, &[], &[], ""), "too-many-readings");
    let one = compile("deny_if", "size(request.query.role) > 1");
    assert_eq!(why(&one, "GET /?role=a&role=a", &[], &[], ""), "deny-if-true");
}

#[test]
fn fields_count_each_alone_and_joined() {
    let rule = compile("allow_if", "request.headers['x-tenant'] == 'north'");
    for (fields, reason) in [
        (&[("x-tenant", "north")][..], ""),
        (&[("x-tenant", "north"), ("x-tenant", "south")], "allow-if-false"),
        (&[("x-tenant", "south"), ("x-tenant", "north")], "allow-if-false"),
        (&[("x-tenant", "north"), ("x-tenant", "north")], "allow-if-false"),
        (&[("x-tenant", "north"), ("x_tenant", "south")], "ambiguous-name"),
        (&[("x-tenant", "n\u{f6}rth")], "ambiguous-name"),
        (&[], "value-missing"),
    ] {
        assert_eq!(why(&rule, "GET /", fields, &[], ""), reason, "{fields:?}");
    }
    let absent = compile("deny_if", "'x-debug' in request.headers");
    assert_eq!(why(&absent, "GET /", &[], &[], ""), "");
    assert_eq!(why(&absent, "GET /", &[("x-debug", "")], &[], ""), "deny-if-true");
}

#[test]
fn methods_and_paths_count_in_all_their_readings() {
    let rule = compile("allow_if", "request.method == 'GET'");
    let overridden: &[Field] = &[("x-http-method-override", "delete")];
    assert_eq!(why(&rule, "GET /", &[], &[], ""), "");
    assert_eq!(why(&rule, "GET /", overridden, &[], ""), "allow-if-false");
    assert_eq!(why(&rule, "GET /?_method=DELETE", &[], &[], ""), "allow-if-false");
    let rule = compile("deny_if", "request.path.startsWith('/admin')");
    for path in ["/admin", "/%61dmin", "/%2561dmin", "/x/../admin", "//admin", "/x/..%2fadmin"] {
        assert_eq!(why(&rule, &format!("GET {path}"), &[], &[], ""), "deny-if-true", "{path}");
    }
    let other: &[Field] = &[("x-original-url", "/admin?x")];
    assert_eq!(why(&rule, "GET /users", other, &[], ""), "deny-if-true");
    assert_eq!(why(&rule, "GET /users", &[], &[], ""), "");
    assert_eq!(why(&rule, "GET /J%C3%BCrgen", &[], &[], ""), "");
    let many: Vec<Field> =
        (0..40).map(|n| ("x-original-url", &*format!("/users/{n}").leak())).collect();
    assert_eq!(why(&rule, "GET /users", &many, &[], ""), "too-many-readings");
    let host = compile("allow_if", "request.host == 'api.example'");
    assert_eq!(why(&host, "GET /", &[], &[], ""), "");
}

#[test]
fn segments_are_compared_with_who_asks() {
    let rule = compile("allow_if", "request.path_parameters.user == identity.subject");
    let ada = [somebody("7", "{}")];
    for (path, reason) in [
        ("/users/7", ""),
        ("/users/%37", ""),
        ("/users/8", "allow-if-false"),
        ("/users/%38", "allow-if-false"),
        ("/users", "value-missing"),
        ("/users/8/../7", "value-missing"),
    ] {
        assert_eq!(why(&rule, &format!("GET {path}"), &[], &ada, ""), reason, "{path}");
    }
    assert_eq!(why(&rule, "GET /users/7", &[], &[], ""), "value-missing", "nobody");
    let key = Identity { kind: PrincipalKind::ApiKey, ..somebody("7", "{}") };
    assert_eq!(why(&rule, "GET /users/7", &[], &[key], ""), "value-missing", "a key of nobody");
}

#[test]
fn everybody_who_was_identified_has_to_pass() {
    let claims = r#"{"role":"blocked","tenant":"north","realm_access":{"roles":["x"]},"n":null}"#;
    let blocked = somebody("7", claims);
    let key = Identity { kind: PrincipalKind::ApiKey, ..somebody("k", "{}") };
    let certificate =
        Identity { kind: PrincipalKind::Certificate, issuer: "".into(), ..somebody("c", "{}") };
    let rule = compile("allow_if", "!('blocked' in identity.roles)");
    let by = |rule: &Condition, who: &[&Identity]| {
        let who: Vec<_> = who.iter().copied().cloned().collect();
        why(rule, "GET /", &[], &who, "")
    };
    assert_eq!(by(&rule, &[&blocked]), "allow-if-false");
    assert_eq!(by(&rule, &[&key, &blocked]), "allow-if-false", "not by a key beside it");
    assert_eq!(by(&rule, &[&certificate, &blocked]), "allow-if-false");
    assert_eq!(by(&rule, &[&certificate]), "");
    let rule = compile("allow_if", "identity.claims.tenant == 'north'");
    assert_eq!(by(&rule, &[&certificate, &blocked]), "", "a certificate stands behind a token");
    assert_eq!(by(&rule, &[&key]), "value-missing");
    let rule = compile("allow_if", "'x' in identity.claims['realm_access'].roles");
    assert_eq!(by(&rule, &[&blocked]), "");
    assert_eq!(by(&compile("deny_if", "identity.claims.n == null"), &[&blocked]), "deny-if-true");
    for (who, way) in [(&[][..], "none"), (&[&key][..], "api_key"), (&[&blocked][..], "jwt")] {
        let rule = compile("allow_if", &format!("identity.way == '{way}'"));
        assert_eq!(by(&rule, who), "", "{way}");
    }
    let nobody = compile("allow_if", "size(identity.roles) == 0 && !has(identity.subject)");
    assert_eq!(by(&nobody, &[]), "");
}

#[test]
fn it_is_known_when_and_from_where() {
    for text in [
        "time.hour == 13 && time.weekday == 7",
        "time.now > timestamp('2026-11-29T13:04:59Z')",
        "time.now < timestamp('2026-11-29T12:05:01Z') + duration('1h')",
        "client.address == '192.0.2.7' && client.address.startsWith('192.0.2.')",
    ] {
        assert_eq!(why(&compile("allow_if", text), "GET /", &[], &[], ""), "", "{text}");
    }
}

#[test]
fn expressions_mean_what_the_language_says() {
    let body = r#"{"a":[1,2,3],"t":"Größe","n":null,"o":{"x":1},"d":1.5,"e":[],"m":[1,"x"],
        "l":[[1],[2,3]]}"#;
    for (text, answer) in [
        ("request.body.a.exists(x, x > 2)", "true"),
        ("request.body.a.all(x, x > 1)", "false"),
        ("request.body.a.exists_one(x, x > 2)", "true"),
        ("size(request.body.a.filter(x, x > 1)) == 2", "true"),
        ("request.body.a.map(x, x * 2)[2] == 6", "true"),
        ("request.body.a.map(x, x > 1, x + 1) == [3, 4]", "true"),
        ("request.body.l.exists(x, x.exists(y, y == 3))", "true"),
        ("request.body.l.all(x, request.body.a.exists(y, y == x[0]))", "true"),
        ("request.body.t.size() == 5 && size(request.body.o) == 1", "true"),
        ("'x' in request.body.o && !('y' in request.body.o)", "true"),
        ("request.body.o.exists(k, k == 'x')", "true"),
        ("has(request.body.o.y) || has(request.body.q)", "false"),
        ("has(request.body.q.y)", "value-missing"),
        ("has(request.body.n) && request.body.n == null", "true"),
        ("request.body.d * 2 == 3 && request.body.d + 0.5 == 2", "true"),
        ("request.body.a[0] % 2 == 1 && 7 / request.body.a[1] == 3", "true"),
        ("request.body.a[0] / 0 == 1", "out-of-range"),
        ("request.body.m.exists(x, x == 'x') && 'x' in request.body.m", "true"),
        ("request.body.m.exists(x, x == 'y')", "wrong-type"),
        ("'y' in request.body.m", "wrong-type"),
        ("request.body.m.map(x, x + 1) == []", "wrong-type"),
        ("request.body.e.all(x, x) && !request.body.e.exists(x, x)", "true"),
        ("request.body.q == 1 || request.body.d > 1", "true"),
        ("request.body.d > 1 || request.body.q == 1", "true"),
        ("request.body.q == 1 && request.body.d > 2", "false"),
        ("request.body.q == 1 || request.body.d > 2", "value-missing"),
        ("request.body.t.matches('^G.*e$') && !request.body.t.matches('^x')", "true"),
        ("request.body.t.lowerAscii() == 'größe' && request.body.t > 'A'", "true"),
        ("int('12') + request.body.a[0] == 13", "true"),
        ("string(request.body.d) == '1.5' && double('1e2') * request.body.d == 150", "true"),
        ("request.body.a == [1, 2, 3] && request.body.a != [1, 2]", "true"),
        ("request.body.o == request.body.o", "wrong-type"),
        ("(request.body.d > 1 ? 'a' : 'b') == 'a'", "true"),
        ("-request.body.a[0] == -1 && !(request.body.d < 1)", "true"),
        ("request.body.a[3] == 1", "value-missing"),
        ("request.body['t'] == 'Größe' && request.body.t.contains('rö')", "true"),
        ("request.body.t + '!' == 'Größe!' && request.body.t.endsWith('ße')", "true"),
        ("request.body.n", "wrong-type"),
    ] {
        assert_eq!(says(text, body), answer, "{text}");
    }
}

#[test]
fn what_there_is_is_one_expression() {
    let problem = |config: ConditionConfig| Condition::compile(&config).err().map(|one| one.key);
    let text = || Some("time.hour > 5".to_owned());
    let config = ConditionConfig::default;
    assert_eq!(problem(config()), Some(String::new()));
    let both = ConditionConfig { deny_if: text(), allow_if: text(), ..config() };
    assert_eq!(problem(both), Some("allow_if".to_owned()));
    let wrong = ConditionConfig { deny_if: Some("time.hour >".to_owned()), ..config() };
    assert_eq!(problem(wrong), Some("deny_if".to_owned()));
    let wrong = ConditionConfig { deny_if: text(), template: Some("a".to_owned()), ..config() };
    assert_eq!(problem(wrong), Some("template".to_owned()));
    let hidden = ConditionConfig { deny_if: text(), hide: true, ..config() };
    let rule = Condition::compile(&hidden).expect("compiles");
    assert_eq!(rule.refusal(StatusCode::FORBIDDEN, "x").status, StatusCode::NOT_FOUND);
}
