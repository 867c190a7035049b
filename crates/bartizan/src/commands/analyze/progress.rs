//! Progress on standard error: only on a terminal, and only when it takes more than two seconds.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use bartizan_pipeline::analyze::Progress;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

const QUIET_FOR: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_millis(200);

pub(super) struct Bar {
    wanted: bool,
    begin: Instant,
    last: Instant,
    bar: Option<ProgressBar>,
}

impl Bar {
    pub(super) fn new(quiet: bool) -> Self {
        let now = Instant::now();
        Self { wanted: !quiet && std::io::stderr().is_terminal(), begin: now, last: now, bar: None }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        if !self.wanted || self.begin.elapsed() < QUIET_FOR || self.last.elapsed() < EVERY {
            return;
        }
        self.last = Instant::now();
        let bar = self.bar.get_or_insert_with(|| match progress.total {
            Some(total) => ProgressBar::new(total)
                .with_style(style("{bar:30} {percent:>3} %  {msg}  {eta} left")),
            None => ProgressBar::new_spinner().with_style(style("{spinner} {msg}")),
        });
        bar.set_position(progress.bytes);
        let seconds = self.begin.elapsed().as_secs_f64().max(0.1);
        bar.set_message(format!(
            "{} exchanges, {}, {}/s",
            HumanCount(progress.exchanges),
            HumanBytes(progress.bytes),
            HumanBytes((progress.bytes as f64 / seconds) as u64),
        ));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
