//! Structure of the HTML report.

use bartizan::output::html::{MAX_ENDPOINTS, MAX_FINDINGS, render};
use bartizan_model::{EndpointId, FindingId, analysis::Analysis};

use crate::{context, hostile, sample};

fn page(analysis: &Analysis) -> String {
    render(analysis, &context(&["capture.har".to_owned()]))
}

#[test]
fn the_same_analysis_gives_the_same_page() {
    assert_eq!(page(&sample::analysis()), page(&sample::analysis()));
}

#[test]
fn every_fragment_link_has_its_target() {
    for analysis in [
        sample::analysis(),
        sample::calm(),
        Analysis::default(),
        hostile::analysis(&hostile::payloads("http://x")),
    ] {
        let html = page(&analysis);
        let ids: std::collections::BTreeSet<&str> = html
            .split(" id=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap_or(rest))
            .collect();
        assert_eq!(ids.len(), html.matches(" id=\"").count(), "an id occurs twice");
        for target in html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.contains(target), "#{target} leads nowhere");
        }
    }
}

#[test]
fn nothing_is_loaded_and_no_style_attribute_is_used() {
    let html = page(&sample::analysis());
    assert!(!html.contains("<script") && !html.contains(" style=\"") && !html.contains(" src="));
    assert!(html.contains("default-src 'none'; style-src 'sha256-"));
    for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(link.starts_with('#') || link.starts_with("https://"), "{link}");
    }
}

#[test]
fn what_was_not_evaluated_is_never_shown_as_passed() {
    let html = page(&sample::analysis());
    let row =
        html.split("BZ-C015").nth(1).and_then(|r| r.split("</tr>").next()).expect("the check");
    assert!(row.contains("0 failed, 0 passed, 0 did not apply, 184,402 not evaluated"), "{row}");
    assert!(row.contains("url(#hatch)") && !row.contains("f-pass"), "{row}");
    assert!(html.contains("Not everything was judged: 6 checks and 2 detectors lacked an input"));
    assert!(html.contains("Skipped") && html.contains("first at entry 3"));
}

#[test]
fn how_fully_was_looked_is_said_in_exchanges() {
    let html = page(&sample::analysis());
    let (all, part) = (sample::analysis().summary.exchanges, 1_590);
    let said = format!("182,812 of {}", "184,402 exchanges");
    assert_eq!((all, all - part), (184_402, 182_812));
    assert!(html.contains(&format!("{said} fully inspected")), "the lead");
    assert!(html.contains(&format!("<b>{said}</b> fully inspected")), "the list of gaps");
    let calm = page(&sample::calm());
    assert!(calm.contains("all fully inspected"));
}

#[test]
fn authentication_that_was_not_looked_at_is_hatched_and_never_none() {
    let html = page(&sample::analysis());
    let row = |path: &str| {
        let at =
            html.find(&format!("<span class=\"path\">{path}</span></span><span class=\"state\">"));
        let rest = &html[at.unwrap_or_else(|| panic!("{path} is listed"))..];
        rest[..rest.find("</details>").expect("its end")].to_owned()
    };
    let (logged, open) = (row("/v1/stores"), row("/v1/search"));
    let hatched = "<span class=\"mark-c unevaluated\"><span>not evaluated</span></span>";
    assert!(logged.contains(hatched), "{logged}");
    assert!(logged.contains("the source does not record the headers of requests"));
    assert!(!logged.contains("none seen") && !logged.contains("noauth"));
    assert!(open.contains("none seen") && !open.contains("not evaluated"), "{open}");
    let map = html.split("id=\"data\"").nth(1).expect("the data map");
    assert!(map.contains("1 not evaluated"), "counted apart in the data map");
}

