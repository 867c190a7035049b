//! Certificates of clients: who comes in with one, who does not, and what becomes of it later.

mod authority;

use std::{path::PathBuf, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use bartizan_gateway::{
    AllowAll, Config, Gateway, Handover, Running,
    config::{
        AccessLog, Certificate, ClientTls, NameKind, OwnCertificate, ServerTls, UpstreamProtocol,
        UpstreamTls,
    },
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::HashKey;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::Request;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, SanType, date_time_ymd};
use serde_json::json;
use tempfile::TempDir;

use self::authority::{Authority, Holder, ask, client, connect, named};
use crate::{
    harness::{
        Client, Upstream, config_with,
        http2::{self, Frames},
        until,
    },
    tls::certificate,
    tokens,
    websocket::{HANDSHAKE, echo, masked},
};

const PAYMENTS: &str = "spiffe://example.org/payments";

/// Asks for a certificate, and knows one service by name.
const POLICIES: &str = "\
[{name: who, mode: enforce, authentication: {any_of: [certificate]}},\
 {name: payments, mode: enforce, scope: {paths: [/payments]},\
  authorization: {allow: [{subjects: ['spiffe://example.org/payments']}]}}]";

/// A gateway that asks for certificates.
struct Gate {
    folder: TempDir,
    server: Certificate,
    authority: Authority,
    config: Config,
    policies: String,
    enforcement: Arc<Enforcement>,
    gateway: Running,
    upstream: Upstream,
}

impl Gate {
    async fn new(change: impl FnOnce(&mut ClientTls)) -> Self {
        Self::with(POLICIES, change).await
    }

    async fn with(policies: &str, change: impl FnOnce(&mut ClientTls)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = certificate(folder.path(), "a.example");
        let authority = Authority::new("clients");
        let mut clients = ClientTls {
            authorities: folder.path().join("ca.pem"),
            required: true,
            revocation_lists: Vec::new(),
            names: vec![NameKind::Spiffe, NameKind::Dns],
            trust_domains: vec!["example.org".to_owned()],
        };
        change(&mut clients);
        std::fs::write(&clients.authorities, &authority.pem).unwrap();
        for list in &clients.revocation_lists {
            std::fs::write(list, authority.revoked(&[99], 4000)).unwrap();
        }
        let upstream = Upstream::ok().await;
        let config = config_with(&upstream, |config| {
            config.forwarded.client_certificate = true;
            config.access_log = AccessLog::File(folder.path().join("access.log"));
            config.listeners[0].tls =
                Some(ServerTls { certificates: vec![server.clone()], clients: Some(clients) });
        });
        let parsed: Vec<PolicyConfig> = serde_saphyr::from_str(policies).unwrap();
        let around = Surroundings {
            has_client_certificates: true,
            ..Surroundings::embedded(HashKey::new([7; 32]))
        };
        let enforcement = Arc::new(Enforcement::new(&parsed, around).unwrap());
        let gateway =
            Gateway::start(&config, Arc::clone(&enforcement) as _, Handover::none()).await.unwrap();
        let policies = policies.to_owned();
        Self { folder, server, authority, config, policies, enforcement, gateway, upstream }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn reload(&self) {
        let parsed: Vec<PolicyConfig> = serde_saphyr::from_str(&self.policies).unwrap();
        let next = Arc::new(self.enforcement.successor(&parsed).unwrap());
        self.gateway.reload(&self.config, next).unwrap();
    }

    async fn status(&self, holder: Option<&Holder>) -> Option<u16> {
        let client = client(&self.server.chain, holder, &[]);
        ask(self.gateway.addresses()[0], &client, "").await.map(|(status, _)| status)
    }

    fn refused(&self, reason: &str) -> bool {
        let name = "bartizan_gateway_client_certificates_refused_total";
        self.gateway.metrics().contains(&format!("{name}{{reason=\"{reason}\"}}"))
    }
}

fn lists(clients: &mut ClientTls) {
    let list = clients.authorities.with_file_name("revoked.pem");
    clients.revocation_lists = vec![list];
}

#[tokio::test]
async fn only_good_certificates_open_the_door() {
    let gate = Gate::new(lists).await;
    let revoked = gate.authority.revoked(&[5], 4000);
    std::fs::write(gate.file("revoked.pem"), revoked).unwrap();
    gate.reload();
    let issue = |serial: u8, change: fn(&mut CertificateParams)| {
        let mut params = named(serial, PAYMENTS);
        change(&mut params);
        gate.authority.issue(&params)
    };
    let other = Authority::new("clients");
    for (holder, reason) in [
        (issue(2, |params| params.not_after = date_time_ymd(2020, 1, 1)), "certificate-expired"),
        (
            issue(3, |params| params.not_before = date_time_ymd(4000, 1, 1)),
            "certificate-not-yet-valid",
        ),
        (
            issue(4, |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
            "certificate-purpose",
        ),
        (issue(5, |_| {}), "certificate-revoked"),
        // Of the same name as the one that is believed, and with another key.
        (other.issue(&named(6, PAYMENTS)), ""),
        (Holder::self_signed(&named(7, PAYMENTS)), "certificate-issuer-unknown"),
    ] {
        assert_eq!(gate.status(Some(&holder)).await, None, "{reason}");
        assert!(gate.gateway.metrics().contains(reason), "{reason}: {}", gate.gateway.metrics());
    }
    assert_eq!(gate.status(None).await, None);
    assert!(gate.refused("certificate-missing"));
    assert!(gate.upstream.seen().is_empty(), "nobody came through");
    assert_eq!(gate.status(Some(&issue(8, |_| {}))).await, Some(200));
}

#[tokio::test]
async fn names_that_can_be_read_in_two_ways_are_nobodys() {
    let gate = Gate::new(|_| {}).await;
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let uri = |name: &str| SanType::URI(name.try_into().unwrap());
    for (names, reason) in [
        (vec![dns("a.example\0.evil.example")], "certificate-name-malformed"),
        (vec![dns("*.example")], "certificate-name-malformed"),
        (vec![dns("a.example"), dns("b.example")], "certificate-names-several"),
        (vec![uri("spiffe://example.org/pay\0ments")], "certificate-name-malformed"),
        (vec![uri(PAYMENTS), uri("spiffe://example.org/b")], "certificate-names-several"),
        (vec![uri("spiffe://other.org/payments")], "certificate-trust-domain"),
        (vec![], "certificate-names-nobody"),
    ] {
        let mut params = named(1, PAYMENTS);
        params.subject_alt_names.clone_from(&names);
        params.distinguished_name.push(DnType::CommonName, PAYMENTS);
        let holder = gate.authority.issue(&params);
        let status = gate.status(Some(&holder)).await;
        // A pattern or a NUL may be refused by TLS already.
        assert!(matches!(status, None | Some(401)), "{names:?} {status:?}");
        assert!(status.is_none() || gate.refused(reason), "{names:?} {}", gate.gateway.metrics());
    }
    assert!(gate.upstream.seen().is_empty(), "nobody came through");
}

#[tokio::test]
async fn policies_know_who_it_is() {
    let gate = Gate::new(|clients| clients.required = false).await;
    let address = gate.gateway.addresses()[0];
    let orders = gate.authority.issue(&named(1, "spiffe://example.org/orders"));
    let payments = gate.authority.issue(&named(2, PAYMENTS));
    for (holder, expected) in [(None, 401), (Some(&orders), 403), (Some(&payments), 200)] {
        let stream = connect(address, &client(&gate.server.chain, holder, &[])).await.unwrap();
        let mut client = Client::over(stream);
        client.send("GET /payments HTTP/1.1\r\nhost: a.example\r\n\r\n").await;
        assert_eq!(client.response().await.status, expected);
    }
    // One that is not good is not as if there was none.
    let bad = Authority::new("others").issue(&named(3, PAYMENTS));
    assert_eq!(gate.status(Some(&bad)).await, None);
}

#[tokio::test]
async fn every_stream_of_a_connection_has_its_certificate() {
    let gate = Gate::new(|_| {}).await;
    let payments = gate.authority.issue(&named(2, PAYMENTS));
    let client = client(&gate.server.chain, Some(&payments), &[b"h2"]);
    let stream = connect(gate.gateway.addresses()[0], &client).await.unwrap();
    let mut client = http2::client(stream).await;
    for _ in 0..3 {
        let request = Request::get("https://a.example/payments");
        let request = request.body(Frames::new(&[], None)).unwrap();
        assert_eq!(client.send_request(request).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_reload_counts_for_open_connections_and_loses_none() {
    let gate = Gate::new(lists).await;
    let [first, second] = [1, 2].map(|serial| gate.authority.issue(&named(serial, PAYMENTS)));
    let mut clients = Vec::new();
    for holder in [&first, &second] {
        let client = client(&gate.server.chain, Some(holder), &[]);
        let stream = connect(gate.gateway.addresses()[0], &client).await.unwrap();
        clients.push(Client::over(stream));
    }
    let get = "POST /payments HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n";
    for (list, expected) in [
        (gate.authority.revoked(&[99], 4000), [200, 200]),
        (gate.authority.revoked(&[2], 4000), [200, 401]),
    ] {
        std::fs::write(gate.file("revoked.pem"), list).unwrap();
        gate.reload();
        for (client, status) in clients.iter_mut().zip(expected) {
            client.send(get).await;
            let answer = client.response().await;
            assert_eq!(answer.status, status);
            let asks = (status == 401).then_some("Certificate realm=\"api\"");
            assert_eq!(answer.field("www-authenticate"), asks);
        }
    }
    assert!(gate.refused("certificate-revoked"));
    let log = || std::fs::read_to_string(gate.file("access.log")).unwrap_or_default();
    let refused = |line: &str| line.contains("invalid-certificate");
    until("logged", || log().lines().any(refused)).await;
    let line = log().lines().find(|line| refused(line)).unwrap().to_owned();
    for part in [r#""path":"/payments""#, r#""host":"a.example""#, r#""method":"POST""#] {
        assert!(line.contains(part), "{line}");
    }
    assert_eq!(gate.status(Some(&second)).await, None);
    // A file that cannot be read is refused as a whole, and what was there stays.
    std::fs::write(gate.file("revoked.pem"), "no list").unwrap();
    let parsed: Vec<PolicyConfig> = serde_saphyr::from_str(&gate.policies).unwrap();
    let next = Arc::new(gate.enforcement.successor(&parsed).unwrap());
    assert!(gate.gateway.reload(&gate.config, next).is_err());
    assert_eq!(gate.status(Some(&first)).await, Some(200));
    assert_eq!(gate.status(Some(&second)).await, None);
}

#[tokio::test]
async fn a_websocket_ends_with_its_certificate() {
    let mut gate = Gate::new(lists).await;
    let (address, _) = echo().await;
    gate.config.services[0].upstreams = vec![address.to_string()];
    gate.reload();
    let mut sockets = Vec::new();
    for serial in [1, 2] {
        let holder = gate.authority.issue(&named(serial, PAYMENTS));
        let client = client(&gate.server.chain, Some(&holder), &[]);
        let stream = connect(gate.gateway.addresses()[0], &client).await.unwrap();
        let mut socket = Client::over(stream);
        socket.send(HANDSHAKE).await;
        assert_eq!(socket.response().await.status, 101);
        sockets.push(socket);
    }
    std::fs::write(gate.file("revoked.pem"), gate.authority.revoked(&[2], 4000)).unwrap();
    gate.reload();
    assert_eq!(sockets[1].take(4).await, b"\x88\x02\x03\xf0", "1008");
    sockets[0].send(masked(0x81, b"hello")).await;
    assert_eq!(sockets[0].take(7).await, b"\x81\x05hello", "that of another goes on");
}

#[tokio::test]
async fn a_stale_list_refuses_everybody_until_there_is_a_fresh_one() {
    let gate = Gate::new(lists).await;
    let holder = gate.authority.issue(&named(1, PAYMENTS));
    assert_eq!(gate.status(Some(&holder)).await, Some(200));
    std::fs::write(gate.file("revoked.pem"), gate.authority.revoked(&[99], 2021)).unwrap();
    gate.reload();
    assert_eq!(gate.status(Some(&holder)).await, None);
    assert!(gate.refused("revocation-list-expired"));
    // A list of somebody else says nothing about those of this authority.
    let other = Authority::new("others");
    std::fs::write(gate.file("revoked.pem"), other.revoked(&[99], 4000)).unwrap();
    gate.reload();
    assert_eq!(gate.status(Some(&holder)).await, None);
    assert!(gate.refused("revocation-unknown"));
    std::fs::write(gate.file("revoked.pem"), gate.authority.revoked(&[99], 4000)).unwrap();
    gate.reload();
    assert_eq!(gate.status(Some(&holder)).await, Some(200));
}

#[tokio::test]
async fn resumed_sessions_keep_their_certificate_and_what_became_of_it() {
    let gate = Gate::new(lists).await;
    let address = gate.gateway.addresses()[0];
    let holder = gate.authority.issue(&named(1, PAYMENTS));
    let client = client(&gate.server.chain, Some(&holder), &[]);
    assert_eq!(ask(address, &client, "").await, Some((200, false)));
    assert_eq!(ask(address, &client, "").await, Some((200, true)), "resumed, and identified");
    std::fs::write(gate.file("revoked.pem"), gate.authority.revoked(&[1], 4000)).unwrap();
    gate.reload();
    assert_eq!(ask(address, &client, "").await, None, "a session from before is none");
}

#[tokio::test]
async fn what_clients_claim_about_certificates_does_not_go_on() {
    let gate = Gate::new(|_| {}).await;
    let holder = gate.authority.issue(&named(1, PAYMENTS));
    let client = client(&gate.server.chain, Some(&holder), &[]);
    let claims = "x-forwarded-client-cert: Subject=\"CN=admin\"\r\nssl-client-verify: SUCCESS\r\n\
                  SSL_CLIENT_S_DN: CN=admin\r\nx-ssl-client-cn: admin\r\nclient-cert: :AAAA:\r\n\
                  client-cert-chain: :AAAA:\r\nx-amzn-mtls-clientcert: x\r\n";
    assert_eq!(ask(gate.gateway.addresses()[0], &client, claims).await, Some((200, false)));
    let seen = gate.upstream.seen();
    for name in [
        "x-forwarded-client-cert",
        "ssl-client-verify",
        "ssl_client_s_dn",
        "x-ssl-client-cn",
        "client-cert-chain",
        "x-amzn-mtls-clientcert",
    ] {
        assert_eq!(seen[0].field(name), None, "{name}");
    }
    let expected = format!(":{}:", STANDARD.encode(&holder.der));
    assert_eq!(seen[0].field("client-cert"), Some(expected.as_str()));
}

#[tokio::test]
async fn bound_tokens_come_over_their_connection_only() {
    let folder = tempfile::tempdir().unwrap();
    let rest = "{name: who, mode: enforce, authentication: {any_of: [jwt]}}";
    let gate = Gate::with(&tokens::policies(folder.path(), "", rest), |_| {}).await;
    let [owner, thief] = [1, 2].map(|serial| gate.authority.issue(&named(serial, PAYMENTS)));
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, &owner.der));
    let token = tokens::token(&json!({"cnf": {"x5t#S256": thumbprint}}));
    let field = format!("authorization: Bearer {token}\r\n");
    for (holder, expected) in [(&owner, 200), (&thief, 401)] {
        let client = client(&gate.server.chain, Some(holder), &[]);
        let answered = ask(gate.gateway.addresses()[0], &client, &field).await;
        assert_eq!(answered, Some((expected, false)));
    }
}

/// A gateway in front of a gateway that asks for a certificate.
#[tokio::test]
async fn upstreams_are_shown_our_own_certificate() {
    let gate = Gate::new(|_| {}).await;
    let holder = gate.authority.issue(&named(1, PAYMENTS));
    let (chain, key) = (gate.file("own.pem"), gate.file("own.key"));
    std::fs::write(&chain, &holder.pem).unwrap();
    std::fs::write(&key, &holder.key_pem).unwrap();
    let own = OwnCertificate { chain: chain.clone(), key };
    for protocol in [UpstreamProtocol::Http1, UpstreamProtocol::Http2] {
        for (certificate, status) in [(Some(own.clone()), 200), (None, 502)] {
            let config = config_with(&gate.upstream, |config| {
                config.services[0].upstreams = vec![gate.gateway.addresses()[0].to_string()];
                config.services[0].protocol = protocol;
                config.services[0].tls = Some(UpstreamTls {
                    server_name: "a.example".to_owned(),
                    authorities: gate.server.chain.clone(),
                    certificate,
                });
            });
            let start = Gateway::start(&config, Arc::new(AllowAll), Handover::none());
            let outer = start.await.unwrap();
            let get = "GET /payments HTTP/1.1\r\nhost: a.example\r\n\r\n";
            let answer = Client::ask(outer.addresses()[0], get).await;
            assert_eq!(answer.status, status, "{protocol:?}");
        }
    }
    // One that does not go with its key is refused before anything is served.
    let other = gate.authority.issue(&named(2, PAYMENTS));
    std::fs::write(&chain, &other.pem).unwrap();
    let config = config_with(&gate.upstream, |config| {
        config.services[0].tls = Some(UpstreamTls {
            server_name: "a.example".to_owned(),
            authorities: gate.server.chain.clone(),
            certificate: Some(own.clone()),
        });
    });
    assert!(Gateway::check(&config).is_err());
}
