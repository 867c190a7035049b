use bartizan_model::{BodyState, Exchange};

use super::{
    super::{
        OpenOptions,
        tests::{drain, read, split},
    },
    *,
};

/// Writes a value as mitmproxy does.
fn tnet(kind: char, inside: impl AsRef<[u8]>) -> Vec<u8> {
    let inside = inside.as_ref();
    [format!("{}:", inside.len()).as_bytes(), inside, kind.to_string().as_bytes()].concat()
}

fn dictionary(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let inside: Vec<u8> =
        members.iter().flat_map(|(key, value)| [tnet(';', key), value.clone()].concat()).collect();
    tnet('}', inside)
}

fn pairs(list: &[(&str, &str)]) -> Vec<u8> {
    let pair =
        |(name, value): &(&str, &str)| tnet(']', [tnet(',', name), tnet(',', value)].concat());
    tnet(']', list.iter().flat_map(pair).collect::<Vec<u8>>())
}

fn flow(kind: &str, request: Vec<u8>, more: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut members =
        vec![("version", tnet('#', "21")), ("type", tnet(';', kind)), ("request", request)];
    members.extend(more.iter().cloned());
    dictionary(&members)
}

fn request(more: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut members = vec![
        ("method", tnet(',', "POST")),
        ("scheme", tnet(',', "https")),
        ("host", tnet(';', "10.0.0.1")),
        ("port", tnet('#', "443")),
        ("authority", tnet(',', "H.test:443")),
        ("path", tnet(',', b"/pay.Pay/Send?\xff")),
        ("http_version", tnet(',', "HTTP/2.0")),
        ("headers", pairs(&[("content-type", "application/grpc"), (":path", "/x")])),
        ("timestamp_start", tnet('^', "1777593600.25")),
    ];
    members.extend(more.iter().cloned());
    dictionary(&members)
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mitmproxy/");
    std::fs::read(format!("{folder}{name}")).expect("a fixture")
}

fn all(bytes: &[u8]) -> (Vec<Exchange>, Vec<String>) {
    split(read("x.mitm", bytes))
}

#[test]
fn a_call_of_grpc_is_read_whole() {
    let response = dictionary(&[
        ("status_code", tnet('#', "200")),
        ("headers", pairs(&[("content-type", "application/grpc")])),
        ("content", tnet(',', b"\0\0\0\0\x02ab")),
        ("trailers", pairs(&[("grpc-status", "0")])),
        ("timestamp_end", tnet('^', "1777593600.6")),
    ]);
    let peer = tnet(']', [tnet(';', "2001:db8::1"), tnet('#', "5123")].concat());
    let client = dictionary(&[
        ("peername", peer),
        ("tls_version", tnet(';', "TLSv1.3")),
        ("sni", tnet(';', "h.test")),
        ("cipher", tnet('~', "")),
        ("id", tnet(';', "c1")),
    ]);
    let more = [("response", response), ("client_conn", client), ("id", tnet(';', "f1"))];
    let bytes = flow("http", request(&[("content", tnet(',', b"\0\0\0\0\x01x"))]), &more);
    let (exchanges, skipped) = all(&bytes);
    assert!(skipped.is_empty() && exchanges.len() == 1, "{skipped:?}");
    let e = &exchanges[0];
    assert_eq!((e.id.as_str(), e.connection_id.as_deref()), ("f1", Some("c1")));
    assert_eq!((&*e.request.authority, &*e.request.target), ("h.test", "/pay.Pay/Send?%FF"));
    assert_eq!((e.request.headers.len(), e.request.http_version.as_deref()), (1, Some("2")));
    assert_eq!(e.trailers.get("grpc-status"), Some("0"));
    assert_eq!(e.time.map(|t| t.micros()), Some(1_777_593_600_250_000));
    assert_eq!((e.duration_ms, e.client.port), (Some(350.0), Some(5123)));
    let response = e.response.as_ref().expect("an answer");
    assert_eq!(
        (&*response.body, response.body_state),
        (&b"\0\0\0\0\x02ab"[..], BodyState::Complete)
    );
    assert_eq!(e.tls.as_ref().and_then(|t| t.version.as_deref()), Some("1.3"));
}