#[test]
fn what_happened_would_have_is_unconfirmed_or_was_not_evaluated_has_its_own_mark() {
    let analysis = sample::analysis();
    let html = page(&analysis);
    let legend = html.split("<ul class=\"legend\"").nth(1).expect("a legend");
    let legend = &legend[..legend.find("</ul>").expect("its end")];
    for class in ["happened", "would", "unconfirmed", "unevaluated"] {
        let mark = format!("<span class=\"mark-c {class}");
        assert_eq!(legend.matches(&mark).count(), 1, "{class}: {legend}");
        assert!(html.contains(&format!(".mark-c.{class}::before")) || class == "happened");
        // Nobody has to guess what a mark looks like that is nowhere else: these two have chips.
        assert!(html.matches(&mark).count() > 1 || class == "unconfirmed", "{class}");
    }
    assert!(html.contains("<span class=\"chip dashed\">provisional</span>"));
    // Hollow is only what a policy can refuse, and would: an injection of which it is sure enough.
    let of = |title: &str| {
        let at = html.find(&format!("<div class=\"row\"><b>{title}</b>"));
        let row = &html[at.unwrap_or_else(|| panic!("{title} is there"))..];
        row[..row.find("<div class=\"sub\">").expect("its end")].to_owned()
    };
    let in_incidents: Vec<_> = analysis.incidents.iter().flat_map(|i| &i.detection_ids).collect();
    for detection in analysis.detections.iter().filter(|d| in_incidents.contains(&&d.id)) {
        let row = of(&detection.title);
        let could = ["BZ-D006", "BZ-D007", "BZ-D008", "BZ-D009"].contains(&&*detection.code);
        let would = could && detection.confidence >= bartizan_model::Confidence::High;
        assert_eq!(row.contains("mark-c would"), would, "{} {row}", detection.code);
        assert!(row.contains("mark-c happened"), "{row}");
        assert_eq!(row.contains("happened k-deny"), detection.succeeded > 0, "{row}");
    }
}

#[test]
fn a_weakness_of_a_host_is_one_and_names_its_endpoints() {
    let html = page(&sample::analysis());
    assert!(html.contains("the whole host, seen at 5 endpoints"));
    let list = html.split("<details class=\"aff\">").nth(1).expect("a list of endpoints");
    let list = &list[..list.find("</details>").expect("its end")];
    assert_eq!(list.matches("<li>").count(), 5, "{list}");
    assert!(list.contains("/export/customers.csv") && list.contains("href=\"#x-ep_"));
}

#[test]
fn empty_and_calm_pages_say_what_was_looked_at() {
    let empty = page(&Analysis::default());
    assert!(empty.contains("Nothing was read that could be judged."));
    for claim in ["No weakness", "No incident", "none found", "All that was read", "All parts of"] {
        assert!(!empty.contains(claim), "{claim}: nothing was looked at");
    }
    let calm = page(&sample::calm());
    assert!(calm.contains("No weakness was found") && calm.contains("48 exchanges"));
    assert!(calm.contains("None was given, so documented, shadow and zombie were not evaluated"));
    assert!(!calm.contains("sev-critical\"><svg"), "nothing is critical in a calm page");
}

#[test]
fn large_inventories_stay_small_and_say_what_is_missing() {
    let mut analysis = sample::analysis();
    let (endpoints, findings) = (analysis.endpoints.clone(), analysis.findings.clone());
    analysis.endpoints.clear();
    analysis.findings.clear();
    for i in 0..MAX_ENDPOINTS + 500 {
        let mut endpoint = endpoints[i % endpoints.len()].clone();
        endpoint.id = EndpointId::from_text(format!("ep_{i}"));
        endpoint.host = format!("host{}.example.com", i / 100);
        analysis.endpoints.push(endpoint);
    }
    for i in 0..MAX_FINDINGS + 7 {
        let mut finding = findings[i % findings.len()].clone();
        finding.id = FindingId::from_text(format!("fnd_{i}"));
        finding.endpoint_id = Some(EndpointId::from_text(format!("ep_{i}")));
        analysis.findings.push(finding);
    }
    analysis.summary.endpoints = analysis.endpoints.len() as u64;
    let begin = std::time::Instant::now();
    let html = page(&analysis);
    eprintln!("{} bytes in {:?}", html.len(), begin.elapsed());
    assert!(html.len() < 5 * 1024 * 1024, "{} bytes", html.len());
    assert!(html.contains("500 endpoints more, left out of this page"));
    assert!(html.contains("7 findings more, left out of this page"));
    assert_eq!(html.matches("<details class=\"ep\"").count(), MAX_ENDPOINTS);
}

#[test]
fn hostile_lengths_are_bounded() {
    let analysis = hostile::stuffed(&|i, _| format!("{i}{}", "<&\u{202e}".repeat(50_000)));
    let html = page(&analysis);
    eprintln!("{} bytes", html.len());
    assert!(html.len() < 12 * 1024 * 1024, "{} bytes", html.len());
    assert!(html.contains("more characters›"));
}
