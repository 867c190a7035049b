//! How much callers may ask for, in front of a real upstream.

mod captchas;
mod logins;
mod once;
mod own_keys;
mod rates;
mod steps;
mod under_load;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use bartizan_gateway::{
    Gateway, Handover, Running,
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::{
    ApiKey, ApiKeyId, ApiKeySecret, ApiKeyState, ApiKeys, HashKey, Scope, Timestamp,
};
use tokio::net::TcpSocket;

use crate::harness::{Client, Response, Upstream, config_with};

const HASH_KEY: [u8; 32] = [7; 32];

/// A gateway with exactly these policies.
pub(super) struct Limited {
    pub(super) upstream: Upstream,
    pub(super) gateway: Running,
    pub(super) enforcement: Arc<Enforcement>,
}

impl Limited {
    pub(super) async fn new(policies: &str, upstream: Upstream) -> Self {
        Self::within(policies, upstream, Surroundings::embedded(HashKey::new(HASH_KEY))).await
    }

    pub(super) async fn within(policies: &str, upstream: Upstream, around: Surroundings) -> Self {
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(policies).unwrap();
        let enforcement = Arc::new(Enforcement::new(&policies, around).unwrap());
        let config = config_with(&upstream, |config| {
            config.limits.connections = 4_000;
            config.limits.connections_per_address = 4_000;
            config.limits.exchanges = 4_000;
            config.limits.exchanges_per_client = 4_000;
        });
        let (inline, handover) = (Arc::clone(&enforcement), Handover::none());
        let gateway = Gateway::start(&config, inline, handover).await.unwrap();
        Self { upstream, gateway, enforcement }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.gateway.addresses()[0]
    }

    pub(super) async fn ask(&self, head: &str) -> Response {
        Client::ask(self.address(), format!("{head}\r\nhost: api.example\r\n\r\n")).await
    }

    /// Asks from another address of this machine: `127.0.0.N`.
    pub(super) async fn ask_from(&self, n: u8, request: &str) -> Response {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((IpAddr::V4(Ipv4Addr::new(127, 0, 0, n)), 0).into()).unwrap();
        let stream = socket.connect(self.address()).await.unwrap();
        let mut client = Client::over(stream);
        client.send(request).await;
        client.response().await
    }
}

/// A request with a JSON body.
pub(super) fn post(path: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: api.example\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{more}\r\n{body}"
    )
}

/// Surroundings that know an own key, and the key.
pub(super) fn with_key(scopes: &[&str]) -> (Surroundings, String) {
    let around = Surroundings::embedded(HashKey::new(HASH_KEY));
    let secret = ApiKeySecret::from_random([1; 32]);
    let digest = secret.digest(&HashKey::new(HASH_KEY));
    let key = ApiKey {
        id: ApiKeyId::derive(&Scope::default(), &[&digest.to_string()]),
        name: "n".to_owned(),
        owner: "acme".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        state: ApiKeyState::Active,
        created: Timestamp::default(),
        expires: None,
        last_used: None,
        terms: bartizan_model::ApiKeyTerms::default(),
        digest,
    };
    around.keys.replace(ApiKeys { version: 1, keys: vec![key] });
    (around, secret.reveal().to_string())
}

/// The code of a problem document.
pub(super) fn code(response: &Response) -> String {
    let problem: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    problem["code"].as_str().unwrap_or_default().to_owned()
}
