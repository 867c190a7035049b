//! Journey graphs, and incidents laid over them.

use axum::http::{Method, StatusCode};
use bartizan_model::{ActorId, Incident, IncidentId, Timestamp};
use bartizan_store::Batch;
use serde_json::{Value, json};

use super::{
    with_token,
    world::{World, here},
};

async fn ask(world: &World, path: &str) -> (StatusCode, Value) {
    world.json(with_token(path, Method::GET, &here())).await
}

#[tokio::test]
async fn graphs_are_listed_filtered_and_shown() {
    let world = World::new().await;
    let (status, body) = ask(&world, "/journeys").await;
    assert_eq!(
        (status, body["items"].as_array().map(Vec::len)),
        (StatusCode::OK, Some(1)),
        "{body}"
    );
    let one = &body["items"][0];
    assert_eq!(
        (&one["id"], &one["sessions"], &one["nodes"]),
        (&json!("jny_default"), &json!(25), &json!(1))
    );
    assert_eq!(one["login_sequence"], Value::Null);
    for (query, count) in [
        ("host=default.example&role=anonymous&role=admin", 1),
        ("role=admin", 0),
        ("host=elsewhere.example", 0),
        ("sort=-host&limit=1", 1),
    ] {
        let (status, body) = ask(&world, &format!("/journeys?{query}")).await;
        let found = body["items"].as_array().map(Vec::len);
        assert_eq!((status, found), (StatusCode::OK, Some(count)), "{query}: {body}");
    }
    for wrong in ["sort=role", "colour=red", "limit=0"] {
        let (status, body) = ask(&world, &format!("/journeys?{wrong}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {body}");
    }
    let (status, body) = ask(&world, "/journeys/jny_default").await;
    assert_eq!(
        (status, &body["moves"][0]["callers"]),
        (StatusCode::OK, &json!("several")),
        "{body}"
    );
    assert_eq!(body["nodes"][0]["endpoint_id"], json!("ep_default"));
    assert_eq!(ask(&world, "/journeys/jny_unknown").await.0, StatusCode::NOT_FOUND);
}

/// An incident of that actor, which lasted a second.
async fn incident(world: &World, name: &str, actor: &str) {
    let store = world.directory.store();
    let id = IncidentId::from_text("inc_default");
    let known = store.incident(&here(), &id).await.expect("read").expect("there");
    let mut incident = Incident {
        id: IncidentId::from_text(name),
        started: Some(Timestamp::from_micros(0)),
        ended: Some(Timestamp::from_micros(1_000_000)),
        ..known
    };
    incident.actor.id = ActorId::from_text(actor);
    let batch = Batch { incidents: vec![incident], ..Batch::default() };
    store.save_batch(&here(), &batch).await.expect("saved");
}

#[tokio::test]
async fn the_exchanges_of_an_incident_are_laid_over_the_graph() {
    let world = World::new().await;
    incident(&world, "inc_kept", "act_default").await;
    let (status, body) = ask(&world, "/incidents/inc_kept/journey").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    for (member, expected) in [
        ("steps_from", json!("exchanges")),
        ("hosts", json!([{"host": "default.example", "steps": 2}])),
        ("host", json!("default.example")),
        ("role", json!("anonymous")),
        ("journey_id", json!("jny_default")),
        ("chosen_by", json!("only_one")),
        ("is_thin", json!(false)),
        ("is_all", json!(true)),
        ("why_not_all", Value::Null),
        ("unseen_moves", json!([])),
        ("counts", json!({"usual": 1, "rare": 0, "one_caller": 0, "unseen": 0})),
    ] {
        assert_eq!(body[member], expected, "{member}: {body}");
    }
    let [first, second] = &body["steps"].as_array().expect("steps")[..] else { panic!("{body}") };
    assert_eq!((&first["hostile"], &first["status"]), (&json!(true), &json!(403)));
    assert_eq!((&first["move"], &first["move_share"]), (&json!("start"), &json!(1.0)));
    assert_eq!((&second["move"], &second["move_share"]), (&json!("usual"), &json!(0.5)));
    assert_eq!((&second["place"], &second["path"]), (&json!("usual"), &json!("/v1/orders/{id}")));
    assert_eq!(second["pace"], Value::Null, "nothing was timed");
    let (_, body) = ask(&world, "/incidents/inc_kept/journey?host=other.example").await;
    assert_eq!((&body["steps"], &body["journey_id"]), (&json!([]), &Value::Null), "{body}");
}

#[tokio::test]
async fn what_is_not_kept_is_not_made_up() {
    let world = World::new().await;
    incident(&world, "inc_gone", "act_gone").await;
    let (status, body) = ask(&world, "/incidents/inc_gone/journey").await;
    assert_eq!((status, &body["steps_from"]), (StatusCode::OK, &json!("detections")), "{body}");
    assert_eq!((&body["is_all"], &body["role"]), (&json!(false), &Value::Null));
    assert!(body["why_not_all"].as_str().is_some_and(|why| why.contains("no exchange")), "{body}");
    let steps = body["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 1);
    assert_eq!((&steps[0]["place"], &steps[0]["move"]), (&json!("usual"), &json!("not_compared")));
    assert_eq!(ask(&world, "/incidents/inc_unknown/journey").await.0, StatusCode::NOT_FOUND);
    let (status, _) = ask(&world, "/incidents/inc_gone/journey?colour=red").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}
