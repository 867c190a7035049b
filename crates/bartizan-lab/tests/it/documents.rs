//! The descriptions say what is there: the honest one all of it, the drifting one what it claims to
//! have wrong; and the truth file is the one that is committed.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_lab::{
    Options, documents,
    flaws::{FLAWS, Protocol},
    seed::{PEOPLE, api_key},
    traps::TRAPS,
    truth,
};
use bytes::Bytes;
use serde_json::Value;

use crate::lab;

fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let mut out = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        out.extend(item.as_object().unwrap().keys().map(|m| (m.clone(), path.clone())));
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_of_the_honest_document_is_there_and_guarded_as_it_says() {
    let honest = documents::honest();
    assert!(operations(&honest).len() > 40);
    // Both have the same surface.
    for options in [Options::secure(1), Options::vulnerable(1)] {
        let (client, _stop) = lab(&options).await;
        for (method, path) in operations(&honest) {
            let operation = &honest["paths"][&path][&method];
            let open = operation["security"].as_array().unwrap().is_empty();
            let path = path.replace("{id}", "1").replace("{code}", "X");
            let method = method.to_ascii_uppercase();
            let reply = client.send(&method, &path, &[], Bytes::new()).await.unwrap();
            assert_ne!(reply.status, 405, "{method} {path}");
            assert_eq!(reply.status == 401, !open, "{method} {path} {}", reply.status);
        }
    }
    for (name, schema) in honest["components"]["schemas"].as_object().unwrap() {
        assert!(schema.is_object(), "{name}");
    }
    let text = honest.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(honest["components"]["schemas"].get(name).is_some(), "{name} is not described");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_have_the_fields_that_the_honest_document_describes() {
    let (client, _stop) = lab(&Options::secure(1)).await;
    let honest = documents::honest();
    let headers = [("x-api-key".to_owned(), api_key("amir"))];
    let mut seen = 0;
    for (method, path) in operations(&honest) {
        let operation = &honest["paths"][&path][&method];
        let schema =
            &operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
        let Some(name) = schema.as_str().and_then(|s| s.rsplit('/').next()) else { continue };
        if method != "get" {
            continue;
        }
        let id = match path.as_str() {
            p if p.contains("shipments") => "1001",
            p if p.contains("reports") => "me",
            _ => "1",
        };
        let path = path.replace("{id}", id).replace("{code}", "HARBOUR10");
        let reply = client.send("GET", &path, &headers, Bytes::new()).await.unwrap();
        let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(&reply.body) else {
            continue;
        };
        if reply.status != 200 {
            continue;
        }
        seen += 1;
        let described = &honest["components"]["schemas"][name]["properties"];
        for field in answer.keys() {
            assert!(described.get(field).is_some(), "{path}: {field} is not in {name}");
        }
    }
    assert!(seen > 12, "{seen} answers were looked at");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_of_the_soap_description_is_there() {
    let operations: BTreeSet<&str> = documents::WSDL
        .split("<operation name=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(operations.len(), 4);
    for options in [Options::secure(1), Options::vulnerable(1)] {
        let (client, _stop) = lab(&options).await;
        let headers = [("x-api-key".to_owned(), api_key("arne"))];
        for operation in operations.iter().chain(&["Nothing"]) {
            let call = format!(
                "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
                 xmlns:q=\"urn:quayside:customs\"><s:Body><q:{operation}><id>801</id>\
                 <goods>pumps</goods><value>7</value></q:{operation}></s:Body></s:Envelope>"
            );
            let reply = client.send("POST", "/soap", &headers, call.into()).await.unwrap();
            let answered = reply.text().contains(&format!("<q:{operation}Response>"));
            assert_eq!(answered, *operation != "Nothing", "{operation}: {}", reply.text());
        }
    }
}

#[test]
fn each_tenant_has_every_role() {
    let roles = |tenant| PEOPLE.iter().filter(move |p| p.tenant == tenant).map(|p| p.role.name());
    for tenant in [1, 2] {
        let roles: BTreeSet<_> = roles(tenant).collect();
        assert_eq!(roles, BTreeSet::from(["customer", "clerk", "manager", "admin"]));
    }
}

#[test]
fn the_drifting_document_is_wrong_where_it_is_said_to_be() {
    let (honest, drifting) = (documents::honest(), documents::drifting());
    let (honest_ones, drifting_ones) = (operations(&honest), operations(&drifting));
    for drift in documents::DRIFT {
        let has = |all: &BTreeSet<(String, String)>| all.iter().any(|(_, p)| p == drift.path);
        let same = |pointer: &str| honest.pointer(pointer) == drifting.pointer(pointer);
        let escaped = drift.path.replace('/', "~1");
        match drift.kind {
            "missing" => assert!(has(&honest_ones) && !has(&drifting_ones), "{drift:?}"),
            "ghost" => assert!(!has(&honest_ones) && has(&drifting_ones), "{drift:?}"),
            "method" | "parameter" | "security" => {
                assert!(!same(&format!("/paths/{escaped}")), "{drift:?}");
            }
            _ => assert!(
                !same(&drift.path.replacen("Shipment/", "Shipment/properties/", 1)),
                "{drift:?}"
            ),
        }
    }
    // And nowhere else.
    let differing = honest_ones
        .symmetric_difference(&drifting_ones)
        .filter(|(_, path)| !documents::DRIFT.iter().any(|d| d.path == path));
    assert_eq!(differing.count(), 0);
}

#[test]
fn flaws_cover_every_category_and_protocol() {
    assert!(FLAWS.len() >= 60, "{} flaws", FLAWS.len());
    let ids: BTreeSet<_> = FLAWS.iter().map(|f| f.id).chain(TRAPS.iter().map(|t| t.id)).collect();
    assert_eq!(ids.len(), FLAWS.len() + TRAPS.len(), "ids are unique");
    let mut categories: BTreeMap<&str, usize> = BTreeMap::new();
    for flaw in FLAWS {
        *categories.entry(flaw.owasp).or_default() += 1;
        assert!(!flaw.proof.last().unwrap().expect.is_empty(), "{}: nothing proves it", flaw.id);
    }
    for number in 1..=10 {
        let count = categories.get(format!("API{number}:2023").as_str()).copied().unwrap_or(0);
        assert!(count >= 3, "API{number}: {count}");
    }
    for protocol in [
        Protocol::Rest,
        Protocol::GraphQl,
        Protocol::Grpc,
        Protocol::Soap,
        Protocol::JsonRpc,
        Protocol::XmlRpc,
        Protocol::WebSocket,
        Protocol::Events,
        Protocol::Webhook,
        Protocol::Page,
    ] {
        assert!(FLAWS.iter().any(|f| f.protocol == protocol), "{protocol:?}");
    }
}

#[test]
fn the_truth_file_is_the_one_that_is_committed() {
    let committed = include_str!("../../truth.json");
    let same = committed == truth::text();
    assert!(same, "not up to date: bartizan lab --truth --out crates/bartizan-lab/truth.json");
}
