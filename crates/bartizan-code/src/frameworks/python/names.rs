//! Gives values to names: imports, assignments.

use super::{
    value::Value,
    world::{MAX_LIST, World},
};
use crate::syntax::Piece;

impl<'f> World<'f> {
    /// Sets a name. In a branch that runs where another did not, what is known stays.
    pub(super) fn set(&mut self, scope: usize, name: &'f str, value: Value) {
        let is_weak = self.weak > 0;
        let Some(scope) = self.scopes.get_mut(scope) else { return };
        let known = scope.names.get(name);
        if is_weak && known.is_some_and(|known| !matches!(known, Value::Unknown | Value::Nothing)) {
            return;
        }
        scope.names.insert(name, value);
    }

    /// What a name means in a scope; names of nothing in the project are of the language.
    pub(super) fn lookup(&mut self, name: &str, scope: usize) -> Value {
        let mut next = Some(scope);
        let mut is_first = true;
        while let Some(scope) = next.and_then(|at| self.scopes.get(at)) {
            if (is_first || scope.class.is_none())
                && let Some(value) = scope.names.get(name)
            {
                return value.clone();
            }
            is_first = false;
            next = scope.parent;
        }
        Value::Name(name.into())
    }

    /// `import a.b`, `import a.b as c`.
    pub(super) fn import_statement(&mut self, piece: Piece<'f>, scope: usize) {
        let from = self.scopes.get(scope).map_or(0, |scope| scope.module);
        for child in piece.children() {
            let (written, alias) = match child.kind() {
                "aliased_import" => (child.field("name"), child.field("alias")),
                _ => (Some(child), None),
            };
            let Some(written) = written.map(|written| written.text()) else { continue };
            let whole = self.modules.absolute(written, from);
            if let Some(module) = whole {
                self.import(module);
            }
            let first = written.split('.').next().unwrap_or(written);
            let (name, value) = match alias {
                Some(alias) => (alias.text(), (whole, written)),
                None => (first, (self.modules.absolute(first, from), first)),
            };
            let value = match value {
                (Some(module), _) => {
                    self.import(module);
                    Value::Module(module)
                }
                (None, name) => Value::Name(name.into()),
            };
            self.set(scope, name, value);
        }
    }

    /// `from a.b import c as d, e`, `from . import f`, `from g import *`.
    pub(super) fn import_from(&mut self, piece: Piece<'f>, scope: usize) {
        let Some(written) = piece.field("module_name") else { return };
        let from = self.scopes.get(scope).map_or(0, |scope| scope.module);
        let is_relative = written.is(&["relative_import"]);
        let name = written.text().trim_start_matches('.').trim();
        let dots = written.text().len() - written.text().trim_start_matches('.').len();
        let module = match is_relative {
            true => self.modules.relative(dots, name, from),
            false => self.modules.absolute(name, from),
        };
        if let Some(module) = module {
            self.import(module);
        }
        if piece.child(&["wildcard_import"]).is_some() {
            if let Some(module) = module {
                self.import_all(module, scope);
            }
            return;
        }
        for child in piece.children().filter(|child| *child != written) {
            let (what, alias) = match child.kind() {
                "aliased_import" => (child.field("name"), child.field("alias")),
                _ => (Some(child), None),
            };
            let Some(what) = what.map(|what| what.text()) else { continue };
            let alias = alias.map_or(what, |alias| alias.text());
            let found = match module {
                Some(module) => self.member(module, what),
                // At the top of what was read, `from . import x` has no package to look in.
                None if is_relative => {
                    let below =
                        if name.is_empty() { what.to_owned() } else { format!("{name}.{what}") };
                    let below = self.modules.relative(dots, &below, from);
                    below.inspect(|below| self.import(*below)).map(Value::Module)
                }
                None => Some(Value::Name(format!("{name}.{what}").into())),
            };
            if let (None, Some(module)) = (&found, module) {
                self.later(scope, alias, module, what);
            }
            self.set(scope, alias, found.unwrap_or(Value::Unknown));
        }
    }

    fn import_all(&mut self, module: usize, scope: usize) {
        let Some(from) = self.modules.all.get(module).map(|module| module.scope) else { return };
        if from == scope {
            return;
        }
        let names: Vec<_> = self.scopes.get(from).map_or_else(Vec::new, |scope| {
            scope.names.iter().map(|(name, value)| (*name, value.clone())).collect()
        });
        for (name, value) in names.into_iter().filter(|(name, _)| !name.starts_with('_')) {
            self.set(scope, name, value);
        }
    }

    /// `left = right`, also with several targets and with a type.
    pub(super) fn assignment(&mut self, piece: Piece<'f>, scope: usize) {
        let Some(left) = piece.field("left") else { return };
        let Some(right) = piece.field("right") else { return };
        let value = if right.is(&["assignment"]) {
            self.assignment(right, scope);
            right.field("left").map_or(Value::Unknown, |left| self.eval(left, scope))
        } else {
            self.eval(right, scope)
        };
        self.assign(left, value, scope);
    }

    /// `left += right`.
    pub(super) fn augmented(&mut self, piece: Piece<'f>, scope: usize) {
        let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else { return };
        let value = self.eval(left, scope);
        let more = self.eval(right, scope);
        if let Value::List(list) = value {
            self.extend(list, &more);
        } else {
            let sum = self.add(&value, &more);
            self.assign(left, sum, scope);
        }
    }

    /// Puts the members of `more` behind those of a list.
    pub(super) fn extend(&mut self, list: usize, more: &Value) {
        let more = match more {
            Value::List(_) => self.members(more),
            Value::Unknown => return,
            other => vec![Value::Splice(other.clone().into())],
        };
        if let Some(list) = self.lists.get_mut(list) {
            let room = MAX_LIST.saturating_sub(list.len());
            list.extend(more.into_iter().take(room));
        }
    }

    /// Gives a value to what is written on the left of an assignment.
    pub(super) fn assign(&mut self, left: Piece<'f>, value: Value, scope: usize) {
        match left.kind() {
            "identifier" => self.set(scope, left.text(), value),
            "attribute" => {
                let (Some(of), Some(name)) = (left.field("object"), left.field("attribute")) else {
                    return;
                };
                let of = self.eval(of, scope);
                self.set_attribute(&of, name.text(), value);
            }
            "subscript" => {
                let (Some(of), Some(key)) = (left.field("value"), left.field("subscript")) else {
                    return;
                };
                let (of, key) = (self.eval(of, scope), self.eval(key, scope));
                if let Value::Dict(dict) = of
                    && let Some(dict) = self.dicts.get_mut(dict)
                    && dict.len() < MAX_LIST
                {
                    dict.push((key, value));
                }
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list" => {
                let members = self.members(&value);
                for (at, target) in left.children().enumerate() {
                    let part = match &value {
                        Value::Absent => Value::Absent,
                        _ => members.get(at).cloned().unwrap_or(Value::Unknown),
                    };
                    self.assign(target, part, scope);
                }
            }
            _ => {}
        }
    }

    /// `of.name = value`.
    pub(super) fn set_attribute(&mut self, of: &Value, name: &str, value: Value) {
        match of {
            Value::Object(at) => {
                if let Some(object) = self.objects.get_mut(*at) {
                    object.attributes.insert(name.into(), value);
                }
            }
            Value::Function(at) => {
                if let Some(function) = self.functions.get_mut(*at) {
                    function.attributes.insert(name.into(), value);
                }
            }
            _ => {}
        }
    }
}
