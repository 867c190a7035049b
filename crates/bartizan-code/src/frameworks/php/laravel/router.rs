//! Goes through files of routes as Laravel would.

use std::collections::HashSet;

use super::{
    controllers,
    middleware::Middleware,
    scope::{Scope, written_out},
};
use crate::{
    frameworks::php::{
        calls::{Chain, Link, Start, arguments, parameters, statements},
        values::Value,
    },
    limits::Limits,
    paths,
    route::{Authorization, Level, Route, short},
    syntax::{File, Piece},
};

/// Groups and files in each other are followed so far.
const MAX_DEPTH: usize = 32;
/// Statements that are looked at of one application, counting each time around a loop.
const MAX_STEPS: usize = 50_000;

/// Reads the routes of one application.
pub(super) struct Router<'m, 'f> {
    pub(super) middleware: &'m Middleware<'m, 'f>,
    pub(super) limits: &'m Limits,
    /// Files that were gone through.
    pub(super) loaded: HashSet<&'f str>,
    /// Files that are being gone through.
    pub(super) open: Vec<&'f str>,
    pub(super) steps: usize,
    pub(super) routes: Vec<Route>,
}

impl<'m, 'f> Router<'m, 'f> {
    /// Goes through statements.
    pub(super) fn all(&mut self, pieces: &[Piece<'f>], scope: &mut Scope<'m, 'f>) {
        for piece in pieces {
            self.statement(piece, scope);
        }
    }

    /// Goes through a file, behind what `scope` says.
    pub(super) fn file(&mut self, file: &'f File, scope: &Scope<'m, 'f>) {
        let path = file.path.as_str();
        if self.open.contains(&path) || scope.depth > MAX_DEPTH {
            return;
        }
        self.loaded.insert(path);
        self.open.push(path);
        self.all(&statements(&file.root()), &mut scope.deeper());
        self.open.pop();
    }

    fn statement(&mut self, piece: &Piece<'f>, scope: &mut Scope<'m, 'f>) {
        self.steps += 1;
        if scope.depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return;
        }
        match piece.kind() {
            "expression_statement" | "return_statement" => {
                if let Some(inner) = piece.children().next() {
                    self.expression(&inner, scope);
                }
            }
            "compound_statement" | "namespace_definition" => {
                self.all(&statements(piece), &mut scope.deeper());
            }
            "if_statement" | "else_clause" | "else_if_clause" | "try_statement" => {
                self.all(&statements(piece), &mut scope.deeper());
                for other in piece.children().filter(|it| it.is(&["else_clause", "else_if_clause"]))
                {
                    self.statement(&other, &mut scope.deeper());
                }
            }
            "foreach_statement" => self.foreach(piece, scope),
            _ => {}
        }
    }

    fn expression(&mut self, piece: &Piece<'f>, scope: &mut Scope<'m, 'f>) {
        match piece.kind() {
            "require_expression"
            | "require_once_expression"
            | "include_expression"
            | "include_once_expression" => {
                if let Some(path) = piece.children().next() {
                    self.load(&path, scope);
                }
            }
            "assignment_expression" => {
                if let (Some(name), Some(value)) = (piece.field("left"), piece.field("right")) {
                    let text = value.text();
                    if matches!(
                        text,
                        "app('router')"
                            | "$app['router']"
                            | "$app->router"
                            | "$this->app['router']"
                    ) {
                        scope.routers.push(name.text().to_owned());
                    }
                    scope.known.set(name.text(), scope.known.value(&value));
                    if value.is(&["member_call_expression", "scoped_call_expression"]) {
                        self.expression(&value, scope);
                    }
                }
            }
            "member_call_expression" | "scoped_call_expression" => {
                if let Some(chain) = Chain::of(piece) {
                    self.chain(&chain, piece, scope);
                }
            }
            "function_call_expression" => self.function(piece, scope),
            // `fn () => [Route::get(…), Route::post(…)]`
            "array_creation_expression" if scope.depth <= MAX_DEPTH => {
                for element in piece.children().filter_map(|it| it.children().last()) {
                    self.expression(&element, &mut scope.deeper());
                }
            }
            _ => {}
        }
    }

