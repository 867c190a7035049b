//! Scopes: what holds a request however it is written, and what only seems to.

use super::{super::asked::WORK, *};

fn scope(paths: &[&str]) -> Scope {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    Scope::compile(&ScopeConfig { paths, ..ScopeConfig::default() }).expect("compiles")
}

fn asked(method: &str, target: &str, fields: &[(&'static str, &'static str)]) -> Asked {
    let mut request = http::Request::builder().method(method).uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(()).expect("a request").into_parts().0;
    let wanted =
        Wanted { paths: true, ignore_case: true, methods: true, services: true, scopes: 0 };
    Asked::new(wanted, None, &request)
}

fn reach(pattern: &str, path: &str) -> Reach {
    scope(&[pattern]).reach(&asked("GET", path, &[]))
}

fn fits(pattern: &str, path: &str) -> bool {
    reach(pattern, path).is_possible()
}

#[test]
fn globs() {
    for (pattern, yes, no) in [
        ("/", &["/"][..], &["/a", "/a/b"][..]),
        ("/a", &["/a", "/a/"], &["/", "/ab", "/a/b", "/A"]),
        ("/a/*", &["/a/b", "/a/b/"], &["/a", "/a/b/c"]),
        ("/a/**", &["/a", "/a/", "/a/b", "/a/b/c/d"], &["/", "/ab", "/b/a"]),
        ("/**", &["/", "/a", "/a/b"], &[]),
        ("/**/b", &["/b", "/a/b", "/a/a/b", "/b/b"], &["/a", "/b/a"]),
        ("/a/**/b/*", &["/a/b/c", "/a/x/b/c", "/a/b/b/b"], &["/a/b", "/a/x/b", "/x/b/c"]),
        ("/a/**/b/**/c", &["/a/b/c", "/a/x/b/x/y/c"], &["/a/c", "/a/c/b"]),
        ("/v*/x", &["/v/x", "/v1/x"], &["/1/x", "/v1/y"]),
        ("/*.json", &["/a.json", "/.json"], &["/a.jsonx", "/a/b.json"]),
        ("/a*b*c", &["/abc", "/axbxc", "/abbc"], &["/ac", "/ab", "/bc"]),
        ("/ab*ba", &["/abba", "/abxba"], &["/aba", "/ab"]),
    ] {
        for path in yes {
            assert!(fits(pattern, path), "{pattern} {path}");
        }
        for path in no {
            assert!(!fits(pattern, path), "{pattern} {path}");
        }
    }
}

#[test]
fn no_spelling_slips_past() {
    for path in [
        "/admin/x",
        "/%61dmin/x",
        "/%2561dmin/x",
        "/%252561dmin/x",
        "/a/../admin/x",
        "/./admin/x",
        "/admin//x",
        "/x//../admin/x",
        "/admin;a=b/x",
        "/admin%3Ba/x",
        "/admin%2Fx",
        "/x/%2e%2e/admin/x",
        "/x/..;/admin/x",
        "/admin%5Cx",
        "/%2e/admin/x",
        "/../admin/x",
        "/admin/",
        "/admin%2f",
    ] {
        assert!(fits("/admin/**", path), "{path}");
    }
    for path in ["/administrator", "/x/admin", "/", "/admin%zz", "/%", "/x%2"] {
        assert!(!fits("/admin/**", path), "{path}");
    }
}

/// The same path, as different servers read it: `/v1/admin/x` for one of them.
#[test]
fn no_habit_of_a_server_slips_past() {
    for path in [
        // Dot segments resolved with empty segments left (RFC 3986 §5.2.4, WHATWG URL).
        "/v1/x//../../admin/x",
        "/v1//../admin/x",
        "/v1/;/../admin/x",
        // Decoded, with the backslash as any other character.
        "/v1/x%5C../../admin/x",
        // Encoded dots resolved, and nothing else decoded (WHATWG URL).
        "/v1/a%2Fb/%2e%2e/admin/x",
        "/v1/a%2Fb/.%2E/admin/x",
        // Parsed again after decoding.
        "/v1/admin%3Fx",
        "/v1/admin%253Fx",
        "/v1/admin%23x",
    ] {
        assert!(fits("/v1/admin/**", path), "{path}");
        assert_ne!(reach("/v1/x/**", path), Reach::Surely, "{path}");
    }
}

