//! Router functions: `route().GET("/x", handler::list).nest(…)`.

use super::{
    controllers::Mapped,
    methods,
    types::{Java, annotations, arguments, name_of, type_name},
};
use crate::{
    frameworks::calls::callee,
    guards::refuses,
    paths,
    project::Project,
    route::{Guard, Level, short},
    syntax::Piece,
};

/// A route of a router function, below what it is nested in.
#[derive(Clone)]
struct Found<'f> {
    method: String,
    path: String,
    handler: Option<Piece<'f>>,
    at: Piece<'f>,
    guards: Vec<Guard>,
}

const MAX_DEPTH: usize = 24;
const MAX_ROUTES: usize = 5_000;
const METHODS: &[&str] = &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The routes of all router functions.
pub(super) fn read<'f>(java: &Java<'_, 'f>) -> Vec<Mapped<'f>> {
    let all: Vec<Piece<'f>> = java
        .types
        .iter()
        .flat_map(super::types::methods)
        .filter(|it| gives_router(it) && it.field("body").is_some())
        .collect();
    // Those that others use are no beginnings, unless they are beans of their own.
    let mut used: Vec<&str> = Vec::new();
    for method in &all {
        let calls = method.all(&["method_invocation"]).map(|call| callee(&call));
        let references = method.all(&["method_reference"]);
        let referred = references.filter_map(|it| Some(it.children().last()?.text()));
        used.extend(calls.chain(referred).filter(|name| *name != name_of(method)));
    }
    let mut reader = Reader { java, left: MAX_ROUTES };
    let mut routes = Vec::new();
    for method in &all {
        let is_bean = annotations(method).any(|it| it.name == "Bean");
        if is_bean || !used.contains(&name_of(method)) {
            for found in reader.returned(method, 0) {
                routes.push(mapped(java, found));
            }
        }
    }
    routes
}

fn gives_router(method: &Piece<'_>) -> bool {
    method.field("type").is_some_and(|it| type_name(&it) == "RouterFunction")
}

fn mapped<'f>(java: &Java<'_, 'f>, found: Found<'f>) -> Mapped<'f> {
    let mut guards = found.guards;
    let method = found.handler.and_then(|it| handler_method(java, &it));
    if let Some(method) = method {
        guards.extend(methods::of_method(java, &method));
    }
    let handler = found.handler.filter(|it| !it.is(&["lambda_expression"]));
    Mapped {
        method: found.method,
        path: paths::braces(&paths::join("", &found.path, true))
            .into_iter()
            .next()
            .unwrap_or_default(),
        handler: handler.map(|it| short(it.text())),
        file: found.at.file,
        at: found.at,
        guards: methods::settled(guards),
        marks: Vec::new(),
    }
}

/// The method that `handler::list` refers to.
fn handler_method<'f>(java: &Java<'_, 'f>, handler: &Piece<'f>) -> Option<Piece<'f>> {
    if !handler.is(&["method_reference"]) {
        return None;
    }
    let (object, name) = (handler.children().next()?, handler.children().last()?);
    let of = match object.kind() {
        "this" => super::controllers::holder(handler)?,
        _ => {
            let named = super::chains::type_of(java, &object).unwrap_or(object.text());
            java.type_named(named, handler.file)?
        }
    };
    let hierarchy = java.hierarchy(&of);
    let mut all = hierarchy.iter().flat_map(|of| super::types::methods(of).collect::<Vec<_>>());
    all.find(|it| name_of(it) == name.text())
}

struct Reader<'a, 'b, 'f> {
    java: &'a Java<'b, 'f>,
    left: usize,
}