#[test]
fn messages_errors_and_other_flows_are_told_apart() {
    let message = [tnet('#', "1"), tnet('!', "true"), tnet(',', "hi"), tnet('^', "1777593601.5")];
    let list = tnet(']', tnet(']', message.concat()));
    let websocket = dictionary(&[("messages", list)]);
    let bytes = [
        flow("http", request(&[]), &[("websocket", websocket)]),
        flow("http", request(&[]), &[("error", dictionary(&[("msg", tnet(';', "x"))]))]),
        flow("tcp", request(&[]), &[]),
        flow("websocket", request(&[]), &[]),
        flow(
            "http",
            dictionary(&[("method", tnet(',', "CONNECT")), ("path", tnet(',', "h:1"))]),
            &[],
        ),
        tnet(';', "text"),
        flow("http", tnet('~', ""), &[]),
    ]
    .concat();
    let (exchanges, skipped) = all(&bytes);
    assert_eq!(exchanges.len(), 2);
    let first = &exchanges[0];
    assert_eq!((first.messages.len(), first.protocol.as_deref()), (1, Some("websocket")));
    assert!(first.messages[0].from_client && first.messages[0].text && first.response.is_none());
    assert_eq!(first.request.body_state, BodyState::NotCaptured, "it was streamed");
    assert_eq!(exchanges[1].response.as_ref().map(|r| r.status), Some(0));
    assert_eq!(
        skipped,
        [
            "not_http_flow at entry 3",
            "messages_apart at entry 4",
            "connect_tunnel at entry 5",
            "not_a_flow at entry 6",
            "missing_request at entry 7"
        ]
    );
}

#[test]
fn a_saved_flow_of_an_older_version_is_read() {
    let bytes = fixture("dumpfile-10.mitm");
    let (exchanges, skipped) = all(&bytes);
    assert_eq!((exchanges.len(), skipped.len()), (1, 0));
    let e = &exchanges[0];
    assert_eq!((&*e.request.authority, &*e.request.target), ("example.com", "/"));
    assert_eq!((e.client.ip, e.response.is_some()), (None, false));
    assert_eq!(e.tls, None);
}

#[test]
fn what_is_cut_or_too_large_is_counted() {
    let one = flow("http", request(&[("content", tnet(',', "x".repeat(5_000)))]), &[]);
    let cut = [&one[..], &one[..one.len() - 10]].concat();
    let (exchanges, skipped) = all(&cut);
    assert_eq!((exchanges.len(), skipped), (1, vec!["truncated at entry 2".to_owned()]));
    let (exchanges, skipped) = all(&[&one[..], b"garbage"].concat());
    assert_eq!((exchanges.len(), skipped), (1, vec!["trailing_garbage at entry 1".to_owned()]));
    let limits = SourceLimits { entry_bytes: 1_000, ..SourceLimits::default() };
    let small = flow("http", request(&[]), &[]);
    let bytes = [one, small].concat();
    let mut source = OpenOptions::new()
        .limits(limits)
        .open_reader("x", std::io::Cursor::new(bytes))
        .expect("opens");
    let (exchanges, skipped) = split(drain(&mut *source));
    assert_eq!((exchanges.len(), skipped), (1, vec!["entry_too_large at entry 1".to_owned()]));
}

#[test]
fn damaged_flows_do_no_harm() {
    let mut bytes = fixture("dumpfile-10.mitm");
    let mut random = 0x2545_f491_4f6c_dd1du64;
    for _ in 0..3_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let at = 5 + usize::try_from(random >> 8).unwrap_or(0) % (bytes.len() - 5);
        bytes[at] = u8::try_from(random & 0xff).unwrap_or(0);
        let _ = read("x.mitm", &bytes);
    }
}
