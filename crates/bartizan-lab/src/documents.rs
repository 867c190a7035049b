//! Descriptions of the surface: an honest OpenAPI document, one that is incomplete and has drifted,
//! one for staff; GraphQL SDL, protobuf and WSDL.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    deliveries::EVENTS,
    routes::{Access, ROUTES, Route, Shown},
};

/// The GraphQL schema.
pub const GRAPHQL: &str = include_str!("../assets/schema.graphql");
/// The gRPC services.
pub const PROTO: &str = include_str!("../assets/quayside.proto");
/// The SOAP service; `{origin}` stands for the address.
pub const WSDL: &str = include_str!("../assets/customs.wsdl");

const SCHEMAS: &str = include_str!("../assets/schemas.json");

/// The OpenAPI 3.1 document that says what is there: every published operation, no other.
#[must_use]
pub fn honest() -> Value {
    document("Quayside API", |route| route.shown == Shown::Yes)
}

/// The OpenAPI document that partners get: it lacks operations, describes one that never was,
/// and is wrong about methods, parameters and types. The differences are in [`DRIFT`].
#[must_use]
pub fn drifting() -> Value {
    let mut document = document("Quayside partner API", |route| {
        let lacking = DRIFT.iter().any(|d| d.kind == "missing" && d.path == route.path);
        route.shown == Shown::Yes && !lacking
    });
    document["info"]["version"] = json!("3.9.0");
    // A hook that came later.
    if let Some(hooks) = document["webhooks"].as_object_mut() {
        hooks.remove("shipment.changed");
    }
    let paths = &mut document["paths"];
    let gone = json!({"get": {
        "operationId": "getManifest", "summary": "Manifest of a vessel",
        "parameters": [path_parameter("id")], "responses": {"200": {"description": "The manifest"}},
    }});
    paths["/api/v1/manifests/{id}"] = gone;
    // A method that changed.
    let change = paths["/api/v1/me"]["patch"].take();
    paths["/api/v1/me"] = json!({"get": paths["/api/v1/me"]["get"], "put": change});
    // A parameter that is not documented, and an operation that is said to need nothing.
    paths["/api/v1/shipments"]["get"]["parameters"] = json!([]);
    paths["/api/v1/vouchers/{code}"]["get"]["security"] = json!([]);
    // A type that is wrong, and a field that is not documented.
    let shipment = &mut document["components"]["schemas"]["Shipment"]["properties"];
    shipment["weight_kg"] = json!({"type": "string"});
    if let Some(properties) = shipment.as_object_mut() {
        properties.remove("declared_value");
    }
    document
}

/// Every operation of the table, the unpublished ones too.
#[must_use]
pub fn internal() -> Value {
    document("Quayside API, for staff", |route| {
        let outside = ["/_lab", "/_internal", "/_partner"];
        !outside.iter().any(|prefix| route.path.starts_with(prefix))
    })
}

/// One difference between the drifting document and what is there.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Drift {
    /// `missing`, `ghost`, `method`, `parameter`, `security`, `hook`, `type` or `field`.
    pub kind: &'static str,
    /// Where.
    pub path: &'static str,
    /// What is different.
    pub what: &'static str,
}

const fn drift(kind: &'static str, path: &'static str, what: &'static str) -> Drift {
    Drift { kind, path, what }
}

/// What the drifting document has wrong.
pub const DRIFT: &[Drift] = &[
    drift("missing", "/api/v1/documents/import", "the operation is not described"),
    drift("missing", "/api/v1/webhooks/test", "the operation is not described"),
    drift("missing", "/api/v1/admin/users", "the operation is not described"),
    drift("missing", "/api/v1/admin/export", "the operation is not described"),
    drift("missing", "/api/v1/users/{id}/summary", "the operation is not described"),
    drift("missing", "/auth/otp", "the operation is not described"),
    drift("ghost", "/api/v1/manifests/{id}", "described, but not there"),
    drift("method", "/api/v1/me", "described as PUT, is PATCH"),
    drift("parameter", "/api/v1/shipments", "limit and sort are not described"),
    drift("security", "/api/v1/vouchers/{code}", "described as open, needs a login"),
    drift("type", "/components/schemas/Shipment/weight_kg", "described as text, is a whole number"),
    drift("hook", "/webhooks/shipment.changed", "not described"),
    drift("field", "/components/schemas/Shipment/declared_value", "not described"),
];

