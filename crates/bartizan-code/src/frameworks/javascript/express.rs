//! Express.

mod examples;
mod paths;

pub(super) use self::paths::spelled;
use self::paths::{is_rest, of_pattern, without_rest};
use super::{
    LANGUAGES,
    exempt::{self, Rule, Rules},
    machine::{Host, Machine},
    mentions,
    refusal::code,
    value::{Arg, Call, Handle, Value},
};
use crate::{
    frameworks::Framework,
    graph::{Declared, Graph, Reach, RouterId},
    guards,
    limits::Limits,
    project::Project,
    route::{Guard, Level, Route, short},
    syntax::Piece,
};

/// Express, with routers of packages that are made for it.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: "express",
    title: "Express",
    languages: LANGUAGES,
    documentation: "Routes of applications and routers are read through imports, exports, \
                    functions, classes and loops over known lists, with the paths where `use` \
                    mounts them. Middleware before a route, in `use` or in `all` is a guard when \
                    its body refuses with 401 or 403, or when its name says so and its body is \
                    not there; what it leaves out (`unless`, comparisons of the path) is \
                    respected. Logging in through Passport (`local`, OAuth) is no guard. \
                    Middleware that falls through from one router to the next one at the same \
                    path, and routers found at run time outside of a folder listing, are not \
                    followed.",
    examples: examples::EXAMPLES,
    read,
};

const ROUTER: u8 = 0;
const CHAIN: u8 = 1;

/// Methods of a router that declare routes.
const METHODS: &[&str] =
    &["get", "post", "put", "patch", "delete", "del", "head", "options", "all"];

/// Packages that export what makes a router of Express.
const ROUTER_PACKAGES: &[&str] =
    &["express-promise-router", "express-async-router", "@root/async-router"];

#[derive(Debug)]
struct Router {
    id: RouterId,
    is_application: bool,
}

/// `router.route('/x')`
#[derive(Debug)]
struct Chain {
    router: usize,
    paths: Vec<String>,
    guards: Vec<Guard>,
}

#[derive(Debug)]
struct Express {
    graph: Graph,
    routers: Vec<Router>,
    chains: Vec<Chain>,
    rules: Rules,
}

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    if !mentions(project, &["'express", "\"express"]) {
        return Vec::new();
    }
    let host = Express {
        graph: Graph::new("express", false),
        routers: Vec::new(),
        chains: Vec::new(),
        rules: Rules::new(),
    };
    let mut machine = Machine::new(project, host);
    machine.run(&["express()", "Router("]);
    let mut routes = machine.host.graph.resolve(limits);
    exempt::apply(&mut routes, &machine.host.rules, &exempt::Configurations::new());
    routes
}

type At<'p, 'f> = Machine<'p, 'f, Express>;

impl<'f> Host<'f> for Express {
    fn call(machine: &mut At<'_, 'f>, call: &Call<'f>) -> Option<Value<'f>> {
        if let Some((package, name)) = call.callee.exported() {
            let is_application = package == "express" && name.is_empty();
            let is_router = package == "express" && name == "Router"
                || ROUTER_PACKAGES.contains(&package)
                    && matches!(name, "" | "Router" | "AsyncRouter");
            return (is_application || is_router).then(|| router(machine, is_application));
        }
        let (of, name) = call.method()?;
        let Value::Handle(handle) = *of else { return None };
        match (handle.kind, name) {
            (ROUTER, "use") => mount(machine, handle.number, call),
            (ROUTER, "route") => return chain(machine, handle.number, call),
            (ROUTER, name) if METHODS.contains(&name) => {
                let name = name.to_owned();
                declare_call(machine, handle.number, &name, call);
            }
            (CHAIN, name) if METHODS.contains(&name) => {
                let name = name.to_owned();
                chained(machine, handle.number, &name, call);
            }
            _ => return None,
        }
        Some(of.clone())
    }

    fn offered(machine: &mut At<'_, 'f>, name: &str, kind: &str) -> Option<Value<'f>> {
        let words = kind.split(|c: char| !c.is_alphanumeric());
        let is_typed = words.clone().any(|word| {
            matches!(word, "Express" | "Application" | "Router" | "IRouter" | "IRoutes")
        });
        let is_named = kind.is_empty()
            && matches!(name, "app" | "router" | "server" | "expressApp" | "application");
        let is_known = is_typed && !kind.contains("Koa") || is_named;
        is_known.then(|| router(machine, name != "router" && !kind.contains("Router")))
    }
}

