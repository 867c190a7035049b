//! What `discover perimeter` found, for a terminal.

use comfy_table::Cell;

use super::{
    Style,
    crawled::words,
    out::{Out, safe, safe_prose},
};
use crate::{
    discover::perimeter::{Certificate, Perimeter, Service, Summary, Tls, Validity},
    output::words::{counted, day, number},
};

/// Most open ports that are shown; the others are counted.
const MAX_SERVICES: usize = 500;
/// Most certificates, documents or names that are shown.
const MAX_ROWS: usize = 200;
/// Most paths that are shown.
const MAX_ROUTES: usize = 500;
/// Most names of one certificate that are shown.
const MAX_NAMES: usize = 10;
/// How the rest is seen.
const HOW: &str = "`--format json` has them all";

/// What was found, as tables and sentences.
#[must_use]
pub fn perimeter(found: &Perimeter, style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    out.paragraph(0, &told(found), false);
    if let Some(limit) = found.ended_by {
        let left = counted(found.summary.not_tried, "port was", "ports were");
        out.paragraph(0, &format!("{}; {left} not tried.", limit.told()), false);
    }
    services(&mut out, found);
    certificates(&mut out, found);
    documents(&mut out, found);
    routes(&mut out, found);
    names(&mut out, found);
    left_out(&mut out, found);
    out.text
}

/// The counts in a sentence or two.
fn told(found: &Perimeter) -> String {
    let Summary { addresses, open, closed, silent, unreachable, connections, .. } = found.summary;
    let mut text = format!(
        "{} at {}, from {}: {} refused, {} did not answer",
        counted(open, "open port", "open ports"),
        counted(addresses, "address", "addresses"),
        counted(connections, "connection", "connections"),
        number(closed),
        number(silent)
    );
    if unreachable > 0 {
        text.push_str(&format!(", {} could not be tried", number(unreachable)));
    }
    text.push_str(". Nothing but what is listed was connected to.");
    text
}

fn services(out: &mut Out, found: &Perimeter) {
    let count = found.services.len();
    if count == 0 {
        return;
    }
    out.heading("Open ports", &number(count as u64));
    let rows = found.services.iter().take(MAX_SERVICES).map(|service| {
        vec![
            Cell::new(safe(&service.authority())),
            Cell::new(service.address),
            Cell::new(speaks(service)),
            Cell::new(service.status.map(|status| status.to_string()).unwrap_or_default()),
            Cell::new(safe(service.server.as_deref().unwrap_or_default())),
            Cell::new(remark(service)),
        ]
    });
    let head = ["Where", "Address", "Speaks", "Answer", "Server", "Remark"];
    out.table(&head, &[3], rows.collect());
    out.more(MAX_SERVICES, count, "open ports", HOW);
}

fn speaks(service: &Service) -> String {
    let version = service.tls.as_ref().and_then(|tls| tls.version);
    match version {
        Some(version) => format!("{} (TLS {version})", service.speaks.as_str()),
        None => service.speaks.as_str().to_owned(),
    }
}

fn remark(service: &Service) -> String {
    let mut out = Vec::new();
    if let Some(Tls { asks_for_certificate, problem, .. }) = &service.tls {
        if *asks_for_certificate {
            out.push("asks clients for certificates".to_owned());
        }
        out.extend(problem.as_deref().map(safe));
    }
    if let Some(other) = &service.redirects_to {
        out.push(format!("redirects to {}", safe(other)));
    }
    if service.answers_everything {
        out.push("answers every path".to_owned());
    }
    out.join("; ")
}

