//! What middleware of Go does to a caller without credentials.
//!
//! A function of the project is looked at ([`super::refusal`]); what comes from elsewhere is told
//! by its name.

use super::{
    evaluate::Evaluator,
    package::{bare, last_name, names},
    refusal::Look,
    value::{Function, Value},
};
use crate::{
    guards,
    route::{Effect, Guard, Level, short},
    syntax::Piece,
};

/// Words of names of packages that let only callers with credentials through.
const FOREIGN: &[&str] = &[
    "authenticator",
    "authorizer",
    "basicauth",
    "casbin",
    "checkjwt",
    "echojwt",
    "ginjwt",
    "jwtmiddleware",
    "jwtware",
    "keyauth",
];
/// Words that say of middleware that its refusals, if any, are not about credentials.
const BESIDE: &[&str] = &[
    "anonymous",
    "not",
    "unauthenticated",
    "cors",
    "csrf",
    "error",
    "errors",
    "guest",
    "limit",
    "limiter",
    "log",
    "logger",
    "logging",
    "maintenance",
    "maybe",
    "metrics",
    "optional",
    "rate",
    "recover",
    "recovery",
    "throttle",
    "tracing",
    "xsrf",
];

impl<'f> Evaluator<'_, 'f> {
    /// The guards that a value is when it is used as middleware, at `piece`.
    pub(super) fn judge(
        &mut self,
        value: &Value<'f>,
        piece: Piece<'f>,
        level: Level,
    ) -> Vec<Guard> {
        match value {
            Value::Function(function) => {
                self.guard_of(function, callee_text(&piece), piece, level).into_iter().collect()
            }
            Value::Handler(handler) => {
                let guards = handler.guards.iter();
                guards.map(|guard| Guard { level, ..guard.clone() }).collect()
            }
            Value::List(values) => {
                values.iter().flat_map(|value| self.judge(value, piece, level)).collect()
            }
            Value::Object(object) => {
                let of = self.objects.get(object.0).and_then(|object| object.of);
                of.and_then(|of| by_words(of.1, piece, level)).into_iter().collect()
            }
            Value::Opaque(written, scope) => {
                let name = callee_text(written);
                if let Some(guard) = self.by_methods(name, piece, level) {
                    return guard.into_iter().collect();
                }
                let mut guard = by_words(name, piece, level);
                if guard.is_none()
                    && let Some((owner, _)) = name.split_once('.')
                    && let Some(Value::Opaque(made, _)) = self.variable(*scope, owner)
                {
                    // `mw := jwt.New(…)`, then `mw.Handler`.
                    guard = by_words(callee_text(made), piece, level);
                }
                if let Some(guard) = &guard
                    && written.is(&["call_expression"])
                {
                    let args = self.args(*written, *scope);
                    for arg in args {
                        self.skipped(&arg.value, guard);
                    }
                }
                guard.into_iter().collect()
            }
            Value::Unknown => by_words(callee_text(&piece), piece, level).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// `Skipper` in the configuration of Echo's middleware: paths that it lets through.
    fn skipped(&mut self, config: &Value<'f>, guard: &Guard) {
        let Value::Object(object) = config else { return };
        let skipper = self.objects.get(object.0).and_then(|object| object.fields.get("Skipper"));
        if let Some(Value::Function(skipper)) = skipper {
            let paths = Look::new(self.packages, skipper.piece).skipped();
            if !paths.is_empty() {
                self.exemptions.push((guard.clone(), paths));
            }
        }
    }

    /// What methods of that name say, when it is not known whose it is. `None` when there are
    /// none.
    fn by_methods(&mut self, name: &str, piece: Piece<'f>, level: Level) -> Option<Option<Guard>> {
        let methods = match name.contains('.') {
            true => self.packages.methods(last_name(name)).to_vec(),
            false => Vec::new(),
        };
        if methods.is_empty() {
            return None;
        }
        for method in methods {
            let function = Function { piece: method, scope: None, receiver: None, origin: None };
            if let Some(guard) = self.guard_of(&function, name, piece, level) {
                return Some(Some(guard));
            }
        }
        Some(None)
    }

    /// The guard that a function of the project is, attached at `at`.
    pub(super) fn guard_of(
        &mut self,
        function: &Function<'f>,
        name: &str,
        at: Piece<'f>,
        level: Level,
    ) -> Option<Guard> {
        let declared = function.origin.unwrap_or(function.piece);
        let own = declared.field("name").map_or(name, |name| name.text());
        let words = guards::words(last_name(own));
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        if has(BESIDE) || has(&["redirect"]) && has(&["if"]) {
            return None;
        }
        let look = Look::new(self.packages, declared);
        let is_named = || guards::by_name(last_name(own)) == Some(Effect::Demands);
        if !look.demands(is_named) {
            return None;
        }
        let written = match at.is(&["call_expression", "identifier", "selector_expression"]) {
            true => short(at.text()),
            false => short(own),
        };
        let guard = Guard { name: written, effect: Effect::Demands, level, place: at.place() };
        let paths = look.exemptions();
        if !paths.is_empty() {
            self.exemptions.push((guard.clone(), paths));
        }
        Some(guard)
    }

    /// Whether a function gives a handler or middleware, and is not one that declares routes.
    pub(super) fn gives_handler(&self, function: &Function<'f>) -> bool {
        let Some(result) = Self::result_type(&function.piece) else { return false };
        let takes_router = function.piece.field("parameters").is_some_and(|list| {
            list.children()
                .filter_map(|parameter| parameter.field("type"))
                .any(|written| self.packages.router_type(&written).is_some())
        });
        if takes_router
            || self.packages.router_type(&result).is_some()
            || self.seeds.makes_router(&function.piece)
        {
            return false;
        }
        self.is_handler_type(&result)
    }

    /// The place among its arguments at which a function takes a handler.
    pub(super) fn handler_parameter(&self, function: &Function<'f>) -> Option<usize> {
        let list = function.piece.field("parameters")?;
        let mut at = 0;
        for parameter in list.children() {
            let written = parameter.field("type").map(bare);
            if written.is_some_and(|written| self.is_handler_type(&written)) {
                return Some(at);
            }
            at += names(&parameter).count().max(1);
        }
        None
    }

    fn is_handler_type(&self, written: &Piece<'f>) -> bool {
        let made_of = self.packages.type_name(written).and_then(|of| self.type_of_type(of));
        written.is(&["function_type"])
            || made_of.is_some_and(|made_of| made_of.is(&["function_type"]))
            || ["Handler", "HandlerFunc", "Middleware", "MiddlewareFunc"]
                .contains(&last_name(written.text()))
                && made_of.is_none_or(|made_of| made_of.is(&["interface_type"]))
    }
}

/// Whether a function says that it is for those without credentials as well.
pub(super) fn is_soft(function: &Function<'_>) -> bool {
    let name = function.piece.field("name").map_or("", |name| name.text());
    let soft = ["anonymous", "guest", "maybe", "optional"];
    guards::words(name).iter().any(|word| soft.contains(&word.as_str()))
}

/// The guard that something of another package is, by its name.
pub(super) fn by_words(name: &str, at: Piece<'_>, level: Level) -> Option<Guard> {
    // It only reads the token; the authenticator behind it refuses.
    if name.contains("jwtauth.Verif") {
        return None;
    }
    let words = guards::words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let is_guard = guards::by_name(name).is_some() || has(FOREIGN);
    if !is_guard || has(BESIDE) {
        return None;
    }
    Some(Guard { name: short(at.text()), effect: Effect::Demands, level, place: at.place() })
}

/// What is called in a call, however often its result is called again; else the text itself.
pub(super) fn callee_text<'f>(piece: &Piece<'f>) -> &'f str {
    let mut piece = *piece;
    for _ in 0..16 {
        let inner = match piece.kind() {
            "call_expression" => piece.field("function"),
            "variadic_argument" | "parenthesized_expression" => piece.children().next(),
            "unary_expression" => piece.field("operand"),
            "composite_literal" => piece.field("type"),
            "func_literal" => return "func",
            _ => None,
        };
        match inner {
            Some(inner) => piece = inner,
            None => break,
        }
    }
    // `New(x).Handler` is told by both names, not by what is given.
    let text = piece.text();
    match (text.find('('), text.rfind(')')) {
        (Some(_), Some(end)) => text.get(end + 1..).unwrap_or(text),
        _ => text,
    }
}
