//! Whose objects are, as answers told.

use bartizan_model::{KeyedHash, Side};
use bartizan_protocols::{Decoded, NodeRef, Value};

use super::{
    super::{identity::Identity, record::Refusal, roles, spelling::folded, time::Time},
    ObjectConfig, Ownership,
    readings::{readings, usual},
};

/// Domains of the hashes under which owners are kept.
const OBJECT: &str = "policy-object";
/// Under what an identifier would be, were it written as usual, as far as it is not.
const USUAL: &str = "policy-object-usual";
const OWNER: &str = "policy-owner";
/// What comparing a name costs that begins otherwise, in bytes.
const NAME_WORK: usize = 4;

impl Ownership {
    /// Learns whose objects are from an answer. `false` when there was no time for all of it.
    pub(super) fn learn(&self, decoded: &Decoded, time: &Time) -> bool {
        if self.config.shows.is_empty() {
            return true;
        }
        let mut names: Vec<String> = Vec::new();
        let mut place_of = |name: &str| {
            let name: String = folded(name).collect();
            let known = names.iter().position(|one| *one == name);
            known.unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            })
        };
        let shows = self.config.shows.iter();
        let shows: Vec<_> =
            shows.map(|one| (one, place_of(&one.id), place_of(&one.owner))).collect();
        let nodes = decoded.view.nodes().filter(|node| node.side() == Side::Response);
        for object in nodes.filter(|node| node.value() == Value::Object) {
            let mut members = vec![None; names.len()];
            for child in object.children() {
                if !time.is_left_for(child.key().len() + names.len() * NAME_WORK) {
                    return false;
                }
                let is_it = |name: &String| folded(child.key()).eq(name.chars());
                if let Some(at) = names.iter().position(is_it) {
                    members[at] = members[at].take().or_else(|| text(child));
                }
            }
            for (shows, id, owner) in &shows {
                let (Some(id), Some(owner)) = (&members[*id], &members[*owner]) else { continue };
                if !time.is_left_for(id.len() + owner.len()) {
                    return false;
                }
                self.note(&shows.kind, id, owner);
            }
        }
        true
    }

    fn note(&self, kind: &str, id: &str, owner: &str) {
        let owner = self.owner(owner);
        self.owners.note(self.object(OBJECT, kind, id), owner);
        let usual = usual(id);
        if usual != id {
            self.owners.note(self.object(USUAL, kind, &usual), owner);
        }
    }

    /// Whether an object that a request names is known to be somebody else's. What is known of this very text
    /// counts; only when nothing is, what is known of the texts that servers may take it for.
    pub(super) fn compare_owner(
        &self,
        id: &str,
        object: &ObjectConfig,
        who: &[Identity],
    ) -> Result<Option<&'static str>, Refusal> {
        let kind = &object.kind;
        if let Some(owner) = self.owners.owner(self.object(OBJECT, kind, id)) {
            return self.is_owner(owner, object, who);
        }
        let Some(readings) = readings(id) else { return self.unreadable("value-unreadable") };
        let mut open = Some("owner-unknown");
        for text in std::iter::once(id).chain(readings.iter().map(String::as_str)) {
            for domain in [OBJECT, USUAL] {
                if let Some(owner) = self.owners.owner(self.object(domain, kind, text)) {
                    open = self.is_owner(owner, object, who)?;
                }
            }
        }
        Ok(open)
    }

    fn is_owner(
        &self,
        owner: KeyedHash,
        object: &ObjectConfig,
        who: &[Identity],
    ) -> Result<Option<&'static str>, Refusal> {
        let mut is_known = false;
        for one in who {
            let values = roles::said(one, &object.is);
            is_known |= values.is_some();
            if values.unwrap_or_default().iter().any(|value| self.owner(value) == owner) {
                return Ok(None);
            }
        }
        if is_known { Err(self.refusal("object-of-others")) } else { Ok(Some("nobody-identified")) }
    }

    fn object(&self, domain: &str, kind: &str, id: &str) -> KeyedHash {
        self.key.hash(domain, format!("{}:{kind}{id}", kind.len()).as_bytes())
    }

    fn owner(&self, value: &str) -> KeyedHash {
        self.key.hash(OWNER, value.as_bytes())
    }
}

fn text(node: NodeRef<'_>) -> Option<String> {
    match node.value() {
        Value::Text(text) => Some(text.to_owned()),
        Value::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}
