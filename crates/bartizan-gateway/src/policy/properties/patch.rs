//! Operations of JSON Patch (RFC 6902), whatever the media type of what holds them.

use std::collections::BTreeMap;

use bartizan_model::{Root, Side};
use bartizan_protocols::{Decoded, NodeId, NodeRef, Value};

use super::{
    super::{
        spelling::{Along, is_same_name},
        time::Time,
    },
    Property,
};

/// Its operations (section 4).
const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];
/// Longest names of its members, however they are spelt.
const NAME_BYTES: usize = 16;

/// All objects of a request that may be operations, by what holds their members.
pub(super) struct Patches<'d>(BTreeMap<NodeId, Patch<'d>>);

/// One of them. Members may be there several times; each counts.
#[derive(Default)]
pub(super) struct Patch<'d> {
    operations: Vec<&'d str>,
    paths: Vec<&'d str>,
    from: Vec<&'d str>,
    /// Whether there are members to look at in place of what is there.
    has_members: bool,
}

impl<'d> Patches<'d> {
    /// Those of a request, as far as there is time.
    pub(super) fn of(decoded: &'d Decoded, time: &Time) -> Self {
        let is_read = |node: &NodeRef<'_>| {
            node.side() == Side::Request && matches!(node.root(), Root::Body | Root::Message)
        };
        let mut all: BTreeMap<NodeId, Patch<'d>> = BTreeMap::new();
        for node in decoded.view.nodes().filter(is_read) {
            let key = node.key();
            let is_short = (1..=NAME_BYTES).contains(&key.len());
            let Some(parent) = node.parent().filter(|_| is_short) else { continue };
            if !time.is_left_for(key.len()) {
                break;
            }
            let is = |name: &str| is_same_name(key, name);
            let is_told = match node.value() {
                Value::Text(_) => is("op") || is("path") || is("from"),
                Value::Object | Value::Array => is("value"),
                _ => false,
            };
            if is_told {
                all.entry(parent.id()).or_default().add(node);
            }
        }
        all.retain(|_, patch| patch.is_one());
        Self(all)
    }

    /// Whether one of them sets a property by its paths alone.
    pub(super) fn set(&self, property: &Property, time: &Time) -> bool {
        let mut all = self.0.values();
        all.any(|patch| {
            let bytes = patch.paths.iter().chain(&patch.from).map(|path| path.len()).sum();
            time.is_left_for(bytes) && patch.sets(property)
        })
    }

    /// The one whose value is the member of this name of an object.
    pub(super) fn of_value(&self, object: NodeId, key: &str) -> Option<&Patch<'d>> {
        self.0.get(&object).filter(|_| is_same_name(key, "value"))
    }
}

impl<'d> Patch<'d> {
    /// Adds a member that may be one of an operation.
    fn add(&mut self, member: NodeRef<'d>) {
        let is = |name: &str| is_same_name(member.key(), name);
        match member.value() {
            Value::Text(text) if is("op") => self.operations.push(text),
            Value::Text(text) if is("path") => self.paths.push(text),
            Value::Text(text) => self.from.push(text),
            _ => self.has_members = true,
        }
    }
}

impl Patch<'_> {
    fn is_one(&self) -> bool {
        let is_known = |one: &str| OPERATIONS.iter().any(|known| is_same_name(one, known));
        !self.paths.is_empty()
            && self.operations.iter().any(|one| is_known(one))
            && !self.operations.iter().all(|one| *one == "test")
    }

    fn is_any_of(&self, names: &[&str]) -> bool {
        let is_one = |one: &str| names.iter().any(|name| is_same_name(one, name));
        self.operations.iter().any(|one| is_one(one))
    }

    fn sets(&self, property: &Property) -> bool {
        // What is copied stays where it is.
        let from = self.from.iter().filter(|_| !self.operations.iter().all(|one| *one == "copy"));
        let takes_all = !self.has_members || self.is_any_of(&["remove", "move", "copy"]);
        let of_paths = |path: &str| {
            if property.is_anywhere {
                return names(path).any(|name| property.is_in(&name));
            }
            let along = along(property, path);
            let is_whole = path.is_empty() && self.is_any_of(&["move", "copy"]);
            property.way.is_end(along) || (property.way.is_above(along) && takes_all) || is_whole
        };
        self.paths.iter().chain(from).any(|path| of_paths(path))
    }

    /// How far its path is the way to a property.
    pub(super) fn along(&self, property: &Property) -> Along {
        // Where several are there, a server takes one of them.
        let all = self.paths.iter().map(|path| along(property, path));
        all.reduce(Along::or).unwrap_or(Along::BEGIN)
    }
}

fn along(property: &Property, path: &str) -> Along {
    let mut along = Along::BEGIN;
    for name in names(path) {
        along = property.way.by_name(along, &name);
        if property.way.is_end(along) {
            break;
        }
    }
    along
}

/// The names of a JSON pointer (RFC 6901); lenient servers need no slash in front.
fn names(path: &str) -> impl Iterator<Item = String> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    inner.split('/').map(|name| name.replace("~1", "/").replace("~0", "~"))
}
