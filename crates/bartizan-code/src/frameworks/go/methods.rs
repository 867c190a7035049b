//! Methods that a plain handler of Go tells apart by itself: `switch r.Method`, or an `if` that
//! answers 405 to others.

use std::collections::HashMap;

use super::{
    evaluate::Evaluator,
    value::{Function, ScopeId, Value},
};
use crate::{
    route::{Guard, Level},
    syntax::Piece,
};

/// Methods that are told apart, with the guards of each.
pub(super) type Switched = HashMap<String, Vec<Guard>>;

impl<'f> Evaluator<'_, 'f> {
    /// The methods that a handler answers, with guards that it puts before some; none when it
    /// answers all.
    pub(super) fn switched(&mut self, handler: &Value<'f>) -> Switched {
        match handler {
            Value::Function(function) => self.switched_function(function),
            Value::Object(object) => {
                let of = self.objects.get(object.0).and_then(|object| object.of);
                match of.and_then(|of| self.packages.method(of, "ServeHTTP")) {
                    Some((piece, _)) => self.switched_function(&Function {
                        piece,
                        scope: None,
                        receiver: Some(*object),
                        origin: None,
                    }),
                    None => Switched::new(),
                }
            }
            _ => Switched::new(),
        }
    }

    /// The same without guards, in the order of names.
    pub(super) fn methods_of(&mut self, function: &Function<'f>) -> Vec<String> {
        let mut methods: Vec<_> = self.switched_function(function).into_keys().collect();
        methods.sort();
        methods
    }

    fn switched_function(&mut self, function: &Function<'f>) -> Switched {
        let Some(body) = function.piece.field("body") else { return Switched::new() };
        if !refuses_others(body.text()) {
            return Switched::new();
        }
        let scope = self.scope(function.scope);
        let receiver = function.piece.field("receiver");
        if let Some(name) = receiver
            .and_then(|list| list.child(&["parameter_declaration"]))
            .and_then(|parameter| parameter.field("name"))
        {
            let value = function.receiver.map_or(Value::Unknown, Value::Object);
            self.bind(scope, name.text(), value);
        }
        let mut out = Switched::new();
        for piece in body.all(&["expression_switch_statement", "binary_expression"]) {
            if piece.is(&["expression_switch_statement"]) {
                if !piece.field("value").is_some_and(|value| is_method(&value)) {
                    continue;
                }
                for case in piece.children().filter(|piece| piece.is(&["expression_case"])) {
                    let guards = self.called_behind(case, scope);
                    let values = case.field("value").into_iter().flat_map(|list| list.children());
                    for value in values {
                        if let Value::Text(method) = self.eval(value, scope) {
                            out.insert(method, guards.clone());
                        }
                    }
                }
            } else {
                self.compared(piece, scope, &mut out);
            }
        }
        out.retain(|method, _| {
            !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase())
        });
        out
    }

    /// `r.Method == http.MethodPost`, or `!=`.
    fn compared(&mut self, piece: Piece<'f>, scope: ScopeId, out: &mut Switched) {
        let sign = piece.field("operator").map_or("", |sign| sign.text());
        let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else { return };
        if !is_method(&left) || !matches!(sign, "==" | "!=") {
            return;
        }
        let Value::Text(method) = self.eval(right, scope) else { return };
        if method == "OPTIONS" {
            return;
        }
        let then = piece.within(&["if_statement"]).and_then(|choice| choice.field("consequence"));
        let guards = match then {
            Some(then) if sign == "==" => self.called_behind(then, scope),
            _ => Vec::new(),
        };
        out.insert(method, guards);
    }

    /// Guards around what is called in `piece`: `requireAuth(create)(w, r)`.
    fn called_behind(&mut self, piece: Piece<'f>, scope: ScopeId) -> Vec<Guard> {
        let mut out = Vec::new();
        for call in piece.all(&["call_expression"]) {
            let Some(callee) = call.field("function") else { continue };
            let made = match callee.kind() {
                "call_expression" => Some(callee),
                "selector_expression"
                    if callee.field("field").is_some_and(|name| name.text() == "ServeHTTP") =>
                {
                    callee.field("operand").filter(|operand| operand.is(&["call_expression"]))
                }
                _ => None,
            };
            if let Some(made) = made
                && let Value::Handler(handler) = self.eval(made, scope)
            {
                let guards = handler.guards.into_iter();
                out.extend(guards.map(|guard| Guard { level: Level::Route, ..guard }));
            }
        }
        out
    }
}

fn is_method(piece: &Piece<'_>) -> bool {
    piece.is(&["selector_expression"])
        && piece.field("field").is_some_and(|field| field.text() == "Method")
}

fn refuses_others(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["405", "methodnotallowed", "method not allowed", "method_not_allowed"]
        .iter()
        .any(|sign| lower.contains(sign))
}
