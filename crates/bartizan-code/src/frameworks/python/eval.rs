//! Tells what expressions come to.

use super::{
    value::{Arguments, Function, Value},
    world::{MAX_DEPTH, MAX_LIST, World},
};
use crate::syntax::Piece;

impl<'f> World<'f> {
    /// What an expression comes to.
    pub(super) fn eval(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        if self.depth >= MAX_DEPTH || self.steps == 0 {
            return Value::Unknown;
        }
        self.steps -= 1;
        self.depth += 1;
        let value = self.expression(piece, scope);
        self.depth -= 1;
        value
    }

    fn expression(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        match piece.kind() {
            "identifier" => {
                let value = self.lookup(piece.text(), scope);
                self.as_asked(value)
            }
            "string" | "concatenated_string" => self.string(piece, scope),
            "integer" => piece.text().parse().map_or(Value::Unknown, Value::Int),
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "none" => Value::Nothing,
            "parenthesized_expression" | "await" | "type" | "yield" | "expression_list"
                if piece.children().count() == 1 =>
            {
                piece.children().next().map_or(Value::Unknown, |inner| self.eval(inner, scope))
            }
            "list" | "tuple" | "set" | "expression_list" => {
                let values = self.values(piece, scope);
                self.list(values)
            }
            "dictionary" => self.dictionary(piece, scope),
            "call" => self.eval_call(piece, scope),
            "attribute" => {
                let (Some(of), Some(name)) = (piece.field("object"), piece.field("attribute"))
                else {
                    return Value::Unknown;
                };
                let of = self.eval(of, scope);
                self.attribute(&of, name.text())
            }
            "subscript" => self.subscript(piece, scope),
            "generic_type" => self.generic_type(piece, scope),
            "binary_operator" => self.binary(piece, scope),
            "boolean_operator" => self.boolean(piece, scope),
            "not_operator" => {
                let value =
                    piece.field("argument").map_or(Value::Unknown, |inner| self.eval(inner, scope));
                self.truth(&value).map_or(Value::Unknown, |told| Value::Bool(!told))
            }
            "unary_operator" if piece.text().starts_with('~') => {
                let value =
                    piece.field("argument").map_or(Value::Unknown, |inner| self.eval(inner, scope));
                self.object(Value::Name("~".into()), Arguments::of(vec![value]), piece)
            }
            "comparison_operator" => self.comparison(piece, scope),
            "conditional_expression" => self.conditional(piece, scope),
            "named_expression" => {
                let (Some(name), Some(value)) = (piece.field("name"), piece.field("value")) else {
                    return Value::Unknown;
                };
                let value = self.eval(value, scope);
                self.set(scope, name.text(), value.clone());
                value
            }
            "lambda" => {
                let class = None;
                let (decorators, attributes) = (Vec::new(), std::collections::HashMap::new());
                self.functions.push(Function { piece, scope, decorators, class, attributes });
                Value::Function(self.functions.len() - 1)
            }
            "list_comprehension" | "generator_expression" | "set_comprehension" => {
                self.comprehension(piece, scope)
            }
            _ => Value::Unknown,
        }
    }

    /// The members of a list as it is written.
    fn values(&mut self, piece: Piece<'f>, scope: usize) -> Vec<Value> {
        let mut out = Vec::new();
        for child in piece.children().take(MAX_LIST) {
            if out.len() > MAX_LIST {
                break;
            }
            if child.is(&["list_splat"]) {
                let inner = child.children().next();
                let value = inner.map_or(Value::Unknown, |inner| self.eval(inner, scope));
                match value {
                    Value::List(_) => out.extend(self.members(&value)),
                    Value::Unknown => {}
                    other => out.push(Value::Splice(other.into())),
                }
            } else {
                out.push(self.eval(child, scope));
            }
        }
        out
    }

