//! `analyze --format openapi`: what was learned about the endpoints of one host, as an OpenAPI document
//! (OpenAPI 3.1.1, 2024). It tells what was seen: what stands under `x-bartizan-…` is no promise of the API,
//! such as the bounds of the values that happened to come.

mod matrix;
mod schema;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{
    Auth, AuthType, Direction, Endpoint, HostPattern, InventoryState, Parameter, Protocol,
    endpoint::{BodySeen, MIN_REQUIRED_SAMPLES},
};
use serde_json::{Map, Value, json};

/// The methods that a path item has a place for (OpenAPI 3.1.1 §4.8.9).
const METHODS: [&str; 8] = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"];

/// The document of one host, with a final line break; `endpoints` are those of it that were called.
pub(super) fn text(endpoints: &[&Endpoint], host: &str) -> String {
    // A value of text keys alone can always be written.
    format!("{:#}\n", document(endpoints, host))
}

fn document(endpoints: &[&Endpoint], host: &str) -> Value {
    let mut known = endpoints.to_vec();
    known.sort_by_key(|endpoint| (&endpoint.path, &endpoint.method.0, &endpoint.operation));
    let mut writer = Writer::default();
    for same in known.chunk_by(|a, b| a.path == b.path && a.method == b.method) {
        writer.operation(same);
    }
    let requests: u64 = known.iter().map(|endpoint| endpoint.requests).sum();
    let last = known.iter().filter_map(|endpoint| endpoint.last_seen).max();
    let version = last.map_or_else(|| "unknown".to_owned(), |time| time.to_string());
    let mut document = json!({
        "openapi": "3.1.1",
        "info": {
            "title": if host.is_empty() { "API without a name" } else { host },
            "version": version.get(..10).unwrap_or(&version),
            "description": format!(
                "Learned from {requests} requests by Bartizan {}: what was seen, not what is promised.",
                env!("CARGO_PKG_VERSION"),
            ),
        },
        "servers": [server(&known, host)],
        "paths": writer.paths,
    });
    if !writer.schemes.is_empty() {
        document["components"] = json!({ "securitySchemes": writer.schemes });
    }
    if !writer.left_out.is_empty() {
        document["x-bartizan-left-out"] = json!(writer.left_out);
    }
    document
}

/// Where the document says that the API is. A variable has to have a default (OpenAPI 3.1.1 §4.8.6): what it stands
/// for in the host that was seen most, else its name.
fn server(endpoints: &[&Endpoint], host: &str) -> Value {
    let Ok(pattern) = HostPattern::new(host) else {
        let url = if host.is_empty() { "/".to_owned() } else { format!("//{host}") };
        return json!({ "url": url });
    };
    let resources = endpoints.iter().flat_map(|endpoint| &endpoint.resources);
    let seen = resources.max_by_key(|one| (pattern.fits(&one.name), one.requests, &one.name));
    let value = seen.and_then(|one| pattern.value(&one.name));
    let variable = |name: &str| (name.to_owned(), json!({ "default": value.unwrap_or(name) }));
    let variables: Map<String, Value> = pattern.names().map(variable).collect();
    json!({ "url": format!("//{host}"), "variables": variables })
}

#[derive(Default)]
struct Writer {
    paths: BTreeMap<String, Map<String, Value>>,
    schemes: BTreeMap<String, Value>,
    /// Names of operations.
    ids: BTreeSet<String>,
    /// What a document has no place for.
    left_out: Vec<String>,
}

