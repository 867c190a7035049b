//! Follows the code that maps endpoints, from `Program.cs` into the methods that it calls.
//!
//! Only what holds routers is followed: variables and parameters that are the application or a
//! group, texts that become paths, and handlers that are handed on.

use std::collections::{HashMap, HashSet};

use super::{
    controllers::{Convention, Mapped},
    endpoints::Node,
    pipeline::Middleware,
    types::{
        Sharp, TYPES, arguments, bare, has_modifier, holder, name_of, parameter_name, parameters,
        type_arguments, value,
    },
};
use crate::{
    frameworks::gates::{callee, receiver},
    paths,
    syntax::Piece,
};

/// What an expression stands for.
#[derive(Clone, Debug)]
pub(super) enum Value<'f> {
    /// The application, a group, or an endpoint that was mapped.
    Node(usize),
    /// Something that an application is built from.
    Builder,
    /// Texts.
    Texts(Vec<String>),
    /// An object of a type.
    Object(Piece<'f>),
    /// A lambda or the name of a method.
    Code(Piece<'f>),
    /// Anything else.
    Unknown,
}

/// Names and what they stand for.
pub(super) type Names<'f> = HashMap<String, Value<'f>>;

/// What was mapped so far.
pub(super) struct Run<'a, 'b, 'f> {
    pub(super) sharp: &'a Sharp<'b, 'f>,
    pub(super) nodes: Vec<Node<'f>>,
    pub(super) middleware: Vec<Middleware<'f>>,
    /// Groups that controllers are served from, with the patterns of conventional routing.
    pub(super) controllers: Vec<(usize, Piece<'f>, Vec<Convention>)>,
    /// What objects that were given a router keep, by their class.
    objects: HashMap<&'f str, Names<'f>>,
    visited: HashSet<(&'f str, usize)>,
    stack: Vec<(&'f str, usize)>,
    left: usize,
}

const MAX_CALLS: usize = 24;
const MAX_DEPTH: usize = 200;
const MAX_STEPS: usize = 300_000;
/// Types of parameters that are given a router.
const ROUTERS: &[&str] = &["IEndpointRouteBuilder", "RouteGroupBuilder", "WebApplication"];

impl<'a, 'b, 'f> Run<'a, 'b, 'f> {
    /// Follows all of it.
    pub(super) fn new(sharp: &'a Sharp<'b, 'f>) -> Self {
        let mut run = Self {
            sharp,
            nodes: Vec::new(),
            middleware: Vec::new(),
            controllers: Vec::new(),
            objects: HashMap::new(),
            visited: HashSet::new(),
            stack: Vec::new(),
            left: MAX_STEPS,
        };
        let files = sharp.project.files(&[crate::syntax::Language::CSharp]);
        for file in files {
            let root = file.root();
            if root.children().any(|it| it.is(&["global_statement"])) {
                run.block(&root, &mut Names::new(), 0);
            }
        }
        for method in &sharp.methods {
            if name_of(method) == "Main" && method.text().contains("WebApplication.Create") {
                run.method(method, Names::new(), 0);
            }
        }
        run.rest();
        run
    }

    /// Methods that nobody was seen calling: frameworks call them, or reflection does.
    fn rest(&mut self) {
        let called: HashSet<&str> = self
            .sharp
            .actions
            .iter()
            .filter(|it| it.is(&["invocation_expression"]))
            .map(|it| callee(it))
            .collect();
        for is_called in [false, true] {
            for method in &self.sharp.methods {
                if called.contains(name_of(method)) == is_called
                    && !self.visited.contains(&key(method))
                    && let Some(name) = router_parameter(method)
                {
                    let root = self.root(method);
                    let mut names = Names::from([(name.to_owned(), Value::Node(root))]);
                    if let Some(class) = holder(method) {
                        if let Some(prefix) = super::endpoints::module_prefix(self.sharp, &class) {
                            let group = self.group(root, vec![prefix], method);
                            names.insert(name.to_owned(), Value::Node(group));
                            self.module(group, &class);
                        }
                        names.insert("this".to_owned(), Value::Object(class));
                    }
                    self.method(method, names, 0);
                }
            }
        }
    }

    /// Runs the statements in a node one after the other; what it returns, if it does.
    pub(super) fn block(
        &mut self,
        of: &Piece<'f>,
        names: &mut Names<'f>,
        depth: usize,
    ) -> Option<Value<'f>> {
        let mut returned = None;
        for statement in of.children() {
            if depth > MAX_DEPTH || self.is_exhausted() {
                break;
            }
            let found = self.statement(&statement, names, depth + 1);
            returned = found.or(returned);
        }
        returned
    }

    fn statement(
        &mut self,
        of: &Piece<'f>,
        names: &mut Names<'f>,
        depth: usize,
    ) -> Option<Value<'f>> {
        match of.kind() {
            "local_declaration_statement" | "using_statement" | "variable_declaration" => {
                let declarators = of.all(&["variable_declarator"]).take(20);
                for it in declarators.collect::<Vec<_>>() {
                    if let Some(set) = it.children().nth(1) {
                        let value = self.value(&set, names, depth + 1);
                        names.insert(name_of(&it).to_owned(), value);
                    }
                }
                of.field("body").and_then(|it| self.statement(&it, names, depth + 1))
            }
            "return_statement" | "arrow_expression_clause" => {
                of.children().next().map(|it| self.value(&it, names, depth + 1))
            }
            "foreach_statement" => {
                let (Some(left), Some(right), Some(body)) =
                    (of.field("left"), of.field("right"), of.field("body"))
                else {
                    return None;
                };
                let over = match self.value(&right, names, depth + 1) {
                    Value::Texts(texts) => {
                        texts.into_iter().take(50).map(|it| Value::Texts(vec![it])).collect()
                    }
                    _ => vec![Value::Unknown],
                };
                for value in over {
                    names.insert(left.text().to_owned(), value);
                    self.statement(&body, names, depth + 1);
                }
                None
            }
            "expression_statement" => {
                let inner = of.children().next()?;
                self.value(&inner, names, depth + 1);
                None
            }
            kind if TYPES.contains(&kind) || kind == "local_function_statement" => None,
            kind if kind.ends_with("_declaration") || kind.ends_with("_directive") => None,
            _ if of.text().is_empty() => None,
            kind if kind.ends_with("statement")
                || kind.ends_with("clause")
                || kind.starts_with("preproc")
                || kind == "block" =>
            {
                self.block(of, names, depth + 1)
            }
            _ => None,
        }
    }

    /// What an expression stands for; calls in it are made.
    pub(super) fn value(
        &mut self,
        of: &Piece<'f>,
        names: &mut Names<'f>,
        depth: usize,
    ) -> Value<'f> {
        if depth > MAX_DEPTH || self.is_exhausted() {
            return Value::Unknown;
        }
        match of.kind() {
            "identifier" => match names.get(of.text()) {
                Some(value) => value.clone(),
                None => self.unnamed(of, names),
            },
            _ if of.text() == "this" => names.get("this").cloned().unwrap_or(Value::Unknown),
            "invocation_expression" => self.call(of, names, depth + 1),
            "lambda_expression" | "anonymous_method_expression" => Value::Code(*of),
            "object_creation_expression" => self.made(of, names, depth),
            "argument" | "await_expression" | "cast_expression" | "parenthesized_expression"
            | "postfix_unary_expression" | "checked_expression" => {
                let inner = of.children().last();
                inner.map_or(Value::Unknown, |it| self.value(&it, names, depth + 1))
            }
            "as_expression" => {
                let inner = of.children().next();
                inner.map_or(Value::Unknown, |it| self.value(&it, names, depth + 1))
            }
            "conditional_expression" => {
                let all = of.children().skip(1).collect::<Vec<_>>();
                self.better(&all, names, depth)
            }
            "binary_expression" if of.text().contains("??") => {
                let all = of.children().collect::<Vec<_>>();
                self.better(&all, names, depth)
            }
            "assignment_expression" => {
                let Some(right) = of.field("right") else { return Value::Unknown };
                let value = self.value(&right, names, depth + 1);
                if let Some(left) = of.field("left") {
                    names.insert(left.text().to_owned(), value.clone());
                }
                value
            }
            "member_access_expression" => self.member(of, names, depth),
            _ => self.unnamed(of, names),
        }
    }

    /// `this._group`, and `group.GetType().Name`.
    fn member(&mut self, of: &Piece<'f>, names: &mut Names<'f>, depth: usize) -> Value<'f> {
        let text = of.text();
        if let Some(value) = names.get(text).or_else(|| names.get(text.strip_prefix("this.")?)) {
            return value.clone();
        }
        let is_name = of.field("name").is_some_and(|it| it.text() == "Name");
        if let (true, Some(on)) = (is_name, of.field("expression"))
            && on.is(&["invocation_expression"])
            && let Value::Texts(texts) = self.value(&on, names, depth + 1)
        {
            return Value::Texts(texts);
        }
        self.unnamed(of, names)
    }

    /// A new object; one that is given a router keeps it.
    fn made(&mut self, of: &Piece<'f>, names: &mut Names<'f>, depth: usize) -> Value<'f> {
        let name = of.field("type").map(|it| it.text()).unwrap_or_default();
        let Some(class) = self.sharp.types_named(name, of.file).into_iter().next() else {
            return self.unnamed(of, names);
        };
        let given: Vec<Value<'f>> = arguments(of)
            .iter()
            .take(20)
            .map(|it| self.value(&value(it), names, depth + 1))
            .collect();
        if given.iter().any(|it| matches!(it, Value::Node(_))) {
            let body = class.field("body");
            let constructors = body.iter().flat_map(Piece::children);
            let constructor = constructors
                .filter(|it| it.is(&["constructor_declaration"]))
                .find(|it| parameters(it).len() == given.len());
            let takes = match constructor {
                Some(constructor) => parameters(&constructor),
                None => class.child(&["parameter_list"]).map(|it| it.children().collect()).unwrap_or_default(),
            };
            let mut own: Names<'f> =
                takes.iter().map(|it| parameter_name(it).to_owned()).zip(given).collect();
            if let Some(constructor) = constructor {
                self.method(&constructor, own.clone(), depth);
                let body = constructor.field("body");
                let sets = body.iter().flat_map(|it| it.all(&["assignment_expression"]).take(50));
                for set in sets.collect::<Vec<_>>() {
                    let right = set.field("right").and_then(|it| own.get(it.text()).cloned());
                    if let (Some(left), Some(right)) = (set.field("left"), right) {
                        own.insert(left.text().trim_start_matches("this.").to_owned(), right);
                    }
                }
            }
            self.objects.insert(name_of(&class), own);
        }
        Value::Object(class)
    }

    /// Of several values, the one that is most of a router: a group before the application.
    fn better(&mut self, all: &[Piece<'f>], names: &mut Names<'f>, depth: usize) -> Value<'f> {
        let mut found = Value::Unknown;
        for it in all {
            let value = self.value(it, names, depth + 1);
            let is_better = match (&found, &value) {
                (Value::Unknown, _) => true,
                (Value::Node(has), Value::Node(new)) => new > has,
                (_, Value::Node(_)) => true,
                _ => false,
            };
            if is_better {
                found = value;
            }
        }
        found
    }

    /// Texts, or the name of a method.
    fn unnamed(&self, of: &Piece<'f>, names: &Names<'f>) -> Value<'f> {
        let bound = |name: &str| match names.get(name) {
            Some(Value::Texts(texts)) => Some(texts.clone()),
            _ => None,
        };
        let texts = self.sharp.texts(of, &bound);
        match () {
            () if !texts.is_empty() => Value::Texts(texts),
            () if of.is(&["identifier", "member_access_expression"]) => Value::Code(*of),
            () => Value::Unknown,
        }
    }

    /// Makes a call.
    fn call(&mut self, call: &Piece<'f>, names: &mut Names<'f>, depth: usize) -> Value<'f> {
        let name = callee(call);
        let on = receiver(call);
        let mut target = on.map_or(Value::Unknown, |it| self.value(&it, names, depth + 1));
        // `TEndpoint.Map(app)` and `Orders.Map(app)`: what stands before is a type.
        if let (Some(on), Value::Code(_) | Value::Unknown) = (on, &target)
            && let Some(found) = self.sharp.types_named(on.text(), call.file).first()
        {
            target = Value::Object(*found);
        }
        let given: Vec<(Option<&'f str>, Value<'f>)> = arguments(call)
            .iter()
            .take(60)
            .map(|it| {
                (it.field("name").map(|it| it.text()), self.value(&value(it), names, depth + 1))
            })
            .collect();
        match &target {
            Value::Object(of) if name == "GetType" => {
                return Value::Texts(vec![name_of(of).to_owned()]);
            }
            Value::Unknown | Value::Code(_) if name.starts_with("Create") => {
                let text = on.map(|it| it.text()).unwrap_or_default();
                if bare(text) == "WebApplication" {
                    let is_built = name == "Create";
                    return if is_built { Value::Node(self.root(call)) } else { Value::Builder };
                }
            }
            Value::Builder if name == "Build" => return Value::Node(self.root(call)),
            _ => {}
        }
        let has_router = |it: &Value<'f>| matches!(it, Value::Node(_) | Value::Builder);
        if let Value::Node(node) = target
            && let Some(found) = self.on_router(node, call, &given, names, depth)
        {
            return found;
        }
        let keeps = |it: &Value<'f>| match it {
            Value::Object(of) => self.objects.contains_key(name_of(of)),
            _ => false,
        };
        // Methods of the same object see what it keeps.
        let is_own = on.is_none() && names.get("this").is_some_and(keeps);
        let is_router = has_router(&target) || keeps(&target) || is_own;
        if is_router || given.iter().any(|(_, it)| has_router(it)) {
            let found = self.own_method(call, &target, &given, names, depth);
            if let (Value::Unknown, true) = (&found, has_router(&target)) {
                // `app.UseCors()` and other fluent calls give back what they are made on.
                return target;
            }
            return found;
        }
        let texts = self.unnamed(call, names);
        if let Value::Texts(_) = texts { texts } else { self.text_method(call, &given, depth) }
    }

    /// A method of the project that makes a text.
    fn text_method(
        &mut self,
        call: &Piece<'f>,
        given: &[(Option<&'f str>, Value<'f>)],
        depth: usize,
    ) -> Value<'f> {
        let all = self.sharp.methods_named(callee(call)).iter();
        let mut all = all.filter(|it| {
            let of = it.field("returns").or_else(|| it.field("type"));
            of.is_some_and(|it| it.text() == "string") && it.field("body").is_some()
        });
        match all.next().copied() {
            Some(method) if !given.is_empty() => {
                let names = self.bound(&method, call, &Value::Unknown, given, &Names::new());
                self.method(&method, names, depth)
            }
            _ => Value::Unknown,
        }
    }

    /// Calls the methods of the project that a call may mean.
    pub(super) fn own_method(
        &mut self,
        call: &Piece<'f>,
        target: &Value<'f>,
        given: &[(Option<&'f str>, Value<'f>)],
        names: &Names<'f>,
        depth: usize,
    ) -> Value<'f> {
        let sharp = self.sharp;
        let is_router = matches!(target, Value::Node(_) | Value::Builder);
        let mut all: Vec<Piece<'f>> = sharp
            .methods_named(callee(call))
            .iter()
            .filter(|it| it.field("body").is_some())
            .filter(|it| sharp.apps.share(&it.file.path, &call.file.path))
            .filter(|it| {
                let takes = parameters(it);
                let is_extension = takes.first().is_some_and(|it| has_modifier(it, "this"));
                // What is called on something else is no extension of routers.
                let is_others = is_extension
                    && !is_router
                    && !matches!(target, Value::Object(_))
                    && receiver(call).is_some()
                    && router_parameter(it).is_some();
                if is_others {
                    return false;
                }
                let count = given.len() + usize::from(is_router && is_extension);
                let needed = takes.iter().filter(|it| !has_default(it)).count();
                (is_extension == is_router || !is_router)
                    && needed <= count
                    && (count <= takes.len() || it.text().contains("params "))
            })
            .copied()
            .collect();
        if let Value::Object(of) = target {
            let hierarchy = sharp.hierarchy(of);
            let own: Vec<_> = all
                .iter()
                .filter(|it| holder(it).is_some_and(|it| hierarchy.contains(&it)))
                .copied()
                .collect();
            if !own.is_empty() {
                all = own;
                all.truncate(1);
            } else if !of.is(&["interface_declaration"]) {
                all.clear();
            }
        } else if receiver(call).is_none() {
            let here: Vec<_> =
                all.iter().filter(|it| holder(it) == holder(call)).copied().collect();
            if !here.is_empty() {
                all = here;
            }
        } else if is_router {
            all.truncate(1);
        }
        let mut found = Value::Unknown;
        for method in all.iter().take(300) {
            let names = self.bound(method, call, target, given, names);
            let value = self.method(method, names, depth);
            if !matches!(value, Value::Unknown) {
                found = value;
            }
        }
        found
    }

    /// The parameters of a method with what a call gives for them.
    fn bound(
        &self,
        method: &Piece<'f>,
        call: &Piece<'f>,
        target: &Value<'f>,
        given: &[(Option<&'f str>, Value<'f>)],
        outside: &Names<'f>,
    ) -> Names<'f> {
        let mut names = Names::new();
        let takes = parameters(method);
        let is_extension = takes.first().is_some_and(|it| has_modifier(it, "this"));
        let mut front: Vec<(Option<&str>, Value<'f>)> = Vec::new();
        if is_extension && (given.len() < takes.len()) && !matches!(target, Value::Object(it) if holder(method) == Some(*it))
        {
            front.push((None, target.clone()));
        }
        let mut positional = front.iter().chain(given).filter(|it| it.0.is_none());
        for parameter in &takes {
            let name = parameter_name(parameter);
            let by_name = given.iter().find(|it| it.0 == Some(name)).map(|it| &it.1);
            let value = match by_name.or_else(|| positional.next().map(|it| &it.1)) {
                Some(value) => value.clone(),
                None if has_default(parameter) => {
                    let default = parameter.children().last();
                    default.map_or(Value::Unknown, |it| self.unnamed(&it, &Names::new()))
                }
                None => Value::Unknown,
            };
            names.insert(name.to_owned(), value);
        }
        let kinds = method.child(&["type_parameter_list"]);
        let kinds = kinds.iter().flat_map(Piece::children);
        for (parameter, argument) in kinds.zip(type_arguments(call)) {
            let found = self.sharp.types_named(argument.text(), call.file).into_iter().next();
            let found = found.map(Value::Object).or_else(|| outside.get(argument.text()).cloned());
            names.insert(name_of(&parameter).to_owned(), found.unwrap_or(Value::Unknown));
        }
        let own = match target {
            Value::Object(of) => Some(Value::Object(*of)),
            _ if receiver(call).is_none() => outside.get("this").cloned(),
            _ => None,
        };
        let own = own.or_else(|| holder(method).map(Value::Object));
        names.insert("this".to_owned(), own.unwrap_or(Value::Unknown));
        if let Some(kept) = holder(method).and_then(|it| self.objects.get(name_of(&it))) {
            for (name, value) in kept {
                names.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        // A local function sees what is around it.
        if method.is(&["local_function_statement"]) {
            for (name, value) in outside {
                names.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        names
    }

    /// Runs a method; what it returns.
    pub(super) fn method(
        &mut self,
        method: &Piece<'f>,
        mut names: Names<'f>,
        depth: usize,
    ) -> Value<'f> {
        let key = key(method);
        let Some(body) = method.field("body") else { return Value::Unknown };
        if self.stack.len() > MAX_CALLS || self.stack.contains(&key) {
            return Value::Unknown;
        }
        self.visited.insert(key);
        self.stack.push(key);
        let found = if body.is(&["block"]) {
            self.block(&body, &mut names, depth + 1)
        } else if body.is(&["arrow_expression_clause"]) {
            self.statement(&body, &mut names, depth + 1)
        } else {
            Some(self.value(&body, &mut names, depth + 1))
        };
        self.stack.pop();
        found.unwrap_or(Value::Unknown)
    }

    /// Runs a lambda with `given` for its first parameter.
    pub(super) fn lambda(
        &mut self,
        lambda: &Piece<'f>,
        given: Value<'f>,
        names: &Names<'f>,
        depth: usize,
    ) {
        let mut names = names.clone();
        if let Some(first) = parameters(lambda).first() {
            names.insert(parameter_name(first).to_owned(), given);
        }
        self.method(lambda, names, depth);
    }

    fn is_exhausted(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    /// The endpoints with their whole paths, and what all groups around them say.
    pub(super) fn mapped(&self) -> Vec<Mapped<'f>> {
        let mut routes = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let Some(endpoint) = &node.endpoint else { continue };
            let said = self.said(at);
            for path in self.paths(at).iter().flat_map(|it| paths::braces(it)) {
                routes.extend(endpoint.methods.iter().map(|method| Mapped {
                    method: method.clone(),
                    path: path.clone(),
                    handler: endpoint.handler.clone(),
                    at: node.at,
                    said: said.clone(),
                }));
            }
        }
        routes
    }
}

/// What tells a method from all others.
fn key<'f>(method: &Piece<'f>) -> (&'f str, usize) {
    (method.file.path.as_str(), method.offset())
}

fn has_default(parameter: &Piece<'_>) -> bool {
    has_modifier(parameter, "params")
        || parameter.text().contains('=')
        || parameter.field("name").is_some_and(|name| {
            parameter.children().last().is_some_and(|last| last != name)
        })
}

/// The name of the parameter that a router is given for.
fn router_parameter<'f>(method: &Piece<'f>) -> Option<&'f str> {
    let is_startup = name_of(method) == "Configure";
    let all = parameters(method);
    let found = all.iter().find(|it| {
        let of = it.field("type").map(|it| bare(it.text())).unwrap_or_default();
        ROUTERS.contains(&of) || is_startup && of == "IApplicationBuilder"
    })?;
    Some(parameter_name(found))
}
