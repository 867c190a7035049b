//! What happens around a handshake: early data, another hello, authentication and negotiation later.

use super::{
    super::super::packets::{Outcome, Talk},
    contents, read,
    speaker::{
        DATA, END_OF_EARLY_DATA, Ends, HANDSHAKE, HELLO_REQUEST, KEY_UPDATE, clear, client_hello,
        ends_1_2, message, retry, server_hello_1_2,
    },
};

pub(super) const HANDSHAKES: &[u8] =
    include_bytes!("../../../../tests/fixtures/tls/tls-handshakes.pcapng");

pub(super) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: h.test\r\n\r\n").into_bytes()
}

/// An answer that says what it answers.
pub(super) fn ok(path: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{path}", path.len()).into_bytes()
}

/// Exchanges whose answer is theirs, and requests without one.
pub(super) fn told(outcome: &Outcome) -> (Vec<&str>, Vec<&str>) {
    let target = |answered| {
        let exchanges = outcome.exchanges.iter();
        let some = exchanges.filter(move |e| e.response.is_some() == answered);
        some.map(|e| e.request.target.as_str()).collect()
    };
    for exchange in &outcome.exchanges {
        if let Some(response) = &exchange.response {
            assert_eq!(exchange.request.target.as_bytes(), &*response.body, "{:?}", outcome.lost);
        }
    }
    (target(true), target(false))
}

/// Packets of the connection whose client has this port.
pub(super) fn of(packets: &[Vec<u8>], port: u16) -> Vec<Vec<u8>> {
    let port = port.to_be_bytes();
    let is_its = |packet: &&Vec<u8>| packet[20..22] == port || packet[22..24] == port;
    packets.iter().filter(is_its).cloned().collect()
}

#[test]
fn early_data_is_read_with_its_secret() {
    let (log, packets) = contents(HANDSHAKES);
    let outcome = read(&of(&packets, 5001), &log);
    assert_eq!(told(&outcome), (vec!["/a/early", "/a/1", "/a/2", "/a/3"], vec![]));
    assert!(outcome.lost.is_empty(), "{:?}", outcome.lost);
    let outcome = read(&of(&packets, 5002), &log);
    assert_eq!(told(&outcome), (vec!["/b/early", "/b/1"], vec![]));
    assert!(outcome.lost.is_empty(), "{:?}", outcome.lost);
}

#[test]
fn answers_behind_unread_early_data_are_nobodys() {
    let (log, packets) = contents(HANDSHAKES);
    let log: Vec<u8> = String::from_utf8(log).expect("text").replace("CLIENT_EARLY", "X").into();
    let outcome = read(&of(&packets, 5001), &log);
    assert_eq!(told(&outcome), (vec![], vec!["/a/1", "/a/2", "/a/3"]));
    let count = |loss: &str| outcome.lost.iter().filter(|lost| **lost == loss).count();
    let counts = (count("tls_early_data"), count("answer_missed"), count("response_alone"));
    assert_eq!((counts, outcome.lost.len()), ((1, 3, 4), 8));
}

#[test]
fn no_answer_is_said_to_be_missing_behind_unread_early_data() {
    let mut ends = Ends::new();
    let mut talk = Talk::open(5000);
    talk.client(&client_hello(true)).client(&ends.early.seal(DATA, &get("/early")));
    talk.server(&ends.server_flight(true));
    talk.client(&ends.early.seal(HANDSHAKE, END_OF_EARLY_DATA)).client(&ends.client_finished());
    let body = b"POST /1 HTTP/1.1\r\nHost: h.test\r\nContent-Length: 9\r\n\r\nab";
    talk.server(&ends.server(&ok("/early"))).client(&ends.client(&get("/2")));
    talk.client(&ends.client(body)).close();
    let outcome = read(&talk.packets, ends.log_without_early().as_bytes());
    assert_eq!(told(&outcome), (vec![], vec!["/2", "/1"]));
    let wanted = ["tls_early_data", "response_alone", "answer_missed", "answer_missed"];
    assert_eq!(outcome.lost, wanted);
}

#[test]
fn refused_early_data_leaves_answers_alone() {
    let (log, packets) = contents(HANDSHAKES);
    let text = String::from_utf8(log.clone()).expect("text");
    for log in [log, text.replace("CLIENT_EARLY", "X").into()] {
        // Refused by another hello, and as a replay.
        for (port, wanted) in [(5003, ["/c/1", "/c/2"]), (5004, ["/d/1", "/d/2"])] {
            let outcome = read(&of(&packets, port), &log);
            assert_eq!(told(&outcome), (wanted.to_vec(), vec![]));
            assert_eq!(outcome.lost, ["tls_early_data"]);
        }
    }
}

#[test]
fn early_data_waits_for_what_the_server_says() {
    for (takes, wanted) in [(true, vec!["/early", "/1"]), (false, vec!["/1"])] {
        let mut ends = Ends::new();
        let flight = ends.server_flight(takes);
        let mut talk = Talk::open(5000);
        talk.client(&client_hello(true)).client(&ends.early.seal(DATA, &get("/early")));
        // The ServerHello first, and what it says of early data later.
        talk.server(&flight[..60]).client(&[]);
        if takes {
            talk.client(&ends.early.seal(HANDSHAKE, END_OF_EARLY_DATA));
        }
        talk.client(&ends.client_finished()).client(&ends.client(&get("/1"))).server(&flight[60..]);
        wanted.iter().for_each(|path| {
            talk.server(&ends.server(&ok(path)));
        });
        let outcome = read(&talk.close().packets, ends.log.as_bytes());
        assert_eq!(told(&outcome), (wanted, vec![]));
        assert_eq!(outcome.lost.is_empty(), takes, "{:?}", outcome.lost);
    }
}

