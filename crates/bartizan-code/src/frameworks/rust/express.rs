//! Expressions and statements of Rust code.

use super::{
    evaluate::{Evaluator, key},
    text::{inside, split, string},
    value::{Arg, Call, Function, ScopeId, Value},
};
use crate::syntax::Piece;

/// Methods that give back what they are called on, as far as matters here.
const PASSING: &[&str] = &[
    "as_mut",
    "as_ref",
    "as_str",
    "boxed",
    "build",
    "clone",
    "deref",
    "expect",
    "into",
    "into_boxed_str",
    "into_inner",
    "into_make_service",
    "into_make_service_with_connect_info",
    "iter",
    "into_iter",
    "to_owned",
    "to_string",
    "unwrap",
    "unwrap_or_default",
];

impl<'f> Evaluator<'_, 'f> {
    /// What an expression gives; statements give nothing.
    pub(super) fn eval(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        if !self.enter() {
            return Value::Unknown;
        }
        let value = self.eval_inside(piece, scope);
        self.leave();
        value
    }

    fn eval_inside(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        match piece.kind() {
            "string_literal" | "raw_string_literal" => Value::Text(string(&piece)),
            "integer_literal" => Value::Text(piece.text().to_owned()),
            "identifier" | "self" | "scoped_identifier" => self.name(piece, scope),
            "generic_function" => match piece.field("function") {
                Some(function) => self.eval(function, scope),
                None => Value::Unknown,
            },
            "call_expression" => self.call(piece, scope),
            "closure_expression" => Value::Function(Function { piece, scope: Some(scope) }),
            "reference_expression"
            | "unary_expression"
            | "await_expression"
            | "try_expression"
            | "parenthesized_expression"
            | "type_cast_expression" => {
                let inner = piece.field("value").or_else(|| piece.children().last());
                inner.map_or(Value::Unknown, |inner| self.eval(inner, scope))
            }
            "tuple_expression" | "array_expression" => {
                Value::List(piece.children().map(|piece| self.eval(piece, scope)).collect())
            }
            "block" | "async_block" | "unsafe_block" | "gen_block" | "const_block" => {
                self.block(piece, scope)
            }
            "if_expression" | "match_expression" | "match_block" | "match_arm" | "else_clause" => {
                self.choice(piece, scope)
            }
            "macro_invocation" => self.expansion(piece, scope),
            "struct_expression" => self.structure(piece, scope),
            "field_expression" => self.field(piece, scope),
            "binary_expression" => self.binary(piece, scope),
            "expression_statement"
            | "let_chain"
            | "let_condition"
            | "loop_expression"
            | "while_expression" => {
                for child in piece.children() {
                    self.eval(child, scope);
                }
                Value::Unknown
            }
            "return_expression" | "break_expression" => {
                if let Some(inner) = piece.children().next() {
                    let value = self.eval(inner, scope);
                    self.returning(value);
                }
                Value::Unknown
            }
            "let_declaration" => {
                let value = piece.field("value").map_or(Value::Unknown, |v| self.eval(v, scope));
                if let Some(pattern) = piece.field("pattern") {
                    self.bind_pattern(scope, pattern, value);
                }
                Value::Unknown
            }
            "assignment_expression" => {
                if let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) {
                    let value = self.eval(right, scope);
                    self.assign(scope, left.text(), value);
                }
                Value::Unknown
            }
            "for_expression" => self.looping(piece, scope),
            _ => Value::Opaque(piece),
        }
    }

    fn block(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let scope = self.scope(Some(scope));
        let mut value = Value::Unknown;
        for child in piece.children() {
            let is_item =
                child.kind().ends_with("_item") || child.is(&["use_declaration", "label"]);
            if !is_item {
                value = self.eval(child, scope);
            }
        }
        value
    }

    /// The first branch that tells something; all are followed.
    fn choice(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let mut value = Value::Unknown;
        for child in piece.children() {
            let is_branch = match piece.kind() {
                "match_arm" => piece.field("value") == Some(child),
                "match_expression" => child.is(&["match_block"]),
                "if_expression" => piece.field("condition") != Some(child),
                _ => true,
            };
            if is_branch {
                let branch = self.eval(child, scope);
                if !value.is_telling() {
                    value = branch;
                }
            }
        }
        value
    }

    fn looping(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let over = piece.field("value").map_or(Value::Unknown, |value| self.eval(value, scope));
        let elements = match over {
            Value::List(values) => values,
            _ => vec![Value::Unknown],
        };
        let (Some(pattern), Some(body)) = (piece.field("pattern"), piece.field("body")) else {
            return Value::Unknown;
        };
        for element in elements.into_iter().take(500) {
            let scope = self.scope(Some(scope));
            self.bind_pattern(scope, pattern, element);
            self.eval(body, scope);
        }
        Value::Unknown
    }

    fn name(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let path = piece.text();
        match self.variable(scope, path) {
            Some(Value::Unknown) => return Value::Opaque(piece),
            Some(value) => return value.clone(),
            None => {}
        }
        self.path(path, piece).unwrap_or(Value::Opaque(piece))
    }

    /// A function or constant.
    pub(super) fn path(&mut self, path: &str, at: Piece<'f>) -> Option<Value<'f>> {
        if let Some(piece) = self.crates.function(path, &at) {
            return Some(Value::Function(Function { piece, scope: None }));
        }
        let constant = self.crates.constant(path, &at)?;
        let value = constant.field("value")?;
        let scope = self.scope(None);
        Some(self.eval(value, scope))
    }

    fn structure(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let Some(body) = piece.field("body") else { return Value::Opaque(piece) };
        let mut fields = std::collections::HashMap::new();
        for field in body.children() {
            let (name, value) = match field.kind() {
                "field_initializer" => {
                    (field.field("field").or(field.field("name")), field.field("value"))
                }
                "shorthand_field_initializer" => {
                    let name = field.children().last();
                    (name, name)
                }
                _ => (None, None),
            };
            if let (Some(name), Some(value)) = (name, value) {
                let value = self.eval(value, scope);
                if value.is_telling() {
                    fields.insert(name.text(), value);
                }
            }
        }
        if fields.is_empty() { Value::Opaque(piece) } else { Value::Object(fields) }
    }

    fn field(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(value), Some(field)) = (piece.field("value"), piece.field("field")) else {
            return Value::Unknown;
        };
        match self.eval(value, scope) {
            Value::Object(mut fields) => {
                fields.remove(field.text()).unwrap_or(Value::Opaque(piece))
            }
            Value::List(values) => {
                let at = field.text().parse::<usize>().ok();
                at.and_then(|at| values.get(at).cloned()).unwrap_or(Value::Unknown)
            }
            _ => Value::Opaque(piece),
        }
    }

    fn binary(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else {
            return Value::Unknown;
        };
        match (self.eval(left, scope), self.eval(right, scope)) {
            (Value::Text(left), Value::Text(right)) => Value::Text(left + &right),
            (Value::Text(text), _) | (_, Value::Text(text)) => Value::Text(text),
            _ => Value::Unknown,
        }
    }

    // Calls.

    pub(super) fn args(&mut self, call: Piece<'f>, scope: ScopeId) -> Vec<Arg<'f>> {
        let Some(list) = call.field("arguments") else { return Vec::new() };
        let pieces = list.children().filter(|piece| !piece.is(&["attribute_item"]));
        pieces.map(|piece| Arg { piece, value: self.eval(piece, scope) }).collect()
    }

    fn call(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let Some(mut callee) = piece.field("function") else { return Value::Unknown };
        if callee.is(&["generic_function"]) {
            callee = callee.field("function").unwrap_or(callee);
        }
        match callee.kind() {
            "field_expression" => self.method_call(piece, callee, scope),
            "identifier" | "scoped_identifier" => {
                let name = callee.text();
                if let Some(Value::Function(function)) = self.variable(scope, name) {
                    let function = *function;
                    let args = self.args(piece, scope);
                    return self.run(function, None, &args);
                }
                let args = self.args(piece, scope);
                self.function_call(name, &args, piece)
            }
            _ => {
                let function = self.eval(callee, scope);
                let args = self.args(piece, scope);
                match function {
                    Value::Function(function) => self.run(function, None, &args),
                    _ => Value::Opaque(piece),
                }
            }
        }
    }

    fn function_call(&mut self, name: &str, args: &[Arg<'f>], piece: Piece<'f>) -> Value<'f> {
        if let Some(function) = self.crates.function(name, &piece) {
            let is_worth = self.worth.contains(&key(&function))
                || args.iter().any(|arg| matches!(arg.value, Value::Router(_)));
            if !is_worth {
                return Value::Opaque(piece);
            }
            let value = self.run(Function { piece: function, scope: None }, None, args);
            return if value.is_telling() { value } else { Value::Opaque(piece) };
        }
        if let Some(layers) = self.layer_call(name, args, piece) {
            return layers;
        }
        let whole = self.crates.absolute(name, &piece).join("::");
        let call = Call { name: &whole, args, piece };
        if let Some(value) = (self.dialect.function)(self, &call) {
            self.changes += 1;
            return value;
        }
        let last = name.rsplit("::").next().unwrap_or(name);
        if let ([arg], "Ok" | "Some" | "Box::new" | "Arc::new" | "String::from" | "Cow::from") =
            (args, name)
        {
            return arg.value.clone();
        }
        // What is given to a library is called by it: `HttpServer::new(|| …)`.
        let mut value = Value::Opaque(piece);
        for arg in args {
            match &arg.value {
                Value::Function(function) if function.piece.is(&["closure_expression"]) => {
                    let list = function.piece.field("parameters");
                    if list.is_none_or(|list| list.children().next().is_none()) {
                        let function = *function;
                        self.run(function, None, &[]);
                    }
                }
                // `NormalizePathLayer::trim_trailing_slash().layer(app)` and the like.
                Value::Router(router) if last == "new" => value = Value::Router(router.clone()),
                _ => {}
            }
        }
        value
    }

    fn method_call(&mut self, piece: Piece<'f>, callee: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(value), Some(field)) = (callee.field("value"), callee.field("field")) else {
            return Value::Unknown;
        };
        let receiver = self.eval(value, scope);
        let args = self.args(piece, scope);
        let name = field.text();
        let call = Call { name, args: &args, piece };
        if let (Value::Layers(guards), "layer" | "option_layer") = (&receiver, name) {
            let mut guards = guards.clone();
            for arg in &args {
                guards.extend(self.judge(&arg.value, arg.piece, crate::route::Level::Group));
            }
            return Value::Layers(guards);
        }
        if let Some(value) = (self.dialect.method)(self, receiver.clone(), &call) {
            self.changes += 1;
            return value;
        }
        if let (Value::Object(fields), true) = (&receiver, args.is_empty())
            && let Some(value) = fields.get(name)
        {
            return value.clone();
        }
        let own = match value.text() {
            "self" => self.crates.function(&format!("Self::{name}"), &piece),
            _ => None,
        };
        let method = own.or_else(|| {
            let is_worth = |method: &Piece<'f>| {
                self.worth.contains(&key(method))
                    && method
                        .field("parameters")
                        .is_some_and(|l| l.child(&["self_parameter"]).is_some())
            };
            let mut fits = self.crates.named(name).filter(is_worth);
            let one = fits.next();
            one.filter(|_| fits.next().is_none())
        });
        if let Some(method) = method
            && (self.worth.contains(&key(&method)) || matches!(receiver, Value::Router(_)))
        {
            let function = Function { piece: method, scope: None };
            let value = self.run(function, Some(receiver), &args);
            return if value.is_telling() { value } else { Value::Opaque(piece) };
        }
        match receiver {
            Value::Text(_) | Value::List(_) | Value::Layers(_) if PASSING.contains(&name) => {
                receiver
            }
            Value::Router(_) | Value::Methods(_) | Value::Function(_) | Value::Object(_) => {
                receiver
            }
            Value::Layers(_) => receiver,
            // `layer.layer(app)`: something around a router.
            _ => match args.first().map(|arg| &arg.value) {
                Some(Value::Router(router)) if name == "layer" => {
                    let (router, level) = (router.clone(), crate::route::Level::Application);
                    let guards = self.judge(&receiver, value, level);
                    Value::Router(self.behind(router, guards))
                }
                _ => Value::Opaque(piece),
            },
        }
    }

    // Macros.

    fn expansion(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let name = piece.field("macro").map_or("", |name| name.text());
        let name = name.rsplit("::").next().unwrap_or(name);
        let Some(tokens) = piece.child(&["token_tree"]) else { return Value::Unknown };
        let inner = inside(tokens.text());
        match name {
            "format" | "concat" | "formatcp" | "concatcp" | "const_format" => {
                let parts = split(inner);
                let mut parts = parts.iter().map(|part| self.token_text(part, piece, scope));
                if name.starts_with("concat") {
                    return Value::Text(parts.flatten().collect());
                }
                let form = parts.next().flatten().unwrap_or_default();
                let rest: Vec<_> = parts.map(Option::unwrap_or_default).collect();
                Value::Text(self.format(&form, &rest, piece, scope))
            }
            "vec" | "services" => {
                let values = split(inner).into_iter().map(|part| match part.strip_prefix('"') {
                    Some(_) => {
                        self.token_text(part, piece, scope).map_or(Value::Unknown, Value::Text)
                    }
                    None => self.path(part, piece).unwrap_or(Value::Unknown),
                });
                Value::List(values.collect())
            }
            _ => {
                let parts: Vec<_> = split(inner)
                    .into_iter()
                    .map(|part| Arg {
                        piece,
                        value: self.path(part, piece).unwrap_or(Value::Unknown),
                    })
                    .collect();
                let name = format!("{name}!");
                let call = Call { name: &name, args: &parts, piece };
                (self.dialect.function)(self, &call).unwrap_or(Value::Opaque(piece))
            }
        }
    }

    /// The string that a part of the arguments of a macro is.
    fn token_text(&mut self, part: &str, at: Piece<'f>, scope: ScopeId) -> Option<String> {
        let part = part.trim().trim_start_matches('&');
        if part.starts_with('"') {
            let inner = part.trim_matches('"');
            return Some(inner.to_owned());
        }
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(part.to_owned());
        }
        let value = match self.variable(scope, part) {
            Some(value) => value.clone(),
            None => self.path(part, at)?,
        };
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn format(&mut self, form: &str, args: &[String], at: Piece<'f>, scope: ScopeId) -> String {
        let (mut out, mut rest) = (String::new(), form);
        let mut args = args.iter();
        while let Some(start) = rest.find('{') {
            out.push_str(rest.get(..start).unwrap_or_default());
            let tail = rest.get(start + 1..).unwrap_or_default();
            if let Some(tail) = tail.strip_prefix('{') {
                // `{{id}}` writes a parameter.
                out.push('{');
                rest = tail;
                continue;
            }
            let Some(end) = tail.find('}') else { break };
            let name = tail.get(..end).unwrap_or_default();
            let name = name.split(':').next().unwrap_or_default();
            if name.is_empty() || name.bytes().all(|byte| byte.is_ascii_digit()) {
                out.push_str(args.next().map_or("", String::as_str));
            } else {
                out.push_str(&self.token_text(name, at, scope).unwrap_or_default());
            }
            rest = tail.get(end + 1..).unwrap_or_default();
        }
        out.push_str(rest);
        out.replace("}}", "}")
    }
}
