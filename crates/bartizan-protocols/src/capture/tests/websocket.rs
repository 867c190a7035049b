use std::io::Write as _;

use bartizan_model::BodyState;

use super::super::packets::Talk;

const ASKED: &[u8] = b"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";

fn answered(extensions: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
         {extensions}\r\n"
    )
    .into_bytes()
}

fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let masked = if key.is_some() { 0x80 } else { 0 };
    let mut out = vec![first];
    match payload.len() {
        length @ 0..126 => out.push(masked | length as u8),
        length => {
            out.push(masked | 126);
            out.extend((length as u16).to_be_bytes());
        }
    }
    out.extend(key.into_iter().flatten());
    let key = key.unwrap_or_default();
    out.extend(payload.iter().enumerate().map(|(i, b)| b ^ key[i & 3]));
    out
}

const KEY: Option<[u8; 4]> = Some([1, 2, 3, 4]);

fn messages(talk: &Talk) -> (Vec<String>, Vec<&'static str>) {
    let outcome = talk.read();
    assert_eq!(outcome.exchanges.len(), 1);
    let exchange = &outcome.exchanges[0];
    assert_eq!(exchange.protocol.as_deref(), Some("websocket"));
    assert_eq!(exchange.response.as_ref().map(|r| r.status), Some(101));
    let shown = exchange.messages.iter().map(|m| {
        let side = if m.from_client { '>' } else { '<' };
        let kind = if m.text { "" } else { "binary " };
        format!("{side} {kind}{}", String::from_utf8_lossy(&m.data))
    });
    (shown.collect(), outcome.lost)
}

#[test]
fn messages_belong_to_the_exchange_that_opened_it() {
    let mut talk = Talk::open(5000);
    // The first message comes in the packet of the handshake.
    talk.client(ASKED).server(&[answered(""), frame(0x81, b"welcome", None)].concat());
    talk.client(&frame(0x81, b"hello", KEY)).server(&frame(0x02, b"ab", None));
    talk.server(&frame(0x89, b"ping", None)).server(&frame(0x80, b"cd", None));
    let long = "x".repeat(300);
    talk.client(&frame(0x81, long.as_bytes(), KEY)).client(&frame(0x88, b"", KEY)).close();
    let (messages, lost) = messages(&talk);
    assert_eq!(messages, ["< welcome", "> hello", "< binary abcd", &format!("> {long}")]);
    assert!(lost.is_empty(), "{lost:?}");
}

fn deflated(texts: &[&str]) -> Vec<Vec<u8>> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    let mut out = Vec::new();
    for text in texts {
        encoder.write_all(text.as_bytes()).expect("memory takes all");
        encoder.flush().expect("memory takes all");
        let bytes = std::mem::take(encoder.get_mut());
        out.push(bytes.strip_suffix(&[0, 0, 0xff, 0xff]).expect("a flush").to_vec());
    }
    out
}

#[test]
fn compressed_messages_are_inflated() {
    let mut talk = Talk::open(5000);
    let extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    talk.client(ASKED).server(&answered(extension));
    // The second refers to the window of the first.
    for part in deflated(&["hello hello hello", "hello hello hello again"]) {
        talk.client(&frame(0xc1, &part, KEY));
    }
    talk.client(&frame(0x81, b"plain", KEY));
    let (messages, lost) = messages(&talk);
    assert_eq!(messages, ["> hello hello hello", "> hello hello hello again", "> plain"]);
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn a_gap_costs_the_message_it_is_in() {
    let mut talk = Talk::open(5000);
    talk.client(ASKED).server(&answered(""));
    let whole = frame(0x81, b"0123456789", None);
    talk.server(&whole[..4]).lose(0, 3).server(&whole[7..]).server(&frame(0x81, b"next", None));
    let (messages, lost) = messages(talk.close());
    assert_eq!(messages, ["< next"]);
    assert_eq!(lost, ["stream_gap"]);
    assert_eq!(states(&talk), (BodyState::Complete, BodyState::Truncated));
}

/// Whether all that each side said is there.
fn states(talk: &Talk) -> (BodyState, BodyState) {
    let exchange = &talk.read().exchanges[0];
    let answered = exchange.response.as_ref().expect("a response");
    (exchange.request.body_state, answered.body_state)
}

#[test]
fn a_gap_in_front_of_a_message_is_marked_at_its_side() {
    let mut talk = Talk::open(5000);
    talk.client(ASKED).server(&answered("")).client(&frame(0x81, b"one", KEY));
    assert_eq!(states(&talk), (BodyState::Complete, BodyState::Complete));
    talk.lose(9, 0).client(&frame(0x81, b"three", KEY)).close();
    assert_eq!(states(&talk), (BodyState::Truncated, BodyState::Complete));
}

#[test]
fn frames_that_are_none_are_told() {
    for bad in [frame(0x83, b"x", KEY), frame(0xc1, b"x", KEY), frame(0x80, b"x", KEY)] {
        let mut talk = Talk::open(5000);
        talk.client(ASKED).server(&answered("")).client(&frame(0x81, b"a", KEY));
        talk.client(&bad).client(&frame(0x81, b"b", KEY)).close();
        let (messages, lost) = messages(&talk);
        assert_eq!((messages, lost), (vec!["> a".to_owned()], vec!["websocket_malformed"]));
    }
}
