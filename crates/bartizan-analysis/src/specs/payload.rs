//! What messages of channels hold, as their schemas say: the fields that an endpoint of a broker has, of which no
//! value was ever seen.

use std::collections::{BTreeMap, VecDeque};

use bartizan_model::{
    Conversation, Direction, Endpoint, GeneralStep, Location, MessageSeen, Parameter, Root,
    endpoint::{BodySeen, Bounds, InBody},
};
use bartizan_protocols::spec::{
    OperationKind, ParameterIn, Place, SpecBody, SpecDocument, SpecOperation,
};

use crate::drift::allowed::{Allowed, Reader, Schemas};

/// Most fields of one endpoint.
const MAX_FIELDS: usize = 500;
/// Most fields of all endpoints of one document together.
const MAX_ALL_FIELDS: usize = 50_000;
/// Deepest field, in steps below the message.
const MAX_DEPTH: usize = 12;
/// Most schemas of one document that are read.
const MAX_STEPS: u32 = 500_000;
/// Most kinds of messages that are named of one endpoint.
const MAX_MESSAGES: usize = 64;
/// Most fields that are named of one kind of message, as where messages are seen.
const MAX_NAMES: usize = 32;
/// Most values that are named of one field.
const MAX_WORDS: usize = 32;
/// Longest value or name of a format, in bytes; the rest is cut.
const MAX_WORD: usize = 64;

/// Fields by their place, each with how many messages have it.
type Fields = BTreeMap<(Direction, Location), (Parameter, usize)>;

/// Reads what messages of one document hold.
pub(super) struct Payloads<'d> {
    reader: Reader<'d>,
    /// Fields that there is room for.
    room: usize,
}

/// A value of a message that is still to be described.
struct Open {
    location: Location,
    name: String,
    schemas: Schemas,
    is_required: bool,
    body: u32,
    depth: usize,
}

impl<'d> Payloads<'d> {
    pub(super) fn of(document: &'d SpecDocument) -> Self {
        Self { reader: Reader::within(document, MAX_STEPS), room: MAX_ALL_FIELDS }
    }

    /// Fills in parameters of the address, kinds of messages, media types and fields.
    pub(super) fn describe(&mut self, endpoint: &mut Endpoint, operation: &SpecOperation) {
        let direction = match operation.kind {
            OperationKind::Send => Direction::Response,
            _ => Direction::Request,
        };
        let mut fields = Fields::new();
        let in_path = operation.parameters.iter().filter(|p| p.location == ParameterIn::Path);
        for written in in_path.take(MAX_FIELDS) {
            let mut location = Location::root(Root::Path);
            location.push_name(&written.name);
            let schemas = written.schema.map(|schema| vec![vec![schema]]).unwrap_or_default();
            let allowed = self.reader.allowed(&schemas);
            let (name, format) = (written.name.clone(), self.format(&schemas));
            let direction = Direction::Request;
            let mut field = parameter(name, location, direction, &allowed, format);
            field.required = Some(true);
            if field.value_type.is_empty() {
                "string".clone_into(&mut field.value_type);
            }
            fields.insert((direction, field.location.clone()), (field, operation.bodies.len()));
        }
        let mut messages = Vec::new();
        for body in &operation.bodies {
            let position = body_of(endpoint, direction, body);
            self.message(&mut fields, body, position, direction);
            if !body.type_name.is_empty() && messages.len() < MAX_MESSAGES {
                messages.push(self.named(body, direction));
            }
        }
        // What some messages lack need not be there.
        let of_all = |(mut field, messages): (Parameter, usize)| {
            let is_everywhere = messages >= operation.bodies.len();
            field.required = field.required.map(|required| required && is_everywhere);
            field
        };
        endpoint.parameters = fields.into_values().map(of_all).collect();
        messages.sort_by(|a: &MessageSeen, b| a.name.cmp(&b.name));
        messages.dedup_by(|a, b| a.name == b.name);
        endpoint.conversation = Conversation { messages, ..Conversation::default() };
    }

    /// A kind of message by its name. None of it was counted.
    fn named(&self, body: &SpecBody, direction: Direction) -> MessageSeen {
        let allowed = body.schema.map(|schema| self.reader.allowed(&[vec![schema]]));
        let members = allowed.iter().flat_map(|allowed| &allowed.properties).take(MAX_NAMES);
        let type_of = |(name, schemas): (&&str, &Schemas)| {
            let types = self.reader.allowed(schemas);
            let types: Vec<&str> = types.named_types().collect();
            ((*name).to_owned(), types.join("|"))
        };
        let (fields, types) = members.map(type_of).unzip();
        MessageSeen { direction, name: body.type_name.clone(), count: 0, fields, types }
    }