    fn dictionary(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        let mut entries = Vec::new();
        for child in piece.children().take(MAX_LIST) {
            if entries.len() > MAX_LIST {
                break;
            }
            match (child.kind(), child.field("key"), child.field("value")) {
                ("pair", Some(key), Some(value)) => {
                    entries.push((self.eval(key, scope), self.eval(value, scope)));
                }
                ("dictionary_splat", ..) => {
                    let inner = child.children().next().map(|inner| self.eval(inner, scope));
                    if let Some(Value::Dict(dict)) = inner {
                        entries.extend(self.dicts.get(dict).cloned().unwrap_or_default());
                    }
                }
                _ => {}
            }
        }
        self.dict(entries)
    }

    fn eval_call(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        let (Some(callee), Some(written)) = (piece.field("function"), piece.field("arguments"))
        else {
            return Value::Unknown;
        };
        if callee.text() == "super" {
            return self.super_of(scope);
        }
        let callee = self.eval(callee, scope);
        let arguments = self.arguments(written, scope);
        self.call(&callee, arguments, piece)
    }

    /// `super()` in a method: its first parameter, and its class.
    fn super_of(&mut self, scope: usize) -> Value {
        let mut next = Some(scope);
        while let Some(at) = next {
            let Some(found) = self.scopes.get(at) else { break };
            if found.is_function
                && let Some(parent) = found.parent
                && let Some(class) = self.scopes.get(parent).and_then(|parent| parent.class)
                && let Some(Value::Object(object)) = found.names.get("self")
            {
                return Value::Super(*object, class);
            }
            next = found.parent;
        }
        Value::Unknown
    }

    fn arguments(&mut self, written: Piece<'f>, scope: usize) -> Arguments {
        let mut arguments = Arguments::default();
        if written.is(&["generator_expression"]) {
            arguments.positional.push(self.eval(written, scope));
            return arguments;
        }
        for child in written.children().take(MAX_LIST) {
            if arguments.positional.len() + arguments.named.len() > MAX_LIST {
                break;
            }
            match child.kind() {
                "keyword_argument" => {
                    if let (Some(name), Some(value)) = (child.field("name"), child.field("value")) {
                        let value = self.eval(value, scope);
                        arguments.named.push((name.text().into(), value));
                    }
                }
                "list_splat" => {
                    let inner = child.children().next().map(|inner| self.eval(inner, scope));
                    match inner {
                        Some(list @ Value::List(_)) => {
                            arguments.positional.extend(self.members(&list));
                        }
                        // What is spread into a list of patterns is kept, all else is not known.
                        Some(other) if other.is_known() => {
                            arguments.positional.push(Value::Splice(other.into()));
                        }
                        _ => {}
                    }
                }
                "dictionary_splat" => {
                    let inner = child.children().next().map(|inner| self.eval(inner, scope));
                    if let Some(Value::Dict(dict)) = inner {
                        for (key, value) in self.dicts.get(dict).cloned().unwrap_or_default() {
                            if let Value::Str(key) = key {
                                arguments.named.push((key, value));
                            }
                        }
                    }
                }
                _ => arguments.positional.push(self.eval(child, scope)),
            }
        }
        arguments
    }

    fn subscript(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        let Some(of) = piece.field("value") else { return Value::Unknown };
        let value = self.eval(of, scope);
        let keys: Vec<Piece<'f>> = piece.children().filter(|child| *child != of).collect();
        if let Value::Name(name) = &value {
            return match super::value::tail(name) {
                "Annotated" => self.annotated(&value, &keys, piece, scope),
                "environ" => Value::Unknown,
                "view_functions" => self
                    .request
                    .as_ref()
                    .and_then(|request| request.handler.clone())
                    .unwrap_or(Value::Unknown),
                _ => value,
            };
        }
        let Some(key) = keys.first() else { return Value::Unknown };
        let key = self.eval(*key, scope);
        self.item(&value, &key)
    }

