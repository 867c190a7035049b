//! What stands before a handler: decorators, dependencies, permissions.

use std::rc::Rc;

use super::{
    request::Request,
    value::{Arguments, Value, tail},
    world::World,
};
use crate::{
    guards,
    route::{Effect, Guard, Level, short},
    syntax::Piece,
};

/// Words of what is no guard, though it may refuse.
pub(super) const OTHERS: &[&str] = &[
    "csrf",
    "xsrf",
    "rate",
    "limit",
    "limiter",
    "throttle",
    "maintenance",
    "cors",
    "feature",
    "host",
    "hosts",
    "captcha",
    "recaptcha",
];

/// Words of what looks at credentials without asking for them.
pub(super) const SOFT: &[&str] = &["optional", "optionally", "maybe", "guest", "try"];

/// Words of what lets everybody in.
pub(super) const FREEING: &[&str] = &["exempt", "public", "anonymous", "skip", "not"];

/// Whether a name has one of the words.
pub(super) fn has_word(name: &str, list: &[&str]) -> bool {
    guards::words(name).iter().any(|word| list.contains(&word.as_str()))
}

impl<'f> World<'f> {
    /// The guard that a decorator is, if it is one.
    pub(super) fn decorator(
        &mut self,
        value: &Value,
        piece: Piece<'f>,
        level: Level,
        request: &Rc<Request>,
    ) -> Option<Guard> {
        let answer = self.ask(request, |world| world.decorator_effect(value, piece, 0));
        let effect = answer.value?;
        Some(Guard { name: short(piece.text()), effect, level, place: piece.place() })
    }

    /// What a decorator does to the caller.
    pub(super) fn decorator_effect(
        &mut self,
        value: &Value,
        piece: Piece<'f>,
        depth: usize,
    ) -> Option<Effect> {
        if depth > 8 {
            return None;
        }
        match value {
            Value::Name(name) => named(tail(name)),
            Value::Attr(attr) => named(&attr.1),
            Value::Unknown => {
                let text = piece.text();
                let head = text.split('(').next().unwrap_or(text);
                named(tail(head))
            }
            Value::Function(_) | Value::Bound(..) => self.function_decorates(value, piece, depth),
            Value::Choice(ways) => {
                let effects: Vec<_> =
                    ways.iter().map(|way| self.decorator_effect(way, piece, depth + 1)).collect();
                match effects.split_first() {
                    Some((first, rest)) if rest.iter().all(|effect| effect == first) => *first,
                    // A setting that is not known decides.
                    _ => Some(Effect::Unclear),
                }
            }
            Value::Object(at) => {
                let object = self.objects.get(*at)?;
                let (callee, arguments) = (object.callee.clone(), Rc::clone(&object.arguments));
                let written = object.piece;
                let is_false = |name| arguments.named(name) == Some(&Value::Bool(false));
                if arguments.named("optional") == Some(&Value::Bool(true)) || is_false("required") {
                    return None;
                }
                match &callee {
                    Value::Name(name) if tail(name) == "method_decorator" => {
                        let first = arguments.positional.first()?.clone();
                        let all = match &first {
                            Value::List(_) => self.members(&first),
                            _ => vec![first],
                        };
                        all.iter().find_map(|one| self.decorator_effect(one, piece, depth + 1))
                    }
                    Value::Name(name) if tail(name) == "user_passes_test" => Some(Effect::Demands),
                    // The name says nothing, but what is asked for does.
                    Value::Name(name) if matches!(tail(name), "requires" | "require" | "needs") => {
                        guards::by_name(written.text())
                    }
                    Value::Attr(attr) if matches!(&*attr.1, "require" | "test" | "check") => {
                        guards::by_name(written.text())
                    }
                    Value::Class(class) => {
                        let (_, call) = self.class_member(*class, "__call__")?;
                        let Value::Function(call) = call else { return None };
                        self.function_decorates(&Value::Bound(*at, call), piece, depth)
                    }
                    other => self.decorator_effect(other, piece, depth + 1),
                }
            }
            Value::Class(class) => {
                let (_, call) = self.class_member(*class, "__call__")?;
                let object = self.object(value.clone(), Arguments::of(vec![Value::Next]), piece);
                let (Value::Object(object), Value::Function(call)) = (object, call) else {
                    return None;
                };
                if let Some((_, Value::Function(init))) = self.class_member(*class, "__init__") {
                    let given = Arguments::of(vec![Value::Next]);
                    self.call_function(init, Some(Value::Object(object)), &given);
                }
                self.has_raised = false;
                self.call(&Value::Bound(object, call), Arguments::default(), piece);
                self.has_refused.then_some(Effect::Demands)
            }
            _ => None,
        }
    }

