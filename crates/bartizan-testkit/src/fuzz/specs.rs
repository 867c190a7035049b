//! Entry functions of what reads specifications.

use std::collections::BTreeSet;

use bartizan_protocols::spec::{Files, MAX_PROBLEMS, SpecDocument, read};

/// Every file of a specification is the same one.
struct Echo<'d>(&'d [u8]);

impl Files for Echo<'_> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        assert!(
            !path.starts_with('/') && !path.split('/').any(|p| p == ".." || p == "."),
            "{path}"
        );
        assert!(!path.contains([':', '\\', '\0']), "{path}");
        Ok(self.0.to_vec())
    }
}

/// JSON and YAML: OpenAPI, AsyncAPI, the answer to an introspection query.
pub fn spec_tree(data: &[u8]) {
    check(data);
    // Most mutations lose the first line.
    check(&[b"openapi: 3.1.0\n", data].concat());
    check(&[b"asyncapi: 3.0.0\n", data].concat());
}

/// Schemas of GraphQL.
pub fn spec_graphql(data: &[u8]) {
    check(&[b"type Query {", data].concat());
    check(&[b"scalar X\n", data].concat());
}

/// The text of protocol buffers.
pub fn spec_proto(data: &[u8]) {
    check(&[b"package a;\n", data].concat());
    check(&[b"service S {", data].concat());
    check(&[b"message M {", data].concat());
    let rule = b"service S { rpc M(A) returns (B) { option (google.api.http) = { get: \"/a\" ";
    check(&[&rule[..], data].concat());
}

/// Sets of descriptors.
pub fn spec_descriptors(data: &[u8]) {
    check(data);
    // Most mutations lose the lengths of the file, of its name and of what is around what they change: as a
    // file, a service with a method and its options, and a message with one inside.
    let nested = |number: u8, inside: &[u8]| record(u32::from(number), inside);
    let name = nested(1, b"a.proto");
    let set = |part: &[u8]| check(&nested(1, &[&name, part].concat()));
    set(data);
    let options = nested(4, &record(72_295_728, data));
    set(&nested(
        6,
        &[nested(1, b"S"), nested(2, &[&nested(1, b"M")[..], &options].concat())].concat(),
    ));
    set(&nested(6, &nested(2, data)));
    set(&nested(4, &[nested(1, b"M"), data.to_vec(), nested(3, data)].concat()));
    set(&nested(9, data));
}

/// A record with bytes (wire type 2).
fn record(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for mut value in [u64::from(number << 3 | 2), bytes.len() as u64] {
        while value >= 0x80 {
            out.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        out.push(value.to_le_bytes()[0]);
    }
    out.extend_from_slice(bytes);
    out
}

/// WSDL and XML Schema.
pub fn spec_wsdl(data: &[u8]) {
    check(&[b"<description><service/>", data].concat());
    let http =
        b"<description><binding name='b' type='http://www.w3.org/ns/wsdl/http' interface='i'>";
    check(&[&http[..], data].concat());
    check(&[b"<definitions><service/>", data].concat());
    check(&[b"<definitions xmlns:s='a/wsdl/soap/'><binding name='b'><s:binding/>", data].concat());
}

fn check(data: &[u8]) {
    if let Ok(document) = read(data, &mut Echo(data)) {
        holds(&document);
    }
}

fn holds(document: &SpecDocument) {
    assert!(!document.servers.is_empty(), "a server, if without a host");
    assert!(document.problems.len() <= MAX_PROBLEMS);
    for problem in &document.problems {
        assert!(!problem.what.is_empty());
        assert!(problem.pointer.is_empty() || problem.pointer.starts_with('/'));
    }
    let mut pointers = BTreeSet::new();
    for operation in &document.operations {
        assert!(!operation.method.is_empty() || operation.pointer.ends_with('/'), "{operation:?}");
        let node = document.node(operation.place);
        assert_eq!(node.position(), operation.position);
        pointers.insert((operation.kind, operation.place.file, &operation.pointer));
        let bodies = operation.responses.iter().flat_map(|r| &r.bodies).chain(&operation.bodies);
        let schemas = bodies.filter_map(|b| b.schema);
        for place in schemas.chain(operation.parameters.iter().filter_map(|p| p.schema)) {
            let end = document.node(document.follow(place));
            assert!(end.pointer().is_empty() || end.parent().is_some());
        }
    }
    // What can be matched has a pointer of its own: coverage is counted by it.
    let all = document.operations.iter().filter(|o| o.kind.is_matched_by_path()).count();
    let own = pointers.iter().filter(|(kind, ..)| kind.is_matched_by_path()).count();
    assert_eq!(all, own);
}
