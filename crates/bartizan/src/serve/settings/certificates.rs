//! Certificates of listeners and services.

use bartizan_gateway::config as gateway;

use super::{SettingsError, wrong};
use crate::config::gateway::{ClientsConfig, ListenerConfig, NameConfig, ServiceConfig};

/// TLS of a listener; `None` for cleartext.
pub(super) fn of_listener(
    key: &str,
    config: &ListenerConfig,
) -> Result<Option<gateway::ServerTls>, SettingsError> {
    if config.certificates.is_empty() {
        return match &config.clients {
            Some(_) => {
                let problem = "needs `certificates`: in cleartext nobody can show one";
                Err(wrong(format!("{key}.clients"), problem))
            }
            None => Ok(None),
        };
    }
    let certificates = config.certificates.iter().map(|one| gateway::Certificate {
        names: one.names.clone(),
        chain: one.chain.clone(),
        key: one.key.clone(),
    });
    let clients = config.clients.as_ref().map(clients);
    Ok(Some(gateway::ServerTls { certificates: certificates.collect(), clients }))
}

fn clients(config: &ClientsConfig) -> gateway::ClientTls {
    let names = config.names.iter().map(|name| match name {
        NameConfig::Spiffe => gateway::NameKind::Spiffe,
        NameConfig::Dns => gateway::NameKind::Dns,
        NameConfig::CommonName => gateway::NameKind::CommonName,
    });
    gateway::ClientTls {
        authorities: config.authorities.clone(),
        required: config.required,
        revocation_lists: config.revocation_lists.clone(),
        names: names.collect(),
        trust_domains: config.trust_domains.clone(),
    }
}

/// What upstreams of a service are shown.
pub(super) fn of_ours(
    key: &str,
    config: &ServiceConfig,
    is_secure: bool,
) -> Result<Option<gateway::OwnCertificate>, SettingsError> {
    let Some(own) = &config.certificate else { return Ok(None) };
    if !is_secure {
        return Err(wrong(key, "is shown to `https` upstreams only"));
    }
    Ok(Some(gateway::OwnCertificate { chain: own.chain.clone(), key: own.key.clone() }))
}

/// Whether any listener asks clients for certificates.
pub(in crate::serve) fn asks_for_certificates(config: &gateway::Config) -> bool {
    let mut tls = config.listeners.iter().filter_map(|listener| listener.tls.as_ref());
    tls.any(|tls| tls.clients.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{
            Config,
            gateway::{CertificateConfig, OwnCertificateConfig},
        },
        serve::settings::{Overrides, compile, one_service, service},
    };

    #[test]
    fn certificates_of_clients_need_one_of_ours() {
        let clients: ClientsConfig =
            serde_json::from_str(r#"{"authorities": "ca.pem"}"#).expect("right");
        assert!(clients.required, "who says nothing means that one is needed");
        let mut config = Config::default();
        config.gateway.listeners[0].clients = Some(clients);
        let overrides = Overrides { upstream: Some("http://a:1".to_owned()), listen: None };
        let error = compile(&config, &overrides).expect_err("cleartext");
        assert_eq!(error.key, "gateway.listeners.0.clients");
        config.gateway.listeners[0].certificates =
            vec![CertificateConfig { chain: "c".into(), key: "k".into(), names: Vec::new() }];
        let compiled = compile(&config, &overrides).expect("right");
        let clients = compiled.listeners[0].tls.as_ref().and_then(|tls| tls.clients.as_ref());
        let names = &clients.expect("asked for").names;
        assert_eq!(*names, [gateway::NameKind::Spiffe, gateway::NameKind::Dns]);
        assert!(asks_for_certificates(&compiled));
    }

    #[test]
    fn own_certificates_are_for_https_only() {
        let own = OwnCertificateConfig { chain: "c".into(), key: "k".into() };
        for (url, is_right) in [("http://a:1", false), ("https://a:1", true)] {
            let of_url = ServiceConfig {
                certificate: Some(own.clone()),
                authorities: Some("a".into()),
                ..one_service(url)
            };
            assert_eq!(service(0, &of_url).is_ok(), is_right, "{url}");
        }
    }
}
