//! Refusals that are set aside: a policy is asked as ever, and what it would refuse passes, where somebody has looked at
//! such a refusal and said until when and why. Narrower than an exception of the configuration: one reason, one endpoint,
//! and where it is said one caller.

use std::time::SystemTime;

use bartizan_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    asked::Asked,
    config::Problem,
    identity::Identity,
    record::Decisions,
    scope::{Scope, ScopeConfig},
};
use crate::handover::timestamp;

/// Most of one policy.
pub const MOST_SET_ASIDE: usize = 64;

/// Kinds whose refusals can be set aside. Those that find out who calls are not among them: who is not known must not
/// pass for somebody. Nor is what stops everybody, or guards accounts, nor `detectors` and `openapi`, which tell one of the
/// things that are wrong: the others would pass with it.
const KINDS: &[&str] = &[
    "authorization",
    "challenge",
    "concurrency",
    "deprecation",
    "flow",
    "graphql",
    "grpc",
    "json_rpc",
    "leak",
    "ownership",
    "page_size",
    "properties",
    "quota",
    "rate",
    "schema",
    "shown",
    "single_use",
    "size",
    "soap",
    "transfer",
    "upload",
    "upstream_errors",
    "url_values",
    "websocket",
    "xml_rpc",
];

/// Whether refusals of policies of a kind can be set aside.
#[must_use]
pub fn can_be_set_aside(kind: &str) -> bool {
    KINDS.contains(&kind)
}

/// Refusals that are set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Where: paths, and not all of them. What may be read as a request elsewhere is refused.
    pub scope: ScopeConfig,
    /// Why the policy refuses, as it says: no other refusal is set aside.
    pub refusal: String,
    /// Who calls, by the name that was verified: subject of a token or certificate, id of a key. `None`: whoever it is.
    pub subject: Option<String>,
    /// When that ends.
    pub until: Timestamp,
}

/// The same, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Aside {
    pub(crate) scope: Scope,
    refusal: String,
    subject: Option<String>,
    until: Timestamp,
}

impl Aside {
    fn holds(&self, refusal: &str, asked: &Asked, identities: &[Identity], now: Timestamp) -> bool {
        let is_who = |name: &String| identities.iter().any(|one| *one.subject == **name);
        now < self.until
            && self.refusal == refusal
            && self.subject.as_ref().is_none_or(is_who)
            && self.scope.reach(asked).is_sure()
    }
}

/// Whether one of these sets a refusal aside, now: a WebSocket may have begun long ago.
pub(crate) fn is_set_aside(all: &[Aside], refusal: &str, decisions: &Decisions) -> bool {
    !all.is_empty() && is_set_aside_at(all, refusal, decisions, timestamp(SystemTime::now()))
}

fn is_set_aside_at(all: &[Aside], refusal: &str, decisions: &Decisions, now: Timestamp) -> bool {
    let Some(asked) = &decisions.asked else { return false };
    all.iter().any(|one| one.holds(refusal, asked, &decisions.identities, now))
}

