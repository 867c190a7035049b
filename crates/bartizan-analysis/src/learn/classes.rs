//! Where an endpoint carries which data, how often, and for how many.

use bartizan_model::{Location, data_class::Direction};
use serde::{Deserialize, Serialize};

use super::{Distinct, Profile, Witnesses, profile::Lesson};
use crate::classes::ClassHit;

/// Most different places of data classes per endpoint.
pub const MAX_CLASS_PLACES: usize = 128;

/// One data class at one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassSeen {
    /// General hash of the place.
    pub hash: u64,
    /// Name of the class.
    pub class: String,
    /// General form.
    pub location: Location,
    /// Sent or returned.
    pub direction: Direction,
    /// Values.
    pub count: u64,
    /// Who sent one or was answered with one, hostile exchanges and those that were not granted left out.
    pub witnesses: Witnesses,
    /// Distinct principals that sent or got them, merely claimed ones left out.
    pub principals: Distinct,
}

impl Profile {
    /// Learns which data an exchange carries, hostile ones too: what went out went out.
    pub(super) fn learn_classes(&mut self, lesson: &Lesson<'_>, success: bool) {
        let Lesson { facts, caller, .. } = lesson;
        let witness = if success { lesson.witness() } else { 0 };
        let mut sensitive = false;
        for ClassHit { class, node, .. } in facts.classes {
            let Some(node) = facts.decoded.view.node(*node) else { continue };
            let direction = Direction::from(node.side());
            sensitive |= direction == Direction::Response
                && facts.snapshot.class(class.as_str()).is_some_and(|known| known.sensitive);
            let hash = node.general_hash();
            for places in [&mut self.places, &mut self.refused] {
                if let Some(place) = places.get_mut(&hash) {
                    place.values.forget_words();
                }
            }
            let full = self.classes.len() >= MAX_CLASS_PLACES;
            let same = |seen: &ClassSeen| seen.hash == hash && seen.class == class.as_str();
            let at = match self.classes.iter().position(same) {
                Some(at) => at,
                None if full => {
                    self.places_overflow += 1;
                    continue;
                }
                None => {
                    self.classes.reserve_exact(1);
                    self.classes.push(ClassSeen {
                        hash,
                        class: class.as_str().to_owned(),
                        location: node.general().shrunk(),
                        direction,
                        count: 0,
                        witnesses: Witnesses::default(),
                        principals: Distinct::default(),
                    });
                    self.classes.len() - 1
                }
            };
            let seen = &mut self.classes[at];
            seen.count += 1;
            seen.witnesses.add(witness);
            if let Some(principal) = caller.believed_principal() {
                seen.principals.add(principal);
            }
        }
        self.sensitive += u64::from(sensitive && success);
    }
}
