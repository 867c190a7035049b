//! `discover`: APIs from elsewhere than traffic.

mod crawl;
mod source;

use super::{Cli, CommandError, Exit, arguments::DiscoverCommand};

pub(super) fn run(cli: &Cli, command: &DiscoverCommand) -> Result<Exit, CommandError> {
    match command {
        DiscoverCommand::Source(arguments) => source::run(cli, arguments),
        DiscoverCommand::Crawl(arguments) => crawl::run(cli, arguments),
    }
}
