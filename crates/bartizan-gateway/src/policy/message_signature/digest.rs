//! `Content-Digest` (RFC 9530 §2): digests of a body as it was transferred.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA512, digest};
use http::{HeaderMap, HeaderName};
use sfv::ListEntry;

use super::base::dictionary;

/// The field.
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
/// Most bytes of the field.
const FIELD_BYTES: usize = 1_024;
/// What is believed (RFC 9530 §5): the others are broken, or known to nobody.
const KNOWN: [(&str, &Algorithm); 2] = [("sha-256", &SHA256), ("sha-512", &SHA512)];

/// Checks every digest that is known, of which there has to be one.
///
/// # Errors
/// A short name of what is wrong.
pub(super) fn check(fields: &HeaderMap, body: &[u8]) -> Result<(), &'static str> {
    let digests = dictionary(fields, &CONTENT_DIGEST, FIELD_BYTES);
    let digests = digests.map_err(|()| "digest-malformed")?;
    let mut has_one = false;
    for (name, algorithm) in KNOWN {
        let Some(told) = digests.get(name) else { continue };
        let ListEntry::Item(told) = told else { return Err("digest-malformed") };
        let told = told.bare_item.as_byte_sequence().ok_or("digest-malformed")?;
        if digest(algorithm, body).as_ref() != told {
            return Err("digest-wrong");
        }
        has_one = true;
    }
    if has_one { Ok(()) } else { Err("digest-missing") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], body: &str) -> Result<(), &'static str> {
        let mut fields = HeaderMap::new();
        for value in values {
            fields.append(CONTENT_DIGEST, value.parse().expect("a value"));
        }
        super::check(&fields, body.as_bytes())
    }

    /// The digests are those of RFC 9530 appendix D and RFC 9421 §B.2.
    #[test]
    fn every_known_digest_must_be_that_of_the_body() {
        let body = r#"{"hello": "world"}"#;
        let short = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
        let long = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
        let none = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
        for good in [&[short][..], &[long], &[short, long], &["md5=:AA==:, x=?0", short]] {
            assert_eq!(check(good, body), Ok(()), "{good:?}");
        }
        assert_eq!(check(&[none], ""), Ok(()));
        for (values, reason) in [
            (&[][..], "digest-missing"),
            (&["md5=:AA==:"], "digest-missing"),
            (&["SHA-256=:AA==:"], "digest-malformed"),
            (&["sha-256=AA"], "digest-malformed"),
            (&["sha-256=(:AA==:)"], "digest-malformed"),
            (&["sha-256"], "digest-malformed"),
            (&["sha-256=:!:"], "digest-malformed"),
            (&["sha-256=::"], "digest-wrong"),
            (&["sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBA==:"], "digest-wrong"),
            (&[none], "digest-wrong"),
            (&[short, "sha-512=:AA==:"], "digest-wrong"),
            (&[short, none], "digest-wrong"),
        ] {
            assert_eq!(check(values, body), Err(reason), "{values:?}");
        }
        assert_eq!(check(&[short], r#"{"hello":"world"}"#), Err("digest-wrong"));
        let huge = format!("sha-256=:{}:", "A".repeat(2_000));
        assert_eq!(check(&[&huge], body), Err("digest-malformed"));
    }
}
