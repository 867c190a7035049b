//! Frameworks of C#.

pub(super) mod aspnet;
mod attributes;
mod controllers;
mod endpoints;
mod examples;
mod fast;
mod pipeline;
mod run;
mod strings;
mod types;