fn router<'f>(machine: &mut At<'_, 'f>, is_application: bool) -> Value<'f> {
    let id = machine.host.graph.router();
    machine.host.routers.push(Router { id, is_application });
    Value::Handle(Handle { kind: ROUTER, number: machine.host.routers.len() - 1 })
}

fn level(machine: &At<'_, '_>, router: usize) -> Level {
    match machine.host.routers.get(router) {
        Some(router) if router.is_application => Level::Application,
        _ => Level::Group,
    }
}

/// The paths that an argument gives; `None` when it is none.
fn paths_of<'f>(machine: &At<'_, 'f>, value: &Value<'f>) -> Option<Vec<String>> {
    let one = |value: &Value<'f>| match value {
        Value::Pattern(source) => Some(of_pattern(source)),
        other => machine.text_of(other).map(|text| spelled(&text)),
    };
    if let Value::List(_) = value {
        let items = machine.items(value);
        let all: Option<Vec<_>> = items.iter().map(|item| one(&item.value)).collect();
        return all.map(|all| all.concat()).filter(|all| !all.is_empty());
    }
    one(value)
}

/// Judges middleware; its guards, whose terms are remembered.
fn guards_of<'f>(
    machine: &mut At<'_, 'f>,
    args: &[Arg<'f>],
    level: Level,
    base: &str,
) -> Vec<Guard> {
    let mut out = Vec::new();
    for arg in args {
        if let Some(judged) = machine.judge(arg, level) {
            machine.host.rules.extend(Rule::of(&judged, base));
            out.push(judged.guard);
        }
    }
    out
}

/// `use`: guards and routers below a path.
fn mount<'f>(machine: &mut At<'_, 'f>, at: usize, call: &Call<'f>) {
    let Some(id) = machine.host.routers.get(at).map(|router| router.id) else { return };
    let (paths, rest) = match call.args.split_first() {
        Some((first, rest)) => match paths_of(machine, &first.value) {
            Some(paths) => (Some(paths), rest),
            None if first.value.is_unknown() && !rest.is_empty() && has_router(machine, rest) => {
                (Some(vec![String::new()]), rest)
            }
            None => (None, call.args.as_slice()),
        },
        None => return,
    };
    let has_path = paths.is_some();
    let paths: Vec<String> = paths
        .unwrap_or_else(|| vec![String::new()])
        .iter()
        .map(|path| without_rest(path))
        .collect();
    let base = paths.first().cloned().unwrap_or_default();
    let level = level(machine, at);
    let all = machine.flat(rest);
    for (number, arg) in all.iter().enumerate() {
        let value = machine.default_of(arg.value.clone());
        if let Value::Handle(Handle { kind: ROUTER, number: child }) = value {
            let Some(child) = machine.host.routers.get(child).map(|router| router.id) else {
                continue;
            };
            for path in &paths {
                machine.host.graph.mount(id, path, child, Vec::new());
            }
            continue;
        }
        let found = guards_of(machine, std::slice::from_ref(arg), level, &base);
        if found.is_empty()
            && has_path
            && number + 1 == all.len()
            && answers(machine, &arg.value)
            && !says_no(machine, arg, "404")
        {
            let paths = paths.clone();
            declare(machine, at, "ANY", &paths, Vec::new(), arg);
        }
        for guard in found {
            for path in &paths {
                machine.host.graph.guard(id, path, guard.clone(), Reach::Later);
            }
        }
    }
}

fn has_router<'f>(machine: &At<'_, 'f>, args: &[Arg<'f>]) -> bool {
    machine.flat(args).iter().any(|arg| {
        matches!(machine.default_of(arg.value.clone()), Value::Handle(Handle { kind: ROUTER, .. }))
    })
}

/// Whether a function answers itself instead of handing on: it does not take `next`.
fn answers(machine: &At<'_, '_>, value: &Value<'_>) -> bool {
    let Value::Function(function) = value else { return false };
    machine.functions.get(function.0).is_some_and(|function| {
        let parameters = function.node.field("parameters");
        parameters.is_some_and(|parameters| matches!(parameters.children().count(), 1 | 2))
    })
}

fn chain<'f>(machine: &mut At<'_, 'f>, router: usize, call: &Call<'f>) -> Option<Value<'f>> {
    let paths = paths_of(machine, &call.arg(0))?;
    machine.host.chains.push(Chain { router, paths, guards: Vec::new() });
    Some(Value::Handle(Handle { kind: CHAIN, number: machine.host.chains.len() - 1 }))
}

