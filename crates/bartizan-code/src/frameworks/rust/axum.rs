//! axum.

use super::{
    METHODS,
    evaluate::{Dialect, Evaluator},
    roots,
    text::inside,
    value::{Answer, Arg, Call, Function, Router, Value},
};
use crate::{
    frameworks::Framework,
    graph::Declared,
    limits::Limits,
    paths,
    project::Project,
    route::{Guard, Level, Route, short},
    syntax::{Language, Piece},
};

/// axum.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: "axum",
    title: "axum",
    languages: &[Language::Rust],
    documentation: "\
Routers are followed through functions, methods and modules of all crates of a workspace. Read are \
`route` with chains of methods, `any` and `on`, `nest`, `merge`, `nest_service`, and `routes!` of \
utoipa-axum; `layer` and `route_layer` stand before what was added before them. A layer is a guard \
when its function or service answers 401 or 403 before it hands on, or comes from a package and is \
called like one; so is an argument of a handler that refuses to be made without credentials. Under \
`nest`, a `/` alone is written without the slash. Services of files and fallbacks are left out.",
    examples: super::axum_examples::AXUM,
    read,
};

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    roots::read(project, limits, &DIALECT)
}

static DIALECT: Dialect = Dialect {
    framework: "axum",
    packages: &["axum", "aide"],
    types: &["Router", "OpenApiRouter", "ApiRouter"],
    marks: &["Router", "OpenApiRouter", "ApiRouter", "MethodRouter"],
    function,
    method,
};

fn function<'f>(e: &mut Evaluator<'_, 'f>, call: &Call<'_, 'f>) -> Option<Value<'f>> {
    let parts: Vec<_> = call.name.split("::").collect();
    let (last, first) = (*parts.last()?, *parts.first()?);
    let owner = parts.len().checked_sub(2).and_then(|at| parts.get(at)).copied();
    let is_own = ["axum", "utoipa_axum", "aide"].iter().any(|package| first.starts_with(package));
    if !is_own && parts.len() > 2 {
        return None;
    }
    match (owner, last) {
        (Some("Router" | "OpenApiRouter" | "ApiRouter"), "new" | "default" | "with_openapi") => {
            Some(e.router())
        }
        (Some("MethodRouter"), "new" | "default") => Some(Value::Methods(Vec::new())),
        (_, "routes!") => {
            let mut answers = Vec::new();
            for arg in call.args {
                if let Value::Function(function) = &arg.value {
                    documented(e, function, arg, &mut answers);
                }
            }
            Some(Value::Methods(answers))
        }
        (owner, _) if owner.is_none_or(|owner| matches!(owner, "routing" | "method_routing")) => {
            answers(e, last, call).map(Value::Methods)
        }
        _ => None,
    }
}

/// What `get(handler)` and its siblings give.
fn answers<'f>(
    e: &mut Evaluator<'_, 'f>,
    name: &str,
    call: &Call<'_, 'f>,
) -> Option<Vec<Answer<'f>>> {
    let plain = name.strip_suffix("_service").or(name.strip_suffix("_with")).unwrap_or(name);
    let (methods, at) = match plain {
        "any" => (vec!["ANY".to_owned()], 0),
        "on" => (methods_in(call.args.first()?.piece.text()), 1),
        plain if METHODS.contains(&plain) => (vec![plain.to_ascii_uppercase()], 0),
        _ => return None,
    };
    let arg = call.args.get(at)?;
    let text = arg.piece.text();
    if text.contains("ServeDir") || text.contains("ServeFile") {
        return Some(Vec::new());
    }
    let guards = match &arg.value {
        Value::Function(function) => e.handler_guards(function, call.piece),
        _ => Vec::new(),
    };
    let handler =
        (!text.starts_with('|') && !text.starts_with("move ") && !text.starts_with("async"))
            .then(|| short(text));
    let answer = |method: String| Answer {
        method,
        path: String::new(),
        handler: handler.clone(),
        guards: guards.clone(),
        piece: arg.piece,
    };
    Some(methods.into_iter().map(answer).collect())
}

/// Methods that are named in a filter.
pub(super) fn methods_in(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| METHODS.iter().any(|method| word.eq_ignore_ascii_case(method)))
        .filter(|word| word.bytes().all(|byte| byte.is_ascii_uppercase()))
        .map(str::to_owned)
        .collect()
}

