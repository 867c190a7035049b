//! Revocation lists, read from files.

use std::path::{Path, PathBuf};

use tokio_rustls::rustls::pki_types::{CertificateRevocationListDer, pem::PemObject as _};
use x509_parser::{
    asn1_rs::{Any, Class, Tag},
    extensions::{ParsedExtension, X509Extension},
    num_bigint::BigUint,
    prelude::FromDer as _,
    time::ASN1Time,
};

use crate::config::ConfigError;

/// Most bytes of a file with revocation lists.
const LIST_BYTES: u64 = 64 * 1024 * 1024;

/// When a list was made: its time, in seconds, and, of several of one time, its number (RFC 5280 §5.1.2.4, §5.2.3).
type Made = (i64, Option<BigUint>);

/// The lists of all these files, the newest first: of several for a certificate the first counts, and an old one that
/// is still good must not hide what was revoked since.
pub(super) fn read(
    paths: &[PathBuf],
) -> Result<Vec<CertificateRevocationListDer<'static>>, ConfigError> {
    let mut lists = Vec::new();
    for path in paths {
        for list in in_file(path)? {
            let made = made(&list).ok_or_else(|| ConfigError::File {
                path: path.clone(),
                problem: "one of the revocation lists cannot be read".to_owned(),
            })?;
            lists.push((made, list));
        }
    }
    lists.sort_by(|(one, _), (other, _)| other.cmp(one));
    Ok(lists.into_iter().map(|(_, list)| list).collect())
}

/// The lists in a file: any number in PEM form, or one in DER as authorities publish it.
fn in_file(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, ConfigError> {
    /// What a list in DER begins with: a sequence.
    const SEQUENCE: u8 = 0x30;
    let failed = |problem: String| ConfigError::File { path: path.to_owned(), problem };
    let bytes = super::read(path, LIST_BYTES)?;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![CertificateRevocationListDer::from(bytes)]);
    }
    let found: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| failed(error.to_string()))?;
    if found.is_empty() {
        return Err(failed("no revocation list in it".to_owned()));
    }
    Ok(found)
}

/// Looks only at what stands around the entries, of which there may be a million.
fn made(der: &[u8]) -> Option<Made> {
    let (_, list) = Any::from_der(der).ok()?;
    let (_, signed) = Any::from_der(list.data).ok()?;
    let (behind, first) = Any::from_der(signed.data).ok()?;
    let has_version = first.tag() == Tag::Integer;
    let (rest, _algorithm) = Any::from_der(if has_version { behind } else { signed.data }).ok()?;
    let (rest, _issuer) = Any::from_der(rest).ok()?;
    let (mut rest, time) = ASN1Time::from_der(rest).ok()?;
    let mut number = None;
    while !rest.is_empty() {
        let (behind, part) = Any::from_der(rest).ok()?;
        if part.class() == Class::ContextSpecific {
            number = self::number(part.data);
        }
        rest = behind;
    }
    Some((time.timestamp(), number))
}

