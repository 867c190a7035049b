//! `FastAPI`.

mod examples;

use super::{
    tree::{Ask, Declared, Kind, Mount, Router, Tree},
    value::{Arguments, Event, Value, tail},
    world::World,
};
use crate::{
    frameworks::Framework,
    limits::Limits,
    paths,
    project::Project,
    route::{Effect, Level, Route},
    syntax::{Language, Piece},
};

/// The framework.
pub(crate) static FRAMEWORK: Framework = Framework {
    name: "fastapi",
    title: "FastAPI",
    languages: &[Language::Python],
    documentation: "Routes of `FastAPI` and `APIRouter` objects, declared by decorators or \
        `add_api_route`, WebSockets (as GET) among them, with the prefixes of `include_router` and `mount` wherever they are \
        called. Guards are dependencies of the application, router, inclusion, route and of the \
        parameters of the handler, also through `Annotated` aliases and dependencies of \
        dependencies, and middleware: a function is followed for a caller without credentials, so \
        one that lets such callers through is no guard, and paths that a middleware exempts are \
        free. `Security(…)` on something of another package is a guard, unless its name says that \
        credentials may be missing; where a setting chooses the dependency, the route is unclear, and so \
        it is where `dependencies=[…]` names one of another package that nothing is known of, and where a \
        middleware stands before a WebSocket: not all of them look at those. \
        Routes that packages bring (documentation pages, login routers) are not listed.",
    examples: examples::EXAMPLES,
    read,
};

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options", "trace"];

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    if !project.files(FRAMEWORK.languages).any(|file| file.text.contains("fastapi")) {
        return Vec::new();
    }
    let mut world = World::new(project);
    let mut tree = Tree::new(FRAMEWORK.name, join);
    for event in world.log.clone() {
        match event {
            Event::Called(at) => called(&mut world, &mut tree, at),
            Event::Decorated(function) => decorated(&mut world, &mut tree, function),
            Event::DecoratedClass(_) => {}
        }
    }
    tree.resolve(&mut world, limits)
}

/// The framework puts texts behind each other as they are.
fn join(prefix: &str, path: &str) -> String {
    let whole = match (prefix, path) {
        ("/", path) if path.starts_with('/') => path.to_owned(),
        _ => format!("{prefix}{path}"),
    };
    paths::braces(&whole).into_iter().last().unwrap_or(whole)
}

/// What kind of router an object is: `Some(true)` an application.
fn kind(world: &World<'_>, at: usize) -> Option<bool> {
    let of = |name: &str| match name {
        "FastAPI" => Some(true),
        "InferringRouter" => Some(false),
        _ => name.ends_with("APIRouter").then_some(false),
    };
    match &world.objects.get(at)?.callee {
        Value::Name(name) => of(tail(name)),
        Value::Class(class) => world.outside(*class).iter().find_map(|name| of(name)),
        _ => None,
    }
}

/// The router that a value is.
fn router_of(world: &World<'_>, value: &Value) -> Option<usize> {
    match value {
        Value::Object(at) => kind(world, *at).map(|_| *at),
        // `app.router` takes what the application does.
        Value::Attr(attr) if &*attr.1 == "router" => router_of(world, &attr.0),
        _ => None,
    }
}

fn called<'f>(world: &mut World<'f>, tree: &mut Tree<'f>, at: usize) {
    let Some(object) = world.objects.get(at).cloned() else { return };
    let (arguments, piece) = (&*object.arguments, object.piece);
    if let Some(is_application) = kind(world, at) {
        let level = if is_application { Level::Application } else { Level::Group };
        let mut router = Router {
            is_application,
            prefix: text(world, arguments.named("prefix")),
            asks: dependencies(world, arguments, piece, level),
            ..Router::default()
        };
        router.asks.extend(middlewares(world, arguments.named("middleware"), piece));
        tree.routers.insert(at, router);
        return;
    }
    // `router.get("/x")(handler)`.
    if let Value::Object(outer) = object.callee
        && let Some(handler @ (Value::Function(_) | Value::Bound(..))) =
            arguments.positional.first()
    {
        let handler = handler.clone();
        by_object(world, tree, outer, &handler, &[], piece);
        return;
    }
    let Value::Attr(attr) = &object.callee else { return };
    let Some(router) = router_of(world, &attr.0) else { return };
    match &*attr.1 {
        "include_router" => include(world, tree, router, arguments, piece),
        "mount" => {
            let child = arguments.get(1, "app").and_then(|child| router_of(world, child));
            let Some(child) = child.filter(|child| *child != router) else { return };
            let prefix = text(world, arguments.get(0, "path"));
            let prefix = prefix.trim_end_matches('/').to_owned();
            let mount = Mount { child, prefix, replaces: false, is_apart: true, asks: Vec::new() };
            if let Some(router) = tree.routers.get_mut(&router) {
                router.mounts.push(mount);
            }
        }
        "add_api_route" | "add_route" => {
            let Some(handler) = arguments.get(1, "endpoint").cloned() else { return };
            let opens = Opens::Methods(methods(world, arguments.named("methods")));
            add(world, tree, router, arguments, &handler, opens, piece, &[]);
        }
        "add_api_websocket_route" | "add_websocket_route" => {
            let Some(handler) = arguments.get(1, "endpoint").cloned() else { return };
            add(world, tree, router, arguments, &handler, Opens::Socket, piece, &[]);
        }
        "add_middleware" => {
            let ask = middleware(world, arguments, piece);
            if let (Some(ask), Some(router)) = (ask, tree.routers.get_mut(&router)) {
                router.asks.insert(0, ask);
            }
        }
        _ => {}
    }
}

