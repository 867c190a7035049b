//! What calls are made of where the protocol has fields of its own.

use bartizan_model::Sketch;

use super::Profile;
use crate::facts::Facts;

impl Profile {
    /// What was granted teaches what calls are made of; a refused one may name what is not there.
    pub(super) fn learn_sketch(&mut self, facts: &Facts<'_>, granted: bool) {
        if let Some(call) = facts.decoded.call.as_ref().filter(|_| granted)
            && let Some(sketch) = call.sketch(facts.exchange, facts.decoded)
        {
            self.merge_sketch(&sketch);
        }
    }

    pub(super) fn merge_sketch(&mut self, sketch: &Sketch) {
        match &mut self.sketch {
            Some(known) => known.merge(sketch),
            None => self.sketch = Some(Box::new(sketch.clone())),
        }
    }
}
