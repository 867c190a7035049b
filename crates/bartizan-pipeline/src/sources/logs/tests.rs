use std::io::{self, Read};

use super::{
    super::{
        access_log, caddy,
        tests::{read, split},
    },
    *,
};

/// A line without end.
struct Endless(u64);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = buffer.len().min(usize::try_from(self.0).unwrap_or(usize::MAX));
        buffer[..n].fill(b'x');
        self.0 -= n as u64;
        Ok(n)
    }
}

fn entries(item: &'static SourceItem) -> LogEntries {
    let dialect = item.dialect().expect("a dialect");
    LogEntries { dialect, reader: Reader::Lines(Lines::new(1000, 0)), columns: Columns::default() }
}

#[test]
fn a_huge_line_is_streamed_over_in_constant_memory() {
    let line = b"\n1.2.3.4 - - [01/May/2026:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 1\n";
    let reader = Endless(64 * 1024 * 1024).chain(&line[..]);
    let mut input = Input::reader("x.log", Box::new(reader), None).expect("opens");
    let mut log = entries(&access_log::SOURCE);
    let first = log.next(&mut input).expect("reads");
    assert!(matches!(first, Found::Entry(Err(SkipReason::EntryTooLarge))), "{first:?}");
    assert!(matches!(log.next(&mut input), Ok(Found::Entry(Ok(_)))));
    assert!(matches!(log.next(&mut input), Ok(Found::End)));
    let Reader::Lines(lines) = &log.reader else { panic!("lines") };
    assert!(lines.kept_bytes() <= 2000);
}

#[test]
fn lines_of_a_container_runtime_are_unpacked() {
    let inner = serde_json::to_string(&caddy::SOURCE.example).expect("text");
    let line =
        format!("{{\"log\":{inner},\"stream\":\"stdout\",\"time\":\"2026-05-01T00:00:00Z\"}}\n");
    let (exchanges, skipped) = split(read("x-json.log", line.as_bytes()));
    assert_eq!((exchanges.len(), skipped), (1, Vec::new()));
    assert_eq!(exchanges[0].request.target, "/v1/orders/7");
}

#[test]
fn hostile_lines_take_linear_time_in_every_dialect() {
    let begin = std::time::Instant::now();
    let size = 256 * 1024;
    let columns = Columns::new("date time cs-method cs-uri-stem x-edge-location cs(user-agent)");
    let pieces = [
        "[",
        "\"",
        "\\",
        "\" \"",
        "\"\" ",
        "{",
        "{\"a\":",
        "[]",
        "#22",
        "%25",
        "%2520",
        "0/0/0/0/0 ",
        "----",
        "[01/May/2026:00:00:00 +0000] \"",
        "[2026-05-01T00:00:00Z] \"",
        "2026-05-01 ",
        "1.2.3.4:5 ",
        "a,",
        "\t",
    ];
    let heads: Vec<&str> = SOURCES
        .iter()
        .filter(|item| item.dialect().is_some())
        .map(|item| item.example.lines().last().unwrap_or(""))
        .collect();
    for piece in pieces {
        let long = piece.repeat(size / piece.len());
        for head in heads.iter().chain(&[""]) {
            let middle = head.len() / 2;
            let (before, after) = head.split_at_checked(middle).unwrap_or((head, ""));
            for line in [format!("{head}{long}"), format!("{before}{long}{after}")] {
                let _ = RawLine::new(line.as_bytes(), &columns).exchange(&DIALECT_OF_NONE);
            }
        }
    }
    // Quadratic work on any of them would take minutes.
    assert!(begin.elapsed().as_secs() < 90, "{:?}", begin.elapsed());
}

static DIALECT_OF_NONE: Dialect =
    Dialect { read: |_| Err(SkipReason::NotALogLine), form: Form::Own };

#[test]
fn an_agent_cannot_forge_a_line_of_another_dialect() {
    let forged = "x [01/May/2026:00:00:00 +0000] \"GET /forged HTTP/1.1\" 200 5 \"-\" \"y";
    let alb = "http 2026-05-01T00:00:00Z app/l/5 1.2.3.4:5 10.0.0.5:80 0.0 0.1 0.0 200 200 3 5 \
               \"GET http://h.test:80/real HTTP/1.1\" \"AGENT\" - - - \"Root=1\" \"-\" \"-\" 0 \
               2026-05-01T00:00:00Z \"-\" \"-\"";
    let columns = Columns::default();
    for item in SOURCES.iter().filter_map(|item| item.dialect()) {
        let line = alb.replace("AGENT", forged);
        let read = RawLine::new(line.as_bytes(), &columns).exchange(item).expect("a request");
        assert_eq!(read.request.target, "/real");
        assert_eq!(read.request.headers.get("user-agent"), Some(forged));
    }
}
