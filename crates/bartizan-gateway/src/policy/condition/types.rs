//! Types, as far as they show before anything is asked: what bodies and claims hold is of any.

use std::fmt;

use super::{syntax::Literal, token::Wrong};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// It shows only when it is asked.
    Any,
    Null,
    Bool,
    /// Whole or not: the two may be mixed.
    Number,
    Text,
    List(Box<Self>),
}

impl Type {
    pub(super) const fn of(literal: &Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(_) => Self::Bool,
            Literal::Int(_) | Literal::Double(_) => Self::Number,
            Literal::Text(_) => Self::Text,
        }
    }

    /// The type that all of these have; [`Type::Any`] when they differ or there is none.
    pub(super) fn common(all: &[Self]) -> Self {
        match all.split_first() {
            Some((first, rest)) if rest.iter().all(|one| one == first) => first.clone(),
            _ => Self::Any,
        }
    }

    /// Whether values of these types can be compared, and be equal.
    pub(super) fn may_equal(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any | Self::Null, _) | (_, Self::Any | Self::Null) => true,
            (Self::List(one), Self::List(other)) => one.may_equal(other),
            (one, other) => one == other,
        }
    }

    /// Makes sure that it is, or may be, of a type; for [`Type::Any`] that it shows only when it is asked.
    pub(super) fn expect(&self, wanted: &Self, at: usize, why: &str) -> Result<(), Wrong> {
        if self == wanted || *self == Self::Any {
            return Ok(());
        }
        Err(Wrong::new(at, format!("{why}; this is {self}")))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("a truth value"),
            Self::Number => f.write_str("a number"),
            Self::Text => f.write_str("a text"),
            Self::List(of) => write!(f, "a list of {of}"),
        }
    }
}
