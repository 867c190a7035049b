//! Conditions of own keys, ready to be compared with a request.

use std::net::IpAddr;

use bartizan_model::{
    ApiKey, BoundCertificate, HashKey, KeyedHash, Timestamp,
    address::Network,
    counters::{Pace, Rate},
};
use http::{HeaderMap, HeaderName, header};

use crate::policy::identity::ClientCertificate;

/// Fields that browsers put into requests of pages, and that pages cannot leave out (Fetch Metadata §2, Fetch §3.1).
const OF_BROWSERS: [HeaderName; 4] = [
    header::ORIGIN,
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("sec-fetch-mode"),
    HeaderName::from_static("sec-fetch-dest"),
];
const SECOND: u64 = 1_000_000_000;

/// Who presents a key, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presenting<'a> {
    pub(crate) fields: &'a HeaderMap,
    pub(crate) address: IpAddr,
    pub(crate) certificate: Option<&'a ClientCertificate>,
    pub(crate) now: Timestamp,
}

/// How often a key may be used, and under what that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwnRate {
    pub(crate) pace: Pace,
    pub(crate) key: KeyedHash,
}

/// Compiled conditions of a key.
#[derive(Debug, Default)]
pub(super) struct Terms {
    addresses: Vec<Network>,
    certificates: Vec<BoundCertificate>,
    server_only: bool,
    pub(super) rate: Option<OwnRate>,
    /// Whether there is one that cannot be read: such a key is refused.
    is_broken: bool,
}

impl Terms {
    pub(super) fn compile(key: &ApiKey, hash_key: &HashKey) -> Self {
        let terms = &key.terms;
        let rate = terms.rate.and_then(|rate| {
            let period = rate.period_seconds.checked_mul(SECOND)?;
            let pace = Pace::Steady(Rate::new(rate.requests, period, rate.requests)?);
            // Changed numbers begin anew: a key is only ever used with one pace.
            let counted = hash_key.derive(&format!("rate of own key {pace:?}"));
            Some(OwnRate { pace, key: counted.hash("key", key.id.as_str().as_bytes()) })
        });
        Self {
            addresses: terms.addresses.iter().filter_map(|text| Network::parse(text)).collect(),
            certificates: terms
                .certificates
                .iter()
                .filter_map(|text| BoundCertificate::parse(text))
                .collect(),
            server_only: terms.server_only,
            is_broken: terms.check().is_err() || rate.is_some() != terms.rate.is_some(),
            rate,
        }
    }

    /// Whether they are met, but for the rate.
    ///
    /// # Errors
    /// A short name of the first that is not.
    pub(super) fn check(&self, by: &Presenting<'_>) -> Result<(), &'static str> {
        if self.is_broken {
            return Err("key-terms-unreadable");
        }
        let is_within = |network: &Network| network.contains(by.address);
        if !self.addresses.is_empty() && !self.addresses.iter().any(is_within) {
            return Err("key-address");
        }
        let is_shown = |bound: &BoundCertificate| {
            by.certificate.is_some_and(|shown| bound.is(&shown.subject, &shown.thumbprint))
        };
        if !self.certificates.is_empty() && !self.certificates.iter().any(is_shown) {
            return Err("key-certificate");
        }
        if self.server_only && OF_BROWSERS.iter().any(|name| by.fields.contains_key(name)) {
            return Err("key-in-browser");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{ApiKeyRate, ApiKeyTerms};

    use super::*;
    use crate::policy::api_key::tests::{hash_key, key};

    fn compiled(terms: ApiKeyTerms) -> Terms {
        Terms::compile(&ApiKey { terms, ..key(1).0 }, &hash_key())
    }

    fn check(
        terms: &Terms,
        (address, name): (&str, Option<&str>),
        fields: &[(&'static str, &'static str)],
    ) -> Result<(), &'static str> {
        let fields: HeaderMap = fields
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, http::HeaderValue::from_static(value))
            })
            .collect();
        let shown =
            name.map(|name| ClientCertificate { subject: name.into(), thumbprint: [10; 32] });
        terms.check(&Presenting {
            fields: &fields,
            address: address.parse().expect("an address"),
            certificate: shown.as_ref(),
            now: Timestamp::default(),
        })
    }

    #[test]
    fn keys_are_of_use_only_where_they_are_bound_to() {
        let nothing = compiled(ApiKeyTerms::default());
        assert_eq!(check(&nothing, ("192.0.2.1", None), &[("origin", "https://a")]), Ok(()));
        let addresses = vec!["192.0.2.0/24".to_owned(), "2001:db8::/32".to_owned()];
        let networks = compiled(ApiKeyTerms { addresses, ..ApiKeyTerms::default() });
        for (address, expected) in [
            ("192.0.2.7", Ok(())),
            ("::ffff:192.0.2.7", Ok(())),
            ("2001:db8::1", Ok(())),
            ("192.0.3.1", Err("key-address")),
            ("::1", Err("key-address")),
        ] {
            assert_eq!(check(&networks, (address, None), &[]), expected, "{address}");
        }
        let thumbprint = format!("sha256:{}", "0a".repeat(32));
        for (bound, shown, expected) in [
            ("spiffe://example.org/a", Some("spiffe://example.org/a"), Ok(())),
            ("spiffe://example.org/a", Some("spiffe://example.org/b"), Err("key-certificate")),
            ("spiffe://example.org/a", None, Err("key-certificate")),
            (thumbprint.as_str(), Some("whoever"), Ok(())),
            (thumbprint.as_str(), None, Err("key-certificate")),
        ] {
            let certificates = vec![bound.to_owned()];
            let terms = compiled(ApiKeyTerms { certificates, ..ApiKeyTerms::default() });
            assert_eq!(check(&terms, ("::1", shown), &[]), expected, "{bound} {shown:?}");
        }
        let server = compiled(ApiKeyTerms { server_only: true, ..ApiKeyTerms::default() });
        assert_eq!(check(&server, ("::1", None), &[("user-agent", "Mozilla/5.0")]), Ok(()));
        for name in ["origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"] {
            let fields = [(name, "null")];
            assert_eq!(check(&server, ("::1", None), &fields), Err("key-in-browser"), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_read_lets_nobody_in() {
        for terms in [
            ApiKeyTerms { addresses: vec!["x".to_owned()], ..ApiKeyTerms::default() },
            ApiKeyTerms { certificates: vec![String::new()], ..ApiKeyTerms::default() },
            ApiKeyTerms {
                rate: Some(ApiKeyRate { requests: 0, period_seconds: 1 }),
                ..ApiKeyTerms::default()
            },
        ] {
            let compiled = compiled(terms.clone());
            let checked = check(&compiled, ("::1", None), &[]);
            assert_eq!(checked, Err("key-terms-unreadable"), "{terms:?}");
        }
    }
}
