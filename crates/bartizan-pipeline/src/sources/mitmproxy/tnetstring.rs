//! Tagged netstrings: `length:bytes` and one byte that tells the kind. Nothing is built: a token is
//! the bytes of a value, and what is inside is looked for when it is asked for.

/// Most digits of a length.
const LENGTH_DIGITS: usize = 12;
/// Most values of one list or dictionary that are looked at.
const VALUES: usize = 1_000_000;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bytes,
    Text,
    Integer,
    Float,
    Truth,
    Null,
    List,
    Dictionary,
}

impl Kind {
    pub(super) const fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            b',' => Self::Bytes,
            b';' => Self::Text,
            b'#' => Self::Integer,
            b'^' => Self::Float,
            b'!' => Self::Truth,
            b'~' => Self::Null,
            b']' => Self::List,
            b'}' => Self::Dictionary,
            _ => return None,
        })
    }
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    kind: Kind,
    bytes: &'a [u8],
}

impl<'a> Token<'a> {
    /// A dictionary, by what is inside.
    pub(super) const fn dictionary(bytes: &'a [u8]) -> Self {
        Self { kind: Kind::Dictionary, bytes }
    }

    /// The first value of `text`, and what follows.
    fn read(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let digits = text.iter().take(LENGTH_DIGITS + 1).take_while(|b| b.is_ascii_digit()).count();
        let (length, rest) = text.split_at_checked(digits)?;
        let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
        let rest = rest.strip_prefix(b":")?;
        let (bytes, rest) = rest.split_at_checked(length)?;
        let (kind, rest) = rest.split_first()?;
        Some((Self { kind: Kind::of(*kind)?, bytes }, rest))
    }

    /// The bytes of the first value of `text`, whose end may be missing.
    pub(super) fn key_at_start(text: &'a [u8]) -> Option<&'a [u8]> {
        Self::read(text)
            .filter(|(token, _)| matches!(token.kind, Kind::Bytes | Kind::Text))
            .map(|(token, _)| token.bytes)
    }

    /// The values inside a list or dictionary, up to one that is none.
    pub(super) fn values(self) -> impl Iterator<Item = Token<'a>> {
        let is_inside = matches!(self.kind, Kind::List | Kind::Dictionary);
        let mut rest = if is_inside { self.bytes } else { b"" };
        std::iter::from_fn(move || {
            let (token, after) = Token::read(rest)?;
            rest = after;
            Some(token)
        })
        .take(VALUES)
    }

    /// Whether it is a list or dictionary that holds whole values to its end.
    pub(super) fn is_whole(self) -> bool {
        let mut rest = self.bytes;
        for _ in 0..VALUES {
            match Token::read(rest) {
                Some((_, after)) => rest = after,
                None => break,
            }
        }
        rest.is_empty()
    }

    /// The value of a key.
    pub(super) fn get(self, key: &str) -> Option<Token<'a>> {
        if self.kind != Kind::Dictionary {
            return None;
        }
        let mut values = self.values();
        while let (Some(name), Some(value)) = (values.next(), values.next()) {
            if name.bytes == key.as_bytes() {
                return Some(value).filter(|value| value.kind != Kind::Null);
            }
        }
        None
    }

    /// The value of the first of `keys` that is there and not null.
    pub(super) fn first(self, keys: &[&str]) -> Option<Token<'a>> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// Bytes or text.
    pub(super) fn bytes(self) -> Option<&'a [u8]> {
        matches!(self.kind, Kind::Bytes | Kind::Text).then_some(self.bytes)
    }

    /// Bytes or text, as text.
    pub(super) fn text(self) -> Option<String> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// An integer or a float.
    pub(super) fn number(self) -> Option<f64> {
        let is_number = matches!(self.kind, Kind::Integer | Kind::Float);
        let text = std::str::from_utf8(self.bytes).ok().filter(|_| is_number)?;
        text.parse::<f64>().ok().filter(|number| number.is_finite())
    }

    pub(super) fn is_true(self) -> bool {
        self.kind == Kind::Truth && self.bytes == b"true"
    }

    pub(super) fn is_list(self) -> bool {
        self.kind == Kind::List
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_key() {
        let flow = Token::dictionary(b"1:a;1:7#1:b;13:1:x,3:1.5^0:~]1:c;0:~1:d;4:true!");
        assert!(flow.is_whole());
        assert_eq!(flow.get("a").and_then(Token::number), Some(7.0));
        let list: Vec<_> = flow.get("b").into_iter().flat_map(Token::values).collect();
        assert_eq!(list.len(), 3);
        assert_eq!(list[0].bytes(), Some(&b"x"[..]));
        assert_eq!(list[1].number(), Some(1.5));
        assert_eq!(flow.get("c"), None);
        assert!(flow.get("d").is_some_and(Token::is_true));
        assert_eq!(flow.first(&["z", "c", "a"]).and_then(Token::number), Some(7.0));
    }

    #[test]
    fn hostile_lengths_are_no_values() {
        for text in [
            &b""[..],
            b":",
            b"1",
            b"1:",
            b"1:a",
            b"1:a?",
            b"99:a;",
            b"-1:;",
            b"999999999999999:a;",
            b"18446744073709551616:;",
            b"1a:b;",
        ] {
            assert_eq!(Token::read(text), None, "{}", String::from_utf8_lossy(text));
            assert_eq!(Token::dictionary(text).values().count(), 0);
        }
    }
}
