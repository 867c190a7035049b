//! Follows the code that maps endpoints, from `Program.cs` into the methods that it calls.
//!
//! Only what holds routers is followed: variables and parameters that are the application or a
//! group, texts that become paths, and handlers that are handed on.

use std::collections::{HashMap, HashSet};

use super::{
    controllers::{Convention, Mapped},
    endpoints::Node,
    pipeline::Middleware,
    strings::paths_of,
    types::{
        Sharp, TYPES, arguments, bare, has_modifier, holder, name_of, parameter_name, parameters,
        value,
    },
};
use crate::{
    frameworks::calls::{callee, receiver},
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
    pub(super) objects: HashMap<&'f str, Names<'f>>,
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
            "argument"
            | "await_expression"
            | "cast_expression"
            | "parenthesized_expression"
            | "postfix_unary_expression"
            | "checked_expression" => {
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
    pub(super) fn unnamed(&self, of: &Piece<'f>, names: &Names<'f>) -> Value<'f> {
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
            return match (found, target) {
                // What is said of `app.MapHub<Chat>("/chat")` is not said of the application.
                (Value::Unknown, Value::Node(node)) if name.starts_with("Map") => {
                    Value::Node(self.group(node, Vec::new(), call))
                }
                // `app.UseCors()` and other fluent calls give back what they are made on.
                (Value::Unknown, target) if has_router(&target) => target,
                (found, _) => found,
            };
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
            for path in self.paths(at).iter().flat_map(|it| paths_of(it)) {
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

pub(super) fn has_default(parameter: &Piece<'_>) -> bool {
    has_modifier(parameter, "params")
        || parameter.text().contains('=')
        || parameter
            .field("name")
            .is_some_and(|name| parameter.children().last().is_some_and(|last| last != name))
}

/// The name of the parameter that a router is given for.
pub(super) fn router_parameter<'f>(method: &Piece<'f>) -> Option<&'f str> {
    let is_startup = name_of(method) == "Configure";
    let all = parameters(method);
    let found = all.iter().find(|it| {
        let of = it.field("type").map(|it| bare(it.text())).unwrap_or_default();
        ROUTERS.contains(&of) || is_startup && of == "IApplicationBuilder"
    })?;
    Some(parameter_name(found))
}
