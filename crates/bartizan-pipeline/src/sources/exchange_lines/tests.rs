use super::{
    super::tests::{read, split},
    *,
};

const LINE: &str = r#"{"id":"x7","time":"2026-11-22T10:00:00.123Z","client":{"ip":"203.0.113.7"},"request":{"method":"POST","url":"https://api.h.test/v1?e=1","headers":{"a":"b"},"body":"{}"},"response":{"status":201}}"#;

#[test]
fn lines_and_lists_are_read() {
    let without_id = LINE.replace("\"id\":\"x7\",", "");
    for text in [
        format!("{LINE}\n\n{without_id}\n"),
        format!("\u{feff}{LINE}\r\n{without_id}"),
        format!("[{LINE},\n {without_id}]"),
    ] {
        let (exchanges, skipped) = split(read("-", text.as_bytes()));
        assert!(skipped.is_empty(), "{skipped:?}");
        let ids: Vec<_> = exchanges.iter().map(|e| e.id.as_str()).collect();
        assert_eq!(ids, ["x7", "2"]);
        let first = &exchanges[0];
        assert_eq!((&*first.request.authority, &*first.request.target), ("api.h.test", "/v1?e=1"));
        assert_eq!(first.source.as_deref(), Some("-"));
        assert_eq!(
            first.time.map(|t| t.to_string()).as_deref(),
            Some("2026-11-22T10:00:00.123000Z")
        );
    }
}

#[test]
fn bad_lines_are_counted_with_their_number() {
    let text = format!(
        "{LINE}\nnonsense\n7\n\n{{\"request\":{{\"method\":\"GET\"}}}}\n{LINE}\n{{\"request\""
    );
    let (exchanges, skipped) = split(read("x.jsonl", text.as_bytes()));
    assert_eq!(exchanges.len(), 2);
    assert_eq!(
        skipped,
        [
            "not_json at line 2",
            "wrong_shape at line 3",
            "missing_url at line 5",
            "truncated at line 7"
        ]
    );
}

#[test]
fn a_long_line_is_streamed_over() {
    let long = LINE.replace("{}", &"x".repeat(100_000));
    let text = format!("{LINE}\n{long}\n{LINE}\n");
    let limits = SourceLimits { entry_bytes: 10_000, ..SourceLimits::default() };
    let mut source = super::super::OpenOptions::new()
        .limits(limits)
        .open_reader("-", std::io::Cursor::new(text))
        .expect("opens");
    let (exchanges, skipped) = split(super::super::tests::drain(&mut *source));
    assert_eq!((exchanges.len(), skipped), (2, vec!["entry_too_large at line 2".to_owned()]));
    // One line that is longer than what is looked at to recognise it.
    assert_eq!(split(read("-", long.as_bytes())).0.len(), 1);
}

#[test]
fn a_list_of_har_entries_is_a_har() {
    let har = r#"[{"startedDateTime":"2026-11-22T10:00:00Z","request":{"method":"GET","url":"https://h.test/"},"response":{"status":200,"content":{"size":0}}}]"#;
    let options = super::super::OpenOptions::new();
    let source = options.open_reader("-", std::io::Cursor::new(har)).expect("opens");
    assert_eq!(source.format(), "har");
}
