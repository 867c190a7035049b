//! To whom objects belong, learned from what the API itself says.
//!
//! Three kinds of evidence, from strong to weak: a field of the response that for most callers
//! equals their own subject (*by subject*); a field named after somebody that for most callers has
//! one constant value, different from caller to caller (*by habit*); and objects that were listed
//! to, or created by, somebody else (*by home*). No single caller can make a field trusted.

use bartizan_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::state::{Absorb, RecentSet, Table, pair};

/// Fewest distinct callers that must agree before a relation is believed.
pub(crate) const MIN_CALLERS: u32 = 5;
/// Largest contribution of one caller to a relation, in observations.
const MAX_SHARE: u8 = 20;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Field {
    /// Callers for whom it was equal to their subject at least once.
    equal: u32,
    /// Callers for whom it never was.
    unequal: u32,
    /// Callers with a habitual value, and those of them whose value somebody else had before.
    habits: u32,
    clashes: u32,
    /// Observations that agree with the caller's habit, and that do not.
    same: u64,
    different: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Own {
    value: u64,
    count: u8,
    other: u8,
    same: u8,
    different: u8,
    equal: bool,
    unequal: bool,
    habit: bool,
}

/// Somebody to whom an object was shown.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Home {
    /// Up to three; 0 is nobody.
    actors: [u64; 3],
    many: bool,
}

/// Whose something is, from the caller's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belongs {
    /// The caller's.
    Own,
    /// Somebody else's: a hash that tells owners apart.
    Other(u64),
    /// No trusted evidence.
    Unknown,
}

/// Who is asking.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// Key of the actor.
    pub actor: u64,
    /// What its token says it is.
    pub subject: Option<u64>,
    /// The id that the API gives it.
    pub self_value: Option<u64>,
    /// Whether it counts as a distinct actor (claimed principals do not).
    pub counts: bool,
    /// Whether it is a principal or session rather than an address.
    pub named: bool,
}

impl Caller {
    fn is(&self, value: u64) -> bool {
        self.subject == Some(value) || self.self_value == Some(value)
    }
}

/// What is known about belonging.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ownership {
    fields: Table<Field>,
    own: Table<Own>,
    claimed: RecentSet,
    homes: Table<Home>,
}

impl Default for Ownership {
    fn default() -> Self {
        Self {
            fields: Table::new(4_096),
            own: Table::new(100_000),
            claimed: RecentSet::new(100_000),
            homes: Table::new(200_000),
        }
    }
}

impl Ownership {
    /// Whose a thing is whose `field` holds `value`.
    pub(crate) fn judge(&self, caller: &Caller, field: u64, value: u64, person: bool) -> Belongs {
        if caller.is(value) {
            return Belongs::Own;
        }
        let Some(stat) = self.fields.peek(field) else { return Belongs::Unknown };
        let known = caller.subject.is_some() || caller.self_value.is_some();
        if known && stat.equal >= MIN_CALLERS && stat.equal >= stat.unequal {
            return Belongs::Other(value);
        }
        let groups = stat.habits.saturating_sub(stat.clashes);
        let steady = stat.same >= (stat.same + stat.different) * 4 / 5;
        if person && groups >= MIN_CALLERS && steady {
            return match self.own.peek(pair(caller.actor, field)) {
                Some(own) if own.habit && own.value == value => Belongs::Own,
                Some(own) if own.habit => Belongs::Other(value),
                _ => Belongs::Unknown,
            };
        }
        Belongs::Unknown
    }

    /// Learns that a response to `caller` had `value` in `field`. `usual` says that the caller came
    /// to the object in a usual way (listed, created), so that it may count as the caller's habit.
    pub(crate) fn learn(
        &mut self,
        caller: &Caller,
        field: u64,
        value: u64,
        usual: bool,
        time: Timestamp,
    ) {
        if !caller.counts {
            return;
        }
        let stat = self.fields.entry(field, time, Field::default).0;
        let own = self.own.entry(pair(caller.actor, field), time, Own::default).0;
        if caller.subject.is_some() || caller.self_value.is_some() {
            match (caller.is(value), own.equal, own.unequal) {
                (true, false, unequal) => {
                    own.equal = true;
                    stat.equal += 1;
                    stat.unequal = stat.unequal.saturating_sub(u32::from(unequal));
                }
                (false, false, false) => {
                    own.unequal = true;
                    stat.unequal += 1;
                }
                _ => {}
            }
        }
        if !usual {
            return;
        }
        if own.value == value {
            own.count = own.count.saturating_add(1);
            if own.habit && own.same < MAX_SHARE {
                own.same += 1;
                stat.same += 1;
            }
        } else if own.count <= own.other {
            (own.value, own.count, own.other) = (value, 1, 0);
        } else {
            own.other = own.other.saturating_add(1);
            if own.habit && own.different < MAX_SHARE {
                own.different += 1;
                stat.different += 1;
            }
        }
        if !own.habit && own.count >= 2 && own.count >= own.other.saturating_mul(3) {
            own.habit = true;
            stat.habits += 1;
            stat.clashes += u32::from(!self.claimed.insert(pair(field, value), time));
        }
    }

