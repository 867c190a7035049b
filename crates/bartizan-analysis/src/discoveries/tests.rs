use bartizan_model::{DeclaredInCode, ShownByServer};

use super::*;

fn code(component: &str, method: &str, path: &str) -> FoundRoute {
    FoundRoute {
        host: None,
        group: component.to_owned(),
        discovered: Discovered {
            by: KnownBy::Code,
            input: "src".to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            prefix: String::new(),
            matched: String::new(),
            code: Some(DeclaredInCode { owner: Some("@team".to_owned()), ..Default::default() }),
            shown: None,
        },
    }
}

fn crawl(host: &str, method: &str, path: &str) -> FoundRoute {
    let mut route = code("", method, path);
    route.host = Some(host.to_owned());
    route.discovered.by = KnownBy::Crawl;
    route.discovered.code = None;
    route.discovered.shown = Some(ShownByServer::default());
    route
}

fn called(host: &str, method: &str, path: &str) -> Endpoint {
    Endpoint {
        id: EndpointId::derive(&Scope::default(), &[host, method, path]),
        host: host.to_owned(),
        method: Method(method.to_owned()),
        path: path.to_owned(),
        requests: 3,
        ..Endpoint::default()
    }
}

fn orphan(host: &str, method: &str, path: &str) -> Endpoint {
    let state = InventoryState::Orphan;
    Endpoint { requests: 0, inventory_state: state, ..called(host, method, path) }
}

/// Host, method and path of every endpoint with who knows it, and what stands before.
fn told(found: Vec<FoundRoute>, endpoints: Vec<Endpoint>) -> Vec<String> {
    let mut endpoints = endpoints;
    let left = Discoveries::new(found).note(&mut endpoints, &Scope::default(), &Catalog::default());
    assert_eq!(left, 0);
    endpoints.iter_mut().for_each(say_known_by);
    let line = |one: &Endpoint| {
        let known: Vec<&str> = one.known_by.iter().map(|by| by.as_str()).collect();
        let under: BTreeSet<&str> = one.discovered.iter().map(|d| d.prefix.as_str()).collect();
        let under: Vec<&str> = under.into_iter().filter(|prefix| !prefix.is_empty()).collect();
        let line = format!("{}{} {}: {}", one.host, one.path, one.method, known.join(" "));
        if under.is_empty() { line } else { format!("{line} under {}", under.join(" ")) }
    };
    let mut out: Vec<String> = endpoints.iter().map(line).collect();
    out.sort();
    out
}

#[test]
fn one_endpoint_says_which_source_knew_it() {
    let found = vec![
        code("shop", "GET", "/users/{id}"),
        code("shop", "DELETE", "/users/{id}"),
        code("shop", "GET", "/health"),
        crawl("a.example", "GET", "/users/{uid}"),
        crawl("a.example", "GET", "/health"),
        crawl("a.example", "?", "/admin"),
    ];
    let endpoints =
        vec![called("a.example", "GET", "/users/{user_id}"), orphan("a.example", "POST", "/users")];
    assert_eq!(
        told(found, endpoints),
        [
            "a.example/admin ?: crawl",
            "a.example/health GET: code crawl",
            "a.example/users POST: specification",
            "a.example/users/{id} DELETE: code",
            "a.example/users/{user_id} GET: traffic code crawl",
        ]
    );
}

#[test]
fn code_is_found_under_what_stands_before_it_when_that_is_sure() {
    let shop = || vec![code("shop", "GET", "/users/{id}"), code("shop", "GET", "/orders")];
    let under_api = [
        "a/api/orders GET: traffic code under /api",
        "a/api/users/me GET: traffic code under /api",
        "a/api/users/{id} GET: traffic code under /api",
    ];
    let called_under_api = || {
        vec![
            called("a", "GET", "/api/users/{id}"),
            called("a", "GET", "/api/users/me"),
            called("a", "GET", "/api/orders"),
        ]
    };
    assert_eq!(told(shop(), called_under_api()), under_api);
    // One of two routes is too little, and two places are as good as each other.
    for endpoints in [
        vec![called("a", "GET", "/blog/orders")],
        vec![
            called("a", "GET", "/v1/users/{id}"),
            called("a", "GET", "/v1/orders"),
            called("a", "GET", "/v2/users/{id}"),
            called("a", "GET", "/v2/orders"),
        ],
    ] {
        let lines = told(shop(), endpoints);
        let code: Vec<_> = lines.iter().filter(|line| line.contains("code")).collect();
        assert_eq!(code, ["/orders GET: code", "/users/{id} GET: code"], "{lines:?}");
    }
    // What is not called is listed where what is beside it is.
    let mut found = shop();
    found.push(code("shop", "POST", "/orders"));
    let lines = told(found, called_under_api());
    assert!(lines.contains(&"a/api/orders POST: code under /api".to_owned()), "{lines:?}");
}

