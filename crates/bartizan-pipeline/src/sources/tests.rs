//! Tests that hold for every source, and of what is recognised.

use std::io::{self, Read, Write as _};

use bartizan_model::source::Checkpoint;

use super::*;

/// Gives 1 to 7 bytes at a time.
pub(super) struct Dribble {
    bytes: Vec<u8>,
    at: usize,
}

impl Dribble {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), at: 0 }
    }
}

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let n = rest.len().min(buffer.len()).min(1 + self.at * 31 % 7);
        buffer[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

/// Everything that a source gives.
pub(super) fn drain(source: &mut dyn Source) -> Vec<Result<Item, SourceError>> {
    std::iter::from_fn(|| source.next()).collect()
}

/// Everything that `bytes` give, opened as `name`.
pub(super) fn read(name: &str, bytes: &[u8]) -> Vec<Result<Item, SourceError>> {
    let reader = io::Cursor::new(bytes.to_vec());
    match OpenOptions::new().open_reader(name, reader) {
        Ok(mut source) => drain(&mut *source),
        Err(error) => vec![Err(error)],
    }
}

/// The exchanges and the names of what was skipped.
pub(super) fn split(items: Vec<Result<Item, SourceError>>) -> (Vec<Exchange>, Vec<String>) {
    let (mut exchanges, mut skipped) = (Vec::new(), Vec::new());
    for item in items {
        match item.expect("reads without an error") {
            Item::Exchange(exchange) => exchanges.push(*exchange),
            Item::Skipped(skip) => skipped.push(format!("{} at {}", skip.reason, skip.at)),
        }
    }
    (exchanges, skipped)
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn text_of(items: &[Result<Item, SourceError>]) -> String {
    items.iter().map(|item| format!("{item:?}\n")).collect()
}

fn error(name: &str, bytes: &[u8]) -> String {
    match read(name, bytes).pop() {
        Some(Err(error)) => error.to_string(),
        other => format!("no error but {other:?}"),
    }
}

const HAR: &[u8] = br#"{"log":{"version":"1.2","pages":[{"id":"}"}],"entries":[
 {"request":{"method":"GET","url":"https://h.test/a"},"response":{"status":200}},
 null,
 {"request":{"method":"GET","url":"data:x"}},
 {"request":{"method":"POST","url":"https://h.test/\u00e4","postData":{"mimeType":"text/plain","text":"\"}]"}}},
 {"request":{"method":"GET","url":"https://h.test/c"},"response":{"status":404}}
]}}"#;
const LOG: &[u8] = b"1.2.3.4 - - [22/Nov/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 5\r\n\n\
    nonsense\n1.2.3.4 - - [22/Nov/2026:10:00:01 +0000] \"\\x16\\x03\\x01\" 400 0\n\
    1.2.3.4 - bob [22/Nov/2026:10:00:02 +0000] \"GET /b HTTP/1.1\" 200 5 \"-\" \"x\"\n\
    ::1 - - [22/Nov/2026:10:00:03 +0000] \"GET /c HTTP/1.1\" 200 5 \"-\" \"x\"";
const LINES: &[u8] =
    b"{\"request\":{\"method\":\"GET\",\"url\":\"https://h.test/a\"}}\n\n{\"x\":1}\n\
    {\"id\":\"own\",\"request\":{\"method\":\"GET\",\"url\":\"https://h.test/b\"}}\r\n\
    {\"request\":{\"method\":\"GET\",\"url\":\"https://h.test/c\"}}";

const PCAP: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/zeek/http__percent-end-of-line.pcap"
));

/// Name, bytes, exchanges, skipped.
const SAMPLES: [(&str, &[u8], usize, usize); 4] =
    [("x.har", HAR, 3, 2), ("x.log", LOG, 3, 2), ("x.jsonl", LINES, 3, 1), ("x.pcap", PCAP, 2, 0)];

#[test]
fn every_source_reads_its_example() {
    for item in SOURCES {
        let (exchanges, skipped) = split(read("example", item.example.as_bytes()));
        assert_eq!((exchanges.len(), skipped.len()), (1, 0), "{}", item.name);
        assert!(item.what.len() > 200 && !item.title.is_empty(), "{}", item.name);
        let source = OpenOptions::new()
            .open_reader("example", io::Cursor::new(item.example))
            .expect("opens");
        assert_eq!(source.format(), item.name);
        assert_eq!(source.ordering(), item.ordering);
    }
    let mut names: Vec<_> = SOURCES.iter().map(|item| item.name).collect();
    names.dedup();
    assert_eq!(names.len(), SOURCES.len());
    assert!(names.is_sorted(), "the list is kept sorted");
}