    /// `value[key]`.
    pub(super) fn item(&mut self, value: &Value, key: &Value) -> Value {
        match (value, key) {
            (Value::Dict(_), Value::Str(key)) => self.entry(value, key).unwrap_or(Value::Unknown),
            (Value::List(list), Value::Int(at)) => {
                let list = self.lists.get(*list);
                let at = match usize::try_from(*at) {
                    Ok(at) => Some(at),
                    Err(_) => list.and_then(|list| {
                        list.len().checked_sub(usize::try_from(at.unsigned_abs()).ok()?)
                    }),
                };
                at.and_then(|at| list?.get(at)).cloned().unwrap_or(Value::Unknown)
            }
            (Value::Request(_), Value::Str(key)) => self.request_item(value, key),
            (Value::Absent, _) => Value::Absent,
            _ => Value::Unknown,
        }
    }

    /// `Annotated[X, Depends(y)]` among expressions, `generic_type` among types.
    fn generic_type(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        let mut parts = piece.children();
        let Some(head) = parts.next() else { return Value::Unknown };
        let value = self.eval(head, scope);
        let keys: Vec<Piece<'f>> =
            parts.flat_map(|part| part.children().collect::<Vec<_>>()).collect();
        match &value {
            Value::Name(name) if super::value::tail(name) == "Annotated" => {
                self.annotated(&value, &keys, piece, scope)
            }
            _ => value,
        }
    }

