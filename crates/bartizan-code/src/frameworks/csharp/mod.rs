//! Frameworks of C#.

pub(super) mod aspnet;
mod attributes;
mod controllers;
mod endpoints;
mod example_groups;
mod examples;
mod fast;
mod invoke;
mod pipeline;
mod run;
mod services;
mod strings;
mod types;
