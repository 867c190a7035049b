//! What `discover crawl` found, for a terminal.

use comfy_table::Cell;

use super::{
    Style,
    out::{Out, safe, safe_prose},
};
use crate::{
    discover::crawl::{Crawled, Route},
    output::words::{counted, number},
};

/// Most routes that are shown; the others are counted.
const MAX_ROUTES: usize = 500;
/// Most documents that are shown.
const MAX_DOCUMENTS: usize = 100;
/// Most rules of `robots.txt` that are shown.
const MAX_HINTS: usize = 20;
/// Most other origins that are shown.
const MAX_ORIGINS: usize = 10;
/// How the rest is seen.
const HOW: &str = "`--format json` has them all";

/// What was found, as tables and sentences.
#[must_use]
pub fn crawled(crawled: &Crawled, style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    out.paragraph(0, &told(crawled), false);
    if let Some(limit) = crawled.ended_by {
        let left = number(crawled.summary.not_asked);
        out.paragraph(0, &format!("{}; {left} known links were not asked.", limit.told()), false);
    }
    if crawled.summary.answers_everything {
        let text = "Paths that do not exist are answered like ones that do: of the paths that are asked for \
             by themselves, only those count that are answered differently.";
        out.paragraph(0, text, true);
    }
    documents(&mut out, crawled);
    routes(&mut out, crawled);
    super::discovered::findings(&mut out, &crawled.findings);
    hints(&mut out, crawled);
    elsewhere(&mut out, crawled);
    left_out(&mut out, crawled);
    out.text
}

/// The counts in a sentence.
fn told(crawled: &Crawled) -> String {
    let summary = &crawled.summary;
    let routes = counted(crawled.routes.len() as u64, "route", "routes");
    let documents = counted(crawled.documents.len() as u64, "document", "documents");
    let answers = counted(summary.answered, "answer", "answers");
    let target = safe(&crawled.target);
    let mut text = format!("{routes} and {documents} at {target}, from {answers}");
    let failed = summary.requests.saturating_sub(summary.answered);
    if failed > 0 {
        text.push_str(&format!(" (requests without one: {})", number(failed)));
    }
    let pages = counted(summary.pages, "page", "pages");
    text.push_str(&format!(
        " with {pages} among them. Links of pages on the same host were followed; other routes \
         are listed, not called."
    ));
    text
}

fn documents(out: &mut Out, crawled: &Crawled) {
    let count = crawled.documents.len();
    if count == 0 {
        return;
    }
    out.heading("Documents", &number(count as u64));
    let rows = crawled.documents.iter().take(MAX_DOCUMENTS).map(|document| {
        let operations = document.operations.map(number).unwrap_or_default();
        vec![
            Cell::new(document.kind.title()),
            Cell::new(safe(&document.url)),
            Cell::new(operations),
        ]
    });
    out.table(&["What", "Where", "Operations"], &[2], rows.collect());
    out.more(MAX_DOCUMENTS, count, "documents", HOW);
}

fn routes(out: &mut Out, crawled: &Crawled) {
    let count = crawled.routes.len();
    if count == 0 {
        return;
    }
    out.heading("Routes", &number(count as u64));
    let rows = crawled.routes.iter().take(MAX_ROUTES).map(|route| {
        vec![
            Cell::new(safe(&route.method)),
            Cell::new(safe(&route.path)),
            Cell::new(route.status.map(|status| status.to_string()).unwrap_or_default()),
            Cell::new(known_by(route)),
            Cell::new(safe(&route.found_at)),
        ]
    });
    out.table(&["Method", "Path", "Status", "Known by", "Found at"], &[2], rows.collect());
    out.more(MAX_ROUTES, count, "routes", HOW);
}

fn known_by(route: &Route) -> String {
    let words: Vec<String> =
        route.known_by.iter().map(|by| by.as_str().replace('_', " ")).collect();
    words.join(", ")
}

fn hints(out: &mut Out, crawled: &Crawled) {
    let count = crawled.hints.len();
    if count == 0 {
        return;
    }
    out.heading("Rules of robots.txt", &number(count as u64));
    for hint in crawled.hints.iter().take(MAX_HINTS) {
        out.hanging(1, hint.rule, &safe(&hint.path));
    }
    out.more(MAX_HINTS, count, "rules", HOW);
}

