//! Where in a message something was found that counts for the message as a whole.

/// One of the [`Places`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// Path and query.
    Target,
    /// Its body, or what was said on its connection, as it is written.
    Body,
    /// What is encoded in a value of target or body.
    Value,
    /// Fields, cookies and trailers, what is encoded in them among it; and whatever is noted once all was decoded.
    #[default]
    Fields,
}

impl Place {
    /// How many there are.
    pub(crate) const COUNT: usize = 4;

    /// Where that is which is encoded in a value of this place.
    pub(crate) const fn within(self) -> Self {
        match self {
            Self::Fields => Self::Fields,
            Self::Target | Self::Body | Self::Value => Self::Value,
        }
    }
}

/// Places of a message: whoever looks at some of it need not mind what is odd elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places(u8);

impl Places {
    /// Everything.
    pub const ALL: Self = Self(u8::MAX);
    /// Path and query.
    pub const TARGET: Self = Self(1 << Place::Target as u8);
    /// The body as it is written, without what is encoded in its values: all that [`decode_body`](crate::decode_body)
    /// reads.
    pub const BODY: Self = Self(1 << Place::Body as u8);
    /// What is encoded in values of target and body.
    pub const VALUES: Self = Self(1 << Place::Value as u8);

    /// These and others.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(super) const fn has(self, place: usize) -> bool {
        (self.0 >> place) & 1 == 1
    }
}
