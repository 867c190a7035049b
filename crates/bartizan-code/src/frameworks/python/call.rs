//! Follows calls: functions and classes of the project, and what the language brings.

use super::{
    run::Flow,
    value::{Arguments, Value, tail},
    world::{MAX_DEPTH, MAX_LIST, World},
};
use crate::syntax::Piece;

impl<'f> World<'f> {
    /// What a call comes to.
    pub(super) fn call(&mut self, callee: &Value, arguments: Arguments, piece: Piece<'f>) -> Value {
        if self.request.is_some()
            && let Some(value) = self.asked_call(callee, &arguments, piece)
        {
            return value;
        }
        match callee {
            Value::Function(at) => {
                let value = self.call_function(*at, None, &arguments);
                self.wrapped(*at, &value, arguments, piece).unwrap_or(value)
            }
            Value::Bound(object, at) => {
                let this = self.this(*object, *at);
                self.call_function(*at, Some(this), &arguments)
            }
            Value::Class(class) => self.make(*class, arguments, piece),
            Value::Name(name) => {
                let name = name.clone();
                match self.builtin(&name, &arguments) {
                    Some(value) => value,
                    None => self.object(callee.clone(), arguments, piece),
                }
            }
            Value::Attr(attr) => {
                let (of, name) = (attr.0.clone(), attr.1.clone());
                if let Some(value) = self.method(&of, &name, &arguments) {
                    return value;
                }
                if let (Value::Super(object, _), "__init__") = (&of, &*name) {
                    self.made_by_base(*object, &arguments);
                    return Value::Nothing;
                }
                self.object(callee.clone(), arguments, piece)
            }
            Value::Object(at) => {
                let called = match self.objects.get(*at).map(|object| &object.callee) {
                    Some(Value::Class(class)) => self.class_member(*class, "__call__"),
                    _ => None,
                };
                match called {
                    Some((_, Value::Function(function))) => {
                        self.call_function(function, Some(callee.clone()), &arguments)
                    }
                    _ => self.object(callee.clone(), arguments, piece),
                }
            }
            // What is called belongs to no guard: the first stands for all.
            Value::Choice(ways) => match ways.first().cloned() {
                Some(way @ (Value::Function(_) | Value::Bound(..))) => {
                    self.call(&way, arguments, piece)
                }
                _ => Value::Unknown,
            },
            Value::Absent => Value::Absent,
            _ => Value::Unknown,
        }
    }

    /// What a method gets as its first argument.
    fn this(&self, object: usize, function: usize) -> Value {
        let is_of_class = self.functions.get(function).is_some_and(|function| {
            function.decorators.iter().any(|(_, piece)| piece.text() == "classmethod")
        });
        match self.objects.get(object).map(|object| &object.callee) {
            Some(class @ Value::Class(_)) if is_of_class => class.clone(),
            _ => Value::Object(object),
        }
    }

    /// A function that was handed to one that gives back another made for it: a decorator, called
    /// by hand. It is kept as such, for the frameworks ask what stands before a handler.
    fn wrapped(
        &mut self,
        function: usize,
        value: &Value,
        arguments: Arguments,
        piece: Piece<'f>,
    ) -> Option<Value> {
        let Value::Function(inner) = value else { return None };
        if self.request.is_some() {
            return None;
        }
        let outer = self.functions.get(function)?.piece;
        let inner = self.functions.get(*inner)?;
        let is_inside = std::ptr::eq(outer.file, inner.piece.file)
            && inner.piece.offset() > outer.offset()
            && inner.piece.offset() < outer.offset() + outer.text().len();
        let is_handler = matches!(
            arguments.positional.first(),
            Some(Value::Function(_) | Value::Bound(..) | Value::Object(_) | Value::Class(_))
        );
        (is_inside && is_handler).then(|| self.object(Value::Function(function), arguments, piece))
    }

    /// An instance of a class of the project.
    fn make(&mut self, class: usize, arguments: Arguments, piece: Piece<'f>) -> Value {
        let value = self.object(Value::Class(class), arguments.clone(), piece);
        let Value::Object(_) = value else { return value };
        match self.class_member(class, "__init__") {
            Some((_, Value::Function(init))) => {
                self.call_function(init, Some(value.clone()), &arguments);
            }
            _ => {
                for (name, given) in &arguments.named {
                    self.set_attribute(&value, name, given.clone());
                }
            }
        }
        value
    }

    /// `super().__init__(…)` of a class of a package: what it is given counts as given to the
    /// object.
    fn made_by_base(&mut self, object: usize, arguments: &Arguments) {
        if let Some(object) = self.objects.get_mut(object) {
            let mut all = (*object.arguments).clone();
            all.named.extend(arguments.named.iter().cloned());
            object.arguments = all.into();
        }
    }

