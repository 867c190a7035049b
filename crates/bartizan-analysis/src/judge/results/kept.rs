//! What was learned of an endpoint, lent or given.

use std::ops::Deref;

use crate::learn::Profile;

/// A profile that stays with the state, or one that the result is the last to need.
pub(in crate::judge) enum Kept<'s> {
    Borrowed(&'s Profile),
    Owned(Box<Profile>),
}

impl Kept<'_> {
    /// Takes in another one of the same endpoint; what the state has stays as it is.
    pub(super) fn merge(&mut self, other: &Profile) {
        match self {
            Self::Owned(profile) => profile.merge(other),
            Self::Borrowed(profile) => {
                let mut own = Box::new(Profile::clone(profile));
                own.merge(other);
                *self = Self::Owned(own);
            }
        }
    }
}

impl Deref for Kept<'_> {
    type Target = Profile;

    fn deref(&self) -> &Profile {
        match self {
            Self::Borrowed(profile) => profile,
            Self::Owned(profile) => profile,
        }
    }
}