    /// A function of the project that declares routes, or a closure in a variable.
    fn function(&mut self, piece: &Piece<'f>, scope: &Scope<'m, 'f>) {
        let Some(named) = piece.field("function") else { return };
        if let Some(Value::Code(code)) = scope.known.get(named.text()) {
            let code = *code;
            self.callable(&code, scope, &arguments(piece));
        }
    }

    /// Runs a closure, function or method with what it is given.
    pub(super) fn callable(
        &mut self,
        code: &Piece<'f>,
        scope: &Scope<'m, 'f>,
        given: &[(Option<&'f str>, Piece<'f>)],
    ) {
        let mut inner = scope.deeper();
        for (at, (name, kind)) in parameters(code).into_iter().enumerate() {
            let argument = given.get(at).map(|(_, piece)| *piece);
            let is_router = argument
                .is_some_and(|it| scope.routers.iter().any(|name| name == it.text()))
                || kind.is_some_and(|kind| {
                    matches!(kind.rsplit('\\').next(), Some("Router" | "Registrar"))
                });
            if is_router || given.is_empty() {
                inner.routers.push(name.to_owned());
            } else if let Some(argument) = argument {
                inner.known.set(name, scope.known.value(&argument));
            }
        }
        match code.field("body") {
            Some(body) if body.kind() != "compound_statement" => self.expression(&body, &mut inner),
            _ => self.all(&statements(code), &mut inner),
        }
    }

    fn chain(&mut self, chain: &Chain<'f>, piece: &Piece<'f>, scope: &Scope<'m, 'f>) {
        let names = scope.known.classes.names(piece.file);
        match chain.start {
            Start::Class(name) => {
                let full = names.full(name);
                match full.rsplit('\\').next().unwrap_or(&full) {
                    "Route" | "RouteFacade" => self.declaration(chain, scope),
                    "Volt" => self.declaration(chain, scope),
                    "Auth" if chain.links.iter().any(|link| link.name == "routes") => {
                        self.auth_routes(chain, scope);
                    }
                    "Application" => self.configure(chain, scope),
                    _ => self.static_method(&full, name, chain, scope),
                }
            }
            Start::Value(on) => {
                let text = on.text();
                let is_router = scope.routers.iter().any(|name| name == text)
                    || matches!(
                        text,
                        "$this->router"
                            | "$app->router"
                            | "$this->app->router"
                            | "app('router')"
                            | "app()->router"
                            | "$this->app['router']"
                    );
                if is_router {
                    self.declaration(chain, scope);
                } else if text == "$this" {
                    self.own_method(chain, scope);
                } else if text.starts_with("collect(") || on.kind() == "object_creation_expression"
                {
                    self.on_value(chain, &on, scope);
                }
            }
        }
    }

    fn static_method(&mut self, full: &str, name: &str, chain: &Chain<'f>, scope: &Scope<'m, 'f>) {
        let full = match (name, &scope.class) {
            ("self" | "static", Some(class)) => class,
            _ => full,
        };
        let Some(link) = chain.links.first() else { return };
        let (ancestors, _) = scope.known.classes.ancestors(full, &scope.known.root);
        let found = ancestors.iter().find_map(|class| Some((class, class.method(link.name)?)));
        if let Some((class, method)) = found
            && method.text().contains("Route::") | method.text().contains("->group(")
        {
            self.loaded.insert(&class.piece.file.path);
            let inner = Scope { class: Some(class.full.clone()), ..scope.clone() };
            self.callable(&method, &inner, &link.arguments);
        }
    }

