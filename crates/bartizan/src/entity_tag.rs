//! Entity tags (RFC 9110 §8.8.3), by which it is told that an answer did not change.

use axum::http::{HeaderMap, header};
use sha2::Digest as _;

/// The tag of an answer: 128 bits of a hash of its bytes, in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

impl EntityTag {
    /// The tag of an answer with these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let digest = sha2::Sha256::digest(bytes);
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self(format!("\"{hex}\""))
    }

    /// For the header `ETag`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether who asks has this answer already: `If-None-Match` (RFC 9110 §13.1.2), compared weakly.
    pub(crate) fn is_known(&self, asked: &HeaderMap) -> bool {
        let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
        known
            .flat_map(|text| text.split(','))
            .map(str::trim)
            .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_among_others_and_weakly() {
        let tag = EntityTag::of(b"a");
        let asked = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_NONE_MATCH, value.parse().expect("value"));
            }
            tag.is_known(&headers)
        };
        let own = tag.as_str().to_owned();
        assert!(asked(&[&own]) && asked(&["\"x\"", &format!("\"y\", W/{own}")]) && asked(&["*"]));
        assert!(!asked(&[]) && !asked(&[EntityTag::of(b"b").as_str(), own.trim_matches('"')]));
    }
}
