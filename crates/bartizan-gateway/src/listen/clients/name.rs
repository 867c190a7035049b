//! Whom a certificate names.
//!
//! Names are compared with rules, so they are taken only where they cannot be read in two ways: one of a
//! kind, without characters that end a text elsewhere, without patterns.

use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

use crate::config::{ClientTls, ConfigError, NameKind};

/// Longest SPIFFE id, in bytes (SPIFFE-ID §2.3).
const SPIFFE_BYTES: usize = 2_048;
/// Longest trust domain, in bytes (SPIFFE-ID §2.1).
const TRUST_DOMAIN_BYTES: usize = 255;
/// Longest name of a host (RFC 1035 §2.3.4).
const HOST_BYTES: usize = 253;
/// Longest common name (RFC 5280 appendix A, `ub-common-name`), in characters.
const COMMON_NAME_CHARACTERS: usize = 64;

/// Why a certificate is refused that names nobody.
pub(super) const NOBODY: &str = "certificate-names-nobody";
/// Why one is refused whose name can be read in several ways.
pub(super) const SEVERAL: &str = "certificate-names-several";
/// Why one is refused whose name is malformed.
pub(super) const MALFORMED: &str = "certificate-name-malformed";
/// Why one of another trust domain is refused.
pub(super) const FOREIGN: &str = "certificate-trust-domain";

/// How certificates name who holds them.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    kinds: Vec<NameKind>,
    trust_domains: Vec<String>,
}

impl Naming {
    pub(super) fn compile(key: &str, config: &ClientTls) -> Result<Self, ConfigError> {
        let at = |name: &str| format!("{key}.{name}");
        if config.names.is_empty() {
            return Err(ConfigError::value(at("names"), "at least one kind of name is needed"));
        }
        for (place, domain) in config.trust_domains.iter().enumerate() {
            if !is_trust_domain(domain) {
                let problem = format!("{domain:?} is no trust domain such as example.org");
                return Err(ConfigError::value(at(&format!("trust_domains.{place}")), problem));
            }
        }
        if !config.trust_domains.is_empty() && !config.names.contains(&NameKind::Spiffe) {
            return Err(ConfigError::value(at("trust_domains"), "needs `spiffe` among `names`"));
        }
        Ok(Self { kinds: config.names.clone(), trust_domains: config.trust_domains.clone() })
    }

    /// The name of who holds a certificate in DER: of the first kind of which it has any. What has a
    /// name of a kind that is malformed is refused, not looked at for one of the next kind.
    ///
    /// # Errors
    /// A short name of why it names nobody.
    pub(super) fn name(&self, der: &[u8]) -> Result<String, &'static str> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| MALFORMED)?;
        let alternatives = certificate.subject_alternative_name().map_err(|_| MALFORMED)?;
        let names = alternatives.map_or(&[][..], |names| &names.value.general_names);
        let is_invalid = |name: &GeneralName<'_>| matches!(name, GeneralName::Invalid(..));
        if !rest.is_empty() || names.iter().any(is_invalid) {
            return Err(MALFORMED);
        }
        for kind in &self.kinds {
            let found = match kind {
                NameKind::Spiffe => self.spiffe(&certificate, names)?,
                NameKind::Dns => host(names)?,
                NameKind::CommonName => common_name(&certificate)?,
            };
            if let Some(name) = found {
                return Ok(name);
            }
        }
        Err(NOBODY)
    }

    /// X509-SVID §2 and §5: exactly one URI, of a leaf that signs nothing, with a path.
    fn spiffe(
        &self,
        certificate: &X509Certificate<'_>,
        names: &[GeneralName<'_>],
    ) -> Result<Option<String>, &'static str> {
        let mut uris = names.iter().filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
        let is_of_spiffe =
            |uri: &str| uri.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("spiffe:"));
        if !uris.clone().any(is_of_spiffe) {
            return Ok(None);
        }
        let (Some(uri), None) = (uris.next(), uris.next()) else { return Err(SEVERAL) };
        let usage = certificate.key_usage().map_err(|_| MALFORMED)?;
        let signs =
            usage.is_some_and(|usage| usage.value.key_cert_sign() || usage.value.crl_sign());
        if signs || certificate.is_ca() {
            return Err("certificate-signs-others");
        }
        let domain = trust_domain(uri).ok_or(MALFORMED)?;
        let is_trusted =
            self.trust_domains.is_empty() || self.trust_domains.iter().any(|known| known == domain);
        if is_trusted { Ok(Some(uri.to_owned())) } else { Err(FOREIGN) }
    }
}

