//! Integration tests of the binary's outputs.

mod batched;
mod browser;
mod called;
mod calling;
mod captured;
mod changed;
mod chaos;
mod checked;
mod classified;
mod clients;
mod command;
mod console;
mod contracts;
mod copied;
mod costly;
mod crawled;
mod csv;
#[cfg(feature = "lab")]
mod dashboard;
#[cfg(feature = "lab")]
mod demo;
mod detectors;
mod discovered;
#[cfg(feature = "lab")]
mod drive;
mod explained;
mod granted;
mod guarded;
mod hooked;
mod hostile;
mod html;
mod journeys;
mod json;
mod keys;
mod killed;
mod known;
mod learned;
mod linked;
mod listed;
mod placed;
#[cfg(feature = "lab")]
mod protected;
mod reloaded;
#[allow(unreachable_pub, missing_docs, reason = "shared with the example")]
mod sample;
mod serve;
mod serve_care;
mod sinks;
mod sketched;
mod split;
mod store;
mod surveyed;
mod tenants;
mod text;

use bartizan::output::html::ReportContext;

/// A context of harmless words around the sample's documentation.
fn context(inputs: &[String]) -> ReportContext<'_> {
    ReportContext {
        title: "Example Outfitters",
        generated_at: "22 Nov 2026, 12:10 UTC",
        version: "0.1.0",
        inputs,
        docs: sample::docs::DOCS,
    }
}
