//! `discover crawl` as users meet it, against servers of this test on the loopback address.

use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    command::{bartizan, home, result, run, stderr},
    drive::Lab,
};

/// Longest head of a request.
const HEAD_BYTES: usize = 64 * 1024;

struct Reply {
    status: u16,
    fields: String,
    body: String,
}

fn reply(status: u16, field: &str, body: impl Into<String>) -> Reply {
    let fields = if field.is_empty() { String::new() } else { format!("{field}\r\n") };
    Reply { status, fields, body: body.into() }
}

fn html(body: impl Into<String>) -> Reply {
    reply(200, "content-type: text/html", body)
}

fn json(body: impl Into<String>) -> Reply {
    reply(200, "content-type: application/json", body)
}

fn missing() -> Reply {
    reply(404, "", "nothing here")
}

/// A server that keeps the heads of what it was asked.
struct Site {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Answers by target and head.
    fn start(answer: impl Fn(&str, &str) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("address");
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Some(head) = head(&client) {
                    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    kept.lock().expect("whole").push(head.clone());
                    send(client, &answer(&target, &head));
                }
            }
        });
        Self { address, asked }
    }

    fn with(pages: BTreeMap<&'static str, Reply>) -> Self {
        Self::start(move |target, _| match pages.get(target) {
            Some(Reply { status, fields, body }) => {
                Reply { status: *status, fields: fields.clone(), body: body.clone() }
            }
            None => missing(),
        })
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("whole").clone()
    }

    fn targets(&self) -> Vec<String> {
        let target = |head: &String| head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked().iter().map(target).collect()
    }
}

fn head(mut client: &TcpStream) -> Option<String> {
    client.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn send(mut client: TcpStream, reply: &Reply) {
    let Reply { status, fields, body } = reply;
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} x\r\n{fields}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _ = client.write_all(head.as_bytes());
    let _ = client.write_all(body.as_bytes());
}

/// Method, path, status and where each route is known from.
fn told(found: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let routes = found["routes"].as_array().expect("routes").iter();
    routes
        .map(|route| {
            let known = route["known_by"].as_array().expect("a list").iter().map(text);
            let known: Vec<String> = known.collect();
            let status = route["status"].as_u64().map_or("-".to_owned(), |s| s.to_string());
            let (method, path) = (text(&route["method"]), text(&route["path"]));
            format!("{method} {path} {status} {}", known.join("+"))
        })
        .collect()
}

/// A shop whose documentation is on another server.
fn shop(elsewhere: SocketAddr) -> Site {
    const SCRIPT: &str = "fetch('/api/v1/orders').then(r => r.json());\n\
        axios.post(`/api/v1/orders/${id}/cancel`, {});\n//# sourceMappingURL=app.js.map\n";
    const MAP: &str = r#"{"version":3,"sources":["src/users.ts"],"mappings":"AAAA",
        "sourcesContent":["export const remove = (id: string) => http.delete(`/api/v1/users/${id}`)"]}"#;
    const SPEC: &str = r#"{"openapi":"3.1.0","info":{"title":"Shop","version":"1"},
        "servers":[{"url":"/api/v1"}],"paths":{"/orders":{"get":{"responses":{}}}}}"#;
    Site::start(move |target, head| match target {
        "/" => {
            let repeated = head.lines().find(|line| line.starts_with("authorization"));
            let repeated = repeated.unwrap_or_default();
            html(format!("<html><p>{repeated}</p><script src=/static/app.js></script>"))
        }
        "/robots.txt" => {
            reply(200, "content-type: text/plain", "User-agent: *\nDisallow: /internal\n")
        }
        "/static/app.js" => reply(200, "content-type: text/javascript", SCRIPT),
        "/static/app.js.map" => json(MAP),
        "/openapi.json" => json(SPEC),
        "/docs" => reply(302, &format!("location: http://{elsewhere}/docs"), ""),
        _ => missing(),
    })
}

