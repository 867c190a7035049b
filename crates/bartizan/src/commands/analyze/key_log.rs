//! Reads the secrets of TLS connections that a client logged.

use std::{fs::File, io::Read as _, path::Path};

use bartizan_protocols::capture::KeyLog;
use zeroize::Zeroizing;

use crate::commands::{Cli, CommandError};

/// Largest key log, in bytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Reads a key log. What it holds is not shown, not even when it is malformed.
pub(super) fn read(cli: &Cli, path: &Path) -> Result<KeyLog, CommandError> {
    let name = path.display();
    let fail = |error| CommandError::input(format!("cannot read key log {name}: {error}"));
    let file = File::open(path).map_err(fail)?;
    let size = file.metadata().map_err(fail)?.len();
    // As large as the file at once: what is copied while it grows is not overwritten.
    let room = usize::try_from(size.min(MAX_BYTES)).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > MAX_BYTES {
        let most = MAX_BYTES / 1024 / 1024;
        return Err(CommandError::input(format!("key log {name} is larger than {most} MiB")));
    }
    let mut secrets = KeyLog::default();
    let lines = secrets.add(&bytes);
    if lines.taken == 0 {
        let help = "each line is a label, the random of a ClientHello and a secret, as a client \
                    with SSLKEYLOGFILE writes it";
        return Err(CommandError::input(format!("key log {name} has no secret of TLS")).help(help));
    }
    if lines.malformed + lines.beyond > 0 && !cli.quiet {
        anstream::eprintln!(
            "note: key log: {} lines are no secret, {} secrets are beyond the limit",
            lines.malformed,
            lines.beyond
        );
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_secrets_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        std::fs::write(&path, "CLIENT_RANDOM almost-a-secret\n").expect("writes");
        let cli = clap::Parser::try_parse_from(["bartizan", "analyze", "x"]).expect("parses");
        let error = read(&cli, &path).expect_err("no secret").to_string();
        assert!(error.contains("no secret of TLS") && !error.contains("almost"), "{error}");
    }
}
