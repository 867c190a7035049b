//! Frameworks of Rust.
//!
//! Both build routers by chains of calls; code is followed from `main` through functions and
//! closures ([`evaluate`]), and each framework says what its calls and methods do
//! ([`evaluate::Dialect`]). Guards are layers whose function refuses ([`refusal`]), and arguments
//! of handlers that cannot be had without credentials ([`extract`]).

pub(super) mod actix;
mod actix_examples;
pub(super) mod axum;
mod axum_examples;
mod crates;
mod evaluate;
mod express;
mod extract;
mod guard;
mod refusal;
mod roots;
mod text;
mod value;

/// Methods of HTTP as functions are named after them.
const METHODS: [&str; 9] =
    ["get", "post", "put", "patch", "delete", "head", "options", "connect", "trace"];
