//! Header compression of HTTP/2 (RFC 7541), for streams that may have begun before the capture.
//!
//! Entries of the dynamic table are numbered from the newest, so that what was added since the
//! capture began, or since it last lost bytes, is known; what refers to older ones is told.

use std::{collections::VecDeque, sync::Arc};

use super::{huffman, message::text};

/// RFC 7541 appendix A.
#[rustfmt::skip]
const STATIC: [(&str, &str); 61] = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"),
    (":path", "/index.html"), (":scheme", "http"), (":scheme", "https"), (":status", "200"),
    (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"),
    (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""),
    ("accept", ""), ("access-control-allow-origin", ""), ("age", ""), ("allow", ""),
    ("authorization", ""), ("cache-control", ""), ("content-disposition", ""),
    ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""),
    ("date", ""), ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""), ("host", ""),
    ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""),
    ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""), ("location", ""),
    ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""),
    ("via", ""), ("www-authenticate", ""),
];
/// What an entry costs beside its text (RFC 7541 §4.1).
const ENTRY: usize = 32;

/// Limits of decoding, in bytes where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HpackLimits {
    /// Most text of one list of fields, with 32 bytes for each; a block of a few bytes can name
    /// much.
    pub list_bytes: usize,
    /// Most fields of a list.
    pub fields: usize,
    /// Largest dynamic table. Entries that a larger one would still hold count as missing.
    pub table_bytes: usize,
}

/// A list of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Name and value, in order.
    pub fields: Vec<(String, String)>,
    /// Whether a limit left some out.
    pub is_cut: bool,
    /// Whether some refer to entries that are not known; these are left out.
    pub is_missing: bool,
}

/// Bytes that are no block of header fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// A name and value; `None` for one that is not known.
type Entry = Option<Arc<(String, String)>>;

/// The decoder of one direction of a connection.
#[derive(Debug)]
pub struct Hpack {
    limits: HpackLimits,
    entries: VecDeque<Entry>,
    size: usize,
    most: usize,
}

impl Hpack {
    /// A decoder with an empty table of the size that a connection begins with.
    #[must_use]
    pub fn new(limits: HpackLimits) -> Self {
        Self { limits, entries: VecDeque::new(), size: 0, most: 4096.min(limits.table_bytes) }
    }

    /// A decoder of a connection that may have begun before.
    pub(super) fn begun(limits: HpackLimits, is_whole: bool) -> Self {
        let mut hpack = Self::new(limits);
        if !is_whole {
            hpack.forget();
        }
        hpack
    }

    /// Forgets all entries: some were added that are not known.
    pub(super) fn forget(&mut self) {
        self.entries.clear();
        self.size = 0;
        // What the size is now is not known either; more entries than are meant do no harm.
        self.most = self.limits.table_bytes;
    }

    /// Bytes kept.
    #[must_use]
    pub fn held(&self) -> usize {
        self.size + self.entries.capacity() * size_of::<Entry>()
    }

    /// Decodes a block. The table is brought up to date even where limits leave fields out.
    ///
    /// # Errors
    /// When it is none; the table cannot be relied on then.
    pub fn decode(&mut self, block: &[u8]) -> Result<List, Malformed> {
        let (mut list, mut used) = (List::default(), 0);
        let mut rest = block;
        while let [first, ..] = rest {
            let (entry, adds) = match *first {
                0x80.. => {
                    let index = integer(&mut rest, 7)?;
                    if index == 0 {
                        return Err(Malformed);
                    }
                    (self.entry(index), false)
                }
                0x40.. => (self.literal(&mut rest, 6)?, true),
                0x20.. => {
                    let size = usize::try_from(integer(&mut rest, 5)?).map_err(|_| Malformed)?;
                    self.most = size.min(self.limits.table_bytes);
                    self.evict();
                    continue;
                }
                _ => (self.literal(&mut rest, 4)?, false),
            };
            if adds {
                self.add(entry.clone());
            }
            let Some(entry) = entry else {
                list.is_missing = true;
                continue;
            };
            used += entry.0.len() + entry.1.len() + ENTRY;
            if used > self.limits.list_bytes || list.fields.len() >= self.limits.fields {
                list.is_cut = true;
                continue;
            }
            list.fields.push((entry.0.clone(), entry.1.clone()));
        }
        Ok(list)
    }

    fn entry(&self, index: u64) -> Entry {
        let index = usize::try_from(index).unwrap_or(usize::MAX).saturating_sub(1);
        match STATIC.get(index) {
            Some((name, value)) => Some(Arc::new(((*name).to_owned(), (*value).to_owned()))),
            None => self.entries.get(index - STATIC.len()).cloned().flatten(),
        }
    }

    /// A field whose name is an entry's, or spelled out, and whose value is spelled out.
    fn literal(&self, rest: &mut &[u8], bits: u32) -> Result<Entry, Malformed> {
        let name = match integer(rest, bits)? {
            0 => Some(string(rest)?),
            index => self.entry(index).map(|entry| entry.0.clone()),
        };
        let value = string(rest)?;
        Ok(name.map(|name| Arc::new((name, value))))
    }

