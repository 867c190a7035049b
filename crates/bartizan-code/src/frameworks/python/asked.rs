//! Calls that mean something for the request that is asked about.

use super::{
    value::{Arguments, Value, tail},
    world::World,
};
use crate::{guards, syntax::Piece};

impl<'f> World<'f> {
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
                self.has_passed = true;
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
                self.has_passed = true;
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
}
