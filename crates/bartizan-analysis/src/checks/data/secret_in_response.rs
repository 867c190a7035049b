//! Secrets and password hashes in responses.

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Side, Status,
    finding::Failure,
};
use bartizan_protocols::NodeRef;

use crate::{
    checks::{
        CheckItem, Expected, Run, Subject,
        example::{example, get, post},
        scope::{self, Answer},
        subject::Kind,
        words::has_one_of,
    },
    classes::Certainty,
};

/// Most pieces of evidence.
const MAX_EVIDENCE: usize = 5;

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C018",
        name: "secret-in-response",
        title: "Response carries a secret or a password",
        severity: Severity::High,
        confidence: Confidence::Medium,
        status: Status::Stable,
        owasp: Some(Owasp::Api3),
        cwe: &[Cwe(522), Cwe(312), Cwe(200)],
        attack: &[Attack("T1552")],
        inputs: &[Input::Status, Input::ResponseBody],
        what: "Fails when an API answers with a password, a password hash, a provider's token, a private \
               key, or a value under a name like `client_secret`. Tokens that the caller gets for \
               itself (from operations that log in, register, refresh or create a key, and fields \
               such as `access_token` or `session_id`) do not count.",
        why: "Whoever may read the object, or its copy in a cache or log, holds the key to something else.",
        fix: "Leave the field out of the response. Show a new key once when it is made, keep password \
              hashes inside the data layer, and replace what was exposed.",
        references: &["OWASP API3:2023", "RFC 6749 section 2.3.1"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("the hash of a password", Expected::Fail, || {
            let body = r#"{"id":7,"password_hash":"5f4dcc3b5aa765d61d8327deb882cf99"}"#;
            get("https://api.example.com/v1/users/7").bearer().json(200, body).one()
        }),
        example("a client secret", Expected::Fail, || {
            let body = r#"{"items":[{"client_secret":"Zk3v-9dK_q2LmX7pRt5w"}]}"#;
            get("https://api.example.com/v1/apps").bearer().json(200, body).one()
        }),
        example("a login returns the caller's own token", Expected::Pass, || {
            let body = r#"{"access_token":"c4ed6c219dd54a058e3fc56d1151cce8"}"#;
            post("https://api.example.com/v1/login", r#"{"user":"jane"}"#).json(200, body).one()
        }),
        example("an ordinary object", Expected::Pass, || {
            get("https://api.example.com/v1/users/7").bearer().json(200, r#"{"id":7}"#).one()
        }),
        example("a web page", Expected::NotApplicable, || {
            get("https://www.example.com/").answer(200, "text/html", "<p>Hi</p>").one()
        }),
        example("an access log has no body", Expected::NotEvaluated, || {
            get("/api/v1/users/7").logged(200).one()
        }),
    ],
};

/// Words of operations whose purpose is to hand out a credential.
const ISSUING: &[&str] = &[
    "login",
    "logon",
    "signin",
    "signup",
    "register",
    "token",
    "tokens",
    "oauth",
    "oauth2",
    "auth",
    "authenticate",
    "session",
    "sessions",
    "refresh",
    "keys",
    "apikeys",
    "credentials",
    "secrets",
    "secret",
    "rotate",
    "sso",
    "mfa",
    "otp",
];

fn look(subject: &Subject<'_>) -> Answer {
    scope::success(subject)?;
    scope::applies(subject.kind == Kind::Api)?;
    let mut failure = Failure::default();
    let mut seen = Vec::new();
    for (hit, node) in
        scope::hits_of(subject, Side::Response, |c| ["secret", "password"].contains(&c))
    {
        let class = hit.class.as_str();
        let certain = hit.certainty >= Certainty::Pattern;
        let own = hit.family.as_str() == "secret"
            && (has_one_of(subject.path, ISSUING) || (!certain && is_own_token(&node)));
        if own || !scope::in_body(&node) || seen.contains(&node.general_hash()) {
            continue;
        }
        seen.push(node.general_hash());
        if certain {
            failure.confidence = Some(Confidence::High);
        }
        let note = "answered in the body of a response";
        failure.evidence.push(scope::evidence(subject, &node, class, note));
        if failure.evidence.len() == MAX_EVIDENCE {
            break;
        }
    }
    if failure.evidence.is_empty() {
        return Ok(scope::pass_if_body_seen(subject));
    }
    Ok(Outcome::Fail(Box::new(failure)))
}

/// Fields by which clients are given their own session.
fn is_own_token(node: &NodeRef<'_>) -> bool {
    let name: String =
        node.name().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    ["token", "sessionid", "sid", "session", "seed"].iter().any(|end| name.ends_with(end))
}
