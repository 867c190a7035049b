//! The command line. One module per command.

mod analyze;
mod arguments;
mod changes;
mod clients;
mod config;
mod data;
#[cfg(feature = "lab")]
mod demo;
mod discover;
mod docs;
mod error;
mod exchanges;
mod explain;
mod import;
mod inspect;
mod journeys;
mod key;
mod keys;
mod knowledge;
#[cfg(feature = "lab")]
mod lab;
mod learned;
mod listing;
mod reference;
mod serve;
mod servicemap;
mod shown;
mod sinks;
mod specs;
mod split;
mod store;
mod terminal;
mod watched;
mod webhooks;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

pub(crate) use analyze::micros_now;
pub use arguments::{Cli, Command};
pub use error::{CommandError, Exit};

/// Parses the command line, runs the command and turns its result into an exit code.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // Help and version are no errors.
            return if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    match dispatch(&cli) {
        Ok(exit) => exit.into(),
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            error.exit.into()
        }
    }
}

fn dispatch(cli: &Cli) -> Result<Exit, CommandError> {
    match &cli.command {
        Command::Analyze(arguments) => analyze::run(cli, arguments),
        Command::Inspect(arguments) => inspect::run(cli, arguments),
        Command::Serve(arguments) => serve::run(cli, arguments),
        Command::Discover(command) => discover::run(cli, command),
        Command::Catalog(arguments) => listing::catalog(cli, arguments),
        Command::Findings(arguments) => listing::findings(cli, arguments),
        Command::Incidents(arguments) => listing::incidents(cli, arguments),
        Command::Exchanges(arguments) => exchanges::run(cli, arguments),
        #[cfg(feature = "lab")]
        Command::Demo(arguments) => demo::run(cli, arguments),
        #[cfg(feature = "lab")]
        Command::Lab(arguments) => lab::run(cli, arguments),
        Command::Keys(command) => keys::run(cli, command),
        Command::Store(command) => store::run(cli, command),
        Command::Sinks(command) => sinks::run(cli, command),
        Command::Webhooks(command) => webhooks::run(cli, command),
        Command::Explain(arguments) => explain::run(cli, arguments),
        Command::Config(arguments) => config::run(cli, arguments),
        Command::Import(arguments) => import::run(cli, arguments),
        Command::Completions { shell } => {
            let mut buffer = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "bartizan", &mut buffer);
            terminal::write_out(None, &buffer)?;
            Ok(Exit::Clean)
        }
        Command::Reference { folder } => reference::run(folder),
    }
}
