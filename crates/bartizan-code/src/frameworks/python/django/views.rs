//! What a view answers, and what stands before it.

use super::{Entry, Rest, known};
use crate::{
    frameworks::python::{
        handlers,
        tree::{Ask, Kind},
        value::{Arguments, Value, tail},
        world::World,
    },
    guards,
    route::{Effect, Level},
    syntax::Piece,
};

/// The ways into a view of a pattern.
pub(super) fn entries<'f>(
    world: &mut World<'f>,
    view: &Value,
    written: Piece<'f>,
) -> Vec<Entry<'f>> {
    let handler = handlers::unwrap(world, view);
    let around = handler.around.clone();
    match handler.value {
        Value::Function(at) | Value::Bound(_, at) => {
            let mut all = around;
            all.extend(handlers::of_function(world, at));
            function(world, at, &all, written)
        }
        Value::Class(class) => {
            let made = handler.made.and_then(|made| world.objects.get(made)).cloned();
            let arguments = made.map(|made| made.arguments).unwrap_or_default();
            let asks = handlers::decorators(around, Level::Route);
            of_class(world, class, &arguments, &asks, written)
        }
        Value::Name(name) => outside(&name, handlers::decorators(around, Level::Route), written),
        Value::Object(at) => {
            // Pages of documentation: `schema_view.with_ui(…)`.
            let object = world.objects.get(at);
            let is_page = object.is_some_and(|object| match &object.callee {
                Value::Attr(attr) => matches!(&*attr.1, "with_ui" | "without_ui"),
                Value::Name(name) => tail(name) == "get_schema_view",
                _ => false,
            });
            vec![Entry {
                method: if is_page { "GET" } else { "ANY" }.to_owned(),
                asks: handlers::decorators(around, Level::Route),
                ..Entry::default()
            }]
        }
        _ => vec![Entry {
            method: "ANY".to_owned(),
            asks: handlers::decorators(around, Level::Route),
            ..Entry::default()
        }],
    }
}

/// Methods that a decorator leaves, and whether it makes a view of Django REST framework.
fn restriction(world: &World<'_>, decorator: &Value) -> Option<(Vec<String>, bool)> {
    let (name, arguments) = match decorator {
        Value::Name(name) => (name.clone(), None),
        Value::Object(at) => {
            let object = world.objects.get(*at)?;
            let Value::Name(name) = &object.callee else { return None };
            (name.clone(), Some(object.arguments.clone()))
        }
        _ => return None,
    };
    let listed = |arguments: Option<&Arguments>| -> Vec<String> {
        let list = arguments.and_then(|arguments| {
            arguments.positional.first().or_else(|| arguments.named.first().map(|(_, v)| v))
        });
        let members = list.map(|list| world.members(list)).unwrap_or_default();
        members
            .iter()
            .filter_map(|value| world.text(value))
            .map(|method| method.to_ascii_uppercase())
            .filter(|method| method != "HEAD" && method != "OPTIONS")
            .collect()
    };
    let one = |method: &str| vec![method.to_owned()];
    match tail(&name) {
        "require_GET" | "require_safe" => Some((one("GET"), false)),
        "require_POST" => Some((one("POST"), false)),
        "require_http_methods" => Some((listed(arguments.as_deref()), false)),
        "api_view" => {
            let methods = listed(arguments.as_deref());
            Some((if methods.is_empty() { one("GET") } else { methods }, true))
        }
        _ => None,
    }
}

/// A view that is a function.
fn function<'f>(
    world: &World<'f>,
    function: usize,
    decorators: &[(Value, Piece<'f>)],
    written: Piece<'f>,
) -> Vec<Entry<'f>> {
    let mut methods = Vec::new();
    let (mut is_rest, mut permissions) = (false, None);
    let mut asks = Vec::new();
    for (value, piece) in decorators {
        if let Some((named, of_rest)) = restriction(world, value) {
            methods = named;
            is_rest |= of_rest;
        } else if let Some(list) = permission_classes(world, value) {
            permissions = Some(list);
        } else {
            asks.extend(handlers::decorators([(value.clone(), *piece)], Level::Route));
        }
    }
    if methods.is_empty() {
        methods = listed_in_body(world, function);
    }
    let rest = is_rest.then_some(Rest { class: None, permissions, is_detail: false, written });
    methods
        .into_iter()
        .map(|method| Entry {
            method,
            handler: Some(Value::Function(function)),
            asks: asks.clone(),
            rest: rest.clone(),
            action: None,
        })
        .collect()
}

