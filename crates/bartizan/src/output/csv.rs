//! CSV (RFC 4180) of the inventory and of findings, safe to open in a spreadsheet.
//!
//! A cell that a spreadsheet would read as a formula (it begins with `=`, `+`, `-`, `@`, tab or
//! carriage return; OWASP, "CSV injection") gets an apostrophe in front. Characters that are not
//! seen are written as `‹U+XXXX›`, so no cell holds a line break.

use std::io::{self, Write};

use std::collections::BTreeMap;

use bartizan_model::{Endpoint, Finding, Timestamp};

use super::{visible::visible, words};

/// Longest cell, in characters. Spreadsheets refuse more than 32,767.
const MAX_CELL_CHARS: usize = 8_000;

/// Writes the inventory: one line per endpoint, in the order given, a header first.
///
/// # Errors
/// When `out` cannot be written to.
pub fn catalog(endpoints: &[Endpoint], mut out: impl Write) -> io::Result<()> {
    row(
        &mut out,
        &[
            "id",
            "host",
            "method",
            "path",
            "protocol",
            "operation",
            "service",
            "access",
            "inventory_state",
            "confirmed",
            "auth",
            "auth_judged",
            "requests",
            "actors",
            "data_classes",
            "risk",
            "first_seen",
            "last_seen",
        ],
    )?;
    for endpoint in endpoints {
        let mut auth: Vec<String> = endpoint
            .auth
            .iter()
            .map(|a| format!("{} {}.{} {:.3}", a.auth_type, a.location, a.name, a.coverage))
            .collect();
        if auth.is_empty() {
            auth.push(words::auth_brief(endpoint));
        }
        let mut classes: Vec<&str> =
            endpoint.data_classes.iter().map(|c| c.class.as_str()).collect();
        classes.sort_unstable();
        classes.dedup();
        row(
            &mut out,
            &[
                endpoint.id.as_str(),
                &endpoint.host,
                &endpoint.method.0,
                &endpoint.path,
                endpoint.protocol.as_str(),
                endpoint.operation.as_deref().unwrap_or(""),
                endpoint.service.as_ref().map_or("", |s| s.as_str()),
                endpoint.access.as_str(),
                endpoint.inventory_state.as_str(),
                if endpoint.confirmed { "true" } else { "false" },
                &auth.join("; "),
                &endpoint.auth_judged.to_string(),
                &endpoint.requests.to_string(),
                &endpoint.actors.to_string(),
                &classes.join("; "),
                &endpoint.risk.score.to_string(),
                &time(endpoint.first_seen),
                &time(endpoint.last_seen),
            ],
        )?;
    }
    Ok(())
}

/// Writes findings: one line each, in the order given, a header first. `endpoints` gives method and
/// path; a finding of a whole host has neither, and how many endpoints show it.
///
/// # Errors
/// When `out` cannot be written to.
pub fn findings(
    findings: &[Finding],
    endpoints: &[Endpoint],
    mut out: impl Write,
) -> io::Result<()> {
    let mut by_id = BTreeMap::new();
    for endpoint in endpoints {
        by_id.extend(endpoint.aliases.iter().map(|alias| (alias.as_str(), endpoint)));
        by_id.insert(endpoint.id.as_str(), endpoint);
    }
    row(
        &mut out,
        &[
            "id",
            "severity",
            "confidence",
            "code",
            "title",
            "state",
            "host",
            "method",
            "path",
            "endpoint_id",
            "endpoints",
            "discriminator",
            "failed",
            "passed",
            "owasp",
            "cwe",
            "evidence",
            "remediation",
            "first_seen",
            "last_seen",
        ],
    )?;
    for finding in findings {
        let endpoint = finding.endpoint_id.as_ref().and_then(|id| by_id.get(id.as_str()));
        let notes: Vec<&str> =
            finding.evidence.iter().map(|e| e.note.as_str()).filter(|n| !n.is_empty()).collect();
        row(
            &mut out,
            &[
                finding.id.as_str(),
                finding.severity.as_str(),
                finding.confidence.as_str(),
                &finding.code,
                &finding.title,
                finding.state.as_str(),
                &finding.host,
                endpoint.map_or("", |e| &e.method.0),
                endpoint.map_or("", |e| &e.path),
                finding.endpoint_id.as_ref().map_or("", |id| id.as_str()),
                &finding.endpoints.to_string(),
                &finding.discriminator,
                &finding.failed.to_string(),
                &finding.passed.to_string(),
                &finding.owasp.join("; "),
                &finding.cwe.join("; "),
                &notes.join(" | "),
                &finding.remediation,
                &time(finding.first_seen),
                &time(finding.last_seen),
            ],
        )?;
    }
    Ok(())
}

fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(String::new, words::exact)
}

fn row(out: &mut impl Write, cells: &[&str]) -> io::Result<()> {
    for (i, text) in cells.iter().enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        out.write_all(cell(text).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

/// One cell: guarded, made visible, quoted when it must be.
fn cell(text: &str) -> String {
    // The guard looks at the raw text: a leading tab or carriage return is written as `‹U+0009›`
    // and guarded all the same, so that no reader has to know which program strips what.
    let formula = text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r'])
        || text.trim_start_matches(' ').starts_with(['＝', '＋', '－', '＠']);
    let shown = visible(text, MAX_CELL_CHARS);
    let guard = if formula { "'" } else { "" };
    if formula || shown.contains(['"', ',', '\n', '\r']) || shown.starts_with(' ') {
        format!("\"{guard}{}\"", shown.replace('"', "\"\""))
    } else {
        shown.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded() {
        for (raw, written) in [
            ("=1+1", "\"'=1+1\""),
            ("+49 30", "\"'+49 30\""),
            ("-2", "\"'-2\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'‹U+0009›=1\""),
            ("\r=1", "\"'‹U+000D›=1\""),
            ("  =1", "\"'  =1\""),
            ("＝1", "\"'＝1\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(cell(raw), written, "{raw:?}");
        }
    }

    #[test]
    fn quoting_follows_rfc_4180() {
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(cell("two\nlines"), "two‹U+000A›lines");
        assert_eq!(cell(""), "");
    }
}