impl Writer {
    /// Writes the endpoints of one method and path: several where more is called there.
    fn operation(&mut self, same: &[&Endpoint]) {
        let Some(first) = same.first() else { return };
        let method = first.method.0.as_str();
        // Parameters are the same ones whatever their names (§4.8.8.1).
        if !METHODS.contains(&method) || !first.path.starts_with('/') {
            self.left_out.push(format!("{method} {}", first.path));
            return;
        }
        let mut operation = Map::new();
        operation.insert("operationId".into(), self.id(first).into());
        let names = parameter_names(&first.path);
        let mut parameters = parameters(first, &names);
        let of_segments = matrix::OfSegments::of(first, &names);
        parameters.extend(of_segments.parameters);
        self.left_out.extend(of_segments.left_out);
        if !parameters.is_empty() {
            operation.insert("parameters".into(), parameters.into());
        }
        let is_rest = same.iter().all(|endpoint| endpoint.protocol == Protocol::Rest);
        if let Some(body) = request_body(same, is_rest) {
            operation.insert("requestBody".into(), body);
        }
        operation.insert("responses".into(), responses(same, is_rest));
        if same.iter().any(|endpoint| is_deprecated(endpoint)) {
            operation.insert("deprecated".into(), true.into());
        }
        if let Some(security) = self.security(first) {
            operation.insert("security".into(), security);
        }
        let called: Vec<_> = same.iter().filter_map(|e| e.operation_at_path()).collect();
        if !called.is_empty() {
            operation.insert("x-bartizan-operations".into(), json!(called));
        }
        if same.iter().all(|endpoint| !endpoint.confirmed) {
            operation.insert("x-bartizan-provisional".into(), true.into());
        }
        let requests: u64 = same.iter().map(|endpoint| endpoint.requests).sum();
        operation.insert("x-bartizan-requests".into(), requests.into());
        let item = self.paths.entry(of_segments.path).or_default();
        item.insert(method.to_ascii_lowercase(), operation.into());
    }

    /// A name of its own: `get_v1_orders_order_id`.
    fn id(&mut self, endpoint: &Endpoint) -> String {
        let text = format!("{} {}", endpoint.method.0.to_ascii_lowercase(), endpoint.path);
        let words =
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let name = words.collect::<Vec<_>>().join("_");
        let mut id = name.clone();
        for number in 2_u32.. {
            if self.ids.insert(id.clone()) {
                break;
            }
            id = format!("{name}_{number}");
        }
        id
    }

    /// Ways of authentication, any of which is enough; `None` where nothing is known.
    fn security(&mut self, endpoint: &Endpoint) -> Option<Value> {
        if endpoint.auth_judged == 0 {
            return None;
        }
        let mut ways: Vec<Value> = Vec::new();
        for auth in &endpoint.auth {
            let (name, scheme) = scheme(auth);
            ways.push(json!({ &name: [] }));
            self.schemes.insert(name, scheme);
        }
        ways.dedup();
        // Some were answered without: that it is optional is what this says (§4.8.30).
        if !ways.is_empty() && endpoint.auth_anonymous.is_some_and(|count| count > 0) {
            ways.push(json!({}));
        }
        Some(ways.into())
    }
}

const fn is_deprecated(endpoint: &Endpoint) -> bool {
    matches!(endpoint.inventory_state, InventoryState::Zombie)
}

/// The security scheme that a way of authentication is (§4.8.27).
fn scheme(auth: &Auth) -> (String, Value) {
    let http = |scheme: &str| json!({ "type": "http", "scheme": scheme });
    let value = match auth.auth_type {
        AuthType::Basic => http("basic"),
        AuthType::Digest => http("digest"),
        AuthType::Bearer => http("bearer"),
        AuthType::Jwt if auth.location == "header" && auth.name == "authorization" => {
            json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" })
        }
        AuthType::Certificate => json!({ "type": "mutualTLS" }),
        AuthType::ApiKey
        | AuthType::Jwt
        | AuthType::SessionCookie
        | AuthType::Signature
        | AuthType::Other => {
            let at = if matches!(auth.location.as_str(), "query" | "cookie") {
                auth.location.as_str()
            } else {
                "header"
            };
            json!({ "type": "apiKey", "in": at, "name": auth.name })
        }
    };
    let kind = serde_json::to_value(auth.auth_type).ok();
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or("other");
    let is_word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    (format!("{kind}_{}", auth.name.chars().map(is_word).collect::<String>()), value)
}

