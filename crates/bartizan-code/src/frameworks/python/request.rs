//! Follows a function for one request of a caller without credentials, to see whether it refuses.
//!
//! What is told by the request (its path, method, endpoint) is known; credentials and what follows
//! from them are [`Value::Absent`]; all else is unknown, and then both ways are gone.

use std::rc::Rc;

use super::{
    value::{Arguments, Value, tail},
    world::World,
};
use crate::{guards, syntax::Piece};

/// Steps for one question.
const MAX_STEPS: usize = 4_000;

/// What is asked about.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    /// Whole path, parameters as `{name}`.
    pub(super) path: String,
    /// Method in upper case.
    pub(super) method: String,
    /// Name of the endpoint or URL, with that of its blueprint or namespace.
    pub(super) endpoint: String,
    /// What answers.
    pub(super) handler: Option<Value>,
    /// Action of a view set.
    pub(super) action: Option<String>,
}

/// What came out of a question.
#[derive(Clone, Debug)]
pub(super) struct Answer<T> {
    /// What was asked for.
    pub(super) value: T,
    /// Whether the caller may have been refused.
    pub(super) is_refused: bool,
    /// Whether it was seen that the caller was let through for want of credentials.
    pub(super) is_told: bool,
}

/// Whether a header, cookie or attribute of that name carries a credential.
pub(super) fn is_credential(name: &str) -> bool {
    let words = guards::words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    !has(&["csrf", "xsrf", "csrftoken", "agent", "request", "trace", "lang", "device"])
        && (has(&[
            "authorization",
            "auth",
            "token",
            "tokens",
            "jwt",
            "session",
            "sessionid",
            "cookie",
            "credential",
            "credentials",
            "user",
            "username",
            "uid",
            "identity",
            "bearer",
            "apikey",
            "secret",
            "signature",
            "claims",
            "principal",
            "account",
            "member",
            "admin",
            "logged",
            "authenticated",
            "sub",
            "payload",
            "password",
        ]) || words.windows(2).any(|pair| pair == ["api", "key"])
            || words.last().is_some_and(|word| word == "key"))
}

/// Whether a parameter of that name holds what a caller identified by.
fn is_credential_parameter(name: &str) -> bool {
    let words = guards::words(name);
    let is_other = |word: &String| {
        matches!(
            word.as_str(),
            "session"
                | "id"
                | "service"
                | "repo"
                | "repository"
                | "manager"
                | "in"
                | "data"
                | "store"
                | "cookie"
                | "model"
                | "cls"
                | "type"
        )
    };
    is_credential(name) && !words.iter().any(is_other)
}

impl<'f> World<'f> {
    /// Asks something about a request. Nothing that the question made stays.
    pub(super) fn ask<T>(
        &mut self,
        request: &Rc<Request>,
        question: impl FnOnce(&mut Self) -> T,
    ) -> Answer<T> {
        let outer = self.request.replace(Rc::clone(request));
        let kept = (self.has_refused, self.has_raised, self.has_told, self.weak, self.steps);
        let depth = self.depth;
        self.depth = self.depth.min(40);
        (self.has_refused, self.has_raised, self.has_told, self.weak) = (false, false, false, 0);
        self.steps = if outer.is_some() { self.steps } else { MAX_STEPS };
        let marks = (
            self.scopes.len(),
            self.objects.len(),
            self.lists.len(),
            self.dicts.len(),
            self.functions.len(),
            self.classes.len(),
        );
        let value = question(self);
        let (is_refused, is_told) = (self.has_refused, self.has_told);
        let left = self.steps;
        (self.has_refused, self.has_raised, self.has_told, self.weak, self.steps) = kept;
        self.depth = depth;
        if outer.is_none() {
            self.scopes.truncate(marks.0);
            self.objects.truncate(marks.1);
            self.lists.truncate(marks.2);
            self.dicts.truncate(marks.3);
            self.functions.truncate(marks.4);
            self.classes.truncate(marks.5);
        } else {
            self.steps = left;
        }
        self.request = outer;
        Answer { value, is_refused, is_told }
    }

    /// The caller is refused, and the function ends.
    pub(super) fn refuse(&mut self) -> Value {
        self.has_refused = true;
        self.has_raised = true;
        Value::Unknown
    }

    /// What a name of a package means for the request.
    pub(super) fn as_asked(&mut self, value: Value) -> Value {
        let (Some(_), Value::Name(name)) = (&self.request, &value) else { return value };
        if tail(name) == "SAFE_METHODS" {
            let all = ["GET", "HEAD", "OPTIONS"].into_iter().map(Value::str).collect();
            return self.list(all);
        }
        match &**name {
            "flask.request" | "quart.request" | "flask.globals.request" => {
                Value::Request("".into())
            }
            "flask.g" | "quart.g" => Value::Request("state".into()),
            "flask.session"
            | "quart.session"
            | "flask_login.current_user"
            | "flask_security.current_user"
            | "flask_jwt_extended.current_user" => Value::Absent,
            _ => value,
        }
    }