/// Compiles those of a policy.
pub(crate) fn compile(all: &[SetAside], kind: &str) -> Result<Vec<Aside>, Problem> {
    let key = |key: &str| format!("set_aside.{key}");
    if all.is_empty() {
        return Ok(Vec::new());
    }
    if !can_be_set_aside(kind) {
        let problem = format!("refusals of `{kind}` policies cannot be set aside");
        return Err(Problem::new("set_aside", problem));
    }
    if all.len() > MOST_SET_ASIDE {
        return Err(Problem::new("set_aside", format!("{MOST_SET_ASIDE} are the most")));
    }
    let compiled = all.iter().map(|one| {
        let is_all = |path: &String| path.split('/').any(|part| part == "**");
        if one.scope.paths.is_empty() || one.scope.paths.iter().any(is_all) {
            return Err(Problem::new(key("scope.paths"), "expected one endpoint"));
        }
        let scope = Scope::compile(&one.scope);
        let scope =
            scope.map_err(|(of, problem)| Problem::new(key(&format!("scope.{of}")), problem))?;
        let (refusal, subject) = (one.refusal.clone(), one.subject.clone());
        Ok(Aside { scope, refusal, subject, until: one.until })
    });
    compiled.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bartizan_model::PrincipalKind;
    use http::Request;

    use super::*;
    use crate::policy::{ITEMS, scope::Wanted};

    fn aside(subject: Option<&str>) -> SetAside {
        SetAside {
            scope: ScopeConfig {
                hosts: vec!["api.example.com".to_owned()],
                paths: vec!["/orders/*".to_owned()],
                methods: vec!["PUT".to_owned()],
                ..ScopeConfig::default()
            },
            refusal: "sql_injection".to_owned(),
            subject: subject.map(str::to_owned),
            until: Timestamp::from_seconds(100),
        }
    }

    fn decisions(method: &str, path: &str, subject: &str) -> Decisions {
        let request = Request::builder().method(method).uri(path).body(()).expect("a request");
        let wanted = Wanted { paths: true, methods: true, ..Wanted::default() };
        let asked = Asked::new(wanted, Some("api.example.com"), &request.into_parts().0);
        let identity = Identity {
            kind: PrincipalKind::Subject,
            issuer: "https://id".into(),
            subject: subject.into(),
            owner: "".into(),
            scopes: Arc::from([]),
            claims: Arc::default(),
        };
        let asked = Some(Arc::new(asked));
        Decisions { asked, identities: vec![identity], ..Decisions::default() }
    }

    #[test]
    fn a_refusal_is_set_aside_for_one_endpoint_reason_and_caller_until_a_time() {
        let all = compile(&[aside(Some("ada"))], "schema").expect("compiles");
        let holds = |refusal: &str, method: &str, path: &str, seconds, subject: &str| {
            let decisions = decisions(method, path, subject);
            is_set_aside_at(&all, refusal, &decisions, Timestamp::from_seconds(seconds))
        };
        assert!(holds("sql_injection", "PUT", "/orders/7", 99, "ada"));
        assert!(!holds("path_traversal", "PUT", "/orders/7", 99, "ada"), "another reason");
        assert!(!holds("sql_injection", "GET", "/orders/7", 99, "ada"), "another method");
        assert!(!holds("sql_injection", "PUT", "/orders/7", 100, "ada"), "over");
        assert!(!holds("sql_injection", "PUT", "/orders/7", 99, "eve"), "somebody else");
        for path in ["/orders/7/lines", "/orders", "/users/7"] {
            assert!(!holds("sql_injection", "PUT", path, 99, "ada"), "{path}");
        }
        // What may be read as something else is refused.
        for path in ["/orders/..%2fusers", "/orders/7?_method=DELETE", "/orders/%2e%2e"] {
            assert!(!holds("sql_injection", "PUT", path, 99, "ada"), "{path}");
        }
        let anybody = compile(&[aside(None)], "schema").expect("compiles");
        let (of_eve, now) = (decisions("PUT", "/orders/7", "eve"), Timestamp::from_seconds(99));
        assert!(is_set_aside_at(&anybody, "sql_injection", &of_eve, now));
        assert!(!is_set_aside(&anybody, "sql_injection", &of_eve), "over since long");
        let unknown = Decisions { asked: None, ..of_eve };
        assert!(!is_set_aside_at(&anybody, "sql_injection", &unknown, now));
    }

    #[test]
    fn who_calls_and_what_stops_everybody_cannot_be_set_aside() {
        for kind in [
            "api_key",
            "jwt",
            "introspection",
            "basic",
            "message_signature",
            "webhook",
            "authentication",
            "login",
            "kill_switch",
            "break_glass",
            "decoy",
            "address",
        ] {
            assert!(ITEMS.iter().any(|item| item.kind == kind), "{kind} is one");
            assert!(!can_be_set_aside(kind), "{kind}");
            assert!(compile(&[aside(None)], kind).is_err(), "{kind}");
        }
        for kind in KINDS {
            assert!(ITEMS.iter().any(|item| item.kind == *kind), "{kind} is one");
        }
    }

    #[test]
    fn wide_ones_are_refused() {
        for paths in [vec![], vec!["/**"], vec!["/a/**"], vec!["a"]] {
            let mut wide = aside(None);
            wide.scope.paths = paths.into_iter().map(str::to_owned).collect();
            assert!(compile(&[wide], "schema").is_err());
        }
        assert!(compile(&vec![aside(None); MOST_SET_ASIDE + 1], "schema").is_err());
        assert!(compile(&[], "jwt").expect("none").is_empty());
    }
}
