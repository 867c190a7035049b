//! CORS: origins, preflight requests, and what is never allowed.

use super::*;

fn cors(text: &str) -> Result<Cors, Problem> {
    Cors::compile(&serde_saphyr::from_str(text).expect("a configuration"))
}

fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut out = HeaderMap::new();
    for (name, value) in fields {
        out.append(*name, value.parse().expect("a value"));
    }
    out
}

fn text(map: &HeaderMap) -> Vec<String> {
    let mut out: Vec<_> =
        map.iter().map(|(n, v)| format!("{n}: {}", v.to_str().expect("text"))).collect();
    out.sort();
    out
}

fn answer(cors: &Cors, origin: &str, fields: &[(&'static str, &str)]) -> Vec<String> {
    let origin = HeaderValue::from_str(origin).expect("a value");
    let (mut fields, mut edits) = (map(fields), Edits::default());
    cors.edit(Some(&origin), &fields, &mut edits);
    edits.apply(&mut fields);
    text(&fields)
}

const APP: &str = "{origins: ['https://app.example', 'https://*.dev.example:8443'], \
                   methods: [PUT], headers: [Authorization], expose: [x-total], credentials: true}";

#[test]
fn origins_are_compared_as_a_whole() {
    let cors = cors(APP).expect("compiles");
    for (origin, expected) in [
        ("https://app.example", true),
        ("https://a.dev.example:8443", true),
        ("http://app.example", false),
        ("https://app.example:8443", false),
        ("https://app.example.evil.example", false),
        ("https://evil-app.example", false),
        ("https://xapp.example", false),
        ("https://APP.example", false),
        ("https://app.example/", false),
        ("https://dev.example:8443", false),
        ("https://a.b.dev.example:8443", false),
        ("https://evil.example/.dev.example:8443", false),
        ("https://evil.example#.dev.example:8443", false),
        ("https://.dev.example:8443", false),
        ("https://a.dev.example", false),
        ("null", false),
        ("*", false),
        ("", false),
    ] {
        let got = answer(&cors, origin, &[]);
        let echoed = format!("access-control-allow-origin: {origin}");
        assert_eq!(got.contains(&echoed), expected, "{origin}");
        assert!(got.contains(&"vary: Origin".to_owned()), "{origin}");
        assert_eq!(got.len(), if expected { 4 } else { 1 }, "{origin}: {got:?}");
    }
}

#[test]
fn what_the_upstream_says_is_replaced() {
    let careless = [
        ("access-control-allow-origin", "https://evil.example"),
        ("access-control-allow-credentials", "true"),
        ("vary", "Accept"),
        ("vary", "Cookie"),
    ];
    let app = cors(APP).expect("compiles");
    assert_eq!(answer(&app, "https://evil.example", &careless), ["vary: Accept, Cookie, Origin"]);
    let said = [("vary", "accept, origin")];
    assert_eq!(answer(&app, "https://evil.example", &said), ["vary: accept, origin"]);
    let public = cors("{origins: ['*']}").expect("compiles");
    let got = answer(&public, "https://evil.example", &careless[..2]);
    assert_eq!(got, ["access-control-allow-origin: *"]);
}

#[test]
fn preflight_requests_are_answered() {
    let cors = cors(APP).expect("compiles");
    let ask = |method: &Method, fields: &[(&'static str, &str)]| {
        cors.preflight(method, &map(fields)).map(|answer| answer.map_err(|refusal| refusal.title))
    };
    let origin = ("origin", "https://app.example");
    let put = ("access-control-request-method", "PUT");
    let reply =
        ask(&Method::OPTIONS, &[origin, put, ("access-control-request-headers", "authorization")]);
    let reply = reply.expect("a preflight").expect("allowed");
    assert_eq!((reply.status.as_u16(), reply.body.as_ref().map(bytes::Bytes::len)), (204, Some(0)));
    assert_eq!(
        text(&reply.headers),
        [
            "access-control-allow-credentials: true",
            "access-control-allow-headers: authorization",
            "access-control-allow-methods: GET, HEAD, POST, PUT",
            "access-control-allow-origin: https://app.example",
            "access-control-max-age: 600",
            "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ]
    );
    for (fields, expected) in [
        (&[("origin", "https://evil.example"), put][..], "this origin is not allowed"),
        (&[origin, ("access-control-request-method", "DELETE")], "this method is not allowed"),
        (&[origin, ("access-control-request-method", "put")], "this method is not allowed"),
        (
            &[origin, put, ("access-control-request-headers", "authorization, x-evil")],
            "one of these fields is not allowed",
        ),
    ] {
        assert_eq!(ask(&Method::OPTIONS, fields).map(|a| a.err()), Some(Some(expected)));
    }
    for (method, fields) in [
        (Method::OPTIONS, &[origin][..]),
        (Method::OPTIONS, &[put]),
        (Method::POST, &[origin, put]),
    ] {
        assert!(ask(&method, fields).is_none(), "{method} {fields:?}");
    }
}

#[test]
fn websockets_are_opened_by_listed_pages_and_by_those_of_the_host() {
    let cors = cors(APP).expect("compiles");
    let ask = |origin: &str, host: &str, is_sure: bool| {
        let fields = map(&[("upgrade", "websocket"), ("origin", origin)]);
        cors.handshake(&fields, Some(host), is_sure).map(|answer| answer.is_ok())
    };
    for (origin, host, expected) in [
        ("https://app.example", "api.example", true),
        ("https://evil.example", "api.example", false),
        ("null", "api.example", false),
        ("", "api.example", false),
        ("https://api.example", "api.example", true),
        ("http://API.example:80", "api.example", true),
        ("https://api.example", "api.example:443", true),
        ("https://api.example:8443", "api.example:8443", true),
        ("https://api.example", "api.example:8443", false),
        ("https://api.example:80", "api.example", false),
        ("https://api.example.evil.example", "api.example", false),
        ("ftp://api.example", "api.example", false),
        ("http://[::1]:3000", "[::1]:3000", true),
    ] {
        assert_eq!(ask(origin, host, true), Some(expected), "{origin} {host}");
    }
    // What only may be in the scope is granted to nobody else.
    assert_eq!(ask("https://app.example", "api.example", false), Some(false));
    assert_eq!(ask("https://api.example", "api.example", false), Some(true));
    let handshake = |fields: &[(&'static str, &str)]| {
        cors.handshake(&map(fields), Some("api.example"), true).map(|answer| answer.is_ok())
    };
    let origin = ("origin", "https://app.example");
    assert_eq!(handshake(&[("upgrade", "websocket"), origin, origin]), Some(false));
    assert_eq!(handshake(&[("upgrade", "websocket")]), None, "no page asks");
    assert_eq!(handshake(&[origin]), None);
}

#[test]
fn dangerous_settings_are_refused() {
    for text in [
        "{origins: []}",
        "{origins: ['*'], credentials: true}",
        "{origins: ['*', 'https://a.example']}",
        "{origins: ['null'], credentials: true}",
        "{origins: ['https://*']}",
        "{origins: ['https://*.com']}",
        "{origins: ['https://a.*.example']}",
        "{origins: ['https://a.example/']}",
        "{origins: ['https://A.example']}",
        "{origins: ['https://a.example:443']}",
        "{origins: ['http://a.example:80']}",
        "{origins: ['a.example']}",
        "{origins: ['https://']}",
        "{origins: ['https://a.example'], methods: ['*']}",
        "{origins: ['https://a.example'], headers: ['*']}",
        "{origins: ['https://a.example'], expose: ['a b']}",
    ] {
        assert!(cors(text).is_err(), "{text}");
    }
    assert!(cors("{origins: ['null', 'http://localhost:3000', 'http://[::1]:3000']}").is_ok());
}
