//! Addresses of crypto currencies.

use bartizan_model::{DataClass, data_class::DataGroup};
use sha2::{Digest as _, Sha256};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Marks, Support, keccak, placeholder,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("crypto_address"),
    family: Family::Alone,
    group: DataGroup::Financial,
    title: "Crypto currency address",
    what: "A segregated-witness address of Bitcoin or Litecoin by its checksum (Bech32, Bech32m), \
           wherever it stands. Under a field name that says so also the older Base58 addresses by \
           their checksum, those of 32 bytes, which have none, by alphabet and length, and those of \
           Ethereum (`0x` and 40 hexadecimal digits, the capitals among them by their checksum).",
    sensitive: false,
    support: Support::One,
    priority: 47,
    names: &[
        "wallet",
        "wallet address",
        "walletaddress",
        "crypto address",
        "crypto wallet",
        "bitcoin address",
        "btc address",
        "eth address",
        "ethereum address",
        "bitcoin wallet",
        "btc wallet",
        "eth wallet",
        "withdrawal address",
        "deposit address",
        "payout address",
        "blockchain address",
    ],
    anywhere: false,
    in_text: false,
    form: Form {
        len: (42, 76),
        digits: (2, u32::MAX),
        spaces: false,
        marks: Marks::NONE,
        also: |shape| {
            matches!(shape.first, b'b' | b't' | b'l' | b'B' | b'T' | b'L')
                && (shape.upper == 0 || shape.lower == 0)
                && shape.other + shape.dashes + shape.dots == 0
        },
    },
    recognise,
    examples: &[
        ("x", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        ("x", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
        ("wallet", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
        ("walletAddress", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("walletAddress", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        ("walletAddress", "0xde709f2102306220921060314077629080e2fb77"),
        ("x", "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"),
        ("btc_address", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ],
    counterexamples: &[
        ("x", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"),
        ("x", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("wallet", "main"),
        ("walletAddress", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"),
        ("wallet", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd"),
        ("btc_address", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),
        ("commit", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("wallet", "0x0000000000000000000000000000000000000000"),
    ],
    references: &["BIP 173", "BIP 350", "EIP-55"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let text = candidate.text;
    if is_bech32(text) {
        return Some(Certainty::Checked);
    }
    (candidate.in_context && (is_ethereum(text) || is_base58(text))).then_some(Certainty::Context)
}

/// Values of characters, in order.
const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Prefixes of networks, test networks included.
const PREFIXES: &[&str] = &["bc", "tb", "bcrt", "ltc", "tltc"];

fn is_bech32(text: &str) -> bool {
    // Either case, but not both.
    if text.bytes().any(|b| b.is_ascii_uppercase()) && text.bytes().any(|b| b.is_ascii_lowercase())
    {
        return false;
    }
    let Some((prefix, data)) = text.split_once('1') else { return false };
    let prefix = prefix.to_ascii_lowercase();
    let prefix = prefix.as_str();
    if !PREFIXES.contains(&prefix) || !(39..=71).contains(&data.len()) {
        return false;
    }
    let prefix = prefix.bytes();
    let expanded = prefix.clone().map(|b| b >> 5).chain([0]).chain(prefix.map(|b| b & 31));
    let mut sum = expanded.fold(1, step);
    let mut version = None;
    for b in data.bytes() {
        let Some(value) = ALPHABET.iter().position(|known| *known == b.to_ascii_lowercase()) else {
            return false;
        };
        version = version.or(Some(value));
        sum = step(sum, value as u8);
    }
    // Six characters are the checksum, one the version; fewer than five bits fill the last one up.
    let (program, fill) = ((data.len() - 7) * 5 / 8, (data.len() - 7) * 5 % 8);
    match version {
        Some(0) => sum == BECH32 && matches!(program, 20 | 32) && fill < 5,
        Some(1..=16) => sum == BECH32M && (2..=40).contains(&program) && fill < 5,
        _ => false,
    }
}

/// What the checksum leaves of addresses of version 0 (BIP 173) and of later ones (BIP 350).
const BECH32: u32 = 1;
const BECH32M: u32 = 0x2bc8_30a3;

/// One step of the checksum, a BCH code over 5-bit values.
fn step(sum: u32, value: u8) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let next = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
    let used = |i: usize| (sum >> 25 >> i) & 1 != 0;
    GENERATORS.iter().enumerate().filter(|(i, _)| used(*i)).fold(next, |sum, (_, g)| sum ^ g)
}

/// Forty hexadecimal digits; where letters of both cases stand among them, the hash of the address in
/// lower case tells which are capitals (EIP-55).
fn is_ethereum(text: &str) -> bool {
    let Some(hex) = text.strip_prefix("0x") else { return false };
    let mixed =
        hex.bytes().any(|b| b.is_ascii_uppercase()) && hex.bytes().any(|b| b.is_ascii_lowercase());
    hex.len() == 40
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
        && placeholder::entropy(hex) >= 2.0
        && (!mixed || has_case_of_hash(hex))
}

fn has_case_of_hash(hex: &str) -> bool {
    let hash = keccak::keccak256(hex.to_ascii_lowercase().as_bytes());
    let high = hash.iter().flat_map(|b| [b >> 4 >= 8, b & 15 >= 8]);
    hex.bytes().zip(high).all(|(b, high)| b.is_ascii_digit() || b.is_ascii_uppercase() == high)
}

/// An address in Base58: 25 bytes with a checksum, or a public key of 32 bytes (Solana).
fn is_base58(text: &str) -> bool {
    if !(26..=44).contains(&text.len()) {
        return false;
    }
    let mut bytes = [0; 32];
    match bs58::decode(text).onto(&mut bytes) {
        Ok(25) => is_checked(&bytes),
        Ok(32) => placeholder::entropy(text) >= 4.0,
        _ => false,
    }
}

/// Whether the last four of 25 bytes are the beginning of the hash of the hash of the others.
fn is_checked(bytes: &[u8; 32]) -> bool {
    let (Some(payload), Some(sum)) = (bytes.get(..21), bytes.get(21..25)) else { return false };
    Sha256::digest(Sha256::digest(payload)).starts_with(sum)
}