    /// Follows a function and tells what it gives back.
    pub(super) fn call_function(
        &mut self,
        function: usize,
        this: Option<Value>,
        arguments: &Arguments,
    ) -> Value {
        let Some(found) = self.functions.get(function) else { return Value::Unknown };
        let (piece, scope) = (found.piece, found.scope);
        let Some(body) = piece.field("body") else { return Value::Unknown };
        if self.depth + 4 >= MAX_DEPTH || self.steps == 0 || !self.opens(piece) {
            return Value::Unknown;
        }
        let inner = self.scope(scope, true);
        let weak = std::mem::take(&mut self.weak);
        self.bind_parameters(piece, inner, this, arguments);
        let value = if piece.is(&["lambda"]) {
            self.eval(body, inner)
        } else {
            self.returned.push(Vec::new());
            let flow = self.block(body, inner);
            let returned = self.returned.pop().unwrap_or_default();
            // That an ended block raised is told to the caller only if nothing was given back.
            if flow != Flow::End || !returned.is_empty() {
                self.has_raised = false;
            } else if self.request.is_some() {
                self.has_raised = true;
            }
            let is_asked = self.request.is_some();
            let known = |value: &&Value| !matches!(value, Value::Unknown | Value::Nothing);
            let is_chosen = !is_asked && is_chosen(piece, &returned);
            match returned.iter().find(known) {
                // Asked about, several ways out mean that none is sure.
                Some(_) if is_asked && returned.len() > 1 => self.agree(&returned),
                Some(_) if is_chosen => Value::Choice(returned.as_slice().into()),
                Some(value) => value.clone(),
                None if returned.iter().any(|value| !value.is_known()) => Value::Unknown,
                None => Value::Nothing,
            }
        };
        self.weak = weak;
        self.open.pop();
        value
    }

    /// What all ways out of a function give back, if they do the same.
    fn agree(&self, returned: &[Value]) -> Value {
        let truths: Vec<_> = returned.iter().map(|value| self.truth(value)).collect();
        match truths.split_first() {
            Some((first, rest)) if rest.iter().all(|told| told == first) => {
                returned.last().cloned().unwrap_or(Value::Unknown)
            }
            _ => Value::Unknown,
        }
    }

    fn bind_parameters(
        &mut self,
        piece: Piece<'f>,
        inner: usize,
        this: Option<Value>,
        arguments: &Arguments,
    ) {
        let Some(parameters) = piece.field("parameters") else { return };
        let outer = self.scopes.get(inner).and_then(|scope| scope.parent).unwrap_or(0);
        let mut given = this.into_iter().chain(arguments.positional.iter().cloned());
        let mut is_named_only = false;
        for parameter in parameters.children().take(200) {
            let name = match parameter.kind() {
                "identifier" => Some(parameter),
                "typed_parameter" => parameter.children().next(),
                "default_parameter" | "typed_default_parameter" => parameter.field("name"),
                _ => Some(parameter),
            };
            let Some(name) = name else { continue };
            match name.kind() {
                "identifier" => {
                    let placed = if is_named_only { None } else { given.next() };
                    let named = || arguments.named(name.text()).cloned();
                    let value = match placed.or_else(named) {
                        Some(value) => value,
                        None => self.parameter(parameter, name.text(), outer),
                    };
                    self.set(inner, name.text(), value);
                }
                "list_splat_pattern" => {
                    is_named_only = true;
                    let rest = given.by_ref().take(MAX_LIST).collect();
                    let value = match self.request.is_some() {
                        true => Value::Unknown,
                        false => self.list(rest),
                    };
                    let name = name.text().trim_start_matches('*');
                    self.set(inner, name, value);
                }
                "dictionary_splat_pattern" => {
                    let entries: Vec<_> = arguments
                        .named
                        .iter()
                        .map(|(name, value)| (Value::Str(name.clone()), value.clone()))
                        .collect();
                    self.dicts.push(entries);
                    let value = match self.request.is_some() {
                        true => Value::Unknown,
                        false => Value::Dict(self.dicts.len() - 1),
                    };
                    self.set(inner, name.text().trim_start_matches('*'), value);
                }
                "keyword_separator" => is_named_only = true,
                _ => {}
            }
        }
    }

    /// The value of a parameter that nothing was given for.
    fn parameter(&mut self, parameter: Piece<'f>, name: &'f str, scope: usize) -> Value {
        if self.request.is_some() {
            return self.asked_parameter(parameter, name, scope);
        }
        if let Some(default) = parameter.field("value") {
            return self.eval(default, scope);
        }
        // A function that nobody calls gets an application to work with, if it asks for one.
        let is_new = self.is_new_parameter(parameter);
        match parameter.field("type").map(|of| self.eval(of, scope)) {
            Some(of @ Value::Name(_)) if is_new => {
                let made = ["FastAPI", "APIRouter", "Flask", "Blueprint", "Api", "Namespace"];
                match of.name().is_some_and(|name| made.contains(&tail(name))) {
                    true => self.object(of, Arguments::default(), parameter),
                    false => Value::Unknown,
                }
            }
            None if is_new && matches!(name, "app" | "application") => {
                let text = &parameter.file.text;
                let of = match (text.contains("fastapi"), text.contains("flask")) {
                    (true, _) => "fastapi.FastAPI",
                    (_, true) => "flask.Flask",
                    _ => return Value::Unknown,
                };
                self.object(Value::Name(of.into()), Arguments::default(), parameter)
            }
            _ => Value::Unknown,
        }
    }
}

/// Most functions that one is chosen of.
const MAX_CHOICE: usize = 8;

/// Whether a function without parameters gives back one of several functions: nothing but the settings of the
/// application tells which.
fn is_chosen(function: Piece<'_>, returned: &[Value]) -> bool {
    let takes = function.field("parameters").is_some_and(|list| list.children().next().is_some());
    let is_function = |value: &Value| matches!(value, Value::Function(_) | Value::Bound(..));
    !takes
        && (2..=MAX_CHOICE).contains(&returned.len())
        && returned.iter().all(is_function)
        && returned.iter().any(|value| Some(value) != returned.first())
}
