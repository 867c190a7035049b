use bartizan_model::{
    Direction, Location, Method,
    endpoint::{InBody, Span},
};

use super::*;
use crate::output::learned::Learned;

fn body(direction: Direction, status: Option<u16>, media_type: &str, count: u64) -> BodySeen {
    BodySeen { direction, status, media_type: media_type.to_owned(), count }
}

/// A parameter of answers: in which body, how often, of how many.
fn field(location: &str, value_type: &str, bodies: &[(u32, u64, u64)]) -> Parameter {
    let location = Location::from_text(location);
    Parameter {
        name: location.last_name(),
        location,
        direction: Direction::Response,
        value_type: value_type.to_owned(),
        format: String::new(),
        required: None,
        examples_redacted: Vec::new(),
        seen: bodies.iter().map(|(_, seen, _)| seen).sum(),
        bounds: bartizan_model::endpoint::Bounds::default(),
        words: Vec::new(),
        pattern: String::new(),
        confidence: 0.0,
        bodies: bodies
            .iter()
            .map(|(body, seen, of)| InBody { body: *body, seen: *seen, of: *of })
            .collect(),
    }
}

fn endpoint() -> Endpoint {
    let mut id = field("path.id", "integer", &[]);
    id.direction = Direction::Request;
    id.bounds.number = Some(Span { least: 1.0, most: 99.0 });
    let mut limit = field("query.limit", "integer", &[]);
    limit.direction = Direction::Request;
    let mut state = field("body:/items/*/state", "string|null", &[(0, 40, 40)]);
    state.words = vec!["open".to_owned(), "shut".to_owned()];
    Endpoint {
        host: "api.example.com".to_owned(),
        method: Method("GET".to_owned()),
        path: "/v1/orders/{id}".to_owned(),
        requests: 23,
        statuses: vec![(200, 20), (404, 3)],
        auth: vec![Auth {
            auth_type: AuthType::Jwt,
            location: "header".to_owned(),
            name: "authorization".to_owned(),
            coverage: 0.9,
        }],
        auth_judged: 20,
        auth_anonymous: Some(2),
        bodies: vec![
            body(Direction::Response, Some(200), "application/json", 20),
            body(Direction::Response, Some(404), "application/problem+json", 3),
        ],
        parameters: vec![
            id,
            limit,
            field("body:/items", "array", &[(0, 20, 20)]),
            field("body:/items/*", "object", &[(0, 40, 20)]),
            field("body:/items/*/price", "integer|number", &[(0, 30, 40)]),
            state,
            field("body:/labels", "object", &[(0, 2, 20)]),
            field("body:/labels/{key}", "boolean", &[(0, 9, 2)]),
            field("body:/token!jwt/sub", "string", &[(0, 20, 20)]),
            field("body:/title", "string", &[(1, 3, 3)]),
        ],
        ..Endpoint::default()
    }
}

#[test]
fn bodies_have_schemas_by_status_and_media_type() {
    let document = document(&[&endpoint()], "api.example.com");
    let get = &document["paths"]["/v1/orders/{id}"]["get"];
    assert_eq!(get["operationId"], "get_v1_orders_id");
    assert_eq!(
        get["parameters"],
        json!([
            { "name": "id", "in": "path", "required": true,
              "schema": { "type": "integer", "x-bartizan-bounds": { "minimum": 1, "maximum": 99 } } },
            { "name": "limit", "in": "query", "required": false, "schema": { "type": "integer" },
              "x-bartizan-seen": 0 },
        ])
    );
    assert_eq!(
        get["responses"]["200"]["content"]["application/json"]["schema"],
        json!({
            "type": "object",
            "properties": {
                "items": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "price": { "type": "number" },
                            "state": { "type": ["string", "null"], "enum": ["open", "shut", null] },
                        },
                        "required": ["state"],
                    },
                },
                "labels": { "type": "object", "additionalProperties": { "type": "boolean" } },
            },
            "required": ["items"],
        })
    );
    assert_eq!(
        get["responses"]["404"]["content"]["application/problem+json"]["schema"],
        json!({ "type": "object", "properties": { "title": { "type": "string" } } }),
        "three are too few to call a field required"
    );
    assert_eq!(get["security"], json!([{ "jwt_authorization": [] }, {}]));
    assert_eq!(document["servers"], json!([{ "url": "//api.example.com" }]));
}

#[test]
fn what_is_called_at_one_path_is_one_operation() {
    let named = |operation: &str| Endpoint {
        method: Method("POST".to_owned()),
        path: "/graphql".to_owned(),
        protocol: Protocol::Graphql,
        operation: Some(operation.to_owned()),
        bodies: vec![body(Direction::Request, None, "application/json", 23)],
        parameters: Vec::new(),
        ..endpoint()
    };
    let odd = Endpoint { method: Method("PROPFIND".to_owned()), ..endpoint() };
    let orphan = Endpoint { path: "/never".to_owned(), requests: 0, ..endpoint() };
    let other = Endpoint { host: "b".to_owned(), requests: 99, ..endpoint() };
    let all = [named("query a"), named("mutation b"), odd, orphan, other];
    assert_eq!(Learned::Openapi.hosts(&all), [("b", 99), ("api.example.com", 69)]);
    let text = Learned::Openapi.document(&all, "api.example.com", "");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let paths = document["paths"].as_object().expect("an object");
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["/graphql"]);
    let post = &paths["/graphql"]["post"];
    assert_eq!(post["x-bartizan-operations"], json!(["mutation b", "query a"]));
    assert_eq!(post["x-bartizan-requests"], 46);
    assert_eq!(post["requestBody"]["content"], json!({ "application/json": {} }));
    assert_eq!(document["x-bartizan-left-out"], json!(["PROPFIND /v1/orders/{id}"]));
}

