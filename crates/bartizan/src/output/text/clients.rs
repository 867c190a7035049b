//! Clients for people: a table of all, and one with what it was granted and what it used.

use bartizan_model::{ClientDetail, ClientSummary, Direction, Grade, ScopeUse, client::ClientData};
use comfy_table::{Attribute, Cell, Color};

use super::{
    Style,
    out::{Out, safe},
};
use crate::output::words;

/// Clients as a table, in the order given.
#[must_use]
pub fn clients(clients: &[ClientSummary], style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    if clients.is_empty() {
        out.line("No client is known.");
        return out.text;
    }
    let rows = clients.iter().map(|client| {
        vec![
            Cell::new(safe(&client.label)),
            Cell::new(client.form),
            Cell::new(client.kind),
            grade(client.grade),
            Cell::new(client.users),
            Cell::new(words::number(client.requests)),
            unused(client),
            Cell::new(safe(client.id.as_str())).add_attribute(Attribute::Dim),
        ]
    });
    let head = ["Client", "Form", "Kind", "Grade", "Users", "Requests", "Unused", "Id"];
    out.table(&head, &[4, 5, 6], rows.collect());
    out.blank();
    out.line(
        "Unused: scopes that it was granted, and needed at none of the operations that it called.",
    );
    out.text
}

fn grade(grade: Grade) -> Cell {
    let cell = Cell::new(grade);
    if grade == Grade::Claimed { cell.add_attribute(Attribute::Dim) } else { cell }
}

fn unused(client: &ClientSummary) -> Cell {
    let cell = Cell::new(match client.scopes_granted {
        0 => "–".to_owned(),
        granted => format!("{} of {granted}", client.scopes_unused),
    });
    if client.scopes_unused > 0 { cell.fg(Color::Yellow) } else { cell }
}

/// One client.
#[must_use]
pub fn client(client: &ClientDetail, style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    let summary = &client.summary;
    out.line(&format!(
        "{}  {}, {}, {} by {}",
        safe(&summary.label),
        summary.form,
        summary.kind,
        summary.grade,
        summary.told_by,
    ));
    if let Some(issuer) = &summary.issuer {
        out.line(&format!("Issuer: {}", safe(issuer)));
    }
    out.line(&format!(
        "{} exchanges, {} granted, {} refused; {} users, {} addresses",
        summary.requests, summary.granted, summary.refused, summary.users, summary.sources,
    ));
    for evidence in &summary.kind_evidence {
        out.line(&format!("  {} ({} exchanges)", safe(&evidence.name), evidence.count));
    }
    if !client.scopes.is_empty() {
        let rows = client.scopes.iter().map(|scope| {
            let usage = Cell::new(scope.usage);
            let is_unused = scope.usage == ScopeUse::Unused;
            let usage = if is_unused { usage.fg(Color::Yellow) } else { usage };
            vec![Cell::new(safe(&scope.name)), Cell::new(safe(&scope.claim)), usage]
        });
        out.blank();
        out.table(&["Scope", "Claim", "Use"], &[], rows.collect());
    }
    if !client.operations.is_empty() {
        let rows = client.operations.iter().map(|operation| {
            vec![
                Cell::new(safe(&operation.name)),
                Cell::new(operation.requests),
                Cell::new(safe(&operation.needed.join(" "))),
                Cell::new(safe(&operation.lacking.join(" "))),
                Cell::new(safe(&data(&operation.data))),
            ]
        });
        out.blank();
        out.table(&["Operation", "Granted", "Needs", "Lacks", "Data"], &[1], rows.collect());
    }
    if client.operations_not_kept > 0 {
        out.line(&format!(
            "{} granted exchanges of further operations are not told apart.",
            client.operations_not_kept
        ));
    }
    never_called(client, &mut out);
    out.text
}

/// Classes by name; those that were only sent say so.
fn data(data: &[ClientData]) -> String {
    let is_answered = |one: &ClientData| {
        let other = ClientData { direction: Direction::Response, ..one.clone() };
        one.direction == Direction::Response || data.contains(&other)
    };
    let words = data.iter().filter_map(|one| match (one.direction, is_answered(one)) {
        (Direction::Response, _) => Some(one.class.to_string()),
        (Direction::Request, false) => Some(format!("{} (sent)", one.class)),
        (Direction::Request, true) => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

fn never_called(client: &ClientDetail, out: &mut Out) {
    let Some(count) = client.summary.operations_unused.filter(|count| *count > 0) else { return };
    let rows = client.allowed.iter().map(|one| {
        vec![
            Cell::new(safe(&format!("{} {}", one.method, one.path))),
            Cell::new(safe(&one.scopes.join(" "))),
        ]
    });
    out.blank();
    out.line(&format!("Allowed by its scopes and never called: {count}"));
    out.table(&["Operation", "Scopes"], &[], rows.collect());
}

#[cfg(test)]
mod tests {
    use bartizan_model::{ClientForm, ClientKind, ClientTold, ids::ClientId};

    use super::{super::head_and_row, *};

    #[test]
    fn a_list_says_what_its_columns_are() {
        let client = ClientSummary {
            id: ClientId::from_text("cli_1"),
            label: "web-shop".into(),
            form: ClientForm::Application,
            told_by: ClientTold::Token,
            grade: Grade::Accepted,
            issuer: None,
            kind: ClientKind::Browser,
            kind_evidence: Vec::new(),
            users: 12,
            sources: 9,
            requests: 3_456,
            granted: 3_400,
            refused: 6,
            operations_used: 5,
            operations_unused: None,
            scopes_granted: 3,
            scopes_used: 1,
            scopes_unused: 2,
            first_seen: None,
            last_seen: None,
        };
        let [head, row] = head_and_row(&clients(&[client], Style::PLAIN, 160));
        assert_eq!(head, "Client Form Kind Grade Users Requests Unused Id");
        assert_eq!(row, "web-shop application browser accepted 12 3,456 2 of 3 cli_1");
    }
}
