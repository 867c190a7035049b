//! The list of frameworks.

use super::{Framework, go, rust};

/// All frameworks that are read.
pub static FRAMEWORKS: &[&Framework] = &[
    &rust::actix::FRAMEWORK,
    &rust::axum::FRAMEWORK,
    &go::chi::FRAMEWORK,
    &go::echo::FRAMEWORK,
    &go::gin::FRAMEWORK,
    &go::nethttp::FRAMEWORK,
];
