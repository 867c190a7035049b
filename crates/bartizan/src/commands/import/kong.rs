//! Declarative configurations of Kong: services, routes, upstreams and the plugins that there are policies for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::found::{Found, Place, Service};
use crate::config::from_yaml;

/// Longer periods have a quota, not a rate.
const PERIODS: [(&str, u64); 3] = [("second", 1), ("minute", 60), ("hour", 3_600)];
/// Keys of routes and services that say nothing about what passes.
const SILENT: &[&str] = &[
    "name",
    "id",
    "tags",
    "routes",
    "plugins",
    "paths",
    "hosts",
    "methods",
    "protocols",
    "strip_path",
    "url",
    "host",
    "port",
    "protocol",
    "path",
    "enabled",
    "created_at",
    "updated_at",
    "retries",
    "connect_timeout",
    "read_timeout",
    "write_timeout",
    "preserve_host",
    "request_buffering",
    "response_buffering",
    "https_redirect_status_code",
    "regex_priority",
    "path_handling",
    "service",
    "ws_id",
];

pub(super) fn read(text: &str) -> Result<Found, String> {
    let whole: Value = from_yaml(text).map_err(|error| error.without_snippet().to_string())?;
    if whole.get("_format_version").is_none() {
        return Err("it has no `_format_version`, as declarative configurations have".to_owned());
    }
    let mut found = Found::default();
    let upstreams = upstreams(&whole, &mut found);
    for plugin in list(&whole, "plugins") {
        if plugin.get("service").is_some() || plugin.get("route").is_some() {
            let named = word(plugin, "name");
            found.loses(
                None,
                format_args!(
                    "the plugin `{named}` names its service or route, and is not taken over"
                ),
            );
            continue;
        }
        self::plugin(plugin, "kong", &Place::default(), &mut found);
    }
    for service in list(&whole, "services") {
        self::service(service, &upstreams, &mut found);
    }
    found.refuse_other_methods();
    found.deeper_names();
    let known = ["_format_version", "_transform", "_comment", "services", "upstreams", "plugins"];
    for key in whole.as_object().into_iter().flat_map(|object| object.keys()) {
        if !known.contains(&key.as_str()) {
            found.note(None, format_args!("`{key}` is not taken over"));
        }
    }
    Ok(found)
}

/// Targets by the name of their upstream.
fn upstreams(whole: &Value, found: &mut Found) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for upstream in list(whole, "upstreams") {
        let name = word(upstream, "name");
        let targets = list(upstream, "targets").map(|target| word(target, "target").to_owned());
        let targets: Vec<String> = targets.filter(|target| !target.is_empty()).collect();
        if list(upstream, "targets").any(|target| target.get("weight").is_some()) {
            found.note(None, format_args!("weights of the upstream `{name}` are not taken over"));
        }
        for key in ["healthchecks", "algorithm", "hash_on"] {
            if upstream.get(key).is_some() {
                found
                    .note(None, format_args!("`{key}` of the upstream `{name}` is not taken over"));
            }
        }
        all.insert(name.to_owned(), targets);
    }
    all
}

fn service(service: &Value, upstreams: &BTreeMap<String, Vec<String>>, found: &mut Found) {
    let name = word(service, "name");
    if service.get("enabled") == Some(&Value::Bool(false)) {
        return found
            .note(None, format_args!("the service `{name}` is off, and is not taken over"));
    }
    let Some((scheme, host, port, path)) = target(service) else {
        return found
            .note(None, format_args!("the service `{name}` says nowhere where requests go"));
    };
    let is_grpc = scheme.starts_with("grpc");
    let scheme = match scheme.as_str() {
        "http" | "grpc" => "http",
        "https" | "grpcs" => "https",
        other => {
            return found.note(
                None,
                format_args!("the service `{name}` speaks {other}, and is not taken over"),
            );
        }
    };
    if !path.is_empty() && path != "/" {
        found.loses(
            None,
            format_args!("requests to `{name}` go on with their own path, not below {path}"),
        );
    }
    others(service, &format!("the service `{name}`"), found);
    let default = format!("{host}:{port}");
    let servers = upstreams.get(&host).filter(|targets| !targets.is_empty());
    let servers = servers.cloned().unwrap_or_else(|| vec![default]);
    let servers: Vec<_> = servers.iter().map(|server| format!("{scheme}://{server}")).collect();
    for route in list(service, "routes") {
        let made = |hosts: &[String], prefix: &str| Service {
            name: format!("{name}-{}", word(route, "name")),
            hosts: hosts.to_vec(),
            path_prefix: prefix.to_owned(),
            upstreams: servers.clone(),
            balance: None,
            protocol: is_grpc.then_some("http2"),
        };
        self::route(route, service, made, found);
    }
    if list(service, "routes").next().is_none() {
        found.note(None, format_args!("the service `{name}` has no routes, and is not taken over"));
    }
}

