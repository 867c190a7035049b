//! Proxies for what services call outside, as the gateway is told.

use std::{net::SocketAddr, time::Duration};

use bartizan_gateway::{config as gateway, policy::secret};

use super::{SettingsError, wrong};
use crate::config::egress::EgressConfig;

const MIB: u64 = 1024 * 1024;

/// The proxy of that number.
pub(super) fn proxy(at: usize, config: &EgressConfig) -> Result<gateway::Egress, SettingsError> {
    let key = |name: &str| format!("gateway.egress.{at}.{name}");
    let address: SocketAddr = config.address.parse().map_err(|_| {
        let problem =
            format!("`{}` is no address with a port such as 127.0.0.1:3128", config.address);
        wrong(key("address"), problem)
    })?;
    let networks = config.networks.iter().enumerate().map(|(at, text)| {
        gateway::Network::parse(text).ok_or_else(|| {
            let problem = format!("`{text}` is no address and no network such as 10.0.0.0/8");
            wrong(key(&format!("networks.{at}")), problem)
        })
    });
    let credentials = config.credentials.iter().enumerate().map(|(at, one)| {
        if one.name.is_empty() || one.name.contains(':') {
            let key = key(&format!("credentials.{at}.name"));
            return Err(wrong(key, "a name without a colon is needed"));
        }
        let password = secret(&one.password);
        let password = password
            .map_err(|problem| wrong(key(&format!("credentials.{at}.password")), problem))?;
        Ok(gateway::Credential::new(&one.name, &password))
    });
    let seconds = |count: u32| Duration::from_secs(u64::from(count));
    let connections_per_address = config.connections_per_address.unwrap_or_else(|| {
        let is_shared = !address.ip().is_loopback();
        if is_shared { config.connections.div_ceil(2) } else { config.connections }
    });
    Ok(gateway::Egress {
        address,
        hosts: config.hosts.clone(),
        networks: networks.collect::<Result<_, _>>()?,
        credentials: credentials.collect::<Result<_, _>>()?,
        connections: config.connections as usize,
        connections_per_address: connections_per_address as usize,
        connect: seconds(config.connect_seconds),
        idle: seconds(config.idle_seconds),
        longest: seconds(config.longest_seconds),
        request_bytes: u64::from(config.request_mebibytes) * MIB,
        response_bytes: u64::from(config.response_mebibytes) * MIB,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<gateway::Egress, SettingsError> {
        proxy(0, &serde_saphyr::from_str(text).expect("is read"))
    }

    #[test]
    fn a_proxy_is_read_with_its_passwords() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("password");
        std::fs::write(&path, "s3cret\n").expect("written");
        let text = format!(
            "{{hosts: [api.example], networks: [10.1.0.0/16], response_mebibytes: 2, \
             credentials: [{{name: shop, password: 'file:{}'}}]}}",
            path.display()
        );
        let proxy = read(&text).expect("right");
        assert_eq!(proxy.address.to_string(), "127.0.0.1:3128");
        assert_eq!(proxy.credentials, [gateway::Credential::new("shop", b"s3cret")]);
        assert_eq!((proxy.response_bytes, proxy.idle), (2 * MIB, Duration::from_secs(60)));
    }

    #[test]
    fn one_address_leaves_room_where_others_may_ask() {
        for (settings, most) in [
            ("connections: 9", 9),
            ("connections: 9, connections_per_address: 2", 2),
            ("address: '0.0.0.0:3128', connections: 9", 5),
            ("address: '0.0.0.0:3128', connections: 1", 1),
            ("address: '[::]:3128', connections_per_address: 1000", 1_000),
        ] {
            let proxy = read(&format!("{{hosts: [a.example], {settings}}}")).expect(settings);
            assert_eq!(proxy.connections_per_address, most, "{settings}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (settings, key) in [
            ("address: nowhere", "address"),
            ("networks: [10.0.0.0/40]", "networks.0"),
            ("credentials: [{name: 'a:b', password: 'env:X'}]", "credentials.0.name"),
            ("credentials: [{name: a, password: s3cret}]", "credentials.0.password"),
        ] {
            let error = read(&format!("hosts: [a.example]\n{settings}\n")).expect_err(settings);
            assert_eq!(error.key, format!("gateway.egress.0.{key}"));
            assert!(!error.problem.contains("s3cret"), "{error}");
        }
    }
}
