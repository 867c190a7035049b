//! Frameworks of Go.
//!
//! They share one way of reading: code is followed from `main` through functions, methods,
//! structs and closures ([`evaluate`]), and each framework only says how its routers are made and
//! what their methods declare ([`value::Dialect`]). All dialects are followed together, since
//! routers of one are mounted on those of another; each framework keeps its own routes.

mod call;
pub(super) mod chi;
mod declare;
pub(super) mod echo;
mod evaluate;
mod examples;
mod express;
pub(super) mod gin;
mod gin_examples;
mod gorilla;
mod guard;
mod methods;
mod module;
pub(super) mod nethttp;
mod package;
mod refusal;
mod roots;
mod seeds;
mod statement;
mod structs;
mod text;
mod value;

use self::{roots::read, value::Dialect};

/// All dialects.
static DIALECTS: [&Dialect; 5] =
    [&chi::DIALECT, &echo::DIALECT, &gin::DIALECT, &gorilla::DIALECT, &nethttp::DIALECT];

/// Methods of HTTP as routers name their own methods: `GET`, or `Get`.
const METHODS: [&str; 9] =
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
