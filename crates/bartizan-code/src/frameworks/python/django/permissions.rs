//! Permissions of Django REST framework.

use std::rc::Rc;

use super::{Rest, known, urls};
use crate::{
    frameworks::python::{
        request::Request,
        value::{Arguments, Value, tail},
        world::World,
    },
    route::{Effect, Guard, Level, short},
};

/// The permissions that settings give to views that name none.
pub(super) fn defaults(world: &mut World<'_>) -> Vec<Value> {
    let mut modules: Vec<usize> = world.settings.into_iter().collect();
    modules.extend(0..world.modules.all.len());
    for module in modules {
        let scope = world.modules.all.get(module).map(|module| module.scope);
        let names = scope.and_then(|scope| world.scopes.get(scope)).map(|scope| &scope.names);
        let Some(settings) = names.and_then(|names| names.get("REST_FRAMEWORK")).cloned() else {
            continue;
        };
        let Some(list) = world.entry(&settings, "DEFAULT_PERMISSION_CLASSES") else { continue };
        let members = match &list {
            Value::List(_) => world.members(&list),
            one => vec![one.clone()],
        };
        return members
            .iter()
            .map(|member| match member {
                Value::Str(name) => {
                    urls::dotted(world, name, module).unwrap_or_else(|| Value::Name(name.clone()))
                }
                other => other.clone(),
            })
            .collect();
    }
    Vec::new()
}

/// The guard that permissions are for a request, if one refuses.
pub(super) fn guard<'f>(
    world: &mut World<'f>,
    defaults: &[Value],
    rest: &Rest<'f>,
    request: &Rc<Request>,
) -> Option<Guard> {
    let answer = world.ask(request, |world| {
        let view = rest.class.map(|class| view_object(world, class, rest, request));
        let permissions = of_view(world, defaults, rest, view.as_ref());
        permissions.into_iter().find_map(|permission| {
            let is_in = permits(world, &permission, view.as_ref(), rest.is_detail, 0);
            (!is_in).then(|| name_of(world, &permission))
        })
    });
    let name = answer.value?;
    Some(Guard {
        name: short(&name),
        effect: Effect::Demands,
        level: Level::Route,
        place: rest.written.place(),
    })
}

fn name_of(world: &World<'_>, permission: &Value) -> String {
    match permission {
        Value::Name(name) => tail(name).to_owned(),
        Value::Object(at) => {
            world.objects.get(*at).map_or_else(String::new, |object| match &object.callee {
                Value::Name(name) if name.len() > 1 => tail(name).to_owned(),
                Value::Class(_) => world.name_of(&object.callee).unwrap_or_default().to_owned(),
                _ => object.piece.text().to_owned(),
            })
        }
        other => world.name_of(other).unwrap_or("permission_classes").to_owned(),
    }
}

/// A view as it is when it decides.
fn view_object<'f>(
    world: &mut World<'f>,
    class: usize,
    rest: &Rest<'f>,
    request: &Request,
) -> Value {
    let view = world.object(Value::Class(class), Arguments::default(), rest.written);
    world.set_attribute(&view, "request", Value::Request("".into()));
    if let Some(action) = &request.action {
        world.set_attribute(&view, "action", Value::str(action));
    }
    if let Some(permissions) = &rest.permissions {
        world.set_attribute(&view, "permission_classes", permissions.clone());
    }
    view
}

/// The permissions of a view.
fn of_view(
    world: &mut World<'_>,
    defaults: &[Value],
    rest: &Rest<'_>,
    view: Option<&Value>,
) -> Vec<Value> {
    let (Some(class), Some(view)) = (rest.class, view) else {
        return match &rest.permissions {
            Some(list) => world.members(list),
            None => defaults.to_vec(),
        };
    };
    let own = world.class_member(class, "permission_classes").map(|(_, value)| value);
    if own.is_none() && rest.permissions.is_none() {
        let is_open = world.outside(class).iter().any(|name| known::is_open(name));
        let list = if is_open { Vec::new() } else { defaults.to_vec() };
        let list = world.list(list);
        world.set_attribute(view, "permission_classes", list);
    }
    if let Some((_, Value::Function(get))) = world.class_member(class, "get_permissions") {
        let list = world.call_function(get, Some(view.clone()), &Arguments::default());
        world.has_raised = false;
        world.has_refused = false;
        if let Value::List(_) = list {
            return world.members(&list);
        }
    }
    let list = world.attribute(view, "permission_classes");
    match list {
        Value::List(_) => world.members(&list),
        _ => defaults.to_vec(),
    }
}

