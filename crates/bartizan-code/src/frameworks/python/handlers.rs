//! What answers a route: a function or a class, with what was put around it by hand.

use super::{
    tree::{Ask, Kind},
    value::{Value, tail},
    world::World,
};
use crate::{route::Level, syntax::Piece};

/// A handler without what is around it.
#[derive(Clone, Debug)]
pub(super) struct Handler<'f> {
    /// A function, or the class of `Class.as_view()`.
    pub(super) value: Value,
    /// What `as_view` was called with.
    pub(super) made: Option<usize>,
    /// Decorators around it, outermost first.
    pub(super) around: Vec<(Value, Piece<'f>)>,
}

/// Finds the handler in `login_required(cache(60)(View.as_view()))`.
pub(super) fn unwrap<'f>(world: &World<'f>, value: &Value) -> Handler<'f> {
    let mut handler = Handler { value: value.clone(), made: None, around: Vec::new() };
    for _ in 0..8 {
        let Value::Object(at) = handler.value else { break };
        let Some(object) = world.objects.get(at) else { break };
        if let Value::Attr(attr) = &object.callee
            && &*attr.1 == "as_view"
        {
            handler.made = Some(at);
            handler.value = attr.0.clone();
            break;
        }
        if let Some(class) = object.callee.name().and_then(|name| name.strip_suffix(".as_view")) {
            handler.made = Some(at);
            handler.value = Value::Name(class.into());
            break;
        }
        let inner = object.arguments.positional.first();
        let Some(
            inner @ (Value::Function(_)
            | Value::Bound(..)
            | Value::Object(_)
            | Value::Class(_)
            | Value::Name(_)),
        ) = inner
        else {
            break;
        };
        if object.callee.name().is_some_and(|name| tail(name) == "partial") {
            handler.value = inner.clone();
            continue;
        }
        handler.around.push((object.callee.clone(), object.piece));
        handler.value = inner.clone();
    }
    handler
}

/// Questions for decorators.
pub(super) fn decorators<'f>(
    all: impl IntoIterator<Item = (Value, Piece<'f>)>,
    level: Level,
) -> Vec<Ask<'f>> {
    all.into_iter()
        .map(|(value, written)| Ask { kind: Kind::Decorator, value, written, level })
        .collect()
}

/// The decorators of a function.
pub(super) fn of_function<'f>(world: &World<'f>, function: usize) -> Vec<(Value, Piece<'f>)> {
    world.functions.get(function).map_or_else(Vec::new, |found| found.decorators.clone())
}

/// Methods that a class answers by functions of their names, with these functions.
pub(super) fn methods(world: &World<'_>, class: usize) -> Vec<(&'static str, usize)> {
    ["get", "post", "put", "patch", "delete", "head", "options", "trace"]
        .into_iter()
        .filter_map(|name| match world.class_member(class, name)?.1 {
            Value::Function(function) => Some((name, function)),
            _ => None,
        })
        .collect()
}
