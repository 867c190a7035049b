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

/// Classes of `fastapi.security`: each refuses unless `auto_error=False`.
const SCHEMES: &[&str] = &[
    "APIKeyCookie",
    "APIKeyHeader",
    "APIKeyQuery",
    "HTTPBasic",
    "HTTPBearer",
    "HTTPDigest",
    "OAuth2",
    "OAuth2AuthorizationCodeBearer",
    "OAuth2PasswordBearer",
    "OpenIdConnect",
    "SecurityBase",
];

/// Words of what is no guard, though it may refuse.
const OTHERS: &[&str] = &[
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

/// Words of what lets everybody in.
const FREEING: &[&str] =
    &["exempt", "public", "anonymous", "optional", "maybe", "guest", "skip", "not"];

fn has_word(name: &str, list: &[&str]) -> bool {
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
                break;
            }
        }
        if has_word(name, OTHERS) {
            return None;
        }
        if self.has_refused {
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

    /// What `Depends(…)` or `Security(…)` in a default or a type asks for.
    pub(super) fn dependency_in(&self, value: &Value, of: Option<&Value>) -> Option<Value> {
        let Value::Object(at) = value else { return None };
        let object = self.objects.get(*at)?;
        match tail(object.callee.name()?) {
            "Depends" | "Security" => match object.arguments.get(0, "dependency") {
                Some(on) => Some(on.clone()),
                // `x: Settings = Depends()` asks for the type.
                None => Some(match of {
                    Some(Value::Object(at)) => {
                        self.objects.get(*at)?.arguments.positional.first()?.clone()
                    }
                    Some(of) => of.clone(),
                    None => Value::Unknown,
                }),
            },
            "Annotated" => {
                let of = object.arguments.positional.first();
                let rest = object.arguments.positional.iter().skip(1);
                rest.rev().find_map(|part| self.dependency_in(part, of)).or_else(|| {
                    // An alias of an alias, or `Alias | None`.
                    of.and_then(|of| self.dependency_in(of, None))
                })
            }
            "|" => object.arguments.positional.iter().find_map(|p| self.dependency_in(p, None)),
            _ => None,
        }
    }

    /// The guard that a dependency is for a request, if it is one.
    pub(super) fn dependency(
        &mut self,
        on: &Value,
        written: Piece<'f>,
        level: Level,
        request: &Rc<Request>,
    ) -> Option<Guard> {
        let answer = self.ask(request, |world| {
            world.depend(on, written);
        });
        answer.is_refused.then(|| Guard {
            name: short(written.text()),
            effect: Effect::Demands,
            level,
            place: written.place(),
        })
    }

    /// Follows a dependency of a function that is asked.
    pub(super) fn depend(&mut self, on: &Value, written: Piece<'f>) -> Value {
        if self.depth > 100 {
            return Value::Unknown;
        }
        self.depth += 1;
        let value = self.depends(on, written);
        self.depth -= 1;
        self.has_raised = false;
        value
    }

    fn depends(&mut self, on: &Value, written: Piece<'f>) -> Value {
        match on {
            Value::Function(_) | Value::Bound(..) => {
                let name = self.name_of(on).unwrap_or_default();
                let request = self.request.clone().unwrap_or_default();
                let answer =
                    self.ask(&request, |world| world.call(on, Arguments::default(), written));
                let is_named = !answer.is_told && is_asking(name);
                if (answer.is_refused || is_named) && !has_word(name, OTHERS) {
                    self.refuse();
                }
                answer.value
            }
            Value::Class(class) => {
                let object = self.object(on.clone(), Arguments::default(), written);
                if let (Value::Object(_), Some((_, Value::Function(init)))) =
                    (&object, self.class_member(*class, "__init__"))
                {
                    self.call_function(init, Some(object.clone()), &Arguments::default());
                } else {
                    self.fields_depend(*class);
                }
                object
            }
            Value::Object(at) => self.object_depends(*at, written),
            Value::Name(name) => self.named_depends(tail(name)),
            Value::Attr(attr) => self.named_depends(&attr.1),
            Value::Unknown => {
                let text = written.text();
                let inner = text.rsplit('(').next().unwrap_or(text).trim_end_matches(')');
                self.named_depends(tail(inner))
            }
            _ => Value::Unknown,
        }
    }

    fn named_depends(&mut self, name: &str) -> Value {
        if is_asking(name) {
            return self.refuse();
        }
        if SCHEMES.contains(&name) {
            return self.refuse();
        }
        Value::Unknown
    }

    /// Dependencies in the fields of a class, as in data classes.
    pub(super) fn fields_depend(&mut self, class: usize) {
        for value in self.ancestry(class) {
            let Value::Class(at) = value else { continue };
            let Some((body, scope)) = self
                .classes
                .get(at)
                .and_then(|class| Some((class.piece.field("body")?, class.scope)))
            else {
                continue;
            };
            for statement in body.children() {
                let Some(field) = statement.child(&["assignment"]) else { continue };
                let of = field.field("type").map(|of| self.eval(of, scope));
                let value = field.field("right").map(|value| self.eval(value, scope));
                let found = [&value, &of]
                    .into_iter()
                    .flatten()
                    .find_map(|part| self.dependency_in(part, of.as_ref()));
                if let Some(on) = found {
                    self.depend(&on, field);
                }
            }
        }
    }

    fn object_depends(&mut self, at: usize, written: Piece<'f>) -> Value {
        let Some(object) = self.objects.get(at) else { return Value::Unknown };
        let (callee, arguments) = (object.callee.clone(), Rc::clone(&object.arguments));
        match &callee {
            Value::Class(class) => match self.class_member(*class, "__call__") {
                Some((_, Value::Function(call))) => {
                    let name = self.name_of(&callee).unwrap_or_default();
                    let this = Some(Value::Object(at));
                    let value = self.call_function(call, this, &Arguments::default());
                    if has_word(name, OTHERS) {
                        self.has_refused = false;
                    }
                    value
                }
                _ => self.scheme(at),
            },
            Value::Name(name) if SCHEMES.contains(&tail(name)) => self.scheme(at),
            Value::Name(name) if tail(name) == "partial" => {
                let on = arguments.positional.first().cloned().unwrap_or(Value::Unknown);
                self.depend(&on, written)
            }
            Value::Name(name) => {
                let name = tail(name).to_owned();
                self.named_depends(&name)
            }
            Value::Attr(attr) => match arguments.named("optional") {
                Some(Value::Bool(true)) => Value::Absent,
                _ => {
                    let name = attr.1.clone();
                    self.named_depends(&name)
                }
            },
            _ => Value::Unknown,
        }
    }

    /// A scheme of `fastapi.security`, or a class that inherits from one, is asked.
    pub(super) fn scheme(&mut self, at: usize) -> Value {
        let Some(object) = self.objects.get(at) else { return Value::Unknown };
        let is_scheme = match &object.callee {
            Value::Name(name) => SCHEMES.contains(&tail(name)),
            Value::Class(class) => {
                self.outside(*class).iter().any(|name| SCHEMES.contains(&&**name))
            }
            _ => false,
        };
        match (is_scheme, object.arguments.named("auto_error")) {
            (false, _) => Value::Unknown,
            (true, Some(Value::Bool(false))) => Value::Absent,
            (true, _) => {
                self.refuse();
                Value::Absent
            }
        }
    }
}

