//! Versions of server software in headers.

use bartizan_model::{
    Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Location, Outcome, Owasp, Root, Severity,
    Side, Status,
};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get},
    scope::{self, Answer},
    subject::Kind,
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C014",
        name: "version-disclosure",
        title: "Response headers name the version of the software",
        severity: Severity::Info,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(200), Cwe(497)],
        attack: &[Attack("T1592")],
        inputs: &[Input::ResponseHead],
        what: "Fails when an API's answer names software with a version number in `Server`, \
               `X-Powered-By`, `X-AspNet-Version`, `X-AspNetMvc-Version`, `X-Generator` or \
               `X-Runtime-Version`. A name without a version passes.",
        why: "It saves an attacker the search for known weaknesses that fit.",
        fix: "Switch the header off (`server_tokens off`, `ServerTokens Prod`, `x-powered-by` disabled).",
        references: &["RFC 9110 section 10.2.4"],
    },
    run: Run::Host(|subject| scope::settle(look(subject))),
    examples: &[
        example("name and version", Expected::Fail, || {
            let answer = get("https://api.example.com/v1/products").json(200, "[]");
            answer.with("server", "Apache/2.4.41 (Ubuntu)").one()
        }),
        example("the framework's version", Expected::Fail, || {
            let answer = get("https://api.example.com/v1/products").json(200, "[]");
            answer.with("x-powered-by", "PHP/7.4.3").one()
        }),
        example("a name only", Expected::Pass, || {
            let answer = get("https://api.example.com/v1/products").json(200, "[]");
            answer.with("server", "cloudflare").one()
        }),
        example("a file", Expected::NotApplicable, || {
            let answer = get("https://www.example.com/a.css").answer(200, "text/css", "a{}");
            answer.with("server", "nginx/1.18.0").one()
        }),
        example("an access log has no headers", Expected::NotEvaluated, || {
            get("/api/v1/products").logged(200).one()
        }),
    ],
};

const HEADERS: &[&str] = &[
    "server",
    "x-powered-by",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
    "x-runtime-version",
];

fn look(subject: &Subject<'_>) -> Answer {
    scope::applies(subject.kind == Kind::Api)?;
    let response = scope::head(subject)?;
    for name in HEADERS {
        let Some(value) = response.headers.get(name) else { continue };
        if has_version(value) {
            let mut location = Location::root(Root::Header);
            location.push_name(name);
            // The value is a protocol constant of the server, not personal data.
            let shown: String = value.chars().filter(|c| !c.is_control()).take(60).collect();
            return Ok(Outcome::fail(
                Evidence::at(Side::Response, location, format!("the header says {shown:?}"))
                    .in_exchange(&subject.exchange.id),
            ));
        }
    }
    Ok(Outcome::Pass)
}

/// Whether a product has a version: digits with a dot between them.
fn has_version(value: &str) -> bool {
    value
        .as_bytes()
        .windows(3)
        .any(|w| matches!(w, [a, b'.', c] if a.is_ascii_digit() && c.is_ascii_digit()))
}
