//! A schema for a value inside of a body or message.

use bartizan_protocols::NodeRef;
use serde_json::Value;

use super::fit::{Fit, Misfit};

/// A compiled schema, under the same bounds as that of a schema policy.
#[derive(Debug)]
pub(crate) struct Shape(Fit);

impl Shape {
    /// Compiles a schema.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn compile(schema: &Value) -> Result<Self, String> {
        Fit::compile(schema, &[]).map(Self)
    }

    /// Whether a value fits, as long as the processor time of this thread is before `until`.
    ///
    /// # Errors
    /// Why it was not compared to the end.
    pub(crate) fn fits(&self, value: NodeRef<'_>, until: u64) -> Result<bool, &'static str> {
        match self.0.check(value, until) {
            Ok(()) => Ok(true),
            Err(Misfit::Ended(reason)) => Err(reason),
            Err(Misfit::Fails { .. } | Misfit::Unexplained) => Ok(false),
        }
    }
}
