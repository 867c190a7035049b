//! Lists of names of what may be called: methods, operations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::Problem;

/// Most names of one list.
const NAMES: usize = 10_000;
/// Longest name, in bytes.
const NAME_BYTES: usize = 512;

/// What may be called. Names are whole, or begin with what stands before a `*` at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NamesConfig {
    /// Names that may be called, and no others; empty for all. With case.
    pub allow: Vec<String>,
    /// Names that may not, also when they are among the former. Without case: some servers do not tell it.
    pub deny: Vec<String>,
}

/// A compiled list.
#[derive(Debug, Default)]
pub(super) struct Names {
    allow: Vec<String>,
    deny: Vec<String>,
}

impl Names {
    /// `key`: where the lists stand, for the problem.
    pub(super) fn compile(key: &str, config: &NamesConfig) -> Result<Self, Problem> {
        for (name, list) in [("allow", &config.allow), ("deny", &config.deny)] {
            let key = format!("{key}.{name}");
            if list.len() > NAMES {
                return Err(Problem::new(key, format!("more than {NAMES} names")));
            }
            for (at, text) in list.iter().enumerate() {
                let rest = text.strip_suffix('*').unwrap_or(text);
                if text.is_empty() || text.len() > NAME_BYTES || rest.contains('*') {
                    let expected = "expected a name, or the beginning of one and `*`";
                    return Err(Problem::new(format!("{key}.{at}"), expected));
                }
            }
        }
        let deny = config.deny.iter().map(|name| name.to_lowercase()).collect();
        Ok(Self { allow: config.allow.clone(), deny })
    }

    /// Whether something of this name may be called.
    pub(super) fn allows(&self, name: &str) -> bool {
        let is_allowed = self.allow.is_empty() || self.allow.iter().any(|one| fits(one, name));
        is_allowed && !self.denies(name)
    }

    /// Whether it may not be called by its name, whatever else is listed.
    pub(super) fn denies(&self, name: &str) -> bool {
        if self.deny.is_empty() {
            return false;
        }
        let lower = name.to_lowercase();
        self.deny.iter().any(|one| fits(one, &lower))
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

/// A list of plain names, checked.
pub(super) fn plain<'a>(
    key: &str,
    names: &'a [String],
) -> Result<impl Iterator<Item = String> + use<'a>, Problem> {
    let is_fine = |name: &String| (1..=NAME_BYTES).contains(&name.len());
    if names.len() > NAMES || !names.iter().all(is_fine) {
        let expected = format!("expected at most {NAMES} names of 1 to {NAME_BYTES} bytes");
        return Err(Problem::new(key, expected));
    }
    Ok(names.iter().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_or_begin_so() {
        let list = |allow: &[&str], deny: &[&str]| {
            let own = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
            Names::compile("methods", &NamesConfig { allow: own(allow), deny: own(deny) })
        };
        let names = list(&["user.*", "ping"], &["user.drop*"]).expect("compiles");
        for (name, is_allowed) in [
            ("user.get", true),
            ("user.", true),
            ("ping", true),
            ("pingg", false),
            ("Ping", false),
            ("user.drop", false),
            ("user.DROPALL", false),
            ("", false),
        ] {
            assert_eq!(names.allows(name), is_allowed, "{name}");
        }
        let all = list(&[], &["System.*"]).expect("compiles");
        assert!(all.allows("anything") && all.allows("") && !all.allows("system.listMethods"));
        for wrong in ["", "a*b", "**"] {
            assert_eq!(list(&[], &[wrong]).expect_err(wrong).key, "methods.deny.0");
        }
    }
}
