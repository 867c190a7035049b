//! Follows Go code from its beginnings, as far as matters for routes: which routers there are, in
//! what they are kept, and to whom they are given.
//!
//! Both branches of every choice are taken, bodies of loops once per known element, and all is
//! bounded by a number of steps. Expressions are in [`super::express`], calls in [`super::call`].

use std::collections::{HashMap, HashSet};

use super::{
    package::{Packages, names},
    seeds::Seeds,
    value::{
        Arg, Dialect, Function, Object, ObjectId, PieceKey, Router, Scope, ScopeId, TypeName,
        Value, key,
    },
};
use crate::{
    frameworks::exempt::{Exemption, exempt},
    graph::Graph,
    limits::Limits,
    route::{Guard, Route},
    syntax::Piece,
};

/// Nodes that are looked at for one framework.
const MAX_STEPS: usize = 2_000_000;
/// Functions that are inside each other.
const MAX_DEPTH: usize = 40;
/// Nodes that are inside each other in what is looked at.
const MAX_NESTING: usize = 400;

/// A route whose declaration may go on behind it.
pub(super) struct Pending<'f> {
    pub(super) router: Router,
    pub(super) path: String,
    pub(super) methods: Vec<String>,
    pub(super) handler: Option<Value<'f>>,
    pub(super) guards: Vec<Guard>,
    pub(super) piece: Piece<'f>,
    pub(super) written: Option<String>,
}

/// State of following the code.
pub(super) struct Evaluator<'p, 'f> {
    pub(super) packages: &'p Packages<'f>,
    pub(super) seeds: &'p Seeds<'f>,
    pub(super) graph: Graph,
    pub(super) pending: Vec<Pending<'f>>,
    pub(super) exemptions: Vec<(Guard, Vec<Exemption>)>,
    pub(super) visited: HashSet<PieceKey<'f>>,
    /// Whether routers and structs of parameters are made up, where nobody gives them.
    pub(super) makes_up: bool,
    /// Routers that functions gave which nobody was seen to call.
    pub(super) provided: Vec<Router>,
    pub(super) own: &'static str,
    scopes: Vec<Scope<'f>>,
    pub(super) objects: Vec<Object<'f>>,
    globals: HashMap<(&'f str, &'f str), Value<'f>>,
    pub(super) shared: HashMap<TypeName<'f>, ObjectId>,
    default_router: Option<Router>,
    pub(super) frames: Vec<Frame<'f>>,
    /// Functions that had nothing to do with routers when they were followed.
    dull: HashSet<PieceKey<'f>>,
    /// How often something was done with a router.
    pub(super) changes: usize,
    steps: usize,
    nesting: usize,
}

/// A function that is being followed.
pub(super) struct Frame<'f> {
    key: PieceKey<'f>,
    pub(super) returned: Vec<Value<'f>>,
    pub(super) result: Option<Piece<'f>>,
}

