//! What is refused when it is loaded, and where.

use super::*;

fn problem(text: &str) -> Option<String> {
    Program::compile(text, &["order".to_owned()]).err()
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    for (text, column, why) in [
        ("request.metod == 'GET'", 8, "there is no `request.metod`"),
        ("user == 'a'", 1, "there is no `user`"),
        ("request", 1, "by one of its members"),
        ("request.body.x.foo()", 15, "no function `foo`"),
        ("request.body.x.size(1) == 1", 15, "0 arguments"),
        ("request.method == 1", 16, "compares a text with a number"),
        ("identity.scopes == 'a'", 17, "compares a list of a text with a text"),
        ("request.method + 1 == 'a'", 16, "numbers are needed"),
        ("identity.scopes + identity.roles == []", 17, "numbers are needed"),
        ("request.body.x && 'a' == request.host && 1", 42, "for true and false"),
        ("!request.method", 1, "`!` is for true and false"),
        ("-request.path == 1", 1, "`-` is for numbers"),
        ("size(1) == 1", 1, "not for a number"),
        ("request.path.size == 1", 13, "only objects have members"),
        ("request.path.exists(x, true)", 13, "has no elements"),
        ("'a' in request.path", 5, "`in` is for lists"),
        ("1 in identity.scopes", 3, "never in a list of a text"),
        ("request.body.a[-1] == 1", 15, "from 0 on"),
        ("request.body[null == null] == 1", 13, "no name and no number"),
        ("request.query == []", 8, "one of these is meant"),
        ("request.query[request.path] == []", 14, "written down is needed"),
        ("request.path in request.query", 14, "written down"),
        ("request.headers['X-Tenant'] == 'a'", 16, "in lower case"),
        ("request.headers.authorization == 'a'", 16, "holds a secret"),
        ("'x-auth-token' in request.headers", 16, "holds a secret"),
        ("request.path_parameters.user == 'a'", 24, "no segment `{user}`"),
        ("has(request.method)", 1, "always there"),
        ("has(request)", 1, "`has` is for a member"),
        ("request.path.matches(request.host)", 29, "written down"),
        ("request.path.matches('(')", 22, "the pattern is wrong"),
        (r"request.path.matches(r'(a)\1')", 22, "the pattern is wrong"),
        ("request.path.matches('(?=a)')", 22, "the pattern is wrong"),
        ("request.path.matches('(a{99}){99}')", 22, "too large"),
        ("request.body.a.exists(request.path, true)", 15, "is a name"),
        ("request.body.a.exists(x)", 15, "a name and a condition"),
        ("request.body.a.exists(x, 1)", 26, "true or false"),
        ("request.body.a.all(x, x.all(y, y.all(z, z)))", 33, "more than 2 times"),
        ("x.exists(x, x)", 1, "there is no `x`"),
        ("size(request.body)", 1, "a condition is true or false"),
        ("time.now > timestamp('tomorrow')", 22, "a time is written as"),
        ("time.now > timestamp(request.path)", 12, "written down"),
        ("time.now > duration('1d')", 21, "a length of time"),
        ("time.now > 9223372036854775807 + 1", 32, "no number that there is"),
        ("request.body.a == 1 / 0", 21, "no number that there is"),
    ] {
        let found = problem(text).unwrap_or_default();
        let place = format!("line 1, column {column}: ");
        assert!(found.starts_with(&place) && found.contains(why), "{text}: {found}");
    }
}

#[test]
fn what_can_never_be_true_is_refused() {
    for (text, column, why) in [
        ("true", 1, "always true"),
        ("1 == 2", 3, "always false"),
        ("request.path == '/a' && false", 22, "always false"),
        ("request.path == '/a' || !false", 22, "always true"),
        ("request.path in []", 14, "always false"),
        ("'a'.matches('^b')", 4, "always false"),
        ("request.method == 'get'", 16, "in capitals"),
        ("'get' == request.method", 7, "in capitals"),
        ("request.method in ['GET', 'post']", 16, "in capitals"),
        ("request.path == 'v1'", 14, "begin with a slash"),
        ("request.path == '/a?b'", 14, "no query"),
        ("request.host == 'A.example'", 14, "small letters"),
        ("request.host == 'a.example:443'", 14, "without port"),
        ("identity.way == 'token'", 14, "`signature`"),
        ("client.address == 'localhost'", 16, "192.0.2.1"),
        ("time.hour == 24", 11, "0 to 23"),
        ("24 <= time.hour", 4, "0 to 23"),
        ("time.weekday == 0", 14, "1 to 7"),
        ("time.hour < 8 && time.hour >= 18", 15, "excludes each other"),
        ("request.host == 'a' && request.host == 'b'", 21, "excludes each other"),
        ("request.path == '/a' || (time.hour > 5 && 5 > time.hour)", 40, "excludes each other"),
    ] {
        let found = problem(text).unwrap_or_default();
        let place = format!("line 1, column {column}: ");
        assert!(found.starts_with(&place) && found.contains(why), "{text}: {found}");
    }
}

#[test]
fn what_can_be_meant_is_taken() {
    for text in [
        "request.method == 'GET' || request.method == 'HEAD'",
        "time.hour >= 8 && time.hour < 18 && time.weekday <= 5",
        "request.path_parameters.order.startsWith('A-')",
        "'x-tenant' in request.headers && request.headers['x-tenant'] in identity.claims.tenants",
        "has(request.query.page) && request.query.page.all(p, int(p) <= 100)",
        "request.body.items.all(item, item.tags.exists(tag, tag == item.kind))",
        "request.body[request.method] == 1 || request.body.a[0] == 1",
        "identity.claims['https://example.com/tenant'] == null",
        "time.now > timestamp('2027-01-01T00:00:00Z') - duration('1h30m')",
        "request.body // whatever it is\n  .flag",
        "request.path.matches('^/v[0-9]+/')",
        "(identity.way == 'none' ? 10 : 100) < size(request.body)",
    ] {
        assert_eq!(problem(text), None, "{text}");
    }
}

#[test]
fn claims_are_found_wherever_they_are_named() {
    let text = "identity.claims.a == 1 || request.body.x.exists(y, y == identity.claims['b'].c) \
                || 'd' in identity.claims || has(identity.claims.e)";
    let mut found = Program::claims(text);
    found.sort();
    assert_eq!(found, ["a", "b", "d", "e"]);
    assert!(Program::claims("identity.claims.a ==").is_empty());
}

#[test]
fn one_expression_asks_about_so_many_things_only() {
    let names = |count: usize| {
        let all: Vec<_> = (0..count).map(|n| format!("has(request.query.p{n})")).collect();
        all.join(" || ")
    };
    assert_eq!(problem(&names(VARIABLES)), None);
    assert!(problem(&names(VARIABLES + 1)).is_some_and(|why| why.contains("different things")));
}
