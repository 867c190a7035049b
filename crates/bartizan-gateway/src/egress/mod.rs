//! What services call outside, through a proxy that knows where they may call.
//!
//! It is no part of the exchanges of the gateway: nothing is held, inspected or handed over. Within a tunnel nobody sees
//! what is asked; its end is a host that is listed, at an address that was checked.

mod body;
mod door;
mod outward;
mod place;
mod taking;
mod tunnel;

pub(crate) use door::{open, run};

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bartizan_model::address::{is_metadata, is_public};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use prometheus_client::metrics::{counter::Counter, family::Family};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use crate::{
    config::{self, ConfigError, Credential},
    metrics::Labels,
    policy::url_values::{Destination, Host, Listed},
};

/// Ports that are meant where none is named.
const USUAL_PORTS: [u16; 2] = [80, 443];
/// Longest value of `Proxy-Authorization` that is looked at, in bytes.
const CREDENTIAL_BYTES: usize = 4 * 1024;

/// What becomes of requests, by name.
pub(crate) type Events = Family<Labels, Counter>;

/// A compiled proxy.
#[derive(Debug)]
pub(crate) struct Egress {
    settings: config::Egress,
    hosts: Vec<Listed>,
    events: Events,
}

/// Why a request goes nowhere: a name for clients, logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It is not known who asks.
    Unauthenticated,
    /// It may not go there, and why.
    Forbidden(&'static str),
    /// It cannot be passed on as it is.
    Malformed(&'static str),
    /// Nobody is there.
    Unreachable(&'static str),
    /// It takes too long.
    Late(&'static str),
}

impl Egress {
    /// Compiles a proxy.
    ///
    /// # Errors
    /// Key below that of the proxy, and what is wrong there.
    pub(crate) fn compile(
        key: &str,
        settings: &config::Egress,
        events: &Events,
    ) -> Result<Arc<Self>, ConfigError> {
        let wrong =
            |name: &str, problem: &str| ConfigError::value(format!("{key}.{name}"), problem);
        if settings.hosts.is_empty() {
            return Err(wrong("hosts", "without any, nothing could be asked: name at least one"));
        }
        if settings.credentials.is_empty() && !settings.address.ip().is_loopback() {
            return Err(wrong("credentials", "needed, because others than this machine may ask"));
        }
        for (name, count) in [
            ("connections", settings.connections),
            ("connections_per_address", settings.connections_per_address),
        ] {
            if count == 0 {
                return Err(wrong(name, "0 is less than 1"));
            }
        }
        for (name, time) in [
            ("connect_seconds", settings.connect),
            ("idle_seconds", settings.idle),
            ("longest_seconds", settings.longest),
        ] {
            if time.is_zero() {
                return Err(wrong(name, "0 is less than 1"));
            }
        }
        let mut hosts = Vec::with_capacity(settings.hosts.len());
        for (at, text) in settings.hosts.iter().enumerate() {
            let listed = Listed::parse(text).map_err(|why| wrong(&format!("hosts.{at}"), &why))?;
            if text.contains('/') {
                return Err(wrong(&format!("hosts.{at}"), "paths are not seen: name a host only"));
            }
            hosts.push(listed);
        }
        Ok(Arc::new(Self { settings: settings.clone(), hosts, events: events.clone() }))
    }

    fn count(&self, event: &'static str) {
        self.events.get_or_create(&vec![("event", event.to_owned())]).inc();
    }

    /// Whether it is known who asks.
    fn admits(&self, headers: &HeaderMap) -> Result<(), Denied> {
        if self.settings.credentials.is_empty() {
            return Ok(());
        }
        let value = headers.get(header::PROXY_AUTHORIZATION).ok_or(Denied::Unauthenticated)?;
        let pair = basic(value.as_bytes()).ok_or(Denied::Unauthenticated)?;
        let credential = Credential::of(&pair);
        let is_known = self.settings.credentials.contains(&credential);
        is_known.then_some(()).ok_or(Denied::Unauthenticated)
    }

    /// Whether it may be asked for, as far as its name tells, and its port.
    fn lists(&self, destination: &Destination<'_>) -> Result<u16, Denied> {
        let port = destination.port.ok_or(Denied::Malformed("no-port"))?;
        let is_it = |listed: &&Listed| {
            listed.holds(destination) && (listed.has_port() || USUAL_PORTS.contains(&port))
        };
        let is_listed = self.hosts.iter().any(|listed| is_it(&listed));
        is_listed.then_some(port).ok_or(Denied::Forbidden("host-not-listed"))
    }

    /// Whether an address may be connected to.
    fn allows(&self, address: IpAddr) -> Result<(), Denied> {
        let address = address.to_canonical();
        if is_metadata(address) {
            return Err(Denied::Forbidden("metadata-address"));
        }
        let is_fine = is_public(address)
            || self.settings.networks.iter().any(|network| network.contains(address));
        is_fine.then_some(()).ok_or(Denied::Forbidden("private-address"))
    }

    /// One bad address among good ones is an attack, not a choice.
    fn allows_all(&self, found: &[SocketAddr]) -> Result<(), Denied> {
        found.iter().try_for_each(|address| self.allows(address.ip()))
    }

    /// Connects to a place that is listed, by an address that is allowed.
    async fn connect(&self, destination: &Destination<'_>) -> Result<TcpStream, Denied> {
        let port = self.lists(destination)?;
        let connected = timeout(self.settings.connect, self.reach(&destination.host, port)).await;
        connected.unwrap_or(Err(Denied::Late("connect-timeout")))
    }

    async fn reach(&self, host: &Host, port: u16) -> Result<TcpStream, Denied> {
        let found: Vec<SocketAddr> = match host {
            Host::Address(address) => vec![SocketAddr::new(*address, port)],
            Host::Name(name) => {
                let found = lookup_host((name.as_str(), port)).await;
                found.map_err(|_| Denied::Unreachable("not-resolved"))?.collect()
            }
        };
        self.allows_all(&found)?;
        for address in found {
            // What was checked, and no second look-up.
            if let Ok(stream) = TcpStream::connect(address).await {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
        }
        Err(Denied::Unreachable("unreachable"))
    }
}

/// Name and password of a field (RFC 7617 §2).
fn basic(value: &[u8]) -> Option<Vec<u8>> {
    let value = value.get(..value.len().min(CREDENTIAL_BYTES))?;
    let at = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = value.split_at(at);
    let is_basic = scheme.eq_ignore_ascii_case(b"basic");
    is_basic.then(|| STANDARD.decode(rest.trim_ascii()).ok())?
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderValue;

    use super::*;
    use crate::config::Network;

    fn settings() -> config::Egress {
        let time = Duration::from_secs(1);
        config::Egress {
            address: "127.0.0.1:0".parse().expect("an address"),
            hosts: ["api.example", "*.partner.example", "a.example:8443", "10.1.0.9"]
                .map(str::to_owned)
                .to_vec(),
            networks: vec![Network::parse("10.1.0.0/16").expect("a network")],
            credentials: vec![Credential::new("shop", b"s3cret")],
            connections: 10,
            connections_per_address: 10,
            connect: time,
            idle: time,
            longest: time,
            request_bytes: 1_000,
            response_bytes: 1_000,
        }
    }

    fn egress(settings: &config::Egress) -> Result<Arc<Egress>, ConfigError> {
        Egress::compile("egress.0", settings, &Events::default())
    }

    #[test]
    fn only_what_is_listed_may_be_asked() {
        let egress = egress(&settings()).expect("compiles");
        let lists = |url: &str| match Destination::parse(url) {
            Ok(destination) => egress.lists(&destination),
            Err(why) => Err(Denied::Forbidden(why)),
        };
        for (url, port) in [
            ("none://api.example:443", 443),
            ("http://API.example./x", 80),
            ("none://x.partner.example:443", 443),
            ("none://a.example:8443", 8_443),
            ("none://10.1.0.9:80", 80),
        ] {
            assert_eq!(lists(url), Ok(port), "{url}");
        }
        for (url, denied) in [
            ("none://api.example:22", Denied::Forbidden("host-not-listed")),
            ("none://a.example:443", Denied::Forbidden("host-not-listed")),
            ("none://partner.example:443", Denied::Forbidden("host-not-listed")),
            ("none://api.example.evil.example:443", Denied::Forbidden("host-not-listed")),
            ("none://127.0.0.1:443", Denied::Forbidden("host-not-listed")),
            ("none://2130706433:443", Denied::Forbidden("address-spelling")),
            ("none://api.example@evil.example:443", Denied::Forbidden("user-name")),
            ("none://api.example", Denied::Malformed("no-port")),
        ] {
            assert_eq!(lists(url), Err(denied), "{url}");
        }
    }

    #[test]
    fn addresses_are_public_or_named() {
        let mut settings = settings();
        settings.networks.push(Network::parse("169.254.0.0/16").expect("a network"));
        let egress = egress(&settings).expect("compiles");
        let allows = |text: &str| egress.allows(text.parse().expect("an address"));
        for fine in ["8.8.8.8", "10.1.2.3", "::ffff:10.1.2.3", "2606:4700::1111"] {
            assert_eq!(allows(fine), Ok(()), "{fine}");
        }
        for inside in ["10.2.0.1", "127.0.0.1", "::1", "::ffff:192.168.0.1", "fc00::1", "0.0.0.0"] {
            assert_eq!(allows(inside), Err(Denied::Forbidden("private-address")), "{inside}");
        }
        for metadata in ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"] {
            let denied = Err(Denied::Forbidden("metadata-address"));
            assert_eq!(allows(metadata), denied, "{metadata}: named or not");
        }
        let resolved = |all: &[&str]| {
            let all = all.iter().map(|text| text.parse().expect("an address"));
            egress.allows_all(&all.collect::<Vec<_>>())
        };
        assert_eq!(resolved(&["8.8.8.8:443", "1.1.1.1:443"]), Ok(()));
        let denied = Err(Denied::Forbidden("private-address"));
        assert_eq!(resolved(&["8.8.8.8:443", "127.0.0.1:443"]), denied, "not even the first");
    }

    #[test]
    fn who_asks_has_to_say_so() {
        let egress = egress(&settings()).expect("compiles");
        let admits = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::PROXY_AUTHORIZATION, HeaderValue::from_str(value).expect("one"));
            egress.admits(&headers)
        };
        let pair = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(admits(&pair("shop:s3cret")), Ok(()));
        assert_eq!(admits(&pair("shop:s3cret").replace("Basic", "bAsIc")), Ok(()));
        let wrong = [pair("shop:"), pair("shops3cret"), pair("shop:s3cret ")];
        for wrong in wrong.iter().map(String::as_str).chain(["Bearer x", "Basic", "Basic ?"]) {
            assert_eq!(admits(wrong), Err(Denied::Unauthenticated), "{wrong}");
        }
        assert_eq!(egress.admits(&HeaderMap::new()), Err(Denied::Unauthenticated));
        assert!(!format!("{:?}", egress.settings).contains("s3cret"));
    }

    #[test]
    fn what_would_let_everybody_or_nobody_in_is_refused() {
        let open = config::Egress {
            address: "0.0.0.0:3128".parse().expect("an address"),
            credentials: Vec::new(),
            ..settings()
        };
        for (settings, key) in [
            (open, "egress.0.credentials"),
            (config::Egress { hosts: Vec::new(), ..settings() }, "egress.0.hosts"),
            (
                config::Egress { hosts: vec!["a.example/x".to_owned()], ..settings() },
                "egress.0.hosts.0",
            ),
            (config::Egress { hosts: vec!["0x7f.1".to_owned()], ..settings() }, "egress.0.hosts.0"),
            (config::Egress { idle: Duration::ZERO, ..settings() }, "egress.0.idle_seconds"),
            (
                config::Egress { connections_per_address: 0, ..settings() },
                "egress.0.connections_per_address",
            ),
        ] {
            let error = egress(&settings).expect_err(key).to_string();
            assert!(error.contains(&format!("`{key}`")), "{error}");
        }
    }
}
