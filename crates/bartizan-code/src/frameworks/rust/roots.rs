//! Where following Rust code begins: `main`, and what is left over.

use std::collections::{HashMap, HashSet};

use super::{
    crates::{Crates, type_name},
    evaluate::{Dialect, Evaluator, PieceKey, key},
    value::Function,
};
use crate::{
    limits::Limits,
    project::Project,
    route::Route,
    syntax::{Language, Piece},
};

/// Rounds in which callers of functions that are followed are found.
const MAX_ROUNDS: usize = 12;

/// The routes of a framework.
pub(super) fn read(
    project: &Project<'_>,
    limits: &Limits,
    dialect: &'static Dialect,
) -> Vec<Route> {
    let is_used = project
        .files(&[Language::Rust])
        .any(|file| dialect.packages.iter().any(|package| file.text.contains(package)));
    if !is_used {
        return Vec::new();
    }
    let crates = Crates::read(project);
    let mut evaluator = Evaluator::new(&crates, dialect);
    let all: Vec<_> = crates.all().into_iter().filter(|piece| !is_test(piece)).collect();
    let seeds = Seeds::read(&all, dialect);
    evaluator.worth = seeds.worth;
    let mains: Vec<_> = all
        .iter()
        .filter(|piece| {
            piece.field("name").is_some_and(|name| name.text() == "main")
                && piece.within(&["impl_item", "mod_item"]).is_none()
        })
        .copied()
        .collect();
    for piece in &mains {
        evaluator.run(Function { piece: *piece, scope: None }, None, &[]);
    }
    evaluator.makes_up = true;
    let mentions = mentions(project);
    let name = |piece: &Piece<'_>| piece.field("name").map_or("", |name| name.text()).to_owned();
    let left: Vec<_> = seeds
        .candidates
        .iter()
        .filter(|piece| {
            !evaluator.visited.contains(&key(piece))
                && (mains.is_empty() || mentions.get(&*name(piece)).is_some_and(|count| *count > 1))
        })
        .copied()
        .collect();
    let called: HashSet<&str> = left
        .iter()
        .flat_map(|piece| seeds.calls.get(&key(piece)).into_iter().flatten().copied())
        .collect();
    for (takes, is_called) in [(false, false), (false, true), (true, false), (true, true)] {
        for piece in &left {
            if takes_router(piece, dialect) == takes
                && called.contains(&*name(piece)) == is_called
                && !evaluator.visited.contains(&key(piece))
            {
                evaluator.run(Function { piece: *piece, scope: None }, None, &[]);
            }
        }
    }
    closures(&mut evaluator, &all);
    evaluator.finish(limits)
}

/// Closures that are given a router by somebody who is not seen.
fn closures<'f>(evaluator: &mut Evaluator<'_, 'f>, all: &[Piece<'f>]) {
    for piece in all {
        for closure in piece.all(&["closure_expression"]) {
            let takes = closure.field("parameters").is_some_and(|list| {
                list.children().any(|piece| piece.is(&["parameter"]) && evaluator.is_router(&piece))
            });
            if takes && !evaluator.visited.contains(&key(&closure)) {
                evaluator.run(Function { piece: closure, scope: None }, None, &[]);
            }
        }
    }
}

/// Functions by what they have to do with routers.
#[derive(Default)]
struct Seeds<'f> {
    worth: HashSet<PieceKey<'f>>,
    candidates: Vec<Piece<'f>>,
    calls: HashMap<PieceKey<'f>, HashSet<&'f str>>,
}

