//! JavaScript and TypeScript: values are followed through the code, frameworks say what calls of
//! theirs mean.

mod builtins;
mod calls;
mod exempt;
pub(super) mod express;
mod expressions;
pub(super) mod fastify;
mod machine;
mod modules;
pub(super) mod nestjs;
mod refusal;
mod roots;
mod statements;
mod value;

use crate::{project::Project, syntax::Language};

/// What is read together: scripts of all kinds import each other.
pub(super) const LANGUAGES: &[Language] =
    &[Language::JavaScript, Language::TypeScript, Language::Tsx];

/// Kinds of nodes that are functions.
const FUNCTIONS: &[&str] = &[
    "arrow_function",
    "function_expression",
    "function",
    "function_declaration",
    "generator_function_declaration",
    "method_definition",
];

/// Whether any script names one of `words`: a framework that nobody imports needs no reading.
fn mentions(project: &Project<'_>, words: &[&str]) -> bool {
    project.files(LANGUAGES).any(|file| words.iter().any(|word| file.text.contains(word)))
}
