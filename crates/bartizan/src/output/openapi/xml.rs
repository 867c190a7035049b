//! Schemas of bodies that are XML, with what OpenAPI has to say how a schema is written as XML (OpenAPI 3.1.1 §4.8.26).
//! Namespaces and prefixes are not known, as messages are read without. Text beside attributes or elements has no
//! place in a schema of that version, and stands under `x-bartizan-text`.

use bartizan_model::Fields;
use serde_json::{Map, Value, json};

use super::schema::describe;

/// Deepest element.
const MAX_DEPTH: usize = 64;

/// The schema of a document by its outermost element; of one that had several, any of them.
pub(super) fn of_document(root: &Fields<'_>) -> Value {
    let outermost = root.keys.iter().filter(|(name, _)| is_element(name));
    let mut all: Vec<Value> = outermost
        .map(|(name, fields)| {
            let mut schema = element(fields, 0);
            schema.insert("xml".into(), json!({ "name": name }));
            schema.into()
        })
        .collect();
    match all.len() {
        0 => json!({}),
        1 => all.remove(0),
        _ => json!({ "oneOf": all }),
    }
}

/// What is shown to detectors as a name and is none.
fn is_element(name: &str) -> bool {
    !name.starts_with(['@', '!'])
}

/// The name of an attribute; `None` for elements, for what declares namespaces, and for those of another one, such
/// as `xsi:type`.
fn attribute(name: &str) -> Option<&str> {
    let name = name.strip_prefix('@')?;
    (name != "xmlns" && !name.contains(':')).then_some(name)
}

fn element(fields: &Fields<'_>, depth: usize) -> Map<String, Value> {
    let mut schema = Map::new();
    let attributes: Vec<_> =
        fields.keys.iter().filter_map(|(name, field)| Some((attribute(name)?, field))).collect();
    let elements: Vec<_> = fields.keys.iter().filter(|(name, _)| is_element(name)).collect();
    if (attributes.is_empty() && elements.is_empty()) || depth >= MAX_DEPTH {
        if let Some((parameter, _)) = fields.parameter {
            describe(parameter, &mut schema);
        }
        return schema;
    }
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, field) in elements {
        let own = element(field, depth + 1);
        let own: Value =
            if is_repeated(field) { json!({ "type": "array", "items": own }) } else { own.into() };
        properties.insert(name.clone(), own);
        if field.is_required() {
            required.push(name.clone());
        }
    }
    for (name, field) in attributes {
        let mut own = Map::new();
        if let Some((parameter, _)) = field.parameter {
            describe(parameter, &mut own);
        }
        // An element may have the same name.
        let is_taken = properties.contains_key(name);
        let key = if is_taken { format!("@{name}") } else { name.to_owned() };
        let mut xml = json!({ "attribute": true });
        if is_taken {
            xml["name"] = name.into();
        }
        own.insert("xml".into(), xml);
        if field.is_required() {
            required.push(key.clone());
        }
        properties.insert(key, own.into());
    }
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties.into());
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    let types = || fields.types();
    if types().any(|name| name != "object" && name != "null") {
        schema.insert("x-bartizan-text".into(), true.into());
    }
    schema
}

/// Whether it was there several times in what it is in, at least once. That it comes once at most is not said.
fn is_repeated(fields: &Fields<'_>) -> bool {
    fields.parameter.is_some_and(|(_, seen)| seen.seen > seen.of)
}
