//! Methods and messages as a file describes them, read once when policies are compiled, and messages on the wire
//! compared with that.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::Read as _,
    path::Path,
};

use bartizan_model::sketch::WireKind;
use bartizan_protocols::{
    protobuf::{self, Wire},
    spec::{self, NoFiles, OperationKind, Place, ProtoMessages},
};

use super::super::detectors::thread_nanos;

/// Most bytes of a file with descriptors.
const FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Most messages that are described; what is in others is not compared.
const MAX_MESSAGES: usize = 50_000;
/// Ways to write a value.
const KINDS: [WireKind; 4] =
    [WireKind::Varint, WireKind::Fixed32, WireKind::Fixed64, WireKind::Length];

/// What a file describes.
#[derive(Debug)]
pub(super) struct Descriptors {
    /// Messages that methods take, where they are described.
    methods: BTreeMap<String, Option<usize>>,
    messages: Vec<HashMap<u32, Field>>,
    depth: u32,
    unknown_fields: bool,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    /// Whether it may be written in each of [`KINDS`].
    kinds: [bool; KINDS.len()],
    /// The message that it is.
    message: Option<usize>,
}

/// What came of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Fits,
    /// A field is not described.
    Field,
    /// A field is written as one of another type.
    Type,
    /// Messages are too deep in each other.
    Depth,
    /// It is no message, or has too many fields.
    NoMessage,
    OutOfTime,
}

impl Descriptors {
    /// `depth`: most messages within each other. `unknown_fields`: whether these may be there.
    pub(super) fn read(path: &Path, depth: u32, unknown_fields: bool) -> Result<Self, String> {
        let failed = |why: std::io::Error| format!("{}: {why}", path.display());
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > FILE_BYTES {
            return Err(format!("{} has more than {FILE_BYTES} bytes", path.display()));
        }
        Self::of(&bytes, depth, unknown_fields).map_err(|why| format!("{}: {why}", path.display()))
    }

    pub(super) fn of(bytes: &[u8], depth: u32, unknown_fields: bool) -> Result<Self, String> {
        let document = spec::read(bytes, &mut NoFiles).map_err(|problem| problem.what)?;
        let Some(known) = ProtoMessages::of(&document) else {
            return Err(format!("is a document of {}, not of descriptors", document.format));
        };
        let mut tables = Tables { known: &known, numbers: HashMap::new(), open: Vec::new() };
        let mut out =
            Self { methods: BTreeMap::new(), messages: Vec::new(), depth, unknown_fields };
        for operation in &document.operations {
            if !matches!(operation.kind, OperationKind::Grpc { .. }) {
                continue;
            }
            let place = operation.bodies.first().and_then(|body| body.schema);
            let message = place.and_then(|place| tables.number(place, &mut out.messages));
            out.methods.insert(operation.path.trim_start_matches('/').to_owned(), message);
        }
        if out.methods.is_empty() {
            return Err("describes no service".to_owned());
        }
        tables.fill(&mut out.messages);
        Ok(out)
    }

    /// Whether a method is described.
    pub(super) fn has(&self, method: &str) -> bool {
        self.methods.contains_key(method)
    }

    /// Compares a message that a method is sent, as long as the processor time of this thread is before `until`.
    pub(super) fn compare(&self, method: &str, message: &[u8], until: u64) -> Fit {
        let Some(Some(first)) = self.methods.get(method) else { return Fit::Fits };
        let mut open = vec![(message, *first, 1)];
        while let Some((bytes, number, depth)) = open.pop() {
            if depth > self.depth {
                return Fit::Depth;
            }
            if thread_nanos() > until {
                return Fit::OutOfTime;
            }
            let Some(values) = protobuf::message(bytes) else { return Fit::NoMessage };
            let Some(fields) = self.messages.get(number) else { continue };
            for (number, value) in values {
                let Some(field) = fields.get(&number) else {
                    if self.unknown_fields {
                        continue;
                    }
                    return Fit::Field;
                };
                let at = KINDS.iter().position(|kind| *kind == kind_of(value)).unwrap_or(0);
                if !field.kinds[at] {
                    return Fit::Type;
                }
                if let (Some(of), Wire::Length(inner)) = (field.message, value) {
                    open.push((inner, of, depth + 1));
                }
            }
        }
        Fit::Fits
    }
}

const fn kind_of(value: Wire<'_>) -> WireKind {
    match value {
        Wire::Varint(_) => WireKind::Varint,
        Wire::Fixed32(_) => WireKind::Fixed32,
        Wire::Fixed64(_) => WireKind::Fixed64,
        Wire::Length(_) => WireKind::Length,
    }
}

/// Messages that are still to be described.
struct Tables<'k, 'd> {
    known: &'k ProtoMessages<'d>,
    numbers: HashMap<Place, usize>,
    open: Vec<(Place, usize)>,
}

impl Tables<'_, '_> {
    /// The number of a message; `None` beyond the limit.
    fn number(&mut self, place: Place, messages: &mut Vec<HashMap<u32, Field>>) -> Option<usize> {
        if let Some(known) = self.numbers.get(&place) {
            return Some(*known);
        }
        if messages.len() >= MAX_MESSAGES {
            return None;
        }
        let number = messages.len();
        messages.push(HashMap::new());
        self.numbers.insert(place, number);
        self.open.push((place, number));
        Some(number)
    }

    fn fill(&mut self, messages: &mut Vec<HashMap<u32, Field>>) {
        while let Some((place, at)) = self.open.pop() {
            let mut fields = HashMap::new();
            for number in self.known.numbers(place) {
                let Some(field) = self.known.field(place, number) else { continue };
                let message = field.message.and_then(|place| self.number(place, messages));
                fields.insert(number, Field { kinds: KINDS.map(|k| field.may_be(k)), message });
            }
            if let Some(table) = messages.get_mut(at) {
                *table = fields;
            }
        }
    }
}
