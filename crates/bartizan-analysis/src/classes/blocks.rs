//! Short texts in steps of eight bytes, without a branch for each byte.

/// Bytes of a block.
const BLOCK: usize = 8;

/// All but the last one to eight bytes in whole blocks, and these last ones as a little-endian word
/// that is filled up with zeros (0 for no bytes).
pub(super) fn blocks(bytes: &[u8]) -> (&[[u8; BLOCK]], u64) {
    let whole = bytes.len().saturating_sub(1) / BLOCK;
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let rest = bytes.len() - whole * BLOCK;
    let last = match bytes.last_chunk::<BLOCK>() {
        Some(last) => u64::from_le_bytes(*last) >> (8 * (BLOCK - rest)),
        None => short(bytes),
    };
    (blocks.get(..whole).unwrap_or_default(), last)
}

/// Fewer than eight bytes as a word, from parts that may overlap.
fn short(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>(), bytes) {
        (Some(first), Some(last), _) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            u64::from(first) | u64::from(last) << (8 * (len - 4))
        }
        (.., [a]) => u64::from(*a),
        (.., [a, b]) => u64::from(*a) | u64::from(*b) << 8,
        (.., [a, b, c]) => u64::from(*a) | u64::from(*b) << 8 | u64::from(*c) << 16,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_every_byte_once() {
        let bytes: Vec<u8> = (1..=40).collect();
        for len in 0..=bytes.len() {
            let (whole, last) = blocks(&bytes[..len]);
            let mut found: Vec<u8> = whole.as_flattened().to_vec();
            found.extend(last.to_le_bytes());
            assert!(found[..len] == bytes[..len] && found[len..].iter().all(|b| *b == 0), "{len}");
        }
    }
}
