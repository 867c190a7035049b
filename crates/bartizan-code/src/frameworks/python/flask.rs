//! Flask, with its extensions for resources.

mod classes;
mod examples;

use super::{
    handlers,
    tree::{Ask, Declared, Kind, Mount, Router, Tree},
    value::{Arguments, Event, Value, tail},
    world::World,
};
use crate::{
    frameworks::Framework,
    limits::Limits,
    paths,
    project::Project,
    route::{Level, Route},
    syntax::{Language, Piece},
};

/// The framework.
pub(crate) static FRAMEWORK: Framework = Framework {
    name: "flask",
    title: "Flask",
    languages: &[Language::Python],
    documentation: "Routes of `Flask` and `Blueprint` objects, also nested, declared by decorators \
        or `add_url_rule`; views that are classes; resources and namespaces of Flask-RESTful, \
        Flask-RESTX and flask-smorest. Guards are decorators below the one of the route, those of \
        a class, and functions before requests of the application or a blueprint: what is in the \
        project is followed for a caller without credentials, for each path and endpoint, so \
        exempted ones are free; what comes from packages is judged by its name. Checks in the body \
        of a handler are not read.",
    examples: examples::EXAMPLES,
    read,
};

/// What kind of router something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Application,
    Blueprint,
    Api,
    Namespace,
}

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    if !project
        .files(FRAMEWORK.languages)
        .any(|file| file.text.contains("flask") || file.text.contains("quart"))
    {
        return Vec::new();
    }
    let mut world = World::new(project);
    let mut tree = Tree::new(FRAMEWORK.name, join);
    for event in world.log.clone() {
        match event {
            Event::Called(at) => called(&world, &mut tree, at),
            Event::Decorated(function) => decorated(&world, &mut tree, function),
            Event::DecoratedClass(class) => classes::decorated(&world, &mut tree, class),
        }
    }
    tree.resolve(&mut world, limits)
}

/// The framework puts one slash between a prefix and a rule; an empty rule is the prefix itself.
fn join(prefix: &str, rule: &str) -> String {
    let whole = match (prefix.is_empty(), rule.is_empty()) {
        (true, _) => rule.to_owned(),
        (_, true) => prefix.to_owned(),
        _ => format!("{}/{}", prefix.trim_end_matches('/'), rule.trim_start_matches('/')),
    };
    let whole = paths::angles(&whole);
    if whole.starts_with('/') || whole.is_empty() { whole } else { format!("/{whole}") }
}

fn role(world: &World<'_>, at: usize) -> Option<Role> {
    let of = |name: &str| match name {
        "Flask" | "Quart" | "APIFlask" | "OpenAPI" => Some(Role::Application),
        "Api" => Some(Role::Api),
        "Namespace" => Some(Role::Namespace),
        _ => name.ends_with("Blueprint").then_some(Role::Blueprint),
    };
    match &world.objects.get(at)?.callee {
        // `api.namespace("x")` makes one and adds it.
        Value::Attr(attr) if &*attr.1 == "namespace" => {
            router_of(world, &attr.0).map(|_| Role::Namespace)
        }
        Value::Name(name) if name.starts_with("fastapi") => None,
        Value::Name(name) => of(tail(name)),
        Value::Class(class) => world.outside(*class).iter().find_map(|name| of(name)),
        _ => None,
    }
}

/// The router that a value is.
fn router_of(world: &World<'_>, value: &Value) -> Option<usize> {
    match value {
        Value::Object(at) => role(world, *at).map(|_| *at),
        _ => None,
    }
}

fn text(world: &World<'_>, value: Option<&Value>) -> Option<String> {
    value.and_then(|value| world.text(value))
}

