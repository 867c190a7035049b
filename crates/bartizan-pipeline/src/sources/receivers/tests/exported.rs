//! Traces over gRPC.

use super::*;

/// A request of an exporter with two spans of servers: one is a request, the other tells none.
fn request() -> Vec<u8> {
    let attribute = |name: &str, field, value: &[u8]| {
        let (mut any, mut out) = (Vec::new(), Vec::new());
        write::bytes(&mut any, field, value);
        write::bytes(&mut out, 1, name.as_bytes());
        write::bytes(&mut out, 2, &any);
        out
    };
    let span = |attributes: &[Vec<u8>]| {
        let mut out = Vec::new();
        write::number(&mut out, 6, 2);
        for attribute in attributes {
            write::bytes(&mut out, 9, attribute);
        }
        out
    };
    let method = attribute("http.request.method", 1, b"GET");
    let whole = span(&[method.clone(), attribute("url.path", 1, b"/v1/orders/7")]);
    let (mut scope, mut resource, mut out) = (Vec::new(), Vec::new(), Vec::new());
    write::bytes(&mut scope, 2, &whole);
    write::bytes(&mut scope, 2, &span(&[method]));
    write::bytes(&mut resource, 2, &scope);
    write::bytes(&mut out, 1, &resource);
    out
}

fn packed(message: &[u8]) -> Vec<u8> {
    let mut packed = flate2::read::GzEncoder::new(message, flate2::Compression::fast());
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut packed, &mut out).expect("packed");
    let mut framed = framed(&out);
    framed[0] = 1;
    framed
}

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const RECEIVER: &str =
    "name: traces\nlisten: 127.0.0.1:PORT\nlimits: {message_bytes: 2048}\notlp_traces: {}\n";

#[tokio::test]
async fn traces_are_taken_over_grpc_and_what_was_not_is_told() {
    let (receivers, to, taken) = start(RECEIVER, 2);
    let export = async |coding: &str, said: Vec<u8>| call_in(to, EXPORT, coding, said).await;
    let none = (vec![0; 5], "0".to_owned());
    assert_eq!(export("identity", framed(b"")).await, none, "an export of nothing");
    for (coding, said) in [("identity", framed(&request())), ("gzip", packed(&request()))] {
        let (answer, status) = export(coding, said).await;
        assert_eq!(status, "0", "{coding}");
        // `partial_success` = 1 with `rejected_spans` = 1.
        assert_eq!(&answer[5..9], &[0x0a, answer[6], 0x08, 1], "{coding}");
        assert!(String::from_utf8_lossy(&answer).contains("1 spans of servers tell no request"));
    }
    let (answer, status) = export("identity", framed(&request())).await;
    assert_eq!((status.as_str(), answer.get(8)), ("0", Some(&2)), "no room for another");
    let taken = taken.exchanges.lock().expect("whole");
    let targets: Vec<_> = taken.iter().map(|e| &*e.request.target).collect();
    assert_eq!(targets, ["/v1/orders/7"; 2]);
    let figures = receivers.figures().swap_remove(0);
    assert_eq!((figures.handed_over, figures.dropped, figures.refused.len()), (2, 1, 0));
}

#[tokio::test]
async fn calls_that_are_no_export_get_a_status_that_says_so() {
    let (receivers, to, _) = start(RECEIVER, 1);
    let mut short = framed(&request());
    short.truncate(9);
    for (status, path, coding, said) in [
        ("12", "/opentelemetry.proto.collector.logs.v1.LogsService/Export", "", framed(b"")),
        ("3", EXPORT, "identity", Vec::new()),
        ("3", EXPORT, "identity", short),
        ("3", EXPORT, "identity", framed(b"\x0a\xff")),
        ("3", EXPORT, "identity", [framed(b""), framed(b"")].concat()),
        ("3", EXPORT, "gzip", {
            let mut no = framed(b"no gzip");
            no[0] = 1;
            no
        }),
        ("8", EXPORT, "identity", framed(&[0; 2049])),
        ("8", EXPORT, "gzip", packed(&vec![b' '; 1 << 20])),
        ("12", EXPORT, "zstd", {
            let mut other = framed(b"");
            other[0] = 1;
            other
        }),
    ] {
        let (answer, found) = call_in(to, path, coding, said).await;
        assert_eq!((found.as_str(), answer.len()), (status, 0), "{path} {coding}");
    }
    let expected = [("message_bytes", 2), ("unreadable", 5), ("not_served", 1), ("media_type", 1)];
    let counted = refused(&receivers);
    assert_eq!(counted.iter().map(|(name, n)| (&**name, *n)).collect::<Vec<_>>(), expected);
}
