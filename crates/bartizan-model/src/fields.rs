//! The fields of one kind of body as a tree.

use std::collections::BTreeMap;

use crate::{
    Direction, Endpoint, GeneralStep, Location, Root,
    endpoint::{InBody, MIN_REQUIRED_SAMPLES, Parameter},
};

/// A value of a body, and what is below it. The body itself is the root.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    /// What was learned of it, and how often it was in this body; `None` for the root of an object or
    /// array, which is no field.
    pub parameter: Option<(&'a Parameter, InBody)>,
    /// Members of an object.
    pub keys: BTreeMap<String, Self>,
    /// Values of an object whose keys are values themselves.
    pub any_key: Option<Box<Self>>,
    /// Elements of an array.
    pub element: Option<Box<Self>>,
}

impl<'a> Fields<'a> {
    /// The fields of a body of `endpoint`, by its position in [`Endpoint::bodies`]. Of XML there are none, and
    /// what texts turned out to hold when decoded is not among them.
    #[must_use]
    pub fn of(endpoint: &'a Endpoint, body: u32, direction: Direction) -> Self {
        Self::below(Root::Body, endpoint, body, direction)
    }

    /// The elements of a body that is XML, its outermost one as the only key; names of attributes begin with `@`.
    #[must_use]
    pub fn of_xml(endpoint: &'a Endpoint, body: u32, direction: Direction) -> Self {
        Self::below(Root::Xml, endpoint, body, direction)
    }

    fn below(from: Root, endpoint: &'a Endpoint, body: u32, direction: Direction) -> Self {
        let mut root = Self::default();
        let above = Location::root(from);
        for parameter in endpoint.parameters.iter().filter(|p| p.direction == direction) {
            let Some(seen) = parameter.bodies.iter().find(|seen| seen.body == body) else {
                continue;
            };
            if parameter.location == above {
                root.parameter.get_or_insert((parameter, *seen));
            } else if let Some(steps) = parameter.location.steps_below(&above) {
                root.insert(steps, parameter, *seen);
            }
        }
        root
    }

    fn insert(
        &mut self,
        steps: impl Iterator<Item = GeneralStep<'a>>,
        parameter: &'a Parameter,
        seen: InBody,
    ) {
        let steps: Vec<_> = steps.collect();
        if steps.iter().any(|step| matches!(step, GeneralStep::Decoder(_))) {
            return;
        }
        let mut at = self;
        for step in steps {
            at = match step {
                GeneralStep::Key(key) => at.keys.entry(key).or_default(),
                GeneralStep::AnyKey => at.any_key.get_or_insert_default().as_mut(),
                GeneralStep::AnyIndex => at.element.get_or_insert_default().as_mut(),
                GeneralStep::Decoder(_) => at,
            };
        }
        // What was granted comes first, and counts where a protocol refuses with the same status.
        at.parameter.get_or_insert((parameter, seen));
    }

    /// Names of the types that were seen here, as [`Parameter::value_type`] has them.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        let known = self.parameter.map_or("", |(parameter, _)| parameter.value_type.as_str());
        let is_root = self.parameter.is_none();
        let is_object = is_root && (!self.keys.is_empty() || self.any_key.is_some());
        let is_array = is_root && self.element.is_some();
        let inferred = [(is_object, "object"), (is_array, "array")];
        let inferred = inferred.into_iter().filter(|(is, _)| *is).map(|(_, name)| name);
        known.split('|').filter(|name| !name.is_empty()).chain(inferred)
    }

    /// Whether it was there whenever what contains it was; false with few samples.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.parameter.is_some_and(|(_, s)| s.of >= MIN_REQUIRED_SAMPLES && s.seen >= s.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_texts_hold_is_no_field() {
        let field = |location: &str| Parameter {
            name: String::new(),
            location: Location::from_text(location),
            direction: Direction::Response,
            value_type: "string".to_owned(),
            format: String::new(),
            required: None,
            examples_redacted: Vec::new(),
            seen: 5,
            bounds: crate::endpoint::Bounds::default(),
            words: Vec::new(),
            pattern: String::new(),
            confidence: 0.0,
            bodies: vec![InBody { body: 0, seen: 5, of: 5 }],
        };
        let parameters = ["body:/t!jwt/sub", "body:/a/*/b", "xml:/c", "body:/t"].map(field).into();
        let endpoint = Endpoint { parameters, ..Endpoint::default() };
        let fields = Fields::of(&endpoint, 0, Direction::Response);
        assert_eq!(fields.keys.keys().collect::<Vec<_>>(), ["a", "t"]);
        assert_eq!(fields.types().collect::<Vec<_>>(), ["object"]);
        let token = &fields.keys["t"];
        assert!(token.keys.is_empty() && token.is_required());
        let element = fields.keys["a"].element.as_ref().expect("an element");
        assert_eq!(element.keys.len(), 1);
        assert!(Fields::of(&endpoint, 1, Direction::Response).keys.is_empty());
    }
}
