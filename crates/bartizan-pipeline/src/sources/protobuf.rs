//! Protocol Buffers as they are on the wire, field by field, for messages of which only a few fields are
//! wanted. Nothing is copied and nothing nests: whoever wants an inner message reads its bytes again, so
//! that depth is what the reading code is deep.
//!
//! Source: "Encoding" of the Protocol Buffers documentation (protobuf.dev/programming-guides/encoding).

use std::borrow::Cow;

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// A value, as its wire type has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A whole number, a truth value or an enumerator. Negative ones of `int64` wrap around.
    Varint(u64),
    /// Eight bytes, little-endian.
    Fixed64(u64),
    /// A text, bytes, or a message.
    Bytes(&'a [u8]),
    /// Four bytes, little-endian.
    Fixed32(u32),
}

impl<'a> Value<'a> {
    /// A text; what is no UTF-8 in it is replaced. Empty for a value of another type.
    pub(super) fn text(self) -> Cow<'a, str> {
        match self {
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes),
            _ => Cow::Borrowed(""),
        }
    }

    /// A message or bytes. Empty for a value of another type.
    pub(super) const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// A number of any width; 0 for bytes.
    pub(super) const fn number(self) -> u64 {
        match self {
            Self::Varint(number) | Self::Fixed64(number) => number,
            Self::Fixed32(number) => number as u64,
            Self::Bytes(_) => 0,
        }
    }

    /// A truth value.
    pub(super) const fn is_true(self) -> bool {
        self.number() != 0
    }
}

/// The fields of a message in order: number and value. What is malformed ends it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The fields of these bytes.
    pub(super) const fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// The last value of a field, as singular ones count.
    pub(super) fn last(self, field: u32) -> Option<Value<'a>> {
        self.map_while(Result::ok).filter(|(number, _)| *number == field).last().map(|(_, v)| v)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut out = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Malformed)?;
            self.0 = rest;
            out |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(out);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    fn field(&mut self) -> Result<(u32, Value<'a>), Malformed> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed)?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            // Groups are of proto2, and of none of the messages read here.
            _ => return Err(Malformed),
        };
        if number == 0 { Err(Malformed) } else { Ok((number, value)) }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// The entry of a map: key and value (fields 1 and 2).
pub(super) fn entry(message: &[u8]) -> (Cow<'_, str>, Option<Value<'_>>) {
    let fields = Fields::of(message);
    (fields.last(1).map(Value::text).unwrap_or_default(), fields.last(2))
}

/// Messages, written by hand: for tests, and for the few that are sent.
pub(super) mod write {
    /// A varint.
    pub(in super::super) fn varint(out: &mut Vec<u8>, mut number: u64) {
        while number >= 0x80 {
            out.push(number as u8 | 0x80);
            number >>= 7;
        }
        out.push(number as u8);
    }

    /// A field with a number.
    pub(in super::super) fn number(out: &mut Vec<u8>, field: u32, value: u64) {
        varint(out, u64::from(field) << 3);
        varint(out, value);
    }

    /// A field with text, bytes or a message.
    pub(in super::super) fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
        varint(out, u64::from(field) << 3 | 2);
        varint(out, value.len() as u64);
        out.extend_from_slice(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order() {
        // The examples of the documentation: 150 in field 1, "testing" in field 2.
        let bytes = b"\x08\x96\x01\x12\x07testing\x19\x01\0\0\0\0\0\0\0\x25\x02\0\0\0";
        let fields: Vec<_> = Fields::of(bytes).collect();
        let expected = [
            Ok((1, Value::Varint(150))),
            Ok((2, Value::Bytes(b"testing"))),
            Ok((3, Value::Fixed64(1))),
            Ok((4, Value::Fixed32(2))),
        ];
        assert_eq!(fields, expected);
        assert_eq!(Fields::of(bytes).last(2).map(Value::text).as_deref(), Some("testing"));
        let mut written = Vec::new();
        write::number(&mut written, 1, 150);
        write::bytes(&mut written, 2, b"testing");
        assert_eq!(written, bytes[..12]);
    }

    #[test]
    fn what_is_malformed_ends_the_message() {
        for bytes in [
            &b"\x08"[..],
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x12\x05ab",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x0b\x0c",
            b"\x00\x01",
            b"\x19\x01",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01",
        ] {
            let fields: Vec<_> = Fields::of(bytes).collect();
            assert_eq!(fields.last(), Some(&Err(Malformed)), "{bytes:?}");
            assert!(fields.len() <= 1, "{bytes:?}");
        }
    }
}
