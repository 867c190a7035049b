//! Expressions.

use super::{
    machine::{Host, Machine},
    modules::unquoted,
    value::{Arg, FunctionId, ScopeId, Value},
};
use crate::syntax::Piece;

/// Kinds of function expressions.
pub(super) const CLOSURES: &[&str] =
    &["arrow_function", "function_expression", "function", "generator_function"];

impl<'f, H: Host<'f>> Machine<'_, 'f, H> {
    /// What an expression stands for in `scope`.
    pub(super) fn eval(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        if !self.enter() {
            return Value::Unread(piece);
        }
        let value = self.expression(piece, scope);
        self.leave();
        value
    }

    fn expression(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        match piece.kind() {
            "string" => Value::text(&plain(piece)),
            "number" => Value::text(piece.text()),
            "true" => Value::Flag(true),
            "false" => Value::Flag(false),
            "null" | "undefined" => Value::Nothing,
            "regex" => piece
                .field("pattern")
                .map_or(Value::Unread(piece), |pattern| Value::Pattern(pattern.text())),
            "template_string" => self.template(piece, scope),
            "identifier" | "this" | "shorthand_property_identifier" => {
                self.look_up(scope, piece.text()).unwrap_or(Value::Unread(piece))
            }
            "array" => {
                let items = self.arguments(piece, scope);
                self.list(items)
            }
            "object" => self.object(piece, scope),
            "class" => self.class(piece, scope),
            "call_expression" | "new_expression" => self.call_expression(piece, scope),
            "member_expression" => self.member_expression(piece, scope),
            "subscript_expression" => self.subscript(piece, scope),
            "binary_expression" => self.binary(piece, scope),
            "ternary_expression" => {
                let condition = piece.field("condition");
                let holds = condition.and_then(|condition| self.eval(condition, scope).is_true());
                let either = ["consequence", "alternative"].map(|name| {
                    piece.field(name).map_or(Value::Nothing, |branch| self.eval(branch, scope))
                });
                let [first, second] = either;
                match holds {
                    Some(true) => first,
                    Some(false) => second,
                    None if self.is_open(&first) => second,
                    None => first,
                }
            }
            "assignment_expression" => {
                let value = match piece.field("right") {
                    Some(right) => self.eval(right, scope),
                    None => Value::Nothing,
                };
                if let Some(left) = piece.field("left") {
                    self.assignment(left, value.clone(), scope);
                }
                value
            }
            "parenthesized_expression"
            | "await_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "sequence_expression"
            | "instantiation_expression" => {
                let wanted = match piece.kind() {
                    "sequence_expression" => {
                        piece.children().map(|child| self.eval(child, scope)).last()
                    }
                    _ => piece.children().next().map(|child| self.eval(child, scope)),
                };
                wanted.unwrap_or(Value::Unread(piece))
            }
            "type_assertion" => match piece.children().last() {
                Some(inner) => self.eval(inner, scope),
                None => Value::Unread(piece),
            },
            "yield_expression" | "unary_expression" => {
                let inner = piece.children().last().map(|child| self.eval(child, scope));
                let is_not = piece.text().starts_with('!');
                match inner.and_then(|inner| inner.is_true()).filter(|_| is_not) {
                    Some(holds) => Value::Flag(!holds),
                    None => Value::Unread(piece),
                }
            }
            kind if CLOSURES.contains(&kind) => Value::Function(self.function(piece, scope)),
            _ => Value::Unread(piece),
        }
    }

    fn template(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let mut out = String::new();
        for part in piece.children() {
            match part.kind() {
                "template_substitution" => {
                    let Some(inner) = part.children().next() else { continue };
                    let value = self.eval(inner, scope);
                    self.append(&mut out, &value, inner);
                }
                _ => out.push_str(part.text()),
            }
        }
        Value::text(&out)
    }

    /// Puts a value behind a text; one that is not known becomes a parameter, or nothing in front.
    fn append(&self, out: &mut String, value: &Value<'f>, at: Piece<'f>) {
        if out.len() > 4_096 {
            return;
        }
        match self.text_of(value) {
            Some(text) => out.push_str(&text),
            None if out.is_empty() => {}
            None => {
                let name = at.text().rsplit(['.', ' ', '(', '[']).next().unwrap_or_default();
                let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
                out.push_str(&format!("{{{}}}", if name.is_empty() { "part" } else { &name }));
            }
        }
    }

