//! The list of frameworks.

use super::{Framework, java};

/// All frameworks that are read.
pub static FRAMEWORKS: &[&Framework] = &[&java::spring::FRAMEWORK];
