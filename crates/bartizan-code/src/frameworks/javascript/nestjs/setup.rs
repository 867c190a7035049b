//! What is set up for a whole application: prefix, versions, guards, modules, middleware.

use super::{At, marks};
use crate::{
    frameworks::javascript::{
        exempt::{Exempt, glob},
        value::{Arg, Call, Value},
    },
    paths,
    project::Project,
    route::{Guard, Level},
    syntax::{File, Piece},
};

const CORE: &str = "@nestjs/core";

/// Routes of modules within each other are followed so far.
const MAX_DEPTH: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Setup<'f> {
    /// Folders in which an application starts, when there are several.
    roots: Vec<String>,
    prefixes: Vec<(&'f File, String, Vec<Exempt>)>,
    versionings: Vec<(&'f File, Versioning)>,
    guards: Vec<(&'f File, Arg<'f>)>,
    /// Paths by module, and modules by controller.
    module_paths: Vec<(Piece<'f>, String)>,
    controllers: Vec<(Piece<'f>, Piece<'f>)>,
    middleware: Vec<Middleware<'f>>,
}

#[derive(Clone, Debug)]
struct Versioning {
    prefix: String,
    default: Vec<String>,
}

/// Middleware that demands, with the routes that it stands for.
#[derive(Debug)]
struct Middleware<'f> {
    guard: Guard,
    paths: Vec<Exempt>,
    controllers: Vec<Piece<'f>>,
    except: Vec<Exempt>,
}

impl<'f> Setup<'f> {
    /// Whether what is set up in `file` is for what is in `other`.
    fn reaches(&self, file: &File, other: &File) -> bool {
        let root = |file: &File| {
            self.roots
                .iter()
                .filter(|root| file.path.starts_with(&format!("{root}/")))
                .max_by_key(|root| root.len())
        };
        match (root(file), root(other)) {
            (Some(own), Some(others)) => own == others,
            _ => true,
        }
    }

    pub(super) fn guards_for(&self, file: &File) -> Vec<Arg<'f>> {
        let own = self.guards.iter().filter(|(place, _)| self.reaches(place, file));
        own.map(|(_, arg)| arg.clone()).collect()
    }

    pub(super) fn middleware_for(&self, class: Piece<'f>, path: &str, verb: &str) -> Vec<Guard> {
        let is_for = |exempt: &Exempt| {
            let has_method = exempt.methods.is_empty() || exempt.methods.iter().any(|m| m == verb);
            has_method && is_covered(&exempt.pattern, path, exempt.methods.is_empty())
        };
        self.middleware
            .iter()
            .filter(|middleware| {
                (middleware.controllers.contains(&class) || middleware.paths.iter().any(is_for))
                    && !middleware.except.iter().any(|exempt| {
                        let has_method =
                            exempt.methods.is_empty() || exempt.methods.iter().any(|m| m == verb);
                        has_method && is_covered(&exempt.pattern, path, false)
                    })
            })
            .map(|middleware| middleware.guard.clone())
            .collect()
    }
}

/// Whether a path is one that a pattern of Nest names, or below it.
fn is_covered(pattern: &str, path: &str, takes_below: bool) -> bool {
    let mut plain = String::new();
    for segment in pattern.trim_matches('/').split('/') {
        plain.push('/');
        match segment.trim_matches(['{', '}']) {
            "(.*)" | "*" => plain.push('*'),
            named if named.starts_with(':') || named.starts_with('*') => plain.push('*'),
            other => plain.push_str(&other.replace("(.*)", "*")),
        }
    }
    let path = paths::join("", path, false);
    let plain = if plain == "/" { "/".to_owned() } else { plain.trim_end_matches('/').to_owned() };
    glob(&plain, &path)
        || plain.ends_with("/*") && plain.trim_end_matches("/*") == path
        || takes_below && glob(&format!("{plain}/*"), &path)
}

/// Remembers what a call sets up.
pub(super) fn call<'f>(machine: &mut At<'_, 'f>, call: &Call<'f>) {
    let Some((of, name)) = call.method() else { return };
    match name {
        "setGlobalPrefix" => {
            let first = call.arg(0);
            let prefix = machine.text_of(&first).or_else(|| configured(machine, &first));
            let options = call.arg(1);
            let except = machine.field(&options, "exclude").unwrap_or(Value::Nothing);
            let except = exempts(machine, &except);
            if let Some(prefix) = prefix {
                machine.host.prefixes.push((call.at.file, prefix, except));
            }
        }
        "enableVersioning" => {
            let options = call.arg(0);
            let is_path = match machine.field(&options, "type") {
                Some(Value::Member(member)) => member.name == "URI",
                _ => true,
            };
            if is_path {
                let prefix = match machine.field(&options, "prefix") {
                    Some(Value::Text(text)) => text.to_string(),
                    Some(Value::Flag(false)) => String::new(),
                    _ => "v".to_owned(),
                };
                let default = machine.field(&options, "defaultVersion");
                let default = default.map_or_else(Vec::new, |d| marks::versions(machine, &d));
                machine.host.versionings.push((call.at.file, Versioning { prefix, default }));
            }
        }
        "useGlobalGuards" => {
            let guards = machine.flat(&call.args).into_iter().map(|arg| (call.at.file, arg));
            machine.host.guards.extend(guards);
        }
        "create" | "createMicroservice"
            if of.exported().is_some_and(|(_, name)| name == "NestFactory") =>
        {
            let folder = call.at.file.folder();
            let root = folder.strip_suffix("/src").unwrap_or(folder).to_owned();
            if !machine.host.roots.contains(&root) {
                machine.host.roots.push(root);
            }
        }
        "register" | "forRoutes" if of.exported() == Some((CORE, "RouterModule")) => {
            tree(machine, &call.arg(0), "", 0);
        }
        "forRoutes" => {
            let of = of.clone();
            middleware(machine, &of, call);
        }
        _ => {}
    }
}

