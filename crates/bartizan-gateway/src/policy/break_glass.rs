//! What is left out in an emergency: policies that are not asked, somewhere and for some time.

use std::{sync::Arc, time::SystemTime};

use bartizan_model::{Duration, Mode, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem, set::Around};
use crate::handover::timestamp;

/// Longest time ahead at which it may end.
const LONGEST: Duration = Duration::hours(24);

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "break_glass",
    title: "Break glass",
    mode: Mode::Off,
    documentation: "\
Leaves out policies in its scope for some time: for when one of them keeps out those who are meant to get in, and it \
matters more that they do than what the policy is for. It is written down beforehand and does nothing until it is \
switched to `enforce`, by `setPolicyMode` of the administration API or in the dashboard, with the time at which that \
ends, at most 24 hours later; a file that enforces it has to say `until`, within the same time. The switch is in the audit log, outlives restarts, and ends by itself; every request that \
it lets pass says so (`bypassed`).

Left out are the policies of `kinds`, by default those that are about how much and about what is valid. Who calls has to \
be known all the same: `authentication`, `authorization`, `condition`, `ownership`, `properties`, `single_use` and \
`login` are only left out where `kinds` names them and `authentication: true` says that this is meant. Wrong keys and tokens are refused, \
addresses looked at and kill switches obeyed in any case. Where the scope only may be meant, nothing is left out.",
    examples: &["\
name: let-orders-in
scope: {paths: [/orders/**]}
break_glass: {kinds: [openapi, schema, rate]}
"],
};

/// Left out unless something else is said.
const USUAL: &[&str] = &[
    "size",
    "rate",
    "transfer",
    "quota",
    "concurrency",
    "page_size",
    "flow",
    "challenge",
    "schema",
    "graphql",
    "json_rpc",
    "xml_rpc",
    "soap",
    "grpc",
    "upload",
    "websocket",
    "openapi",
    "detectors",
    "leak",
    "upstream_errors",
    "deprecation",
];
/// About who calls, and what they may.
const RIGHTS: &[&str] = &[
    "authentication",
    "authorization",
    "condition",
    "ownership",
    "properties",
    "single_use",
    "login",
];

/// Settings of what is left out in an emergency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BreakGlassConfig {
    /// Kinds of policies that are left out. Default: all that may be without `authentication`.
    pub kinds: Vec<String>,
    /// Whether `kinds` may name those that ask who calls and what they may.
    pub authentication: bool,
    /// When it ends (RFC 3339), whatever its mode is. Needed where the file says `mode: enforce`, and then at most 24
    /// hours after the file is read.
    pub until: Option<Timestamp>,
}

/// A compiled list of what is left out.
#[derive(Debug)]
pub(crate) struct Glass {
    kinds: Arc<[&'static str]>,
    until: Option<Timestamp>,
}

impl Glass {
    /// Compiles a policy.
    pub(crate) fn compile(config: &BreakGlassConfig, around: &Around<'_>) -> Result<Self, Problem> {
        let mut kinds = Vec::new();
        for (at, name) in config.kinds.iter().enumerate() {
            let key = format!("kinds.{at}");
            let is_right = RIGHTS.contains(&name.as_str());
            if is_right && !config.authentication {
                let problem =
                    format!("{name:?} needs `authentication: true`, which says that this is meant");
                return Err(Problem::new(key, problem));
            }
            let known = USUAL.iter().chain(RIGHTS).find(|kind| *kind == name);
            kinds.push(*known.ok_or_else(|| {
                let all = [USUAL, RIGHTS].concat().join("`, `");
                Problem::new(&key, format!("{name:?} cannot be left out; one of `{all}` can"))
            })?);
        }
        if kinds.is_empty() {
            kinds.extend_from_slice(USUAL);
        }
        let until = config.until.into_iter().chain(around.until).min();
        if around.mode == Mode::Enforce {
            let Some(until) = until else {
                return Err(Problem::new("until", "a time is needed at which it ends"));
            };
            if until > timestamp(SystemTime::now()).plus(LONGEST) {
                let problem = "is more than 24 hours ahead: leave the mode away, and switch it on when it is needed";
                return Err(Problem::new("until", problem));
            }
        }
        Ok(Self { kinds: kinds.into(), until })
    }

    /// Whether it has not ended.
    pub(crate) fn is_broken(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// What is left out.
    pub(crate) const fn kinds(&self) -> &Arc<[&'static str]> {
        &self.kinds
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::policy::{Enforcement, ITEMS, PolicyConfig, Surroundings};

    fn compile(text: &str) -> Result<Enforcement, String> {
        let policy: PolicyConfig = serde_saphyr::from_str(text).expect(text);
        let surroundings = Surroundings::embedded(bartizan_model::HashKey::new([3; 32]));
        Enforcement::new(&[policy], surroundings).map_err(|error| error.key)
    }

    #[test]
    fn all_kinds_are_known_ones() {
        let known: BTreeSet<_> = ITEMS.iter().map(|item| item.kind).collect();
        for kind in USUAL.iter().chain(RIGHTS) {
            assert!(known.contains(kind), "{kind}");
        }
    }

    #[test]
    fn authentication_is_only_left_out_where_that_is_said() {
        let glass = |inside: &str| compile(&format!("{{name: a, break_glass: {{{inside}}}}}"));
        assert!(glass("").is_ok() && glass("kinds: [rate]").is_ok());
        assert_eq!(glass("kinds: [authentication]").err().as_deref(), Some("break_glass.kinds.0"));
        assert!(glass("kinds: [authentication], authentication: true").is_ok());
        // Keys and tokens would go on to the upstream, and nothing would say who calls.
        for kind in ["api_key", "jwt", "introspection", "kill_switch", "address", "cors", "x"] {
            let refused = glass(&format!("kinds: [{kind}], authentication: true"));
            assert_eq!(refused.err().as_deref(), Some("break_glass.kinds.0"), "{kind}");
        }
    }

    #[test]
    fn it_has_an_end() {
        let endless = "{name: a, mode: enforce, break_glass: {}}";
        assert_eq!(compile(endless).err().as_deref(), Some("break_glass.until"));
        let now = timestamp(SystemTime::now());
        for (mode, hours, refused) in [
            ("enforce", 23, None),
            ("enforce", -1, None),
            ("enforce", 25, Some("break_glass.until")),
            ("enforce", 24 * 365 * 900, Some("break_glass.until")),
            // What switches it on has an end of its own.
            ("monitor", 25, None),
            ("off", 25, None),
        ] {
            let until = now.plus(Duration::hours(hours));
            let text = format!("{{name: a, mode: {mode}, break_glass: {{until: {until}}}}}");
            assert_eq!(compile(&text).err().as_deref(), refused, "{text}");
        }
        let until = Some(Timestamp::from_seconds(10));
        let glass = Glass { kinds: Arc::from([]), until };
        let is_broken = |seconds| glass.is_broken(Timestamp::from_seconds(seconds));
        assert_eq!((is_broken(9), is_broken(10)), (true, false));
    }
}
