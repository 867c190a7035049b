//! What a person reads in a terminal: the analysis, lists, and single items.
//!
//! Every value of the traffic goes through [`visible`], so that the only escape sequences in the
//! output are those of [`Style`]. Severity is a word and a shape before it is a colour.

mod analysis;
mod clients;
mod crawled;
mod detail;
mod discovered;
mod journeys;
mod lists;
mod out;
mod perimeter;
mod servicemap;

pub use analysis::analysis;
pub use clients::{client, clients};
pub use crawled::crawled;
pub use detail::{endpoint, finding, incident};
pub use discovered::discovered;
pub use journeys::{journey, journeys};
pub use lists::{catalog, changes, findings, incidents};
pub(crate) use out::safe;
pub use perimeter::perimeter;
pub use servicemap::{dot, egress, services};

use anstream::{ColorChoice, stream::RawStream};
use bartizan_model::Severity;

/// Narrowest layout; a narrower terminal wraps by itself.
pub const MIN_WIDTH: usize = 60;
/// Width when the output is no terminal.
pub const DEFAULT_WIDTH: usize = 100;
/// Widest layout: longer lines are hard to read.
pub const MAX_WIDTH: usize = 160;

/// Whether colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Write ANSI colours.
    pub color: bool,
}

impl Style {
    /// No escape sequence at all.
    pub const PLAIN: Self = Self { color: false };
    /// ANSI colours.
    pub const COLORED: Self = Self { color: true };

    /// Colours when `stream` is a terminal that shows them and `NO_COLOR` is not set.
    #[must_use]
    pub fn detect<S: RawStream>(stream: &S) -> Self {
        let choice = anstream::AutoStream::choice(stream);
        let color = match choice {
            ColorChoice::Always | ColorChoice::AlwaysAnsi => true,
            ColorChoice::Auto => stream.is_terminal(),
            ColorChoice::Never => false,
        };
        Self { color }
    }

    /// `text` within an SGR sequence.
    fn paint(self, sgr: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\u{1b}[{sgr}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Shape and word of a severity, at a fixed width of 13.
    fn severity(self, severity: Severity) -> String {
        self.paint(sgr(severity), &format!("{} {:<8}", merlons(severity), severity.as_str()))
    }
}

/// SGR parameters of a severity, from the sixteen colours that every theme sets.
const fn sgr(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "2",
        Severity::Low => "34",
        Severity::Medium => "33",
        Severity::High => "1;33",
        Severity::Critical => "1;31",
    }
}

/// Four merlons, filled as far as it is bad.
pub(super) const fn merlons(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "□□□□",
        Severity::Low => "■□□□",
        Severity::Medium => "■■□□",
        Severity::High => "■■■□",
        Severity::Critical => "■■■■",
    }
}

/// The first line of a list and the first row of its table, with one blank between words.
#[cfg(test)]
fn head_and_row(text: &str) -> [String; 2] {
    let line = |at| text.lines().nth(at).unwrap_or_default().split_whitespace();
    // Between both is a rule.
    [0, 2].map(|at| line(at).collect::<Vec<_>>().join(" "))
}