fn called<'f>(world: &World<'f>, tree: &mut Tree<'f>, at: usize) {
    let Some(object) = world.objects.get(at) else { return };
    let (arguments, piece) = (&*object.arguments, object.piece);
    if let Some(role) = role(world, at) {
        return made(world, tree, at, role);
    }
    if let Value::Object(outer) = object.callee
        && let Some(handler) = arguments.positional.first()
    {
        return by_object(world, tree, outer, handler, &[]);
    }
    let Value::Attr(attr) = &object.callee else { return };
    let Some(router) = router_of(world, &attr.0) else { return };
    let first = arguments.positional.first();
    match &*attr.1 {
        "register_blueprint" | "add_namespace" | "register_api" => {
            let prefix = match &*attr.1 {
                "add_namespace" => text(world, arguments.get(1, "path")),
                _ => text(world, arguments.named("url_prefix")),
            };
            let child = first.or_else(|| arguments.named("blueprint"));
            match child.and_then(|child| router_of(world, child)) {
                Some(child) => mount(tree, router, child, prefix),
                None => tree.is_unclear |= matches!(child, Some(Value::Unknown)),
            }
        }
        "init_app" => match first.and_then(|parent| router_of(world, parent)) {
            Some(parent) => mount(tree, parent, router, None),
            None => {
                if let Some(router) = tree.routers.get_mut(&router) {
                    router.is_application = true;
                }
            }
        },
        "add_url_rule" => {
            let rule = text(world, arguments.get(0, "rule")).unwrap_or_default();
            let endpoint = text(world, arguments.get(1, "endpoint"));
            let Some(view) = arguments.get(2, "view_func") else { return };
            let methods = listed(world, arguments.named("methods"));
            rule_for(world, tree, router, &rule, endpoint, view, methods, piece, &[]);
        }
        "add_resource" => classes::add_resource(world, tree, router, arguments, piece),
        "before_request" | "before_app_request" => {
            if let Some(function) = first {
                before(tree, router, &attr.1, function, piece, &[]);
            }
        }
        _ => {}
    }
}

/// A router came into being.
fn made<'f>(world: &World<'f>, tree: &mut Tree<'f>, at: usize, role: Role) {
    let Some(object) = world.objects.get(at) else { return };
    let arguments = &*object.arguments;
    let name = text(world, arguments.get(0, "name"));
    let named = |name| text(world, arguments.named(name));
    let prefix = match role {
        Role::Application => None,
        Role::Blueprint => named("url_prefix"),
        Role::Api => named("prefix"),
        Role::Namespace => named("path").or_else(|| name.as_ref().map(|name| format!("/{name}"))),
    };
    let level = if role == Role::Application { Level::Application } else { Level::Group };
    let around = arguments.named("decorators").map(|list| world.members(list));
    let around = around.unwrap_or_default().into_iter().map(|value| (value, object.piece));
    let router = Router {
        name: if role == Role::Blueprint { name.unwrap_or_default() } else { String::new() },
        prefix: prefix.unwrap_or_default(),
        is_application: role == Role::Application,
        asks: handlers::decorators(around, level),
        ..Router::default()
    };
    tree.routers.insert(at, router);
    if let Value::Attr(attr) = &object.callee
        && let Some(parent) = router_of(world, &attr.0)
    {
        mount(tree, parent, at, None);
    }
    if role == Role::Api
        && let Some(parent) = arguments.get(0, "app").and_then(|parent| router_of(world, parent))
    {
        mount(tree, parent, at, None);
    }
}

fn mount(tree: &mut Tree<'_>, parent: usize, child: usize, prefix: Option<String>) {
    let replaces = prefix.is_some();
    let prefix = prefix.unwrap_or_default();
    let mount = Mount { child, prefix, replaces, is_apart: false, asks: Vec::new() };
    if parent != child
        && let Some(parent) = tree.routers.get_mut(&parent)
    {
        parent.mounts.push(mount);
    }
}

/// A function that runs before requests.
fn before<'f>(
    tree: &mut Tree<'f>,
    router: usize,
    how: &str,
    function: &Value,
    written: Piece<'f>,
    below: &[(Value, Piece<'f>)],
) {
    let is_for_all = how == "before_app_request";
    for (at, found) in &mut tree.routers {
        if *at == router && !is_for_all || is_for_all && found.is_application {
            let level = if found.is_application { Level::Application } else { Level::Group };
            let value = function.clone();
            found.asks.push(Ask { kind: Kind::Before, value, written, level });
            // `@bp.before_request` above `@login_required`: that stands before all as well.
            found.asks.extend(handlers::decorators(below.iter().cloned(), level));
        }
    }
}

fn decorated<'f>(world: &World<'f>, tree: &mut Tree<'f>, function: usize) {
    let Some(found) = world.functions.get(function) else { return };
    let handler = Value::Function(function);
    for (at, (value, written)) in found.decorators.iter().enumerate() {
        // What decorates above a route is applied to what the router no longer sees.
        let below: Vec<_> = found.decorators.iter().skip(at + 1).cloned().collect();
        match value {
            Value::Object(object) => by_object(world, tree, *object, &handler, &below),
            Value::Attr(attr) if attr.1.starts_with("before_") => {
                if let Some(router) = router_of(world, &attr.0) {
                    before(tree, router, &attr.1, &handler, *written, &below);
                }
            }
            _ => {}
        }
    }
}

