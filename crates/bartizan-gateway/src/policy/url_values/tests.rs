//! Values that are URLs, in named places and anywhere.

use bartizan_model::{Exchange, Request};
use bartizan_protocols::decode;

use super::*;

fn rule(settings: &str) -> UrlValues {
    let config: UrlValuesConfig = serde_saphyr::from_str(settings).expect("is read");
    UrlValues::compile(&config, 1).expect("compiles")
}

fn why(rule: &UrlValues, target: &str, body: &str) -> Option<&'static str> {
    let mut request = Request {
        method: "POST".to_owned(),
        target: target.to_owned(),
        body: body.to_owned().into(),
        ..Request::default()
    };
    request.headers.push("content-type", "application/json");
    let exchange = Exchange { request, ..Exchange::default() };
    let decoded = decode(&exchange, &rule.within.amount.limits(), 1);
    rule.check_values(&decoded.view).err().map(|refusal| refusal.reason)
}

#[test]
fn named_places_hold_urls_or_nothing() {
    let rule = rule("{at: ['body:/url', 'body:/hooks/*/to', query.next], schemes: [https]}");
    for (target, body, expected) in [
        ("/", r#"{"url":"https://a.example/x","hooks":[{"to":"https://b.example"}]}"#, None),
        ("/", r#"{"url":"","other":"http://127.0.0.1"}"#, None),
        ("/", r#"{"url":null}"#, None),
        ("/", r#"{"url":"http://a.example"}"#, Some("scheme")),
        ("/", r#"{"URL":"https://10.0.0.1"}"#, Some("private-address")),
        ("/", r#"{"url":["https://a.example","https://[::1]"]}"#, Some("private-address")),
        ("/", r#"{"url":{"a":1}}"#, Some("not-a-url")),
        ("/", r#"{"url":"/local"}"#, Some("not-a-url")),
        ("/", r#"{"url":2130706433}"#, Some("not-a-url")),
        ("/", r#"{"hooks":[{"to":"https://a.example"},{"to":"https://a"}]}"#, Some("inner-name")),
        ("/", r#"{"url":"https://a.example","url":"https://10.0.0.1"}"#, Some("private-address")),
        ("/?next=https%3A%2F%2F169.254.169.254%2F", "{}", Some("metadata-address")),
    ] {
        assert_eq!(why(&rule, target, body), expected, "{target} {body}");
    }
}

#[test]
fn without_places_all_urls_are_checked_and_nothing_else() {
    let rule = rule("{}");
    for (target, body, expected) in [
        ("/", r#"{"note":"see http://127.0.0.1","time":"12:30","urn":"urn:a:b"}"#, None),
        ("/", r#"{"a":{"b":["https://a.example"]}}"#, None),
        ("/", r#"{"a":{"b":["http://127.0.0.1"]}}"#, Some("private-address")),
        ("/", r#"{"a":"gopher://a.example"}"#, Some("scheme")),
        ("/", r#"{"a":"file:/etc/passwd"}"#, Some("odd-url")),
        ("/", r#"{"a":"//127.0.0.1/"}"#, Some("not-a-url")),
        ("/?u=http://0x7f.1/", "{}", Some("address-spelling")),
    ] {
        assert_eq!(why(&rule, target, body), expected, "{target} {body}");
    }
}

/// What libraries fetch although it is no URL, and what comes behind a URL.
#[test]
fn without_places_a_url_needs_neither_scheme_nor_to_stand_alone() {
    let open = rule("{}");
    let listed = rule("{hosts: [partner.example, '127.0.0.1:80/echo']}");
    let (inside, unlisted) = (Some("private-address"), Some("host-not-listed"));
    for (text, expected, of_listed) in [
        ("127.0.0.1:8080/x", inside, inside),
        ("localhost:8080/x", Some("inner-name"), Some("inner-name")),
        ("<http://127.0.0.1/>", inside, inside),
        ("url:http://127.0.0.1/", inside, inside),
        ("URL:file:/etc/passwd", Some("odd-url"), Some("odd-url")),
        ("url:127.0.0.1:8080/x", inside, inside),
        ("view-source:http://10.0.0.1/", inside, inside),
        ("https://partner.example/ http://127.0.0.1/", inside, inside),
        ("https://partner.example/,http://127.0.0.1/", inside, inside),
        ("<https://partner.example/>", None, None),
        ("127.0.0.1:80/echo", inside, None),
        ("partner.example:8443/x", None, None),
        ("evil.example:8443/x", None, unlisted),
        ("url:https://evil.example/", None, unlisted),
        ("ten of 127.0.0.1/8", None, None),
        ("10.0.0.0/8", None, None),
        ("item:5", None, None),
    ] {
        let body = format!(r#"{{"a":"{text}"}}"#);
        assert_eq!(why(&open, "/", &body), expected, "{text}");
        assert_eq!(why(&listed, "/", &body), of_listed, "{text}");
    }
    let endless = format!(r#"{{"a":"{}http://a.example"}}"#, "url:".repeat(99));
    assert_eq!(why(&open, "/", &endless), Some("odd-url"));
    // In a named place the others count, too.
    let named = rule("{at: ['body:/a']}");
    let several = r#"{"a":"https://a.example/|http://10.0.0.1/"}"#;
    assert_eq!(why(&named, "/", several), inside);
    assert_eq!(why(&named, "/", r#"{"a":"127.0.0.1:8080/x"}"#), Some("not-a-url"));
}

#[test]
fn hosts_are_listed_with_port_and_path() {
    let rule = rule(
        "{hosts: [partner.example/hooks/, '*.customers.example', 'a.example:8443', '127.0.0.1/echo']}",
    );
    for (url, expected) in [
        ("https://partner.example/hooks/7", None),
        ("https://partner.example/hooks", Some("host-not-listed")),
        ("https://partner.example/hooks/../admin", Some("host-not-listed")),
        ("https://partner.example/hooks/%2e%2e/admin", Some("host-not-listed")),
        ("https://x.customers.example", None),
        ("https://customers.example", Some("host-not-listed")),
        ("https://y.x.customers.example", Some("host-not-listed")),
        ("https://partner.example.evil.example/hooks/", Some("host-not-listed")),
        ("https://a.example:8443", None),
        ("https://a.example", Some("host-not-listed")),
        ("http://127.0.0.1:9000/echo", None),
        ("http://127.0.0.1:9000/_internal", Some("private-address")),
        ("http://10.0.0.1/", Some("private-address")),
    ] {
        let body = format!(r#"{{"url":"{url}"}}"#);
        assert_eq!(why(&rule, "/", &body), expected, "{url}");
    }
}

#[test]
fn what_says_nothing_is_refused() {
    for (settings, key) in [
        ("{at: [path.id]}", "at.0"),
        ("{at: ['ws.message:/url']}", "at.0"),
        ("{schemes: []}", "schemes"),
        ("{schemes: ['https:']}", "schemes.0"),
        ("{hosts: ['*.10.0.0.1']}", "hosts.0"),
        ("{hosts: ['a.example/../b']}", "hosts.0"),
        ("{hosts: ['user@a.example']}", "hosts.0"),
        ("{hosts: ['0x7f.1']}", "hosts.0"),
        ("{hosts: ['a.example/x?y']}", "hosts.0"),
        ("{body_bytes: 99999999}", "body_bytes"),
    ] {
        let config: UrlValuesConfig = serde_saphyr::from_str(settings).expect("is read");
        let problem = UrlValues::compile(&config, 1).expect_err(settings);
        assert_eq!(problem.key, key, "{settings}");
    }
}
