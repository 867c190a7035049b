//! Step-up: some operations need that the user was authenticated better, or more recently (RFC 9470).

use bartizan_model::Timestamp;
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{authentication::challenge, config::Problem, identity::Identity, record::Refusal};

/// Most classes that are asked for.
const CLASSES: usize = 16;
/// How far clocks may differ, in seconds.
const LEEWAY_SECONDS: i64 = 30;

/// How the user must have been authenticated, by the claims `acr` and `auth_time` of the token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StepUp {
    /// Authentication context classes, one of which `acr` must name; all when empty.
    pub acr_values: Vec<String>,
    /// How many seconds ago the user may have been authenticated.
    pub max_age_seconds: Option<u32>,
}

impl StepUp {
    /// # Errors
    /// It asks for nothing, or for what a challenge cannot say.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.acr_values.is_empty() && self.max_age_seconds.is_none() {
            return Err(Problem::new(
                "step_up",
                "asks for nothing: `acr_values` or `max_age_seconds`",
            ));
        }
        let is_word = |b: u8| matches!(b, b'!'..=b'~') && b != b'"' && b != b'\\';
        let is_plain = |class: &String| !class.is_empty() && class.bytes().all(is_word);
        if self.acr_values.len() > CLASSES || !self.acr_values.iter().all(is_plain) {
            let problem = "expected up to 16 words of visible characters without \" and \\";
            return Err(Problem::new("step_up.acr_values", problem));
        }
        Ok(())
    }

    /// The claims that it reads.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &'static str> {
        let class = (!self.acr_values.is_empty()).then_some("acr");
        class.into_iter().chain(self.max_age_seconds.map(|_| "auth_time"))
    }

    /// Whether this identity was authenticated as is asked for. What a token does not say was not done.
    pub(crate) fn is_met(&self, identity: &Identity, now: Timestamp) -> bool {
        let class = identity.claims.get("acr").and_then(Value::as_str);
        let has_class = self.acr_values.is_empty()
            || class.is_some_and(|class| self.acr_values.iter().any(|wanted| wanted == class));
        let at = identity.claims.get("auth_time").and_then(Value::as_f64);
        let is_recent = self.max_age_seconds.is_none_or(|most| {
            let now = now.seconds();
            let range = (now - i64::from(most) - LEEWAY_SECONDS)..=(now + LEEWAY_SECONDS);
            at.is_some_and(|at| at.is_finite() && range.contains(&(at.floor() as i64)))
        });
        has_class && is_recent
    }

    /// What the client is told to do (RFC 9470 §3). `detail` comes first.
    pub(crate) fn refusal(&self, detail: &str) -> Refusal {
        let mut detail = format!("{detail}, error=\"insufficient_user_authentication\"");
        if !self.acr_values.is_empty() {
            detail.push_str(&format!(", acr_values=\"{}\"", self.acr_values.join(" ")));
        }
        if let Some(most) = self.max_age_seconds {
            detail.push_str(&format!(", max_age=\"{most}\""));
        }
        let title = "this needs a better or more recent authentication";
        let code = "insufficient-user-authentication";
        let refusal = Refusal::deny(StatusCode::UNAUTHORIZED, code, title);
        refusal.with(header::WWW_AUTHENTICATE, challenge("Bearer", &detail))
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use bartizan_model::PrincipalKind;
    use serde_json::json;

    use super::*;
    use crate::policy::identity::Claims;

    fn identity(claims: &[(&str, Value)]) -> Identity {
        let all: BTreeMap<_, _> =
            claims.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let names = all.keys().cloned().collect();
        Identity {
            kind: PrincipalKind::Subject,
            issuer: "i".into(),
            subject: "s".into(),
            owner: "".into(),
            scopes: Arc::from([]),
            claims: Claims::kept(all.iter(), &names).into(),
        }
    }

    #[test]
    fn what_a_token_does_not_say_was_not_done() {
        let now = Timestamp::from_seconds(10_000);
        let step = StepUp { acr_values: vec!["gold".to_owned()], max_age_seconds: Some(300) };
        assert_eq!(step.claims().collect::<Vec<_>>(), ["acr", "auth_time"]);
        for (claims, expected) in [
            (vec![("acr", json!("gold")), ("auth_time", json!(9_800))], true),
            (vec![("acr", json!("gold")), ("auth_time", json!(9_670))], true),
            (vec![("acr", json!("gold")), ("auth_time", json!(9_669))], false),
            (vec![("acr", json!("gold")), ("auth_time", json!(10_031))], false),
            (vec![("acr", json!("gold")), ("auth_time", json!("9800"))], false),
            (vec![("acr", json!("gold")), ("auth_time", json!(1e300))], false),
            (vec![("acr", json!("silver")), ("auth_time", json!(9_900))], false),
            (vec![("acr", json!(["gold"])), ("auth_time", json!(9_900))], false),
            (vec![("acr", json!("gold"))], false),
            (vec![("auth_time", json!(9_900))], false),
        ] {
            assert_eq!(step.is_met(&identity(&claims), now), expected, "{claims:?}");
        }
    }

    #[test]
    fn clients_are_told_what_to_ask_for() {
        let step =
            StepUp { acr_values: vec!["a".to_owned(), "b".to_owned()], max_age_seconds: Some(5) };
        let refusal = step.refusal("realm=\"x\"");
        let expected = "Bearer realm=\"x\", error=\"insufficient_user_authentication\", \
                        acr_values=\"a b\", max_age=\"5\"";
        assert_eq!(
            (refusal.status.as_u16(), &refusal.fields[0].1),
            (401, &expected.parse().expect("a value"))
        );
        for wrong in [
            StepUp::default(),
            StepUp { acr_values: vec!["a\"b".to_owned()], max_age_seconds: None },
            StepUp { acr_values: vec!["a b".to_owned()], max_age_seconds: None },
            StepUp { acr_values: vec![String::new()], max_age_seconds: None },
            StepUp { acr_values: vec!["a".to_owned(); 17], max_age_seconds: None },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
