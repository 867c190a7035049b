use bartizan_model::{
    Location, Method,
    endpoint::{BodySeen, Bounds, InBody},
};
use bartizan_protocols::spec::{self, NoFiles};

use super::*;

const SPEC: &str = r##"openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /orders/{id}:
    get:
      security: [{token: []}]
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
        - {name: expand, in: query, schema: {type: string, enum: [items, customer]}}
        - {name: limit, in: query, required: true, schema: {type: integer}}
        - {name: unused, in: query, schema: {type: boolean}}
      responses:
        "200":
          description: ok
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Order'}
        4XX:
          description: no
          content:
            application/problem+json: {schema: {type: object, properties: {title: {type: string}}}}
components:
  securitySchemes: {token: {type: http, scheme: bearer}}
  schemas:
    Base: {type: object, required: [id], properties: {id: {type: integer}, secret: {type: string, writeOnly: true}}}
    Order:
      allOf:
        - $ref: '#/components/schemas/Base'
        - type: object
          required: [total, state, items]
          properties:
            total: {type: string}
            state: {type: string, enum: [open, shut]}
            note: {type: string, nullable: true}
            discount: {type: number}
            labels: {type: object, additionalProperties: {type: string}}
            owner: {oneOf: [{$ref: '#/components/schemas/Base'}, {type: object, properties: {name: {type: string}}}]}
            items:
              type: array
              items: {type: object, properties: {price: {type: number}}}
"##;

pub(super) fn field(location: &str, value_type: &str, seen: u64, of: u64) -> Parameter {
    let location = Location::from_text(location);
    let in_body = location.as_str().starts_with("body:");
    let direction = if in_body { Direction::Response } else { Direction::Request };
    Parameter {
        name: location.last_name(),
        direction,
        value_type: value_type.to_owned(),
        format: String::new(),
        required: None,
        examples_redacted: Vec::new(),
        seen,
        bounds: Bounds::default(),
        words: Vec::new(),
        pattern: String::new(),
        confidence: 0.0,
        bodies: in_body.then_some(InBody { body: 0, seen, of }).into_iter().collect(),
        location,
    }
}

/// Answers as they are written: 40 of them.
pub(super) fn agreeing() -> Endpoint {
    let mut state = field("body:/state", "string", 40, 40);
    state.words = vec!["open".to_owned()];
    let body = BodySeen {
        direction: Direction::Response,
        status: Some(200),
        media_type: "application/json".to_owned(),
        count: 40,
    };
    Endpoint {
        method: Method("GET".to_owned()),
        path: "/orders/{id}".to_owned(),
        statuses: vec![(200, 40), (304, 2), (404, 3)],
        bodies: vec![body],
        parameters: vec![
            field("query.limit", "integer", 60, 0),
            field("query.expand", "string", 9, 0),
            field("query.unused", "boolean", 1, 0),
            field("body:/discount", "integer", 2, 40),
            field("body:/id", "integer", 40, 40),
            field("body:/items", "array", 40, 40),
            field("body:/items/*", "object", 80, 0),
            field("body:/items/*/price", "number|integer", 80, 80),
            field("body:/labels", "object", 5, 40),
            field("body:/labels/a", "string", 5, 5),
            field("body:/note", "string|null", 40, 40),
            field("body:/owner", "object", 40, 40),
            field("body:/owner/name", "string", 40, 40),
            state,
            field("body:/total", "string", 40, 40),
        ],
        ..Endpoint::default()
    }
}

fn drift(
    endpoint: &Endpoint,
    anonymous: u64,
) -> Vec<(DriftGrade, DriftKind, String, String, String, String)> {
    let document = spec::read(SPEC.as_bytes(), &mut NoFiles).expect("reads");
    assert!(document.problems.is_empty(), "{:?}", document.problems);
    let operation = document.operations.first().expect("an operation");
    let written = compare(endpoint, Known { anonymous, ..Known::of("s", &document, operation) });
    assert_eq!((written.document.as_str(), written.line), ("s", 5));
    written
        .drift
        .into_iter()
        .map(|d| (d.grade, d.kind, d.part, d.location, d.written, d.seen))
        .collect()
}

