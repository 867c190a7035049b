//! Requests that name somebody, and hide it.

use bytes::Bytes;

use super::*;
use crate::policy::readings::tests::posted;

fn read_within(body: &str, media_type: &str, target: &str, fields: &[String]) -> Read {
    let amount = Amount::new(128 * 1024, 1_000_000_000);
    let exchange = posted(target, media_type, body);
    let mut readings = Readings::of_exchange(exchange, amount);
    super::read(&mut readings, BodyView::Whole(&Bytes::new()), amount, fields)
}

fn read(body: &str) -> Read {
    read_within(body, "application/json", "/login", &[])
}

fn accounts(read: &Read) -> Vec<(String, u64)> {
    read.accounts().map(|(account, tries)| (account.to_owned(), tries)).collect()
}

fn one(account: &str, tries: u64) -> (String, u64) {
    (account.to_owned(), tries)
}

#[test]
fn an_ordinary_login_is_one_attempt() {
    for (body, media_type) in [
        (r#"{"login":"Ada","password":"x"}"#, "application/json"),
        ("username=ada&password=x", "application/x-www-form-urlencoded"),
        (r#"{"user":{"email":"ada","password":"aGVsbG8gd29ybGQ="}}"#, "application/json"),
        (
            r#"{"client_id":"web","client_secret":"y","username":"ada","password":"x"}"#,
            "application/json",
        ),
        ("<a><username>ada</username><password>x</password></a>", "application/xml"),
    ] {
        let read = read_within(body, media_type, "/login", &[]);
        assert_eq!((read.tries(), read.refused), (1, None), "{body}");
        assert_eq!(accounts(&read), [one("ada", 1)], "{body}");
        assert!(read.is_attempt() && !read.passwords.is_empty(), "{body}");
    }
    let both = read(r#"{"username":"ada","email":"ada@a","password":"x"}"#);
    assert_eq!((both.tries(), accounts(&both)), (1, vec![one("ada", 1), one("ada@a", 1)]));
    let client = read(r#"{"client_id":"web","client_secret":"x"}"#);
    assert_eq!(accounts(&client), [one("web", 1)]);
    assert!(!read("{}").is_attempt() && !read("").is_attempt());
    assert_eq!((read("{}").refused, read("").refused), (None, None));
}

/// A list, a name that is there twice, a batch, an alias: each is an attempt.
#[test]
fn every_account_that_is_named_is_counted() {
    for body in [
        r#"[{"login":"ada","password":"1"},{"login":"eve","password":"2"}]"#,
        r#"{"login":["ada","eve"],"password":"1"}"#,
        r#"{"login":"ada","password":"1","login":"eve"}"#,
        r#"{"a":{"login":"ada"},"b":{"login":"eve"},"password":"1"}"#,
        r#"{"query":"mutation {a: login(login:\"ada\", password:\"1\") {t} b: login(login:\"eve\", password:\"2\") {t}}"}"#,
        r#"{"query":"mutation($a: String, $b: String) {a: in(login: $a) {t} b: in(login: $b) {t}}","variables":{"a":"ada","b":"eve"}}"#,
    ] {
        let read = read(body);
        assert_eq!(read.tries(), 2, "{body}");
        assert_eq!(accounts(&read), [one("ada", 1), one("eve", 1)], "{body}");
    }
    for body in [
        r#"[{"login":"ada","password":"1"},{"login":" ADA","password":"2"},{"login":"ada","password":"3"}]"#,
        r#"{"login":"ada","password":["1","2","3"]}"#,
        r#"{"login":"ada","password":"1","password":"2","password":"3"}"#,
    ] {
        let read = read(body);
        assert_eq!((read.tries(), accounts(&read)), (3, vec![one("ada", 3)]), "{body}");
    }
    let split =
        read_within(r#"{"password":"1"}"#, "application/json", "/login?user%6eame=ada", &[]);
    assert_eq!(accounts(&split), [one("ada", 1)]);
    let fields = ["partner_no".to_owned()];
    let named = read_within(r#"{"PARTNER_NO":7,"username":"x"}"#, "application/json", "/", &fields);
    assert_eq!(accounts(&named), [one("7", 1)]);
}

#[test]
fn what_cannot_be_read_to_its_end_is_refused() {
    let padding = "x".repeat(200_000);
    let values = "0,".repeat(30_000);
    let many: Vec<String> = (0..20).map(|n| format!("{{\"login\":\"u{n}\"}}")).collect();
    for body in [
        format!("{{\"pad\":\"{padding}\",\"login\":\"ada\",\"password\":\"x\"}}"),
        format!("{{\"login\":\"eve\",\"pad\":\"{padding}\",\"login\":\"ada\"}}"),
        format!("{{\"pad\":[{values}0],\"login\":\"ada\"}}"),
        format!("[{}]", many.join(",")),
        r#"{"login":"ada","password":"x""#.to_owned(),
    ] {
        let shown: String = body.chars().take(40).collect();
        assert!(read(&body).refused.is_some(), "{shown}");
    }
}
