//! Actix Web.

use super::{
    METHODS,
    axum::methods_in,
    evaluate::{Dialect, Evaluator},
    roots,
    text::{inside, split},
    value::{Answer, Arg, Call, Function, Router, Value},
};
use crate::{
    frameworks::Framework,
    graph::{Declared, Reach},
    guards,
    limits::Limits,
    paths,
    project::Project,
    route::{Effect, Guard, Level, Route, short},
    syntax::{Language, Piece},
};

/// Actix Web.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: "actix",
    title: "Actix Web",
    languages: &[Language::Rust],
    documentation: "\
Applications, scopes, resources and functions for `configure` are followed through modules of all \
crates of a workspace. Read are handlers with macros such as `#[get(\"/x\")]` where they are given \
to `service`, `route`, `web::scope`, `web::resource` and `wrap`. Middleware is a guard when its \
function or service answers 401 or 403 before it hands on, or comes from a package and is called \
like one (`HttpAuthentication::bearer`); so is an argument of a handler that refuses to be made \
without credentials. A handler with a macro that nobody serves is no route. Files and \
`default_service` are left out.",
    examples: super::actix_examples::ACTIX,
    read,
};

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    roots::read(project, limits, &DIALECT)
}

static DIALECT: Dialect = Dialect {
    framework: "actix",
    packages: &["actix_web", "actix-web", "paperclip", "ntex"],
    types: &["ServiceConfig", "Scope", "App"],
    marks: &["App", "Resource", "Scope", "ServiceConfig", "resource", "scope"],
    function,
    method,
};

fn function<'f>(e: &mut Evaluator<'_, 'f>, call: &Call<'_, 'f>) -> Option<Value<'f>> {
    let parts: Vec<_> = call.name.split("::").collect();
    let (last, first) = (*parts.last()?, *parts.first()?);
    let owner = parts.len().checked_sub(2).and_then(|at| parts.get(at)).copied();
    let is_own =
        ["actix", "utoipa", "paperclip", "apistos", "ntex"].iter().any(|p| first.starts_with(p));
    if !is_own && parts.len() > 2 {
        return None;
    }
    let answer = |method: &str| {
        Value::Methods(vec![Answer {
            method: method.to_owned(),
            path: String::new(),
            handler: None,
            guards: Vec::new(),
            piece: call.piece,
        }])
    };
    match (owner, last) {
        (Some("App"), "new") => Some(e.router()),
        (Some("Scope" | "Resource"), "new") | (_, "scope" | "resource") => {
            let prefixes = match call.arg(0) {
                Value::Text(text) => vec![text],
                Value::List(values) => values
                    .iter()
                    .filter_map(|value| match value {
                        Value::Text(text) => Some(text.clone()),
                        _ => None,
                    })
                    .collect(),
                _ => vec![String::new()],
            };
            let is_scope = owner == Some("Scope") || last == "scope";
            let write = |prefix: String| {
                let path = path(&prefix);
                if is_scope { path.trim_end_matches('/').to_owned() } else { path }
            };
            match e.router() {
                Value::Router(router) => {
                    let prefixes = prefixes.into_iter().map(write).collect();
                    Some(Value::Router(Router { prefixes, ..router }))
                }
                other => Some(other),
            }
        }
        (Some("web"), "route") | (Some("Route"), "new") => Some(answer("ANY")),
        (Some("web"), "to") => {
            let mut answers = answer("ANY");
            answered(e, &mut answers, call);
            Some(answers)
        }
        (Some("web"), "method") => {
            let methods = methods_in(call.args.first()?.piece.text());
            Some(answer(methods.first()?))
        }
        (owner, name) if METHODS.contains(&name) && owner.is_none_or(|owner| owner == "web") => {
            call.args.is_empty().then(|| answer(&name.to_ascii_uppercase()))
        }
        _ => None,
    }
}

