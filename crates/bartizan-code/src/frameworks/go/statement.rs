//! Statements of Go code.

use super::{
    evaluate::Evaluator,
    package::names,
    value::{ScopeId, Value},
};
use crate::syntax::Piece;

impl<'f> Evaluator<'_, 'f> {
    pub(super) fn statement(&mut self, piece: Piece<'f>, scope: ScopeId) {
        if self.enter() {
            self.statement_inside(piece, scope);
            self.leave();
        }
    }

    fn statement_inside(&mut self, piece: Piece<'f>, scope: ScopeId) {
        match piece.kind() {
            "block"
            | "if_statement"
            | "expression_switch_statement"
            | "type_switch_statement"
            | "select_statement"
            | "expression_case"
            | "default_case"
            | "communication_case"
            | "type_case" => {
                let scope = self.scope(Some(scope));
                for child in piece.children() {
                    self.statement(child, scope);
                }
            }
            "short_var_declaration" | "assignment_statement" => self.assignment(piece, scope),
            "var_declaration" | "const_declaration" => {
                for spec in piece.all(&["var_spec", "const_spec"]) {
                    self.specification(spec, scope);
                }
            }
            "return_statement" => self.returning(piece, scope),
            "for_statement" => self.looping(piece, scope),
            "function_declaration" | "method_declaration" | "type_declaration" => {}
            "statement_list"
            | "expression_statement"
            | "go_statement"
            | "defer_statement"
            | "labeled_statement"
            | "expression_list" => {
                for child in piece.children() {
                    self.statement(child, scope);
                }
            }
            _ => {
                self.eval(piece, scope);
            }
        }
    }

    fn returning(&mut self, piece: Piece<'f>, scope: ScopeId) {
        let mut values: Vec<_> = piece
            .children()
            .flat_map(|list| match list.is(&["expression_list"]) {
                true => list.children().collect::<Vec<_>>(),
                false => vec![list],
            })
            .map(|value| self.eval(value, scope))
            .collect();
        if values.is_empty() {
            // Named results: `func f() (r chi.Router) { …; return }`.
            let result = self.frames.last().and_then(|frame| frame.result);
            for parameter in result.iter().flat_map(|list| list.children()) {
                for name in names(&parameter) {
                    values.extend(self.variable(scope, name.text()).cloned());
                }
            }
        }
        let value = match values.len() {
            0 => return,
            1 => values.swap_remove(0),
            _ => Value::Tuple(values),
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.returned.push(value);
        }
    }

    fn specification(&mut self, spec: Piece<'f>, scope: ScopeId) {
        let values: Vec<_> = match spec.field("value") {
            Some(list) => list.children().map(|value| self.eval(value, scope)).collect(),
            None => Vec::new(),
        };
        let names: Vec<_> = names(&spec).collect();
        let values = spread(values, names.len());
        for (at, name) in names.into_iter().enumerate() {
            let value = match (values.get(at), spec.field("type")) {
                (Some(value), _) => value.clone(),
                (None, Some(written)) => self.zero(&written),
                _ => Value::Unknown,
            };
            self.bind(scope, name.text(), value);
        }
    }

    fn assignment(&mut self, piece: Piece<'f>, scope: ScopeId) {
        let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else { return };
        let values: Vec<_> = right.children().map(|value| self.eval(value, scope)).collect();
        let names: Vec<_> = left.children().collect();
        let values = spread(values, names.len());
        let is_new = piece.is(&["short_var_declaration"]);
        let is_adding = piece.field("operator").is_some_and(|operator| operator.text() == "+=");
        for (at, name) in names.into_iter().enumerate() {
            let mut value = values.get(at).cloned().unwrap_or(Value::Unknown);
            if is_adding
                && let Value::Text(front) = self.eval(name, scope)
                && let Value::Text(back) = &value
            {
                value = Value::Text(front + back);
            }
            self.store(name, value, is_new, scope);
        }
    }

    fn store(&mut self, to: Piece<'f>, value: Value<'f>, is_new: bool, scope: ScopeId) {
        match to.kind() {
            "identifier" if is_new => self.bind(scope, to.text(), value),
            "identifier" => self.assign(scope, to, value),
            "selector_expression" => {
                let (Some(operand), Some(field)) = (to.field("operand"), to.field("field")) else {
                    return;
                };
                if let Value::Object(object) = self.eval(operand, scope)
                    && let Some(object) = self.objects.get_mut(object.0)
                {
                    object.fields.insert(field.text(), value);
                }
            }
            "index_expression" => {
                let (Some(operand), Some(index)) = (to.field("operand"), to.field("index")) else {
                    return;
                };
                let index = self.eval(index, scope);
                if let Value::Map(mut pairs) = self.eval(operand, scope) {
                    pairs.push((index, value));
                    self.store(operand, Value::Map(pairs), false, scope);
                }
            }
            _ => {}
        }
    }

    fn looping(&mut self, piece: Piece<'f>, scope: ScopeId) {
        let Some(body) = piece.field("body") else { return };
        let Some(range) = piece.child(&["range_clause"]) else {
            let scope = self.scope(Some(scope));
            if let Some(clause) = piece.child(&["for_clause"])
                && let Some(first) = clause.field("initializer")
            {
                self.statement(first, scope);
            }
            return self.statement(body, scope);
        };
        let over = range.field("right").map_or(Value::Unknown, |right| self.eval(right, scope));
        let names: Vec<_> =
            range.field("left").map(|left| left.children().collect()).unwrap_or_default();
        let elements = match over {
            Value::List(values) => {
                values.into_iter().map(|value| (Value::Unknown, value)).collect()
            }
            Value::Map(pairs) => pairs,
            _ => vec![(Value::Unknown, Value::Unknown)],
        };
        for (index, element) in elements {
            let scope = self.scope(Some(scope));
            for (name, value) in names.iter().zip([index, element]) {
                self.store(*name, value, true, scope);
            }
            self.statement(body, scope);
        }
    }
}

/// Values for so many names: those of a tuple, when it is one.
fn spread(mut values: Vec<Value<'_>>, names: usize) -> Vec<Value<'_>> {
    if names > 1 && values.len() == 1 {
        match values.pop() {
            Some(Value::Tuple(inner)) => return inner,
            Some(value) => values.push(value),
            None => {}
        }
    }
    values
}
