//! From the configuration file and the command line to what the gateway is told.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use bartizan_gateway::{ClientDeadlines, config as gateway, head::HeadLimits};

use crate::config::{
    Config,
    gateway::{
        AccessLogConfig, AdminConfig, ClientFieldConfig, GatewayConfig, ListenerConfig, OverLimit,
        ServiceConfig, UpstreamProtocol,
    },
    upstreams::{Balance, RetryBudgetConfig},
};

pub(super) use self::certificates::asks_for_certificates;

mod certificates;
mod egress;
mod upstreams;

const MIB: usize = 1024 * 1024;

/// A value that cannot be used: the key and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {problem}")]
pub struct SettingsError {
    /// Path of the key, for example `gateway.services.0.upstreams`.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

fn wrong(key: impl Into<String>, problem: impl Into<String>) -> SettingsError {
    SettingsError { key: key.into(), problem: problem.into() }
}

/// What the command line says instead of the configuration file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--listen`.
    pub listen: Option<String>,
    /// `--upstream`.
    pub upstream: Option<String>,
}

/// The configuration of the gateway. With receivers and without an upstream it does not listen.
///
/// # Errors
/// When neither an upstream nor a receiver is named, or an address, network or URL cannot be read.
pub(super) fn compile(
    whole: &Config,
    overrides: &Overrides,
) -> Result<gateway::Config, SettingsError> {
    let config = &whole.gateway;
    let is_inline = whole.receivers.is_empty() || overrides.listen.is_some();
    let listeners = match &overrides.listen {
        Some(address) => {
            vec![ListenerConfig { address: address.clone(), ..ListenerConfig::default() }]
        }
        None => config.listeners.clone(),
    };
    let services = match &overrides.upstream {
        Some(url) => vec![one_service(url)],
        None => config.services.clone(),
    };
    if services.is_empty() && is_inline && config.egress.is_empty() {
        return Err(wrong(
            "gateway.services",
            "no upstream is named: use --upstream http://HOST:PORT or list services, or list \
             receivers for what others saw",
        ));
    }
    let listeners = if services.is_empty() { Vec::new() } else { listeners };
    if let Some((at, name)) = hidden(&services) {
        let problem = format!("is never asked: `{name}` before it takes all of it");
        return Err(wrong(format!("gateway.services.{at}"), problem));
    }
    let networks = config.trusted_proxies.iter().enumerate().map(|(at, text)| {
        gateway::Network::parse(text).ok_or_else(|| {
            wrong(
                format!("gateway.trusted_proxies.{at}"),
                format!("`{text}` is no address and no network such as 10.0.0.0/8"),
            )
        })
    });
    let listeners = listeners.iter().enumerate().map(|(at, l)| listener(at, l));
    let services = services.iter().enumerate().map(|(at, s)| service(at, s));
    let named = |flag: &str, is_given: bool, error: SettingsError| match is_given {
        true => wrong(flag, error.problem),
        false => error,
    };
    let listeners: Result<_, _> = listeners.collect();
    let services: Result<_, _> = services.collect();
    let egress = config.egress.iter().enumerate().map(|(at, proxy)| egress::proxy(at, proxy));
    Ok(gateway::Config {
        listeners: listeners.map_err(|e| named("--listen", overrides.listen.is_some(), e))?,
        services: services.map_err(|e| named("--upstream", overrides.upstream.is_some(), e))?,
        egress: egress.collect::<Result<_, _>>()?,
        limits: limits(config),
        deadlines: deadlines(config),
        trusted_proxies: networks.collect::<Result<_, _>>()?,
        client_field: match config.client_field {
            ClientFieldConfig::XForwardedFor => gateway::ClientField::XForwardedFor,
            ClientFieldConfig::Forwarded => gateway::ClientField::Forwarded,
        },
        forwarded: gateway::ForwardedFields {
            x_forwarded: config.forwarded.x_forwarded,
            forwarded: config.forwarded.forwarded,
            trace: config.forwarded.trace,
            request_id: config.forwarded.request_id,
            client_certificate: config.forwarded.client_certificate,
        },
        access_log: match &config.access_log {
            AccessLogConfig::Off => gateway::AccessLog::Off,
            AccessLogConfig::Stdout => gateway::AccessLog::Stdout,
            AccessLogConfig::File(path) => gateway::AccessLog::File(path.clone()),
        },
        methods: config.methods.clone(),
    })
}

