//! Follows Rust code from its beginnings, as far as matters for routes.
//!
//! Both branches of every choice are taken, and all is bounded by a number of steps. Expressions
//! are in [`super::express`].

use std::collections::{HashMap, HashSet};

use super::{
    crates::{Crates, type_name},
    value::{Arg, Call, Function, Router, Scope, ScopeId, Value},
};
use crate::{
    frameworks::exempt::{Exemption, exempt},
    graph::Graph,
    limits::Limits,
    route::{Effect, Guard, Route},
    syntax::Piece,
};

/// Nodes that are looked at for one framework.
const MAX_STEPS: usize = 2_000_000;
/// Functions that are inside each other.
const MAX_DEPTH: usize = 30;
/// Nodes that are inside each other in what is looked at.
const MAX_NESTING: usize = 400;

/// What tells pieces from each other.
pub(super) type PieceKey<'f> = (&'f str, usize);

/// The key of a piece.
pub(super) fn key<'f>(piece: &Piece<'f>) -> PieceKey<'f> {
    (&piece.file.path, piece.offset())
}

/// How one framework makes routers and declares routes on them.
pub(super) struct Dialect {
    /// Name of the framework.
    pub(super) framework: &'static str,
    /// Beginning of the names of its packages.
    pub(super) packages: &'static [&'static str],
    /// Names of types of which a parameter is a router.
    pub(super) types: &'static [&'static str],
    /// Names that tell functions with routers from others.
    pub(super) marks: &'static [&'static str],
    /// Understands the call of a function by its whole path.
    pub(super) function: for<'f> fn(&mut Evaluator<'_, 'f>, &Call<'_, 'f>) -> Option<Value<'f>>,
    /// Understands the call of a method.
    pub(super) method:
        for<'f> fn(&mut Evaluator<'_, 'f>, Value<'f>, &Call<'_, 'f>) -> Option<Value<'f>>,
}

/// State of following the code.
pub(super) struct Evaluator<'p, 'f> {
    pub(super) crates: &'p Crates<'f>,
    pub(super) dialect: &'static Dialect,
    pub(super) graph: Graph,
    pub(super) exemptions: Vec<(Guard, Vec<Exemption>)>,
    pub(super) visited: HashSet<PieceKey<'f>>,
    pub(super) worth: HashSet<PieceKey<'f>>,
    /// Whether routers of parameters are made up, where nobody gives them.
    pub(super) makes_up: bool,
    pub(super) extractors: HashMap<String, Option<Effect>>,
    scopes: Vec<Scope<'f>>,
    frames: Vec<(PieceKey<'f>, Vec<Value<'f>>)>,
    /// Functions that had nothing to do with routers when they were followed.
    dull: HashSet<PieceKey<'f>>,
    /// How often something was done with a router.
    pub(super) changes: usize,
    steps: usize,
    nesting: usize,
}

impl<'p, 'f> Evaluator<'p, 'f> {
    pub(super) fn new(crates: &'p Crates<'f>, dialect: &'static Dialect) -> Self {
        Self {
            crates,
            dialect,
            graph: Graph::new(dialect.framework, true),
            exemptions: Vec::new(),
            visited: HashSet::new(),
            worth: HashSet::new(),
            makes_up: false,
            extractors: HashMap::new(),
            scopes: Vec::new(),
            frames: Vec::new(),
            dull: HashSet::new(),
            changes: 0,
            steps: 0,
            nesting: 0,
        }
    }

    /// Counts a step down into the code; `false` when that is enough.
    pub(super) fn enter(&mut self) -> bool {
        if self.steps >= MAX_STEPS || self.nesting >= MAX_NESTING {
            return false;
        }
        self.steps += 1;
        self.nesting += 1;
        true
    }

    /// Counts a step up again, after one down.
    pub(super) fn leave(&mut self) {
        self.nesting -= 1;
    }

    /// Everything that was declared.
    pub(super) fn finish(self, limits: &Limits) -> Vec<Route> {
        let mut routes = self.graph.resolve(limits);
        exempt(&mut routes, &self.exemptions);
        routes.sort();
        routes.dedup_by(|a, b| (&a.path, &a.method, &a.place) == (&b.path, &b.method, &b.place));
        routes
    }

    // Variables.

    pub(super) fn scope(&mut self, parent: Option<ScopeId>) -> ScopeId {
        self.scopes.push(Scope { names: HashMap::new(), parent });
        self.scopes.len() - 1
    }

