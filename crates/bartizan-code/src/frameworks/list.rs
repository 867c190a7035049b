//! The list of frameworks.

use super::{Framework, go};

/// All frameworks that are read.
pub static FRAMEWORKS: &[&Framework] =
    &[&go::chi::FRAMEWORK, &go::echo::FRAMEWORK, &go::gin::FRAMEWORK, &go::nethttp::FRAMEWORK];