/// `#[utoipa::path(get, path = "/x")]` above a handler.
fn documented<'f>(
    e: &mut Evaluator<'_, 'f>,
    function: &Function<'f>,
    arg: &Arg<'f>,
    out: &mut Vec<Answer<'f>>,
) {
    let attributes = std::iter::successors(function.piece.before(), Piece::before)
        .take_while(|piece| piece.is(&["attribute_item"]));
    for attribute in attributes {
        let Some(attribute) = attribute.child(&["attribute"]) else { continue };
        let name = attribute.children().next().map_or("", |name| name.text());
        let Some(arguments) = attribute.field("arguments") else { continue };
        if name != "utoipa::path" && name != "path" {
            continue;
        }
        let (mut methods, mut path) = (Vec::new(), String::new());
        for part in super::text::split(inside(arguments.text())) {
            if METHODS.contains(&part) {
                methods.push(part.to_ascii_uppercase());
            } else if let Some(list) = part.strip_prefix("method") {
                let words = list.split(|c: char| !c.is_ascii_alphanumeric());
                methods.extend(
                    words.filter(|word| METHODS.contains(word)).map(str::to_ascii_uppercase),
                );
            } else if let Some(value) = part.strip_prefix("path") {
                let value = value.trim().trim_start_matches('=').trim();
                path = match value.strip_prefix('"') {
                    Some(text) => text.trim_end_matches('"').to_owned(),
                    None => match e.path(value, function.piece) {
                        Some(Value::Text(text)) => text,
                        _ => String::new(),
                    },
                };
            }
        }
        let guards = e.handler_guards(function, arg.piece);
        let handler = function.piece.field("name").map(|name| name.text().to_owned());
        for method in methods {
            out.push(Answer {
                method,
                path: path.clone(),
                handler: handler.clone(),
                guards: guards.clone(),
                piece: function.piece,
            });
        }
    }
}

fn method<'f>(
    e: &mut Evaluator<'_, 'f>,
    receiver: Value<'f>,
    call: &Call<'_, 'f>,
) -> Option<Value<'f>> {
    match receiver {
        Value::Router(router) => on_router(e, router, call).map(Value::Router),
        Value::Methods(mut all) => {
            match call.name {
                "layer" | "route_layer" | "layer_with" => {
                    let guards = guards(e, call, Level::Route);
                    for answer in &mut all {
                        answer.guards = guards.iter().chain(&answer.guards).cloned().collect();
                    }
                }
                "merge" => {
                    if let Value::Methods(more) = call.arg(0) {
                        all.extend(more);
                    }
                }
                name => all.extend(answers(e, name, call).unwrap_or_default()),
            }
            Some(Value::Methods(all))
        }
        _ => None,
    }
}

fn guards<'f>(e: &mut Evaluator<'_, 'f>, call: &Call<'_, 'f>, level: Level) -> Vec<Guard> {
    call.args.iter().flat_map(|arg| e.judge(&arg.value, arg.piece, level)).collect()
}

fn on_router<'f>(e: &mut Evaluator<'_, 'f>, router: Router, call: &Call<'_, 'f>) -> Option<Router> {
    match call.name {
        "route" | "api_route" | "api_route_with" => {
            if let (Some(path), Value::Methods(answers)) = (call.text(0).map(path), call.arg(1)) {
                declare(e, &router, &path, answers);
            }
        }
        "routes" => {
            if let Value::Methods(answers) = call.arg(0) {
                for answer in answers {
                    let path = path(&answer.path);
                    declare(e, &router, &path, vec![answer]);
                }
            }
        }
        "route_service" => service(e, &router, call),
        "nest" | "nest_service" | "nest_api_service" => {
            if let Value::Router(inner) = call.arg(1) {
                let prefix = path(call.text(0).unwrap_or_default());
                e.graph.mount(router.id, prefix.trim_end_matches('/'), inner.id, Vec::new());
            }
        }
        "merge" => {
            if let Value::Router(inner) = call.arg(0) {
                e.graph.mount(router.id, "", inner.id, Vec::new());
            }
        }
        "layer" | "route_layer" => {
            let guards = guards(e, call, Level::Group);
            return Some(e.behind(router, guards));
        }
        "fallback" | "fallback_service" | "with_state" | "split_for_parts" | "clone" => {}
        _ => return None,
    }
    Some(router)
}

/// A service at a path: it answers all methods.
fn service<'f>(e: &mut Evaluator<'_, 'f>, router: &Router, call: &Call<'_, 'f>) {
    let (Some(path), Some(arg)) = (call.text(0).map(path), call.args.get(1)) else { return };
    let text = arg.piece.text();
    match &arg.value {
        Value::Router(inner) => e.graph.mount(router.id, &path, inner.id, Vec::new()),
        Value::Methods(answers) => declare(e, router, &path, answers.clone()),
        _ if text.contains("ServeDir") || text.contains("ServeFile") => {}
        _ => {
            let answer = Answer {
                method: "ANY".to_owned(),
                path: String::new(),
                handler: Some(short(text)),
                guards: Vec::new(),
                piece: call.piece,
            };
            declare(e, router, &path, vec![answer]);
        }
    }
}

fn declare<'f>(e: &mut Evaluator<'_, 'f>, router: &Router, path: &str, answers: Vec<Answer<'f>>) {
    for answer in answers {
        let declared = Declared {
            method: answer.method,
            path: path.to_owned(),
            handler: answer.handler,
            place: answer.piece.place(),
            guards: answer.guards,
        };
        e.graph.route(router.id, declared);
    }
}

/// A path of either style; a root alone has no slash of its own.
fn path(written: &str) -> String {
    let all = if written.contains('{') { paths::braces(written) } else { paths::colons(written) };
    let path = all.into_iter().next().unwrap_or_default();
    if path == "/" { String::new() } else { path }
}
