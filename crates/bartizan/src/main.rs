//! The `bartizan` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    bartizan::commands::run()
}
