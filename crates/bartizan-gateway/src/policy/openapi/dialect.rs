//! Schemas of OpenAPI 2.0 to 3.2 as JSON Schema 2020-12 that refers to nothing outside of it, so that one validator
//! compares them all.
//!
//! Until 3.0 a schema is what JSON Schema draft 4 says, but for what OpenAPI changes (3.0.4 section 4.7.24): `nullable`
//! adds `null` to the `type` beside it and does nothing without one, `exclusiveMinimum` and `exclusiveMaximum` are
//! truth values, and nothing beside a `$ref` counts. From 3.1 on it is JSON Schema 2020-12, and what is beside a `$ref`
//! counts. What cannot be compared (a pattern that looks around, a reference that leads nowhere, `$dynamicRef`, a
//! keyword with a value that it cannot have) is left out, and [`Converted::left_out`] says so.

use std::collections::{HashMap, HashSet};

use bartizan_protocols::spec::{
    Place, SpecDocument,
    tree::{Node, Value as Written},
};
use serde_json::{Map, Value, json};

use super::formats;

mod discriminator;
mod nested;

/// Most values of one converted schema.
const VALUES: usize = 50_000;
/// Deepest nesting, of schemas and of the values in them.
const DEPTH: usize = 64;
/// Most schemas that one is asked together with about what it declares.
const TOGETHER: usize = 200;

/// Why something was left out; told to the operator.
pub(super) const PATTERN: &str = "pattern-left-out";
const REFERENCE: &str = "reference-left-out";
const KEYWORD: &str = "keyword-left-out";

/// What schemas mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Dialect {
    /// OpenAPI 2.0 and 3.0.
    Draft4,
    /// OpenAPI 3.1 and later.
    Draft2020,
}

impl Dialect {
    pub(super) fn of(document: &SpecDocument) -> Self {
        let is_old = document.version.starts_with('2') || document.version.starts_with("3.0");
        if is_old { Self::Draft4 } else { Self::Draft2020 }
    }
}

/// What is compared besides what schemas say themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Side {
    /// Whether it is about an answer, else about a request.
    pub(super) is_answer: bool,
    /// Whether properties that no schema names are refused.
    pub(super) is_closed: bool,
    /// Whether properties that are not of this side (`readOnly`, `writeOnly`) are refused.
    pub(super) is_one_sided: bool,
}

impl Side {
    /// The keyword of properties that the other side has only.
    pub(super) const fn foreign(self) -> &'static str {
        if self.is_answer { "writeOnly" } else { "readOnly" }
    }
}

/// A schema, converted.
#[derive(Debug)]
pub(super) struct Converted {
    pub(super) schema: Value,
    /// How many values it has.
    pub(super) values: usize,
    /// Why not all of it is compared.
    pub(super) left_out: Option<&'static str>,
}

/// Converts schemas of one document that are compared together.
pub(super) struct Converter<'d> {
    document: &'d SpecDocument,
    dialect: Dialect,
    side: Side,
    names: HashMap<Place, String>,
    waiting: Vec<Place>,
    values: usize,
    is_over: bool,
    left_out: Option<&'static str>,
    declares: HashMap<Place, bool>,
}

impl<'d> Converter<'d> {
    pub(super) fn new(document: &'d SpecDocument, side: Side) -> Self {
        Self {
            document,
            dialect: Dialect::of(document),
            side,
            names: HashMap::new(),
            waiting: Vec::new(),
            values: 0,
            is_over: false,
            left_out: None,
            declares: HashMap::new(),
        }
    }

