//! TLS on both sides.

use std::{path::Path, sync::Arc};

use bartizan_gateway::{
    AllowAll, Gateway,
    config::{Certificate, ServerTls, UpstreamProtocol, UpstreamTls},
    handover,
};
use http::Request;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use crate::harness::{
    Client, Upstream, config_with, gateway_with,
    http2::{self, Frames, collect},
};

/// A self-signed certificate for a name, as files.
pub(crate) fn certificate(folder: &Path, name: &str) -> Certificate {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let (chain, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    Certificate { names: vec![name.to_owned()], chain, key }
}

pub(crate) async fn connect(
    address: std::net::SocketAddr,
    name: &str,
    authority: &Path,
    alpn: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn certificates_go_by_name_and_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (certificate(folder.path(), "a.example"), certificate(folder.path(), "b.example"));
    let upstream = Upstream::ok().await;
    let config = config_with(&upstream, |config| {
        config.listeners[0].tls =
            Some(ServerTls { certificates: vec![a.clone(), b.clone()], clients: None });
    });
    let (handover, mut receiver) = handover::channel(10, 1 << 20);
    let running = Gateway::start(&config, Arc::new(AllowAll), handover).await.unwrap();
    let address = running.addresses()[0];
    for certificate in [&a, &b] {
        let name = &certificate.names[0];
        let stream = connect(address, name, &certificate.chain, &[b"http/1.1"]).await.unwrap();
        let mut client = Client::over(stream);
        client.send(format!("GET / HTTP/1.1\r\nHost: {name}\r\n\r\n")).await;
        assert_eq!(client.response().await.text(), "ok");
        client.send("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n").await;
        assert_eq!(client.response().await.status, 400, "the rules are the same over TLS");
        let exchange = receiver.recv().await.unwrap().into_exchange().unwrap();
        let tls = exchange.tls.unwrap();
        assert_eq!(
            (tls.version.as_deref(), tls.sni.as_deref()),
            (Some("1.3"), Some(name.as_str()))
        );
        assert_eq!(exchange.request.scheme, "https");
        receiver.recv().await.unwrap();
    }
    assert_eq!(upstream.seen()[0].field("x-forwarded-proto"), Some("https"));
    // A name nobody knows gets the first certificate.
    assert!(connect(address, "c.example", &a.chain, &[]).await.is_err());
    // The file changes; after a reload the new certificate is shown.
    let old = std::fs::read(&b.chain).unwrap();
    certificate(folder.path(), "b.example");
    running.reload(&config, Arc::new(AllowAll)).unwrap();
    assert!(connect(address, "b.example", &b.chain, &[]).await.is_ok());
    std::fs::write(&b.chain, old).unwrap();
    assert!(connect(address, "b.example", &b.chain, &[]).await.is_err());
    // A certificate that does not go with its key is refused, and the old one stays.
    assert!(running.reload(&config, Arc::new(AllowAll)).is_err());
    assert!(connect(address, "a.example", &a.chain, &[]).await.is_ok());
}

#[tokio::test]
async fn a_certificate_without_names_is_for_every_other_name() {
    let folder = tempfile::tempdir().unwrap();
    let a = certificate(folder.path(), "a.example");
    let mut rest = certificate(folder.path(), "rest.example");
    rest.names.clear();
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| {
        config.listeners[0].tls =
            Some(ServerTls { certificates: vec![a.clone(), rest.clone()], clients: None });
    })
    .await;
    let address = running.addresses()[0];
    assert!(connect(address, "a.example", &a.chain, &[]).await.is_ok());
    assert!(connect(address, "rest.example", &rest.chain, &[]).await.is_ok());
}

#[tokio::test]
async fn alpn_chooses_http2() {
    let folder = tempfile::tempdir().unwrap();
    let a = certificate(folder.path(), "a.example");
    let upstream = Upstream::ok().await;
    let config = config_with(&upstream, |config| {
        config.listeners[0].tls = Some(ServerTls { certificates: vec![a.clone()], clients: None });
    });
    let running = Gateway::start(&config, Arc::new(AllowAll), bartizan_gateway::Handover::none())
        .await
        .unwrap();
    let stream = connect(running.addresses()[0], "a.example", &a.chain, &[b"h2", b"http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut client = http2::client(stream).await;
    let request = Request::get("https://a.example/").body(Frames::new(&[], None)).unwrap();
    let response = client.send_request(request).await.unwrap();
    assert_eq!(collect(response.into_body()).await.0, b"ok");
}

/// A gateway in front of a gateway: TLS to the upstream, over both protocols.
#[tokio::test]
async fn upstreams_are_verified() {
    let folder = tempfile::tempdir().unwrap();
    let a = certificate(folder.path(), "a.example");
    let other = certificate(folder.path(), "other.example");
    let upstream = Upstream::ok().await;
    let inner = config_with(&upstream, |config| {
        config.listeners[0].tls = Some(ServerTls { certificates: vec![a.clone()], clients: None });
    });
    let none = bartizan_gateway::Handover::none;
    let inner = Gateway::start(&inner, Arc::new(AllowAll), none()).await.unwrap();
    for protocol in [UpstreamProtocol::Http1, UpstreamProtocol::Http2] {
        for (authority, name, status) in [
            (&a.chain, "a.example", 200),
            (&a.chain, "b.example", 502),
            (&other.chain, "a.example", 502),
        ] {
            let outer = config_with(&upstream, |config| {
                config.services[0].upstreams = vec![inner.addresses()[0].to_string()];
                config.services[0].protocol = protocol;
                config.services[0].tls = Some(UpstreamTls {
                    server_name: name.to_owned(),
                    authorities: authority.clone(),
                    certificate: None,
                });
            });
            let outer = Gateway::start(&outer, Arc::new(AllowAll), none()).await.unwrap();
            let get = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
            let response = Client::ask(outer.addresses()[0], get).await;
            assert_eq!(response.status, status, "{protocol:?} {name}");
        }
    }
}
