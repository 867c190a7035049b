use super::super::packets::Talk;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// Fields spelled out; `first` says whether they are added to the table.
fn block(first: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(first);
        for text in [name, value] {
            out.push(text.len() as u8);
            out.extend(text.bytes());
        }
    }
    out
}

fn asks(path: &str) -> Vec<u8> {
    let fields = [(":method", "POST"), (":scheme", "http"), (":authority", "H"), (":path", path)];
    block(0, &fields)
}

fn settings() -> Vec<u8> {
    frame(4, 0, 0, b"")
}

fn begun() -> Talk {
    let mut talk = Talk::open(5000);
    talk.client(&[PREFACE, &settings()].concat()).server(&settings());
    talk
}

#[test]
fn streams_are_exchanges() {
    let mut talk = begun();
    let (head, rest) = (asks("/1"), asks("/2"));
    let (first, second) = head.split_at(9);
    talk.client(
        &[
            frame(1, 0, 1, first),
            frame(9, END_HEADERS, 1, second),
            frame(0, 0x08, 1, b"\x03ab___"),
            // Padding and priority.
            frame(
                1,
                END_HEADERS | END_STREAM | 0x28,
                3,
                &[b"\x02.....", &rest[..], b"__"].concat(),
            ),
        ]
        .concat(),
    );
    // The answers come the other way round, an interim one first.
    talk.server(&frame(1, END_HEADERS, 3, &block(0, &[(":status", "103")])));
    talk.server(&frame(1, END_HEADERS | END_STREAM, 3, &block(0, &[(":status", "204")])));
    talk.client(&frame(0, END_STREAM, 1, b"cd"));
    talk.server(&frame(1, END_HEADERS, 1, &block(0, &[(":status", "200"), ("a", "b")])));
    talk.server(&frame(0, 0, 1, b"body"));
    talk.server(&frame(1, END_HEADERS | END_STREAM, 1, &block(0, &[("grpc-status", "0")])));
    let outcome = talk.close().read();
    assert_eq!(outcome.lines(), ["POST h/2  > 204 ", "POST h/1 abcd > 200 body"]);
    assert!(outcome.lost.is_empty(), "{:?}", outcome.lost);
    let exchange = &outcome.exchanges[1];
    assert_eq!(exchange.trailers.get("grpc-status"), Some("0"));
    assert_eq!(exchange.request.http_version.as_deref(), Some("2"));
    assert_eq!(exchange.client.port, Some(5000));
}

#[test]
fn a_connection_of_http1_goes_on_in_http2() {
    let mut talk = Talk::open(5000);
    talk.client(
        b"GET /old HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
    );
    let switch = b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let ok = frame(1, END_HEADERS | END_STREAM, 1, &block(0, &[(":status", "200")]));
    talk.server(&[&switch[..], &settings(), &ok].concat());
    talk.client(&[PREFACE, &settings(), &frame(1, 5, 3, &asks("/new"))].concat());
    talk.server(&frame(1, 5, 3, &block(0, &[(":status", "201")])));
    let outcome = talk.close().read();
    assert_eq!(outcome.lines(), ["GET h/old  > 200 ", "POST h/new  > 201 "]);
    assert!(outcome.lost.is_empty(), "{:?}", outcome.lost);
}

#[test]
fn the_middle_of_a_connection_is_read_as_far_as_it_is_known() {
    let mut talk = Talk::on(5000);
    // An entry from before, in the fields and in the path; then one that is new, twice.
    talk.client(&frame(1, 5, 7, &[asks("/7"), vec![0xbe]].concat()));
    talk.client(&frame(1, 5, 9, b"\x83\xbe"));
    let new = [asks("/11"), block(0x40, &[("x", "y")])].concat();
    talk.client(&frame(1, 5, 11, &new)).client(&frame(
        1,
        5,
        13,
        &[asks("/13"), vec![0xbe]].concat(),
    ));
    for stream in [7, 9, 11, 13] {
        talk.server(&frame(1, 5, stream, b"\x88"));
    }
    let outcome = talk.close().read();
    assert_eq!(outcome.lines(), ["POST h/7  > 200 ", "POST h/11  > 200 ", "POST h/13  > 200 "]);
    assert_eq!(outcome.lost, ["http2_beginning", "http2_beginning", "response_alone"]);
    assert_eq!(outcome.exchanges[2].request.headers.get("x"), Some("y"));
    use bartizan_model::HeaderState;
    let states = outcome.exchanges.iter().map(|e| e.request.header_state);
    let states: Vec<_> = states.collect();
    assert_eq!(states, [HeaderState::Incomplete, HeaderState::Complete, HeaderState::Complete]);
}

