//! The list of frameworks.

use super::{Framework, ruby::rails};

/// All frameworks that are read.
pub static FRAMEWORKS: &[&Framework] = &[&rails::FRAMEWORK];
