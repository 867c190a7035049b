//! OpenAPI documents: a service for each server, and a policy that compares requests with the document.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value, json};

use super::found::{Found, Place, Service};
use crate::config::from_yaml;

/// Where requests go when the document does not say it.
const NOWHERE: &str = "http://127.0.0.1:8000";
/// Most servers that are looked at.
const SERVERS: usize = 20;

pub(super) fn read(text: &str, file: &Path) -> Result<Found, String> {
    let document: Value = from_yaml(text).map_err(|error| error.without_snippet().to_string())?;
    let version = document.get("openapi").or_else(|| document.get("swagger"));
    if version.and_then(Value::as_str).is_none() {
        return Err("it has neither `openapi` nor `swagger`".to_owned());
    }
    let mut found = Found::default();
    let title = document.pointer("/info/title").and_then(Value::as_str).unwrap_or("api");
    let mut servers = servers(&document, &mut found);
    if servers.is_empty() {
        let what = "the document names no server with a host: say where requests go";
        found.note(None, format_args!("{what} (now {NOWHERE})"));
        servers.push((NOWHERE.to_owned(), base_path(&document)));
    }
    let mut prefixes: Vec<&str> = servers.iter().map(|(_, prefix)| prefix.as_str()).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    for prefix in prefixes {
        let of_prefix = servers.iter().filter(|(_, path)| path == prefix);
        let all: Vec<String> = of_prefix.map(|(upstream, _)| upstream.clone()).collect();
        if all.len() > 1 {
            let first = &all[0];
            let what = "has several servers, of which only the first is used";
            found.note(None, format_args!("{prefix} {what}: {first}"));
        }
        found.service(Service {
            name: title.to_owned(),
            path_prefix: prefix.to_owned(),
            upstreams: all.into_iter().take(1).collect(),
            ..Service::default()
        });
    }
    contract(title, file, &mut found);
    security(&document, title, &mut found);
    Ok(found)
}

/// Requests are compared with the document where it lies.
fn contract(title: &str, file: &Path, found: &mut Found) {
    if file.as_os_str() == "-" {
        let what = "the document came by standard input: name its file in an `openapi` policy";
        return found.loses(None, what);
    }
    let source = format!("file:{}", file.display());
    found.policy(title, &Place::default(), "openapi", json!({"source": source}));
}

/// Origin and path of each server that has a host.
fn servers(document: &Value, found: &mut Found) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let listed = document.get("servers").and_then(Value::as_array).into_iter().flatten();
    for server in listed.take(SERVERS) {
        let url = server.get("url").and_then(Value::as_str).unwrap_or_default();
        if url.contains('{') {
            found.note(
                None,
                format_args!("the server `{url}` has variables, and is not taken over"),
            );
            continue;
        }
        out.extend(split(url));
    }
    let host = document.get("host").and_then(Value::as_str);
    if let Some(host) = host.filter(|_| document.get("swagger").is_some()) {
        let schemes = document.get("schemes").and_then(Value::as_array);
        let is_secure = schemes.is_none_or(|all| all.iter().any(|one| one == "https"));
        let scheme = if is_secure { "https" } else { "http" };
        out.extend(split(&format!("{scheme}://{host}{}", base_path(document))));
    }
    out
}

fn base_path(document: &Value) -> String {
    let of_servers = document.pointer("/servers/0/url").and_then(Value::as_str);
    let of_servers = of_servers.filter(|url| url.starts_with('/') && !url.contains('{'));
    let path = document.get("basePath").and_then(Value::as_str).or(of_servers);
    let path = path.filter(|path| path.starts_with('/')).unwrap_or("/").trim_end_matches('/');
    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
}

