//! What policies are told, and how it is compiled. What cannot be compiled is refused as a whole,
//! with the name of the policy and the path of the key: no policy ever turns itself off.

use bartizan_model::{Mode, Timestamp};
use schemars::JsonSchema;
use serde::Deserializer;

pub use super::kinds::PolicyConfig;
use super::{PolicyItem, scope::ScopeConfig, set_aside::SetAside};

/// Most policies.
pub(crate) const POLICIES: usize = 1_000;
/// Longest name, in bytes.
const NAME_BYTES: usize = 64;

/// The words for [`Mode`], for the schema.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum ModeName {
    Off,
    Monitor,
    Enforce,
}

/// `off` without quotes is a truth value to some readers of YAML.
pub(super) fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Mode>, D::Error> {
    struct Word;
    impl serde::de::Visitor<'_> for Word {
        type Value = Option<Mode>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("`off`, `monitor` or `enforce`")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
            if value {
                return Err(E::invalid_value(serde::de::Unexpected::Bool(value), &self));
            }
            Ok(Some(Mode::Off))
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            match text {
                "off" => Ok(Some(Mode::Off)),
                "monitor" => Ok(Some(Mode::Monitor)),
                "enforce" => Ok(Some(Mode::Enforce)),
                _ => Err(E::unknown_variant(text, &["off", "monitor", "enforce"])),
            }
        }
    }
    deserializer.deserialize_any(Word)
}

impl PolicyConfig {
    /// These policies, and the default ones: each applies where none of its kind among these does, in
    /// whatever mode. One of these with the name of a default one takes its place altogether.
    #[must_use]
    pub fn with_defaults(mut policies: Vec<Self>) -> Vec<Self> {
        let missing = Self::defaults().into_iter().filter(|default| {
            let kind = default.kinds().next();
            let takes_its_place = |policy: &Self| {
                let is_everywhere = policy.scope == ScopeConfig::default();
                policy.kinds().next() == kind && (is_everywhere || policy.name == default.name)
            };
            !policies.iter().any(takes_its_place)
        });
        let missing: Vec<_> = missing.collect();
        policies.extend(missing);
        policies
    }

    /// Its kind, and the mode it is in; `None` when it has no rule, or several.
    #[must_use]
    pub fn kind_and_mode(&self) -> Option<(&'static PolicyItem, Mode)> {
        let item = self.check().ok()?;
        Some((item, self.mode.unwrap_or(item.mode)))
    }

    /// The same, switched to a mode by hand. Where its kind knows an end, it is one at `until`; others do not end.
    #[must_use]
    pub fn switched(mut self, mode: Mode, until: Option<Timestamp>) -> Self {
        (self.mode, self.until) = (Some(mode), until);
        self
    }

    /// The same, with refusals that are set aside by hand.
    #[must_use]
    pub fn setting_aside(mut self, set_aside: Vec<SetAside>) -> Self {
        self.set_aside = set_aside;
        self
    }

    /// What of it has ended by itself, and does nothing any more: a sentence for each.
    #[must_use]
    pub fn ended(&self, now: Timestamp) -> Vec<String> {
        let exceptions = self.except.iter().enumerate();
        let mut ends: Vec<(String, Option<Timestamp>)> =
            exceptions.map(|(at, one)| (format!("except.{at}"), Some(one.until))).collect();
        let text = self.security_txt.as_ref().map(|text| text.expires);
        ends.push(("security_txt".to_owned(), text));
        let switch = self.kill_switch.as_ref().and_then(|switch| switch.until);
        ends.push(("kill_switch".to_owned(), switch));
        let glass = self.break_glass.as_ref().and_then(|glass| glass.until);
        ends.push(("break_glass".to_owned(), glass));
        let ended = ends.into_iter().filter_map(|(key, end)| {
            let end = end.filter(|end| *end <= now)?;
            Some(format!("policy {:?}: `{key}` ended on {end}", self.name))
        });
        ended.collect()
    }

    /// Whether it is one that is there without any configuration.
    #[must_use]
    pub const fn is_default(&self) -> bool {
        self.is_default
    }

    /// Checks the outside and gives the kind.
    pub(crate) fn check(&self) -> Result<&'static PolicyItem, PolicyError> {
        let is_character = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let is_name = !self.name.is_empty()
            && self.name.len() <= NAME_BYTES
            && self.name.bytes().all(is_character);
        let refuse = |key: &str, problem: String| Err(PolicyError::new(&self.name, key, problem));
        if !is_name {
            return refuse("name", "expected 1 to 64 letters, digits, `-`, `_` or `.`".to_owned());
        }
        let kinds: Vec<_> = self.kinds().collect();
        let known = || super::ITEMS.iter().map(|item| item.kind).collect::<Vec<_>>().join("`, `");
        let item = match kinds.as_slice() {
            [kind] => super::ITEMS.iter().copied().find(|item| item.kind == *kind),
            [] => return refuse("", format!("it has no rule; one of `{}` is needed", known())),
            many => return refuse("", format!("one rule is needed, not `{}`", many.join("`, `"))),
        };
        item.ok_or_else(|| PolicyError::new(&self.name, "", "is of an unknown kind"))
    }
}