fn route(
    route: &Value,
    service: &Value,
    made: impl Fn(&[String], &str) -> Service,
    found: &mut Found,
) {
    let name = word(route, "name");
    let stem = format!("{}-{name}", word(service, "name"));
    let (hosts, methods) = (words(route, "hosts"), words(route, "methods"));
    let is_plain = |path: &String| path.starts_with('/');
    let (plain, odd): (Vec<String>, Vec<String>) =
        words(route, "paths").into_iter().partition(is_plain);
    for path in odd {
        found.loses(
            None,
            format_args!(
                "the path {path:?} of the route `{name}` is an expression, and is not taken over"
            ),
        );
    }
    others(route, &format!("the route `{name}`"), found);
    let prefixes = match (plain.is_empty(), words(route, "paths").is_empty()) {
        (true, true) => vec!["/".to_owned()],
        (true, false) => return,
        (false, _) => plain,
    };
    let is_stripped = route.get("strip_path") != Some(&Value::Bool(false));
    if is_stripped && prefixes.iter().any(|prefix| prefix != "/") {
        found.note(
            None,
            format_args!(
                "requests of the route `{name}` keep the path that Kong takes away (`strip_path`)"
            ),
        );
    }
    if !methods.is_empty() {
        let what = "others are refused, also where another route would take them";
        let methods = methods.join(", ");
        found.note(None, format_args!("the route `{name}` is for {methods}: {what}"));
    }
    let mut place = Place { hosts: hosts.clone(), methods: methods.clone(), ..Place::default() };
    for prefix in &prefixes {
        if let Some(service) = found.service(made(&hosts, prefix)) {
            found.serves(&service, &methods);
        }
        place.paths.extend(place.below(prefix).paths);
    }
    if prefixes.iter().any(|prefix| prefix == "/") {
        place.paths.clear();
    }
    let protocols = words(route, "protocols");
    let is_plain = |protocol: &String| protocol == "http" || protocol == "grpc";
    if !protocols.is_empty() && !protocols.iter().any(is_plain) {
        found.policy(&stem, &place, "https_redirect", json!({}));
    }
    for plugin in list(service, "plugins").chain(list(route, "plugins")) {
        self::plugin(plugin, &stem, &place, found);
    }
}

/// What a plugin amounts to; noted where there is nothing for it.
fn plugin(plugin: &Value, stem: &str, place: &Place, found: &mut Found) {
    let (name, none) = (word(plugin, "name"), Value::Null);
    let settings = plugin.get("config").unwrap_or(&none);
    if plugin.get("enabled") == Some(&Value::Bool(false)) {
        return;
    }
    let number = |key: &str| settings.get(key).and_then(Value::as_u64);
    let texts = |key: &str| words(settings, key);
    match name {
        "rate-limiting" => rates(settings, stem, place, found),
        "ip-restriction" => {
            // As they were called before version 3.
            let (allow, deny) = (texts("allow"), texts("deny"));
            let allow = [allow, texts("whitelist")].concat();
            let deny = [deny, texts("blacklist")].concat();
            match allow.is_empty() && deny.is_empty() {
                true => {
                    found.loses(None, "`ip-restriction` names no addresses that are understood")
                }
                false => {
                    found.policy(stem, place, "address", json!({"allow": allow, "deny": deny}));
                }
            }
        }
        "request-size-limiting" => {
            let unit = match word(settings, "size_unit") {
                "" | "megabytes" => Some(1 << 20),
                "kilobytes" => Some(1 << 10),
                "bytes" => Some(1),
                _ => None,
            };
            match number("allowed_payload_size").zip(unit) {
                Some((size, unit)) => {
                    let bytes = size.saturating_mul(unit);
                    found.policy(stem, place, "size", json!({"body_bytes": bytes}));
                }
                None => found.loses(None, "`request-size-limiting` says no size"),
            }
        }
        "cors" => cors(settings, stem, place, found),
        "key-auth" | "jwt" | "oauth2" | "openid-connect" | "basic-auth" | "hmac-auth" => {
            let any_of = match name {
                "key-auth" => "api_key",
                "basic-auth" => "basic",
                "hmac-auth" => "signature",
                _ => "jwt",
            };
            found.policy(stem, place, "authentication", json!({"any_of": [any_of]}));
            found.note(None, format_args!(
                "`{name}` became `authentication`: its keys and issuers are not taken over (`bartizan keys create`, a `jwt` policy)"
            ));
        }
        _ => found.loses(None, format_args!("the plugin `{name}` is not understood")),
    }
}

