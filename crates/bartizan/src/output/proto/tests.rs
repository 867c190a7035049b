use std::collections::BTreeMap;

use bartizan_model::sketch::WireField;
use bartizan_protocols::spec::{NoFiles, OperationKind, read};

use super::*;

fn wire(messages: u64) -> WireField {
    WireField { messages, most_in_message: 1, ..WireField::default() }
}

fn side(messages: u64, most_in_call: u64, fields: &[(&str, WireField)]) -> GrpcSide {
    let fields: BTreeMap<String, WireField> =
        fields.iter().map(|(path, field)| ((*path).to_owned(), field.clone())).collect();
    GrpcSide { messages, most_in_call, fields, ..GrpcSide::default() }
}

fn endpoint(operation: &str, sketch: Option<GrpcSketch>) -> Endpoint {
    Endpoint {
        host: "api.example.com".to_owned(),
        path: format!("/{operation}"),
        protocol: Protocol::Grpc,
        operation: Some(operation.to_owned()),
        requests: 6,
        sketch: sketch.map(Sketch::Grpc),
        ..Endpoint::default()
    }
}

fn written(endpoints: &[Endpoint], package: &str) -> String {
    text(&endpoints.iter().collect::<Vec<_>>(), "api.example.com", package)
}

#[test]
fn messages_have_the_shape_of_what_was_on_the_wire() {
    let request = side(
        6,
        1,
        &[
            ("1", WireField { varints: 6, greatest: 70, ..wire(6) }),
            ("2", WireField { lengths: 4, texts: 4, ..wire(4) }),
            ("3", WireField { lengths: 8, nested: 8, most_in_message: 3, ..wire(6) }),
            ("3.1", WireField { varints: 8, greatest: 1, ..wire(8) }),
            ("3.10", WireField { lengths: 2, nested: 2, ..wire(2) }),
            ("3.10.2", WireField { fixed64: 2, ..wire(2) }),
            ("3.2", WireField { fixed32: 1, ..wire(1) }),
            ("4", WireField { lengths: 1, varints: 2, ..wire(3) }),
            ("5", WireField { lengths: 1, ..wire(1) }),
            ("6", WireField { fixed32: 1, varints: 1, ..wire(2) }),
            ("19001", WireField { varints: 1, ..wire(1) }),
        ],
    );
    let sketch = GrpcSketch { calls: 6, request, response: side(9, 2, &[]) };
    let text = written(
        &[endpoint("shop.v1.Orders/Watch", Some(sketch)), endpoint("shop.v1.Orders/Get", None)],
        "shop.v1",
    );
    let message = "message OrdersWatchRequest {
  int64 field_1 = 1; // or sint64, uint64, an enumeration
  string field_2 = 2; // or bytes; in 4 of 6
  repeated Message3 field_3 = 3;
  message Message3 {
    bool field_1 = 1; // or an integer or enumeration
    fixed32 field_2 = 2; // or sfixed32, float; in 1 of 8
    Message10 field_10 = 10; // in 2 of 8
    message Message10 {
      fixed64 field_2 = 2; // or sfixed64, double
    }
  }
  repeated int64 field_4 = 4; // also packed; or sint64, uint64, an enumeration; in 3 of 6
  bytes field_5 = 5; // or packed numbers; in 1 of 6
  bytes field_6 = 6; // was written in several ways: the schema may have changed; in 2 of 6
  // 19001 is a number that no field can have; it was seen all the same.
}
";
    assert!(text.contains(message), "{text}");
    assert!(text.starts_with("// Learned from 6 of 12 calls to api.example.com"), "{text}");
    let spec = read(text.as_bytes(), &mut NoFiles).expect("a document");
    assert_eq!(spec.problems, [], "{text}");
    let found: Vec<_> = spec.operations.iter().map(|o| (o.path.as_str(), o.kind)).collect();
    let unary = OperationKind::Grpc { client_streams: false, server_streams: false };
    let streams = OperationKind::Grpc { client_streams: false, server_streams: true };
    assert_eq!(found, [("/shop.v1.Orders/Get", unary), ("/shop.v1.Orders/Watch", streams)]);
    let root = spec.node(Default::default());
    assert!(root.find("/messages/OrdersWatchRequest.Message3.Message10/field_2").is_some());
    assert_eq!(
        root.find("/messages/OrdersWatchRequest/field_3/type").and_then(|f| f.as_str()),
        Some("Message3")
    );
}

#[test]
fn a_file_has_one_package_and_only_names() {
    let endpoints = [
        endpoint("a.A/Get", None),
        endpoint("b.AGet/Request", None),
        endpoint("b.AGetRequest/Get", None),
        endpoint("b.A/Get", None),
        endpoint("Plain/Get", None),
        endpoint("b.1/Get", None),
    ];
    let text = written(&endpoints, "b");
    let spec = read(text.as_bytes(), &mut NoFiles).expect("a document");
    assert_eq!(spec.problems, [], "{text}");
    let paths: Vec<_> = spec.operations.iter().map(|o| o.path.as_str()).collect();
    assert_eq!(paths, ["/b.A/Get", "/b.AGet/Request", "/b.AGetRequest/Get"]);
    let names: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("message ")).collect();
    let unique: BTreeSet<&&str> = names.iter().collect();
    assert_eq!((names.len(), unique.len()), (6, 6), "{text}");
    assert!(written(&endpoints, "").contains("service Plain {"));
}