fn elsewhere(out: &mut Out, crawled: &Crawled) {
    let origins = &crawled.elsewhere.origins;
    if origins.is_empty() {
        return;
    }
    let shown: Vec<String> = origins.iter().take(MAX_ORIGINS).map(|origin| safe(origin)).collect();
    let more = origins.len().saturating_sub(MAX_ORIGINS);
    let more = if more > 0 { format!(" and {} more", number(more as u64)) } else { String::new() };
    let count = number(crawled.elsewhere.count);
    let text = format!(
        "{count} references lead elsewhere and were not followed: {}{more}.",
        shown.join(", ")
    );
    out.blank();
    out.paragraph(0, &text, true);
}

fn left_out(out: &mut Out, crawled: &Crawled) {
    if crawled.left_out.is_empty() {
        return;
    }
    let reasons = crawled.left_out.iter();
    let told: Vec<String> =
        reasons.map(|(reason, count)| format!("{} × {}", number(*count), words(reason))).collect();
    out.blank();
    out.paragraph(0, &safe_prose(&format!("Left out: {}.", told.join("; "))), true);
}

/// What a reason means.
pub(super) fn words(reason: &str) -> &str {
    match reason {
        "failing" => "refused for the moment or failing (408, 429, 5xx)",
        "finds_of_one_answer" => "finds beyond the most of one answer",
        "grpc_no_reflection" => "gRPC without server reflection",
        "grpc_not_answered" => "questions to gRPC without an answer (--grpc)",
        "services" | "descriptors" | "imports" => "parts of gRPC beyond a limit",
        "graphql" => "GraphQL not asked for its schema (--graphql)",
        "html_tags" => "pages with more tags than are read",
        "json_values" => "documents with more values than are read",
        "max_body_bytes" => "bodies cut at 4 MiB or broken off",
        "may_act" => "links that may do something",
        "not_answered" => "not answered",
        "not_read" => "answers that were not read to the end when it ended",
        "not_text" => "bodies that are no text",
        "queue" => "links beyond those that may wait",
        "redirects" => "redirects beyond five",
        "robots" => "kept from robots by robots.txt (--ignore-robots)",
        "robots_not_readable" => "robots.txt that cannot be read and may forbid everything",
        "routes" => "routes beyond those that are kept",
        "same_path" => "further queries of the same path",
        "secrets" => "secrets beyond the most of a crawl",
        "script_texts" => "scripts with more texts than are read",
        "scripts_after_slow_ones" => "scripts not read after others were too slow",
        "sitemap_addresses" => "sitemaps with more addresses than are read",
        "slow_scripts" => "scripts that take too long to read",
        "sources_of_dependencies" => "sources of dependencies",
        "sources_of_other_languages" => "sources that are no JavaScript or TypeScript",
        "sources_without_text" => "sources that are only named",
        "too_long" => "links or paths that are too long",
        "unreadable_source_maps" => "source maps that cannot be read",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::crawl::{Document, DocumentKind, Elsewhere, Hint, Limit, SeenIn, Summary};

    #[test]
    fn hostile_values_are_harmless() {
        let evil = "/\u{1b}[2J\u{202e}x\r\n";
        let found = Crawled {
            target: "https://shop.example/".to_owned(),
            summary: Summary { requests: 9, answered: 8, not_asked: 3, ..Summary::default() },
            ended_by: Some(Limit::MaxRequests),
            left_out: [("robots", 2)].into_iter().collect(),
            documents: vec![Document {
                kind: DocumentKind::Openapi,
                url: evil.to_owned(),
                operations: Some(4),
            }],
            routes: vec![Route {
                method: evil.to_owned(),
                path: evil.to_owned(),
                known_by: vec![SeenIn::Script, SeenIn::SourceMap],
                status: Some(401),
                found_at: evil.to_owned(),
            }],
            findings: Vec::new(),
            hints: vec![Hint { rule: "disallow", path: evil.to_owned() }],
            elsewhere: Elsewhere { count: 5, origins: vec![evil.to_owned()] },
        };
        let text = crawled(&found, Style::PLAIN, 100);
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{text}");
        for told in [
            "1 route and 1 document",
            "--max-requests",
            "3 known links",
            "5 references lead elsewhere",
            "2 × kept from robots",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
    }
}