#[test]
fn what_grants_asks_for_every_reading() {
    for (path, expected) in [
        ("/public/me", Reach::Surely),
        ("/public/", Reach::Surely),
        ("/public/a%20b;v=1", Reach::Surely),
        ("/public/../public/x", Reach::Surely),
        ("/public/..%2fprivate/me", Reach::Perhaps),
        ("/public/%2e%2e/private", Reach::Perhaps),
        ("/public/..;/private", Reach::Perhaps),
        ("/public/%252e%252e/private", Reach::Perhaps),
        ("/%70ublic/me", Reach::Perhaps),
        ("/private/..%2fpublic", Reach::Perhaps),
        ("/private", Reach::Out),
    ] {
        assert_eq!(reach("/public/**", path), expected, "{path}");
    }
}

#[test]
fn case_is_ignored_where_that_was_asked_for() {
    let with = |ignore_case| {
        let paths = vec!["/Admin/*.json".to_owned()];
        let config = ScopeConfig { paths, ignore_case, ..ScopeConfig::default() };
        let scope = Scope::compile(&config).expect("compiles");
        move |path: &str| scope.reach(&asked("GET", path, &[]))
    };
    let (exact, ignoring) = (with(false), with(true));
    for path in ["/Admin/A.json", "/ADMIN/a.JSON", "/%61dmin/a.json"] {
        assert!(ignoring(path).is_possible(), "{path}");
        assert_eq!(exact(path).is_possible(), path.starts_with("/Admin"), "{path}");
    }
    assert!(!ignoring("/administrator/a.json").is_possible());
}

#[test]
fn methods_that_a_request_names_beside_its_own_count() {
    let config = ScopeConfig { methods: vec!["DELETE".to_owned()], ..ScopeConfig::default() };
    let scope = Scope::compile(&config).expect("compiles");
    for (method, target, fields, expected) in [
        ("DELETE", "/", &[][..], Reach::Surely),
        ("GET", "/?method=DELETE", &[], Reach::Out),
        ("POST", "/", &[("x-http-method-override", "DELETE")], Reach::Perhaps),
        ("POST", "/", &[("x-http-method-override", " delete ")], Reach::Perhaps),
        ("POST", "/", &[("x-http-method-override", "GET, delete")], Reach::Perhaps),
        ("POST", "/", &[("x-http-method", "DELETE")], Reach::Perhaps),
        ("POST", "/", &[("x-method-override", "Delete")], Reach::Perhaps),
        ("POST", "/", &[("x_http_method_override", "DELETE")], Reach::Perhaps),
        ("POST", "/", &[("x.http_method-override", "DELETE")], Reach::Perhaps),
        ("POST", "/?a=1&_method=delete", &[], Reach::Perhaps),
        ("POST", "/?%5Fmethod=%44ELETE", &[], Reach::Perhaps),
        ("DELETE", "/", &[("x-http-method-override", "GET")], Reach::Perhaps),
        ("delete", "/", &[], Reach::Perhaps),
        ("PATCH", "/", &[("x-http-method-override", "PUT")], Reach::Out),
        (
            "GET",
            "/",
            &[(
                "x-method-override",
                "A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q,R,S,T,U,V,W,X,Y,Z,AA,AB,AC,AD,AE,AF,AG,AH",
            )],
            Reach::Perhaps,
        ),
    ] {
        let got = scope.reach(&asked(method, target, fields));
        assert_eq!(got, expected, "{method} {target} {fields:?}");
    }
}

#[test]
fn paths_that_fields_name_count() {
    let scope = scope(&["/admin/**"]);
    for (name, value) in [
        ("x-original-url", "/admin/x?y=1"),
        ("x-rewrite-url", "/%61dmin"),
        ("x-original-url", "http://a.example/admin"),
        ("x_original_url", "/admin/x"),
        ("x.rewrite~url", "/admin"),
    ] {
        let got = scope.reach(&asked("GET", "/public", &[(name, value)]));
        assert_eq!(got, Reach::Perhaps, "{name}: {value}");
    }
    let other = asked("GET", "/public", &[("x-original-url", "/public/2")]);
    assert_eq!(scope.reach(&other), Reach::Out);
}

#[test]
fn paths_of_too_many_segments_are_everywhere_and_nowhere() {
    let longest = "/a".repeat(crate::policy::asked::SEGMENTS);
    assert_eq!(reach("/b", &longest), Reach::Out);
    assert_eq!(reach("/b", &format!("{longest}/a")), Reach::Perhaps);
    assert_eq!(reach("/**", &format!("{longest}/a")), Reach::Perhaps);
    assert_eq!(
        reach("/b", &format!("/x{}", "%2fa".repeat(crate::policy::asked::SEGMENTS))),
        Reach::Perhaps
    );
}

