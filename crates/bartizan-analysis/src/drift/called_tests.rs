//! Drift of what is called by name, below the name.

use bartizan_model::{
    Direction, Drift, DriftGrade, DriftKind, Endpoint, Location, Parameter, Sketch,
    endpoint::Bounds,
    sketch::{
        GraphqlArgument, GraphqlField, GraphqlSketch, GrpcSide, GrpcSketch, ValueKind, WireField,
    },
};
use bartizan_protocols::spec::{self, NoFiles};

use super::{Known, compare};

/// Grade, kind, part, location, written, seen, line.
type Told = (DriftGrade, DriftKind, String, String, String, String, Option<u32>);

fn drift(text: &str, sketch: Sketch) -> Vec<Told> {
    compared(text, &Endpoint { sketch: Some(sketch), ..Endpoint::default() })
}

fn compared(text: &str, endpoint: &Endpoint) -> Vec<Told> {
    let document = spec::read(text.as_bytes(), &mut NoFiles).expect("reads");
    assert!(document.problems.is_empty(), "{:?}", document.problems);
    let operation = document.operations.first().expect("an operation");
    let written = compare(endpoint, Known::of("s", &document, operation));
    let told = |d: Drift| (d.grade, d.kind, d.part, d.location, d.written, d.seen, d.line);
    written.drift.into_iter().map(told).collect()
}

fn told(
    grade: DriftGrade,
    kind: DriftKind,
    [part, location, written, seen]: [&str; 4],
    line: Option<u32>,
) -> Told {
    let own = str::to_owned;
    (grade, kind, own(part), own(location), own(written), own(seen), line)
}

const SDL: &str = "type Query {
  user(id: ID!, first: Int! = 3,
    old: Int @deprecated): User
  any: Any }
type User { name: String! age: Int
  tags: [String] state: State friends: [User!] nick: String @deprecated }
union Any = User
enum State { OPEN }";

fn field(kinds: &[ValueKind]) -> GraphqlField {
    let kinds = kinds.iter().copied().collect();
    GraphqlField { asked: 6, values: 6, kinds, ..GraphqlField::default() }
}

fn object() -> GraphqlField {
    GraphqlField { has_fields: true, ..field(&[ValueKind::Object]) }
}

/// What agrees with the schema, with other fields.
fn graphql(others: Vec<(&str, GraphqlField)>) -> Vec<Told> {
    use ValueKind::{Integer, Object, String};
    let mut user = object();
    user.arguments
        .insert("id".to_owned(), GraphqlArgument { given: 6, of: 6, ..GraphqlArgument::default() });
    let list = |kind| GraphqlField { lists: 1, elements: 9, ..field(&[kind]) };
    let mut fields: Vec<(&str, GraphqlField)> = vec![
        ("query.user", user),
        ("query.user.name", field(&[String])),
        ("query.user.age", field(&[Integer])),
        ("query.user.tags", list(String)),
        ("query.user.state", field(&[String])),
        ("query.user.friends", GraphqlField { has_fields: true, ..list(Object) }),
        ("query.user.friends.age", field(&[])),
        ("query.any", object()),
        ("query.any.<User>.name", field(&[String])),
        ("query.any.<Elsewhere>.what", field(&[String])),
    ];
    fields.extend(others);
    let fields = fields.into_iter().map(|(path, of)| (path.to_owned(), of)).collect();
    drift(SDL, Sketch::Graphql(GraphqlSketch { calls: 6, fields, left_out: 0 }))
}

#[test]
fn a_call_that_fits_the_schema_has_no_drift() {
    assert_eq!(graphql(Vec::new()), []);
}

#[test]
fn fields_and_values_are_compared_with_the_schema() {
    use DriftGrade::{Breaking, Info, Warning};
    use ValueKind::{Integer, LongInteger, String};
    assert_eq!(
        graphql(vec![
            ("query.user.staff", object()),
            ("query.user.staff.secret", field(&[String])),
            ("query.any.<User>.salary", field(&[Integer])),
            ("query.user.nick", field(&[String])),
            ("query.user.friends.name", GraphqlField { nulls: 1, ..field(&[String]) }),
            ("query.user.age", field(&[LongInteger])),
            ("query.user.tags", field(&[String])),
            ("query.user.friends.state", field(&[Integer])),
        ]),
        [
            told(
                Breaking,
                DriftKind::Type,
                ["answer", "graphql:user.age", "Int", "integer beyond 32 bits"],
                Some(5)
            ),
            told(
                Breaking,
                DriftKind::Type,
                ["answer", "graphql:user.friends.name", "String!", "null once"],
                Some(5)
            ),
            told(
                Breaking,
                DriftKind::Type,
                ["answer", "graphql:user.friends.state", "State", "integer"],
                Some(6)
            ),
            told(
                Breaking,
                DriftKind::Type,
                ["answer", "graphql:user.tags", "[String]", "no list"],
                Some(6)
            ),
            told(
                Warning,
                DriftKind::Unwritten,
                ["request", "graphql:any.<User>.salary", "", "integer"],
                None
            ),
            told(
                Warning,
                DriftKind::Unwritten,
                ["request", "graphql:user.staff", "", "object"],
                None
            ),
            told(
                Info,
                DriftKind::Deprecated,
                ["request", "graphql:user.nick", "deprecated", "asked for 6 times"],
                Some(6)
            ),
        ]
    );
}

