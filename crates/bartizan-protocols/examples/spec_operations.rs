//! Reads OpenAPI documents and prints one JSON line per file: operations, servers, problems.
//!
//! `spec_operations FILE…`

use std::io::Write;

use bartizan_protocols::openapi;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for path in std::env::args().skip(1) {
        let line = match openapi::read(&std::fs::read(&path)?) {
            Ok(spec) => serde_json::json!({
                "file": path,
                "version": spec.version,
                "operations": spec.operations.len(),
                "servers": spec.servers.iter().map(|s| format!("{}{}", s.host, s.base_path))
                    .collect::<Vec<_>>(),
                "problems": spec.problems.iter().map(|p| format!("{}: {}", p.pointer, p.message))
                    .collect::<Vec<_>>(),
            }),
            Err(problem) => serde_json::json!({"file": path, "error": problem.message}),
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}
