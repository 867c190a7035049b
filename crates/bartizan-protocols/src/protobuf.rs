//! Messages of protocol buffers without their schema: numbers of fields and values as they are on the wire
//! (protobuf.dev, "Encoding"). Groups, which proto2 had and nobody should use, are not read.

/// Most values of one message that are read.
pub const MAX_VALUES: usize = 4_096;
/// The greatest number of a field (protobuf.dev, "Assigning Field Numbers").
const MAX_NUMBER: u64 = (1 << 29) - 1;
/// Most bytes of a varint.
const MAX_VARINT: usize = 10;

/// A value on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire<'b> {
    /// Integers, truth values, enumerations.
    Varint(u64),
    /// Four bytes, the least first.
    Fixed32(u32),
    /// Eight bytes, the least first.
    Fixed64(u64),
    /// Texts, bytes, messages, and several packed values.
    Length(&'b [u8]),
}

/// The fields of a whole message in the order they came: number and value. `None` when these bytes are no message,
/// are cut, or have more than [`MAX_VALUES`] values. No bytes are a message without fields.
#[must_use]
pub fn message(bytes: &[u8]) -> Option<Vec<(u32, Wire<'_>)>> {
    let mut fields = Fields::of(bytes);
    let out: Vec<_> = fields.by_ref().take(MAX_VALUES).collect();
    fields.is_over().then_some(out)
}

/// Whether these bytes are a message from beginning to end, whatever the number of its values.
#[must_use]
pub fn is_message(bytes: &[u8]) -> bool {
    let mut fields = Fields::of(bytes);
    fields.by_ref().for_each(drop);
    fields.is_over()
}

/// The fields of a message in the order they came: number and value. It ends where the bytes end, and where they are
/// no message any more: [`is_over`](Self::is_over) tells which.
#[derive(Clone, Debug)]
pub struct Fields<'b> {
    rest: &'b [u8],
}

impl<'b> Fields<'b> {
    /// Those of a message.
    #[must_use]
    pub const fn of(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether all bytes were read.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'b> Iterator for Fields<'b> {
    type Item = (u32, Wire<'b>);

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, rest) = varint(self.rest)?;
        let number = Some(tag >> 3).filter(|number| (1..=MAX_NUMBER).contains(number))?;
        let (value, rest) = match tag & 7 {
            0 => {
                let (value, rest) = varint(rest)?;
                (Wire::Varint(value), rest)
            }
            1 => {
                let (value, rest) = rest.split_first_chunk()?;
                (Wire::Fixed64(u64::from_le_bytes(*value)), rest)
            }
            2 => {
                let (length, rest) = varint(rest)?;
                let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Wire::Length(value), rest)
            }
            5 => {
                let (value, rest) = rest.split_first_chunk()?;
                (Wire::Fixed32(u32::from_le_bytes(*value)), rest)
            }
            _ => return None,
        };
        self.rest = rest;
        Some((u32::try_from(number).ok()?, value))
    }
}

/// Whether bytes are packed varints from beginning to end, each of which `is_fine`.
#[must_use]
pub fn are_varints(mut bytes: &[u8], mut is_fine: impl FnMut(u64) -> bool) -> bool {
    while !bytes.is_empty() {
        let Some((value, rest)) = varint(bytes) else { return false };
        if !is_fine(value) {
            return false;
        }
        bytes = rest;
    }
    true
}

/// What bytes behind a length are, as far as they tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inner {
    /// A text. What could be a message too is one as a rule: short texts often could (`80` is field 7).
    Text,
    /// A message from beginning to end.
    Message,
    /// Bytes of another kind: packed numbers, keys, pictures.
    Bytes,
}

impl Inner {
    /// What these bytes are. Of texts, one is a message: an end of a line, a character that is the number of those
    /// behind it, and these; so looks a message of nothing but one text (`{1: "…"}`) of 32 characters and more.
    /// Nothing of what it says is lost that way, whatever it was meant to be.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let is_wrapped = |bytes: &[u8]| match bytes {
            [b'\n', length, text @ ..] => !text.is_empty() && usize::from(*length) == text.len(),
            _ => false,
        };
        match is_text(bytes) {
            true if is_wrapped(bytes) => Self::Message,
            true => Self::Text,
            false if is_message(bytes) => Self::Message,
            false => Self::Bytes,
        }
    }
}

