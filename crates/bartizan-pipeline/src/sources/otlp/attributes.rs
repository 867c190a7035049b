//! Attributes of spans, by the semantic conventions of OpenTelemetry for HTTP and RPC.

use serde::Deserialize;
use serde_json::Value;

use super::super::logs::line::{Field, LogLine};

/// Most fields of a message.
const MAX_FIELDS: usize = 200;

/// A name with its value.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Attribute {
    key: String,
    value: Value,
}

impl Attribute {
    /// An attribute of which the value is an `AnyValue` in JSON.
    pub(super) const fn new(key: String, value: Value) -> Self {
        Self { key, value }
    }
}

/// Where attributes go; of several for one place the first in this list counts. The second half are the names
/// before version 1.23 of the conventions.
const TABLE: &[(&str, Field)] = &[
    ("http.request.method_original", Field::Method),
    ("http.request.method", Field::Method),
    ("url.path", Field::Path),
    ("url.query", Field::Query),
    ("url.full", Field::Target),
    ("url.scheme", Field::Scheme),
    ("server.address", Field::Host),
    ("server.port", Field::HostPort),
    ("http.response.status_code", Field::Status),
    ("http.response.body.size", Field::Bytes),
    ("client.address", Field::Client),
    ("client.port", Field::ClientPort),
    ("network.peer.address", Field::Client),
    ("network.protocol.version", Field::Version),
    ("network.local.address", Field::Server),
    ("network.local.port", Field::ServerPort),
    ("user_agent.original", Field::Header("user-agent")),
    ("enduser.id", Field::User),
    ("tls.protocol.version", Field::TlsVersion),
    ("tls.cipher", Field::TlsCipher),
    ("http.method", Field::Method),
    ("http.target", Field::Target),
    ("http.url", Field::Target),
    ("http.scheme", Field::Scheme),
    ("http.host", Field::Host),
    ("net.host.name", Field::Host),
    ("net.host.port", Field::HostPort),
    ("http.status_code", Field::Status),
    ("http.response_content_length", Field::Bytes),
    ("http.client_ip", Field::Client),
    ("net.sock.peer.addr", Field::Client),
    ("net.peer.ip", Field::Client),
    ("http.flavor", Field::Version),
    ("http.user_agent", Field::Header("user-agent")),
];

/// Takes all attributes to their places.
pub(super) fn fill(out: &mut LogLine, attributes: &[Attribute]) {
    for (name, field) in TABLE {
        if let Some(value) = find(attributes, name) {
            out.set(*field, &value);
        }
    }
    for attribute in attributes.iter().take(MAX_FIELDS) {
        let fields = [
            ("http.request.header.", &mut out.headers),
            ("http.response.header.", &mut out.response_headers),
        ];
        for (prefix, headers) in fields {
            if let Some(name) = attribute.key.strip_prefix(prefix) {
                // Before 1.23 dashes were written as underscores.
                let name = name.replace('_', "-");
                texts(&attribute.value).iter().for_each(|value| headers.push(&*name, value));
            }
        }
    }
    if find(attributes, "rpc.system").as_deref() == Some("grpc") {
        grpc(out, attributes);
    }
}

/// A call of gRPC is a POST to `/service/method` (gRPC over HTTP/2).
fn grpc(out: &mut LogLine, attributes: &[Attribute]) {
    let (service, method) = (find(attributes, "rpc.service"), find(attributes, "rpc.method"));
    if let (Some(service), Some(method)) = (service, method) {
        out.set(Field::Method, "POST");
        out.set(Field::Path, &format!("/{service}/{method}"));
        out.set(Field::Protocol, "grpc");
        out.set(Field::Status, "200");
        if let Some(status) = find(attributes, "rpc.grpc.status_code") {
            out.response_headers.push("grpc-status", &status);
        }
    }
}

pub(super) fn find(attributes: &[Attribute], name: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == name)?;
    texts(&attribute.value).into_iter().next()
}

/// The values of an `AnyValue`: one, or those of an array.
fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| -> Option<String> {
        let inner = value.as_object()?.values().next()?;
        match inner {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(yes) => Some(yes.to_string()),
            _ => None,
        }
    };
    match value.pointer("/arrayValue/values").and_then(Value::as_array) {
        Some(values) => values.iter().take(MAX_FIELDS).filter_map(one).collect(),
        None => one(value).into_iter().collect(),
    }
}
