//! The bytes of a segment file.
//!
//! ```text
//! segment = header block*
//! header  = "BZXLOG3\n" | store identity (16) | segment id (16, random) | key check (32)
//! block   = "BLK1" | counter u64 | plain length u32 | cipher length u32 | cipher text
//! ```
//! Integers are little-endian. The cipher is ChaCha20-Poly1305 (RFC 8439) under a key of this
//! segment alone, derived from the organisation's and the segment id; the nonce is the counter,
//! which never repeats within a segment, also when a block is given up. A process never writes to
//! a segment that another process began. The additional data binds each block to scope, segment and
//! offset, so that no block can be moved. Plain text is zstd over records in postcard form, each of
//! them the facts, what policies decided, and what the judgement said. Version 1 (`BZXLOG1`) had the
//! facts alone, version 2 no judgement; both are read but not written.

use std::{io, path::PathBuf};

use bartizan_model::{HashKey, Scope};
use chacha20poly1305::{
    ChaCha20Poly1305, Nonce,
    aead::{Aead, KeyInit, Payload},
};

use super::{
    BlockEntry,
    record::{Decisions, ExchangeFacts, Judged},
    subject_key,
};
use crate::{error::StoreError, keys::authenticate};

/// What segments begin with, by version from 1. The last is the one that is written.
const MAGICS: [&[u8; 8]; 3] = [b"BZXLOG1\n", b"BZXLOG2\n", b"BZXLOG3\n"];
const BLOCK_MAGIC: &[u8; 4] = b"BLK1";
/// Length of a segment header.
pub(super) const HEADER_BYTES: usize = 8 + 16 + 16 + 32;
/// Length of a block header.
pub(super) const BLOCK_HEADER_BYTES: usize = 4 + 8 + 4 + 4;
/// A block is closed when its plain text is this long.
pub(super) const BLOCK_TARGET_BYTES: usize = 1 << 20;
/// Longest plain text of a block that is read.
const MAX_PLAIN_BYTES: usize = 32 << 20;
/// Longest block that is read.
pub(super) const MAX_BLOCK_BYTES: usize = MAX_PLAIN_BYTES + (1 << 20);
/// Fast, and small enough: the records of one block repeat each other.
const COMPRESSION_LEVEL: i32 = 1;

/// The header of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Version of the records, from 1.
    pub(super) version: usize,
    pub(super) store: [u8; 16],
    pub(super) id: [u8; 16],
    pub(super) key_check: [u8; 32],
}

impl Header {
    pub(super) fn new(store: [u8; 16], id: [u8; 16], key: &HashKey) -> Self {
        let key_check = authenticate(key, "exchange-log-check", &id);
        Self { version: MAGICS.len(), store, id, key_check }
    }

    pub(super) fn is_of(&self, key: &HashKey) -> bool {
        self.key_check == Self::new(self.store, self.id, key).key_check
    }

    pub(super) fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        out[..8].copy_from_slice(MAGICS[self.version - 1]);
        out[8..24].copy_from_slice(&self.store);
        out[24..40].copy_from_slice(&self.id);
        out[40..].copy_from_slice(&self.key_check);
        out
    }

    pub(super) fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let version = MAGICS.iter().position(|magic| bytes.starts_with(*magic))? + 1;
        let rest = bytes.get(8..)?;
        let (store, rest) = rest.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        Some(Self { version, store: *store, id: *id, key_check: rest.try_into().ok()? })
    }
}

/// Encrypts and decrypts the blocks of one segment.
pub(super) struct SegmentCipher {
    cipher: ChaCha20Poly1305,
    /// The part of the additional data that all blocks share.
    binding: Vec<u8>,
}

