//! Methods and messages as a file describes them, read once when policies are compiled, and messages on the wire
//! compared with that.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    io::Read as _,
    path::Path,
};

use bartizan_model::sketch::WireKind;
use bartizan_protocols::{
    protobuf::{self, Wire},
    spec::{self, NoFiles, OperationKind, Place, ProtoMessages},
};

use super::{super::detectors::thread_nanos, messages::Said};

/// Most bytes of a file with descriptors.
const FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Most messages that are described; what is in others is not compared.
const MAX_MESSAGES: usize = 50_000;
/// Packed values between two looks at the clock.
const VALUES_PER_LOOK: u32 = 4_096;
/// Ways to write a value.
const KINDS: [WireKind; 4] =
    [WireKind::Varint, WireKind::Fixed32, WireKind::Fixed64, WireKind::Length];

/// What a file describes.
#[derive(Debug)]
pub(super) struct Descriptors {
    /// What clients send and are answered, by method.
    methods: BTreeMap<String, [Direction; 2]>,
    messages: Vec<Table>,
    /// Numbers of the values of enumerations, in order.
    enumerations: Vec<Vec<i32>>,
    /// Whether a message has fields that are required.
    requires: bool,
    depth: u32,
    unknown_fields: bool,
}

/// One direction of a method.
#[derive(Clone, Copy, Debug)]
struct Direction {
    /// Its messages, where they are described.
    message: Option<usize>,
    /// Whether there may be several.
    streams: bool,
}

/// A message.
#[derive(Debug, Default)]
struct Table {
    fields: HashMap<u32, Field>,
    required: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    /// Whether it may be written in each of [`KINDS`].
    kinds: [bool; KINDS.len()],
    /// The message that it is.
    message: Option<usize>,
    /// The enumeration that it is of.
    enumeration: Option<usize>,
    is_text: bool,
    is_repeated: bool,
}

/// What came of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Fits,
    /// A field is not described.
    Field,
    /// A field is written as one of another type.
    Type,
    /// A value is none of its enumeration.
    Value,
    /// A text is not UTF-8.
    Text,
    /// A field is missing that is required.
    Required,
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
        let mut tables = Tables {
            known: &known,
            numbers: HashMap::new(),
            enumerations: HashMap::new(),
            open: Vec::new(),
        };
        let mut out = Self {
            methods: BTreeMap::new(),
            messages: Vec::new(),
            enumerations: Vec::new(),
            requires: false,
            depth,
            unknown_fields,
        };
        for operation in &document.operations {
            let OperationKind::Grpc { client_streams, server_streams } = operation.kind else {
                continue;
            };
            let input = operation.bodies.first().and_then(|body| body.schema);
            let output = operation.responses.first().and_then(|response| response.bodies.first());
            let output = output.and_then(|body| body.schema);
            let mut side = |place: Option<Place>, streams| {
                let message = place.and_then(|place| tables.number(place, &mut out.messages));
                Direction { message, streams }
            };
            let sides = [side(input, client_streams), side(output, server_streams)];
            out.methods.insert(operation.path.trim_start_matches('/').to_owned(), sides);
        }
        if out.methods.is_empty() {
            return Err("describes no service".to_owned());
        }
        tables.fill(&mut out);
        out.requires = out.messages.iter().any(|table| !table.required.is_empty());
        Ok(out)
    }

    /// Whether a method is described.
    pub(super) fn has(&self, method: &str) -> bool {
        self.methods.contains_key(method)
    }

    /// Whether a direction of a method may have several messages; `None` when the method is not described.
    pub(super) fn streams(&self, said: Said<'_>) -> Option<bool> {
        self.direction(said).map(|direction| direction.streams)
    }

    fn direction(&self, said: Said<'_>) -> Option<Direction> {
        let [input, output] = self.methods.get(said.method)?;
        Some(if said.from_client { *input } else { *output })
    }

    /// Compares a message of a call, as long as the processor time of this thread is before `until`.
    pub(super) fn compare(&self, said: Said<'_>, message: &[u8], until: u64) -> Fit {
        let first = self.direction(said).and_then(|direction| direction.message);
        let Some(first) = first else { return Fit::Fits };
        let mut open = vec![Open { bytes: message, number: first, depth: 1, is_part: false }];
        while let Some(one) = open.pop() {
            if one.depth > self.depth {
                return Fit::Depth;
            }
            if thread_nanos() > until {
                return Fit::OutOfTime;
            }
            let Some(values) = protobuf::message(one.bytes) else { return Fit::NoMessage };
            let Some(table) = self.messages.get(one.number) else { continue };
            if !one.is_part && table.lacks(&values) {
                return Fit::Required;
            }
            // One that is there in parts is put together (protobuf.dev, "Last One Wins").
            let times = if self.requires { times(&values) } else { HashMap::new() };
            for (number, value) in values {
                let Some(field) = table.fields.get(&number) else {
                    if self.unknown_fields {
                        continue;
                    }
                    return Fit::Field;
                };
                let fit = self.value(field, value, until);
                if fit != Fit::Fits {
                    return fit;
                }
                if let (Some(of), Wire::Length(bytes)) = (field.message, value) {
                    let is_part =
                        !field.is_repeated && times.get(&number).is_some_and(|times| *times > 1);
                    open.push(Open { bytes, number: of, depth: one.depth + 1, is_part });
                }
            }
        }
        Fit::Fits
    }

    /// Compares what is no message.
    fn value(&self, field: &Field, value: Wire<'_>, until: u64) -> Fit {
        let at = KINDS.iter().position(|kind| *kind == kind_of(value)).unwrap_or(0);
        if !field.kinds[at] {
            return Fit::Type;
        }
        if let (true, Wire::Length(text)) = (field.is_text, value)
            && std::str::from_utf8(text).is_err()
        {
            return Fit::Text;
        }
        let known = field.enumeration.and_then(|at| self.enumerations.get(at));
        let Some(known) = known.filter(|_| !self.unknown_fields) else { return Fit::Fits };
        // Of more than 32 bits the others are left out ("Encoding").
        let is_known = |value: u64| {
            let number = u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0).cast_signed();
            known.binary_search(&number).is_ok()
        };
        match value {
            Wire::Varint(value) if !is_known(value) => Fit::Value,
            Wire::Length(packed) => {
                let (mut left, mut is_late) = (VALUES_PER_LOOK, false);
                let are_known = protobuf::are_varints(packed, |value| {
                    left -= 1;
                    if left == 0 {
                        (left, is_late) = (VALUES_PER_LOOK, thread_nanos() > until);
                    }
                    !is_late && is_known(value)
                });
                match (is_late, are_known) {
                    (true, _) => Fit::OutOfTime,
                    (false, true) => Fit::Fits,
                    (false, false) => Fit::Value,
                }
            }
            _ => Fit::Fits,
        }
    }
}