fn include<'f>(
    world: &World<'f>,
    tree: &mut Tree<'f>,
    router: usize,
    arguments: &Arguments,
    piece: Piece<'f>,
) {
    let Some(value) = arguments.get(0, "router") else { return };
    let Some(child) = router_of(world, value) else {
        tree.is_unclear |= matches!(value, Value::Unknown);
        return;
    };
    let mount = Mount {
        child,
        prefix: text(world, arguments.named("prefix")),
        replaces: false,
        is_apart: false,
        asks: dependencies(world, arguments, piece, Level::Group),
    };
    if child != router
        && let Some(router) = tree.routers.get_mut(&router)
    {
        router.mounts.push(mount);
    }
}

fn decorated<'f>(world: &mut World<'f>, tree: &mut Tree<'f>, function: usize) {
    let Some(found) = world.functions.get(function) else { return };
    let (decorators, piece) = (found.decorators.clone(), found.piece);
    let handler = Value::Function(function);
    for (at, (value, _)) in decorators.iter().enumerate() {
        let Value::Object(object) = value else { continue };
        // What decorates above a route is applied to what the router no longer sees.
        let below: Vec<_> = decorators.iter().skip(at + 1).cloned().collect();
        by_object(world, tree, *object, &handler, &below, piece);
    }
}

