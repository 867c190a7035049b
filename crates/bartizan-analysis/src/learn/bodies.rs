//! In which kinds of bodies the values of a place were. Nearly always in one, which takes no list.

use serde::{Deserialize, Serialize};

use super::boxed::push;

/// How many values were in one kind of body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountInBody {
    /// Its number in [`Profile::bodies`](super::Profile::bodies).
    pub number: u8,
    /// Values.
    pub seen: u64,
    /// How many of them were objects.
    pub objects: u64,
}

/// In which kinds of bodies the values of a place were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bodies {
    /// In none, or in some that were not seen whole.
    #[default]
    None,
    /// All in the body of this number.
    All(u8),
    /// Some in these.
    Apart(Box<Apart>),
}

/// Values by body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apart(Box<[CountInBody]>);

/// How many values there are at a place, and how many of them are objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// Values.
    pub seen: u64,
    /// Objects.
    pub objects: u64,
}

impl Apart {
    fn add(&mut self, more: CountInBody) {
        match self.0.iter_mut().find(|one| one.number == more.number) {
            Some(one) => {
                one.seen += more.seen;
                one.objects += more.objects;
            }
            None => push(&mut self.0, more),
        }
    }
}

impl Bodies {
    /// Counts a value in a body, or in none. `before` is the total without it.
    pub(super) fn count(&mut self, before: Total, number: Option<u8>, objects: u64) {
        match (&mut *self, number) {
            (Self::All(known), Some(number)) if *known == number => {}
            (Self::None, None) => {}
            (Self::None, Some(number)) if before.seen == 0 => *self = Self::All(number),
            (Self::Apart(apart), Some(number)) => {
                apart.add(CountInBody { number, seen: 1, objects })
            }
            (Self::Apart(_), None) => {}
            (Self::None | Self::All(_), number) => {
                let mut apart = Apart::default();
                self.iter(before).for_each(|one| apart.add(one));
                if let Some(number) = number {
                    apart.add(CountInBody { number, seen: 1, objects });
                }
                *self = Self::Apart(Box::new(apart));
            }
        }
    }

    /// The values by body, of so many in all.
    pub fn iter(&self, total: Total) -> impl Iterator<Item = CountInBody> {
        let (all, apart) = match self {
            Self::None => (None, [].as_slice()),
            Self::All(number) => (Some(*number), [].as_slice()),
            Self::Apart(apart) => (None, &*apart.0),
        };
        let whole =
            all.map(|number| CountInBody { number, seen: total.seen, objects: total.objects });
        whole.into_iter().chain(apart.iter().copied())
    }

    /// Those of several lists as one, when there are so many values in all.
    pub(super) fn joined(all: impl Iterator<Item = CountInBody>, total: Total) -> Self {
        let mut apart = Apart::default();
        all.for_each(|one| apart.add(one));
        match &*apart.0 {
            [] => Self::None,
            [one] if (one.seen, one.objects) == (total.seen, total.objects) => {
                Self::All(one.number)
            }
            _ => Self::Apart(Box::new(apart)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts values (number of the body, whether it is an object); what comes out, and the total.
    fn counted(values: &[(Option<u8>, u64)]) -> (Bodies, Total) {
        let (mut bodies, mut total) = (Bodies::default(), Total { seen: 0, objects: 0 });
        for (number, objects) in values {
            bodies.count(total, *number, *objects);
            total = Total { seen: total.seen + 1, objects: total.objects + objects };
        }
        (bodies, total)
    }

    fn listed(values: &[(Option<u8>, u64)]) -> Vec<(u8, u64, u64)> {
        let (bodies, total) = counted(values);
        bodies.iter(total).map(|one| (one.number, one.seen, one.objects)).collect()
    }

    #[test]
    fn counts_are_those_of_a_list() {
        assert_eq!(listed(&[]), []);
        assert_eq!(listed(&[(None, 1), (None, 0)]), []);
        assert_eq!(listed(&[(Some(3), 1), (Some(3), 0)]), [(3, 2, 1)]);
        assert_eq!(listed(&[(None, 1), (Some(3), 1)]), [(3, 1, 1)]);
        assert_eq!(listed(&[(Some(3), 1), (None, 1), (Some(3), 0)]), [(3, 2, 1)]);
        assert_eq!(listed(&[(Some(3), 1), (Some(0), 0), (None, 0)]), [(3, 1, 1), (0, 1, 0)]);
    }

    #[test]
    fn two_halves_are_the_whole() {
        let values = [(Some(1), 1), (Some(1), 0), (Some(1), 1), (None, 0), (Some(2), 1)];
        for (from, to) in [(0, 3), (0, 5), (3, 5), (3, 4)] {
            for at in from..=to {
                let (first, some) = counted(&values[from..at]);
                let (second, rest) = counted(&values[at..to]);
                let (whole, total) = counted(&values[from..to]);
                let all = first.iter(some).chain(second.iter(rest));
                assert_eq!(Bodies::joined(all, total), whole, "{from} {at} {to}");
            }
        }
    }
}
