use bartizan_model::BodyState;

use super::{
    super::{
        CaptureLimits, Event, Flows, Packet,
        packets::{self, Outcome, Talk},
    },
    GET, OK,
};

fn lost(outcome: &Outcome) -> Vec<&'static str> {
    outcome.lost.clone()
}

#[test]
fn responses_answer_in_order() {
    let mut talk = Talk::open(5000);
    talk.client(b"HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n\r\n")
        .client(
            b"POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n",
        )
        .client(b"2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n")
        .server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        .server(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")
        .server(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        .server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        .server(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
        .close();
    let outcome = talk.read();
    assert_eq!(
        outcome.lines(),
        [
            "HEAD h/1  > 200 ",
            "GET h/2  > 304 ",
            "POST h/3 abcde > 200 hello",
            "GET h/4  > 200 until the end",
        ]
    );
    assert!(outcome.lost.is_empty(), "{:?}", outcome.lost);
    assert_eq!(outcome.exchanges[2].request.trailers.get("x-sum"), Some("5"));
    assert!(outcome.exchanges.iter().all(|e| e.request.body_state == BodyState::Complete));
}

#[test]
fn bodies_end_where_the_capture_does() {
    let mut talk = Talk::open(5000);
    talk.client(GET).server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    let outcome = talk.read();
    assert_eq!(outcome.lines(), ["GET h.test/a  > 200 half"]);
    let response = outcome.exchanges[0].response.as_ref().expect("a response");
    assert_eq!(response.body_state, BodyState::Truncated);
    let mut talk = Talk::open(5000);
    talk.client(GET).server(b"HTTP/1.1 200 OK\r\n\r\nhalf");
    let response = talk.read().exchanges[0].response.clone().expect("a response");
    assert_eq!(response.body_state, BodyState::Truncated);
}

#[test]
fn a_gap_in_a_body_leaves_the_next_message_alone() {
    let mut talk = Talk::open(5000);
    talk.client(GET)
        .server(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123")
        .lose(0, 4)
        .server(b"89")
        .client(GET)
        .server(OK)
        .close();
    let outcome = talk.read();
    assert_eq!(outcome.lines(), ["GET h.test/a  > 200 0123", "GET h.test/a  > 200 hi"]);
    assert_eq!(lost(&outcome), ["stream_gap"]);
    let response = outcome.exchanges[0].response.as_ref().expect("a response");
    assert_eq!((response.body_state, response.body_bytes), (BodyState::Truncated, Some(10)));
}

/// A packet that the kernel dropped shows as a gap, and the exchange that it was of as one of which not all is
/// there.
#[test]
fn a_missing_segment_marks_its_exchange_and_no_other() {
    let post = |length: usize| {
        format!("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n").into_bytes()
    };
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 4200\r\n\r\n{}", "x".repeat(4200));
    // Of these packets of both sides, each in turn is not there.
    let mut talk = Talk::open(5000);
    let begin = talk.packets.len();
    talk.client(&post(3000)).client(&[b'x'; 3000]).server(long.as_bytes());
    let end = talk.packets.len();
    talk.client(&get("/2")).server(&answer(202)).close();
    let whole = |exchange: &bartizan_model::Exchange| {
        let answered = exchange.response.as_ref();
        exchange.request.body_state == BodyState::Complete
            && answered.is_some_and(|answered| answered.body_state == BodyState::Complete)
    };
    assert!(talk.read().exchanges.iter().all(whole));
    for missing in begin..end {
        let mut packets = talk.packets.clone();
        packets.remove(missing);
        let outcome = packets::read(&packets, CaptureLimits::default());
        assert!(outcome.lost.contains(&"stream_gap"), "{missing}: {:?}", outcome.lost);
        let (hurt, others): (Vec<_>, Vec<_>) =
            outcome.exchanges.iter().partition(|e| e.request.target == "/1");
        assert!(!hurt.iter().any(|exchange| whole(exchange)), "{missing}: {:?}", outcome.lines());
        assert!(others.iter().all(|e| e.request.target == "/2" && whole(e)), "{missing}");
    }
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes()
}

fn answer(status: u16) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

#[test]
fn lost_responses_are_not_mixed_up() {
    let mut talk = Talk::open(5000);
    talk.client(&get("/1")).server(&answer(201)).client(&get("/2")).lose(0, 300);
    talk.client(&get("/3")).server(&answer(203)).client(&get("/4")).server(&answer(204)).close();
    let outcome = talk.read();
    assert_eq!(
        outcome.lines(),
        ["GET h/1  > 201 ", "GET h/2  >", "GET h/3  > 203 ", "GET h/4  > 204 "]
    );
    assert_eq!(lost(&outcome), ["stream_gap", "answer_missed"]);
}

#[test]
fn lost_requests_are_not_mixed_up() {
    let mut talk = Talk::open(5000);
    talk.client(&get("/1")).server(&answer(201)).lose(300, 0).server(&answer(202));
    talk.client(&get("/3")).server(&answer(203)).client(&get("/4")).server(&answer(204)).close();
    let outcome = talk.read();
    assert_eq!(outcome.lines(), ["GET h/1  > 201 ", "GET h/3  > 203 ", "GET h/4  > 204 "]);
    assert_eq!(lost(&outcome), ["stream_gap", "response_alone"]);
}

#[test]
fn behind_a_gap_pipelined_requests_stay_alone() {
    let mut talk = Talk::open(5000);
    talk.client(&[get("/1"), get("/2"), get("/3")].concat());
    talk.server(&answer(201)).lose(0, 300).server(&answer(203)).close();
    let outcome = talk.read();
    assert_eq!(outcome.lines(), ["GET h/1  > 201 ", "GET h/2  >", "GET h/3  >"]);
    assert_eq!(lost(&outcome), ["stream_gap", "answer_missed", "answer_missed", "response_alone"]);
}

#[test]
fn captures_that_begin_in_the_middle_find_the_next_message() {
    let mut talk = Talk::on(5000);
    talk.server(b"rest of a body").server(&answer(299)).client(b"more of a body");
    talk.client(&get("/1")).server(&answer(201)).close();
    let outcome = talk.read();
    assert_eq!(outcome.lines(), ["GET h/1  > 201 "]);
    assert_eq!(lost(&outcome), ["stream_beginning", "response_alone", "stream_beginning"]);
    assert_eq!(outcome.exchanges[0].client.port, Some(5000));
}

#[test]
fn a_malformed_first_request_does_not_give_up_the_rest() {
    let mut talk = Talk::open(5000);
    talk.client(b"\x01\x02 nonsense\r\n\r\n").server(&answer(400));
    talk.client(&get("/2")).server(&answer(202)).close();
    let outcome = talk.read();
    assert_eq!(outcome.lines(), ["GET h/2  > 202 "]);
    assert_eq!(lost(&outcome), ["head_malformed", "response_alone"]);
}

#[test]
fn an_ended_connection_with_a_gap_is_over_soon() {
    let mut talk = Talk::open(5000);
    talk.client(&get("/1")).lose(0, 9).server(&answer(201)).close();
    let ended = talk.packets.len() as u64;
    let mut other = Talk::open(6000);
    (0..2000).for_each(|_| {
        other.client(b"x");
    });
    let mut flows = Flows::new(CaptureLimits::default());
    let mut came = None;
    for (packet, number) in talk.packets.iter().chain(&other.packets).zip(1..) {
        flows.packet(&Packet { link: packets::RAW, time: None, data: packet });
        while let Some(event) = flows.next_event() {
            let number: u64 = number;
            came = came.or(matches!(event, Event::Exchange(_)).then_some(number));
        }
    }
    assert!(came.is_some_and(|at| at > ended && at < ended + 1010), "{came:?}");
}

#[test]
fn tunnels_are_looked_into() {
    let mut talk = Talk::open(5000);
    talk.client(b"CONNECT api:80 HTTP/1.1\r\nHost: api:80\r\n\r\n")
        .server(b"HTTP/1.1 200 Connected\r\n\r\n")
        .client(GET)
        .server(OK)
        .close();
    let outcome = talk.read();
    assert_eq!(outcome.lines(), ["GET h.test/a  > 200 hi"]);
    assert_eq!(lost(&outcome), ["tunnel_opened"]);
    let mut talk = Talk::open(5000);
    talk.client(b"CONNECT api:443 HTTP/1.1\r\n\r\n").server(&answer(403)).client(GET).server(OK);
    let outcome = talk.close().read();
    assert_eq!(outcome.lines(), ["GET h.test/a  > 200 hi"]);
    assert_eq!(lost(&outcome), ["tunnel_opened"]);
}

#[test]
fn other_upgrades_are_told() {
    let mut talk = Talk::open(5000);
    talk.client(b"POST /attach HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        .server(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw")
        .client(b"GET / HTTP/1.1\r\n\r\n")
        .close();
    let outcome = talk.read();
    assert_eq!(outcome.lines(), ["POST h/attach  > 101 "]);
    assert_eq!(lost(&outcome), ["stream_upgraded"]);
}

#[test]
fn what_is_malformed_is_told_and_the_rest_is_read() {
    for (request, line, losses) in [
        (
            &b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\nabc"[..],
            "POST h/a  > 400 ",
            vec!["framing_malformed"],
        ),
        (
            b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "POST h/a  > 400 ",
            vec!["framing_malformed"],
        ),
        (
            b"GET /a HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n",
            "GET h/a  > 400 ",
            vec!["head_malformed"],
        ),
        (b"GET /a HTTP/1.1\nHost: h\n\n", "GET h/a  > 400 ", vec![]),
        (b"GET http://other/b HTTP/1.1\r\nHost: h\r\n\r\n", "GET other/b  > 400 ", vec![]),
    ] {
        let mut talk = Talk::open(5000);
        talk.client(request).server(&answer(400)).client(&get("/next")).server(&answer(200));
        let outcome = talk.close().read();
        assert_eq!(outcome.lines(), [line, "GET h/next  > 200 "]);
        assert_eq!(lost(&outcome), losses, "{line}");
    }
}

#[test]
fn http_0_9_has_no_head() {
    let mut talk = Talk::open(5000);
    talk.client(b"GET /old\r\n").server(b"<html>old</html>").close();
    let outcome = talk.read();
    assert_eq!(outcome.lines(), ["GET /old  >"]);
    assert_eq!(outcome.exchanges[0].request.http_version.as_deref(), Some("0.9"));
    assert_eq!(lost(&outcome), ["head_malformed"]);
}
