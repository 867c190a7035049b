//! Gin.

use super::{
    METHODS,
    evaluate::Evaluator,
    value::{Call, Dialect, Handler, Router, Value},
};
use crate::{
    frameworks::Framework,
    graph::Reach,
    limits::Limits,
    project::Project,
    route::{Level, Route},
    syntax::Language,
};

/// Gin.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: "gin",
    title: "Gin",
    languages: &[Language::Go],
    documentation: "\
Engines and groups are followed through functions, methods, struct fields and packages. Read are \
`GET` and its siblings, `Handle`, `Any`, `Match`, `Group` and `Use`; middleware stands before what \
is declared after it. Middleware is a guard when its function answers 401 or 403 before it hands \
on, or comes from a package and is called like one (`gin.BasicAuth`). Static files and `NoRoute` \
are left out, as are prefixes that are only known when the program runs.",
    examples: super::gin_examples::GIN,
    read,
};

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    super::read(project, limits, "gin")
}

pub(super) static DIALECT: Dialect = Dialect {
    framework: "gin",
    packages: &["github.com/gin-gonic/gin"],
    makers: &["Default", "New"],
    types: &["Engine", "RouterGroup", "IRouter", "IRoutes"],
    whole: &["Engine"],
    globals: &[],
    call,
};

fn call<'f>(e: &mut Evaluator<'_, 'f>, router: Router, call: &Call<'_, 'f>) -> Value<'f> {
    match call.name {
        "Use" => {
            let level = if router.is_whole { Level::Application } else { Level::Group };
            for guard in e.guards(call.args, level) {
                e.graph.guard(router.id, "", guard, Reach::Later);
            }
        }
        "Group" => {
            let guards = e.guards(call.from(1), Level::Group);
            let prefix = Evaluator::colons(call.text(0).unwrap_or_default());
            return Value::Router(e.group(router, &prefix, guards));
        }
        "Handle" => {
            if let Some(method) = call.text(0) {
                route(e, router, &[method], call, 1);
            }
        }
        "Match" => {
            let methods = texts(&call.arg(0));
            let methods: Vec<_> = methods.iter().map(String::as_str).collect();
            if !methods.is_empty() {
                route(e, router, &methods, call, 1);
            }
        }
        "Any" => route(e, router, &["ANY"], call, 0),
        name if METHODS.contains(&name) => route(e, router, &[name], call, 0),
        _ => return Value::Unknown,
    }
    Value::Router(router)
}

/// The strings of a list.
pub(super) fn texts(value: &Value<'_>) -> Vec<String> {
    let Value::List(values) = value else { return Vec::new() };
    let texts = values.iter().filter_map(|value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

/// A route with its path at `at`, behind it middleware, and the handler last.
fn route<'f>(
    e: &mut Evaluator<'_, 'f>,
    router: Router,
    methods: &[&str],
    call: &Call<'_, 'f>,
    at: usize,
) {
    let Some(path) = call.text(at).map(Evaluator::colons) else { return };
    let Some((last, before)) = call.from(at + 1).split_last() else { return };
    let guards = e.guards(before, Level::Route);
    if methods == ["ANY"] && mount(e, router, &last.value, guards.clone()) {
        return;
    }
    e.declare(router, methods, &path, last.value.clone(), last.piece.text(), guards, call.piece);
}

/// Another router as handler, as by `gin.WrapH(mux)`: it sees whole paths.
fn mount(
    e: &mut Evaluator<'_, '_>,
    router: Router,
    handler: &Value<'_>,
    mut guards: Vec<crate::route::Guard>,
) -> bool {
    let handler = Handler::around(handler.clone());
    let Value::Router(inner) = handler.inner else { return false };
    guards.extend(handler.guards);
    e.graph.mount(router.id, &handler.strip.unwrap_or_default(), inner.id, guards);
    true
}