/// The first service that another one before it leaves nothing for, and the name of that one. Of patterns
/// of hosts only the same ones are compared.
fn hidden(services: &[ServiceConfig]) -> Option<(usize, &str)> {
    let segments = |service: &ServiceConfig| {
        let prefix = service.path_prefix.strip_suffix('/').unwrap_or(&service.path_prefix);
        format!("{prefix}/")
    };
    services.iter().enumerate().find_map(|(at, service)| {
        let takes_all = |other: &&ServiceConfig| {
            let is_there = |host| other.hosts.contains(host);
            let has_all = !service.hosts.is_empty() && service.hosts.iter().all(is_there);
            (other.hosts.is_empty() || has_all) && segments(service).starts_with(&segments(other))
        };
        services[..at].iter().find(takes_all).map(|other| (at, other.name.as_str()))
    })
}

fn one_service(url: &str) -> ServiceConfig {
    ServiceConfig {
        name: "default".to_owned(),
        hosts: Vec::new(),
        path_prefix: "/".to_owned(),
        upstreams: vec![url.to_owned()],
        balance: Balance::default(),
        protocol: UpstreamProtocol::default(),
        authorities: None,
        server_name: None,
        certificate: None,
        request_over: OverLimit::Refuse,
        response_over: OverLimit::Stream,
        websocket: true,
        health: None,
        breaker: None,
        retry_budget: RetryBudgetConfig::default(),
        canary: None,
        mirror: None,
        preset: None,
    }
}

fn listener(at: usize, config: &ListenerConfig) -> Result<gateway::Listener, SettingsError> {
    let address: SocketAddr = config.address.parse().map_err(|_| {
        wrong(
            format!("gateway.listeners.{at}.address"),
            format!("`{}` is no address with a port such as 127.0.0.1:8080", config.address),
        )
    })?;
    let tls = certificates::of_listener(&format!("gateway.listeners.{at}"), config)?;
    Ok(gateway::Listener {
        address,
        tls,
        proxy_protocol: config.proxy_protocol,
        http2: config.http2,
    })
}

/// An upstream as it is named: whether over TLS, host and port.
fn upstream(key: &str, url: &str) -> Result<(bool, String, u16), SettingsError> {
    let fail = |problem: &str| wrong(key, format!("`{url}` {problem}"));
    let parsed: http::Uri = url.parse().map_err(|_| fail("is no URL"))?;
    let secure = match parsed.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err(fail("must begin with http:// or https://")),
    };
    if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() {
        return Err(fail("must name a host and a port only; paths are passed on as they come"));
    }
    let host = parsed.host().ok_or_else(|| fail("names no host"))?;
    let port = parsed.port_u16().unwrap_or(if secure { 443 } else { 80 });
    Ok((secure, host.to_owned(), port))
}

fn service(at: usize, config: &ServiceConfig) -> Result<gateway::Service, SettingsError> {
    let key = |name: &str| format!("gateway.services.{at}.{name}");
    let mut upstreams = Vec::with_capacity(config.upstreams.len());
    let mut schemes = Vec::with_capacity(config.upstreams.len());
    let mut first_host = None;
    for (i, url) in config.upstreams.iter().enumerate() {
        let (secure, host, port) = upstream(&key(&format!("upstreams.{i}")), url)?;
        upstreams.push(format!("{host}:{port}"));
        schemes.push(secure);
        first_host.get_or_insert(host);
    }
    if schemes.windows(2).any(|pair| pair.first() != pair.last()) {
        return Err(wrong(key("upstreams"), "all must be http, or all https"));
    }
    let is_secure = schemes.first() == Some(&true);
    let own = certificates::of_ours(&key("certificate"), config, is_secure)?;
    let tls = match (schemes.first(), first_host) {
        (Some(true), Some(host)) => Some(gateway::UpstreamTls {
            certificate: own,
            server_name: config.server_name.clone().unwrap_or(host),
            authorities: authorities(&key("authorities"), config.authorities.as_ref())?,
        }),
        _ => None,
    };
    let is_secure = schemes.first().copied().unwrap_or_default();
    let over = |over: OverLimit| match over {
        OverLimit::Refuse => gateway::OverLimit::Refuse,
        OverLimit::Stream => gateway::OverLimit::Stream,
    };
    let health = config.health.as_ref().map(|one| upstreams::health(&key("health"), one));
    let canary = config.canary.as_ref();
    let canary = canary.map(|one| upstreams::canary(&key("canary"), is_secure, one));
    let mirror = config.mirror.as_ref();
    let mirror = mirror.map(|one| upstreams::mirror(&key("mirror"), is_secure, one));
    Ok(gateway::Service {
        name: config.name.clone(),
        hosts: config.hosts.clone(),
        path_prefix: config.path_prefix.clone(),
        upstreams,
        balance: upstreams::balance(&key("balance"), &config.balance)?,
        protocol: match config.protocol {
            UpstreamProtocol::Http1 => gateway::UpstreamProtocol::Http1,
            UpstreamProtocol::Http2 => gateway::UpstreamProtocol::Http2,
        },
        tls,
        request_over: over(config.request_over),
        response_over: over(config.response_over),
        websocket: config.websocket,
        health: health.transpose()?,
        breaker: config.breaker.as_ref().map(upstreams::breaker),
        retry_budget: upstreams::retry_budget(config.retry_budget),
        canary: canary.transpose()?,
        mirror: mirror.transpose()?,
    })
}

