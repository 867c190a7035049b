//! Which functions of a Go project have to do with routers; others are not followed.

use std::collections::{HashMap, HashSet};

use super::{
    package::{Packages, receiver_type},
    value::{PieceKey, key},
};
use crate::{
    project::Project,
    syntax::{Language, Piece},
};

/// Rounds in which callers of functions that are followed are found.
const MAX_ROUNDS: usize = 12;

/// Functions by what they have to do with routers.
#[derive(Debug, Default)]
pub(super) struct Seeds<'f> {
    worth: HashSet<PieceKey<'f>>,
    makers: HashSet<PieceKey<'f>>,
    /// Functions and methods that make routers or are given some, in the order of the code.
    pub(super) candidates: Vec<Piece<'f>>,
    /// How often names occur, definitions of functions left out.
    pub(super) mentions: HashMap<&'f str, usize>,
    calls: HashMap<PieceKey<'f>, HashSet<&'f str>>,
}

impl<'f> Seeds<'f> {
    /// Finds them.
    pub(super) fn read(project: &Project<'f>, packages: &Packages<'f>) -> Self {
        let mut seeds = Self::default();
        let mut all = Vec::new();
        for file in project.files(&[Language::Go]) {
            for piece in file.root().children() {
                let is_function = piece.is(&["function_declaration", "method_declaration"]);
                seeds.mention(&piece, is_function);
                if is_function {
                    seeds.function(piece, packages);
                    all.push(piece);
                }
            }
        }
        let mut names: HashSet<&str> = all
            .iter()
            .filter(|piece| seeds.worth.contains(&key(piece)))
            .filter_map(|piece| piece.field("name"))
            .map(|name| name.text())
            .collect();
        for _ in 0..MAX_ROUNDS {
            let before = names.len();
            for piece in &all {
                let here = key(piece);
                let calls = seeds.calls.get(&here);
                if !seeds.worth.contains(&here)
                    && calls.is_some_and(|calls| calls.iter().any(|name| names.contains(name)))
                {
                    seeds.worth.insert(here);
                    names.extend(piece.field("name").map(|name| name.text()));
                }
            }
            if names.len() == before {
                break;
            }
        }
        seeds
    }

    fn mention(&mut self, piece: &Piece<'f>, is_function: bool) {
        let own = piece.field("name").filter(|_| is_function);
        for name in piece.all(&["identifier", "field_identifier"]) {
            if Some(name) != own {
                *self.mentions.entry(name.text()).or_default() += 1;
            }
        }
    }

    fn function(&mut self, piece: Piece<'f>, packages: &Packages<'f>) {
        let here = key(&piece);
        let (mut is_worth, mut makes, mut is_candidate) = (false, false, false);
        for inner in piece.walk() {
            match inner.kind() {
                "selector_expression" => {
                    let (Some(operand), Some(field)) =
                        (inner.field("operand"), inner.field("field"))
                    else {
                        continue;
                    };
                    if let Some(dialect) = packages.dialect(operand.text(), piece.file) {
                        is_worth = true;
                        makes |= dialect.makers.contains(&field.text());
                        is_candidate |= makes || dialect.globals.contains(&field.text());
                    }
                }
                "qualified_type" => {
                    let of = inner.field("package").map_or("", |of| of.text());
                    is_worth |= packages.dialect(of, piece.file).is_some();
                }
                "call_expression" => {
                    let callee = inner.field("function").map_or("", |callee| callee.text());
                    let calls = self.calls.entry(here).or_default();
                    calls.insert(super::package::last_name(callee));
                }
                _ => {}
            }
        }
        is_candidate |= takes_router(&piece, packages) || holds_router(&piece, packages);
        let name = piece.field("name").map_or("", |name| name.text());
        let result = piece.field("result").map_or("", |result| result.text());
        is_worth |= is_candidate
            || result == "string"
            || name.len() < 40 && (name.starts_with("New") || name.starts_with("new"));
        if is_worth {
            self.worth.insert(here);
        }
        if makes {
            self.makers.insert(here);
        }
        if is_candidate {
            self.candidates.push(piece);
        }
    }

    /// Whether a function is to be followed.
    pub(super) fn is_worth(&self, piece: &Piece<'f>) -> bool {
        piece.is(&["func_literal"]) || self.worth.contains(&key(piece))
    }

    /// Whether a function makes a router.
    pub(super) fn makes_router(&self, piece: &Piece<'f>) -> bool {
        self.makers.contains(&key(piece))
    }

    /// Names of functions that a function calls.
    pub(super) fn calls(&self, piece: &Piece<'f>) -> Option<&HashSet<&'f str>> {
        self.calls.get(&key(piece))
    }
}

/// Whether a router is among the parameters.
pub(super) fn takes_router<'f>(piece: &Piece<'f>, packages: &Packages<'f>) -> bool {
    piece.field("parameters").is_some_and(|list| {
        list.children()
            .filter_map(|parameter| parameter.field("type"))
            .any(|written| packages.router_type(&written).is_some())
    })
}

/// Whether it is a method of a struct that has a router.
fn holds_router<'f>(piece: &Piece<'f>, packages: &Packages<'f>) -> bool {
    let of = receiver_type(piece).and_then(|of| packages.type_name(&of));
    of.is_some_and(|of| {
        packages.fields(of).iter().any(|(_, written)| packages.router_type(written).is_some())
    })
}
