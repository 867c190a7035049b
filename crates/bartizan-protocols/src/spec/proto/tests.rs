use crate::spec::{
    Files, NoFiles, OperationKind, ParameterIn, ProblemSeverity, SpecDocument, SpecOperation, read,
};

mod descriptors;

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
    let [get, rest, other, watch] = &spec.operations[..] else { panic!("{:?}", spec.operations) };
    assert_eq!((get.method.as_str(), get.path.as_str()), ("POST", "/shop.v1.Orders/Get"));
    assert!(get.deprecated && !watch.deprecated && get.kind.is_matched_by_path());
    let both = OperationKind::Grpc { client_streams: true, server_streams: true };
    assert_eq!(watch.kind, both);
    assert_eq!((watch.position.line, watch.position.column), (14, 3));
    assert_eq!(watch.pointer, "/services/Orders/Watch");
    assert_eq!((rest.method.as_str(), rest.path.as_str()), ("GET", "/v1/orders/{name}"));
    assert_eq!(
        (other.path.as_str(), other.pointer.as_str()),
        ("/x", "/services/Orders/Get/http/1")
    );
    assert!(rest.deprecated && (rest.position.line, rest.position.column) == (11, 5));
    assert_eq!((other.position.line, other.position.column), (11, 81));
    let order = spec.node(get.responses[0].bodies[0].schema.expect("a message"));
    assert_eq!(
        fields(order),
        [
            ("totals", "map<string, int64> 1  "),
            ("lines", "string 2 repeated "),
            ("a", "string 3  one"),
            ("b", "Inner 4  one"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
    assert!(spec.node(Default::default()).find("/enums/GetRequest.E/A").is_some());
    assert!(spec.node(Default::default()).find("/messages/Order.Inner/deep").is_some());
    assert_eq!(spec.problems.len(), 1, "{:?}", spec.problems);
    assert_eq!(spec.problems[0].line, 15);
}

/// Names of fields with type, number, label and `oneof`.
fn fields(message: crate::spec::tree::Node<'_>) -> Vec<(String, String)> {
    let text = |field: crate::spec::tree::Node<'_>| {
        ["type", "number", "label", "oneof"].map(|name| field.text_of(name)).join(" ")
    };
    message.members().map(|(name, field)| (name.to_owned(), text(field))).collect()
}

fn load(text: &str) -> SpecDocument {
    read(text.as_bytes(), &mut NoFiles).expect("a document")
}

/// Names and places of parameters.
fn parameters(operation: &SpecOperation) -> Vec<(&str, ParameterIn)> {
    operation.parameters.iter().map(|p| (p.name.as_str(), p.location)).collect()
}

#[test]
fn rules_of_http_are_read_in_all_their_forms() {
    let with = |option: &str| {
        let text = format!(
            "package p; message M {{ string a = 1; N n = 2; repeated N m = 3; }} message N {{ M b = 1; int32 c = 2; }} \
             service S {{ rpc R(M) returns (N) {{ {option} }} }}"
        );
        let spec = load(&text);
        let list: Vec<String> = spec
            .operations
            .iter()
            .filter(|o| o.kind == OperationKind::Http)
            .map(|o| {
                let names: Vec<&str> = o.parameters.iter().map(|p| p.name.as_str()).collect();
                let types = o.bodies.iter().chain(&o.responses[0].bodies);
                let types: Vec<&str> = types.map(|body| body.type_name.as_str()).collect();
                format!("{} {} {} {}", o.method, o.path, names.join(","), types.join(","))
            })
            .collect();
        (list, spec.problems.len())
    };
    for (option, expected, problems) in [
        (r#"option (google.api.http).get = "/x";"#, &["GET /x a,n.c N"][..], 0),
        (r#"option (.google.api.http) = { put: '/' '{a}' body: 'n' };"#, &["PUT /{a} a N,N"], 0),
        (
            r#"option (google.api.http) = { post: "/x", body: "*"; response_body: "c" };"#,
            &["POST /x  M,int32"],
            0,
        ),
        (
            r#"option (google.api.http) = { additional_bindings: [ { delete: "/{n.c}" }, { patch: "/y" body: "*" } ] get: "/z" };"#,
            &["GET /z a,n.c N", "DELETE /{n.c} n.c,a N", "PATCH /y  M,N"],
            0,
        ),
        (
            r#"option (google.api.http) = { custom { kind: "HEAD" path: "/x/{a=**}" } };"#,
            &["HEAD /x/{a} a,n.c N"],
            1,
        ),
        (r#"option (google.api.http) = { custom { kind: "*" path: "/x" } };"#, &[], 1),
        (r#"option (google.api.http) = { get: "x" };"#, &[], 1),
        (r#"option (google.api.http) = { body: "*" };"#, &[], 1),
        (r#"option (other.http) = { get: "/x" };"#, &[], 0),
        (r#"option (google.api.http) = "#, &[], 4),
    ] {
        let (list, count) = with(option);
        assert_eq!(list, expected, "{option}");
        assert_eq!(count > 0, problems > 0, "{option}");
    }
}

#[test]
fn rules_that_are_many_deep_or_long_have_an_end() {
    let with = |rule: &str| {
        load(&format!(
            "message M {{}} service S {{ rpc R(M) returns (M) {{ option (google.api.http) = {rule}; }} rpc T(M) returns (M); }}"
        ))
    };
    let many = r#"additional_bindings { get: "/x" } "#.repeat(200);
    let spec = with(&format!("{{ {many} }}"));
    assert_eq!(spec.operations.len(), 2 + 63, "the rule itself has no pattern");
    let deep = with(&format!("{}{}", "{ a ".repeat(100_000), "}".repeat(100_000)));
    assert_eq!(deep.operations.len(), 2);
    let long = with(&format!(r#"{{ get: "/{}" }}"#, "a".repeat(5_000)));
    assert_eq!(long.operations.len(), 2);
    assert!(long.problems.iter().any(|p| p.line == 1 && p.what.contains("4096 bytes")));
}

/// What schemas of the first bodies are: name of the file and pointer.
fn schemas(spec: &SpecDocument) -> Vec<Option<String>> {
    let bodies = spec.operations.iter().flat_map(|o| o.bodies.iter().chain(&o.responses[0].bodies));
    let at = |place| format!("{}{}", spec.file(place), spec.node(place).pointer());
    bodies.map(|body| body.schema.map(at)).collect()
}

#[test]
fn names_are_looked_up_from_the_inside() {
    let spec = load(
        "package a.b; message M { message I {} } message b { message M {} }
         service S { rpc R(M) returns (M.I); rpc T(b.M) returns (.a.b.M); rpc U(a.b.b) returns (x.Gone); }",
    );
    let at = |name: &str| Some(format!("/messages/{name}"));
    assert_eq!(schemas(&spec), [at("M"), at("M.I"), at("b.M"), at("M"), at("b"), None]);
    assert_eq!(spec.problems, []);
}

/// Files of a folder.
struct Folder(&'static [(&'static str, &'static str)], Vec<String>);

impl Files for Folder {
    fn name(&self) -> &str {
        "main.proto"
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.1.push(path.to_owned());
        let found = self.0.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| "no such file".to_owned())
    }
}

#[test]
fn imported_files_are_read_for_their_messages_and_no_others() {
    let mut files = Folder(
        &[
            (
                "x/a.proto",
                "package x; import public \"x/b.proto\"; import \"main.proto\"; message A { B b = 1; } service Other { rpc No(A) returns (A); } ?;",
            ),
            ("x/b.proto", "package x; message B { int32 n = 1; message C {} }"),
        ],
        Vec::new(),
    );
    let text = "package m; import \"x/a.proto\"; import \"google/protobuf/any.proto\"; import \"google/type/money.proto\";
        import \"../secret.proto\"; import \"https://evil.example/x.proto\"; import \"/etc/passwd\"; import \"x/a.proto\";
        service S { rpc R(x.A) returns (x.B.C) { option (google.api.http).get = \"/r\"; } }";
    let spec = read(text.as_bytes(), &mut files).expect("a document");
    assert_eq!(files.1, ["google/type/money.proto", "x/a.proto", "x/b.proto"]);
    let at = |place: &str| Some(place.to_owned());
    assert_eq!(schemas(&spec)[..2], [at("x/a.proto/messages/A"), at("x/b.proto/messages/B.C")]);
    assert_eq!(spec.operations.len(), 2, "the services of others are theirs");
    let [one] = &spec.operations[1].parameters[..] else { panic!("{:?}", spec.operations[1]) };
    assert_eq!((one.name.as_str(), spec.file(one.place)), ("b.n", "x/b.proto"));
    let problems: Vec<_> =
        spec.problems.iter().map(|p| (p.file.as_str(), p.line, p.severity)).collect();
    use ProblemSeverity::{Error, Warning};
    let told = ("", 2, Warning);
    assert_eq!(
        problems,
        [told, told, ("", 1, Warning), told, ("x/a.proto", 1, Error)],
        "{:#?}",
        spec.problems
    );
    for (problem, what) in spec.problems.iter().zip([
        "outside of",
        "only relative",
        "no such file",
        "never the network",
    ]) {
        assert!(
            problem.what.contains("--include_imports") && problem.what.contains(what),
            "{problem}"
        );
    }
}
