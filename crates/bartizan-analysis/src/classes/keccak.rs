//! Keccak-256 as Ethereum uses it: the sponge before its padding was changed for SHA-3 (FIPS 202).

/// Bytes that one permutation takes in.
const RATE: usize = 136;

/// Longest text that is hashed, in bytes: one block with its padding.
pub(super) const MAX_TEXT: usize = RATE - 1;

/// The hash of at most [`MAX_TEXT`] bytes; what is longer is cut.
pub(super) fn keccak256(text: &[u8]) -> [u8; 32] {
    let mut block = [0; RATE];
    let len = text.len().min(MAX_TEXT);
    for (to, from) in block.iter_mut().zip(text.iter().take(len)) {
        *to = *from;
    }
    block[len] ^= 1;
    block[RATE - 1] ^= 0x80;
    let mut state = [0u64; 25];
    for (lane, bytes) in state.iter_mut().zip(block.as_chunks::<8>().0) {
        *lane = u64::from_le_bytes(*bytes);
    }
    permute(&mut state);
    let mut hash = [0; 32];
    for (to, lane) in hash.as_chunks_mut::<8>().0.iter_mut().zip(state) {
        *to = lane.to_le_bytes();
    }
    hash
}

/// Twenty-four rounds (FIPS 202 section 3.3). The constants of the rounds come from a shift register.
fn permute(state: &mut [u64; 25]) {
    let mut register = 1u8;
    for _ in 0..24 {
        // θ
        let mut parity = [0u64; 5];
        for (i, lane) in state.iter().enumerate() {
            parity[i % 5] ^= lane;
        }
        for (i, lane) in state.iter_mut().enumerate() {
            *lane ^= parity[(i + 4) % 5] ^ parity[(i + 1) % 5].rotate_left(1);
        }
        // ρ and π
        let (mut x, mut y, mut turn) = (1, 0, 0);
        let mut moved = state[1];
        for step in 1..=24 {
            turn = (turn + step) % 64;
            (x, y) = (y, (2 * x + 3 * y) % 5);
            let lane = &mut state[x + 5 * y];
            (*lane, moved) = (moved.rotate_left(turn), *lane);
        }
        // χ
        for row in state.as_chunks_mut::<5>().0 {
            let before = *row;
            for (i, lane) in row.iter_mut().enumerate() {
                *lane ^= !before[(i + 1) % 5] & before[(i + 2) % 5];
            }
        }
        // ι
        for bit in 0..7 {
            if register & 1 != 0 {
                state[0] ^= 1 << ((1u32 << bit) - 1);
            }
            register = (register << 1) ^ if register & 0x80 == 0 { 0 } else { 0x71 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> String {
        keccak256(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn hashes_of_published_examples() {
        assert_eq!(hex(""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        assert_eq!(hex("abc"), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
        assert_eq!(hex(&"x".repeat(500)), hex(&"x".repeat(MAX_TEXT)));
    }
}
