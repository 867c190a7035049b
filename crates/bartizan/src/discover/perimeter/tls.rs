//! What a server says of itself when TLS begins.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bartizan_model::Timestamp;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme,
        client::{
            ResolvesClientCert, Resumption,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        },
        crypto::{CryptoProvider, aws_lc_rs},
        pki_types::{CertificateDer, ServerName, UnixTime},
        sign::CertifiedKey,
    },
};

use super::Certificate;

/// Longest reason that is kept, in characters.
const MAX_PROBLEM: usize = 200;

/// What was said in a handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// `1.2` or `1.3`; `None` when none of these was agreed on.
    pub version: Option<&'static str>,
    /// What is spoken within, by ALPN: `h2`, `http/1.1`.
    pub application: Option<String>,
    /// Whether clients are asked for a certificate of their own (mutual TLS).
    pub asks_for_certificate: bool,
    /// Why the handshake failed.
    pub problem: Option<String>,
    /// The certificate of the server.
    pub certificate: Option<Certificate>,
}

/// Begins TLS in order to read what the other side shows.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    provider: Arc<CryptoProvider>,
    now: Timestamp,
}

/// How it went.
pub(super) enum Spoken {
    /// The other side speaks something else, or nothing.
    NotTls,
    /// It speaks TLS.
    Tls(Tls),
}

impl Reader {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { provider: Arc::new(aws_lc_rs::default_provider()), now }
    }

    /// One handshake, of which everything that is shown is kept.
    pub(super) async fn read(&self, stream: TcpStream, host: &str, address: IpAddr) -> Spoken {
        let seen = Arc::new(Seen::new(&self.provider));
        let offered: &[&[u8]] = &[b"h2", b"http/1.1"];
        let shaken = self.shake(&seen, offered, stream, host, address).await;
        let mut tls = Tls { asks_for_certificate: seen.asked(), ..Tls::default() };
        if let Some(der) = seen.certificate() {
            tls.certificate = Certificate::read(&der, host, self.now);
            if tls.certificate.is_none() {
                tls.problem = Some("its certificate cannot be read".to_owned());
            }
        }
        match shaken {
            Ok(stream) => {
                let (_, connection) = stream.get_ref();
                tls.version = connection.protocol_version().and_then(version);
                let application = connection.alpn_protocol();
                tls.application =
                    application.map(|name| String::from_utf8_lossy(name).into_owned());
            }
            Err(error) => match problem(&error) {
                Some(problem) => tls.problem = Some(problem),
                None if tls.certificate.is_some() => tls.problem = Some(short(&error)),
                None => return Spoken::NotTls,
            },
        }
        Spoken::Tls(tls)
    }

    /// A connection to ask one thing over.
    ///
    /// # Errors
    /// When the handshake fails.
    pub(super) async fn connect(
        &self,
        stream: TcpStream,
        host: &str,
        address: IpAddr,
    ) -> Result<TlsStream<TcpStream>, String> {
        let seen = Arc::new(Seen::new(&self.provider));
        let shaken = self.shake(&seen, &[b"http/1.1"], stream, host, address).await;
        shaken.map_err(|error| format!("TLS: {}", short(&error)))
    }

    async fn shake(
        &self,
        seen: &Arc<Seen>,
        offered: &[&[u8]],
        stream: TcpStream,
        host: &str,
        address: IpAddr,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(std::io::Error::other)?;
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::<Seen>::clone(seen))
            .with_client_cert_resolver(Arc::<Seen>::clone(seen));
        config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        // A resumed session shows no certificate.
        config.resumption = Resumption::disabled();
        // An address is no name, and is not sent as one.
        let name = ServerName::try_from(host.to_owned());
        let name = name.unwrap_or_else(|_| ServerName::IpAddress(address.into()));
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

/// Keeps what the server shows, and takes every certificate.
///
/// This is for reading alone: an inventory has to tell of expired, self-signed and foreign certificates, and
/// refusing them would hide those that matter. Nothing is at stake that verification guards. Over such a
/// connection goes a `GET` without credentials, cookies or anything else of the operator; what is answered is
/// hostile text anyway, is shown as what somebody at that address said, and moves no request to another
/// place. Whoever stands between could lie about a server, as could the server. Connections that carry a
/// secret or are believed (`discover crawl`, sinks) are made elsewhere and verify.
#[derive(Debug)]
struct Seen {
    schemes: Vec<SignatureScheme>,
    certificate: Mutex<Option<CertificateDer<'static>>>,
    asked: AtomicBool,
}

impl Seen {
    fn new(provider: &CryptoProvider) -> Self {
        Self {
            schemes: provider.signature_verification_algorithms.supported_schemes(),
            certificate: Mutex::new(None),
            asked: AtomicBool::new(false),
        }
    }

    fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.certificate.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut kept = self.certificate.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(certificate.clone().into_owned());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// Has no certificate to show, and hears that one is asked for.
impl ResolvesClientCert for Seen {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

const fn version(version: ProtocolVersion) -> Option<&'static str> {
    match version {
        ProtocolVersion::TLSv1_2 => Some("1.2"),
        ProtocolVersion::TLSv1_3 => Some("1.3"),
        _ => None,
    }
}

/// Why a handshake failed with somebody who speaks TLS; `None` when nothing says that somebody does.
fn problem(error: &std::io::Error) -> Option<String> {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>())?;
    // Bytes that are no records of TLS: another protocol.
    let is_other = matches!(inner, Error::InvalidMessage(_) | Error::General(_));
    (!is_other).then(|| short(error))
}

fn short(error: &std::io::Error) -> String {
    error.to_string().chars().take(MAX_PROBLEM).collect()
}