#[test]
fn components_are_mounted_apart_and_hosts_of_servers_count() {
    let found = vec![
        code("a", "GET", "/items"),
        code("a", "GET", "/items/{id}"),
        code("b", "GET", "/people"),
        code("b", "GET", "/people/{id}"),
        crawl("c.example", "GET", "/store/items"),
    ];
    let endpoints = vec![
        called("a.example", "GET", "/store/items"),
        called("a.example", "GET", "/store/items/{id}"),
        called("a.example", "GET", "/people"),
        called("a.example", "GET", "/people/{name}"),
    ];
    assert_eq!(
        told(found, endpoints),
        [
            "a.example/people GET: traffic code",
            "a.example/people/{name} GET: traffic code",
            "a.example/store/items GET: traffic code under /store",
            "a.example/store/items/{id} GET: traffic code under /store",
            "c.example/store/items GET: crawl",
        ]
    );
}

#[test]
fn what_takes_everything_is_not_found_everywhere() {
    let found = vec![code("web", "ANY", "/{rest}"), code("web", "GET", "/{slug}")];
    let endpoints = vec![called("a", "GET", "/orders"), called("b", "GET", "/{id}")];
    let lines = told(found, endpoints);
    assert!(lines.contains(&"a/orders GET: traffic".to_owned()), "{lines:?}");
    assert!(lines.contains(&"b/{id} GET: traffic".to_owned()), "{lines:?}");
}

#[test]
fn a_template_of_code_is_learned_only_where_it_is_sure() {
    let known = Discoveries::new(vec![
        code("a", "GET", "/users/{id}"),
        code("a", "GET", "/users/me"),
        code("a", "GET", "/{slug}"),
        code("a", "ANY", "/files/{rest}"),
        crawl("a", "GET", "/people/{id}"),
    ]);
    assert_eq!(known.path_of("GET", &["users", "7"]), Some("/users/{id}"));
    assert_eq!(known.path_of("HEAD", &["users", "7"]), Some("/users/{id}"));
    assert_eq!(known.path_of("GET", &["users", "me"]), Some("/users/me"));
    assert_eq!(known.path_of("POST", &["users", "7"]), None);
    assert_eq!(known.path_of("GET", &["about"]), None, "it fits anything");
    assert_eq!(known.path_of("GET", &["files", "a", "b"]), None, "it takes the rest");
    assert_eq!(known.path_of("GET", &["people", "7"]), None, "a crawl guesses templates");
}

#[test]
fn owners_of_files_own_what_nobody_else_owns() {
    let mut owned = called("a", "GET", "/orders");
    owned.owner = Some("@orders".to_owned());
    let mut endpoints = vec![owned, called("a", "GET", "/users")];
    let found = vec![code("s", "GET", "/orders"), code("s", "GET", "/users")];
    Discoveries::new(found).note(&mut endpoints, &Scope::default(), &Catalog::default());
    let owners: Vec<_> = endpoints.iter().map(|one| one.owner.as_deref()).collect();
    assert_eq!(owners, [Some("@orders"), Some("@team")]);
    assert!(endpoints[1].told.iter().any(|told| told.by == ToldBy::Codeowners));
}

#[test]
fn what_is_beyond_the_limits_is_counted() {
    let long = "/a".repeat(MAX_SEGMENTS + 1);
    let mut found = vec![code("s", "GET", &long)];
    found.extend((0..MAX_LISTED + 3).map(|at| code("s", "GET", &format!("/r{at}"))));
    let known = Discoveries::new(found);
    assert_eq!(known.left_out(), 1);
    let mut endpoints = Vec::new();
    assert_eq!(known.note(&mut endpoints, &Scope::default(), &Catalog::default()), 3);
    assert_eq!(endpoints.len(), MAX_LISTED);
}
