//! Connections in TLS, as OpenSSL made them; see the README beside the fixtures.

mod handshakes;
mod losses;
mod speaker;

use std::sync::Arc;

use super::super::{
    packets::{Outcome, Talk},
    *,
};

const TLS_1_2: &[u8] = include_bytes!("../../../tests/fixtures/tls/tls-1.2.pcapng");
const TLS_1_3: &[u8] = include_bytes!("../../../tests/fixtures/tls/tls-1.3.pcapng");

/// Key log and packets of a capture.
fn contents(mut file: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut container = Container::default();
    let (mut log, mut packets) = (Vec::new(), Vec::new());
    loop {
        let taken = match container.next(file) {
            Step::More(_) => return (log, packets),
            Step::Pass(bytes) => bytes as usize,
            Step::Secrets(found, bytes) => {
                log = found.0.to_vec();
                bytes
            }
            Step::Packet(packet, bytes) => {
                packets.push(packet.data.to_vec());
                bytes
            }
            Step::Lost(loss, _) => panic!("{loss}"),
        };
        file = &file[taken..];
    }
}

fn read(packets: &[Vec<u8>], log: &[u8]) -> Outcome {
    let mut secrets = KeyLog::default();
    secrets.add(log);
    let flows = Flows::new(CaptureLimits::default()).with_tls(Box::new(AwsLc), Arc::new(secrets));
    packets::read_with(flows, packets)
}

fn get(status: u16) -> String {
    format!("GET h.test/a  > {status} hi")
}

#[test]
fn tls_1_2_is_read_with_its_master_secrets() {
    let (log, packets) = contents(TLS_1_2);
    let outcome = read(&packets, &log);
    assert_eq!(outcome.lines(), vec![get(200); 6]);
    assert_eq!(outcome.lost, ["tls_unsupported"]);
    let about: Vec<_> = outcome.exchanges.iter().filter_map(|e| e.tls.clone()).collect();
    let ciphers: Vec<_> = about.iter().step_by(2).filter_map(|tls| tls.cipher.as_deref()).collect();
    assert_eq!(
        ciphers,
        [
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
        ]
    );
    let first = (about[0].version.as_deref(), about[0].sni.as_deref());
    assert_eq!(first, (Some("1.2"), Some("h.test")));
    assert!(outcome.exchanges.iter().all(|e| e.request.scheme == "https"));
}

#[test]
fn tls_1_3_is_read_with_its_traffic_secrets() {
    let (log, packets) = contents(TLS_1_3);
    let outcome = read(&packets, &log);
    let mut wanted = vec![get(200); 5];
    wanted.insert(2, "GET h.test/  > 200 hi".to_owned());
    // Its log has no secret of early data, which the only answer is to.
    wanted.push("GET h.test/a  >".to_owned());
    assert_eq!(outcome.lines(), wanted);
    assert_eq!(outcome.lost, ["tls_early_data", "answer_missed", "response_alone"]);
    let versions: Vec<_> =
        outcome.exchanges.iter().map(|e| e.request.http_version.clone()).collect();
    assert_eq!(versions.iter().filter(|v| v.as_deref() == Some("2")).count(), 1);
}

#[test]
fn without_its_secrets_a_connection_is_counted() {
    for file in [TLS_1_2, TLS_1_3] {
        let (log, packets) = contents(file);
        let connections = packets.iter().filter(|packet| packet[33] == packets::SYN).count();
        for log in [&b""[..], &log[..40]] {
            let outcome = read(&packets, log);
            assert_eq!(
                (outcome.exchanges.len(), outcome.lost),
                (0, vec!["stream_encrypted"; connections])
            );
        }
        // Those of the first connection alone.
        let random = log.split(|b| *b == b' ').nth(1).expect("a random");
        let first: Vec<u8> = log
            .split_inclusive(|b| *b == b'\n')
            .filter(|line| line.windows(random.len()).any(|part| part == random))
            .flatten()
            .copied()
            .collect();
        let outcome = read(&packets, &first);
        assert_eq!(outcome.exchanges.len(), 2);
        assert!(outcome.lost.contains(&"stream_encrypted"), "{:?}", outcome.lost);
    }
}

