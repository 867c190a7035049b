//! The wire format of protocol buffers ("Encoding" of protobuf.dev): records of a number and a value,
//! without a schema. Nothing is copied, and nothing is read twice to pass over it.

/// The value of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'b> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 2: bytes, a text, a message or packed numbers. Cut where the input ends.
    Bytes(&'b [u8]),
    /// Wire types 1 and 5, and groups: passed over.
    Other,
}

/// The records of a message, up to its end or the first fault.
#[derive(Clone, Debug)]
pub(super) struct Records<'b> {
    rest: &'b [u8],
    broken: bool,
}

/// Most bytes of a varint.
const MAX_VARINT: usize = 10;

impl<'b> Records<'b> {
    pub(super) const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes, broken: false }
    }

    /// Whether what came last was cut or no record.
    pub(super) const fn is_broken(&self) -> bool {
        self.broken
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for (at, byte) in self.rest.iter().take(MAX_VARINT).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(at + 1..)?;
                return Some(value);
            }
        }
        None
    }

    /// Number and wire type.
    fn tag(&mut self) -> Option<(u32, u64)> {
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0)?;
        Some((number, tag & 7))
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }

    fn value(&mut self, wire_type: u64) -> Option<Value<'b>> {
        match wire_type {
            0 => return self.varint().map(Value::Varint),
            1 => self.skip(8)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                let Some((bytes, rest)) = self.rest.split_at_checked(length) else {
                    self.broken = true;
                    return Some(Value::Bytes(std::mem::take(&mut self.rest)));
                };
                self.rest = rest;
                return Some(Value::Bytes(bytes));
            }
            3 => self.group()?,
            5 => self.skip(4)?,
            _ => return None,
        }
        Some(Value::Other)
    }

    /// Passes over a group and those inside of it.
    fn group(&mut self) -> Option<()> {
        let mut depth = 1usize;
        while depth > 0 {
            match self.tag()?.1 {
                3 => depth += 1,
                4 => depth -= 1,
                other => {
                    self.value(other)?;
                    if self.broken {
                        return None;
                    }
                }
            }
        }
        Some(())
    }
}

impl<'b> Iterator for Records<'b> {
    type Item = (u32, Value<'b>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.broken {
            return None;
        }
        let record = self.tag().and_then(|(number, kind)| Some((number, self.value(kind)?)));
        self.broken |= record.is_none();
        record
    }
}

/// The messages or texts of this number.
pub(super) fn all(bytes: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    Records::new(bytes).filter_map(move |(at, value)| match value {
        Value::Bytes(bytes) if at == number => Some(bytes),
        _ => None,
    })
}

/// The number of this number; of several the last counts.
pub(super) fn number(bytes: &[u8], number: u32) -> Option<u64> {
    Records::new(bytes)
        .filter_map(|(at, value)| match value {
            Value::Varint(value) if at == number => Some(value),
            _ => None,
        })
        .last()
}

/// Whether the truth value of this number is set.
pub(super) fn flag(bytes: &[u8], at: u32) -> bool {
    number(bytes, at).is_some_and(|value| value != 0)
}

/// The text of this number; of several the last counts. What is no UTF-8 ends it.
pub(super) fn text(bytes: &[u8], number: u32) -> &str {
    let bytes = all(bytes, number).last().unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(good).unwrap_or_default()
        }
    }
}

/// Numbers of this number, packed or one by one.
pub(super) fn numbers(bytes: &[u8], number: u32, most: usize) -> Vec<u64> {
    let mut out = Vec::new();
    for (at, value) in Records::new(bytes) {
        match value {
            Value::Varint(value) if at == number && out.len() < most => out.push(value),
            Value::Bytes(packed) if at == number => {
                let mut packed = Records::new(packed);
                while out.len() < most
                    && let Some(value) = packed.varint()
                {
                    out.push(value);
                }
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_at_the_first_fault_and_say_so() {
        // 1: 300, 2: "ab", 3: a group with 4: 1 inside, 5: 32 bits.
        let whole = b"\x08\xac\x02\x12\x02ab\x1b\x20\x01\x1c\x2d\x01\x02\x03\x04";
        let mut records = Records::new(whole);
        let list: Vec<_> = records.by_ref().collect();
        let expected = [
            (1, Value::Varint(300)),
            (2, Value::Bytes(&b"ab"[..])),
            (3, Value::Other),
            (5, Value::Other),
        ];
        assert_eq!(list, expected);
        assert!(!records.is_broken());
        for cut in 0..whole.len() {
            let mut records = Records::new(&whole[..cut]);
            let count = records.by_ref().count();
            assert_eq!(records.is_broken(), ![0, 3, 7, 11].contains(&cut), "{cut}: {count}");
        }
        for bad in [&b"\x00\x01"[..], b"\x0f", b"\x0c", &[0xff; 12], &[0x1b; 100]] {
            let mut records = Records::new(bad);
            assert_eq!(records.by_ref().count(), 0, "{bad:?}");
            assert!(records.is_broken());
        }
    }

    #[test]
    fn what_is_cut_is_given_as_far_as_it_goes() {
        let mut records = Records::new(b"\x12\x7fabc");
        assert_eq!(records.next(), Some((2, Value::Bytes(b"abc"))));
        assert!(records.is_broken() && records.next().is_none());
        assert_eq!(text(b"\x0a\x04ab\xffc", 1), "ab");
        assert_eq!(numbers(b"\x0a\x03\x01\xac\x02\x08\x07", 1, 8), [1, 300, 7]);
        assert_eq!(numbers(b"\x0a\x03\x01\x02\x03", 1, 2), [1, 2]);
    }
}
