//! Lists: parts, orders, members, counts and tables.

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use bartizan_model::{Endpoint, EndpointId, Finding};
use bartizan_store::{Batch, FindingFilter, PageRequest};
use serde_json::{Value, json};

use super::{
    operations, with_token,
    world::{World, elsewhere, here},
};
use crate::api::list::SELECTION;

fn ask(path: &str) -> Request<Body> {
    with_token(path, Method::GET, &here())
}

async fn text(world: &World, path: &str) -> (StatusCode, HeaderMap, String) {
    let response = world.send(ask(path)).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 26).await.expect("body");
    (status, headers, String::from_utf8(bytes.into()).expect("text"))
}

/// Endpoints that differ in risk, of which the names of hosts are formulas.
async fn with_endpoints(world: &World, count: u32) {
    let endpoints = (0..count).map(|n| Endpoint {
        id: EndpointId::from_text(format!("ep_{n}")),
        host: "=cmd()|'x'!A1".to_owned(),
        path: format!("/\u{202e}{n},\""),
        risk: bartizan_model::endpoint::Risk { score: (n % 100) as u8, factors: Vec::new() },
        ..Endpoint::default()
    });
    let batch = Batch { endpoints: endpoints.collect(), ..Batch::default() };
    world.directory.store().save_batch(&here(), &batch).await.expect("saved");
}

