//! What single operations answer.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};

use super::{
    BASE, COOKIE, CSRF_HEADER, with_token,
    world::{World, elsewhere, exchange, here, secret},
};

async fn get(world: &World, path: &str) -> Value {
    let (status, body) = world.json(with_token(path, Method::GET, &here())).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

/// The same for somebody who may do more.
pub(super) async fn get_as(world: &World, who: &str, path: &str) -> Value {
    let cookie = format!("{COOKIE}={}", secret(&here(), who).reveal().as_str());
    let request = Request::get(format!("{BASE}{path}")).header(header::COOKIE, cookie);
    let (status, body) = world.json(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

/// A change by somebody of the default organisation.
pub(super) async fn change(
    world: &World,
    who: &str,
    method: Method,
    path: &str,
    body: Value,
) -> (StatusCode, Value) {
    let secret = secret(&here(), who);
    let request = Request::builder()
        .method(method)
        .uri(format!("{BASE}{path}"))
        .header(header::COOKIE, format!("{COOKIE}={}", secret.reveal().as_str()))
        .header(CSRF_HEADER, secret.csrf_token().to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    world.json(request.expect("a request")).await
}

fn ids(body: &Value) -> Vec<&str> {
    let items = body["items"].as_array().expect("a list");
    items.iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn classes_of_the_configuration_are_told_to_those_whose_server_it_is() {
    let world = World::new().await;
    let own = |body: &Value| -> Vec<Value> {
        let items = body["items"].as_array().expect("a list").iter();
        items.filter(|item| item["is_custom"] == true).cloned().collect()
    };
    let [class] = &own(&get(&world, "/reference/classes").await)[..] else { panic!("one class") };
    assert_eq!(
        (&class["name"], &class["family"]),
        (&json!("customer_number"), &json!("national_id"))
    );
    assert_eq!(class["sensitive"], true, "as its family is");
    let theirs = with_token("/reference/classes", Method::GET, &elsewhere());
    let (status, body) = world.json(theirs).await;
    assert_eq!((status, own(&body)), (StatusCode::OK, Vec::new()));
    assert!(body["items"].as_array().is_some_and(|items| items.len() > 60));
}

#[tokio::test]
async fn exchanges_are_listed_the_last_one_first() {
    let world = World::new().await;
    let body = get(&world, "/exchanges").await;
    assert_eq!(ids(&body), ["exc_default_2", "exc_default_1"]);
    assert_eq!(body["next"], Value::Null);
    let response = world.send(with_token("/exchanges?hostile=true", Method::GET, &here())).await;
    assert_eq!(response.headers()["x-looked-at"], "2");
    for header in ["x-damaged-blocks", "x-exchanges-elsewhere"] {
        assert!(!response.headers().contains_key(header), "{header}");
    }
    let refused = &body["items"][1];
    for (member, expected) in [
        ("host", json!("default.example")),
        ("path", json!("/v1/orders/{id}")),
        ("endpoint_id", json!("ep_default")),
        ("actor_id", json!("act_default")),
        ("status", json!(403)),
        ("hostile", json!(true)),
        ("codes", json!(["BZ-D001"])),
        ("severity", json!("high")),
        ("refused", json!(true)),
        ("would_refuse", json!(false)),
        ("applied", json!("deny")),
    ] {
        assert_eq!(refused[member], expected, "{member}");
    }
    assert_eq!(refused["actor"]["label"], json!("203.0.113.7"));
    assert_eq!(refused["decisions"][0]["policy"], json!("<b>"), "hostile text stays text");
    for (query, expected) in [
        ("hostile=true", &["exc_default_1"][..]),
        ("hostile=false", &["exc_default_2"]),
        ("refused=true", &["exc_default_1"]),
        ("would_refuse=true", &[]),
        ("status_class=2xx&status_class=5xx", &["exc_default_2"]),
        ("method=GET&method=PUT", &["exc_default_2", "exc_default_1"]),
        ("method=PUT", &[]),
        ("id=exc_default_1", &["exc_default_1"]),
        ("endpoint=ep_default&actor=act_default", &["exc_default_2", "exc_default_1"]),
        ("endpoint=ep_other", &[]),
        ("actor=act_other", &[]),
        ("since=1970-01-01T00:00:00.000002Z", &["exc_default_2"]),
        ("before=1970-01-01T00:00:00.000002Z", &["exc_default_1"]),
    ] {
        assert_eq!(ids(&get(&world, &format!("/exchanges?{query}")).await), expected, "{query}");
    }
    let first = get(&world, "/exchanges?limit=1").await;
    let next = first["next"].as_str().expect("more");
    let second = get(&world, &format!("/exchanges?limit=1&after={next}")).await;
    assert_eq!((ids(&first), ids(&second)), (vec!["exc_default_2"], vec!["exc_default_1"]));
    for wrong in ["status_class=200", "after=00", "hostile=perhaps", "since=yesterday"] {
        let asked = with_token(&format!("/exchanges?{wrong}"), Method::GET, &here());
        assert_eq!(world.send(asked).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test]
async fn what_an_exchange_was_is_not_made_up() {
    let world = World::new().await;
    let facts = bartizan_store::ExchangeFacts {
        endpoint: Some(bartizan_model::EndpointId::from_text("ep_gone")),
        judged: None,
        ..exchange(3)
    };
    world.directory.save(bartizan_store::Batch::default(), vec![facts]).await.expect("saved");
    let body = get(&world, "/exchanges?limit=1").await;
    let item = &body["items"][0];
    assert_eq!((&item["id"], &item["endpoint_id"]), (&json!("exc_default_3"), &json!("ep_gone")));
    for member in ["host", "path", "hostile", "codes", "action", "refused", "would_refuse"] {
        assert_eq!(item[member], Value::Null, "{member}");
    }
    for query in ["hostile=true", "hostile=false"] {
        let body = get(&world, &format!("/exchanges?{query}")).await;
        assert!(!ids(&body).contains(&"exc_default_3"), "{query}");
    }
}

#[tokio::test]
async fn a_detection_leads_to_its_exchanges() {
    let world = World::new().await;
    let body = get(&world, "/detections/det_default/exchanges").await;
    assert_eq!((ids(&body), &body["next"]), (vec!["exc_default_1"], &Value::Null));
}

#[tokio::test]
async fn findings_are_given_to_users_and_say_where_they_are() {
    let world = World::new().await;
    let finding = get(&world, "/findings/fnd_default").await;
    assert_eq!(finding["id"], json!("fnd_default"));
    assert_eq!((&finding["assignee"], &finding["path"]), (&Value::Null, &json!("/v1/orders/{id}")));
    let assign = async |ids: Value, to: Value| {
        let body = json!({"ids": ids, "assignee": to});
        change(&world, "analyst", Method::PUT, "/findings/assignee", body).await
    };
    let (status, done) = assign(json!(["fnd_default", "fnd_none"]), json!("operator")).await;
    assert_eq!((status, &done["changed"]), (StatusCode::OK, &json!(["fnd_default"])), "{done}");
    assert_eq!(done["refused"][0]["id"], json!("fnd_none"));
    for (query, expected) in [
        ("assignee=operator", 1),
        ("assignee=owner", 0),
        ("unassigned=true", 0),
        ("unassigned=false", 1),
        ("", 1),
    ] {
        let body = get(&world, &format!("/findings?{query}")).await;
        let items = body["items"].as_array().expect("a list");
        assert_eq!(items.len(), expected, "{query}");
        assert!(items.iter().all(|item| item["assignee"] == "operator"));
    }
    // Neither somebody who is not there, nor somebody who may not log in.
    let shut_out = bartizan_store::UserChange {
        name: "viewer".to_owned(),
        disabled: Some(true),
        who: "test".to_owned(),
        ..bartizan_store::UserChange::default()
    };
    world.directory.store().change_user(&here(), &shut_out).await.expect("changed");
    for name in ["stranger", "viewer", ""] {
        let (_, done) = assign(json!(["fnd_default"]), json!(name)).await;
        assert_eq!(
            (&done["changed"], done["refused"][0]["id"].as_str()),
            (&json!([]), Some("fnd_default"))
        );
    }
    let names: Vec<Value> =
        get(&world, "/assignees").await["items"].as_array().expect("a list").clone();
    assert!(
        names.contains(&json!({"name": "analyst"})) && !names.contains(&json!({"name": "viewer"}))
    );
    let (_, done) = assign(json!(["fnd_default"]), Value::Null).await;
    assert_eq!(done["changed"], json!(["fnd_default"]));
    let audit = world
        .directory
        .store()
        .audit_records(&here(), 0, &Default::default())
        .await
        .expect("audit")
        .items;
    let of_ours: Vec<_> = audit.iter().filter(|record| record.action == "finding.assign").collect();
    assert_eq!(of_ours.len(), 2, "what is refused is not recorded");
    assert!(of_ours[1].details.contains("\"from\":\"operator\""), "{}", of_ours[1].details);
}

#[tokio::test]
async fn comments_are_text_and_nothing_else() {
    let world = World::new().await;
    let say = async |text: &str| {
        let body = json!({"text": text});
        change(&world, "analyst", Method::POST, "/findings/fnd_default/comments", body).await
    };
    let hostile = "<script>alert(1)</script>\n=cmd|' /C calc'!A0 \u{202e} [x](javascript:1)";
    let (status, said) = say(hostile).await;
    assert_eq!((status, said["text"].as_str()), (StatusCode::CREATED, Some(hostile)));
    for wrong in ["", " \n ", "a\0b", "\u{1b}[31m", &"é".repeat(4_001)] {
        assert_eq!(say(wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
    }
    assert_eq!(say(&"é".repeat(4_000)).await.0, StatusCode::CREATED);
    let listed = get(&world, "/findings/fnd_default/comments").await;
    let items = listed["items"].as_array().expect("a list");
    assert_eq!(
        (items.len(), &items[0]["who"], &items[0]["sequence"]),
        (2, &json!("analyst"), &json!(1))
    );
    assert_eq!(items[0]["text"], json!(hostile));
    let audit = world
        .directory
        .store()
        .audit_records(&here(), 0, &Default::default())
        .await
        .expect("audit")
        .items;
    assert_eq!(audit.iter().filter(|record| record.action == "finding.comment").count(), 2);
    let (status, _) = change(
        &world,
        "analyst",
        Method::POST,
        "/findings/fnd_none/comments",
        json!({"text": "a"}),
    )
    .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_overview_says_what_changed_and_what_became_of_traffic() {
    let world = World::new().await;
    let body = get(&world, "/overview").await;
    assert_eq!((&body["changes"], &body["data_classes"]), (&Value::Null, &json!([])));
    assert_eq!(
        (&body["traffic"]["buckets"], &body["traffic"]["seconds"]),
        (&json!([]), &json!(600))
    );
    let now = crate::serve::now();
    let begin = now.seconds().div_euclid(600) * 600;
    let save = async |traffic| {
        let batch = bartizan_store::Batch { now, traffic, ..bartizan_store::Batch::default() };
        world.directory.store().save_batch(&here(), &batch).await.expect("saved");
    };
    let bucket = |time: i64| bartizan_store::TrafficBucket {
        time: bartizan_model::Timestamp::from_seconds(time),
        clean: 5,
        monitored: 1,
        ..bartizan_store::TrafficBucket::default()
    };
    // Of a gateway that is young, stretches are short.
    save(vec![bucket(begin - 590), bucket(begin - 580)]).await;
    let traffic = &get(&world, "/overview").await["traffic"];
    let first = bartizan_model::Timestamp::from_seconds(begin - 590);
    assert_eq!((&traffic["seconds"], &traffic["since"]), (&json!(10), &json!(first)));
    assert_eq!(traffic["buckets"].as_array().map(Vec::len), Some(2));
    save(vec![bucket(begin), bucket(begin - 86_400), bucket(begin - 87_000)]).await;
    let body = get(&world, "/overview?since=1970-01-01T00:00:00Z").await;
    let buckets = body["traffic"]["buckets"].as_array().expect("a list");
    assert_eq!(body["traffic"]["seconds"], json!(600));
    assert_eq!(buckets.len(), 3, "of 24 hours and what is left of the first bucket: {body}");
    assert_eq!((&buckets[1]["clean"], &buckets[1]["monitored"]), (&json!(10), &json!(2)));
    assert_eq!((&buckets[2]["clean"], &buckets[2]["monitored"]), (&json!(5), &json!(1)));
    let changes = json!({
        "new_endpoints": 1, "changed_endpoints": 0, "new_findings": 1, "reopened_findings": 0,
        "fixed_findings": 0, "new_incidents": 1,
    });
    assert_eq!(body["changes"], changes);
    let later = get(&world, "/overview?since=2100-01-01T00:00:00Z").await;
    assert!(later["changes"].as_object().expect("counts").values().all(|count| count == 0));
    let asked = with_token("/overview?since=lately", Method::GET, &here());
    assert_eq!(world.send(asked).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn health_names_the_limits_that_were_reached() {
    let world = World::new().await;
    assert_eq!(get(&world, "/health").await["limits_reached"], json!([]));
    let nodes = bartizan_model::limits::LimitName::Nodes;
    world.counters.limits[nodes as usize].fetch_add(3, std::sync::atomic::Ordering::Relaxed);
    let body = get(&world, "/health").await;
    assert_eq!(body["limits_reached"], json!([{"name": "limits.nodes", "count": 3}]));
}

#[tokio::test]
async fn policies_say_where_they_apply_and_what_they_do() {
    let world = World::new().await;
    let body = get(&world, "/policies").await;
    let rate = &body["items"][0];
    assert_eq!(rate["name"], json!("default-rate"));
    let everywhere = json!({"hosts": [], "paths": [], "ignore_case": false, "methods": []});
    assert_eq!(rate["scope"], everywhere);
    assert!(rate["description"].as_str().is_some_and(|text| text.len() > 40), "{rate}");
}

#[tokio::test]
async fn policies_tell_whom_they_would_break() {
    let world = World::new().await;
    let body = get(&world, "/policies/default-rate/clients").await;
    assert_eq!(body, json!({"clients": [], "forgotten": 0}));
}

#[tokio::test]
async fn an_endpoint_knows_its_callers() {
    let world = World::new().await;
    let mut facts: Vec<_> = (3..9).map(exchange).collect();
    facts[0].actor = Some(bartizan_model::ActorId::from_text("act_gone"));
    facts[1].endpoint = Some(bartizan_model::EndpointId::from_text("ep_other"));
    world.directory.save(bartizan_store::Batch::default(), facts).await.expect("saved");
    let body = get(&world, "/endpoints/ep_default/callers").await;
    assert_eq!(
        (&body["callers"], &body["exchanges"], &body["is_all"], &body["since"]),
        (&json!(2), &json!(7), &json!(true), &json!("1970-01-01T00:00:00.000001Z")),
        "{body}"
    );
    let (busiest, other) = (&body["items"][0], &body["items"][1]);
    assert_eq!(
        (&busiest["actor"]["label"], &busiest["requests"]),
        (&json!("203.0.113.7"), &json!(6))
    );
    // 1, 5 and 7 of 1, 2, 5, 6, 7, 8.
    assert_eq!((&busiest["hostile"], &busiest["refused"]), (&json!(3), &json!(3)));
    assert_eq!(busiest["last_seen"], json!("1970-01-01T00:00:00.000008Z"));
    assert_eq!((&other["actor_id"], &other["actor"]), (&json!("act_gone"), &Value::Null));
}

#[tokio::test]
async fn calls_of_two_periods_are_compared() {
    let world = World::new().await;
    let body = get(&world, "/endpoints/calls?period=day").await;
    assert_eq!(
        (&body["items"], &body["counted_since"], &body["is_covered"]),
        (&json!([]), &json!("1970-01-01T00:00:00.000000Z"), &json!(true)),
        "what the world begins with is counted, and long ago: {body}"
    );
    let now = crate::serve::now();
    let called = |hours: i64, endpoint: &str| {
        let mut facts = exchange(1);
        facts.time = Some(now.minus(bartizan_model::Duration::seconds(hours * 3_600)));
        facts.endpoint = Some(bartizan_model::EndpointId::from_text(endpoint));
        facts
    };
    let facts = vec![
        called(0, "ep_default"),
        called(1, "ep_default"),
        called(30, "ep_default"),
        called(40, "ep_gone"),
        // Not yet.
        called(-2, "ep_default"),
    ];
    let save = async |facts| {
        let batch = bartizan_store::Batch { now, ..Default::default() };
        world.directory.save(batch, facts).await.expect("saved");
    };
    save(facts).await;
    let body = get(&world, "/endpoints/calls").await;
    let of = |id: &str, before: u64, now: u64, buckets: Value| json!({"endpoint_id": id, "before": before, "now": now, "buckets": buckets});
    let both = [of("ep_default", 1, 2, Value::Null), of("ep_gone", 1, 0, Value::Null)];
    assert_eq!((&body["items"], &body["is_all"]), (&json!(both), &json!(true)));
    assert_eq!((&body["seconds"], &body["is_covered"]), (&json!(3_600), &json!(false)));
    save(vec![called(50, "ep_gone")]).await;
    let body = get(&world, "/endpoints/calls?period=day&endpoint=ep_default&endpoint=ep_new").await;
    // An hour may have ended meanwhile.
    let middle: bartizan_model::Timestamp =
        serde_json::from_value(body["middle"].clone()).expect("a time");
    let place = |hours: i64| {
        let hour = |micros: i64| micros.div_euclid(3_600_000_000);
        usize::try_from(hour(now.micros()) - hours - hour(middle.micros()) + 24).expect("in both")
    };
    let mut buckets = [0; 48];
    for hours in [0, 1, 30] {
        buckets[place(hours)] = 1;
    }
    let both = [
        of("ep_default", 1, 2, json!(buckets.to_vec())),
        of("ep_new", 0, 0, json!([0; 48].to_vec())),
    ];
    assert_eq!((&body["items"], &body["is_covered"]), (&json!(both), &json!(true)), "{body}");
    let many: String = (0..101).map(|n| format!("&endpoint=ep_{n}")).collect();
    for wrong in ["?period=years", &format!("?period=day{many}")] {
        let asked = with_token(&format!("/endpoints/calls{wrong}"), Method::GET, &here());
        assert_eq!(world.send(asked).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test]
async fn what_was_read_and_what_is_kept_is_told() {
    let world = World::new().await;
    let body = get_as(&world, "operator", "/retention").await;
    assert_eq!((&body["exchanges"], &body["removed"]), (&json!(2), &json!(0)), "{body}");
    assert_eq!(
        (&body["since"], &body["last_removal"]),
        (&json!("1970-01-01T00:00:00.000001Z"), &Value::Null)
    );
    assert_eq!(get_as(&world, "operator", "/runs").await, json!({"items": [], "next": null}));
    let run = |id: &str, started: i64| bartizan_store::RunRecord {
        id: id.to_owned(),
        started: bartizan_model::Timestamp::from_seconds(started),
        name: "shop.har".to_owned(),
        summary: Default::default(),
        input: Default::default(),
    };
    for (id, started) in [("run-1", 5), ("run-2", 6)] {
        let batch = bartizan_store::Batch { run: Some(run(id, started)), ..Default::default() };
        world.directory.store().save_batch(&here(), &batch).await.expect("saved");
    }
    let body = get_as(&world, "operator", "/runs?limit=1").await;
    assert_eq!((ids(&body), &body["items"][0]["name"]), (vec!["run-2"], &json!("shop.har")));
    let next = body["next"].as_str().expect("there is more");
    assert_eq!(
        ids(&get_as(&world, "operator", &format!("/runs?limit=1&after={next}")).await),
        ["run-1"]
    );
}

#[tokio::test]
async fn an_endpoint_has_a_history() {
    let world = World::new().await;
    let store = world.directory.store();
    let id = |text: &str| bartizan_model::EndpointId::from_text(text);
    assert_eq!(
        get(&world, "/endpoints/ep_default/history").await,
        json!({"items": [], "is_all": true})
    );
    let mut endpoint =
        store.endpoint(&here(), &id("ep_default")).await.expect("read").expect("there");
    endpoint.access = bartizan_model::Access::Public;
    let now = bartizan_model::Timestamp::from_seconds(5);
    let batch = bartizan_store::Batch { now, endpoints: vec![endpoint], ..Default::default() };
    store.save_batch(&here(), &batch).await.expect("saved");
    let merge = bartizan_store::EndpointMerge {
        from: vec![id("ep_old")],
        into: id("ep_default"),
        reason: "the <same>".to_owned(),
    };
    let later = bartizan_model::Timestamp::from_seconds(6);
    store.merge_endpoints(&here(), &merge, "ann", later).await.expect("merged");
    // By an id that leads there.
    let body = get(&world, "/endpoints/ep_old/history").await;
    let expected = json!([
        {"time": "1970-01-01T00:00:06.000000Z", "what": "merge", "was": null, "became": "ep_default",
         "alias": "ep_old", "who": "ann", "reason": "the <same>"},
        {"time": "1970-01-01T00:00:05.000000Z", "what": "access", "was": "unknown", "became": "public",
         "alias": null, "who": null, "reason": null},
    ]);
    assert_eq!(body["items"], expected);
}
