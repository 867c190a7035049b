//! What is written of an endpoint beside what was seen of it.

use bartizan_model::{Drift, DriftGrade, Endpoint, Severity};
use maud::{Markup, html};

use super::parts::{severity_class, text};
use crate::output::words::{self, counted};

/// Most differences of one endpoint on the page.
const MAX_SHOWN: usize = 40;

/// The differences, the gravest first; nothing where no specification says anything.
pub(super) fn written(endpoint: &Endpoint) -> Markup {
    let Some(of) = &endpoint.written else { return html! {} };
    let all = of.drift.len() as u64 + of.more;
    let shown = of.drift.len().min(MAX_SHOWN);
    html! {
        section {
            h4 { "Specification and traffic" }
            p.small.quiet {
                (text(of.document.rsplit(['/', '\\']).next().unwrap_or("")))
                @if of.line > 0 { ", line " (of.line) }
                @if all == 0 { ": " (words::nothing_differs(endpoint)) }
                @else { ": " (words::drift(of)) }
            }
            @if shown > 0 {
                table.par {
                    thead { tr { th { "Grade" } th { "Where" } th { "Written" } th { "Seen" } th.num { "Line" } } }
                    tbody { @for one in of.drift.iter().take(shown) { (difference(one)) } }
                }
            }
            @if all > shown as u64 {
                p.more { (counted(all - shown as u64, "more difference", "more differences")) " in the JSON output." }
            }
        }
    }
}

fn difference(one: &Drift) -> Markup {
    // A severity that looks as the grade means.
    let looks = match one.grade {
        DriftGrade::Breaking => Severity::High,
        DriftGrade::Warning => Severity::Medium,
        DriftGrade::Info => Severity::Info,
    };
    html! {
        tr {
            td { span class={ "sev " (severity_class(looks)) } { (one.grade.as_str()) } }
            td { span.dim { (text(&one.part)) " " } (text(&one.location)) }
            td { @if one.written.is_empty() { span.dim { "not written" } } @else { (text(&one.written)) } }
            td { @if one.seen.is_empty() { span.dim { "not seen" } } @else { (text(&one.seen)) } }
            td.num { @if let Some(line) = one.line { (line) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{DriftKind, Protocol, Written};

    use super::*;

    #[test]
    fn differences_are_shown_as_harmless_text_and_counted() {
        let one = Drift {
            grade: DriftGrade::Breaking,
            kind: DriftKind::Type,
            part: "200".to_owned(),
            location: "body:/<script>\u{202e}".to_owned(),
            written: "string".to_owned(),
            seen: "number".to_owned(),
            line: Some(7),
        };
        let of = Written {
            document: "specs/a.yaml".to_owned(),
            pointer: String::new(),
            line: 5,
            drift: vec![one; MAX_SHOWN + 2],
            more: 3,
        };
        let seen =
            |written: Option<Written>| Endpoint { requests: 1, written, ..Endpoint::default() };
        let page = written(&seen(Some(of.clone()))).into_string();
        assert!(
            page.contains("a.yaml")
                && page.contains(", line 5")
                && page.contains("42 breaking, 3 more"),
            "{page}"
        );
        assert!(page.contains("5 more differences"), "{page}");
        assert!(!page.contains("<script>") && !page.contains('\u{202e}'), "{page}");
        assert_eq!(page.matches("<tr>").count(), MAX_SHOWN + 1);
        let agreeing = Written { drift: Vec::new(), more: 0, ..of };
        let mut one = seen(Some(agreeing));
        assert!(written(&one).into_string().contains("as it is written"));
        (one.requests, one.protocol) = (0, Protocol::Kafka);
        assert!(written(&one).into_string().contains("goes through a broker"));
        assert!(written(&seen(None)).into_string().is_empty());
    }
}
