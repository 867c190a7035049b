//! Listings of directories.

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Side, Status,
};
use bartizan_protocols::{Format, Value};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get},
    scope::{self, Answer},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C024",
        name: "directory-listing",
        title: "Server lists a directory",
        severity: Severity::Medium,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(548)],
        attack: &[Attack("T1083")],
        inputs: &[Input::RequestHead, Input::Status, Input::ResponseBody],
        what: "Fails when a page that lists a directory, in the forms of the common web servers, answers \
               a path that ends with a slash.",
        why: "Backups, uploads and old versions that nobody links to are found in one look.",
        fix: "Switch listings off (`autoindex off`, `Options -Indexes`) and keep files that are not \
              meant to be served out of the document root.",
        references: &["CWE-548"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("a listing", Expected::Fail, || {
            let page = "<html><head><title>Index of /backup/</title></head><body>\
                        <h1>Index of /backup/</h1><a href=\"../\">../</a></body></html>";
            get("https://www.example.com/backup/").answer(200, "text/html", page).one()
        }),
        example("an ordinary page", Expected::Pass, || {
            get("https://www.example.com/help/")
                .answer(200, "text/html", "<html><title>Help</title>")
                .one()
        }),
        example("an answer in JSON", Expected::NotApplicable, || {
            get("https://api.example.com/v1/files/").json(200, "[]").one()
        }),
        example("an access log has no body", Expected::NotEvaluated, || {
            get("/backup/").logged(200).one()
        }),
    ],
};

/// What listings of nginx, Apache, lighttpd, Python, Jetty, Tomcat and IIS begin with.
const MARKS: &[&str] = &[
    "<title>index of /",
    "<h1>index of /",
    "<title>directory listing for ",
    "<title>directory: /",
    "[to parent directory]",
    "<h1>directory listing for ",
];

fn look(subject: &Subject<'_>) -> Answer {
    scope::applies(subject.path.ends_with('/'))?;
    scope::success(subject)?;
    match subject.decoded.response_format {
        Format::Html => {}
        Format::NotCaptured => return Err(Outcome::NotEvaluated(Input::ResponseBody)),
        _ => return Err(Outcome::NotApplicable),
    }
    for leaf in subject.decoded.view.leaves(Side::Response).filter(scope::in_body) {
        if let Value::Text(text) = leaf.value() {
            let start: String = text.chars().take(8_192).collect::<String>().to_ascii_lowercase();
            if MARKS.iter().any(|mark| start.contains(mark)) {
                return Ok(Outcome::fail(scope::note(subject, "the page lists a directory")));
            }
        }
    }
    Ok(scope::pass_if_body_seen(subject))
}
