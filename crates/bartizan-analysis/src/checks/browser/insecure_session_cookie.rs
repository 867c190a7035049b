//! Session cookies without protection.

use bartizan_model::{
    Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Outcome, Owasp, Severity, Side, Status,
    finding::Failure,
};
use bartizan_protocols::{NodeRef, SameSite};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, post},
    scope::{self, Answer},
    subject::Reach,
    words::has_one_of,
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C012",
        name: "insecure-session-cookie",
        title: "Session cookie without Secure, HttpOnly or SameSite",
        severity: Severity::Medium,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(614), Cwe(1004), Cwe(1275)],
        attack: &[Attack("T1190")],
        inputs: &[Input::ResponseHead],
        what: "Fails when a cookie that holds a session or token is set without `Secure` or `HttpOnly`, \
               or with `SameSite=None` but not `Secure`; a missing `SameSite` alone is low, because \
               browsers take it as `Lax`. Cookies that guard against request forgery must be readable \
               by scripts and do not count; `Secure` is not asked for on loopback.",
        why: "Without them the session can be read on the wire or by a script, or be used from another \
              site.",
        fix: "Set `Secure; HttpOnly; SameSite=Lax` (or `Strict`), and prefer the `__Host-` prefix.",
        references: &["RFC 6265 section 4.1.2", "RFC 6265bis section 4.1.2.7"],
    },
    run: Run::Host(|subject| scope::settle(look(subject))),
    examples: &[
        example("nothing set", Expected::Fail, || {
            let answer = post("https://shop.example.com/login", "{}").json(200, "{}");
            answer.with("set-cookie", "sessionid=c4ed6c219dd54a058e3fc56d1151cce8; Path=/").one()
        }),
        example("all set", Expected::Pass, || {
            let cookie = "sid=c4ed6c219dd54a058e3fc56d1151cce8; Secure; HttpOnly; SameSite=Lax";
            let answer = post("https://shop.example.com/login", "{}").json(200, "{}");
            answer.with("set-cookie", cookie).one()
        }),
        example("a preference is no session", Expected::NotApplicable, || {
            let answer = post("https://shop.example.com/theme", "{}").json(200, "{}");
            answer.with("set-cookie", "theme=dark; Path=/").one()
        }),
        example("a cookie that guards against forgery", Expected::NotApplicable, || {
            let cookie = "XSRF-TOKEN=c4ed6c219dd54a058e3fc56d1151cce8; Secure";
            let answer = post("https://shop.example.com/login", "{}").json(200, "{}");
            answer.with("set-cookie", cookie).one()
        }),
        example("an access log has no headers", Expected::NotEvaluated, || {
            let mut exchange = post("https://shop.example.com/login", "{}").logged(200).build();
            exchange.request.body = Default::default();
            vec![exchange]
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    scope::head(subject)?;
    let loopback = subject.reach == Reach::Loopback;
    let mut sessions = 0;
    let mut failure = Failure { severity: Some(Severity::Low), ..Failure::default() };
    for cookie in subject.decoded.set_cookies.iter().filter(|cookie| !cookie.deletes) {
        let Some(node) = subject.decoded.view.node(cookie.node) else { continue };
        if !is_session(subject, &node) {
            continue;
        }
        sessions += 1;
        let mut missing = Vec::new();
        if !cookie.secure && !loopback {
            missing.push("Secure");
        }
        if !cookie.http_only {
            missing.push("HttpOnly");
        }
        if !missing.is_empty() {
            failure.severity = None;
        }
        match cookie.same_site {
            Some(SameSite::Lax | SameSite::Strict) => {}
            Some(SameSite::None) if cookie.secure || loopback => {}
            _ => missing.push("SameSite"),
        }
        if missing.is_empty() {
            continue;
        }
        if failure.discriminator.is_empty() {
            node.key().clone_into(&mut failure.discriminator);
        }
        let note = format!("a session cookie without {}", missing.join(", "));
        failure.evidence.push(
            Evidence::at(Side::Response, node.instance(), note).in_exchange(&subject.exchange.id),
        );
    }
    scope::applies(sessions > 0)?;
    Ok(if failure.evidence.is_empty() { Outcome::Pass } else { Outcome::Fail(Box::new(failure)) })
}

/// Whether a cookie holds a session: its value is a token, or its name says so and its value is
/// long enough.
fn is_session(subject: &Subject<'_>, node: &NodeRef<'_>) -> bool {
    let is = |names| has_one_of(node.key(), names);
    if is(&["csrf", "xsrf", "antiforgery", "analytics", "ga", "gid", "consent", "locale", "lang"]) {
        return false;
    }
    let named = is(&[
        "session",
        "sess",
        "sid",
        "sessionid",
        "jsessionid",
        "phpsessid",
        "auth",
        "token",
        "jwt",
        "login",
        "remember",
        "connect",
        "aspsessionid",
    ]);
    let token = subject
        .classes
        .iter()
        .any(|hit| hit.node == node.id() && ["jwt", "secret"].contains(&hit.family.as_str()));
    token || (named && node.raw().len() >= 16)
}
