//! Sets of descriptors: one that `protoc` made, and hostile ones written here.

use super::*;
use crate::spec::{MAX_OPERATIONS, MAX_PROBLEMS};

const SET: &[u8] = include_bytes!("../../../../tests/fixtures/descriptors/shop.binpb");
const TYPES: &str = include_str!("../../../../tests/fixtures/descriptors/shop/v1/types.proto");
const TEXT: &str = include_str!("../../../../tests/fixtures/descriptors/shop/v1/orders.proto");

fn set(bytes: &[u8]) -> SpecDocument {
    read(bytes, &mut NoFiles).expect("a set of descriptors")
}

/// A record with bytes.
fn bytes(number: u32, inside: &[u8]) -> Vec<u8> {
    [varint(u64::from(number << 3 | 2)), varint(inside.len() as u64), inside.to_vec()].concat()
}

/// A record with a number.
fn int(number: u32, value: u64) -> Vec<u8> {
    [varint(u64::from(number << 3)), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).expect("seven bits"));
    out
}

/// A file of this name, with what else is in it.
fn file(name: &str, parts: &[u8]) -> Vec<u8> {
    bytes(1, &[&bytes(1, name.as_bytes())[..], parts].concat())
}

/// A service with methods that have these options.
fn service(name: &str, methods: usize, options: &[u8]) -> Vec<u8> {
    let method = |n: usize| {
        let name = bytes(1, format!("M{n}").as_bytes());
        let types = [bytes(2, b".T"), bytes(3, b".T"), bytes(4, options)].concat();
        bytes(2, &[name, types].concat())
    };
    let methods: Vec<u8> = (0..methods).flat_map(method).collect();
    bytes(6, &[bytes(1, name.as_bytes()), methods].concat())
}

#[test]
fn a_set_tells_what_its_files_tell() {
    let mut folder = Folder(&[("types.proto", TYPES)], Vec::new());
    let text = read(TEXT.as_bytes(), &mut folder).expect("a file");
    assert_eq!(folder.1, ["shop/v1/types.proto", "types.proto"], "in the folder of its package");
    let spec = set(SET);
    assert_eq!((spec.format, spec.version.as_str()), (text.format, "proto3"));
    assert_eq!(spec.title, "shop.v1");
    let of = |spec: &SpecDocument| -> Vec<_> {
        let one = |o: &SpecOperation| {
            let names: Vec<String> = o.parameters.iter().map(|p| p.name.clone()).collect();
            let at = (!o.pointer.ends_with("http/1")).then_some(o.position);
            let route = format!("{:?} {} {} {}", o.kind, o.method, o.path, o.deprecated);
            (route, o.tags.clone(), names, at)
        };
        spec.operations.iter().map(|o| one(o)).collect()
    };
    assert_eq!(of(&spec), of(&text));
    assert_eq!(spec.operations.len(), 12);
    let what: Vec<&str> = spec.problems.iter().map(|p| p.what.as_str()).collect();
    assert_eq!(what.len(), 2, "{what:?}");
    assert!(what.iter().all(|what| what.contains("google/") && what.contains("--include_imports")));
    assert_eq!(spec.problems[0].pointer, "/files/shop~1v1~1orders.proto");
}

#[test]
fn messages_of_a_set_have_their_fields_wherever_they_are_declared() {
    let spec = set(SET);
    let root = spec.node(Default::default());
    let order = root.find("/files/shop~1v1~1orders.proto/messages/Order").expect("a message");
    let expected = [
        ("name", "string 1  "),
        ("lines", ".shop.v1.Line 2 repeated "),
        ("totals", "map<string, .shop.v1.Money> 3  "),
        ("email", "string 4  buyer"),
        ("customer", "int64 5  buyer"),
        ("note", "string 6 optional "),
        ("state", ".shop.v1.Order.State 7  "),
    ];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(fields(order), expected);
    assert_eq!((order.position().line, order.position().column), (76, 1));
    let file = root.find("/files/shop~1v1~1orders.proto").expect("a file");
    assert!(file.find("/messages/Order.TotalsEntry").is_none());
    assert_eq!(file.find("/enums/Order.State/REFUSED").and_then(|v| v.scalar()), Some("-1"));
    assert_eq!(file.find("/enums/State/STATE_PAID").and_then(|v| v.scalar()), Some("2"));
    let page = file.find("/messages/ListOrdersRequest/page/deprecated").and_then(|v| v.as_bool());
    assert_eq!(page, Some(true));

    let find = |method: &str, path: &str| {
        let found = spec.operations.iter().find(|o| o.method == method && o.path == path);
        found.unwrap_or_else(|| panic!("{method} {path}"))
    };
    use ParameterIn::{Path, Query};
    let list = find("GET", "/v1/shops/{parent}/orders");
    let expected = [
        ("parent", Path),
        ("filter.state", Query),
        ("filter.since", Query),
        ("fields", Query),
        ("page", Query),
    ];
    assert_eq!(parameters(list), expected);
    assert!(list.parameters[4].deprecated && list.bodies.is_empty());
    assert_eq!(list.parameters[2].type_name, "google.protobuf.Timestamp");
    let get = find("GET", "/v1/shops/{shopsId}/orders/{ordersId}");
    assert_eq!(parameters(get), [("shopsId", Path), ("ordersId", Path), ("id", Query)]);
    let create = find("POST", "/v1/shops/{parent}/orders");
    assert_eq!(parameters(create), [("parent", Path), ("validate_only", Query)]);
    assert_eq!(create.bodies[0].type_name, "shop.v1.Order");
    let cancel = find("POST", "/v1/shops/{shopsId}/orders/{ordersId}:cancel");
    assert!(cancel.deprecated);
    assert_eq!(parameters(cancel), [("shopsId", Path), ("ordersId", Path)]);
    let answer = &cancel.responses[0].bodies[0];
    assert_eq!(
        (answer.type_name.as_str(), answer.media_type.as_str()),
        ("shop.v1.Order", "application/json")
    );
    assert_eq!(find("HEAD", "/v1/orders/{id}").tags, ["shop.v1.Orders"]);
}