    /// An attribute of the request or of a part of it.
    pub(super) fn request_attribute(&mut self, of: &Value, name: &str) -> Value {
        let (Some(request), Value::Request(part)) = (self.request.clone(), of) else {
            return Value::Unknown;
        };
        match (&**part, name) {
            (_, "path" | "path_info" | "full_path" | "raw_path") => Value::str(&request.path),
            ("" | "scope", "method") => Value::str(&request.method),
            (_, "endpoint" | "view_name") => Value::str(&request.endpoint),
            ("", "blueprint") => match request.endpoint.rsplit_once('.') {
                Some((blueprint, _)) => Value::str(blueprint),
                None => Value::Nothing,
            },
            ("resolver_match", "url_name") => {
                Value::str(request.endpoint.rsplit(':').next().unwrap_or_default())
            }
            ("resolver_match", "namespace" | "app_name") => {
                Value::str(request.endpoint.rsplit_once(':').map_or("", |(space, _)| space))
            }
            ("resolver_match", "func") => request.handler.clone().unwrap_or(Value::Unknown),
            ("url_rule", "rule") => Value::str(&request.path),
            (
                "",
                "user"
                | "session"
                | "authorization"
                | "auth"
                | "cookies"
                | "COOKIES"
                | "successful_authenticator"
                | "access_token"
                | "jwt",
            ) => Value::Absent,
            ("state", name) if is_credential(name) => Value::Absent,
            ("", name) if is_credential(name) => Value::Absent,
            (
                "",
                "headers" | "META" | "args" | "GET" | "query_params" | "scope" | "state" | "url"
                | "resolver_match" | "url_rule",
            ) => Value::Request(name.into()),
            _ => Value::Attr(Rc::new((of.clone(), name.into()))),
        }
    }

    /// `request.headers["X"]` and the like.
    pub(super) fn request_item(&mut self, of: &Value, key: &str) -> Value {
        match of {
            Value::Request(part) if &**part == "scope" => match key {
                "type" => Value::str("http"),
                "path" | "method" => self.request_attribute(of, key),
                "headers" => Value::Request("headers".into()),
                _ if is_credential(key) => Value::Absent,
                _ => Value::Unknown,
            },
            Value::Request(_) if is_credential(key) => Value::Absent,
            _ => Value::Unknown,
        }
    }

    /// The value of a parameter that nothing is given for, in a function that is asked.
    pub(super) fn asked_parameter(
        &mut self,
        parameter: Piece<'f>,
        name: &'f str,
        scope: usize,
    ) -> Value {
        let default = parameter.field("value").map(|value| self.eval(value, scope));
        let of = parameter.field("type").map(|of| self.eval(of, scope));
        for written in [&default, &of].into_iter().flatten() {
            if let Some(on) = self.dependency_in(written, of.as_ref()) {
                let found = self.depend(&on, parameter);
                let is_something = matches!(self.truth(&found), Some(true));
                return match is_credential_parameter(name) && !is_something {
                    true => Value::Absent,
                    false if found == Value::Nothing => Value::Absent,
                    false => found,
                };
            }
        }
        let of_name = of.as_ref().and_then(Value::name).map(tail);
        if matches!(name, "request" | "req" | "websocket" | "conn" | "connection")
            || matches!(of_name, Some("Request" | "HTTPConnection" | "WebSocket" | "HttpRequest"))
        {
            return Value::Request("".into());
        }
        match name {
            "scope" => return Value::Request("scope".into()),
            "call_next" | "get_response" | "handler" | "next_handler" | "next" => {
                return Value::Next;
            }
            "view_func" | "view_function" | "callback" => {
                let handler = self.request.as_ref().and_then(|request| request.handler.clone());
                return handler.unwrap_or(Value::Unknown);
            }
            _ => {}
        }
        let is_taken = |value: &Value| match value {
            Value::Object(at) => self.objects.get(*at).is_some_and(|object| {
                matches!(&object.callee, Value::Name(name)
                    if matches!(tail(name), "Header" | "Cookie" | "Query" | "Annotated"))
            }),
            _ => false,
        };
        let is_read = [&default, &of].into_iter().flatten().any(is_taken);
        if is_credential_parameter(name) && (is_read || default.is_none()) {
            return Value::Absent;
        }
        match default {
            Some(Value::Nothing) if is_credential_parameter(name) => Value::Absent,
            Some(value) if !is_read => value,
            _ => Value::Unknown,
        }
    }

