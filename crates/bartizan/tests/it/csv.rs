//! CSV of hostile analyses, read back by an independent reader.

use bartizan::output::csv;

use crate::{hostile, sample};

/// Reads RFC 4180: records of fields.
fn read(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(ch) = chars.next() {
        match ch {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {
                chars.next();
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            other => field.push(other),
        }
    }
    assert!(!quoted && field.is_empty() && record.is_empty(), "the file ends within a record");
    records
}

#[test]
fn hostile_cells_stay_cells_and_compute_nothing() {
    let formulas =
        ["=cmd|'/c calc'!A1", "+1,\"2\"\r\n3", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\"=1"];
    let payloads: Vec<String> = formulas.iter().map(|f| (*f).to_owned()).collect();
    let analysis = hostile::analysis(&payloads);
    let (mut catalog, mut findings) = (Vec::new(), Vec::new());
    csv::catalog(&analysis.endpoints, &mut catalog).expect("memory");
    csv::findings(&analysis.findings, &analysis.endpoints, &mut findings).expect("memory");
    for (bytes, rows) in [(catalog, analysis.endpoints.len()), (findings, analysis.findings.len())]
    {
        let records = read(&String::from_utf8(bytes).expect("UTF-8"));
        assert_eq!(records.len(), rows + 1);
        for record in &records {
            assert_eq!(record.len(), records[0].len());
            for cell in record {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
                assert!(!cell.contains(['\n', '\r', '\u{1b}']), "{cell:?}");
            }
        }
    }
}

#[test]
fn plain_values_come_back_unchanged() {
    let analysis = sample::analysis();
    let mut out = Vec::new();
    csv::catalog(&analysis.endpoints, &mut out).expect("memory");
    let records = read(&String::from_utf8(out).expect("UTF-8"));
    let path = records[0].iter().position(|c| c == "path").expect("a path column");
    assert_eq!(records[1][path], analysis.endpoints[0].path);
}

#[test]
fn nothing_seen_and_not_looked_at_are_two_things() {
    let analysis = sample::analysis();
    let (mut catalog, mut findings) = (Vec::new(), Vec::new());
    csv::catalog(&analysis.endpoints, &mut catalog).expect("memory");
    csv::findings(&analysis.findings, &analysis.endpoints, &mut findings).expect("memory");
    let records = read(&String::from_utf8(catalog).expect("UTF-8"));
    let column = |name: &str| records[0].iter().position(|c| c == name).expect("a column");
    let of = |path: &str| records.iter().find(|r| r[column("path")] == path).expect("a line");
    let auth =
        |path: &str| (of(path)[column("auth")].as_str(), of(path)[column("auth_judged")].as_str());
    assert_eq!(auth("/v1/stores"), ("not evaluated", "0"));
    assert_eq!(auth("/v1/search"), ("none seen", "18243"));
    let records = read(&String::from_utf8(findings).expect("UTF-8"));
    let column = |name: &str| records[0].iter().position(|c| c == name).expect("a column");
    let host = records.last().expect("the finding of a host");
    assert_eq!((&*host[column("path")], &*host[column("endpoints")]), ("", "5"));
}
