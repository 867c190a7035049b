//! The list of frameworks.

use super::{Framework, javascript};

/// All frameworks that are read.
pub static FRAMEWORKS: &[&Framework] =
    &[&javascript::EXPRESS, &javascript::FASTIFY, &javascript::NESTJS];
