use crate::spec::{NoFiles, OperationKind, read};

const SECOND: &str = r##"
asyncapi: 2.6.0
info: {title: Lights, version: 1.0.0}
servers:
  production: {url: "broker.{env}.example:5023", protocol: kafka-secure, variables: {env: {default: live}}}
  other: {url: mqtt://mqtt.example/base, protocol: mqtt}
defaultContentType: application/json
channels:
  lights/{id}/measured:
    servers: [production]
    parameters: {id: {schema: {type: string}}}
    publish:
      operationId: measured
      security: [{sasl: []}]
      message: {oneOf: [{$ref: "#/components/messages/a"}, {name: b, payload: {}}]}
    subscribe: {message: {$ref: "#/components/messages/gone"}}
components:
  securitySchemes: {sasl: {type: scramSha256}}
  messages: {a: {name: a, contentType: application/avro, payload: {type: object}}}
"##;

const THIRD: &str = r##"{"asyncapi":"3.0.0","info":{"title":"Chat","version":"1"},
  "servers":{"live":{"host":"ws.example:443","pathname":"/v1","protocol":"wss"}},
  "channels":{"room":{"address":"/rooms/{room}","servers":[{"$ref":"#/servers/live"}],
    "parameters":{"room":{}},"messages":{"said":{"payload":{"type":"object"}}}}},
  "operations":{"say":{"action":"receive","channel":{"$ref":"#/channels/room"},
      "messages":[{"$ref":"#/channels/room/messages/said"}]},
    "hear":{"action":"send","channel":{"$ref":"#/channels/room"}},
    "odd":{"action":"shout","channel":{"$ref":"#/channels/room"}}}}"##;

#[test]
fn the_second_version_is_read_from_the_side_of_the_application() {
    let spec = read(SECOND.as_bytes(), &mut NoFiles).expect("a document");
    assert_eq!((spec.format.name(), spec.title.as_str()), ("AsyncAPI", "Lights"));
    assert_eq!(spec.servers[0].host, "broker.live.example");
    assert_eq!(
        (spec.servers[0].protocol.as_str(), spec.servers[1].protocol.as_str()),
        ("kafka-secure", "mqtt")
    );
    let [received, sent] = &spec.operations[..] else { panic!("{:?}", spec.operations) };
    assert_eq!((received.kind, received.method.as_str()), (OperationKind::Receive, "RECEIVE"));
    assert_eq!(received.path, "lights/{id}/measured");
    assert_eq!(received.servers, spec.servers[..1]);
    let types: Vec<_> =
        received.bodies.iter().map(|b| (b.type_name.as_str(), b.media_type.as_str())).collect();
    assert_eq!(types, [("a", "application/avro"), ("b", "application/json")]);
    assert_eq!(received.secured(), Some(true));
    assert_eq!((sent.kind, sent.bodies.len()), (OperationKind::Send, 0));
    assert_eq!(spec.problems.len(), 1, "{:?}", spec.problems);
    assert!(!received.kind.is_matched_by_path() && !sent.kind.is_matched_by_path());
}

#[test]
fn payloads_of_other_formats_than_json_schema_are_named_and_not_read() {
    let spec = r##"{"asyncapi":"3.0.0","info":{},"channels":{"c":{"messages":{
        "plain":{"payload":{"type":"object"}},
        "named":{"payload":{"schemaFormat":"application/schema+json;version=draft-07","schema":{}}},
        "avro":{"contentType":"avro/binary","payload":{"schemaFormat":"application/vnd.apache.avro;version=1.9.0",
            "schema":{"type":"record"}}},
        "shared":{"payload":{"$ref":"#/components/schemas/proto"}}}}},
      "components":{"schemas":{"proto":{"schemaFormat":"application/vnd.google.protobuf;version=3","schema":"x"}}},
      "operations":{"o":{"action":"send","channel":{"$ref":"#/channels/c"}}}}"##;
    let spec = read(spec.as_bytes(), &mut NoFiles).expect("a document");
    let [operation] = &spec.operations[..] else { panic!("{:?}", spec.operations) };
    assert_eq!(operation.path, "{c}", "an address that is not known");
    let has_schema: Vec<bool> = operation.bodies.iter().map(|b| b.schema.is_some()).collect();
    assert_eq!(has_schema, [true, true, false, false]);
    assert_eq!(operation.bodies[2].media_type, "avro/binary");
    let second = r#"{"asyncapi":"2.6.0","info":{},"channels":{"c":{"publish":{"message":
        {"schemaFormat":"application/vnd.apache.avro+json;version=1.9.0","payload":{"type":"record"}}}}}}"#;
    let spec = read(second.as_bytes(), &mut NoFiles).expect("a document");
    assert_eq!(spec.operations[0].bodies[0].schema, None);
}

#[test]
fn the_third_version_has_operations_with_actions() {
    let spec = read(THIRD.as_bytes(), &mut NoFiles).expect("a document");
    let list: Vec<_> = spec
        .operations
        .iter()
        .map(|o| (o.operation_id.as_deref(), o.kind.name(), o.path.as_str(), o.bodies.len()))
        .collect();
    assert_eq!(
        list,
        [
            (Some("say"), "received message", "/rooms/{room}", 1),
            (Some("hear"), "sent message", "/rooms/{room}", 1)
        ]
    );
    assert_eq!(spec.operations[0].servers[0].base_path, "/v1");
    assert_eq!(spec.problems[0].pointer, "/operations/odd");
}
