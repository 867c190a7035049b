//! The list of frameworks.

use super::{Framework, csharp, java};

/// All frameworks that are read.
pub static FRAMEWORKS: &[&Framework] = &[&csharp::aspnet::FRAMEWORK, &java::spring::FRAMEWORK];