/// Seven bits a byte, the least first; all but the last byte have their highest bit.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().take(MAX_VARINT).enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shifted = bits.checked_shl(7 * at as u32)?;
        // The tenth byte has one bit of 64.
        if shifted >> (7 * at) != bits {
            return None;
        }
        value |= shifted;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

/// Whether bytes are a text that a person could have written: UTF-8 without control characters.
#[must_use]
pub fn is_text(bytes: &[u8]) -> bool {
    let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_on_the_wire() {
        // The examples of protobuf.dev: `a: 150`, `b: "testing"`, and a message that holds the first.
        assert_eq!(message(&[0x08, 0x96, 0x01]), Some(vec![(1, Wire::Varint(150))]));
        assert_eq!(message(b"\x12\x07testing"), Some(vec![(2, Wire::Length(b"testing"))]));
        assert_eq!(
            message(&[0x1a, 3, 0x08, 0x96, 0x01]),
            Some(vec![(3, Wire::Length(&[0x08, 0x96, 0x01]))])
        );
        assert_eq!(message(&[0x25, 1, 0, 0, 0]), Some(vec![(4, Wire::Fixed32(1))]));
        assert_eq!(message(&[0x29, 0, 1, 0, 0, 0, 0, 0, 0]), Some(vec![(5, Wire::Fixed64(256))]));
        let minus_two = [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(message(&minus_two), Some(vec![(1, Wire::Varint(u64::MAX - 1))]));
        assert_eq!(message(&[]), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_message_is_told() {
        for bytes in [
            &b"\x00\x01"[..],                                // field 0
            b"\x08",                                         // cut
            b"\x08\x96",                                     // a varint that goes on
            b"\x12\x08testing",                              // longer than what is there
            b"\x0b\x0c",                                     // a group
            b"\x0e",                                         // no type
            b"\x25\x00\x00",                                 // four bytes of which two came
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", // more than 64 bits
            b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", // a length beyond all memory
        ] {
            assert_eq!(message(bytes), None, "{bytes:x?}");
        }
        assert_eq!(message(&[0x08, 1].repeat(MAX_VALUES)).map(|all| all.len()), Some(MAX_VALUES));
        assert_eq!(message(&[0x08, 1].repeat(MAX_VALUES + 1)), None);
    }

    #[test]
    fn fields_are_read_up_to_where_they_end() {
        let mut fields = Fields::of(b"\x08\x01\x12\x02ab\x0b");
        let found: Vec<_> = fields.by_ref().collect();
        assert_eq!(found, [(1, Wire::Varint(1)), (2, Wire::Length(b"ab"))]);
        assert!(!fields.is_over(), "a group");
        assert!(is_message(&[0x08, 1].repeat(MAX_VALUES + 1)) && !is_message(b"\x08"));
    }

    #[test]
    fn packed_varints_are_read_one_by_one() {
        assert!(are_varints(b"", |_| false));
        assert!(are_varints(&[1, 0x96, 1], |value| [1, 150].contains(&value)));
        assert!(!are_varints(&[1, 2], |value| value == 1));
        assert!(!are_varints(&[1, 0x96], |_| true), "it is cut");
    }

    #[test]
    fn what_is_behind_a_length_is_told() {
        let uuid = b"\x0a\x24550e8400-e29b-41d4-a716-446655440000";
        for (bytes, inner) in [
            (&b"ada"[..], Inner::Text),
            (b"", Inner::Text),
            (b"80", Inner::Text), // field 7: 48
            (b"\n two lines", Inner::Text),
            (b"\x0a\x03ada", Inner::Message),
            (uuid, Inner::Message),
            (b"\x01\x02\x03", Inner::Bytes), // packed numbers
            (b"\xff\xfe", Inner::Bytes),
        ] {
            assert_eq!(Inner::of(bytes), inner, "{bytes:x?}");
        }
    }

    #[test]
    fn texts_have_no_control_characters() {
        assert!(is_text("Grüße\n".as_bytes()) && is_text(b""));
        assert!(!is_text(&[8, 1]) && !is_text(&[0xff]));
    }
}
