//! Figures of receivers as OpenMetrics text.

use std::fmt::Write as _;

use bartizan_model::analysis::NamedCount;
use bartizan_pipeline::sources::receivers::ReceiverFigures;

/// A family for each figure. Names of receivers and reasons hold nothing that a label would have to escape.
pub(super) fn of_receivers(text: &mut String, receivers: &[ReceiverFigures]) {
    if receivers.is_empty() {
        return;
    }
    let mut family = |name: &str, kind: &str, help: &str, samples: Samples| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP bartizan_receiver_{name} {help}.");
        let _ = writeln!(text, "# TYPE bartizan_receiver_{name} {kind}");
        let suffix = if kind == "counter" { "_total" } else { "" };
        for receiver in receivers {
            for (label, value) in samples(receiver) {
                let of = &receiver.name;
                let _ = writeln!(
                    text,
                    "bartizan_receiver_{name}{suffix}{{receiver=\"{of}\"{label}}} {value}"
                );
            }
        }
    };
    let help = "Exchanges that were handed over to be judged, or dropped because too many waited";
    family("exchanges", "counter", help, |r| {
        let outcome = |name: &str| format!(",outcome=\"{name}\"");
        vec![(outcome("handed_over"), r.handed_over), (outcome("dropped"), r.dropped)]
    });
    let help = "What was sent and not taken, or not all of it";
    family("refused", "counter", help, |r| by_reason(&r.refused));
    let help = "What was taken and is no exchange";
    family("left_out", "counter", help, |r| by_reason(&r.left_out));
    family("packets", "counter", "Packets that a live capture read", |r| {
        if r.packets > 0 { vec![(String::new(), r.packets)] } else { Vec::new() }
    });
    family("connections", "gauge", "Open connections", |r| vec![(String::new(), r.connections)]);
    let help = "Requests and streams under way";
    family("streams", "gauge", help, |r| vec![(String::new(), r.streams)]);
}

/// Labels and values of one receiver.
type Samples = fn(&ReceiverFigures) -> Vec<(String, u64)>;

fn by_reason(counts: &[NamedCount]) -> Vec<(String, u64)> {
    counts.iter().map(|one| (format!(",reason=\"{}\"", one.name), one.count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_have_their_figures() {
        let receiver = ReceiverFigures {
            name: "edge".to_owned(),
            handed_over: 7,
            refused: vec![NamedCount { name: "peer".to_owned(), count: 2 }],
            ..ReceiverFigures::default()
        };
        let mut text = String::new();
        of_receivers(&mut text, &[receiver]);
        for line in [
            "# TYPE bartizan_receiver_exchanges counter",
            "bartizan_receiver_exchanges_total{receiver=\"edge\",outcome=\"handed_over\"} 7",
            "bartizan_receiver_exchanges_total{receiver=\"edge\",outcome=\"dropped\"} 0",
            "bartizan_receiver_refused_total{receiver=\"edge\",reason=\"peer\"} 2",
            "bartizan_receiver_streams{receiver=\"edge\"} 0",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in {text}");
        }
        let before = text.len();
        of_receivers(&mut text, &[]);
        assert_eq!(text.len(), before);
    }
}
