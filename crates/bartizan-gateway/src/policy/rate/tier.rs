//! Callers that have numbers of their own.

use std::collections::BTreeMap;

use bartizan_model::PrincipalKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{config::Problem, identity::Identity};

/// Most tiers of a policy.
pub(crate) const TIERS: usize = 32;

/// Who is in a tier: whoever has all of this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Callers {
    /// Scopes that the identity has, all of them.
    pub scopes: Vec<String>,
    /// Claims that the token makes, each with one of these values: `{plan: [gold, silver]}`.
    pub claims: BTreeMap<String, Vec<Value>>,
    /// Ids of own API keys, of which it is one.
    pub keys: Vec<String>,
    /// Owners of own API keys, of which one owns it.
    pub owners: Vec<String>,
}

impl Callers {
    /// Refuses what nobody or everybody has.
    pub(crate) fn check(&self, key: &str) -> Result<(), Problem> {
        let Self { scopes, claims, keys, owners } = self;
        if scopes.is_empty() && claims.is_empty() && keys.is_empty() && owners.is_empty() {
            return Err(Problem::new(key, "names nobody"));
        }
        if let Some((name, _)) = claims.iter().find(|(_, values)| values.is_empty()) {
            return Err(Problem::new(
                format!("{key}.claims.{name}"),
                "at least one value is needed",
            ));
        }
        Ok(())
    }

    pub(crate) fn hold(&self, identity: &Identity) -> bool {
        let is_key = identity.kind == PrincipalKind::ApiKey;
        let is_in = |list: &[String], text: &str| is_key && list.iter().any(|one| one == text);
        identity.has(&self.scopes)
            && (self.keys.is_empty() || is_in(&self.keys, &identity.subject))
            && (self.owners.is_empty() || is_in(&self.owners, &identity.owner))
            && self.claims.iter().all(|(name, values)| {
                identity.claims.get(name).is_some_and(|value| values.contains(value))
            })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::policy::identity::Claims;

    #[test]
    fn a_tier_holds_who_has_all_of_it() {
        let all = [("plan".to_owned(), Value::from("gold"))];
        let asked = ["plan".to_owned()].into();
        let identity = Identity {
            kind: PrincipalKind::ApiKey,
            issuer: "".into(),
            subject: "key_1".into(),
            owner: "acme".into(),
            scopes: Arc::from(["premium".to_owned()]),
            claims: Arc::new(Claims::kept(all.iter().map(|(name, value)| (name, value)), &asked)),
        };
        let callers = |text: &str| serde_json::from_str::<Callers>(text).expect(text);
        for (text, holds) in [
            (r#"{"scopes": ["premium"]}"#, true),
            (r#"{"scopes": ["premium", "more"]}"#, false),
            (r#"{"claims": {"plan": ["silver", "gold"]}, "owners": ["acme"]}"#, true),
            (r#"{"claims": {"plan": ["silver"]}}"#, false),
            (r#"{"claims": {"other": ["gold"]}}"#, false),
            (r#"{"keys": ["key_2"]}"#, false),
            (r#"{"keys": ["key_1", "key_2"]}"#, true),
        ] {
            let callers = callers(text);
            assert!(callers.check("with").is_ok());
            assert_eq!(callers.hold(&identity), holds, "{text}");
        }
        let somebody = Identity { kind: PrincipalKind::Subject, ..identity };
        assert!(!callers(r#"{"keys": ["key_1"]}"#).hold(&somebody), "a subject is no key");
        assert!(callers("{}").check("with").is_err());
        assert!(callers(r#"{"claims": {"plan": []}}"#).check("with").is_err());
    }
}
