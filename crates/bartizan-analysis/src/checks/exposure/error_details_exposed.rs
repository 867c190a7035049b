//! Stack traces and database errors in responses.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use bartizan_model::{
    Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Outcome, Owasp, Severity, Side, Status,
    finding::Failure,
};
use bartizan_protocols::{Format, Value};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get},
    scope::{self, Answer},
    words::has_one_of,
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C013",
        name: "error-details-exposed",
        title: "Error answer shows a stack trace or database error",
        severity: Severity::Medium,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(209), Cwe(497)],
        attack: &[Attack("T1592")],
        inputs: &[Input::Status, Input::ResponseBody],
        what: "Fails when an answer with status 400 or more, or a field of an answer named like a stack \
               trace, holds the marks of a stack trace (Java, .NET, Python, Ruby, PHP, Node, Go, Rust) \
               or of a database driver's error. Successful pages that write about errors do not count.",
        why: "Paths, versions and statements tell an attacker what to try next, and where input reaches \
              the database.",
        fix: "Answer with problem details (RFC 9457) without internals and an id, and write the trace to \
              the server's log under that id.",
        references: &["RFC 9457 section 5", "OWASP API8:2023"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("a statement that failed", Expected::Fail, || {
            let body = r#"{"error":"You have an error in your SQL syntax; check the manual"}"#;
            get("https://api.example.com/v1/orders?sort=x'").json(500, body).one()
        }),
        example("a trace in a page", Expected::Fail, || {
            let body = "<pre>Traceback (most recent call last):\n File \"/srv/app.py\"</pre>";
            get("https://api.example.com/v1/orders").answer(500, "text/html", body).one()
        }),
        example("a field with the trace, status 200", Expected::Fail, || {
            let body = r#"{"ok":false,"stackTrace":"java.lang.NullPointerException\n\tat com.example.A.b(A.java:7)"}"#;
            get("https://api.example.com/v1/orders").json(200, body).one()
        }),
        example("problem details", Expected::Pass, || {
            let body = r#"{"type":"about:blank","title":"Internal error","instance":"/e/7"}"#;
            get("https://api.example.com/v1/orders").json(500, body).one()
        }),
        example("a success that writes about errors", Expected::Pass, || {
            let body = r#"{"title":"What does Traceback (most recent call last) mean?"}"#;
            get("https://api.example.com/v1/questions/7").json(200, body).one()
        }),
        example("an access log has no body", Expected::NotEvaluated, || {
            get("/api/v1/orders").logged(500).one()
        }),
    ],
};

/// Marks and what they are marks of.
const MARKS: &[(&str, &str)] = &[
    ("Traceback (most recent call last)", "a Python stack trace"),
    ("\tat java.", "a Java stack trace"),
    ("\tat org.", "a Java stack trace"),
    ("\tat com.", "a Java stack trace"),
    ("\tat sun.", "a Java stack trace"),
    ("at org.springframework.", "a Java stack trace"),
    ("java.lang.NullPointerException", "a Java exception"),
    ("java.sql.SQL", "a Java database error"),
    ("org.hibernate.", "a Java database error"),
    ("Exception in thread \"", "a Java stack trace"),
    ("   at System.", "a .NET stack trace"),
    ("   at Microsoft.", "a .NET stack trace"),
    ("System.NullReferenceException", "a .NET exception"),
    ("System.Data.SqlClient.", "a .NET database error"),
    ("(node:internal/", "a Node.js stack trace"),
    ("/node_modules/", "a Node.js stack trace"),
    ("goroutine 1 [running]", "a Go stack trace"),
    ("runtime/debug.Stack(", "a Go stack trace"),
    ("thread 'main' panicked at", "a Rust panic"),
    ("PHP Fatal error:", "a PHP error"),
    ("Fatal error</b>:", "a PHP error"),
    ("Stack trace:\n#0 ", "a PHP stack trace"),
    ("Uncaught PDOException", "a PHP database error"),
    (".rb:in `", "a Ruby stack trace"),
    ("ActiveRecord::", "a Ruby database error"),
    ("ActionController::", "a Ruby exception"),
    ("You have an error in your SQL syntax", "a MySQL error"),
    ("SQLSTATE[", "a database error"),
    ("PG::SyntaxError", "a PostgreSQL error"),
    ("psycopg2.errors", "a PostgreSQL error"),
    ("unterminated quoted string at or near", "a PostgreSQL error"),
    ("syntax error at or near \"", "a PostgreSQL error"),
    ("sqlite3.OperationalError", "an SQLite error"),
    ("SQLITE_ERROR", "an SQLite error"),
    ("Unclosed quotation mark after the character string", "an SQL Server error"),
    ("ORA-00", "an Oracle error"),
    ("ORA-01", "an Oracle error"),
    ("quoted string not properly terminated", "an Oracle error"),
    ("MongoServerError", "a MongoDB error"),
    ("com.mongodb.", "a MongoDB error"),
    ("CastError: Cast to ObjectId failed", "a MongoDB error"),
    ("Whitelabel Error Page", "a default error page of a framework"),
    ("Werkzeug Debugger", "a debugger"),
    ("You're seeing this error because you have <code>DEBUG = True</code>", "a debugger"),
];

fn look(subject: &Subject<'_>) -> Answer {
    let response = scope::response(subject)?;
    let error = response.status >= 400;
    let format = subject.decoded.response_format;
    scope::applies(
        error || format.is_structured() || matches!(format, Format::NotCaptured | Format::Empty),
    )?;
    let has_traces = error || scope::answered(subject).any(|node| names_trace(node.key()));
    for node in scope::answered(subject).take_while(|_| has_traces) {
        if let Value::Text(text) = node.value()
            && (error || names_trace(node.name()))
            && let Some(what) = mark_in(text)
        {
            let note = format!("the answer with status {} holds {what}", response.status);
            return Ok(Outcome::Fail(Box::new(Failure {
                evidence: vec![
                    Evidence::at(Side::Response, node.instance(), note)
                        .in_exchange(&subject.exchange.id),
                ],
                ..Failure::default()
            })));
        }
    }
    scope::applies(error || !scope::is_body_seen(subject) || format.is_structured())?;
    Ok(scope::pass_if_body_seen(subject))
}

/// What a text shows of the inside of a service: the first mark of a stack trace or of a database error in it, or
/// frames of a stack.
#[must_use]
pub fn mark_in(text: &str) -> Option<&'static str> {
    static AUTOMATON: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let automaton = AUTOMATON
        .get_or_init(|| AhoCorasick::new(MARKS.iter().map(|mark| mark.0)).ok())
        .as_ref()?;
    let found = automaton.find(text).and_then(|found| MARKS.get(found.pattern().as_usize()));
    found.map(|mark| mark.1).or_else(|| super::frames::are_in(text).then_some("a stack trace"))
}

/// Whether frameworks put a trace into fields of that name: `stack`, `stackTrace`, `exception`.
fn names_trace(name: &str) -> bool {
    const WORDS: &[&str] = &["stack", "stacktrace", "traceback", "exception", "backtrace"];
    // All of them are long and have a k or x; most names are short or have neither.
    let possible = |byte: u8| matches!(byte, b'k' | b'K' | b'x' | b'X' | 0x80..);
    name.len() >= 5 && name.bytes().any(possible) && has_one_of(name, WORDS)
}
