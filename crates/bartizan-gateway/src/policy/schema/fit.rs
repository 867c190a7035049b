//! A compiled schema, and whether a value that was read fits it.

use std::collections::HashSet;

use bartizan_protocols::{NodeRef, Value as Seen};
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::{
    in_place,
    instance::{Body, Instance, Watch},
};
use crate::policy::detectors::{pace, thread_nanos};

/// Most bytes of a JSON pointer that a client is told, and of a problem of a schema.
pub(super) const TEXT_BYTES: usize = 256;
/// Longest processor time to find out why a body does not fit, in nanoseconds.
const WHY_NANOS: u64 = 1_000_000;

/// Keywords that a body can fail; `falseSchema` is the schema `false`.
const KEYWORDS: [&str; 30] = [
    "additionalItems",
    "additionalProperties",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "falseSchema",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "propertyNames",
    "required",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

/// A format that is asserted beside those of JSON Schema: its name, and whether a text is of it.
pub(in crate::policy) type OwnFormat = (&'static str, fn(&str) -> bool);

/// A compiled schema.
#[derive(Debug)]
pub(in crate::policy) struct Fit {
    validator: Validator<Body>,
    /// Names of members that the schema gives itself: others are chosen by the client.
    names: HashSet<String>,
}

/// Why a value is not known to fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Misfit {
    /// Time or room were used up before it was known.
    Ended(&'static str),
    /// The keyword that fails, and where; nothing of the value.
    Fails { keyword: &'static str, place: String },
    /// It does not fit, and there was no time to find out why.
    Unexplained,
}

impl Fit {
    /// Compiles a schema, which refers to nothing outside of it.
    ///
    /// # Errors
    /// Says what is wrong with it, and where.
    pub(in crate::policy) fn compile(
        schema: &Value,
        formats: &[OwnFormat],
    ) -> Result<Self, String> {
        in_place::check(schema)?;
        let options = jsonschema::options_for::<Body>()
            .offline()
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true);
        let options = formats
            .iter()
            .fold(options, |options, (name, is_of)| options.with_format(*name, *is_of));
        let validator = options.build(schema).map_err(|error| {
            let pointer = error.instance_path().as_str();
            let place = if pointer.is_empty() { "/" } else { pointer };
            format!("at `{}`: {}", shortened(place), shortened(&error.to_string()))
        })?;
        let mut names = HashSet::new();
        find_names(schema, &mut names);
        Ok(Self { validator, names })
    }

    /// Whether a value fits, as far as that is known when the processor time of this thread is `until`.
    pub(in crate::policy) fn check(&self, body: NodeRef<'_>, until: u64) -> Result<(), Misfit> {
        let watch = Watch::new(pace(until));
        let fits = self.validator.is_valid(Instance::At(body, &watch));
        if let Some(reason) = watch.ended() {
            return Err(Misfit::Ended(reason));
        }
        if fits {
            return Ok(());
        }
        // Compared again to say why. That is dearer and takes memory, so that it gets less time.
        let watch = Watch::new(pace(until.min(thread_nanos() + WHY_NANOS)));
        match self.validator.validate(Instance::At(body, &watch)) {
            Err(error) if watch.ended().is_none() => {
                let keyword = known(error.kind().keyword());
                Err(Misfit::Fails {
                    keyword,
                    place: self.place(error.instance_path().as_str(), body),
                })
            }
            _ => Err(Misfit::Unexplained),
        }
    }

    /// A pointer as far as its names are of the schema: what is behind may be data.
    fn place(&self, pointer: &str, body: NodeRef<'_>) -> String {
        let (mut told, mut node) = (String::new(), Some(body));
        for segment in pointer.split('/').skip(1) {
            let name = segment.replace("~1", "/").replace("~0", "~");
            let is_element = node.is_some_and(|node| node.value() == Seen::Array);
            if !is_element && !self.names.contains(&name) {
                told.push_str("/...");
                break;
            }
            told.push('/');
            told.push_str(segment);
            node = node.and_then(|node| match name.parse() {
                Ok(at) if is_element => node.children().nth(at),
                _ => node.children().find(|child| child.key() == name),
            });
        }
        shortened(&told)
    }
}

/// A keyword, as it is counted.
fn known(keyword: &str) -> &'static str {
    KEYWORDS.iter().find(|known| **known == keyword).copied().unwrap_or("schema")
}

/// The names of all properties that a schema has something to say about.
fn find_names(schema: &Value, found: &mut HashSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                found.extend(properties.keys().cloned());
            }
            members.values().for_each(|value| find_names(value, found));
        }
        Value::Array(elements) => elements.iter().for_each(|one| find_names(one, found)),
        _ => {}
    }
}

fn shortened(text: &str) -> String {
    let kept = &text[..text.floor_char_boundary(TEXT_BYTES)];
    if kept.len() < text.len() { format!("{kept}...") } else { kept.to_owned() }
}