/// What a decorator does by its name alone.
fn named(name: &str) -> Option<Effect> {
    if guards::words(name).first().is_some_and(|word| word == "csrf") || has_word(name, OTHERS) {
        return None;
    }
    if has_word(name, FREEING) {
        let is_of_guard = guards::by_name(name).is_some() || has_word(name, &["login", "auth"]);
        return is_of_guard.then_some(Effect::Frees);
    }
    guards::by_name(name)
}

/// Whether a dependency of that name asks for credentials, and does not only give help with them
/// as `get_token_service` does.
fn is_asking(name: &str) -> bool {
    if has_word(name, OTHERS) || has_word(name, FREEING) || guards::by_name(name).is_none() {
        return false;
    }
    let words = guards::words(name);
    let first = words.first().map_or("", String::as_str);
    let last = words.last().map_or("", String::as_str);
    let is_user = last == "user" && words.iter().any(|word| word == "current" || word == "active");
    let asks = [
        "require",
        "requires",
        "required",
        "verify",
        "check",
        "ensure",
        "validate",
        "authenticate",
        "authorize",
        "protect",
        "enforce",
        "assert",
        "must",
        "need",
        "needs",
        "has",
        "login",
        "jwt",
        "is",
        "token",
        "auth",
        "authenticated",
        "admin",
    ];
    let helps = [
        "service",
        "repository",
        "repo",
        "manager",
        "store",
        "form",
        "client",
        "settings",
        "config",
        "backend",
        "handler",
        "strategy",
        "usecase",
        "dao",
        "factory",
        "provider",
        "db",
        "session",
        "data",
        "controller",
        "gateway",
        "crud",
        "url",
        "response",
        "cache",
    ];
    !helps.contains(&last) && (is_user || asks.contains(&first) || last == "required")
        || words == ["current", "user"]
}
