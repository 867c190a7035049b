//! The OpenAPI 3.1 document, made from the declarations of the operations.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use schemars::{
    SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value, json};

use super::{
    BASE, access,
    operation::{Header, Needs, Operation},
    operations,
    problem::Problem,
    reply::JSON,
};

/// Statuses that any operation may answer.
const ALWAYS: [StatusCode; 5] = [
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::URI_TOO_LONG,
];

/// The document.
pub(crate) fn document() -> Value {
    let (mut taken, mut given) = (generator(Contract::Deserialize), generator(Contract::Serialize));
    let problem = given.subschema_for::<Problem>().to_value();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for declared in operations::all() {
        let described = operation(&declared, &mut taken, &mut given, &problem);
        let path = paths.entry(format!("{BASE}{}", declared.path)).or_default();
        path.insert(declared.method.as_str().to_ascii_lowercase(), described);
    }
    let mut schemas = taken.take_definitions(true);
    schemas.extend(given.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bartizan administration",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": {
                    "type": "apiKey", "in": "cookie", "name": access::COOKIE,
                    "description": format!(
                        "POST {BASE}/session gives the cookie. Every change also needs the header \
                         {}, with the value that GET {BASE}/session gives.", access::CSRF_HEADER
                    ),
                },
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": format!("POST {BASE}/tokens gives one."),
                },
            },
        },
    })
}

const DESCRIPTION: &str = "What Bartizan knows and what it is told. The scopes that an operation names \
    are the roles that it needs at least. Lists are given in parts: `limit` says how many items, and \
    `next` of the answer is the `after` of the next request. Where `sort` can be given, `after` goes on in the same \
    order only. `fields` names the members of each item that are wanted; the answer then has a media type \
    of its own. A filter that takes several values means any of them. Answers to GET carry an ETag, but \
    for tables.";

fn generator(contract: Contract) -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    settings.contract = contract;
    settings.into_generator()
}

fn operation(
    declared: &Operation,
    taken: &mut SchemaGenerator,
    given: &mut SchemaGenerator,
    problem: &Value,
) -> Value {
    let mut described = Map::new();
    described.insert("operationId".to_owned(), declared.id.into());
    described.insert("summary".to_owned(), declared.summary.into());
    let group = declared.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    described.insert("tags".to_owned(), json!([group]));
    let security = match declared.needs {
        Needs::Nobody => json!([]),
        Needs::Role(role) => json!([{"session": [role.as_str()]}, {"token": [role.as_str()]}]),
    };
    described.insert("security".to_owned(), security);
    let parameters = parameters(declared, taken);
    if !parameters.is_empty() {
        described.insert("parameters".to_owned(), parameters.into());
    }
    if let Some(body) = declared.body {
        let content = json!({"application/json": {"schema": body(taken).to_value()}});
        described.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
    }
    described.insert("responses".to_owned(), responses(declared, given, problem));
    Value::Object(described)
}

fn parameters(declared: &Operation, taken: &mut SchemaGenerator) -> Vec<Value> {
    let mut parameters = Vec::new();
    if let Some(name) = declared.path.split(['{', '}']).nth(1) {
        let schema = json!({"type": "string", "maxLength": 256});
        parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }
    let query = (declared.query)(taken).to_value();
    let properties = query.get("properties").and_then(Value::as_object);
    let required = query.get("required").and_then(Value::as_array);
    for (name, schema) in properties.into_iter().flatten() {
        let required = required.is_some_and(|all| all.iter().any(|one| one == name));
        let mut schema = schema.clone();
        let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut parameter =
            json!({"name": name, "in": "query", "required": required, "schema": schema});
        about.map(|about| parameter.as_object_mut().map(|p| p.insert("description".into(), about)));
        parameters.push(parameter);
    }
    if let Some(list) = &declared.list {
        parameters.extend(list.parameters(taken));
    }
    parameters
}

fn responses(declared: &Operation, given: &mut SchemaGenerator, problem: &Value) -> Value {
    let mut responses = Map::new();
    let mut success = json!({"description": reason(declared.status)});
    if let (Some(answer), Some(success)) = (declared.answer, success.as_object_mut()) {
        let kind = if declared.is_stream { "text/event-stream" } else { JSON };
        let schema = answer(given).to_value();
        let content = match &declared.list {
            Some(list) => list.content(schema, given),
            None => json!({kind: {"schema": schema}}),
        };
        success.insert("content".to_owned(), content);
    }
    if let (false, Some(success)) = (declared.headers.is_empty(), success.as_object_mut()) {
        let headers: Map<String, Value> = declared
            .headers
            .iter()
            .map(|Header { name, what, kind }| {
                (name.to_string(), json!({"description": what, "schema": {"type": kind}}))
            })
            .collect();
        success.insert("headers".to_owned(), headers.into());
    }
    responses.insert(declared.status.as_str().to_owned(), success);
    let is_read = declared.method == Method::GET;
    if is_read {
        let unchanged = json!({"description": reason(StatusCode::NOT_MODIFIED)});
        responses.insert("304".to_owned(), unchanged);
    }
    let mut failures = ALWAYS.to_vec();
    // Logging in answers 401 too.
    failures.push(StatusCode::UNAUTHORIZED);
    failures.push(StatusCode::FORBIDDEN);
    failures.push(StatusCode::NOT_FOUND);
    if declared.body.is_some() {
        failures.extend([StatusCode::UNSUPPORTED_MEDIA_TYPE, StatusCode::PAYLOAD_TOO_LARGE]);
    }
    for status in failures {
        let content = json!({"application/problem+json": {"schema": problem}});
        let failure = json!({"description": reason(status), "content": content});
        responses.insert(status.as_str().to_owned(), failure);
    }
    Value::Object(responses)
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_has_its_own_name_and_place() {
        let all = operations::all();
        let ids: BTreeSet<&str> = all.iter().map(|o| o.id).collect();
        let places: BTreeSet<String> =
            all.iter().map(|o| format!("{} {}", o.method, o.path)).collect();
        assert_eq!((ids.len(), places.len()), (all.len(), all.len()));
        for operation in &all {
            assert!(operation.summary.ends_with(|c: char| c.is_alphanumeric() || c == ')'));
            assert_eq!(
                operation.needs == Needs::Nobody,
                operation.id == "logIn",
                "{} may be called by anybody",
                operation.id
            );
        }
    }

    #[test]
    fn a_type_looks_alike_coming_and_going() {
        let (mut taken, mut given) =
            (generator(Contract::Deserialize), generator(Contract::Serialize));
        for declared in operations::all() {
            let _ = operation(&declared, &mut taken, &mut given, &Value::Null);
        }
        let (taken, given) = (taken.take_definitions(true), given.take_definitions(true));
        for (name, schema) in &taken {
            assert!(given.get(name).is_none_or(|other| other == schema), "{name}");
        }
    }
}
