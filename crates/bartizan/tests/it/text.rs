//! The terminal output.

use bartizan::output::{
    Docs,
    text::{self, Style},
};
use bartizan_model::analysis::Analysis;

use crate::{hostile, sample};

/// Everything that is ever written to a terminal about `analysis`.
fn everything(analysis: &Analysis, style: Style) -> Vec<String> {
    let docs = sample::docs::DOCS;
    let mut out = vec![
        text::analysis(analysis, &docs, style, 100),
        text::analysis(analysis, &Docs::none(), style, 10),
        text::catalog(&analysis.endpoints, style, 120),
        text::findings(&analysis.findings, &analysis.endpoints, style, 120),
        text::incidents(&analysis.incidents, style, 120),
    ];
    out.extend(
        analysis.endpoints.iter().map(|e| text::endpoint(e, &analysis.findings, style, 100)),
    );
    out.extend(analysis.findings.iter().map(|f| {
        let endpoint = analysis.endpoints.iter().find(|e| Some(&e.id) == f.endpoint_id.as_ref());
        text::finding(f, endpoint, (docs.item)(&f.code).as_ref(), style, 100)
    }));
    out.extend(
        analysis
            .incidents
            .iter()
            .map(|i| text::incident(i, &analysis.detections, &analysis.endpoints, style, 100)),
    );
    out
}

#[test]
fn hostile_values_control_no_terminal() {
    let analysis = hostile::analysis(&hostile::payloads("http://x"));
    for out in everything(&analysis, Style::PLAIN) {
        let bad = out.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(bad, None, "{out:?}");
        assert!(!out.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{2028}']));
    }
    let shown = everything(&analysis, Style::PLAIN).concat();
    assert!(shown.contains("‹U+001B›") && shown.contains("‹U+202E›"));
}

#[test]
fn colours_are_the_only_sequences() {
    let analysis = hostile::analysis(&hostile::payloads("http://x"));
    for out in everything(&analysis, Style::COLORED) {
        // Each ESC begins an SGR sequence: `ESC [ digits and semicolons m`.
        for sequence in out.split('\u{1b}').skip(1) {
            let body = sequence.strip_prefix('[').expect("a control sequence");
            let end = body.find(|c: char| !c.is_ascii_digit() && c != ';').expect("an end");
            assert!(body[end..].starts_with('m'), "{:?}", &sequence[..sequence.len().min(12)]);
        }
        let bad = out.chars().find(|c| c.is_control() && *c != '\n' && *c != '\u{1b}');
        assert_eq!(bad, None);
    }
    assert!(everything(&analysis, Style::COLORED)[0].contains('\u{1b}'));
}

#[test]
fn lines_fit_the_width() {
    for width in [60, 80, 100, 140] {
        let out = text::analysis(&sample::analysis(), &sample::docs::DOCS, Style::PLAIN, width);
        for line in out.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn severity_is_a_word_and_a_shape() {
    let out = text::analysis(&sample::analysis(), &sample::docs::DOCS, Style::PLAIN, 100);
    assert!(out.contains("■■■■ critical") && out.contains("■■■□ high"));
    assert!(out.starts_with("Two incidents need you."));
    assert!(out.contains("checks not evaluated") && out.contains("skipped input"));
}

#[test]
fn nothing_is_claimed_about_nothing() {
    let out = text::analysis(&Analysis::default(), &Docs::none(), Style::PLAIN, 80);
    assert!(out.starts_with("Nothing was read that could be judged."));
    assert!(!out.contains("Weaknesses") && !out.contains("All that was read"));
    assert_eq!(text::catalog(&[], Style::PLAIN, 80), "No endpoint is known.\n");
}

#[test]
fn cuts_are_said() {
    let mut analysis = sample::analysis();
    let one = analysis.endpoints[0].clone();
    analysis.endpoints = vec![one; 75];
    let out = text::analysis(&analysis, &Docs::none(), Style::PLAIN, 100);
    assert!(out.contains("… 15 more endpoints; see --format html, json or csv"));
}

#[test]
fn what_is_not_known_is_said_to_be() {
    let analysis = sample::analysis();
    let docs = sample::docs::DOCS;
    let out = text::analysis(&analysis, &docs, Style::PLAIN, 140);
    assert!(out.contains("182,812 of 184,402 exchanges fully inspected"), "{out}");
    assert!(out.contains("318 requests answered"), "{out}");
    assert!(out.contains("legacy.example.com the whole host, seen at 5 endpoints"), "{out}");
    let stores = out.lines().find(|line| line.contains("/v1/stores  "));
    let stores = stores.expect("listed");
    assert!(stores.contains("not evaluated") && !stores.contains("none seen"), "{stores}");
    let endpoint = analysis.endpoints.iter().find(|e| e.path == "/v1/stores").expect("listed");
    let detail = text::endpoint(endpoint, &[], Style::PLAIN, 100);
    let said = "not evaluated: the source does not record the headers of requests";
    assert!(detail.contains(said), "{detail}");
}