    /// What a call comes to that means something for the request; `None` for all others.
    pub(super) fn asked_call(
        &mut self,
        callee: &Value,
        arguments: &Arguments,
        piece: Piece<'f>,
    ) -> Option<Value> {
        let hands_on = arguments.positional.contains(&Value::Next);
        match callee {
            Value::Next => {
                // What is behind happens when the handler has answered.
                self.has_raised = true;
                Some(Value::Unknown)
            }
            Value::Name(name) => {
                let name = name.clone();
                self.asked_name(&name, arguments, piece)
            }
            Value::Attr(attr) => {
                let (of, name) = (attr.0.clone(), attr.1.clone());
                self.asked_method(&of, &name, arguments, piece)
            }
            Value::Object(at) => {
                let object = self.objects.get(*at)?;
                if let Value::Class(_) = object.callee {
                    return None;
                }
                let (inner, text) = (object.callee.clone(), object.piece.text());
                let is_guard = match &inner {
                    Value::Name(name) => guards::by_name(tail(name)).is_some(),
                    Value::Attr(attr) => guards::by_name(&attr.1).is_some(),
                    _ => false,
                };
                if is_guard || guards::refuses(text) {
                    return Some(self.refuse());
                }
                hands_on.then_some(Value::Next)
            }
            Value::Unknown if hands_on => Some(Value::Next),
            Value::Unknown if guards::refuses(piece.text()) && piece.text().starts_with("send") => {
                Some(self.refuse())
            }
            _ => None,
        }
    }

    fn asked_name(&mut self, name: &str, arguments: &Arguments, piece: Piece<'f>) -> Option<Value> {
        let first = arguments.positional.first();
        match tail(name) {
            "get" if name.ends_with("view_functions.get") => {
                self.request.as_ref().and_then(|request| request.handler.clone())
            }
            "abort" => {
                let is_refusal =
                    guards::refuses(piece.text()) || matches!(first, Some(Value::Int(401 | 403)));
                self.has_refused |= is_refusal;
                self.has_raised = true;
                Some(Value::Unknown)
            }
            "verify_jwt_in_request" | "verify_jwt_refresh_token_in_request" => {
                if arguments.named("optional") == Some(&Value::Bool(true)) {
                    return Some(Value::Nothing);
                }
                Some(self.refuse())
            }
            "get_jwt_identity" | "get_jwt" | "get_current_user" | "get_raw_jwt" | "get_user" => {
                Some(Value::Absent)
            }
            "resolve" => Some(Value::Request("resolver_match".into())),
            "reverse" | "reverse_lazy" | "url_for" | "resolve_url" => {
                let request = self.request.clone()?;
                let wanted = match first {
                    Some(Value::Str(wanted)) => wanted.clone(),
                    _ => return Some(Value::Unknown),
                };
                let is_it = *wanted == *request.endpoint;
                Some(Value::str(if is_it { &request.path } else { "\0" }))
            }
            "match" | "search" | "fullmatch" if name.starts_with("re.") => {
                Some(self.matches(first?, arguments.positional.get(1)?))
            }
            "isawaitable" | "iscoroutinefunction" => Some(Value::Unknown),
            "getattr" => match first {
                Some(Value::Function(_)) => Some(self.asked_function_attribute(arguments)),
                _ => None,
            },
            _ if arguments.positional.contains(&Value::Next)
                && guards::by_name(tail(name)).is_none() =>
            {
                Some(Value::Next)
            }
            _ => None,
        }
    }

    /// `getattr(view, 'name', default)`: set on the function, or by a decorator of it.
    fn asked_function_attribute(&mut self, arguments: &Arguments) -> Value {
        let (Some(Value::Function(at)), Some(Value::Str(name))) =
            (arguments.positional.first(), arguments.positional.get(1))
        else {
            return Value::Unknown;
        };
        let Some(function) = self.functions.get(*at) else { return Value::Unknown };
        if let Some(value) = function.attributes.get(name) {
            return value.clone();
        }
        let sets = format!(".{name} = ");
        let is_set = function.decorators.iter().any(|(decorator, _)| {
            let decorator = match decorator {
                Value::Object(at) => self.objects.get(*at).map(|object| &object.callee),
                other => Some(other),
            };
            match decorator {
                Some(Value::Function(at)) => self.functions.get(*at).is_some_and(|decorator| {
                    let piece = decorator.piece;
                    let outer = piece.within(&["function_definition"]).unwrap_or(piece);
                    outer.text().contains(&sets)
                }),
                _ => false,
            }
        });
        match is_set {
            true => Value::Bool(true),
            false => arguments.positional.get(2).cloned().unwrap_or(Value::Unknown),
        }
    }

