//! Goes through code in its order without running it: names, modules, functions and classes are
//! followed as far as they are written down, everything else stays unknown.
//!
//! Routers in scripts are ordinary values: they are returned, passed on, kept in fields and
//! exported. Following values is the one way to understand all of that. Both branches of a
//! condition are gone through, loops only over arrays that are known.

use std::collections::{HashMap, HashSet};

use super::{
    LANGUAGES,
    refusal::Facts,
    value::{Arg, Call, Function, FunctionId, Handle, ScopeId, Thing, ThingId, Value},
};
use crate::{
    project::Project,
    syntax::{File, Piece},
};

/// Expressions that are looked at in a project.
const MAX_STEPS: usize = 4_000_000;
/// Expressions and statements within each other, over all calls that are followed.
const MAX_DEPTH: usize = 220;
/// Objects, functions and scopes that are kept.
const MAX_KEPT: usize = 1_000_000;

/// What a framework makes of calls.
pub(super) trait Host<'f>: Sized {
    /// What a call of something outside of the code gives; `None` when it means nothing here.
    fn call(machine: &mut Machine<'_, 'f, Self>, call: &Call<'f>) -> Option<Value<'f>>;

    /// A member of something of the framework.
    fn member(_: &mut Machine<'_, 'f, Self>, _of: Handle, _name: &str) -> Option<Value<'f>> {
        None
    }

    /// What a parameter is taken for in a function that nobody is seen to call, by its name and
    /// type.
    fn offered(_: &mut Machine<'_, 'f, Self>, _name: &str, _type: &str) -> Option<Value<'f>> {
        None
    }
}

#[derive(Debug, Default)]
pub(super) struct Scope<'f> {
    pub(super) names: HashMap<&'f str, Value<'f>>,
    parent: Option<ScopeId>,
}

