use std::sync::Arc;

use bartizan_model::{
    AuthKnown, HashKey, InventoryState, KnownBy, Protocol, Scope, analysis::Analysis,
};
use bartizan_protocols::spec::{NoFiles, read};

use crate::{
    State,
    checks::example::{Builder, get},
    judge::{judge, results},
    snapshot::Snapshot,
    specs::Specs,
};

fn analyse(spec: Option<&str>, exchanges: Vec<Builder>) -> Analysis {
    let mut snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    if let Some(text) = spec {
        let document = read(text.as_bytes(), &mut NoFiles).expect("a document");
        snapshot.specs = Some(Arc::new(Specs::new(vec![("spec.yaml".to_owned(), document)])));
    }
    let mut state = State::new(&snapshot.scope);
    for exchange in exchanges {
        let exchange = exchange.build();
        judge(&exchange, &snapshot, &mut state, exchange.time);
    }
    results(&mut state, &snapshot)
}

#[test]
fn parameters_of_segments_are_learned_and_looked_at() {
    let at = |n: usize| format!("https://maps.example.com/maps/point;lat=4{n};lon=7{n}");
    let mut exchanges: Vec<_> =
        (0..6).map(|n| get(&at(n)).answer(200, "application/json", "{}")).collect();
    exchanges.push(get("https://maps.example.com/maps/point;lat=1'%20OR%20'1'='1;lon=2").answer(
        200,
        "application/json",
        "{}",
    ));
    let analysis = analyse(None, exchanges);
    let [endpoint] = &analysis.endpoints[..] else { panic!("{:?}", analysis.endpoints.len()) };
    assert_eq!(endpoint.path, "/maps/point");
    let parameters: Vec<_> = endpoint
        .parameters
        .iter()
        .filter(|p| p.location.as_str().starts_with("path"))
        .map(|p| (p.name.as_str(), p.location.as_str(), p.required))
        .collect();
    assert_eq!(
        parameters,
        [("lat", "path.point;lat", Some(true)), ("lon", "path.point;lon", Some(true))]
    );
    let injected = analysis.detections.iter().flat_map(|detection| &detection.evidence);
    let places = injected.filter_map(|one| one.location.as_ref());
    let places: Vec<String> = places.map(ToString::to_string).collect();
    assert!(places.iter().any(|place| place.contains(";lat")), "{places:?}");
    assert!(analysis.summary.anomalies.is_empty(), "{:?}", analysis.summary.anomalies);
}

#[test]
fn channels_are_listed_and_raise_nothing() {
    let spec = r#"{"asyncapi":"2.6.0","info":{"title":"Orders","version":"1","x-owner":"Shop"},
      "servers":{"live":{"url":"kafka.example.com:9092","protocol":"kafka"}},
      "channels":{"orders/{id}":{"publish":{"operationId":"placed","message":{"contentType":"application/json",
        "payload":{"type":"object","properties":{"email":{"type":"string"}}}}}}}}"#;
    let seen =
        vec![get("https://api.example.com/v1/orders/7").answer(200, "application/json", "{}")];
    let analysis = analyse(Some(spec), seen);
    let channel = analysis.endpoints.iter().find(|one| one.protocol == Protocol::Kafka);
    let channel = channel.expect("listed");
    assert_eq!(
        (channel.host.as_str(), channel.path.as_str()),
        ("kafka.example.com", "orders/{id}")
    );
    assert_eq!(channel.inventory_state, InventoryState::Documented);
    assert_eq!(channel.known_by, [KnownBy::Specification]);
    assert_eq!(channel.owner.as_deref(), Some("Shop"));
    assert_eq!(channel.auth_known(), AuthKnown::NotEvaluated);
    assert_eq!((channel.risk.score, channel.requests), (0, 0));
    assert_eq!(analysis.summary.orphans, 0);
    let about = |id: Option<&bartizan_model::EndpointId>| id == Some(&channel.id);
    assert!(!analysis.findings.iter().any(|finding| about(finding.endpoint_id.as_ref())));
    // What is no request of an API says nothing about those that are.
    let other = analysis.endpoints.iter().find(|one| one.protocol == Protocol::Rest);
    assert_eq!(other.expect("seen").inventory_state, InventoryState::Unspecified);
}
