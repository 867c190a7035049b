//! Who somebody is to the API: roles, and other claims of a verified token.

use bartizan_model::PrincipalKind;
use serde_json::Value;

use super::{
    config::Problem,
    identity::{Claims, Identity},
};

/// Most names in one list of a rule.
pub(crate) const NAMES: usize = 64;
/// Longest name, in bytes.
const NAME_BYTES: usize = 128;
/// The claim that names the principal, and is known of each.
pub(crate) const SUBJECT: &str = "sub";

/// Where roles are when a rule does not say: RFC 9068 section 2.2.3.1 and what common issuers write.
pub(crate) fn usual_role_claims() -> Vec<String> {
    ["role", "roles", "groups", "realm_access.roles"].map(str::to_owned).to_vec()
}

/// Checks a list of names: how many, how long, none empty.
pub(crate) fn check_names(key: &str, names: &[String]) -> Result<(), Problem> {
    if names.len() > NAMES {
        return Err(Problem::new(key, format!("more than {NAMES} entries")));
    }
    match names.iter().position(|name| name.is_empty() || name.len() > NAME_BYTES) {
        Some(at) => {
            let expected = format!("expected 1 to {NAME_BYTES} bytes");
            Err(Problem::new(format!("{key}.{at}"), expected))
        }
        None => Ok(()),
    }
}

/// The names at the top of a token that have to be kept for a claim to be found.
pub(crate) fn kept_for(claim: &str) -> impl Iterator<Item = String> {
    let top = claim.split('.').next().filter(|top| *top != claim);
    [Some(claim), top].into_iter().flatten().map(str::to_owned)
}

/// A claim by its name, or by the names of objects and a member joined by dots.
pub(crate) fn claim<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        let mut names = path.split('.');
        let top = claims.get(names.next()?)?;
        names.try_fold(top, |value, name| value.get(name))
    })
}

/// Whether somebody has one of these roles, by one of these claims: a text, or a list of them. Letters are compared
/// without case (ASCII): it is the issuer who writes them.
pub(crate) fn has_role(who: &Identity, claims: &[String], roles: &[String]) -> bool {
    let is_role = |text: &str| roles.iter().any(|role| role.eq_ignore_ascii_case(text));
    let is_one = |value: &Value| value.as_str().is_some_and(is_role);
    claims.iter().filter_map(|name| claim(&who.claims, name)).any(|value| match value {
        Value::Array(all) => all.iter().any(is_one),
        one => is_one(one),
    })
}

/// Whether a value is what a claim says, or one of the values that it lists.
///
/// `None` when it cannot be told of this identity: it is nobody's, as an own API key without an owner.
pub(crate) fn is_said(who: &Identity, name: &str, value: &str) -> Option<bool> {
    said(who, name).map(|all| all.iter().any(|said| said == value))
}

/// All that a claim says, as text; see [`is_said`].
pub(crate) fn said(who: &Identity, name: &str) -> Option<Vec<String>> {
    if name == SUBJECT {
        let subject = if who.kind == PrincipalKind::ApiKey { &who.owner } else { &who.subject };
        return (!subject.is_empty()).then(|| vec![subject.to_string()]);
    }
    // Own keys make no claims: what a token would say is not known of them.
    if who.kind != PrincipalKind::Subject {
        return None;
    }
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Some(match claim(&who.claims, name) {
        Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
        one => one.and_then(text).into_iter().collect(),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The identity of a token with these claims, all of them kept.
    pub(crate) fn somebody(subject: &str, claims: &str) -> Identity {
        let all: BTreeMap<String, Value> = serde_json::from_str(claims).expect("claims");
        let names: BTreeSet<String> = all.keys().cloned().collect();
        Identity {
            kind: PrincipalKind::Subject,
            issuer: "issuer".into(),
            subject: subject.into(),
            owner: "".into(),
            scopes: ["orders:read".to_owned()].into(),
            claims: Claims::kept(all.iter(), &names).into(),
        }
    }

    #[test]
    fn roles_are_texts_lists_or_members_of_objects() {
        let usual = usual_role_claims();
        let wanted = ["admin".to_owned()];
        for (claims, has) in [
            (r#"{"role":"admin"}"#, true),
            (r#"{"roles":["user","Admin"]}"#, true),
            (r#"{"realm_access":{"roles":["admin"]}}"#, true),
            (r#"{"realm_access.roles":"admin"}"#, true),
            (r#"{"role":"administrator"}"#, false),
            (r#"{"role":"user admin"}"#, false),
            (r#"{"role":{"admin":true}}"#, false),
            (r#"{"role":true,"roles":[["admin"]]}"#, false),
            ("{}", false),
        ] {
            assert_eq!(has_role(&somebody("1", claims), &usual, &wanted), has, "{claims}");
        }
        assert_eq!(kept_for("a.b").collect::<Vec<_>>(), ["a.b", "a"]);
        assert_eq!(kept_for("a").collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn values_are_compared_with_what_is_said() {
        let who = somebody("7", r#"{"tenant":3,"shops":["a","b"],"nothing":null}"#);
        for (claim, value, said) in [
            ("sub", "7", true),
            ("sub", "07", false),
            ("tenant", "3", true),
            ("tenant", "4", false),
            ("shops", "b", true),
            ("shops", "c", false),
            ("nothing", "", false),
            ("missing", "7", false),
        ] {
            assert_eq!(is_said(&who, claim, value), Some(said), "{claim} {value}");
        }
        let key = Identity { kind: PrincipalKind::ApiKey, ..somebody("key-1", "{}") };
        assert_eq!(is_said(&key, "sub", "key-1"), None, "a key is not its own owner");
        let owned = Identity { owner: "7".into(), ..key };
        assert_eq!(is_said(&owned, "sub", "7"), Some(true));
        assert_eq!(is_said(&owned, "tenant", "3"), None);
    }
}
