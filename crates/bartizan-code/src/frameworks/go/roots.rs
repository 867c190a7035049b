//! Where following Go code begins: `main`, and what is left over.

use std::collections::HashSet;

use super::{
    DIALECTS,
    evaluate::Evaluator,
    module::import_path,
    package::{Packages, receiver_type},
    seeds::{Seeds, takes_router},
    value::{Function, Value, key},
};
use crate::{
    limits::Limits,
    project::Project,
    route::Route,
    syntax::{Language, Piece},
};

/// The routes of the framework `own`.
pub(super) fn read(project: &Project<'_>, limits: &Limits, own: &'static str) -> Vec<Route> {
    if !is_used(project, own) {
        return Vec::new();
    }
    let packages = Packages::read(project);
    let seeds = Seeds::read(project, &packages);
    let mut evaluator = Evaluator::new(&packages, &seeds, own);
    let mut has_main = false;
    for file in project.files(&[Language::Go]) {
        for piece in file.root().children() {
            let name = piece.field("name").map_or("", |name| name.text());
            if piece.is(&["function_declaration"])
                && name == "main"
                && file
                    .root()
                    .child(&["package_clause"])
                    .is_some_and(|p| p.text().ends_with("main"))
            {
                has_main = true;
                evaluator.begin_program();
                begin(&mut evaluator, project, file.folder());
                run(&mut evaluator, piece);
            }
        }
    }
    evaluator.begin_program();
    evaluator.makes_up = true;
    left_over(&mut evaluator, &seeds, has_main);
    evaluator.finish(limits)
}

/// Whether a file imports the framework.
fn is_used(project: &Project<'_>, own: &str) -> bool {
    project.files(&[Language::Go]).any(|file| {
        file.root().children().filter(|piece| piece.is(&["import_declaration"])).any(|imports| {
            imports.all(&["import_spec"]).filter_map(|spec| spec.field("path")).any(|path| {
                let path = import_path(&path);
                DIALECTS.iter().any(|dialect| dialect.framework == own && dialect.is_import(path))
            })
        })
    })
}

/// Functions that run before `main`, in its folder.
fn begin<'f>(evaluator: &mut Evaluator<'_, 'f>, project: &Project<'f>, folder: &str) {
    for file in project.files(&[Language::Go]).filter(|file| file.folder() == folder) {
        for piece in file.root().children().filter(|piece| piece.is(&["function_declaration"])) {
            if piece.field("name").is_some_and(|name| name.text() == "init") {
                run(evaluator, piece);
            }
        }
    }
}

/// Follows a function that nobody was seen to call.
fn run<'f>(evaluator: &mut Evaluator<'_, 'f>, piece: Piece<'f>) {
    let receiver = match receiver_type(&piece).map(|of| evaluator.given(&of)) {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    };
    let function = Function { piece, scope: None, receiver, origin: None };
    let value = evaluator.run(function, &[]);
    if let Value::Router(router) = value
        && evaluator.makes_up
    {
        evaluator.provided.push(router);
    }
}

/// Follows what makes or takes routers and was not reached: callers before what they call, and
/// what makes routers before what takes them. Functions that no code names are dead where there
/// is a program.
fn left_over<'f>(evaluator: &mut Evaluator<'_, 'f>, seeds: &Seeds<'f>, has_main: bool) {
    let name = |piece: &Piece<'f>| piece.field("name").map_or("", |name| name.text());
    let is_alive = |piece: &Piece<'f>| {
        !has_main
            || name(piece) == "init"
            || seeds.mentions.get(name(piece)).is_some_and(|count| *count > 0)
    };
    let left: Vec<_> = seeds
        .candidates
        .iter()
        .filter(|piece| !evaluator.visited.contains(&key(piece)) && is_alive(piece))
        .copied()
        .collect();
    let called: HashSet<&str> =
        left.iter().flat_map(|piece| seeds.calls(piece).into_iter().flatten().copied()).collect();
    for (takes, is_called) in [(false, false), (false, true), (true, false), (true, true)] {
        for piece in &left {
            if takes_router(piece, evaluator.packages) == takes
                && called.contains(name(piece)) == is_called
                && !evaluator.visited.contains(&key(piece))
            {
                run(evaluator, *piece);
            }
        }
    }
}
