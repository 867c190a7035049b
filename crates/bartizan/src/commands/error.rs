//! Errors of commands, with the exit code they lead to.

use std::{fmt, process::ExitCode};

use crate::config::ConfigError;

/// Exit codes of every command. Stated in `--help`; they never change meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: nothing at or above `--fail-on`.
    Clean,
    /// 1: findings at or above `--fail-on`; what is imported may let more through than its source.
    Findings,
    /// 2: usage or configuration error.
    Usage,
    /// 3: the input could not be read, or there was nothing in it to work on.
    Input,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command that failed: what, why, and what to do.
#[derive(Debug)]
pub struct CommandError {
    /// How the process ends.
    pub exit: Exit,
    message: String,
    help: Option<String>,
    closed_pipe: bool,
}

impl CommandError {
    /// A usage or configuration error.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), help: None, closed_pipe: false }
    }

    /// An input that cannot be read.
    pub fn input(message: impl Into<String>) -> Self {
        Self { exit: Exit::Input, ..Self::usage(message) }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Something that could not be written. A reader that went away (`| head`) is no error.
    pub fn output(what: &str, error: &std::io::Error) -> Self {
        let closed_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        let help = match error.kind() {
            std::io::ErrorKind::StorageFull => "the disk is full: free space or name another place",
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                "the folder is not writable: name another place"
            }
            std::io::ErrorKind::NotFound => "the folder does not exist",
            _ => "",
        };
        let mut out = Self::usage(format!("cannot write {what}: {error}"));
        out.help = (!help.is_empty()).then(|| help.to_owned());
        out.closed_pipe = closed_pipe;
        out
    }

    /// Whether the reader of the output went away.
    #[must_use]
    pub const fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CommandError {}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}