    /// What a decorator of the project does: it is given a handler, and what it makes is called.
    fn function_decorates(
        &mut self,
        value: &Value,
        piece: Piece<'f>,
        depth: usize,
    ) -> Option<Effect> {
        let name = self.name_of(value).unwrap_or_default();
        let mut made = self.call(value, Arguments::of(vec![Value::Next]), piece);
        self.has_raised = false;
        let mut is_called = false;
        // A factory without brackets gives back the decorator first.
        for _ in 0..2 {
            let Value::Function(at) = made else { break };
            let function = self.functions.get(at)?;
            let parameters = function.piece.field("parameters")?.text();
            let (decorators, inner) = (function.decorators.clone(), function.piece);
            for (decorator, written) in decorators {
                let is_wraps = written.text().contains("wraps");
                if !is_wraps
                    && let Some(effect) = self.decorator_effect(&decorator, written, depth + 1)
                {
                    return Some(effect);
                }
            }
            let is_decorator = inner.field("body").is_some_and(|body| {
                body.children()
                    .any(|child| child.is(&["function_definition", "decorated_definition"]))
            }) && !parameters.contains('*');
            let given = if is_decorator { vec![Value::Next] } else { Vec::new() };
            made = self.call(&Value::Function(at), Arguments::of(given), inner);
            self.has_raised = false;
            if !is_decorator {
                is_called = true;
                break;
            }
        }
        if has_word(name, OTHERS) {
            return None;
        }
        // Who is sent elsewhere for want of credentials never comes to the handler.
        let is_kept_out = self.has_told && !self.has_passed && is_called;
        if self.has_refused || is_kept_out {
            return Some(Effect::Demands);
        }
        if let Value::Object(at) = made
            && let Some(object) = self.objects.get(at)
            && let callee = object.callee.clone()
            && let Some(effect) = self.decorator_effect(&callee, piece, depth + 1)
        {
            return Some(effect);
        }
        named(name)
    }

    /// The guard that a function before requests or a middleware is for a request, if it is one.
    pub(super) fn stands_before(
        &mut self,
        function: &Value,
        written: Piece<'f>,
        level: Level,
        request: &Rc<Request>,
    ) -> Option<Guard> {
        let answer = self.ask(request, |world| {
            if let Value::Object(at) = function
                && let Some(Value::Class(class)) = world.objects.get(*at).map(|o| o.callee.clone())
            {
                for name in ["dispatch", "process_request", "process_view", "__call__"] {
                    if let Some((_, Value::Function(method))) = world.class_member(class, name) {
                        world.call_function(method, Some(function.clone()), &Arguments::default());
                        world.has_raised = false;
                    }
                }
                return;
            }
            let made = world.call(function, Arguments::default(), written);
            world.has_raised = false;
            // A middleware that is a function gives back what handles requests.
            if let Value::Function(_) = made {
                world.call(&made, Arguments::default(), written);
            }
            // An answer before the handler's, for want of credentials.
            if let Value::Object(_) = made {
                world.has_refused |= world.has_told && !world.has_passed;
            }
        });
        let name = match function {
            Value::Object(at) => self.objects.get(*at).map(|object| object.callee.clone()),
            other => Some(other.clone()),
        };
        let name = name.and_then(|value| self.name_of(&value)).unwrap_or(written.text());
        if !answer.is_refused || has_word(name, OTHERS) {
            return None;
        }
        Some(Guard { name: short(name), effect: Effect::Demands, level, place: written.place() })
    }
}

/// What a decorator does by its name alone.
fn named(name: &str) -> Option<Effect> {
    if guards::words(name).first().is_some_and(|word| word == "csrf") || has_word(name, OTHERS) {
        return None;
    }
    if has_word(name, SOFT) {
        return None;
    }
    if has_word(name, FREEING) {
        let is_of_guard = guards::by_name(name).is_some() || has_word(name, &["login", "auth"]);
        return is_of_guard.then_some(Effect::Frees);
    }
    guards::by_name(name)
}
