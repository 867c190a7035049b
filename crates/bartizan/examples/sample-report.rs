//! Writes the report of an invented analysis, to look at: `cargo run --example sample-report -- DIR`.

use std::{fs, path::PathBuf};

use bartizan::output::{
    html::{ReportContext, render},
    text,
};

#[allow(dead_code, missing_docs, unreachable_pub, reason = "shared with the integration tests")]
#[path = "../tests/it/sample/mod.rs"]
mod sample;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let inputs = ["captures/gateway-1.jsonl".to_owned(), "captures/checkout.har".to_owned()];
    let context = ReportContext {
        title: "Example Outfitters",
        generated_at: "22 Nov 2026, 12:10 UTC",
        version: "0.1.0",
        inputs: &inputs,
        docs: sample::docs::DOCS,
    };
    let style = text::Style::detect(&std::io::stdout());
    let shown = text::analysis(&sample::analysis(), &context.docs, style, text::DEFAULT_WIDTH);
    anstream::print!("{shown}");
    for (name, analysis) in [
        ("sample", sample::analysis()),
        ("calm", sample::calm()),
        ("empty", bartizan_model::analysis::Analysis::default()),
    ] {
        fs::write(folder.join(format!("{name}.html")), render(&analysis, &context))?;
    }
    Ok(())
}
