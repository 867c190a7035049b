//! What could not be read, and where.

use std::fmt;

use super::{
    SpecLimit,
    tree::{Builder, Node, Position},
};

/// Most problems that are listed for one specification; more are counted.
pub const MAX_PROBLEMS: usize = 200;
/// Longest description of a problem, in bytes; a longer one ends with `…`.
const MAX_WHAT: usize = 4 * 1024;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemSeverity {
    /// Read as it was probably meant.
    Warning,
    /// A part was left out.
    Error,
}

/// Something in a specification that could not be read, or not as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// File as its references name it; empty for the one that was given.
    pub file: String,
    /// JSON pointer (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// From 1; 0 when unknown.
    pub line: u32,
    /// From 1, in Unicode scalar values; 0 when unknown.
    pub column: u32,
    /// How bad it is.
    pub severity: ProblemSeverity,
    /// What was expected, what is there, what became of it.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{} ", self.file)?;
        }
        match (self.line, self.pointer.as_str()) {
            (0, "") => {}
            (0, pointer) => write!(f, "{pointer}: ")?,
            (line, "") => write!(f, "line {line}, column {}: ", self.column)?,
            (line, pointer) => write!(f, "line {line}, column {}, {pointer}: ", self.column)?,
        }
        f.write_str(&self.what)
    }
}

/// The problems of a specification, bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems {
    list: Vec<Problem>,
    /// Beyond [`MAX_PROBLEMS`].
    more: u64,
    /// The file that is read.
    file: String,
}

impl Problems {
    pub(crate) fn in_file(file: &str) -> Self {
        Self { file: file.to_owned(), ..Self::default() }
    }

    pub(crate) fn set_file(&mut self, file: &str) {
        file.clone_into(&mut self.file);
    }

    pub(crate) fn error(&mut self, pointer: &str, at: Position, what: impl fmt::Display) {
        self.add(ProblemSeverity::Error, at, what, || pointer.to_owned());
    }

    pub(crate) fn warning(&mut self, pointer: &str, at: Position, what: impl fmt::Display) {
        self.add(ProblemSeverity::Warning, at, what, || pointer.to_owned());
    }

    /// A part that is left out where a tree is written.
    pub(crate) fn error_in(&mut self, tree: &Builder, at: Position, what: impl fmt::Display) {
        self.add(ProblemSeverity::Error, at, what, || tree.pointer());
    }

    /// A part that is read as it was probably meant where a tree is written.
    pub(crate) fn warning_in(&mut self, tree: &Builder, at: Position, what: impl fmt::Display) {
        self.add(ProblemSeverity::Warning, at, what, || tree.pointer());
    }

    /// A limit that was reached, listed in any case: it says what the list cannot.
    pub(crate) fn limit_at(&mut self, node: Node<'_>, limit: SpecLimit) {
        self.make_room();
        self.error_at(node, limit.message());
    }

    /// The same where a tree is written.
    pub(crate) fn limit_in(&mut self, tree: &Builder, at: Position, limit: SpecLimit) {
        self.make_room();
        self.error_in(tree, at, limit.message());
    }

    /// The same in a text.
    pub(crate) fn limit(&mut self, at: Position, limit: SpecLimit) {
        self.make_room();
        self.error("", at, limit.message());
    }

    fn make_room(&mut self) {
        if self.list.len() >= MAX_PROBLEMS {
            self.list.pop();
            self.more += 1;
        }
    }

    /// A part that is left out.
    pub(crate) fn error_at(&mut self, node: Node<'_>, what: impl fmt::Display) {
        self.add(ProblemSeverity::Error, node.position(), what, || node.pointer());
    }

    /// A part that is read as it was probably meant.
    pub(crate) fn warning_at(&mut self, node: Node<'_>, what: impl fmt::Display) {
        self.add(ProblemSeverity::Warning, node.position(), what, || node.pointer());
    }

    /// Pointers and texts cost their length: none for what is only counted.
    fn add(
        &mut self,
        severity: ProblemSeverity,
        at: Position,
        what: impl fmt::Display,
        pointer: impl FnOnce() -> String,
    ) {
        if self.list.len() >= MAX_PROBLEMS {
            self.more += 1;
            return;
        }
        let mut text = Bounded(String::new());
        // What does not fit is cut there, which ends the writing.
        let _ = fmt::write(&mut text, format_args!("{what}"));
        self.list.push(Problem {
            file: self.file.clone(),
            pointer: pointer(),
            line: at.line,
            column: at.column,
            severity,
            what: text.0,
        });
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.more += other.more;
        for mut problem in other.list {
            if self.list.len() >= MAX_PROBLEMS {
                self.more += 1;
            } else {
                if problem.file.is_empty() {
                    problem.file.clone_from(&self.file);
                }
                self.list.push(problem);
            }
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.list.iter().any(|problem| problem.severity == ProblemSeverity::Error)
    }

    pub(crate) fn first(&self) -> Option<&Problem> {
        self.list.first()
    }

    /// The list, and how many there are beyond it.
    pub(crate) fn into_parts(self) -> (Vec<Problem>, u64) {
        (self.list, self.more)
    }
}

/// A text that is cut behind [`MAX_WHAT`] bytes.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_WHAT.saturating_sub(self.0.len());
        self.0.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
        if text.len() > room {
            self.0.push('…');
            return Err(fmt::Error);
        }
        Ok(())
    }
}
