//! Whatever happens to packets: no answer is given to the wrong request, and what is lost is counted.

use super::{
    super::super::packets::{Outcome, Talk},
    contents,
    handshakes::{HANDSHAKES, get, of, ok, told},
    read,
    speaker::{DATA, END_OF_EARLY_DATA, Ends, HANDSHAKE, client_hello},
};

/// A connection in TLS 1.3 up to the end of its handshake.
fn open(ends: &mut Ends, offers_early: bool) -> Talk {
    let mut talk = Talk::open(5000);
    talk.client(&client_hello(offers_early)).server(&ends.server_flight(false));
    talk.client(&ends.client_finished());
    talk
}

#[test]
fn gaps_in_one_record_cost_no_more_than_that() {
    let mut ends = Ends::new();
    let mut talk = open(&mut ends, false);
    let size = 9000;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
    talk.client(&ends.client(&get("/1"))).server(&ends.server(head.as_bytes()));
    let first = talk.packets.len();
    talk.server(&ends.server(&vec![b'x'; size]));
    for path in ["/2", "/3"] {
        talk.client(&ends.client(&get(path))).server(&ends.server(&ok(path)));
    }
    talk.close();
    let answered_3 = "GET h.test/3  > 200 /3";
    let without = |lost: &[usize]| {
        let all = talk.packets.iter().enumerate();
        let there = all.filter(|(at, _)| !lost.iter().any(|lost| first + lost == *at));
        let packets: Vec<_> = there.map(|(_, packet)| packet.clone()).collect();
        read(&packets, ends.log.as_bytes())
    };
    // Of the seven packets of the record.
    let outcome = without(&[1, 3, 4]);
    assert_eq!(outcome.lines(), ["GET h.test/1  > 200 ", "GET h.test/2  > 200 /2", answered_3]);
    assert_eq!(outcome.lost, ["stream_gap", "stream_gap"]);
    // The next answer too: a gap that reaches beyond the record ends the direction.
    let outcome = without(&[1, 6, 8]);
    assert_eq!(outcome.lines(), ["GET h.test/1  > 200 ", "GET h.test/2  >", "GET h.test/3  >"]);
    assert_eq!(outcome.lost, ["stream_gap", "stream_gap", "tls_behind_gap"]);
}

#[test]
fn lost_early_data_does_not_count_among_the_records_of_the_handshake() {
    for takes in [true, false] {
        let mut ends = Ends::new();
        let mut talk = Talk::open(5000);
        talk.client(&client_hello(true)).server(&ends.server_flight(takes));
        let first = talk.packets.len();
        talk.client(&ends.early.seal(DATA, &[&get("/early")[..], &[b'x'; 3000]].concat()));
        if takes {
            talk.client(&ends.early.seal(HANDSHAKE, END_OF_EARLY_DATA));
        }
        talk.client(&ends.client_finished()).client(&ends.client(&get("/1"))).close();
        talk.packets.remove(first + 1);
        for log in [ends.log_without_early(), ends.log.clone()] {
            let outcome = read(&talk.packets, log.as_bytes());
            let never = outcome.lines() == ["GET h.test/1  > 0 "];
            assert!(never || outcome.lines() == ["GET h.test/1  >"], "{:?}", outcome.lines());
            assert!(outcome.lost.contains(&"stream_gap"), "{:?}", outcome.lost);
            assert!(!outcome.lost.contains(&"tls_not_decrypted"), "{:?}", outcome.lost);
        }
    }
}

#[test]
fn a_lost_record_of_the_handshake_is_no_lost_data() {
    let mut ends = Ends::new();
    let mut talk = Talk::open(5000);
    let [_, server] = &mut ends.handshake;
    let certificate = super::speaker::message(11, &[3; 4000]);
    let records = [
        super::speaker::server_hello_1_3(),
        server.seal(HANDSHAKE, &super::speaker::message(8, &[0, 0])),
        server.seal(HANDSHAKE, &certificate),
        server.seal(HANDSHAKE, &super::speaker::message(20, &[9; 32])),
    ];
    talk.client(&client_hello(false)).server(&records.concat());
    talk.client(&ends.client_finished()).client(&ends.client(&get("/1")));
    talk.server(&ends.server(&ok("/1"))).close();
    talk.packets.remove(5);
    let outcome = read(&talk.packets, ends.log.as_bytes());
    assert_eq!(told(&outcome), (vec!["/1"], vec![]));
    assert_eq!(outcome.lost, ["stream_gap"]);
}

/// Reads, and says what was lost when something was.
fn truthful(packets: &[Vec<u8>], log: &[u8], whole: usize, what: &str) -> Outcome {
    let outcome = read(packets, log);
    for exchange in &outcome.exchanges {
        let Some(response) = exchange.response.as_ref().filter(|r| r.status != 0) else { continue };
        let (target, body) = (exchange.request.target.as_bytes(), &*response.body);
        let is_its = match response.body_state {
            bartizan_model::BodyState::Complete => target == body,
            _ => target.starts_with(body),
        };
        assert!(is_its, "{what}: {:?} {:?}", outcome.lines(), outcome.lost);
    }
    let answered = outcome.exchanges.iter().filter(|e| e.response.is_some()).count();
    assert!(answered >= whole || !outcome.lost.is_empty(), "{what}: {:?}", outcome.lines());
    outcome
}

/// Each connection that OpenSSL made, and how many answers it has.
fn connections() -> Vec<(Vec<u8>, Vec<Vec<u8>>, usize)> {
    let (log, packets) = contents(HANDSHAKES);
    let without = String::from_utf8(log.clone()).expect("text").replace("CLIENT_EARLY", "X");
    let mut out = Vec::new();
    for log in [log, without.into_bytes()] {
        for port in 5001..=5006 {
            let packets = of(&packets, port);
            let outcome = read(&packets, &log);
            let answered = outcome.exchanges.iter().filter(|e| e.response.is_some()).count();
            out.push((log.clone(), packets, answered));
        }
    }
    out
}

#[test]
fn lost_packets_mix_nothing_up() {
    for (log, packets, whole) in connections() {
        for i in 0..packets.len() {
            for j in i..packets.len() {
                let mut missing = packets.clone();
                missing.remove(j);
                if j > i {
                    missing.remove(i);
                }
                truthful(&missing, &log, whole, &format!("{i} and {j} lost"));
            }
        }
    }
}

#[test]
fn packets_in_another_order_mix_nothing_up() {
    for (log, packets, whole) in connections() {
        for i in 0..packets.len() {
            for j in i + 1..packets.len() {
                let mut moved = packets.clone();
                moved.swap(i, j);
                truthful(&moved, &log, whole, &format!("{i} and {j} swapped"));
                let mut late = packets.clone();
                let packet = late.remove(i);
                late.insert(j, packet);
                truthful(&late, &log, whole, &format!("{i} comes as {j}"));
                let mut twice = packets.clone();
                twice.insert(j, packets[i].clone());
                truthful(&twice, &log, whole, &format!("{i} again as {j}"));
            }
        }
    }
}

#[test]
fn cut_packets_mix_nothing_up() {
    for (log, packets, whole) in connections() {
        for i in 0..packets.len() {
            for size in 40..packets[i].len() {
                let mut cut = packets.clone();
                cut[i].truncate(size);
                cut[i][2..4].copy_from_slice(&(size as u16).to_be_bytes());
                truthful(&cut, &log, whole, &format!("{i} cut to {size}"));
                cut.truncate(i + 1);
                truthful(&cut, &log, 0, &format!("the end in {i} at {size}"));
            }
        }
    }
}