/// What a configuration holds under the key that `config.get('app.prefix')` asks for.
fn configured<'f>(machine: &mut At<'_, 'f>, value: &Value<'f>) -> Option<String> {
    let key = match value {
        Value::Called(called) => called.args.first()?.value.as_text()?.to_owned(),
        Value::Member(member) => member.name.clone(),
        _ => return None,
    };
    let key = key.rsplit('.').next()?.to_owned();
    let files: Vec<&File> = machine.files.values().copied().collect();
    for file in files {
        let found = file.root().all(&["pair"]).find(|pair| {
            pair.field("key").is_some_and(|own| own.text() == key)
                && pair.field("value").is_some_and(|value| value.text().contains("process.env"))
        });
        if let Some(value) = found.and_then(|pair| pair.field("value")) {
            let scope = machine.scope_of(file);
            let value = machine.eval(value, scope);
            if let Some(text) = machine.text_of(&value) {
                return Some(text);
            }
        }
    }
    None
}

/// Routes that something is meant for or not: `'x'`, `{ path: 'x', method: RequestMethod.GET }`.
fn exempts<'f>(machine: &At<'_, 'f>, value: &Value<'f>) -> Vec<Exempt> {
    let mut out = Vec::new();
    let items = match value {
        Value::List(_) => machine.items(value).into_iter().map(|item| item.value).collect(),
        other => vec![other.clone()],
    };
    for item in items {
        match &item {
            Value::Text(text) => {
                out.push(Exempt { pattern: text.to_string(), methods: Vec::new() });
            }
            Value::Record(_) => {
                let path = machine.field(&item, "path").and_then(|path| machine.text_of(&path));
                let methods = match machine.field(&item, "method") {
                    Some(Value::Member(member)) if member.name != "ALL" => {
                        vec![member.name.clone()]
                    }
                    _ => Vec::new(),
                };
                out.extend(path.map(|pattern| Exempt { pattern, methods }));
            }
            _ => {}
        }
    }
    out
}

/// `RouterModule.register([{ path, module, children }])`
fn tree<'f>(machine: &mut At<'_, 'f>, value: &Value<'f>, prefix: &str, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    for item in machine.items(value) {
        let own = match &item.value {
            // Children that are named without a path of their own.
            Value::Class(_) => (String::new(), Some(item.value.clone())),
            other => (
                machine
                    .field(other, "path")
                    .and_then(|path| machine.text_of(&path))
                    .unwrap_or_default(),
                machine.field(other, "module"),
            ),
        };
        let path = paths::join(prefix, &own.0, false);
        if let Some(Value::Class(module)) = own.1
            && let Some(module) = machine.functions.get(module.0)
        {
            machine.host.module_paths.push((module.node, path.clone()));
        }
        if let Some(children) = machine.field(&item.value, "children") {
            tree(machine, &children, &path, depth + 1);
        }
    }
}

/// `consumer.apply(…).exclude(…).forRoutes(…)`
fn middleware<'f>(machine: &mut At<'_, 'f>, chain: &Value<'f>, call: &Call<'f>) {
    let mut except = Vec::new();
    let mut applied = Vec::new();
    let mut at = chain.clone();
    for _ in 0..8 {
        let Value::Called(called) = &at else { break };
        let Value::Member(member) = &called.callee else { break };
        match member.name.as_str() {
            "exclude" => {
                for arg in machine.flat(&called.args) {
                    except.extend(exempts(machine, &arg.value));
                }
            }
            "apply" => applied.extend(machine.flat(&called.args)),
            _ => {}
        }
        let next = member.of.clone();
        at = next;
    }
    let mut targets = Vec::new();
    let mut controllers = Vec::new();
    for arg in machine.flat(&call.args) {
        match arg.value {
            Value::Class(class) => {
                controllers.extend(machine.functions.get(class.0).map(|class| class.node));
            }
            value => targets.extend(exempts(machine, &value)),
        }
    }
    for arg in applied {
        let demands = match arg.value {
            Value::Class(class) => match machine.inherited(class, "use", &Value::Nothing) {
                Some(Value::Function(function)) => machine.function_demands(function, 1),
                _ => false,
            },
            _ => machine.judge(&arg, Level::Group).is_some(),
        };
        if demands {
            machine.host.middleware.push(Middleware {
                guard: Project::demands(arg.at.text(), &arg.at, Level::Group),
                paths: targets.clone(),
                controllers: controllers.clone(),
                except: except.clone(),
            });
        }
    }
}