/// A method on `route('/x')`.
fn chained<'f>(machine: &mut At<'_, 'f>, number: usize, name: &str, call: &Call<'f>) {
    let Some(chain) = machine.host.chains.get(number) else { return };
    let (router, paths, before) = (chain.router, chain.paths.clone(), chain.guards.clone());
    let all = machine.flat(&call.args);
    if name == "all" {
        // What stands here stands before the methods that follow.
        let found = guards_of(machine, &all, Level::Route, "");
        if let (false, Some(chain)) = (found.is_empty(), machine.host.chains.get_mut(number)) {
            chain.guards.extend(found);
            return;
        }
        if all.iter().any(|arg| !answers(machine, &arg.value) || says_no(machine, arg, "405")) {
            return;
        }
    }
    declare_args(machine, router, name, &paths, before, &all);
}

/// `get('/x', …)` and its like on a router.
fn declare_call<'f>(machine: &mut At<'_, 'f>, router: usize, name: &str, call: &Call<'f>) {
    let Some((first, rest)) = call.args.split_first() else { return };
    let all = machine.flat(rest);
    // `app.get('setting')`
    if all.is_empty() {
        return;
    }
    let Some(paths) = paths_of(machine, &first.value) else { return };
    if name == "all"
        && let Some((last, before)) = all.split_last()
        && (!before.is_empty() || !answers(machine, &last.value))
    {
        let level = level(machine, router);
        let found = guards_of(machine, std::slice::from_ref(last), level, "");
        if !found.is_empty() {
            let mut every = guards_of(machine, before, level, "");
            every.extend(found);
            let Some(id) = machine.host.routers.get(router).map(|router| router.id) else { return };
            for path in &paths {
                for guard in &every {
                    let path = without_rest(path);
                    machine.host.graph.guard(id, &path, guard.clone(), Reach::Later);
                }
            }
            return;
        }
    }
    declare_args(machine, router, name, &paths, Vec::new(), &all);
}

fn declare_args<'f>(
    machine: &mut At<'_, 'f>,
    router: usize,
    name: &str,
    paths: &[String],
    mut before: Vec<Guard>,
    all: &[Arg<'f>],
) {
    let Some((handler, middleware)) = all.split_last() else { return };
    before.extend(guards_of(machine, middleware, Level::Route, ""));
    if paths.iter().all(|path| is_rest(path)) && says_no(machine, handler, "404") {
        return;
    }
    before.extend(machine.own_check(handler));
    let method = match name {
        "all" => "ANY".to_owned(),
        "del" => "DELETE".to_owned(),
        other => other.to_ascii_uppercase(),
    };
    declare(machine, router, &method, paths, before, handler);
}

fn declare<'f>(
    machine: &mut At<'_, 'f>,
    router: usize,
    method: &str,
    paths: &[String],
    guards: Vec<Guard>,
    handler: &Arg<'f>,
) {
    let Some(id) = machine.host.routers.get(router).map(|router| router.id) else { return };
    for path in paths {
        machine.host.graph.route(
            id,
            Declared {
                method: method.to_owned(),
                path: path.clone(),
                handler: handler_name(machine, handler),
                place: place_of_call(handler.at),
                guards: guards.clone(),
            },
        );
    }
}

fn handler_name(machine: &At<'_, '_>, handler: &Arg<'_>) -> Option<String> {
    match &handler.value {
        _ if handler.at.is(&["identifier", "member_expression"]) => Some(short(handler.at.text())),
        Value::Function(function) => machine.functions.get(function.0)?.name.map(short),
        _ => None,
    }
}

/// Where the call is that a handler is given to: routes are declared there.
fn place_of_call(handler: Piece<'_>) -> crate::route::Place {
    handler.within(&["call_expression"]).unwrap_or(handler).place()
}

/// Whether what stands behind everything else only says that there is nothing.
fn says_no(machine: &At<'_, '_>, handler: &Arg<'_>, status: &str) -> bool {
    let name = guards::words(handler.at.text().split('(').next().unwrap_or_default());
    let by_name =
        name.windows(2).any(|pair| pair == ["not", "found"] || pair == ["not", "allowed"]);
    let by_body = match &handler.value {
        Value::Function(function) => machine.functions.get(function.0).is_some_and(|function| {
            let text = code(function.node, None);
            text.contains(status) || text.contains("NotFound") || text.contains("NOT_FOUND")
        }),
        _ => false,
    };
    by_name || by_body
}
