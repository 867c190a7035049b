//! Guards: whether they demand, and which metadata decides about it.

use super::{
    At,
    marks::{Marks, key_of},
};
use crate::{
    frameworks::javascript::{
        refusal::{LOGINS, code},
        value::{FunctionId, ScopeId, Value},
    },
    guards,
    syntax::Piece,
};

/// Guards that extend or hold each other are followed so far.
const MAX_DEPTH: usize = 6;

/// Key that stands for a decorator of a package that lets everybody in.
pub(super) const FREED: &str = "(freed)";
/// Key that stands for a decorator of a package that asks for credentials.
pub(super) const DEMANDED: &str = "(demanded)";

/// What a guard does.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    demands: bool,
    /// Keys of metadata that let everybody in when they are set.
    frees: Vec<String>,
    /// Keys of metadata without which everybody is let in; empty when it always demands.
    needs: Vec<String>,
}

impl Rule {
    fn always() -> Self {
        Self { demands: true, ..Self::default() }
    }

    /// Whether it demands of callers of a method with `own` marks in a class with `above`.
    pub(super) fn demands_for(&self, own: &Marks<'_>, above: &Marks<'_>) -> bool {
        let is_set = |key: &String| own.is_set(key).or_else(|| above.is_set(key)) == Some(true);
        self.demands
            && !self.frees.iter().any(is_set)
            && !is_set(&FREED.to_owned())
            && (self.needs.is_empty() || self.needs.iter().any(is_set))
    }
}

/// What a guard does, as it is given to `UseGuards`.
pub(super) fn rule<'f>(machine: &mut At<'_, 'f>, value: &Value<'f>, depth: usize) -> Rule {
    if depth > MAX_DEPTH {
        return Rule::default();
    }
    match value {
        Value::Class(class) => of_class(machine, *class, depth),
        Value::Record(_) => match machine.class_of(value) {
            Some(class) => of_class(machine, class, depth),
            None => Rule::default(),
        },
        Value::Called(called) => {
            let name = name_of(&called.callee);
            if name == "AuthGuard" {
                let first = called.args.first().map_or(Value::Nothing, |arg| arg.value.clone());
                let ways = machine.texts(&first);
                let is_login = ways.iter().any(|way| LOGINS.contains(&way.as_str()));
                return if is_login { Rule::default() } else { Rule::always() };
            }
            // `mixin(Class)` and other wrappers
            for arg in machine.flat(&called.args) {
                if matches!(arg.value, Value::Class(_) | Value::Record(_)) {
                    let inner = rule(machine, &arg.value, depth + 1);
                    if inner.demands {
                        return inner;
                    }
                }
            }
            by_name(&name)
        }
        Value::Member(_) | Value::Package(_) | Value::Unread(_) => by_name(&name_of(value)),
        _ => Rule::default(),
    }
}

fn by_name(name: &str) -> Rule {
    let plain = name.strip_suffix("Guard").unwrap_or(name);
    let words = guards::words(name);
    let is_soft = words.iter().any(|word| {
        matches!(word.as_str(), "throttler" | "throttle" | "local" | "optional" | "csrf")
    });
    if is_soft || guards::by_name(plain).is_none() { Rule::default() } else { Rule::always() }
}

fn name_of(value: &Value<'_>) -> String {
    match value {
        Value::Member(member) => member.name.clone(),
        Value::Called(called) => name_of(&called.callee),
        Value::Unread(piece) => piece.text().to_owned(),
        Value::Package(package) => package.to_string(),
        _ => String::new(),
    }
}

