//! Follows Go code from its beginnings, as far as matters for routes: which routers there are, in
//! what they are kept, and to whom they are given.
//!
//! Both branches of every choice are taken, bodies of loops once per known element, and all is
//! bounded by a number of steps. Expressions are in [`super::express`], calls in [`super::call`].

use std::collections::{HashMap, HashSet};

use super::{
    package::{Packages, bare, names},
    seeds::Seeds,
    value::{
        Arg, Dialect, Function, Handler, Object, ObjectId, PieceKey, Router, Scope, ScopeId,
        TypeName, Value, key,
    },
};
use crate::{
    frameworks::exempt::{Exemption, exempt},
    graph::{Declared, Graph},
    limits::Limits,
    paths,
    route::{Guard, Level, Route, short},
    syntax::Piece,
};

/// Nodes that are looked at for one framework.
const MAX_STEPS: usize = 4_000_000;
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
    own: &'static str,
    scopes: Vec<Scope<'f>>,
    pub(super) objects: Vec<Object<'f>>,
    globals: HashMap<(&'f str, &'f str), Value<'f>>,
    shared: HashMap<TypeName<'f>, ObjectId>,
    default_router: Option<Router>,
    frames: Vec<Frame<'f>>,
    steps: usize,
    nesting: usize,
}

/// A function that is being followed.
struct Frame<'f> {
    key: PieceKey<'f>,
    returned: Vec<Value<'f>>,
    result: Option<Piece<'f>>,
}

