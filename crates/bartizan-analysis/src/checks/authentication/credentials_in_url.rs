//! Credentials in the request target.

use bartizan_model::{
    Attack, AuthType, Confidence, Cwe, Evidence, Input, ItemMeta, Location, Outcome, Owasp, Root,
    Severity, Side, Status,
};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get},
    scope::{self, Answer},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C003",
        name: "credentials-in-url",
        title: "Credentials in the URL",
        severity: Severity::Medium,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(598), Cwe(522)],
        attack: &[Attack("T1552")],
        inputs: &[Input::RequestHead],
        what: "Fails when a token, key or password stands in the path or query. Signatures of pre-signed \
               URLs are bound to one object and time and do not count.",
        why: "URLs are written to access logs, browser histories, proxies and Referer headers, where the \
              credential lives on.",
        fix: "Send credentials in the Authorization header or in the body, and replace those that were \
              sent in URLs.",
        references: &["RFC 6750 section 2.3", "RFC 9110 section 17.9"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("an access token in the query", Expected::Fail, || {
            let url = "https://api.example.com/v1/me?access_token=c4ed6c219dd54a058e3fc56d1151cce8";
            get(url).json(200, "{}").one()
        }),
        example("also seen in an access log", Expected::Fail, || {
            get("/v1/me?api_key=c4ed6c219dd54a058e3fc56d1151cce8").logged(200).one()
        }),
        example("in the header", Expected::Pass, || {
            get("https://api.example.com/v1/me?page=2").bearer().json(200, "{}").one()
        }),
        example("no credential at all", Expected::NotApplicable, || {
            get("https://api.example.com/v1/products?page_token=CAoQAAabcdefgh1234")
                .json(200, "[]")
                .one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    let in_url = subject.credentials.iter().find(|credential| {
        ["query", "path"].contains(&credential.location)
            && credential.auth_type != AuthType::Signature
    });
    let hit = scope::hits_of(subject, Side::Request, |class| {
        ["jwt", "secret", "password"].contains(&class)
    })
    .find(|(_, node)| {
        matches!(node.root(), Root::Query | Root::Path | Root::Matrix) && !is_signature(node.key())
    });
    if let Some((hit, node)) = hit {
        let note = "a credential stands in the request target";
        return Ok(Outcome::fail(scope::evidence(subject, &node, hit.class.as_str(), note)));
    }
    if let Some(credential) = in_url {
        let mut location = Location::root(Root::Query);
        location.push_name(&credential.name);
        let note = format!("a credential of type {} stands in the query", credential.auth_type);
        return Ok(Outcome::fail(
            Evidence::at(Side::Request, location, note).in_exchange(&subject.exchange.id),
        ));
    }
    scope::applies(!subject.credentials.is_empty())?;
    Ok(Outcome::Pass)
}

/// Parameters of pre-signed URLs (AWS, Google, Azure).
fn is_signature(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("x-amz-")
        || name.starts_with("x-goog-")
        || ["sig", "signature", "policy"].contains(&name.as_str())
}
