//! Texts, operators and comparisons.

use super::{
    value::{Arguments, Value, tail},
    world::World,
};
use crate::syntax::Piece;

/// How long a text may get by putting others together.
const MAX_TEXT: usize = 4_000;

impl<'f> World<'f> {
    /// A text as it is written, also of several parts and with expressions in it.
    pub(super) fn string(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        let mut out = String::new();
        if piece.is(&["concatenated_string"]) {
            for part in piece.children() {
                match self.eval(part, scope) {
                    Value::Str(text) => out.push_str(&text),
                    _ => return Value::Unknown,
                }
            }
            return Value::str(&out);
        }
        let opens = piece.text().find(['"', '\'']).and_then(|at| piece.text().get(..at));
        let prefix = opens.unwrap_or_default().to_ascii_lowercase();
        for part in piece.children() {
            match part.kind() {
                "string_content" => out.push_str(&content(part.text(), &prefix)),
                "escape_interpolation" => out.push_str(part.text().get(..1).unwrap_or_default()),
                "interpolation" => {
                    let inner = part.children().next();
                    let value = inner.map_or(Value::Unknown, |inner| self.eval(inner, scope));
                    match self.text(&value) {
                        Some(text) => out.push_str(&text),
                        // A part that is not known stands for itself.
                        None => {
                            let name = inner.map_or("", |inner| tail(inner.text()));
                            out.push_str(&format!("{{{name}}}"));
                        }
                    }
                }
                _ => {}
            }
        }
        out.truncate(out.floor_char_boundary(MAX_TEXT));
        Value::str(&out)
    }

