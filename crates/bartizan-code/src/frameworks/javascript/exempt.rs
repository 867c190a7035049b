//! For which paths a guard stands, where its body or its options leave some out.

use std::collections::BTreeMap;

use super::{
    machine::{Host, Machine},
    refusal::{Judged, code},
    value::{FunctionId, ScopeId, Value},
};
use crate::{
    guards,
    route::{Authorization, Level, Place, Route},
    syntax::Piece,
};

/// Names of what holds the path of a request.
const PATHS: &[&str] =
    &["path", "url", "originalUrl", "baseUrl", "pathname", "routerPath", "routeOptions"];

/// Paths, with the methods that they are meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exempt {
    /// `*` stands for anything.
    pub(super) pattern: String,
    /// Upper case; empty for all.
    pub(super) methods: Vec<String>,
}

/// A field of a route's configuration that decides about a guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    key: String,
    frees: Frees,
}

/// When a guard stands aside for a field of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frees {
    Set,
    Unset,
    False,
}

/// Fields of the configuration of routes that are `true` or `false`, by where they are declared.
pub(super) type Configurations = BTreeMap<Place, Vec<(String, bool)>>;

/// For what a guard stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) except: Vec<Exempt>,
    pub(super) only: Vec<Exempt>,
    pub(super) settings: Vec<Setting>,
}

/// The terms of guards.
pub(super) type Rules = Vec<Rule>;

/// The terms of a guard, known by where it is attached and its name.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    place: Place,
    name: String,
    terms: Terms,
    /// The path that it is mounted at, which the code of a guard does not see.
    base: String,
}

impl Rule {
    /// What `judged` leaves out when it stands below `base`; `None` when that is nothing.
    pub(super) fn of(judged: &Judged, base: &str) -> Option<Self> {
        (judged.terms != Terms::default()).then(|| Self {
            place: judged.guard.place.clone(),
            name: judged.guard.name.clone(),
            terms: judged.terms.clone(),
            base: base.to_owned(),
        })
    }

    fn frees(&self, route: &Route, level: Level, fields: &[(String, bool)]) -> bool {
        let below = route.path.strip_prefix(&self.base).filter(|_| !self.base.is_empty());
        self.terms.frees(route, below, level != Level::Application, fields)
    }
}

impl Exempt {
    fn fits(&self, route: &Route, below: Option<&str>, is_relative: bool) -> bool {
        if !self.methods.is_empty() && !self.methods.contains(&route.method) {
            return false;
        }
        let pattern = parameters_as_stars(&self.pattern);
        let pattern = match pattern.trim_end_matches('/') {
            "" => "/",
            other => other,
        };
        glob(pattern, &route.path)
            || below.is_some_and(|below| glob(pattern, if below.is_empty() { "/" } else { below }))
            || is_relative
                && pattern.starts_with('/')
                && pattern.len() > 1
                && glob(&format!("*{pattern}"), &route.path)
    }
}

impl Terms {
    fn frees(
        &self,
        route: &Route,
        below: Option<&str>,
        is_relative: bool,
        fields: &[(String, bool)],
    ) -> bool {
        let by_setting = |setting: &Setting| {
            let set = fields.iter().find(|(key, _)| *key == setting.key).map(|(_, is)| *is);
            match setting.frees {
                Frees::Set => set == Some(true),
                Frees::Unset => set != Some(true),
                Frees::False => set == Some(false),
            }
        };
        self.settings.iter().any(by_setting)
            || self.except.iter().any(|exempt| exempt.fits(route, below, is_relative))
            || !self.only.is_empty()
                && !self.only.iter().any(|exempt| exempt.fits(route, below, is_relative))
    }
}