/// Guards that modules provide for everything: `{ provide: APP_GUARD, useClass: … }`.
pub(super) fn providers(machine: &mut At<'_, '_>) {
    if machine.host.roots.len() < 2 {
        machine.host.roots.clear();
    }
    let mut files: Vec<&File> = machine.files.values().copied().collect();
    files.sort_by_key(|file| file.path.as_str());
    for file in files {
        for pair in file.root().all(&["pair"]) {
            let is_guard = pair.field("key").is_some_and(|key| key.text() == "provide")
                && pair.field("value").is_some_and(|value| value.text() == "APP_GUARD");
            let Some(object) = pair.parent().filter(|_| is_guard) else { continue };
            let scope = machine.scope_of(file);
            let record = machine.eval(object, scope);
            let value = ["useClass", "useExisting", "useValue"]
                .iter()
                .find_map(|name| machine.field(&record, name));
            let value = match (value, machine.field(&record, "useFactory")) {
                (Some(value), _) => value,
                (None, Some(Value::Function(factory))) => machine.invoke(factory, &[], None),
                _ => continue,
            };
            let at = object
                .all(&["pair"])
                .find(|pair| pair.field("key").is_some_and(|key| key.text().starts_with("use")))
                .and_then(|pair| pair.field("value"))
                .unwrap_or(object);
            machine.host.guards.push((file, Arg { value, at }));
        }
    }
}

/// Modules: their decorators are gone through, which meets `RouterModule`, and their controllers
/// are kept.
pub(super) fn modules(machine: &mut At<'_, '_>) {
    let classes: Vec<_> = machine
        .functions
        .iter()
        .filter(|function| function.node.is(&["class_declaration", "class"]))
        .map(|function| (function.node, function.scope))
        .collect();
    for (node, scope) in classes {
        for decorator in marks::decorators(node) {
            let Some(written) = decorator.children().next() else { continue };
            if !written.text().starts_with("Module") {
                continue;
            }
            let Value::Called(called) = machine.eval(written, scope) else { continue };
            let Some(options) = called.args.first() else { continue };
            let controllers = machine.field(&options.value, "controllers");
            let controllers = controllers.map_or_else(Vec::new, |all| machine.items(&all));
            for controller in machine.flat(&controllers) {
                if let Value::Class(class) = controller.value
                    && let Some(class) = machine.functions.get(class.0)
                {
                    machine.host.controllers.push((class.node, node));
                }
            }
        }
    }
}

/// Paths of a method, each without and with the global prefix.
pub(super) fn full_paths(
    machine: &At<'_, '_>,
    class: Piece<'_>,
    base: &str,
    below: &str,
    versions: Option<&[String]>,
    verb: &str,
) -> Vec<(String, String)> {
    let setup = &machine.host;
    let module = setup.controllers.iter().find(|(controller, _)| *controller == class);
    let module_path = module
        .and_then(|(_, module)| setup.module_paths.iter().find(|(own, _)| own == module))
        .map_or("", |(_, path)| path.as_str());
    let versioning = setup.versionings.iter().find(|(file, _)| setup.reaches(file, class.file));
    let versions: Vec<String> = match versioning {
        Some((_, versioning)) => {
            let named = versions.unwrap_or(&versioning.default);
            let written = |version: &String| match version.is_empty() {
                true => String::new(),
                false => format!("/{}{version}", versioning.prefix),
            };
            if named.is_empty() { vec![String::new()] } else { named.iter().map(written).collect() }
        }
        None => vec![String::new()],
    };
    let prefix = setup.prefixes.iter().find(|(file, _, _)| setup.reaches(file, class.file));
    versions
        .iter()
        .map(|version| {
            let parts = [module_path, base, below];
            let plain = parts.iter().fold(version.clone(), |path, part| match part.is_empty() {
                true => path,
                false => paths::join(&path, part, false),
            });
            let plain = if plain.is_empty() { "/".to_owned() } else { plain };
            let full = match prefix {
                Some((_, prefix, except)) => {
                    let is_left_out = except.iter().any(|exempt| {
                        (exempt.methods.is_empty() || exempt.methods.iter().any(|m| m == verb))
                            && is_covered(&exempt.pattern, &plain, false)
                    });
                    if is_left_out { plain.clone() } else { paths::join(prefix, &plain, false) }
                }
                None => plain.clone(),
            };
            (plain, full)
        })
        .collect()
}
