//! That clients come by HTTPS: those that do not are sent there, and told to come that way from then on.

use bartizan_model::Mode;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem, record::Refusal, scope::ScopeConfig};
use crate::{
    phases::{Edits, Reply},
    snapshot::{host_of, is_host_pattern},
};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "https_redirect",
    title: "Redirect to HTTPS",
    mode: Mode::Monitor,
    documentation: "\
Sends clients that came by plain HTTP to the same place by HTTPS (308), and has those that came by HTTPS remember that \
for `max_age_seconds` (`Strict-Transport-Security`, RFC 6797), where the answer does not say so itself. Only GET and HEAD \
are sent on. Anything else is refused (403, `https-required`): what it carries has been sent in the clear already, and a \
client that is quietly sent on does so again the next time.

What the client used is what the connection shows, or what a trusted proxy says (`gateway.trusted_proxies`). The host is \
the one that the client asked for, or `host`, and a request that names none is refused.

Who renews certificates through this gateway need do nothing where it listens by HTTPS already: authorities follow the \
redirect (RFC 8555 §8.3). `acme_challenges` lets GET and HEAD of `/.well-known/acme-challenge/TOKEN` pass by plain HTTP, \
unless they may be read as asking for something else.",
    examples: &["\
name: https-only
mode: enforce
https_redirect: {port: 443, max_age_seconds: 31536000}
"],
};

/// Settings of a redirect to HTTPS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpsRedirectConfig {
    /// Host that clients are sent to. Default: the one that they asked for.
    pub host: Option<String>,
    /// Port that they are sent to.
    pub port: u16,
    /// How long clients are told to come by HTTPS only, in seconds. 0 tells nothing.
    pub max_age_seconds: u32,
    /// Whether that is so for names below the host, too.
    pub include_subdomains: bool,
    /// Whether what authorities ask for to see who has a name (ACME, RFC 8555 §8.3) is let pass by plain HTTP.
    pub acme_challenges: bool,
}

impl Default for HttpsRedirectConfig {
    fn default() -> Self {
        Self {
            host: None,
            port: 443,
            max_age_seconds: 31_536_000,
            include_subdomains: false,
            acme_challenges: false,
        }
    }
}

impl HttpsRedirectConfig {
    /// What is let pass by plain HTTP.
    pub(crate) fn left_out(&self) -> Option<ScopeConfig> {
        self.acme_challenges.then(|| ScopeConfig {
            paths: vec!["/.well-known/acme-challenge/*".to_owned()],
            methods: vec!["GET".to_owned(), "HEAD".to_owned()],
            ..ScopeConfig::default()
        })
    }
}

/// A compiled redirect.
#[derive(Debug)]
pub(crate) struct HttpsRedirect {
    host: Option<String>,
    port: u16,
    remembered: Option<HeaderValue>,
}

impl HttpsRedirect {
    pub(crate) fn compile(config: &HttpsRedirectConfig) -> Result<Self, Problem> {
        if config.host.as_deref().is_some_and(|host| !is_host(host)) {
            return Err(Problem::new("host", "expected a host name without port"));
        }
        if config.port == 0 {
            return Err(Problem::new("port", "expected 1 to 65535"));
        }
        let below = if config.include_subdomains { "; includeSubDomains" } else { "" };
        let text = format!("max-age={}{below}", config.max_age_seconds);
        let remembered = HeaderValue::from_str(&text).ok().filter(|_| config.max_age_seconds > 0);
        Ok(Self { host: config.host.clone(), port: config.port, remembered })
    }

    /// The answer to a request that came by plain HTTP.
    pub(crate) fn answer(
        &self,
        method: &Method,
        authority: Option<&str>,
        uri: &Uri,
    ) -> Result<Reply, Refusal> {
        let refuse = |title| Err(Refusal::deny(StatusCode::FORBIDDEN, "https-required", title));
        if *method != Method::GET && *method != Method::HEAD {
            return refuse("this is to be sent by https only");
        }
        let host = self.host.as_deref().or_else(|| authority.map(host_of)).unwrap_or_default();
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let port = if self.port == 443 { String::new() } else { format!(":{}", self.port) };
        // `OPTIONS *` is no GET; any other target begins with a slash.
        let location = HeaderValue::from_str(&format!("https://{host}{port}{target}")).ok();
        let Some(location) = location.filter(|_| is_host(host) && target.starts_with('/')) else {
            return refuse("this is to be asked for by https only");
        };
        let reply = Reply::problem(
            StatusCode::PERMANENT_REDIRECT,
            "https-redirect",
            "this is to be asked for by https",
        );
        Ok(reply.with(header::LOCATION, location))
    }

    /// Has a client that came by HTTPS remember it; `false` when the answer says something about that itself.
    pub(crate) fn edit(&self, fields: &HeaderMap, edits: &mut Edits) -> bool {
        let name = header::STRICT_TRANSPORT_SECURITY;
        let Some(value) = self.remembered.as_ref().filter(|_| !fields.contains_key(&name)) else {
            return false;
        };
        edits.set(name, value.clone());
        true
    }
}

fn is_host(text: &str) -> bool {
    !text.starts_with('*') && is_host_pattern(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(text: &str) -> Result<HttpsRedirect, Problem> {
        HttpsRedirect::compile(&serde_saphyr::from_str(text).expect(text))
    }

    fn location(policy: &str, authority: Option<&str>, target: &'static str) -> Option<String> {
        let rule = redirect(policy).expect("compiles");
        let reply = rule.answer(&Method::GET, authority, &Uri::from_static(target)).ok()?;
        assert_eq!(reply.status, 308);
        Some(reply.headers.get(header::LOCATION)?.to_str().expect("text").to_owned())
    }

    #[test]
    fn clients_are_sent_to_the_same_place() {
        for (policy, authority, target, expected) in [
            ("{}", Some("a.example:8080"), "/x?y=1", Some("https://a.example/x?y=1")),
            ("{port: 8443}", Some("a.example"), "/", Some("https://a.example:8443/")),
            ("{host: b.example}", Some("evil.example"), "/x", Some("https://b.example/x")),
            ("{}", Some("[::1]:80"), "/x", Some("https://[::1]/x")),
            ("{}", None, "/x", None),
            ("{}", Some("a.example/@evil"), "/x", None),
            ("{}", Some("*.example"), "/x", None),
        ] {
            assert_eq!(location(policy, authority, target).as_deref(), expected, "{authority:?}");
        }
    }

    #[test]
    fn what_carries_something_is_refused() {
        let rule = redirect("{}").expect("compiles");
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let refused = rule.answer(&method, Some("a"), &Uri::from_static("/"));
            assert_eq!(refused.err().map(|refusal| refusal.status.as_u16()), Some(403), "{method}");
        }
    }

    #[test]
    fn answers_by_https_say_so_unless_they_do_already() {
        let rule = redirect("{max_age_seconds: 60, include_subdomains: true}").expect("compiles");
        let (mut fields, mut edits) = (HeaderMap::new(), Edits::default());
        assert!(rule.edit(&fields, &mut edits));
        edits.apply(&mut fields);
        let name = header::STRICT_TRANSPORT_SECURITY;
        assert_eq!(fields[&name], "max-age=60; includeSubDomains");
        assert!(!rule.edit(&fields, &mut Edits::default()), "there already");
        let silent = redirect("{max_age_seconds: 0}").expect("compiles");
        assert!(!silent.edit(&HeaderMap::new(), &mut Edits::default()));
        for text in ["{host: 'a b'}", "{host: 'a:1'}", "{host: '*.a'}", "{port: 0}"] {
            assert!(redirect(text).is_err(), "{text}");
        }
    }
}
