//! Metadata of a protected resource (RFC 9728): where clients get the tokens that are taken here.

use bartizan_model::Mode;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{PolicyItem, config::Problem};
use crate::phases::Reply;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "protected_resource",
    title: "Metadata of a protected resource",
    mode: Mode::Monitor,
    documentation: "\
Answers GET and HEAD of `/.well-known/oauth-protected-resource`, with the path of `resource` behind it if it has one, \
by a document that says where to get tokens for this API and how they are taken (RFC 9728). Clients find it by \
`resource_metadata` in `WWW-Authenticate`, which an `authentication` policy names when it is told to. The document \
says what is written here and nothing else; that the policies for tokens ask for the same is up to you. It comes after \
addresses, sizes and rates by address, and before any credential is asked for. In monitor mode, and where the scope may \
only be meant, the request goes on to the upstream.",
    examples: &["\
name: how-to-get-tokens
mode: enforce
protected_resource:
  resource: https://api.example/orders
  authorization_servers: [https://idp.example]
  scopes: [orders:read, orders:write]
"],
};

/// The beginning of its path (RFC 9728 §3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
/// Most authorization servers, scopes and algorithms.
const MOST: usize = 256;
/// How long clients may keep it, in seconds.
const AGE: &str = "max-age=3600";
/// For logs and metrics.
const CODE: &str = "protected-resource-metadata";

/// Settings of the metadata of a protected resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtectedResourceConfig {
    /// What the resource is called: an https URL without query and fragment.
    pub resource: String,
    /// Issuers whose tokens are taken.
    pub authorization_servers: Vec<String>,
    /// Scopes that can be asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// Where it is documented for developers.
    #[serde(default)]
    pub documentation: Option<String>,
    /// Algorithms of proofs that are taken (RFC 9449); none are named when empty.
    #[serde(default)]
    pub proof_algorithms: Vec<super::jwt::Algorithm>,
    /// Whether all tokens have to be bound to a key.
    #[serde(default)]
    pub bound_tokens: bool,
    /// Whether tokens may be bound to client certificates (RFC 8705).
    #[serde(default)]
    pub certificate_bound_tokens: bool,
}

/// A compiled document.
#[derive(Debug)]
pub(crate) struct Metadata {
    path: String,
    document: Bytes,
}

impl Metadata {
    pub(crate) fn compile(config: &ProtectedResourceConfig) -> Result<Self, Problem> {
        let is_url = |text: &str| {
            let uri = text.parse::<Uri>().ok();
            uri.is_some_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some())
        };
        if !is_url(&config.resource) || config.resource.contains(['?', '#']) {
            let problem = "expected an https URL without query and fragment";
            return Err(Problem::new("resource", problem));
        }
        if config.authorization_servers.is_empty() || config.authorization_servers.len() > MOST {
            return Err(Problem::new("authorization_servers", "expected 1 to 256 of them"));
        }
        let wrong = config.authorization_servers.iter().position(|server| !is_url(server));
        if let Some(at) = wrong {
            let key = format!("authorization_servers.{at}");
            return Err(Problem::new(key, "expected an https URL"));
        }
        if config.documentation.as_deref().is_some_and(|url| !is_url(url)) {
            return Err(Problem::new("documentation", "expected an https URL"));
        }
        if config.scopes.len() > MOST {
            return Err(Problem::new("scopes", "256 are the most"));
        }
        let path = config.resource.parse::<Uri>().ok();
        // RFC 9728 §3.1: only the slash behind the host is no path.
        let path = path.map(|uri| uri.path().to_owned()).filter(|path| path != "/");
        let path = path.unwrap_or_default();
        let document = Bytes::from(document(config).to_string());
        Ok(Self { path: format!("{WELL_KNOWN}{path}"), document })
    }

    /// The answer, if this asks for it.
    pub(crate) fn answer(&self, method: &Method, path: &str) -> Option<Reply> {
        let is_read = *method == Method::GET || *method == Method::HEAD;
        if !is_read || path != self.path {
            return None;
        }
        let media_type = HeaderValue::from_static("application/json");
        let reply = Reply::body(StatusCode::OK, CODE, media_type, self.document.clone());
        Some(reply.with(header::CACHE_CONTROL, HeaderValue::from_static(AGE)))
    }
}

/// The document (RFC 9728 §2).
fn document(config: &ProtectedResourceConfig) -> Value {
    let mut out = Map::new();
    let mut say = |name: &str, value: Value| {
        out.insert(name.to_owned(), value);
    };
    say("resource", json!(config.resource));
    say("authorization_servers", json!(config.authorization_servers));
    // Tokens are never taken from the query or a body.
    say("bearer_methods_supported", json!(["header"]));
    if !config.scopes.is_empty() {
        say("scopes_supported", json!(config.scopes));
    }
    if let Some(name) = &config.name {
        say("resource_name", json!(name));
    }
    if let Some(url) = &config.documentation {
        say("resource_documentation", json!(url));
    }
    if !config.proof_algorithms.is_empty() {
        say("dpop_signing_alg_values_supported", json!(config.proof_algorithms));
    }
    if config.bound_tokens {
        say("dpop_bound_access_tokens_required", json!(true));
    }
    if config.certificate_bound_tokens {
        say("tls_client_certificate_bound_access_tokens", json!(true));
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> ProtectedResourceConfig {
        serde_saphyr::from_str(text).expect("a configuration")
    }

    #[test]
    fn the_document_is_where_the_resource_is() {
        let text = "{resource: 'https://api.example/orders/', authorization_servers: ['https://i.example'],\
                    scopes: [a], proof_algorithms: [ES256], bound_tokens: true}";
        let metadata = Metadata::compile(&config(text)).expect("compiles");
        let path = "/.well-known/oauth-protected-resource/orders/";
        let reply = metadata.answer(&Method::GET, path).expect("answered");
        let document: Value = serde_json::from_slice(&reply.body.expect("a body")).expect("JSON");
        let expected = json!({
            "resource": "https://api.example/orders/",
            "authorization_servers": ["https://i.example"],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["a"],
            "dpop_signing_alg_values_supported": ["ES256"],
            "dpop_bound_access_tokens_required": true,
        });
        assert_eq!(document, expected);
        assert!(metadata.answer(&Method::HEAD, path).is_some());
        for (method, path) in
            [(Method::POST, path), (Method::GET, WELL_KNOWN), (Method::GET, "/orders")]
        {
            assert!(metadata.answer(&method, path).is_none(), "{method} {path}");
        }
        let plain = "{resource: 'https://a.example', authorization_servers: ['https://i.example']}";
        let metadata = Metadata::compile(&config(plain)).expect("compiles");
        assert!(metadata.answer(&Method::GET, WELL_KNOWN).is_some());
    }

    #[test]
    fn what_no_client_could_follow_is_refused() {
        for text in [
            "{resource: 'http://a.example', authorization_servers: ['https://i.example']}",
            "{resource: 'https://a.example?x', authorization_servers: ['https://i.example']}",
            "{resource: 'https://a.example', authorization_servers: []}",
            "{resource: 'https://a.example', authorization_servers: ['i.example']}",
            "{resource: 'https://a.example', authorization_servers: ['https://i'], documentation: x}",
        ] {
            assert!(Metadata::compile(&config(text)).is_err(), "{text}");
        }
    }
}