impl SegmentCipher {
    /// `key` is the organisation's.
    pub(super) fn new(key: &HashKey, scope: &Scope, header: &Header) -> Self {
        let segment_key = authenticate(&key.derive("exchange-log"), "segment", &header.id);
        let mut binding = format!("bartizan exchange log v{}\0", header.version).into_bytes();
        binding.extend_from_slice(&header.store);
        binding.extend_from_slice(&header.id);
        for part in [scope.organisation.as_str(), scope.environment.as_str()] {
            binding.extend_from_slice(&(part.len() as u64).to_le_bytes());
            binding.extend_from_slice(part.as_bytes());
        }
        Self { cipher: ChaCha20Poly1305::new(&segment_key.into()), binding }
    }

    fn additional_data(&self, offset: u64, plain_length: u32) -> Vec<u8> {
        let mut out = self.binding.clone();
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(&plain_length.to_le_bytes());
        out
    }

    /// Makes the bytes of a block that will be at `offset`. `None` when it is too long.
    pub(super) fn seal(&self, counter: u64, offset: u64, plain: &[u8]) -> Option<Vec<u8>> {
        if plain.len() > MAX_PLAIN_BYTES {
            return None;
        }
        let plain_length = u32::try_from(plain.len()).ok()?;
        let compressed = zstd::bulk::compress(plain, COMPRESSION_LEVEL).ok()?;
        let aad = self.additional_data(offset, plain_length);
        let payload = Payload { msg: &compressed, aad: &aad };
        let cipher_text = self.cipher.encrypt(&nonce(counter), payload).ok()?;
        let mut out = Vec::with_capacity(BLOCK_HEADER_BYTES + cipher_text.len());
        out.extend_from_slice(BLOCK_MAGIC);
        out.extend_from_slice(&counter.to_le_bytes());
        out.extend_from_slice(&plain_length.to_le_bytes());
        out.extend_from_slice(&u32::try_from(cipher_text.len()).ok()?.to_le_bytes());
        out.extend_from_slice(&cipher_text);
        Some(out)
    }

    /// Reads the bytes of the block at `offset` back.
    pub(super) fn open(&self, offset: u64, block: &[u8]) -> Result<Vec<u8>, &'static str> {
        const SHORT: &str = "it is too short";
        let rest = block.strip_prefix(BLOCK_MAGIC).ok_or("it does not begin like a block")?;
        let (counter, rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let (plain_length, rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let (cipher_length, cipher_text) = rest.split_first_chunk().ok_or(SHORT)?;
        if u32::from_le_bytes(*cipher_length) as usize != cipher_text.len() {
            return Err("its length differs from the index");
        }
        let plain_length = u32::from_le_bytes(*plain_length);
        if plain_length as usize > MAX_PLAIN_BYTES {
            return Err("it claims to be larger than a block can be");
        }
        let aad = self.additional_data(offset, plain_length);
        let payload = Payload { msg: cipher_text, aad: &aad };
        let compressed = self
            .cipher
            .decrypt(&nonce(u64::from_le_bytes(*counter)), payload)
            .map_err(|_| "its authentication code does not fit: it was changed or moved")?;
        zstd::bulk::decompress(&compressed, plain_length as usize)
            .map_err(|_| "it cannot be decompressed")
    }
}

fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_le_bytes());
    bytes.into()
}

/// Records that are ready to be appended: encoded, and put into blocks. An append that fails can be
/// tried again with the same.
#[derive(Debug)]
pub struct Packed {
    pub(super) blocks: Vec<PlainBlock>,
}

impl Packed {
    /// Packs records, in order. Takes long for many of them: nothing for a thread that answers.
    ///
    /// # Errors
    /// When a record cannot be encoded, which would be a defect.
    pub fn of(records: Vec<ExchangeFacts>) -> Result<Self, StoreError> {
        pack(records).map(|blocks| Self { blocks }).map_err(|reason| StoreError::Io {
            action: "writing",
            path: PathBuf::from("the exchange log"),
            source: io::Error::new(io::ErrorKind::InvalidInput, reason),
        })
    }
}

