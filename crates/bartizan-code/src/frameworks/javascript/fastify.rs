//! Fastify.

mod autoload;
mod examples;

use super::{
    LANGUAGES,
    exempt::{self, Configurations, Rule, Rules},
    machine::{Host, Machine},
    mentions,
    value::{Arg, Call, Handle, Value},
};
use crate::{
    frameworks::Framework,
    graph::{Declared, Graph, Reach, RouterId},
    limits::Limits,
    paths,
    project::Project,
    route::{Guard, Level, Place, Route, short},
    syntax::Piece,
};

/// Fastify.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: "fastify",
    title: "Fastify",
    languages: LANGUAGES,
    documentation: "Routes of instances are read through plugins and their prefixes, also those \
                    that `@fastify/autoload` finds by folder. Hooks (`onRequest`, `preParsing`, \
                    `preValidation`, `preHandler`) of a scope or a route are guards when what \
                    they call refuses with 401 or 403 or verifies a token; they stand for their \
                    scope and those in it, and for the outer one when the plugin is wrapped by \
                    `fastify-plugin`. `config` of a route that a hook asks for is respected. \
                    Hooks that change routes (`onRoute`) are not followed.",
    examples: examples::EXAMPLES,
    read,
};

const INSTANCE: u8 = 0;

/// Methods of an instance that declare routes.
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options", "all"];

/// Hooks that run before the handler, in their order.
const HOOKS: &[&str] = &["onRequest", "preParsing", "preValidation", "preHandler"];

/// Methods of an instance that give it back.
const SAME: &[&str] = &[
    "withTypeProvider",
    "after",
    "ready",
    "decorateRequest",
    "decorateReply",
    "setValidatorCompiler",
    "setSerializerCompiler",
    "setErrorHandler",
    "setNotFoundHandler",
    "addSchema",
];

#[derive(Debug)]
struct Fastify<'f> {
    graph: Graph,
    instances: Vec<(RouterId, bool)>,
    decorators: Vec<(String, Value<'f>)>,
    rules: Rules,
    configured: Configurations,
}

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    if !mentions(project, &["'fastify", "\"fastify", "@fastify/"]) {
        return Vec::new();
    }
    let host = Fastify {
        graph: Graph::new("fastify", false),
        instances: Vec::new(),
        decorators: Vec::new(),
        rules: Rules::new(),
        configured: Configurations::new(),
    };
    let mut machine = Machine::new(project, host);
    machine.run(&["astify("]);
    let mut routes = machine.host.graph.resolve(limits);
    exempt::apply(&mut routes, &machine.host.rules, &machine.host.configured);
    routes
}

type At<'p, 'f> = Machine<'p, 'f, Fastify<'f>>;

impl<'f> Host<'f> for Fastify<'f> {
    fn call(machine: &mut At<'_, 'f>, call: &Call<'f>) -> Option<Value<'f>> {
        if let Some((package, name)) = call.callee.exported() {
            let is_made = package == "fastify" && matches!(name, "" | "fastify" | "Fastify");
            return is_made.then(|| instance(machine, true));
        }
        let (of, name) = call.method()?;
        let Value::Handle(handle) = *of else { return None };
        let of = of.clone();
        match name {
            "register" => register(machine, handle.number, call),
            "route" => declare_options(machine, handle.number, call),
            "addHook" => hook(machine, handle.number, call),
            "decorate" => {
                let name = call.arg(0).as_text()?.to_owned();
                machine.host.decorators.push((name, call.arg(1)));
            }
            name if METHODS.contains(&name) => {
                let name = name.to_owned();
                declare_call(machine, handle.number, &name, call);
            }
            name if SAME.contains(&name) => {
                for arg in &call.args {
                    if let Value::Function(function) = arg.value
                        && matches!(name, "after" | "ready")
                    {
                        machine.invoke(function, &[], None);
                    }
                }
            }
            _ => return None,
        }
        Some(of)
    }

    fn member(machine: &mut At<'_, 'f>, _: Handle, name: &str) -> Option<Value<'f>> {
        let decorators = machine.host.decorators.iter().rev();
        decorators.into_iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    fn offered(machine: &mut At<'_, 'f>, name: &str, kind: &str) -> Option<Value<'f>> {
        let is_known = kind.contains("FastifyInstance")
            || kind.contains("FastifyTypedInstance")
            || kind.is_empty() && matches!(name, "fastify" | "app" | "server" | "instance");
        is_known.then(|| instance(machine, false))
    }
}

