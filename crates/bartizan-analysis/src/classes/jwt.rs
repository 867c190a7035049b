//! JSON Web Tokens.

use bartizan_model::{DataClass, data_class::DataGroup};
use bartizan_protocols::{
    NodeRef,
    view::{Codec, Value},
};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Marks, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("jwt"),
    family: Family::Alone,
    group: DataGroup::Credential,
    title: "JSON Web Token",
    what: "Three parts in base64url (five for an encrypted token) of which the first decodes to a JSON \
           object with `alg` and, for a signed token, the second to a JSON object.",
    sensitive: true,
    support: Support::One,
    priority: 10,
    names: &["jwt"],
    anywhere: true,
    in_text: false,
    form: Form {
        len: (36, usize::MAX),
        digits: (0, u32::MAX),
        spaces: false,
        marks: Marks::DOT,
        also: |shape| shape.first == b'e' && (2..=4).contains(&shape.dots),
    },
    recognise,
    examples: &[(
        "x",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    )],
    counterexamples: &[
        ("jwt", "a.b.c"),
        ("x", "eyJhIjoxfQ.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"),
        ("x", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"),
    ],
    references: &["RFC 7519", "RFC 7515 section 3.1", "RFC 7516 section 3.1"],
};

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (is_decoded(&candidate.node) || is_jwt(candidate.text)).then_some(Certainty::Checked)
}

/// Whether the decoder found that the text of `node` is a token, as [`is_jwt`] would.
fn is_decoded(node: &NodeRef<'_>) -> bool {
    let Some(token) = node.children().next().filter(|n| n.codec() == Some(Codec::Jwt)) else {
        return false;
    };
    let mut parts = token.children();
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else { return false };
    let has = |name: &str| header.children().any(|member| member.key() == name);
    has("alg") && (payload.value() == Value::Object || has("enc"))
}

/// Longest header and payload that are decoded, in bytes of base64url.
const MAX_PART_BYTES: usize = 16 * 1024;

/// Whether `text` is a token and nothing else.
pub(crate) fn is_jwt(text: &str) -> bool {
    let mut parts = text.split('.');
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else { return false };
    let rest = parts.count();
    let Some(header) = object(header) else { return false };
    let signed = rest == 1 && object(payload).is_some();
    header.contains_key("alg") && (signed || (rest == 3 && header.contains_key("enc")))
}

fn object(part: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    if part.len() > MAX_PART_BYTES {
        return None;
    }
    let bytes = BASE64URL.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}
