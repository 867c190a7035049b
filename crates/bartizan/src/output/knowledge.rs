//! Which source knows an endpoint and what, in words.

use bartizan_model::{DeclaredInCode, Demanded, Discovered, Endpoint, InventoryState};

use super::words::counted;

/// `traffic, specification, code`.
pub(super) fn known_by(endpoint: &Endpoint) -> String {
    let known: Vec<&str> = endpoint.known_by.iter().map(|by| by.as_str()).collect();
    known.join(", ")
}

/// Whether neither traffic nor a specification knows it.
pub(super) fn is_only_discovered(endpoint: &Endpoint) -> bool {
    endpoint.requests == 0
        && endpoint.inventory_state == InventoryState::Unspecified
        && !endpoint.discovered.is_empty()
}

/// What one of them knows: where, what answers, who may call it.
pub(super) fn discovered(one: &Discovered) -> String {
    let mut parts = Vec::new();
    if let Some(code) = &one.code {
        parts.push(format!("{}:{} in {}", code.file, code.line, one.input));
        let handler = code.handler.as_deref().map(|handler| format!(" {handler}"));
        parts.push(format!("{}{}", code.framework, handler.unwrap_or_default()));
        parts.extend(code.component.as_deref().map(|component| format!("component {component}")));
        parts.push(demanded(code));
    }
    if let Some(shown) = &one.shown {
        parts.push(match shown.status {
            Some(status) => format!("answered {status}"),
            None => "not asked".to_owned(),
        });
        if !shown.named_in.is_empty() {
            parts.push(format!("named in {}", shown.named_in.join(", ").replace('_', " ")));
        }
        let at = if shown.found_at.is_empty() { &shown.host } else { &shown.found_at };
        parts.push(format!("at {at}"));
    }
    if !one.matched.is_empty() {
        parts.push(format!("there {} {}{}: {}", one.method, one.prefix, one.path, one.matched));
    }
    parts.join("; ")
}

/// Who may call it, as far as code tells.
fn demanded(code: &DeclaredInCode) -> String {
    let guards = || code.guards.join(", ");
    match code.authorization {
        Demanded::Required => format!("credentials demanded by {}", guards()),
        Demanded::None => "no credentials demanded".to_owned(),
        Demanded::Unclear => format!("not clear whether {} demands credentials", guards()),
    }
}

/// What code says of credentials beside what traffic shows, where requests without any were granted.
pub(super) fn beside_traffic(endpoint: &Endpoint) -> Option<String> {
    let anonymous = endpoint.auth_anonymous.filter(|count| *count > 0)?;
    let codes = || endpoint.discovered.iter().filter_map(|one| one.code.as_ref());
    let requests = counted(anonymous, "request", "requests");
    if codes().any(|code| code.authorization == Demanded::Required) {
        return Some(format!(
            "code demands credentials, and {requests} without any {} granted",
            were(anonymous)
        ));
    }
    codes().any(|code| code.authorization == Demanded::None).then(|| {
        format!(
            "code demands no credentials, and {requests} without any {} granted",
            were(anonymous)
        )
    })
}

const fn were(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{KnownBy, ShownByServer};

    use super::*;

    fn in_code(authorization: Demanded) -> Discovered {
        let code = DeclaredInCode {
            framework: "express".to_owned(),
            file: "app.js".to_owned(),
            line: 3,
            handler: Some("show".to_owned()),
            component: Some("shop 1.0.0".to_owned()),
            authorization,
            guards: vec!["auth()".to_owned()],
            owner: None,
        };
        Discovered {
            by: KnownBy::Code,
            input: "src".to_owned(),
            method: "GET".to_owned(),
            path: "/users/{id}".to_owned(),
            prefix: "/api".to_owned(),
            matched: "same path".to_owned(),
            code: Some(code),
            shown: None,
        }
    }

    #[test]
    fn it_is_told_what_each_knew() {
        assert_eq!(
            discovered(&in_code(Demanded::Required)),
            "app.js:3 in src; express show; component shop 1.0.0; credentials demanded by auth(); \
             there GET /api/users/{id}: same path"
        );
        let shown = ShownByServer {
            host: "a.example".to_owned(),
            status: Some(401),
            named_in: vec!["source_map".to_owned()],
            found_at: "https://a.example/app.js".to_owned(),
        };
        let crawl = Discovered {
            by: KnownBy::Crawl,
            code: None,
            shown: Some(shown),
            matched: String::new(),
            ..in_code(Demanded::None)
        };
        let told = "answered 401; named in source map; at https://a.example/app.js";
        assert_eq!(discovered(&crawl), told);
    }

    #[test]
    fn a_guard_is_set_beside_what_was_granted_without_credentials() {
        let endpoint = |authorization, anonymous| Endpoint {
            auth_anonymous: anonymous,
            discovered: vec![in_code(authorization)],
            ..Endpoint::default()
        };
        let told = |authorization, anonymous| beside_traffic(&endpoint(authorization, anonymous));
        assert_eq!(told(Demanded::None, None), None);
        assert_eq!(told(Demanded::None, Some(0)), None);
        assert_eq!(told(Demanded::Unclear, Some(2)), None);
        let none = "code demands no credentials, and 1 request without any was granted";
        assert_eq!(told(Demanded::None, Some(1)).as_deref(), Some(none));
        let demands = "code demands credentials, and 2 requests without any were granted";
        assert_eq!(told(Demanded::Required, Some(2)).as_deref(), Some(demands));
    }
}