/// Gives the handler to routes that wait for one.
fn answered<'f>(e: &mut Evaluator<'_, 'f>, value: &mut Value<'f>, call: &Call<'_, 'f>) {
    let (Value::Methods(answers), Some(arg)) = (value, call.args.first()) else { return };
    let guards = match &arg.value {
        Value::Function(function) => e.handler_guards(function, call.piece),
        _ => Vec::new(),
    };
    let text = arg.piece.text();
    for answer in answers {
        answer.handler = (!text.contains('|')).then(|| short(text));
        answer.guards.extend(guards.iter().cloned());
        answer.piece = arg.piece;
    }
}

fn method<'f>(
    e: &mut Evaluator<'_, 'f>,
    receiver: Value<'f>,
    call: &Call<'_, 'f>,
) -> Option<Value<'f>> {
    match receiver {
        Value::Router(router) => on_router(e, &router, call).then_some(Value::Router(router)),
        Value::Methods(mut answers) => {
            match call.name {
                "to" | "to_async" => {
                    let mut value = Value::Methods(answers);
                    answered(e, &mut value, call);
                    return Some(value);
                }
                "method" | "guard" => {
                    let text = call.args.first().map_or("", |arg| arg.piece.text());
                    let methods = asked(text);
                    if let (false, Some(first)) = (methods.is_empty(), answers.first().cloned()) {
                        answers = methods
                            .into_iter()
                            .map(|method| Answer { method, ..first.clone() })
                            .collect();
                    }
                }
                "wrap" | "wrap_fn" => {
                    let guards = judged(e, call, Level::Route);
                    for answer in &mut answers {
                        answer.guards = guards.iter().chain(&answer.guards).cloned().collect();
                    }
                }
                _ => {}
            }
            Some(Value::Methods(answers))
        }
        _ => None,
    }
}

/// Methods that a condition of a route asks for: `guard::Get()`, `Method::PUT`.
fn asked(text: &str) -> Vec<String> {
    let named = text.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(|word| {
        let upper = word.to_ascii_uppercase();
        let is_method = METHODS.contains(&word.to_ascii_lowercase().as_str());
        (is_method && word.starts_with(char::is_uppercase)).then_some(upper)
    });
    if text.contains("Header") || text.contains("Host") || text.contains("Not(") {
        return Vec::new();
    }
    named.collect()
}

fn judged<'f>(e: &mut Evaluator<'_, 'f>, call: &Call<'_, 'f>, level: Level) -> Vec<Guard> {
    call.args.iter().flat_map(|arg| e.judge(&arg.value, arg.piece, level)).collect()
}

/// A method of an application, scope, resource or configuration; `false` for one that is not
/// known.
fn on_router<'f>(e: &mut Evaluator<'_, 'f>, router: &Router, call: &Call<'_, 'f>) -> bool {
    match call.name {
        "service" | "external_service" => {
            for arg in call.args {
                service(e, router, &arg.value);
            }
        }
        "route" => match (call.arg(0), call.arg(1)) {
            (Value::Text(written), Value::Methods(answers)) => {
                declare(e, router, &path(&written), answers);
            }
            // Of a resource.
            (Value::Methods(answers), _) => declare(e, router, "", answers),
            _ => {}
        },
        "configure" => {
            if let Value::Function(function) = call.arg(0) {
                let value = Value::Router(Router { prefixes: Vec::new(), ..router.clone() });
                e.run(function, None, &[Arg { piece: call.piece, value }]);
            }
        }
        "wrap" | "wrap_fn" => {
            let level = if router.prefixes.is_empty() { Level::Application } else { Level::Group };
            for guard in judged(e, call, level) {
                e.graph.guard(router.id, "", guard, Reach::All);
            }
        }
        "to" => {
            let mut value = Value::Methods(vec![Answer {
                method: "ANY".to_owned(),
                path: String::new(),
                handler: None,
                guards: Vec::new(),
                piece: call.piece,
            }]);
            answered(e, &mut value, call);
            if let Value::Methods(answers) = value {
                declare(e, router, "", answers);
            }
        }
        "app_data" | "data" | "guard" | "name" | "default_service" | "external_resource" => {}
        name if METHODS.contains(&name) && call.args.len() == 1 => {
            let mut value = Value::Methods(vec![Answer {
                method: name.to_ascii_uppercase(),
                path: String::new(),
                handler: None,
                guards: Vec::new(),
                piece: call.piece,
            }]);
            answered(e, &mut value, call);
            if let Value::Methods(answers) = value {
                declare(e, router, "", answers);
            }
        }
        _ => return false,
    }
    true
}