#[test]
fn arguments_are_compared_with_the_schema() {
    use DriftGrade::{Info, Warning};
    let given = |given, of| GraphqlArgument { given, of, ..GraphqlArgument::default() };
    let mut user = object();
    user.arguments = [
        ("id", given(5, 6)),
        ("debug", given(1, 6)),
        ("debug.level", given(1, 1)),
        ("old", given(2, 6)),
    ]
    .map(|(name, of)| (name.to_owned(), of))
    .into();
    assert_eq!(
        graphql(vec![("query.user", user.clone())]),
        [
            told(
                Warning,
                DriftKind::Unwritten,
                ["request", "graphql:user(debug)", "", "given once"],
                None
            ),
            told(
                Warning,
                DriftKind::Missing,
                ["request", "graphql:user(id)", "ID!", "5 of 6 granted had it"],
                Some(2)
            ),
            told(
                Info,
                DriftKind::Deprecated,
                ["request", "graphql:user(old)", "deprecated", "given 2 times"],
                Some(3)
            ),
        ]
    );
    user.asked = 4;
    user.arguments = [("id".to_owned(), given(0, 4))].into();
    assert_eq!(graphql(vec![("query.user", user)]), [], "four prove no absence");
}

const PROTO: &str = "syntax = \"proto3\"; package p;
service S { rpc Get(Ask) returns (Told); }
message Ask { string name = 1; Inner inner = 2;
  message Inner { bool deep = 1; } }
message Told { int64 total = 1; repeated int32 ids = 2; }";

#[test]
fn messages_are_compared_by_number_and_wire_type() {
    use DriftGrade::{Breaking, Warning};
    let wire = WireField { messages: 3, most_in_message: 1, ..WireField::default() };
    let varints = WireField { varints: 3, ..wire.clone() };
    let lengths = WireField { lengths: 3, ..wire.clone() };
    let side = |most_in_call, fields: Vec<(&str, WireField)>| GrpcSide {
        messages: 3,
        most_in_call,
        fields: fields.into_iter().map(|(path, of)| (path.to_owned(), of)).collect(),
        ..GrpcSide::default()
    };
    let agreeing = GrpcSketch {
        calls: 3,
        request: side(
            1,
            vec![("1", lengths.clone()), ("2", lengths.clone()), ("2.1", varints.clone())],
        ),
        response: side(1, vec![("1", varints.clone()), ("2", lengths.clone())]),
    };
    assert_eq!(drift(PROTO, Sketch::Grpc(agreeing.clone())), []);
    let request = side(
        1,
        vec![
            ("1", varints.clone()),
            ("2", lengths.clone()),
            ("2.1", lengths.clone()),
            ("2.7", varints.clone()),
            ("9", lengths.clone()),
            ("9.1", lengths),
        ],
    );
    let fixed = WireField { fixed64: 1, most_in_message: 2, ..varints };
    let response = side(2, vec![("1", fixed)]);
    assert_eq!(
        drift(PROTO, Sketch::Grpc(GrpcSketch { calls: 3, request, response })),
        [
            told(
                Breaking,
                DriftKind::Type,
                ["answer", "", "one message", "2 messages in one call"],
                Some(2)
            ),
            told(
                Breaking,
                DriftKind::Type,
                ["answer", "grpc:Told.total", "int64", "64 bits"],
                Some(5)
            ),
            told(
                Breaking,
                DriftKind::Type,
                ["answer", "grpc:Told.total", "int64", "2 values in one message"],
                Some(5)
            ),
            told(
                Warning,
                DriftKind::Unwritten,
                ["request", "grpc:Ask.9", "", "length-delimited"],
                None
            ),
            told(
                Warning,
                DriftKind::Unwritten,
                ["request", "grpc:Ask.inner.7", "", "varint"],
                None
            ),
            told(
                Warning,
                DriftKind::Type,
                ["request", "grpc:Ask.inner.deep", "bool", "length-delimited"],
                Some(4)
            ),
            told(
                Warning,
                DriftKind::Type,
                ["request", "grpc:Ask.name", "string", "varint"],
                Some(3)
            ),
        ]
    );
}

const WSDL: &str = r#"<definitions name="S" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/">
<types><x:schema xmlns:x="http://www.w3.org/2001/XMLSchema">
<x:element name="Add"><x:complexType><x:sequence><x:element name="a" type="x:int"/>
<x:element name="b" type="x:int"/><x:element name="to" type="t:To" minOccurs="0"/></x:sequence></x:complexType></x:element>
<x:element name="Sum" type="t:To"/>
<x:complexType name="To"><x:sequence><x:element name="name" type="x:string"/></x:sequence></x:complexType>
</x:schema></types>
<message name="In"><part name="p" element="t:Add"/></message><message name="Out"><part name="p" element="t:Sum"/></message>
<portType name="P"><operation name="Add"><input message="t:In"/><output message="t:Out"/></operation></portType>
<binding name="B" type="t:P"><s:binding/><operation name="Add"><s:operation soapAction=""/></operation></binding>
<service name="S"><port name="p" binding="t:B"><s:address location="http://a.example/"/></port></service>
</definitions>"#;