impl<'p, 'f> Evaluator<'p, 'f> {
    pub(super) fn new(
        packages: &'p Packages<'f>,
        seeds: &'p Seeds<'f>,
        own: &'static str,
    ) -> Self {
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
        routes.dedup_by(|a, b| {
            (&a.path, &a.method, &a.place) == (&b.path, &b.method, &b.place)
        });
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

    fn assign(&mut self, scope: ScopeId, name: Piece<'f>, value: Value<'f>) {
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
        Router { id: self.graph.router(), dialect, is_whole }
    }

    // Structs.

    pub(super) fn object(&mut self, of: Option<TypeName<'f>>) -> ObjectId {
        self.objects.push(Object { of, fields: HashMap::new() });
        ObjectId(self.objects.len() - 1)
    }

    /// A value of the written type that holds nothing yet.
    pub(super) fn zero(&mut self, written: &Piece<'f>) -> Value<'f> {
        match self.packages.type_name(written) {
            Some(of) if self.is_struct(of) => Value::Object(self.object(Some(of))),
            _ => Value::Unknown,
        }
    }

    pub(super) fn is_struct(&self, of: TypeName<'f>) -> bool {
        self.type_of_type(of).is_some_and(|inner| !inner.is(&["function_type", "interface_type"]))
    }

    /// What a named type is made of.
    pub(super) fn type_of_type(&self, of: TypeName<'f>) -> Option<Piece<'f>> {
        self.packages.package(of.0)?.types.get(of.1)?.field("type")
    }

    /// A value of the written type that somebody else made.
    pub(super) fn given(&mut self, written: &Piece<'f>) -> Value<'f> {
        if let Some((dialect, name)) = self.packages.router_type(written) {
            if !self.makes_up {
                return Value::Unknown;
            }
            let is_whole = dialect.whole.contains(&name);
            let framework = dialect.framework;
            if is_whole
                && let [one] = self.provided.as_slice()
                && one.dialect.framework == framework
            {
                // A library hands it on, as for the injection of dependencies.
                return Value::Router(*one);
            }
            return Value::Router(self.new_router(dialect, is_whole));
        }
        match self.packages.type_name(written) {
            Some(of) if self.is_struct(of) => {
                if let Some(object) = self.shared.get(&of) {
                    return Value::Object(*object);
                }
                let object = self.object(Some(of));
                self.shared.insert(of, object);
                Value::Object(object)
            }
            _ => Value::Unknown,
        }
    }

    /// The field of a struct.
    pub(super) fn field(&mut self, object: ObjectId, name: &str) -> Option<Value<'f>> {
        let known = self.objects.get(object.0)?;
        if let Some(value) = known.fields.get(name) {
            return Some(value.clone());
        }
        let of = known.of?;
        let fields = self.packages.fields(of);
        if let Some((name, written)) = fields.iter().find(|(field, _)| *field == name) {
            let value = self.given(written);
            self.objects.get_mut(object.0)?.fields.insert(name, value.clone());
            return Some(value);
        }
        for (field, written) in fields {
            if written.parent().is_some_and(|of| of.child(&["field_identifier"]).is_none())
                && self.enter()
            {
                let inner = self.field(object, field);
                let found = match inner {
                    Some(Value::Object(inner)) if inner != object => self.field(inner, name),
                    _ => None,
                };
                self.leave();
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    // Functions.

    /// Follows a function; gives what it returns.
    pub(super) fn run(&mut self, function: Function<'f>, args: &[Arg<'f>]) -> Value<'f> {
        let here = key(&function.piece);
        let times = self.frames.iter().filter(|frame| frame.key == here).count();
        let Some(body) = function.piece.field("body") else { return Value::Unknown };
        if times >= 2 || self.frames.len() >= MAX_DEPTH || !self.enter() {
            return Value::Unknown;
        }
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
        if at < returned.len() { returned.swap_remove(at) } else { Value::Unknown }
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

    // Statements.

    pub(super) fn statement(&mut self, piece: Piece<'f>, scope: ScopeId) {
        if self.enter() {
            self.statement_inside(piece, scope);
            self.leave();
        }
    }

    fn statement_inside(&mut self, piece: Piece<'f>, scope: ScopeId) {
        match piece.kind() {
            "block" | "if_statement" | "expression_switch_statement" | "type_switch_statement"
            | "select_statement" | "expression_case" | "default_case" | "communication_case"
            | "type_case" => {
                let scope = self.scope(Some(scope));
                for child in piece.children() {
                    self.statement(child, scope);
                }
            }
            "short_var_declaration" | "assignment_statement" => self.assignment(piece, scope),
            "var_declaration" | "const_declaration" => {
                for spec in piece.all(&["var_spec", "const_spec"]) {
                    self.specification(spec, scope);
                }
            }
            "return_statement" => self.returning(piece, scope),
            "for_statement" => self.looping(piece, scope),
            "function_declaration" | "method_declaration" | "type_declaration" => {}
            "statement_list" | "expression_statement" | "go_statement" | "defer_statement"
            | "labeled_statement" | "expression_list" => {
                for child in piece.children() {
                    self.statement(child, scope);
                }
            }
            _ => {
                self.eval(piece, scope);
            }
        }
    }

    fn returning(&mut self, piece: Piece<'f>, scope: ScopeId) {
        let mut values: Vec<_> = piece
            .children()
            .flat_map(|list| match list.is(&["expression_list"]) {
                true => list.children().collect::<Vec<_>>(),
                false => vec![list],
            })
            .map(|value| self.eval(value, scope))
            .collect();
        if values.is_empty() {
            // Named results: `func f() (r chi.Router) { …; return }`.
            let result = self.frames.last().and_then(|frame| frame.result);
            for parameter in result.iter().flat_map(|list| list.children()) {
                for name in names(&parameter) {
                    values.extend(self.variable(scope, name.text()).cloned());
                }
            }
        }
        let value = match values.len() {
            0 => return,
            1 => values.swap_remove(0),
            _ => Value::Tuple(values),
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.returned.push(value);
        }
    }

    fn specification(&mut self, spec: Piece<'f>, scope: ScopeId) {
        let values: Vec<_> = match spec.field("value") {
            Some(list) => list.children().map(|value| self.eval(value, scope)).collect(),
            None => Vec::new(),
        };
        let names: Vec<_> = names(&spec).collect();
        let values = spread(values, names.len());
        for (at, name) in names.into_iter().enumerate() {
            let value = match (values.get(at), spec.field("type")) {
                (Some(value), _) => value.clone(),
                (None, Some(written)) => self.zero(&written),
                _ => Value::Unknown,
            };
            self.bind(scope, name.text(), value);
        }
    }

    fn assignment(&mut self, piece: Piece<'f>, scope: ScopeId) {
        let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else { return };
        let values: Vec<_> = right.children().map(|value| self.eval(value, scope)).collect();
        let names: Vec<_> = left.children().collect();
        let values = spread(values, names.len());
        let is_new = piece.is(&["short_var_declaration"]);
        let is_adding = piece.field("operator").is_some_and(|operator| operator.text() == "+=");
        for (at, name) in names.into_iter().enumerate() {
            let mut value = values.get(at).cloned().unwrap_or(Value::Unknown);
            if is_adding
                && let Value::Text(front) = self.eval(name, scope)
                && let Value::Text(back) = &value
            {
                value = Value::Text(front + back);
            }
            self.store(name, value, is_new, scope);
        }
    }

    fn store(&mut self, to: Piece<'f>, value: Value<'f>, is_new: bool, scope: ScopeId) {
        match to.kind() {
            "identifier" if is_new => self.bind(scope, to.text(), value),
            "identifier" => self.assign(scope, to, value),
            "selector_expression" => {
                let (Some(operand), Some(field)) = (to.field("operand"), to.field("field")) else {
                    return;
                };
                if let Value::Object(object) = self.eval(operand, scope)
                    && let Some(object) = self.objects.get_mut(object.0)
                {
                    object.fields.insert(field.text(), value);
                }
            }
            "index_expression" => {
                let (Some(operand), Some(index)) = (to.field("operand"), to.field("index")) else {
                    return;
                };
                let index = self.eval(index, scope);
                if let Value::Map(mut pairs) = self.eval(operand, scope) {
                    pairs.push((index, value));
                    self.store(operand, Value::Map(pairs), false, scope);
                }
            }
            _ => {}
        }
    }

    fn looping(&mut self, piece: Piece<'f>, scope: ScopeId) {
        let Some(body) = piece.field("body") else { return };
        let Some(range) = piece.child(&["range_clause"]) else {
            let scope = self.scope(Some(scope));
            if let Some(clause) = piece.child(&["for_clause"])
                && let Some(first) = clause.field("initializer")
            {
                self.statement(first, scope);
            }
            return self.statement(body, scope);
        };
        let over = range.field("right").map_or(Value::Unknown, |right| self.eval(right, scope));
        let names: Vec<_> =
            range.field("left").map(|left| left.children().collect()).unwrap_or_default();
        let elements = match over {
            Value::List(values) => {
                values.into_iter().map(|value| (Value::Unknown, value)).collect()
            }
            Value::Map(pairs) => pairs,
            _ => vec![(Value::Unknown, Value::Unknown)],
        };
        for (index, element) in elements {
            let scope = self.scope(Some(scope));
            for (name, value) in names.iter().zip([index, element]) {
                self.store(*name, value, true, scope);
            }
            self.statement(body, scope);
        }
    }

    // Routes.

    /// Declares a route for each of the methods, or mounts the router that the handler is.
    #[expect(clippy::too_many_arguments, reason = "a route is made of that many things")]
    pub(super) fn declare(
        &mut self,
        router: Router,
        methods: &[&str],
        path: &str,
        handler: Value<'f>,
        written: &str,
        mut guards: Vec<Guard>,
        at: Piece<'f>,
    ) {
        if router.dialect.framework != self.own || written.contains("FileServer") {
            return;
        }
        let handler = Handler::around(handler);
        // What refuses without anything behind it is the handler itself, as one that signs in.
        if !matches!(handler.inner, Value::Unknown) {
            guards.extend(handler.guards);
        }
        let mut methods: Vec<String> = methods.iter().map(|&method| method.to_owned()).collect();
        if methods.is_empty() {
            methods = handler.methods;
        }
        let mut guarded: HashMap<String, Vec<Guard>> = HashMap::new();
        if methods.is_empty() {
            guarded = self.switched(&handler.inner);
            methods = guarded.keys().cloned().collect();
        }
        if methods.is_empty() {
            methods.push("ANY".to_owned());
        }
        let is_literal = written.starts_with("func") || written.is_empty();
        for method in methods {
            let mut guards = guards.clone();
            guards.extend(guarded.remove(&method).unwrap_or_default());
            let declared = Declared {
                method: method.to_ascii_uppercase(),
                path: path.to_owned(),
                handler: (!is_literal).then(|| short(written)),
                place: at.place(),
                guards,
            };
            self.graph.route(router.id, declared);
        }
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

    /// A router whose routes are also those of `router`, below `prefix` and behind guards.
    pub(super) fn group(&mut self, router: Router, prefix: &str, guards: Vec<Guard>) -> Router {
        let inner = self.new_router(router.dialect, false);
        self.graph.mount(router.id, prefix, inner.id, guards);
        inner
    }

    /// Guards that arguments are, in the order of the code.
    pub(super) fn guards(&mut self, args: &[Arg<'f>], level: Level) -> Vec<Guard> {
        let mut out = Vec::new();
        for arg in args {
            out.extend(self.judge(&arg.value, arg.piece, level));
        }
        out
    }

    /// A path with `:name` parameters; none but the first of several.
    pub(super) fn colons(path: &str) -> String {
        if path.is_empty() {
            return String::new();
        }
        paths::colons(path).into_iter().next().unwrap_or_default()
    }

    /// A path with `{name}` parameters.
    pub(super) fn braces(path: &str) -> String {
        paths::braces(path).into_iter().next().unwrap_or_default()
    }

    /// The written result of a function, without brackets.
    pub(super) fn result_type(piece: &Piece<'f>) -> Option<Piece<'f>> {
        let result = piece.field("result")?;
        if result.is(&["parameter_list"]) {
            return result.children().next()?.field("type").map(bare);
        }
        Some(bare(result))
    }
}

/// Values for so many names: those of a tuple, when it is one.
fn spread(mut values: Vec<Value<'_>>, names: usize) -> Vec<Value<'_>> {
    if names > 1 && values.len() == 1 {
        match values.pop() {
            Some(Value::Tuple(inner)) => return inner,
            Some(value) => values.push(value),
            None => {}
        }
    }
    values
}