    /// Fields of one message, those that are less deep first, where there is not room for all.
    fn message(
        &mut self,
        fields: &mut Fields,
        body: &SpecBody,
        position: u32,
        direction: Direction,
    ) {
        let Some(schema) = body.schema else { return };
        let root = Open {
            location: Location::root(Root::Body),
            name: String::new(),
            schemas: vec![vec![schema]],
            is_required: true,
            body: position,
            depth: 0,
        };
        let mut open = VecDeque::from([root]);
        while let Some(one) = open.pop_front() {
            let allowed = self.reader.allowed(&one.schemas);
            let is_container = !allowed.properties.is_empty()
                || !allowed.items.is_empty()
                || !allowed.others.is_empty();
            // The message itself is no field, unless it is one value.
            if one.depth > 0 || (!is_container && allowed.named_types().next().is_some()) {
                if fields.len() >= MAX_FIELDS || self.room == 0 {
                    return;
                }
                self.room -= 1;
                let format = self.format(&one.schemas);
                add(
                    fields,
                    &one,
                    parameter(one.name.clone(), one.location.clone(), direction, &allowed, format),
                );
            }
            if one.depth < MAX_DEPTH {
                below(&mut open, &one, allowed);
            }
        }
    }

    /// The format that the first of the schemas names.
    fn format(&self, schemas: &[Vec<Place>]) -> String {
        let document = self.reader.document();
        let first = schemas.first().and_then(|all| all.first());
        let format = first.map(|place| document.node(document.follow(*place)).text_of("format"));
        beginning(format.unwrap_or_default())
    }
}

/// The position of a kind of body, which is added where it is new.
fn body_of(endpoint: &mut Endpoint, direction: Direction, body: &SpecBody) -> u32 {
    let media_type = body.media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let found = endpoint.bodies.iter().position(|one| one.media_type == media_type);
    let position = found.unwrap_or(endpoint.bodies.len());
    if found.is_none() {
        endpoint.bodies.push(BodySeen { direction, status: None, media_type, count: 0 });
    }
    // At most as many as messages of an operation.
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// Opens what a value is made of.
fn below(open: &mut VecDeque<Open>, one: &Open, allowed: Allowed<'_>) {
    let mut push = |step: GeneralStep<'_>, schemas: Schemas, is_required: bool| {
        if open.len() >= MAX_FIELDS {
            return;
        }
        let mut location = one.location.clone();
        location.push_step(&step);
        let name = match step {
            GeneralStep::Key(key) => key,
            _ => one.name.clone(),
        };
        open.push_back(Open {
            location,
            name,
            schemas,
            is_required,
            body: one.body,
            depth: one.depth + 1,
        });
    };
    for (name, schemas) in allowed.properties {
        let is_required = allowed.required.contains(name);
        push(GeneralStep::Key(name.to_owned()), schemas, is_required);
    }
    if !allowed.items.is_empty() {
        push(GeneralStep::AnyIndex, allowed.items, false);
    }
    if !allowed.others.is_empty() {
        push(GeneralStep::AnyKey, allowed.others, false);
    }
}

/// Takes in a field. What several messages have need not be of one type.
fn add(fields: &mut Fields, one: &Open, mut field: Parameter) {
    let here = InBody { body: one.body, seen: 0, of: 0 };
    field.required = Some(one.is_required);
    let key = (field.direction, field.location.clone());
    let (known, messages) = fields.entry(key).or_insert_with(|| (field.clone(), 0));
    *messages += 1;
    if !known.bodies.contains(&here) {
        known.bodies.push(here);
    }
    known.required = Some(known.required == Some(true) && one.is_required);
    if known.value_type != field.value_type {
        let types = known.value_type.split('|').chain(field.value_type.split('|'));
        let mut types: Vec<&str> = types.filter(|name| !name.is_empty()).collect();
        types.sort_unstable();
        types.dedup();
        known.value_type = types.join("|");
    }
    if known.format != field.format {
        known.format.clear();
    }
    if known.words != field.words {
        known.words.clear();
    }
}

fn parameter(
    name: String,
    location: Location,
    direction: Direction,
    allowed: &Allowed<'_>,
    format: String,
) -> Parameter {
    let mut types: Vec<&str> = allowed.named_types().collect();
    if types.is_empty() && !allowed.properties.is_empty() {
        types.push("object");
    }
    if types.is_empty() && !allowed.items.is_empty() {
        types.push("array");
    }
    let words = allowed.words.iter().flatten().take(MAX_WORDS);
    let words = words.map(|word| beginning(word)).collect();
    Parameter {
        name,
        location,
        direction,
        value_type: types.join("|"),
        format,
        required: None,
        examples_redacted: Vec::new(),
        seen: 0,
        bounds: Bounds::default(),
        words,
        pattern: String::new(),
        confidence: 0.0,
        bodies: Vec::new(),
    }
}

fn beginning(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_WORD)).unwrap_or_default().to_owned()
}