#[test]
fn bytes_come_in_any_pieces() {
    for (name, bytes, exchanges, skipped) in SAMPLES {
        let whole = read(name, bytes);
        let options = OpenOptions::new();
        let mut source = options.open_reader(name, Dribble::new(bytes)).expect("opens");
        assert_eq!(text_of(&whole), text_of(&drain(&mut *source)), "{name}");
        let (e, s) = split(whole);
        assert_eq!((e.len(), s.len()), (exchanges, skipped), "{name}: {s:?}");
    }
}

#[test]
fn wrappings_are_read_through() {
    for (name, bytes, ..) in SAMPLES {
        let plain = text_of(&read(name, bytes));
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        zlib.write_all(bytes).expect("memory takes all");
        let zlib = zlib.finish().expect("memory takes all");
        let zstd = zstd::encode_all(bytes, 3).expect("memory takes all");
        let (first, second) = bytes.split_at(40);
        let members = [gzip(first), gzip(second)].concat();
        let mut all = vec![gzip(bytes), members, zlib, zstd];
        if let Ok(text) = std::str::from_utf8(bytes) {
            let units = [0xfeff].into_iter().chain(text.encode_utf16());
            let utf16: Vec<u8> = units.flat_map(u16::to_be_bytes).collect();
            all.extend([gzip(&utf16), utf16, [b"\xef\xbb\xbf", bytes].concat()]);
        }
        for wrapped in all {
            assert_eq!(plain, text_of(&read(name, &wrapped)), "{name}");
        }
    }
}

#[test]
fn resuming_at_every_item_equals_one_go() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes, ..) in SAMPLES {
        for (name, bytes) in
            [(name.to_owned(), bytes.to_vec()), (format!("{name}.gz"), gzip(bytes))]
        {
            let path = folder.path().join(&name);
            std::fs::write(&path, bytes).expect("writes");
            let options = OpenOptions::new();
            let mut source = options.open(&path).expect("opens");
            let mut checkpoints = vec![source.checkpoint()];
            let mut all = Vec::new();
            while let Some(item) = source.next() {
                all.push(item);
                checkpoints.push(source.checkpoint());
            }
            for (taken, checkpoint) in checkpoints.iter().enumerate() {
                let mut resumed = options.resume(&path, checkpoint).expect("goes on");
                let rest = text_of(&drain(&mut *resumed));
                assert_eq!(rest, text_of(&all[taken..]), "{name} after {taken}");
            }
        }
    }
}

#[test]
fn a_grown_log_goes_on_and_a_changed_one_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.log");
    let line =
        |n: u8| format!("1.2.3.4 - - [22/Nov/2026:10:00:0{n} +0000] \"GET /{n} HTTP/1.1\" 200 5\n");
    // The last line is still being written.
    let (one, two) = (line(1), line(2));
    std::fs::write(&path, format!("{one}{}", &two[..40])).expect("writes");
    let options = OpenOptions::new();
    let mut source = options.open(&path).expect("opens");
    let (exchanges, skipped) = split(drain(&mut *source));
    assert_eq!((exchanges.len(), skipped), (1, vec!["truncated at line 2".to_owned()]));
    let checkpoint = source.checkpoint();

    std::fs::write(&path, format!("{one}{two}{}", line(3))).expect("writes");
    let mut source = options.resume(&path, &checkpoint).expect("goes on");
    let (exchanges, skipped) = split(drain(&mut *source));
    let ids: Vec<_> = exchanges.iter().map(|e| (e.id.as_str(), &*e.request.target)).collect();
    assert_eq!((ids, skipped.len()), (vec![("2", "/2"), ("3", "/3")], 0));
    let checkpoint = source.checkpoint();

    let told = |checkpoint: &Checkpoint| {
        options.resume(&path, checkpoint).err().map(|e| e.to_string()).unwrap_or_default()
    };
    std::fs::write(&path, format!("{one}{two}")).expect("writes");
    assert!(told(&checkpoint).contains("it shrank to"), "{}", told(&checkpoint));
    std::fs::write(&path, line(1)).expect("writes");
    assert!(told(&checkpoint).contains("it shrank to"), "{}", told(&checkpoint));
    std::fs::write(&path, line(9).repeat(4)).expect("writes");
    assert!(told(&checkpoint).contains("begins differently"), "{}", told(&checkpoint));
    let other = Checkpoint { input: "garbage".to_owned(), ..checkpoint };
    assert!(told(&other).contains("not one of a source"), "{}", told(&other));
}

