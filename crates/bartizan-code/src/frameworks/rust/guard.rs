//! What layers and middleware of Rust do to a caller without credentials.

use super::{
    crates::type_name,
    evaluate::Evaluator,
    refusal::Look,
    value::{Arg, Function, Value},
};
use crate::{
    guards,
    route::{Effect, Guard, Level, short},
    syntax::Piece,
};

/// Words that say of middleware that its refusals, if any, are not about credentials.
const BESIDE: &[&str] = &[
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
    "manager",
    "maybe",
    "metrics",
    "optional",
    "passthrough",
    "rate",
    "recover",
    "sensitive",
    "throttle",
    "trace",
    "tracing",
    "xsrf",
];
/// Layers of packages that only read credentials, or write them.
const HARMLESS: &[&str] = &[
    "AddAuthorizationLayer",
    "AuthManagerLayer",
    "AuthSession",
    "OidcAuthLayer",
    "PropagateHeader",
];

impl<'f> Evaluator<'_, 'f> {
    /// Calls that make a layer, in whatever framework.
    pub(super) fn layer_call(
        &mut self,
        name: &str,
        args: &[Arg<'f>],
        piece: Piece<'f>,
    ) -> Option<Value<'f>> {
        let mut parts = name.rsplit("::");
        let (last, owner) = (parts.next().unwrap_or(name), parts.next().unwrap_or_default());
        let level = Level::Group;
        let guards = match (owner, last) {
            (_, "from_fn" | "from_fn_with_state" | "from_fn_with_state_arc") => {
                let arg = args.last()?;
                match &arg.value {
                    Value::Function(function) => {
                        self.guard_of(function, arg.piece, piece, level).into_iter().collect()
                    }
                    value => self.judge(value, arg.piece, level),
                }
            }
            (_, "from_extractor" | "from_extractor_with_state") => {
                let callee = piece.field("function")?;
                let written = callee.field("type_arguments")?.children().next()?;
                let effect = self.extracted(&written)?;
                vec![Guard { name: short(written.text()), effect, level, place: piece.place() }]
            }
            ("HttpAuthentication", "bearer" | "basic" | "with_fn") => {
                vec![demand(piece, level)]
            }
            ("ServiceBuilder", "new" | "default") => Vec::new(),
            (_, "option_layer") | ("Condition", "new") => {
                let arg = args.last()?;
                self.judge(&arg.value, arg.piece, level)
            }
            _ => return None,
        };
        Some(Value::Layers(guards))
    }

    /// The guards that a value is when it is put around something, at `piece`.
    pub(super) fn judge(
        &mut self,
        value: &Value<'f>,
        piece: Piece<'f>,
        level: Level,
    ) -> Vec<Guard> {
        match value {
            Value::Layers(guards) => {
                guards.iter().map(|guard| Guard { level, ..guard.clone() }).collect()
            }
            Value::List(values) => {
                values.iter().flat_map(|value| self.judge(value, piece, level)).collect()
            }
            Value::Function(function) => {
                self.guard_of(function, piece, piece, level).into_iter().collect()
            }
            Value::Opaque(written) => self.written(*written, piece, level).into_iter().collect(),
            Value::Unknown | Value::Object(_) => {
                self.written(piece, piece, level).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The guard that a function is; `named` is how it was given.
    pub(super) fn guard_of(
        &mut self,
        function: &Function<'f>,
        named: Piece<'f>,
        at: Piece<'f>,
        level: Level,
    ) -> Option<Guard> {
        let own = function.piece.field("name").map_or_else(|| written_name(named), |n| n.text());
        if is_beside(own) {
            return None;
        }
        let extracts = self.extracting(function.piece);
        let is_named = || guards::by_name(own) == Some(Effect::Demands);
        let look = Look::new(self.crates, function.piece);
        if extracts.is_none() && !look.demands(&is_named) {
            return None;
        }
        let paths = look.exemptions();
        let guard =
            Guard { name: short(named.text()), effect: Effect::Demands, level, place: at.place() };
        if !paths.is_empty() {
            self.exemptions.push((guard.clone(), paths));
        }
        Some(guard)
    }

    /// The guard that an expression is by the types and functions in it.
    fn written(&mut self, written: Piece<'f>, at: Piece<'f>, level: Level) -> Option<Guard> {
        let (root, methods) = root(written);
        if root.is(&["macro_invocation"]) {
            let name = root.field("macro").map_or("", |name| name.text());
            let is_guard =
                name.ends_with("login_required") || name.ends_with("permission_required");
            return is_guard.then(|| demand(at, level));
        }
        let path = match root.kind() {
            "struct_expression" => root.field("name").map_or("", |name| name.text()),
            _ => root.text(),
        };
        let path = path.split('<').next().unwrap_or(path);
        if is_beside(path) || methods.iter().any(|method| is_beside(method)) {
            return None;
        }
        let mut parts = path.rsplit("::");
        let last = parts.next().unwrap_or(path);
        let of = parts.next().filter(|_| !last.starts_with(char::is_uppercase)).unwrap_or(last);
        if !self.crates.types(of).is_empty() || !self.crates.impls(of).is_empty() {
            return self.type_guard(of, at, level);
        }
        if let Some(function) = self.crates.function(path, &written) {
            let function = Function { piece: function, scope: None };
            return self.guard_of(&function, root, at, level);
        }
        if HARMLESS.iter().any(|name| path.contains(name)) {
            return None;
        }
        let is_basic = path.ends_with("RequestHeaderLayer::basic");
        (is_basic || guards::by_name(path).is_some()).then(|| demand(at, level))
    }

    /// The guard that a type of the project is, by what its services do.
    fn type_guard(&mut self, of: &'f str, at: Piece<'f>, level: Level) -> Option<Guard> {
        let mut blocks = self.crates.impls(of).to_vec();
        let mut at_block = 0;
        while let Some(block) = blocks.get(at_block).copied() {
            at_block += 1;
            if blocks.len() > 40 {
                break;
            }
            // `impl Layer for X { type Service = Y; }`: what Y does is meant.
            for inner in block.all(&["type_item", "associated_type"]) {
                let is_service = inner.field("name").is_some_and(|name| {
                    matches!(name.text(), "Service" | "Transform" | "Middleware")
                });
                if let Some(made) = inner.field("type").filter(|_| is_service) {
                    for other in self.crates.impls(type_name(&made)) {
                        if !blocks.contains(other) {
                            blocks.push(*other);
                        }
                    }
                }
            }
        }
        let is_named = || guards::by_name(of) == Some(Effect::Demands);
        let mut is_told = false;
        for block in &blocks {
            let look = Look::new(self.crates, *block);
            if !look.says_something() {
                continue;
            }
            is_told = true;
            if look.demands(&is_named) {
                let guard = demand(at, level);
                let paths = look.exemptions();
                if !paths.is_empty() {
                    self.exemptions.push((guard.clone(), paths));
                }
                return Some(guard);
            }
        }
        (!is_told && is_named()).then(|| demand(at, level))
    }
}

/// Where an expression begins, without the calls on it, and the names of these.
fn root<'f>(piece: Piece<'f>) -> (Piece<'f>, Vec<&'f str>) {
    let (mut piece, mut methods) = (piece, Vec::new());
    for _ in 0..40 {
        let inner = match piece.kind() {
            "call_expression" | "generic_function" => piece.field("function"),
            "field_expression" => {
                methods.extend(piece.field("field").map(|field| field.text()));
                piece.field("value")
            }
            "reference_expression"
            | "await_expression"
            | "try_expression"
            | "parenthesized_expression" => piece.children().last(),
            _ => None,
        };
        match inner {
            Some(inner) => piece = inner,
            None => break,
        }
    }
    (piece, methods)
}

fn written_name<'f>(piece: Piece<'f>) -> &'f str {
    let (root, _) = root(piece);
    match root.kind() {
        "closure_expression" => "closure",
        _ => root.text().rsplit("::").next().unwrap_or_default(),
    }
}

/// Whether a name says that something is about other things than credentials.
pub(super) fn is_beside(name: &str) -> bool {
    guards::words(name).iter().any(|word| BESIDE.contains(&word.as_str()))
}

fn demand(at: Piece<'_>, level: Level) -> Guard {
    Guard { name: short(at.text()), effect: Effect::Demands, level, place: at.place() }
}
