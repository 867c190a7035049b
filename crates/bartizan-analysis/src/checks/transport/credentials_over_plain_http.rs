//! Credentials sent without encryption.

use bartizan_model::{
    Attack, AuthType, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Side, Status,
    finding::Failure,
};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get, post},
    scope::{self, Answer},
    subject::{Reach, Transport},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C001",
        name: "credentials-over-plain-http",
        title: "Credentials travel unencrypted",
        severity: Severity::High,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(319), Cwe(523)],
        attack: &[Attack("T1557")],
        inputs: &[Input::RequestHead, Input::Transport],
        what: "Fails when a request with a credential or a password travels over plain HTTP. A front \
               server that says it received HTTPS (`Forwarded`, `X-Forwarded-Proto`) counts as \
               encrypted. Loopback does not apply; hosts of private networks are reported one step \
               lower.",
        why: "Everybody on the way can read the credential and use it.",
        fix: "Serve the API over HTTPS only, redirect or refuse plain HTTP before the application \
              reads the request, and replace the credentials that were sent in the clear.",
        references: &["RFC 6750 section 5.3", "RFC 9110 section 17.1"],
    },
    run: Run::Host(|subject| scope::settle(look(subject))),
    examples: &[
        example("a bearer token over http", Expected::Fail, || {
            get("http://api.example.com/v1/me").bearer().json(200, "{}").one()
        }),
        example("a password over http", Expected::Fail, || {
            post("http://shop.example.com/login", r#"{"password":"hunter2!"}"#)
                .json(200, "{}")
                .one()
        }),
        example("the same over https", Expected::Pass, || {
            get("https://api.example.com/v1/me").bearer().json(200, "{}").one()
        }),
        example("behind a front server with TLS", Expected::Pass, || {
            let request = get("http://api.example.com/v1/me").bearer();
            request.header("x-forwarded-proto", "https").json(200, "{}").one()
        }),
        example("a developer's machine", Expected::NotApplicable, || {
            get("http://localhost:3000/v1/me").bearer().json(200, "{}").one()
        }),
        example("an access log names no scheme", Expected::NotEvaluated, || {
            get("/v1/me").header("authorization", "Basic dXNlcjpodW50ZXIy").logged(200).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    let credential = subject.credentials.iter().find(|c| c.auth_type != AuthType::Certificate);
    let password = scope::hits_of(subject, Side::Request, |class| class == "password").next();
    scope::carries(subject, credential.is_some() || password.is_some())?;
    let reach = subject.reach;
    scope::applies(reach != Reach::Loopback || subject.exchange.request.scheme.is_empty())?;
    if subject.transport()? == Transport::Encrypted {
        return Ok(Outcome::Pass);
    }
    let evidence = match (credential, password) {
        (Some(credential), _) => scope::note(
            subject,
            format!(
                "a credential of type {} in the {} travelled over plain HTTP",
                credential.auth_type, credential.location
            ),
        ),
        (None, Some((hit, node))) => scope::evidence(
            subject,
            &node,
            hit.class.as_str(),
            "a password travelled over plain HTTP",
        ),
        (None, None) => return Err(Outcome::NotApplicable),
    };
    Ok(Outcome::Fail(Box::new(Failure {
        severity: (reach == Reach::Private).then_some(Severity::Medium),
        evidence: vec![evidence],
        ..Failure::default()
    })))
}
