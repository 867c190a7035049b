//! What is written about an endpoint beside what was seen of it: parameters, bodies, answers and their header fields,
//! authentication.
//! Below their name are compared operations of OpenAPI, GraphQL, gRPC and SOAP, and messages of AsyncAPI. In doubt nothing is told: alternatives of a schema
//! are joined, what cannot be followed allows everything, and few samples prove no absence.

pub(crate) mod allowed;
mod bodies;
#[cfg(test)]
mod called_tests;
mod graphql;
mod grpc;
mod headers;
pub(crate) mod limits;
mod messages;
mod pattern;
mod security;
mod soap;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use bartizan_model::{
    Direction, Drift, DriftGrade, DriftKind, Endpoint, Parameter, Sketch, Written,
    drift::MAX_DRIFT, endpoint::MIN_REQUIRED_SAMPLES,
};
use bartizan_protocols::spec::{
    OperationKind, ParameterIn, Place, SpecDocument, SpecFormat, SpecOperation, SpecParameter,
};

use crate::learn::Answers;
use allowed::{Allowed, Reader};
pub(crate) use headers::asked as asked_headers;

/// Fewest messages before it is told that something that is written never came.
const MIN_UNUSED_SAMPLES: u64 = 20;
/// Most steps that comparing texts with patterns may take for one endpoint.
const MAX_PATTERN_STEPS: u32 = 1_000_000;

/// An operation that is written, and what else is known of the endpoint that it documents.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Name of the document.
    pub name: &'a str,
    /// The document.
    pub document: &'a SpecDocument,
    /// The operation.
    pub operation: &'a SpecOperation,
    /// All operations of the document that the endpoint is, where it is several: messages of both directions.
    pub all: &'a [&'a SpecOperation],
    /// Requests that were granted without any credential.
    pub anonymous: u64,
    /// Which header fields that have to be there its answers had.
    pub answers: &'a Answers,
}

impl<'a> Known<'a> {
    /// An operation of which nothing else is known.
    #[cfg(test)]
    pub(crate) const fn of(
        name: &'a str,
        document: &'a SpecDocument,
        operation: &'a SpecOperation,
    ) -> Self {
        Self { name, document, operation, all: &[], anonymous: 0, answers: Answers::NONE }
    }
}

/// What is written about an endpoint, with the differences.
#[must_use]
pub fn compare(endpoint: &Endpoint, known: Known<'_>) -> Written {
    let mut found = Found::new(known.document);
    if known.document.format == SpecFormat::OpenApi && known.operation.kind == OperationKind::Http {
        security::compare(&mut found, endpoint, known);
        parameters(&mut found, endpoint, known);
        bodies::compare(&mut found, endpoint, known.operation);
        headers::compare(&mut found, known);
    }
    if known.operation.kind.is_channel() {
        messages::compare(&mut found, endpoint, known);
    }
    if known.operation.kind == OperationKind::Soap {
        soap::compare(&mut found, endpoint, known.operation);
    }
    match &endpoint.sketch {
        Some(Sketch::Graphql(sketch)) => graphql::compare(&mut found, sketch),
        Some(Sketch::Grpc(sketch)) => grpc::compare(&mut found, sketch, known.operation),
        None => {}
    }
    let mut drift = found.drift;
    drift.sort_by(|a, b| {
        let key = |d: &Drift| (d.grade, d.part.clone(), d.location.clone(), d.kind);
        key(a).cmp(&key(b))
    });
    let more = drift.len().saturating_sub(MAX_DRIFT) as u64;
    drift.truncate(MAX_DRIFT);
    Written {
        document: known.name.to_owned(),
        pointer: known.operation.pointer.clone(),
        line: known.operation.position.line,
        drift,
        more,
    }
}

/// Differences while they are looked for.
struct Found<'d> {
    document: &'d SpecDocument,
    reader: Reader<'d>,
    /// How many more steps comparing texts with patterns may take.
    pattern_steps: Cell<u32>,
    drift: Vec<Drift>,
}

/// Where something differs.
#[derive(Clone, Copy)]
struct At<'a> {
    part: &'a str,
    location: &'a str,
    /// Where it is written, if it is.
    place: Option<Place>,
}

impl<'d> Found<'d> {
    fn new(document: &'d SpecDocument) -> Self {
        let pattern_steps = Cell::new(MAX_PATTERN_STEPS);
        Self { document, reader: Reader::new(document), pattern_steps, drift: Vec::new() }
    }

    fn tell(&mut self, grade: DriftGrade, kind: DriftKind, at: At<'_>, written: &str, seen: &str) {
        let own = at.place.filter(|place| self.document.file(*place).is_empty());
        let line =
            own.map(|place| self.document.node(place).position().line).filter(|line| *line > 0);
        self.drift.push(Drift {
            grade,
            kind,
            part: at.part.to_owned(),
            location: at.location.to_owned(),
            written: written.to_owned(),
            seen: seen.to_owned(),
            line,
        });
    }