    fn add(&mut self, entry: Entry) {
        self.size += cost(&entry);
        self.entries.push_front(entry);
        self.evict();
    }

    fn evict(&mut self) {
        while self.size > self.most {
            let Some(entry) = self.entries.pop_back() else { return };
            self.size -= cost(&entry);
        }
    }
}

fn cost(entry: &Entry) -> usize {
    ENTRY + entry.as_ref().map_or(0, |entry| entry.0.len() + entry.1.len())
}

/// RFC 7541 §5.1.
fn integer(rest: &mut &[u8], bits: u32) -> Result<u64, Malformed> {
    let most = (1u64 << bits) - 1;
    let (first, mut bytes) = rest.split_first().ok_or(Malformed)?;
    let mut value = u64::from(*first) & most;
    if value == most {
        // Five more bytes hold any number that can be meant.
        for shift in (0..35).step_by(7) {
            let (byte, behind) = bytes.split_first().ok_or(Malformed)?;
            bytes = behind;
            value += u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                *rest = bytes;
                return Ok(value);
            }
        }
        return Err(Malformed);
    }
    *rest = bytes;
    Ok(value)
}

/// RFC 7541 §5.2.
fn string(rest: &mut &[u8]) -> Result<String, Malformed> {
    let is_coded = rest.first().is_some_and(|first| first & 0x80 != 0);
    let length = usize::try_from(integer(rest, 7)?).map_err(|_| Malformed)?;
    let (bytes, behind) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = behind;
    if is_coded {
        return Ok(text(&huffman::decode(bytes).ok_or(Malformed)?));
    }
    Ok(text(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HpackLimits = HpackLimits { list_bytes: 4096, fields: 100, table_bytes: 4096 };

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let digit = |b: u8| (b as char).to_digit(16).expect("a digit") as u8;
        digits.chunks(2).map(|two| digit(two[0]) << 4 | digit(two[1])).collect()
    }

    fn shown(list: &List) -> String {
        list.fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    #[test]
    fn requests_of_the_rfc_are_read() {
        // RFC 7541 appendix C.4.
        let mut hpack = Hpack::new(LIMITS);
        let first = hpack.decode(&hex("828684418cf1e3c2e5f23a6ba0ab90f4ff")).expect("a block");
        assert_eq!(
            shown(&first),
            ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n"
        );
        let second = hpack.decode(&hex("828684be5886a8eb10649cbf")).expect("a block");
        assert!(shown(&second).ends_with("www.example.com\ncache-control: no-cache\n"));
        let third = hex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf");
        let third = hpack.decode(&third).expect("a block");
        assert_eq!(
            shown(&third),
            ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\n\
             custom-key: custom-value\n"
        );
        assert_eq!(hpack.size, 164);
    }

    #[test]
    fn responses_of_the_rfc_evict_entries() {
        // RFC 7541 appendix C.5, with a table of 256 bytes.
        let mut hpack = Hpack::new(HpackLimits { table_bytes: 256, ..LIMITS });
        let first = hex(
            "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d\
             546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
        );
        let first = hpack.decode(&first).expect("a block");
        assert!(shown(&first).starts_with(":status: 302\ncache-control: private\ndate: Mon"));
        assert_eq!(hpack.size, 222);
        let second = hpack.decode(&hex("4803333037c1c0bf")).expect("a block");
        assert!(shown(&second).ends_with("location: https://www.example.com\n"));
        assert_eq!((hpack.size, second.is_missing), (222, false));
    }

    #[test]
    fn what_was_before_the_capture_is_told() {
        let mut hpack = Hpack::new(LIMITS);
        // An entry that is not known, one that gets its name from one, and one that is new.
        let list = hpack.decode(b"\x82\xbe\x7e\x01a\x40\x01x\x01y").expect("a block");
        assert_eq!((shown(&list), list.is_missing), (":method: GET\nx: y\n".to_owned(), true));
        let list = hpack.decode(b"\xbe\xbf").expect("a block");
        assert_eq!((shown(&list), list.is_missing), ("x: y\n".to_owned(), true));
    }

    #[test]
    fn a_bomb_ends_at_a_limit() {
        let mut hpack = Hpack::new(LIMITS);
        let value = vec![b'v'; 3000];
        let mut block = vec![0x40, 1, b'n', 0x7f, 0xb9, 0x16];
        block.extend(value);
        assert_eq!(hpack.decode(&block).map(|list| list.fields.len()), Ok(1));
        let list = hpack.decode(&[0xbe; 60_000]).expect("a block");
        assert!(list.is_cut && list.fields.len() == 1);
        let many = hpack.decode(&[0x82; 60_000]).expect("a block");
        assert!(many.is_cut && many.fields.len() <= 100);
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for block in [&b"\x80"[..], b"\x40\x05ab", b"\xff\xff\xff\xff\xff\xff\xff", b"\x40\x01a"] {
            assert_eq!(Hpack::new(LIMITS).decode(block), Err(Malformed), "{block:?}");
        }
    }
}