fn certificates(out: &mut Out, found: &Perimeter) {
    let shown = |service: &Service| {
        let certificate = service.tls.as_ref().and_then(|tls| tls.certificate.clone());
        certificate.map(|certificate| (service.authority(), certificate))
    };
    let mut all: Vec<(Certificate, Vec<String>)> = Vec::new();
    for (at, certificate) in found.services.iter().filter_map(shown) {
        let is_full = all.len() >= MAX_ROWS;
        // Many ports show the same.
        match all.iter_mut().find(|(known, _)| *known == certificate) {
            Some((_, places)) => places.push(at),
            None if is_full => {}
            None => all.push((certificate, vec![at])),
        }
    }
    if all.is_empty() {
        return;
    }
    out.heading("Certificates", &number(all.len() as u64));
    let rows = all.iter().map(|(certificate, places)| {
        let more = places.len() - 1;
        let first = places.first().map(|at| safe(at)).unwrap_or_default();
        let at = if more > 0 { format!("{first} and {more} more") } else { first };
        vec![
            Cell::new(at),
            Cell::new(hosts(certificate)),
            Cell::new(issuer(certificate)),
            Cell::new(until(certificate)),
        ]
    });
    out.table(&["Shown at", "For", "Issued by", "Until"], &[], rows.collect());
}

fn hosts(certificate: &Certificate) -> String {
    let names: Vec<String> =
        certificate.names.iter().take(MAX_NAMES).map(|name| safe(name)).collect();
    let more =
        certificate.names.len().saturating_sub(MAX_NAMES) as u64 + certificate.names_left_out;
    let names = if names.is_empty() { safe(&certificate.subject) } else { names.join(", ") };
    if more > 0 { format!("{names} and {} more", number(more)) } else { names }
}

fn issuer(certificate: &Certificate) -> String {
    if certificate.self_signed { "itself".to_owned() } else { safe(&certificate.issuer) }
}

fn until(certificate: &Certificate) -> String {
    let until = day(certificate.not_after);
    match certificate.validity {
        Validity::Valid => until,
        Validity::Expired => format!("{until}, expired"),
        Validity::NotYet => format!("{until}, not valid yet"),
    }
}

fn documents(out: &mut Out, found: &Perimeter) {
    let all: Vec<_> = found.services.iter().flat_map(|service| &service.documents).collect();
    if all.is_empty() {
        return;
    }
    out.heading("Documents", &number(all.len() as u64));
    let rows = all.iter().take(MAX_ROWS).map(|document| {
        let operations = document.operations.map(number).unwrap_or_default();
        vec![
            Cell::new(document.kind.title()),
            Cell::new(safe(&document.url)),
            Cell::new(operations),
        ]
    });
    out.table(&["What", "Where", "Operations"], &[2], rows.collect());
    out.more(MAX_ROWS, all.len(), "documents", HOW);
}

fn routes(out: &mut Out, found: &Perimeter) {
    let of_service = |service: &Service| {
        let at = service.authority();
        service.routes.iter().map(|route| (at.clone(), route.clone())).collect::<Vec<_>>()
    };
    let count: usize = found.services.iter().map(|service| service.routes.len()).sum();
    if count == 0 {
        return;
    }
    out.heading("API paths", &number(count as u64));
    let rows = found.services.iter().flat_map(of_service).take(MAX_ROUTES).map(|(at, route)| {
        let known: Vec<String> =
            route.known_by.iter().map(|by| by.as_str().replace('_', " ")).collect();
        vec![
            Cell::new(safe(&at)),
            Cell::new(safe(&route.method)),
            Cell::new(safe(&route.path)),
            Cell::new(route.status.map(|status| status.to_string()).unwrap_or_default()),
            Cell::new(known.join(", ")),
        ]
    });
    out.table(&["Where", "Method", "Path", "Status", "Known by"], &[3], rows.collect());
    out.more(MAX_ROUTES, count, "paths", HOW);
}

fn names(out: &mut Out, found: &Perimeter) {
    let count = found.names.len();
    if count > 0 {
        out.heading("Names that are not listed", "none was connected to");
        let rows = found.names.iter().take(MAX_ROWS).map(|name| {
            let found_in: Vec<&str> = name.found_in.iter().map(|place| place.as_str()).collect();
            vec![
                Cell::new(safe(&name.name)),
                Cell::new(found_in.join(", ")),
                Cell::new(safe(&name.found_at)),
            ]
        });
        out.table(&["Name", "Found in", "Found at"], &[], rows.collect());
        out.more(MAX_ROWS, count, "names", HOW);
    }
    if !found.unresolved.is_empty() {
        out.heading("Listed names that lead nowhere", &number(found.unresolved.len() as u64));
        for why in found.unresolved.values().take(MAX_ROWS) {
            out.paragraph(1, &safe_prose(why), true);
        }
        out.more(MAX_ROWS, found.unresolved.len(), "names", HOW);
    }
}

