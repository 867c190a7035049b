//! An authority of certificates, those who hold some of it, and how they connect.

use std::{net::SocketAddr, path::Path, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    },
};

use crate::harness::PATIENCE;

/// Who signs.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) pem: String,
}

/// Who holds a certificate.
#[derive(Clone)]
pub(super) struct Holder {
    pub(super) der: Vec<u8>,
    pub(super) pem: String,
    key: Vec<u8>,
    pub(super) key_pem: String,
}

/// What a certificate is asked to say.
pub(super) fn named(serial: u8, uri: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(&[serial]));
    params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(super) fn issue(&self, params: &CertificateParams) -> Holder {
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.issuer).unwrap();
        Holder {
            der: made.der().to_vec(),
            pem: made.pem(),
            key: key.serialize_der(),
            key_pem: key.serialize_pem(),
        }
    }

    /// A list of what was revoked, good until a year.
    pub(super) fn revoked(&self, serials: &[u8], until: i32) -> String {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[*serial]),
            revocation_time: date_time_ymd(2021, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from_slice(&[1]),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

impl Holder {
    /// Signed by nobody but itself.
    pub(super) fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        let (key, key_pem) = (key.serialize_der(), key.serialize_pem());
        Self { der: made.der().to_vec(), pem: made.pem(), key, key_pem }
    }
}

/// A client that believes the server certificate in that file.
pub(super) fn client(server: &Path, holder: Option<&Holder>, alpn: &[&[u8]]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server).unwrap()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match holder {
        None => builder.with_no_client_auth(),
        Some(holder) => {
            let chain = vec![CertificateDer::from(holder.der.clone())];
            let key = PrivateKeyDer::try_from(holder.key.clone()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

pub(super) async fn connect(
    address: SocketAddr,
    client: &Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("a.example").unwrap();
    TlsConnector::from(Arc::clone(client)).connect(name, stream).await
}

/// The status of a request on a connection of its own, and whether its session was resumed; `None` where there is no
/// connection to be had. With TLS 1.3 a client learns of that when it reads.
pub(super) async fn ask(
    address: SocketAddr,
    client: &Arc<ClientConfig>,
    fields: &str,
) -> Option<(u16, bool)> {
    let mut stream = connect(address, client).await.ok()?;
    let head = format!("GET /a HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n{fields}\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    // However it ends: what counts is whether there is an answer.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the end came");
    let is_resumed = matches!(
        stream.get_ref().1.handshake_kind(),
        Some(tokio_rustls::rustls::HandshakeKind::Resumed)
    );
    let text = String::from_utf8_lossy(&bytes);
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, is_resumed))
}