/// The number of a list, from its extensions.
fn number(extensions: &[u8]) -> Option<BigUint> {
    let (_, all) = Any::from_der(extensions).ok()?;
    let mut rest = all.data;
    while !rest.is_empty() {
        let (behind, extension) = X509Extension::from_der(rest).ok()?;
        if let ParsedExtension::CRLNumber(number) = extension.parsed_extension() {
            return Some(number.clone());
        }
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
        DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
        RevokedCertParams, SanType, SerialNumber, date_time_ymd,
    };
    use tempfile::TempDir;
    use tokio_rustls::rustls::pki_types::CertificateDer;

    use super::{super::Clients, *};
    use crate::config::{ClientTls, NameKind};

    /// Who signs certificates and lists.
    struct Authority {
        issuer: Issuer<'static, KeyPair>,
        der: CertificateDer<'static>,
        pem: String,
    }

    impl Authority {
        fn new(name: &str, signed_by: Option<&Self>) -> Self {
            let mut params = CertificateParams::default();
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, name);
            params.serial_number = Some(SerialNumber::from_slice(&[77]));
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let key = KeyPair::generate().expect("a key");
            let made = match signed_by {
                Some(other) => params.signed_by(&key, &other.issuer),
                None => params.self_signed(&key),
            };
            let made = made.expect("signed");
            let (der, pem) = (made.der().clone(), made.pem());
            Self { issuer: Issuer::new(params, key), der, pem }
        }

        fn leaf(&self, serial: u8) -> CertificateDer<'static> {
            let mut params = CertificateParams::default();
            let name = "spiffe://example.org/a".try_into().expect("ASCII");
            params.serial_number = Some(SerialNumber::from_slice(&[serial]));
            params.subject_alt_names = vec![SanType::URI(name)];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            let key = KeyPair::generate().expect("a key");
            params.signed_by(&key, &self.issuer).expect("signed").der().clone()
        }

        /// A list of a year, with its number, of one that was revoked.
        fn list(&self, year: i32, number: u8, serial: u8) -> String {
            let revoked = RevokedCertParams {
                serial_number: SerialNumber::from_slice(&[serial]),
                revocation_time: date_time_ymd(2000, 1, 1),
                reason_code: None,
                invalidity_date: None,
            };
            let list = CertificateRevocationListParams {
                this_update: date_time_ymd(year, 1, 1),
                next_update: date_time_ymd(4000, 1, 1),
                crl_number: SerialNumber::from_slice(&[number]),
                issuing_distribution_point: None,
                revoked_certs: vec![revoked],
                key_identifier_method: KeyIdMethod::Sha256,
            };
            list.signed_by(&self.issuer).expect("signed").pem().expect("text")
        }
    }

    /// What is asked of clients by these authorities with these files of lists.
    fn clients(
        folder: &TempDir,
        authorities: &[&Authority],
        files: &[String],
    ) -> Result<Clients, ConfigError> {
        let bundle: String = authorities.iter().map(|authority| authority.pem.as_str()).collect();
        let path = folder.path().join("ca.pem");
        fs::write(&path, bundle).expect("written");
        let lists = files.iter().enumerate().map(|(at, text)| {
            let path = folder.path().join(format!("{at}.pem"));
            fs::write(&path, text).expect("written");
            path
        });
        let config = ClientTls {
            authorities: path,
            required: false,
            revocation_lists: lists.collect(),
            names: vec![NameKind::Spiffe],
            trust_domains: Vec::new(),
        };
        Clients::compile("k", &config)
    }

    fn judged(clients: &Clients, chain: &[&CertificateDer<'static>]) -> Result<(), &'static str> {
        let chain: Vec<_> = chain.iter().map(|one| (*one).clone()).collect();
        clients.judge(&chain).map(drop)
    }

    #[test]
    fn the_newest_list_counts_wherever_it_stands() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new("clients", None);
        let (since, before) = (authority.leaf(5), authority.leaf(6));
        let (old, new) = (authority.list(2020, 9, 6), authority.list(2021, 1, 5));
        for files in [
            vec![old.clone(), new.clone()],
            vec![new.clone(), old.clone()],
            vec![format!("{old}{new}")],
            vec![format!("{new}{old}")],
        ] {
            let clients = clients(&folder, &[&authority], &files).expect("compiles");
            assert_eq!(judged(&clients, &[&since]), Err("certificate-revoked"));
            assert_eq!(judged(&clients, &[&before]), Ok(()), "it is on hold no more");
        }
    }

    #[test]
    fn of_lists_of_one_time_the_last_number_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new("clients", None);
        let leaf = authority.leaf(5);
        let (first, second) = (authority.list(2020, 9, 99), authority.list(2020, 10, 5));
        for files in [vec![first.clone(), second.clone()], vec![second, first]] {
            let clients = clients(&folder, &[&authority], &files).expect("compiles");
            assert_eq!(judged(&clients, &[&leaf]), Err("certificate-revoked"));
        }
    }

    /// Nobody says that they are not revoked.
    #[test]
    fn certificates_of_whom_there_is_no_list_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (listed, unlisted) = (Authority::new("one", None), Authority::new("two", None));
        let between = Authority::new("between", Some(&listed));
        let all = [&listed, &unlisted];
        let compile = |files: &[String]| clients(&folder, &all, files).expect("compiles");
        let none = compile(&[]);
        assert_eq!(judged(&none, &[&unlisted.leaf(1)]), Ok(()), "nobody asked for lists");
        let some = compile(&[listed.list(2020, 1, 99)]);
        assert_eq!(judged(&some, &[&listed.leaf(1)]), Ok(()));
        assert_eq!(judged(&some, &[&unlisted.leaf(1)]), Err("revocation-unknown"));
        let leaf = between.leaf(1);
        let chain = [&leaf, &between.der];
        assert_eq!(judged(&some, &chain), Err("revocation-unknown"), "of who signed it");
        let both = compile(&[listed.list(2020, 1, 99), between.list(2020, 1, 99)]);
        assert_eq!(judged(&both, &chain), Ok(()));
        let signer_is_revoked = compile(&[listed.list(2020, 1, 77), between.list(2020, 1, 99)]);
        assert_eq!(judged(&signer_is_revoked, &chain), Err("certificate-revoked"));
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new("clients", None);
        for text in ["", "no list", "0", "0\u{3}\u{2}\u{1}\u{1}", &authority.pem] {
            let error = clients(&folder, &[&authority], &[text.to_owned()]).expect_err(text);
            assert!(error.to_string().contains("0.pem"), "{error}");
        }
    }
}
