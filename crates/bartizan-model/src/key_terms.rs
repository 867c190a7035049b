//! Under which conditions an own API key may be used, beside its state and its expiry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Network;

/// Most networks, and most certificates, of a key.
pub const KEY_BINDINGS: usize = 64;
/// Longest name of a certificate, in bytes: that of a SPIFFE id (SPIFFE-ID §2.3).
const CERTIFICATE_BYTES: usize = 2_048;
/// What the thumbprint of a certificate begins with.
const THUMBPRINT: &str = "sha256:";
/// Most requests and most seconds of a rate.
const MOST: u64 = 1_000_000_000;

/// Conditions of a key; each that is there has to be met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKeyTerms {
    /// Addresses and networks that it may come from, for example `192.0.2.0/24`; any when empty.
    pub addresses: Vec<String>,
    /// Certificates, one of which the client has to show to the listener: the name that policies know it
    /// by, or `sha256:` and 64 hexadecimal digits of its thumbprint. None is needed when empty.
    pub certificates: Vec<String>,
    /// Whether it is refused in requests of browsers. They say so themselves, and programs may say it
    /// too: this keeps a key from working in a page that it was put into, not from somebody who took it.
    pub server_only: bool,
    /// How often it may be used.
    pub rate: Option<ApiKeyRate>,
}

/// How often a key may be used: so many requests in a period on average, and as many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyRate {
    /// Requests in a period, 1 to 1,000,000,000.
    pub requests: u64,
    /// The period, in seconds, 1 to 1,000,000,000.
    pub period_seconds: u64,
}

/// A certificate that a key is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundCertificate {
    /// By the name that it gives its holder.
    Name(String),
    /// By its SHA-256, in DER.
    Thumbprint([u8; 32]),
}

impl BoundCertificate {
    /// Reads a name, or `sha256:` and 64 hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Some(digits) = text.strip_prefix(THUMBPRINT) else {
            let is_name = !text.is_empty()
                && text.len() <= CERTIFICATE_BYTES
                && text.trim() == text
                && !text.chars().any(char::is_control);
            return is_name.then(|| Self::Name(text.to_owned()));
        };
        let mut out = [0; 32];
        if digits.len() != 64 {
            return None;
        }
        for (byte, pair) in out.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let digit = |b: u8| char::from(b).to_digit(16);
            *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
        }
        Some(Self::Thumbprint(out))
    }

    /// Whether it is the certificate with this name and thumbprint.
    #[must_use]
    pub fn is(&self, name: &str, thumbprint: &[u8; 32]) -> bool {
        match self {
            Self::Name(known) => known == name,
            Self::Thumbprint(known) => known == thumbprint,
        }
    }
}

impl ApiKeyTerms {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses conditions that cannot be read.
    ///
    /// # Errors
    /// Says which.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.addresses.len() > KEY_BINDINGS || self.certificates.len() > KEY_BINDINGS {
            return Err("a key may be bound to 64 networks and 64 certificates");
        }
        if self.addresses.iter().any(|text| Network::parse(text).is_none()) {
            return Err("what a key is bound to is an address or a network such as 192.0.2.0/24");
        }
        if self.certificates.iter().any(|text| BoundCertificate::parse(text).is_none()) {
            return Err("a certificate is its name, or `sha256:` and 64 hexadecimal digits");
        }
        let is_rate = |rate: &ApiKeyRate| {
            (1..=MOST).contains(&rate.requests) && (1..=MOST).contains(&rate.period_seconds)
        };
        if !self.rate.as_ref().is_none_or(is_rate) {
            return Err("a rate is 1 to 1000000000 requests in 1 to 1000000000 seconds");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_go_by_name_or_by_thumbprint() {
        let name = BoundCertificate::parse("spiffe://example.org/a").expect("a name");
        assert!(name.is("spiffe://example.org/a", &[0; 32]) && !name.is("a", &[0; 32]));
        let text = format!("sha256:{}", "0A".repeat(32));
        let thumbprint = BoundCertificate::parse(&text).expect("a thumbprint");
        assert!(thumbprint.is("a", &[10; 32]) && !thumbprint.is(&text, &[11; 32]));
        let long = "a".repeat(CERTIFICATE_BYTES + 1);
        for text in ["", " a", "a\n", "sha256:", "sha256:zz", &format!("{text}0"), &long] {
            assert_eq!(BoundCertificate::parse(text), None, "{text:?}");
        }
        assert_eq!(BoundCertificate::parse(&format!("sha256:{}", "é".repeat(32))), None);
    }

    #[test]
    fn what_cannot_be_met_is_refused() {
        let bound = |addresses: &[&str], certificates: &[&str]| ApiKeyTerms {
            addresses: addresses.iter().map(|text| (*text).to_owned()).collect(),
            certificates: certificates.iter().map(|text| (*text).to_owned()).collect(),
            ..ApiKeyTerms::default()
        };
        for (addresses, certificates, is_right) in [
            (&[][..], &[][..], true),
            (&["192.0.2.0/24", "2001:db8::/32", "192.0.2.1"], &[], true),
            (&["192.0.2.0/33"], &[], false),
            (&[""], &[], false),
            (&["::1"; 65], &[], false),
            (&[], &["spiffe://example.org/a"], true),
            (&[], &["sha256:1"], false),
        ] {
            let terms = bound(addresses, certificates);
            assert_eq!(terms.check().is_ok(), is_right, "{terms:?}");
        }
        for (requests, period_seconds, is_right) in
            [(5, 60, true), (0, 60, false), (5, 0, false), (5, 2_000_000_000, false)]
        {
            let rate = Some(ApiKeyRate { requests, period_seconds });
            let terms = ApiKeyTerms { rate, ..ApiKeyTerms::default() };
            assert_eq!(terms.check().is_ok(), is_right, "{terms:?}");
        }
    }
}
