//! Tokens of a real OpenID provider (npm `oidc-provider`, see `scripts/oidc.sh`). Without it these tests are skipped,
//! except in CI.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    enforcement::Guarded,
    harness::{Client, Response},
    tokens::{Holder, ask, with_token},
};

/// The provider; it ends with this.
struct Provider {
    process: Child,
    issuer: String,
    address: SocketAddr,
    _folder: tempfile::TempDir,
    secret: PathBuf,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Provider {
    /// Starts one; `None` where it is not installed.
    fn start() -> Option<Self> {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/oidc");
        if !place.join("node_modules/oidc-provider").is_dir() {
            let in_ci = std::env::var_os("CI").is_some_and(|v| v == "true");
            assert!(!in_ci, "the provider is not installed, and in CI nothing is skipped");
            eprintln!("SKIPPED: no OpenID provider is installed (scripts/oidc.sh)");
            return None;
        }
        let mut process = Command::new("node")
            .arg(place.join("provider.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut issuer = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut issuer).unwrap();
        let issuer = issuer.trim().to_owned();
        let address = issuer.strip_prefix("http://").unwrap().parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "secret of gateway, long enough").unwrap();
        Some(Self { process, issuer, address, _folder: folder, secret })
    }

    async fn post(&self, path: &str, client: &str, fields: &str, form: &str) -> Response {
        let pair = STANDARD.encode(format!("{client}:secret+of+{client}%2C+long+enough"));
        let length = form.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Basic {pair}\r\n{fields}\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}",
            self.address
        );
        Client::ask(self.address, request).await
    }

    /// A token for that resource, bound to a key if there is a proof of it.
    async fn token(&self, resource: &str, proof: Option<&str>) -> String {
        let form = format!("grant_type=client_credentials&scope=read&resource={resource}");
        let fields = proof.map(|proof| format!("dpop: {proof}\r\n")).unwrap_or_default();
        let answer = self.post("/token", "app", &fields, &form).await;
        let said: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, 200, "{said}");
        said["access_token"].as_str().unwrap().to_owned()
    }

    /// A gateway that takes its tokens, of either kind.
    async fn guarded(&self, rest: &str) -> Guarded {
        let (issuer, secret) = (&self.issuer, self.secret.display());
        Guarded::new(&format!(
            "[{{name: jwts, mode: enforce, jwt: {{issuer: '{issuer}', audiences: [orders], algorithms: [ES256],\
             discovery: openid, profile: access_token, max_life_seconds: 900, fetch: {{interval_seconds: 1}}}}}},\
             {{name: opaque, mode: enforce, introspection: {{url: '{issuer}/token/introspection',\
             issuer: '{issuer}', client_id: gateway, client_secret: 'file:{secret}', audiences: [orders],\
             cache_seconds: 0, negative_cache_seconds: 0}}}},\
             {{name: who, mode: enforce, authentication: {{any_of: [jwt], scopes: [read]}}}}{rest}]"
        ))
        .await
    }
}

#[tokio::test]
async fn keys_are_discovered_and_rotate() {
    let Some(provider) = Provider::start() else { return };
    let guarded = provider.guarded("").await;
    let before = provider.token("urn:orders", None).await;
    assert_eq!(with_token(&guarded, "GET /a", &before).await, 200);
    // While the provider is away, its keys stay.
    provider.post("/_break", "app", "", "").await;
    assert_eq!(with_token(&guarded, "GET /a", &before).await, 200);
    provider.post("/_break", "app", "", "").await;
    provider.post("/_rotate", "app", "", "").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let after = provider.token("urn:orders", None).await;
    assert_eq!(with_token(&guarded, "GET /a", &after).await, 200);
    assert_eq!(with_token(&guarded, "GET /a", &before).await, 401, "its key is gone");
}

#[tokio::test]
async fn opaque_tokens_end_when_they_are_revoked() {
    let Some(provider) = Provider::start() else { return };
    let guarded = provider.guarded("").await;
    let token = provider.token("urn:opaque", None).await;
    assert_eq!(with_token(&guarded, "GET /a", &token).await, 200);
    let revoked = provider.post("/token/revocation", "app", "", &format!("token={token}")).await;
    assert_eq!(revoked.status, 200);
    assert_eq!(with_token(&guarded, "GET /a", &token).await, 401);
    assert_eq!(guarded.decided(1).await[0].3, "token-inactive");
    assert_eq!(with_token(&guarded, "GET /a", "made-up").await, 401);
}

#[tokio::test]
async fn bound_tokens_of_either_kind_need_their_key() {
    let Some(provider) = Provider::start() else { return };
    let guarded = provider.guarded("").await;
    let (holder, thief) = (Holder::new(), Holder::new());
    for (at, resource) in ["urn:orders", "urn:opaque"].into_iter().enumerate() {
        let id = |n: u8| format!("{at}-{n}");
        let url = format!("{}/token", provider.issuer);
        let proof = holder.proof(&id(0), "POST", &url, "");
        let token = provider.token(resource, Some(&proof)).await;
        let dpop = |proof: &str| {
            format!("GET /a HTTP/1.1\r\nauthorization: DPoP {token}\r\ndpop: {proof}")
        };
        let good = holder.proof(&id(1), "GET", "http://api.example/a", &token);
        assert_eq!(ask(&guarded, &dpop(&good)).await.status, 200, "{resource}");
        assert_eq!(ask(&guarded, &dpop(&good)).await.status, 401, "{resource}: twice");
        let stolen = thief.proof(&id(2), "GET", "http://api.example/a", &token);
        assert_eq!(ask(&guarded, &dpop(&stolen)).await.status, 401, "{resource}: stolen");
        assert_eq!(with_token(&guarded, "GET /a", &token).await, 401, "{resource}: as a bearer");
    }
}

#[tokio::test]
async fn a_logout_ends_tokens_of_either_kind() {
    let Some(provider) = Provider::start() else { return };
    let rest = ", {name: out, mode: enforce, scope: {paths: [/logout]}, logout: {}}";
    let guarded = provider.guarded(rest).await;
    for resource in ["urn:orders", "urn:opaque"] {
        let (token, other) =
            (provider.token(resource, None).await, provider.token(resource, None).await);
        assert_eq!(with_token(&guarded, "POST /logout", &token).await, 200, "{resource}");
        assert_eq!(with_token(&guarded, "GET /a", &token).await, 401, "{resource}");
        assert_eq!(with_token(&guarded, "GET /a", &other).await, 200, "{resource}");
    }
}
