//! Where keys are read or fetched from, as a policy says it.

use std::time::Duration;

use super::{
    discovery::Discovery,
    keys::{Algorithm, Key, KeySet, KeyType},
    settings::{FetchConfig, JwtConfig},
    source::{Fetched, Keys, Origin},
};
use crate::{
    config::Network,
    policy::{config::Problem, fetch, files, look_ups::LookUps},
};

/// The keys that a policy verifies with.
pub(super) fn keys_of(config: &JwtConfig, look_ups: &LookUps) -> Result<Keys, Problem> {
    let Some(first) = config.algorithms.first() else {
        return Err(Problem::new("algorithms", "at least one is needed"));
    };
    let key_type = first.key_type();
    if config.algorithms.iter().any(|other| other.key_type() != key_type) {
        let problem = "all of them must be for one type of key; other types take another policy";
        return Err(Problem::new("algorithms", problem));
    }
    let is_secret = key_type == KeyType::Secret;
    let needs = match is_secret {
        true => "`secret`",
        false => "`jwks_file`, `jwks_url` or `discovery`",
    };
    match (&config.secret, &config.jwks_file, &config.jwks_url, config.discovery) {
        (Some(reference), None, None, None) if is_secret => {
            secret(reference, &config.algorithms).map(Keys::Fixed)
        }
        (None, Some(path), None, None) if !is_secret => {
            let text = files::text(path, u64::from(config.fetch.max_bytes));
            let text = text.map_err(|problem| Problem::new("jwks_file", problem))?;
            let set = KeySet::parse(text.as_bytes()).map_err(|p| Problem::new("jwks_file", p))?;
            Ok(Keys::Fixed(set))
        }
        (None, None, Some(url), None) if !is_secret => {
            let source = fetch::Source::compile(url, rules(&config.fetch)?);
            let source = source.map_err(|problem| Problem::new("jwks_url", problem))?;
            Ok(fetched(Origin::Named(Box::new(source)), config, look_ups))
        }
        (None, None, None, Some(by)) if !is_secret => {
            rules(&config.fetch)?;
            let discovery = Discovery::compile(&config.issuer, by, &config.fetch);
            let discovery = discovery.map_err(|problem| Problem::new("discovery", problem))?;
            let origin = Origin::Discovered(Box::new(discovery));
            Ok(fetched(origin, config, look_ups))
        }
        _ => Err(Problem::new("", format!("{} needs {needs}, and only that", first.name()))),
    }
}

fn secret(reference: &str, algorithms: &[Algorithm]) -> Result<KeySet, Problem> {
    let refuse = |problem: String| Err(Problem::new("secret", problem));
    let bytes = files::secret(reference).map_err(|problem| Problem::new("secret", problem))?;
    let least = algorithms.iter().map(|algorithm| algorithm.secret_bytes()).max().unwrap_or(32);
    if bytes.len() < least {
        return refuse(format!("has {} bytes; {least} are needed (RFC 7518 §3.2)", bytes.len()));
    }
    // A public key as the secret of an HMAC is the classic confusion: everybody has it.
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start();
    if text.starts_with("-----BEGIN") || text.starts_with("ssh-") || text.starts_with('{') {
        return refuse("is a key or certificate, which is no shared secret".to_owned());
    }
    Ok(KeySet::of(Key::secret(&bytes)))
}

/// How something is fetched.
pub(crate) fn rules(config: &FetchConfig) -> Result<fetch::Rules<'_>, Problem> {
    for (key, value, least) in [
        ("fetch.timeout_ms", config.timeout_ms, 10),
        ("fetch.max_bytes", config.max_bytes, 256),
        ("fetch.refresh_seconds", config.refresh_seconds, 1),
        ("fetch.interval_seconds", config.interval_seconds, 1),
    ] {
        if value < least {
            return Err(Problem::new(key, format!("{least} is the least")));
        }
    }
    let mut allowed = Vec::with_capacity(config.allow_networks.len());
    for (at, text) in config.allow_networks.iter().enumerate() {
        let key = format!("fetch.allow_networks.{at}");
        allowed.push(Network::parse(text).ok_or_else(|| Problem::new(key, "is no network"))?);
    }
    Ok(fetch::Rules {
        authorities: config.authorities.as_deref(),
        allowed,
        timeout: Duration::from_millis(u64::from(config.timeout_ms)),
        most_bytes: config.max_bytes as usize,
    })
}

fn fetched(
    origin: Origin,
    JwtConfig { issuer, fetch: config, .. }: &JwtConfig,
    look_ups: &LookUps,
) -> Keys {
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let times = (seconds(config.refresh_seconds), seconds(config.interval_seconds));
    Keys::Fetched(Fetched::new(origin, times, issuer, look_ups))
}
