//! `discover`: APIs from elsewhere than traffic.

mod crawl;
mod perimeter;
mod progress;
mod source;

use super::{Cli, CommandError, Exit, arguments::DiscoverCommand};

pub(super) fn run(cli: &Cli, command: &DiscoverCommand) -> Result<Exit, CommandError> {
    match command {
        DiscoverCommand::Source(arguments) => source::run(cli, arguments),
        DiscoverCommand::Crawl(arguments) => crawl::run(cli, arguments),
        DiscoverCommand::Perimeter(arguments) => perimeter::run(cli, arguments),
    }
}

/// A name that no path of a server has.
fn probe() -> Result<String, CommandError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| CommandError::usage(format!("cannot start: no randomness: {error}")))?;
    Ok(format!("bartizan-probe-{:016x}", u64::from_be_bytes(bytes)))
}
