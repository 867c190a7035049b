//! Connections to where the operator says, and nowhere else.
//!
//! Every address that a name leads to is checked, and the connection goes to a checked address, so that
//! no second look-up can lead elsewhere. Private and local addresses only where the operator named one
//! as such or allowed them; metadata addresses never.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use bartizan_model::address::{is_metadata, is_public};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    },
};

use super::Outside;

/// TLS to a sink. Without any of it, the authorities of the system and the name in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsOptions {
    /// PEM file of the authorities whose certificates are believed. Default: those of the system.
    pub authorities: Option<PathBuf>,
    /// The name that the certificate must be for. Default: the host of the address.
    pub server_name: Option<String>,
    /// PEM file of a certificate chain to show to the other side, leaf first; with `key`.
    pub chain: Option<PathBuf>,
    /// PEM file of its private key.
    pub key: Option<PathBuf>,
}

/// Bytes in both directions.
pub trait Line: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Line for T {}

/// A place that may be connected to.
pub struct Place {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    private: bool,
}

impl Place {
    /// A place, in cleartext or with TLS. `private`: whether its name may lead to a private or local
    /// address.
    ///
    /// # Errors
    /// Says what is wrong with name or files.
    pub fn new(
        host: &str,
        port: u16,
        tls: Option<&TlsOptions>,
        private: bool,
        outside: &Outside,
    ) -> Result<Self, String> {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(format!("{host:?} is no host"));
        }
        if host.parse().is_ok_and(is_metadata) {
            return Err(format!("{host} is a metadata address, which is never connected to"));
        }
        let tls = tls.map(|options| secure(&host, options, outside)).transpose()?;
        Ok(Self { host, port, tls, private })
    }

    /// The same place, asked by TLS for this protocol alone (ALPN, RFC 7301), for example `h2`. In cleartext
    /// nothing is asked.
    #[must_use]
    pub fn speaking(&self, protocol: &[u8]) -> Self {
        let tls = self.tls.as_ref().map(|(connector, name)| {
            let mut config = ClientConfig::clone(connector.config());
            config.alpn_protocols = vec![protocol.to_vec()];
            (TlsConnector::from(Arc::new(config)), name.clone())
        });
        Self { host: self.host.clone(), port: self.port, tls, private: self.private }
    }

    /// Connects.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub async fn connect(&self) -> Result<Box<dyn Line>, String> {
        self.connect_to(&self.look_up().await?).await
    }

    /// Connects to the first of `addresses` that takes it. They are those of one [`Self::look_up`]: whoever
    /// connects often keeps them, so that no later answer of DNS leads elsewhere.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub async fn connect_to(&self, addresses: &[SocketAddr]) -> Result<Box<dyn Line>, String> {
        let stream = self.reach(addresses).await?;
        // Whole messages are written at once.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                Ok(Box::new(stream.map_err(|error| format!("TLS with {}: {error}", self.host))?))
            }
        }
    }

    /// Where its name leads now: every address is one that may be connected to.
    ///
    /// # Errors
    /// A sentence for the operator, also when one address of several may not be connected to.
    pub async fn look_up(&self) -> Result<Vec<SocketAddr>, String> {
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let found: Vec<SocketAddr> =
            found.map_err(|error| format!("{} is not found: {error}", self.host))?.collect();
        // One bad address among good ones is an attack, not a choice.
        for address in &found {
            self.check(address.ip())?;
        }
        Ok(found)
    }

    async fn reach(&self, addresses: &[SocketAddr]) -> Result<TcpStream, String> {
        let mut failure = format!("{} has no address", self.host);
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = format!("connecting to {address}: {error}"),
            }
        }
        Err(failure)
    }

    fn check(&self, address: IpAddr) -> Result<(), String> {
        let address = address.to_canonical();
        let refuse = |why: &str| Err(format!("{} leads to {address}, {why}", self.host));
        if is_metadata(address) {
            return refuse("a metadata address, which is never connected to");
        }
        let says_so = match self.host.parse::<IpAddr>() {
            Ok(_) => true,
            Err(_) => self.host.eq_ignore_ascii_case("localhost") && address.is_loopback(),
        };
        if says_so || self.private || is_public(address) {
            return Ok(());
        }
        refuse("which is private or local: `private_addresses: true` allows it")
    }
}

