//! A few shapes of values, in one piece.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Between two shapes: no shape has one.
const BETWEEN: char = '\n';

/// A few different shapes of values in the order they were first seen, see [`bartizan_model::redact::shape`]. Each place of each
/// endpoint has some, and most are short: as texts of their own they would take three times the room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shapes(Box<str>);

impl Shapes {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split_terminator(BETWEEN)
    }

    /// Adds one, unless it is empty or there already, or there are `most`.
    pub(super) fn add(&mut self, shape: &str, most: usize) {
        debug_assert!(!shape.contains(BETWEEN), "{shape:?} is no shape");
        let is_known = self.iter().any(|known| known == shape);
        if shape.is_empty() || is_known || self.iter().count() >= most {
            return;
        }
        let mut all = String::with_capacity(self.0.len() + BETWEEN.len_utf8() + shape.len());
        all.push_str(&self.0);
        if !all.is_empty() {
            all.push(BETWEEN);
        }
        all.push_str(shape);
        self.0 = all.into();
    }
}

/// As a list of texts.
impl Serialize for Shapes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.iter().collect::<Vec<_>>().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Shapes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut out = Self::default();
        for shape in Vec::<String>::deserialize(deserializer)? {
            if !shape.contains(BETWEEN) {
                out.add(&shape, usize::MAX);
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_kept_once_in_order_and_saved_as_a_list() {
        let mut shapes = Shapes::default();
        for shape in ["a99", "", "A-9", "a99", "aa aa", "x"] {
            shapes.add(shape, 3);
        }
        let all = ["a99", "A-9", "aa aa"];
        assert!(shapes.iter().eq(all));
        let bytes = postcard::to_stdvec(&shapes).expect("serialises");
        assert_eq!(bytes, postcard::to_stdvec(&all.to_vec()).expect("serialises"));
        assert_eq!(postcard::from_bytes::<Shapes>(&bytes).as_ref(), Ok(&shapes));
        assert_eq!(Shapes::default().iter().count(), 0);
    }
}