/// Origin and path of a URL, with the port, as upstreams are written.
fn split(url: &str) -> Option<(String, String)> {
    let uri: http::Uri = url.parse().ok()?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?);
    let port = match (uri.port_u16(), scheme) {
        (Some(port), "http" | "https") => port,
        (None, "http") => 80,
        (None, "https") => 443,
        _ => return None,
    };
    let path = uri.path().trim_end_matches('/');
    let path = if path.is_empty() { "/" } else { path };
    Some((format!("{scheme}://{host}:{port}"), path.to_owned()))
}

/// Who calls. Keys and issuers are not in a specification.
fn security(document: &Value, title: &str, found: &mut Found) {
    let ways = ways(document, found);
    let asked = document.get("security").and_then(Value::as_array).into_iter().flatten();
    let asked: Vec<&Map<String, Value>> = asked.filter_map(Value::as_object).collect();
    // One without any scheme makes it a matter of choice.
    if !asked.is_empty() && asked.iter().all(|one| !one.is_empty()) {
        let mut any_of: Vec<&str> = Vec::new();
        for way in asked.iter().flat_map(|one| one.keys()).filter_map(|name| ways.get(name)) {
            if !any_of.contains(way) {
                any_of.push(way);
            }
        }
        if asked.iter().any(|one| one.len() > 1) {
            found.loses(
                None,
                "`security` asks for several schemes at once, of which one is enough here",
            );
        }
        let has_scopes = |scopes: &Value| scopes.as_array().is_some_and(|all| !all.is_empty());
        if asked.iter().flat_map(|one| one.values()).any(has_scopes) {
            found.loses(
                None,
                "scopes of `security` are not taken over: write `authorization` policies",
            );
        }
        match any_of.is_empty() {
            true => found.loses(None, "nothing of what `security` asks for is taken over"),
            false => {
                let settings = json!({"any_of": any_of});
                found.policy(title, &Place::default(), "authentication", settings);
            }
        }
    }
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let mut operations = paths.filter_map(|(_, item)| item.as_object()).flat_map(Map::values);
    let asks = |operation: &Value| {
        let of_operation = operation.get("security").and_then(Value::as_array);
        of_operation.is_some_and(|all| !all.is_empty())
    };
    if operations.any(asks) {
        let what = "which operations need a credential is said operation by operation";
        found.loses(None, format_args!("{what}: write `authentication` policies"));
    }
}

