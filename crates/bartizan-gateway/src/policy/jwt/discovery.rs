//! Discovery: an issuer says where its keys are (OpenID Connect Discovery 1.0, RFC 8414).

use bytes::Bytes;
use http::Uri;
use serde::Deserialize;

use super::{
    origin::rules,
    settings::{DiscoveryBy, FetchConfig},
};
use crate::policy::fetch::Source;

/// Where an issuer says where its keys are, and where it may say they are: on its own host or one that the operator
/// named, by the same rules as everything that is fetched.
#[derive(Debug)]
pub(crate) struct Discovery {
    issuer: String,
    metadata: Source,
    host: String,
    fetch: FetchConfig,
}

/// What is read of the document. Everything else in it is for clients.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Discovery {
    /// # Errors
    /// The issuer is no address that may be fetched from.
    pub(crate) fn compile(
        issuer: &str,
        by: DiscoveryBy,
        fetch: &FetchConfig,
    ) -> Result<Self, String> {
        let url = well_known(issuer, by)?;
        let host = host_of(issuer)?;
        let metadata = Source::compile(&url, rules(fetch).map_err(|problem| problem.problem)?)?;
        Ok(Self { issuer: issuer.to_owned(), metadata, host, fetch: fetch.clone() })
    }

    pub(crate) fn believes_as(&self, other: &Self) -> bool {
        self.metadata.believes_as(&other.metadata)
    }

    /// Fetches the document and then the keys.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) async fn fetch(&self) -> Result<Bytes, String> {
        let document = self.metadata.fetch().await?;
        self.keys(&document)?.fetch().await
    }

    /// Where the keys are, by the document.
    fn keys(&self, document: &[u8]) -> Result<Source, String> {
        let metadata: Metadata = serde_json::from_slice(document)
            .map_err(|error| format!("is no metadata of an issuer: {error}"))?;
        // RFC 8414 §3.3: else anybody who answers for one issuer speaks for another.
        if metadata.issuer != self.issuer {
            return Err("the metadata is that of another issuer".to_owned());
        }
        let host = host_of(&metadata.jwks_uri)?;
        let is_named = |name: &String| name.eq_ignore_ascii_case(&host);
        if !self.host.eq_ignore_ascii_case(&host) && !self.fetch.hosts.iter().any(is_named) {
            let shown: String = host.chars().take(128).collect();
            return Err(format!("the keys are on {shown:?}, which `fetch.hosts` does not name"));
        }
        let rules = rules(&self.fetch).map_err(|problem| problem.problem)?;
        Source::compile(&metadata.jwks_uri, rules)
    }
}

fn host_of(url: &str) -> Result<String, String> {
    let uri: Uri = url.parse().map_err(|_| "what is named as a URL is none".to_owned())?;
    uri.host().map(str::to_owned).ok_or_else(|| "a URL names no host".to_owned())
}

fn well_known(issuer: &str, by: DiscoveryBy) -> Result<String, String> {
    if issuer.contains(['?', '#']) {
        return Err("an issuer has neither query nor fragment".to_owned());
    }
    let issuer = issuer.trim_end_matches('/');
    match by {
        DiscoveryBy::Openid => Ok(format!("{issuer}/.well-known/openid-configuration")),
        DiscoveryBy::Oauth => {
            let (scheme, rest) = issuer.split_once("://").ok_or("the issuer must be a URL")?;
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            Ok(format!("{scheme}://{host}/.well-known/oauth-authorization-server{path}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discovery(hosts: &[&str]) -> Discovery {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        let fetch = FetchConfig { hosts, ..FetchConfig::default() };
        Discovery::compile("http://localhost:1/realms/a", DiscoveryBy::Openid, &fetch)
            .expect("compiles")
    }

    #[test]
    fn documents_are_where_the_standards_put_them() {
        for (issuer, by, expected) in [
            (
                "https://a.example",
                DiscoveryBy::Openid,
                "https://a.example/.well-known/openid-configuration",
            ),
            (
                "https://a.example/b/",
                DiscoveryBy::Openid,
                "https://a.example/b/.well-known/openid-configuration",
            ),
            (
                "https://a.example",
                DiscoveryBy::Oauth,
                "https://a.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://a.example/b",
                DiscoveryBy::Oauth,
                "https://a.example/.well-known/oauth-authorization-server/b",
            ),
        ] {
            assert_eq!(well_known(issuer, by).as_deref(), Ok(expected));
        }
        assert!(well_known("https://a.example?x", DiscoveryBy::Openid).is_err());
        assert!(well_known("a.example", DiscoveryBy::Oauth).is_err());
    }

    #[test]
    fn an_issuer_speaks_for_itself_and_leads_nowhere_else() {
        let keys = |of: &Discovery, issuer: &str, jwks: &str| {
            let document = serde_json::json!({"issuer": issuer, "jwks_uri": jwks}).to_string();
            of.keys(document.as_bytes()).map(drop)
        };
        let (plain, other) = (discovery(&[]), discovery(&["keys.example", "127.0.0.1"]));
        let issuer = "http://localhost:1/realms/a";
        assert_eq!(keys(&plain, issuer, "http://localhost:1/jwks"), Ok(()));
        for (document, jwks, problem) in [
            ("http://localhost:1/realms/b", "http://localhost:1/jwks", "another issuer"),
            ("http://localhost:1/realms/a/", "http://localhost:1/jwks", "another issuer"),
            (issuer, "http://127.0.0.1:1/jwks", "fetch.hosts"),
            (issuer, "http://169.254.169.254/latest", "fetch.hosts"),
            (issuer, "file:///etc/passwd", "URL"),
            (issuer, "/jwks", "host"),
        ] {
            let refused = keys(&plain, document, jwks).expect_err(jwks);
            assert!(refused.contains(problem), "{refused}");
        }
        assert_eq!(keys(&other, issuer, "http://127.0.0.1:2/jwks"), Ok(()));
        assert!(keys(&other, issuer, "http://keys.example/").is_err(), "not without TLS");
        assert!(plain.keys(b"{}").is_err());
    }
}
