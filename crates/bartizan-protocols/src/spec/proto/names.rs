//! Messages, and enumerations, by their names ("Packages and name resolution" of the language guide): from the innermost scope
//! outwards, or from the root when a name begins with a dot.

use std::collections::BTreeMap;

use crate::spec::{budget::Work, operation::Place, tree::Node};

/// A message that is declared.
#[derive(Clone, Copy)]
pub(super) struct Found<'t> {
    pub(super) node: Node<'t>,
    file: u32,
    package: &'t str,
    name: &'t str,
}

impl<'t> Found<'t> {
    pub(super) fn place(&self) -> Place {
        Place { file: self.file, node: self.node.id() }
    }

    /// A field of it, and where that is.
    pub(super) fn field(&self, name: &str) -> Option<(Node<'t>, Place)> {
        let field = self.node.get(name)?;
        Some((field, Place { file: self.file, node: field.id() }))
    }

    /// Its whole name, which is a scope for those of its fields.
    pub(super) fn scope(&self) -> String {
        join(self.package, self.name)
    }
}

/// All messages of all files, by package and name in it. Of several of one name, the first counts.
pub(super) struct Names<'t>(BTreeMap<(&'t str, &'t str), Found<'t>>);

/// Longest name that is looked up, in bytes: a package and what is in it, each cut before.
const MAX_LOOKED_UP: usize = 2 * 1024;

impl<'t> Names<'t> {
    /// Of the files with their numbers. `kind`: `messages` or `enums`.
    pub(super) fn of(kind: &str, files: impl Iterator<Item = (u32, Node<'t>)>) -> Self {
        let mut names = BTreeMap::new();
        for (file, root) in files {
            let package = root.text_of("package");
            for (name, node) in root.get(kind).into_iter().flat_map(Node::members) {
                names.entry((package, name)).or_insert(Found { node, file, package, name });
            }
        }
        Self(names)
    }

    /// The message that a name means inside of a scope, a package or a message.
    pub(super) fn find(&self, scope: &str, name: &str, work: &Work) -> Option<Found<'t>> {
        if let Some(name) = name.strip_prefix('.') {
            return self.exact(name, work);
        }
        let mut scope = scope;
        loop {
            let found = self.exact(&join(scope, name), work);
            if found.is_some() || scope.is_empty() {
                return found;
            }
            scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }

    /// The message of a whole name, wherever its package ends.
    fn exact(&self, name: &str, work: &Work) -> Option<Found<'t>> {
        if name.len() > MAX_LOOKED_UP {
            return None;
        }
        let dots = name.rmatch_indices('.').filter_map(|(dot, _)| {
            let (package, rest) = name.split_at_checked(dot)?;
            Some((package, rest.get(1..)?))
        });
        for key in dots.chain([("", name)]) {
            if !work.spend_text(name.len()) {
                return None;
            }
            if let Some(found) = self.0.get(&key) {
                return Some(*found);
            }
        }
        None
    }
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}