/// Plain text of one block with what the index says about it.
#[derive(Debug)]
pub(super) struct PlainBlock {
    pub(super) bytes: Vec<u8>,
    /// Without segment, position, offset and length.
    pub(super) entry: BlockEntry,
}

/// Puts records into blocks, in order. `Err` names what cannot be encoded.
fn pack(records: Vec<ExchangeFacts>) -> Result<Vec<PlainBlock>, &'static str> {
    let mut blocks = Vec::new();
    let mut bytes = Vec::new();
    let mut entry = BlockEntry::default();
    for mut record in records {
        record.bound();
        let decisions = (&record.decisions, record.decisions_left_out);
        let written = postcard::to_extend(&(&record, decisions, &record.judged), bytes);
        bytes = written.map_err(|_| "a record cannot be encoded")?;
        entry.records += 1;
        if let Some(time) = record.time {
            let (first, last) = entry.times.unwrap_or((time, time));
            entry.times = Some((first.min(time), last.max(time)));
        }
        let subjects = [
            record.endpoint.as_ref().map(|id| id.as_str()),
            record.actor.as_ref().map(|id| id.as_str()),
        ];
        entry.subjects.extend(subjects.into_iter().flatten().map(subject_key));
        if bytes.len() >= BLOCK_TARGET_BYTES {
            close(&mut blocks, &mut bytes, &mut entry);
        }
    }
    if entry.records > 0 {
        close(&mut blocks, &mut bytes, &mut entry);
    }
    Ok(blocks)
}

fn close(blocks: &mut Vec<PlainBlock>, bytes: &mut Vec<u8>, entry: &mut BlockEntry) {
    // Much may be packed at once, and what answers requests may wait for this processor.
    std::thread::yield_now();
    let mut entry = std::mem::take(entry);
    entry.subjects.sort_unstable();
    entry.subjects.dedup();
    blocks.push(PlainBlock { bytes: std::mem::take(bytes), entry });
}

