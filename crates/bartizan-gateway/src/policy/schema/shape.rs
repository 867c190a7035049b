//! A schema for a value inside of a body or message.

use bartizan_protocols::NodeRef;
use jsonschema::Validator;
use serde_json::Value;

use super::{
    instance::{Body, Instance, Watch},
    pace, validator,
};

/// A compiled schema, under the same bounds as that of a schema policy.
#[derive(Debug)]
pub(crate) struct Shape(Validator<Body>);

impl Shape {
    /// Compiles a schema.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn compile(schema: &Value) -> Result<Self, String> {
        validator(schema).map(Self)
    }

    /// Whether a value fits, as long as the processor time of this thread is before `until`.
    ///
    /// # Errors
    /// Why it was not compared to the end.
    pub(crate) fn fits(&self, value: NodeRef<'_>, until: u64) -> Result<bool, &'static str> {
        let watch = Watch::new(pace(until));
        let fits = self.0.is_valid(Instance::At(value, &watch));
        watch.ended().map_or(Ok(fits), Err)
    }
}
