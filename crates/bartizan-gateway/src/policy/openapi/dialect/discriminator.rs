//! `discriminator`: the value of one property says which of the alternatives is meant (OpenAPI 3.1.1 section 4.8.25).

use bartizan_protocols::spec::{Place, tree::Node};
use serde_json::{Map, Value, json};

use super::Converter;

/// Most alternatives.
const ALTERNATIVES: usize = 1_000;

impl<'d> Converter<'d> {
    /// A schema that compares with the alternative that a property names, and refuses every other name; takes the place
    /// of `oneOf` or `anyOf`. `None` where there is no discriminator, or where it only names what other schemas
    /// refer to, so that the alternatives themselves decide.
    pub(super) fn discriminator(
        &mut self,
        node: Node<'d>,
        file: u32,
        depth: usize,
        out: &mut Map<String, Value>,
    ) -> Option<Value> {
        let about = node.get("discriminator").filter(|about| about.is_object())?;
        let property = about.get("propertyName")?.as_str()?;
        let keyword = ["oneOf", "anyOf"]
            .into_iter()
            .find(|name| node.get(name).is_some_and(Node::is_array))?;
        let alternatives: Vec<_> = node.get(keyword)?.children().take(ALTERNATIVES + 1).collect();
        let references: Option<Vec<&str>> =
            alternatives.iter().map(|one| one.get("$ref").and_then(Node::as_str)).collect();
        let references = references.filter(|all| all.len() <= ALTERNATIVES)?;
        let mut named: Vec<(&str, usize)> = Vec::new();
        let mapping = about.get("mapping").filter(|mapping| mapping.is_object());
        for (name, target) in mapping.into_iter().flat_map(Node::members) {
            let target = target.as_str().unwrap_or("");
            let is_it = |one: &&str| **one == *target || last(one) == target;
            // What leads to none of the alternatives is not allowed by them.
            if let Some(at) = references.iter().position(is_it) {
                named.push((name, at));
            }
        }
        named.extend(references.iter().enumerate().map(|(at, one)| (last(one), at)));
        let mut schemas = Vec::new();
        for one in &alternatives {
            schemas.push(self.schema(Place { file, node: one.id() }, depth));
        }
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        let is_named = json!({"required": [property], "properties": {property: {"enum": names}}});
        let mut all: Vec<Value> = named
            .iter()
            .filter_map(|(name, at)| {
                let is_it =
                    json!({"required": [property], "properties": {property: {"const": name}}});
                Some(json!({"if": is_it, "then": schemas.get(*at)?}))
            })
            .collect();
        out.remove(keyword);
        // From 3.2 on one alternative may stand for every other name, and for none.
        let default = about.get("defaultMapping").and_then(Node::as_str);
        let default = default.and_then(|target| {
            references.iter().position(|one| *one == target || last(one) == target)
        });
        match default.and_then(|at| schemas.get(at)) {
            Some(schema) => all.push(json!({"if": is_named, "else": schema})),
            None => all.push(is_named),
        }
        Some(json!({"type": "object", "allOf": all}))
    }
}

/// The name of a schema that a reference leads to.
fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}