    /// Calls on `$this` in providers: own methods, and what loads routes.
    fn own_method(&mut self, chain: &Chain<'f>, scope: &Scope<'m, 'f>) {
        let Some(link) = chain.links.first() else { return };
        match link.name {
            "loadRoutesFrom" => {
                if let Some(path) = link.argument(0, "path") {
                    self.load(&path, scope);
                }
            }
            "routes" | "booted" => {
                if let Some(code) = link.argument(0, "routesCallback") {
                    self.callable(&code, scope, &[]);
                }
            }
            name => {
                let Some(class) = &scope.class else { return };
                let (ancestors, _) = scope.known.classes.ancestors(class, &scope.known.root);
                if let Some(method) = ancestors.iter().find_map(|class| class.method(name)) {
                    self.callable(&method, scope, &link.arguments);
                }
            }
        }
    }

    /// `collect([…])->each(function ($x) { … })` and `(new AdminRoutes)->register($router)`.
    fn on_value(&mut self, chain: &Chain<'f>, on: &Piece<'f>, scope: &Scope<'m, 'f>) {
        let Some(link) = chain.links.first() else { return };
        if on.kind() == "object_creation_expression" {
            if let Some(class) = on.children().next() {
                let full = scope.known.classes.names(on.file).full(class.text());
                self.static_method(&full, class.text(), chain, scope);
            }
            return;
        }
        let list = arguments(on).into_iter().next().map(|(_, list)| scope.known.value(&list));
        let (Some(Value::List(items)), Some(code)) = (list, link.argument(0, "callback")) else {
            return;
        };
        let names = parameters(&code);
        for (key, item) in items.into_iter().take(200) {
            let mut inner = scope.deeper();
            if let Some((name, _)) = names.first() {
                inner.known.set(name, item);
            }
            if let Some((name, _)) = names.get(1) {
                inner.known.set(name, Value::Text(key.unwrap_or_default()));
            }
            self.all(&statements(&code), &mut inner);
        }
    }

    /// `Route::…`: attributes, then a group or routes, then more about these.
    fn declaration(&mut self, chain: &Chain<'f>, scope: &Scope<'m, 'f>) {
        let mut inner = scope.deeper();
        for (at, link) in chain.links.iter().enumerate() {
            let rest = chain.links.get(at + 1..).unwrap_or_default();
            match link.name {
                "group" | "version" => return self.group(link, inner),
                name if self.is_route(name) => return self.single(link, rest, inner),
                name if self.is_resource(name) => return self.resource(link, rest, inner),
                // Where `Route::middleware` is not last, what it says holds for the rest.
                _ => {
                    inner.apply(link, Level::Group);
                }
            }
        }
    }

    fn is_route(&self, name: &str) -> bool {
        matches!(
            name,
            "get"
                | "post"
                | "put"
                | "patch"
                | "delete"
                | "options"
                | "any"
                | "match"
                | "redirect"
                | "permanentRedirect"
                | "view"
                | "fallback"
                | "route"
                | "livewire"
                | "inertia"
                | "addRoute"
        )
    }

    fn group(&mut self, link: &Link<'f>, mut scope: Scope<'m, 'f>) {
        let first = link.argument(0, "attributes");
        let attributes = first.filter(|it| it.kind() == "array_creation_expression");
        let variable = first.and_then(|it| match scope.known.value(&it) {
            Value::Code(code) if code.kind() == "array_creation_expression" => Some(code),
            _ => None,
        });
        let mut code = first;
        if let Some(array) = attributes.or(variable)
            && let Some(second) = link.argument(1, "routes")
        {
            scope.apply_array(&array, Level::Group);
            code = Some(second);
        }
        let Some(code) = code.or_else(|| link.argument(0, "routes")) else { return };
        let known = match scope.known.value(&code) {
            Value::Code(code) => code,
            _ => code,
        };
        if known.is(&["anonymous_function", "arrow_function"]) {
            self.callable(&known, &scope, &[]);
        } else {
            self.load(&code, &scope);
        }
    }