    fn annotated(
        &mut self,
        head: &Value,
        keys: &[Piece<'f>],
        piece: Piece<'f>,
        scope: usize,
    ) -> Value {
        let values = keys.iter().map(|key| self.eval(*key, scope)).collect();
        self.object(head.clone(), Arguments::of(values), piece)
    }

    fn boolean(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else {
            return Value::Unknown;
        };
        let is_or = piece.field("operator").is_some_and(|operator| operator.text() == "or");
        let first = self.eval(left, scope);
        let told = self.truth(&first);
        if told == Some(is_or) {
            return first;
        }
        let second = self.eval(right, scope);
        match told {
            Some(_) => second,
            None if self.request.is_none() => {
                if second.is_known() && !first.is_known() {
                    second
                } else {
                    first
                }
            }
            None if self.truth(&second) == Some(is_or) => second,
            None => Value::Unknown,
        }
    }

    fn conditional(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        let parts: Vec<Piece<'f>> = piece.children().collect();
        let [first, condition, other] = parts.as_slice() else { return Value::Unknown };
        let condition = self.eval(*condition, scope);
        match self.truth(&condition) {
            Some(true) => self.eval(*first, scope),
            Some(false) => self.eval(*other, scope),
            None if self.request.is_some() => {
                self.eval(*first, scope);
                self.eval(*other, scope);
                Value::Unknown
            }
            None => {
                let value = self.eval(*first, scope);
                if value.is_known() && value != Value::Nothing {
                    return value;
                }
                self.eval(*other, scope)
            }
        }
    }

    fn comprehension(&mut self, piece: Piece<'f>, scope: usize) -> Value {
        let (Some(body), Some(clause)) = (piece.field("body"), piece.child(&["for_in_clause"]))
        else {
            return Value::Unknown;
        };
        let (Some(left), Some(right)) = (clause.field("left"), clause.field("right")) else {
            return Value::Unknown;
        };
        let over = self.eval(right, scope);
        let is_known = matches!(over, Value::List(_) | Value::Dict(_));
        let members = self.iterate(&over);
        if !is_known || piece.children().filter(|child| child.is(&["for_in_clause"])).count() > 1 {
            return Value::Unknown;
        }
        let condition = piece.child(&["if_clause"]).and_then(|clause| clause.children().next());
        let inner = self.scope(scope, true);
        // `self` is looked for in the scope of a method.
        let mut out = Vec::new();
        for member in members {
            self.assign(left, member, inner);
            let told = condition.and_then(|condition| {
                let value = self.eval(condition, inner);
                self.truth(&value)
            });
            if told != Some(false) {
                out.push(self.eval(body, inner));
            }
        }
        self.list(out)
    }

    /// What a loop over a value gets.
    pub(super) fn iterate(&mut self, value: &Value) -> Vec<Value> {
        match value {
            Value::Dict(dict) => {
                let entries = self.dicts.get(*dict).cloned().unwrap_or_default();
                entries.into_iter().map(|(key, _)| key).collect()
            }
            _ => self.members(value),
        }
    }

    /// `of.name`.
    pub(super) fn attribute(&mut self, of: &Value, name: &str) -> Value {
        match of {
            Value::Module(module) => {
                let dotted = self.modules.all.get(*module).map(|m| m.path.replace('/', "."));
                self.member(*module, name).unwrap_or_else(|| {
                    Value::Name(format!("{}.{name}", dotted.unwrap_or_default()).into())
                })
            }
            Value::Name(of_name) => {
                if matches!(&**of_name, "django.conf.settings" | "settings")
                    && let Some(found) = self.settings.and_then(|module| self.member(module, name))
                {
                    return found;
                }
                let value = Value::dotted(of_name, name);
                self.as_asked(value)
            }
            Value::Class(class) => self
                .class_member(*class, name)
                .map_or_else(|| Value::attr(of, name), |found| found.1),
            Value::Object(object) => self.object_attribute(*object, name),
            Value::Super(object, class) => self.super_attribute(of, *object, *class, name),
            Value::Function(at) => self
                .functions
                .get(*at)
                .and_then(|function| function.attributes.get(name).cloned())
                .unwrap_or_else(|| Value::attr(of, name)),
            Value::Request(_) => self.request_attribute(of, name),
            Value::Absent if name == "is_anonymous" => Value::Bool(true),
            Value::Absent => Value::Absent,
            // Members of enumerations.
            Value::Str(_) | Value::Int(_) if name == "value" => of.clone(),
            Value::Unknown | Value::Nothing | Value::Next => Value::Unknown,
            _ => Value::attr(of, name),
        }
    }

    fn object_attribute(&mut self, at: usize, name: &str) -> Value {
        let value = Value::Object(at);
        let Some(object) = self.objects.get(at) else { return Value::Unknown };
        if let Some(found) = object.attributes.get(name) {
            return found.clone();
        }
        let Value::Class(class) = object.callee else { return Value::attr(&value, name) };
        match self.class_member(class, name) {
            Some((_, member)) => self.bind(at, member),
            None => Value::attr(&value, name),
        }
    }

    /// A member of a class as it is seen through an object.
    fn bind(&mut self, object: usize, member: Value) -> Value {
        let Value::Function(function) = member else { return member };
        let decorators: Vec<String> = self.functions.get(function).map_or_else(Vec::new, |f| {
            f.decorators.iter().map(|(_, piece)| piece.text().to_owned()).collect()
        });
        if decorators.iter().any(|text| text == "staticmethod") {
            return Value::Function(function);
        }
        if decorators.iter().any(|text| text.ends_with("property")) {
            let arguments = Arguments::default();
            return self.call_function(function, Some(Value::Object(object)), &arguments);
        }
        Value::Bound(object, function)
    }

    fn super_attribute(&mut self, of: &Value, object: usize, class: usize, name: &str) -> Value {
        let all = match self.objects.get(object).map(|object| &object.callee) {
            Some(Value::Class(own)) => self.ancestry(*own),
            _ => self.ancestry(class),
        };
        let behind = all.iter().skip_while(|value| **value != Value::Class(class)).skip(1);
        for base in behind.cloned().collect::<Vec<_>>() {
            if let Value::Class(base) = base
                && let Some(scope) = self.classes.get(base).map(|class| class.scope)
                && let Some(member) = self.scopes.get(scope).and_then(|s| s.names.get(name))
            {
                let member = member.clone();
                return self.bind(object, member);
            }
        }
        Value::attr(of, name)
    }
}
