//! Calls of functions and classes that are in the folder.

use super::{
    expressions::CLOSURES,
    machine::{Host, Machine},
    value::{Arg, Call, FunctionId, ScopeId, Value},
};
use crate::syntax::Piece;

/// A function that calls itself is gone through so often within itself.
const MAX_REPEATED: usize = 2;

/// Callbacks given to what is unknown are gone through down to this depth of calls.
const MAX_CALLBACK_DEPTH: usize = 12;

/// Classes that extend each other are followed so far.
const MAX_HERITAGE: usize = 12;

impl<'f, H: Host<'f>> Machine<'_, 'f, H> {
    pub(super) fn call_expression(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let Some(function) = piece.field("function").or_else(|| piece.field("constructor")) else {
            return Value::Unread(piece);
        };
        let args = match piece.field("arguments") {
            Some(list) if list.is(&["arguments"]) => self.arguments(list, scope),
            _ => Vec::new(),
        };
        let first = args.first().and_then(|arg| self.text_of(&arg.value));
        match function.kind() {
            "import" => {
                return first.map_or(Value::Unread(piece), |name| self.import(piece.file, &name));
            }
            "super" => {
                self.call_super(&args, scope);
                return Value::Nothing;
            }
            "identifier"
                if function.text() == "require" && self.look_up(scope, "require").is_none() =>
            {
                return first.map_or(Value::Unread(piece), |name| self.import(piece.file, &name));
            }
            _ => {}
        }
        let callee = self.eval(function, scope);
        let this = match function.kind() {
            "member_expression" => function
                .field("object")
                .filter(|object| object.is(&["identifier", "this", "member_expression"]))
                .map(|object| self.eval(object, scope)),
            _ => None,
        };
        self.call(Call { callee, args, at: piece }, this)
    }

