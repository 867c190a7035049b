//! `net/http` of the standard library, and `gorilla/mux`.

use super::{
    evaluate::Evaluator,
    value::{Call, Dialect, Handler, Router, Value},
};
use crate::{
    frameworks::Framework, limits::Limits, project::Project, route::Route, syntax::Language,
};

/// `net/http`.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: "nethttp",
    title: "Go net/http",
    languages: &[Language::Go],
    documentation: "\
Read are `Handle` and `HandleFunc` of `http` and of a `ServeMux`, with methods and hosts in \
patterns, and routers of `gorilla/mux` with `Methods`, `PathPrefix`, `Subrouter` and `Use`. \
Handlers are followed through what is put around them: middleware, chains (also of \
`justinas/alice`), `StripPrefix`, and a whole mux behind a function. A handler that switches on \
the method and answers 405 to others gives one route for each. A pattern that ends in a slash \
keeps it, as it stands for all below. A function around a handler is a guard when it answers 401 \
or 403 before it hands on, and by its name where it is not in the folder; paths that it lets through \
are seen where they are written in it. File servers are left out.",
    examples: super::examples::NETHTTP,
    read,
};

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    super::read(project, limits, "nethttp")
}

pub(super) static DIALECT: Dialect = Dialect {
    framework: "nethttp",
    packages: &["net/http"],
    makers: &["NewServeMux"],
    types: &["ServeMux"],
    whole: &["ServeMux"],
    globals: &["Handle", "HandleFunc"],
    call,
};

fn call<'f>(e: &mut Evaluator<'_, 'f>, router: Router, call: &Call<'_, 'f>) -> Value<'f> {
    if !matches!(call.name, "Handle" | "HandleFunc") {
        return Value::Unknown;
    }
    let (Some(written), Some(arg)) = (call.text(0), call.args.get(1)) else {
        return Value::Unknown;
    };
    let (method, path) = pattern(written);
    let handler = Handler::around(arg.value.clone());
    if let Value::Router(inner) = handler.inner {
        let prefix = handler.strip.unwrap_or_default();
        e.graph.mount(router.id, &prefix, inner.id, handler.guards);
        return Value::Unknown;
    }
    let path = Evaluator::braces(path);
    let methods: Vec<_> = method.into_iter().collect();
    let handler = arg.value.clone();
    e.declare(router, &methods, &path, handler, arg.piece.text(), Vec::new(), call.piece);
    Value::Unknown
}

/// Method and path of a pattern; a host is left out.
pub(super) fn pattern(written: &str) -> (Option<&str>, &str) {
    let written = written.trim();
    let (method, rest) = match written.split_once([' ', '\t']) {
        Some((method, rest)) if method.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            (Some(method), rest.trim_start())
        }
        _ => (None, written),
    };
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(rest);
    (method, path)
}
