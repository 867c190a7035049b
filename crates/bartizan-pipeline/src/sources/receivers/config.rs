//! What receivers are told, and how it is compiled. What cannot be compiled is refused as a whole.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bartizan_model::address::Network;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsAcceptor;

use super::{
    super::live::LiveOptions, Kind, RECEIVERS, ReceiverItem, access_log_service, capture, ext_proc,
    mirror, otlp_traces, tls,
};

/// Most receivers.
const MOST: usize = 32;

/// A receiver: its name, where it listens, who may send, its limits, and exactly one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiverConfig {
    /// Unique name, the `source` of its exchanges and a label of its metrics: 1 to 64 letters, digits, `-`,
    /// `_` or `.`, and not `gateway`.
    pub name: String,
    /// Address and port; a capture has none. Without `tls` it is cleartext: loopback, or a network that is
    /// protected otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub listen: String,
    /// TLS to senders, with a certificate of theirs where that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<tls::ReceiverTls>,
    /// Addresses and networks that may send, for example `10.0.0.0/8`. What they say is believed, also
    /// about who the client was: who can send can make up exchanges. Connections of others are closed
    /// at once, and counted.
    #[serde(default = "loopback")]
    pub peers: Vec<String>,
    /// Largest sizes and counts, and longest time.
    #[serde(default)]
    pub limits: ReceiverLimits,
    /// Copies of requests, as `mirror` of nginx and shadowing of Envoy send them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<mirror::MirrorConfig>,
    /// Traces of OpenTelemetry (OTLP/HTTP and OTLP/gRPC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otlp_traces: Option<otlp_traces::OtlpTracesConfig>,
    /// Entries of the gRPC access log service of Envoy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log_service: Option<access_log_service::AccessLogServiceConfig>,
    /// Requests and answers that Envoy shows an external processor, which only watches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ext_proc: Option<ext_proc::ExtProcConfig>,
    /// Packets of an interface of this machine (Linux), in which exchanges are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<capture::CaptureConfig>,
}

fn loopback() -> Vec<String> {
    vec!["127.0.0.0/8".to_owned(), "::1".to_owned()]
}

/// Limits of one receiver. Each has a counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReceiverLimits {
    /// Most connections at one time; more are closed at once.
    pub connections: u32,
    /// Most requests or gRPC streams at one time, over all connections. More are answered without being
    /// looked at, in a way that holds up nobody (503 for traces, which are sent again).
    pub streams: u32,
    /// Most bytes of a request head; the connection or stream is closed above.
    pub head_bytes: u32,
    /// Most bytes of one body of an exchange that are kept; the exchange is *truncated* above.
    pub body_bytes: u32,
    /// Most bytes of one gRPC message, and of one export of traces, packed and unpacked; above, it is
    /// refused.
    pub message_bytes: u32,
    /// Most mebibytes of bodies and messages held at one time; above, bodies are *truncated* and messages
    /// refused.
    pub held_mebibytes: u32,
    /// Seconds in which a request must be there (of gRPC its head), and how long an HTTP/1.1 connection is
    /// kept without one.
    pub seconds: u32,
}

const MIB: u32 = 1024 * 1024;

impl Default for ReceiverLimits {
    fn default() -> Self {
        Self {
            connections: 1_000,
            streams: 2_000,
            head_bytes: 64 * 1024,
            body_bytes: MIB,
            message_bytes: 16 * MIB,
            held_mebibytes: 128,
            seconds: 30,
        }
    }
}

impl ReceiverLimits {
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.seconds))
    }

    /// Each with its key, and the least and most that it can be.
    const fn bounds(&self) -> [(&'static str, u32, u32, u32); 7] {
        [
            ("limits.connections", self.connections, 1, 100_000),
            ("limits.streams", self.streams, 1, 100_000),
            // What the HTTP library needs at least.
            ("limits.head_bytes", self.head_bytes, 8 * 1024, MIB),
            ("limits.body_bytes", self.body_bytes, 0, 64 * MIB),
            ("limits.message_bytes", self.message_bytes, 1024, 256 * MIB),
            ("limits.held_mebibytes", self.held_mebibytes, 1, 65_536),
            ("limits.seconds", self.seconds, 1, 3_600),
        ]
    }
}

/// A receiver that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("receiver {name:?}: {}{problem}", key.as_ref().map(|key| format!("`{key}`: ")).unwrap_or_default())]
pub struct ReceiverError {
    /// Its name.
    pub name: String,
    /// The key within it, when it is about one.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: String,
}

/// A receiver that can be started.
#[derive(Clone)]
pub struct CompiledReceiver {
    /// Its kind.
    pub item: &'static ReceiverItem,
    /// Its name.
    pub name: String,
    pub(super) way: Way,
}

/// How what it takes comes to a receiver.
#[derive(Clone)]
pub(super) enum Way {
    /// It is sent.
    Listens(Arc<Listening>),
    /// An interface shows it.
    Captures(LiveOptions),
}

/// A receiver that others send to.
pub(super) struct Listening {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// Its limits.
    pub(super) limits: ReceiverLimits,
    pub(super) peers: Vec<Network>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) kind: Arc<dyn Kind>,
}

impl std::fmt::Debug for CompiledReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CompiledReceiver({}, {} on {})", self.name, self.item.kind, self.place())
    }
}

