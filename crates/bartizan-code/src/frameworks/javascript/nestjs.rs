//! NestJS.

mod examples;
mod guard;
mod marks;
mod setup;

use self::{
    marks::{Marks, members},
    setup::Setup,
};
use super::{
    FUNCTIONS, LANGUAGES,
    express::spelled,
    machine::{Host, Machine},
    mentions,
    value::{Call, FunctionId, Handle, Value},
};
use crate::{
    frameworks::Framework,
    limits::Limits,
    paths,
    project::Project,
    route::{Authorization, Guard, Level, Route},
    syntax::Piece,
};

/// NestJS, on Express or Fastify.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: "nestjs",
    title: "NestJS",
    languages: LANGUAGES,
    documentation: "Controllers, also those that inherit methods, with the global prefix and what \
                    it excludes, versions in the path and the paths that `RouterModule` gives to \
                    modules. Guards come from `UseGuards` at class and method, `APP_GUARD`, \
                    `useGlobalGuards`, decorators composed by `applyDecorators`, and middleware \
                    for routes. What a guard reads from metadata is respected: a decorator such \
                    as `@Public()` frees, one such as `@Roles()` makes a guard for roles demand. \
                    Guards that log in (`AuthGuard('local')`, OAuth) and throttling are no \
                    guards. Routes that other packages generate are not read.",
    examples: examples::EXAMPLES,
    read,
};

/// Classes that extend each other are followed so far.
const MAX_HERITAGE: usize = 8;

type At<'p, 'f> = Machine<'p, 'f, Setup<'f>>;

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    if !mentions(project, &["@nestjs/"]) {
        return Vec::new();
    }
    let mut machine = Machine::new(project, Setup::default());
    machine.run(&["NestFactory"]);
    setup::providers(&mut machine);
    setup::modules(&mut machine);
    let classes: Vec<FunctionId> = (0..machine.functions.len())
        .map(FunctionId)
        .filter(|id| {
            let node = machine.functions.get(id.0).map(|function| function.node);
            node.is_some_and(|node| {
                node.is(&["class_declaration", "class"]) && marks::has_decorators(node)
            })
        })
        .collect();
    let mut routes = Vec::new();
    let mut seen: Vec<Piece<'_>> = Vec::new();
    for class in classes {
        let Some(node) = machine.functions.get(class.0).map(|class| class.node) else { continue };
        // A class within a function is another one with each call.
        let is_once = node.within(FUNCTIONS).is_none();
        if routes.len() >= limits.routes || is_once && seen.contains(&node) {
            continue;
        }
        seen.push(node);
        controller(&mut machine, class, node, &mut routes);
    }
    routes
}

impl<'f> Host<'f> for Setup<'f> {
    fn call(machine: &mut At<'_, 'f>, call: &Call<'f>) -> Option<Value<'f>> {
        setup::call(machine, call);
        None
    }

    fn offered(_: &mut At<'_, 'f>, _: &str, kind: &str) -> Option<Value<'f>> {
        let is_known = [
            "INestApplication",
            "NestExpressApplication",
            "NestFastifyApplication",
            "MiddlewareConsumer",
        ]
        .iter()
        .any(|known| kind.contains(known));
        is_known.then_some(Value::Handle(Handle { kind: 0, number: 0 }))
    }
}

/// The routes of a class, when it is a controller.
fn controller<'f>(
    machine: &mut At<'_, 'f>,
    class: FunctionId,
    node: Piece<'f>,
    routes: &mut Vec<Route>,
) {
    let scope = machine.functions.get(class.0).map(|class| class.scope);
    let Some(scope) = scope else { return };
    let own = marks::of(machine, &marks::decorators(node), scope);
    let Some((bases, versions)) = own.controller.clone() else { return };
    let mut methods: Vec<(Piece<'f>, Marks<'f>)> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut inherited = own;
    let mut at = class;
    for level in 0..MAX_HERITAGE {
        let Some((node, scope)) =
            machine.functions.get(at.0).map(|class| (class.node, class.scope))
        else {
            break;
        };
        if level > 0 {
            let above = marks::of(machine, &marks::decorators(node), scope);
            inherited.take_over(above);
        }
        for (method, decorators) in members(node) {
            let name = method.field("name").map_or("", |name| name.text());
            if names.contains(&name) {
                continue;
            }
            names.push(name);
            let marks = marks::of(machine, &decorators, scope);
            methods.push((method, marks));
        }
        match machine.above(at) {
            Some(Value::Class(above)) => at = above,
            _ => break,
        }
    }
    for (method, marks) in &methods {
        for (verb, below) in &marks.routes {
            let versions = marks.version.clone().or_else(|| versions.clone());
            let address = Address { bases: &bases, below, versions };
            declare(machine, node, verb, &address, &inherited, (*method, marks), routes);
        }
    }
}

/// What the path of a route is made of.
struct Address<'a> {
    bases: &'a [String],
    below: &'a [String],
    versions: Option<Vec<String>>,
}

fn declare<'f>(
    machine: &mut At<'_, 'f>,
    class: Piece<'f>,
    verb: &str,
    address: &Address<'_>,
    above: &Marks<'f>,
    (method, own): (Piece<'f>, &Marks<'f>),
    routes: &mut Vec<Route>,
) {
    let mut guards: Vec<Guard> = Vec::new();
    let global = machine.host.guards_for(class.file);
    for (args, level) in [
        (global.as_slice(), Level::Application),
        (above.guards.as_slice(), Level::Group),
        (own.guards.as_slice(), Level::Route),
    ] {
        for arg in args {
            let rule = guard::rule(machine, &arg.value, 0);
            if rule.demands_for(own, above) {
                guards.push(Project::demands(arg.at.text(), &arg.at, level));
            }
        }
    }
    let name = method.field("name").map_or("", |name| name.text());
    let class_name = class.field("name").map_or("", |name| name.text());
    for base in address.bases {
        for below in address.below {
            for (plain, full) in
                setup::full_paths(machine, class, base, below, address.versions.as_deref(), verb)
            {
                let mut all = machine.host.middleware_for(class, &plain, verb);
                all.extend(guards.iter().cloned());
                for path in spelled(&full) {
                    routes.push(Route {
                        path: paths::join("", &path, false),
                        method: verb.to_owned(),
                        authorization: Authorization::of(all.clone()),
                        framework: "nestjs",
                        handler: Some(format!("{class_name}.{name}")),
                        place: method.place(),
                        component: None,
                    });
                }
            }
        }
    }
}