    /// Types and words of a value that is no container, or of one without what is below it.
    fn value(
        &mut self,
        types: &[&str],
        words: &[String],
        allowed: &Allowed<'_>,
        at: At<'_>,
        grade: DriftGrade,
    ) {
        let wrong: Vec<&str> =
            types.iter().copied().filter(|name| !allowed.has_type(name)).collect();
        if !wrong.is_empty() {
            self.tell(grade, DriftKind::Type, at, &allowed.type_names(), &wrong.join(" or "));
        }
        let Some(written) = &allowed.words else { return };
        let wrong: Vec<&str> =
            words.iter().map(String::as_str).filter(|word| !written.contains(word)).collect();
        if !wrong.is_empty() {
            let written = written.iter().copied().collect::<Vec<_>>().join(" · ");
            self.tell(grade, DriftKind::Value, at, &written, &wrong.join(" · "));
        }
    }
}

/// Parameters of query and cookies, and headers that are written. What else is in a head belongs to clients
/// and proxies.
fn parameters(found: &mut Found<'_>, endpoint: &Endpoint, known: Known<'_>) {
    let granted = endpoint.successes();
    for written in &known.operation.parameters {
        let Some(root) = root_of(written.location) else { continue };
        let is_same = |name: &str| match written.location {
            ParameterIn::Header => name.eq_ignore_ascii_case(&written.name),
            _ => name == written.name,
        };
        let here = sent(endpoint, root).find(|(name, _)| is_same(name));
        let location = format!("{root}.{}", written.name);
        let at = At { part: "request", location: &location, place: Some(written.place) };
        match here {
            Some((_, parameter)) => {
                compare_parameter(found, written, parameter, granted, at);
                if written.deprecated {
                    let seen = format!("sent {} times", parameter.seen);
                    found.tell(DriftGrade::Info, DriftKind::Deprecated, at, "deprecated", &seen);
                }
            }
            // Common header fields and cookies that are credentials are not described.
            None if written.required && granted >= MIN_REQUIRED_SAMPLES && root == "query" => {
                found.tell(
                    DriftGrade::Warning,
                    DriftKind::Missing,
                    at,
                    "required",
                    "never sent, and granted",
                );
            }
            None if granted >= MIN_UNUSED_SAMPLES && root == "query" => {
                let types = summary(found, written);
                found.tell(DriftGrade::Info, DriftKind::Unused, at, &types, "never sent");
            }
            None => {}
        }
    }
    // One that takes the whole query says nothing about its fields.
    if known.operation.parameters.iter().any(|p| p.location == ParameterIn::QueryString) {
        return;
    }
    for (name, parameter) in sent(endpoint, "query") {
        let is_written = |p: &SpecParameter| {
            p.location == ParameterIn::Query && (p.name == name || is_part_of(name, &p.name))
        };
        if !known.operation.parameters.iter().any(is_written) {
            let at = At { part: "request", location: parameter.location.as_str(), place: None };
            found.tell(DriftGrade::Warning, DriftKind::Unwritten, at, "", &parameter.value_type);
        }
    }
}

/// Whether a name is how an object or list is written in a query: `filter[state]`, `ids[]`, `filter.state`.
fn is_part_of(name: &str, written: &str) -> bool {
    let written = written.trim_end_matches("[]");
    name.strip_prefix(written).is_some_and(|rest| rest.starts_with(['[', '.']))
}

fn root_of(location: ParameterIn) -> Option<&'static str> {
    match location {
        ParameterIn::Query => Some("query"),
        ParameterIn::Header => Some("header"),
        ParameterIn::Cookie => Some("cookie"),
        ParameterIn::Path
        | ParameterIn::QueryString
        | ParameterIn::Form
        | ParameterIn::Argument => None,
    }
}

/// Whole values that were sent in a part of the head, with their names.
fn sent<'a>(
    endpoint: &'a Endpoint,
    root: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Parameter)> {
    endpoint.parameters.iter().filter_map(move |parameter| {
        let (at, name) = parameter.location.as_str().split_once('.')?;
        let is_whole = !name.contains(['/', '!']) && !parameter.name.is_empty();
        (at == root && is_whole && parameter.direction == Direction::Request)
            .then_some((parameter.name.as_str(), parameter))
    })
}

fn compare_parameter(
    found: &mut Found<'_>,
    written: &SpecParameter,
    parameter: &Parameter,
    granted: u64,
    at: At<'_>,
) {
    if written.required && granted >= MIN_REQUIRED_SAMPLES && parameter.seen < granted {
        let seen = format!("{} of {granted} granted had it", parameter.seen);
        found.tell(DriftGrade::Warning, DriftKind::Missing, at, "required", &seen);
    }
    let Some(schema) = written.schema else { return };
    let allowed = found.reader.allowed(&[vec![schema]]);
    // Lists and objects are written as text in several styles.
    if allowed.has_type("array") || allowed.has_type("object") {
        return;
    }
    // In a head all is text: a text that spells a number fits where a number is written, and each fits a text.
    let types: Vec<&str> = parameter
        .value_type
        .split('|')
        .filter(|name| !name.is_empty() && !allowed.has_type("string") && *name != "binary")
        .collect();
    found.value(&types, &parameter.words, &allowed, at, DriftGrade::Warning);
    found.limits(parameter, &allowed, at, DriftGrade::Warning);
    found.pattern(parameter, &allowed, at, DriftGrade::Warning);
}

fn summary(found: &Found<'_>, written: &SpecParameter) -> String {
    let types = written.schema.map(|schema| found.reader.allowed(&[vec![schema]]).type_names());
    types.filter(|names| !names.is_empty()).unwrap_or_else(|| "any".to_owned())
}
