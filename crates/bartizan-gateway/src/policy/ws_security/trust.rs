//! Whose signatures are believed: certificates of configured authorities, checked as those of TLS clients are.

use std::path::PathBuf;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

use super::Fault;
use crate::{
    config::{ClientTls, ConfigError, NameKind},
    listen::clients::Clients,
    policy::{ClientCertificate, config::Problem, files},
};

/// Most bytes of a file of certificates.
const FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Most certificates that are known beforehand.
const KNOWN: usize = 10_000;

/// A name in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignerName {
    /// The SPIFFE id: its one URI, of the scheme `spiffe`.
    Spiffe,
    /// Its one alternative name that is a host.
    Dns,
    /// The common name of its subject.
    CommonName,
}

impl SignerName {
    const fn kind(self) -> NameKind {
        match self {
            Self::Spiffe => NameKind::Spiffe,
            Self::Dns => NameKind::Dns,
            Self::CommonName => NameKind::CommonName,
        }
    }
}

/// What is believed.
#[derive(Debug)]
pub(super) struct Trust {
    authorities: Clients,
    /// Certificates that messages only refer to. They are verified as those that come with messages.
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    der: CertificateDer<'static>,
    thumbprint: Vec<u8>,
    key_id: Option<Vec<u8>>,
    /// In decimal.
    serial: String,
}

impl Trust {
    pub(super) fn compile(
        authorities: &std::path::Path,
        revocation_lists: &[PathBuf],
        names: &[SignerName],
        certificates: Option<&PathBuf>,
    ) -> Result<Self, Problem> {
        let settings = ClientTls {
            authorities: authorities.to_owned(),
            required: true,
            revocation_lists: revocation_lists.to_owned(),
            names: names.iter().copied().map(SignerName::kind).collect(),
            trust_domains: Vec::new(),
        };
        let authorities =
            Clients::compile("signature", &settings).map_err(|error| match error {
                ConfigError::Value { key, problem } => Problem::new(key, problem),
                error => Problem::new("signature", error.to_string()),
            })?;
        let known = match certificates {
            None => Vec::new(),
            Some(path) => {
                let problem = |text: String| Problem::new("signature.certificates", text);
                let text = files::text(path, FILE_BYTES).map_err(problem)?;
                read(text.as_bytes()).map_err(|why| problem(why.to_owned()))?
            }
        };
        Ok(Self { authorities, known })
    }

    /// The certificate with this SHA-1 of itself (WSS X.509 Certificate Token Profile 1.1 §3.2.1).
    pub(super) fn by_thumbprint(&self, thumbprint: &[u8]) -> Option<&[u8]> {
        self.known.iter().find(|one| one.thumbprint == thumbprint).map(|one| one.der.as_ref())
    }

    /// The one certificate with this subject key identifier.
    pub(super) fn by_key_id(&self, id: &[u8]) -> Option<&[u8]> {
        self.only(|one| one.key_id.as_deref() == Some(id))
    }

    /// The one certificate with this serial number, in decimal. Whose it is and who issued it tells the certificate:
    /// what a message says of that chooses nothing.
    pub(super) fn by_serial(&self, serial: &str) -> Option<&[u8]> {
        self.only(|one| one.serial == serial)
    }

    fn only(&self, is_meant: impl Fn(&Known) -> bool) -> Option<&[u8]> {
        let mut fitting = self.known.iter().filter(|one| is_meant(one));
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Some(one.der.as_ref()),
            _ => None,
        }
    }

    /// Whom a certificate names that an authority has signed, is in its time, is not revoked, and may sign.
    pub(super) fn judge(
        &self,
        der: &[u8],
        certificate: &X509Certificate<'_>,
    ) -> Result<ClientCertificate, Fault> {
        let usage = certificate.key_usage().map_err(|_| Fault::Refused("certificate-malformed"))?;
        let signs = |usage: &x509_parser::extensions::KeyUsage| {
            usage.digital_signature() || usage.non_repudiation()
        };
        if usage.is_some_and(|usage| !signs(usage.value)) {
            return Err(Fault::Refused("certificate-purpose"));
        }
        self.authorities.judge(&[CertificateDer::from(der.to_vec())]).map_err(Fault::Refused)
    }
}

fn read(pem: &[u8]) -> Result<Vec<Known>, &'static str> {
    let mut known = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem) {
        let der = der.map_err(|_| "a certificate is no PEM")?;
        if known.len() == KNOWN {
            return Err("has more than 10000 certificates");
        }
        let (_, certificate) =
            X509Certificate::from_der(&der).map_err(|_| "a certificate cannot be read")?;
        let key_id = certificate.iter_extensions().find_map(|extension| {
            match extension.parsed_extension() {
                x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(id) => {
                    Some(id.0.to_vec())
                }
                _ => None,
            }
        });
        let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, &der).as_ref().to_vec();
        let serial = certificate.serial.to_string();
        known.push(Known { der, thumbprint, key_id, serial });
    }
    if known.is_empty() { Err("no certificate in PEM form in it") } else { Ok(known) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_known_by_thumbprint_and_key() {
        let fixture = |name: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ws-security");
            std::fs::read_to_string(std::path::Path::new(folder).join(name)).expect(name)
        };
        let both = [fixture("carrier-rsa.pem"), fixture("carrier-ec.pem")].concat();
        let known = read(both.as_bytes()).expect("read");
        let lengths: Vec<_> = known
            .iter()
            .map(|one| (one.thumbprint.len(), one.key_id.as_ref().map(Vec::len)))
            .collect();
        assert_eq!(lengths, [(20, Some(20)), (20, Some(20))]);
        assert_ne!(known[0].key_id, known[1].key_id);
        let authorities = std::path::Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/ws-security/authority.pem"
        ));
        let mut trust =
            Trust::compile(authorities, &[], &[SignerName::CommonName], None).expect("compiles");
        let id = known[1].key_id.clone().expect("an id");
        trust.known = known;
        assert_eq!(trust.by_key_id(&id), Some(trust.known[1].der.as_ref()));
        assert_eq!(trust.by_key_id(&id[1..]), None);
        let serial = trust.known[0].serial.clone();
        assert_eq!(trust.by_serial(&serial), Some(trust.known[0].der.as_ref()));
        assert_eq!((trust.by_serial("1"), trust.by_serial("")), (None, None));
        assert!(read(b"").is_err() && read(b"none").is_err());
        // The same key in two certificates means none of them.
        let twice =
            read([fixture("carrier-ec.pem"), fixture("carrier-ec.pem")].concat().as_bytes());
        trust.known = twice.expect("read");
        assert_eq!(trust.by_key_id(&id), None);
    }
}