impl<'p, 'f> Evaluator<'p, 'f> {
    pub(super) fn new(packages: &'p Packages<'f>, seeds: &'p Seeds<'f>, own: &'static str) -> Self {
        Self {
            packages,
            seeds,
            graph: Graph::new(own, true),
            pending: Vec::new(),
            exemptions: Vec::new(),
            visited: HashSet::new(),
            makes_up: false,
            provided: Vec::new(),
            own,
            scopes: Vec::new(),
            objects: Vec::new(),
            globals: HashMap::new(),
            shared: HashMap::new(),
            default_router: None,
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

    /// Begins anew with what each program has for itself.
    pub(super) fn begin_program(&mut self) {
        self.default_router = None;
        self.globals.clear();
    }

    /// Everything that was declared.
    pub(super) fn finish(mut self, limits: &Limits) -> Vec<Route> {
        for pending in std::mem::take(&mut self.pending) {
            let Some(handler) = pending.handler else { continue };
            let methods = pending.methods.iter().map(String::as_str).collect::<Vec<_>>();
            let written = pending.written.unwrap_or_default();
            self.declare(
                pending.router,
                &methods,
                &pending.path,
                handler,
                &written,
                pending.guards,
                pending.piece,
            );
        }
        let mut routes = self.graph.resolve(limits);
        exempt(&mut routes, &self.exemptions);
        routes.sort();
        routes.dedup_by(|a, b| (&a.path, &a.method, &a.place) == (&b.path, &b.method, &b.place));
        routes
    }

    // Variables.

    pub(super) fn scope(&mut self, parent: Option<ScopeId>) -> ScopeId {
        self.scopes.push(Scope { names: HashMap::new(), parent });
        ScopeId(self.scopes.len() - 1)
    }

    pub(super) fn bind(&mut self, scope: ScopeId, name: &'f str, value: Value<'f>) {
        if name != "_"
            && let Some(scope) = self.scopes.get_mut(scope.0)
        {
            scope.names.insert(name, value);
        }
    }

    pub(super) fn variable(&self, scope: ScopeId, name: &str) -> Option<&Value<'f>> {
        let mut at = Some(scope);
        while let Some(id) = at {
            let scope = self.scopes.get(id.0)?;
            if let Some(value) = scope.names.get(name) {
                return Some(value);
            }
            at = scope.parent;
        }
        None
    }

    pub(super) fn assign(&mut self, scope: ScopeId, name: Piece<'f>, value: Value<'f>) {
        let mut at = Some(scope);
        while let Some(id) = at {
            let Some(scope) = self.scopes.get_mut(id.0) else { return };
            if let Some(old) = scope.names.get_mut(name.text()) {
                // What was known is not given up for what is not.
                if value.is_telling() || !old.is_telling() {
                    *old = value;
                }
                return;
            }
            at = scope.parent;
        }
        self.globals.insert((name.file.folder(), name.text()), value);
    }

    /// A constant or variable of a package.
    pub(super) fn global(&mut self, folder: &'f str, name: &str) -> Option<Value<'f>> {
        let (name, (spec, at)) = self.packages.package(folder)?.values.get_key_value(name)?;
        if let Some(value) = self.globals.get(&(folder, *name)) {
            return Some(value.clone());
        }
        self.globals.insert((folder, *name), Value::Unknown);
        let scope = self.scope(None);
        let value = match spec.field("value").and_then(|list| list.children().nth(*at)) {
            Some(value) => self.eval(value, scope),
            None => spec.field("type").map_or(Value::Unknown, |written| self.zero(&written)),
        };
        self.globals.insert((folder, *name), value.clone());
        Some(value)
    }

    /// The router that a package keeps for everybody.
    pub(super) fn default_router(&mut self, dialect: &'static Dialect) -> Router {
        if let Some(router) = self.default_router {
            return router;
        }
        let router = self.new_router(dialect, true);
        self.default_router = Some(router);
        router
    }

    pub(super) fn new_router(&mut self, dialect: &'static Dialect, is_whole: bool) -> Router {
        self.changes += 1;
        Router { id: self.graph.router(), dialect, is_whole }
    }

    // Functions.

    /// Follows a function; gives what it returns.
    pub(super) fn run(&mut self, function: Function<'f>, args: &[Arg<'f>]) -> Value<'f> {
        let here = key(&function.piece);
        let times = self.frames.iter().filter(|frame| frame.key == here).count();
        let Some(body) = function.piece.field("body") else { return Value::Unknown };
        let is_given = function.receiver.is_some()
            || args.iter().any(|arg| !matches!(arg.value, Value::Unknown | Value::Opaque(..)));
        let is_dull = !is_given && self.dull.contains(&here);
        if is_dull || times >= 2 || self.frames.len() >= MAX_DEPTH || !self.enter() {
            return Value::Unknown;
        }
        let before = self.changes;
        self.visited.insert(here);
        let scope = self.scope(function.scope);
        if let Some(name) = function
            .piece
            .field("receiver")
            .and_then(|list| list.child(&["parameter_declaration"]))
            .and_then(|parameter| parameter.field("name"))
        {
            let value = function.receiver.map_or(Value::Unknown, Value::Object);
            self.bind(scope, name.text(), value);
        }
        self.bind_parameters(function.piece, args, scope);
        let result = function.piece.field("result");
        self.frames.push(Frame { key: here, returned: Vec::new(), result });
        self.statement(body, scope);
        self.leave();
        let mut returned = self.frames.pop().map(|frame| frame.returned).unwrap_or_default();
        let at = returned.iter().position(Value::is_telling).unwrap_or(0);
        let value = if at < returned.len() { returned.swap_remove(at) } else { Value::Unknown };
        if before == self.changes && !value.is_telling() {
            self.dull.insert(here);
        }
        value
    }

    fn bind_parameters(&mut self, piece: Piece<'f>, args: &[Arg<'f>], scope: ScopeId) {
        let Some(list) = piece.field("parameters") else { return };
        let mut args = args.iter();
        for parameter in list.children() {
            let written = parameter.field("type");
            if parameter.is(&["variadic_parameter_declaration"]) {
                if let Some(name) = parameter.field("name") {
                    let rest = args.by_ref().map(|arg| arg.value.clone()).collect();
                    self.bind(scope, name.text(), Value::List(rest));
                }
                continue;
            }
            let mut is_named = false;
            for name in names(&parameter) {
                is_named = true;
                let mut value = args.next().map_or(Value::Unknown, |arg| arg.value.clone());
                if !value.is_telling()
                    && let Some(written) = &written
                {
                    let given = self.given(written);
                    if given.is_telling() {
                        value = given;
                    }
                }
                self.bind(scope, name.text(), value);
            }
            if !is_named {
                args.next();
            }
        }
    }
}
