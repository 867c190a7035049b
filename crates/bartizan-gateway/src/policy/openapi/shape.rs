//! What a schema says about how a value is written where everything is text: in paths, queries, fields, cookies, forms.

use bartizan_protocols::spec::{
    Place, SpecDocument,
    tree::{Node, Value as Written},
};

use super::{
    dialect::together,
    text::{is_number, list, quote},
};

/// Deepest nesting that is written in texts.
const DEPTH: usize = 3;
/// Most properties of one value, and most values of one shape with all that is in it.
const MEMBERS: usize = 1_000;

/// The types that a value may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    is_number: bool,
    is_boolean: bool,
    is_text: bool,
    pub(super) is_array: bool,
    pub(super) is_object: bool,
    items: Option<Box<Self>>,
    /// By name, in order.
    members: Vec<(String, Self)>,
    /// Of properties that have no name in the schema.
    rest: Option<Box<Self>>,
}

impl Shape {
    /// The shape of what is at a place, behind references and alternatives.
    pub(super) fn of(document: &SpecDocument, place: Place) -> Self {
        let mut room = MEMBERS;
        Self::within(document, place, DEPTH, &mut room)
    }

    /// The shape of an object with these properties.
    pub(super) fn of_members(members: Vec<(String, Self)>) -> Self {
        Self { is_object: true, members, ..Self::default() }
    }

    fn within(document: &SpecDocument, place: Place, depth: usize, room: &mut usize) -> Self {
        let mut shape = Self::default();
        let Some(left) = room.checked_sub(1) else { return shape };
        *room = left;
        let mut parts = Vec::new();
        together(document, place, |at, node| parts.push((at, node)));
        let mut values = false;
        for (_, node) in &parts {
            values |= shape.note_types(*node);
        }
        if !values && !shape.has_type() {
            for (_, node) in &parts {
                shape.note_values(*node);
            }
        }
        let Some(depth) = depth.checked_sub(1) else { return shape };
        for (place, node) in parts {
            let at = |node: Node<'_>| Place { file: place.file, node: node.id() };
            if let Some(items) = node.get("items").filter(|items| items.is_object()) {
                shape
                    .items
                    .get_or_insert_with(|| Self::within(document, at(items), depth, room).into());
            }
            for (name, property) in node.get("properties").into_iter().flat_map(Node::members) {
                if shape.members.len() < MEMBERS && shape.member(name).is_none() {
                    shape
                        .members
                        .push((name.to_owned(), Self::within(document, at(property), depth, room)));
                }
            }
            if let Some(rest) = node.get("additionalProperties").filter(|rest| rest.is_object()) {
                shape
                    .rest
                    .get_or_insert_with(|| Self::within(document, at(rest), depth, room).into());
            }
        }
        shape
    }

    fn has_type(&self) -> bool {
        self.is_number || self.is_boolean || self.is_text || self.is_array || self.is_object
    }

    /// Takes in what one schema says by its types; whether it says that.
    fn note_types(&mut self, node: Node<'_>) -> bool {
        let Some(types) = node.get("type") else {
            self.is_array |= node.get("items").is_some();
            self.is_object |= node.get("properties").is_some();
            return false;
        };
        let all = types.as_str().into_iter().chain(types.children().filter_map(Node::as_str));
        for name in all {
            match name {
                "integer" | "number" => self.is_number = true,
                "boolean" => self.is_boolean = true,
                "string" | "file" => self.is_text = true,
                "array" => self.is_array = true,
                "object" => self.is_object = true,
                _ => {}
            }
        }
        true
    }

    /// Takes in what one schema says by its values, where no types are said.
    fn note_values(&mut self, node: Node<'_>) {
        let listed = node.get("enum").into_iter().flat_map(Node::children);
        for value in listed.chain(node.get("const")) {
            match value.value() {
                Written::Number(_) => self.is_number = true,
                Written::Bool(_) => self.is_boolean = true,
                Written::Text(_) => self.is_text = true,
                _ => {}
            }
        }
        let bounds = ["minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"];
        self.is_number |= bounds.iter().any(|name| node.get(name).is_some());
    }