fn service<'f>(e: &mut Evaluator<'_, 'f>, router: &Router, value: &Value<'f>) {
    match value {
        Value::Router(inner) if inner.prefixes.is_empty() => {
            e.graph.mount(router.id, "", inner.id, Vec::new());
        }
        Value::Router(inner) => {
            for prefix in &inner.prefixes {
                e.graph.mount(router.id, prefix, inner.id, Vec::new());
            }
        }
        Value::List(values) => {
            for value in values.iter().take(1_000) {
                service(e, router, value);
            }
        }
        Value::Function(function) => attributes(e, router, function),
        _ => {}
    }
}

/// `#[get("/x")]` and its siblings above a handler.
fn attributes<'f>(e: &mut Evaluator<'_, 'f>, router: &Router, function: &Function<'f>) {
    let mut all: Vec<_> = std::iter::successors(function.piece.before(), Piece::before)
        .take_while(|piece| piece.is(&["attribute_item"]))
        .filter_map(|piece| piece.child(&["attribute"]))
        .collect();
    all.reverse();
    let mut own = Vec::new();
    let mut answers = Vec::new();
    let handler = function.piece.field("name").map(|name| name.text().to_owned());
    for attribute in all {
        let name = attribute.children().next().map_or("", |name| name.text());
        let name = name.rsplit("::").next().unwrap_or(name);
        let arguments = attribute.field("arguments").map_or("", |list| inside(list.text()));
        let parts = split(arguments);
        if name != "route" && !METHODS.contains(&name) {
            // `#[protect("ADMIN")]` of packages for permissions.
            if guards::by_name(name).is_some() || name.starts_with("has_") {
                own.push(demand(&attribute));
            }
            continue;
        }
        let Some(written) = parts.first().and_then(|part| part.strip_prefix('"')) else { continue };
        let mut methods = Vec::new();
        let mut guards = Vec::new();
        if name != "route" {
            methods.push(name.to_ascii_uppercase());
        }
        for part in parts.iter().skip(1) {
            let Some((key, value)) = part.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match key.trim() {
                "method" => methods.push(value.to_ascii_uppercase()),
                "wrap" => guards.extend(wrapped(e, value, attribute)),
                _ => {}
            }
        }
        for method in methods {
            answers.push(Answer {
                method,
                path: path(written.trim_end_matches('"')),
                handler: handler.clone(),
                guards: guards.clone(),
                piece: function.piece,
            });
        }
    }
    own.extend(e.handler_guards(function, function.piece));
    for mut answer in answers {
        answer.guards.extend(own.iter().cloned());
        let path = answer.path.clone();
        declare(e, router, &path, vec![answer]);
    }
}

/// The guard that is named in `wrap = "…"`, as text.
fn wrapped<'f>(e: &mut Evaluator<'_, 'f>, written: &str, at: Piece<'f>) -> Option<Guard> {
    let path = written.split(['(', '{']).next().unwrap_or(written).trim();
    if path.ends_with("from_fn") {
        let inner = written.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let function = e.crates.function(inner, &at)?;
        return e.guard_of(&Function { piece: function, scope: None }, at, at, Level::Route);
    }
    let effect = e.crates.function(path, &at).map(|function| {
        e.guard_of(&Function { piece: function, scope: None }, at, at, Level::Route)
    });
    match effect {
        Some(guard) => guard,
        None => guards::by_name(path).map(|_| demand(&at)),
    }
}

fn demand(at: &Piece<'_>) -> Guard {
    Guard {
        name: short(at.text()),
        effect: Effect::Demands,
        level: Level::Route,
        place: at.place(),
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

/// A path with `{name}` parameters; a missing slash in front is added by the framework.
fn path(written: &str) -> String {
    if written.is_empty() {
        return String::new();
    }
    paths::braces(written).into_iter().next().unwrap_or_default()
}