    /// Learns that an object was shown to an actor in a list or on its creation.
    pub(crate) fn shown(&mut self, actor: u64, object: u64, time: Timestamp) {
        let home = self.homes.entry(object, time, Home::default).0;
        if home.many || home.actors.contains(&actor) {
            return;
        }
        match home.actors.iter_mut().find(|slot| **slot == 0) {
            Some(slot) => *slot = actor,
            None => home.many = true,
        }
    }

    /// Whose an object is by whom it was shown to.
    pub(crate) fn home(&self, actor: u64, object: u64) -> Belongs {
        match self.homes.peek(object) {
            Some(home) if home.actors.contains(&actor) => Belongs::Own,
            Some(home) if !home.many => Belongs::Other(home.actors[0]),
            _ => Belongs::Unknown,
        }
    }
}

impl Absorb for Field {
    fn absorb(&mut self, other: Self) {
        self.equal += other.equal;
        self.unequal += other.unequal;
        self.habits += other.habits;
        self.clashes += other.clashes;
        self.same += other.same;
        self.different += other.different;
    }
}

impl Absorb for Own {
    fn absorb(&mut self, other: Self) {
        if other.count > self.count {
            *self = other;
        }
    }
}

impl Absorb for Home {
    fn absorb(&mut self, other: Self) {
        self.many |= other.many;
        for actor in other.actors.into_iter().filter(|actor| *actor != 0) {
            if self.actors.contains(&actor) {
                continue;
            }
            match self.actors.iter_mut().find(|slot| **slot == 0) {
                Some(slot) => *slot = actor,
                None => self.many = true,
            }
        }
    }
}

impl Absorb for Ownership {
    fn absorb(&mut self, other: Self) {
        self.fields.absorb(other.fields);
        self.own.absorb(other.own);
        self.claimed.absorb(other.claimed);
        self.homes.absorb(other.homes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(actor: u64, subject: Option<u64>) -> Caller {
        Caller { actor, subject, self_value: None, counts: true, named: true }
    }

    #[test]
    fn a_field_equal_to_most_subjects_names_owners() {
        let (mut ownership, at) = (Ownership::default(), Timestamp::default());
        for actor in 1..=4 {
            ownership.learn(&caller(actor, Some(actor + 100)), 9, actor + 100, false, at);
        }
        assert_eq!(ownership.judge(&caller(7, Some(107)), 9, 101, false), Belongs::Unknown);
        ownership.learn(&caller(5, Some(105)), 9, 105, false, at);
        assert_eq!(ownership.judge(&caller(7, Some(107)), 9, 101, false), Belongs::Other(101));
        assert_eq!(ownership.judge(&caller(7, Some(107)), 9, 107, false), Belongs::Own);
    }

    #[test]
    fn one_caller_or_claimed_ones_cannot_make_a_field_trusted() {
        let (mut ownership, at) = (Ownership::default(), Timestamp::default());
        for _ in 0..1_000 {
            ownership.learn(&caller(1, Some(101)), 9, 101, true, at);
        }
        for actor in 2..100 {
            let claimed = Caller { counts: false, ..caller(actor, Some(actor)) };
            ownership.learn(&claimed, 9, actor, true, at);
        }
        assert_eq!(ownership.judge(&caller(7, Some(107)), 9, 101, true), Belongs::Unknown);
    }

    #[test]
    fn a_value_that_all_callers_share_names_nobody() {
        let (mut ownership, at) = (Ownership::default(), Timestamp::default());
        for actor in 1..50 {
            for _ in 0..5 {
                ownership.learn(&caller(actor, None), 9, 777, true, at);
                ownership.learn(&caller(actor, None), 8, actor + 100, true, at);
            }
        }
        assert_eq!(ownership.judge(&caller(3, None), 9, 778, true), Belongs::Unknown);
        assert_eq!(ownership.judge(&caller(3, None), 8, 104, true), Belongs::Other(104));
    }
}