fn document(title: &str, shown: impl Fn(&Route) -> bool) -> Value {
    let mut paths: BTreeMap<&str, Value> = BTreeMap::new();
    for route in ROUTES.iter().filter(|route| shown(route)) {
        let method = route.method.as_str().to_ascii_lowercase();
        paths.entry(route.path).or_insert_with(|| json!({}))[method] = operation(route);
    }
    let schemas: Value = serde_json::from_str(SCHEMAS).unwrap_or_default();
    json!({
        "openapi": "3.1.0",
        "info": {"title": title, "version": "4.2.0"},
        "servers": [{"url": "/"}],
        "paths": paths,
        "webhooks": hooks(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    })
}

/// What registered hooks are sent.
fn hooks() -> BTreeMap<&'static str, Value> {
    let text = |name: &str| json!({"name": name, "in": "header", "required": true, "schema": {"type": "string"}});
    let fields = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(text);
    let hook = |event: &'static str| {
        let hook = json!({"post": {
            "operationId": name(&Method::POST, event),
            "summary": format!("Sent to hooks that are registered for {event}"),
            "description": "Signed and tried again as Standard Webhooks says.",
            "parameters": fields,
            "requestBody": {"required": true, "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/HookEvent"},
            }}},
            "responses": {"2XX": {"description": "It was received"}},
            "security": [],
        }});
        (event, hook)
    };
    EVENTS.into_iter().map(hook).collect()
}

fn path_parameter(name: &str) -> Value {
    // Invoices and vouchers have names, everything else numbers; the handlers decide.
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> =
        route.path.split(['{', '}']).skip(1).step_by(2).map(path_parameter).collect();
    for name in route.query.split_whitespace() {
        let number = ["limit", "width", "height", "age"].contains(&name);
        let kind = if number { "integer" } else { "string" };
        parameters.push(json!({"name": name, "in": "query", "schema": {"type": kind}}));
    }
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let (body, answer) = route.schemas;
    let status = match (route.method.as_str(), answer) {
        ("GET", "") => "200",
        (_, "") => "204",
        ("POST", "Shipment" | "Quote" | "Document" | "Webhook") if makes(route.path) => "201",
        _ => "200",
    };
    let mut good = json!({"description": route.summary});
    if !answer.is_empty() {
        good["content"] = json!({"application/json": {"schema": reference(answer)}});
    }
    let mut out = json!({
        "operationId": name(&route.method, route.path),
        "summary": route.summary,
        "responses": {status: good, "default": {
            "description": "A problem",
            "content": {"application/problem+json": {"schema": reference("Problem")}},
        }},
    });
    if !parameters.is_empty() {
        out["parameters"] = json!(parameters);
    }
    if !body.is_empty() {
        let kind = if body == "Upload" { "multipart/form-data" } else { "application/json" };
        out["requestBody"] =
            json!({"required": true, "content": {kind: {"schema": reference(body)}}});
    }
    out["security"] = match route.access {
        Access::Anyone => json!([]),
        Access::User => json!([{"bearer": []}, {"key": []}]),
        Access::From(role) => {
            out["description"] = json!(format!("For the role {} and above.", role.name()));
            json!([{"bearer": []}, {"key": []}])
        }
    };
    out
}

/// Whether a POST to a path makes something new.
fn makes(path: &str) -> bool {
    ["/shipments", "/quotes", "/documents", "/documents/import", "/webhooks"]
        .iter()
        .any(|end| path.ends_with(end))
}

/// A name for an operation: its method and the words of its path.
fn name(method: &Method, path: &str) -> String {
    let mut out = method.as_str().to_ascii_lowercase();
    let words = path.split(|c: char| !c.is_alphanumeric());
    for word in words.filter(|word| !word.is_empty() && !["api", "v1"].contains(word)) {
        let (head, tail) = word.split_at(1);
        out.push_str(&head.to_ascii_uppercase());
        out.push_str(tail);
    }
    out
}
