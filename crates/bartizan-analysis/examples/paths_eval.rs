//! Resolves requests read as JSON lines (`host`, `method`, `url`, `status`, `ct`) and prints one
//! line per request with the template at request time and the final one, for `eval/paths.py`.
//!
//! `paths_eval FILE [--decisions FILE]`

use std::{
    io::{BufRead, BufReader, BufWriter, Write},
    time::Instant,
};

use bartizan_analysis::endpoints::{EndpointLimits, MediaKind, Outcome, Resolver};
use bartizan_model::Scope;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let input = args.get(1).ok_or("usage: paths_eval FILE [--decisions FILE]")?;
    let mut resolver = Resolver::new(Scope::default(), EndpointLimits::default());
    let started = Instant::now();
    let mut seen = Vec::new();
    for line in BufReader::new(std::fs::File::open(input)?).lines() {
        let row: Value = serde_json::from_str(&line?)?;
        let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        let url = text("url");
        let path = url.split('?').next().unwrap_or("");
        let decoded: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(decode).collect();
        let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let outcome = Outcome {
            status: row.get("status").and_then(Value::as_u64).map(|s| s as u16),
            media: MediaKind::of(&text("ct")),
            look: 0,
            read: false,
            ..Outcome::default()
        };
        let (host, method) = (text("host"), text("method"));
        let observation = resolver.observe(&host, &method, &segments, outcome);
        seen.push((observation.leaf, observation.template.path.clone()));
    }
    let mut decisions: Option<BufWriter<std::fs::File>> = match args.get(3) {
        Some(path) => Some(BufWriter::new(std::fs::File::create(path)?)),
        None => None,
    };
    resolver.consolidate_with(&mut |decision| {
        if let Some(out) = &mut decisions
            && let Ok(line) = serde_json::to_string(&decision)
        {
            let _ = writeln!(out, "{line}");
        }
    });
    eprintln!("{} requests in {:?}", seen.len(), started.elapsed());
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (leaf, first) in seen {
        let endpoint = resolver.final_endpoint(leaf);
        let line = json!({
            "endpoint": endpoint.map(|t| json!({
                "id": t.id, "method": t.method, "host": t.host, "path": t.path,
            })),
            "first": first,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn decode(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(byte) = bytes.get(i) {
        let hex = segment.get(i + 1..i + 3).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                out.push(value);
                i += 3;
            }
            _ => {
                out.push(*byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