    /// The text that a value is, or falls back to.
    pub(super) fn text_of(&self, value: &Value<'f>) -> Option<String> {
        match value {
            Value::Text(text) => Some(text.to_string()),
            // `config.get('prefix', 'api')`
            Value::Called(called) => {
                let Value::Member(member) = &called.callee else { return None };
                if !matches!(member.name.as_str(), "get" | "getOrThrow") {
                    return None;
                }
                called.args.get(1)?.value.as_text().map(str::to_owned)
            }
            _ => None,
        }
    }

    fn binary(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else {
            return Value::Unread(piece);
        };
        let first = self.eval(left, scope);
        match piece.field("operator").map_or("", |operator| operator.text()) {
            "+" => {
                let second = self.eval(right, scope);
                if first.as_text().is_none() && second.as_text().is_none() {
                    return Value::Unread(piece);
                }
                let mut out = String::new();
                self.append(&mut out, &first, left);
                self.append(&mut out, &second, right);
                Value::text(&out)
            }
            "||" | "??" => {
                let second = self.eval(right, scope);
                if self.is_open(&first) { second } else { first }
            }
            "&&" => match first.is_true() {
                Some(false) => Value::Flag(false),
                _ => self.eval(right, scope),
            },
            operator @ ("===" | "==" | "!==" | "!=") => {
                let second = self.eval(right, scope);
                match (first.as_text(), second.as_text()) {
                    (Some(first), Some(second)) => {
                        Value::Flag((first == second) == operator.starts_with('='))
                    }
                    _ => Value::Unread(piece),
                }
            }
            _ => Value::Unread(piece),
        }
    }

    fn object(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let record = Value::Record(self.record(None));
        for part in piece.children() {
            match part.kind() {
                "pair" => {
                    let (Some(key), Some(value)) = (part.field("key"), part.field("value")) else {
                        continue;
                    };
                    let name = self.key(key, scope);
                    let value = self.eval(value, scope);
                    if let Value::Function(function) = value
                        && let Some(function) = self.functions.get_mut(function.0)
                    {
                        function.name.get_or_insert(unquoted(key));
                    }
                    self.set_field(&record, &name, value);
                }
                "shorthand_property_identifier" => {
                    let value = self.eval(part, scope);
                    self.set_field(&record, part.text(), value);
                }
                "method_definition" => {
                    let function = self.function(part, scope);
                    self.bound(function, &record);
                    let name = part.field("name").map_or("", |name| name.text());
                    self.set_field(&record, name, Value::Function(function));
                }
                "spread_element" => {
                    let Some(inner) = part.children().next() else { continue };
                    let others = self.eval(inner, scope);
                    if !self.is_closed(&others) {
                        self.open(&record);
                    }
                    for (name, value) in self.fields(&others).to_vec() {
                        self.set_field(&record, &name, value);
                    }
                }
                _ => {}
            }
        }
        record
    }

    fn key(&mut self, key: Piece<'f>, scope: ScopeId) -> String {
        if key.is(&["computed_property_name"])
            && let Some(inner) = key.children().next()
        {
            let value = self.eval(inner, scope);
            return self.text_of(&value).unwrap_or_else(|| inner.text().to_owned());
        }
        unquoted(key).to_owned()
    }

    fn bound(&mut self, function: FunctionId, this: &Value<'f>) {
        if let Some(function) = self.functions.get_mut(function.0) {
            function.this = Some(this.clone());
        }
    }

    /// Arguments of a call or elements of an array.
    pub(super) fn arguments(&mut self, list: Piece<'f>, scope: ScopeId) -> Vec<Arg<'f>> {
        let mut args = Vec::new();
        for at in list.children() {
            if at.is(&["spread_element"]) {
                let Some(inner) = at.children().next() else { continue };
                let value = self.eval(inner, scope);
                match value {
                    Value::List(_) => args.extend(self.items(&value)),
                    value => args.push(Arg { value, at: inner }),
                }
            } else {
                let value = self.eval(at, scope);
                args.push(Arg { value, at });
            }
        }
        args
    }

    fn member_expression(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(object), Some(property)) = (piece.field("object"), piece.field("property"))
        else {
            return Value::Unread(piece);
        };
        if object.is(&["super"]) {
            let this = self.look_up(scope, "this").unwrap_or(Value::Nothing);
            return match self.look_up(scope, "super") {
                Some(Value::Class(class)) => {
                    self.inherited(class, property.text(), &this).unwrap_or(Value::Unread(piece))
                }
                _ => Value::Unread(piece),
            };
        }
        if object.text() == "import.meta" {
            return match property.text() {
                "dirname" => Value::text(&format!("/{}", piece.file.folder())),
                "filename" | "url" => Value::text(&format!("/{}", piece.file.path)),
                _ => Value::Unread(piece),
            };
        }
        let of = self.eval(object, scope);
        self.member(&of, property.text(), piece)
    }