    /// A route by a verb.
    fn single(&mut self, link: &Link<'f>, rest: &[Link<'f>], mut scope: Scope<'m, 'f>) {
        let known = scope.known.clone();
        let mut methods = vec![link.name.to_uppercase()];
        let mut place = 0;
        match link.name {
            "any" | "redirect" | "permanentRedirect" => methods = vec!["ANY".to_owned()],
            "view" | "fallback" | "route" | "livewire" | "inertia" => {
                methods = vec!["GET".to_owned()];
            }
            "match" | "addRoute" => {
                let named = link.argument(0, "methods").map(|it| known.value(&it).texts());
                methods = named.unwrap_or_default().iter().map(|it| it.to_uppercase()).collect();
                place = 1;
            }
            _ => {}
        }
        let path = match link.name {
            "fallback" => "{fallbackPlaceholder}".to_owned(),
            _ => {
                let Some(Value::Text(path)) =
                    link.argument(place, "uri").map(|it| known.value(&it))
                else {
                    return;
                };
                path
            }
        };
        scope.add_prefix(&path);
        let action_at = if link.name == "fallback" { 0 } else { place + 1 };
        let action = link.argument(action_at, "action");
        if let Some(array) = action.filter(|it| it.kind() == "array_creation_expression") {
            scope.apply_array(&array, Level::Route);
        }
        for link in rest {
            scope.apply(link, Level::Route);
        }
        let answers = match link.name {
            "view" | "redirect" | "permanentRedirect" | "route" | "livewire" | "inertia" => None,
            _ => action.and_then(|action| answers(&known.value(&action), &scope)),
        };
        let path = scope.prefix.clone();
        for method in &methods {
            self.declare(method, &path, answers.as_ref(), &link.piece, &scope);
        }
    }

    /// Lists a route under each path that it is written for.
    pub(super) fn declare(
        &mut self,
        method: &str,
        path: &str,
        answers: Option<&(String, String)>,
        piece: &Piece<'f>,
        scope: &Scope<'m, 'f>,
    ) {
        let mut uses = scope.uses.clone();
        if let Some((controller, method)) = answers {
            uses.extend(controllers::uses(&scope.known, controller, method));
        }
        let guards = self.middleware.guards(&uses, &scope.without);
        let handler = answers.map(|(controller, method)| short(&format!("{controller}@{method}")));
        for path in written_out(path) {
            if self.routes.len() >= self.limits.routes {
                return;
            }
            self.routes.push(Route {
                path: paths::join("", &path, false),
                method: method.to_owned(),
                authorization: Authorization::of(guards.clone()),
                framework: super::NAME,
                handler: handler.clone(),
                place: piece.place(),
                component: None,
            });
        }
    }
}

/// Controller and method that an action names.
fn answers(action: &Value<'_>, scope: &Scope<'_, '_>) -> Option<(String, String)> {
    match action {
        Value::Class(class) => Some((class.clone(), "__invoke".to_owned())),
        Value::Text(text) => match (text.split_once('@'), &scope.controller) {
            (Some((class, method)), _) => Some((in_namespace(class, scope), method.to_owned())),
            (None, Some(controller)) => Some((in_namespace(controller, scope), text.clone())),
            (None, None) => Some((in_namespace(text, scope), "__invoke".to_owned())),
        },
        Value::List(values) => {
            if let Some(action) = action.at("uses") {
                return answers(action, scope);
            }
            let mut values = values.iter().map(|(_, value)| value);
            match (values.next(), values.next()) {
                (Some(Value::Class(class)), Some(Value::Text(method))) => {
                    Some((class.clone(), method.clone()))
                }
                (Some(Value::Text(class)), Some(Value::Text(method))) => {
                    Some((in_namespace(class, scope), method.clone()))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A controller that is named in a string, with the namespace around.
pub(super) fn in_namespace(class: &str, scope: &Scope<'_, '_>) -> String {
    match class.contains('\\') && class.starts_with("App") || class.starts_with('\\') {
        true => class.trim_start_matches('\\').to_owned(),
        false if scope.namespace.is_empty() => format!("App\\Http\\Controllers\\{class}"),
        false => format!("{}\\{class}", scope.namespace),
    }
}
