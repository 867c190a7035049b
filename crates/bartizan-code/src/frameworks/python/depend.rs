//! Dependencies of `FastAPI`.

use std::rc::Rc;

use super::{
    guard::{FREEING, OTHERS, SOFT, has_word},
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

impl<'f> World<'f> {
    /// What `Depends(…)` or `Security(…)` in a default or a type asks for.
    pub(super) fn dependency_in(&self, value: &Value, of: Option<&Value>) -> Option<Value> {
        self.dependency_below(value, of, 0)
    }

    fn dependency_below(&self, value: &Value, of: Option<&Value>, depth: usize) -> Option<Value> {
        if depth > 16 {
            return None;
        }
        let below = |value: &Value, of| self.dependency_below(value, of, depth + 1);
        let Value::Object(at) = value else { return None };
        let object = self.objects.get(*at)?;
        match tail(object.callee.name()?) {
            called @ ("Depends" | "Security") => match object.arguments.get(0, "dependency") {
                // It says more than what it depends on.
                Some(_) if called == "Security" => Some(value.clone()),
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
                rest.rev().find_map(|part| below(part, of)).or_else(|| {
                    // An alias of an alias, or `Alias | None`.
                    of.and_then(|of| below(of, None))
                })
            }
            "|" => object.arguments.positional.iter().find_map(|p| below(p, None)),
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
        let ways = self.ways(on);
        let mut refused = 0;
        for way in &ways {
            let answer = self.ask(request, |world| {
                world.depend(way, written);
            });
            refused += usize::from(answer.is_refused);
        }
        let effect = match refused {
            0 => return None,
            all if all == ways.len() => Effect::Demands,
            // A setting that is not known decides.
            _ => Effect::Unclear,
        };
        Some(Guard { name: short(written.text()), effect, level, place: written.place() })
    }

    /// The guard that a dependency is whose value nobody takes. It is there for what it does: where that is in no file
    /// of the folder, it may be a guard.
    pub(super) fn listed_dependency(
        &mut self,
        on: &Value,
        written: Piece<'f>,
        level: Level,
        request: &Rc<Request>,
    ) -> Option<Guard> {
        let known = self.dependency(on, written, level, request);
        known.or_else(|| {
            let (name, arguments) = match on {
                Value::Object(at) => {
                    let object = self.objects.get(*at)?;
                    (foreign_name(&object.callee)?, Some(&object.arguments))
                }
                other => (foreign_name(other)?, None),
            };
            let is_optional =
                arguments.is_some_and(|given| given.named("optional") == Some(&Value::Bool(true)));
            // What an import of another file leads to has no name but the one that is written.
            let name = if name.is_empty() { written.text() } else { name };
            let is_other = [OTHERS, SOFT, FREEING].iter().any(|list| has_word(name, list));
            if name.is_empty() || is_optional || is_other || SCHEMES.contains(&name) {
                return None;
            }
            let name = short(written.text());
            Some(Guard { name, effect: Effect::Unclear, level, place: written.place() })
        })
    }

    /// What a dependency may be: one thing, or one of several functions.
    fn ways(&self, on: &Value) -> Vec<Value> {
        let inner = match on {
            Value::Object(at) => self.objects.get(*at).filter(|o| is_security(&o.callee)),
            _ => None,
        };
        let inner = inner.and_then(|object| object.arguments.get(0, "dependency"));
        match inner.unwrap_or(on) {
            Value::Choice(ways) => ways.to_vec(),
            _ => vec![on.clone()],
        }
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
            Value::Choice(ways) => {
                let request = self.request.clone().unwrap_or_default();
                let refuses = |world: &mut Self, way: &Value| {
                    world.ask(&request, |world| world.depend(way, written)).is_refused
                };
                if ways.iter().all(|way| refuses(self, way)) {
                    self.refuse();
                }
                Value::Unknown
            }
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

    /// `Security(…)` asks for what a caller is allowed to do: whatever it depends on that is not in the folder asks
    /// for credentials, unless its name says that they may be missing.
    fn security_depends(&mut self, arguments: &Arguments, written: Piece<'f>) -> Value {
        let Some(on) = arguments.get(0, "dependency").cloned() else { return Value::Unknown };
        let value = self.depend(&on, written);
        let (name, is_optional) = match &on {
            Value::Object(at) => {
                let Some(object) = self.objects.get(*at) else { return value };
                let optional = object.arguments.named("optional");
                (foreign_name(&object.callee), optional == Some(&Value::Bool(true)))
            }
            other => (foreign_name(other), false),
        };
        let Some(name) = name.filter(|_| !is_optional && !self.has_refused) else { return value };
        let is_soft = has_word(name, SOFT) || has_word(name, FREEING);
        if is_soft || SCHEMES.contains(&name) { value } else { self.refuse() }
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
            callee if is_security(callee) => self.security_depends(&arguments, written),
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

fn is_security(callee: &Value) -> bool {
    callee.name().is_some_and(|name| tail(name) == "Security")
}

/// The name of what is not in the folder; empty where it has none.
fn foreign_name(value: &Value) -> Option<&str> {
    match value {
        Value::Name(name) => Some(tail(name)),
        Value::Attr(attr) => Some(&attr.1),
        Value::Unknown => Some(""),
        _ => None,
    }
}

/// Whether a dependency of that name asks for credentials, and does not only give help with them
/// as `get_token_service` does.
fn is_asking(name: &str) -> bool {
    if has_word(name, OTHERS)
        || has_word(name, FREEING)
        || has_word(name, SOFT)
        || guards::by_name(name).is_none()
    {
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