/// The ways of `authentication` that security schemes amount to, by their names.
fn ways(document: &Value, found: &mut Found) -> BTreeMap<String, &'static str> {
    let schemes = document.pointer("/components/securitySchemes");
    let schemes = schemes.or_else(|| document.get("securityDefinitions"));
    let mut ways = BTreeMap::new();
    for (name, scheme) in schemes.and_then(Value::as_object).into_iter().flatten() {
        let is = |key: &str, value: &str| {
            let text = scheme.get(key).and_then(Value::as_str);
            text.is_some_and(|text| text.eq_ignore_ascii_case(value))
        };
        let (way, what) = match () {
            () if is("type", "apiKey") && is("in", "header") => {
                ("api_key", "`bartizan keys create` makes keys")
            }
            () if is("type", "oauth2")
                || is("type", "openIdConnect")
                || is("type", "http") && is("scheme", "bearer") =>
            {
                ("jwt", "a `jwt` policy has to say whose tokens are taken")
            }
            () => {
                found.note(None, format_args!("the security scheme `{name}` is not taken over"));
                continue;
            }
        };
        found.note(None, format_args!("the security scheme `{name}` needs more: {what}"));
        ways.insert(name.clone(), way);
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const DOCUMENT: &str = r#"{"openapi": "3.0.3", "info": {"title": "Orders API", "version": "1"},
        "servers": [{"url": "https://api.example/v1"}, {"url": "https://{region}.example/v1"}],
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "s"}}},
        "paths": {"/orders": {"get": {"responses": {"200": {"description": "all"}}}}}}"#;

    fn imported(text: &str) -> (Config, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("orders.json");
        std::fs::write(&file, text).expect("written");
        let mut found = read(text, &file).expect("reads");
        let (yaml, problem) = found.yaml();
        assert_eq!(problem, None, "{yaml}");
        (from_yaml(&yaml).expect("a configuration"), found.notes().collect())
    }

    #[test]
    fn a_document_becomes_a_service_and_its_contract() {
        let (config, notes) = imported(DOCUMENT);
        let service = &config.gateway.services[0];
        assert_eq!((service.name.as_str(), service.path_prefix.as_str()), ("Orders-API", "/v1"));
        assert_eq!(service.upstreams, ["https://api.example:443"]);
        let kinds: Vec<_> =
            config.policies.iter().filter_map(|one| Some(one.kind_and_mode()?.0.kind)).collect();
        assert_eq!(kinds, ["openapi", "authentication"]);
        for what in ["{region}", "`cookie`", "`token`"] {
            assert!(notes.iter().any(|note| note.contains(what)), "{what}: {notes:#?}");
        }
    }

    #[test]
    fn what_is_asked_for_of_callers_is_said_where_it_is_not_taken_over() {
        let of = |security: &str, operation: &str| {
            let text = DOCUMENT.replace(r#""security": [{"token": []}]"#, security);
            let text = text.replace(r#"{"get": {"#, &format!(r#"{{"get": {{{operation}"#));
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("orders.json");
            std::fs::write(&file, &text).expect("written");
            let mut found = read(&text, &file).expect("reads");
            let (yaml, _) = found.yaml();
            (yaml.contains("authentication:"), found.losses().collect::<Vec<_>>())
        };
        for (security, operation, is_asked, says) in [
            (r#""security": [{"token": []}]"#, "", true, ""),
            (r#""security": [{}, {"token": []}]"#, "", false, ""),
            (r#""security": []"#, "", false, ""),
            (r#""security": [{"token": [], "cookie": []}]"#, "", true, "at once"),
            (r#""security": [{"token": ["orders:write"]}]"#, "", true, "scopes"),
            (r#""security": [{"cookie": []}]"#, "", false, "nothing"),
            (r#""security": []"#, r#""security": [{"token": []}], "#, false, "by operation"),
            (r#""security": [{"token": []}]"#, r#""security": [], "#, true, ""),
        ] {
            let (has, losses) = of(security, operation);
            assert_eq!(has, is_asked, "{security}");
            match says {
                "" => assert!(losses.is_empty(), "{security}: {losses:?}"),
                says => {
                    assert!(losses.iter().any(|loss| loss.contains(says)), "{says}: {losses:?}")
                }
            }
        }
        let by_pipe = read(DOCUMENT, Path::new("-")).expect("reads");
        assert!(by_pipe.is_lossy());
    }

    #[test]
    fn a_document_of_version_2_has_its_server_elsewhere() {
        let text = r#"{"swagger": "2.0", "info": {"title": "a", "version": "1"}, "host": "a.example:8080",
            "basePath": "/b/", "schemes": ["http"], "paths": {"/a": {"get": {"responses": {"200": {"description": "x"}}}}}}"#;
        let (config, _) = imported(text);
        let service = &config.gateway.services[0];
        assert_eq!(service.upstreams, ["http://a.example:8080"]);
        assert_eq!(service.path_prefix, "/b");
    }

    #[test]
    fn without_a_server_it_says_so_and_what_is_none_is_refused() {
        let text = r#"{"openapi": "3.1.0", "info": {"title": "a", "version": "1"}, "servers": [{"url": "/v3"}], "paths": {"/a": {"get": {"responses": {"200": {"description": "x"}}}}}}"#;
        let (config, notes) = imported(text);
        let service = &config.gateway.services[0];
        assert_eq!((&*service.upstreams[0], &*service.path_prefix), (NOWHERE, "/v3"));
        assert!(notes[0].contains("no server"), "{notes:?}");
        for text in ["{}", "[1]", "openapi: {}", "{"] {
            assert!(read(text, Path::new("x.json")).is_err(), "{text}");
        }
    }
}
