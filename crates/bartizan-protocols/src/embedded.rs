//! What is encoded inside a text: JWT, base64, JSON, another round of percent-encoding.
//!
//! Every text passes here, so each test begins with a look at a few bytes.

use bartizan_model::LimitName;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{
    decode::Decoder,
    json::{Mode, Outcome},
    percent,
    view::{Codec, NodeId, Step, Value},
};

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
/// The alphabet of base64, padding optional.
pub(crate) const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
/// The alphabet of base64url, padding optional.
pub(crate) const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// Shorter texts are not tried as base64: too many words would do.
const BASE64_LEAST: usize = 16;
/// Characters decoded to see whether the rest is worth it: 12 bytes.
const BASE64_PROBE: usize = 16;

/// What a text may hold.
enum Candidate<'t> {
    Jwt,
    Json,
    Base64(&'t str),
    Percent,
}

impl Decoder<'_> {
    /// Adds what is embedded in the text of `id` below it and closes it.
    pub(crate) fn embedded(&mut self, id: NodeId, text: &str) {
        if !self.is_flat
            && let Some(candidate) = candidate(text)
        {
            let around = self.view.enter_value();
            if text.len() > self.limits.embedded_bytes as usize {
                self.view.limit(self.side, LimitName::EmbeddedBytes);
            } else if self.chain >= self.limits.decode_chain {
                self.view.limit(self.side, LimitName::DecodeChain);
            } else {
                self.chain += 1;
                match candidate {
                    Candidate::Jwt => self.jwt(id, text),
                    Candidate::Json => self.embedded_json(id, text),
                    Candidate::Base64(data) => self.base64(id, data),
                    Candidate::Percent => self.percent(id, text),
                }
                self.chain -= 1;
            }
            self.view.enter(around);
        }
        self.view.close(id);
    }

    /// JSON inside a string; nothing when it is no JSON to its end.
    fn embedded_json(&mut self, id: NodeId, text: &str) {
        let mark = self.view.mark();
        let Some(node) = self.view.open(id, Step::Decoded(Codec::Json), Value::Null) else {
            return;
        };
        let outcome = self.json(node, text, Mode::Embedded);
        if matches!(outcome, Outcome::Whole | Outcome::Limited) {
            self.view.close(node);
        } else {
            self.view.rollback(mark);
        }
    }

    fn base64(&mut self, id: NodeId, data: &str) {
        let Some(bytes) = decode_base64(data) else { return };
        let Ok(text) = std::str::from_utf8(&bytes) else { return };
        if !is_printable(text) {
            return;
        }
        let Some(node) = self.view.open(id, Step::Decoded(Codec::Base64), Value::Null) else {
            return;
        };
        self.text(node, text);
    }

    fn percent(&mut self, id: NodeId, text: &str) {
        let mut bytes = Vec::with_capacity(text.len());
        percent::decode_into(&mut bytes, text.as_bytes(), false);
        let mut out = String::with_capacity(bytes.len());
        percent::push_text(&mut out, &bytes, self.view, self.side);
        let Some(node) = self.view.open(id, Step::Decoded(Codec::Percent), Value::Null) else {
            return;
        };
        self.text(node, &out);
    }
}

/// The first thing that the text may hold, by a look at its beginning.
fn candidate(text: &str) -> Option<Candidate<'_>> {
    let bytes = text.as_bytes();
    if bytes.len() < 3 {
        return None;
    }
    let trimmed = text.trim_ascii();
    match trimmed.as_bytes() {
        [b'{', .., b'}'] | [b'[', .., b']'] if trimmed.len() > 2 => return Some(Candidate::Json),
        [b'e', b'w' | b'y', ..] if is_jwt(bytes) => {
            return Some(Candidate::Jwt);
        }
        _ => {}
    }
    if percent::has_escape(bytes) {
        return Some(Candidate::Percent);
    }
    if let Some(rest) = text.strip_prefix("data:")
        && let Some(at) = rest.get(..rest.floor_char_boundary(128))?.find(";base64,")
    {
        return rest.get(at + 8..).filter(|data| is_base64(data)).map(Candidate::Base64);
    }
    is_base64(trimmed).then_some(Candidate::Base64(trimmed))
}

/// Three parts (five for JWE) of the alphabet of base64url; RFC 7515 §7.1.
fn is_jwt(bytes: &[u8]) -> bool {
    let mut dots = 0;
    for byte in bytes {
        match byte {
            b'.' => dots += 1,
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'=' => {}
            _ => return false,
        }
    }
    bytes.len() >= 20 && (dots == 2 || dots == 4)
}

/// Whether a text is base64 whose first twelve bytes are printable.
fn is_base64(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(probe) = bytes.get(..BASE64_PROBE.max(BASE64_LEAST)) else { return false };
    let in_alphabet =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=');
    // Words and media types (`application/json`) are of the alphabet too, but sixteen characters of
    // encoded text have a capital or digit but for one in 40,000.
    let encoded = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    if !probe.iter().all(in_alphabet) || !probe.iter().any(encoded) {
        return false;
    }
    let mut out = [0; BASE64_PROBE];
    let url_safe = probe.contains(&b'-') || probe.contains(&b'_');
    let engine = if url_safe { &URL_SAFE } else { &STANDARD };
    let Ok(length) = engine.decode_slice(probe, &mut out) else { return false };
    let printable = |b: &u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    let ascii = |b: &&u8| b.is_ascii();
    let out = out.get(..length).unwrap_or_default();
    out.iter().all(printable)
        && out.iter().filter(ascii).count() * 2 > length
        && bytes.iter().all(|b| in_alphabet(b) || matches!(b, b'\r' | b'\n'))
}

fn decode_base64(data: &str) -> Option<Vec<u8>> {
    let lines: String;
    let data = if data.contains(['\r', '\n']) {
        lines = data.split(['\r', '\n']).collect();
        &lines
    } else {
        data
    };
    let engine = if data.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    engine.decode(data).ok()
}

/// Mostly: at most one character in fifty is a control character.
fn is_printable(text: &str) -> bool {
    let odd = text.chars().filter(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')).count();
    odd * 50 <= text.len()
}

#[cfg(test)]
mod tests;