#[test]
fn a_broken_compression_keeps_what_came_before() {
    let mut bytes = Vec::new();
    for n in 0..40_000u64 {
        let noise = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let line =
            format!("1.2.3.4 - - [22/Nov/2026:10:00:00 +0000] \"GET /{noise:x} HTTP/1.1\" 200 5\n");
        bytes.extend_from_slice(line.as_bytes());
    }
    let packed = gzip(&bytes);
    let (half, _) = packed.split_at(packed.len() / 2);
    let (exchanges, skipped) = split(read("a.log.gz", half));
    assert!(exchanges.len() > 10_000, "{}", exchanges.len());
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert!(skipped[0].starts_with("truncated"), "{skipped:?}");
    let mut damaged = packed.clone();
    for byte in &mut damaged[packed.len() / 2..][..4096] {
        *byte = 0xff;
    }
    let items = read("a.log.gz", &damaged);
    assert!(text_of(&items).contains("CompressionBroken"));
}

#[test]
fn what_cannot_be_read_says_what_it_is_and_what_to_do() {
    let mut pcap = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    pcap.resize(24, 0);
    let mut tar = vec![b'a'; 257];
    tar.extend_from_slice(b"ustar\0");
    for (name, bytes, found, help) in [
        ("a", &b""[..], "is empty", "expected a HAR capture"),
        (
            "a.flows",
            b"1383:7:version;2:10#4:mode;7:regular;",
            "1 truncated (first at entry 1)",
            "save the flows again",
        ),
        ("a.pcap", &pcap, "a capture without HTTP", "behind the place that ends TLS"),
        ("a.saz", b"PK\x03\x04....", "zip", "unpack"),
        ("a.tgz", &gzip(&tar), "a tar archive inside gzip", "unpack"),
        ("a.gz", &gzip(&gzip(HAR)), "compressed data inside compressed data", "unpack"),
        ("a.har", b"{\"log\":\n[\n    2,1,3\n]\n\"request:\"}", "no log.entries", "convert it"),
        ("a.json", b"{\"a\":1,\"b\":{\"log\":2}}", "no log.entries, only a, b", "convert it"),
        ("a.har", b"{\"log\":{\"entries\":[]}}", "log.entries is empty", "with content"),
        ("a.har", &[0, 1, 2, 3, 0xff, 0xfe, 0, 7], "binary data", "capture"),
        ("a.yaml", b"openapi: 3.0.0\ninfo:\n", "OpenAPI document", "--spec"),
        ("a.yml", b"\xef\xbb\xbf# ours\n---\nasyncapi: 3.0.0\n", "AsyncAPI document", "--spec"),
        ("a.proto", b"syntax = \"proto3\";\npackage a;\n", "protocol buffers", "--spec"),
        ("a.graphql", b"type Query { me: ID }\n", "GraphQL schema", "--spec"),
        (
            "a.wsdl",
            b"<definitions xmlns=\"http://schemas.xmlsoap.org/wsdl/\"/>",
            "WSDL document",
            "--spec",
        ),
        ("a.json", b"{\"openapi\":\"3.0.0\",\"paths\":{}}", "OpenAPI document", "--spec"),
        ("a.json", b"{\"asyncapi\":\"3.0.0\"}", "AsyncAPI document", "--spec"),
        ("a.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff\xff", "gzip data is broken", "again"),
        ("a.gz", &gzip(HAR)[..10], "gzip data is broken", "cut off"),
        ("a.zst", b"\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff", "zstd data is broken", "again"),
        ("a.html", b"<!DOCTYPE html><html>", "HTML page", "download"),
        ("a.txt", b"hello\x1b[31m world\n", "text that begins with `hello?[31m world`", "convert"),
        ("a.log", b"hello\nworld\n", "2 not_a_log_line (first at line 1)", "combined form"),
        ("a.jsonl", b"{\"x\":1}\n{\n", "missing_request (first at line 1)", "request.method"),
        ("a.log", b"  \n \n", "only white space", "convert"),
    ] {
        let message = error(name, bytes);
        assert!(message.contains(found) && message.contains(help), "{name}: {message}");
    }
}

