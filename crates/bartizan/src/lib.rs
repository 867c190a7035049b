//! Command line, configuration and output of Bartizan.

mod apart;
pub mod api;
mod catalog;
pub mod commands;
pub mod config;
pub mod discover;
mod entity_tag;
pub mod output;
pub mod serve;
