//! References in JSON documents that describe services: OpenID and OAuth metadata, lists of APIs, settings
//! of documentation pages, links between resources.

use serde_json::Value;

use super::super::DocumentKind;

/// Most values of a document that are looked at.
const MAX_VALUES: usize = 500_000;
/// Most references that are taken from it.
const MAX_REFERENCES: usize = 2_000;

/// What a document refers to.
#[derive(Debug, Default)]
pub(super) struct References {
    /// What the document is, when it is one that is known.
    pub(super) kind: Option<DocumentKind>,
    /// Methods (`?` where unknown) and addresses of endpoints.
    pub(super) routes: Vec<(&'static str, String)>,
    /// Addresses of specifications.
    pub(super) specifications: Vec<String>,
    /// Addresses of pages for people.
    pub(super) pages: Vec<String>,
    /// Whether there was more than is looked at.
    pub(super) is_cut: bool,
}

/// Reads a document that was found at `target`; `None` when the text is no JSON.
pub(super) fn read(text: &str, target: &str) -> Option<References> {
    let value: Value = serde_json::from_str(text).ok()?;
    let kind = kind_of(&value, target);
    let names_specifications = target.contains("swagger") || target.contains("api-docs");
    let mut out = References { kind, ..References::default() };
    // Each value with the key that it is given to, and the key around that.
    let mut open: Vec<(&Value, &str, &str)> = vec![(&value, "", "")];
    let mut values = 0;
    while let Some((value, key, around)) = open.pop() {
        values += 1;
        if values > MAX_VALUES || out.count() >= MAX_REFERENCES {
            out.is_cut = true;
            break;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, key, around))),
            Value::Object(members) => {
                open.extend(members.iter().map(|(name, member)| (member, name.as_str(), key)));
            }
            Value::String(text) => out.take(text, key, around, names_specifications),
            _ => {}
        }
    }
    Some(out)
}

impl References {
    fn count(&self) -> usize {
        self.routes.len() + self.specifications.len() + self.pages.len()
    }

    fn take(&mut self, text: &str, key: &str, around: &str, names_specifications: bool) {
        let text = text.to_owned();
        match (key, around) {
            // RFC 9727 and RFC 8631.
            ("href", "service-desc") => self.specifications.push(text),
            ("href", "service-doc" | "service-meta") => self.pages.push(text),
            ("anchor", _) => self.routes.push(("?", text)),
            ("url" | "location" | "configUrl", _) if names_specifications => {
                self.specifications.push(text);
            }
            // Links between resources (HAL) lead to what is read; pictures and forms name themselves so too.
            ("href", _) => self.routes.push(("GET", text)),
            (key, _) if self.kind == Some(DocumentKind::OpenidConfiguration) => {
                if let Some(method) = method_of(key) {
                    self.routes.push((method, text));
                }
            }
            _ => {}
        }
    }
}

/// What a document is: OpenID Connect Discovery 1.0 §3 and RFC 8414 §2 demand an issuer, RFC 9264 §4.2
/// the set of links.
fn kind_of(value: &Value, target: &str) -> Option<DocumentKind> {
    let is_metadata = target.contains("/openid-configuration")
        || target.contains("/oauth-authorization-server")
        || target.contains("/oauth-protected-resource");
    if is_metadata && (value.get("issuer").is_some() || value.get("resource").is_some()) {
        return Some(DocumentKind::OpenidConfiguration);
    }
    value.get("linkset").is_some().then_some(DocumentKind::ApiCatalog)
}

/// How an endpoint of OpenID Connect or OAuth is called, by the name of its metadata.
fn method_of(key: &str) -> Option<&'static str> {
    Some(match key {
        "authorization_endpoint" | "end_session_endpoint" | "jwks_uri" | "userinfo_endpoint" => {
            "GET"
        }
        "backchannel_authentication_endpoint"
        | "device_authorization_endpoint"
        | "introspection_endpoint"
        | "pushed_authorization_request_endpoint"
        | "registration_endpoint"
        | "revocation_endpoint"
        | "token_endpoint" => "POST",
        key if key.ends_with("_endpoint") => "?",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_catalogues_and_settings_are_read() {
        let text = r#"{"issuer":"https://a.example","token_endpoint":"https://a.example/token",
            "jwks_uri":"https://a.example/keys","scopes_supported":["openid"],"x_endpoint":"/x"}"#;
        let found = read(text, "/.well-known/openid-configuration").expect("JSON");
        assert_eq!(found.kind, Some(DocumentKind::OpenidConfiguration));
        let mut routes = found.routes;
        routes.sort();
        let route = |method, text: &str| (method, text.to_owned());
        assert_eq!(
            routes,
            [
                route("?", "/x"),
                route("GET", "https://a.example/keys"),
                route("POST", "https://a.example/token"),
            ]
        );
        let text = r#"{"linkset":[{"anchor":"/v1","service-desc":[{"href":"/v1/openapi.json"}]}]}"#;
        let found = read(text, "/.well-known/api-catalog").expect("JSON");
        assert_eq!(found.kind, Some(DocumentKind::ApiCatalog));
        assert_eq!(found.specifications, ["/v1/openapi.json"]);
        assert_eq!(found.routes, [("?", "/v1".to_owned())]);
        let text = r#"[{"name":"a","url":"/v2/api-docs?group=a"}]"#;
        let found = read(text, "/swagger-resources").expect("JSON");
        assert_eq!(found.specifications, ["/v2/api-docs?group=a"]);
        let text =
            r#"{"_links":{"self":{"href":"/actuator"},"health":{"href":"/actuator/health"}}}"#;
        assert_eq!(read(text, "/actuator").expect("JSON").routes.len(), 2);
    }

    #[test]
    fn deep_and_broken_documents_end() {
        assert!(read(&"[".repeat(100_000), "/").is_none());
        assert!(read("{", "/").is_none());
        let many = format!("[{}]", vec!["{\"href\":\"/a\"}"; 3_000].join(","));
        assert!(read(&many, "/").expect("JSON").is_cut);
    }
}