/// Takes away guards from the routes that they leave out.
pub(super) fn apply(routes: &mut [Route], rules: &Rules, configured: &Configurations) {
    for route in routes {
        let fields = configured.get(&route.place).map_or(&[][..], Vec::as_slice);
        let mut guards = std::mem::take(&mut route.authorization.guards);
        guards.retain(|guard| {
            !rules.iter().any(|rule| {
                rule.place == guard.place
                    && rule.name == guard.name
                    && rule.frees(route, guard.level, fields)
            })
        });
        route.authorization = Authorization::of(guards);
    }
}

/// `:name` and `{name}` as `*`.
fn parameters_as_stars(pattern: &str) -> String {
    let segments = pattern
        .split('/')
        .map(|segment| if segment.starts_with([':', '{']) { "*" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// Whether a text fits a pattern in which `*` stands for anything.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A regular expression as a pattern with stars.
pub(super) fn of_regex(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source.strip_prefix('^').unwrap_or(source);
    if rest.len() == source.len() {
        out.push('*');
    }
    let is_whole = rest.ends_with('$');
    rest = rest.strip_suffix('$').unwrap_or(rest);
    let mut depth = 0_usize;
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped) if depth == 0 && !escaped.is_alphanumeric() => out.push(escaped),
                Some(_) if depth == 0 => out.push('*'),
                _ => {}
            },
            '(' | '[' => depth += 1,
            ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    out.push('*');
                }
            }
            _ if depth > 0 => {}
            '.' | '*' | '+' | '?' => out.push('*'),
            other => out.push(other),
        }
    }
    if !is_whole {
        out.push('*');
    }
    while out.contains("**") {
        out = out.replace("**", "*");
    }
    out
}

