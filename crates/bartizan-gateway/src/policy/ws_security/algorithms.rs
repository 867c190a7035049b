//! What signatures and digests may be made with. What a message names chooses among these; with which key each goes is
//! said here, so that no key is ever taken for one of another kind.

use aws_lc_rs::{
    digest::{self, Algorithm},
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
        RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::Fault;

const RSA: &str = "1.2.840.113549.1.1.1";
const ELLIPTIC: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
const P521: &str = "1.3.132.0.35";
const UNSUPPORTED: Fault = Fault::Unsupported("signature-algorithm");

/// What verifies with a key, by the algorithm that a message names (XML Signature 1.1 §6.4, RFC 6931). ECDSA only with
/// the curve that is as strong as the digest. `sha1` says whether SHA-1 is taken.
///
/// # Errors
/// When it is none of these, or not one for that key.
pub(super) fn verification(
    named: &str,
    key: &SubjectPublicKeyInfo<'_>,
    sha1: bool,
) -> Result<&'static dyn VerificationAlgorithm, Fault> {
    let kind = key.algorithm.algorithm.to_id_string();
    let parameters = key.algorithm.parameters.as_ref();
    let curve = parameters.and_then(|any| any.as_oid().ok()).map(|oid| oid.to_id_string());
    let (wanted, algorithm): (_, &'static dyn VerificationAlgorithm) = match named {
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1" if sha1 => {
            ((RSA, None), &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1" => return Err(Fault::Refused("sha-1")),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => {
            ((RSA, None), &RSA_PKCS1_2048_8192_SHA256)
        }
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => {
            ((RSA, None), &RSA_PKCS1_2048_8192_SHA384)
        }
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => {
            ((RSA, None), &RSA_PKCS1_2048_8192_SHA512)
        }
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => {
            ((ELLIPTIC, Some(P256)), &ECDSA_P256_SHA256_FIXED)
        }
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => {
            ((ELLIPTIC, Some(P384)), &ECDSA_P384_SHA384_FIXED)
        }
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512" => {
            ((ELLIPTIC, Some(P521)), &ECDSA_P521_SHA512_FIXED)
        }
        _ => return Err(UNSUPPORTED),
    };
    if kind != wanted.0 {
        return Err(Fault::Refused("signature-key-of-other-kind"));
    }
    match wanted.1 {
        Some(wanted) if curve.as_deref() != Some(wanted) => Err(UNSUPPORTED),
        _ => Ok(algorithm),
    }
}

/// Verifies a signature.
pub(super) fn verify(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &SubjectPublicKeyInfo<'_>,
    signed: &[u8],
    signature: &[u8],
) -> Result<(), Fault> {
    let key = UnparsedPublicKey::new(algorithm, key.subject_public_key.data.as_ref());
    key.verify(signed, signature).map_err(|_| Fault::Refused("signature-wrong"))
}

/// The digest that a message names (XML Signature 1.1 §6.2, XML Encryption 1.1 §5.8).
///
/// # Errors
/// When it is none of these.
pub(super) fn digest(named: &str, sha1: bool) -> Result<&'static Algorithm, Fault> {
    match named {
        "http://www.w3.org/2000/09/xmldsig#sha1" if sha1 => Ok(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        "http://www.w3.org/2000/09/xmldsig#sha1" => Err(Fault::Refused("sha-1")),
        "http://www.w3.org/2001/04/xmlenc#sha256" => Ok(&digest::SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Ok(&digest::SHA384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Ok(&digest::SHA512),
        _ => Err(Fault::Unsupported("digest-algorithm")),
    }
}
