//! Object types of a schema: which paths lead to the same one.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::sketch::GraphqlField;

use super::{BUILT_IN, ROOTS, capital, unused};

/// Types by name.
pub(super) struct Types(BTreeMap<String, Type>);

/// An object type.
#[derive(Debug, Default)]
pub(super) struct Type {
    /// Fields by name.
    pub(super) members: BTreeMap<String, Member>,
}

/// A field of a type.
#[derive(Debug)]
pub(super) struct Member {
    /// What was seen of it at all paths.
    pub(super) field: GraphqlField,
    /// The object type of its values.
    pub(super) of: Option<String>,
}

impl Types {
    /// Types of fields by path. What `__typename` names alike is one type; its fields are those of all paths.
    pub(super) fn of(fields: &BTreeMap<String, GraphqlField>) -> Self {
        let tree = Tree::new(fields);
        let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (kind, name) in ROOTS {
            if kind == "query" || tree.below.contains_key(kind) {
                groups.insert(name.to_owned(), [kind].into());
            }
        }
        let mut open: BTreeSet<String> = groups.keys().cloned().collect();
        while let Some(name) = open.pop_first() {
            let members = tree.members(groups.get(&name).into_iter().flatten());
            for paths in members.values() {
                let Some(of) = tree.type_of(paths) else { continue };
                let group = groups.entry(of.clone()).or_default();
                let before = group.len();
                group.extend(paths);
                // Groups only grow, so this ends.
                if group.len() > before {
                    open.insert(of);
                }
            }
        }
        Self(tree.reachable(&groups))
    }

    pub(super) fn names(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }

    /// The root types first.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&str, &Type)> {
        let is_root = |name: &str| ROOTS.iter().any(|(_, root)| *root == name);
        let roots = ROOTS.iter().filter_map(|(_, root)| Some((*root, self.0.get(*root)?)));
        let others = self.0.iter().filter(move |(name, _)| !is_root(name));
        roots.chain(others.map(|(name, of)| (name.as_str(), of)))
    }
}

/// Fields by what is above them.
struct Tree<'f> {
    fields: &'f BTreeMap<String, GraphqlField>,
    /// Names and paths of what is below a path; conditions on the type are passed over.
    below: BTreeMap<&'f str, Vec<(&'f str, &'f str)>>,
    /// Names that are made for paths of which no type is known.
    made: BTreeMap<&'f str, String>,
}

impl<'f> Tree<'f> {
    fn new(fields: &'f BTreeMap<String, GraphqlField>) -> Self {
        let mut below: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for path in fields.keys() {
            let Some((above, name)) = path.rsplit_once('.') else { continue };
            let above = match above.rsplit_once('.') {
                Some((object, condition)) if condition.starts_with('<') => object,
                _ => above,
            };
            below.entry(above).or_default().push((name, path));
        }
        let told = fields.values().flat_map(|field| &field.typenames);
        let mut taken: BTreeSet<String> = told.filter(|name| is_type(name)).cloned().collect();
        taken.extend(ROOTS.iter().map(|(_, root)| (*root).to_owned()));
        let mut made = BTreeMap::new();
        for path in below.keys() {
            let steps = path.split('.').map(|step| capital(step.trim_matches(['<', '>'])));
            let name = unused(&steps.collect::<String>(), &taken);
            taken.insert(name.clone());
            made.insert(*path, name);
        }
        Self { fields, below, made }
    }

    /// Fields below any of these paths, with the paths of each.
    fn members<'p>(
        &self,
        paths: impl Iterator<Item = &'p &'f str>,
    ) -> BTreeMap<&'f str, Vec<&'f str>>
    where
        'f: 'p,
    {
        let mut out: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for &(name, path) in paths.filter_map(|path| self.below.get(path)).flatten() {
            out.entry(name).or_default().push(path);
        }
        out
    }

    /// The object type of what is at these paths; `None` when nothing is below them.
    fn type_of(&self, paths: &[&'f str]) -> Option<String> {
        let made = paths.iter().find_map(|path| self.made.get(path))?;
        let told = paths.iter().filter_map(|path| self.fields.get(*path));
        let told: BTreeSet<&String> = told.flat_map(|field| &field.typenames).collect();
        let mut told = told.into_iter().filter(|name| is_type(name));
        match (told.next(), told.next()) {
            (Some(one), None) => Some(one.clone()),
            _ => Some(made.clone()),
        }
    }

    /// The types that the roots lead to. A name that was made before a better one was known leads nowhere.
    fn reachable(&self, groups: &BTreeMap<String, BTreeSet<&'f str>>) -> BTreeMap<String, Type> {
        let mut out: BTreeMap<String, Type> = BTreeMap::new();
        let roots = ROOTS.iter().map(|(_, name)| (*name).to_owned());
        let mut open: Vec<String> = roots.filter(|name| groups.contains_key(name)).collect();
        while let Some(name) = open.pop() {
            if out.contains_key(&name) {
                continue;
            }
            let mut of = Type::default();
            for (field, paths) in self.members(groups.get(&name).into_iter().flatten()) {
                let mut seen = GraphqlField::default();
                paths
                    .iter()
                    .filter_map(|path| self.fields.get(*path))
                    .for_each(|one| seen.merge(one));
                let inner = self.type_of(&paths);
                open.extend(inner.clone());
                of.members.insert(field.to_owned(), Member { field: seen, of: inner });
            }
            out.insert(name, of);
        }
        out
    }
}

/// Whether a name can be that of an object type (§3.6, §2.1.9): names with two underscores are those of
/// introspection.
fn is_type(name: &str) -> bool {
    !name.starts_with("__") && !BUILT_IN.contains(&name)
}
