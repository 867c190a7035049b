//! Calls in Go code.

use super::{
    evaluate::Evaluator,
    package::{names, receiver_type},
    text,
    value::{Arg, Call, Function, Handler, ScopeId, Value},
};
use crate::{guards, route::Level, syntax::Piece};

/// Functions of packages that give back the handler or middleware that they are given.
const PASSING: &[&str] = &[
    "AllowQuerySemicolons",
    "HandlerFunc",
    "MaxBytesHandler",
    "MiddlewareFunc",
    "TimeoutHandler",
    "WrapF",
    "WrapH",
    "WrapHandler",
    "WrapMiddleware",
];
/// Methods of the same name of different types that are followed for one call.
const MAX_KINDS: usize = 30;

impl<'f> Evaluator<'_, 'f> {
    pub(super) fn call(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let Some(mut callee) = piece.field("function") else { return Value::Unknown };
        for _ in 0..8 {
            callee = match callee.kind() {
                "parenthesized_expression" => callee.children().next().unwrap_or(callee),
                "type_instantiation_expression" => callee.field("type").unwrap_or(callee),
                _ => break,
            };
        }
        match callee.kind() {
            "selector_expression" => self.selector_call(piece, callee, scope),
            "identifier" if self.variable(scope, callee.text()).is_none() => {
                self.plain_call(piece, callee, scope)
            }
            _ => {
                let function = self.eval(callee, scope);
                let args = self.args(piece, scope);
                self.apply(function, &args, piece, scope)
            }
        }
    }

    /// Arguments of a call; a list that is spread gives one for each element.
    pub(super) fn args(&mut self, call: Piece<'f>, scope: ScopeId) -> Vec<Arg<'f>> {
        let Some(list) = call.field("arguments") else { return Vec::new() };
        let mut out = Vec::new();
        for piece in list.children() {
            let value = self.eval(piece, scope);
            match value {
                Value::List(values) if piece.is(&["variadic_argument"]) => {
                    out.extend(values.into_iter().map(|value| Arg { piece, value }));
                }
                value => out.push(Arg { piece, value }),
            }
        }
        out
    }

    /// `name(…)`: what the language has, a type, or a function of the package.
    fn plain_call(&mut self, piece: Piece<'f>, callee: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let args = self.args(piece, scope);
        match callee.text() {
            "append" => {
                let mut args = args.into_iter().map(|arg| arg.value);
                let mut values = match args.next() {
                    Some(Value::List(values)) => values,
                    _ => Vec::new(),
                };
                values.extend(args);
                return Value::List(values);
            }
            "make" => {
                let is_map = args.first().is_some_and(|arg| arg.piece.is(&["map_type"]));
                return if is_map { Value::Map(Vec::new()) } else { Value::List(Vec::new()) };
            }
            "new" => {
                return args.first().map_or(Value::Unknown, |arg| match arg.piece.kind() {
                    "identifier" => {
                        let folder = arg.piece.file.folder();
                        let package = self.packages.package(folder);
                        let name = package.and_then(|p| p.types.get_key_value(arg.piece.text()));
                        match name {
                            Some((name, _)) => Value::Object(self.object(Some((folder, *name)))),
                            None => Value::Unknown,
                        }
                    }
                    _ => self.zero(&arg.piece),
                });
            }
            "string" => return args.into_iter().next().map_or(Value::Unknown, |arg| arg.value),
            _ => {}
        }
        let folder = callee.file.folder();
        let function = self.package_value(folder, callee.text());
        let is_type =
            self.packages.package(folder).is_some_and(|p| p.types.contains_key(callee.text()));
        match function {
            Some(function) => self.apply(function, &args, piece, scope),
            None if is_type => args.into_iter().next().map_or(Value::Unknown, |arg| arg.value),
            None => self.foreign(callee.text(), &args, piece, scope),
        }
    }

    fn selector_call(&mut self, piece: Piece<'f>, callee: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(operand), Some(field)) = (callee.field("operand"), callee.field("field")) else {
            return Value::Unknown;
        };
        let name = field.text();
        if let Some(path) = self.qualifier(operand, scope) {
            return self.package_call(path, operand, name, piece, scope);
        }
        let receiver = self.eval(operand, scope);
        let args = self.args(piece, scope);
        match receiver {
            Value::Router(router) => {
                let call = Call { name, args: &args, piece };
                self.changes += 1;
                (router.dialect.call)(self, router, &call)
            }
            Value::Pending(at) => {
                let call = Call { name, args: &args, piece };
                self.changes += 1;
                super::gorilla::continued(self, at, &call)
            }
            Value::Object(object) => {
                if let Some(value) = self.field(object, name)
                    && value.is_telling()
                {
                    return self.apply(value, &args, piece, scope);
                }
                let of = self.objects.get(object.0).and_then(|object| object.of);
                if let Some((method, way)) = of.and_then(|of| self.packages.method(of, name)) {
                    let receiver = self.follow(object, &way);
                    let function = Function { piece: method, scope: None, receiver, origin: None };
                    return self.apply(Value::Function(function), &args, piece, scope);
                }
                // A router that is embedded: `type Server struct { *gin.Engine }`.
                for (embedded, _) in of.map(|of| self.packages.fields(of)).unwrap_or_default() {
                    if let Some(Value::Router(router)) = self.field(object, embedded) {
                        let call = Call { name, args: &args, piece };
                        self.changes += 1;
                        return (router.dialect.call)(self, router, &call);
                    }
                }
                self.foreign(callee.text(), &args, piece, scope)
            }
            Value::Handler(handler) => self.chain(*handler, name, &args),
            _ => self.unknown_method(callee, name, &args, piece, scope),
        }
    }

    /// `alice.New(a, b).Then(h)`: middleware that waits for a handler.
    fn chain(&mut self, mut handler: Handler<'f>, name: &str, args: &[Arg<'f>]) -> Value<'f> {
        match name {
            "Append" | "Extend" | "Use" | "With" => {
                let guards = self.guards(args, Level::Group);
                handler.guards.extend(guards);
                Value::Handler(Box::new(handler))
            }
            "Then" | "ThenFunc" | "Handler" | "HandlerFunc" | "Wrap" => match args.first() {
                Some(arg) => self.wrapped(arg.value.clone(), handler.guards),
                None => Value::Handler(Box::new(handler)),
            },
            _ => Value::Handler(Box::new(handler)),
        }
    }

    /// A handler or router behind guards.
    pub(super) fn wrapped(
        &mut self,
        inner: Value<'f>,
        guards: Vec<crate::route::Guard>,
    ) -> Value<'f> {
        match inner {
            Value::Router(router) => Value::Router(self.behind(router, guards)),
            inner => {
                let mut handler = Handler::around(inner);
                handler.guards = guards.into_iter().chain(handler.guards).collect();
                Value::Handler(Box::new(handler))
            }
        }
    }

    /// `pkg.Name(…)`.
    fn package_call(
        &mut self,
        path: &'f str,
        operand: Piece<'f>,
        name: &'f str,
        piece: Piece<'f>,
        scope: ScopeId,
    ) -> Value<'f> {
        let args = self.args(piece, scope);
        if let Some(dialect) = self.packages.dialect(operand.text(), operand.file) {
            if dialect.makers.contains(&name) {
                return Value::Router(self.new_router(dialect, true));
            }
            if dialect.globals.contains(&name) {
                let router = self.default_router(dialect);
                let call = Call { name, args: &args, piece };
                self.changes += 1;
                return (dialect.call)(self, router, &call);
            }
        }
        if name == "StripPrefix"
            && let [prefix, handler, ..] = args.as_slice()
        {
            let mut handler = Handler::around(handler.value.clone());
            let prefix = match &prefix.value {
                Value::Text(text) => text.trim_end_matches('/').to_owned(),
                _ => String::new(),
            };
            handler.strip = Some(prefix + &handler.strip.unwrap_or_default());
            return Value::Handler(Box::new(handler));
        }
        if PASSING.contains(&name) {
            return args.into_iter().next().map_or(Value::Unknown, |arg| arg.value);
        }
        if path.ends_with("justinas/alice") || path.contains("go-chi/chi") && name == "Chain" {
            let guards = self.guards(&args, Level::Group);
            let mut handler = Handler::around(Value::Unknown);
            handler.guards = guards;
            return Value::Handler(Box::new(handler));
        }
        if let Some(value) = text::call(path, name, &args) {
            return value;
        }
        let folder = self.packages.import(operand.text(), operand.file).and_then(|i| i.folder);
        if let Some(folder) = folder {
            if let Some(function) = self.package_value(folder, name) {
                return self.apply(function, &args, piece, scope);
            }
            if self.packages.package(folder).is_some_and(|p| p.types.contains_key(name)) {
                return args.into_iter().next().map_or(Value::Unknown, |arg| arg.value);
            }
        }
        let written = piece.field("function").map_or(name, |callee| callee.text());
        self.foreign(written, &args, piece, scope)
    }

    /// Calls what is known; `piece` is the call.
    pub(super) fn apply(
        &mut self,
        function: Value<'f>,
        args: &[Arg<'f>],
        piece: Piece<'f>,
        scope: ScopeId,
    ) -> Value<'f> {
        match function {
            Value::Function(function) => self.function_call(function, args, piece, scope),
            Value::Handler(handler) => match args.iter().find(|arg| is_handler(&arg.value)) {
                Some(arg) => self.wrapped(arg.value.clone(), handler.guards),
                None => Value::Handler(handler),
            },
            Value::List(functions) => {
                // Any of several: all are put around.
                let mut args = args.to_vec();
                let mut value = Value::Unknown;
                for function in functions.into_iter().take(MAX_KINDS) {
                    if !self.enter() {
                        break;
                    }
                    value = self.apply(function, &args, piece, scope);
                    self.leave();
                    if let (Some(first), true) = (args.first_mut(), value.is_telling()) {
                        first.value = value.clone();
                    }
                }
                value
            }
            Value::Opaque(written, _) => {
                let name = super::guard::callee_text(&written);
                self.foreign(name, args, piece, scope)
            }
            _ => self.foreign("", args, piece, scope),
        }
    }

    fn function_call(
        &mut self,
        function: Function<'f>,
        args: &[Arg<'f>],
        piece: Piece<'f>,
        scope: ScopeId,
    ) -> Value<'f> {
        let at = self.handler_parameter(&function);
        let inner = at.and_then(|at| args.get(at)).map(|arg| arg.value.clone());
        let gives_handler = self.gives_handler(&function);
        if gives_handler && super::guard::is_soft(&function) {
            let none = || Value::Handler(Box::new(Handler::around(Value::Unknown)));
            return inner.unwrap_or_else(none);
        }
        if gives_handler
            && let Some(guard) = self.guard_of(&function, &callee_name(&piece), piece, Level::Route)
        {
            return self.wrapped(inner.unwrap_or(Value::Unknown), vec![guard]);
        }
        let is_worth =
            self.seeds.is_worth(&function.piece) || args.iter().any(|a| is_worth(&a.value));
        let mut value =
            if is_worth { self.run(function, args) } else { Value::Opaque(piece, scope) };
        if let Value::Function(literal) = &mut value
            && literal.piece.is(&["func_literal"])
        {
            if let Some(inner) = inner.clone() {
                // A closure around a handler: `logging(h)`.
                let methods = self.methods_of(literal);
                let mut handler = Handler::around(inner.clone());
                if methods.is_empty() || matches!(inner, Value::Router(_)) {
                    return inner;
                }
                handler.methods = methods;
                return Value::Handler(Box::new(handler));
            }
            literal.origin.get_or_insert(function.piece);
        }
        match inner {
            Some(inner) if !value.is_telling() && gives_handler => {
                // `chain(h, a, b)`, where what it does with them was not seen.
                let mut guards = Vec::new();
                for arg in args.iter().filter(|arg| !matches!(arg.value, Value::Router(_))) {
                    if !same(&arg.value, &inner) {
                        guards.extend(self.judge(&arg.value, arg.piece, Level::Route));
                    }
                }
                self.wrapped(inner, guards)
            }
            _ => value,
        }
    }

    /// A method of something that is not known: followed where a router is given to it, for then
    /// it is one of the project, behind an interface.
    fn unknown_method(
        &mut self,
        callee: Piece<'f>,
        name: &'f str,
        args: &[Arg<'f>],
        piece: Piece<'f>,
        scope: ScopeId,
    ) -> Value<'f> {
        let gives_router = args.iter().any(|arg| matches!(arg.value, Value::Router(_)));
        let fits: Vec<_> = self
            .packages
            .methods(name)
            .iter()
            .filter(|method| {
                let parameters = method.field("parameters").map_or(0, |list| {
                    list.children().map(|piece| names(&piece).count().max(1)).sum()
                });
                parameters == args.len() && self.seeds.is_worth(method)
            })
            .copied()
            .collect();
        let is_clear = gives_router || fits.len() == 1;
        let mut value = Value::Unknown;
        if is_clear {
            for method in fits.into_iter().take(MAX_KINDS) {
                let receiver = match receiver_type(&method).map(|of| self.given(&of)) {
                    Some(Value::Object(object)) => Some(object),
                    _ => None,
                };
                let function = Function { piece: method, scope: None, receiver, origin: None };
                let given = self.function_call(function, args, piece, scope);
                if given.is_telling() {
                    value = given;
                }
            }
        }
        if value.is_telling() {
            return value;
        }
        self.foreign(callee.text(), args, piece, scope)
    }

    /// A function that is not in the project: one around a handler is a guard by its name.
    fn foreign(
        &mut self,
        name: &str,
        args: &[Arg<'f>],
        piece: Piece<'f>,
        scope: ScopeId,
    ) -> Value<'f> {
        // What is given to a library is called by it, as `Run` of a command.
        for arg in args {
            if let Value::Function(function) = &arg.value
                && function.piece.is(&["func_literal"])
                && function.piece.field("parameters").is_none_or(|l| l.children().next().is_none())
            {
                self.run(*function, &[]);
            }
        }
        let is_used = piece.parent().is_some_and(|parent| !parent.is(&["expression_statement"]));
        let inner = args.iter().find(|arg| {
            matches!(arg.value, Value::Function(_) | Value::Handler(_) | Value::Router(_))
        });
        match inner {
            Some(arg) if is_used => {
                let level = Level::Route;
                let guards: Vec<_> =
                    super::guard::by_words(name, piece, level).into_iter().collect();
                if guards.is_empty() && matches!(arg.value, Value::Function(_)) {
                    return Value::Opaque(piece, scope);
                }
                self.wrapped(arg.value.clone(), guards)
            }
            None if is_used && guards::asks_by_name(name) => {
                // `requireAuth(h)`, where neither of both is in the folder.
                let guard = super::guard::by_words(name, piece, Level::Route);
                match (args.last().map(|arg| &arg.value), guard) {
                    (Some(inner @ Value::Opaque(..)), Some(guard)) => {
                        self.wrapped(inner.clone(), vec![guard])
                    }
                    _ => Value::Opaque(piece, scope),
                }
            }
            _ => Value::Opaque(piece, scope),
        }
    }
}

/// Name of what is called, without what it is a member of.
fn callee_name(call: &Piece<'_>) -> String {
    let text = call.field("function").map_or("", |callee| callee.text());
    super::package::last_name(text).to_owned()
}

/// Whether a value may be a handler.
fn is_handler(value: &Value<'_>) -> bool {
    matches!(value, Value::Function(_) | Value::Handler(_) | Value::Router(_) | Value::Opaque(..))
}

/// Whether a function that is given it has something to do with routes.
fn is_worth(value: &Value<'_>) -> bool {
    match value {
        Value::Handler(_) | Value::Router(_) | Value::Function(_) => true,
        Value::List(values) => values.iter().any(is_worth),
        _ => false,
    }
}

/// Whether both are the same function.
fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Function(a), Value::Function(b)) => a.piece == b.piece,
        (Value::Opaque(a, _), Value::Opaque(b, _)) => a == b,
        (Value::Handler(a), Value::Handler(b)) => same(&a.inner, &b.inner),
        _ => false,
    }
}