impl<'f> Seeds<'f> {
    fn read(all: &[Piece<'f>], dialect: &Dialect) -> Self {
        let mut seeds = Self::default();
        let mut names: HashSet<String> = HashSet::new();
        let mut called: HashMap<PieceKey<'f>, HashSet<String>> = HashMap::new();
        for piece in all {
            let here = key(piece);
            let (mut is_marked, mut calls) = (false, HashSet::new());
            let mut wide = HashSet::new();
            for inner in piece.walk() {
                match inner.kind() {
                    "identifier" | "type_identifier" | "field_identifier" => {
                        is_marked |= dialect.marks.contains(&inner.text());
                        calls.insert(inner.text());
                        if !inner.is(&["type_identifier"]) {
                            wide.insert(inner.text().to_owned());
                        }
                    }
                    "scoped_identifier" => {
                        wide.extend(owned_name(&inner));
                    }
                    _ => {}
                }
            }
            let gives_text = piece
                .field("return_type")
                .is_some_and(|written| matches!(type_name(&written), "String" | "str"));
            if is_marked {
                seeds.candidates.push(*piece);
            }
            if is_marked || gives_text {
                seeds.worth.insert(here);
                names.insert(full_name(piece));
            }
            called.insert(here, wide);
            seeds.calls.insert(here, calls);
        }
        for _ in 0..MAX_ROUNDS {
            let before = seeds.worth.len();
            for piece in all {
                let here = key(piece);
                let calls = called.get(&here);
                let is_calling =
                    calls.is_some_and(|calls| calls.iter().any(|name| names.contains(name)));
                if is_calling && seeds.worth.insert(here) {
                    names.insert(full_name(piece));
                }
            }
            if seeds.worth.len() == before {
                break;
            }
        }
        seeds
    }
}

/// `Type::name` of a function that is called so; the name alone of others.
fn full_name(function: &Piece<'_>) -> String {
    let name = function.field("name").map_or("", |name| name.text());
    let takes_self =
        function.field("parameters").is_some_and(|list| list.child(&["self_parameter"]).is_some());
    let of = function.within(&["impl_item"]).and_then(|block| block.field("type"));
    match of {
        Some(of) if !takes_self => format!("{}::{name}", type_name(&of)),
        _ => name.to_owned(),
    }
}

/// `Type::name` as a call writes it, `Self` by its name.
fn owned_name(path: &Piece<'_>) -> Option<String> {
    let name = path.field("name")?.text();
    let of = path.field("path")?.text();
    let of = of.split('<').next().unwrap_or(of);
    let of = of.rsplit("::").next().unwrap_or(of);
    if of != "Self" {
        return Some(format!("{of}::{name}"));
    }
    let of = path.within(&["impl_item"])?.field("type")?;
    Some(format!("{}::{name}", type_name(&of)))
}

fn takes_router(piece: &Piece<'_>, dialect: &Dialect) -> bool {
    piece.field("parameters").is_some_and(|list| {
        list.children()
            .filter_map(|parameter| parameter.field("type"))
            .any(|written| dialect.types.contains(&type_name(&written)))
    })
}

/// How often names occur, tests left out.
fn mentions<'f>(project: &Project<'f>) -> HashMap<&'f str, usize> {
    let mut out: HashMap<&str, usize> = HashMap::new();
    for file in project.files(&[Language::Rust]) {
        let mut open = vec![file.root()];
        while let Some(piece) = open.pop() {
            // A use alone is no call; it is counted only where it exports.
            let is_import =
                piece.is(&["use_declaration"]) && piece.child(&["visibility_modifier"]).is_none();
            if piece.is(&["identifier", "field_identifier"]) {
                *out.entry(piece.text()).or_default() += 1;
            } else if !is_import {
                open.extend(piece.children());
            }
        }
    }
    out
}

/// Whether a function is a test or in a module of tests.
fn is_test(piece: &Piece<'_>) -> bool {
    let has_attribute = |piece: &Piece<'_>, wanted: &str| {
        std::iter::successors(piece.before(), Piece::before)
            .take_while(|before| before.is(&["attribute_item"]))
            .any(|before| before.text().contains(wanted))
    };
    has_attribute(piece, "test]")
        || has_attribute(piece, "test(")
        || has_attribute(piece, "cfg(test")
        || piece
            .ancestors()
            .any(|outer| outer.is(&["mod_item"]) && has_attribute(&outer, "cfg(test"))
}