    /// The text that a value is, also by the default of a setting.
    pub(super) fn text(&self, value: &Value) -> Option<String> {
        match value {
            Value::Str(text) => Some(text.to_string()),
            Value::Int(number) => Some(number.to_string()),
            Value::Object(at) => {
                let object = self.objects.get(*at)?;
                let name = match &object.callee {
                    Value::Name(name) => tail(name),
                    Value::Attr(attr) => &*attr.1,
                    _ => return None,
                };
                let arguments = &object.arguments;
                let found = match name {
                    "Field" | "field" => arguments.get(0, "default"),
                    "getenv" | "get" | "config" | "env" | "str" | "Config" => {
                        arguments.get(1, "default")
                    }
                    "_" | "gettext_lazy" | "SimpleLazyObject" | "escape" | "URLPath" | "Path" => {
                        arguments.positional.first()
                    }
                    _ => None,
                };
                match found {
                    Some(Value::Str(text)) => Some(text.to_string()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub(super) fn binary(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else {
            return Value::Unknown;
        };
        let operator = piece.field("operator").map_or("", |operator| operator.text());
        let (first, second) = (self.eval(left, scope), self.eval(right, scope));
        match operator {
            "+" => self.add(&first, &second),
            "%" => {
                let Some(text) = self.text(&first) else { return Value::Unknown };
                let with = match &second {
                    Value::List(_) => self.members(&second),
                    other => vec![other.clone()],
                };
                Value::str(&self.percent(&text, &with))
            }
            "|" | "&" => {
                let arguments = Arguments::of(vec![first, second]);
                self.object(Value::Name(operator.into()), arguments, piece)
            }
            _ => Value::Unknown,
        }
    }

    fn percent(&self, text: &str, with: &[Value]) -> String {
        let mut parts = text.split("%s");
        let mut out = parts.next().unwrap_or_default().to_owned();
        for (at, part) in parts.enumerate() {
            out.push_str(&with.get(at).and_then(|value| self.text(value)).unwrap_or_default());
            out.push_str(part);
        }
        out
    }

    /// `first + second`: of texts and of lists. What is not known counts as nothing.
    pub(super) fn add(&mut self, first: &Value, second: &Value) -> Value {
        if let (Value::Absent, _) | (_, Value::Absent) = (first, second) {
            return Value::Unknown;
        }
        match (self.text(first), self.text(second)) {
            (Some(a), Some(b)) if a.len() + b.len() < MAX_TEXT => {
                self.steps = self.steps.saturating_sub((a.len() + b.len()) / 64);
                return Value::str(&(a + &b));
            }
            (Some(_), Some(_)) => return Value::Unknown,
            (Some(a), None) if !matches!(second, Value::List(_)) => return Value::str(&a),
            (None, Some(b)) if !matches!(first, Value::List(_)) => return Value::str(&b),
            _ => {}
        }
        let are_lists = [first, second]
            .iter()
            .any(|value| matches!(value, Value::List(_) | Value::Attr(_) | Value::Splice(_)));
        if !are_lists {
            return Value::Unknown;
        }
        let list = self.list(Vec::new());
        if let Value::List(at) = list {
            self.extend(at, first);
            self.extend(at, second);
        }
        list
    }

    /// Whether a value counts as true, where that can be told.
    pub(super) fn truth(&self, value: &Value) -> Option<bool> {
        match value {
            Value::Nothing | Value::Absent => Some(false),
            Value::Bool(told) => Some(*told),
            Value::Int(number) => Some(*number != 0),
            Value::Str(text) => Some(!text.is_empty()),
            Value::List(list) => self.lists.get(*list).map(|list| !list.is_empty()),
            Value::Dict(dict) => self.dicts.get(*dict).map(|dict| !dict.is_empty()),
            Value::Function(_) | Value::Class(_) | Value::Module(_) | Value::Bound(..) => {
                Some(true)
            }
            Value::Object(at) => {
                // What a class of the project made is something; what a package answers may not.
                self.objects.get(*at).and_then(|object| match object.callee {
                    Value::Class(_) => Some(true),
                    _ if self.request.is_none() => Some(true),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    pub(super) fn comparison(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        let mut parts = piece.children();
        let (Some(left), Some(right)) = (parts.next(), parts.next()) else {
            return Value::Unknown;
        };
        let operator = piece.field("operators").map_or("", |operator| operator.text());
        let (first, second) = (self.eval(left, scope), self.eval(right, scope));
        let told = match operator {
            "==" | "is" => self.equal(&first, &second),
            "!=" | "is not" => self.equal(&first, &second).map(|told| !told),
            "in" => self.holds(&second, &first),
            _ if operator.starts_with("not") => self.holds(&second, &first).map(|told| !told),
            _ => None,
        };
        told.map_or(Value::Unknown, Value::Bool)
    }

    /// Whether two values are the same, where that can be told.
    fn equal(&self, first: &Value, second: &Value) -> Option<bool> {
        let is_plain = |value: &Value| {
            matches!(value, Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Nothing)
        };
        match (first, second) {
            (Value::Absent, Value::Absent | Value::Nothing) | (Value::Nothing, Value::Absent) => {
                Some(true)
            }
            (Value::Absent, Value::Unknown) | (Value::Unknown, Value::Absent) => Some(false),
            (Value::Absent, Value::Str(text)) | (Value::Str(text), Value::Absent) => {
                Some(text.is_empty())
            }
            (Value::Absent, _) | (_, Value::Absent) => Some(false),
            (a, b) if is_plain(a) && is_plain(b) => Some(a == b),
            (Value::Nothing, Value::Object(at)) | (Value::Object(at), Value::Nothing) => {
                self.truth(&Value::Object(*at)).map(|told| !told)
            }
            (Value::Nothing, Value::List(_) | Value::Dict(_) | Value::Function(_))
            | (
                Value::List(_) | Value::Dict(_) | Value::Function(_) | Value::Class(_),
                Value::Nothing,
            ) => Some(false),
            (Value::Function(a), Value::Function(b)) => Some(a == b),
            (Value::Class(a), Value::Class(b)) => Some(a == b),
            _ => None,
        }
    }

    /// Whether a list, dictionary or text holds a value, where that can be told.
    pub(super) fn holds(&self, list: &Value, value: &Value) -> Option<bool> {
        match list {
            Value::Absent => Some(false),
            Value::Str(text) => match value {
                Value::Str(part) => Some(text.contains(&**part)),
                Value::Absent => Some(false),
                _ => None,
            },
            Value::Request(_) => match value {
                Value::Str(key) if super::request::is_credential(key) => Some(false),
                _ => None,
            },
            Value::List(_) | Value::Dict(_) => {
                let members = match list {
                    Value::Dict(dict) => self
                        .dicts
                        .get(*dict)
                        .map(|dict| dict.iter().map(|(key, _)| key.clone()).collect())
                        .unwrap_or_default(),
                    _ => self.members(list),
                };
                let mut is_sure = true;
                for member in &members {
                    match self.equal(member, value) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => is_sure = false,
                    }
                }
                is_sure.then_some(false)
            }
            _ => None,
        }
    }
}

/// The content of a text with that prefix. Escapes matter only where patterns are written.
fn content(text: &str, prefix: &str) -> String {
    let mut out = text.to_owned();
    if prefix.contains('f') {
        out = out.replace("{{", "{").replace("}}", "}");
    }
    if !prefix.contains('r') {
        out = out.replace("\\\\", "\\");
    }
    out
}