/// What is known while going through the code.
pub(super) struct Machine<'p, 'f, H> {
    pub(super) project: &'p Project<'f>,
    pub(super) host: H,
    pub(super) files: HashMap<&'f str, &'f File>,
    pub(super) functions: Vec<Function<'f>>,
    pub(super) things: Vec<Thing<'f>>,
    pub(super) scopes: Vec<Scope<'f>>,
    /// Modules by path: the object that has `exports`, and the scope of the file.
    pub(super) modules: HashMap<&'f str, (ThingId, ScopeId)>,
    /// Functions and classes that were called, by file and offset.
    pub(super) called: HashSet<(&'f str, usize)>,
    pub(super) active: Vec<Piece<'f>>,
    pub(super) returned: Vec<Value<'f>>,
    /// What the texts of functions say, by file and offset.
    pub(super) facts: HashMap<(&'f str, usize), Facts>,
    steps: usize,
    depth: usize,
}

impl<'p, 'f, H: Host<'f>> Machine<'p, 'f, H> {
    pub(super) fn new(project: &'p Project<'f>, host: H) -> Self {
        Self {
            project,
            host,
            files: project.files(LANGUAGES).map(|file| (file.path.as_str(), file)).collect(),
            functions: Vec::new(),
            things: Vec::new(),
            scopes: Vec::new(),
            modules: HashMap::new(),
            called: HashSet::new(),
            active: Vec::new(),
            returned: Vec::new(),
            facts: HashMap::new(),
            steps: 0,
            depth: 0,
        }
    }

    /// Goes one level down; `false` when that is too deep or there was too much already. Each
    /// success is followed by [`Self::leave`].
    pub(super) fn enter(&mut self) -> bool {
        let kept = self.functions.len() + self.things.len() + self.scopes.len();
        if self.depth >= MAX_DEPTH || self.steps >= MAX_STEPS || kept >= MAX_KEPT {
            return false;
        }
        self.depth += 1;
        self.steps += 1;
        true
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(super) fn scope(&mut self, parent: Option<ScopeId>) -> ScopeId {
        self.scopes.push(Scope { names: HashMap::new(), parent });
        ScopeId(self.scopes.len() - 1)
    }

    /// Gives `name` a value in `scope` itself.
    pub(super) fn bind(&mut self, scope: ScopeId, name: &'f str, value: Value<'f>) {
        if let Value::Function(function) | Value::Class(function) = value
            && let Some(function) = self.functions.get_mut(function.0)
        {
            function.name.get_or_insert(name);
        }
        if let Some(scope) = self.scopes.get_mut(scope.0) {
            scope.names.insert(name, value);
        }
    }

    /// Gives `name` another value where it is declared, else in `scope`.
    pub(super) fn assign(&mut self, scope: ScopeId, name: &'f str, value: Value<'f>) {
        let mut at = Some(scope);
        while let Some(id) = at {
            let Some(found) = self.scopes.get(id.0) else { break };
            if found.names.contains_key(name) {
                return self.bind(id, name, value);
            }
            at = found.parent;
        }
        self.bind(scope, name, value);
    }

    /// What `name` stands for in `scope`.
    pub(super) fn look_up(&self, scope: ScopeId, name: &str) -> Option<Value<'f>> {
        let mut at = Some(scope);
        while let Some(id) = at {
            let scope = self.scopes.get(id.0)?;
            if let Some(value) = scope.names.get(name) {
                return Some(value.clone());
            }
            at = scope.parent;
        }
        None
    }

    pub(super) fn function(&mut self, node: Piece<'f>, scope: ScopeId) -> FunctionId {
        let name = node.field("name").map(|name| name.text());
        self.functions.push(Function { node, scope, name, this: None, fields: Vec::new() });
        FunctionId(self.functions.len() - 1)
    }

    pub(super) fn list(&mut self, items: Vec<Arg<'f>>) -> Value<'f> {
        self.things.push(Thing::List(items));
        Value::List(ThingId(self.things.len() - 1))
    }

    pub(super) fn record(&mut self, class: Option<FunctionId>) -> ThingId {
        let is_open = class.is_some();
        self.things.push(Thing::Record { fields: Vec::new(), class, is_open });
        ThingId(self.things.len() - 1)
    }

    /// The elements of an array; empty for what is none.
    pub(super) fn items(&self, value: &Value<'f>) -> Vec<Arg<'f>> {
        match value {
            Value::List(id) => match self.things.get(id.0) {
                Some(Thing::List(items)) => items.clone(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Fields of an object; empty for what is none.
    pub(super) fn fields(&self, value: &Value<'f>) -> &[(String, Value<'f>)] {
        match value {
            Value::Record(id) => match self.things.get(id.0) {
                Some(Thing::Record { fields, .. }) => fields,
                _ => &[],
            },
            Value::Function(id) | Value::Class(id) => {
                self.functions.get(id.0).map_or(&[], |function| &function.fields)
            }
            _ => &[],
        }
    }

    /// A field of an object that is set there itself.
    pub(super) fn field(&self, value: &Value<'f>, name: &str) -> Option<Value<'f>> {
        self.fields(value).iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// Says that an object may have fields that are not known.
    pub(super) fn open(&mut self, record: &Value<'f>) {
        if let Value::Record(id) = record
            && let Some(Thing::Record { is_open, .. }) = self.things.get_mut(id.0)
        {
            *is_open = true;
        }
    }

    /// Whether all fields of an object are known.
    pub(super) fn is_closed(&self, value: &Value<'f>) -> bool {
        match value {
            Value::Record(id) => {
                matches!(self.things.get(id.0), Some(Thing::Record { is_open: false, .. }))
            }
            _ => false,
        }
    }

    /// The class that an object was made by.
    pub(super) fn class_of(&self, value: &Value<'f>) -> Option<FunctionId> {
        match value {
            Value::Record(id) => match self.things.get(id.0) {
                Some(Thing::Record { class, .. }) => *class,
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn set_field(&mut self, of: &Value<'f>, name: &str, value: Value<'f>) {
        let fields = match of {
            Value::Record(id) => match self.things.get_mut(id.0) {
                Some(Thing::Record { fields, .. }) => fields,
                _ => return,
            },
            Value::Function(id) | Value::Class(id) => match self.functions.get_mut(id.0) {
                Some(function) => &mut function.fields,
                None => return,
            },
            _ => return,
        };
        match fields.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value,
            None => fields.push((name.to_owned(), value)),
        }
    }

    /// Adds elements to an array.
    pub(super) fn push(&mut self, list: &Value<'f>, more: Vec<Arg<'f>>) {
        if let Value::List(id) = list
            && let Some(Thing::List(items)) = self.things.get_mut(id.0)
            && items.len() + more.len() < 10_000
        {
            items.extend(more);
        }
    }

    /// Arguments with the elements of arrays among them in their place, to some depth.
    pub(super) fn flat(&self, args: &[Arg<'f>]) -> Vec<Arg<'f>> {
        let mut open: Vec<(Arg<'f>, usize)> = args.iter().rev().map(|a| (a.clone(), 0)).collect();
        let mut out = Vec::new();
        while let Some((arg, depth)) = open.pop() {
            if matches!(arg.value, Value::List(_)) && depth < 4 {
                open.extend(self.items(&arg.value).into_iter().rev().map(|a| (a, depth + 1)));
            } else if out.len() < 1_000 {
                out.push(arg);
            }
        }
        out
    }

    /// The texts that a value is or holds.
    pub(super) fn texts(&self, value: &Value<'f>) -> Vec<String> {
        match value {
            Value::Text(text) => vec![text.to_string()],
            Value::List(_) => self
                .items(value)
                .iter()
                .filter_map(|arg| arg.value.as_text().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    }
}
