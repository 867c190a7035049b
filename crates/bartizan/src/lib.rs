//! Command line, configuration and output of Bartizan.

pub mod api;
pub mod commands;
pub mod config;
pub mod output;
pub mod serve;