    fn member(&self, name: &str) -> Option<&Self> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, shape)| shape)
    }

    /// Whether it has a property of this name, or properties of any name.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.member(name).is_some() || self.rest.is_some() || self.members.is_empty()
    }

    /// Whether it can be a single text.
    pub(super) fn is_scalar(&self) -> bool {
        self.is_number || self.is_boolean || self.is_text || !self.has_type()
    }

    /// Writes a text as the number, truth value or text that it stands for. A text that could be several is a
    /// number, then a truth value.
    pub(super) fn scalar(&self, out: &mut String, text: &str) {
        match text {
            "true" | "false" if self.is_boolean => out.push_str(text),
            text if self.is_number && is_number(text) => out.push_str(text),
            text => quote(out, text),
        }
    }

    /// Writes texts as elements.
    pub(super) fn array<'t>(&self, out: &mut String, texts: impl IntoIterator<Item = &'t str>) {
        let plain = Self::default();
        let items = self.items.as_deref().unwrap_or(&plain);
        list(out, texts, |out, text| items.scalar(out, text));
    }

    /// Writes names and texts as properties. A property that is a list may be there several times; every other name
    /// that is there twice stays so, and cannot be read.
    pub(super) fn object<'t>(&self, out: &mut String, pairs: &[(&'t str, &'t str)]) {
        let plain = Self::default();
        out.push('{');
        let mut written: Vec<&str> = Vec::new();
        for (name, text) in pairs {
            let shape = self.member(name).or(self.rest.as_deref()).unwrap_or(&plain);
            if shape.is_array && written.contains(name) {
                continue;
            }
            if !written.is_empty() {
                out.push(',');
            }
            written.push(name);
            quote(out, name);
            out.push(':');
            shape.text(
                out,
                pairs.iter().filter(|(other, _)| other == name).map(|(_, text)| *text),
                text,
            );
        }
        out.push('}');
    }

    /// Writes the texts of one name: all of them as a list, or `text`, which is one of them. What has parts may be
    /// written as JSON inside of a form (OpenAPI 3.0.4 section 4.7.15).
    fn text<'t>(&self, out: &mut String, all: impl Iterator<Item = &'t str> + Clone, text: &str) {
        let is_single = all.clone().nth(1).is_none();
        let is_json = |mark: char| {
            is_single
                && text.starts_with(mark)
                && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        };
        if self.is_object && is_json('{') || self.is_array && is_json('[') {
            out.push_str(text);
        } else if self.is_array && !(is_single && self.is_scalar()) {
            let item = self.items.as_deref().is_some_and(|items| items.is_object);
            let is_object = |text: &str| {
                text.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
            };
            if item && all.clone().all(is_object) {
                list(out, all, |out, text| out.push_str(text));
            } else {
                self.array(out, all);
            }
        } else {
            self.scalar(out, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_protocols::spec::{self, NoFiles};

    use super::*;

    fn shape(schema: &str) -> Shape {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: a, version: '1'}}\npaths: {{}}\ncomponents: {{schemas: {{S: {schema}, N: {{type: [integer, 'null']}}}}}}"
        );
        let document = spec::read(text.as_bytes(), &mut NoFiles).expect("read");
        let node = document.root().find("/components/schemas/S").expect("there").id();
        Shape::of(&document, Place { file: 0, node })
    }

    #[test]
    fn texts_are_what_the_schema_makes_of_them() {
        for (schema, text, expected) in [
            ("{type: string}", "17", "\"17\""),
            ("{type: integer}", "17", "17"),
            ("{type: integer}", "seventeen", "\"seventeen\""),
            ("{type: integer}", "007", "\"007\""),
            ("{type: boolean}", "true", "true"),
            ("{type: boolean}", "1", "\"1\""),
            ("{$ref: '#/components/schemas/N'}", "17", "17"),
            ("{anyOf: [{$ref: '#/components/schemas/N'}, {type: boolean}]}", "false", "false"),
            ("{enum: [1, 2]}", "1", "1"),
            ("{enum: ['1', '2']}", "1", "\"1\""),
            ("{minimum: 1}", "1", "1"),
            ("{}", "1", "\"1\""),
        ] {
            let mut out = String::new();
            shape(schema).scalar(&mut out, text);
            assert_eq!(out, expected, "{schema}");
        }
    }

    #[test]
    fn properties_by_their_own_shapes() {
        let schema = "{type: object, properties: {n: {type: integer}, l: {type: array, items: {type: integer}}, \
                      o: {type: object}}, additionalProperties: {type: boolean}}";
        let mut out = String::new();
        let pairs = [("n", "1"), ("l", "1"), ("other", "true"), ("l", "2"), ("o", r#"{"a":1}"#)];
        shape(schema).object(&mut out, &pairs);
        assert_eq!(out, r#"{"n":1,"l":[1,2],"other":true,"o":{"a":1}}"#);
        let mut out = String::new();
        shape(schema).object(&mut out, &[("n", "1"), ("n", "2"), ("o", "{broken")]);
        assert_eq!(out, r#"{"n":1,"n":2,"o":"{broken"}"#);
    }
}
