//! Structs of Go code, and values that somebody else made.

use std::collections::HashMap;

use super::{
    evaluate::Evaluator,
    value::{Object, ObjectId, TypeName, Value},
};
use crate::syntax::Piece;

impl<'f> Evaluator<'_, 'f> {
    pub(super) fn object(&mut self, of: Option<TypeName<'f>>) -> ObjectId {
        self.objects.push(Object { of, fields: HashMap::new() });
        ObjectId(self.objects.len() - 1)
    }

    /// A value of the written type that holds nothing yet.
    pub(super) fn zero(&mut self, written: &Piece<'f>) -> Value<'f> {
        match self.packages.type_name(written) {
            Some(of) if self.is_struct(of) => Value::Object(self.object(Some(of))),
            _ => Value::Unknown,
        }
    }

    pub(super) fn is_struct(&self, of: TypeName<'f>) -> bool {
        self.type_of_type(of).is_some_and(|inner| !inner.is(&["function_type", "interface_type"]))
    }

    /// What a named type is made of.
    pub(super) fn type_of_type(&self, of: TypeName<'f>) -> Option<Piece<'f>> {
        self.packages.package(of.0)?.types.get(of.1)?.field("type")
    }

    /// A value of the written type that somebody else made.
    pub(super) fn given(&mut self, written: &Piece<'f>) -> Value<'f> {
        if let Some((dialect, name)) = self.packages.router_type(written) {
            if !self.makes_up {
                return Value::Unknown;
            }
            let is_whole = dialect.whole.contains(&name);
            let framework = dialect.framework;
            if is_whole
                && let [one] = self.provided.as_slice()
                && one.dialect.framework == framework
            {
                // A library hands it on, as for the injection of dependencies.
                return Value::Router(*one);
            }
            return Value::Router(self.new_router(dialect, is_whole));
        }
        match self.packages.type_name(written) {
            Some(of) if self.is_struct(of) => {
                if let Some(object) = self.shared.get(&of) {
                    return Value::Object(*object);
                }
                let object = self.object(Some(of));
                self.shared.insert(of, object);
                Value::Object(object)
            }
            _ => Value::Unknown,
        }
    }

    /// The field of a struct.
    pub(super) fn field(&mut self, object: ObjectId, name: &str) -> Option<Value<'f>> {
        let known = self.objects.get(object.0)?;
        if let Some(value) = known.fields.get(name) {
            return Some(value.clone());
        }
        let of = known.of?;
        let fields = self.packages.fields(of);
        if let Some((name, written)) = fields.iter().find(|(field, _)| *field == name) {
            let value = self.given(written);
            self.objects.get_mut(object.0)?.fields.insert(name, value.clone());
            return Some(value);
        }
        for (field, written) in fields {
            if written.parent().is_some_and(|of| of.child(&["field_identifier"]).is_none())
                && self.enter()
            {
                let inner = self.field(object, field);
                let found = match inner {
                    Some(Value::Object(inner)) if inner != object => self.field(inner, name),
                    _ => None,
                };
                self.leave();
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }
}