fn authorities(key: &str, named: Option<&PathBuf>) -> Result<PathBuf, SettingsError> {
    if let Some(path) = named {
        return Ok(path.clone());
    }
    gateway::system_authorities().ok_or_else(|| {
        wrong(key, "this system has no list of authorities in a known place: name a PEM file")
    })
}

fn limits(config: &GatewayConfig) -> gateway::Limits {
    let ours = &config.limits;
    let mebibytes = |n: u32| (n as usize).saturating_mul(MIB);
    gateway::Limits {
        head: HeadLimits {
            head_bytes: ours.head_bytes as usize,
            target_bytes: ours.target_bytes as usize,
            fields: ours.header_fields as usize,
            field_bytes: ours.header_field_bytes as usize,
            // Each service says so for itself.
            websocket: true,
        },
        request_body_bytes: ours.request_body_bytes as usize,
        response_body_bytes: ours.response_body_bytes as usize,
        buffered_bytes: mebibytes(ours.buffered_mebibytes),
        buffered_bytes_per_client: mebibytes(ours.buffered_mebibytes_per_client),
        captured_bytes: ours.captured_bytes as usize,
        exchanges: ours.exchanges as usize,
        exchanges_per_client: ours.exchanges_per_client as usize,
        connections: ours.connections as usize,
        connections_per_address: ours.connections_per_address as usize,
        http2: gateway::Http2Limits {
            streams: ours.http2_streams,
            reset_streams: ours.http2_reset_streams as usize,
            error_streams: ours.http2_error_streams as usize,
            stream_window: ours.http2_stream_window_bytes,
            connection_window: ours.http2_connection_window_bytes,
            frame_bytes: ours.http2_frame_bytes,
            send_buffer_bytes: ours.http2_send_buffer_bytes as usize,
        },
        response_head_bytes: ours.response_head_bytes as usize,
        upstream_connections: ours.upstream_connections as usize,
        idle_upstream_connections: ours.idle_upstream_connections as usize,
        websocket_frame_bytes: ours.websocket_frame_bytes as usize,
        websocket_message_bytes: ours.websocket_message_bytes as usize,
    }
}

fn deadlines(config: &GatewayConfig) -> gateway::Deadlines {
    let ours = &config.deadlines;
    let seconds = |n: u32| Duration::from_secs(u64::from(n));
    gateway::Deadlines {
        client: ClientDeadlines {
            head: seconds(ours.request_head),
            idle: seconds(ours.idle),
            write_stall: seconds(ours.write_stall),
        },
        handshake: seconds(ours.handshake),
        request_body: seconds(ours.request_body),
        body_idle: seconds(ours.body_idle),
        grpc_gather: Duration::from_millis(u64::from(ours.grpc_gather_milliseconds)),
        connect: seconds(ours.connect),
        response_head: seconds(ours.response_head),
        response_body: seconds(ours.response_body),
        answer: seconds(ours.answer),
        upstream_idle: seconds(ours.upstream_idle),
        ejection: seconds(ours.ejection),
        websocket_idle: seconds(ours.websocket_idle),
        websocket_review: seconds(ours.websocket_review),
    }
}

/// Whether the administration listener has an address with a port, and limits that let somebody in.
pub(super) fn check_admin(config: &AdminConfig) -> Result<(), SettingsError> {
    for (key, value) in
        [("connections", config.connections), ("request_seconds", config.request_seconds)]
    {
        if value == 0 {
            return Err(wrong(format!("admin.{key}"), "0 would let nobody in"));
        }
    }
    let port = config.listen.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
    match port {
        Some((host, Ok(_))) if !host.is_empty() => Ok(()),
        _ => Err(wrong(
            "admin.listen",
            format!("`{}` is no address with a port such as 127.0.0.1:9900", config.listen),
        )),
    }
}

