//! `SourceCodeInfo` of `google/protobuf/descriptor.proto`: where what is declared stands in its `.proto` file.

use std::collections::HashMap;

use super::super::{MAX_NESTING, wire};
use crate::spec::tree::{Position, short};

/// Most positions of one file that are kept.
const MAX_POSITIONS: usize = 200_000;
/// Longest path that is kept: a field of a message as deep as it may be.
const MAX_PATH: usize = 2 * MAX_NESTING + 4;

/// Positions by the path of what is there; hashed as `std` does, since paths come from outside.
#[derive(Default)]
pub(super) struct Positions(HashMap<Vec<u32>, Position>);

impl Positions {
    /// Reads location (1) with path (1) and span (2): line and column from 0, then the end. Only those of
    /// declarations are kept; false when there are more than fit.
    pub(super) fn read(bytes: &[u8]) -> (Self, bool) {
        let mut out = HashMap::new();
        for location in wire::all(bytes, 1) {
            let mut path = wire::numbers(location, 1, MAX_PATH + 1);
            // `option (a).b = …;` has a path that goes on with the number of `b`.
            if let [6, _, 2, _, 4, _, _] = path[..] {
                path.pop();
            }
            if path.len() > MAX_PATH || !is_declaration(&path) {
                continue;
            }
            if out.len() >= MAX_POSITIONS {
                return (Self(out), false);
            }
            let path = path.into_iter().map(|step| u32::try_from(step).unwrap_or(u32::MAX));
            let span = wire::numbers(location, 2, 2);
            let [line, column] = span[..] else { continue };
            let from_one =
                |n: u64| short(usize::try_from(n).unwrap_or(usize::MAX).saturating_add(1));
            let at = Position { line: from_one(line), column: from_one(column) };
            out.entry(path.collect()).or_insert(at);
        }
        (Self(out), true)
    }

    /// Where something is; nowhere when the set does not say.
    pub(super) fn at(&self, path: &[u32]) -> Position {
        self.known(path).unwrap_or_default()
    }

    pub(super) fn known(&self, path: &[u32]) -> Option<Position> {
        self.0.get(path).copied()
    }
}

/// Whether a path is one of services, methods and their options, messages, fields, enums, their values, or
/// of package (2) and syntax (12): their names, numbers and types have paths too.
fn is_declaration(path: &[u64]) -> bool {
    match path {
        [2 | 12] => true,
        [4..=6, _, ..] => {
            path.len().is_multiple_of(2) && path.iter().step_by(2).all(|of| (2..=6).contains(of))
        }
        _ => false,
    }
}