fn only(endpoint: &Endpoint) -> (DriftGrade, DriftKind, String, String, String, String) {
    let mut found = drift(endpoint, 0);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn told(
    grade: DriftGrade,
    kind: DriftKind,
    texts: [&str; 4],
) -> (DriftGrade, DriftKind, String, String, String, String) {
    let [part, location, written, seen] = texts.map(str::to_owned);
    (grade, kind, part, location, written, seen)
}

#[test]
fn what_agrees_has_no_drift() {
    assert_eq!(drift(&agreeing(), 0), []);
    let few = Endpoint {
        parameters: Vec::new(),
        bodies: Vec::new(),
        statuses: vec![(200, 3)],
        ..agreeing()
    };
    assert_eq!(drift(&few, 0), [], "three exchanges prove no absence");
}

#[test]
fn each_difference_is_told_by_its_grade() {
    use DriftGrade::{Breaking, Info, Warning};
    let change = |location: &str, with: &dyn Fn(&mut Parameter)| {
        let mut endpoint = agreeing();
        let found = endpoint.parameters.iter_mut().find(|p| p.location.as_str() == location);
        with(found.expect("a field"));
        endpoint
    };
    let without = |location: &str| {
        let mut endpoint = agreeing();
        endpoint.parameters.retain(|p| p.location.as_str() != location);
        endpoint
    };
    let with = |more: Parameter| {
        let mut endpoint = agreeing();
        endpoint.parameters.push(more);
        endpoint
    };
    assert_eq!(
        only(&change("body:/total", &|p| p.value_type = "number".to_owned())),
        told(Breaking, DriftKind::Type, ["200", "body:/total", "string", "number"])
    );
    assert_eq!(
        only(&change("body:/id", &|p| p.value_type = "integer|null".to_owned())),
        told(Breaking, DriftKind::Type, ["200", "body:/id", "integer", "null"])
    );
    assert_eq!(
        only(&change("body:/state", &|p| p.words.push("lost".to_owned()))),
        told(Breaking, DriftKind::Value, ["200", "body:/state", "open · shut", "lost"])
    );
    assert_eq!(
        only(&change("body:/id", &|p| p.bodies[0].seen = 39)),
        told(Breaking, DriftKind::Missing, ["200", "body:/id", "required", "39 of 40 had it"])
    );
    assert_eq!(
        only(&without("body:/discount")),
        told(Info, DriftKind::Unused, ["200", "body:/discount", "number", "never there"])
    );
    assert_eq!(
        only(&with(field("body:/staff_note", "string", 3, 40))),
        told(Warning, DriftKind::Unwritten, ["200", "body:/staff_note", "", "string"])
    );
    assert_eq!(
        only(&with(field("body:/items/*/cost", "number", 3, 80))),
        told(Warning, DriftKind::Unwritten, ["200", "body:/items/*/cost", "", "number"])
    );
    assert_eq!(
        only(&change("body:/labels/a", &|p| p.value_type = "integer".to_owned())),
        told(Breaking, DriftKind::Type, ["200", "body:/labels/a", "string", "integer"])
    );
    assert_eq!(
        only(&with(field("query.debug", "boolean", 3, 0))),
        told(Warning, DriftKind::Unwritten, ["request", "query.debug", "", "boolean"])
    );
    assert_eq!(
        only(&change("query.limit", &|p| p.seen = 41)),
        told(
            Warning,
            DriftKind::Missing,
            ["request", "query.limit", "required", "41 of 42 granted had it"]
        )
    );
    assert_eq!(
        only(&change("query.limit", &|p| p.value_type = "string|integer".to_owned())),
        told(Warning, DriftKind::Type, ["request", "query.limit", "integer", "string"])
    );
    assert_eq!(
        only(&without("query.unused")),
        told(Info, DriftKind::Unused, ["request", "query.unused", "boolean", "never sent"])
    );
}

#[test]
fn statuses_media_types_and_access_are_compared() {
    use DriftGrade::{Breaking, Info, Warning};
    let answered = |status: u16, media_type: &str| {
        let mut endpoint = agreeing();
        endpoint.statuses.push((status, 2));
        endpoint.bodies.push(BodySeen {
            direction: Direction::Response,
            status: Some(status),
            media_type: media_type.to_owned(),
            count: 2,
        });
        endpoint
    };
    assert_eq!(drift(&answered(404, "application/problem+json"), 0), []);
    assert_eq!(
        only(&answered(202, "application/json")),
        told(Warning, DriftKind::Status, ["202", "", "200, 4XX", "2 times"])
    );
    assert_eq!(
        only(&answered(503, "text/html")),
        told(Info, DriftKind::Status, ["503", "", "200, 4XX", "2 times"])
    );
    assert_eq!(
        only(&answered(200, "text/csv")),
        told(Warning, DriftKind::MediaType, ["200", "", "application/json", "text/csv"])
    );
    let seen = ["request", "", "token", "3 granted without a credential"];
    assert_eq!(
        drift(&agreeing(), 3),
        [told(Breaking, DriftKind::AnsweredWithoutAuthentication, seen)]
    );
}

#[test]
fn schemas_that_refer_to_themselves_end() {
    let text = r##"{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": {"responses": {"200": {
        "description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}}}},
        "components": {"schemas": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/A"}],
        "anyOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/A"}]}}}}"##;
    let document = spec::read(text.as_bytes(), &mut NoFiles).expect("reads");
    let operation = document.operations.first().expect("an operation");
    let known = Known::of("s", &document, operation);
    let begin = std::time::Instant::now();
    let drift = compare(&agreeing(), known).drift;
    assert!(drift.iter().all(|d| !d.location.starts_with("body:")), "{drift:?}");
    assert!(begin.elapsed().as_secs() < 5);
}

#[test]
fn what_must_be_there_need_not_be_described_and_cookies_have_types() {
    let text = r"openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a:
    get:
      parameters: [{name: page, in: cookie, required: true, schema: {type: integer}}]
      responses: {'200': {description: ok, content: {application/json: {schema: {
        type: object, required: [id, gone], properties: {id: {type: integer}}}}}}}
";
    let document = spec::read(text.as_bytes(), &mut NoFiles).expect("reads");
    let operation = document.operations.first().expect("an operation");
    let endpoint = |cookie: &str| Endpoint {
        parameters: vec![field("cookie.page", cookie, 42, 0), field("body:/id", "integer", 40, 40)],
        ..agreeing()
    };
    let told = |cookie: &str| {
        let drift = compare(&endpoint(cookie), Known::of("s", &document, operation)).drift;
        let told = drift.into_iter().filter(|one| one.kind != DriftKind::Status);
        told.map(|one| (one.kind, one.location, one.seen)).collect::<Vec<_>>()
    };
    let gone = (DriftKind::Missing, "body:/gone".to_owned(), "never there".to_owned());
    assert_eq!(told("integer"), std::slice::from_ref(&gone));
    let cookie = (DriftKind::Type, "cookie.page".to_owned(), "string".to_owned());
    assert_eq!(told("string"), [gone, cookie]);
}
