//! Fields of protocol buffers beside the messages that are written.

use std::collections::BTreeMap;

use bartizan_model::{
    DriftGrade, DriftKind,
    sketch::{GrpcSide, GrpcSketch, WireField, WireKind},
};
use bartizan_protocols::spec::{OperationKind, Place, ProtoField, ProtoMessages, SpecOperation};

use super::{At, Found};

pub(super) fn compare(found: &mut Found<'_>, sketch: &GrpcSketch, operation: &SpecOperation) {
    let OperationKind::Grpc { client_streams, server_streams } = operation.kind else { return };
    let input = operation.bodies.first().and_then(|body| body.schema);
    let output = operation.responses.first().and_then(|of| of.bodies.first()?.schema);
    let asked = Side { part: "request", grade: DriftGrade::Warning, streams: client_streams };
    let answered = Side { part: "answer", grade: DriftGrade::Breaking, streams: server_streams };
    for (side, seen, message) in
        [(asked, &sketch.request, input), (answered, &sketch.response, output)]
    {
        if seen.most_in_call > 1 && !side.streams {
            let at = At { part: side.part, location: "", place: Some(operation.place) };
            let seen = format!("{} messages in one call", seen.most_in_call);
            found.tell(side.grade, DriftKind::Type, at, "one message", &seen);
        }
        if let Some(message) = message {
            side.compare(found, seen, message);
        }
    }
}

/// One side of calls.
#[derive(Clone, Copy)]
struct Side {
    part: &'static str,
    /// How much another type means: what breaks whoever reads answers is only unexpected in requests.
    grade: DriftGrade,
    streams: bool,
}

impl Side {
    fn compare(self, found: &mut Found<'_>, seen: &GrpcSide, message: Place) {
        let document = found.document;
        let Some(messages) = ProtoMessages::of(document) else { return };
        let name = document.node(message).key().unwrap_or("");
        // Messages and their locations by path: one comes in front of what is in it. A field that is not written,
        // or that is no message, has nothing below it.
        let mut known: BTreeMap<&str, (Place, String)> =
            [("", (message, format!("grpc:{name}")))].into();
        for (path, field) in &seen.fields {
            let (above, number) = path.rsplit_once('.').unwrap_or(("", path));
            let (Some((of, location)), Ok(number)) = (known.get(above), number.parse()) else {
                continue;
            };
            match messages.field(*of, number) {
                Some(written) => {
                    let location = format!("{location}.{}", written.name);
                    self.wire(found, &written, field, &location);
                    if let Some(inner) = written.message {
                        known.insert(path, (inner, location));
                    }
                }
                None => {
                    let location = format!("{location}.{number}");
                    let at = At { part: self.part, location: &location, place: None };
                    found.tell(
                        DriftGrade::Warning,
                        DriftKind::Unwritten,
                        at,
                        "",
                        &kinds(field.kinds()),
                    );
                }
            }
        }
    }

    fn wire(
        self,
        found: &mut Found<'_>,
        written: &ProtoField<'_>,
        field: &WireField,
        location: &str,
    ) {
        let at = At { part: self.part, location, place: Some(written.place) };
        let wrong = kinds(field.kinds().filter(|kind| !written.may_be(*kind)));
        if !wrong.is_empty() {
            found.tell(self.grade, DriftKind::Type, at, written.type_name, &wrong);
        }
        // The last value of a field counts; others are lost ("Encoding", "Last One Wins").
        let is_map = written.type_name.starts_with("map<");
        if field.most_in_message > 1 && !written.is_repeated && !is_map {
            let seen = format!("{} values in one message", field.most_in_message);
            found.tell(self.grade, DriftKind::Type, at, written.type_name, &seen);
        }
    }
}

fn kinds(kinds: impl Iterator<Item = WireKind>) -> String {
    kinds.map(WireKind::as_str).collect::<Vec<_>>().join(" or ")
}
