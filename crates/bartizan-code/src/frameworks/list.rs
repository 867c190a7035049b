//! The list of frameworks.

use super::{Framework, python};

/// All frameworks that are read.
pub static FRAMEWORKS: &[&Framework] =
    &[&python::django::FRAMEWORK, &python::fastapi::FRAMEWORK, &python::flask::FRAMEWORK];