fn left_out(out: &mut Out, found: &Perimeter) {
    if found.left_out.is_empty() {
        return;
    }
    let reasons = found.left_out.iter();
    let told: Vec<String> =
        reasons.map(|(reason, count)| format!("{} × {}", number(*count), why(reason))).collect();
    out.blank();
    out.paragraph(0, &safe_prose(&format!("Left out: {}.", told.join("; "))), true);
}

/// What a reason means; those of single servers are those of a crawl.
fn why(reason: &str) -> &str {
    match reason {
        "addresses_of_names" => "addresses beyond four of one name",
        "documents" => "documents beyond those that are kept",
        "excluded" => "addresses that a name leads to and the list excludes",
        "graphql" => "GraphQL not asked for its schema (`discover crawl --graphql`)",
        "max_body_bytes" => "bodies cut at 1 MiB or broken off",
        "metadata_addresses" => {
            "addresses at which clouds give credentials to machines (list one by itself to have it)"
        }
        "names" => "names beyond those that are kept",
        "names_not_looked_up" => "names that were not looked up any more",
        "names_of_certificates" => "names of certificates beyond 200, or that are no names",
        "names_of_open_ports" => "names not asked for any more at open ports",
        "no_addresses_of_hosts" => "addresses that no single host has",
        "not_asked" => "questions that were not asked any more",
        "open_ports" => "open ports beyond those that are kept",
        "robots" => "redirects kept from robots by robots.txt",
        "too_many_requests" => "servers that wanted no more requests (429)",
        other => words(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::{
        crawl::{Document, DocumentKind, Route, SeenIn},
        perimeter::{FoundIn, FoundName, Limit, Speaks},
    };
    use bartizan_model::Timestamp;

    #[test]
    fn hostile_values_are_harmless() {
        let evil = "/\u{1b}[2J\u{202e}x\r\n".to_owned();
        let certificate = Certificate {
            subject: evil.clone(),
            issuer: evil.clone(),
            names: vec![evil.clone(); 12],
            names_left_out: 3,
            not_before: Timestamp::from_seconds(0),
            not_after: Timestamp::from_seconds(86_400),
            validity: Validity::Expired,
            self_signed: false,
            is_for_host: false,
        };
        let found = Perimeter {
            summary: Summary {
                addresses: 2,
                open: 1,
                closed: 12,
                not_tried: 3,
                ..Summary::default()
            },
            ended_by: Some(Limit::MaxConnections),
            left_out: [("metadata_addresses", 2), ("failing", 1)].into_iter().collect(),
            services: vec![Service {
                host: evil.clone(),
                address: "192.0.2.1".parse().expect("an address"),
                port: 443,
                speaks: Speaks::Https,
                tls: Some(Tls {
                    version: Some("1.3"),
                    application: None,
                    asks_for_certificate: true,
                    problem: Some(evil.clone()),
                    certificate: Some(certificate),
                }),
                status: Some(200),
                server: Some(evil.clone()),
                redirects_to: Some(evil.clone()),
                requests: 3,
                answers_everything: true,
                documents: vec![Document {
                    kind: DocumentKind::Openapi,
                    url: evil.clone(),
                    operations: Some(4),
                }],
                routes: vec![Route {
                    method: evil.clone(),
                    path: evil.clone(),
                    known_by: vec![SeenIn::Specification],
                    status: Some(401),
                    found_at: evil.clone(),
                }],
            }],
            names: vec![FoundName {
                name: evil.clone(),
                found_in: vec![FoundIn::Certificate, FoundIn::Redirect],
                found_at: evil.clone(),
                count: 2,
            }],
            unresolved: [(evil.clone(), evil.clone())].into_iter().collect(),
        };
        let text = perimeter(&found, Style::PLAIN, 160);
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{text}");
        for told in [
            "1 open port at 2 addresses",
            "--max-connections",
            "3 ports were not tried",
            "TLS 1.3",
            "expired",
            "and 5 more",
            "certificate, redirect",
            "2 × addresses at which clouds",
            "1 × refused for the moment",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
    }
}
