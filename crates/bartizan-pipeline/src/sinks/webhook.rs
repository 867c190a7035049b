//! Webhooks, signed as [Standard Webhooks](https://www.standardwebhooks.com) says.

use std::time::Duration;

use async_trait::async_trait;
use bartizan_model::Timestamp;
use bartizan_store::Delivery;
use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use bytes::Bytes;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{
    Answer, Outside, Sink, SinkItem,
    outgoing::{Place, TlsOptions},
};

/// Most bytes that are read of a refusal.
const ANSWER_BYTES: usize = 2_048;
/// Most bytes of the head of an answer.
const HEAD_BYTES: usize = 16 * 1024;
/// Bytes of a secret: what the standard recommends.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The kind.
pub static SINK: SinkItem = SinkItem {
    kind: "webhook",
    title: "Signed webhook (Standard Webhooks)",
    what: "\
Sends each event as a POST with a JSON body, signed as Standard Webhooks says: `webhook-id` is the id of \
the event, the same however often it is sent; `webhook-timestamp` the second of the attempt; \
`webhook-signature` `v1,` and the Base64 of HMAC-SHA-256 over `id.timestamp.body`. Receivers check the \
signature with any library of that standard, refuse timestamps that are minutes off, and drop ids that \
they know. While a secret is replaced, `previous_secret` signs beside it. `https`, or `http` to this \
machine or with `cleartext: true`. A name that leads to a private or local address is refused unless \
`private_addresses` is true; an address in the URL, or `localhost`, is meant as it stands; metadata \
addresses are never connected to. Redirects are not followed, no proxy is used, and at most 2048 bytes of \
an answer are read, for the reason of a failure. Any 2xx is success. 408, 425, 429 and 5xx are tried \
again, not before what `Retry-After` says (at most a day). Every other status is final, and the event a \
dead letter at once; so is 410, by which a receiver says that it wants no more: take the sink out of the \
configuration. `bartizan sinks retry` sends dead letters again when what was wrong is put right.",
    delivery: "\
A 2xx answer. When the answer is lost, or the process ends before it is written down, the event comes \
again under the same `webhook-id`. Up to `concurrency` are sent at once, so that the order may differ \
from that of `sequence`.",
    examples: &["\
name: on-call
least_severity: high
webhook:
  url: https://hooks.example.com/bartizan
  secret: env:HOOK_SECRET
"],
};

/// Settings of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where to: `https://host/path`, or `env:NAME` or `file:PATH` where the URL itself is a secret.
    pub url: String,
    /// The secret, as `env:NAME` or `file:PATH`: 24 to 64 random bytes in Base64, with or without
    /// `whsec_` before it (`echo whsec_$(openssl rand -base64 32)`).
    pub secret: String,
    /// The secret before this one, while receivers learn the new one: both sign.
    #[serde(default)]
    pub previous_secret: Option<String>,
    /// Seconds within which a receiver must answer; at most 60.
    #[serde(default = "seconds")]
    pub timeout_seconds: u32,
    /// Most events that are sent at once; at most 32.
    #[serde(default = "at_once")]
    pub concurrency: u32,
    /// Whether the name in the URL may lead to a private or local address.
    #[serde(default)]
    pub private_addresses: bool,
    /// Whether `http://` to another machine is accepted: whoever is on the way can read what is sent.
    #[serde(default)]
    pub cleartext: bool,
    /// TLS.
    #[serde(default)]
    pub tls: TlsOptions,
}

const fn seconds() -> u32 {
    10
}

const fn at_once() -> u32 {
    4
}

/// A webhook, compiled.
struct Webhook {
    place: Place,
    authority: String,
    target: String,
    keys: Vec<Zeroizing<Vec<u8>>>,
    timeout: Duration,
    concurrency: u32,
    now: fn() -> Timestamp,
}

