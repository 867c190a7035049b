//! A compiled configuration. A reload makes a new one and swaps it in; exchanges under way keep
//! theirs.

use std::{collections::HashSet, fs, net::IpAddr, path::Path, sync::Arc};

use http::Request;
use prometheus_client::metrics::counter::Counter;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};

pub(crate) use service::CompiledService;

use self::service::Compiler;
use crate::{
    config::{ClientField, Config, ConfigError, Deadlines, ForwardedFields, Limits, Network},
    egress::Egress,
    head::methods::Methods,
    listen::tls::{self, ListenerTls},
    metrics::Metrics,
    phases::Policies,
    upstream::Upstream,
};

mod service;

/// Most fields of a head that can be asked for: the library's table takes no more than half as many
/// again.
const MOST_FIELDS: usize = 16_384;

/// A compiled configuration.
pub(crate) struct Snapshot {
    pub(crate) services: Vec<CompiledService>,
    pub(crate) egress: Vec<Arc<Egress>>,
    pub(crate) limits: Limits,
    pub(crate) deadlines: Deadlines,
    pub(crate) trusted: Vec<Network>,
    pub(crate) client_field: ClientField,
    pub(crate) forwarded: ForwardedFields,
    pub(crate) methods: Methods,
    pub(crate) policies: Arc<dyn Policies>,
    /// TLS of each listener.
    pub(crate) tls: Vec<Option<ListenerTls>>,
    /// Counters of exchanges without a service, by class of status.
    pub(crate) unrouted: [Counter; 6],
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("services", &self.services).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Compiles a configuration; nothing that serves is changed by it. Upstreams that `previous` has
    /// share their connections and their health with it.
    pub(crate) fn compile(
        config: &Config,
        policies: Arc<dyn Policies>,
        metrics: &Metrics,
        previous: Option<&Self>,
    ) -> Result<Self, ConfigError> {
        check(config)?;
        let mut compiler = Compiler::new(config, metrics, previous);
        let services = config.services.iter().enumerate();
        let services: Result<_, _> =
            services.map(|(at, service)| compiler.compile(at, service)).collect();
        let names: Vec<&str> = config.services.iter().map(|one| one.name.as_str()).collect();
        policies.check(&names)?;
        let egress =
            config.egress.iter().enumerate().map(|(at, egress)| {
                Egress::compile(&format!("egress.{at}"), egress, &metrics.egress)
            });
        let listeners = config.listeners.iter().enumerate();
        let tls = listeners.map(|(at, listener)| {
            let tls = listener.tls.as_ref();
            tls.map(|tls| tls::compile(at, tls, listener.http2)).transpose()
        });
        Ok(Self {
            services: services?,
            egress: egress.collect::<Result<_, _>>()?,
            limits: config.limits,
            deadlines: config.deadlines,
            trusted: config.trusted_proxies.clone(),
            client_field: config.client_field,
            forwarded: config.forwarded,
            methods: Methods::compile(&config.methods)
                .map_err(|problem| ConfigError::value("methods", problem))?,
            policies,
            tls: tls.collect::<Result<_, _>>()?,
            unrouted: std::array::from_fn(|class| metrics.exchanges_of("", class)),
        })
    }

    /// All upstreams of all services.
    pub(crate) fn upstreams(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        self.services.iter().flat_map(CompiledService::upstreams)
    }

    /// Whether what a peer with this address says about others is believed.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// The first service that the request matches.
    pub(crate) fn route<B>(&self, authority: Option<&str>, request: &Request<B>) -> Option<usize> {
        let host = authority.map(host_of).unwrap_or_default();
        let path = request.uri().path();
        self.services.iter().position(|service| service.matches(host, path))
    }

    pub(crate) fn service_named(&self, name: &str) -> Option<usize> {
        self.services.iter().position(|service| service.name == name)
    }
}

/// The host of an authority, without port.
pub(crate) fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether a name, or a pattern `*.name` for exactly one more label, is the host.
pub(crate) fn is_named(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    match pattern.strip_prefix("*.") {
        None => pattern.eq_ignore_ascii_case(host),
        Some(rest) => host
            .split_once('.')
            .is_some_and(|(label, behind)| !label.is_empty() && behind.eq_ignore_ascii_case(rest)),
    }
}

/// Whether a text can be compared with host names: one without port, or `*.` and one behind it.
pub(crate) fn is_host_pattern(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"-_.:[]".contains(&b);
    !name.is_empty() && name.bytes().all(is_part) && host_of(name) == name
}

/// Whether a path is the prefix or goes on behind it with a slash.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    path.strip_prefix(prefix)
        .is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