/// What is wrong with a rule: the path of the key below the rule, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) key: String,
    pub(crate) problem: String,
}

impl Problem {
    pub(crate) fn new(key: impl AsRef<str>, problem: impl Into<String>) -> Self {
        Self { key: key.as_ref().to_owned(), problem: problem.into() }
    }

    /// The same below another key.
    pub(crate) fn below(self, key: &str) -> Self {
        let key = if self.key.is_empty() { key.to_owned() } else { format!("{key}.{}", self.key) };
        Self { key, problem: self.problem }
    }

    pub(crate) fn of(self, policy: &str, kind: &str) -> PolicyError {
        let key =
            if self.key.is_empty() { kind.to_owned() } else { format!("{kind}.{}", self.key) };
        PolicyError::new(policy, &key, self.problem)
    }
}

/// Why policies are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy {policy:?}: {}{problem}", Key(key))]
pub struct PolicyError {
    /// Name of the policy.
    pub policy: String,
    /// Path of the key below it, for example `cors.origins.0`; empty for the policy as a whole.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

impl PolicyError {
    pub(crate) fn new(policy: &str, key: &str, problem: impl Into<String>) -> Self {
        Self { policy: policy.to_owned(), key: key.to_owned(), problem: problem.into() }
    }
}

struct Key<'a>(&'a str);

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "`{}`: ", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PolicyConfig, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn modes_are_words_also_for_readers_that_know_off_as_false() {
        for (word, mode) in [
            ("off", Mode::Off),
            ("\"off\"", Mode::Off),
            ("monitor", Mode::Monitor),
            ("enforce", Mode::Enforce),
        ] {
            let policy =
                read(&format!("name: a\nmode: {word}\nsize: {{fields: 1}}\n")).expect(word);
            assert_eq!(policy.mode, Some(mode));
            let json = serde_json::to_value(&policy).expect("JSON");
            assert_eq!(
                serde_json::from_value::<PolicyConfig>(json).expect("read").mode,
                Some(mode)
            );
        }
        let json = serde_json::json!({"name": "a", "mode": false, "size": {"fields": 1}});
        assert_eq!(
            serde_json::from_value::<PolicyConfig>(json).expect("read").mode,
            Some(Mode::Off)
        );
        for word in ["on", "block", "true", "1", "Enforce"] {
            assert!(
                read(&format!("name: a\nmode: {word}\nsize: {{fields: 1}}\n")).is_err(),
                "{word}"
            );
        }
    }

    #[test]
    fn a_policy_has_one_rule_and_a_name() {
        for (text, key) in [
            ("name: a", ""),
            ("{name: a, size: {fields: 1}, headers: {}}", ""),
            ("{name: '', size: {fields: 1}}", "name"),
            ("{name: 'a b', size: {fields: 1}}", "name"),
            ("{name: \"a\\\"b\", size: {fields: 1}}", "name"),
        ] {
            let error = read(text).expect("read").check().err();
            assert_eq!(error.map(|error| error.key), Some(key.to_owned()), "{text}");
        }
        let kind =
            read("{name: a, size: {fields: 1}}").expect("read").check().map(|item| item.kind);
        assert_eq!(kind, Ok("size"));
    }

    #[test]
    fn what_has_ended_is_told() {
        let policy = read(
            "{name: a, except: [{scope: {paths: [/a]}, until: 2001-01-01T00:00:00Z, reason: x}, \
             {scope: {paths: [/b]}, until: 2999-01-01T00:00:00Z, reason: x}], \
             kill_switch: {until: 2002-01-01T00:00:00Z}}",
        );
        let now = Timestamp::parse("2026-01-01T00:00:00Z").expect("a time");
        let told = policy.expect("read").ended(now);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("`except.0` ended on 2001") && told[1].contains("`kill_switch`"));
    }

    #[test]
    fn defaults_fill_what_is_missing() {
        let rest = ["default-quota", "default-login", "default-api-keys", "default-headers"];
        let all = ["default-rate", "default-user-rate"].into_iter().chain(rest).collect::<Vec<_>>();
        for (text, expected) in [
            ("{name: mine, rate: {requests: 1, period_seconds: 1}}", &rest[..]),
            ("{name: mine, mode: off, rate: {requests: 1, period_seconds: 1}}", &rest),
            ("{name: mine, scope: {paths: [/a]}, rate: {requests: 1, period_seconds: 1}}", &all),
            (
                "{name: default-rate, scope: {paths: [/a]}, rate: {requests: 1, period_seconds: 1}}",
                &all[1..],
            ),
        ] {
            let with = PolicyConfig::with_defaults(vec![read(text).expect("read")]);
            let names: Vec<_> = with[1..].iter().map(|policy| policy.name.as_str()).collect();
            assert_eq!(names, expected, "{text}");
        }
        let error = PolicyError::new("a", "cors.origins.0", "is wrong");
        assert_eq!(error.to_string(), "policy \"a\": `cors.origins.0`: is wrong");
    }
}
