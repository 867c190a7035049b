//! From the configuration file and the command line to what the gateway is told.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use bartizan_gateway::config as gateway;

use crate::config::gateway::{
    AccessLogConfig, Balance, ClientFieldConfig, GatewayConfig, ListenerConfig, OverLimit,
    ServiceConfig, UpstreamProtocol,
};

const MIB: usize = 1024 * 1024;

/// A value that cannot be used: the key and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
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

/// The configuration of the gateway.
///
/// # Errors
/// When no upstream is named, or an address, network or URL cannot be read.
pub fn compile(
    config: &GatewayConfig,
    overrides: &Overrides,
) -> Result<gateway::Config, SettingsError> {
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
    if services.is_empty() {
        return Err(wrong(
            "gateway.services",
            "no upstream is named: use --upstream http://HOST:PORT or list services",
        ));
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
    Ok(gateway::Config {
        listeners: listeners.collect::<Result<_, _>>()?,
        services: services.collect::<Result<_, _>>()?,
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
        },
        access_log: match &config.access_log {
            AccessLogConfig::Off => gateway::AccessLog::Off,
            AccessLogConfig::Stdout => gateway::AccessLog::Stdout,
            AccessLogConfig::File(path) => gateway::AccessLog::File(path.clone()),
        },
        methods: config.methods.clone(),
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
        request_over: OverLimit::Refuse,
        response_over: OverLimit::Stream,
        websocket: true,
    }
}

fn listener(at: usize, config: &ListenerConfig) -> Result<gateway::Listener, SettingsError> {
    let address: SocketAddr = config.address.parse().map_err(|_| {
        wrong(
            format!("gateway.listeners.{at}.address"),
            format!("`{}` is no address with a port such as 127.0.0.1:8080", config.address),
        )
    })?;
    let certificates = config.certificates.iter().map(|c| gateway::Certificate {
        names: c.names.clone(),
        chain: c.chain.clone(),
        key: c.key.clone(),
    });
    let tls = gateway::ServerTls { certificates: certificates.collect() };
    Ok(gateway::Listener {
        address,
        tls: (!tls.certificates.is_empty()).then_some(tls),
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
    let tls = match (schemes.first(), first_host) {
        (Some(true), Some(host)) => Some(gateway::UpstreamTls {
            server_name: config.server_name.clone().unwrap_or(host),
            authorities: authorities(&key("authorities"), config.authorities.as_ref())?,
        }),
        _ => None,
    };
    let over = |over: OverLimit| match over {
        OverLimit::Refuse => gateway::OverLimit::Refuse,
        OverLimit::Stream => gateway::OverLimit::Stream,
    };
    Ok(gateway::Service {
        name: config.name.clone(),
        hosts: config.hosts.clone(),
        path_prefix: config.path_prefix.clone(),
        upstreams,
        balance: match config.balance {
            Balance::RoundRobin => gateway::Balance::RoundRobin,
            Balance::LeastBusy => gateway::Balance::LeastBusy,
        },
        protocol: match config.protocol {
            UpstreamProtocol::Http1 => gateway::UpstreamProtocol::Http1,
            UpstreamProtocol::Http2 => gateway::UpstreamProtocol::Http2,
        },
        tls,
        request_over: over(config.request_over),
        response_over: over(config.response_over),
        websocket: config.websocket,
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
    let mut limits = gateway::Limits {
        request_body_bytes: ours.request_body_bytes as usize,
        response_body_bytes: ours.response_body_bytes as usize,
        buffered_bytes: (ours.buffered_mebibytes as usize).saturating_mul(MIB),
        buffered_bytes_per_client: (ours.buffered_mebibytes_per_client as usize)
            .saturating_mul(MIB),
        exchanges: ours.exchanges as usize,
        exchanges_per_client: ours.exchanges_per_client as usize,
        upstream_connections: ours.upstream_connections as usize,
        connections: ours.connections as usize,
        connections_per_address: ours.connections_per_address as usize,
        websocket_message_bytes: ours.websocket_message_bytes as usize,
        ..gateway::Limits::default()
    };
    limits.head.head_bytes = ours.head_bytes as usize;
    limits.head.target_bytes = ours.target_bytes as usize;
    limits.head.fields = ours.header_fields as usize;
    limits.head.field_bytes = ours.header_field_bytes as usize;
    limits.http2.streams = ours.http2_streams;
    limits
}

fn deadlines(config: &GatewayConfig) -> gateway::Deadlines {
    let ours = &config.deadlines;
    let seconds = |n: u32| Duration::from_secs(u64::from(n));
    let mut deadlines = gateway::Deadlines {
        request_body: seconds(ours.request_body),
        body_idle: seconds(ours.body_idle),
        connect: seconds(ours.connect),
        response_head: seconds(ours.response_head),
        response_body: seconds(ours.response_body),
        websocket_idle: seconds(ours.websocket_idle),
        websocket_review: seconds(ours.websocket_review),
        ..gateway::Deadlines::default()
    };
    deadlines.client.head = seconds(ours.request_head);
    deadlines.client.idle = seconds(ours.idle);
    deadlines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_upstream(url: &str) -> Result<gateway::Config, SettingsError> {
        let overrides = Overrides { upstream: Some(url.to_owned()), listen: None };
        compile(&GatewayConfig::default(), &overrides)
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
    fn what_cannot_be_used_is_named() {
        for (url, problem) in [
            ("127.0.0.1:3000", "must begin with http:// or https://"),
            ("ftp://a", "must begin with http:// or https://"),
            ("http://a/b", "must name a host and a port only"),
            ("http:// a", "is no URL"),
        ] {
            let error = with_upstream(url).expect_err(url);
            assert!(error.problem.contains(problem), "{url}: {error}");
            assert_eq!(error.key, "gateway.services.0.upstreams.0");
        }
        let none = compile(&GatewayConfig::default(), &Overrides::default());
        assert!(none.expect_err("no upstream").problem.contains("--upstream"));
        let config =
            GatewayConfig { trusted_proxies: vec!["10.0.0.0/40".to_owned()], ..Default::default() };
        let overrides = Overrides { upstream: Some("http://a:1".to_owned()), listen: None };
        let error = compile(&config, &overrides).expect_err("no network");
        assert_eq!(error.key, "gateway.trusted_proxies.0");
    }
}
