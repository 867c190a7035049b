//! Reads specifications and prints one JSON line per file: format, operations, servers, problems,
//! and the milliseconds that it took.
//!
//! `spec_operations [--truncate N] FILE…`: with `--truncate` each file is read cut at N places too,
//! which must neither panic nor take longer.

use std::{io::Write, path::Path, time::Instant};

use bartizan_protocols::spec::{self, Files};

/// Files below the folder of the specification.
struct Beside<'p>(&'p Path, &'p str);

impl Files for Beside<'_> {
    fn name(&self) -> &str {
        self.1
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.join(path)).map_err(|error| error.to_string())
    }
}

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut cuts = 0usize;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--truncate" {
            cuts = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(16);
            continue;
        }
        let line = of(Path::new(&argument), cuts)?;
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn of(path: &Path, cuts: usize) -> std::io::Result<serde_json::Value> {
    let bytes = std::fs::read(path)?;
    let mut files = Beside(
        path.parent().unwrap_or(Path::new("")),
        path.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
    );
    let start = Instant::now();
    let read = spec::read(&bytes, &mut files);
    let millis = start.elapsed().as_millis();
    let start = Instant::now();
    for cut in 0..cuts {
        let end = bytes.len() * cut / cuts.max(1);
        let _ = spec::read(bytes.get(..end).unwrap_or_default(), &mut files);
    }
    let truncated_millis = start.elapsed().as_millis();
    Ok(match read {
        Ok(spec) => serde_json::json!({
            "file": path,
            "format": spec.format.name(),
            "version": spec.version,
            "operations": spec.operations.iter()
                .map(|o| format!("{} {} {}", o.kind.name(), o.method, o.path))
                .collect::<Vec<_>>(),
            "servers": spec.servers.iter().map(|s| format!("{}{}", s.host, s.base_path))
                .collect::<Vec<_>>(),
            "problems": spec.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "millis": millis,
            "truncated_millis": truncated_millis,
        }),
        Err(problem) => serde_json::json!({
            "file": path, "error": problem.to_string(), "millis": millis,
            "truncated_millis": truncated_millis,
        }),
    })
}
