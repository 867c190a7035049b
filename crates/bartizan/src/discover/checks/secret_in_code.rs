//! Secrets that stand in code.

use std::collections::BTreeSet;

use bartizan_model::{Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Owasp, Severity, Status};

use super::{CodeCheck, Failure, Seen};

/// The item.
pub(super) static CHECK: CodeCheck = CodeCheck {
    meta: ItemMeta {
        code: "BZ-C029",
        name: "secret-in-code",
        title: "Source code holds a secret",
        severity: Severity::High,
        confidence: Confidence::Medium,
        status: Status::Preview,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(798), Cwe(321)],
        attack: &[Attack("T1552.001")],
        inputs: &[Input::Code],
        what: "Fails for a text in code or configuration that is a password, a provider's key, a private \
               key, a connection string with a password, or any other secret, by the same rules that find \
               them in traffic: by its form, or by the name that it is given. Texts that are put in when \
               the program runs (`${PASSWORD}`) and placeholders do not count, nor do files of tests. \
               Scripts that were made small for browsers are searched as well. The value is shown as its \
               shape and a keyed hash.",
        why: "Everybody who may read the code, or a copy of it, holds the key; it stays in the history of the \
              repository when the line is gone.",
        fix: "Replace the secret, then read the new one from the environment or a store of secrets.",
        references: &["CWE-798", "OWASP API2:2023"],
    },
    run,
};

fn run(seen: &Seen<'_>) -> Vec<Failure> {
    let mut known = BTreeSet::new();
    seen.secrets
        .iter()
        .map(|secret| {
            let place = &secret.place;
            let named = match secret.name.as_str() {
                "" => String::new(),
                name => format!(" under the name {name}"),
            };
            Failure {
                discriminator: format!("{}:{} {}", place.file, secret.name, secret.value.hash),
                severity: CHECK.meta.severity,
                confidence: if secret.is_certain { Confidence::High } else { Confidence::Medium },
                evidence: Evidence::note(format!(
                    "{}:{} holds a value of class {}{named}",
                    place.file, place.line, secret.class
                ))
                .with_value(secret.value.clone()),
                place: place.clone(),
            }
        })
        // The same value under the same name in one file is one secret.
        .filter(|failure| known.insert(failure.discriminator.clone()))
        .collect()
}