    /// The schema at a place.
    ///
    /// # Errors
    /// When it is larger than [`VALUES`], with all that it refers to.
    pub(super) fn convert(mut self, place: Place) -> Result<Converted, &'static str> {
        let root = self.value(place, 0);
        self.finish(root)
    }

    /// A schema around those that were converted with [`Converter::value`], with all that these refer to.
    pub(super) fn finish(mut self, root: Value) -> Result<Converted, &'static str> {
        let mut parts = Map::new();
        while let Some(place) = self.waiting.pop() {
            let part = self.schema(place, 0);
            if let Some(name) = self.names.get(&place) {
                parts.insert(name.clone(), part);
            }
            if self.is_over {
                return Err("schema-over-limits");
            }
        }
        if self.is_over {
            return Err("schema-over-limits");
        }
        let mut schema = match root {
            Value::Object(members) => members,
            other => Map::from_iter([("allOf".to_owned(), json!([other]))]),
        };
        schema.insert("$defs".to_owned(), Value::Object(parts));
        Ok(Converted {
            schema: Value::Object(schema),
            values: self.values,
            left_out: self.left_out,
        })
    }

    /// The schema of a value, which no other schema is compared with as a part of: an element, a property, the whole.
    pub(super) fn value(&mut self, place: Place, depth: usize) -> Value {
        let mut schema = self.schema(place, depth);
        if self.side.is_closed
            && let Value::Object(members) = &mut schema
            && self.declares(place)
        {
            let is_plain = !["$ref", "allOf", "anyOf", "oneOf", "if"]
                .iter()
                .any(|name| members.contains_key(*name));
            let keyword = if is_plain { "additionalProperties" } else { "unevaluatedProperties" };
            if !members.contains_key("additionalProperties") {
                members.entry(keyword).or_insert(Value::Bool(false));
            }
        }
        schema
    }

    /// Whether a schema, with those that are about the same value, names properties.
    fn declares(&mut self, place: Place) -> bool {
        if let Some(known) = self.declares.get(&place) {
            return *known;
        }
        let document = self.document;
        let mut found = false;
        together(document, place, |_, node| {
            found |= node.get("properties").is_some_and(Node::is_object)
        });
        self.declares.insert(place, found);
        found
    }

    fn leave_out(&mut self, why: &'static str) {
        self.left_out.get_or_insert(why);
    }

    /// The schema at a place, as one of those that may be about a value.
    fn schema(&mut self, place: Place, depth: usize) -> Value {
        self.values += 1;
        if depth > DEPTH || self.values > VALUES {
            self.is_over = true;
            return Value::Bool(true);
        }
        let node = self.document.node(place);
        match node.value() {
            // `false` itself stands for what is not of this side.
            Written::Bool(false) => json!({"not": {}}),
            Written::Bool(true) => Value::Bool(true),
            Written::Object => self.object(node, place.file, depth),
            _ => {
                self.leave_out(KEYWORD);
                Value::Bool(true)
            }
        }
    }

    fn object(&mut self, node: Node<'d>, file: u32, depth: usize) -> Value {
        let mut out = Map::new();
        let place = Place { file, node: node.id() };
        if node.get("$ref").is_some_and(|reference| reference.as_str().is_some()) {
            match self.document.target(place) {
                Some(target) => {
                    out.insert("$ref".to_owned(), self.reference(target));
                }
                None => self.leave_out(REFERENCE),
            }
            if self.dialect == Dialect::Draft4 {
                return Value::Object(out);
            }
        }
        let hidden = self.hidden(place);
        for (name, value) in node.members() {
            self.values += 1;
            let part = Part { node, value, file, depth: depth + 1, hidden: &hidden };
            self.keyword(name, &part, &mut out);
        }
        self.types(node, &mut out);
        if let Some(extra) = self.discriminator(node, file, depth + 1, &mut out) {
            both(&mut out, extra);
        }
        Value::Object(out)
    }

    fn reference(&mut self, target: Place) -> Value {
        let next = self.names.len();
        let name = self.names.entry(target).or_insert_with(|| {
            self.waiting.push(target);
            next.to_string()
        });
        Value::String(format!("#/$defs/{name}"))
    }

    /// Names of properties that are only of the other side, and therefore not required on this one.
    fn hidden(&self, place: Place) -> HashSet<&'d str> {
        let mut names = HashSet::new();
        let (document, foreign) = (self.document, self.side.foreign());
        if document.node(place).get("required").is_none()
            && document.node(place).get("allOf").is_none()
        {
            return names;
        }
        together(document, place, |at, node| {
            for (name, property) in node.get("properties").into_iter().flat_map(Node::members) {
                let place = Place { file: at.file, node: property.id() };
                if is_foreign(document, place, property, foreign) {
                    names.insert(name);
                }
            }
        });
        names
    }

    fn keyword(&mut self, name: &str, part: &Part<'d, '_>, out: &mut Map<String, Value>) {
        let is_new = self.dialect == Dialect::Draft2020;
        let value = part.value;
        let is_false = value.as_bool() == Some(false);
        let converted = match name {
            "multipleOf" | "maximum" | "minimum" => number(value),
            "exclusiveMaximum" | "exclusiveMinimum" if is_new => number(value),
            "exclusiveMaximum" => return self.exclusive(name, "maximum", part, out),
            "exclusiveMinimum" => return self.exclusive(name, "minimum", part, out),
            "maxLength" | "minLength" if is_binary(part.node) => return,
            "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties"
            | "minProperties" => count(value),
            "maxContains" | "minContains" if is_new => count(value),
            "uniqueItems" => value.as_bool().map(Value::Bool),
            "pattern" => value
                .as_str()
                .filter(|text| formats::is_pattern(text))
                .map(|text| Value::String(text.to_owned())),
            "format" => return format(part.node, out),
            "enum" => self.enumeration(part),
            "const" if is_new => self.literal(value, 0),
            "required" => return self.required(part, out),
            "properties" => return self.properties(part, out),
            "patternProperties" => return self.pattern_properties(part, out),
            "additionalProperties" if is_false => Some(Value::Bool(false)),
            "unevaluatedProperties" | "unevaluatedItems" if is_new && is_false => {
                Some(Value::Bool(false))
            }
            "additionalProperties" => Some(self.value(part.place(), part.depth)),
            "items" if value.is_array() && !is_new => return self.tuple(part, out),
            "items" => Some(self.value(part.place(), part.depth)),
            "prefixItems" if is_new => self.list(part, true),
            "allOf" | "anyOf" | "oneOf" => self.list(part, false),
            "not" => Some(self.schema(part.place(), part.depth)),
            "if"
            | "then"
            | "else"
            | "contains"
            | "propertyNames"
            | "unevaluatedItems"
            | "unevaluatedProperties"
                if is_new =>
            {
                Some(self.schema(part.place(), part.depth))
            }
            "dependentSchemas" if is_new => self.members(part),
            "dependentRequired" if is_new => self.literal(value, 0),
            "dependencies" if !is_new => return self.dependencies(part, out),
            "$dynamicRef" | "$recursiveRef" if is_new => return self.leave_out(REFERENCE),
            _ => return,
        };
        match converted {
            Some(converted) => drop(out.insert(name.to_owned(), converted)),
            None if name == "pattern" && value.as_str().is_some() => self.leave_out(PATTERN),
            None => self.leave_out(KEYWORD),
        }
    }

    /// A truth value that says how the keyword beside it is meant.
    fn exclusive(
        &mut self,
        name: &str,
        beside: &str,
        part: &Part<'d, '_>,
        out: &mut Map<String, Value>,
    ) {
        match (part.value.as_bool(), part.node.get(beside).and_then(number)) {
            (Some(true), Some(bound)) => drop(out.insert(name.to_owned(), bound)),
            (Some(_), _) => {}
            (None, _) => self.leave_out(KEYWORD),
        }
    }

    /// `type`, with what `nullable` makes of it.
    fn types(&mut self, node: Node<'d>, out: &mut Map<String, Value>) {
        let Some(written) = node.get("type") else { return };
        let mut types: Vec<&str> = match written.as_str() {
            Some(one) => vec![one],
            None => written.children().filter_map(Node::as_str).collect(),
        };
        let is_type = |name: &&str| {
            ["null", "boolean", "object", "array", "number", "string", "integer"].contains(name)
        };
        // A file of OpenAPI 2.0 is whatever it is.
        if types == ["file"] {
            return;
        }
        types.sort_unstable();
        types.dedup();
        if types.is_empty() || !types.iter().all(is_type) {
            return self.leave_out(KEYWORD);
        }
        let is_nullable = self.dialect == Dialect::Draft4
            && ["nullable", "x-nullable"]
                .iter()
                .any(|name| node.get(name).and_then(Node::as_bool) == Some(true));
        if is_nullable && !types.contains(&"null") {
            types.push("null");
        }
        let types = match types.as_slice() {
            [one] => json!(one),
            many => json!(many),
        };
        out.insert("type".to_owned(), types);
    }

    fn enumeration(&mut self, part: &Part<'d, '_>) -> Option<Value> {
        // What YAML reads as a number or truth value is a text where the type says so.
        let is_text = part.node.text_of("type") == "string";
        let mut values = Vec::new();
        for one in part.value.is_array().then(|| part.value.children())? {
            let text = one.scalar().filter(|_| is_text).map(|text| json!(text));
            values.push(text.or_else(|| self.literal(one, 0))?);
        }
        // Draft 4 demands a value; later ones allow a schema that nothing fits.
        let is_meant = !values.is_empty() || self.dialect == Dialect::Draft2020;
        is_meant.then_some(Value::Array(values))
    }

    /// A value as it is written.
    fn literal(&mut self, node: Node<'d>, depth: usize) -> Option<Value> {
        self.values += 1;
        if depth > DEPTH || self.values > VALUES {
            self.is_over = true;
            return None;
        }
        Some(match node.value() {
            Written::Null => Value::Null,
            Written::Bool(value) => Value::Bool(value),
            Written::Number(_) => number(node)?,
            Written::Text(text) => Value::String(text.to_owned()),
            Written::Array => {
                let all: Option<Vec<_>> =
                    node.children().map(|one| self.literal(one, depth + 1)).collect();
                Value::Array(all?)
            }
            Written::Object => {
                let all: Option<Map<_, _>> = node
                    .members()
                    .map(|(name, one)| Some((name.to_owned(), self.literal(one, depth + 1)?)))
                    .collect();
                Value::Object(all?)
            }
        })
    }
}

