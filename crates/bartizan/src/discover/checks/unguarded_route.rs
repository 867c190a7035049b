//! Routes without a guard beside others that have one.

use std::collections::BTreeMap;

use bartizan_code::{Demand, Route, guards};
use bartizan_model::{Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Owasp, Severity, Status};

use super::{CodeCheck, Failure, Seen};

/// The item.
pub(super) static CHECK: CodeCheck = CodeCheck {
    meta: ItemMeta {
        code: "BZ-C028",
        name: "unguarded-route",
        title: "Code declares a route that nothing guards, beside others that are guarded",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        status: Status::Preview,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(306), Cwe(862)],
        attack: &[Attack("T1190")],
        inputs: &[Input::Code],
        what: "Fails for a route of source code before which no guard stands (middleware, decorator, \
               attribute, filter, dependency), when at least half of the routes of the same package are \
               guarded. Low for methods that only read. Routes whose path says that everybody may call \
               them (login, sign-up, health, documentation) do not count. Where fewer routes are guarded \
               nothing is said: something in front of the application may guard them all.",
        why: "A guard that was forgotten on one route of many lets everybody in there, and no test of the \
              others shows it.",
        fix: "Put the guard on the group that the route is part of, so that new routes are guarded by \
              themselves, and say explicitly which ones are public.",
        references: &["OWASP API2:2023", "CWE-306"],
    },
    run,
};

/// Words of paths that everybody may call.
const PUBLIC: &[&str] = &[
    "callback",
    "confirm",
    "docs",
    "favicon",
    "forgot",
    "health",
    "healthcheck",
    "healthz",
    "jwks",
    "live",
    "livez",
    "login",
    "logout",
    "oauth",
    "openapi",
    "ping",
    "public",
    "ready",
    "readyz",
    "refresh",
    "register",
    "reset",
    "robots",
    "session",
    "sessions",
    "signin",
    "signup",
    "status",
    "swagger",
    "token",
    "verify",
    "version",
    "webhook",
    "webhooks",
    "well",
];

fn run(seen: &Seen<'_>) -> Vec<Failure> {
    let mut packages: BTreeMap<Option<&str>, Vec<&Route>> = BTreeMap::new();
    for route in seen.routes {
        let package = route.component.as_ref().map(|component| component.manifest.as_str());
        packages.entry(package).or_default().push(route);
    }
    packages.values().flat_map(|routes| of_package(routes)).collect()
}

fn of_package(routes: &[&Route]) -> Vec<Failure> {
    let guarded =
        routes.iter().filter(|route| route.authorization.state == Demand::Required).count();
    if guarded * 2 < routes.len() {
        return Vec::new();
    }
    let is_unguarded =
        |route: &&&Route| route.authorization.state == Demand::None && !is_public(&route.path);
    routes
        .iter()
        .filter(is_unguarded)
        .map(|route| Failure {
            discriminator: discriminator(route),
            severity: match route.method.as_str() {
                "GET" | "HEAD" | "OPTIONS" => Severity::Low,
                _ => Severity::Medium,
            },
            confidence: CHECK.meta.confidence,
            evidence: Evidence::note(format!(
                "{}:{} declares {} {} and no guard stands before it; {guarded} of {} routes of the same \
                 package are guarded",
                route.place.file,
                route.place.line,
                route.method,
                route.path,
                routes.len()
            )),
            place: route.place.clone(),
        })
        .collect()
}

/// What is declared, and in which package: two may declare the same.
fn discriminator(route: &Route) -> String {
    let package = route.component.as_ref().map_or("", |component| component.manifest.as_str());
    format!("{package} {} {}", route.method, route.path).trim_start().to_owned()
}

/// Whether a word of the path, and not the name of a parameter, says that everybody may call it.
fn is_public(path: &str) -> bool {
    let is_word = |segment: &str| {
        !segment.contains('{')
            && guards::words(segment).iter().any(|word| PUBLIC.contains(&word.as_str()))
    };
    path == "/" || path.split('/').any(is_word)
}