#[test]
fn paths_that_take_too_long_to_read_are_everywhere_and_nowhere() {
    use crate::policy::cost::hostile;
    assert_eq!(reach("/b", &hostile(2 * 1024)), Reach::Out);
    for pattern in ["/b", "/**"] {
        assert_eq!(reach(pattern, &hostile(8 * 1024)), Reach::Perhaps, "{pattern}");
    }
    // Long alone is not odd.
    let long = format!("/%2561{}", "/aaaaaaa%20".repeat(200));
    assert_eq!((reach("/b", &long), reach("/**", &long)), (Reach::Out, Reach::Surely));
    // What a field names takes of the same room.
    let fields = |bytes: usize| {
        let mut request = http::Request::get(hostile(1024));
        for name in ["x-original-url", "x-rewrite-url"] {
            request = request.header(name, hostile(bytes));
        }
        let request = request.body(()).expect("a request").into_parts().0;
        let wanted = Wanted { paths: true, ..Wanted::default() };
        scope(&["/b"]).reach(&Asked::new(wanted, None, &request))
    };
    assert_eq!((fields(512), fields(2 * 1024)), (Reach::Out, Reach::Perhaps));
}

#[test]
fn hosts_and_methods() {
    let config = ScopeConfig {
        hosts: vec!["api.example".to_owned(), "*.shop.example".to_owned()],
        methods: vec!["POST".to_owned()],
        ..ScopeConfig::default()
    };
    let scope = Scope::compile(&config).expect("compiles");
    let holds = |host: Option<&str>, method: Method| {
        let request = http::Request::builder().method(method).body(()).expect("a request");
        let wanted = Wanted { methods: true, ..Wanted::default() };
        scope.reach(&Asked::new(wanted, host, &request.into_parts().0)).is_possible()
    };
    assert!(holds(Some("API.example:8080"), Method::POST));
    assert!(holds(Some("a.shop.example."), Method::POST));
    assert!(!holds(Some("shop.example"), Method::POST));
    assert!(!holds(Some("api.example"), Method::GET));
    assert!(!holds(None, Method::POST));
}

#[test]
fn services_are_those_that_were_chosen() {
    let services = vec!["shop".to_owned()];
    let config = ScopeConfig { services, ..ScopeConfig::default() };
    let everything = Scope::compile(&config).expect("compiles");
    let config = ScopeConfig { paths: vec!["/a/**".to_owned()], ..config };
    let below = Scope::compile(&config).expect("compiles");
    for (service, path, reach, reach_below) in [
        (Some("shop"), "/a/b", Reach::Surely, Reach::Surely),
        (Some("shop"), "/b/../a", Reach::Surely, Reach::Perhaps),
        (Some("shop"), "/b", Reach::Surely, Reach::Out),
        (Some("SHOP"), "/a/b", Reach::Out, Reach::Out),
        (Some("rest"), "/a/b", Reach::Out, Reach::Out),
        // It may be any of them.
        (None, "/a/b", Reach::Perhaps, Reach::Perhaps),
        (None, "/b", Reach::Perhaps, Reach::Out),
    ] {
        let asked = asked("GET", path, &[]).for_service(service);
        assert_eq!(everything.reach(&asked), reach, "{service:?} {path}");
        assert_eq!(below.reach(&asked), reach_below, "{service:?} {path}");
    }
}

#[test]
fn what_cannot_match_is_refused() {
    for path in ["", "a", "/a//b", "/a/..", "/a/**b", "/a?b", "/a b", "/a\\b", "/./a"] {
        let paths = vec![path.to_owned()];
        let error = Scope::compile(&ScopeConfig { paths, ..ScopeConfig::default() });
        assert_eq!(error.err().map(|(key, _)| key), Some("paths"), "{path}");
    }
    for host in ["", "*.", "a.example:80", "a b", "https://a", "a*b"] {
        let hosts = vec![host.to_owned()];
        let error = Scope::compile(&ScopeConfig { hosts, ..ScopeConfig::default() });
        assert_eq!(error.err().map(|(key, _)| key), Some("hosts"), "{host}");
    }
    for method in ["", "get", "G T", "*"] {
        let methods = vec![method.to_owned()];
        let error = Scope::compile(&ScopeConfig { methods, ..ScopeConfig::default() });
        assert_eq!(error.err().map(|(key, _)| key), Some("methods"), "{method}");
    }
}

#[test]
fn a_scope_is_compared_with_a_request_once() {
    let scope = Scope { number: Some(0), ..scope(&["/v1/**"]) };
    let request = http::Request::get("/v1/a").body(()).expect("a request").into_parts().0;
    let wanted = Wanted { paths: true, scopes: 1, ..Wanted::default() };
    let asked = Asked::new(wanted, None, &request);
    assert_eq!(asked.reach(&scope), Reach::Surely);
    // With nothing left to compare with it is known all the same.
    asked.take_work(WORK as usize);
    assert_eq!((scope.reach(&asked), asked.reach(&scope)), (Reach::Perhaps, Reach::Surely));
}