/// A message that is still to be compared.
struct Open<'m> {
    bytes: &'m [u8],
    number: usize,
    depth: u32,
    /// Whether there is more of it elsewhere.
    is_part: bool,
}

impl Table {
    /// Whether a field is missing that is required.
    fn lacks(&self, values: &[(u32, Wire<'_>)]) -> bool {
        if self.required.is_empty() {
            return false;
        }
        let there: HashSet<u32> = values.iter().map(|(number, _)| *number).collect();
        self.required.iter().any(|number| !there.contains(number))
    }
}

/// How often each field is there.
fn times(values: &[(u32, Wire<'_>)]) -> HashMap<u32, u32> {
    let mut times = HashMap::new();
    for (number, _) in values {
        *times.entry(*number).or_default() += 1;
    }
    times
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
    enumerations: HashMap<Place, usize>,
    open: Vec<(Place, usize)>,
}

impl Tables<'_, '_> {
    /// The number of a message; `None` beyond the limit.
    fn number(&mut self, place: Place, messages: &mut Vec<Table>) -> Option<usize> {
        if let Some(known) = self.numbers.get(&place) {
            return Some(*known);
        }
        if messages.len() >= MAX_MESSAGES {
            return None;
        }
        let number = messages.len();
        messages.push(Table::default());
        self.numbers.insert(place, number);
        self.open.push((place, number));
        Some(number)
    }

    /// The number of an enumeration; `None` for one without values, which says nothing.
    fn enumeration(&mut self, place: Place, all: &mut Vec<Vec<i32>>) -> Option<usize> {
        if let Some(known) = self.enumerations.get(&place) {
            return Some(*known);
        }
        let mut values: Vec<i32> = self.known.values(place).collect();
        values.sort_unstable();
        if values.is_empty() || all.len() >= MAX_MESSAGES {
            return None;
        }
        all.push(values);
        self.enumerations.insert(place, all.len() - 1);
        Some(all.len() - 1)
    }

    fn fill(&mut self, out: &mut Descriptors) {
        let known = self.known;
        while let Some((place, at)) = self.open.pop() {
            let mut table = Table::default();
            for (number, field) in known.fields(place) {
                let message = field.message.and_then(|place| self.number(place, &mut out.messages));
                let enumeration = field.enumeration;
                let enumeration =
                    enumeration.and_then(|of| self.enumeration(of, &mut out.enumerations));
                if field.is_required {
                    table.required.push(number);
                }
                let field = Field {
                    kinds: KINDS.map(|kind| field.may_be(kind)),
                    message,
                    enumeration,
                    is_text: field.type_name == "string",
                    is_repeated: field.is_repeated,
                };
                table.fields.entry(number).or_insert(field);
            }
            if let Some(empty) = out.messages.get_mut(at) {
                *empty = table;
            }
        }
    }
}