impl<'f, H: Host<'f>> Machine<'_, 'f, H> {
    /// What a value lists as left out: `'/login'`, `/^\/public/`, `{ url: '/x', methods: ['GET'] }`.
    pub(super) fn exempts(&self, value: &Value<'f>) -> Vec<Exempt> {
        let one = |value: &Value<'f>| -> Vec<Exempt> {
            match value {
                Value::Text(text) => {
                    vec![Exempt { pattern: text.to_string(), methods: Vec::new() }]
                }
                Value::Pattern(source) => {
                    vec![Exempt { pattern: of_regex(source), methods: Vec::new() }]
                }
                Value::Record(_) => {
                    let methods = ["methods", "method"]
                        .iter()
                        .filter_map(|name| self.field(value, name))
                        .flat_map(|methods| self.texts(&methods))
                        .map(|method| method.to_ascii_uppercase())
                        .filter(|method| method != "ALL" && method != "*")
                        .collect();
                    let pattern = ["url", "path", "route"]
                        .iter()
                        .find_map(|name| self.field(value, name))
                        .and_then(|url| match url {
                            Value::Text(text) => Some(text.to_string()),
                            Value::Pattern(source) => Some(of_regex(source)),
                            _ => None,
                        });
                    pattern.map(|pattern| Exempt { pattern, methods }).into_iter().collect()
                }
                _ => Vec::new(),
            }
        };
        match value {
            Value::List(_) => self.items(value).iter().flat_map(|item| one(&item.value)).collect(),
            // `new Set([…])`
            Value::Called(called) => {
                called.args.first().map_or_else(Vec::new, |arg| match arg.value {
                    Value::List(_) => self.exempts(&arg.value),
                    _ => Vec::new(),
                })
            }
            other => one(other),
        }
    }

    /// For what a guard stands by its body: it lets some paths through before it asks.
    pub(super) fn terms(&mut self, function: FunctionId) -> Terms {
        let mut terms = Terms::default();
        let Some(found) = self.functions.get(function.0) else { return terms };
        let (node, outer) = (found.node, found.scope);
        if !self.facts(node).has_terms {
            return terms;
        }
        let scope = self.scope(Some(outer));
        for declared in node.all(&["variable_declarator"]).take(50) {
            let is_plain = |value: &Piece<'_>| {
                value.is(&["array", "string", "new_expression", "regex", "object"])
            };
            if let (Some(name), Some(value)) =
                (declared.field("name"), declared.field("value").filter(is_plain))
            {
                let value = self.eval(value, scope);
                self.pattern(name, value, scope);
            }
        }
        for branch in node.all(&["if_statement", "ternary_expression"]).take(50) {
            let (Some(condition), Some(then)) =
                (branch.field("condition"), branch.field("consequence"))
            else {
                continue;
            };
            let passes = passes(then);
            let is_sole = !guards::refuses(&code(node, Some(branch)));
            self.settings(condition, passes, &mut terms);
            for (exempts, is_negated) in self.conditions(condition, scope) {
                match (passes, is_negated) {
                    (true, false) => terms.except.extend(exempts),
                    (false, true) if is_sole => terms.except.extend(exempts),
                    (true, true) => terms.only.extend(exempts),
                    (false, false) if is_sole => terms.only.extend(exempts),
                    _ => {}
                }
            }
        }
        terms
    }

    fn settings(&self, condition: Piece<'f>, passes: bool, terms: &mut Terms) {
        for member in condition.all(&["member_expression"]) {
            let (Some(object), Some(key)) = (member.field("object"), member.field("property"))
            else {
                continue;
            };
            let holder = object.field("property").unwrap_or(object);
            if !matches!(holder.text(), "config") {
                continue;
            }
            let around = member.parent();
            let around = around.map_or(String::new(), |around| around.text().replace(' ', ""));
            let is_denied = around.starts_with('!');
            let frees = if around.ends_with("==false") || around.ends_with("!=false") {
                Frees::False
            } else if passes != is_denied {
                Frees::Set
            } else {
                Frees::Unset
            };
            terms.settings.push(Setting { key: key.text().to_owned(), frees });
        }
    }

    /// Paths that a condition asks for, and whether it asks for the others.
    fn conditions(&mut self, condition: Piece<'f>, scope: ScopeId) -> Vec<(Vec<Exempt>, bool)> {
        let mut out = Vec::new();
        let mut methods = Vec::new();
        for piece in condition.all(&["call_expression", "binary_expression"]).take(40) {
            let is_negated = piece
                .ancestors()
                .take_while(|a| *a != condition)
                .filter(|a| a.is(&["unary_expression"]) && a.text().starts_with('!'));
            let is_negated = is_negated.count() % 2 == 1;
            let found = match piece.kind() {
                "call_expression" => self.path_call(piece, scope, &mut methods),
                _ => self.path_comparison(piece, scope, &mut methods),
            };
            if !found.is_empty() {
                let differs = piece
                    .field("operator")
                    .is_some_and(|operator| operator.text().starts_with('!'));
                out.push((found, is_negated != differs));
            }
        }
        if out.is_empty() && !methods.is_empty() {
            let is_negated = condition.text().starts_with("(!") || condition.text().contains("!=");
            methods.retain(|method| method != "OPTIONS");
            if !methods.is_empty() {
                out.push((vec![Exempt { pattern: "*".to_owned(), methods }], is_negated));
            }
        } else if condition.text().contains("&&") {
            for exempt in out.iter_mut().flat_map(|(exempts, _)| exempts) {
                exempt.methods.extend(methods.iter().cloned());
            }
        }
        out
    }

    fn path_comparison(
        &mut self,
        piece: Piece<'f>,
        scope: ScopeId,
        methods: &mut Vec<String>,
    ) -> Vec<Exempt> {
        let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else {
            return Vec::new();
        };
        let operator = piece.field("operator").map_or("", |operator| operator.text());
        if !matches!(operator, "===" | "==" | "!==" | "!=") {
            return Vec::new();
        }
        let (named, literal) = if is_path(left) || left.text().ends_with("method") {
            (left, right)
        } else {
            (right, left)
        };
        let value = self.eval(literal, scope);
        let Some(text) = value.as_text() else { return Vec::new() };
        if named.text().ends_with("method") {
            methods.push(text.to_ascii_uppercase());
            return Vec::new();
        }
        if is_path(named) { self.exempts(&value) } else { Vec::new() }
    }

    /// `open.includes(req.path)`, `req.path.startsWith('/x')`, `/x/.test(req.path)`,
    /// `open.some((path) => req.path.startsWith(path))`.
    fn path_call(
        &mut self,
        call: Piece<'f>,
        scope: ScopeId,
        methods: &mut Vec<String>,
    ) -> Vec<Exempt> {
        let (Some(function), Some(args)) = (call.field("function"), call.field("arguments")) else {
            return Vec::new();
        };
        let (Some(object), Some(method)) = (function.field("object"), function.field("property"))
        else {
            return Vec::new();
        };
        let Some(arg) = args.children().next() else { return Vec::new() };
        let around = |exempts: Vec<Exempt>, front: &str, back: &str| -> Vec<Exempt> {
            let wrap = |exempt: Exempt| Exempt {
                pattern: format!("{front}{}{back}", exempt.pattern),
                ..exempt
            };
            exempts.into_iter().map(wrap).collect()
        };
        match method.text() {
            "startsWith" | "includes" | "endsWith" | "match" | "indexOf" if is_path(object) => {
                let value = self.eval(arg, scope);
                let exempts = self.exempts(&value);
                match (method.text(), &value) {
                    ("match", _) => exempts,
                    ("startsWith" | "indexOf", _) => around(exempts, "", "*"),
                    ("endsWith", _) => around(exempts, "*", ""),
                    _ => around(exempts, "*", "*"),
                }
            }
            "includes" | "has" if arg.text().ends_with("method") => {
                let value = self.eval(object, scope);
                let named = self.exempts(&value).into_iter();
                methods.extend(named.map(|exempt| exempt.pattern.to_ascii_uppercase()));
                Vec::new()
            }
            "includes" | "has" | "test" | "indexOf" if is_path(arg) => {
                let value = self.eval(object, scope);
                self.exempts(&value)
            }
            "some" | "find" if arg.all(&["member_expression", "identifier"]).any(is_path) => {
                let value = self.eval(object, scope);
                let exempts = self.exempts(&value);
                let is_prefix = arg.text().contains("startsWith");
                if is_prefix { around(exempts, "", "*") } else { exempts }
            }
            _ => Vec::new(),
        }
    }
}