#[test]
fn early_data_behind_another_hello_is_counted() {
    for log in [Ends::log_without_early, |ends: &Ends| ends.log.clone()] {
        let mut ends = Ends::new();
        let mut talk = Talk::open(5000);
        talk.client(&client_hello(true)).client(&ends.early.seal(DATA, &get("/early")));
        talk.server(&retry());
        // Some of it is on its way when the server asks.
        talk.client(&ends.early.seal(DATA, &get("/early")));
        talk.client(&client_hello(false)).server(&ends.server_flight(false));
        talk.client(&ends.client_finished()).client(&ends.client(&get("/1")));
        talk.server(&ends.server(&ok("/1"))).close();
        let outcome = read(&talk.packets, log(&ends).as_bytes());
        assert_eq!(told(&outcome), (vec!["/1"], vec![]));
        assert_eq!(outcome.lost, ["tls_early_data"]);
    }
}

#[test]
fn behind_the_handshake_nothing_is_early_data() {
    for takes in [true, false] {
        let mut ends = Ends::new();
        let mut talk = Talk::open(5000);
        talk.client(&client_hello(true)).server(&ends.server_flight(takes));
        talk.client(&ends.client_finished());
        let mut broken = ends.client(&get("/1"));
        *broken.last_mut().expect("a tag") ^= 1;
        talk.client(&broken).client(&ends.client(&get("/2"))).close();
        let outcome = read(&talk.packets, ends.log.as_bytes());
        assert_eq!(outcome.lost, ["tls_not_decrypted"]);
        assert!(outcome.exchanges.is_empty());
    }
}

#[test]
fn what_seemed_early_data_to_the_end_was_more() {
    let mut ends = Ends::new();
    let mut talk = Talk::open(5000);
    talk.client(&client_hello(true)).server(&ends.server_flight(false));
    let mut broken = ends.client_finished();
    *broken.last_mut().expect("a tag") ^= 1;
    talk.client(&broken).client(&ends.client(&get("/1"))).close();
    let outcome = read(&talk.packets, ends.log.as_bytes());
    assert_eq!(outcome.lost, ["tls_early_data", "tls_not_decrypted"]);
}

#[test]
fn a_client_says_who_it_is_later() {
    let (log, packets) = contents(HANDSHAKES);
    let outcome = read(&of(&packets, 5005), &log);
    assert_eq!(told(&outcome), (vec!["/e/1", "/e/2", "/e/3"], vec![]));
    assert!(outcome.lost.is_empty(), "{:?}", outcome.lost);
    // No second end of the server's handshake is in TLS.
    let mut ends = Ends::new();
    let mut talk = Talk::open(5000);
    talk.client(&client_hello(false)).server(&ends.server_flight(false));
    talk.client(&ends.client_finished()).client(&ends.client(&get("/1")));
    talk.server(&ends.data[1].seal(HANDSHAKE, &message(20, &[9; 32]))).close();
    assert_eq!(read(&talk.packets, ends.log.as_bytes()).lost, ["tls_malformed"]);
}

#[test]
fn keys_are_updated_behind_the_handshake_only() {
    let mut ends = Ends::new();
    let mut talk = Talk::open(5000);
    talk.client(&client_hello(false)).server(&ends.server_flight(false));
    talk.client(&ends.handshake[0].seal(HANDSHAKE, KEY_UPDATE)).close();
    assert_eq!(read(&talk.packets, ends.log.as_bytes()).lost, ["tls_malformed"]);
}

#[test]
fn a_request_to_negotiate_anew_may_be_refused() {
    let (log, [mut client, mut server]) = ends_1_2();
    let mut talk = Talk::open(5000);
    talk.client(&client_hello(false)).server(&server_hello_1_2());
    for (sealer, side) in [(&mut client, 0), (&mut server, 1)] {
        let end = [clear(20, &[1]), sealer.seal(HANDSHAKE, &message(20, &[9; 12]))].concat();
        if side == 0 {
            talk.client(&end)
        } else {
            talk.server(&end)
        };
    }
    talk.client(&client.seal(DATA, &get("/1"))).server(&server.seal(DATA, &ok("/1")));
    talk.server(&server.seal(HANDSHAKE, HELLO_REQUEST));
    // The alert no_renegotiation (RFC 5246 §7.2.2).
    talk.client(&client.seal(21, &[1, 100]));
    talk.client(&client.seal(DATA, &get("/2"))).server(&server.seal(DATA, &ok("/2"))).close();
    let outcome = read(&talk.packets, log.as_bytes());
    assert_eq!(told(&outcome), (vec!["/1", "/2"], vec![]));
    assert!(outcome.lost.is_empty(), "{:?}", outcome.lost);
    // One that is followed.
    let (log, packets) = contents(HANDSHAKES);
    let outcome = read(&of(&packets, 5006), &log);
    assert_eq!(told(&outcome), (vec!["/f/1"], vec![]));
    assert_eq!(outcome.lost, ["tls_renegotiated"]);
}