/// Whether a permission lets the caller in.
fn permits(
    world: &mut World<'_>,
    permission: &Value,
    view: Option<&Value>,
    is_detail: bool,
    depth: usize,
) -> bool {
    if depth > 8 {
        return false;
    }
    match permission {
        Value::Name(name) => {
            let method = world.request.as_ref().map_or("GET", |request| &*request.method);
            known::permits(tail(name), method)
        }
        Value::Str(name) => known::permits(tail(name), "GET"),
        Value::Object(at) => {
            let Some(object) = world.objects.get(*at) else { return false };
            let (callee, arguments) = (object.callee.clone(), Rc::clone(&object.arguments));
            let mut each = arguments.positional.iter();
            match callee.name() {
                Some("|") => each.any(|one| permits(world, one, view, is_detail, depth + 1)),
                Some("~") => each.all(|one| !permits(world, one, view, is_detail, depth + 1)),
                Some("&") => each.all(|one| permits(world, one, view, is_detail, depth + 1)),
                _ => match callee {
                    Value::Class(class) => class_permits(world, class, permission, view, is_detail),
                    other => permits(world, &other, view, is_detail, depth + 1),
                },
            }
        }
        Value::Class(class) => {
            let Some(piece) = world.classes.get(*class).map(|class| class.piece) else {
                return false;
            };
            let this = world.object(permission.clone(), Arguments::default(), piece);
            class_permits(world, *class, &this, view, is_detail)
        }
        // Function that makes a permission, or something that was not understood.
        _ => false,
    }
}

fn class_permits(
    world: &mut World<'_>,
    class: usize,
    this: &Value,
    view: Option<&Value>,
    is_detail: bool,
) -> bool {
    let view = view.cloned().unwrap_or(Value::Unknown);
    let names = ["has_permission", "has_object_permission"];
    let has_general = world.class_member(class, "has_permission").is_some();
    for name in names.into_iter().take(if is_detail { 2 } else { 1 }) {
        let Some((_, Value::Function(function))) = world.class_member(class, name) else {
            continue;
        };
        let mut given = vec![Value::Request("".into()), view.clone()];
        if name == "has_object_permission" {
            given.push(Value::Unknown);
        }
        world.has_refused = false;
        let value = world.call_function(function, Some(this.clone()), &Arguments::of(given));
        world.has_raised = false;
        // What cannot be told without a caller asks about the caller.
        if world.has_refused || world.truth(&value) != Some(true) {
            return false;
        }
    }
    if has_general {
        return true;
    }
    let method = world.request.as_ref().map_or("GET", |request| &*request.method);
    world.outside(class).iter().all(|name| known::permits(name, method) || **name == *"object")
}

impl World<'_> {
    /// `super().has_permission(…)`.
    pub(in crate::frameworks::python) fn base_permits(
        &mut self,
        object: usize,
        class: usize,
        name: &str,
    ) -> Value {
        if name == "has_object_permission" {
            return Value::Bool(true);
        }
        let _ = object;
        let method = self.request.as_ref().map_or("GET", |request| &*request.method);
        let outside = self.outside(class);
        Value::Bool(outside.iter().all(|name| known::permits(name, method) || **name == *"object"))
    }

    /// `IsAuthenticated().has_permission(…)`.
    pub(in crate::frameworks::python) fn outside_permits(&mut self, name: &str) -> Value {
        let method = self.request.as_ref().map_or("GET", |request| &*request.method);
        Value::Bool(known::permits(name, method))
    }
}