/// What `app.middleware("http")` or `router.get("/x", …)` gave back, put before or on a function.
fn by_object<'f>(
    world: &mut World<'f>,
    tree: &mut Tree<'f>,
    object: usize,
    handler: &Value,
    below: &[(Value, Piece<'f>)],
    written: Piece<'f>,
) {
    let Some(Value::Attr(attr)) = world.objects.get(object).map(|made| made.callee.clone()) else {
        return;
    };
    let Some(router) = router_of(world, &attr.0) else { return };
    if &*attr.1 != "middleware" {
        return route_object(world, tree, object, handler, below);
    }
    let level = Level::Application;
    let ask = Ask { kind: Kind::Before, value: handler.clone(), written, level };
    if let Some(router) = tree.routers.get_mut(&router) {
        router.asks.insert(0, ask);
    }
}

/// A route by what `router.get("/x", …)` gave back.
fn route_object<'f>(
    world: &mut World<'f>,
    tree: &mut Tree<'f>,
    object: usize,
    handler: &Value,
    below: &[(Value, Piece<'f>)],
) {
    let Some(made) = world.objects.get(object).cloned() else { return };
    let Value::Attr(attr) = &made.callee else { return };
    let Some(router) = router_of(world, &attr.0) else { return };
    let opens = match &*attr.1 {
        "api_route" | "route" => Opens::Methods(methods(world, made.arguments.named("methods"))),
        "websocket" | "websocket_route" => Opens::Socket,
        method if METHODS.contains(&method) => Opens::Methods(vec![method.to_ascii_uppercase()]),
        _ => return,
    };
    let arguments = &made.arguments;
    add(world, tree, router, arguments, handler, opens, made.piece, below);
}

/// What a route opens.
enum Opens {
    /// Requests with these methods.
    Methods(Vec<String>),
    /// A WebSocket, which a request with GET asks for (RFC 6455 §4.1).
    Socket,
}

#[expect(clippy::too_many_arguments, reason = "all parts of one route")]
fn add<'f>(
    world: &mut World<'f>,
    tree: &mut Tree<'f>,
    router: usize,
    arguments: &Arguments,
    handler: &Value,
    opens: Opens,
    written: Piece<'f>,
    below: &[(Value, Piece<'f>)],
) {
    let mut asks = dependencies(world, arguments, written, Level::Route);
    asks.extend(below.iter().filter(|(_, piece)| !piece.text().contains("wraps")).map(
        |(value, piece)| Ask {
            kind: Kind::Decorator,
            value: value.clone(),
            written: *piece,
            level: Level::Route,
        },
    ));
    asks.extend(handler_asks(world, handler));
    let (methods, is_socket) = match opens {
        Opens::Methods(methods) => (methods, false),
        Opens::Socket => (vec!["GET".to_owned()], true),
    };
    let declared = Declared {
        methods,
        path: text(world, arguments.get(0, "path")),
        handler: Some(handler.clone()),
        endpoint: world.name_of(handler).unwrap_or_default().to_owned(),
        written,
        asks,
        is_socket,
    };
    if let Some(router) = tree.routers.get_mut(&router) {
        router.routes.push(declared);
    }
}

/// What the parameters of a handler, and the fields of a class that it is in, depend on. They are
/// evaluated when a request is asked about: the handler itself stands for them.
fn handler_asks<'f>(world: &mut World<'f>, handler: &Value) -> Vec<Ask<'f>> {
    let (Value::Function(at) | Value::Bound(_, at)) = handler else { return Vec::new() };
    let Some(function) = world.functions.get(*at).cloned() else { return Vec::new() };
    let level = Level::Route;
    let mut asks = Vec::new();
    let mut take = |world: &mut World<'f>, piece: Piece<'f>, right: &str, scope: usize| {
        let of = piece.field("type").map(|of| world.eval(of, scope));
        let default = piece.field(right).map(|value| world.eval(value, scope));
        let parts = [default.as_ref(), of.as_ref()];
        let on = parts.iter().flatten().find_map(|part| world.dependency_in(part, of.as_ref()));
        asks.extend(on.map(|value| Ask { kind: Kind::Dependency, value, written: piece, level }));
    };
    if let Some(parameters) = function.piece.field("parameters") {
        for parameter in parameters.children().take(100) {
            take(world, parameter, "value", function.scope);
        }
    }
    if let Some(class) = function.class.and_then(|class| world.classes.get(class)).cloned()
        && let Some(body) = class.piece.field("body")
    {
        for field in body.children().filter_map(|line| line.child(&["assignment"])) {
            take(world, field, "right", class.scope);
        }
    }
    // `Authorize.jwt_required()` in the body, as `fastapi-jwt-auth` has it.
    let text = function.piece.text();
    if text.contains("AuthJWT") && text.contains("jwt_required(") {
        let written = function.piece.field("name").unwrap_or(function.piece);
        let kind = Kind::Known(Effect::Demands);
        asks.push(Ask { kind, value: Value::Unknown, written, level });
    }
    asks
}

/// `dependencies=[Depends(…), …]`.
fn dependencies<'f>(
    world: &World<'f>,
    arguments: &Arguments,
    piece: Piece<'f>,
    level: Level,
) -> Vec<Ask<'f>> {
    let Some(list) = arguments.named("dependencies") else { return Vec::new() };
    world
        .members(list)
        .iter()
        .filter_map(|member| {
            let written = match member {
                Value::Object(at) => world.objects.get(*at)?.piece,
                _ => piece,
            };
            let value = world.dependency_in(member, None)?;
            Some(Ask { kind: Kind::Listed, value, written, level })
        })
        .collect()
}

/// `middleware=[Middleware(X, …), …]`.
fn middlewares<'f>(world: &mut World<'f>, list: Option<&Value>, piece: Piece<'f>) -> Vec<Ask<'f>> {
    let members = list.map(|list| world.members(list)).unwrap_or_default();
    let mut out = Vec::new();
    for member in members {
        if let Value::Object(at) = member
            && let Some(arguments) = world.objects.get(at).map(|object| object.arguments.clone())
        {
            out.extend(middleware(world, &arguments, piece));
        }
    }
    out
}

/// What `add_middleware(Class, …)` puts before all routes: an object of the class, to be asked.
fn middleware<'f>(
    world: &mut World<'f>,
    arguments: &Arguments,
    written: Piece<'f>,
) -> Option<Ask<'f>> {
    let class = arguments
        .positional
        .first()
        .or_else(|| arguments.named("middleware_class").or_else(|| arguments.named("cls")))?;
    let value = match (class, arguments.named("dispatch")) {
        (_, Some(dispatch)) => dispatch.clone(),
        (Value::Class(_), None) => {
            let rest = arguments.positional.iter().skip(1).cloned();
            let given = Arguments {
                positional: std::iter::once(Value::Next).chain(rest).collect(),
                named: arguments.named.clone(),
            };
            world.call(class, given, written)
        }
        _ => return None,
    };
    Some(Ask { kind: Kind::Before, value, written, level: Level::Application })
}

fn text(world: &World<'_>, value: Option<&Value>) -> String {
    value.and_then(|value| world.text(value)).unwrap_or_default()
}

fn methods(world: &World<'_>, list: Option<&Value>) -> Vec<String> {
    let named: Vec<String> = list
        .map(|list| world.members(list))
        .unwrap_or_default()
        .iter()
        .filter_map(|value| world.text(value))
        .map(|method| method.to_ascii_uppercase())
        .collect();
    if named.is_empty() { vec!["GET".to_owned()] } else { named }
}
