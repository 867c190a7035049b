//! Statements, declarations and patterns.

use super::{
    machine::{Host, Machine},
    value::{Arg, ScopeId, Value},
};
use crate::syntax::Piece;

/// A loop over a known array is gone through so often.
const MAX_ROUNDS: usize = 200;

/// Kinds of declared functions.
const FUNCTIONS: &[&str] = &["function_declaration", "generator_function_declaration"];

impl<'f, H: Host<'f>> Machine<'_, 'f, H> {
    /// Statements in their order; functions and imports are known from the
    /// beginning.
    pub(super) fn block(&mut self, block: Piece<'f>, scope: ScopeId) {
        for statement in block.children() {
            let is_exported = statement.is(&["export_statement"]);
            let declared =
                if is_exported { statement.field("declaration") } else { Some(statement) };
            let Some(declared) = declared.filter(|declared| declared.is(FUNCTIONS)) else {
                continue;
            };
            let Some(name) = declared.field("name") else { continue };
            let function = Value::Function(self.function(declared, scope));
            self.bind(scope, name.text(), function.clone());
            if is_exported && let Some(exports) = self.look_up(scope, "exports") {
                self.set_field(&exports, name.text(), function);
            }
        }
        let is_import = |statement: &Piece<'_>| statement.is(&["import_statement"]);
        for statement in block.children().filter(is_import) {
            self.statement(statement, scope);
        }
        for statement in block.children().filter(|statement| !is_import(statement)) {
            self.statement(statement, scope);
        }
    }

    pub(super) fn statement(&mut self, statement: Piece<'f>, scope: ScopeId) {
        if !self.enter() {
            return;
        }
        match statement.kind() {
            "expression_statement" => {
                for child in statement.children() {
                    self.eval(child, scope);
                }
            }
            "lexical_declaration" | "variable_declaration" => {
                for declarator in statement.children() {
                    self.declarator(declarator, scope);
                }
            }
            "class_declaration" | "abstract_class_declaration" => {
                let class = self.class(statement, scope);
                if let Some(name) = statement.field("name") {
                    self.bind(scope, name.text(), class);
                }
            }
            "import_statement" => self.import_statement(statement, scope),
            "export_statement" => self.export_statement(statement, scope),
            "return_statement" => {
                let value = statement.children().next().map(|child| self.eval(child, scope));
                if let Some(value) = value {
                    self.returned.push(value);
                }
            }
            "for_in_statement" => self.for_in(statement, scope),
            "for_statement" | "while_statement" | "do_statement" | "labeled_statement" => {
                if let Some(body) = statement.field("body") {
                    self.statement(body, scope);
                }
            }
            "enum_declaration" => self.enumeration(statement, scope),
            "statement_block" => {
                let inner = self.scope(Some(scope));
                self.block(statement, inner);
            }
            "if_statement" => self.condition(statement, scope),
            "switch_statement" | "switch_body" | "switch_case" | "switch_default"
            | "else_clause" | "finally_clause" | "try_statement" => {
                let skipped = statement.field("handler");
                for child in statement.children().filter(|child| Some(*child) != skipped) {
                    self.statement(child, scope);
                }
            }
            _ => {}
        }
        self.leave();
    }

    /// The branch that is taken, or both where the condition is not known.
    fn condition(&mut self, statement: Piece<'f>, scope: ScopeId) {
        let condition = statement.field("condition");
        let holds = condition.and_then(|condition| self.eval(condition, scope).is_true());
        for (name, other) in [("consequence", false), ("alternative", true)] {
            if holds != Some(other)
                && let Some(branch) = statement.field(name)
            {
                self.statement(branch, scope);
            }
        }
    }

    fn declarator(&mut self, declarator: Piece<'f>, scope: ScopeId) {
        let Some(name) = declarator.field("name") else { return };
        let value = match declarator.field("value") {
            Some(value) => self.eval(value, scope),
            None => Value::Nothing,
        };
        self.pattern(name, value, scope);
    }

