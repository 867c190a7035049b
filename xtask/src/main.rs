//! Repository tasks: `cargo xtask tidy` checks the rules that compilers do not know, `cargo xtask
//! generate` writes the lists of items and the reference pages (`--check` only compares).

#![allow(clippy::print_stdout, reason = "a task reports to the one who called it")]

mod generate;
mod protection;
mod tidy;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
usage: cargo xtask COMMAND

  tidy                check crate directions, licences, bans, file lengths, naming
  generate [--check]  write (or compare) lists of items and reference pages
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["tidy"] => tidy::run(),
        ["generate"] => generate::run(false),
        ["generate", "--check"] => generate::run(true),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
