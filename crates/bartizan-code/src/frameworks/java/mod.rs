//! Frameworks of Java.

mod access;
mod chains;
mod controllers;
mod example_rules;
mod examples;
mod filters;
mod functions;
mod matchers;
mod methods;
mod settings;
pub(super) mod spring;
mod strings;
mod types;