/// Names in braces.
fn parameter_names(path: &str) -> Vec<&str> {
    let mut parts = path.split('{');
    parts.next();
    parts.filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

/// Parameters of path, query, head and cookies. A path parameter must be there for each name of the template.
fn parameters(endpoint: &Endpoint, names: &[&str]) -> Vec<Value> {
    let sent = || endpoint.parameters.iter().filter(|p| p.direction == Direction::Request);
    let mut out = Vec::new();
    for name in names {
        let location = format!("path.{name}");
        let known = sent().find(|parameter| parameter.location.as_str() == location);
        out.push(json!({
            "name": name, "in": "path", "required": true,
            "schema": known.map_or_else(|| json!({ "type": "string" }), schema::scalar),
        }));
    }
    let mut seen = BTreeSet::new();
    for (at, parameter) in sent().filter_map(|parameter| Some((place(parameter)?, parameter))) {
        if seen.insert((at, parameter.name.as_str())) {
            out.push(json!({
                "name": parameter.name, "in": at, "required": parameter.required == Some(true),
                "schema": schema::scalar(parameter), "x-bartizan-seen": parameter.seen,
            }));
        }
    }
    out
}

/// Where a parameter of a whole value is sent. What is decoded of a value is no parameter.
fn place(parameter: &Parameter) -> Option<&'static str> {
    let (root, name) = parameter.location.as_str().split_once('.')?;
    let at = match root {
        "query" => "query",
        "header" => "header",
        "cookie" => "cookie",
        _ => return None,
    };
    (!name.is_empty() && !parameter.name.is_empty() && !name.contains(['/', '!'])).then_some(at)
}

/// Bodies of a direction and status, with the endpoint and their position there.
fn bodies<'a>(
    same: &'a [&Endpoint],
    direction: Direction,
    status: Option<u16>,
) -> impl Iterator<Item = (&'a Endpoint, u32, &'a BodySeen)> {
    same.iter().flat_map(move |endpoint| {
        let bodies = (0_u32..).zip(&endpoint.bodies);
        let fits = move |body: &BodySeen| body.direction == direction && body.status == status;
        bodies.filter(move |(_, body)| fits(body)).map(|(at, body)| (*endpoint, at, body))
    })
}

/// By media type. What is called at one path by name has no schema in common.
fn content<'a>(
    bodies: impl Iterator<Item = (&'a Endpoint, u32, &'a BodySeen)>,
    is_rest: bool,
) -> Map<String, Value> {
    let mut content = Map::new();
    for (endpoint, at, body) in bodies {
        let name = if body.media_type.is_empty() { "*/*" } else { &body.media_type };
        let media = if is_rest {
            json!({ "schema": schema::of_body(endpoint, at, body.direction) })
        } else {
            json!({})
        };
        content.entry(name).or_insert(media);
    }
    content
}

fn request_body(same: &[&Endpoint], is_rest: bool) -> Option<Value> {
    let content = content(bodies(same, Direction::Request, None), is_rest);
    if content.is_empty() {
        return None;
    }
    let with: u64 = bodies(same, Direction::Request, None).map(|(_, _, body)| body.count).sum();
    let granted: u64 = same.iter().map(|endpoint| endpoint.successes()).sum();
    let required = with >= granted && granted >= MIN_REQUIRED_SAMPLES;
    Some(json!({ "content": content, "required": required }))
}

fn responses(same: &[&Endpoint], is_rest: bool) -> Value {
    let mut statuses: BTreeMap<u16, u64> = BTreeMap::new();
    for (status, count) in same.iter().flat_map(|endpoint| &endpoint.statuses) {
        *statuses.entry(*status).or_default() += count;
    }
    let mut out = Map::new();
    for (status, count) in statuses.into_iter().filter(|(status, _)| (100..600).contains(status)) {
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let mut response = json!({ "description": format!("Seen {times}") });
        let content = content(bodies(same, Direction::Response, Some(status)), is_rest);
        if !content.is_empty() {
            response["content"] = content.into();
        }
        out.insert(status.to_string(), response);
    }
    if out.is_empty() {
        out.insert("default".into(), json!({ "description": "No answer was seen" }));
    }
    out.into()
}
