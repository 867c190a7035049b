//! What one operation says, compiled when the first request asks for it, and kept.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bartizan_protocols::spec::{
    ParameterIn, Place, SpecBody, SpecDocument, SpecOperation, SpecResponse, tree::Node,
};
use serde_json::{Map, Value, json};

use super::{
    dialect::{Converted, Converter, Side},
    formats,
    media::{Kind, Media},
    parameter::{LOCATIONS, Parameter, between},
    shape::Shape,
};
use crate::policy::schema::fit::Fit;

/// Most header fields of one answer that are looked at.
const FIELDS: usize = 256;

/// A compiled schema, or why there is none.
pub(super) type Compiled = Result<Arc<Part>, &'static str>;

/// A schema that values are compared with.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) fit: Fit,
    /// How it is written in texts.
    pub(super) shape: Shape,
    /// Why not all of it is compared.
    pub(super) left_out: Option<&'static str>,
}

/// Compiled schemas of a document, each once, as many as there is room for.
#[derive(Debug)]
pub(super) struct Parts {
    known: Mutex<HashMap<(Place, Side), Compiled>>,
    held: AtomicUsize,
    most: usize,
}

impl Parts {
    /// Room for so many values of schemas.
    pub(super) fn new(most: usize) -> Self {
        Self { known: Mutex::default(), held: AtomicUsize::new(0), most }
    }

    /// The schema at a place. Two that ask at once may both compile it.
    fn at(&self, document: &SpecDocument, place: Place, side: Side) -> Compiled {
        let place = if document.target(place).is_some() { document.follow(place) } else { place };
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().get(&(place, side)) {
            return known.clone();
        }
        let shape = Shape::of(document, place);
        let compiled = self.compile(|| Converter::new(document, side).convert(place), shape);
        known().entry((place, side)).or_insert(compiled).clone()
    }

    fn compile(
        &self,
        convert: impl FnOnce() -> Result<Converted, &'static str>,
        shape: Shape,
    ) -> Compiled {
        if self.held.load(Relaxed) >= self.most {
            return Err("no-room-for-schema");
        }
        let Converted { schema, values, left_out } = convert()?;
        if self.held.fetch_add(values, Relaxed) + values > self.most {
            self.held.fetch_sub(values, Relaxed);
            return Err("no-room-for-schema");
        }
        match Fit::compile(&schema, &formats::OWN) {
            Ok(fit) => Ok(Arc::new(Part { fit, shape, left_out })),
            Err(_) => Err("schema-left-out"),
        }
    }
}

/// What an operation says.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) head: Heads,
    pub(super) bodies: Vec<Body>,
    pub(super) is_body_required: bool,
    answers: Vec<Answer>,
}

/// What is said about an answer with some status.
#[derive(Debug)]
pub(super) struct Answer {
    status: String,
    pub(super) head: Heads,
    pub(super) bodies: Vec<Body>,
}

/// Parameters, or header fields of an answer.
#[derive(Debug)]
pub(super) struct Heads {
    pub(super) parameters: Vec<Parameter>,
    part: OnceLock<Compiled>,
}

/// A body of one media type.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) media: Media,
    schema: Schema,
    part: OnceLock<Compiled>,
    /// Fields whose elements are in one text, with what is between them.
    pub(super) lists: Vec<(String, char)>,
}

#[derive(Debug)]
enum Schema {
    /// Anything goes.
    None,
    At(Place),
    /// Parameters of a form (OpenAPI 2.0): their names and places, and those that must be there.
    Fields(Vec<(String, Place)>, Vec<String>),
}

/// What compiling is done with.
#[derive(Clone, Copy)]
pub(super) struct With<'a> {
    pub(super) document: &'a SpecDocument,
    pub(super) parts: &'a Parts,
    pub(super) side: Side,
}

impl Operation {
    pub(super) fn new(document: &SpecDocument, documented: &SpecOperation) -> Self {
        let parameters =
            documented.parameters.iter().filter_map(|one| Parameter::new(document, one));
        let fields: Vec<_> =
            documented.parameters.iter().filter(|one| one.location == ParameterIn::Form).collect();
        let mut bodies: Vec<Body> =
            documented.bodies.iter().map(|body| Body::new(document, body)).collect();
        if !fields.is_empty() {
            let place = |one: &&bartizan_protocols::spec::SpecParameter| {
                Some((one.name.clone(), one.schema?))
            };
            let names: Vec<_> = fields.iter().filter_map(place).collect();
            let needed: Vec<_> =
                fields.iter().filter(|one| one.required).map(|one| one.name.clone()).collect();
            let list = |one: &&bartizan_protocols::spec::SpecParameter| {
                let format = document.node(one.place).text_of("collectionFormat");
                let is_list =
                    document.node(one.place).text_of("type") == "array" && format != "multi";
                is_list.then(|| (one.name.clone(), between(format).unwrap_or(',')))
            };
            let lists: Vec<_> = fields.iter().filter_map(list).collect();
            for body in &mut bodies {
                body.schema = Schema::Fields(names.clone(), needed.clone());
                body.lists.clone_from(&lists);
            }
        }
        Self {
            head: Heads::new(parameters.collect()),
            is_body_required: documented.bodies.iter().any(|body| body.required)
                || fields.iter().any(|one| one.required),
            bodies,
            answers: documented.responses.iter().map(|one| Answer::new(document, one)).collect(),
        }
    }