#[test]
fn wrong_secrets_open_nothing() {
    let (log, packets) = contents(TLS_1_3);
    let text = String::from_utf8(log).expect("text");
    let wrong: String = text
        .lines()
        .map(|line| {
            let (head, secret) = line.rsplit_once(' ').expect("a secret");
            format!("{head} {}\n", secret.replace('0', "1"))
        })
        .collect();
    let outcome = read(&packets, wrong.as_bytes());
    assert!(outcome.exchanges.is_empty());
    assert!(outcome.lost.contains(&"tls_not_decrypted"), "{:?}", outcome.lost);
}

#[test]
fn the_order_of_packets_does_not_matter_in_tls_either() {
    let (log, packets) = contents(TLS_1_3);
    let wanted = read(&packets, &log);
    for i in 0..packets.len() - 1 {
        let mut swapped = packets.clone();
        let (from, to) = (packets[i][20..22].to_vec(), packets[i + 1][20..22].to_vec());
        // A connection begins with its handshake, and only one side is out of order.
        if packets[i][33] & packets::SYN != 0 || from != to {
            continue;
        }
        swapped.swap(i, i + 1);
        assert_eq!(read(&swapped, &log).lines(), wanted.lines(), "{i} and the next swapped");
    }
}

#[test]
fn lost_and_changed_packets_lose_no_more_than_their_connection() {
    for file in [TLS_1_2, TLS_1_3] {
        let (log, packets) = contents(file);
        let whole = read(&packets, &log).exchanges.len();
        for i in 0..packets.len() {
            let mut changed = packets.clone();
            if let Some(byte) = changed[i].get_mut(40..).and_then(<[u8]>::last_mut) {
                *byte ^= 1;
            }
            let outcome = read(&changed, &log);
            assert!(outcome.exchanges.len() + 2 >= whole, "{i} changed: {:?}", outcome.lost);
            let mut missing = packets.clone();
            let was = missing.remove(i);
            let outcome = read(&missing, &log);
            assert!(outcome.exchanges.len() + 2 >= whole, "{i} missing: {:?}", outcome.lost);
            if was.len() > 40 {
                assert!(!outcome.lost.is_empty(), "{i} is missing and nobody says so");
            }
        }
    }
}

#[test]
fn a_capture_that_ends_in_a_record_says_so() {
    let (log, packets) = contents(TLS_1_2);
    // Handshake, hellos and half of what the server says: a key is known, an end is not.
    let last =
        packets.iter().rposition(|packet| packet.len() > 40 && packet[20..22] == [0x01, 0xbb]);
    let mut cut = packets[..=last.expect("a packet of the server")].to_vec();
    let first = packets[0][20..22].to_vec();
    cut.retain(|packet| packet[20..22] == first || packet[22..24] == first);
    let at = cut.iter().rposition(|packet| packet.len() > 100).expect("a record");
    cut.truncate(at + 1);
    let length = (cut[at].len() - 5) as u16;
    cut[at].truncate(usize::from(length));
    cut[at][2..4].copy_from_slice(&length.to_be_bytes());
    let outcome = read(&cut, &log);
    assert_eq!(outcome.lost, ["tls_cut"]);
}

#[test]
fn what_only_looks_like_tls_is_counted_once() {
    let (log, _) = contents(TLS_1_2);
    let hello = |size: u8| [&[0x16, 3, 1, 0, size, 1, 0, 0, size - 4][..], &[7; 60]].concat();
    for (client, loss) in [
        (hello(40), "tls_malformed"),
        (vec![0x16, 3, 1, 0xff, 0xff, 1, 0, 0, 1], "tls_malformed"),
        (vec![0x17, 3, 3, 0, 9, 1, 1, 1, 1], "stream_encrypted"),
        (b"\x16\x03\x01\x02\0\x01\0".to_vec(), "stream_encrypted"),
    ] {
        let mut talk = Talk::open(5000);
        talk.client(&client).server(b"\x16\x03\x03\0\x7a").client(&client).close();
        let outcome = read(&talk.packets, &log);
        assert_eq!(outcome.lost.first(), Some(&loss), "{client:?}: {:?}", outcome.lost);
        assert!(outcome.lost.len() <= 3, "{:?}", outcome.lost);
    }
}
