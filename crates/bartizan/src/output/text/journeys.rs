//! Journey graphs: how callers go through services.

use bartizan_model::{
    EndpointId, Journey, JourneySummary,
    journey::{CallerCount, FEW_SESSIONS},
};
use comfy_table::{Attribute, Cell};

use super::{
    Style,
    out::{Out, safe},
};
use crate::output::words::number;

/// Moves that are shown of one graph when it is not said how many.
const MOVES: usize = 40;

/// Graphs as a table, in the order given.
#[must_use]
pub fn journeys(graphs: &[JourneySummary], style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    if graphs.is_empty() {
        out.line("No journey is known: they are told from granted exchanges that have times and callers.");
        return out.text;
    }
    let rows = graphs.iter().map(|one| {
        vec![
            Cell::new(safe(&one.host)),
            Cell::new(safe(&one.role)),
            Cell::new(number(one.sessions)),
            Cell::new(number(one.actors)),
            Cell::new(number(one.nodes)),
            Cell::new(number(one.moves)),
            Cell::new(safe(one.login_sequence.as_deref().unwrap_or("none seen"))),
            Cell::new(safe(one.id.as_str())).add_attribute(Attribute::Dim),
        ]
    });
    let head = ["Host", "Role", "Sessions", "Callers", "Endpoints", "Moves", "Login", "Id"];
    out.table(&head, &[2, 3, 4, 5], rows.collect());
    out.text
}

/// One graph: endpoints, moves, and how callers log in. At most `limit` moves.
#[must_use]
pub fn journey(journey: &Journey, limit: Option<usize>, style: Style, width: usize) -> String {
    let mut out = Out::new(style, width);
    let Journey { sessions, actors, .. } = journey;
    let title = safe(&format!("{} as {}", journey.host, journey.role));
    out.heading(&title, &format!("{} sessions of {} callers", number(*sessions), number(*actors)));
    if *sessions < FEW_SESSIONS {
        out.line("Few sessions were learned, so that what was never seen says little.");
    }
    let rows = journey.nodes.iter().map(|node| {
        vec![
            Cell::new(safe(&node.name())),
            Cell::new(percent(node.share)),
            Cell::new(number(node.visits)),
            Cell::new(number(node.starts)),
            Cell::new(number(node.ends)),
            Cell::new(if node.login { "login" } else { "" }),
        ]
    });
    out.table(
        &["Endpoint", "Sessions", "Visits", "Begin", "End", ""],
        &[1, 2, 3, 4],
        rows.collect(),
    );
    out.blank();
    let shown = limit.unwrap_or(MOVES);
    let name =
        |id: &EndpointId| safe(&journey.node(id).map(|node| node.name()).unwrap_or_default());
    let rows = journey.moves.iter().take(shown).map(|one| {
        let own = if one.callers == CallerCount::One { "one caller" } else { "" };
        vec![
            Cell::new(name(&one.from)),
            Cell::new(name(&one.to)),
            Cell::new(percent(one.share)),
            Cell::new(number(one.count)),
            Cell::new(pace(one.p50_ms)),
            Cell::new(pace(one.p90_ms)),
            Cell::new(own),
        ]
    });
    out.table(
        &["From", "To", "Share", "Times", "Median", "90 %", ""],
        &[2, 3, 4, 5],
        rows.collect(),
    );
    out.more(
        shown.min(journey.moves.len()),
        journey.moves.len(),
        "moves",
        "--limit N or --format json",
    );
    out.blank();
    ways(&mut out, journey);
    let left = journey.left_out;
    if left.steps + left.moves > 0 {
        let (steps, moves) = (number(left.steps), number(left.moves));
        out.line(&format!("There was no room for {steps} steps and {moves} moves."));
    }
    out.text
}

fn ways(out: &mut Out, journey: &Journey) {
    let login = &journey.login;
    let (began, became) = (number(login.began_authenticated), number(login.became_authenticated));
    out.line(&format!("Sessions that began authenticated: {began}; that became so: {became}."));
    for way in &login.sequences {
        let through = if way.through_login { "" } else { " (no login seen)" };
        let text = format!("{}{through}", safe(&journey.way(&way.steps)));
        out.hanging(2, &percent(way.share), &text);
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn pace(ms: Option<f64>) -> String {
    match ms {
        None => String::new(),
        Some(ms) if ms < 1_000.0 => format!("{ms:.0} ms"),
        Some(ms) if ms < 120_000.0 => format!("{:.1} s", ms / 1e3),
        Some(ms) => format!("{:.0} min", ms / 6e4),
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::JourneyId;

    use super::{super::head_and_row, *};

    #[test]
    fn a_list_says_what_its_columns_are() {
        let graph = JourneySummary {
            id: JourneyId::from_text("jny_1"),
            host: "shop.example.com".to_owned(),
            role: "admin".into(),
            sessions: 1_200,
            actors: 34,
            nodes: 5,
            moves: 6,
            ..JourneySummary::default()
        };
        let [head, row] = head_and_row(&journeys(&[graph], Style::PLAIN, 160));
        assert_eq!(head, "Host Role Sessions Callers Endpoints Moves Login Id");
        assert_eq!(row, "shop.example.com admin 1,200 34 5 6 none seen jny_1");
    }

    #[test]
    fn paces_and_shares_are_for_people() {
        assert_eq!([pace(None), pace(Some(12.4)), pace(Some(2_840.0))], ["", "12 ms", "2.8 s"]);
        assert_eq!((pace(Some(600_000.0)), percent(0.0512)), ("10 min".into(), "5.1 %".into()));
    }
}
