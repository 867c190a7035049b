//! Seeded fuzz smoke over all decoders: `fuzz-smoke [--seconds N] [--seed N] [--out DIR]`, or
//! `fuzz-smoke --replay TARGET FILE`.
//!
//! The seed is printed; it is taken from the clock unless it is given. An input that breaks
//! something is written to a file. Exit codes: 0 nothing found, 1 found, 2 usage.

use std::{
    io::Write as _,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bartizan_testkit::{
    fuzz::ENTRIES,
    smoke::{Budget, Failure, attempt, run},
};

struct Options {
    seconds: u64,
    seed: u64,
    out: PathBuf,
    replay: Option<(String, PathBuf)>,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            say(&format!(
                "{message}\nusage: fuzz-smoke [--seconds N] [--seed N] [--out DIR] | --replay TARGET FILE"
            ));
            return ExitCode::from(2);
        }
    };
    let result = match &options.replay {
        Some((target, file)) => match replay(target, file) {
            Ok(result) => result.map(|()| "holds".to_owned()),
            Err(message) => {
                say(&message);
                return ExitCode::from(2);
            }
        },
        None => {
            say(&format!("fuzz-smoke: seed {}, {} s", options.seed, options.seconds));
            run(options.seed, Budget::Time(Duration::from_secs(options.seconds)))
                .map(|summary| format!("{} inputs over {} targets", summary.inputs, ENTRIES.len()))
        }
    };
    match result {
        Ok(text) => {
            say(&format!("fuzz-smoke: {text}, nothing found"));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            report(&options, &failure);
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
    let seconds = match std::env::var("FUZZ_SECONDS") {
        Ok(text) => text.parse().map_err(|_| "FUZZ_SECONDS is no number".to_owned())?,
        Err(_) => 60,
    };
    let out = std::env::temp_dir();
    let mut options = Options { seconds, seed: clock, out, replay: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        let number = |text: String| text.parse().map_err(|_| format!("`{text}` is no number"));
        match argument.as_str() {
            "--seconds" => options.seconds = number(value()?)?,
            "--seed" => options.seed = number(value()?)?,
            "--out" => options.out = value()?.into(),
            "--replay" => options.replay = Some((value()?, value()?.into())),
            _ => return Err(format!("unknown argument `{argument}`")),
        }
    }
    Ok(options)
}

fn replay(target: &str, file: &PathBuf) -> Result<Result<(), Failure>, String> {
    let input = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let (name, entry) = ENTRIES
        .iter()
        .find(|(name, _)| *name == target)
        .ok_or_else(|| format!("no target `{target}`"))?;
    Ok(attempt(name, *entry, &input, 0))
}

fn report(options: &Options, failure: &Failure) {
    let file = options.out.join(format!("fuzz-{}-{}.bin", failure.target, failure.number));
    let what = if failure.slow { "took too long" } else { "failed" };
    say(&format!("fuzz-smoke: {} {what} on input {}", failure.target, failure.number));
    if options.replay.is_some() {
        return;
    }
    match std::fs::write(&file, &failure.input) {
        Ok(()) => say(&format!(
            "fuzz-smoke: seed {}; run again: fuzz-smoke --replay {} {}",
            options.seed,
            failure.target,
            file.display()
        )),
        Err(error) => say(&format!("fuzz-smoke: cannot write {}: {error}", file.display())),
    }
}

fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
