//! Requests and answers against small specifications.

use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::phases::Streamed;

mod by_hand;

/// Far more than is needed.
const ROOM: u32 = 1_000_000;

fn fields(pairs: &[(&'static str, String)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, String)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
    };
    pairs.iter().map(pair).collect()
}

fn compiled(config: &OpenApiConfig) -> Contract {
    let config = OpenApiConfig { budget_micros: ROOM, ..config.clone() };
    Contract::compile(&config, 7, &LearnedContracts::default()).expect("compiles")
}

fn ask(
    contract: &Contract,
    method: &str,
    target: &str,
    pairs: &[(&'static str, String)],
    body: &[u8],
) -> Checked {
    let (method, uri) = (method.parse().expect("a method"), target.parse().expect("a target"));
    let (all, body) = (fields(pairs), Bytes::copy_from_slice(body));
    let asked = Asked { method: &method, uri: &uri, fields: all.iter().collect() };
    contract.request(&asked, BodyView::Whole(&body), &mut Readings::default())
}

/// What becomes of a request.
pub(super) fn asked(
    config: &OpenApiConfig,
    method: &str,
    target: &str,
    pairs: &[(&'static str, String)],
    body: &str,
) -> Checked {
    ask(&compiled(config), method, target, pairs, body.as_bytes())
}

/// Status, reason and detail of a request that is refused.
pub(super) fn refused(
    config: &OpenApiConfig,
    method: &str,
    target: &str,
    pairs: &[(&'static str, String)],
    body: &str,
) -> (u16, String, String) {
    let refusal = asked(config, method, target, pairs, body).expect_err(target);
    assert_eq!(refusal.code, "contract-refused");
    (refusal.status.as_u16(), refusal.reason.to_owned(), refusal.detail)
}

/// What becomes of a request, as a text: `passes`, why it was not compared completely, or status and reason.
fn becomes(contract: &Contract, method: &str, target: &str, kind: &str, body: &[u8]) -> String {
    let pairs = if kind.is_empty() { Vec::new() } else { vec![("content-type", kind.to_owned())] };
    told(ask(contract, method, target, &pairs, body))
}

fn told(checked: Checked) -> String {
    match checked {
        Ok(None) => "passes".to_owned(),
        Ok(Some(reason)) => reason.to_owned(),
        Err(refusal) => format!("{} {}", refusal.status.as_u16(), refusal.reason),
    }
}

fn orders() -> OpenApiConfig {
    let order = json!({
        "type": "object", "required": ["sku", "quantity"],
        "properties": {
            "id": {"type": "integer", "readOnly": true},
            "sku": {"type": "string", "pattern": "^SKU-[0-9]{4}$"},
            "quantity": {"type": "integer", "minimum": 1},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
    });
    let file = json!({"type": "object", "required": ["file"], "properties": {
        "file": {"type": "string", "format": "binary"}, "about": {"type": "object", "required": ["n"]}, "n": {"type": "integer"}}});
    let inline = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "servers": [{"url": "https://a.example/v1"}],
        "components": {
            "schemas": {"Order": order},
            "securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "key"}},
        },
        "paths": {
            "/orders": {
                "post": {
                    "requestBody": {"required": true, "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Order"}},
                        "application/x-www-form-urlencoded": {
                            "schema": {"$ref": "#/components/schemas/Order"},
                            "encoding": {"tags": {"style": "pipeDelimited"}},
                        },
                        "text/plain": {"schema": {"type": "integer", "maximum": 9}},
                        "application/xml": {"schema": {"$ref": "#/components/schemas/Order"}},
                        "image/*": {"schema": {"type": "string", "format": "binary"}},
                    }},
                    "responses": {
                        "201": {"description": "d",
                            "headers": {"Location": {"required": true, "schema": {"type": "string", "pattern": "^/"}}},
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                        "4XX": {"description": "d", "content": {"application/problem+json": {"schema": {"required": ["title"]}}}},
                        "204": {"description": "d"},
                    },
                },
                "get": {
                    "parameters": [{"name": "limit", "in": "query", "required": true,
                        "schema": {"type": "integer", "maximum": 100}}],
                    "responses": {"200": {"description": "d"}},
                },
            },
            "/files": {"post": {"requestBody": {"content": {"multipart/form-data": {"schema": file}}},
                "responses": {"200": {"description": "d"}}}},
        },
    });
    OpenApiConfig {
        inline: Some(inline),
        answers: Some(AnswersConfig::default()),
        ..OpenApiConfig::default()
    }
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const GOOD: &str = r#"{"sku":"SKU-0001","quantity":1}"#;

#[test]
fn paths_methods_and_what_is_not_documented() {
    let contract = compiled(&orders());
    for (method, target, expected) in [
        ("GET", "/v1/orders?limit=10", "passes"),
        ("HEAD", "/v1/orders?limit=10", "passes"),
        ("GET", "/v1/orders?limit=10&key=secret", "passes"),
        ("GET", "/v1/orders", "400 required"),
        ("GET", "/v1/orders?limit=101", "400 maximum"),
        ("GET", "/v1/orders?limit=1%27", "400 type"),
        ("GET", "/v1/orders?limit=1&limit=2", "400 duplicate"),
        ("GET", "/v1/orders?limit=1&debug=1", "400 undocumented-query"),
        ("GET", "/v1/orders?limit=1&_method=DELETE", "400 method-override"),
        ("DELETE", "/v1/orders", "405 undocumented-method"),
        ("GET", "/orders?limit=1", "404 undocumented-path"),
        ("GET", "/v1/orders/", "404 undocumented-path"),
        ("GET", "/v1/x/..%2forders?limit=1", "404 undocumented-path"),
        ("TRACE", "/v1/orders", "405 undocumented-method"),
    ] {
        assert_eq!(becomes(&contract, method, target, "", b""), expected, "{method} {target}");
    }
    let refusal = ask(&contract, "DELETE", "/v1/orders", &[], b"").expect_err("not documented");
    assert_eq!(refusal.fields, [(header::ALLOW, HeaderValue::from_static("GET, POST"))]);
    for (name, expected) in [
        ("x-original-url", "400 path-override"),
        ("x-http-method-override", "400 method-override"),
        ("x_original_url", "400 path-override"),
        ("x_http.method_override", "400 method-override"),
        ("x-tenant", "passes"),
    ] {
        let pairs = [(name, "/admin".to_owned())];
        assert_eq!(told(ask(&contract, "GET", "/v1/orders?limit=1", &pairs, b"")), expected);
    }
}

#[test]
fn every_switch_lets_pass_what_it_is_for() {
    let pass = Undocumented::Pass;
    let undocumented = UndocumentedConfig {
        paths: pass,
        methods: pass,
        query: pass,
        content_types: pass,
        headers: Undocumented::Refuse,
        cookies: Undocumented::Refuse,
        statuses: pass,
    };
    let contract = compiled(&OpenApiConfig { undocumented, ..orders() });
    for (method, target, kind, body, expected) in [
        ("GET", "/none", "", "", "undocumented-path"),
        ("DELETE", "/v1/orders", "", "", "undocumented-method"),
        ("GET", "/v1/orders?limit=1&debug=1", "", "", "passes"),
        ("GET", "/v1/orders?limit=1&_method=PUT", "", "", "method-override"),
        ("POST", "/v1/orders", "text/html", "<p>", "undocumented-content-type"),
        ("GET", "/v1/orders?limit=1", JSON, "{}", "undocumented-body"),
    ] {
        assert_eq!(
            becomes(&contract, method, target, kind, body.as_bytes()),
            expected,
            "{method} {target}"
        );
    }
    for (name, value, expected) in [
        ("x-tenant", "a", "400 undocumented-header"),
        ("user-agent", "a", "passes"),
        ("sec-fetch-mode", "a", "passes"),
        ("cookie", "a=b", "400 undocumented-cookie"),
    ] {
        let pairs = [(name, value.to_owned())];
        assert_eq!(
            told(ask(&contract, "GET", "/v1/orders?limit=1", &pairs, b"")),
            expected,
            "{name}"
        );
    }
}

#[test]
fn bodies_by_their_media_type() {
    let contract = compiled(&orders());
    for (kind, body, expected) in [
        (JSON, GOOD, "passes"),
        ("application/json; charset=utf-8", GOOD, "passes"),
        (JSON, r#"{"sku":"SKU-0001","quantity":0}"#, "422 minimum"),
        (JSON, r#"{"sku":"SKU-0001","quantity":1,"id":5}"#, "422 readOnly"),
        (JSON, r#"{"sku":"SKU-0001","quantity":1,"quantity":9}"#, "415 not-readable"),
        (JSON, r#"{"sku":"SKU-0001""#, "415 not-readable"),
        (JSON, "", "400 no-body"),
        (FORM, "sku=SKU-0001&quantity=2&tags=a%7Cb", "passes"),
        (FORM, "sku=SKU-0001&quantity=two", "422 type"),
        (FORM, "sku=SKU-0001&quantity=1&quantity=2", "415 not-readable"),
        (FORM, "quantity=1", "422 required"),
        ("text/plain", "7", "passes"),
        ("text/plain", "10", "422 maximum"),
        ("image/png", "\u{89}PNG", "passes"),
        ("application/xml", "<a/>", "media-type-not-compared"),
        ("text/html", "<p>", "415 undocumented-content-type"),
        ("", GOOD, "415 undocumented-content-type"),
        ("application/json, text/html", GOOD, "415 undocumented-content-type"),
    ] {
        assert_eq!(
            becomes(&contract, "POST", "/v1/orders", kind, body.as_bytes()),
            expected,
            "{kind}: {body}"
        );
    }
    let part = |name: &str, more: &str, content: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n")
    };
    let file = part(
        "file",
        "; filename=\"a.bin\"\r\nContent-Type: application/octet-stream",
        "\u{1}\u{2}",
    );
    let about = |text: &str| part("about", "\r\nContent-Type: application/json", text);
    for (parts, expected) in [
        (vec![file.clone(), about(r#"{"n":1}"#), part("n", "", "17")], "passes"),
        (vec![file.clone(), about("{}")], "422 required"),
        (vec![file, part("n", "", "x")], "422 type"),
        (vec![part("n", "", "17")], "422 required"),
    ] {
        let body = format!("{}--B--\r\n", parts.concat());
        let kind = "multipart/form-data; boundary=B";
        assert_eq!(
            becomes(&contract, "POST", "/v1/files", kind, body.as_bytes()),
            expected,
            "{body}"
        );
    }
    assert_eq!(becomes(&contract, "POST", "/v1/files", "", b""), "passes", "not required");
}

#[test]
fn places_are_told_and_values_are_not() {
    let config = orders();
    let body = r#"{"sku":"hunter2","quantity":1}"#;
    let kind = [("content-type", JSON.to_owned())];
    let (_, _, detail) = refused(&config, "POST", "/v1/orders", &kind, body);
    assert_eq!(detail, "/sku fails pattern");
    let (_, _, detail) = refused(&config, "GET", "/v1/orders?limit=hunter2", &[], "");
    assert_eq!(detail, "/query/limit fails type");
    let (_, _, detail) = refused(&config, "GET", "/v1/orders?limit=1&hunter2=1", &[], "");
    assert_eq!(detail, "");
}

#[test]
fn unknown_properties_when_they_are_to_be_refused() {
    let config = OpenApiConfig { unknown_properties: UnknownProperties::Refuse, ..orders() };
    let body = br#"{"sku":"SKU-0001","quantity":1,"role":"admin"}"#;
    assert_eq!(becomes(&compiled(&orders()), "POST", "/v1/orders", JSON, body), "passes");
    let strict = compiled(&config);
    assert_eq!(becomes(&strict, "POST", "/v1/orders", JSON, body), "422 additionalProperties");
    assert_eq!(becomes(&strict, "POST", "/v1/orders", JSON, GOOD.as_bytes()), "passes");
    let form = b"sku=SKU-0001&quantity=1&role=admin";
    assert_eq!(becomes(&strict, "POST", "/v1/orders", FORM, form), "422 additionalProperties");
}

fn answer(
    contract: &Contract,
    status: u16,
    pairs: &[(&'static str, String)],
    body: BodyView<'_>,
) -> Option<String> {
    let mut response = http::Response::new(()).into_parts().0;
    response.status = StatusCode::from_u16(status).expect("a status");
    response.headers = fields(pairs);
    let (method, uri) = (Method::POST, Uri::from_static("/v1/orders"));
    let asked = Asked { method: &method, uri: &uri, fields: Vec::new() };
    contract.answer(&asked, &response, body, &mut Readings::default()).map(told)
}

#[test]
fn answers_by_status_media_type_fields_and_body() {
    let contract = compiled(&orders());
    let kind = |kind: &str| ("content-type", kind.to_owned());
    let location = |to: &str| ("location", to.to_owned());
    for (status, pairs, body, expected) in [
        (
            201,
            vec![kind(JSON), location("/o/1")],
            r#"{"id":5,"sku":"SKU-0001","quantity":1}"#,
            "passes",
        ),
        (201, vec![kind(JSON), location("/o/1")], r#"{"sku":"x","quantity":1}"#, "502 pattern"),
        (201, vec![kind(JSON)], GOOD, "502 required"),
        (201, vec![kind(JSON), location("o")], GOOD, "502 pattern"),
        (201, vec![kind("text/html"), location("/o")], "<p>", "502 undocumented-content-type"),
        (201, vec![kind(JSON), location("/o")], "", "502 no-body"),
        (201, vec![kind(JSON), location("/o")], "{", "not-readable"),
        (404, vec![kind("application/problem+json")], r#"{"title":"x"}"#, "passes"),
        (404, vec![kind("application/problem+json")], "{}", "502 required"),
        (204, vec![], "", "passes"),
        (500, vec![kind("text/html")], "trace", "undocumented-status"),
    ] {
        let bytes = Bytes::from(body.to_owned());
        let found = answer(&contract, status, &pairs, BodyView::Whole(&bytes));
        assert_eq!(found.as_deref(), Some(expected), "{status} {pairs:?} {body}");
    }
    let streamed = BodyView::Streamed(Streamed::Endless);
    let found = answer(&contract, 404, &[kind("application/problem+json")], streamed);
    assert_eq!(found.as_deref(), Some("body-not-held"));
    let undocumented =
        UndocumentedConfig { statuses: Undocumented::Refuse, ..UndocumentedConfig::default() };
    let strict = compiled(&OpenApiConfig { undocumented, ..orders() });
    let found = answer(&strict, 500, &[], BodyView::Whole(&Bytes::new()));
    assert_eq!(found.as_deref(), Some("502 undocumented-status"));
}

#[test]
fn what_there_is_no_room_or_time_for() {
    let long = format!("{{\"sku\":\"SKU-0001\",\"quantity\":1,\"x\":\"{}\"}}", "x".repeat(2_000));
    let small = OpenApiConfig { body_bytes: 1_000, ..orders() };
    assert_eq!(
        becomes(&compiled(&small), "POST", "/v1/orders", JSON, long.as_bytes()),
        "413 over-limits"
    );
    let lax = OpenApiConfig { on_budget: OnGap::Pass, ..small };
    assert_eq!(
        becomes(&compiled(&lax), "POST", "/v1/orders", JSON, long.as_bytes()),
        "over-limits"
    );
    let parts = Parts::new(0);
    let document = source::read(&orders()).expect("read");
    let documented =
        document.operations.iter().find(|one| one.path == "/orders" && one.method == "POST");
    let operation = Operation::new(&document, documented.expect("an operation"));
    let side = Side { is_answer: false, is_closed: false, is_one_sided: true };
    let part = operation.bodies[0].part(With { document: &document, parts: &parts, side });
    assert_eq!(part.expect("a schema").map(|_| ()), Err("no-room-for-schema"));
}

#[test]
fn swagger_forms_and_files() {
    let inline = json!({
        "swagger": "2.0", "info": {"title": "t", "version": "1"}, "basePath": "/api", "consumes": ["multipart/form-data", FORM],
        "paths": {"/pets": {"post": {
            "parameters": [
                {"name": "n", "in": "formData", "type": "integer", "required": true},
                {"name": "l", "in": "formData", "type": "array", "items": {"type": "integer"}, "collectionFormat": "csv"},
            ],
            "responses": {"200": {"description": "d"}},
        }}},
    });
    let contract = compiled(&OpenApiConfig { inline: Some(inline), ..OpenApiConfig::default() });
    for (body, expected) in [
        ("n=1&l=1,2", "passes"),
        ("n=1&l=1,x", "422 type"),
        ("l=1", "422 required"),
        ("", "400 no-body"),
    ] {
        assert_eq!(
            becomes(&contract, "POST", "/api/pets", FORM, body.as_bytes()),
            expected,
            "{body}"
        );
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    for (config, key) in [
        (OpenApiConfig { body_bytes: u32::MAX, ..orders() }, "body_bytes"),
        (OpenApiConfig { budget_micros: 1, ..orders() }, "budget_micros"),
        (OpenApiConfig { schema_values: 1, ..orders() }, "schema_values"),
        (OpenApiConfig { base_path: Some("v1".into()), ..orders() }, "base_path"),
        (
            OpenApiConfig {
                inline: Some(json!({"openapi": "3.1.0", "info": {}, "paths": {}})),
                ..orders()
            },
            "inline",
        ),
    ] {
        assert_eq!(
            Contract::compile(&config, 1, &LearnedContracts::default())
                .map(|_| ())
                .map_err(|problem| problem.key),
            Err(key.to_owned())
        );
    }
}
