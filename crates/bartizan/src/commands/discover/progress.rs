//! How far a search is, on standard error.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::ProgressBar;

/// Nothing is shown before, as small things are done by then.
const QUIET_FOR: Duration = Duration::from_secs(2);

/// Says how far it is, on a terminal, once it takes long.
pub(super) struct Progress {
    wanted: bool,
    begin: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        let wanted = !quiet && std::io::stderr().is_terminal();
        Self { wanted, begin: Instant::now(), bar: None }
    }

    /// Shows what `told` says.
    pub(super) fn show(&mut self, told: impl FnOnce() -> String) {
        if self.wanted && self.begin.elapsed() > QUIET_FOR {
            let bar = self.bar.get_or_insert_with(ProgressBar::new_spinner);
            bar.tick();
            bar.set_message(told());
        }
    }

    pub(super) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
