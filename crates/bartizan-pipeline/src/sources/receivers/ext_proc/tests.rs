use super::*;
use crate::sources::protobuf::write;

fn message(fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    fields.iter().for_each(|(field, value)| write::bytes(&mut out, *field, value));
    out
}

fn head(fields: &[(&str, &str)], is_all: bool) -> Vec<u8> {
    let pair =
        |(name, value): &(&str, &str)| message(&[(1, name.as_bytes()), (3, value.as_bytes())]);
    let pairs: Vec<Vec<u8>> = fields.iter().map(pair).collect();
    let map: Vec<u8> = pairs.iter().flat_map(|pair| message(&[(1, pair)])).collect();
    let mut out = message(&[(1, &map)]);
    write::number(&mut out, 3, is_all.into());
    out
}

fn body(bytes: &[u8], is_last: bool) -> Vec<u8> {
    let mut out = message(&[(1, bytes)]);
    write::number(&mut out, 2, is_last.into());
    out
}

fn request_head() -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":path", "/v1/orders?x=1"),
        (":scheme", "https"),
        (":authority", "API.test:443"),
        ("x-request-id", "r-7"),
        ("x-forwarded-for", "6.6.6.6"),
    ];
    head(&fields, false)
}

/// An attribute `source.address`.
fn attributes(address: &str) -> Vec<u8> {
    let value = message(&[(3, address.as_bytes())]);
    let field = message(&[(1, b"source.address"), (2, &value)]);
    message(&[(1, b"envoy.filters.http.ext_proc"), (2, &message(&[(1, &field)]))])
}

/// What a stream of messages is answered, and what it becomes.
fn play(messages: &[Vec<u8>], most: usize) -> (Vec<u8>, Result<Box<Exchange>, SkipReason>) {
    let mut seen = Seen::new(Timestamp::from_micros(7), most);
    let mut answers = Vec::new();
    for one in messages {
        if let Ok(Said::Ask(part)) = seen.hear(one, &mut |_| true) {
            answers.push(part as u8);
        }
    }
    let naming = Naming::new(NamedIn::None, &[], &[]).expect("right");
    (answers, seen.exchange(&naming, 2.0))
}

#[test]
fn what_is_shown_is_one_exchange() {
    let first = message(&[(2, &request_head()), (9, &attributes("192.0.2.9:40000"))]);
    let (answers, read) = play(
        &[
            first,
            message(&[(4, &body(b"{\"a\"", false))]),
            message(&[(4, &body(b":1}", true))]),
            message(&[(
                3,
                &head(&[(":status", "201"), ("content-type", "application/json")], false),
            )]),
            message(&[(5, &body(b"{}", false))]),
            message(&[(7, &head(&[("x-end", "1")], false))]),
        ],
        100,
    );
    assert_eq!(answers, [2, 4, 4, 3, 5, 7]);
    let e = read.expect("an exchange");
    assert_eq!((&*e.request.method, &*e.request.target), ("POST", "/v1/orders?x=1"));
    assert_eq!((&*e.request.scheme, &*e.request.authority), ("https", "api.test"));
    assert_eq!(
        (&e.request.body[..], e.request.body_state),
        (&b"{\"a\":1}"[..], BodyState::Complete)
    );
    assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("192.0.2.9"));
    assert_eq!((e.client.port, e.request_id.as_deref()), (Some(40_000), Some("r-7")));
    let response = e.response.as_ref().expect("an answer");
    assert_eq!((response.status, &response.body[..]), (201, &b"{}"[..]));
    assert_eq!((response.body_state, response.body_bytes), (BodyState::Complete, Some(2)));
    assert!(response.headers_captured && !response.headers.contains(":status"));
    assert_eq!(e.trailers.get("x-end"), Some("1"));
}

#[test]
fn what_was_not_shown_is_not_there() {
    // Nobody who is believed names a client.
    let (_, read) = play(&[message(&[(2, &request_head())])], 100);
    let e = read.expect("an exchange");
    assert!(e.response.is_none() && e.client.ip.is_none() && e.duration_ms.is_none());
    assert_eq!(e.request.body_state, BodyState::NotCaptured);
    // Cut off by Envoy, and by us.
    let part = |most| {
        let shown = [message(&[(2, &request_head())]), message(&[(4, &body(b"abcdef", false))])];
        let e = play(&shown, most).1.expect("an exchange");
        (e.request.body.to_vec(), e.request.body_state)
    };
    assert_eq!(part(100), (b"abcdef".to_vec(), BodyState::Truncated));
    assert_eq!(part(4), (b"abcd".to_vec(), BodyState::Truncated));
    let (_, read) = play(&[message(&[(3, &head(&[(":status", "200")], true))])], 100);
    assert_eq!(read.err(), Some(SkipReason::MissingRequest));
}

#[test]
fn answers_are_sent_only_where_they_are_awaited() {
    let mut watching = message(&[(2, &request_head())]);
    write::number(&mut watching, 10, 1);
    let mut seen = Seen::new(Timestamp::from_micros(7), 100);
    assert!(matches!(seen.hear(&watching, &mut |_| true), Ok(Said::Watch)));
    let mut modes = Vec::new();
    write::number(&mut modes, 2, 4);
    let duplex = message(&[(2, &request_head()), (11, &modes)]);
    assert!(matches!(seen.hear(&duplex, &mut |_| true), Ok(Said::SendBack)));
    assert!(matches!(seen.hear(b"", &mut |_| true), Ok(Said::Nothing)));
}

#[test]
fn whatever_is_cut_or_damaged_panics_nowhere() {
    let whole = message(&[(2, &request_head()), (9, &attributes("192.0.2.9:40000"))]);
    for at in 0..whole.len() {
        drop(play(&[whole[..at].to_vec()], 10));
        for with in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] = with;
            drop(play(&[damaged, message(&[(4, &body(b"abc", true))])], 10));
        }
    }
}
