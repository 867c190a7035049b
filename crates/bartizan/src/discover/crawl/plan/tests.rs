use bartizan_model::{HashKey, Scope};

use super::{super::Route, *};

/// A site: status, header fields and body by target.
#[derive(Default)]
struct Site(BTreeMap<String, Answer>);

impl Site {
    fn with(mut self, target: &str, media: &str, body: &str) -> Self {
        self.0.insert(target.to_owned(), answer(200, &[("content-type", media)], body));
        self
    }

    fn status(mut self, target: &str, status: u16) -> Self {
        self.0.insert(target.to_owned(), answer(status, &[], ""));
        self
    }

    fn redirect(mut self, target: &str, location: &str) -> Self {
        self.0.insert(target.to_owned(), answer(302, &[("location", location)], ""));
        self
    }

    /// Crawls it. What it has not is answered by `missing`.
    fn crawl(&self, options: Options, missing: impl Fn(&str) -> Answer) -> (Crawled, Vec<String>) {
        let (origin, begin) = Origin::parse("https://shop.example/").expect("a URL");
        let snapshot = Snapshot::new(Scope::default(), HashKey::new([5; 32]));
        let mut plan = Plan::new(origin, &begin, options).searching(Arc::new(snapshot));
        let mut asked = Vec::new();
        while let Some(ask) = plan.next_ask() {
            assert!(ask.target.starts_with('/') && !ask.target.contains(['\r', '\n', ' ', '#']));
            asked.push(format!("{} {}", ask.method(), ask.target));
            assert!(asked.len() < 5_000, "has no end");
            let answer = match self.0.get(&ask.target) {
                Some(answer) => answer.clone(),
                None => missing(&ask.target),
            };
            if let Some(reading) = plan.answer(&ask, &answer) {
                plan.take(reading.read());
            }
        }
        (plan.finish(), asked)
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = headers.iter().copied().collect();
    Answer { status, headers, body: body.as_bytes().to_vec().into(), is_cut: false }
}

fn missing(_: &str) -> Answer {
    answer(404, &[], "not found")
}

fn options() -> Options {
    Options {
        reach: Reach::Site,
        max_requests: 500,
        graphql: false,
        ignore_robots: false,
        probe: "none-such".to_owned(),
    }
}

fn told(routes: &[Route]) -> Vec<String> {
    let one = |route: &Route| {
        let known: Vec<&str> = route.known_by.iter().map(|by| by.as_str()).collect();
        let status = route.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        format!("{} {} {status} {}", route.method, route.path, known.join("+"))
    };
    routes.iter().map(one).collect()
}

#[test]
fn a_site_is_read_from_its_page_to_its_sources() {
    let site = Site::default()
        .with("/", "text/html", "<a href=/about>a</a><a href='/data/items'>b</a><script src=/a.js></script>")
        .with("/about", "text/html", "<form method=post action=/contact></form>")
        .with("/data/items", "application/json", "[]")
        .with("/a.js", "text/javascript", "fetch('/api/orders')\n//# sourceMappingURL=a.js.map")
        .with(
            "/a.js.map",
            "application/json",
            r#"{"version":3,"sources":["a.ts"],"sourcesContent":["put(x); http.put(`/api/orders/${id}`)"],"mappings":""}"#,
        )
        .with(
            "/openapi.json",
            "application/json",
            r#"{"openapi":"3.1.0","info":{"title":"a","version":"1"},"paths":{"/api/orders":{"get":{"responses":{}}}}}"#,
        )
        .status("/api/v1", 401);
    let (found, asked) = site.crawl(options(), missing);
    assert_eq!(
        told(&found.routes),
        [
            "GET /api/orders - specification+script",
            "PUT /api/orders/{id} - source_map",
            "GET /api/v1 401 answer",
            "POST /contact - page",
            "GET /data/items 200 page+answer",
        ]
    );
    let kinds: Vec<DocumentKind> = found.documents.iter().map(|document| document.kind).collect();
    assert_eq!(kinds, [DocumentKind::Openapi, DocumentKind::SourceMap]);
    assert_eq!((found.summary.pages, found.ended_by), (2, None));
    assert_eq!(asked.first().map(String::as_str), Some("GET /robots.txt"));
    assert!(!asked.iter().any(|ask| ask.contains("/api/orders")), "routes are not called");
    assert_eq!(found.summary.requests, asked.len() as u64);
}

#[test]
fn nothing_leads_to_another_host() {
    let links: String = [
        "https://other.example/a",
        "//other.example/b",
        "http://shop.example/c",
        "https://shop.example:8443/d",
        "https://shop.example@evil.example/e",
        "javascript:alert(1)",
        "data:text/html,<a href=/f>",
        "\\\\other.example/g",
        "/\\other.example/h",
        "mailto:a@b.example",
        "https://shop.example.evil.example/i",
    ]
    .iter()
    .map(|link| format!("<a href=\"{link}\">x</a><script src=\"{link}\"></script>"))
    .collect();
    let site = Site::default()
        .with("/", "text/html", &links)
        .with("/robots.txt", "text/plain", "Sitemap: https://maps.example/sitemap.xml")
        .redirect("/docs", "https://docs.example/")
        .redirect("/redoc", "/docs/")
        .with("/docs/", "text/html", "<redoc spec-url='//spec.example/openapi.json'>");
    let (found, asked) = site.crawl(options(), missing);
    let expected = [
        "http://shop.example",
        "https://docs.example",
        "https://evil.example",
        "https://maps.example",
        "https://other.example",
        "https://shop.example.evil.example",
        "https://shop.example:8443",
        "https://spec.example",
    ];
    assert_eq!(found.elsewhere.origins, expected);
    assert!(found.elsewhere.count >= expected.len() as u64);
    for end in ["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i"] {
        assert!(!asked.contains(&format!("GET {end}")), "{end}");
    }
    assert!(asked.contains(&"GET /docs/".to_owned()));
}

#[test]
fn the_budget_ends_it_and_endless_sites_end() {
    let endless = |target: &str| {
        let links: String = (0..20).map(|i| format!("<a href='{target}x{i}/'>x</a>")).collect();
        answer(
            200,
            &[("content-type", "text/html")],
            &format!("<html>{}", links.replace("//", "/")),
        )
    };
    let few = Options { max_requests: 150, ..options() };
    let (found, asked) = Site::default().crawl(few, endless);
    assert_eq!((asked.len(), found.ended_by), (150, Some(Limit::MaxRequests)));
    assert!(found.summary.not_asked > 0);
    // The same path with other queries, and redirects in a circle.
    let site = Site::default().redirect("/docs", "/docs?1").redirect("/docs?1", "/docs?2").with(
        "/",
        "text/html",
        &(0..50).map(|page| format!("<a href='/list?page={page}'>x</a>")).collect::<String>(),
    );
    let (found, asked) = site.crawl(options(), missing);
    assert_eq!(asked.iter().filter(|ask| ask.contains("/list?")).count(), usize::from(MAX_QUERIES));
    assert_eq!((found.ended_by, found.left_out.get("same_path")), (None, Some(&46)));
}

#[test]
fn a_server_that_answers_everything_has_nothing_of_the_lists() {
    let page = |_: &str| {
        answer(200, &[("content-type", "text/html")], "<html><script src=/a.js></script>")
    };
    let site = Site::default().with("/a.js", "text/javascript", "axios.get('/api/orders')").with(
        "/v3/api-docs",
        "application/json",
        r#"{"openapi":"3.0.1","info":{},"paths":{}}"#,
    );
    let (found, _) = site.crawl(options(), page);
    assert!(found.summary.answers_everything);
    assert_eq!(told(&found.routes), ["GET /api/orders - script"]);
    assert_eq!(found.documents.len(), 1);
    // The same with a refusal for everything, and with another one below `/api/`.
    let refuse =
        |target: &str| answer(if target.starts_with("/api/") { 403 } else { 401 }, &[], target);
    let (found, _) = Site::default().status("/api", 403).crawl(options(), refuse);
    assert_eq!(told(&found.routes), ["GET /api 403 answer"]);
}

#[test]
fn robots_txt_is_obeyed_unless_it_is_only_information() {
    let robots = "User-agent: *\nDisallow: /internal\nDisallow: /*.cgi$\nSitemap: /map.xml";
    let site = Site::default()
        .with("/robots.txt", "text/plain", robots)
        .with(
            "/map.xml",
            "application/xml",
            "<urlset><loc>/internal/a</loc><loc>/open/b</loc></urlset>",
        )
        .with("/open/b", "application/json", "{}")
        .with("/internal", "application/json", "{\"a\":1}")
        .with("/internal/a", "application/json", "{\"a\":2}");
    let (found, asked) = site.crawl(options(), missing);
    assert!(!asked.iter().any(|ask| ask.contains("/internal")));
    assert_eq!(found.left_out.get("robots"), Some(&1));
    assert_eq!(found.hints.len(), 2);
    assert_eq!(
        told(&found.routes),
        ["? /internal - robots", "GET /internal/a - sitemap", "GET /open/b 200 sitemap+answer",]
    );
    let (found, asked) = site.crawl(Options { ignore_robots: true, ..options() }, missing);
    assert!(asked.contains(&"GET /internal".to_owned()));
    assert!(told(&found.routes).contains(&"GET /internal 200 robots+answer".to_owned()));
    // Rules that cannot be read may forbid everything.
    let broken =
        Site::default().status("/robots.txt", 503).with("/", "text/html", "<a href=/x>x</a>");
    let (found, asked) = broken.crawl(options(), missing);
    assert!(!asked.contains(&"GET /x".to_owned()));
    assert_eq!(found.left_out.get("robots_not_readable"), Some(&1));
}

#[test]
fn links_that_may_do_something_are_not_followed_and_graphql_is_asked_when_wanted() {
    let site = Site::default()
        .with("/", "text/html", "<a href=/logout>x</a><a href='/orders/1?do=delete'>y</a>")
        .status("/graphql", 400);
    let (found, asked) = site.crawl(options(), missing);
    assert!(!asked.iter().any(|ask| ask.contains("logout") || ask.contains("delete")));
    assert_eq!(found.left_out.get("may_act"), Some(&2));
    assert_eq!(found.left_out.get("graphql"), Some(&1));
    assert!(asked.iter().all(|ask| ask.starts_with("GET ")));
    let (_, asked) = site.crawl(Options { graphql: true, ..options() }, missing);
    let posts: Vec<&String> = asked.iter().filter(|ask| ask.starts_with("POST ")).collect();
    assert_eq!(posts, ["POST /graphql"]);
}

#[test]
fn a_server_that_does_not_answer_is_left_alone() {
    let (origin, begin) = Origin::parse("https://shop.example").expect("a URL");
    let mut plan = Plan::new(origin, &begin, options());
    while let Some(ask) = plan.next_ask() {
        plan.failed(&ask);
    }
    let found = plan.finish();
    assert_eq!((found.summary.requests, found.summary.answered), (u64::from(MAX_FAILURES), 0));
    assert_eq!(found.ended_by, Some(Limit::NoAnswer));
    // Bytes are a budget too.
    let (origin, begin) = Origin::parse("https://shop.example").expect("a URL");
    let mut plan = Plan::new(origin, &begin, options());
    let body = vec![b'x'; MAX_BODY_BYTES];
    while let Some(ask) = plan.next_ask() {
        assert!(plan.room() <= MAX_BODY_BYTES);
        let body = body.get(..plan.room()).expect("room").to_vec().into();
        let answer = Answer { status: 403, body, is_cut: true, ..Answer::default() };
        assert!(plan.answer(&ask, &answer).is_none());
    }
    let found = plan.finish();
    assert_eq!(found.ended_by, Some(Limit::MaxBytes));
    assert_eq!(found.summary.bytes, MAX_TOTAL_BYTES as u64);
}

#[test]
fn a_short_plan_asks_for_a_few_paths_and_for_specifications_that_are_named() {
    let site = Site::default()
        .with("/docs", "text/html", "<redoc spec-url='/v9/spec.json'></redoc><a href=/x>x</a><script src=/a.js></script>")
        .with(
            "/v9/spec.json",
            "application/json",
            r#"{"openapi":"3.1.0","info":{"title":"a","version":"1"},"paths":{"/orders":{"get":{"responses":{}}}}}"#,
        )
        .redirect("/api", "/x");
    let (found, asked) = site.crawl(Options { reach: Reach::Documents, ..options() }, missing);
    assert_eq!(told(&found.routes), ["GET /orders - specification"]);
    assert!(!asked.iter().any(|ask| ask.ends_with("/a.js") || ask.ends_with("/sitemap.xml")));
    assert!(asked.contains(&"GET /v9/spec.json".to_owned()) && asked.len() < 30, "{asked:?}");
}

#[test]
fn what_was_not_read_when_it_ended_is_counted() {
    let (origin, begin) = Origin::parse("https://shop.example").expect("a URL");
    let mut plan = Plan::new(origin, &begin, options());
    let page = answer(200, &[("content-type", "text/html")], "<html>");
    let reading = plan.answer(&Ask::root("/"), &page).expect("something to read");
    assert_eq!(plan.finish().left_out.get("not_read"), Some(&1));
    assert!(reading.read().finds.is_html);
}

#[test]
fn secrets_in_scripts_are_findings() {
    let script = "x.apiKey = 'AKIAQ3EGRN7XWLZP5TB2';\nx.again = 'AKIAQ3EGRN7XWLZP5TB2';\n";
    let site = Site::default()
        .with("/", "text/html", "<script src=/a.js></script><script src=/b.js></script>")
        .with("/a.js", "text/javascript", script)
        .with("/b.js", "text/javascript", "x.apiKey = window.key;");
    let (found, _) = site.crawl(options(), missing);
    let notes: Vec<&str> =
        found.findings.iter().map(|one| one.finding.evidence[0].note.as_str()).collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].starts_with("https://shop.example/a.js:"), "{notes:?}");
    assert!(found.findings.iter().all(|one| one.finding.code == "BZ-C029"));
    let told = serde_json::to_string(&found).expect("JSON");
    assert!(!told.contains("AKIAQ3EGRN7XWLZP5TB2"), "never in the clear");
}
