//! Walks `urlpatterns`.

use std::collections::HashSet;

use super::{Site, patterns, routers, views};
use crate::{
    frameworks::python::{
        tree::{Ask, Kind},
        value::{Arguments, Value, tail},
        world::World,
    },
    paths,
    route::Level,
    syntax::Piece,
};

/// Where a walk is.
#[derive(Clone, Default)]
pub(super) struct At<'f> {
    pub(super) prefix: String,
    pub(super) space: String,
    pub(super) asks: Vec<Ask<'f>>,
    depth: usize,
}

/// Patterns that include each other are followed so far.
const MAX_DEPTH: usize = 40;

/// What a dotted name means, seen from a module.
pub(super) fn dotted(world: &mut World<'_>, name: &str, from: usize) -> Option<Value> {
    let (module, member) = name.rsplit_once('.')?;
    let module = world.modules.absolute(module, from)?;
    world.import(module);
    world.member(module, member)
}

/// Lists the routes of all root modules: those that settings name, else those with patterns that
/// nobody includes.
pub(super) fn walk_roots<'f>(world: &mut World<'f>, site: &mut Site<'f>) {
    let mut roots = Vec::new();
    for module in 0..world.modules.all.len() {
        let scope = world.modules.all.get(module).and_then(|m| world.scopes.get(m.scope));
        let named = scope.and_then(|scope| scope.names.get("ROOT_URLCONF")).cloned();
        if let Some(Value::Str(name)) = named
            && let Some(root) = world.modules.absolute(&name, module)
            && !roots.contains(&root)
        {
            roots.push(root);
        }
    }
    let mut included = HashSet::new();
    if !roots.is_empty() {
        for root in roots {
            walk_module(world, site, root, &At::default(), &mut included);
        }
        return;
    }
    let mut all = Vec::new();
    for module in 0..world.modules.all.len() {
        let scope = world.modules.all.get(module).and_then(|m| world.scopes.get(m.scope));
        if scope.is_some_and(|scope| scope.names.contains_key("urlpatterns")) {
            let before = site.out.len();
            walk_module(world, site, module, &At::default(), &mut included);
            let found = site.out.split_off(before.min(site.out.len()));
            all.push((module, found));
        }
    }
    for (_, found) in all.into_iter().filter(|(module, _)| !included.contains(module)) {
        site.out.extend(found);
    }
}

fn walk_module<'f>(
    world: &mut World<'f>,
    site: &mut Site<'f>,
    module: usize,
    at: &At<'f>,
    included: &mut HashSet<usize>,
) {
    world.import(module);
    let Some(list) = world.member(module, "urlpatterns") else { return };
    let mut at = at.clone();
    if at.depth > 0
        && at.space.is_empty()
        && let Some(Value::Str(name)) = world.member(module, "app_name")
    {
        at.space = name.to_string();
    }
    walk(world, site, &list, &at, included);
}

/// Lists the routes of a pattern or of a list of them.
fn walk<'f>(
    world: &mut World<'f>,
    site: &mut Site<'f>,
    value: &Value,
    at: &At<'f>,
    included: &mut HashSet<usize>,
) {
    if at.depth > MAX_DEPTH || site.out.len() >= site.most || site.visits == 0 {
        return;
    }
    site.visits -= 1;
    match value {
        Value::List(_) => {
            // A list may hold itself.
            let below = At { depth: at.depth + 1, ..at.clone() };
            for member in world.members(value) {
                walk(world, site, &member, &below, included);
            }
        }
        Value::Splice(inner) => walk(world, site, inner, at, included),
        Value::Attr(attr) if &*attr.1 == "urls" => {
            if let Value::Object(router) = attr.0 {
                routers::walk(world, site, router, at);
            }
        }
        Value::Module(module) => {
            included.insert(*module);
            walk_module(world, site, *module, at, included);
        }
        Value::Object(object) => {
            let Some(found) = world.objects.get(*object).cloned() else { return };
            let Some(name) = found.callee.name().map(|name| tail(name).to_owned()) else { return };
            match name.as_str() {
                "path" | "re_path" | "url" => {
                    pattern(world, site, &found.arguments, &name, found.piece, at, included);
                }
                "format_suffix_patterns" | "i18n_patterns" | "required" => {
                    for member in &found.arguments.positional {
                        walk(world, site, member, at, included);
                    }
                }
                _ => {}
            }
        }
        _ => {}
    }
}

