//! What `discover` found, for a terminal.

use bartizan_code::Demand;
use comfy_table::Cell;

use super::{
    Style,
    out::{Out, safe, safe_prose},
};
use crate::{
    discover::{Entry, Inventory, KnownBy, Summary, checks::CodeFinding},
    output::words::number,
};

/// Most findings that are shown; the others are counted.
const MAX_FINDINGS: usize = 50;

/// The inventory as a table, findings behind it.
#[must_use]
pub fn discovered(inventory: &Inventory, style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    out.paragraph(0, &told(inventory), false);
    if !inventory.routes.is_empty() {
        out.blank();
        routes(&mut out, inventory);
    }
    findings(&mut out, &inventory.findings);
    left_out(&mut out, inventory);
    out.text
}

/// The counts in a sentence or two.
fn told(inventory: &Inventory) -> String {
    let Summary { in_code, guarded, unguarded, unclear, not_in_code, undocumented, not_called } =
        inventory.summary;
    let files = number(inventory.input.files);
    if in_code == 0 && inventory.routes.is_empty() {
        return format!(
            "No route was found in {files} source files. `bartizan explain` lists the frameworks that \
             are understood."
        );
    }
    let mut text = format!(
        "{} routes in {files} source files: {} demand credentials, {} do not",
        number(in_code),
        number(guarded),
        number(unguarded)
    );
    if unclear > 0 {
        text.push_str(&format!(", {} have a guard that was not understood", number(unclear)));
    }
    text.push('.');
    if inventory.compared.contains(&KnownBy::Specification) {
        text.push_str(&format!(" {} are in no specification.", number(undocumented)));
    }
    if inventory.compared.contains(&KnownBy::Traffic) {
        text.push_str(&format!(" {} were not called.", number(not_called)));
    }
    if not_in_code > 0 {
        text.push_str(&format!(" {} more are known, but not from code.", number(not_in_code)));
    }
    text
}

fn routes(out: &mut Out, inventory: &Inventory) {
    let is_compared = inventory.compared.len() > 1;
    let mut head = vec!["Method", "Path", "Credentials"];
    if is_compared {
        head.push("Known by");
    }
    head.push("Where");
    let rows = inventory.routes.iter().map(|route| {
        let mut row = vec![
            Cell::new(safe(&route.method)),
            Cell::new(safe(&route.path)),
            Cell::new(credentials(route)),
        ];
        if is_compared {
            let known: Vec<&str> = route.known_by.iter().map(|by| by.as_str()).collect();
            row.push(Cell::new(known.join(", ")));
        }
        row.push(Cell::new(place(route)));
        row
    });
    out.table(&head, &[], rows.collect());
}

/// Whether credentials are demanded, and by what.
fn credentials(route: &Entry) -> String {
    let Some(code) = &route.code else { return String::new() };
    let guard = code.authorization.guards.last().map(|guard| safe(&guard.name));
    match (code.authorization.state, guard) {
        (Demand::Required, Some(guard)) => guard,
        (Demand::Required, None) => "demanded".to_owned(),
        (Demand::None, Some(guard)) => format!("none ({guard})"),
        (Demand::None, None) => "none".to_owned(),
        (Demand::Unclear, Some(guard)) => format!("unclear ({guard})"),
        (Demand::Unclear, None) => "unclear".to_owned(),
    }
}

fn place(route: &Entry) -> String {
    match &route.code {
        Some(code) => format!("{}:{}", safe(&code.place.file), code.place.line),
        None => String::new(),
    }
}

/// Findings in code, the worst first.
pub(super) fn findings(out: &mut Out, findings: &[CodeFinding]) {
    let count = findings.len();
    if count == 0 {
        return;
    }
    out.heading("Findings", &number(count as u64));
    for CodeFinding { finding, .. } in findings.iter().take(MAX_FINDINGS) {
        out.item(1, finding.severity, &finding.code, &safe_prose(&finding.title));
        for evidence in &finding.evidence {
            out.paragraph(4, &safe_prose(&evidence.note), true);
        }
    }
    if count > MAX_FINDINGS {
        let more = number((count - MAX_FINDINGS) as u64);
        out.paragraph(1, &format!("{more} more: `--format json` has them all."), true);
    }
}

fn left_out(out: &mut Out, inventory: &Inventory) {
    if inventory.input.skipped.is_empty() {
        return;
    }
    let reasons = inventory.input.skipped.iter();
    let told: Vec<String> =
        reasons.map(|(reason, count)| format!("{} × {reason}", number(*count))).collect();
    out.blank();
    out.paragraph(0, &format!("Left out: {}.", told.join(", ")), true);
}
