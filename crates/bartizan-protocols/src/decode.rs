//! One exchange to one parsed view.

use bartizan_model::{Exchange, Headers, Limits, Root, Side};

use crate::view::{NodeId, Step, Value, View};

/// An exchange, parsed once.
#[derive(Debug, Default)]
pub struct Decoded {
    /// Typed values of both sides.
    pub view: View,
}

/// Decodes both sides of an exchange. `seed` keys the hashes of general locations.
#[must_use]
pub fn decode(exchange: &Exchange, limits: &Limits, seed: u64) -> Decoded {
    let mut view = View::new(limits, seed);
    if let Some(path) = view.open_root(Side::Request, Root::Path) {
        for (i, segment) in exchange.request.path().trim_start_matches('/').split('/').enumerate() {
            view.leaf(path, Step::Index(i as u32), Value::Text(segment));
        }
        view.close(path);
    }
    if let Some(query) = view.open_root(Side::Request, Root::Query) {
        for pair in exchange.request.query().unwrap_or("").split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            view.leaf(query, Step::Key(name), Value::Text(value));
        }
        view.close(query);
    }
    message(&mut view, Side::Request, &exchange.request.headers, &exchange.request.body);
    if let Some(response) = &exchange.response {
        message(&mut view, Side::Response, &response.headers, &response.body);
    }
    Decoded { view }
}

fn message(view: &mut View, side: Side, headers: &Headers, body: &[u8]) {
    if let Some(root) = view.open_root(side, Root::Header) {
        for (name, value) in headers.iter() {
            view.leaf(root, Step::Key(&name.to_ascii_lowercase()), Value::Text(value));
        }
        view.close(root);
    }
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body)
        && let Some(root) = view.open_root(side, Root::Body)
    {
        fill(view, root, &json);
        view.close(root);
    }
}

fn fill(view: &mut View, id: NodeId, json: &serde_json::Value) {
    match json {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                child(view, id, Step::Key(key), value);
            }
        }
        serde_json::Value::Array(items) => {
            view.set_value(id, Value::Array);
            for (i, value) in items.iter().enumerate() {
                child(view, id, Step::Index(i as u32), value);
            }
        }
        serde_json::Value::String(text) => view.set_value(id, Value::Text(text)),
        serde_json::Value::Number(n) => view.set_value(
            id,
            n.as_i64().map_or(Value::Number(n.as_f64().unwrap_or(0.0)), Value::Integer),
        ),
        serde_json::Value::Bool(b) => view.set_value(id, Value::Bool(*b)),
        serde_json::Value::Null => view.set_value(id, Value::Null),
    }
}

fn child(view: &mut View, parent: NodeId, step: Step<'_>, json: &serde_json::Value) {
    if let Some(id) = view.open(parent, step, Value::Object) {
        fill(view, id, json);
        view.close(id);
    }
}
