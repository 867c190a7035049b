//! `import`: a first configuration from what is there already. What is not understood is said, on standard error and at
//! the top of what is written; everything that restricts is monitored at first. Where the configuration may let more
//! through than its source even when all of it is enforced, warnings and the exit code say so.

mod found;
mod kong;
mod nginx;
mod openapi;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::{
    Cli, CommandError, Exit,
    arguments::{Import, ImportKind},
    terminal,
};

/// Stands before what may let more through than the source.
const LOSS: &str = "may let more through: ";
/// Most bytes of a file that are read.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

pub(super) fn run(cli: &Cli, arguments: &Import) -> Result<Exit, CommandError> {
    let text = read(&arguments.file)?;
    let wrong =
        |problem: String| CommandError::input(format!("{}: {problem}", arguments.file.display()));
    let mut found = match arguments.kind {
        ImportKind::Nginx => nginx::read(&text),
        ImportKind::Kong => kong::read(&text),
        ImportKind::Openapi => openapi::read(&text, &arguments.file),
    }
    .map_err(wrong)?;
    if let Some(upstream) = &arguments.upstream {
        found.send_to(upstream);
    }
    if found.is_empty() {
        let problem = "nothing in it says where requests go".to_owned();
        return Err(wrong(problem).help("is it of the kind that was named?"));
    }
    let (yaml, problem) = found.yaml();
    if !cli.quiet {
        found.notes().for_each(|note| anstream::eprintln!("note: {note}"));
    }
    found.losses().for_each(|loss| anstream::eprintln!("warning: {LOSS}{loss}"));
    if let Some(problem) = &problem {
        anstream::eprintln!("warning: `serve` would not take this as it is: {problem}");
    }
    terminal::write_out(arguments.out.as_deref(), yaml.as_bytes())?;
    Ok(if problem.is_some() || found.is_lossy() { Exit::Findings } else { Exit::Clean })
}

fn read(path: &Path) -> Result<String, CommandError> {
    let failed =
        |problem: String| CommandError::input(format!("cannot read {}: {problem}", path.display()));
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => io::stdin().lock().take(FILE_BYTES + 1).read_to_string(&mut text),
        false => {
            File::open(path).and_then(|file| file.take(FILE_BYTES + 1).read_to_string(&mut text))
        }
    };
    read.map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > FILE_BYTES {
        return Err(failed(format!("it has more than {FILE_BYTES} bytes")));
    }
    Ok(text)
}
