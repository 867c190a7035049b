//! What could not be read, and where.

use std::fmt;

use super::tree::{Node, Position};

/// Most problems that are listed for one specification; more are counted.
pub const MAX_PROBLEMS: usize = 200;

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

    pub(crate) fn error(&mut self, pointer: &str, at: Position, what: impl Into<String>) {
        self.add(ProblemSeverity::Error, pointer, at, what.into());
    }

    pub(crate) fn warning(&mut self, pointer: &str, at: Position, what: impl Into<String>) {
        self.add(ProblemSeverity::Warning, pointer, at, what.into());
    }

    /// A part that is left out.
    pub(crate) fn error_at(&mut self, node: Node<'_>, what: impl Into<String>) {
        self.node(ProblemSeverity::Error, node, what.into());
    }

    /// A part that is read as it was probably meant.
    pub(crate) fn warning_at(&mut self, node: Node<'_>, what: impl Into<String>) {
        self.node(ProblemSeverity::Warning, node, what.into());
    }

    fn node(&mut self, severity: ProblemSeverity, node: Node<'_>, what: String) {
        // Pointers cost their depth: none for what is only counted.
        if self.list.len() < MAX_PROBLEMS {
            self.add(severity, &node.pointer(), node.position(), what);
        } else {
            self.more += 1;
        }
    }

    fn add(&mut self, severity: ProblemSeverity, pointer: &str, at: Position, what: String) {
        if self.list.len() >= MAX_PROBLEMS {
            self.more += 1;
            return;
        }
        self.list.push(Problem {
            file: self.file.clone(),
            pointer: pointer.to_owned(),
            line: at.line,
            column: at.column,
            severity,
            what,
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
