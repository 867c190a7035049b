//! Figures of sinks as OpenMetrics text.

use std::fmt::Write as _;

use bartizan_pipeline::sinks::SinkFigures;

/// A family for each figure. Names of sinks hold nothing that a label would have to escape.
pub(super) fn of_sinks(text: &mut String, sinks: &[SinkFigures]) {
    if sinks.is_empty() {
        return;
    }
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(&str, Figure)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP bartizan_sink_{name} {help}.");
        let _ = writeln!(text, "# TYPE bartizan_sink_{name} {kind}");
        let suffix = if kind == "counter" { "_total" } else { "" };
        for sink in sinks {
            for (label, figure) in samples {
                let (name_of, value) = (&sink.state.sink, figure(sink));
                let _ = writeln!(
                    text,
                    "bartizan_sink_{name}{suffix}{{sink=\"{name_of}\"{label}}} {value}"
                );
            }
        }
    };
    let outcomes: [(&str, Figure); 4] = [
        (",outcome=\"sent\"", |s| s.state.sent),
        (",outcome=\"failed\"", |s| s.state.failed),
        (",outcome=\"dead\"", |s| s.state.died),
        (",outcome=\"dropped\"", |s| s.state.dropped),
    ];
    let help = "Events that arrived, attempts that failed, events given up, events dropped because \
                too many waited";
    family("events", "counter", help, &outcomes);
    family("waiting", "gauge", "Events that wait", &[("", |s| s.state.waiting)]);
    let dead: Figure = |s| s.state.dead_letters;
    family("dead_letters", "gauge", "Events given up and kept", &[("", dead)]);
    let failing: Figure = |s| s.failing.into();
    family("failing", "gauge", "Failures in a row; 0 when the sink is well", &[("", failing)]);
}

type Figure = fn(&SinkFigures) -> u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sinks_have_their_figures() {
        let mut sink = SinkFigures { failing: 2, ..SinkFigures::default() };
        sink.state.sink = "siem".to_owned();
        (sink.state.sent, sink.state.dropped) = (7, 3);
        let mut text = String::new();
        of_sinks(&mut text, &[sink]);
        for line in [
            "# TYPE bartizan_sink_events counter",
            "bartizan_sink_events_total{sink=\"siem\",outcome=\"sent\"} 7",
            "bartizan_sink_events_total{sink=\"siem\",outcome=\"dropped\"} 3",
            "bartizan_sink_failing{sink=\"siem\"} 2",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in {text}");
        }
        of_sinks(&mut text, &[]);
    }
}