fn check(config: &Config) -> Result<(), ConfigError> {
    // With neither, nothing is served inline: what others saw is judged all the same.
    let is_idle = config.listeners.is_empty() && config.services.is_empty();
    if config.listeners.is_empty() && !is_idle {
        return Err(ConfigError::value("listeners", "at least one is needed"));
    }
    if config.services.is_empty() && !is_idle {
        return Err(ConfigError::value("services", "at least one is needed"));
    }
    let limits = &config.limits;
    let counts = [
        ("limits.head.head_bytes", limits.head.head_bytes, 256),
        ("limits.head.target_bytes", limits.head.target_bytes, 16),
        ("limits.head.fields", limits.head.fields, 1),
        ("limits.head.field_bytes", limits.head.field_bytes, 64),
        ("limits.response_head_bytes", limits.response_head_bytes, 1024),
        ("limits.connections", limits.connections, 1),
        ("limits.connections_per_address", limits.connections_per_address, 1),
        ("limits.exchanges", limits.exchanges, 1),
        ("limits.exchanges_per_client", limits.exchanges_per_client, 1),
        ("limits.upstream_connections", limits.upstream_connections, 1),
        ("limits.http2.streams", limits.http2.streams as usize, 1),
        ("limits.http2.frame_bytes", limits.http2.frame_bytes as usize, 16_384),
        ("limits.websocket_frame_bytes", limits.websocket_frame_bytes, 125),
    ];
    for (key, value, least) in counts {
        if value < least {
            return Err(ConfigError::value(key, format!("{value} is less than {least}")));
        }
    }
    for (key, window) in [
        ("limits.http2.stream_window", limits.http2.stream_window),
        ("limits.http2.connection_window", limits.http2.connection_window),
    ] {
        // RFC 9113 §6.9.1; below a small frame nothing moves.
        if !(16_384..1 << 31).contains(&window) {
            return Err(ConfigError::value(key, format!("{window} is not in 16384 to 2147483647")));
        }
    }
    if limits.http2.frame_bytes >= 1 << 24 {
        return Err(ConfigError::value("limits.http2.frame_bytes", "16777215 is the most"));
    }
    if limits.head.fields > MOST_FIELDS {
        return Err(ConfigError::value("limits.head.fields", format!("{MOST_FIELDS} is the most")));
    }
    let largest = limits.request_body_bytes.max(limits.response_body_bytes);
    for (key, bytes) in [
        ("limits.buffered_bytes", limits.buffered_bytes),
        ("limits.buffered_bytes_per_client", limits.buffered_bytes_per_client),
    ] {
        if bytes < largest {
            return Err(ConfigError::value(key, "one body must fit into it"));
        }
    }
    check_deadlines(&config.deadlines)?;
    let mut names = HashSet::new();
    for (at, service) in config.services.iter().enumerate() {
        if !names.insert(&service.name) {
            let problem = format!("{:?} is taken", service.name);
            return Err(ConfigError::value(format!("services.{at}.name"), problem));
        }
    }
    let believes_nobody = config.trusted_proxies.is_empty();
    let mut listeners = config.listeners.iter();
    if let Some(at) = listeners.position(|one| one.proxy_protocol).filter(|_| believes_nobody) {
        let problem = "nobody may connect: no trusted_proxies are named";
        return Err(ConfigError::value(format!("listeners.{at}.proxy_protocol"), problem));
    }
    Ok(())
}

/// Times within which nothing could be done: with one of them, everything would be refused.
fn check_deadlines(deadlines: &Deadlines) -> Result<(), ConfigError> {
    let times = [
        ("deadlines.client.head", deadlines.client.head),
        ("deadlines.client.idle", deadlines.client.idle),
        ("deadlines.client.write_stall", deadlines.client.write_stall),
        ("deadlines.handshake", deadlines.handshake),
        ("deadlines.request_body", deadlines.request_body),
        ("deadlines.body_idle", deadlines.body_idle),
        ("deadlines.connect", deadlines.connect),
        ("deadlines.response_head", deadlines.response_head),
        ("deadlines.answer", deadlines.answer),
        ("deadlines.websocket_idle", deadlines.websocket_idle),
        ("deadlines.websocket_review", deadlines.websocket_review),
    ];
    match times.iter().find(|(_, time)| time.is_zero()) {
        Some((key, _)) => Err(ConfigError::value(*key, "0 is less than 1")),
        None => Ok(()),
    }
}

/// The certificates of a PEM file; at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    certificates_and_hash(path).map(|(certificates, _)| certificates)
}

/// Also a hash of the file.
pub(crate) fn certificates_and_hash(
    path: &Path,
) -> Result<(Vec<CertificateDer<'static>>, [u8; 32]), ConfigError> {
    let failed = |problem: String| ConfigError::File { path: path.to_owned(), problem };
    let pem = fs::read(path).map_err(|error| failed(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|error| failed(error.to_string()))?;
    if certificates.is_empty() {
        return Err(failed("no certificate in it".to_owned()));
    }
    Ok((certificates, *blake3::hash(&pem).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_prefixes() {
        assert!(is_named("a.example", "A.Example."));
        assert!(is_named("*.example", "a.example"));
        for host in ["example", ".example", "b.a.example", ""] {
            assert!(!is_named("*.example", host), "{host}");
        }
        assert!(is_below("/a/b", "/a") && is_below("/a", "/a/") && is_below("/x", "/"));
        assert!(!is_below("/ab", "/a") && !is_below("/", "/a"));
        assert_eq!(host_of("[::1]:80"), "[::1]");
        assert_eq!(host_of("a"), "a");
    }
}
