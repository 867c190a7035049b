//! gRPC-Web as text: pieces of base64 one behind the other, each padded by itself (`PROTOCOL-WEB.md`), which come in
//! any pieces.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use bytes::Bytes;

/// As browsers and servers send it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

/// Reads such a text.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The beginning of a group of four characters.
    begun: Vec<u8>,
}

impl Text {
    /// The bytes of what came, as far as groups are whole.
    ///
    /// # Errors
    /// It is no base64: what came, with what was left of what came before.
    pub(super) fn decode(&mut self, data: &[u8]) -> Result<Vec<u8>, Bytes> {
        let mut text = std::mem::take(&mut self.begun);
        text.extend_from_slice(data);
        // Lines of text are allowed to end.
        let is_read = |byte: &u8| !matches!(byte, b'\r' | b'\n');
        let read: Vec<u8> = text.iter().copied().filter(is_read).collect();
        let (groups, begun) = read.split_at(read.len() / 4 * 4);
        let mut out = Vec::with_capacity(groups.len() / 4 * 3);
        let mut rest = groups;
        while !rest.is_empty() {
            // Padding ends a group, and what is behind it begins anew.
            let padded = rest.chunks_exact(4).position(|four| four.ends_with(b"="));
            let (part, behind) = rest.split_at(padded.map_or(rest.len(), |at| (at + 1) * 4));
            if BASE64.decode_vec(part, &mut out).is_err() {
                return Err(text.into());
            }
            rest = behind;
        }
        begun.clone_into(&mut self.begun);
        Ok(out)
    }

    /// Whether the text ends within a group.
    pub(super) fn is_within(&self) -> bool {
        !self.begun.is_empty()
    }

    /// What there is of a group, as it was sent.
    pub(super) fn take_begun(&mut self) -> Bytes {
        std::mem::take(&mut self.begun).into()
    }
}

/// One piece of base64.
pub(super) fn encode(data: &[u8]) -> Bytes {
    general_purpose::STANDARD.encode(data).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_in_whatever_pieces_they_come() {
        let text = [encode(b"a"), encode(b"bcdefg"), "\r\n".into(), encode(b"hi")].concat();
        for size in 1..=text.len() {
            let (mut reader, mut out) = (Text::default(), Vec::new());
            for part in text.chunks(size) {
                out.extend(reader.decode(part).expect("base64"));
            }
            assert_eq!((out.as_slice(), reader.is_within()), (&b"abcdefghi"[..], false), "{size}");
        }
    }

    #[test]
    fn what_is_no_base64_is_given_back() {
        let mut reader = Text::default();
        assert_eq!(reader.decode(b"YQ"), Ok(Vec::new()));
        assert!(reader.is_within());
        assert_eq!(reader.decode(b"<script>"), Err(Bytes::from_static(b"YQ<script>")));
        assert!(Text::default().decode(b"YW=j").is_err(), "padding within a group");
    }
}