fn instance<'f>(machine: &mut At<'_, 'f>, is_root: bool) -> Value<'f> {
    let id = machine.host.graph.router();
    machine.host.instances.push((id, is_root));
    Value::Handle(Handle { kind: INSTANCE, number: machine.host.instances.len() - 1 })
}

fn id_of(machine: &At<'_, '_>, number: usize) -> Option<RouterId> {
    machine.host.instances.get(number).map(|(id, _)| *id)
}

/// `register(plugin, { prefix })`
fn register<'f>(machine: &mut At<'_, 'f>, parent: usize, call: &Call<'f>) {
    let mut options = call.arg(1);
    if let Value::Function(function) = options {
        let given = Arg { value: handle(parent), at: call.at };
        options = machine.invoke(function, &[given], None);
    }
    let plugin = machine.default_of(call.arg(0));
    if plugin.origin().is_some_and(|package| package.ends_with("autoload")) {
        return autoload::load(machine, parent, &options, call.at);
    }
    if plugin.origin().is_some_and(|package| package.contains("bearer-auth")) {
        let is_off = matches!(machine.field(&options, "addHook"), Some(Value::Flag(false)));
        if let (false, Some(id)) = (is_off, id_of(machine, parent)) {
            let guard = Project::demands("bearer-auth", &call.at, level(machine, parent));
            machine.host.graph.guard(id, "", guard, Reach::All);
        }
        return;
    }
    let prefix = machine.field(&options, "prefix").and_then(|prefix| machine.text_of(&prefix));
    apply_plugin(machine, parent, &plugin, &prefix.unwrap_or_default(), options, call.at);
}

fn handle<'f>(number: usize) -> Value<'f> {
    Value::Handle(Handle { kind: INSTANCE, number })
}

/// Runs a plugin: in a scope of its own, or in that of `parent` when it is wrapped.
fn apply_plugin<'f>(
    machine: &mut At<'_, 'f>,
    parent: usize,
    plugin: &Value<'f>,
    prefix: &str,
    options: Value<'f>,
    at: Piece<'f>,
) {
    let (function, is_wrapped) = match plugin {
        Value::Function(function) => {
            let marked =
                machine.fields(plugin).iter().any(|(name, _)| name.contains("skip-override"));
            (*function, marked)
        }
        Value::Called(called)
            if called.callee.origin().is_some_and(|package| package.contains("fastify-plugin")) =>
        {
            let inner = called.args.first().map(|arg| machine.default_of(arg.value.clone()));
            let Some(Value::Function(function)) = inner else { return };
            (function, true)
        }
        _ => return,
    };
    let scope = match is_wrapped {
        true => handle(parent),
        false => {
            let child = instance(machine, false);
            let (Some(above), Value::Handle(below)) = (id_of(machine, parent), &child) else {
                return;
            };
            let Some(below) = id_of(machine, below.number) else { return };
            for path in paths::colons(prefix) {
                let path = if path == "/" { String::new() } else { path };
                machine.host.graph.mount(above, &path, below, Vec::new());
            }
            child
        }
    };
    let args = [Arg { value: scope, at }, Arg { value: options, at }];
    machine.invoke(function, &args, None);
}

fn level(machine: &At<'_, '_>, number: usize) -> Level {
    match machine.host.instances.get(number) {
        Some((_, true)) => Level::Application,
        _ => Level::Group,
    }
}

fn guards_of<'f>(machine: &mut At<'_, 'f>, args: &[Arg<'f>], level: Level) -> Vec<Guard> {
    let mut out = Vec::new();
    for arg in machine.flat(args) {
        if let Some(judged) = machine.judge(&arg, level) {
            machine.host.rules.extend(Rule::of(&judged, ""));
            out.push(judged.guard);
        }
    }
    out
}