impl<'f> Reader<'_, '_, 'f> {
    /// The routes of what a method or a lambda returns.
    fn returned(&mut self, of: &Piece<'f>, depth: usize) -> Vec<Found<'f>> {
        let Some(body) = of.field("body") else { return Vec::new() };
        if !body.is(&["block"]) {
            return self.router(&body, depth + 1);
        }
        let mut found = Vec::new();
        // A consumer of a builder has statements, a supplier and a method return something. What
        // is returned of lambdas inside belongs to these.
        for statement in body.children() {
            match statement.kind() {
                "return_statement" | "expression_statement" => {
                    let inner = statement.children().next();
                    found.extend(inner.map(|it| self.router(&it, depth + 1)).unwrap_or_default());
                }
                _ => {}
            }
        }
        found
    }

    /// The routes of an expression that is a router function, or a builder of one.
    fn router(&mut self, piece: &Piece<'f>, depth: usize) -> Vec<Found<'f>> {
        if depth > MAX_DEPTH || self.left == 0 {
            return Vec::new();
        }
        match piece.kind() {
            "parenthesized_expression" => {
                piece.children().last().map(|it| self.router(&it, depth + 1)).unwrap_or_default()
            }
            "lambda_expression" => self.returned(piece, depth + 1),
            "method_reference" => {
                let name = piece.children().last().map(|it| it.text()).unwrap_or_default();
                self.method_named(name, piece, depth)
            }
            "identifier" => {
                let found = self.java.declared(piece);
                let value = found.and_then(|it| match it.kind() {
                    "variable_declarator" => it.field("value"),
                    _ => Some(it),
                });
                value.map(|it| self.router(&it, depth + 1)).unwrap_or_default()
            }
            "method_invocation" => self.chain(piece, depth),
            _ => Vec::new(),
        }
    }

    fn method_named(&mut self, name: &str, near: &Piece<'f>, depth: usize) -> Vec<Found<'f>> {
        let java = self.java;
        let all = java.methods_named(name).iter().filter(|it| it.field("body").is_some());
        let takes_builder = |it: &Piece<'f>| {
            let list = it.field("parameters");
            list.is_some_and(|it| it.text().contains("RouterFunctions.Builder"))
        };
        let all: Vec<_> = all.filter(|it| gives_router(it) || takes_builder(it)).copied().collect();
        let here = all.iter().find(|it| std::ptr::eq(it.file, near.file)).or(all.first());
        here.copied().map(|it| self.returned(&it, depth + 2)).unwrap_or_default()
    }

    /// Calls on each other, from the inside.
    fn chain(&mut self, piece: &Piece<'f>, depth: usize) -> Vec<Found<'f>> {
        let mut calls = vec![*piece];
        while let Some(object) = calls.last().and_then(|it| it.field("object"))
            && calls.len() < 1_000
        {
            calls.push(object);
        }
        let mut found: Vec<Found<'f>> = Vec::new();
        let mut guards = Vec::new();
        for call in calls.into_iter().rev() {
            if call.is(&["method_invocation"]) {
                self.call(&call, depth, &mut found, &mut guards);
            } else if call.is(&["identifier"]) && piece.is(&["method_invocation"]) {
                // A variable with a router function that more is put to.
                let starts = call.text().starts_with(|c: char| c.is_lowercase());
                if starts && self.java.declared(&call).is_some() {
                    found.extend(self.router(&call, depth + 2));
                }
            }
        }
        for route in &mut found {
            route.guards.splice(0..0, guards.iter().cloned());
        }
        self.left = self.left.saturating_sub(found.len());
        found
    }

    fn call(
        &mut self,
        call: &Piece<'f>,
        depth: usize,
        found: &mut Vec<Found<'f>>,
        guards: &mut Vec<Guard>,
    ) {
        let given = arguments(call);
        let name = callee(call);
        match name {
            _ if METHODS.contains(&name) && !given.is_empty() => {
                let texts = given.first().map(|it| self.java.strings(it)).unwrap_or_default();
                let extra = given.get(1).filter(|_| given.len() > 2);
                let below = extra.map(|it| self.predicate(it, depth + 1)).unwrap_or_default();
                let below = below.first().map(|it| it.1.clone()).unwrap_or_default();
                let paths = if texts.is_empty() { vec![String::new()] } else { texts };
                found.extend(paths.iter().map(|path| Found {
                    method: name.to_owned(),
                    path: self::below(path, &below),
                    handler: given.last().copied(),
                    at: *call,
                    guards: Vec::new(),
                }));
            }
            "route" | "andRoute" if given.len() >= 2 => {
                let handler = given.get(1).copied();
                for (method, path) in self.predicate_of(&given, depth) {
                    found.push(Found { method, path, handler, at: *call, guards: Vec::new() });
                }
            }
            "nest" | "andNest" | "path" if given.len() >= 2 => {
                let inner = given.get(1).map(|it| self.router(it, depth + 1)).unwrap_or_default();
                let fronts = if name == "path" {
                    let paths = given.first().map(|it| self.java.strings(it)).unwrap_or_default();
                    paths.into_iter().map(|path| ("ANY".to_owned(), path)).collect()
                } else {
                    self.predicate_of(&given, depth)
                };
                for (method, front) in fronts {
                    found.extend(inner.iter().cloned().map(|mut it| {
                        it.path = below(&front, &it.path);
                        if it.method == "ANY" {
                            it.method.clone_from(&method);
                        }
                        it
                    }));
                }
            }
            "and" | "add" | "andOther" => {
                found.extend(given.iter().flat_map(|it| self.router(it, depth + 1)));
            }
            "filter" | "before" => {
                guards.extend(given.first().and_then(|it| self.filter(it)));
            }
            "build" | "route" | "after" | "onError" | "resources" | "withAttribute"
            | "withAttributes" | "resource" | "method" | "accept" | "contentType" => {}
            _ => found.extend(self.method_named(name, call, depth)),
        }
    }

    fn predicate_of(&self, given: &[Piece<'f>], depth: usize) -> Vec<(String, String)> {
        given.first().map(|it| self.predicate(it, depth + 1)).unwrap_or_default()
    }

    /// Methods and paths that a predicate takes.
    fn predicate(&self, piece: &Piece<'f>, depth: usize) -> Vec<(String, String)> {
        let any = vec![("ANY".to_owned(), String::new())];
        if depth > MAX_DEPTH {
            return any;
        }
        if piece.is(&["identifier"])
            && let Some(found) = self.java.declared(piece)
        {
            let value = found.field("value").unwrap_or(found);
            return self.predicate(&value, depth + 1);
        }
        if !piece.is(&["method_invocation"]) {
            return any;
        }
        let given = arguments(piece);
        let texts = || given.first().map(|it| self.java.strings(it)).unwrap_or_default();
        let name = callee(piece);
        match name {
            "and" | "or" => {
                let object = piece.field("object");
                let left = object.map(|it| self.predicate(&it, depth + 1)).unwrap_or_default();
                let right = self.predicate_of(&given, depth);
                if name == "or" {
                    return [left, right].concat();
                }
                let both = left.iter().flat_map(|(method, path)| {
                    right.iter().map(move |(other, below)| {
                        let method = if method == "ANY" { other } else { method };
                        (method.clone(), self::below(path, below))
                    })
                });
                both.take(64).collect()
            }
            "path" => texts().into_iter().map(|path| ("ANY".to_owned(), path)).collect(),
            "method" | "methods" => given
                .iter()
                .map(|it| {
                    let name = it.text().rsplit('.').next().unwrap_or_default();
                    (name.to_ascii_uppercase(), String::new())
                })
                .collect(),
            _ if METHODS.contains(&name) => {
                texts().into_iter().map(|path| (name.to_owned(), path)).collect()
            }
            _ => any,
        }
    }

    /// The guard that a filter is, by what it does.
    fn filter(&self, piece: &Piece<'f>) -> Option<Guard> {
        let name = match piece.kind() {
            "lambda_expression" => {
                let does_refuse = refuses(piece.text());
                return does_refuse.then(|| Project::demands(piece.text(), piece, Level::Group));
            }
            "method_reference" => piece.children().last()?.text(),
            "method_invocation" => callee(piece),
            _ => super::chains::type_of(self.java, piece)?,
        };
        self.java.project.guard(name, piece.text(), piece, Level::Group)
    }
}

/// A path below the one that it is nested in; an empty one adds no slash.
fn below(front: &str, path: &str) -> String {
    let is_empty = path.is_empty() || path == "/" && front.ends_with('/');
    if is_empty { front.to_owned() } else { paths::join(front, path, true) }
}