#[test]
fn other_logs_are_told_apart() {
    let elb = "2026-05-01T00:00:00.000000Z lb 1.2.3.4:1 10.0.0.1:80 0.1 0.1 0.1 200 200 0 5 \"GET / HTTP/1.1\" \"x\" - -\n";
    let s3 = format!(
        "{} bucket [01/May/2026:00:00:00 +0000] 1.2.3.4 - R REST.GET.OBJECT k \"GET /k\"\n",
        "a".repeat(64)
    );
    for (line, found) in [
        (elb, "ELB"),
        (&*s3, "S3"),
        ("{\"EdgeStartTimestamp\":1,\"ClientRequestURI\":\"/\"}\n", "Cloudflare"),
        ("{\"resourceLogs\":[]}\n", "OpenTelemetry"),
        ("#Version: 1.0\n#Fields: date time s-ip cmd\n2026-05-01 00:00:00 1.2.3.4 USER\n", "W3C"),
    ] {
        let message = error("-", line.as_bytes());
        assert!(message.contains("is not read yet: this looks like"), "{found}: {message}");
        assert!(message.contains(found), "{found}: {message}");
    }
    let mixed = format!("1.2.3.4 - - [22/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5\n{elb}");
    let (exchanges, skipped) = split(read("mixed.log", mixed.as_bytes()));
    assert_eq!((exchanges.len(), skipped), (1, vec!["other_log_format at line 2".to_owned()]));
}

#[test]
fn mixed_logs_are_read_whole_and_alike_wherever_reading_goes_on() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/logs/");
    let mut all = Vec::new();
    let mut exchanges = 0;
    for item in SOURCES.iter().filter(|item| item.dialect().is_some()) {
        all.extend_from_slice(item.example.as_bytes());
        exchanges += 1;
    }
    for name in ["iis-w3c.log", "haproxy-http.log", "aws-cloudfront.log", "envoy-default.log"] {
        all.extend(std::fs::read(format!("{folder}{name}")).expect("a fixture"));
        exchanges += 30;
    }
    let (read, skipped) = split(read("mixed.log", &all));
    assert_eq!((read.len(), skipped), (exchanges, Vec::new()));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mixed.log");
    std::fs::write(&path, &all).expect("writes");
    let options = OpenOptions::new();
    let mut source = options.open(&path).expect("opens");
    for (done, expected) in read.iter().enumerate() {
        let checkpoint = source.checkpoint();
        let mut resumed = options.resume(&path, &checkpoint).expect("goes on");
        let Some(Ok(Item::Exchange(next))) = resumed.next() else { panic!("no exchange {done}") };
        let Some(Ok(Item::Exchange(own))) = source.next() else { panic!("no exchange {done}") };
        assert_eq!(next, own);
        assert_eq!((&own.request, own.time), (&expected.request, expected.time));
    }
}

#[test]
fn formats_can_be_named() {
    let open = |format: &str, bytes: &'static [u8]| {
        OpenOptions::new().format(format).open_reader("x", bytes).map(|mut s| drain(&mut *s).len())
    };
    assert_eq!(open("access-log", LOG).expect("opens"), 5);
    let unknown = open("netflow", LOG).expect_err("no such format").to_string();
    assert!(unknown.contains("access-log, aws-alb, aws-api-gateway"), "{unknown}");
    let nothing = OpenOptions::new().open(std::path::Path::new("/no/such/file")).err();
    assert!(matches!(nothing, Some(SourceError::Open { .. })));
    let folder = OpenOptions::new().open(std::path::Path::new("/")).err().expect("a directory");
    assert!(folder.to_string().contains("it is a directory"), "{folder}");
}

/// A reader that fails after some bytes.
struct Failing(io::Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            n => Ok(n),
        }
    }
}

#[test]
fn a_failing_reader_gives_its_error_once() {
    let mut log = LOG.to_vec();
    log.push(b'\n');
    let log = log.repeat(3000);
    let mut source =
        OpenOptions::new().open_reader("x.log", Failing(io::Cursor::new(log))).expect("opens");
    let items = drain(&mut *source);
    assert!(items.iter().rev().skip(1).all(Result::is_ok) && items.len() > 1000);
    assert!(matches!(items.last(), Some(Err(SourceError::Read { .. }))));
}
