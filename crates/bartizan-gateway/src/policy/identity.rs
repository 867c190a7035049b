//! Who is calling, once it was verified. What a client merely claims never gets here.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use bartizan_model::PrincipalKind;
use serde_json::Value;

/// A verified identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What names it: [`PrincipalKind::ApiKey`], [`PrincipalKind::Subject`], [`PrincipalKind::Certificate`], or
    /// [`PrincipalKind::Client`] for the key of a signature.
    pub kind: PrincipalKind,
    /// Who vouches for the name; empty for own keys.
    pub issuer: Arc<str>,
    /// The name: id of a key, subject of a token or certificate, name of the key of a signature.
    pub subject: Arc<str>,
    /// Whose it is, where that is known beside the name.
    pub owner: Arc<str>,
    /// What it may be used for.
    pub scopes: Arc<[String]>,
    /// What else the token says, as far as policies ask for it.
    pub claims: Arc<Claims>,
}

/// Most bytes of JSON of one claim that are kept.
const CLAIM_BYTES: usize = 1_024;

/// Claims of a verified token, by name: those that policies ask for, each of at most 1 KiB of JSON. A
/// larger one is as if it was not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<String, Value>);

impl Claims {
    /// Those of `all` that are asked for.
    pub(crate) fn kept<'a>(
        all: impl Iterator<Item = (&'a String, &'a Value)>,
        asked: &BTreeSet<String>,
    ) -> Self {
        let kept = all.filter(|(name, value)| {
            asked.contains(*name) && value.to_string().len() <= CLAIM_BYTES
        });
        Self(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// A claim, by its name at the top of the token.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

impl Identity {
    /// Whether it has all of these scopes.
    #[must_use]
    pub fn has(&self, scopes: &[String]) -> bool {
        scopes.iter().all(|scope| self.scopes.contains(scope))
    }

    /// Bytes that are equal for equal names: for keyed hashes. Lengths keep the parts apart.
    pub(crate) fn name(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.issuer.len() + self.subject.len());
        out.push(self.kind as u8);
        out.extend_from_slice(&(self.issuer.len() as u64).to_le_bytes());
        out.extend_from_slice(self.issuer.as_bytes());
        out.extend_from_slice(self.subject.as_bytes());
        out
    }
}

/// A client certificate that a listener has checked; it is in the extensions of every call of its
/// connection, as long as it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Whom it names: a SPIFFE id, a host, or a common name where those are asked for.
    pub subject: Arc<str>,
    /// SHA-256 of the certificate in DER, by which tokens name it (RFC 8705 §3.1).
    pub thumbprint: [u8; 32],
}

/// An address as one actor: IPv6 by /64, which is what one subscriber gets (RFC 6177).
pub(crate) fn of_address(address: IpAddr) -> [u8; 17] {
    let mut out = [0; 17];
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            out[0] = 4;
            out[1..5].copy_from_slice(&v4.octets());
        }
        IpAddr::V6(v6) => {
            out[0] = 6;
            out[1..9].copy_from_slice(&v6.octets()[..8]);
        }
    }
    out
}

/// An address as one network: IPv4 by /24, IPv6 by /48, which is what one site gets (RFC 6177).
pub(crate) fn of_network(address: IpAddr) -> [u8; 17] {
    let mut out = of_address(address);
    let rest = if out[0] == 4 { 4 } else { 7 };
    out[rest..].fill(0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_actors() {
        let of = |text: &str| of_address(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        let of = |text: &str| of_network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.255"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
    }

    #[test]
    fn only_small_claims_that_are_asked_for_are_kept() {
        let all: BTreeMap<String, Value> = [
            ("tenant".to_owned(), Value::from("north")),
            ("large".to_owned(), Value::from("x".repeat(CLAIM_BYTES))),
            ("other".to_owned(), Value::from(1)),
        ]
        .into();
        let asked = ["tenant", "large", "missing"].map(str::to_owned).into();
        let kept = Claims::kept(all.iter(), &asked);
        assert_eq!(kept.get("tenant"), Some(&Value::from("north")));
        assert_eq!((kept.get("large"), kept.get("other"), kept.get("missing")), (None, None, None));
    }

    #[test]
    fn parts_of_names_do_not_run_together() {
        let identity = |issuer: &str, subject: &str| Identity {
            kind: PrincipalKind::Subject,
            issuer: issuer.into(),
            subject: subject.into(),
            owner: "".into(),
            scopes: Arc::from(["a".to_owned()]),
            claims: Arc::default(),
        };
        assert_ne!(identity("ab", "c").name(), identity("a", "bc").name());
        assert!(identity("a", "b").has(&["a".to_owned()]));
        assert!(!identity("a", "b").has(&["a".to_owned(), "b".to_owned()]));
    }
}
