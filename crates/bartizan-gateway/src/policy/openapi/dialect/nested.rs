//! Keywords whose values hold schemas, or names of properties.

use bartizan_protocols::spec::{Place, tree::Node};
use serde_json::{Map, Value, json};

use super::{Converter, KEYWORD, PATTERN, Part, formats, is_foreign};

impl<'d> Converter<'d> {
    pub(super) fn required(&mut self, part: &Part<'d, '_>, out: &mut Map<String, Value>) {
        // In OpenAPI 2.0 a truth value belongs to the parameter around the schema.
        if part.value.as_bool().is_some() {
            return;
        }
        if !part.value.is_array() {
            return self.leave_out(KEYWORD);
        }
        let names = part.value.children().filter_map(Node::scalar);
        let mut names: Vec<_> = names.filter(|name| !part.hidden.contains(name)).collect();
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            out.insert("required".to_owned(), json!(names));
        }
    }

    pub(super) fn properties(&mut self, part: &Part<'d, '_>, out: &mut Map<String, Value>) {
        if !part.value.is_object() {
            return self.leave_out(KEYWORD);
        }
        let mut all = Map::new();
        for (name, property) in part.value.members() {
            let place = Place { file: part.file, node: property.id() };
            let is_foreign = is_foreign(self.document, place, property, self.side.foreign());
            let schema = match self.side.is_one_sided && is_foreign {
                true => Value::Bool(false),
                false => self.value(place, part.depth),
            };
            all.insert(name.to_owned(), schema);
        }
        out.insert("properties".to_owned(), Value::Object(all));
    }

    /// Where one of the patterns is left out, it is not known which properties are additional.
    pub(super) fn pattern_properties(&mut self, part: &Part<'d, '_>, out: &mut Map<String, Value>) {
        let mut all = Map::new();
        for (pattern, property) in part.value.members() {
            if formats::is_pattern(pattern) {
                let place = Place { file: part.file, node: property.id() };
                all.insert(pattern.to_owned(), self.value(place, part.depth));
            } else {
                self.leave_out(PATTERN);
                // What it would hold is not refused as additional: a pattern of everything takes its place.
                all.insert(".*".to_owned(), Value::Bool(true));
            }
        }
        out.insert("patternProperties".to_owned(), Value::Object(all));
    }

    pub(super) fn members(&mut self, part: &Part<'d, '_>) -> Option<Value> {
        let mut all = Map::new();
        for (name, one) in part.value.is_object().then(|| part.value.members())? {
            let place = Place { file: part.file, node: one.id() };
            all.insert(name.to_owned(), self.schema(place, part.depth));
        }
        Some(Value::Object(all))
    }

    pub(super) fn list(&mut self, part: &Part<'d, '_>, is_values: bool) -> Option<Value> {
        let mut all = Vec::new();
        for one in part.value.is_array().then(|| part.value.children())? {
            let place = Place { file: part.file, node: one.id() };
            let inherits =
                one.get("$ref").is_none() && one.get("required").is_some() && one.is_object();
            all.push(match is_values {
                true => self.value(place, part.depth),
                // What is required here may be named by one of the others.
                false if inherits => {
                    let mut schema = self.schema(place, part.depth);
                    if let Some(Value::Array(names)) = schema.get_mut("required") {
                        names.retain(|name| {
                            name.as_str().is_none_or(|name| !part.hidden.contains(name))
                        });
                    }
                    schema
                }
                false => self.schema(place, part.depth),
            });
        }
        (!all.is_empty()).then_some(Value::Array(all))
    }

    /// `items` with one schema for each element, and `additionalItems` for those behind (draft 4).
    pub(super) fn tuple(&mut self, part: &Part<'d, '_>, out: &mut Map<String, Value>) {
        if let Some(list) = self.list(part, true) {
            out.insert("prefixItems".to_owned(), list);
        }
        if let Some(rest) = part.node.get("additionalItems") {
            let rest = self.value(Place { file: part.file, node: rest.id() }, part.depth);
            out.insert("items".to_owned(), rest);
        }
    }

    pub(super) fn dependencies(&mut self, part: &Part<'d, '_>, out: &mut Map<String, Value>) {
        let (mut names, mut schemas) = (Map::new(), Map::new());
        for (name, one) in part.value.members() {
            if one.is_array() {
                let needed: Vec<_> = one.children().filter_map(Node::as_str).collect();
                names.insert(name.to_owned(), json!(needed));
            } else {
                let place = Place { file: part.file, node: one.id() };
                schemas.insert(name.to_owned(), self.schema(place, part.depth));
            }
        }
        out.insert("dependentRequired".to_owned(), Value::Object(names));
        out.insert("dependentSchemas".to_owned(), Value::Object(schemas));
    }
}
