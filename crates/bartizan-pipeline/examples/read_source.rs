//! Reads captures and logs and writes every exchange as a JSON line, or, with `--count`, how fast
//! they were read: `cargo run --release --example read_source -- --count capture.har`. With
//! `--keylog FILE` in front of that, TLS in captures is read with these secrets.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Instant,
};

use bartizan_pipeline::sources::{Item, OpenOptions, SkipTally, Source};
use bartizan_protocols::{capture::KeyLog, exchange_json::write_line};

fn main() -> io::Result<()> {
    let mut paths: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let mut secrets = KeyLog::default();
    if paths.first().is_some_and(|first| first.as_os_str() == "--keylog") && paths.len() > 1 {
        let lines = secrets.add(&std::fs::read(paths.remove(1))?);
        writeln!(io::stderr(), "secrets: {} taken, {} malformed", lines.taken, lines.malformed)?;
        paths.remove(0);
    }
    let count_only = paths.first().is_some_and(|first| first.as_os_str() == "--count");
    if count_only {
        paths.remove(0);
    }
    let mut out = io::stdout().lock();
    let begin = Instant::now();
    match OpenOptions::new().secrets(secrets).open_all(&paths) {
        Ok(mut source) => {
            let (exchanges, skips) = read(&mut *source, count_only, &mut out)?;
            let seconds = begin.elapsed().as_secs_f64();
            let megabytes = source.position() as f64 / 1e6;
            writeln!(
                io::stderr(),
                "{} {}: {exchanges} exchanges, skipped {{{skips}}}, {megabytes:.1} MB in \
                 {seconds:.3} s, {:.0} MB/s, {:.0} exchanges/s",
                source.format(),
                source.name(),
                megabytes / seconds,
                exchanges as f64 / seconds,
            )
        }
        Err(error) => writeln!(io::stderr(), "error: {error}"),
    }
}

fn read(
    source: &mut dyn Source,
    count_only: bool,
    out: &mut impl Write,
) -> io::Result<(u64, SkipTally)> {
    let mut skips = SkipTally::default();
    let mut exchanges = 0;
    let mut line = String::new();
    while let Some(item) = source.next() {
        match item {
            Ok(Item::Exchange(exchange)) => {
                exchanges += 1;
                if !count_only {
                    line.clear();
                    write_line(&mut line, &exchange);
                    writeln!(out, "{}", line.trim_end())?;
                }
            }
            Ok(Item::Skipped(skipped)) => skips.add(skipped),
            Err(error) => writeln!(io::stderr(), "error: {error}")?,
        }
    }
    Ok((exchanges, skips))
}