fn rates(settings: &Value, stem: &str, place: &Place, found: &mut Found) {
    let number = |key: &str| settings.get(key).and_then(Value::as_u64);
    let by = match word(settings, "limit_by") {
        "ip" => "address",
        // All callers together.
        "service" | "path" => "scope",
        "" | "consumer" | "credential" => "principal",
        other => {
            let what = "counts for each caller here";
            found.loses(None, format_args!("`rate-limiting` by `{other}` {what}"));
            "principal"
        }
    };
    for (key, seconds) in PERIODS {
        if let Some(requests) = number(key) {
            let rate = json!({"requests": requests, "period_seconds": seconds, "by": by});
            found.policy(stem, place, "rate", rate);
        }
    }
    if let Some(requests) = number("day") {
        let quota = json!({"requests": requests, "period": "day", "by": by});
        found.policy(stem, place, "quota", quota);
    }
    for key in ["month", "year"].into_iter().filter(|key| number(key).is_some()) {
        found.loses(None, format_args!("`{key}` of `rate-limiting` is not taken over"));
    }
    let all = ["second", "minute", "hour", "day", "month", "year"];
    if !all.into_iter().any(|key| number(key).is_some()) {
        found.loses(None, "`rate-limiting` says no rate");
    }
}

fn cors(settings: &Value, stem: &str, place: &Place, found: &mut Found) {
    let origins = words(settings, "origins");
    let has_credentials = settings.get("credentials") == Some(&Value::Bool(true));
    let is_plain =
        |origin: &String| origin.starts_with("http") && !origin.contains(['*', '(', '\\']);
    if origins.is_empty() || !origins.iter().all(|origin| origin == "*" || is_plain(origin)) {
        return found
            .note(None, "`cors` names origins by expressions or none, and is not taken over");
    }
    if has_credentials && origins.iter().any(|origin| origin == "*") {
        return found.note(None, "`cors` lets every origin use credentials, and is not taken over");
    }
    let methods = words(settings, "methods");
    let mut cors = json!({"origins": origins, "credentials": has_credentials});
    if !methods.is_empty() {
        cors["methods"] = json!(methods);
    }
    let headers = words(settings, "headers");
    if !headers.is_empty() {
        cors["headers"] = json!(headers);
    }
    found.policy(stem, place, "cors", cors);
}

/// Scheme, host, port and path of where a service is.
fn target(service: &Value) -> Option<(String, String, u64, String)> {
    let default_port = |scheme: &str| if scheme.ends_with('s') { 443 } else { 80 };
    if let Some(url) = service.get("url").and_then(Value::as_str) {
        let uri: http::Uri = url.parse().ok()?;
        let scheme = uri.scheme_str()?.to_owned();
        let port = uri.port_u16().map_or_else(|| default_port(&scheme), u64::from);
        return Some((scheme, uri.host()?.to_owned(), port, uri.path().to_owned()));
    }
    let host = service.get("host")?.as_str()?.to_owned();
    let scheme = match word(service, "protocol") {
        "" => "http",
        scheme => scheme,
    };
    let port = service.get("port").and_then(Value::as_u64).unwrap_or_else(|| default_port(scheme));
    Some((scheme.to_owned(), host, port, word(service, "path").to_owned()))
}

/// Notes what else is said of something.
fn others(value: &Value, what: &str, found: &mut Found) {
    for key in value.as_object().into_iter().flat_map(|object| object.keys()) {
        if !SILENT.contains(&key.as_str()) {
            found.loses(None, format_args!("`{key}` of {what} is not taken over"));
        }
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn words(value: &Value, key: &str) -> Vec<String> {
    list(value, key).filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