    fn subscript(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(object), Some(index)) = (piece.field("object"), piece.field("index")) else {
            return Value::Unread(piece);
        };
        let of = self.eval(object, scope);
        let key = self.eval(index, scope);
        let Some(name) = self.text_of(&key) else { return Value::Unread(piece) };
        if let (Value::List(_), Ok(at)) = (&of, name.parse::<usize>()) {
            let item = self.items(&of).get(at).map(|item| item.value.clone());
            return item.unwrap_or(Value::Unread(piece));
        }
        self.member(&of, &name, piece)
    }

    /// The member `name` of a value, written at `at`.
    pub(super) fn member(&mut self, of: &Value<'f>, name: &str, at: Piece<'f>) -> Value<'f> {
        if let Some(value) = self.field(of, name) {
            return value;
        }
        match of {
            Value::Record(_) => {
                let class = self.class_of(of);
                let found = class.and_then(|class| self.inherited(class, name, of));
                match found {
                    Some(value) => value,
                    None if self.is_closed(of) => Value::Nothing,
                    None => Value::Unread(at),
                }
            }
            Value::Class(class) => {
                self.inherited_static(*class, name).unwrap_or_else(|| self.grown(of, name, at))
            }
            Value::Function(_) => self.grown(of, name, at),
            Value::Package(_) if name == "default" => of.clone(),
            Value::Text(_) if matches!(name, "pathname" | "href") => of.clone(),
            Value::Handle(handle) => H::member(self, *handle, name)
                .unwrap_or_else(|| Value::member(of.clone(), name, at)),
            Value::Nothing
                if at.child(&["optional_chain"]).is_some() || at.text().contains("?.") =>
            {
                Value::Nothing
            }
            Value::Nothing => Value::Unread(at),
            _ => Value::member(of.clone(), name, at),
        }
    }

    fn grown(&mut self, of: &Value<'f>, name: &str, at: Piece<'f>) -> Value<'f> {
        if name == "prototype" {
            let prototype = Value::Record(self.record(None));
            self.set_field(of, name, prototype.clone());
            return prototype;
        }
        Value::member(of.clone(), name, at)
    }

    fn assignment(&mut self, left: Piece<'f>, value: Value<'f>, scope: ScopeId) {
        match left.kind() {
            "identifier" => self.assign(scope, left.text(), value),
            "member_expression" => {
                let (Some(object), Some(property)) = (left.field("object"), left.field("property"))
                else {
                    return;
                };
                if let Value::Function(function) = value
                    && let Some(function) = self.functions.get_mut(function.0)
                    && property.text() != "exports"
                {
                    function.name.get_or_insert(property.text());
                }
                let of = self.eval(object, scope);
                self.set_field(&of, property.text(), value);
            }
            "subscript_expression" => {
                let (Some(object), Some(index)) = (left.field("object"), left.field("index"))
                else {
                    return;
                };
                let of = self.eval(object, scope);
                let key = self.eval(index, scope);
                let name = self.text_of(&key).unwrap_or_else(|| index.text().to_owned());
                self.set_field(&of, &name, value);
            }
            "object_pattern" | "array_pattern" => self.pattern(left, value, scope),
            _ => {}
        }
    }
}

/// The text of a string literal with its escapes resolved as far as paths need them.
fn plain(piece: Piece<'_>) -> String {
    let mut out = String::new();
    for part in piece.children() {
        match part.kind() {
            "escape_sequence" => out.push_str(part.text().trim_start_matches('\\')),
            _ => out.push_str(part.text()),
        }
    }
    out
}
