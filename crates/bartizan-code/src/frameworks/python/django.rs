//! Django, with Django REST framework.

mod examples;
mod known;
mod patterns;
mod permissions;
mod routers;
mod urls;
mod views;

use std::{collections::HashMap, rc::Rc};

use super::{
    request::Request,
    tree::{Ask, Kind},
    value::{Event, Value, tail},
    world::World,
};
use crate::{
    frameworks::Framework,
    limits::Limits,
    project::Project,
    route::{Authorization, Effect, Level, Route, short},
    syntax::{Language, Piece},
};

/// The framework.
pub(crate) static FRAMEWORK: Framework = Framework {
    name: "django",
    title: "Django",
    languages: &[Language::Python],
    documentation: "Routes of `urlpatterns` from the root that settings name, through `include` and \
        the routers of Django REST framework (also nested ones). Methods come from decorators, \
        methods of classes, generic views and the actions of view sets; a function without a \
        restriction answers any. Guards are decorators, mixins, permission classes (of the view, \
        the action, `get_permissions` or the settings) and middleware; those of the project are \
        followed for a caller without credentials. Pages of the admin site and of other packages \
        are not listed.",
    examples: examples::EXAMPLES,
    read,
};

/// Patterns that are visited at most: lists that include each other have no end of them.
const MAX_VISITS: usize = 50_000;

/// View sets of one router.
const MAX_REGISTERED: usize = 4_000;

/// What is put before one way in.
#[derive(Clone, Debug, Default)]
struct Entry<'f> {
    /// Method in upper case, or `ANY`.
    method: String,
    /// What answers.
    handler: Option<Value>,
    /// Questions, outermost first.
    asks: Vec<Ask<'f>>,
    /// How Django REST framework decides, where it does.
    rest: Option<Rest<'f>>,
    /// Action of a view set.
    action: Option<String>,
}

/// How Django REST framework decides on a view.
#[derive(Clone, Debug)]
struct Rest<'f> {
    /// The class of the view, if it is one.
    class: Option<usize>,
    /// Permissions that the action or the function names for itself.
    permissions: Option<Value>,
    /// Whether it is about one object.
    is_detail: bool,
    /// Where it is said.
    written: Piece<'f>,
}

/// A view set registered with a router.
#[derive(Clone, Debug)]
struct Registered<'f> {
    prefix: String,
    class: usize,
    written: Piece<'f>,
}

/// What is known of the whole site.
struct Site<'f> {
    middleware: Vec<Ask<'f>>,
    /// The middleware that demands a login for all views that do not say otherwise.
    login: Option<Ask<'f>>,
    /// Permissions of views that name none.
    defaults: Vec<Value>,
    registered: HashMap<usize, Vec<Registered<'f>>>,
    out: Vec<Route>,
    most: usize,
    /// Patterns that are still visited.
    visits: usize,
}

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    if !project
        .files(FRAMEWORK.languages)
        .any(|file| file.text.contains("django") || file.text.contains("rest_framework"))
    {
        return Vec::new();
    }
    let mut world = World::new(project);
    let mut site = Site {
        middleware: Vec::new(),
        login: None,
        defaults: permissions::defaults(&mut world),
        registered: registered(&world),
        out: Vec::new(),
        most: limits.routes,
        visits: MAX_VISITS,
    };
    middleware(&mut world, &mut site);
    urls::walk_roots(&mut world, &mut site);
    site.out
}

/// The view sets of all routers.
fn registered<'f>(world: &World<'f>) -> HashMap<usize, Vec<Registered<'f>>> {
    let mut out: HashMap<usize, Vec<Registered<'f>>> = HashMap::new();
    for event in &world.log {
        let Event::Called(at) = event else { continue };
        let Some(object) = world.objects.get(*at) else { continue };
        let Value::Attr(attr) = &object.callee else { continue };
        match (&attr.0, &*attr.1) {
            (Value::Object(router), "register") => {
                let prefix = object.arguments.get(0, "prefix").and_then(|v| world.text(v));
                let Some(Value::Class(class)) = object.arguments.get(1, "viewset") else {
                    continue;
                };
                out.entry(*router).or_default().push(Registered {
                    prefix: prefix.unwrap_or_default(),
                    class: *class,
                    written: object.piece,
                });
            }
            // `router.registry.extend(other.registry)`.
            (Value::Attr(inner), "extend") if &*inner.1 == "registry" => {
                let other = match object.arguments.positional.first() {
                    Some(Value::Attr(other)) => other.0.clone(),
                    _ => continue,
                };
                if let (Value::Object(router), Value::Object(other)) = (&inner.0, other) {
                    let more = out.get(&other).cloned().unwrap_or_default();
                    let all = out.entry(*router).or_default();
                    all.extend(more);
                    all.truncate(MAX_REGISTERED);
                }
            }
            _ => {}
        }
    }
    out
}

/// What settings put before all views.
fn middleware<'f>(world: &mut World<'f>, site: &mut Site<'f>) {
    let Some(settings) = world.settings else { return };
    let list = ["MIDDLEWARE", "MIDDLEWARE_CLASSES"]
        .into_iter()
        .find_map(|name| world.member(settings, name));
    let Some(written) =
        world.modules.all.get(settings).and_then(|module| module.file).map(|file| file.root())
    else {
        return;
    };
    let level = Level::Application;
    for name in list.map(|list| world.members(&list)).unwrap_or_default() {
        let Value::Str(name) = name else { continue };
        match urls::dotted(world, &name, settings) {
            Some(class @ Value::Class(_)) => {
                let given = super::value::Arguments::of(vec![Value::Next]);
                let value = world.call(&class, given, written);
                site.middleware.push(Ask { kind: Kind::Before, value, written, level });
            }
            Some(value @ Value::Function(_)) => {
                site.middleware.push(Ask { kind: Kind::Before, value, written, level });
            }
            _ if tail(&name) == "LoginRequiredMiddleware" => {
                let kind = Kind::Known(Effect::Demands);
                let value = Value::Unknown;
                site.login = Some(Ask { kind, value, written, level });
            }
            _ => {}
        }
    }
}

impl<'f> Site<'f> {
    /// Lists a route.
    fn add(
        &mut self,
        world: &mut World<'f>,
        path: &str,
        endpoint: &str,
        entry: &Entry<'f>,
        outer: &[Ask<'f>],
        written: Piece<'f>,
    ) {
        if self.out.len() >= self.most {
            return;
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let request = Rc::new(Request {
            path: path.clone(),
            method: if entry.method == "ANY" { "GET".to_owned() } else { entry.method.clone() },
            endpoint: endpoint.to_owned(),
            handler: entry.handler.clone(),
            action: entry.action.clone(),
        });
        let login = self.login.iter().filter(|_| entry.rest.is_none());
        let all = login.chain(&self.middleware).chain(outer).chain(&entry.asks);
        let mut guards: Vec<_> = all.filter_map(|ask| ask.guard(world, &request)).collect();
        if let Some(rest) = &entry.rest {
            guards.extend(permissions::guard(world, &self.defaults, rest, &request));
        }
        // Named by a middleware in the settings, a file begins at its first line.
        let handler = entry.handler.as_ref().and_then(|handler| world.name_of(handler));
        self.out.push(Route {
            path,
            method: entry.method.clone(),
            authorization: Authorization::of(guards),
            framework: FRAMEWORK.name,
            handler: handler.map(short),
            place: written.place(),
            component: None,
        });
    }
}