/// The trust domain of a SPIFFE id with a path; `None` when it is none (SPIFFE-ID §2).
fn trust_domain(uri: &str) -> Option<&str> {
    let (domain, path) = uri.strip_prefix("spiffe://")?.split_once('/')?;
    let is_of_segment = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let is_segment =
        |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_of_segment);
    let is_one =
        uri.len() <= SPIFFE_BYTES && is_trust_domain(domain) && path.split('/').all(is_segment);
    is_one.then_some(domain)
}

fn is_trust_domain(text: &str) -> bool {
    let is_of_domain =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_');
    !text.is_empty() && text.len() <= TRUST_DOMAIN_BYTES && text.bytes().all(is_of_domain)
}

/// The one host of a certificate, in lower case. `*` names nobody in particular.
fn host(names: &[GeneralName<'_>]) -> Result<Option<String>, &'static str> {
    let mut found: Option<String> = None;
    for name in names {
        let GeneralName::DNSName(name) = name else { continue };
        let is_of_label = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_of_label);
        if name.len() > HOST_BYTES || !name.split('.').all(is_label) {
            return Err(MALFORMED);
        }
        let name = name.to_ascii_lowercase();
        if found.as_ref().is_some_and(|known| *known != name) {
            return Err(SEVERAL);
        }
        found = Some(name);
    }
    Ok(found)
}

/// The one common name of the subject. It may not look like an URI, which would be another kind of name.
fn common_name(certificate: &X509Certificate<'_>) -> Result<Option<String>, &'static str> {
    let mut names = certificate.subject().iter_common_name();
    let Some(name) = names.next() else { return Ok(None) };
    if names.next().is_some() {
        return Err(SEVERAL);
    }
    let text = name.as_str().map_err(|_| MALFORMED)?;
    let is_plain = !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= COMMON_NAME_CHARACTERS
        && !text.contains("://")
        && !text.contains('*')
        && !text.chars().any(char::is_control);
    if is_plain { Ok(Some(text.to_owned())) } else { Err(MALFORMED) }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair,
        KeyUsagePurpose, SanType, string::Ia5String,
    };

    use super::*;

    fn naming(names: &[NameKind], domains: &[&str]) -> Naming {
        let trust_domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        Naming { kinds: names.to_vec(), trust_domains }
    }

    fn ia5(text: &str) -> Ia5String {
        Ia5String::try_from(text).expect("ASCII")
    }

    fn uri(text: &str) -> SanType {
        SanType::URI(ia5(text))
    }

    fn dns(text: &str) -> SanType {
        SanType::DnsName(ia5(text))
    }

    fn certificate(
        common: &[&str],
        names: Vec<SanType>,
        change: fn(&mut CertificateParams),
    ) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for name in common {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        params.subject_alt_names = names;
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("signed").der().to_vec()
    }

    fn nothing(_: &mut CertificateParams) {}

    #[test]
    fn spiffe_ids_are_taken_as_they_are_specified() {
        let naming = naming(&[NameKind::Spiffe, NameKind::Dns], &["example.org"]);
        let long = format!("spiffe://example.org/{}", "a".repeat(SPIFFE_BYTES));
        for (names, expected) in [
            (
                vec!["spiffe://example.org/payments/api_1"],
                Ok("spiffe://example.org/payments/api_1"),
            ),
            (vec!["spiffe://other.org/payments"], Err(FOREIGN)),
            (vec!["spiffe://example.org/a", "spiffe://example.org/b"], Err(SEVERAL)),
            (vec!["spiffe://example.org/a", "https://example.org/"], Err(SEVERAL)),
            (vec!["https://example.org/"], Ok("a.example")),
            (vec!["spiffe://example.org"], Err(MALFORMED)),
            (vec!["spiffe://example.org/"], Err(MALFORMED)),
            (vec!["spiffe://example.org/a/"], Err(MALFORMED)),
            (vec!["spiffe://example.org//a"], Err(MALFORMED)),
            (vec!["spiffe://example.org/a/../b"], Err(MALFORMED)),
            (vec!["spiffe://example.org/a%2fb"], Err(MALFORMED)),
            (vec!["spiffe://example.org/a?b"], Err(MALFORMED)),
            (vec!["spiffe://example.org/a#b"], Err(MALFORMED)),
            (vec!["spiffe://example.org:1/a"], Err(MALFORMED)),
            (vec!["spiffe://u@example.org/a"], Err(MALFORMED)),
            (vec!["spiffe://Example.org/a"], Err(MALFORMED)),
            (vec!["SPIFFE://example.org/a"], Err(MALFORMED)),
            (vec!["spiffe:/example.org/a"], Err(MALFORMED)),
            (vec!["spiffe:///a"], Err(MALFORMED)),
            (vec!["spiffe://example.org/a\0b"], Err(MALFORMED)),
            (vec!["spiffe://example.org/*"], Err(MALFORMED)),
            (vec![&long], Err(MALFORMED)),
        ] {
            let mut all: Vec<SanType> = names.iter().map(|name| uri(name)).collect();
            all.push(dns("a.example"));
            let der = certificate(&["c"], all, nothing);
            assert_eq!(naming.name(&der).as_deref().map_err(|code| *code), expected, "{names:?}");
        }
    }

    #[test]
    fn what_signs_others_is_no_workload() {
        let naming = naming(&[NameKind::Spiffe], &[]);
        let names = || vec![uri("spiffe://example.org/a")];
        let changes: [fn(&mut CertificateParams); 3] = [
            |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            |params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign],
            |params| params.key_usages = vec![KeyUsagePurpose::CrlSign],
        ];
        for change in changes {
            let der = certificate(&[], names(), change);
            assert_eq!(naming.name(&der), Err("certificate-signs-others"));
        }
        let der = certificate(&[], names(), |params| {
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        });
        assert_eq!(naming.name(&der).as_deref(), Ok("spiffe://example.org/a"));
    }

    #[test]
    fn hosts_are_one_and_no_patterns() {
        let naming = naming(&[NameKind::Dns], &[]);
        for (names, expected) in [
            (vec!["Payments.example"], Ok("payments.example")),
            (vec!["a.example", "A.example"], Ok("a.example")),
            (vec!["a.example", "b.example"], Err(SEVERAL)),
            (vec!["*.example"], Err(MALFORMED)),
            (vec!["a.example\0.evil.example"], Err(MALFORMED)),
            (vec!["a.example", "*"], Err(MALFORMED)),
            (vec!["a..example"], Err(MALFORMED)),
            (vec!["a.example."], Err(MALFORMED)),
            (vec!["a example"], Err(MALFORMED)),
            (vec![], Err(NOBODY)),
        ] {
            let der =
                certificate(&["c.example"], names.iter().map(|name| dns(name)).collect(), nothing);
            assert_eq!(naming.name(&der).as_deref().map_err(|code| *code), expected, "{names:?}");
        }
    }

    #[test]
    fn common_names_count_only_where_they_are_asked_for() {
        let der = certificate(&["Payments"], Vec::new(), nothing);
        let usual = naming(&[NameKind::Spiffe, NameKind::Dns], &[]);
        assert_eq!(usual.name(&der), Err(NOBODY));
        let naming = naming(&[NameKind::CommonName], &[]);
        assert_eq!(naming.name(&der).as_deref(), Ok("Payments"));
        for (common, expected) in [
            (vec![], NOBODY),
            (vec!["spiffe://example.org/a"], MALFORMED),
            (vec!["*"], MALFORMED),
            (vec![" a"], MALFORMED),
            (vec!["a\0b"], MALFORMED),
        ] {
            let der = certificate(&common, Vec::new(), nothing);
            assert_eq!(naming.name(&der), Err(expected), "{common:?}");
        }
        assert_eq!(naming.name(b"\x30\x00"), Err(MALFORMED));
        assert_eq!(naming.name(b""), Err(MALFORMED));
    }

    #[test]
    fn what_says_nothing_is_refused() {
        let config = |names: &[NameKind], domains: &[&str]| ClientTls {
            authorities: "a".into(),
            required: true,
            revocation_lists: Vec::new(),
            names: names.to_vec(),
            trust_domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        };
        for (names, domains) in [
            (&[][..], &[][..]),
            (&[NameKind::Dns][..], &["example.org"][..]),
            (&[NameKind::Spiffe][..], &["spiffe://example.org"][..]),
            (&[NameKind::Spiffe][..], &[""][..]),
        ] {
            assert!(
                Naming::compile("k", &config(names, domains)).is_err(),
                "{names:?} {domains:?}"
            );
        }
        assert!(Naming::compile("k", &config(&[NameKind::Spiffe], &["example.org"])).is_ok());
    }
}
