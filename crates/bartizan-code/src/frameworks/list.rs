//! The list of frameworks.

use super::Framework;

/// All frameworks that are read.
pub static FRAMEWORKS: &[&Framework] = &[];
