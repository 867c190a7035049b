//! Certificates of clients: which are believed, whom they name, and whether they still do.

mod lists;
mod name;

use std::{
    fs::File,
    io::Read as _,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{SHA256, digest};
use tokio_rustls::rustls::{
    CertificateError, Error, RootCertStore,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

use super::{Peer, tls};
use crate::{
    config::{ClientTls, ConfigError},
    policy::ClientCertificate,
    snapshot::Snapshot,
};

/// Most bytes of a bundle of authorities.
const BUNDLE_BYTES: u64 = 16 * 1024 * 1024;
/// How long a certificate is believed before it is verified again: it may expire, and so may a
/// revocation list, while a connection stays open.
const BELIEVED: Duration = Duration::from_secs(60);

/// What a listener asks of certificates of its clients.
#[derive(Debug)]
pub(crate) struct Clients {
    verifier: Arc<dyn ClientCertVerifier>,
    naming: name::Naming,
    is_required: bool,
    /// Tells one reading of the files from the next.
    generation: u64,
}

impl Clients {
    /// Reads bundle and revocation lists. Lists that have expired are taken: they refuse every client
    /// until there are fresh ones.
    pub(crate) fn compile(key: &str, config: &ClientTls) -> Result<Self, ConfigError> {
        static GENERATIONS: AtomicU64 = AtomicU64::new(1);
        let naming = name::Naming::compile(key, config)?;
        let mut roots = RootCertStore::empty();
        for authority in authorities(&config.authorities)? {
            roots.add(authority).map_err(|error| ConfigError::File {
                path: config.authorities.clone(),
                problem: format!("one of the authorities cannot be used: {error}"),
            })?;
        }
        let lists = lists::read(&config.revocation_lists)?;
        let mut builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), tls::provider());
        if !lists.is_empty() {
            // Of whom there is no list, as of what a list does not say in time, nothing is believed.
            builder = builder.with_crls(lists).enforce_revocation_expiration();
        }
        if !config.required {
            builder = builder.allow_unauthenticated();
        }
        let verifier = builder.build().map_err(|error| {
            ConfigError::value(format!("{key}.revocation_lists"), error.to_string())
        })?;
        let generation = GENERATIONS.fetch_add(1, Relaxed);
        Ok(Self { verifier, naming, is_required: config.required, generation })
    }

    /// What TLS asks.
    pub(crate) fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        Arc::clone(&self.verifier)
    }

    /// Verifies a chain, leaf first, and reads whom it names.
    ///
    /// # Errors
    /// A short name of why it is not believed, or names nobody.
    pub(crate) fn judge(
        &self,
        chain: &[CertificateDer<'static>],
    ) -> Result<ClientCertificate, &'static str> {
        let (leaf, between) = chain.split_first().ok_or("certificate-missing")?;
        let verified = self.verifier.verify_client_cert(leaf, between, UnixTime::now());
        verified.map_err(|error| refused(&error).unwrap_or("certificate-invalid"))?;
        let subject = self.naming.name(leaf)?;
        let mut thumbprint = [0; 32];
        thumbprint.copy_from_slice(digest(&SHA256, leaf).as_ref());
        Ok(ClientCertificate { subject: subject.into(), thumbprint })
    }
}

/// The certificate that the client of a connection has shown, and proven to hold.
#[derive(Debug)]
pub(crate) struct Shown {
    chain: Vec<CertificateDer<'static>>,
    judged: Mutex<Option<Judged>>,
}

#[derive(Debug)]
struct Judged {
    generation: u64,
    at: Instant,
    verdict: Result<ClientCertificate, &'static str>,
}

impl Shown {
    pub(crate) fn new(chain: &[CertificateDer<'_>]) -> Self {
        let chain = chain.iter().map(|one| one.clone().into_owned()).collect();
        Self { chain, judged: Mutex::default() }
    }

    /// The certificate itself, in DER.
    pub(crate) fn leaf(&self) -> &[u8] {
        self.chain.first().map_or(&[], AsRef::as_ref)
    }

    /// Verified again after each reload and now and then. A resumed session is verified too: TLS itself
    /// only remembers the certificate.
    fn under(&self, clients: &Clients) -> Result<ClientCertificate, &'static str> {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*judged
            && known.generation == clients.generation
            && known.at.elapsed() < BELIEVED
        {
            return known.verdict.clone();
        }
        let verdict = clients.judge(&self.chain);
        let known =
            Judged { generation: clients.generation, at: Instant::now(), verdict: verdict.clone() };
        *judged = Some(known);
        verdict
    }
}

/// The certificate of who is at the other end, as the configuration judges it; `None` where none was
/// shown and none is needed.
///
/// # Errors
/// A short name of why what was shown, or not shown, is refused.
pub(crate) fn certificate(
    peer: &Peer,
    snapshot: &Snapshot,
) -> Result<Option<ClientCertificate>, &'static str> {
    let clients = snapshot.tls.get(peer.door).and_then(Option::as_ref);
    match (clients.and_then(|tls| tls.clients.as_ref()), &peer.certificate) {
        (Some(clients), Some(shown)) => shown.under(clients).map(Some),
        (Some(clients), None) if clients.is_required => Err("certificate-missing"),
        (None, Some(_)) => Err("certificate-unasked"),
        (_, None) => Ok(None),
    }
}

/// Why TLS refuses a certificate of a client, as a short name; `None` when it fails for something else.
pub(crate) fn refused(error: &Error) -> Option<&'static str> {
    use CertificateError as Is;
    let error = match error {
        Error::NoCertificatesPresented => return Some("certificate-missing"),
        Error::InvalidCertificate(error) => error,
        _ => return None,
    };
    Some(match error {
        Is::Expired | Is::ExpiredContext { .. } => "certificate-expired",
        Is::NotValidYet | Is::NotValidYetContext { .. } => "certificate-not-yet-valid",
        Is::Revoked => "certificate-revoked",
        Is::UnknownRevocationStatus => "revocation-unknown",
        Is::ExpiredRevocationList | Is::ExpiredRevocationListContext { .. } => {
            "revocation-list-expired"
        }
        Is::UnknownIssuer => "certificate-issuer-unknown",
        Is::InvalidPurpose | Is::InvalidPurposeContext { .. } => "certificate-purpose",
        _ => "certificate-invalid",
    })
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, ConfigError> {
    let failed = |problem: String| ConfigError::File { path: path.to_owned(), problem };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > most {
        return Err(failed(format!("has more than {most} bytes")));
    }
    Ok(bytes)
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let failed = |problem: String| ConfigError::File { path: path.to_owned(), problem };
    let bytes = read(path, BUNDLE_BYTES)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| failed(error.to_string()))?;
    if found.is_empty() {
        return Err(failed("no certificate in PEM form in it".to_owned()));
    }
    Ok(found)
}