/// `@permission_classes([…])`.
fn permission_classes(world: &World<'_>, decorator: &Value) -> Option<Value> {
    let Value::Object(at) = decorator else { return None };
    let object = world.objects.get(*at)?;
    (tail(object.callee.name()?) == "permission_classes")
        .then(|| object.arguments.positional.first().cloned())?
}

/// The methods that a function compares with before it answers 405; `ANY` if it does not.
fn listed_in_body(world: &World<'_>, function: usize) -> Vec<String> {
    let any = vec!["ANY".to_owned()];
    let Some(piece) = world.functions.get(function).map(|function| function.piece) else {
        return any;
    };
    let text = piece.text();
    if !text.contains("NotAllowed") && !text.contains("405") && !text.contains("NOT_ALLOWED") {
        return any;
    }
    let mut methods: Vec<String> = Vec::new();
    for comparison in piece.all(&["comparison_operator"]) {
        if !comparison.text().contains("request.method") {
            continue;
        }
        for string in comparison.all(&["string_content"]) {
            let method = string.text().to_owned();
            let is_method = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str());
            if is_method && !methods.contains(&method) {
                methods.push(method);
            }
        }
    }
    if methods.is_empty() { any } else { methods }
}

/// A view of a package.
fn outside<'f>(name: &str, mut asks: Vec<Ask<'f>>, written: Piece<'f>) -> Vec<Entry<'f>> {
    let name = tail(name);
    let (methods, is_rest) = match name {
        "obtain_auth_token" | "token_obtain_pair" | "token_refresh" => (&["POST"][..], true),
        _ => (known::methods(name), false),
    };
    asks.extend(known_effect(name, written));
    let mut out: Vec<Entry<'f>> = methods
        .iter()
        .map(|method| Entry {
            method: (*method).to_owned(),
            asks: asks.clone(),
            rest: (is_rest || known::is_open(name)).then_some(Rest {
                class: None,
                permissions: Some(Value::Nothing),
                is_detail: false,
                written,
            }),
            ..Entry::default()
        })
        .collect();
    if out.is_empty() {
        out.push(Entry { method: "ANY".to_owned(), asks, ..Entry::default() });
    }
    out
}

/// What a view of Django itself does to callers.
fn known_effect<'f>(name: &str, written: Piece<'f>) -> Option<Ask<'f>> {
    let effect = match name {
        "PasswordChangeView" | "PasswordChangeDoneView" => Effect::Demands,
        name if known::is_login(name) => Effect::Frees,
        _ => return None,
    };
    Some(Ask { kind: Kind::Known(effect), value: Value::Unknown, written, level: Level::Route })
}

/// `Class.as_view(…)`.
fn of_class<'f>(
    world: &mut World<'f>,
    class: usize,
    arguments: &Arguments,
    outer: &[Ask<'f>],
    written: Piece<'f>,
) -> Vec<Entry<'f>> {
    let is_rest = is_rest(world, class);
    let permissions = arguments.named("permission_classes").cloned();
    let place = named_at(world, class, written);
    let rest = |is_detail| Rest {
        class: Some(class),
        permissions: permissions.clone(),
        is_detail,
        written: place,
    };
    // `as_view({'get': 'list'})`.
    if let Some(Value::Dict(actions)) = arguments.get(0, "actions") {
        let actions = world.dicts.get(*actions).cloned().unwrap_or_default();
        let mut out = Vec::new();
        for (method, action) in actions {
            let (Some(method), Some(action)) = (world.text(&method), world.text(&action)) else {
                continue;
            };
            let is_detail = known::STANDARD.iter().any(|(name, _, one)| *name == action && *one);
            let method = method.to_ascii_uppercase();
            let mut entry = entry(world, class, &method, &action, outer, written);
            let own = super::routers::action_permissions(world, class, &action);
            entry.rest = Some(Rest { permissions: own.or(permissions.clone()), ..rest(is_detail) });
            entry.action = Some(action);
            out.push(entry);
        }
        return out;
    }
    let methods = methods_of(world, class);
    let is_detail = is_rest && written.text().contains(['<']);
    methods
        .into_iter()
        .map(|method| {
            let name = method.to_ascii_lowercase();
            let mut entry = entry(world, class, &method, &name, outer, written);
            entry.rest = is_rest.then(|| rest(is_detail && is_generic(world, class)));
            entry
        })
        .collect()
}

/// Whether a class looks objects up by itself, and so asks for permission on each.
fn is_generic(world: &World<'_>, class: usize) -> bool {
    world.outside(class).iter().any(|name| name.ends_with("APIView") && **name != *"APIView")
}

fn named_at<'f>(world: &World<'f>, class: usize, written: Piece<'f>) -> Piece<'f> {
    world.classes.get(class).and_then(|found| found.piece.field("name")).unwrap_or(written)
}