    /// What a call gives.
    pub(super) fn call(&mut self, call: Call<'f>, this: Option<Value<'f>>) -> Value<'f> {
        match call.callee {
            Value::Function(function) if !call.at.is(&["new_expression"]) => {
                let args = self.padded(function, &call.args, call.at);
                let value = self.invoke(function, &args, this);
                // Nothing came back: who asks may still want to know what was called.
                return if value.is_unknown() { Value::called(call) } else { value };
            }
            Value::Class(class) | Value::Function(class) => {
                return self.instance(class, &call.args);
            }
            _ => {}
        }
        if let Some(value) = H::call(self, &call) {
            return value;
        }
        if let Some(value) = self.builtin(&call) {
            return value;
        }
        // Callbacks are where applications are set up after connecting to something.
        if self.active.len() < MAX_CALLBACK_DEPTH {
            for arg in &call.args {
                if let Value::Function(function) = arg.value {
                    self.invoke(function, &[], None);
                }
            }
        }
        Value::called(call)
    }

    /// Arguments with `undefined` for those that a call in the code does not give.
    fn padded(&self, function: FunctionId, args: &[Arg<'f>], at: Piece<'f>) -> Vec<Arg<'f>> {
        let parameters = self.functions.get(function.0).and_then(|f| f.node.field("parameters"));
        let count = parameters.map_or(0, |parameters| {
            let is_rest = |parameter: &Piece<'_>| parameter.text().starts_with("...");
            parameters.children().filter(|parameter| !is_rest(parameter)).count()
        });
        let mut args = args.to_vec();
        while args.len() < count {
            args.push(Arg { value: Value::Nothing, at });
        }
        args
    }

    /// Goes through the body of a function; what it returns, as far as that is known.
    pub(super) fn invoke(
        &mut self,
        function: FunctionId,
        args: &[Arg<'f>],
        this: Option<Value<'f>>,
    ) -> Value<'f> {
        let Some(found) = self.functions.get(function.0) else { return Value::Nothing };
        let (node, outer, own) = (found.node, found.scope, found.this.clone());
        if self.active.iter().filter(|&&active| active == node).count() >= MAX_REPEATED
            || !self.enter()
        {
            return Value::Unread(node);
        }
        self.called.insert((&node.file.path, node.offset()));
        self.active.push(node);
        let scope = self.scope(Some(outer));
        if !node.is(&["arrow_function"])
            && let Some(this) = own.or(this)
        {
            self.bind(scope, "this", this);
        }
        self.parameters(node, args, scope);
        let value = match node.field("body") {
            Some(body) if body.is(&["statement_block"]) => {
                let outer = std::mem::take(&mut self.returned);
                self.block(body, scope);
                let returned = std::mem::replace(&mut self.returned, outer);
                let known = returned.iter().rev().find(|value| !value.is_unknown());
                known.or(returned.last()).cloned().unwrap_or(Value::Nothing)
            }
            Some(body) => self.eval(body, scope),
            None => Value::Nothing,
        };
        self.active.pop();
        self.leave();
        value
    }

    /// A class, with its static fields.
    pub(super) fn class(&mut self, node: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let inner = self.scope(Some(scope));
        let heritage = node.child(&["class_heritage"]).and_then(|heritage| {
            match heritage.child(&["extends_clause"]) {
                Some(clause) => clause.field("value"),
                None => {
                    heritage.children().next().filter(|child| !child.is(&["implements_clause"]))
                }
            }
        });
        if let Some(heritage) = heritage {
            let above = self.eval(heritage, scope);
            self.bind(inner, "super", above);
        }
        let class = self.function(node, inner);
        let value = Value::Class(class);
        if let Some(name) = node.field("name") {
            self.bind(inner, name.text(), value.clone());
        }
        for member in node.field("body").iter().flat_map(Piece::children) {
            if member.is(&["class_static_block"])
                && let Some(body) = member.field("body")
            {
                let block = self.scope(Some(inner));
                self.bind(block, "this", value.clone());
                self.block(body, block);
            }
            if !is_static(member) || !is_field(member) {
                continue;
            }
            if let (Some(name), Some(initial)) = (field_name(member), member.field("value")) {
                let block = self.scope(Some(inner));
                self.bind(block, "this", value.clone());
                let initial = self.eval(initial, block);
                self.set_field(&value, name, initial);
            }
        }
        value
    }

    /// The class that a class extends.
    pub(super) fn above(&self, class: FunctionId) -> Option<Value<'f>> {
        let scope = self.functions.get(class.0)?.scope;
        self.scopes.get(scope.0)?.names.get("super").cloned()
    }

    /// A new object of a class.
    pub(super) fn instance(&mut self, class: FunctionId, args: &[Arg<'f>]) -> Value<'f> {
        let instance = Value::Record(self.record(Some(class)));
        let is_class =
            self.functions.get(class.0).is_some_and(|class| class.node.field("body").is_some());
        if is_class && self.enter() {
            self.initialize(class, &instance, args, 0);
            self.leave();
        }
        instance
    }

    fn initialize(
        &mut self,
        class: FunctionId,
        instance: &Value<'f>,
        args: &[Arg<'f>],
        depth: usize,
    ) {
        let Some(found) = self.functions.get(class.0) else { return };
        let (node, scope) = (found.node, found.scope);
        if depth > MAX_HERITAGE || self.active.iter().filter(|&&a| a == node).count() > MAX_REPEATED
        {
            return;
        }
        self.called.insert((&node.file.path, node.offset()));
        if node.is(CLOSURES) || node.is(&["function_declaration"]) {
            self.invoke(class, args, Some(instance.clone()));
            return;
        }
        self.active.push(node);
        let members: Vec<Piece<'f>> = node.field("body").iter().flat_map(Piece::children).collect();
        let constructor = members
            .iter()
            .find(|member| member.field("name").is_some_and(|name| name.text() == "constructor"));
        if constructor.is_none()
            && let Some(Value::Class(above)) = self.above(class)
        {
            self.initialize(above, instance, args, depth + 1);
        }
        for member in members.iter().filter(|member| is_field(**member) && !is_static(**member)) {
            let (Some(name), Some(value)) = (field_name(*member), member.field("value")) else {
                continue;
            };
            let inner = self.scope(Some(scope));
            self.bind(inner, "this", instance.clone());
            let value = self.eval(value, inner);
            if let Value::Function(function) = value
                && let Some(function) = self.functions.get_mut(function.0)
            {
                function.name.get_or_insert(name);
            }
            self.set_field(instance, name, value);
        }
        if let Some(constructor) = constructor {
            let function = self.function(*constructor, scope);
            self.invoke(function, args, Some(instance.clone()));
        }
        self.active.pop();
    }

    fn call_super(&mut self, args: &[Arg<'f>], scope: ScopeId) {
        let this = self.look_up(scope, "this");
        if let (Some(Value::Class(above)), Some(this)) = (self.look_up(scope, "super"), this)
            && self.enter()
        {
            self.initialize(above, &this, args, 0);
            self.leave();
        }
    }

    /// A method, or what a getter gives, of an object of a class or of one above it.
    pub(super) fn inherited(
        &mut self,
        class: FunctionId,
        name: &str,
        this: &Value<'f>,
    ) -> Option<Value<'f>> {
        let mut at = class;
        for _ in 0..MAX_HERITAGE {
            let (node, scope) = self.functions.get(at.0).map(|class| (class.node, class.scope))?;
            if let Some(prototype) = self.field(&Value::Class(at), "prototype")
                && let Some(value) = self.field(&prototype, name)
            {
                return Some(self.with_this(value, this));
            }
            let method = node.field("body").iter().flat_map(Piece::children).find(|member| {
                member.is(&["method_definition"])
                    && member.field("name").is_some_and(|own| own.text() == name)
            });
            if let Some(method) = method {
                let function = self.function(method, scope);
                if let Some(function) = self.functions.get_mut(function.0) {
                    function.this = Some(this.clone());
                }
                let head = method.text().split(['(', '{']).next().unwrap_or_default();
                if head.split_whitespace().any(|word| word == "get") {
                    return Some(self.invoke(function, &[], None));
                }
                return Some(Value::Function(function));
            }
            match self.above(at) {
                Some(Value::Class(above)) => at = above,
                _ => return None,
            }
        }
        None
    }

    fn with_this(&mut self, value: Value<'f>, this: &Value<'f>) -> Value<'f> {
        let Value::Function(function) = value else { return value };
        let Some(found) = self.functions.get(function.0) else { return value };
        let (node, scope, name) = (found.node, found.scope, found.name);
        let copy = self.function(node, scope);
        if let Some(copy) = self.functions.get_mut(copy.0) {
            copy.name = name;
            copy.this = Some(this.clone());
        }
        Value::Function(copy)
    }

    /// A static member of a class or of one above it.
    pub(super) fn inherited_static(&mut self, class: FunctionId, name: &str) -> Option<Value<'f>> {
        let mut at = class;
        for _ in 0..MAX_HERITAGE {
            if let Some(value) = self.field(&Value::Class(at), name) {
                return Some(value);
            }
            let (node, scope) = self.functions.get(at.0).map(|class| (class.node, class.scope))?;
            let method = node.field("body").iter().flat_map(Piece::children).find(|member| {
                member.is(&["method_definition"])
                    && is_static(*member)
                    && member.field("name").is_some_and(|own| own.text() == name)
            });
            if let Some(method) = method {
                let function = self.function(method, scope);
                let this = Value::Class(class);
                if let Some(function) = self.functions.get_mut(function.0) {
                    function.this = Some(this);
                }
                return Some(Value::Function(function));
            }
            match self.above(at) {
                Some(Value::Class(above)) => at = above,
                _ => return None,
            }
        }
        None
    }
}

fn is_field(member: Piece<'_>) -> bool {
    member.is(&["field_definition", "public_field_definition"])
}

fn field_name(member: Piece<'_>) -> Option<&str> {
    member.field("name").or_else(|| member.field("property")).map(|name| name.text())
}

/// Whether a member is of the class and not of its objects.
fn is_static(member: Piece<'_>) -> bool {
    let name = member.field("name").or_else(|| member.field("property"));
    let head =
        name.and_then(|name| member.text().get(..name.offset().saturating_sub(member.offset())));
    head.is_some_and(|head| head.split_whitespace().any(|word| word == "static"))
}
