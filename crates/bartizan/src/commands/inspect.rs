//! `inspect`: exchanges in, one verdict per line out, in order, no network.

use std::{
    io::{BufWriter, Write},
    path::Path,
    time::Instant,
};

use bartizan_analysis::{Judgement, Snapshot, State, judge::prepare};
use bartizan_model::{Action, Evidence, Exchange, Side, source::Ordering};
use bartizan_pipeline::sources::{Item, OpenOptions, Source};
use bartizan_protocols::anomaly::AnomalyKind;
use serde::Serialize;

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{Inspect, InspectFormat},
    config,
};
use crate::{config::FailOn, output};

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    action: Action,
    status: Option<u16>,
    score: u8,
    detections: Vec<Found<'a>>,
    anomalies: Vec<String>,
    not_inspected: Vec<String>,
    micros: u64,
}

/// What came of one exchange.
struct Judged {
    judgement: Judgement,
    /// What was odd about its form.
    anomalies: Vec<(Side, AnomalyKind)>,
    micros: u64,
}

impl Judged {
    /// `request:xml_doctype`, as what was not inspected is named.
    fn anomalies(&self) -> Vec<String> {
        let named = |(side, kind): &(Side, AnomalyKind)| match side {
            Side::Request => format!("request:{kind}"),
            Side::Response => format!("response:{kind}"),
        };
        self.anomalies.iter().map(named).collect()
    }
}

#[derive(Serialize)]
struct Found<'a> {
    code: &'a str,
    class: &'a str,
    severity: bartizan_model::Severity,
    confidence: bartizan_model::Confidence,
    location: Option<&'a str>,
    evidence: &'a [Evidence],
}

pub(super) fn run(cli: &Cli, arguments: &Inspect) -> Result<Exit, CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let (key, unkept) = super::key::of_user(&scope.organisation)?;
    if let Some(why) = unkept.filter(|_| !cli.quiet) {
        anstream::eprintln!("note: hashes will differ from run to run ({why})");
    }
    let snapshot = config::snapshot(&config, scope, key)?;

    let source = OpenOptions::new().format("exchanges").open(&arguments.input);
    let mut source = source.map_err(|error| analyze::input_error(&error))?;
    let shown = arguments.out.as_deref().unwrap_or(Path::new("standard output"));
    let shown = shown.display().to_string();
    let mut out: Box<dyn Write> = match arguments.out.as_deref() {
        Some(path) if path != Path::new("-") => {
            let file = std::fs::File::create(path);
            Box::new(BufWriter::new(file.map_err(|e| CommandError::output(&shown, &e))?))
        }
        _ => Box::new(std::io::stdout().lock()),
    };
    let mut job = Job { arguments, snapshot: &snapshot, worst: Exit::Clean, skipped: 0 };
    let result = job.judge_all(source.as_mut(), &mut out);
    out.flush().map_err(|error| CommandError::output(&shown, &error))?;
    result.map_err(|failure| match failure {
        Failure::Input(error) => error,
        Failure::Output(error) => CommandError::output(&shown, &error),
    })?;
    if job.skipped > 0 && !cli.quiet {
        anstream::eprintln!("note: {} lines were skipped", job.skipped);
    }
    Ok(job.worst)
}

enum Failure {
    Input(CommandError),
    Output(std::io::Error),
}

struct Job<'a> {
    arguments: &'a Inspect,
    snapshot: &'a Snapshot,
    worst: Exit,
    skipped: u64,
}

impl Job<'_> {
    fn judge_all(&mut self, source: &mut dyn Source, out: &mut dyn Write) -> Result<(), Failure> {
        let ordering: Ordering = source.ordering();
        let mut state = State::new(&self.snapshot.scope);
        while let Some(item) = source.next() {
            match item.map_err(|error| Failure::Input(analyze::input_error(&error)))? {
                Item::Exchange(exchange) => {
                    let begin = Instant::now();
                    if !self.arguments.stateful {
                        state = State::new(&self.snapshot.scope);
                    }
                    let time = state.admit(exchange.time, ordering);
                    let mut prepared = prepare(&exchange, self.snapshot);
                    let judgement = state.judge(&exchange, &mut prepared, self.snapshot, time);
                    let micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
                    let anomalies = prepared.decoded.view.anomalies().to_vec();
                    let judged = Judged { judgement, anomalies, micros };
                    self.write(out, &exchange, &judged).map_err(Failure::Output)?;
                }
                Item::Skipped(skipped) => {
                    self.skipped += 1;
                    anstream::eprintln!("skipped {}: {}", skipped.at, skipped.reason.what());
                }
            }
        }
        Ok(())
    }

    fn write(
        &mut self,
        out: &mut dyn Write,
        exchange: &Exchange,
        judged: &Judged,
    ) -> std::io::Result<()> {
        let Judged { judgement, .. } = judged;
        let id = exchange.id.as_str();
        let fail_on = self.arguments.fail_on.unwrap_or(FailOn::Never);
        if judgement.detections.iter().any(|d| fail_on.includes(d.severity)) {
            self.worst = Exit::Findings;
        }
        match self.arguments.format {
            InspectFormat::Json => {
                serde_json::to_writer(&mut *out, &line(id, judged))?;
                out.write_all(b"\n")?;
            }
            InspectFormat::Text => {
                let verdict = &judgement.verdict;
                let mut words: Vec<String> =
                    judgement.detections.iter().map(|d| d.class.to_owned()).collect();
                words.extend(judged.anomalies().iter().map(|anomaly| format!("({anomaly})")));
                let id = output::visible::visible(id, 80);
                let words = words.join(" ");
                writeln!(out, "{:9} {:>3}  {id}  {words}", verdict.action, verdict.score)?;
            }
        }
        // One verdict per line as it comes, also through a pipe.
        out.flush()
    }
}

fn line<'a>(id: &'a str, judged: &'a Judged) -> Line<'a> {
    let judgement = &judged.judgement;
    let detections = judgement.detections.iter().map(|raised| Found {
        code: raised.code,
        class: raised.class,
        severity: raised.severity,
        confidence: raised.confidence,
        location: raised.evidence.iter().find_map(|e| e.location.as_ref()).map(|l| l.as_str()),
        evidence: &raised.evidence,
    });
    Line {
        id,
        action: judgement.verdict.action,
        status: judgement.verdict.status,
        score: judgement.verdict.score,
        detections: detections.collect(),
        anomalies: judged.anomalies(),
        not_inspected: judgement.not_inspected.iter().map(ToString::to_string).collect(),
        micros: judged.micros,
    }
}