    pub(super) fn bind(&mut self, scope: ScopeId, name: &'f str, value: Value<'f>) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.names.insert(name, value);
        }
    }

    pub(super) fn variable(&self, scope: ScopeId, name: &str) -> Option<&Value<'f>> {
        let mut at = Some(scope);
        while let Some(id) = at {
            let scope = self.scopes.get(id)?;
            if let Some(value) = scope.names.get(name) {
                return Some(value);
            }
            at = scope.parent;
        }
        None
    }

    pub(super) fn assign(&mut self, scope: ScopeId, name: &str, value: Value<'f>) {
        let mut at = Some(scope);
        while let Some(id) = at {
            let Some(scope) = self.scopes.get_mut(id) else { return };
            if let Some(old) = scope.names.get_mut(name) {
                if value.is_telling() || !old.is_telling() {
                    *old = value;
                }
                return;
            }
            at = scope.parent;
        }
    }

    /// Gives names of a pattern what they stand for.
    pub(super) fn bind_pattern(&mut self, scope: ScopeId, pattern: Piece<'f>, value: Value<'f>) {
        match pattern.kind() {
            "identifier" | "self" => self.bind(scope, pattern.text(), value),
            "tuple_pattern" | "slice_pattern" => {
                let values = match value {
                    Value::List(values) => values,
                    // `let (router, api) = OpenApiRouter::new().split_for_parts();`
                    Value::Router(router) => vec![Value::Router(router)],
                    _ => Vec::new(),
                };
                let mut values = values.into_iter();
                for inner in pattern.children() {
                    self.bind_pattern(scope, inner, values.next().unwrap_or(Value::Unknown));
                }
            }
            "mut_pattern" | "ref_pattern" | "reference_pattern" | "tuple_struct_pattern" => {
                let inner = pattern.children().filter(|piece| !piece.is(&["mutable_specifier"]));
                if let Some(inner) = inner.last() {
                    self.bind_pattern(scope, inner, value);
                }
            }
            _ => {}
        }
    }

    /// A new router without prefix.
    pub(super) fn router(&mut self) -> Value<'f> {
        Value::Router(Router { id: self.graph.router(), prefixes: Vec::new() })
    }

    /// A router that has everything of `router` behind guards.
    pub(super) fn behind(&mut self, router: Router, guards: Vec<Guard>) -> Router {
        if guards.is_empty() {
            return router;
        }
        let outer = self.graph.router();
        self.graph.mount(outer, "", router.id, guards);
        Router { id: outer, ..router }
    }

    // Functions.

    /// Follows a function or closure; gives what it returns.
    pub(super) fn run(
        &mut self,
        function: Function<'f>,
        receiver: Option<Value<'f>>,
        args: &[Arg<'f>],
    ) -> Value<'f> {
        let here = key(&function.piece);
        let times = self.frames.iter().filter(|(other, _)| *other == here).count();
        let Some(body) = function.piece.field("body") else { return Value::Unknown };
        let matters = |value: &Value<'f>| !matches!(value, Value::Unknown | Value::Opaque(_));
        let is_given =
            args.iter().any(|arg| matters(&arg.value)) || receiver.as_ref().is_some_and(matters);
        let is_dull = !is_given && self.dull.contains(&here);
        if is_dull || times >= 2 || self.frames.len() >= MAX_DEPTH || !self.enter() {
            return Value::Unknown;
        }
        let before = self.changes;
        self.visited.insert(here);
        let scope = self.scope(function.scope);
        let mut args = args.iter();
        let list = function.piece.field("parameters");
        for parameter in list.into_iter().flat_map(|list| list.children()) {
            match parameter.kind() {
                "self_parameter" => {
                    let value = receiver.clone().unwrap_or(Value::Unknown);
                    self.bind(scope, "self", value);
                }
                "parameter" => {
                    let mut value = args.next().map_or(Value::Unknown, |arg| arg.value.clone());
                    if !value.is_telling() && self.makes_up && self.is_router(&parameter) {
                        value = self.router();
                    }
                    if let Some(pattern) = parameter.field("pattern") {
                        self.bind_pattern(scope, pattern, value);
                    }
                }
                "attribute_item" => {}
                _ => {
                    let value = args.next().map_or(Value::Unknown, |arg| arg.value.clone());
                    self.bind_pattern(scope, parameter, value);
                }
            }
        }
        self.frames.push((here, Vec::new()));
        let last = self.eval(body, scope);
        self.leave();
        let mut returned = self.frames.pop().map(|(_, values)| values).unwrap_or_default();
        returned.insert(0, last);
        let at = returned.iter().position(Value::is_telling).unwrap_or(0);
        let value = returned.swap_remove(at);
        if before == self.changes && !value.is_telling() {
            self.dull.insert(here);
        }
        value
    }

    pub(super) fn returning(&mut self, value: Value<'f>) {
        if let Some((_, values)) = self.frames.last_mut() {
            values.push(value);
        }
    }

    /// Whether a parameter is a router.
    pub(super) fn is_router(&self, parameter: &Piece<'f>) -> bool {
        parameter
            .field("type")
            .is_some_and(|written| self.dialect.types.contains(&type_name(&written)))
    }
}
