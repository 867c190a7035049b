//! Calls of methods of the project, and objects that keep routers.

use super::{
    run::{Names, Run, Value, has_default, router_parameter},
    types::{
        arguments, has_modifier, holder, name_of, parameter_name, parameters, type_arguments, value,
    },
};
use crate::{
    frameworks::calls::{callee, receiver},
    syntax::Piece,
};

impl<'f> Run<'_, '_, 'f> {
    /// `this._group`, and `group.GetType().Name`.
    pub(super) fn member(
        &mut self,
        of: &Piece<'f>,
        names: &mut Names<'f>,
        depth: usize,
    ) -> Value<'f> {
        let text = of.text();
        if let Some(value) = names.get(text).or_else(|| names.get(text.strip_prefix("this.")?)) {
            return value.clone();
        }
        let is_name = of.field("name").is_some_and(|it| it.text() == "Name");
        if let (true, Some(on)) = (is_name, of.field("expression"))
            && on.is(&["invocation_expression"])
            && let Value::Texts(texts) = self.value(&on, names, depth + 1)
        {
            return Value::Texts(texts);
        }
        self.unnamed(of, names)
    }

    /// A new object; one that is given a router keeps it.
    pub(super) fn made(
        &mut self,
        of: &Piece<'f>,
        names: &mut Names<'f>,
        depth: usize,
    ) -> Value<'f> {
        let name = of.field("type").map(|it| it.text()).unwrap_or_default();
        let Some(class) = self.sharp.types_named(name, of.file).into_iter().next() else {
            return self.unnamed(of, names);
        };
        let given: Vec<Value<'f>> = arguments(of)
            .iter()
            .take(20)
            .map(|it| self.value(&value(it), names, depth + 1))
            .collect();
        if given.iter().any(|it| matches!(it, Value::Node(_))) {
            let body = class.field("body");
            let constructors = body.iter().flat_map(Piece::children);
            let constructor = constructors
                .filter(|it| it.is(&["constructor_declaration"]))
                .find(|it| parameters(it).len() == given.len());
            let takes = match constructor {
                Some(constructor) => parameters(&constructor),
                None => class
                    .child(&["parameter_list"])
                    .map(|it| it.children().collect())
                    .unwrap_or_default(),
            };
            let mut own: Names<'f> =
                takes.iter().map(|it| parameter_name(it).to_owned()).zip(given).collect();
            if let Some(constructor) = constructor {
                self.method(&constructor, own.clone(), depth);
                let body = constructor.field("body");
                let sets = body.iter().flat_map(|it| it.all(&["assignment_expression"]).take(50));
                for set in sets.collect::<Vec<_>>() {
                    let right = set.field("right").and_then(|it| own.get(it.text()).cloned());
                    if let (Some(left), Some(right)) = (set.field("left"), right) {
                        own.insert(left.text().trim_start_matches("this.").to_owned(), right);
                    }
                }
            }
            self.objects.insert(name_of(&class), own);
        }
        Value::Object(class)
    }

    /// Calls the methods of the project that a call may mean.
    pub(super) fn own_method(
        &mut self,
        call: &Piece<'f>,
        target: &Value<'f>,
        given: &[(Option<&'f str>, Value<'f>)],
        names: &Names<'f>,
        depth: usize,
    ) -> Value<'f> {
        let sharp = self.sharp;
        let is_router = matches!(target, Value::Node(_) | Value::Builder);
        let mut all: Vec<Piece<'f>> = sharp
            .methods_named(callee(call))
            .iter()
            .filter(|it| it.field("body").is_some())
            .filter(|it| sharp.apps.share(&it.file.path, &call.file.path))
            .filter(|it| {
                let takes = parameters(it);
                let is_extension = takes.first().is_some_and(|it| has_modifier(it, "this"));
                // What is called on something else is no extension of routers.
                let is_others = is_extension
                    && !is_router
                    && !matches!(target, Value::Object(_))
                    && receiver(call).is_some()
                    && router_parameter(it).is_some();
                if is_others {
                    return false;
                }
                let count = given.len() + usize::from(is_router && is_extension);
                let needed = takes.iter().filter(|it| !has_default(it)).count();
                (is_extension == is_router || !is_router)
                    && needed <= count
                    && (count <= takes.len() || it.text().contains("params "))
            })
            .copied()
            .collect();
        if let Value::Object(of) = target {
            let hierarchy = sharp.hierarchy(of);
            let own: Vec<_> = all
                .iter()
                .filter(|it| holder(it).is_some_and(|it| hierarchy.contains(&it)))
                .copied()
                .collect();
            if !own.is_empty() {
                all = own;
                all.truncate(1);
            } else if !of.is(&["interface_declaration"]) {
                all.clear();
            }
        } else if receiver(call).is_none() {
            let here: Vec<_> =
                all.iter().filter(|it| holder(it) == holder(call)).copied().collect();
            if !here.is_empty() {
                all = here;
            }
        } else if is_router {
            all.truncate(1);
        }
        let mut found = Value::Unknown;
        for method in all.iter().take(300) {
            let names = self.bound(method, call, target, given, names);
            let value = self.method(method, names, depth);
            if !matches!(value, Value::Unknown) {
                found = value;
            }
        }
        found
    }

    /// The parameters of a method with what a call gives for them.
    pub(super) fn bound(
        &self,
        method: &Piece<'f>,
        call: &Piece<'f>,
        target: &Value<'f>,
        given: &[(Option<&'f str>, Value<'f>)],
        outside: &Names<'f>,
    ) -> Names<'f> {
        let mut names = Names::new();
        let takes = parameters(method);
        let is_extension = takes.first().is_some_and(|it| has_modifier(it, "this"));
        let mut front: Vec<(Option<&str>, Value<'f>)> = Vec::new();
        if is_extension
            && (given.len() < takes.len())
            && !matches!(target, Value::Object(it) if holder(method) == Some(*it))
        {
            front.push((None, target.clone()));
        }
        let mut positional = front.iter().chain(given).filter(|it| it.0.is_none());
        for parameter in &takes {
            let name = parameter_name(parameter);
            let by_name = given.iter().find(|it| it.0 == Some(name)).map(|it| &it.1);
            let value = match by_name.or_else(|| positional.next().map(|it| &it.1)) {
                Some(value) => value.clone(),
                None if has_default(parameter) => {
                    let default = parameter.children().last();
                    default.map_or(Value::Unknown, |it| self.unnamed(&it, &Names::new()))
                }
                None => Value::Unknown,
            };
            names.insert(name.to_owned(), value);
        }
        let kinds = method.child(&["type_parameter_list"]);
        let kinds = kinds.iter().flat_map(Piece::children);
        for (parameter, argument) in kinds.zip(type_arguments(call)) {
            let found = self.sharp.types_named(argument.text(), call.file).into_iter().next();
            let found = found.map(Value::Object).or_else(|| outside.get(argument.text()).cloned());
            names.insert(name_of(&parameter).to_owned(), found.unwrap_or(Value::Unknown));
        }
        let own = match target {
            Value::Object(of) => Some(Value::Object(*of)),
            _ if receiver(call).is_none() => outside.get("this").cloned(),
            _ => None,
        };
        let own = own.or_else(|| holder(method).map(Value::Object));
        names.insert("this".to_owned(), own.unwrap_or(Value::Unknown));
        if let Some(kept) = holder(method).and_then(|it| self.objects.get(name_of(&it))) {
            for (name, value) in kept {
                names.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        // A local function sees what is around it.
        if method.is(&["local_function_statement"]) {
            for (name, value) in outside {
                names.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        names
    }
}
