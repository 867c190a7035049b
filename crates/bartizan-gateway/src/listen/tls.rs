//! TLS to clients: certificates by server name, read again at each reload.

use std::{
    fs,
    path::Path,
    sync::{Arc, OnceLock},
};

use bartizan_model::Tls;
use tokio_rustls::rustls::{
    ProtocolVersion, ServerConfig, ServerConnection,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{
        PrivateKeyDer,
        pem::{self, PemObject},
    },
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use zeroize::Zeroizing;

use crate::{
    config::{Certificate, ConfigError, ServerTls},
    listen::clients::Clients,
    snapshot::{certificates, is_named},
};

/// The one provider of cryptography.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(aws_lc_rs::default_provider())))
}

/// TLS of a listener, ready to use.
#[derive(Debug)]
pub(crate) struct ListenerTls {
    pub(crate) config: Arc<ServerConfig>,
    /// Certificates that clients are asked for.
    pub(crate) clients: Option<Clients>,
}

/// Reads the certificates of the listener with that number.
pub(crate) fn compile(at: usize, tls: &ServerTls, http2: bool) -> Result<ListenerTls, ConfigError> {
    if tls.certificates.is_empty() {
        return Err(ConfigError::value("listeners.tls.certificates", "at least one is needed"));
    }
    let mut keys = Vec::with_capacity(tls.certificates.len());
    for certificate in &tls.certificates {
        keys.push((certificate.names.clone(), Arc::new(load(certificate)?)));
    }
    let key = format!("listeners.{at}.clients");
    let clients = tls.clients.as_ref().map(|clients| Clients::compile(&key, clients));
    let clients = clients.transpose()?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::value("listeners.tls", error.to_string()))?;
    let builder = match &clients {
        Some(clients) => builder.with_client_cert_verifier(clients.verifier()),
        None => builder.with_no_client_auth(),
    };
    // Sessions are kept with this configuration: none is resumed after a reload.
    let mut config = builder.with_cert_resolver(Arc::new(ByName(keys)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if http2 {
        config.alpn_protocols.insert(0, b"h2".to_vec());
    }
    Ok(ListenerTls { config: Arc::new(config), clients })
}

fn load(certificate: &Certificate) -> Result<CertifiedKey, ConfigError> {
    let chain = certificates(&certificate.chain)?;
    let failed = |problem: String| ConfigError::File { path: certificate.key.clone(), problem };
    let key = private_key(&certificate.key)?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| failed(error.to_string()))
}

/// The private key in a PEM file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    let failed = |problem: String| ConfigError::File { path: path.to_owned(), problem };
    let pem = Zeroizing::new(fs::read(path).map_err(|error| failed(error.to_string()))?);
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        pem::Error::NoItemsFound => failed("no private key in PEM form in it".to_owned()),
        error => failed(error.to_string()),
    })
}

/// Chooses by the server name: a certificate that names it, else one that names nobody, else the first.
#[derive(Debug)]
struct ByName(Vec<(Vec<String>, Arc<CertifiedKey>)>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or_default();
        let is_for = |names: &Vec<String>| names.iter().any(|pattern| is_named(pattern, name));
        let named = self.0.iter().find(|(names, _)| is_for(names));
        let chosen = named.or_else(|| self.0.iter().find(|(names, _)| names.is_empty()));
        chosen.or(self.0.first()).map(|(_, key)| Arc::clone(key))
    }
}

/// What is known of a connection.
pub(crate) fn facts(session: &ServerConnection) -> Tls {
    let version = session.protocol_version().map(|version| match version {
        ProtocolVersion::TLSv1_2 => "1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "1.3".to_owned(),
        other => format!("{other:?}"),
    });
    let cipher = session.negotiated_cipher_suite();
    Tls {
        version,
        sni: session.server_name().map(|name| name.to_string()),
        cipher: cipher.map(|suite| format!("{:?}", suite.suite())),
    }
}
