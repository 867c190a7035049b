use bartizan_model::{Direction, Timestamp};
use bartizan_protocols::{
    Call,
    spec::{NoFiles, read},
};

use super::*;
use crate::{
    endpoints::{Segment, Template},
    learn::Profile,
    specs::Specs,
};

const BROKERS: &str = r##"
asyncapi: 2.6.0
info: {title: Orders, version: 1.0.0}
servers:
  live: {url: "kafka.example.com:9092", protocol: kafka-secure}
  field: {url: "mqtt://mqtt.example.com", protocol: mqtt}
channels:
  orders/{id}/placed:
    servers: [live]
    parameters: {id: {schema: {type: string, format: uuid}}}
    publish:
      operationId: placed
      message: {$ref: "#/components/messages/order"}
  readings:
    subscribe:
      deprecated: true
      message: {oneOf: [{name: hot, contentType: application/json, payload: {type: object, required: [at, degrees], properties: {at: {type: integer}, degrees: {type: number}}}},
        {name: cold, contentType: application/json, payload: {type: object, properties: {at: {type: string}}}}]}
components:
  messages:
    order:
      name: OrderPlaced
      contentType: application/json
      payload:
        type: object
        required: [sku]
        properties:
          sku: {type: string}
          state: {enum: [open, shut]}
          buyer: {$ref: "#/components/schemas/buyer"}
          lines: {type: array, items: {type: object, properties: {price: {type: number}}}}
  schemas:
    buyer: {type: object, properties: {email: {type: string, format: email}, friend: {$ref: "#/components/schemas/buyer"}}}
"##;

const SOCKET: &str = r##"{"asyncapi":"3.0.0","info":{"title":"Chat","version":"1"},
  "servers":{"live":{"host":"ws.example.com:443","pathname":"/v1","protocol":"wss"}},
  "channels":{"room":{"address":"/rooms/{room}","messages":{"said":{"payload":{"type":"object"}}}},
    "hooks":{"address":"/hooks","servers":[{"$ref":"#/servers/live"}]}},
  "operations":{"say":{"action":"receive","channel":{"$ref":"#/channels/room"}},
    "hear":{"action":"send","channel":{"$ref":"#/channels/room"}},
    "hook":{"action":"send","channel":{"$ref":"#/channels/hooks"}}}}"##;

fn specs(text: &str) -> Specs {
    let document = read(text.as_bytes(), &mut NoFiles).expect("a document");
    Specs::new(vec![("events.yaml".to_owned(), document)])
}