    fn asked_method(
        &mut self,
        of: &Value,
        name: &str,
        arguments: &Arguments,
        piece: Piece<'f>,
    ) -> Option<Value> {
        let first = arguments.positional.first();
        match (of, name) {
            (_, "abort") => self.asked_name("abort", arguments, piece),
            (_, "unauthorized" | "handle_no_permission" | "permission_denied") => {
                Some(self.refuse())
            }
            (Value::Request(_), "get" | "getlist" | "get_all") => match first {
                Some(Value::Str(key)) => Some(self.request_item(of, key)),
                _ => Some(Value::Unknown),
            },
            (Value::Attr(inner), "get") if &*inner.1 == "view_functions" => {
                self.request.as_ref().and_then(|request| request.handler.clone())
            }
            (Value::Super(..), "dispatch") | (_, "get_response") => {
                self.has_raised = true;
                Some(Value::Unknown)
            }
            (Value::Super(object, class), "has_permission" | "has_object_permission") => {
                Some(self.base_permits(*object, *class, name))
            }
            (Value::Super(object, _), "get_permissions") => {
                let classes = self.attribute(&Value::Object(*object), "permission_classes");
                let members = self.members(&classes);
                Some(self.list(members))
            }
            (Value::Super(object, _), "__call__") => Some(self.scheme(*object)),
            (Value::Object(at), "has_permission") => {
                let callee = self.objects.get(*at).map(|object| object.callee.clone())?;
                let name = tail(callee.name()?).to_owned();
                Some(self.outside_permits(&name))
            }
            (Value::Object(at), "match" | "search" | "fullmatch") => {
                let object = self.objects.get(*at)?;
                let pattern = object.arguments.positional.first().cloned()?;
                Some(self.matches(&pattern, first?))
            }
            _ if arguments.positional.contains(&Value::Next) => Some(Value::Next),
            _ => None,
        }
    }

    /// Whether a pattern fits the beginning of a text, where that is easily told.
    fn matches(&mut self, pattern: &Value, text: &Value) -> Value {
        let (Some(pattern), Value::Str(text)) = (self.text(pattern), text) else {
            return Value::Unknown;
        };
        let pattern = pattern.trim_start_matches('^');
        let meta = |c: char| "\\[](){}*+?|^$".contains(c);
        let plain = pattern.find(meta).unwrap_or(pattern.len());
        let (front, rest) = pattern.split_at(plain);
        let front = if rest.starts_with('*') { front.trim_end_matches('.') } else { front };
        if !text.starts_with(front) {
            return if rest.contains('|') { Value::Unknown } else { Value::Bool(false) };
        }
        match rest {
            "$" => Value::Bool(text.len() == front.len()),
            "" | "*" | ".*" | "*$" | "(.*)" => Value::Bool(true),
            _ => Value::Unknown,
        }
    }

    /// What a function gives back: does it refuse?
    pub(super) fn returns(&mut self, piece: Piece<'f>, value: &Value) {
        if self.request.is_none() || self.has_raised {
            return;
        }
        let made = match value {
            Value::Object(at) => self.objects.get(*at).map_or("", |object| object.piece.text()),
            _ => "",
        };
        // Longer texts are handlers and their like, not answers.
        let is_short = |text: &&str| text.len() < 2_000;
        for text in [piece.text(), made].iter().filter(|text| is_short(text)) {
            let lower = text.to_ascii_lowercase();
            let is_redirect = lower.contains("redirect")
                && ["login", "signin", "sign_in", "sign-in", "auth"]
                    .iter()
                    .any(|to| lower.contains(to));
            if guards::refuses(text) || is_redirect {
                self.has_refused = true;
            }
        }
    }

    /// What a function raises: does that refuse?
    pub(super) fn raise(&mut self, piece: Piece<'f>, scope: usize) {
        if self.request.is_none() {
            return;
        }
        let value = piece.children().next().map(|what| self.eval(what, scope));
        if self.has_raised {
            return;
        }
        let class = match value {
            Some(Value::Object(at)) => {
                let object = self.objects.get(at);
                self.has_refused |= object.is_some_and(|o| guards::refuses(o.piece.text()));
                object.map(|object| object.callee.clone())
            }
            other => other,
        };
        let name = match &class {
            Some(Value::Name(name)) => tail(name).to_owned(),
            Some(value) => self.name_of(value).unwrap_or_default().to_owned(),
            None => String::new(),
        };
        let words = guards::words(&name);
        let says = |word: &String| {
            matches!(
                word.as_str(),
                "auth"
                    | "authentication"
                    | "authorization"
                    | "credentials"
                    | "token"
                    | "jwt"
                    | "permission"
                    | "permissions"
                    | "unauthenticated"
                    | "login"
            )
        };
        let body = match class {
            Some(Value::Class(class)) => self.ancestry(class).iter().any(|of| match of {
                Value::Class(at) => {
                    self.classes.get(*at).is_some_and(|c| guards::refuses(c.piece.text()))
                }
                Value::Name(name) => guards::refuses(name),
                _ => false,
            }),
            _ => false,
        };
        self.has_refused |= guards::refuses(piece.text()) || body || words.iter().any(says);
    }
}