fn of_class<'f>(machine: &mut At<'_, 'f>, class: FunctionId, depth: usize) -> Rule {
    let Some(found) = machine.functions.get(class.0) else { return Rule::default() };
    let (node, scope) = (found.node, found.scope);
    let name = node.field("name").map_or("", |name| name.text());
    if guards::words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "optional" | "maybe" | "throttler" | "throttle" | "csrf" | "anonymous"
        )
    }) {
        return Rule::default();
    }
    let above = machine.above(class);
    let inherited = match &above {
        Some(above) => rule(machine, above, depth + 1),
        None => Rule::default(),
    };
    let method = |wanted: &str| {
        node.field("body").iter().flat_map(Piece::children).find(|member| {
            member.is(&["method_definition"])
                && member.field("name").is_some_and(|name| name.text() == wanted)
        })
    };
    // `handleRequest(err, user) { return user }` lets strangers in.
    if let Some(handle) = method("handleRequest")
        && !guards::refuses(&code(handle, None))
        && handle.all(&["throw_statement"]).next().is_none()
        && !handle.text().contains("super.handleRequest")
    {
        return Rule::default();
    }
    let Some(body) = method("canActivate") else { return inherited };
    let mut out = inherited.clone();
    out.demands = demands(machine, body, name, inherited.demands, scope);
    Conditions { class: node, body, scope }.read(machine, &mut out);
    out
}

/// Whether `canActivate` can refuse.
fn demands<'f>(
    machine: &mut At<'_, 'f>,
    body: Piece<'f>,
    name: &str,
    above: bool,
    scope: ScopeId,
) -> bool {
    let text = code(body, None);
    if guards::refuses(&text) {
        return true;
    }
    let function = machine.function(body, scope);
    if machine.function_demands(function, 1) {
        return true;
    }
    let is_open = |value: &Piece<'_>| value.text() != "true";
    let returns: Vec<Piece<'_>> = body
        .all(&["return_statement"])
        .filter_map(|statement| statement.children().next())
        .filter(is_open)
        .collect();
    if returns.is_empty() {
        return body.all(&["throw_statement"]).next().is_some() && guards::by_name(name).is_some();
    }
    let lower = text.to_lowercase();
    let asks = ["user", "auth", "token", "session", "header", "jwt", "key", "role", "permission"];
    above && body.text().contains("super.")
        || guards::by_name(name.strip_suffix("Guard").unwrap_or(name)).is_some()
        || asks.iter().any(|word| lower.contains(word))
}

/// Reads which metadata decides, from the conditions of a guard.
#[derive(Clone, Copy)]
struct Conditions<'f> {
    class: Piece<'f>,
    body: Piece<'f>,
    scope: ScopeId,
}

impl<'f> Conditions<'f> {
    fn read(self, machine: &mut At<'_, 'f>, rule: &mut Rule) {
        for branch in self.body.all(&["if_statement", "ternary_expression"]).take(40) {
            let (Some(condition), Some(then)) =
                (branch.field("condition"), branch.field("consequence"))
            else {
                continue;
            };
            let refuses = guards::refuses(&code(then, None));
            let lets_in =
                !refuses && then.all(&["true"]).next().is_some() || then.text().contains("return;");
            for (key, is_negated) in self.keys(machine, condition) {
                match (lets_in, is_negated) {
                    (true, true) => rule.needs.push(key),
                    (true, false) => rule.frees.push(key),
                    (false, false) if refuses => rule.needs.push(key),
                    (false, true) if refuses => rule.frees.push(key),
                    _ => {}
                }
            }
        }
        // `return isPublic || …`
        for returned in self.body.all(&["return_statement"]).take(40) {
            for either in returned.all(&["binary_expression"]) {
                let is_or = either.field("operator").is_some_and(|o| o.text() == "||");
                let Some(left) = either.field("left").filter(|_| is_or) else { continue };
                for (key, is_negated) in self.keys(machine, left) {
                    if is_negated { rule.needs.push(key) } else { rule.frees.push(key) }
                }
            }
        }
    }

