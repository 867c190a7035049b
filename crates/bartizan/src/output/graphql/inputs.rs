//! Arguments of a schema and the input types of their values.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
};

use bartizan_model::{
    endpoint::MIN_REQUIRED_SAMPLES,
    sketch::{GraphqlArgument, ValueKind},
};

use super::{BUILT_IN, Names, capital, scalar, unused};

/// Most input types of one document; what would need more has a scalar.
const MAX_INPUTS: usize = 2_048;

/// Input types while a document is written.
#[derive(Default)]
pub(super) struct Inputs {
    /// Members by the name of their type, each by its path from there.
    types: BTreeMap<String, BTreeMap<String, GraphqlArgument>>,
    /// Types that are not written yet, in the order they were found.
    open: VecDeque<String>,
    done: BTreeSet<String>,
}

impl Inputs {
    /// Arguments in the language of schemas; `owner` is what a made type is called after.
    pub(super) fn arguments(
        &mut self,
        arguments: &BTreeMap<String, GraphqlArgument>,
        owner: &str,
        names: &mut Names,
    ) -> Vec<String> {
        let own =
            arguments.iter().filter(|(name, _)| !name.contains('.') && !name.starts_with("__"));
        own.map(|(name, argument)| {
            let members = below(arguments, name);
            let of =
                self.type_of(argument, members, name, &format!("{owner}{}", capital(name)), names);
            format!("{name}: {of}")
        })
        .collect()
    }

    /// The type of an argument: as callers declared it, else what its values were.
    fn type_of(
        &mut self,
        argument: &GraphqlArgument,
        members: BTreeMap<String, GraphqlArgument>,
        name: &str,
        made: &str,
        names: &mut Names,
    ) -> String {
        let declared = declared(argument);
        let base = match (&declared, members.is_empty()) {
            (Some((_, base)), is_plain) => self.named(base, members, is_plain, names),
            (None, false) => {
                let of = if self.types.contains_key(made) {
                    made.to_owned()
                } else {
                    unused(made, &names.taken)
                };
                self.input(of, members, names)
            }
            (None, true) => {
                scalar(name, &argument.kinds).map_or_else(|| names.unknown(), str::to_owned)
            }
        };
        let mut out = match &declared {
            Some((around, declared)) => around.replacen(declared.as_str(), &base, 1),
            None => (0..argument.lists).fold(base, |of, _| format!("[{of}]")),
        };
        // That each had it, and none could leave it out.
        let is_always = argument.of >= MIN_REQUIRED_SAMPLES
            && argument.given >= argument.of
            && argument.nulls == 0;
        if is_always && argument.types.iter().all(|of| of.ends_with('!')) {
            out.push('!');
        }
        out
    }

    /// A type that callers named.
    fn named(
        &mut self,
        base: &str,
        members: BTreeMap<String, GraphqlArgument>,
        is_plain: bool,
        names: &mut Names,
    ) -> String {
        if BUILT_IN.contains(&base) {
            return base.to_owned();
        }
        let is_input = self.types.contains_key(base);
        // One name cannot be that of an object, too.
        if base.starts_with("__") || (!is_input && names.taken.contains(base)) {
            return names.unknown();
        }
        if is_plain && !is_input {
            names.scalars.insert(base.to_owned());
            return base.to_owned();
        }
        self.input(base.to_owned(), members, names)
    }

    fn input(
        &mut self,
        name: String,
        members: BTreeMap<String, GraphqlArgument>,
        names: &mut Names,
    ) -> String {
        if self.types.len() >= MAX_INPUTS && !self.types.contains_key(&name) {
            return names.unknown();
        }
        names.scalars.remove(&name);
        names.taken.insert(name.clone());
        let known = self.types.entry(name.clone()).or_default();
        // A type that is written already takes no more: what it lacks was seen below itself.
        if !self.done.contains(&name) {
            for (path, member) in members {
                known.entry(path).or_default().merge(&member);
            }
            if !self.open.contains(&name) {
                self.open.push_back(name.clone());
            }
        }
        name
    }

    /// Writes all types, with those that are found on the way.
    pub(super) fn write(&mut self, names: &mut Names, out: &mut String) {
        while let Some(name) = self.open.pop_front() {
            self.done.insert(name.clone());
            let members = self.types.get(&name).cloned().unwrap_or_default();
            let lines = self.arguments(&members, &name, names);
            let _ = writeln!(out, "\ninput {name} {{");
            for line in &lines {
                let _ = writeln!(out, "  {line}");
            }
            if lines.is_empty() {
                out.push_str(
                    "  unseen: Boolean # no member of it was seen; an input must have one\n",
                );
            }
            out.push_str("}\n");
        }
    }
}

/// Members of a value, by path from there.
fn below(
    arguments: &BTreeMap<String, GraphqlArgument>,
    name: &str,
) -> BTreeMap<String, GraphqlArgument> {
    let inner = arguments.iter().filter_map(|(path, argument)| {
        let rest = path.strip_prefix(name)?.strip_prefix('.')?;
        Some((rest.to_owned(), argument.clone()))
    });
    inner.collect()
}

/// The type that all callers declared, without its last `!`, and the name in it; `None` when they differ or
/// declared none, and when what was given can be none of it.
fn declared(argument: &GraphqlArgument) -> Option<(String, String)> {
    let inner: BTreeSet<&str> =
        argument.types.iter().map(|of| of.strip_suffix('!').unwrap_or(of)).collect();
    let plain: BTreeSet<String> = inner.iter().map(|of| of.replace('!', "")).collect();
    let (one, None) = (plain.first()?, plain.iter().nth(1)) else { return None };
    let base = one.trim_matches(['[', ']']);
    let is_scalar =
        base == "Int" || base == "Float" || base == "String" || base == "Boolean" || base == "ID";
    if is_scalar && argument.kinds.contains(&ValueKind::Object) {
        return None;
    }
    // Where some declared that an element is never `null`, and others did not, nothing is said.
    let around = if inner.len() == 1 { inner.first()?.to_string() } else { one.clone() };
    Some((around, base.to_owned()))
}