/// Whether an expression is the path of a request.
fn is_path(piece: Piece<'_>) -> bool {
    let name = match piece.kind() {
        "member_expression" => piece.field("property").map_or("", |name| name.text()),
        "identifier" => piece.text(),
        // `req.url.split('?')[0]`
        "subscript_expression" => return piece.field("object").is_some_and(is_path),
        "call_expression" => {
            let function = piece.field("function").and_then(|f| f.field("object"));
            return function.is_some_and(is_path);
        }
        _ => return false,
    };
    PATHS.contains(&name)
}

/// Whether a condition of a function asks for something that terms are made of.
pub(super) fn may_have_terms(node: Piece<'_>) -> bool {
    node.all(&["if_statement", "ternary_expression"]).any(|branch| {
        branch.field("condition").is_some_and(|condition| {
            let text = condition.text();
            text.contains("config")
                || text.contains("method")
                || PATHS.iter().any(|name| text.contains(name))
        })
    })
}

/// Whether a branch goes on without asking anybody.
fn passes(branch: Piece<'_>) -> bool {
    let is_next = |call: &Piece<'_>| {
        call.field("function").is_some_and(|function| matches!(function.text(), "next" | "done"))
    };
    let is_log = |call: &Piece<'_>| call.text().contains("log");
    let calls: Vec<_> = branch.all(&["call_expression"]).collect();
    !guards::refuses(&code(branch, None))
        && calls.iter().all(|call| is_next(call) || is_log(call))
        && (calls.iter().any(is_next) || branch.all(&["return_statement"]).next().is_some())
}