#[test]
fn a_gap_makes_the_table_unknown() {
    let mut talk = begun();
    talk.client(&frame(1, 5, 1, &[asks("/1"), block(0x40, &[("x", "old")])].concat()));
    talk.server(&frame(1, 5, 1, b"\x88"));
    talk.lose(200, 0).client(&frame(1, 5, 5, &[asks("/5"), vec![0xbe]].concat()));
    talk.server(&frame(1, 5, 5, b"\x88"));
    let outcome = talk.close().read();
    assert_eq!(outcome.lines(), ["POST h/1  > 200 ", "POST h/5  > 200 "]);
    assert_eq!(outcome.lost, ["stream_gap", "http2_beginning"]);
    assert_eq!(outcome.exchanges[1].request.headers.get("x"), None);
}

#[test]
fn a_gap_in_a_body_costs_only_that() {
    let mut talk = begun();
    talk.client(&frame(1, 5, 1, &asks("/1"))).server(&frame(1, 4, 1, b"\x88"));
    let data = frame(0, END_STREAM, 1, b"0123456789");
    talk.server(&data[..12]).lose(0, 4).server(&data[16..]).client(&frame(1, 5, 3, &asks("/3")));
    talk.server(&frame(1, 5, 3, b"\x89"));
    let outcome = talk.close().read();
    assert_eq!(outcome.lines(), ["POST h/1  > 200 012", "POST h/3  > 204 "]);
    assert_eq!(outcome.lost, ["stream_gap"]);
}

#[test]
fn streams_end_early() {
    let mut talk = begun();
    talk.client(&frame(1, 4, 1, &asks("/1"))).client(&frame(1, 5, 3, &asks("/3")));
    talk.client(&frame(3, 0, 1, &[0, 0, 0, 8]));
    let outcome = talk.read();
    let statuses = outcome.exchanges.iter().map(|e| e.response.as_ref().map(|r| r.status));
    assert_eq!(statuses.collect::<Vec<_>>(), [Some(0), None]);
}

#[test]
fn grpc_is_named() {
    let mut talk = begun();
    let fields = block(0, &[("content-type", "application/grpc+proto")]);
    talk.client(&frame(1, 4, 1, &[asks("/p.S/M"), fields].concat()));
    talk.client(&frame(0, 0, 1, b"\0\0\0\0\x01a\0\0")).server(&frame(1, 4, 1, b"\x88"));
    talk.server(&frame(0, END_STREAM, 1, b"\0\0\0\0\x02bc"));
    talk.client(&frame(0, END_STREAM, 1, b"\0\0\x01d\0\0\0\0\x09cut"));
    let outcome = talk.close().read();
    let exchange = &outcome.exchanges[0];
    assert_eq!(exchange.protocol.as_deref(), Some("grpc"));
    let messages = exchange.messages.iter().map(|m| (m.from_client, &*m.data, m.text));
    let messages: Vec<_> = messages.collect();
    let wanted: [(bool, &[u8], bool); 3] =
        [(true, b"a", false), (false, b"bc", false), (true, b"d", false)];
    assert_eq!(messages, wanted);
}

#[test]
fn broken_frames_are_told_and_the_next_ones_found() {
    let mut talk = begun();
    talk.client(&frame(9, 4, 1, b"x")).client(b"garbage here");
    talk.client(&frame(1, 5, 3, &asks("/3"))).server(&frame(1, 5, 3, b"\x88"));
    let outcome = talk.close().read();
    assert_eq!(
        (outcome.lines(), outcome.lost),
        (vec!["POST h/3  > 200 ".to_owned()], vec!["http2_malformed"])
    );
}
