use crate::spec::{NoFiles, OperationKind, read};

const PROTO: &str = r#"
// A comment; with { signs
syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
option go_package = "x;y";
service Orders {
  option (google.api.default_host) = "shop.example";
  // Get one.
  rpc Get(GetRequest) returns (.shop.v1.Order) {
    option (google.api.http) = { get: "/v1/{name=orders/*}" additional_bindings { get: "/x" } };
    option deprecated = true;
  }
  rpc Watch (stream GetRequest) returns (stream Order);
  rpc Broken (;
}
message GetRequest { string name = 1 [(x) = { a: "}" }]; reserved 2, 3; enum E { A = 0; } }
message Order {
  map<string, int64> totals = 1;
  repeated string lines = 2;
  oneof one { string a = 3; Inner b = 4; }
  message Inner { bool deep = 1; }
}
"#;

#[test]
fn methods_of_services_are_operations() {
    let spec = read(PROTO.as_bytes(), &mut NoFiles).expect("a document");
    assert_eq!((spec.format.name(), spec.version.as_str()), ("Protocol Buffers", "proto3"));
    let [get, watch] = &spec.operations[..] else { panic!("{:?}", spec.operations) };
    assert_eq!((get.method.as_str(), get.path.as_str()), ("POST", "/shop.v1.Orders/Get"));
    assert!(get.deprecated && !watch.deprecated && get.kind.is_matched_by_path());
    let both = OperationKind::Grpc { client_streams: true, server_streams: true };
    assert_eq!(watch.kind, both);
    assert_eq!((watch.position.line, watch.position.column), (14, 3));
    assert_eq!(watch.pointer, "/services/Orders/Watch");
    let order = spec.node(get.responses[0].bodies[0].schema.expect("a message"));
    let fields: Vec<_> = order.members().map(|(name, of)| (name, of.as_str())).collect();
    assert_eq!(
        fields,
        [
            ("totals", Some("map<string, int64>")),
            ("lines", Some("string")),
            ("a", Some("string")),
            ("b", Some("Inner")),
        ]
    );
    assert!(spec.node(Default::default()).find("/messages/Order.Inner/deep").is_some());
    assert_eq!(spec.problems.len(), 1, "{:?}", spec.problems);
    assert_eq!(spec.problems[0].line, 15);
}
