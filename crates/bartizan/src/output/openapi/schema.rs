//! Schemas (JSON Schema 2020-12) of what was seen in bodies and parameters.

use bartizan_model::{
    Direction, Endpoint, Fields, GeneralStep, Location, Parameter, Root, Variant, endpoint::Bounds,
};
use serde_json::{Map, Value, json};

use super::xml;

/// Formats that JSON Schema knows by the same name (2020-12 validation §7.3).
const FORMATS: [&str; 10] =
    ["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"];

/// The schema of a value that is no container.
pub(super) fn scalar(parameter: &Parameter) -> Value {
    let mut schema = Map::new();
    describe(parameter, &mut schema);
    schema.into()
}

/// The schema of one kind of body of an endpoint.
pub(super) fn of_body(endpoint: &Endpoint, body: u32, direction: Direction) -> Value {
    let elements = Fields::of_xml(endpoint, body, direction);
    if elements.keys.is_empty() {
        let mut schema = of(&Fields::of(endpoint, body, direction));
        let variants = endpoint.variants.iter().filter(|variant| variant.body == body);
        variants.for_each(|variant| add_variant(&mut schema, variant));
        return schema;
    }
    xml::of_document(&elements)
}

/// Adds a form to the schema of its object.
fn add_variant(schema: &mut Value, variant: &Variant) {
    let root = Location::root(Root::Body);
    let mut steps = variant.location.steps_below(&root).into_iter().flatten();
    let object = steps.try_fold(schema, |schema, step| match step {
        GeneralStep::Key(key) => schema.get_mut("properties")?.get_mut(key),
        GeneralStep::AnyKey => schema.get_mut("additionalProperties"),
        GeneralStep::AnyIndex => schema.get_mut("items"),
        GeneralStep::Decoder(_) => None,
    });
    let Some(object) = object.and_then(Value::as_object_mut) else { return };
    let forms = object.entry("oneOf").or_insert_with(|| json!([]));
    if let Some(forms) = forms.as_array_mut() {
        forms.push(of_variant(variant));
    }
}

/// What holds of an object beside what holds of all, when a member has a certain value.
fn of_variant(variant: &Variant) -> Value {
    let names = std::iter::once(&variant.member).chain(&variant.required);
    let is = json!({ "const": variant.value });
    json!({
        "title": variant.value,
        "properties": { variant.member.as_str(): is },
        "required": names.collect::<Vec<_>>(),
    })
}

fn of(fields: &Fields<'_>) -> Value {
    let mut schema = Map::new();
    match fields.parameter {
        Some((parameter, _)) => describe(parameter, &mut schema),
        None => set_types(fields.types(), &mut schema),
    }
    if !fields.keys.is_empty() {
        let members = fields.keys.iter().map(|(key, field)| (key.clone(), of(field)));
        schema.insert("properties".into(), Value::Object(members.collect()));
        let required = fields.keys.iter().filter(|(_, field)| field.is_required());
        let required: Vec<_> = required.map(|(key, _)| key).collect();
        if !required.is_empty() {
            schema.insert("required".into(), json!(required));
        }
    }
    if let Some(value) = &fields.any_key {
        schema.insert("additionalProperties".into(), of(value));
    }
    if let Some(element) = &fields.element {
        schema.insert("items".into(), of(element));
    }
    schema.into()
}

fn set_types<'t>(names: impl Iterator<Item = &'t str>, schema: &mut Map<String, Value>) {
    let mut names: Vec<&str> = names.collect();
    if names.contains(&"number") {
        // Every integer is a number.
        names.retain(|name| *name != "integer");
    }
    names.dedup();
    match names.as_slice() {
        [] => {}
        [one] => {
            schema.insert("type".into(), (*one).into());
        }
        several => {
            schema.insert("type".into(), json!(several));
        }
    }
}

pub(super) fn describe(parameter: &Parameter, schema: &mut Map<String, Value>) {
    if parameter.confidence > 0.0 {
        schema.insert("x-bartizan-confidence".into(), of_number(parameter.confidence));
    }
    if let Some((list, element)) = repeated(parameter) {
        schema.insert("type".into(), "array".into());
        schema.insert("items".into(), scalar(&element));
        if let Some(seen) = bounds(list) {
            schema.insert("x-bartizan-bounds".into(), seen);
        }
        return;
    }
    // Bytes are a string of which nothing is said (OpenAPI 3.1.1 §4.7.14.3).
    let names = parameter.value_type.split('|').filter(|name| !name.is_empty());
    set_types(names.map(|name| if name == "binary" { "string" } else { name }), schema);
    let types = || parameter.value_type.split('|');
    if types().any(|name| name == "string") {
        let is_text_alone = types().all(|name| matches!(name, "string" | "null"));
        match parameter.format.as_str() {
            // Of a single word nobody knows which others there may be.
            "" if is_text_alone && parameter.words.len() > 1 => {
                schema.insert("enum".into(), json!(words(parameter)));
            }
            "" if !parameter.pattern.is_empty() => {
                schema.insert("pattern".into(), parameter.pattern.as_str().into());
            }
            "digits" => {
                schema.insert("pattern".into(), "^[0-9]+$".into());
            }
            "ulid" => {
                schema.insert("pattern".into(), "^[0-7][0-9A-HJKMNP-TV-Z]{25}$".into());
            }
            "hex" => {
                schema.insert("pattern".into(), "^[0-9a-fA-F]+$".into());
            }
            format if FORMATS.contains(&format) => {
                schema.insert("format".into(), format.into());
            }
            _ => {}
        }
    }
    if let Some(seen) = bounds(parameter.bounds) {
        schema.insert("x-bartizan-bounds".into(), seen);
    }
}

/// Of a name that a query or a form has several times, the bounds of the list and its element. An array of a
/// typed body has no lengths of texts.
fn repeated(parameter: &Parameter) -> Option<(Bounds, Parameter)> {
    let Bounds { length: Some(_), items, .. } = parameter.bounds else { return None };
    let list = Bounds { items, ..Bounds::default() };
    let value_type = match parameter.format.as_str() {
        "integer" => "integer",
        "decimal" => "number",
        "boolean" => "boolean",
        _ => "string",
    };
    let element = Parameter {
        value_type: value_type.to_owned(),
        bounds: Bounds { items: None, ..parameter.bounds },
        confidence: 0.0,
        ..parameter.clone()
    };
    (parameter.value_type == "array").then_some((list, element))
}

/// The words, and `null` where that was seen too.
fn words(parameter: &Parameter) -> Vec<Value> {
    let words = parameter.words.iter().map(|word| Value::from(word.as_str()));
    let null = parameter.value_type.split('|').any(|name| name == "null").then_some(Value::Null);
    words.chain(null).collect()
}

/// Bounds of what came. They are not those of what may come.
fn bounds(seen: Bounds) -> Option<Value> {
    let Bounds { number, length, items } = seen;
    let mut out = Map::new();
    if let Some(number) = number {
        out.insert("minimum".into(), of_number(number.least));
        out.insert("maximum".into(), of_number(number.most));
    }
    if let Some(length) = length {
        out.insert("minLength".into(), length.least.into());
        out.insert("maxLength".into(), length.most.into());
    }
    if let Some(items) = items {
        out.insert("minItems".into(), items.least.into());
        out.insert("maxItems".into(), items.most.into());
    }
    (!out.is_empty()).then(|| out.into())
}

/// Whole numbers are written without a point.
fn of_number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        (number as i64).into()
    } else {
        number.into()
    }
}
