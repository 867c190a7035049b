//! Checks of what source code shows. One file per check, listed in [`CHECKS`].

mod secret_in_code;
mod unguarded_route;

use bartizan_code::{Place, Route};
use bartizan_model::{
    Confidence, Evidence, Finding, FindingId, FindingState, ItemMeta, Scope, Severity,
};

use serde::Serialize;

use super::secrets::Secret;

/// A check of source code.
pub struct CodeCheck {
    /// What it says about itself.
    pub meta: ItemMeta,
    /// Looks at all that was found.
    pub run: fn(&Seen<'_>) -> Vec<Failure>,
}

/// What checks look at.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// Routes, by path.
    pub routes: &'a [Route],
    /// Secrets, by file.
    pub secrets: &'a [Secret],
}

/// Where a check fails.
pub struct Failure {
    /// Tells findings of one check apart: what is declared, or where.
    pub discriminator: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What was seen.
    pub evidence: Evidence,
    /// Where.
    pub place: Place,
}

/// A finding with its place in the code.
#[derive(Clone, Debug, Serialize)]
pub struct CodeFinding {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// Where it is seen.
    pub place: Place,
}

/// All checks of source code, by code.
pub static CHECKS: &[&CodeCheck] = &[&unguarded_route::CHECK, &secret_in_code::CHECK];

/// Runs all checks; the worst findings first.
#[must_use]
pub fn run(routes: &[Route], secrets: &[Secret], scope: &Scope) -> Vec<CodeFinding> {
    let seen = Seen { routes, secrets };
    let mut out: Vec<CodeFinding> = CHECKS
        .iter()
        .flat_map(|check| {
            (check.run)(&seen).into_iter().map(|failure| finding(check, failure, scope))
        })
        .collect();
    out.sort_by(|CodeFinding { finding: a, .. }, CodeFinding { finding: b, .. }| {
        (b.severity, b.confidence, &a.code, &a.discriminator).cmp(&(
            a.severity,
            a.confidence,
            &b.code,
            &b.discriminator,
        ))
    });
    out
}

fn finding(check: &CodeCheck, failure: Failure, scope: &Scope) -> CodeFinding {
    let meta = &check.meta;
    let finding = Finding {
        id: FindingId::derive(scope, &[meta.code, "code", &failure.discriminator]),
        code: meta.code.to_owned(),
        title: meta.title.to_owned(),
        severity: failure.severity,
        confidence: failure.confidence,
        owasp: meta
            .owasp
            .map(|owasp| owasp.ids().iter().map(|id| (*id).to_owned()).collect())
            .unwrap_or_default(),
        cwe: meta.cwe.iter().map(ToString::to_string).collect(),
        endpoint_id: None,
        host: String::new(),
        endpoints: 0,
        endpoint_ids: Vec::new(),
        discriminator: failure.discriminator,
        evidence: vec![failure.evidence],
        failed: 1,
        passed: 0,
        remediation: meta.fix.to_owned(),
        state: FindingState::Open,
        first_seen: None,
        last_seen: None,
    };
    CodeFinding { finding, place: failure.place }
}

#[cfg(test)]
mod tests;
