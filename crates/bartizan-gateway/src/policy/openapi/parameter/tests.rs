//! Every place, style and way to write a parameter, and what is made of hostile ones.

use bartizan_protocols::spec::{self, NoFiles};
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::policy::openapi::{
    OpenApiConfig,
    tests::{asked, refused},
};

const STYLES: &str = include_str!("../../../../tests/fixtures/openapi/styles.yaml");
const PAGE: &str = include_str!("../../../../../../docs/openapi-contract.md");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    r#in: String,
    style: String,
    explode: Value,
    r#type: String,
    versions: Vec<String>,
    parameter: Value,
    sent: String,
    reads: Value,
    refused: std::collections::BTreeMap<String, Vec<String>>,
}

fn rows() -> Vec<Row> {
    serde_saphyr::from_str(STYLES).expect("the table")
}

fn document(version: &str, parameter: &Value) -> Value {
    let path = if parameter["in"] == "path" { "/a/{p}" } else { "/a" };
    let word = if version == "2.0" { "swagger" } else { "openapi" };
    let version = if version == "2.0" { version.to_owned() } else { format!("{version}.0") };
    json!({
        word: version,
        "info": {"title": "t", "version": "1"},
        "paths": {path: {"get": {"parameters": [parameter], "responses": {"200": {"description": "d"}}}}},
    })
}

/// Target, header field and cookie of a request that says this in that place.
fn request(place: &str, sent: &str) -> (String, Vec<(&'static str, String)>) {
    let query = if sent.is_empty() { "/a".to_owned() } else { format!("/a?{sent}") };
    match place {
        "path" => (format!("/a/{sent}"), Vec::new()),
        "header" => ("/a".to_owned(), vec![("p", sent.to_owned())]),
        "cookie" => ("/a".to_owned(), vec![("cookie", sent.to_owned())]),
        _ => (query, Vec::new()),
    }
}

/// What the parameter is read as, as JSON.
fn read(document: &Value, place: &str, sent: &str) -> Result<Value, Wrong> {
    let document = spec::read(document.to_string().as_bytes(), &mut NoFiles).expect("read");
    let parameters: Vec<_> = document.operations[0]
        .parameters
        .iter()
        .filter_map(|one| Parameter::new(&document, one))
        .collect();
    let (target, fields) = request(place, sent);
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        })
        .collect();
    let path = if place == "path" { vec![("p", sent)] } else { Vec::new() };
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let fields = fields.iter().map(|(name, value)| (name, value)).collect();
    let head = Head::new(path, query, fields).expect("a head");
    let written = write(&parameters, &head)?;
    let value: Value = serde_json::from_str(&written).expect("JSON");
    Ok(value[place]["p"].clone())
}

#[test]
fn every_way_to_write_a_parameter() {
    for row in rows() {
        for version in &row.versions {
            let document = document(version, &row.parameter);
            let about =
                format!("{} {} {} {} in {version}", row.r#in, row.style, row.explode, row.r#type);
            assert_eq!(read(&document, &row.r#in, &row.sent), Ok(row.reads.clone()), "{about}");
            let (target, fields) = request(&row.r#in, &row.sent);
            let config = OpenApiConfig { inline: Some(document), ..OpenApiConfig::default() };
            let passes = asked(&config, "GET", &target, &fields, "");
            assert_eq!(passes.map_err(|refusal| refusal.reason), Ok(None), "{about}");
            for (keyword, all) in &row.refused {
                for sent in all {
                    let (target, fields) = request(&row.r#in, sent);
                    let refusal = refused(&config, "GET", &target, &fields, "");
                    assert_eq!(refusal.0, 400, "{about}: {sent}");
                    assert_eq!(&refusal.1, keyword, "{about}: {sent}: {}", refusal.2);
                }
            }
        }
    }
}

#[test]
fn the_table_is_whole_and_on_its_page() {
    let rows = rows();
    for (place, styles) in [
        ("path", &["simple", "label", "matrix"][..]),
        (
            "query",
            &[
                "form",
                "spaceDelimited",
                "pipeDelimited",
                "deepObject",
                "content",
                "allowEmptyValue",
                "allowReserved",
            ],
        ),
        ("header", &["simple", "content"]),
        ("cookie", &["form", "cookie"]),
        ("querystring", &["content (form)", "content (JSON)"]),
    ] {
        for style in styles {
            assert!(
                rows.iter().any(|row| row.r#in == place && row.style == *style),
                "{place} {style}"
            );
        }
    }
    for row in rows {
        let line = format!("| {} | {} |", row.r#in, row.style);
        assert!(PAGE.contains(&line), "docs/openapi-contract.md lacks a line: {line}");
    }
}

#[test]
fn hostile_values_stay_values() {
    let parameter = json!({"name": "p", "in": "query", "schema": {"type": "string"}});
    let document = document("3.0", &parameter);
    for (sent, expected) in [
        ("p=%22%2C%22q%22%3A1", "\",\"q\":1"),
        ("p=%5C", "\\"),
        ("p=%0a%00", "\n\0"),
        ("p=a%2Bb+c", "a+b c"),
        ("p=%7B%7D", "{}"),
    ] {
        assert_eq!(read(&document, "query", sent), Ok(json!(expected)), "{sent}");
    }
    let wrong = read(&document, "query", "p=%ff").expect_err("no UTF-8");
    assert_eq!((wrong.place.as_str(), wrong.keyword), ("/query/p", "style"));
    assert!(Head::new(Vec::new(), &"a&".repeat(2_000), Vec::new()).is_none());
}
