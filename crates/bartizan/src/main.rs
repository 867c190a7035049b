//! The `bartizan` command.

use std::process::ExitCode;

/// The allocator of the system keeps what a crowd of connections needed long after it has gone.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bartizan::commands::run()
}