fn soap(requests: &[&str], answers: &[&str]) -> Vec<Told> {
    soap_of(WSDL, requests, answers)
}

fn soap_of(wsdl: &str, requests: &[&str], answers: &[&str]) -> Vec<Told> {
    let element = |direction, path: &str| Parameter {
        name: String::new(),
        location: Location::from_text(format!("xml:/Envelope/Body/{path}")),
        direction,
        value_type: match path.rsplit('/').next() {
            Some("a" | "b" | "sum") => "integer".to_owned(),
            _ => "string".to_owned(),
        },
        format: String::new(),
        required: None,
        examples_redacted: Vec::new(),
        seen: 6,
        bounds: Bounds::default(),
        words: Vec::new(),
        pattern: String::new(),
        confidence: 0.0,
        bodies: Vec::new(),
    };
    let sent = requests.iter().map(|path| element(Direction::Request, path));
    let told = answers.iter().map(|path| element(Direction::Response, path));
    compared(wsdl, &Endpoint { parameters: sent.chain(told).collect(), ..Endpoint::default() })
}

#[test]
fn elements_are_compared_with_the_schema() {
    use DriftGrade::{Breaking, Warning};
    let agreeing = ["Add", "Add/@id", "Add/a", "Add/b", "Add/to", "Add/to/name", "Other/x"];
    assert_eq!(soap(&agreeing, &["Sum", "Sum/name", "Fault/code"]), []);
    assert_eq!(
        soap(
            &["Add", "Add/a", "Add/c", "Add/c/d", "Add/to", "Add/to/name", "Add/to/age"],
            &["Sum"]
        ),
        [
            told(
                Breaking,
                DriftKind::Missing,
                ["answer", "xml:/Envelope/Body/Sum/name", "required", "never there"],
                Some(6)
            ),
            told(
                Warning,
                DriftKind::Missing,
                ["request body", "xml:/Envelope/Body/Add/b", "required", "never there"],
                Some(4)
            ),
            told(
                Warning,
                DriftKind::Unwritten,
                ["request body", "xml:/Envelope/Body/Add/c", "", "string"],
                None
            ),
            told(
                Warning,
                DriftKind::Unwritten,
                ["request body", "xml:/Envelope/Body/Add/to/age", "", "string"],
                None
            ),
        ]
    );
}

#[test]
fn parts_of_style_rpc_are_compared_below_the_operation() {
    use DriftGrade::{Breaking, Warning};
    let rpc = |usage: &str| {
        format!(
            r#"<definitions name="S" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/">
<types><x:schema xmlns:x="http://www.w3.org/2001/XMLSchema">
<x:complexType name="To"><x:sequence><x:element name="name" type="x:string"/></x:sequence></x:complexType></x:schema></types>
<message name="In"><part name="a" type="x:int"/>
<part name="to" type="t:To"/></message><message name="Out">
<part name="sum" type="x:int"/></message>
<portType name="P"><operation name="Add"><input message="t:In"/><output message="t:Out"/></operation></portType>
<binding name="B" type="t:P"><s:binding style="rpc"/><operation name="Add"><s:operation soapAction=""/>
<input><s:body use="{usage}" namespace="urn:add"/></input><output><s:body use="{usage}"/></output></operation></binding>
<service name="S"><port name="p" binding="t:B"><s:address location="http://a.example/"/></port></service></definitions>"#
        )
    };
    let literal = rpc("literal");
    let agreeing = ["Add", "Add/a", "Add/to", "Add/to/name"];
    assert_eq!(soap_of(&literal, &agreeing, &["AddResponse", "AddResponse/sum"]), []);
    let wrong = ["Add", "Add/c", "Add/to", "Add/to/age"];
    let missing = |grade, part: &str, place: &str, line| {
        let place = format!("xml:/Envelope/Body/{place}");
        told(grade, DriftKind::Missing, [part, &place, "required", "never there"], Some(line))
    };
    let unwritten = |place: &str| {
        let place = format!("xml:/Envelope/Body/{place}");
        told(Warning, DriftKind::Unwritten, ["request body", &place, "", "string"], None)
    };
    assert_eq!(
        soap_of(&literal, &wrong, &["AddResponse"]),
        [
            missing(Breaking, "answer", "AddResponse/sum", 6),
            missing(Warning, "request body", "Add/a", 4),
            unwritten("Add/c"),
            unwritten("Add/to/age"),
            missing(Warning, "request body", "Add/to/name", 3),
        ]
    );
    // What is encoded may stand elsewhere in the message, but its parts are where they are.
    let told = soap_of(&rpc("encoded"), &["Add", "Add/a", "Add/to", "Add/to/age"], &[]);
    assert_eq!(told, []);
}