    /// What is said about an answer with this status: by itself, its class, or `default`.
    pub(super) fn answer(&self, status: u16) -> Option<&Answer> {
        let (exact, class) = (status.to_string(), format!("{}XX", status / 100));
        let is = |name: &str| {
            self.answers.iter().find(|answer| answer.status.eq_ignore_ascii_case(name))
        };
        is(&exact).or_else(|| is(&class)).or_else(|| is("default"))
    }
}

impl Answer {
    fn new(document: &SpecDocument, documented: &SpecResponse) -> Self {
        let node = document.node(documented.place);
        let headers = node.get("headers").filter(|headers| headers.is_object());
        let fields =
            headers.into_iter().flat_map(Node::members).take(FIELDS).filter_map(|(name, field)| {
                let place = Place { file: documented.place.file, node: field.id() };
                Parameter::of_answer(document, name, document.follow(place))
            });
        Self {
            status: documented.status.clone(),
            head: Heads::new(fields.collect()),
            bodies: documented.bodies.iter().map(|body| Body::new(document, body)).collect(),
        }
    }
}

impl Heads {
    fn new(parameters: Vec<Parameter>) -> Self {
        Self { parameters, part: OnceLock::new() }
    }

    /// One schema for all of them, by place and name.
    pub(super) fn part(&self, with: With<'_>) -> Compiled {
        let compile = || {
            let side = Side { is_closed: false, ..with.side };
            let convert = || {
                let mut converter = Converter::new(with.document, side);
                let mut places = Map::new();
                for (location, word) in LOCATIONS {
                    let mine = self.parameters.iter().filter(|one| one.location == location);
                    let mut names = Map::new();
                    for one in mine {
                        let schema =
                            one.schema.map_or(Value::Bool(true), |place| converter.value(place, 0));
                        names.insert(one.name.clone(), schema);
                    }
                    places.insert(word.to_owned(), json!({"properties": names}));
                }
                converter.finish(json!({"properties": places}))
            };
            with.parts.compile(convert, Shape::default())
        };
        self.part.get_or_init(compile).clone()
    }
}

impl Body {
    fn new(document: &SpecDocument, documented: &SpecBody) -> Self {
        let media = Media::range(&documented.media_type);
        // Bytes of which nothing more is said.
        let is_bytes = |place: &Place| {
            media.kind() == Kind::Other
                && document.node(document.follow(*place)).text_of("format") == "binary"
        };
        let schema = documented.schema.filter(|place| !is_bytes(place));
        Self {
            media,
            schema: schema.map_or(Schema::None, Schema::At),
            part: OnceLock::new(),
            lists: documented.schema.map(|place| lists(document, place)).unwrap_or_default(),
        }
    }

    /// Its schema; `None` when anything goes.
    pub(super) fn part(&self, with: With<'_>) -> Option<Compiled> {
        let compile = || match &self.schema {
            Schema::Fields(names, needed) => {
                let convert = || {
                    let mut converter = Converter::new(with.document, with.side);
                    let properties = names
                        .iter()
                        .map(|(name, place)| (name.clone(), converter.value(*place, 0)));
                    let properties: Map<_, _> = properties.collect();
                    let is_open = !with.side.is_closed;
                    converter.finish(json!({
                        "properties": properties, "required": needed, "additionalProperties": is_open
                    }))
                };
                let places = names
                    .iter()
                    .map(|(name, place)| (name.clone(), Shape::of(with.document, *place)));
                with.parts.compile(convert, Shape::of_members(places.collect()))
            }
            Schema::At(place) => with.parts.at(with.document, *place, with.side),
            Schema::None => Err("schema-left-out"),
        };
        match self.schema {
            Schema::None => None,
            _ => Some(self.part.get_or_init(compile).clone()),
        }
    }
}

/// Fields of a form whose elements are in one text, as `encoding` beside the schema says (OpenAPI 3.1.1 section 4.8.15).
fn lists(document: &SpecDocument, schema: Place) -> Vec<(String, char)> {
    let media = document.node(schema).parent();
    let encoding =
        media.and_then(|media| media.get("encoding")).filter(|encoding| encoding.is_object());
    let list = |(name, about): (&str, Node<'_>)| {
        let style = about.text_of("style");
        let between = match style {
            "spaceDelimited" => ' ',
            "pipeDelimited" => '|',
            "form" | "" => ',',
            _ => return None,
        };
        let explode =
            about.get("explode").and_then(Node::as_bool).unwrap_or(matches!(style, "form" | ""));
        (!explode).then(|| (name.to_owned(), between))
    };
    encoding.into_iter().flat_map(Node::members).filter_map(list).collect()
}
