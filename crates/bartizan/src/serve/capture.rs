//! `serve --capture`: exchanges as JSON lines, for `analyze`, `inspect` and later replays.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use bartizan_model::Exchange;
use bartizan_pipeline::{live::Counters, tokenise::Tokeniser};
use bartizan_protocols::exchange_json::write_line;

/// How long a line may wait before it is in the file.
pub(super) const FLUSH: Duration = Duration::from_secs(1);

/// A file of exchanges, tokenised unless clear text was asked for.
#[derive(Debug)]
pub(super) struct Capture {
    path: PathBuf,
    out: Option<BufWriter<File>>,
    tokeniser: Option<Tokeniser>,
    line: String,
    flushed: Instant,
    /// Lines that may not be in the file yet.
    waiting: u64,
    counters: Arc<Counters>,
}

impl Capture {
    /// Opens a file that only its owner may read, to append to. One that is there and that others may
    /// read or write is closed to them, which is said.
    ///
    /// # Errors
    /// When it cannot be written, or not be closed to others.
    pub(super) fn open(
        path: &Path,
        tokeniser: Option<Tokeniser>,
        counters: Arc<Counters>,
    ) -> std::io::Result<Self> {
        let mut options = File::options();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        #[cfg(unix)]
        close_to_others(path, &file)?;
        Ok(Self {
            path: path.to_path_buf(),
            out: Some(BufWriter::new(file)),
            tokeniser,
            line: String::new(),
            flushed: Instant::now(),
            waiting: 0,
            counters,
        })
    }

    /// Writes one exchange. After a failure, which is told once, nothing more is written, and counted.
    pub(super) fn write(&mut self, exchange: &Exchange) {
        self.waiting += 1;
        let Some(out) = &mut self.out else { return self.lose() };
        self.line.clear();
        match &self.tokeniser {
            Some(tokeniser) => {
                let mut exchange = exchange.clone();
                tokeniser.exchange(&mut exchange);
                write_line(&mut self.line, &exchange);
            }
            None => write_line(&mut self.line, exchange),
        }
        self.line.push('\n');
        let written = out.write_all(self.line.as_bytes());
        self.check(written);
        if self.flushed.elapsed() >= FLUSH {
            self.flush();
        }
    }

    /// Puts into the file what waits.
    pub(super) fn flush(&mut self) {
        self.flushed = Instant::now();
        let written = self.out.as_mut().map_or(Ok(()), |out| out.flush());
        self.check(written);
        self.waiting = 0;
    }

    fn lose(&mut self) {
        self.counters.capture_lost.fetch_add(std::mem::take(&mut self.waiting), Relaxed);
    }

    fn check(&mut self, written: std::io::Result<()>) {
        if let Err(error) = written {
            anstream::eprintln!(
                "warning: {} cannot be written any more: {error}; the capture ends here",
                self.path.display()
            );
            self.out = None;
            self.lose();
        }
    }
}

/// Takes the rights of all others from a file: what was captured is the business of its owner. Devices and
/// pipes keep theirs.
#[cfg(unix)]
fn close_to_others(path: &Path, file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = file.metadata()?;
    let mode = metadata.permissions().mode() & 0o777;
    if !metadata.is_file() || mode & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    anstream::eprintln!(
        "warning: others might read or write {} (mode {mode:o}); now only its owner may (600)",
        path.display()
    );
    Ok(())
}
