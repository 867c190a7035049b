//! Follows a function for one request of a caller without credentials, to see whether it refuses.
//!
//! What is told by the request (its path, method, endpoint) is known; credentials and what follows
//! from them are [`Value::Absent`]; all else is unknown, and then both ways are gone.

use std::rc::Rc;

use super::{
    value::{Value, tail},
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
        let has_passed = std::mem::take(&mut self.has_passed);
        self.depth = self.depth.min(40);
        (self.has_refused, self.has_raised, self.has_told, self.weak) = (false, false, false, 0);
        if outer.is_none() {
            self.steps = MAX_STEPS.min(self.asking);
        }
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
        if outer.is_none() {
            self.asking -= MAX_STEPS.min(self.asking).saturating_sub(left);
        }
        self.has_passed = has_passed;
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
            _ => Value::attr(of, name),
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