/// Compiles a webhook.
///
/// # Errors
/// Says what is wrong with it, without the secret.
pub(super) fn open(config: &WebhookConfig, outside: &Outside) -> Result<Box<dyn Sink>, String> {
    let is_reference = config.url.starts_with("env:") || config.url.starts_with("file:");
    let url = match is_reference {
        true => (outside.secret)(&config.url).map_err(|error| format!("`url`: {error}"))?,
        false => Zeroizing::new(config.url.clone().into_bytes()),
    };
    // What the configuration says is named, not what it leads to.
    let uri = Uri::try_from(url.as_slice()).map_err(|_| format!("{:?} is no URL", config.url))?;
    let authority = uri.authority().ok_or("the URL names no host")?;
    if authority.as_str().contains('@') {
        return Err("the URL holds a user name".to_owned());
    }
    let host = authority.host();
    let tls = match uri.scheme_str() {
        Some("https") => Some(&config.tls),
        Some("http") if config.cleartext || is_this_machine(host) => None,
        Some("http") => {
            return Err("use https; `cleartext: true` takes http all the same".to_owned());
        }
        _ => return Err("the URL must begin with https://".to_owned()),
    };
    let port = authority.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
    if !(1..=60).contains(&config.timeout_seconds) {
        return Err("`timeout_seconds`: expected 1 to 60".to_owned());
    }
    if !(1..=32).contains(&config.concurrency) {
        return Err("`concurrency`: expected 1 to 32".to_owned());
    }
    let mut keys = vec![key(&config.secret, outside).map_err(|e| format!("`secret`: {e}"))?];
    if let Some(previous) = &config.previous_secret {
        keys.push(key(previous, outside).map_err(|e| format!("`previous_secret`: {e}"))?);
    }
    Ok(Box::new(Webhook {
        place: Place::new(host, port, tls, config.private_addresses, outside)?,
        authority: authority.as_str().to_owned(),
        target: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        keys,
        timeout: Duration::from_secs(config.timeout_seconds.into()),
        concurrency: config.concurrency,
        now: outside.now,
    }))
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}

fn key(reference: &str, outside: &Outside) -> Result<Zeroizing<Vec<u8>>, String> {
    let text = (outside.secret)(reference)?;
    let text = text.strip_prefix(b"whsec_").unwrap_or(&text);
    let key = BASE64.decode(text).map(Zeroizing::new);
    let key = key.map_err(|_| "the secret is no Base64".to_owned())?;
    if !SECRET_BYTES.contains(&key.len()) {
        return Err(format!("the secret has {} bytes; 24 to 64 are expected", key.len()));
    }
    Ok(key)
}

#[async_trait]
impl Sink for Webhook {
    fn most(&self) -> u32 {
        self.concurrency
    }

    async fn send(&mut self, deliveries: &[Delivery]) -> Vec<Answer> {
        let this = &*self;
        join_all(deliveries.iter().map(|one| this.send_one(one))).await
    }
}

impl Webhook {
    async fn send_one(&self, delivery: &Delivery) -> Answer {
        let Ok(body) = serde_json::to_vec(&delivery.event) else {
            return Answer::Refused("the event cannot be written as JSON".to_owned());
        };
        let stream = match timeout(self.timeout, self.place.connect()).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Answer::Unreached(error),
            Err(_) => return Answer::Unreached(format!("no connection in {:?}", self.timeout)),
        };
        let seconds = (self.now)().seconds();
        let request = Request::post(&self.target)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("bartizan/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", delivery.event.id.as_str())
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", self.sign(delivery.event.id.as_str(), seconds, &body))
            .body(Full::new(Bytes::from(body)));
        let Ok(request) = request else {
            return Answer::Refused("the event does not fit into a request".to_owned());
        };
        let exchange = async {
            let mut builder = http1::Builder::new();
            builder.max_buf_size(HEAD_BYTES);
            let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
            let answer = async {
                let response = sender.send_request(request).await?;
                Ok::<_, hyper::Error>(self.read(response).await)
            };
            // The connection is driven here and ends with this call.
            tokio::pin!(connection, answer);
            tokio::select! {
                biased;
                answer = &mut answer => answer,
                ended = &mut connection => match ended {
                    // What was read before the end may still be a whole answer.
                    Ok(()) => answer.await,
                    Err(error) => Err(error),
                },
            }
        };
        match timeout(self.timeout, exchange).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::Failed(format!("HTTP: {error}"), None),
            Err(_) => Answer::Failed(format!("no answer within {:?}", self.timeout), None),
        }
    }

    /// One signature for each secret, the current one first.
    fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let sign = |key: &Zeroizing<Vec<u8>>| {
            // HMAC takes a key of any length.
            let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            mac.update(format!("{id}.{seconds}.").as_bytes());
            mac.update(body);
            Some(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())))
        };
        self.keys.iter().filter_map(sign).collect::<Vec<_>>().join(" ")
    }

    async fn read(&self, response: Response<Incoming>) -> Answer {
        let status = response.status();
        if status.is_success() {
            return Answer::Taken;
        }
        let after = response.headers().get(header::RETRY_AFTER).and_then(|value| {
            let value = value.to_str().ok()?;
            retry_after(value, (self.now)())
        });
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let said: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        let said = said.trim();
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        let why = format!("status {}{said}", status.as_u16());
        if is_passing(status) { Answer::Failed(why, after) } else { Answer::Refused(why) }
    }
}

/// Whether a status may be another one later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

/// The time that `Retry-After` names (RFC 9110 §10.2.3), from now.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let at = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?.unix_timestamp();
    Some(Duration::from_secs(u64::try_from(at.saturating_sub(now.seconds())).unwrap_or(0)))
}

#[cfg(test)]
mod tests;