    /// Gives the names in a pattern their parts of a value.
    pub(super) fn pattern(&mut self, pattern: Piece<'f>, value: Value<'f>, scope: ScopeId) {
        if !self.enter() {
            return;
        }
        match pattern.kind() {
            "identifier" | "shorthand_property_identifier_pattern" => {
                self.bind(scope, pattern.text(), value);
            }
            "assignment_pattern" | "object_assignment_pattern" => {
                let value = match pattern.field("right") {
                    Some(right) if self.is_open(&value) => self.eval(right, scope),
                    _ => value,
                };
                if let Some(left) = pattern.field("left") {
                    match left.kind() {
                        // The name of the field is that of the variable, taken out by the caller.
                        "shorthand_property_identifier_pattern" => {
                            self.bind(scope, left.text(), value);
                        }
                        _ => self.pattern(left, value, scope),
                    }
                }
            }
            "object_pattern" => self.object_pattern(pattern, &value, scope),
            "array_pattern" => {
                let items = self.items(&value);
                for (at, part) in pattern.children().enumerate() {
                    let item = items.get(at).map(|item| item.value.clone());
                    self.pattern(part, item.unwrap_or(Value::Unread(part)), scope);
                }
            }
            "rest_pattern" => {
                if let Some(inner) = pattern.children().next() {
                    self.pattern(inner, value, scope);
                }
            }
            _ => {}
        }
        self.leave();
    }

    fn object_pattern(&mut self, pattern: Piece<'f>, value: &Value<'f>, scope: ScopeId) {
        for part in pattern.children() {
            let (key, inner) = match part.kind() {
                "pair_pattern" => (part.field("key"), part.field("value")),
                "object_assignment_pattern" => (part.field("left"), Some(part)),
                _ => (Some(part), Some(part)),
            };
            let (Some(key), Some(inner)) = (key, inner) else { continue };
            let field = match part.kind() {
                "rest_pattern" => value.clone(),
                _ => self.member(value, super::modules::unquoted(key), key),
            };
            self.pattern(inner, field, scope);
        }
    }

    /// Whether a default takes the place of a value: it is not known, or of the environment.
    pub(super) fn is_open(&self, value: &Value<'f>) -> bool {
        match value {
            Value::Nothing | Value::Unread(_) => true,
            Value::Member(member) => self.is_open(&member.of),
            Value::Called(called) => self.is_open(&called.callee),
            _ => false,
        }
    }

    fn for_in(&mut self, statement: Piece<'f>, scope: ScopeId) {
        let (Some(left), Some(right), Some(body)) =
            (statement.field("left"), statement.field("right"), statement.field("body"))
        else {
            return;
        };
        let over = self.eval(right, scope);
        let is_in = statement.field("operator").is_some_and(|word| word.text() == "in");
        let mut values: Vec<Value<'f>> = if is_in {
            self.fields(&over).iter().map(|(name, _)| Value::text(name)).collect()
        } else {
            self.items(&over).into_iter().map(|item| item.value).collect()
        };
        if values.is_empty() && !matches!(over, Value::List(_) | Value::Record(_)) {
            values.push(Value::Unread(left));
        }
        for value in values.into_iter().take(MAX_ROUNDS) {
            let inner = self.scope(Some(scope));
            self.pattern(left, value, inner);
            self.statement(body, inner);
        }
    }

    fn enumeration(&mut self, statement: Piece<'f>, scope: ScopeId) {
        let (Some(name), Some(body)) = (statement.field("name"), statement.field("body")) else {
            return;
        };
        let record = Value::Record(self.record(None));
        self.bind(scope, name.text(), record.clone());
        for member in body.children() {
            let key = member.field("name").unwrap_or(member);
            let value = match member.field("value") {
                Some(value) => self.eval(value, scope),
                None => Value::Unread(member),
            };
            self.set_field(&record, super::modules::unquoted(key), value);
        }
    }

    /// Gives the parameters of a function their values.
    pub(super) fn parameters(&mut self, node: Piece<'f>, args: &[Arg<'f>], scope: ScopeId) {
        if let Some(only) = node.field("parameter") {
            let value = args.first().map_or(Value::Unread(only), |arg| arg.value.clone());
            return self.pattern(only, value, scope);
        }
        let Some(parameters) = node.field("parameters") else { return };
        for (at, parameter) in parameters.children().enumerate() {
            let pattern = parameter.field("pattern").unwrap_or(parameter);
            if pattern.is(&["rest_pattern"]) {
                let rest = self.list(args.iter().skip(at).cloned().collect());
                self.pattern(pattern, rest, scope);
                continue;
            }
            let mut value = args.get(at).map_or(Value::Nothing, |arg| arg.value.clone());
            if let Some(default) = parameter.field("value")
                && self.is_open(&value)
            {
                value = self.eval(default, scope);
            }
            // Who calls back gives something that is not known.
            if args.get(at).is_none() && !pattern.is(&["assignment_pattern"]) && value.is_unknown()
            {
                value = Value::Unread(parameter);
            }
            let is_field = parameter.child(&["accessibility_modifier"]).is_some()
                || parameter.text().starts_with("readonly ");
            if is_field && let Some(this) = self.look_up(scope, "this") {
                self.set_field(&this, pattern.text(), value.clone());
            }
            self.pattern(pattern, value, scope);
        }
    }
}