#[test]
fn routes_of_a_site_are_found_and_nobody_else_is_asked() {
    let home = home();
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    other.set_nonblocking(true).expect("set");
    let elsewhere = other.local_addr().expect("address");
    let shop = shop(elsewhere);
    let url = shop.url();
    let arguments = [
        "discover",
        "crawl",
        &url,
        "--rate",
        "100",
        "--format",
        "json",
        "--capture",
        "seen.jsonl",
        "--header",
        "Authorization: Bearer s3cret-token-1",
    ];
    let found = result(&home, &arguments);
    assert_eq!(
        told(&found),
        [
            "GET /api/v1/orders - specification+script",
            "POST /api/v1/orders/{id}/cancel - script",
            "DELETE /api/v1/users/{id} - source_map",
            "? /internal - robots",
        ]
    );
    let kinds: Vec<&str> = found["documents"]
        .as_array()
        .expect("list")
        .iter()
        .filter_map(|d| d["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["openapi", "source_map", "robots"]);
    assert_eq!(found["elsewhere"]["origins"][0], format!("http://{elsewhere}"));
    assert_eq!(found["ended_by"], Value::Null);
    // Only this server, only GET, by name, and what robots.txt keeps to itself is left alone.
    assert!(other.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
    let asked = shop.asked();
    assert_eq!(found["summary"]["requests"], asked.len());
    let host = format!("host: {}\r\n", shop.address);
    for head in &asked {
        assert!(head.starts_with("GET /") && head.contains(&host), "{head}");
        assert!(head.contains("user-agent: bartizan/"), "{head}");
    }
    assert_eq!(shop.targets().first().map(String::as_str), Some("/robots.txt"));
    assert!(!shop.targets().iter().any(|target| target.starts_with("/internal")));
    // Credentials go to the server and nowhere else, although it repeats them.
    assert!(asked.iter().all(|head| head.contains("s3cret-token-1")));
    let captured = fs::read_to_string(home.path().join("seen.jsonl")).expect("captured");
    assert!(!captured.contains("s3cret-token-1") && !found.to_string().contains("s3cret-token-1"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::metadata(home.path().join("seen.jsonl")).expect("there");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
    let analysis = result(&home, &["analyze", "seen.jsonl", "--no-report", "--format", "json"]);
    assert_eq!(analysis["input"]["exchanges"], asked.len());
}

#[test]
fn text_and_csv_tell_the_same() {
    let home = home();
    let elsewhere: SocketAddr = "127.0.0.1:9".parse().expect("an address");
    let url = shop(elsewhere).url();
    let output = run(&home, &["discover", "crawl", &url, "--rate", "100"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("4 routes and 3 documents"), "{text}");
    assert!(text.contains("OpenAPI") && text.contains("/internal"), "{text}");
    let output = run(&home, &["discover", "crawl", &url, "--rate", "100", "--format", "csv"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[test]
fn a_hostile_site_leads_nowhere_and_does_not_reach_the_terminal() {
    let home = home();
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    other.set_nonblocking(true).expect("set");
    let away = other.local_addr().expect("address");
    let links: String = [
        "javascript:fetch('/x')".to_owned(),
        "data:text/html,<a href=/y>".to_owned(),
        format!("//{away}/a"),
        format!("http://{away}/b"),
        format!("\\\\{away}\\c"),
        format!("http://127.0.0.1@{away}/d"),
        "/\u{1b}[2Jred".to_owned(),
        "/api/\u{202e}txt".to_owned(),
        format!("/{}", "long".repeat(4_000)),
    ]
    .iter()
    .map(|link| format!("<a href=\"{link}\">x</a><form method=post action=\"{link}\"></form>\n"))
    .collect();
    let script = format!(
        "fetch('http://{away}/e'); fetch('/api/\u{1b}[31m'); fetch('//{away}/f'); import('//{away}/g.js')"
    );
    let spec = "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"a\",\"version\":\"1\"},\
        \"paths\":{\"/api/\\u001b[31mred\":{\"get\":{\"responses\":{}}}}}";
    let pages = BTreeMap::from([
        (
            "/",
            html(format!(
                "<html>{links}<script>{script}</script><script src=//{away}/h.js></script>"
            )),
        ),
        (
            "/robots.txt",
            reply(200, "", format!("Sitemap: http://{away}/s.xml\nDisallow: /\u{1b}[31m")),
        ),
        ("/openapi.json", json(spec)),
        ("/redoc", reply(301, &format!("location: //{away}/docs"), "")),
        ("/docs", reply(302, "location: /docs", "")),
        ("/api", reply(200, "content-type: application/json", "[".repeat(200_000))),
        ("/v1", html("<a ".repeat(100_000))),
    ]);
    let site = Site::with(pages);
    let output = run(&home, &["discover", "crawl", &site.url(), "--rate", "100"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert!(text.contains(&format!("http://{away}")), "{text}");
    assert!(other.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
    for target in site.targets() {
        assert!(target.starts_with('/') && target.len() < 3_000, "{target}");
        assert!(!["/a", "/b", "/c", "/d", "/e", "/f", "/g.js", "/h.js"].contains(&target.as_str()));
    }
}

/// A site without end: every page links to twenty others.
fn endless() -> Site {
    Site::start(|target, _| {
        let links: String = (0..20).map(|i| format!("<a href='{target}/x{i}'>x</a>")).collect();
        html(format!("<html>{}", links.replace("'//", "'/")))
    })
}

#[test]
fn requests_and_time_are_limited() {
    let home = home();
    let site = endless();
    let url = site.url();
    let arguments =
        ["discover", "crawl", &url, "--format", "json", "--max-requests", "90", "--rate", "100"];
    let found = result(&home, &arguments);
    assert_eq!(found["ended_by"], "max_requests");
    assert_eq!(site.asked().len(), 90);
    assert_eq!(found["summary"]["answers_everything"], true);
    let begin = Instant::now();
    let found =
        result(&home, &["discover", "crawl", &url, "--format", "json", "--max-seconds", "2"]);
    assert_eq!(found["ended_by"], "max_seconds");
    assert!(begin.elapsed() < Duration::from_secs(10));
    // Five a second, unless more is wanted.
    let requests = found["summary"]["requests"].as_u64().expect("a number");
    assert!((1..=12).contains(&requests), "{requests}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_with_what_was_found() {
    let home = home();
    let site = endless();
    let child = bartizan(&home)
        .args(["discover", "crawl", &site.url(), "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let begin = Instant::now();
    while site.asked().len() < 3 {
        assert!(begin.elapsed() < Duration::from_secs(20), "asks for nothing");
        thread::sleep(Duration::from_millis(20));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill starts").success());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["ended_by"], "interrupted");
}

#[test]
fn wrong_targets_and_silent_ones_have_exit_codes_of_their_own() {
    let home = home();
    let code = |arguments: &[&str]| run(&home, arguments).status.code();
    for url in ["shop.example", "ftp://127.0.0.1/", "http://", "http://user:s3cret@127.0.0.1/"] {
        let output = run(&home, &["discover", "crawl", url]);
        assert_eq!(output.status.code(), Some(2), "{url}");
        assert!(!stderr(&output).contains("s3cret"), "{}", stderr(&output));
    }
    assert_eq!(code(&["discover", "crawl"]), Some(2));
    for (name, value) in
        [("--rate", "0"), ("--rate", "x"), ("--max-requests", "0"), ("--header", "Host: a")]
    {
        assert_eq!(
            code(&["discover", "crawl", "http://127.0.0.1:9/", name, value]),
            Some(2),
            "{name}"
        );
    }
    // Addresses at which clouds give credentials to their machines are no targets.
    assert_eq!(code(&["discover", "crawl", "http://169.254.169.254/"]), Some(2));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("address");
    drop(listener);
    let output = run(&home, &["discover", "crawl", &format!("http://{address}/"), "--rate", "100"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("never answered"), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_grpc_server_is_asked_what_it_offers() {
    let home = home();
    let lab = Lab::start(&home);
    let mut arguments =
        vec!["discover", "crawl", lab.url(), "--rate", "100", "--max-requests", "20"];
    arguments.extend(["--format", "json", "--grpc", "--descriptors", "lab.binpb"]);
    arguments.extend(["--capture", "asked.jsonl"]);
    let found = result(&home, &arguments);
    let routes = told(&found);
    for method in ["Tracking/GetContainer", "Tracking/ListEvents", "Release/ReleaseContainer"] {
        let route = format!("POST /quayside.v1.{method} - specification");
        assert!(routes.contains(&route), "{route}: {routes:#?}");
    }
    let documents = found["documents"].as_array().expect("list");
    let reflection = documents.iter().find(|one| one["kind"] == "grpc").expect("reflection");
    assert_eq!(reflection["operations"], 3);
    let asked = fs::read_to_string(home.path().join("asked.jsonl")).expect("a capture");
    let asked = asked.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let asked: Vec<_> = asked.filter(|one| one["protocol"] == "grpc").collect();
    assert!(asked.len() >= 2, "the list, and files: {asked:?}");
    assert!(asked.iter().all(|one| one["request"]["http_version"] == "2"), "{asked:?}");
    // What it told is a specification for the rest of the program.
    fs::write(home.path().join("none.jsonl"), CALLED).expect("written");
    let arguments =
        ["analyze", "none.jsonl", "--no-report", "--format", "json", "--spec", "lab.binpb"];
    let analysis = result(&home, &arguments);
    assert_eq!(
        analysis["summary"]["specs"][0]["operations"], 3,
        "{:#}",
        analysis["summary"]["specs"]
    );
}

/// One exchange, so that there is something to analyse.
const CALLED: &str =
    r#"{"request":{"method":"GET","url":"http://other.example/"},"response":{"status":200}}"#;

#[test]
fn a_server_without_grpc_is_crawled_all_the_same() {
    let home = home();
    let elsewhere: SocketAddr = "127.0.0.1:9".parse().expect("an address");
    let url = shop(elsewhere).url();
    let found =
        result(&home, &["discover", "crawl", &url, "--rate", "100", "--format", "json", "--grpc"]);
    assert_eq!(told(&found).len(), 4);
    assert_eq!(found["left_out"]["grpc_not_answered"], 1);
}

#[test]
fn secrets_in_scripts_fail_a_crawl_that_is_told_to() {
    let home = home();
    let site = Site::start(|target, _| match target {
        "/" => html("<script src=/a.js></script>"),
        "/a.js" => reply(
            200,
            "content-type: text/javascript",
            "let a;\nconst key = 'AKIAQ3EGRN7XWLZP5TB2';",
        ),
        _ => missing(),
    });
    let url = site.url();
    let crawl = ["discover", "crawl", &url, "--rate", "100"];
    let output = run(&home, &crawl);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("BZ-C029") && text.contains("/a.js:2"), "{text}");
    assert!(!text.contains("AKIAQ3EGRN7XWLZP5TB2"), "{text}");
    let output = run(&home, &[&crawl[..], &["--fail-on", "high"]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let output = run(&home, &[&crawl[..], &["--fail-on", "critical"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
