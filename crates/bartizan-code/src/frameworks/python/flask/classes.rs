//! Views that are classes: `MethodView`, and resources of Flask-RESTful, Flask-RESTX and
//! flask-smorest.

use super::{router_of, text, texts};
use crate::{
    frameworks::python::{
        handlers,
        tree::{Ask, Declared, Tree},
        value::{Arguments, Value},
        world::World,
    },
    route::Level,
    syntax::Piece,
};

/// `@ns.route("/x") class X(Resource)`.
pub(super) fn decorated<'f>(world: &World<'f>, tree: &mut Tree<'f>, class: usize) {
    let Some(found) = world.classes.get(class) else { return };
    for (at, (value, _)) in found.decorators.iter().enumerate() {
        let Value::Object(object) = value else { continue };
        let Some(made) = world.objects.get(*object) else { continue };
        let Value::Attr(attr) = &made.callee else { continue };
        let Some(router) = router_of(world, &attr.0) else { continue };
        if !matches!(&*attr.1, "route" | "resource") {
            continue;
        }
        let below = found.decorators.iter().skip(at + 1).cloned();
        let asks = handlers::decorators(below, Level::Group);
        let endpoint =
            text(world, made.arguments.named("endpoint")).unwrap_or_else(|| named(world, class));
        let rules = texts(world, &made.arguments);
        routes(world, tree, router, &rules, &endpoint, class, None, made.piece, &asks);
    }
}

/// `api.add_resource(X, "/x", "/x/<id>")`.
pub(super) fn add_resource<'f>(
    world: &World<'f>,
    tree: &mut Tree<'f>,
    router: usize,
    arguments: &Arguments,
    written: Piece<'f>,
) {
    let Some(Value::Class(class)) = arguments.get(0, "resource") else { return };
    let endpoint = text(world, arguments.named("endpoint")).unwrap_or_else(|| named(world, *class));
    let rules = texts(world, arguments);
    routes(world, tree, router, &rules, &endpoint, *class, None, written, &[]);
}

/// The endpoint of a resource that is given none.
fn named(world: &World<'_>, class: usize) -> String {
    world.name_of(&Value::Class(class)).unwrap_or_default().to_lowercase()
}

/// The routes of a class: one for each method that it has.
#[expect(clippy::too_many_arguments, reason = "all parts of one route")]
pub(super) fn routes<'f>(
    world: &World<'f>,
    tree: &mut Tree<'f>,
    router: usize,
    rules: &[String],
    endpoint: &str,
    class: usize,
    only: Option<Vec<String>>,
    written: Piece<'f>,
    around: &[Ask<'f>],
) {
    let place = world
        .classes
        .get(class)
        .map_or(written, |found| found.piece.field("name").unwrap_or(written));
    let of_all = lists(world, class, &["decorators", "method_decorators"], None, place);
    let methods = handlers::methods(world, class);
    let mut answers: Vec<(String, Value, Vec<Ask<'f>>)> = Vec::new();
    for (method, function) in
        methods.into_iter().filter(|(name, _)| !matches!(*name, "head" | "options" | "trace"))
    {
        let mut asks = lists(world, class, &["method_decorators"], Some(method), place);
        let own = handlers::of_function(world, function);
        asks.extend(handlers::decorators(own, Level::Route));
        answers.push((method.to_ascii_uppercase(), Value::Function(function), asks));
    }
    if answers.is_empty()
        && let Some((_, function)) = world.class_member(class, "dispatch_request")
    {
        let named = world.class_member(class, "methods");
        let named = named.and_then(|(_, list)| super::listed(world, Some(&list)));
        let asks = match function {
            Value::Function(at) => {
                handlers::decorators(handlers::of_function(world, at), Level::Route)
            }
            _ => Vec::new(),
        };
        let methods = only.clone().or(named).unwrap_or_else(|| vec!["GET".to_owned()]);
        for method in methods {
            answers.push((method, function.clone(), asks.clone()));
        }
    }
    let Some(router) = tree.routers.get_mut(&router) else { return };
    for rule in rules {
        for (method, handler, asks) in &answers {
            if only.as_ref().is_some_and(|only| !only.contains(method)) {
                continue;
            }
            router.routes.push(Declared {
                methods: vec![method.clone()],
                path: rule.clone(),
                handler: Some(handler.clone()),
                endpoint: endpoint.to_owned(),
                written,
                asks: around.iter().chain(&of_all).chain(asks).cloned().collect(),
                is_socket: false,
            });
        }
    }
}

/// Decorators in an attribute of a class: a list for all methods, or a dictionary by method.
fn lists<'f>(
    world: &World<'f>,
    class: usize,
    names: &[&str],
    method: Option<&str>,
    written: Piece<'f>,
) -> Vec<Ask<'f>> {
    let mut out = Vec::new();
    for name in names {
        let Some((_, value)) = world.class_member(class, name) else { continue };
        let list = match method {
            Some(method) => world.entry(&value, method),
            None => Some(value),
        };
        let members = list.map(|list| world.members(&list)).unwrap_or_default();
        let with = members.into_iter().map(|value| match &value {
            Value::Object(at) => {
                let piece = world.objects.get(*at).map_or(written, |object| object.piece);
                (value, piece)
            }
            _ => (value, written),
        });
        out.extend(handlers::decorators(with, Level::Group));
    }
    out
}