#[tokio::test]
async fn lists_come_in_parts_with_the_members_that_are_wanted() {
    let world = World::new().await;
    let (_, body) = world.json(ask("/endpoints?fields=id,path&limit=1")).await;
    let wanted = json!([{"id": "ep_default", "path": "/v1/orders/{id}"}]);
    assert_eq!(body, json!({"items": wanted, "next": null}));
    for wrong in [
        "limit=0",
        "limit=501",
        "limit=1&limit=0",
        "limit=x",
        "after=zz",
        "colour=red",
        "min_risk=300",
        "known_by=hearsay",
        "drift=some",
    ] {
        let (status, body) = world.json(ask(&format!("/endpoints?{wrong}"))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {body}");
    }
    let (status, body) =
        world.json(ask("/findings?state=open&state=fixed&min_severity=high")).await;
    assert_eq!(
        (status, body["items"].as_array().map(Vec::len)),
        (StatusCode::OK, Some(1)),
        "{body}"
    );
    let (status, body) = world.json(ask("/nothing")).await;
    assert_eq!((status, &body["status"]), (StatusCode::NOT_FOUND, &json!(404)));
    let (status, _) = world.json(with_token("/findings", Method::PATCH, &here())).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn endpoints_are_found_by_who_knows_them_by_drift_and_by_protocol() {
    use bartizan_model::{DriftGrade, KnownBy, Protocol};
    let world = World::new().await;
    let endpoint = |id: &str, known_by: &[KnownBy], drift: &[DriftGrade]| Endpoint {
        id: EndpointId::from_text(id),
        known_by: known_by.to_vec(),
        drift: drift.to_vec(),
        ..Endpoint::default()
    };
    let channel = Endpoint {
        protocol: Protocol::Kafka,
        ..endpoint("ep_channel", &[KnownBy::Specification], &[])
    };
    let endpoints = vec![
        channel,
        endpoint("ep_both", &[KnownBy::Traffic, KnownBy::Code], &[DriftGrade::Breaking]),
        endpoint("ep_code", &[KnownBy::Code], &[]),
        endpoint("ep_crawl", &[KnownBy::Crawl], &[DriftGrade::Info]),
    ];
    let batch = Batch { endpoints, ..Batch::default() };
    world.directory.store().save_batch(&here(), &batch).await.expect("saved");
    for (filter, expected) in [
        ("known_by=code", json!([{"id": "ep_both"}, {"id": "ep_code"}])),
        ("known_by=crawl&known_by=perimeter", json!([{"id": "ep_crawl"}])),
        ("drift=breaking&drift=warning", json!([{"id": "ep_both"}])),
        ("drift=info&known_by=code", json!([])),
        ("protocol=kafka", json!([{"id": "ep_channel"}])),
        ("protocol=mqtt&protocol=channel", json!([])),
    ] {
        let (_, body) = world.json(ask(&format!("/endpoints?fields=id&{filter}"))).await;
        assert_eq!(body["items"], expected, "{filter}");
    }
    let (_, body) = world.json(ask("/endpoints/facets?known_by=crawl")).await;
    let code = json!({"value": "code", "count": 2});
    assert_eq!((&body["total"], &body["facets"]["known_by"]["values"][0]), (&json!(1), &code));
    let drift = json!({"values": [{"value": "info", "count": 1}], "more": false});
    assert_eq!(body["facets"]["drift"], drift);
}

#[tokio::test]
async fn lists_are_sorted_and_go_on_in_one_order_only() {
    let world = World::new().await;
    with_endpoints(&world, 5).await;
    let scores = |body: &Value| -> Vec<u64> {
        let items = body["items"].as_array().expect("items");
        items.iter().map(|item| item["risk"]["score"].as_u64().expect("a number")).collect()
    };
    let (_, first) = world.json(ask("/endpoints?sort=-risk&limit=3")).await;
    assert_eq!(scores(&first), [4, 3, 2]);
    let next = first["next"].as_str().expect("more");
    let (_, rest) = world.json(ask(&format!("/endpoints?sort=-risk&after={next}"))).await;
    assert_eq!((scores(&rest), &rest["next"]), (vec![1, 0, 0], &Value::Null));
    for other in ["", "&sort=risk", "&sort=-requests"] {
        let (status, body) = world.json(ask(&format!("/endpoints?after={next}{other}"))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let (status, body) = world.json(ask("/endpoints?sort=colour")).await;
    let detail = body["detail"].as_str().expect("said");
    assert!(
        status == StatusCode::UNPROCESSABLE_ENTITY && detail.contains("`-last_seen`"),
        "{body}"
    );
    let (status, _) = world.json(ask("/services?sort=name")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "there is one order");
    // Every word of the document is understood.
    for declared in operations::all().iter().filter(|one| one.list.is_some()) {
        let order = declared.list.as_ref().and_then(|list| list.order);
        let Some(order) = order else { continue };
        let mut generator = schemars::SchemaGenerator::default();
        let _ = order(&mut generator);
        let text = json!(generator.take_definitions(true)).to_string();
        let words: Vec<_> = text.split("\"const\":\"").skip(1).collect();
        assert!(words.len() > 1, "{text}");
        for word in words.iter().filter_map(|rest| rest.split('"').next()) {
            let path = format!("{}?sort={word}", declared.path);
            let mut asked = ask(&path);
            let secret = super::secret(&here(), "admin");
            let cookie = format!("{}={}", super::COOKIE, secret.reveal().as_str());
            asked.headers_mut().remove(header::AUTHORIZATION);
            asked.headers_mut().insert(header::COOKIE, cookie.parse().expect("value"));
            assert_eq!(world.json(asked).await.0, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test]
async fn some_members_have_a_media_type_of_their_own() {
    let world = World::new().await;
    let (_, headers, _) = text(&world, "/findings").await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    let (status, headers, body) = text(&world, "/findings?fields=id,severity").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], SELECTION);
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["items"], json!([{"id": "fnd_default", "severity": "high"}]));
    // Also members that this item happens not to have.
    let (status, ..) = text(&world, "/incidents?fields=absorbed,id").await;
    assert_eq!(status, StatusCode::OK);
    for wrong in ["colour", "id,colour", "id,,severity", "ID"] {
        let (status, _, body) = text(&world, &format!("/findings?fields={wrong}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(body.contains("`severity`") && body.contains("`remediation`"), "{body}");
    }
    // The document names all members that there are, and requires none in a selection.
    let document = crate::api::document();
    let described = &document["paths"]["/api/v1/findings"]["get"];
    let content = &described["responses"]["200"]["content"];
    let named = &content[SELECTION]["schema"]["properties"]["items"]["items"]["$ref"];
    let name = named.as_str().and_then(|path| path.rsplit('/').next()).expect("a name");
    let item = &document["components"]["schemas"][name];
    assert!(item.get("required").is_none(), "{item}");
    let (store, page) = (world.directory.store(), PageRequest::first(1));
    let found = store.findings(&here(), &FindingFilter::default(), &page).await.expect("read");
    let finding: &Finding = &found.items[0];
    let members = serde_json::to_value(finding).expect("JSON");
    for name in members.as_object().expect("an object").keys() {
        assert!(item["properties"].get(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn facets_take_the_filters_of_their_list() {
    let world = World::new().await;
    with_endpoints(&world, 50).await;
    let (status, body) =
        world.json(ask("/endpoints/facets?host=default.example&min_risk=40")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["total"], 0);
    let hosts = json!({"values": [{"value": "=cmd()|'x'!A1", "count": 10}], "more": false});
    assert_eq!(body["facets"]["host"], hosts);
    let risk = json!({"values": [{"value": "0", "count": 1}], "more": false});
    assert_eq!(body["facets"]["risk"], risk);
    let several = "/endpoints/facets?host=default.example&host=%3Dcmd()%7C'x'!A1&access=unknown&access=public";
    let (_, body) = world.json(ask(several)).await;
    assert_eq!(body["total"], 51, "{body}");
    for (path, names) in [
        ("/findings/facets", vec!["assignee", "code", "host", "severity", "state"]),
        ("/incidents/facets", vec!["severity"]),
        ("/actors/facets", vec!["kind"]),
    ] {
        let (_, body) = world.json(ask(path)).await;
        let facets = body["facets"].as_object().expect("facets");
        let found: Vec<_> = facets.keys().map(String::as_str).collect();
        assert_eq!((&body["total"], found), (&json!(1), names), "{path}");
    }
    for wrong in ["limit=1", "sort=host", "fields=id", "colour=red"] {
        let (status, _) = world.json(ask(&format!("/endpoints/facets?{wrong}"))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test]
async fn what_was_learned_is_a_document() {
    let world = World::new().await;
    let called = |host: &str, operation: &str| Endpoint {
        id: EndpointId::from_text(format!("ep_{host}_{operation}")),
        host: host.to_owned(),
        method: bartizan_model::Method("POST".to_owned()),
        path: format!("/{operation}"),
        protocol: bartizan_model::Protocol::Grpc,
        operation: Some(operation.to_owned()),
        requests: 3,
        statuses: vec![(200, 3)],
        ..Endpoint::default()
    };
    let endpoints = vec![
        called("a.example", "a.A/Get"),
        called("b.example", "b.B/Get"),
        called("b.example", "c.C/Get"),
    ];
    let batch = Batch { endpoints, ..Batch::default() };
    world.directory.store().save_batch(&here(), &batch).await.expect("saved");
    let (status, body) = world.json(ask("/endpoints/document?format=proto")).await;
    assert_eq!((status, &body["text"]), (StatusCode::OK, &Value::Null), "{body}");
    assert_eq!(body["hosts"], json!(["b.example", "a.example"]), "the largest first");
    let (_, body) = world.json(ask("/endpoints/document?format=proto&host=a.example")).await;
    assert!(body["text"].as_str().is_some_and(|text| text.contains("package a;")), "{body}");
    let (_, body) = world.json(ask("/endpoints/document?format=proto&host=b.example")).await;
    assert_eq!((&body["packages"], &body["text"]), (&json!(["b", "c"]), &Value::Null));
    let (_, body) =
        world.json(ask("/endpoints/document?format=proto&host=b.example&package=c")).await;
    assert!(body["text"].as_str().is_some_and(|text| text.contains("service C {")), "{body}");
    let (_, body) = world.json(ask("/endpoints/document?host=b.example")).await;
    let document: Value =
        serde_json::from_str(body["text"].as_str().expect("a text")).expect("JSON");
    assert_eq!((&document["info"]["title"], &body["is_all"]), (&json!("b.example"), &json!(true)));
    let (_, body) = world.json(ask("/endpoints/document?format=graphql")).await;
    assert_eq!((&body["hosts"], &body["text"]), (&json!([]), &Value::Null));
    for wrong in ["format=raml", "colour=red"] {
        let (status, _) = world.json(ask(&format!("/endpoints/document?{wrong}"))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test]
async fn tables_hold_everything_in_order_and_no_formula() {
    let world = World::new().await;
    // More than are read at a time.
    with_endpoints(&world, 1_203).await;
    let (status, headers, body) = text(&world, "/endpoints?format=csv&sort=-risk&min_risk=1").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment; filename=\"endpoints.csv\"");
    assert_eq!(headers[header::CACHE_CONTROL], "private, no-cache");
    let lines: Vec<_> = body.split_terminator("\r\n").collect();
    assert!(lines[0].starts_with("id,host,method,path,"), "{}", lines[0]);
    let ids: std::collections::BTreeSet<_> =
        lines[1..].iter().filter_map(|line| line.split(',').next()).collect();
    assert_eq!((lines.len() - 1, ids.len()), (1_203 - 13, 1_203 - 13));
    for line in &lines[1..] {
        let (id, rest) = line.split_once(',').expect("cells");
        let n = id.trim_start_matches("ep_");
        let begin = format!("\"'=cmd()|'x'!A1\",,\"/‹U+202E›{n},\"\"\",rest,");
        assert!(rest.starts_with(&begin), "{line}");
    }
    let behind = lines[0].split(',').rev().position(|name| name == "risk").expect("a column");
    let risks: Vec<u32> = lines[1..]
        .iter()
        .map(|line| line.rsplit(',').nth(behind).expect("risk").parse().expect("a number"))
        .collect();
    assert!(risks.is_sorted_by(|a, b| a >= b));
    for (path, name) in [
        ("/findings", "fnd_default"),
        ("/incidents", "inc_default"),
        ("/detections", "det_default"),
        ("/actors", "act_default"),
        ("/clients", "cli_default"),
    ] {
        let (status, _, body) = text(&world, &format!("{path}?format=csv")).await;
        let lines: Vec<_> = body.split_terminator("\r\n").collect();
        assert_eq!((status, lines.len()), (StatusCode::OK, 2), "{path}: {body}");
        assert!(lines[0].starts_with("id,") && lines[1].starts_with(name), "{path}: {body}");
        let other =
            world.send(with_token(&format!("{path}?format=csv"), Method::GET, &elsewhere()));
        let other = axum::body::to_bytes(other.await.into_body(), 1 << 20).await.expect("body");
        assert!(!String::from_utf8_lossy(&other).contains(name), "{path}");
    }
    for wrong in ["limit=1", "fields=id", "after=zz", "format=xml", "colour=red"] {
        let (status, _, body) = text(&world, &format!("/endpoints?format=csv&{wrong}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {body}");
    }
    let (status, ..) = text(&world, "/services?format=csv").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "no list of things that are found");
}

#[tokio::test]
async fn a_table_of_exchanges_holds_what_is_asked_for() {
    let world = World::new().await;
    let (status, headers, body) = text(&world, "/exchanges?format=csv&refused=true").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment; filename=\"exchanges.csv\"");
    let lines: Vec<_> = body.split_terminator("\r\n").collect();
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let row: std::collections::BTreeMap<_, _> =
        cells(lines[0]).into_iter().zip(cells(lines[1])).collect();
    assert_eq!((lines.len(), cells(lines[0]).len()), (2, cells(lines[1]).len()), "{body}");
    for (column, expected) in [
        ("id", "exc_default_1"),
        ("time", "1970-01-01T00:00:00.000001Z"),
        ("path", "/v1/orders/{id}"),
        ("status", "403"),
        ("actor", "203.0.113.7"),
        ("hostile", "true"),
        ("codes", "BZ-D001"),
        ("severity", "high"),
        ("applied", "deny"),
        ("duration_ms", ""),
    ] {
        assert_eq!(row[column], expected, "{column}: {body}");
    }
    let (_, _, all) = text(&world, "/exchanges?format=csv").await;
    assert_eq!(all.split_terminator("\r\n").count(), 3, "{all}");
    let theirs = world.send(with_token("/exchanges?format=csv", Method::GET, &elsewhere())).await;
    let theirs = axum::body::to_bytes(theirs.into_body(), 1 << 20).await.expect("body");
    assert!(!String::from_utf8_lossy(&theirs).contains("exc_default"));
}