/// A keyword of a schema.
struct Part<'d, 'h> {
    /// The schema.
    node: Node<'d>,
    value: Node<'d>,
    file: u32,
    depth: usize,
    hidden: &'h HashSet<&'d str>,
}

impl Part<'_, '_> {
    fn place(&self) -> Place {
        Place { file: self.file, node: self.value.id() }
    }
}

/// Looks at a schema and at those that are about the same value: where references lead, and alternatives.
pub(super) fn together<'d>(
    document: &'d SpecDocument,
    place: Place,
    mut look: impl FnMut(Place, Node<'d>),
) {
    let (mut waiting, mut seen) = (vec![place], HashSet::new());
    while let Some(place) = waiting.pop() {
        if seen.len() >= TOGETHER || !seen.insert(place) {
            continue;
        }
        let node = document.node(place);
        look(place, node);
        waiting.extend(document.target(place));
        for name in ["allOf", "anyOf", "oneOf"] {
            let list = node.get(name).filter(|list| list.is_array());
            let parts = list.into_iter().flat_map(Node::children);
            waiting.extend(parts.map(|one| Place { file: place.file, node: one.id() }));
        }
    }
}

/// Whether a property says that it is of the other side only, itself or where its reference leads.
fn is_foreign(document: &SpecDocument, place: Place, property: Node<'_>, keyword: &str) -> bool {
    let says = |node: Node<'_>| node.get(keyword).and_then(Node::as_bool) == Some(true);
    says(property) || document.target(place).is_some_and(|target| says(document.node(target)))
}

