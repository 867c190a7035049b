//! TLS to receivers, with real handshakes.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    },
};

use super::*;

/// An authority, whose certificates are written to files.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    file: PathBuf,
}

/// Files of a certificate and its key.
struct Signed {
    chain: PathBuf,
    key: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let file = folder.join(format!("{name}.pem"));
        let own = params.self_signed(&key).expect("signed");
        std::fs::write(&file, own.pem()).expect("written");
        Self { params, key, file }
    }

    fn sign(&self, folder: &Path, name: &str) -> Signed {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("parameters");
        let issuer = Issuer::from_params(&self.params, &self.key);
        let signed = params.signed_by(&key, &issuer).expect("signed");
        let file = |end: &str| folder.join(format!("{name}{end}"));
        let out = Signed { chain: file(".pem"), key: file(".key") };
        std::fs::write(&out.chain, signed.pem()).expect("written");
        std::fs::write(&out.key, key.serialize_pem()).expect("written");
        out
    }
}

fn read(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).expect("a certificate")
}

/// Connects as somebody who believes `authority`, and shows `own` if anything.
async fn secure(
    to: SocketAddr,
    authority: &Path,
    own: Option<&Signed>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(read(authority)).expect("an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let key = PrivateKeyDer::from_pem_file(&own.key).expect("a key");
            builder.with_client_auth_cert(vec![read(&own.chain)], key).expect("fits")
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = TcpStream::connect(to).await?;
    let name = ServerName::try_from("receiver.test").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// What a copy over TLS is answered with; empty when the connection is refused.
async fn mirror(to: SocketAddr, authority: &Path, own: Option<&Signed>) -> String {
    let asked = async {
        let mut stream = secure(to, authority, own).await?;
        stream
            .write_all(b"GET /v1/a HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n\r\n")
            .await?;
        let mut answer = Vec::new();
        // TLS 1.3 tells of a certificate that is not believed when the client thinks that all is well.
        let _ = stream.read_to_end(&mut answer).await;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(PATIENCE, asked).await.expect("in time").unwrap_or_default();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn only_who_shows_a_certificate_of_the_authorities_may_send() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let ours = Authority::new(folder, "ours");
    let server = ours.sign(folder, "receiver.test");
    let sender = ours.sign(folder, "sender.test");
    let stranger = Authority::new(folder, "theirs").sign(folder, "stranger.test");
    let text = format!(
        "name: edge\nlisten: 127.0.0.1:PORT\nmirror: {{}}\ntls: {{chain: {}, key: {}, authorities: {}}}\n",
        server.chain.display(),
        server.key.display(),
        ours.file.display()
    );
    let (receivers, to, taken) = start(&text, 10);
    assert_eq!(mirror(to, &ours.file, None).await, "");
    assert_eq!(mirror(to, &ours.file, Some(&stranger)).await, "");
    // In the clear, too.
    assert_eq!(ask(to, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.find("HTTP/"), None);
    until("counted", || refused(&receivers) == [("handshake".to_owned(), 3)]).await;
    assert!(taken.exchanges.lock().expect("whole").is_empty());
    let answer = mirror(to, &ours.file, Some(&sender)).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert_eq!(taken.exchanges.lock().expect("whole")[0].request.target, "/v1/a");

    // A reload may ask for no certificate, and the socket stays.
    let open = text.replace(&format!(", authorities: {}", ours.file.display()), "");
    let again = receivers.prepare(compile(&[config(&open)]).expect("right")).expect("there");
    receivers.apply(again);
    let answer = mirror(to, &ours.file, None).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

#[tokio::test]
async fn grpc_is_spoken_over_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let ours = Authority::new(folder.path(), "ours");
    let server = ours.sign(folder.path(), "receiver.test");
    let text = format!(
        "name: mesh\nlisten: 127.0.0.1:PORT\naccess_log_service: {{}}\ntls: {{chain: {}, key: {}}}\n",
        server.chain.display(),
        server.key.display(),
    );
    let (_receivers, to, taken) = start(&text, 10);
    let mut roots = RootCertStore::empty();
    roots.add(read(&ours.file)).expect("an authority");
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(to).await.expect("connects");
    let name = ServerName::try_from("receiver.test").expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS");
    let said = framed(&access_log_service::tests::batch(false));
    assert_eq!(call_on(stream, ALS, "identity", said).await, (vec![0; 5], "0".to_owned()));
    assert_eq!(taken.exchanges.lock().expect("whole").len(), 1);
}

#[test]
fn files_of_no_use_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").expect("written");
    let ours = Authority::new(folder.path(), "ours");
    let server = ours.sign(folder.path(), "receiver.test");
    let problem = |chain: &Path, key: &Path, more: &str| {
        let text = format!(
            "name: a\nlisten: 127.0.0.1:0\nmirror: {{}}\ntls: {{chain: {}, key: {}{more}}}\n",
            chain.display(),
            key.display()
        );
        compile(&[config(&text)]).expect_err("of no use").to_string()
    };
    let none = folder.path().join("none.pem");
    let authorities = format!(", authorities: {}", empty.display());
    for (found, part) in [
        (problem(&none, &server.key, ""), "`tls`: "),
        (problem(&none, &server.key, ""), "none.pem"),
        (problem(&empty, &server.key, ""), "no certificate in PEM form"),
        (problem(&server.chain, &empty, ""), "no private key in PEM form"),
        (problem(&server.chain, &ours.sign(folder.path(), "b").key, ""), "receiver.test.pem"),
        (problem(&server.chain, &server.key, &authorities), "empty.pem"),
    ] {
        assert!(found.contains(part), "{found}");
    }
}
