//! Folding the keys of maps: objects of which only many messages together tell that their keys are
//! values (`{"ann": …}` here, `{"bob": …}` there), so the decoder cannot know.

use bartizan_model::location::{GeneralStep, Root};

use super::{Codec, Scalar, StepKind, View, hash_below, key_hash};

impl View {
    /// Turns keys of maps into `{key}` in the general form, and moves all that is below them.
    ///
    /// `kept` is asked for each object, by the hash of its general location: `None` when it is no map,
    /// else the sorted keys that stay what they are. Instance locations do not change.
    pub fn fold<'m, K: AsRef<str> + 'm>(&mut self, kept: impl Fn(u64) -> Option<&'m [K]>) {
        // Nodes before this one hang below a map.
        let mut moved = 0;
        for at in 0..self.nodes.len() {
            if at < moved {
                self.hash_again(at);
            }
            let node = self.nodes[at];
            if !matches!(node.scalar, Scalar::Object) {
                continue;
            }
            let Some(kept) = kept(node.general) else { continue };
            let end = (node.end as usize).min(self.nodes.len());
            let mut child = at + 1;
            while child < end {
                let node = &mut self.nodes[child];
                let key = &self.text[node.key.start as usize..node.key.end as usize];
                if node.step == StepKind::Key
                    && kept.binary_search_by(|name| name.as_ref().cmp(key)).is_err()
                {
                    node.step = StepKind::AnyKey;
                }
                child = (node.end as usize).max(child + 1);
            }
            moved = moved.max(end);
        }
    }

    pub(super) fn hash_again(&mut self, at: usize) {
        let node = self.nodes[at];
        let Some(above) = self.nodes.get(node.parent as usize) else { return };
        let key = &self.text[node.key.start as usize..node.key.end as usize];
        self.nodes[at].general = hash_below(above.general, node.root, node.step, key, node.index);
    }
}

/// The [`general_hash`](super::NodeRef::general_hash) of a place one step below the one whose hash is
/// `above`; `None` for a decoder that does not exist. Not for the segments of a path.
#[must_use]
pub fn general_hash_below(above: u64, step: &GeneralStep<'_>) -> Option<u64> {
    Some(match step {
        GeneralStep::Key(key) => key_hash(above, key),
        GeneralStep::AnyKey => hash_below(above, Root::Body, StepKind::AnyKey, "", 0),
        GeneralStep::AnyIndex => hash_below(above, Root::Body, StepKind::Index, "", 0),
        GeneralStep::Decoder(name) => {
            let codec = Codec::named(name)?;
            hash_below(above, Root::Body, StepKind::Decoded(codec), "", 0)
        }
    })
}