/// A route by what `bp.route("/x", …)` gave back.
fn by_object<'f>(
    world: &World<'f>,
    tree: &mut Tree<'f>,
    object: usize,
    handler: &Value,
    below: &[(Value, Piece<'f>)],
) {
    let Some(made) = world.objects.get(object) else { return };
    let Value::Attr(attr) = &made.callee else { return };
    let Some(router) = router_of(world, &attr.0) else { return };
    let arguments = &made.arguments;
    let methods = match &*attr.1 {
        "route" => listed(world, arguments.named("methods")),
        method if METHODS.contains(&method) => Some(vec![method.to_ascii_uppercase()]),
        _ => return,
    };
    let endpoint = text(world, arguments.named("endpoint"));
    let rules = arguments.named("rule").into_iter().chain(&arguments.positional);
    for rule in rules.filter_map(|rule| world.text(rule)) {
        let (endpoint, methods) = (endpoint.clone(), methods.clone());
        rule_for(world, tree, router, &rule, endpoint, handler, methods, made.piece, below);
    }
}

/// `methods=[…]`, if it is there.
fn listed(world: &World<'_>, list: Option<&Value>) -> Option<Vec<String>> {
    let named: Vec<String> = world
        .members(list?)
        .iter()
        .filter_map(|value| world.text(value))
        .map(|method| method.to_ascii_uppercase())
        .filter(|method| method != "OPTIONS" && method != "HEAD")
        .collect();
    (!named.is_empty()).then_some(named)
}

/// A rule for a function or for what `as_view` gave back.
#[expect(clippy::too_many_arguments, reason = "all parts of one route")]
fn rule_for<'f>(
    world: &World<'f>,
    tree: &mut Tree<'f>,
    router: usize,
    rule: &str,
    endpoint: Option<String>,
    view: &Value,
    methods: Option<Vec<String>>,
    written: Piece<'f>,
    below: &[(Value, Piece<'f>)],
) {
    let handler = handlers::unwrap(world, view);
    let around = below.iter().chain(&handler.around).cloned();
    let asks = handlers::decorators(around, Level::Route);
    if let Value::Class(class) = handler.value {
        let made = handler.made.and_then(|made| world.objects.get(made));
        let name = made.and_then(|made| text(world, made.arguments.get(0, "name")));
        let endpoint = endpoint.or(name).unwrap_or_default();
        let rules = [rule.to_owned()];
        return classes::routes(
            world, tree, router, &rules, &endpoint, class, methods, written, &asks,
        );
    }
    let mut asks = asks;
    // A function that is handed over by name brings the decorators that it was defined with.
    if let Value::Function(at) | Value::Bound(_, at) = handler.value
        && below.is_empty()
        && !is_route_decorated(world, at)
    {
        asks.extend(handlers::decorators(handlers::of_function(world, at), Level::Route));
    }
    let name = world.name_of(&handler.value).unwrap_or_default().to_owned();
    let declared = Declared {
        methods: methods.unwrap_or_else(|| vec!["GET".to_owned()]),
        path: rule.to_owned(),
        handler: Some(handler.value),
        endpoint: endpoint.unwrap_or(name),
        written,
        asks,
        is_socket: false,
    };
    if let Some(router) = tree.routers.get_mut(&router) {
        router.routes.push(declared);
    }
}

/// Whether a function is declared as a route by one of its decorators.
fn is_route_decorated(world: &World<'_>, function: usize) -> bool {
    handlers::of_function(world, function).iter().any(|(value, _)| match value {
        Value::Object(at) => world.objects.get(*at).is_some_and(|object| match &object.callee {
            Value::Attr(attr) => router_of(world, &attr.0).is_some(),
            _ => false,
        }),
        _ => false,
    })
}

/// Arguments that are texts, in order.
fn texts(world: &World<'_>, arguments: &Arguments) -> Vec<String> {
    arguments.positional.iter().filter_map(|value| world.text(value)).collect()
}
