//! Debugging and management endpoints that answer.

use bartizan_model::{
    Attack, BodyState, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Status,
    finding::Failure,
};
use bartizan_protocols::Format;

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get, send},
    scope::{self, Answer},
    subject::Reach,
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C023",
        name: "debug-endpoint-exposed",
        title: "Debugging or management endpoint answers",
        severity: Severity::High,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(489), Cwe(215), Cwe(749)],
        attack: &[Attack("T1595.003")],
        inputs: &[Input::RequestHead, Input::Status, Input::ResponseBody],
        what: "Fails when a well-known debugging or management path (Spring actuator, Go pprof, PHP info, \
               server status, profilers, consoles, `.env`, `.git`, metrics) or the method TRACE is \
               answered with success, in the form that the tool answers with. Pages that single-page \
               applications send for every path pass. Metrics are low and on private hosts do not apply.",
        why: "These answers show configuration, memory, secrets and other users' requests, and some of \
              them change the running system.",
        fix: "Bind management endpoints to a separate listener that outsiders cannot reach, require \
              authentication, and block these paths at the front server.",
        references: &["RFC 9110 section 9.3.8", "Spring Boot actuator: exposing endpoints"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("the environment of a Spring application", Expected::Fail, || {
            let body = r#"{"activeProfiles":["prod"],"propertySources":[]}"#;
            get("https://api.example.com/actuator/env").json(200, body).one()
        }),
        example("a file with secrets", Expected::Fail, || {
            get("https://api.example.com/.env")
                .answer(200, "text/plain", "DB_HOST=db\nDB_PORT=5432\n")
                .one()
        }),
        example("TRACE echoes the request", Expected::Fail, || {
            let answer = send("TRACE", "https://api.example.com/v1/x");
            answer.answer(200, "message/http", "TRACE /v1/x HTTP/1.1\r\n").one()
        }),
        example("refused", Expected::Pass, || {
            get("https://api.example.com/actuator/env").json(403, "{}").one()
        }),
        example("a page for every path", Expected::Pass, || {
            let page = "<!doctype html><html><body><div id=app></div></body></html>";
            get("https://www.example.com/.env").answer(200, "text/html", page).one()
        }),
        example("health is meant to be asked", Expected::NotApplicable, || {
            get("https://api.example.com/actuator/health").json(200, r#"{"status":"UP"}"#).one()
        }),
        example(
            "an access log cannot tell the page for every path",
            Expected::NotEvaluated,
            || get("/actuator/env").logged(200).one(),
        ),
    ],
};

/// Paths (as they end), what they are, and whether the tool answers with a page.
const PATHS: &[(&str, &str, bool)] = &[
    ("/actuator/env", "the environment of a Spring application", false),
    ("/actuator/heapdump", "a heap dump of a Spring application", false),
    ("/actuator/threaddump", "a thread dump of a Spring application", false),
    ("/actuator/beans", "the beans of a Spring application", false),
    ("/actuator/configprops", "the configuration of a Spring application", false),
    ("/actuator/mappings", "the routes of a Spring application", false),
    ("/actuator/loggers", "the loggers of a Spring application", false),
    ("/actuator/httptrace", "requests of a Spring application", false),
    ("/actuator/httpexchanges", "requests of a Spring application", false),
    ("/actuator/jolokia", "JMX over HTTP", false),
    ("/jolokia/list", "JMX over HTTP", false),
    ("/debug/vars", "variables of a Go program", false),
    ("/debug/pprof/", "the profiler of a Go program", true),
    ("/debug/pprof/heap", "the profiler of a Go program", false),
    ("/debug/pprof/goroutine", "the profiler of a Go program", false),
    ("/server-status", "the status page of a web server", true),
    ("/server-info", "the information page of a web server", true),
    ("/nginx_status", "the status page of a web server", false),
    ("/phpinfo.php", "the configuration of PHP", true),
    ("/info.php", "the configuration of PHP", true),
    ("/.env", "a file with settings", false),
    ("/.env.production", "a file with settings", false),
    ("/.git/config", "a source repository", false),
    ("/.git/head", "a source repository", false),
    ("/.svn/entries", "a source repository", false),
    ("/_profiler/phpinfo", "the profiler of a Symfony application", true),
    ("/elmah.axd", "the error log of an ASP.NET application", true),
    ("/trace.axd", "the trace of an ASP.NET application", true),
    ("/h2-console/login.do", "a database console", true),
    ("/telescope/requests", "the debugger of a Laravel application", true),
    ("/_ignition/health-check", "the debugger of a Laravel application", false),
    ("/__debug__/", "a debug toolbar", true),
    ("/console/", "a debugger console", true),
    ("/metrics", "metrics", false),
    ("/actuator/prometheus", "metrics", false),
];

fn look(subject: &Subject<'_>) -> Answer {
    let request = &subject.exchange.request;
    if request.method == "TRACE" {
        let response = scope::response(subject)?;
        return Ok(if response.is_success() {
            Outcome::fail(scope::note(subject, "the server answers TRACE with success"))
        } else {
            Outcome::Pass
        });
    }
    let known = PATHS.iter().find(|(end, ..)| ends_with(subject.path, end));
    let Some((end, what, page)) = known else { return Err(Outcome::NotApplicable) };
    let metrics = *what == "metrics";
    let public = subject.reach == Reach::Public;
    scope::applies(!metrics || public && !subject.is_authenticated)?;
    if metrics {
        scope::request_head(subject)?;
    }
    let response = scope::response(subject)?;
    if !response.is_success() {
        return Ok(Outcome::Pass);
    }
    if response.body_state == BodyState::NotCaptured {
        return Err(Outcome::NotEvaluated(Input::ResponseBody));
    }
    let format = subject.decoded.response_format;
    let is_page = format == Format::Html;
    // A tool that answers with data is not there when a page or nothing comes back; a tool that
    // answers with a page names itself in it.
    let marked = !page || has_mark(&response.body);
    let own_metrics = !metrics || starts_like_metrics(&response.body);
    if response.body.is_empty() || (is_page && !page) || !marked || !own_metrics {
        return Ok(Outcome::Pass);
    }
    Ok(Outcome::Fail(Box::new(Failure {
        severity: metrics.then_some(Severity::Low),
        evidence: vec![scope::note(subject, format!("{end} answers with success: {what}"))],
        ..Failure::default()
    })))
}

/// Whether a path ends so, in any case. What it ends with begins with a slash.
fn ends_with(path: &str, end: &str) -> bool {
    let tail = path.len().checked_sub(end.len()).and_then(|at| path.as_bytes().get(at..));
    let begins = |tail: &&[u8]| tail.first() == end.as_bytes().first();
    tail.filter(begins).is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

/// Words by which tools with pages name themselves, in the first 64 KiB.
fn has_mark(body: &[u8]) -> bool {
    const MARKS: &[&str] = &[
        "phpinfo()",
        "PHP Version",
        "Apache Server Status",
        "Apache Status",
        "Server Version:",
        "Server Information",
        "/debug/pprof/",
        "ELMAH",
        "Error Log for",
        "Application Trace",
        "H2 Console",
        "Telescope",
        "Symfony Profiler",
        "Werkzeug",
        "Interactive Console",
        "Debug Toolbar",
    ];
    let text = String::from_utf8_lossy(body.get(..65_536).unwrap_or(body));
    MARKS.iter().any(|mark| text.contains(mark))
}

/// The Prometheus text form begins with a comment or a sample.
fn starts_like_metrics(body: &[u8]) -> bool {
    body.starts_with(b"# HELP") || body.starts_with(b"# TYPE")
}