fn socket(host: &str, path: &str) -> Template {
    Template {
        host: host.to_owned(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        segments: path.split('/').skip(1).map(|s| Segment::Literal(s.to_owned())).collect(),
        call: Some(Call { protocol: Protocol::Websocket, operation: String::new() }),
        ..Template::default()
    }
}

fn locations(endpoint: &Endpoint) -> Vec<(&str, &str, Option<bool>)> {
    let parameters = endpoint.parameters.iter();
    parameters.map(|p| (p.location.as_str(), p.value_type.as_str(), p.required)).collect()
}

#[test]
fn messages_through_brokers_are_documented_and_never_orphans() {
    let specs = specs(BROKERS);
    let compared = specs.compare(std::iter::empty());
    let listed = compared.channels(&Scope::default());
    assert_eq!((listed.orphans, listed.left_out), (0, 0));
    let what: Vec<_> = listed
        .endpoints
        .iter()
        .map(|(e, _)| (e.protocol, e.host.as_str(), e.method.0.as_str(), e.path.as_str()))
        .collect();
    assert_eq!(
        what,
        [
            (Protocol::Kafka, "kafka.example.com", "RECEIVE", "orders/{id}/placed"),
            (Protocol::Kafka, "kafka.example.com", "SEND", "readings"),
            (Protocol::Mqtt, "mqtt.example.com", "SEND", "readings"),
        ]
    );
    for (endpoint, _) in &listed.endpoints {
        assert_eq!(endpoint.inventory_state, InventoryState::Documented, "deprecated or not");
        assert!(endpoint.confirmed && endpoint.auth.is_empty() && endpoint.auth_judged == 0);
        assert_eq!(endpoint.written.as_ref().expect("written").document, "events.yaml");
    }
    assert_eq!(compared.never_granted(&Scope::default()).1, 0);
    let summary = &compared.summaries()[0];
    assert_eq!((summary.operations, summary.seen), (2, 0));
    assert_eq!(summary.not_compared.iter().map(|one| one.count).sum::<u64>(), 2);
}

#[test]
fn fields_of_messages_are_those_of_their_schemas() {
    let specs = specs(BROKERS);
    let compared = specs.compare(std::iter::empty());
    let listed = compared.channels(&Scope::default());
    let [(placed, _), (readings, _), _] = &listed.endpoints[..] else { panic!("three") };
    assert_eq!(placed.operation.as_deref(), Some("placed"));
    assert_eq!(placed.operation_at_path(), None, "its address is what it is known by");
    let body = &placed.bodies[0];
    assert_eq!((body.direction, body.count), (Direction::Request, 0));
    assert_eq!(body.media_type, "application/json");
    let found = locations(placed);
    for expected in [
        ("path.id", "string", Some(true)),
        ("body:/sku", "string", Some(true)),
        ("body:/state", "", Some(false)),
        ("body:/buyer/email", "string", Some(false)),
        ("body:/lines", "array", Some(false)),
        ("body:/lines/*/price", "number", Some(false)),
    ] {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
    // A schema that holds itself ends.
    assert!(placed.parameters.len() < 60, "{}", placed.parameters.len());
    assert!(placed.parameters.iter().all(|p| p.seen == 0));
    let state = placed.parameters.iter().find(|p| p.name == "state").expect("a field");
    assert_eq!(state.words, ["open", "shut"]);
    assert_eq!(placed.conversation.messages[0].name, "OrderPlaced");
    assert_eq!(placed.conversation.messages[0].fields, ["buyer", "lines", "sku", "state"]);

    assert_eq!(readings.bodies.len(), 1, "both messages are of one media type");
    assert_eq!(readings.bodies[0].direction, Direction::Response);
    assert_eq!(
        locations(readings),
        [("body:/at", "integer|string", Some(false)), ("body:/degrees", "number", Some(false))]
    );
    let names: Vec<_> = readings.conversation.messages.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["cold", "hot"]);
}

#[test]
fn channels_over_websocket_are_the_endpoint_of_that_path() {
    let specs = specs(SOCKET);
    let seen = [
        socket("ws.example.com", "/v1/rooms/lobby"),
        socket("ws.example.com", "/v1/admin"),
        socket("other.example.com", "/v1/admin"),
    ];
    let page = Template { call: None, ..socket("ws.example.com", "/v1/rooms/lobby") };
    let compared = specs.compare(seen.iter().chain([&page]));
    use InventoryState::{Documented, Shadow, Unspecified};
    let states: Vec<_> = seen.iter().map(|one| compared.state_of(one)).collect();
    assert_eq!(states, [Documented, Shadow, Unspecified]);
    assert_eq!(compared.state_of(&page), Unspecified, "a page is no WebSocket");
    let described = compared.describing(&seen[0]).expect("written");
    assert_eq!(described.operation.operation_id.as_deref(), Some("say"));
    // Both directions of the room were seen with it; nobody asked for the other channel.
    let listed = compared.channels(&Scope::default());
    let [(hook, _)] = &listed.endpoints[..] else { panic!("{:?}", listed.endpoints.len()) };
    assert_eq!((hook.path.as_str(), hook.protocol), ("/v1/hooks", Protocol::Websocket));
    assert_eq!((hook.inventory_state, listed.orphans), (InventoryState::Orphan, 1));
    let summary = &compared.summaries()[0];
    assert_eq!((summary.operations, summary.seen), (3, 2));
    assert!(summary.not_compared.is_empty());
    let path = specs.path_of("ws.example.com", "GET", &["v1", "rooms", "7"]);
    assert_eq!(path, Some("/v1/rooms/{room}"));
}

#[test]
fn channels_at_a_host_with_a_variable_are_listed_at_its_pattern() {
    let server = r#"{"host":"{tenant}.ws.example.com","variables":{"tenant":{"default":"demo"}},"#;
    let text = SOCKET.replace(r#"{"host":"ws.example.com:443","#, server);
    let listed_at = |text: &str| {
        let specs = specs(text);
        let listed = specs.compare(std::iter::empty()).channels(&Scope::default()).endpoints;
        let mut hosts: Vec<String> = listed.into_iter().map(|(one, _)| one.host).collect();
        hosts.dedup();
        hosts
    };
    assert_eq!(listed_at(&text), ["{tenant}.ws.example.com"]);
    let broker = text.replace(r#""protocol":"wss""#, r#""protocol":"kafka""#);
    assert_eq!(listed_at(&broker), ["demo.ws.example.com"], "no traffic shows others");
}

#[test]
fn a_socket_that_was_refused_is_no_orphan() {
    let specs = specs(SOCKET);
    let mut compared = specs.compare(std::iter::empty());
    let refused = Profile {
        requests: 4,
        statuses: [(403, 4)].into(),
        first_seen: Some(Timestamp::from_seconds(10)),
        ..Profile::default()
    };
    // A handshake that was refused opened no WebSocket.
    let asked = Template { call: None, ..socket("ws.example.com", "/v1/hooks") };
    compared.refuse(&asked, &refused);
    let listed = compared.channels(&Scope::default());
    assert_eq!(listed.orphans, 2, "both directions of the room");
    let hook = listed.endpoints.iter().find(|(one, _)| one.path == "/v1/hooks");
    let (hook, _) = hook.expect("listed");
    assert_eq!((hook.inventory_state, hook.requests), (InventoryState::Documented, 4));
    assert_eq!(hook.statuses, [(403, 4)]);
}

#[test]
fn channels_over_http_are_compared_where_a_binding_names_the_method() {
    let specs = specs(
        r#"{"asyncapi":"2.6.0","info":{},"servers":{"s":{"url":"https://api.example.com","protocol":"https"}},
        "channels":{"/told":{"publish":{"bindings":{"http":{"type":"request","method":"POST"}}}},
          "/asked":{"publish":{}}}}"#,
    );
    let told =
        Template { method: "POST".to_owned(), call: None, ..socket("api.example.com", "/told") };
    let compared = specs.compare([&told].into_iter());
    assert_eq!(compared.state_of(&told), InventoryState::Documented);
    let listed = compared.channels(&Scope::default());
    let [(asked, _)] = &listed.endpoints[..] else { panic!("{}", listed.endpoints.len()) };
    assert_eq!((asked.path.as_str(), asked.method.0.as_str()), ("/asked", "RECEIVE"));
    assert_eq!(
        asked.inventory_state,
        InventoryState::Documented,
        "how it would show is not written"
    );
    assert_eq!((asked.protocol, listed.orphans), (Protocol::Rest, 0));
}

#[test]
fn what_a_document_with_many_servers_lists_is_bounded() {
    let servers: Vec<String> =
        (0..64).map(|n| format!(r#""s{n}":{{"url":"b{n}.example","protocol":"amqp"}}"#)).collect();
    let channels: Vec<String> = (0..200)
        .map(|n| {
            format!(
                r#""c{n}":{{"publish":{{"message":{{"payload":{{"properties":{{"a":{{}},"b":{{}}}}}}}}}}}}"#
            )
        })
        .collect();
    let text = format!(
        r#"{{"asyncapi":"2.6.0","info":{{}},"servers":{{{}}},"channels":{{{}}}}}"#,
        servers.join(","),
        channels.join(",")
    );
    let specs = specs(&text);
    let listed = specs.compare(std::iter::empty()).channels(&Scope::default());
    assert_eq!(listed.endpoints.len(), MAX_NEVER_GRANTED);
    assert_eq!(listed.left_out, 64 * 200 - MAX_NEVER_GRANTED as u64);
}
