//! Python. [`world`] follows the modules of a project without running them; the frameworks read
//! from its log what was declared, and ask it what refuses callers.

mod asked;
mod builtins;
mod call;
mod depend;
pub(super) mod django;
mod eval;
pub(super) mod fastapi;
pub(super) mod flask;
mod guard;
mod handlers;
mod modules;
mod names;
mod operators;
mod request;
mod run;
#[cfg(test)]
mod tests;
mod tree;
mod value;
mod world;