#[test]
fn a_set_that_is_cut_is_read_as_far_as_it_goes() {
    let mut most = 0;
    for cut in 0..SET.len() {
        let Ok(spec) = read(&SET[..cut], &mut NoFiles) else { continue };
        // Behind the first file it is whole, if shorter.
        most = most.max(spec.operations.len());
        let is_said = spec.problems.iter().any(|p| p.what.contains("as far as it goes"));
        assert!(is_said || !spec.problems.is_empty() || spec.operations.is_empty(), "{cut}");
    }
    assert!(most >= 10, "{most}");
    for at in (0..SET.len()).step_by(3) {
        for value in [0, 0x7f, 0x80, 0xff] {
            let mut changed = SET.to_vec();
            changed[at] = value;
            let _ = read(&changed, &mut NoFiles);
        }
    }
}

#[test]
fn what_is_no_set_is_not_taken_for_one() {
    for text in [
        &b"\nopenapi: 3.0.0\ninfo: {}\npaths: {}\n"[..],
        b"\n{\n\"openapi\":\"3.0.0\",\"paths\":{}}",
        b"\n\n\nsyntax = \"proto3\";\n",
        b"",
        b"\n",
        b"\n\x00",
        b"\n\x02\n\x00",
        b"\n\x04\n\x02\n\n",
    ] {
        let is_set = super::super::is_set(text);
        assert!(!is_set, "{text:?}");
    }
    assert!(super::super::is_set(&file("a", b"")));
    assert!(super::super::is_set(SET));
}

#[test]
fn messages_in_each_other_and_in_circles_have_an_end() {
    let mut inner = bytes(1, b"M");
    for _ in 0..500 {
        inner = [bytes(1, b"M"), bytes(3, &inner)].concat();
    }
    let spec = set(&file("deep.proto", &bytes(4, &inner)));
    assert!(
        spec.problems.iter().any(|p| p.what.contains("more than 64 messages")),
        "{:?}",
        spec.problems
    );

    // A message that is in itself, and two that are in each other, in a query.
    let field = |name: &str, of: &str| {
        let parts = [bytes(1, name.as_bytes()), int(3, 1), int(5, 11), bytes(6, of.as_bytes())];
        bytes(2, &parts.concat())
    };
    let message = |name: &str, fields: &[Vec<u8>]| {
        bytes(4, &[bytes(1, name.as_bytes()), fields.concat()].concat())
    };
    let text = bytes(2, &[bytes(1, b"t"), int(5, 9)].concat());
    let types = [
        message("T", &[field("own", ".T"), field("u", ".U"), text]),
        message("U", &[field("t", ".T"), field("lost", ".Gone")]),
    ];
    let rule = bytes(72_295_728, &bytes(2, b"/t"));
    let spec = set(&file("circle.proto", &[types.concat(), service("S", 1, &rule)].concat()));
    let names: Vec<&str> =
        parameters(&spec.operations[1]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["u.lost", "t"]);
}

#[test]
fn huge_counts_cost_no_more_than_their_limits() {
    let begin = std::time::Instant::now();
    let rules: Vec<u8> = (0..200).flat_map(|_| bytes(11, &bytes(2, b"/x"))).collect();
    let rule = bytes(72_295_728, &[bytes(2, b"/y"), rules].concat());
    let spec = set(&file("many.proto", &service("S", 500, &rule)));
    assert!(spec.operations.len() <= MAX_OPERATIONS && spec.operations.len() > 15_000);
    assert!(spec.problems.iter().any(|p| p.what.contains("more than 64 rules")));

    let files: Vec<u8> = (0..20_000).flat_map(|n| file(&format!("{n}.proto"), b"")).collect();
    let spec = set(&files);
    assert!(spec.problems.iter().any(|p| p.what.contains("more than 10000 files")));

    let empty = bytes(4, b"").repeat(3_000_000);
    let spec = set(&file("empty.proto", &empty));
    assert!(spec.problems.iter().any(|p| p.what.contains("more than 2000000 values")));

    let lost: Vec<u8> = (0..100_000).flat_map(|n| bytes(3, format!("{n}").as_bytes())).collect();
    assert_eq!(set(&file("lost.proto", &lost)).problems.len(), MAX_PROBLEMS);

    let fields = bytes(2, &[int(9, 5_000), int(5, 11)].concat()).repeat(100_000);
    let oneofs = bytes(8, b"").repeat(100_000);
    let _ = set(&file("oneofs.proto", &bytes(4, &[fields, oneofs].concat())));

    let location = |n: u64| {
        let path = [varint(4), varint(n)].concat();
        bytes(1, &[bytes(1, &path), bytes(2, &[1, 1, 2])].concat())
    };
    let places: Vec<u8> = (0..250_000).flat_map(location).collect();
    let spec = set(&file("places.proto", &bytes(9, &places)));
    assert!(spec.problems.iter().any(|p| p.what.contains("more positions")));
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}

#[test]
fn a_method_that_is_declared_twice_counts_once() {
    let twice = [service("S", 2, b""), service("S", 2, b"")].concat();
    let files =
        [file("a.proto", &twice), file("b.proto", &twice), file("a.proto", &twice)].concat();
    let spec = set(&files);
    let pointers: std::collections::BTreeSet<&str> =
        spec.operations.iter().map(|o| o.pointer.as_str()).collect();
    assert_eq!((spec.operations.len(), pointers.len()), (4, 4));
}