fn secure(
    host: &str,
    options: &TlsOptions,
    outside: &Outside,
) -> Result<(TlsConnector, ServerName<'static>), String> {
    let bundle = options.authorities.clone().or_else(outside.authorities);
    let bundle = bundle
        .ok_or("this system keeps no authorities where they are looked for; name a file of them")?;
    let mut roots = RootCertStore::empty();
    // Bundles of systems may hold certificates that are of no use here.
    let (usable, _) = roots.add_parsable_certificates(certificates(&bundle)?);
    if usable == 0 {
        return Err(format!("{}: no usable authority in it", bundle.display()));
    }
    let failed = |error: tokio_rustls::rustls::Error| format!("TLS: {error}");
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_root_certificates(roots);
    let config = match (&options.chain, &options.key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(chain), Some(key)) => {
            let key = PrivateKeyDer::from_pem_slice(&read(key)?)
                .map_err(|_| format!("{}: no private key in PEM form in it", key.display()))?;
            builder.with_client_auth_cert(certificates(chain)?, key).map_err(failed)?
        }
        _ => return Err("`chain` and `key` belong together".to_owned()),
    };
    let name = options.server_name.as_deref().unwrap_or(host);
    let server = ServerName::try_from(name.to_owned());
    let server = server.map_err(|_| format!("{name:?} is no name for a certificate"))?;
    Ok((TlsConnector::from(Arc::new(config)), server))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    found.map_err(|error| format!("{}: {error}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{super::tests::OUTSIDE, *};

    fn place(host: &str, private: bool) -> Result<Place, String> {
        Place::new(host, 1, None, private, &OUTSIDE)
    }

    #[test]
    fn private_addresses_must_be_meant() {
        for (host, private, address, expected) in [
            ("hooks.example.com", false, "8.8.8.8", true),
            ("hooks.example.com", false, "10.0.0.1", false),
            ("hooks.example.com", false, "::ffff:10.0.0.1", false),
            ("hooks.example.com", false, "127.0.0.1", false),
            ("hooks.example.com", false, "::1", false),
            ("hooks.example.com", true, "10.0.0.1", true),
            ("hooks.example.com", true, "169.254.169.254", false),
            ("hooks.example.com", true, "::ffff:169.254.169.254", false),
            ("hooks.example.com", true, "fd00:ec2::254", false),
            ("10.0.0.1", false, "10.0.0.1", true),
            ("[fd00::1]", false, "fd00::1", true),
            ("localhost", false, "127.0.0.1", true),
            ("LOCALHOST", false, "::1", true),
            ("localhost", false, "10.0.0.1", false),
            ("localhost.example.com", false, "127.0.0.1", false),
        ] {
            let place = place(host, private).expect("a place");
            let checked = place.check(address.parse().expect("an address"));
            assert_eq!(checked.is_ok(), expected, "{host} {private} {address} {checked:?}");
        }
    }

    #[test]
    fn metadata_addresses_and_nonsense_are_refused_at_once() {
        for host in ["169.254.169.254", "[fd00:ec2::254]", "", "a b", "a\nb"] {
            assert!(place(host, true).is_err(), "{host:?}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_connected_to() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("address").port();
        // The name of this machine leads to itself on every system.
        let meant = Place::new("localhost", port, None, false, &OUTSIDE).expect("a place");
        assert!(meant.connect().await.is_ok());
        let error = Place { host: "ip6-localhost".to_owned(), ..meant }.connect().await;
        let error = error.err().expect("refused");
        assert!(error.contains("private or local") || error.contains("not found"), "{error}");
    }
}
