//! `--format proto`: what was learned of the gRPC of one package, as a sketch in the language of protocol buffers
//! (protobuf.dev, "Language Guide (proto 3)"). Traffic shows numbers of fields and how values are written, no
//! names: they are made (`field_7`), and where a value can be of several types a comment says so.

mod messages;

use std::{collections::BTreeSet, fmt::Write as _};

use bartizan_model::{
    Endpoint, Protocol, Sketch,
    sketch::{GrpcSide, GrpcSketch},
};

use super::learned::heading;
use messages::write_message;

/// A method that was called, by the path of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Called<'e> {
    /// Empty when there is none.
    pub(super) package: &'e str,
    service: &'e str,
    method: &'e str,
}

impl<'e> Called<'e> {
    /// `package.Service/Method`; `None` for what is no gRPC, and where these are no names.
    pub(super) fn of(endpoint: &'e Endpoint) -> Option<Self> {
        let called =
            endpoint.operation.as_deref().filter(|_| endpoint.protocol == Protocol::Grpc)?;
        let (service, method) = called.split_once('/')?;
        let (package, service) = service.rsplit_once('.').unwrap_or(("", service));
        let are_names = package.is_empty() || package.split('.').all(is_name);
        (are_names && is_name(service) && is_name(method)).then_some(Self {
            package,
            service,
            method,
        })
    }
}

/// An identifier (protobuf.dev, "Language Specification (proto 3)", "Identifiers").
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The document of one package of a host.
pub(super) fn text(endpoints: &[&Endpoint], host: &str, package: &str) -> String {
    let mut known: Vec<(Called<'_>, &Endpoint)> = endpoints
        .iter()
        .filter_map(|endpoint| Some((Called::of(endpoint)?, *endpoint)))
        .filter(|(called, _)| called.package == package)
        .collect();
    known.sort_by_key(|(called, _)| *called);
    let own: Vec<&Endpoint> = known.iter().map(|(_, endpoint)| *endpoint).collect();
    let mut out = heading("//", &own, host);
    out.push_str(
        "// Names of fields and messages are unknown: only their numbers are on the wire.\n\n",
    );
    out.push_str("syntax = \"proto3\";\n");
    if !package.is_empty() {
        let _ = writeln!(out, "\npackage {package};");
    }
    let mut names = Names(known.iter().map(|(called, _)| called.service.to_owned()).collect());
    let mut messages = String::new();
    for service in known.chunk_by(|a, b| a.0.service == b.0.service) {
        let Some((first, _)) = service.first() else { continue };
        let _ = writeln!(out, "\nservice {} {{", first.service);
        for method in service.chunk_by(|a, b| a.0.method == b.0.method) {
            write_method(method, &mut names, &mut out, &mut messages);
        }
        out.push_str("}\n");
    }
    out.push_str(&messages);
    out
}

/// Names of services and messages: those of one package are all different.
struct Names(BTreeSet<String>);

impl Names {
    fn unused(&mut self, name: String) -> String {
        let mut name = name;
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

/// A method, which may be called at several endpoints: below different prefixes.
fn write_method(
    same: &[(Called<'_>, &Endpoint)],
    names: &mut Names,
    out: &mut String,
    messages: &mut String,
) {
    let Some((called, _)) = same.first() else { return };
    let mut all: Option<Sketch> = None;
    for sketch in same.iter().filter_map(|(_, endpoint)| endpoint.sketch.as_ref()) {
        match &mut all {
            Some(known) => known.merge(sketch),
            None => all = Some(sketch.clone()),
        }
    }
    let sketch = match all {
        Some(Sketch::Grpc(sketch)) => sketch,
        _ => GrpcSketch::default(),
    };
    let requests: u64 = same.iter().map(|(_, endpoint)| endpoint.requests).sum();
    let name = |side: &str| format!("{}{}{side}", called.service, called.method);
    let [input, output] = ["Request", "Response"].map(|side| names.unused(name(side)));
    let stream = |side: &GrpcSide| if side.most_in_call > 1 { "stream " } else { "" };
    let times = if requests == 1 { "once".to_owned() } else { format!("{requests} times") };
    let _ = writeln!(
        out,
        "  rpc {}({}{input}) returns ({}{output}); // called {times}",
        called.method,
        stream(&sketch.request),
        stream(&sketch.response),
    );
    for (name, side) in [(&input, &sketch.request), (&output, &sketch.response)] {
        write_message(name, side, messages);
    }
}

#[cfg(test)]
mod tests;