/// `path(route, view)` and its like.
fn pattern<'f>(
    world: &mut World<'f>,
    site: &mut Site<'f>,
    arguments: &Arguments,
    how: &str,
    written: Piece<'f>,
    at: &At<'f>,
    included: &mut HashSet<usize>,
) {
    let route = arguments
        .get(0, if how == "path" { "route" } else { "regex" })
        .and_then(|route| world.text(route))
        .unwrap_or_default();
    let Some(view) = arguments.get(1, "view").cloned() else { return };
    let routes = match how {
        "path" => vec![paths::angles(&route)],
        _ => patterns::of_regex(&route),
    };
    let name = arguments.get(3, "name").filter(|_| arguments.named("name").is_some());
    let name = name.and_then(|name| world.text(name)).unwrap_or_default();
    for route in routes {
        let mut below = at.clone();
        below.prefix = format!("{}{route}", at.prefix);
        below.depth += 1;
        if include(world, site, &view, &mut below, written, included) {
            continue;
        }
        let endpoint = match at.space.is_empty() {
            true => name.clone(),
            false => format!("{}:{name}", at.space),
        };
        for entry in views::entries(world, &view, written) {
            site.add(world, &below.prefix, &endpoint, &entry, &at.asks, written);
        }
    }
}

/// Follows `include(…)`; false when a view is no inclusion.
fn include<'f>(
    world: &mut World<'f>,
    site: &mut Site<'f>,
    view: &Value,
    at: &mut At<'f>,
    written: Piece<'f>,
    included: &mut HashSet<usize>,
) -> bool {
    // `admin.site.urls`, `router.urls`.
    let is_urls = match view {
        Value::Attr(attr) => &*attr.1 == "urls",
        Value::Name(name) => tail(name) == "urls",
        _ => false,
    };
    if is_urls {
        walk(world, site, view, at, included);
        return true;
    }
    let Value::Object(object) = view else { return matches!(view, Value::List(_)) };
    let Some(found) = world.objects.get(*object).cloned() else { return false };
    let Some(name) = found.callee.name().map(tail) else { return false };
    let mut what = match name {
        "include" => found.arguments.get(0, "arg").cloned(),
        "decorator_include" => {
            if let Some(value) = found.arguments.positional.first().cloned() {
                let level = Level::Group;
                at.asks.push(Ask { kind: Kind::Decorator, value, written, level });
            }
            found.arguments.positional.get(1).cloned()
        }
        _ => return false,
    };
    if let Some(Value::Str(space)) = found.arguments.get(1, "namespace") {
        at.space = match at.space.is_empty() {
            true => space.to_string(),
            false => format!("{}:{space}", at.space),
        };
    }
    // A tuple of patterns and the name of an application.
    if let Some(list @ Value::List(_)) = &what {
        let members = world.members(list);
        if let [first, Value::Str(space)] = members.as_slice()
            && !matches!(first, Value::Object(_))
        {
            if at.space.is_empty() {
                at.space = space.to_string();
            }
            what = Some(first.clone());
        }
    }
    if let Some(Value::Str(name)) = &what {
        let path = written.file.path.strip_suffix(".py").unwrap_or(&written.file.path);
        let from = world.modules.at(path).unwrap_or(0);
        what = world.modules.absolute(name, from).map(Value::Module);
    }
    if let Some(what) = what {
        walk(world, site, &what, at, included);
    }
    true
}
