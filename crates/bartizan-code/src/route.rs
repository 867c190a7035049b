//! What is found: routes, and what guards them.

use std::collections::BTreeMap;

use serde::Serialize;

/// Longest text that is kept of a name or a guard, in bytes.
pub const MAX_NAME_BYTES: usize = 200;

/// A route that code declares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Route {
    /// Path as a caller sees it, parameters as `{name}`, beginning with `/`.
    pub path: String,
    /// Method in upper case, or `ANY` where every method is answered.
    pub method: String,
    /// Who may call it, as far as code tells.
    pub authorization: Authorization,
    /// Name of the framework, as in [`crate::FRAMEWORKS`].
    pub framework: &'static str,
    /// Name of what answers, where it has one.
    pub handler: Option<String>,
    /// Where it is declared.
    pub place: Place,
    /// The package that the file belongs to, by the nearest manifest above it.
    pub component: Option<Component>,
}

/// A line of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Path below the folder that was read, parts joined by `/`.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// A package with a manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Component {
    /// Its name, else that of its folder.
    pub name: String,
    /// Its version, where the manifest has one.
    pub version: Option<String>,
    /// Path of the manifest below the folder that was read.
    pub manifest: String,
}

/// Whether a caller without credentials is refused, as far as code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// A guard demands credentials.
    Required,
    /// No guard was seen, or one that lets everybody in.
    None,
    /// Something is there that was not understood: neither of both is said.
    Unclear,
}

/// Who may call a route, with the reasons.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Authorization {
    /// What follows from the guards.
    pub state: Demand,
    /// The guards, outermost first.
    pub guards: Vec<Guard>,
}

impl Authorization {
    /// What follows from `guards`, outermost first: of those that demand or free, the innermost
    /// decides; one that was not understood makes it unclear where nothing demands.
    #[must_use]
    pub fn of(guards: Vec<Guard>) -> Self {
        let said = guards.iter().rev().find(|guard| guard.effect != Effect::Unclear);
        let is_unclear = guards.iter().any(|guard| guard.effect == Effect::Unclear);
        let state = match said.map(|guard| guard.effect) {
            Some(Effect::Demands) => Demand::Required,
            _ if is_unclear => Demand::Unclear,
            _ => Demand::None,
        };
        Self { state, guards }
    }
}

/// Something that stands before a handler and decides who comes through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Guard {
    /// As written, at most [`MAX_NAME_BYTES`].
    pub name: String,
    /// What it does to a caller without credentials.
    pub effect: Effect,
    /// What it is attached to.
    pub level: Level,
    /// Where it is attached.
    pub place: Place,
}

/// What a guard does to a caller without credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Refuses.
    Demands,
    /// Lets in, also where something further out demands.
    Frees,
    /// Looks like a guard, but what it does was not understood.
    Unclear,
}

/// What a guard is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The whole application.
    Application,
    /// A router, group, blueprint, controller or scope.
    Group,
    /// The route itself.
    Route,
}

/// What was read, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Found {
    /// Routes in order of path, method and place, without repetitions.
    pub routes: Vec<Route>,
    /// Source files that were parsed.
    pub files: u64,
    /// How many files were left out, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
}

/// `text` on one line and no longer than [`MAX_NAME_BYTES`].
#[must_use]
pub fn short(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if out.len() + word.len() + 1 > MAX_NAME_BYTES {
            out.push('…');
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// `text` as [`short`] has it, without what may be a secret in it: texts in quotes that are given to a name
/// (`secret: '…'`), that are long, or that have digits. Names of roles, scopes and strategies stay.
#[must_use]
pub(crate) fn told(text: &str) -> String {
    /// Longest text in quotes that is a name, in bytes.
    const MAX_WORD: usize = 32;
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['"', '\'', '`']) {
        let (before, quoted) = rest.split_at(at);
        let quote = quoted.get(..1).unwrap_or_default();
        out.push_str(before);
        out.push_str(quote);
        let Some((inner, behind)) = quoted.get(1..).and_then(|inner| inner.split_once(quote))
        else {
            out.push('…');
            return short(&out);
        };
        let is_given = before.trim_end().ends_with([':', '=', '>']);
        let is_word = inner.len() <= MAX_WORD && !inner.bytes().any(|byte| byte.is_ascii_digit());
        out.push_str(if is_word && !is_given { inner } else { "…" });
        out.push_str(quote);
        rest = behind;
    }
    out.push_str(rest);
    short(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_guards_are_not_told() {
        for (written, expected) in [
            (
                "basicAuth({ users: { admin: 'supersecret' } })",
                "basicAuth({ users: { admin: '…' } })",
            ),
            (
                "jwt({ secret: \"shhhh\", algorithms: ['HS256'] })",
                "jwt({ secret: \"…\", algorithms: ['…'] })",
            ),
            ("keyAuth(`k3y`)", "keyAuth(`…`)"),
            ("hasRole('admin', \"desk\")", "hasRole('admin', \"desk\")"),
            ("[Authorize(Roles = \"staff\")]", "[Authorize(Roles = \"…\")]"),
            ("gate('broken", "gate('…"),
            ("é('é')", "é('é')"),
        ] {
            assert_eq!(told(written), expected);
        }
    }
}