/// Whether Django REST framework decides on a class.
pub(super) fn is_rest(world: &World<'_>, class: usize) -> bool {
    world.outside(class).iter().any(|name| known::is_rest(name))
}

/// Methods that a class answers.
fn methods_of(world: &World<'_>, class: usize) -> Vec<String> {
    let mut methods: Vec<String> = Vec::new();
    let own =
        handlers::methods(world, class).into_iter().map(|(name, _)| name.to_ascii_uppercase());
    let outside = world.outside(class);
    let brought = outside.iter().flat_map(|name| known::methods(name)).map(|m| (*m).to_owned());
    for method in own.chain(brought) {
        if !methods.contains(&method) && !matches!(method.as_str(), "HEAD" | "OPTIONS" | "TRACE") {
            methods.push(method);
        }
    }
    methods.retain(|method| is_allowed(world, class, method));
    if methods.is_empty() && world.class_member(class, "dispatch").is_some() {
        methods.push("ANY".to_owned());
    }
    methods
}

/// Whether `http_method_names` of a class leaves a method.
pub(super) fn is_allowed(world: &World<'_>, class: usize, method: &str) -> bool {
    let Some((_, list @ Value::List(_))) = world.class_member(class, "http_method_names") else {
        return true;
    };
    let named = world.members(&list);
    named.iter().any(|name| matches!(name, Value::Str(name) if name.eq_ignore_ascii_case(method)))
}

/// A way into a class, by the function that answers it.
pub(super) fn entry<'f>(
    world: &mut World<'f>,
    class: usize,
    method: &str,
    function: &str,
    outer: &[Ask<'f>],
    written: Piece<'f>,
) -> Entry<'f> {
    let mut asks = outer.to_vec();
    asks.extend(class_asks(world, class, function, written));
    let mut handler = Value::Class(class);
    for name in ["dispatch", function] {
        if let Some((_, Value::Function(at))) = world.class_member(class, name) {
            let own = handlers::of_function(world, at)
                .into_iter()
                .filter(|(value, _)| !is_action(world, value));
            asks.extend(handlers::decorators(own.collect::<Vec<_>>(), Level::Route));
            if name == function {
                handler = Value::Function(at);
            }
        }
    }
    Entry { method: method.to_owned(), handler: Some(handler), asks, rest: None, action: None }
}

fn is_action(world: &World<'_>, decorator: &Value) -> bool {
    let Value::Object(at) = decorator else { return false };
    world.objects.get(*at).and_then(|object| object.callee.name().map(tail)).is_some_and(|name| {
        matches!(name, "action" | "list_route" | "detail_route" | "extend_schema")
    })
}

/// What stands before all methods of a class: mixins, its own `dispatch`, decorators.
fn class_asks<'f>(
    world: &mut World<'f>,
    class: usize,
    function: &str,
    written: Piece<'f>,
) -> Vec<Ask<'f>> {
    let mut asks = Vec::new();
    let place = named_at(world, class, written);
    let level = Level::Group;
    let ancestry = world.ancestry(class);
    for value in &ancestry {
        match value {
            Value::Name(name) => {
                let name = tail(name);
                let is_mixin = name.ends_with("Mixin") && guards::by_name(name).is_some()
                    || name == "UserPassesTestMixin";
                if is_mixin && name != "AccessMixin" {
                    let kind = Kind::Known(Effect::Demands);
                    asks.push(Ask { kind, value: Value::Unknown, written: place, level });
                }
                asks.extend(known_effect(name, place));
            }
            Value::Class(at) => {
                let decorators = world.classes.get(*at).map(|found| found.decorators.clone());
                let decorators = decorators.unwrap_or_default().into_iter().filter(|(value, _)| {
                    let Value::Object(at) = value else { return true };
                    let object = world.objects.get(*at);
                    let name = object.and_then(|object| object.arguments.named("name"));
                    match name {
                        Some(Value::Str(name)) => &**name == "dispatch" || **name == *function,
                        _ => true,
                    }
                });
                asks.extend(handlers::decorators(decorators.collect::<Vec<_>>(), level));
            }
            _ => {}
        }
    }
    if let Some((_, Value::Function(dispatch))) = world.class_member(class, "dispatch")
        && let Value::Object(object) =
            world.object(Value::Class(class), Arguments::default(), place)
    {
        world.set_attribute(&Value::Object(object), "request", Value::Request("".into()));
        let value = Value::Bound(object, dispatch);
        asks.push(Ask { kind: Kind::Before, value, written: place, level });
    }
    asks
}
