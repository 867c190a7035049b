//! Which scopes documented operations ask for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Compared, Key, key};
use crate::endpoints::Template;

/// A documented operation that says who may call it.
#[derive(Debug)]
pub struct Secured<'a> {
    /// Method.
    pub method: &'a str,
    /// Path template with its base path.
    pub path: &'a str,
    /// Alternatives: the scopes of each, all of them needed. An alternative without scopes asks for none.
    alternatives: Vec<BTreeSet<&'a str>>,
}

impl<'a> Secured<'a> {
    /// Scopes that let a client call it which has `held`: of all alternatives that it fulfils. Empty when it
    /// fulfils none, or one without scopes alone.
    #[must_use]
    pub fn fulfilled(&self, held: &BTreeSet<&str>) -> BTreeSet<&'a str> {
        let fulfilled = self.alternatives.iter().filter(|one| one.is_subset(held));
        fulfilled.flatten().copied().collect()
    }

    /// Scopes that it asks for and that are not among `held`, of the alternative that lacks fewest.
    #[must_use]
    pub fn lacking(&self, held: &BTreeSet<&str>) -> BTreeSet<&'a str> {
        let lacking = self.alternatives.iter().map(|one| {
            one.iter().copied().filter(|scope| !held.contains(scope)).collect::<BTreeSet<_>>()
        });
        lacking.min_by_key(BTreeSet::len).unwrap_or_default()
    }
}

/// All documented operations that say who may call them.
#[derive(Debug, Default)]
pub struct Scopes<'a> {
    operations: Vec<Secured<'a>>,
    /// By place in the index of specifications, which has one for each base path.
    at: BTreeMap<usize, usize>,
    by_scope: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Scopes<'a> {
    /// Whether a specification asks for this scope somewhere.
    #[must_use]
    pub fn knows(&self, scope: &str) -> bool {
        self.by_scope.contains_key(scope)
    }

    /// Numbers of the operations that ask for this scope, in order.
    #[must_use]
    pub fn asking(&self, scope: &str) -> &[usize] {
        self.by_scope.get(scope).map_or(&[], Vec::as_slice)
    }

    /// An operation by its number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&Secured<'a>> {
        self.operations.get(number)
    }
}

impl<'a> Compared<'a> {
    /// What the specifications ask for.
    #[must_use]
    pub fn scopes(&self) -> Scopes<'a> {
        let mut all = Scopes::default();
        let mut numbers: BTreeMap<Key<'a>, usize> = BTreeMap::new();
        for (position, operation) in self.specs.index.operations().iter().enumerate() {
            let Some(security) = &operation.documented.security else { continue };
            let number = *numbers.entry(key(operation)).or_insert_with(|| {
                let number = all.operations.len();
                let alternatives: Vec<BTreeSet<&str>> = security
                    .iter()
                    .map(|one| {
                        let scopes = one.schemes.iter().flat_map(|(_, scopes)| scopes);
                        scopes.map(String::as_str).collect()
                    })
                    .collect();
                let scopes: BTreeSet<&str> = alternatives.iter().flatten().copied().collect();
                for scope in scopes {
                    all.by_scope.entry(scope).or_default().push(number);
                }
                let (method, path) = (operation.method.as_str(), operation.path.as_str());
                all.operations.push(Secured { method, path, alternatives });
                number
            });
            all.at.insert(position, number);
        }
        all
    }

    /// Numbers of the operations that an endpoint is.
    pub fn secured<'s>(
        &'s self,
        scopes: &'s Scopes<'a>,
        template: &'s Template,
    ) -> impl Iterator<Item = usize> + 's {
        let found = self.specs.index.documenting(template);
        found.filter_map(|position| scopes.at.get(&position).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_fulfilled_as_a_whole() {
        let of = |scopes: &[&'static str]| scopes.iter().copied().collect::<BTreeSet<_>>();
        let secured = |alternatives: &[&[&'static str]]| Secured {
            method: "GET",
            path: "/a",
            alternatives: alternatives.iter().map(|one| of(one)).collect(),
        };
        let either = secured(&[&["read", "list"], &["admin"]]);
        assert_eq!(either.fulfilled(&of(&["read"])), of(&[]));
        assert_eq!(either.lacking(&of(&["read"])), of(&["list"]));
        assert_eq!(either.fulfilled(&of(&["read", "list", "write"])), of(&["read", "list"]));
        assert_eq!(either.lacking(&of(&["admin"])), of(&[]));
        let open = secured(&[&["read"], &[]]);
        assert_eq!((open.lacking(&of(&[])), open.fulfilled(&of(&[]))), (of(&[]), of(&[])));
        assert_eq!(secured(&[]).lacking(&of(&[])), of(&[]));
    }
}