/// Compiles all receivers. Opens nothing.
///
/// # Errors
/// The first receiver that cannot be used.
pub fn compile(receivers: &[ReceiverConfig]) -> Result<Vec<CompiledReceiver>, ReceiverError> {
    if let Some(one) = receivers.get(MOST) {
        return Err(one.error(None, format!("there are more than {MOST} receivers")));
    }
    let mut out: Vec<CompiledReceiver> = Vec::with_capacity(receivers.len());
    for config in receivers {
        let compiled = config.compile()?;
        if out.iter().any(|other| other.name == config.name) {
            return Err(config.error(Some("name"), "another receiver has that name".to_owned()));
        }
        let place = compiled.place();
        if place.is_fixed() && out.iter().any(|other| other.place().is_at(&place)) {
            let key = if config.listen.is_empty() { "capture" } else { "listen" };
            return Err(config.error(Some(key), "another receiver listens there".to_owned()));
        }
        out.push(compiled);
    }
    Ok(out)
}

/// The networks that a list names.
pub(super) fn networks(texts: &[String]) -> Result<Vec<Network>, String> {
    let read = |text: &String| {
        Network::parse(text)
            .ok_or_else(|| format!("`{text}` is no address and no network such as 10.0.0.0/8"))
    };
    texts.iter().map(read).collect()
}

/// A kind, and one of it or what is wrong with its settings.
type Opened = (&'static ReceiverItem, Result<What, String>);

/// What a kind needs.
enum What {
    Answers(Arc<dyn Kind>),
    Shows(LiveOptions),
}

impl ReceiverConfig {
    fn error(&self, key: Option<&str>, problem: String) -> ReceiverError {
        ReceiverError { name: self.name.clone(), key: key.map(str::to_owned), problem }
    }

    fn compile(&self) -> Result<CompiledReceiver, ReceiverError> {
        self.check()?;
        let peers = networks(&self.peers).map_err(|problem| self.error(Some("peers"), problem))?;
        let (item, what) = self.kind()?;
        let what = what.map_err(|problem| self.error(Some(item.kind), problem))?;
        let way = match what {
            What::Answers(kind) => Way::Listens(Arc::new(self.listening(kind, peers)?)),
            What::Shows(options) => {
                let foreign = (!self.listen.is_empty()).then_some("listen");
                let foreign = foreign.or(self.tls.as_ref().map(|_| "tls"));
                if let Some(key) = foreign {
                    let problem = "a capture listens nowhere; leave it out";
                    return Err(self.error(Some(key), problem.to_owned()));
                }
                Way::Captures(options)
            }
        };
        Ok(CompiledReceiver { item, name: self.name.clone(), way })
    }

    fn listening(
        &self,
        kind: Arc<dyn Kind>,
        peers: Vec<Network>,
    ) -> Result<Listening, ReceiverError> {
        let address = self.listen.parse().map_err(|_| {
            let problem =
                format!("`{}` is no address with a port such as 127.0.0.1:9901", self.listen);
            self.error(Some("listen"), problem)
        })?;
        let tls = self.tls.as_ref().map(tls::compile).transpose();
        let tls = tls.map_err(|problem| self.error(Some("tls"), problem))?;
        Ok(Listening { address, limits: self.limits.clone(), peers, tls, kind })
    }

    fn kind(&self) -> Result<Opened, ReceiverError> {
        let mut found: Vec<Opened> = Vec::new();
        let mut answers = |item, kind: Result<_, _>| found.push((item, kind.map(What::Answers)));
        if let Some(config) = &self.mirror {
            answers(&mirror::RECEIVER, mirror::open(config, &self.peers));
        }
        if let Some(config) = &self.otlp_traces {
            answers(&otlp_traces::RECEIVER, Ok(otlp_traces::open(config)));
        }
        if let Some(config) = &self.access_log_service {
            answers(&access_log_service::RECEIVER, Ok(access_log_service::open(config)));
        }
        if let Some(config) = &self.ext_proc {
            answers(&ext_proc::RECEIVER, ext_proc::open(config, &self.peers));
        }
        if let Some(config) = &self.capture {
            let options = capture::open(config, &self.limits);
            found.push((&capture::RECEIVER, options.map(What::Shows)));
        }
        let known = || RECEIVERS.iter().map(|item| item.kind).collect::<Vec<_>>().join("`, `");
        match (found.pop(), found.pop()) {
            (Some(one), None) => Ok(one),
            (Some((a, _)), Some((b, _))) => {
                let problem =
                    format!("it is `{}` and `{}`; a receiver is one thing", b.kind, a.kind);
                Err(self.error(None, problem))
            }
            (None, _) => Err(self.error(None, format!("one of `{}` is needed", known()))),
        }
    }

    fn check(&self) -> Result<(), ReceiverError> {
        let is_character = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let is_name = (1..=64).contains(&self.name.len()) && self.name.bytes().all(is_character);
        if !is_name || self.name == "gateway" {
            let problem = "expected 1 to 64 letters, digits, `-`, `_` or `.`, and not `gateway`";
            return Err(self.error(Some("name"), problem.to_owned()));
        }
        for (key, value, least, most) in self.limits.bounds() {
            if !(least..=most).contains(&value) {
                return Err(self.error(Some(key), format!("expected {least} to {most}")));
            }
        }
        Ok(())
    }
}