/// Whether a text is not a text but bytes, whose length is not that of a text.
fn is_binary(node: Node<'_>) -> bool {
    node.text_of("format") == "binary"
}

/// What a format asks for.
fn format(node: Node<'_>, out: &mut Map<String, Value>) {
    let name = node.text_of("format");
    if formats::is_asserted(name) {
        out.insert("format".to_owned(), json!(name));
    }
    if let Some(range) = formats::range(name) {
        both(out, range);
    }
}

/// Asks for one more schema.
fn both(out: &mut Map<String, Value>, extra: Value) {
    match out.entry("allOf").or_insert_with(|| json!([])) {
        Value::Array(all) => all.push(extra),
        other => *other = json!([extra]),
    }
}

fn number(node: Node<'_>) -> Option<Value> {
    let Written::Number(text) = node.value() else { return None };
    let number = serde_json::from_str::<serde_json::Number>(text).ok();
    number.or_else(|| text.parse().ok().and_then(serde_json::Number::from_f64)).map(Value::Number)
}

fn count(node: Node<'_>) -> Option<Value> {
    let number = number(node)?;
    let whole = number.as_u64().or_else(|| {
        let value =
            number.as_f64().filter(|value| value.fract() == 0.0 && (0.0..1e15).contains(value))?;
        Some(value as u64)
    })?;
    Some(json!(whole))
}

#[cfg(test)]
mod tests;