#[test]
fn parameters_of_segments_are_of_style_matrix_where_that_can_be_written() {
    let sent = |location: &str, required: Option<bool>| {
        let location = Location::from_text(location);
        let name = location.last_name();
        let direction = Direction::Request;
        Parameter { name, location, required, direction, ..field("", "number", &[]) }
    };
    let map = Endpoint {
        path: "/maps/point/{id}".to_owned(),
        parameters: vec![
            sent("path.id", Some(true)),
            sent("path.point;lat", Some(true)),
            sent("path.point;lon", Some(true)),
            sent("path.point;zoom", Some(false)),
            sent("path.id;id", Some(true)),
            sent("path.gone;x", Some(true)),
        ],
        ..endpoint()
    };
    let point = Endpoint {
        path: "/points/;point;at".to_owned(),
        parameters: vec![sent("path.;at", None), sent("path.;point", None)],
        ..endpoint()
    };
    let document = document(&[&map, &point], "api.example.com");
    let paths = document["paths"].as_object().expect("an object");
    assert_eq!(
        paths.keys().collect::<Vec<_>>(),
        ["/maps/point{lat}{lon}/{id}", "/points/{point}{at}"]
    );
    let parameters = &document["paths"]["/maps/point{lat}{lon}/{id}"]["get"]["parameters"];
    let written: Vec<_> = parameters
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["name"].as_str().unwrap_or(""), one["style"].as_str(), one["in"].as_str()))
        .collect();
    assert_eq!(
        written,
        [
            ("id", None, Some("path")),
            ("lat", Some("matrix"), Some("path")),
            ("lon", Some("matrix"), Some("path"))
        ]
    );
    assert_eq!(
        document["x-bartizan-left-out"],
        json!([
            "GET /maps/point/{id} ;zoom: not every request had it",
            "GET /maps/point/{id} ;id: its path has another of that name",
            "GET /maps/point/{id} ;x: no segment that it stands behind",
        ])
    );
}

#[test]
fn bodies_of_xml_have_schemas_that_say_how_they_are_written() {
    let order = Endpoint {
        method: Method("POST".to_owned()),
        path: "/orders".to_owned(),
        bodies: vec![body(Direction::Response, Some(200), "application/xml", 20)],
        parameters: vec![
            field("xml:/order", "object", &[(0, 20, 20)]),
            field("xml:/order/@id", "string", &[(0, 20, 20)]),
            field("xml:/order/@xmlns", "string", &[(0, 20, 20)]),
            field("xml:/order/id", "string", &[(0, 4, 20)]),
            field("xml:/order/line", "object", &[(0, 60, 20)]),
            field("xml:/order/line/sku", "string", &[(0, 60, 60)]),
            field("xml:/order/price", "string", &[(0, 20, 20)]),
            field("xml:/order/price/@currency", "string", &[(0, 20, 20)]),
        ],
        ..endpoint()
    };
    let document = document(&[&order], "api.example.com");
    let content = &document["paths"]["/orders"]["post"]["responses"]["200"]["content"];
    assert_eq!(
        content["application/xml"]["schema"],
        json!({
            "type": "object",
            "xml": { "name": "order" },
            "properties": {
                "id": { "type": "string" },
                "@id": { "type": "string", "xml": { "attribute": true, "name": "id" } },
                "line": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": { "sku": { "type": "string" } },
                        "required": ["sku"],
                    },
                },
                "price": {
                    "type": "object",
                    "properties": { "currency": { "type": "string", "xml": { "attribute": true } } },
                    "required": ["currency"],
                    "x-bartizan-text": true,
                },
            },
            "required": ["line", "price", "@id"],
        })
    );
}

#[test]
fn a_name_that_came_several_times_is_an_array_and_says_how_far_it_is_believed() {
    let mut tags = field("query.tag", "array", &[]);
    tags.direction = Direction::Request;
    tags.format = "integer".to_owned();
    tags.confidence = Parameter::confidence_of(20);
    tags.bounds = bartizan_model::endpoint::Bounds {
        number: Some(Span { least: 3.0, most: 9.0 }),
        length: Some(Span { least: 1, most: 1 }),
        items: Some(Span { least: 1, most: 2 }),
    };
    let of_json = field("body:/items", "array", &[(0, 20, 20)]);
    assert_eq!(schema::scalar(&of_json), json!({ "type": "array" }));
    assert_eq!(
        schema::scalar(&tags),
        json!({
            "type": "array",
            "items": {
                "type": "integer",
                "x-bartizan-bounds": { "minimum": 3, "maximum": 9, "minLength": 1, "maxLength": 1 },
            },
            "x-bartizan-bounds": { "minItems": 1, "maxItems": 2 },
            "x-bartizan-confidence": 0.8389,
        })
    );
}

#[test]
fn a_single_word_is_no_list_of_all_there_are() {
    let mut word = field("query.state", "string", &[]);
    word.words = vec!["open".to_owned()];
    assert_eq!(schema::scalar(&word), json!({ "type": "string" }));
    word.words.push("shut".to_owned());
    assert_eq!(schema::scalar(&word)["enum"], json!(["open", "shut"]));
}

#[test]
fn cookies_are_parameters() {
    let mut theme = field("cookie.theme", "string", &[]);
    theme.direction = Direction::Request;
    assert_eq!(place(&theme), Some("cookie"));
}
