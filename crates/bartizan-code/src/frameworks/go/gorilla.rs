//! Routers of `gorilla/mux`, which work on top of `net/http`.

use super::{
    evaluate::{Evaluator, Pending},
    value::{Call, Dialect, Handler, Router, Value},
};
use crate::{graph::Reach, route::Level};

pub(super) static DIALECT: Dialect = Dialect {
    framework: "nethttp",
    packages: &["github.com/gorilla/mux"],
    makers: &["NewRouter"],
    types: &["Router"],
    whole: &[],
    globals: &[],
    call,
};

/// Methods of a router that begin a route.
const BEGINNINGS: &[&str] = &[
    "Handle",
    "HandleFunc",
    "Headers",
    "Host",
    "Methods",
    "Name",
    "NewRoute",
    "Path",
    "PathPrefix",
    "Queries",
    "Schemes",
];

fn call<'f>(e: &mut Evaluator<'_, 'f>, router: Router, call: &Call<'_, 'f>) -> Value<'f> {
    if call.name == "Use" {
        for guard in e.guards(call.args, Level::Group) {
            e.graph.guard(router.id, "", guard, Reach::All);
        }
        return Value::Unknown;
    }
    if !BEGINNINGS.contains(&call.name) {
        return match call.name {
            "StrictSlash" | "SkipClean" | "UseEncodedPath" => Value::Router(router),
            _ => Value::Unknown,
        };
    }
    e.pending.push(Pending {
        router,
        path: String::new(),
        methods: Vec::new(),
        handler: None,
        guards: Vec::new(),
        piece: call.piece,
        written: None,
    });
    continued(e, e.pending.len() - 1, call)
}

/// A method of a route that is being declared.
pub(super) fn continued<'f>(
    e: &mut Evaluator<'_, 'f>,
    at: usize,
    call: &Call<'_, 'f>,
) -> Value<'f> {
    let Some(route) = e.pending.get_mut(at) else { return Value::Unknown };
    let mut handler = None;
    match call.name {
        "Path" | "PathPrefix" => {
            route.path.push_str(&Evaluator::braces(call.text(0).unwrap_or_default()));
        }
        "Handle" | "HandleFunc" => {
            route.path.push_str(&Evaluator::braces(call.text(0).unwrap_or_default()));
            handler = call.args.get(1);
        }
        "Handler" | "HandlerFunc" => handler = call.args.first(),
        "Methods" => {
            let texts = call.args.iter().filter_map(|arg| match &arg.value {
                Value::Text(text) => Some(text.to_ascii_uppercase()),
                _ => None,
            });
            // `OPTIONS` beside others is there for browsers, and is kept as it is written.
            route.methods.extend(texts);
        }
        "Subrouter" => {
            let (router, prefix) = (route.router, route.path.clone());
            let prefix = prefix.trim_end_matches('/').to_owned();
            return Value::Router(e.group(router, &prefix, Vec::new()));
        }
        _ => {}
    }
    if let Some(arg) = handler {
        let inner = Handler::around(arg.value.clone());
        if let Value::Router(mounted) = inner.inner {
            let prefix = inner.strip.unwrap_or_default();
            let router = route.router.id;
            e.graph.mount(router, &prefix, mounted.id, inner.guards);
        } else {
            route.handler = Some(arg.value.clone());
            route.written = Some(arg.piece.text().to_owned());
        }
    }
    Value::Pending(at)
}
