//! Follows statements.

use super::{
    value::{Class, Event, Function, Value},
    world::{MAX_DEPTH, World},
};
use crate::syntax::Piece;

/// How a statement leaves off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// The next one follows.
    Next,
    /// A loop is left or begun anew.
    Break,
    /// The function is left.
    End,
}

impl<'f> World<'f> {
    /// Follows the statements of a block.
    pub(super) fn block(&mut self, block: Piece<'f>, scope: usize) -> Flow {
        if self.depth >= MAX_DEPTH {
            return Flow::Next;
        }
        self.depth += 1;
        let mut flow = Flow::Next;
        for statement in block.children() {
            if self.steps == 0 {
                break;
            }
            flow = self.statement(statement, scope);
            if flow != Flow::Next {
                break;
            }
            if std::mem::take(&mut self.has_raised) {
                flow = Flow::End;
                // Told to the caller, who ends as well.
                self.has_raised = true;
                break;
            }
        }
        self.depth -= 1;
        flow
    }

    fn statement(&mut self, piece: Piece<'f>, scope: usize) -> Flow {
        self.steps = self.steps.saturating_sub(1);
        match piece.kind() {
            "expression_statement" => {
                for child in piece.children() {
                    match child.kind() {
                        "assignment" => self.assignment(child, scope),
                        "augmented_assignment" => self.augmented(child, scope),
                        _ => {
                            self.eval(child, scope);
                        }
                    }
                }
            }
            "import_statement" => self.import_statement(piece, scope),
            "import_from_statement" => self.import_from(piece, scope),
            "function_definition" => self.define_function(piece, Vec::new(), scope),
            "class_definition" => self.define_class(piece, Vec::new(), scope),
            "decorated_definition" => self.decorated(piece, scope),
            "type_alias_statement" => {
                let mut parts = piece.children();
                if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                    let value = self.eval(value, scope);
                    self.set(scope, name.text(), value);
                }
            }
            "if_statement" => return self.if_statement(piece, scope),
            "for_statement" => return self.for_statement(piece, scope),
            "while_statement" => {
                if let Some(body) = piece.field("body") {
                    self.maybe(body, scope);
                }
            }
            "try_statement" => return self.try_statement(piece, scope),
            "with_statement" => return self.with_statement(piece, scope),
            "match_statement" => return self.match_statement(piece, scope),
            "return_statement" => return self.return_statement(piece, scope),
            "raise_statement" => {
                self.raise(piece, scope);
                return Flow::End;
            }
            "break_statement" | "continue_statement" => return Flow::Break,
            _ => {}
        }
        Flow::Next
    }

    fn return_statement(&mut self, piece: Piece<'f>, scope: usize) -> Flow {
        let value = match piece.children().next() {
            Some(value) => {
                let value_is = self.eval(value, scope);
                self.returns(value, &value_is);
                value_is
            }
            None => Value::Nothing,
        };
        if let Some(returned) = self.returned.last_mut() {
            returned.push(value);
        }
        Flow::End
    }

    /// Follows a block of which it is not known whether it runs.
    fn maybe(&mut self, block: Piece<'f>, scope: usize) -> Flow {
        let flow = self.block(block, scope);
        self.has_raised = false;
        flow
    }

    /// Follows a block that runs where another did not: it must not undo what that did.
    fn otherwise(&mut self, block: Piece<'f>, scope: usize) -> Flow {
        self.weak += 1;
        let flow = self.maybe(block, scope);
        self.weak = self.weak.saturating_sub(1);
        flow
    }

    fn if_statement(&mut self, piece: Piece<'f>, scope: usize) -> Flow {
        let mut branches = Vec::new();
        branches.push((piece.field("condition"), piece.field("consequence")));
        for clause in piece.children() {
            match clause.kind() {
                "elif_clause" => {
                    branches.push((clause.field("condition"), clause.field("consequence")));
                }
                "else_clause" => branches.push((None, clause.field("body"))),
                _ => {}
            }
        }
        let mut flows = Vec::new();
        for (condition, block) in branches {
            let told = condition.and_then(|condition| self.condition(condition, scope));
            if told == Some(false) {
                continue;
            }
            let is_last = condition.is_none() || told == Some(true);
            let is_only = is_last && flows.is_empty();
            if let Some(block) = block {
                let flow = match (is_only, flows.is_empty()) {
                    (true, _) => return self.block(block, scope),
                    (false, true) => self.maybe(block, scope),
                    (false, false) => self.otherwise(block, scope),
                };
                flows.push(flow);
            }
            if is_last {
                let is_left = flows.iter().all(|flow| *flow != Flow::Next);
                // Where modules are followed, a function goes on: what is behind may declare.
                let is_asked = self.request.is_some();
                return match is_left && is_asked {
                    true if flows.contains(&Flow::Break) => Flow::Break,
                    true => Flow::End,
                    false => Flow::Next,
                };
            }
        }
        Flow::Next
    }

    /// Whether a condition holds, where that can be told.
    fn condition(&mut self, piece: Piece<'f>, scope: usize) -> Option<bool> {
        let value = self.eval(piece, scope);
        if self.request.is_some() {
            let told = self.truth(&value);
            self.has_told |= told.is_some();
            return told;
        }
        // Settings differ from one place to another: only what a function was given is believed.
        let is_own = piece.all(&["identifier"]).all(|name| {
            let scope = self.scopes.get(scope);
            scope.is_some_and(|scope| scope.is_function && scope.names.contains_key(name.text()))
        });
        let is_plain = piece.is(&["identifier", "not_operator", "comparison_operator"])
            && piece.all(&["attribute", "call", "subscript"]).next().is_none();
        if is_own && is_plain { self.truth(&value) } else { None }
    }

    fn for_statement(&mut self, piece: Piece<'f>, scope: usize) -> Flow {
        let (Some(left), Some(right), Some(body)) =
            (piece.field("left"), piece.field("right"), piece.field("body"))
        else {
            return Flow::Next;
        };
        let over = self.eval(right, scope);
        let members = self.iterate(&over);
        let is_known = members.iter().all(|value| !matches!(value, Value::Splice(_)))
            && matches!(over, Value::List(_) | Value::Dict(_));
        if !is_known {
            self.assign(left, Value::Unknown, scope);
            self.maybe(body, scope);
            return Flow::Next;
        }
        for value in members {
            self.assign(left, value, scope);
            match self.block(body, scope) {
                Flow::End if self.request.is_some() => return Flow::End,
                _ => self.has_raised = false,
            }
            if self.steps == 0 {
                break;
            }
        }
        Flow::Next
    }

    fn try_statement(&mut self, piece: Piece<'f>, scope: usize) -> Flow {
        let mut flows = Vec::new();
        if let Some(body) = piece.field("body") {
            flows.push(self.maybe(body, scope));
        }
        // What was given back for sure needs no handler: `return self.by_action[self.action]`.
        let given = self.returned.last().and_then(|returned| returned.last());
        if self.request.is_some()
            && flows == [Flow::End]
            && matches!(given, Some(Value::List(_) | Value::Bool(_)))
        {
            return Flow::End;
        }
        let mut last = Flow::Next;
        for clause in piece.children() {
            let Some(block) = clause.child(&["block"]) else { continue };
            match clause.kind() {
                "except_clause" | "except_group_clause" => {
                    flows.push(self.otherwise(block, scope));
                }
                "else_clause" if flows.first() == Some(&Flow::Next) => {
                    let flow = self.maybe(block, scope);
                    if let Some(first) = flows.first_mut() {
                        *first = flow;
                    }
                }
                "finally_clause" => last = self.maybe(block, scope),
                _ => {}
            }
        }
        let is_left = flows.iter().all(|flow| *flow == Flow::End);
        if last == Flow::End || is_left && self.request.is_some() { Flow::End } else { Flow::Next }
    }

    fn with_statement(&mut self, piece: Piece<'f>, scope: usize) -> Flow {
        for item in piece.all(&["with_item"]).take(20).collect::<Vec<_>>() {
            let Some(value) = item.field("value") else { continue };
            if value.is(&["as_pattern"]) {
                let mut parts = value.children();
                let (what, target) = (parts.next(), parts.next());
                let what = what.map_or(Value::Unknown, |what| self.eval(what, scope));
                if let Some(name) = target.and_then(|target| target.children().next()) {
                    self.assign(name, what, scope);
                }
            } else {
                self.eval(value, scope);
            }
        }
        piece.field("body").map_or(Flow::Next, |body| self.block(body, scope))
    }

    fn match_statement(&mut self, piece: Piece<'f>, scope: usize) -> Flow {
        let subject = piece.field("subject").map(|subject| self.eval(subject, scope));
        let Some(body) = piece.field("body") else { return Flow::Next };
        for clause in body.children().filter(|clause| clause.is(&["case_clause"])) {
            let Some(block) = clause.field("consequence") else { continue };
            let texts: Vec<Value> = clause
                .children()
                .filter(|part| part.is(&["case_pattern"]))
                .flat_map(|part| part.all(&["string"]).collect::<Vec<_>>())
                .map(|text| self.eval(text, scope))
                .collect();
            let is_told = matches!(subject, Some(Value::Str(_))) && !texts.is_empty();
            if is_told && subject.as_ref().is_some_and(|subject| texts.contains(subject)) {
                return self.block(block, scope);
            }
            if !is_told {
                self.maybe(block, scope);
            }
        }
        Flow::Next
    }

    fn decorated(&mut self, piece: Piece<'f>, scope: usize) {
        let mut decorators = Vec::new();
        for child in piece.children() {
            match child.kind() {
                "decorator" => {
                    if let Some(written) = child.children().next() {
                        decorators.push((self.eval(written, scope), written));
                    }
                }
                "function_definition" => {
                    return self.define_function(child, decorators, scope);
                }
                "class_definition" => return self.define_class(child, decorators, scope),
                _ => {}
            }
        }
    }

    fn define_function(
        &mut self,
        piece: Piece<'f>,
        decorators: Vec<(Value, Piece<'f>)>,
        scope: usize,
    ) {
        let Some(name) = piece.field("name") else { return };
        let class = self.scopes.get(scope).and_then(|scope| scope.class);
        let at = self.functions.len();
        let is_decorated = !decorators.is_empty();
        // `@name.setter` and `@action.mapping.delete` go on with something of that name.
        let is_more = decorators.iter().any(|(value, _)| match value {
            Value::Attr(attr) => matches!(&*attr.1, "setter" | "deleter" | "register"),
            _ => false,
        });
        let attributes = std::collections::HashMap::new();
        self.functions.push(Function { piece, scope, decorators, class, attributes });
        if is_decorated && self.request.is_none() {
            self.log.push(Event::Decorated(at));
        }
        if !is_more {
            self.set(scope, name.text(), Value::Function(at));
        }
    }

    fn define_class(
        &mut self,
        piece: Piece<'f>,
        decorators: Vec<(Value, Piece<'f>)>,
        scope: usize,
    ) {
        let (Some(name), Some(body)) = (piece.field("name"), piece.field("body")) else { return };
        let bases = piece.field("superclasses").map_or_else(Vec::new, |list| {
            list.children()
                .filter(|base| !base.is(&["keyword_argument"]))
                .map(|base| self.eval(base, scope))
                .collect()
        });
        let at = self.classes.len();
        let inner = self.scope(scope, false);
        let is_decorated = !decorators.is_empty();
        self.classes.push(Class { piece, scope: inner, bases, decorators });
        if let Some(inner) = self.scopes.get_mut(inner) {
            inner.class = Some(at);
        }
        self.set(scope, name.text(), Value::Class(at));
        self.block(body, inner);
        if is_decorated && self.request.is_none() {
            self.log.push(Event::DecoratedClass(at));
        }
    }
}
