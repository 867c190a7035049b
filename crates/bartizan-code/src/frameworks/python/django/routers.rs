//! Routers of Django REST framework, also nested ones.

use super::{Entry, Registered, Rest, Site, known, patterns, urls::At, views};
use crate::frameworks::python::{
    handlers,
    value::{Value, tail},
    world::World,
};

/// Routers that are nested in each other are followed so far.
const MAX_DEPTH: usize = 6;

/// What kind of router an object is.
fn names(world: &World<'_>, router: usize) -> Vec<String> {
    match world.objects.get(router).map(|object| &object.callee) {
        Some(Value::Name(name)) => vec![tail(name).to_owned()],
        Some(Value::Class(class)) => {
            world.outside(*class).iter().map(|name| name.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

/// What paths of a router end with.
fn slash(world: &World<'_>, router: usize) -> &'static str {
    let Some(object) = world.objects.get(router) else { return "/" };
    let member = match object.callee {
        Value::Class(class) => world.class_member(class, "trailing_slash").map(|(_, value)| value),
        _ => None,
    };
    let said = object.attributes.get("trailing_slash").or(object.arguments.named("trailing_slash"));
    match said.cloned().or(member) {
        Some(Value::Bool(false)) => "",
        Some(Value::Str(text)) if &*text != "/" => "",
        _ => "/",
    }
}

/// Lists the routes of `router.urls`.
pub(super) fn walk<'f>(world: &mut World<'f>, site: &mut Site<'f>, router: usize, at: &At<'f>) {
    let names = names(world, router);
    let Some(object) = world.objects.get(router) else { return };
    let has_root = names.iter().any(|name| name == "DefaultRouter")
        && object.arguments.named("include_root_view") != Some(&Value::Bool(false));
    let written = object.piece;
    if has_root {
        let entry = Entry {
            method: "GET".to_owned(),
            rest: Some(Rest { class: None, permissions: None, is_detail: false, written }),
            ..Entry::default()
        };
        site.add(world, &at.prefix, "api-root", &entry, &at.asks, written);
    }
    let nested = nested_prefix(world, site, router, 0);
    let end = slash(world, router);
    for registered in site.registered.get(&router).cloned().unwrap_or_default() {
        view_set(world, site, &registered, &nested, end, at);
    }
}

/// What a nested router puts before its own: `domains/{domain_pk}/`.
fn nested_prefix(world: &World<'_>, site: &Site<'_>, router: usize, depth: usize) -> String {
    let is_nested = names(world, router).iter().any(|name| name.contains("Nested"));
    let Some(object) = world.objects.get(router) else { return String::new() };
    if !is_nested || depth > MAX_DEPTH {
        return String::new();
    }
    let Some(Value::Object(parent)) = object.arguments.get(0, "parent_router") else {
        return String::new();
    };
    let prefix = object.arguments.get(1, "parent_prefix").and_then(|value| world.text(value));
    let prefix = prefix.unwrap_or_default();
    let lookup = object.arguments.get(2, "lookup").and_then(|value| world.text(value));
    let name = site
        .registered
        .get(parent)
        .and_then(|all| all.iter().find(|registered| registered.prefix == prefix))
        .map_or_else(|| "pk".to_owned(), |registered| lookup_name(world, registered.class));
    let above = nested_prefix(world, site, *parent, depth + 1);
    let lookup = lookup.unwrap_or_else(|| "nested_1".to_owned());
    format!("{above}{}/{{{lookup}_{name}}}/", prefix.trim_matches('/'))
}

/// The parameter by which a view set looks objects up.
fn lookup_name(world: &World<'_>, class: usize) -> String {
    ["lookup_url_kwarg", "lookup_field"]
        .into_iter()
        .find_map(|name| world.class_member(class, name).and_then(|(_, value)| world.text(&value)))
        .unwrap_or_else(|| "pk".to_owned())
}

fn view_set<'f>(
    world: &mut World<'f>,
    site: &mut Site<'f>,
    registered: &Registered<'f>,
    nested: &str,
    end: &str,
    at: &At<'f>,
) {
    let Registered { prefix, class, written } = registered;
    let class = *class;
    let prefix = patterns::of_regex(prefix).into_iter().next().unwrap_or_default();
    let base = format!("{}{nested}{}", at.prefix, prefix.trim_matches('/'));
    // An empty prefix leaves no slash of its own.
    let under = if prefix.is_empty() { base.clone() } else { format!("{base}/") };
    let list = if prefix.is_empty() { base } else { format!("{base}{end}") };
    let one = format!("{under}{{{}}}", lookup_name(world, class));
    let place = world.classes.get(class).and_then(|found| found.piece.field("name"));
    let place = place.unwrap_or(*written);
    let brought: Vec<&str> =
        world.outside(class).iter().flat_map(|name| known::actions(name)).copied().collect();
    for (action, method, is_detail) in known::STANDARD {
        let is_own = matches!(world.class_member(class, action), Some((_, Value::Function(_))));
        if !is_own && !brought.contains(action) || !views::is_allowed(world, class, method) {
            continue;
        }
        let mut entry = views::entry(world, class, method, action, &[], *written);
        entry.rest = Some(Rest {
            class: Some(class),
            permissions: None,
            is_detail: *is_detail,
            written: place,
        });
        entry.action = Some((*action).to_owned());
        let path = if *is_detail { format!("{one}{end}") } else { list.clone() };
        site.add(world, &path, action, &entry, &at.asks, *written);
    }
    for extra in extras(world, class) {
        for method in &extra.methods {
            if !views::is_allowed(world, class, method) {
                continue;
            }
            let mut entry = views::entry(world, class, method, &extra.function, &[], *written);
            entry.rest = Some(Rest {
                class: Some(class),
                permissions: extra.permissions.clone(),
                is_detail: extra.is_detail,
                written: place,
            });
            entry.action = Some(extra.function.clone());
            let front = if extra.is_detail { format!("{one}/") } else { under.clone() };
            for below in patterns::of_regex(&extra.path) {
                let path = format!("{front}{below}{end}");
                site.add(world, &path, &extra.function, &entry, &at.asks, *written);
            }
        }
    }
}

/// An action that a view set adds.
struct Extra {
    function: String,
    methods: Vec<String>,
    path: String,
    is_detail: bool,
    permissions: Option<Value>,
}

/// Permissions that an added action names for itself.
pub(super) fn action_permissions(world: &World<'_>, class: usize, name: &str) -> Option<Value> {
    extras(world, class).into_iter().find(|extra| extra.function == name)?.permissions
}

/// The actions that a view set adds, with what is mapped to them later.
fn extras(world: &World<'_>, class: usize) -> Vec<Extra> {
    let mut out: Vec<Extra> = Vec::new();
    let mut mapped: Vec<(String, String, String)> = Vec::new();
    for owner in world.ancestry(class) {
        let Value::Class(owner) = owner else { continue };
        for (at, function) in world.functions.iter().enumerate() {
            if function.class != Some(owner) || function.decorators.is_empty() {
                continue;
            }
            let Some(name) = world.name_of(&Value::Function(at)) else { continue };
            for (value, _) in handlers::of_function(world, at) {
                if let Some((target, method)) = mapping(world, &value) {
                    mapped.push((target, method, name.to_owned()));
                } else if out.iter().all(|extra| extra.function != name) {
                    out.extend(extra(world, &value, name));
                }
            }
        }
    }
    for (target, method, function) in mapped {
        let found = out.iter().find(|extra| extra.function == target);
        let more = found.map(|found| Extra {
            function,
            methods: vec![method],
            path: found.path.clone(),
            is_detail: found.is_detail,
            permissions: found.permissions.clone(),
        });
        out.extend(more);
    }
    out
}

/// `@name.mapping.delete`: the name and the method.
fn mapping(world: &World<'_>, decorator: &Value) -> Option<(String, String)> {
    let Value::Attr(outer) = decorator else { return None };
    let Value::Attr(inner) = &outer.0 else { return None };
    if &*inner.1 != "mapping" {
        return None;
    }
    let name = world.name_of(&inner.0)?;
    Some((name.to_owned(), outer.1.to_ascii_uppercase()))
}

/// `@action(detail=True, methods=["post"], url_path="x")`.
fn extra(world: &World<'_>, decorator: &Value, name: &str) -> Option<Extra> {
    let Value::Object(at) = decorator else { return None };
    let object = world.objects.get(*at)?;
    let how = tail(object.callee.name()?);
    if !matches!(how, "action" | "list_route" | "detail_route") {
        return None;
    }
    let arguments = &object.arguments;
    let methods = arguments.get(0, "methods").map(|list| world.members(list)).unwrap_or_default();
    let mut methods: Vec<String> = methods
        .iter()
        .filter_map(|method| world.text(method))
        .map(|method| method.to_ascii_uppercase())
        .filter(|method| method != "HEAD" && method != "OPTIONS")
        .collect();
    if methods.is_empty() {
        methods.push("GET".to_owned());
    }
    let is_detail = match how {
        "action" => {
            arguments.get(1, "detail").and_then(|value| world.truth(value)).unwrap_or(false)
        }
        _ => how == "detail_route",
    };
    let path = arguments.named("url_path").and_then(|value| world.text(value));
    Some(Extra {
        function: name.to_owned(),
        methods,
        path: path.unwrap_or_else(|| name.to_owned()),
        is_detail,
        permissions: arguments.named("permission_classes").cloned(),
    })
}