/// Keys of the gateway that have another place in the file.
const MOVED: &[(&str, &str)] = &[
    ("limits.head.head_bytes", "limits.head_bytes"),
    ("limits.head.target_bytes", "limits.target_bytes"),
    ("limits.head.fields", "limits.header_fields"),
    ("limits.head.field_bytes", "limits.header_field_bytes"),
    ("limits.buffered_bytes", "limits.buffered_mebibytes"),
    ("limits.buffered_bytes_per_client", "limits.buffered_mebibytes_per_client"),
    ("deadlines.client.head", "deadlines.request_head"),
    ("deadlines.client.idle", "deadlines.idle"),
    ("deadlines.client.write_stall", "deadlines.write_stall"),
    ("limits.http2.streams", "limits.http2_streams"),
    ("limits.http2.frame_bytes", "limits.http2_frame_bytes"),
    ("limits.http2.stream_window", "limits.http2_stream_window_bytes"),
    ("limits.http2.connection_window", "limits.http2_connection_window_bytes"),
];

/// The key that the file has for a key of the gateway.
pub(super) fn key_in_the_file(key: &str) -> String {
    let moved = MOVED.iter().find(|(ours, _)| *ours == key);
    format!("gateway.{}", moved.map_or(key, |(_, theirs)| theirs))
}

/// What the gateway refuses, under the key that the file has for it.
pub(super) fn in_the_file(error: gateway::ConfigError) -> gateway::ConfigError {
    match error {
        gateway::ConfigError::Value { key, problem } => {
            gateway::ConfigError::Value { key: key_in_the_file(&key), problem }
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_upstream(url: &str) -> Result<gateway::Config, SettingsError> {
        let overrides = Overrides { upstream: Some(url.to_owned()), listen: None };
        compile(&Config::default(), &overrides)
    }

    #[test]
    fn one_upstream_is_enough() {
        let config = with_upstream("http://127.0.0.1:3000").expect("right");
        assert_eq!(config.services[0].upstreams, ["127.0.0.1:3000"]);
        assert!(config.services[0].tls.is_none());
        assert_eq!(config.listeners[0].address.to_string(), "127.0.0.1:8080");
        let config = with_upstream("http://[::1]").expect("right");
        assert_eq!(config.services[0].upstreams, ["[::1]:80"]);
    }

    #[test]
    fn defaults_of_the_file_are_those_of_the_gateway() {
        let config = with_upstream("http://127.0.0.1:3000").expect("right");
        assert_eq!(config.limits, gateway::Limits::default());
        assert_eq!(config.deadlines, gateway::Deadlines::default());
    }

    #[test]
    fn what_the_gateway_refuses_has_a_key_of_the_file() {
        let file = serde_json::to_value(GatewayConfig::default()).expect("JSON");
        for (ours, theirs) in MOVED {
            let there = |key: &str| file.pointer(&format!("/{}", key.replace('.', "/"))).is_some();
            assert!(!there(ours) && there(theirs), "{ours} {theirs}");
        }
    }

    #[test]
    fn services_that_others_hide_are_found() {
        let service = |name: &str, hosts: &[&str], prefix: &str| ServiceConfig {
            name: name.to_owned(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            path_prefix: prefix.to_owned(),
            ..one_service("http://a:1")
        };
        let all = || service("all", &[], "/");
        for (services, expected) in [
            (vec![all()], None),
            (vec![service("a", &["a"], "/"), all()], None),
            (vec![service("v1", &[], "/v1"), service("v10", &[], "/v10"), all()], None),
            (vec![service("v1", &["a"], "/v1"), service("b", &["a", "b"], "/v1")], None),
            (vec![all(), service("b", &[], "/b")], Some((1, "all"))),
            (vec![service("v1", &[], "/v1/"), service("b", &["b"], "/v1/b")], Some((1, "v1"))),
            (vec![service("a", &["a", "b"], "/"), service("b", &["b"], "/x")], Some((1, "a"))),
        ] {
            assert_eq!(hidden(&services), expected, "{services:?}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (url, problem) in [
            ("127.0.0.1:3000", "must begin with http:// or https://"),
            ("ftp://a", "must begin with http:// or https://"),
            ("http://a/b", "must name a host and a port only"),
            ("http:// a", "is no URL"),
        ] {
            let error = with_upstream(url).expect_err(url);
            assert!(error.problem.contains(problem), "{url}: {error}");
            assert_eq!(error.key, "--upstream");
        }
        let none = compile(&Config::default(), &Overrides::default());
        assert!(none.expect_err("no upstream").problem.contains("--upstream"));
        let mut config = Config::default();
        config.gateway.trusted_proxies = vec!["10.0.0.0/40".to_owned()];
        let overrides = Overrides { upstream: Some("http://a:1".to_owned()), listen: None };
        let error = compile(&config, &overrides).expect_err("no network");
        assert_eq!(error.key, "gateway.trusted_proxies.0");
    }
}