    /// Keys of metadata that a condition asks for, and whether it asks for their absence.
    fn keys(self, machine: &mut At<'_, 'f>, condition: Piece<'f>) -> Vec<(String, bool)> {
        let mut out = Vec::new();
        for piece in condition.all(&["identifier", "call_expression"]).take(40) {
            let found: Vec<String> = match piece.kind() {
                "identifier" => {
                    let declared = self.body.all(&["variable_declarator"]).find(|declared| {
                        declared.field("name").is_some_and(|name| name.text() == piece.text())
                    });
                    match declared.and_then(|declared| declared.field("value")) {
                        Some(value) => self.keys_read_in(machine, value, true),
                        None => continue,
                    }
                }
                _ => self.keys_read_in(machine, piece, false),
            };
            let is_negated = is_negated(piece, condition);
            out.extend(found.into_iter().map(|key| (key, is_negated)));
        }
        out
    }

    /// Keys that calls of the reflector within the body read.
    fn keys_of_reads(self, machine: &mut At<'_, 'f>) -> Vec<String> {
        let is_read = |call: &Piece<'_>| {
            call.field("function").is_some_and(|f| f.text().to_lowercase().contains("reflect"))
        };
        let reads: Vec<Piece<'f>> =
            self.body.all(&["call_expression"]).filter(is_read).take(20).collect();
        reads.into_iter().flat_map(|read| self.keys_read_in(machine, read, false)).collect()
    }

    /// Keys that calls of the reflector within `piece` read, also in methods of the class.
    fn keys_read_in(
        self,
        machine: &mut At<'_, 'f>,
        piece: Piece<'f>,
        is_deep: bool,
    ) -> Vec<String> {
        let mut out = Vec::new();
        let calls: Vec<Piece<'f>> = match is_deep {
            true => piece.all(&["call_expression"]).take(10).collect(),
            false => vec![piece],
        };
        for call in calls {
            let Some(function) = call.field("function") else { continue };
            let name = function.field("property").map_or("", |name| name.text());
            if matches!(
                name,
                "get" | "getAllAndOverride" | "getAllAndMerge" | "getAll" | "getMetadata"
            ) && function.text().to_lowercase().contains("reflect")
            {
                let first = call.field("arguments").and_then(|args| args.children().next());
                if let Some(first) = first {
                    let value = machine.eval(first, self.scope);
                    out.extend(key_of(&value));
                }
                continue;
            }
            // A function of the project that reads for the guard.
            if let Some(Value::Function(helper)) = machine.look_up(self.scope, function.text())
                && let Some(helper) = machine.functions.get(helper.0)
            {
                let inner = Self { body: helper.node, scope: helper.scope, ..self };
                out.extend(inner.keys_of_reads(machine));
                continue;
            }
            let method = self.class.field("body").iter().flat_map(Piece::children).find(|member| {
                member.is(&["method_definition"])
                    && *member != self.body
                    && member.field("name").is_some_and(|own| own.text() == name)
            });
            if let Some(method) = method
                && function.text().starts_with("this.")
            {
                out.extend(Self { body: method, ..self }.keys_of_reads(machine));
            }
        }
        out
    }
}

/// Whether a condition asks for the absence of what `piece` holds.
fn is_negated(piece: Piece<'_>, condition: Piece<'_>) -> bool {
    let mut count = 0;
    let mut inner = piece;
    for around in piece.ancestors() {
        match around.kind() {
            "unary_expression" if around.text().starts_with('!') => count += 1,
            "binary_expression" => {
                let plain: String = around.text().chars().filter(|c| !c.is_whitespace()).collect();
                let operator = around.field("operator").map_or("", |operator| operator.text());
                let is_left =
                    around.field("left") == Some(inner) && matches!(operator, "==" | "===" | "<");
                let signs = ["==0", "==undefined", "==null", "==false", "<1"];
                if is_left
                    && signs.iter().any(|sign| plain.ends_with(sign))
                    && !plain.contains("!=")
                {
                    count += 1;
                }
            }
            "member_expression"
            | "parenthesized_expression"
            | "non_null_expression"
            | "await_expression" => {}
            _ => break,
        }
        if around == condition {
            break;
        }
        inner = around;
    }
    count % 2 == 1
}
