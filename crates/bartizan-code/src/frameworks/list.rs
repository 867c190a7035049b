//! The list of frameworks.

use super::{Framework, php::laravel, ruby::rails};

/// All frameworks that are read.
pub static FRAMEWORKS: &[&Framework] = &[&laravel::FRAMEWORK, &rails::FRAMEWORK];
