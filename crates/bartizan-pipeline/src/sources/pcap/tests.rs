use bartizan_model::Exchange;

use super::super::{
    OpenOptions,
    tests::{drain, read, split},
};

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("a fixture")
}

/// Connection, request and status of each exchange.
fn lines(exchanges: &[Exchange]) -> Vec<String> {
    let line = |e: &Exchange| {
        let request = &e.request;
        let target: String = request.target.chars().take(30).collect();
        let status = e.response.as_ref().map_or(0, |response| response.status);
        let connection = e.connection_id.as_deref().unwrap_or("-");
        format!("{connection} {} {}{target} {status}", request.method, request.authority)
    };
    exchanges.iter().map(line).collect()
}

/// Exchanges, and what was skipped without its places.
fn fixture_lines(name: &str) -> (Vec<String>, Vec<String>) {
    let (exchanges, skipped) = split(read(name, &fixture(name)));
    let reason = |skip: &String| skip.split(' ').next().unwrap_or_default().to_owned();
    (lines(&exchanges), skipped.iter().map(reason).collect())
}

#[test]
fn captures_of_others_are_read() {
    for (name, wanted) in [
        ("zeek/http__get_nosyn.pcap", "1 GET bro.org/download/CHANGES.bro-aux.txt 200"),
        ("zeek/http__zeek-image-1080-80-x.pcapng", "1 GET localhost/zeek.png 200"),
        ("zeek/websocket__two-binary-fragments.pcap", "1 GET localhost:8080/ 101"),
    ] {
        assert_eq!(fixture_lines(name), (vec![wanted.to_owned()], Vec::new()), "{name}");
    }
}

#[test]
fn a_capture_that_is_cut_keeps_what_came_before() {
    let bytes = fixture("zeek/http__percent-end-of-line.pcap");
    let cut = &bytes[..bytes.len() - 30];
    let (exchanges, skipped) = split(read("x.pcap", cut));
    assert_eq!(exchanges.len(), 2);
    assert_eq!(skipped.iter().filter(|s| s.starts_with("truncated at packet")).count(), 1);
}

#[test]
fn what_the_end_cut_comes_again_once_the_capture_has_grown() {
    let bytes = fixture("zeek/http__percent-end-of-line.pcap");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.pcap");
    // The second connection is being captured: its request is there, its answer is not.
    let (exchanges, _) = split(read("x.pcap", &bytes));
    let cut = (24..bytes.len())
        .find(|cut| {
            let (found, _) = split_or_none(&bytes[..*cut]);
            found.len() == 2 && found[1].response.as_ref().is_none_or(|r| r.status == 0)
        })
        .expect("a place between the two");
    std::fs::write(&path, &bytes[..cut]).expect("writes");
    let mut source = OpenOptions::new().open(&path).expect("opens");
    let (first, _) = split(drain(&mut *source));
    assert_eq!(first.len(), 2);
    let checkpoint = source.checkpoint();
    let mut checkpoints = vec![checkpoint.clone()];
    for _ in 0..2 {
        let last = checkpoints.last().expect("one");
        let mut source = OpenOptions::new().resume(&path, last).expect("goes on");
        assert_eq!(drain(&mut *source).len(), 0, "nothing is told again while it has not grown");
        checkpoints.push(source.checkpoint());
    }
    assert_eq!(checkpoints[2], checkpoint);
    std::fs::write(&path, &bytes).expect("writes");
    let mut source = OpenOptions::new().resume(&path, &checkpoint).expect("goes on");
    let (rest, skipped) = split(drain(&mut *source));
    assert_eq!(lines(&rest), lines(&exchanges[1..]));
    assert_eq!((rest[0].id.as_str(), skipped.len()), ("2", 0));
}

#[test]
fn a_capture_of_one_exchange_without_answer_is_told_once() {
    let bytes = fixture("zeek/http__percent-end-of-line.pcap");
    let cut = (24..bytes.len())
        .find(|cut| split_or_none(&bytes[..*cut]).0.len() == 1)
        .expect("a place behind the first request");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.pcap");
    std::fs::write(&path, &bytes[..cut]).expect("writes");
    let mut source = OpenOptions::new().open(&path).expect("opens");
    assert_eq!(split(drain(&mut *source)).0.len(), 1);
    let mut again = OpenOptions::new().resume(&path, &source.checkpoint()).expect("goes on");
    assert_eq!(drain(&mut *again).len(), 0, "neither told again nor an error");
}

/// As [`split`], for what may hold nothing.
fn split_or_none(bytes: &[u8]) -> (Vec<Exchange>, Vec<String>) {
    split(read("x.pcap", bytes).into_iter().filter(Result::is_ok).collect())
}