/// Reads the records of a block back, from a segment of that version.
pub(super) fn unpack(mut plain: &[u8], version: usize) -> Result<Vec<ExchangeFacts>, &'static str> {
    const FOREIGN: &str = "a record in it does not fit this version";
    let mut records = Vec::new();
    while !plain.is_empty() {
        let (mut record, mut rest): (ExchangeFacts, _) =
            postcard::take_from_bytes(plain).map_err(|_| FOREIGN)?;
        if version > 1 {
            let (decisions, behind): (Decisions, _) =
                postcard::take_from_bytes(rest).map_err(|_| FOREIGN)?;
            (record.decisions, record.decisions_left_out) = decisions;
            rest = behind;
        }
        if version > 2 {
            let (judged, behind): (Judged, _) =
                postcard::take_from_bytes(rest).map_err(|_| FOREIGN)?;
            (record.judged, rest) = (judged, behind);
        }
        records.push(record);
        plain = rest;
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use bartizan_model::{EndpointId, ExchangeId, Timestamp};

    use super::*;

    fn cipher(scope: &Scope, id: u8) -> SegmentCipher {
        let key = HashKey::new([3; 32]);
        SegmentCipher::new(&key, scope, &Header::new([1; 16], [id; 16], &key))
    }

    #[test]
    fn any_flipped_byte_is_noticed() {
        let cipher = cipher(&Scope::default(), 1);
        let block = cipher.seal(7, 100, b"hello hello hello").expect("sealed");
        assert_eq!(cipher.open(100, &block).expect("intact"), b"hello hello hello");
        for at in 0..block.len() {
            let mut changed = block.clone();
            changed[at] ^= 1;
            assert!(cipher.open(100, &changed).is_err(), "byte {at}");
        }
        for length in 0..block.len() {
            assert!(cipher.open(100, &block[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn blocks_are_bound_to_place_segment_and_scope() {
        let block = cipher(&Scope::default(), 1).seal(7, 100, b"x").expect("sealed");
        assert!(cipher(&Scope::default(), 1).open(101, &block).is_err());
        assert!(cipher(&Scope::default(), 2).open(100, &block).is_err());
        let environment = bartizan_model::EnvironmentId::from_text("test");
        let other = Scope { environment, ..Scope::default() };
        assert!(cipher(&other, 1).open(100, &block).is_err());
    }

    #[test]
    fn headers_round_trip_and_know_their_key() {
        let key = HashKey::new([3; 32]);
        let header = Header::new([1; 16], [2; 16], &key);
        assert_eq!(Header::parse(&header.to_bytes()), Some(header.clone()));
        assert!(header.is_of(&key));
        assert!(!header.is_of(&HashKey::new([4; 32])));
        assert_eq!(Header::parse(&[0; HEADER_BYTES]), None);
    }

    #[test]
    fn records_are_packed_into_bounded_blocks() {
        let records: Vec<_> = (0..30_000)
            .map(|i| ExchangeFacts {
                id: ExchangeId::from_text(format!("exchange-{i:040}")),
                sequence: i,
                time: Some(Timestamp::from_seconds(i64::try_from(i).expect("small"))),
                endpoint: Some(EndpointId::from_text(format!("ep_{}", i % 3))),
                ..ExchangeFacts::default()
            })
            .collect();
        let blocks = pack(records.clone()).expect("packed");
        assert!(blocks.len() > 1);
        let first = &blocks[0].entry;
        assert_eq!(first.subjects.len(), 3);
        assert_eq!(
            first.times,
            Some((
                Timestamp::from_seconds(0),
                Timestamp::from_seconds(i64::from(first.records) - 1)
            ))
        );
        let back: Vec<_> =
            blocks.iter().flat_map(|b| unpack(&b.bytes, 3).expect("unpacked")).collect();
        assert_eq!(back, records);
        assert!(pack(Vec::new()).expect("nothing").is_empty());
        assert!(unpack(&[0xff; 9], 3).is_err());
    }

    #[test]
    fn segments_of_the_first_version_are_read_and_are_not_taken_for_later_ones() {
        let key = HashKey::new([3; 32]);
        let header = Header { version: 1, ..Header::new([1; 16], [2; 16], &key) };
        assert!(header.to_bytes().starts_with(b"BZXLOG1\n"));
        assert_eq!(Header::parse(&header.to_bytes()), Some(header.clone()));
        assert!(header.is_of(&key));
        let record = |id: &str| ExchangeFacts {
            id: ExchangeId::from_text(id),
            fields_left_out: 1,
            ..ExchangeFacts::default()
        };
        let records = vec![record("a"), record("b")];
        // What the first version wrote: the facts alone.
        let plain: Vec<u8> =
            records.iter().flat_map(|r| postcard::to_stdvec(r).expect("encodes")).collect();
        assert_eq!(unpack(&plain, 1), Ok(records));
        let block = SegmentCipher::new(&key, &Scope::default(), &header).seal(0, 72, &plain);
        let now = Header::new([1; 16], [2; 16], &key);
        let latest = SegmentCipher::new(&key, &Scope::default(), &now);
        assert!(latest.open(72, &block.expect("sealed")).is_err());
    }

    #[test]
    fn records_of_the_second_version_have_decisions_and_no_judgement() {
        let record = |id: &str| ExchangeFacts {
            id: ExchangeId::from_text(id),
            decisions_left_out: 4,
            ..ExchangeFacts::default()
        };
        let records = vec![record("a"), record("b")];
        let write = |r: &ExchangeFacts| {
            postcard::to_stdvec(&(r, (&r.decisions, r.decisions_left_out))).expect("encodes")
        };
        let plain: Vec<u8> = records.iter().flat_map(write).collect();
        assert_eq!(unpack(&plain, 2), Ok(records));
    }
}