/// `addHook('onRequest', …)`: for the whole scope, also for what was declared before.
fn hook<'f>(machine: &mut At<'_, 'f>, number: usize, call: &Call<'f>) {
    let name = call.arg(0);
    let Some(id) = id_of(machine, number) else { return };
    if !name.as_text().is_some_and(|name| HOOKS.contains(&name)) {
        return;
    }
    let level = level(machine, number);
    for guard in guards_of(machine, call.args.get(1..).unwrap_or_default(), level) {
        machine.host.graph.guard(id, "", guard, Reach::All);
    }
}

/// `get('/x', options, handler)` and its like.
fn declare_call<'f>(machine: &mut At<'_, 'f>, number: usize, name: &str, call: &Call<'f>) {
    let Some((first, rest)) = call.args.split_first() else { return };
    let Some(path) = machine.text_of(&first.value) else { return };
    let (options, handler) = match rest {
        [] => return,
        [only] => (only.value.clone(), rest.last()),
        [options, ..] => (options.value.clone(), rest.last()),
    };
    let method = if name == "all" { "ANY".to_owned() } else { name.to_ascii_uppercase() };
    declare(machine, number, &[method], &path, &options, handler, call.at);
}

/// `route({ method, url, … })`
fn declare_options<'f>(machine: &mut At<'_, 'f>, number: usize, call: &Call<'f>) {
    let options = call.arg(0);
    let path = ["url", "path"]
        .iter()
        .find_map(|name| machine.field(&options, name))
        .and_then(|path| machine.text_of(&path));
    let methods = machine.field(&options, "method").map(|methods| machine.texts(&methods));
    let (Some(path), Some(methods)) = (path, methods) else { return };
    let methods: Vec<String> = methods.iter().map(|method| method.to_ascii_uppercase()).collect();
    declare(machine, number, &methods, &path, &options, None, call.at);
}

fn declare<'f>(
    machine: &mut At<'_, 'f>,
    number: usize,
    methods: &[String],
    path: &str,
    options: &Value<'f>,
    handler: Option<&Arg<'f>>,
    at: Piece<'f>,
) {
    let Some(id) = id_of(machine, number) else { return };
    let mut guards = Vec::new();
    for name in HOOKS {
        if let Some(value) = machine.field(options, name) {
            let written = written_option(at, name).unwrap_or(at);
            guards.extend(guards_of(machine, &[Arg { value, at: written }], Level::Route));
        }
    }
    let handler = handler.cloned().or_else(|| {
        let value = machine.field(options, "handler")?;
        Some(Arg { value, at: written_option(at, "handler").unwrap_or(at) })
    });
    if let Some(handler) = &handler {
        guards.extend(machine.own_check(handler));
    }
    let place = at.place();
    remember(machine, options, &place);
    for path in paths::colons(path) {
        for method in methods {
            machine.host.graph.route(
                id,
                Declared {
                    method: method.clone(),
                    path: path.clone(),
                    handler: handler.as_ref().and_then(|handler| handler_name(machine, handler)),
                    place: place.clone(),
                    guards: guards.clone(),
                },
            );
        }
    }
}

/// Where an option is written in the call itself.
fn written_option<'f>(call: Piece<'f>, name: &str) -> Option<Piece<'f>> {
    let pair = call
        .field("arguments")?
        .all(&["pair"])
        .find(|pair| pair.field("key").is_some_and(|key| key.text() == name))?;
    pair.field("value")
}

fn handler_name(machine: &At<'_, '_>, handler: &Arg<'_>) -> Option<String> {
    match &handler.value {
        _ if handler.at.is(&["identifier", "member_expression"]) => Some(short(handler.at.text())),
        Value::Function(function) => machine.functions.get(function.0)?.name.map(short),
        _ => None,
    }
}

/// Keeps what a route's `config` says, for hooks that ask for it.
fn remember<'f>(machine: &mut At<'_, 'f>, options: &Value<'f>, place: &Place) {
    let Some(config) = machine.field(options, "config") else { return };
    let flags = machine
        .fields(&config)
        .iter()
        .filter_map(|(name, value)| match value {
            Value::Flag(flag) => Some((name.clone(), *flag)),
            Value::Nothing => None,
            _ => Some((name.clone(), true)),
        })
        .collect();
    machine.host.configured.insert(place.clone(), flags);
}
