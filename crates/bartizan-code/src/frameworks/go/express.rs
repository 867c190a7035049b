//! Expressions of Go code.

use super::{
    evaluate::Evaluator,
    package::bare,
    value::{Arg, Function, ScopeId, Value},
};
use crate::syntax::Piece;

/// Elements of a list that are followed.
const MAX_ELEMENTS: usize = 1_000;

impl<'f> Evaluator<'_, 'f> {
    /// What an expression gives.
    pub(super) fn eval(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        if !self.enter() {
            return Value::Unknown;
        }
        let value = self.eval_inside(piece, scope);
        self.leave();
        value
    }

    fn eval_inside(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        match piece.kind() {
            "interpreted_string_literal" | "raw_string_literal" => Value::Text(string(&piece)),
            "int_literal" => Value::Text(piece.text().to_owned()),
            "identifier" => self.identifier(piece, scope),
            "selector_expression" => self.selector(piece, scope),
            "call_expression" => self.call(piece, scope),
            "func_literal" => Value::Function(Function {
                piece,
                scope: Some(scope),
                receiver: None,
                origin: None,
            }),
            "composite_literal" => {
                let Some(body) = piece.field("body") else { return Value::Unknown };
                self.literal(piece.field("type"), body, scope)
            }
            "literal_value" => self.literal(None, piece, scope),
            "parenthesized_expression" | "literal_element" | "variadic_argument" => {
                match piece.children().next() {
                    Some(inner) => self.eval(inner, scope),
                    None => Value::Unknown,
                }
            }
            "type_conversion_expression" if self.is_indexed(piece, scope) => {
                self.indexed_call(piece, scope)
            }
            "unary_expression" | "type_assertion_expression" | "type_conversion_expression" => {
                match piece.field("operand") {
                    Some(inner) => self.eval(inner, scope),
                    None => Value::Unknown,
                }
            }
            "slice_expression" => match piece.field("operand") {
                Some(inner) => self.eval(inner, scope),
                None => Value::Unknown,
            },
            "type_instantiation_expression" => match piece.field("type") {
                Some(inner) => self.eval(inner, scope),
                None => Value::Unknown,
            },
            "type_identifier" => self.identifier(piece, scope),
            "index_expression" => self.index(piece, scope),
            "binary_expression" => self.binary(piece, scope),
            _ => Value::Opaque(piece, scope),
        }
    }

    /// `all[i](x)` looks like the conversion to a generic type.
    fn is_indexed(&self, piece: Piece<'f>, scope: ScopeId) -> bool {
        indexed(&piece).is_some_and(|name| self.variable(scope, name.text()).is_some())
    }

    fn indexed_call(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(name), Some(operand)) = (indexed(&piece), piece.field("operand")) else {
            return Value::Unknown;
        };
        let function = self.variable(scope, name.text()).cloned().unwrap_or(Value::Unknown);
        let arg = Arg { piece: operand, value: self.eval(operand, scope) };
        self.apply(function, &[arg], piece, scope)
    }

    fn identifier(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let name = piece.text();
        match self.variable(scope, name) {
            Some(Value::Unknown) => return Value::Opaque(piece, scope),
            Some(value) => return value.clone(),
            None => {}
        }
        let folder = piece.file.folder();
        self.package_value(folder, name).unwrap_or(Value::Opaque(piece, scope))
    }

    /// A function, constant or variable of a package.
    pub(super) fn package_value(&mut self, folder: &'f str, name: &str) -> Option<Value<'f>> {
        let package = self.packages.package(folder)?;
        if let Some(&piece) = package.functions.get(name) {
            let function = Function { piece, scope: None, receiver: None, origin: None };
            return Some(Value::Function(function));
        }
        self.global(folder, name).filter(|value| !matches!(value, Value::Unknown))
    }

    /// The path of the import that an operand stands for, when it is one.
    pub(super) fn qualifier(&self, operand: Piece<'f>, scope: ScopeId) -> Option<&'f str> {
        let is_name = operand.is(&["identifier"]) && self.variable(scope, operand.text()).is_none();
        let import = is_name.then(|| self.packages.import(operand.text(), operand.file))??;
        Some(import.path)
    }

    fn selector(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(operand), Some(field)) = (piece.field("operand"), piece.field("field")) else {
            return Value::Unknown;
        };
        let name = field.text();
        if let Some(path) = self.qualifier(operand, scope) {
            if let Some(method) = method_constant(path, name) {
                return Value::Text(method.to_owned());
            }
            if path == "net/http"
                && name == "DefaultServeMux"
                && let Some(dialect) = self.packages.dialect(operand.text(), operand.file)
            {
                return Value::Router(self.default_router(dialect));
            }
            let import = self.packages.import(operand.text(), operand.file);
            let folder = import.and_then(|import| import.folder);
            let value = folder.and_then(|folder| self.package_value(folder, name));
            return value.unwrap_or(Value::Opaque(piece, scope));
        }
        match self.eval(operand, scope) {
            Value::Object(object) => {
                if let Some(value) = self.field(object, name)
                    && !matches!(value, Value::Unknown)
                {
                    return value;
                }
                let of = self.objects.get(object.0).and_then(|object| object.of);
                match of.and_then(|of| self.packages.method(of, name)) {
                    Some((method, way)) => {
                        let receiver = self.follow(object, &way);
                        Value::Function(Function {
                            piece: method,
                            scope: None,
                            receiver,
                            origin: None,
                        })
                    }
                    None => Value::Opaque(piece, scope),
                }
            }
            Value::Router(router) if name == "RouterGroup" => Value::Router(router),
            Value::Handler(handler) if matches!(name, "ServeHTTP" | "Then" | "Handler") => {
                Value::Handler(handler)
            }
            Value::Router(router) if name == "ServeHTTP" => Value::Router(router),
            _ => Value::Opaque(piece, scope),
        }
    }

    /// The struct that is reached through fields.
    pub(super) fn follow(
        &mut self,
        object: super::value::ObjectId,
        way: &[&str],
    ) -> Option<super::value::ObjectId> {
        let mut at = object;
        for field in way {
            match self.field(at, field) {
                Some(Value::Object(inner)) => at = inner,
                _ => return None,
            }
        }
        Some(at)
    }

    fn index(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(operand), Some(index)) = (piece.field("operand"), piece.field("index")) else {
            return Value::Unknown;
        };
        let index = self.eval(index, scope);
        match (self.eval(operand, scope), index) {
            (Value::List(values), Value::Text(index)) => {
                let at = index.parse::<usize>().ok();
                at.and_then(|at| values.get(at).cloned()).unwrap_or(Value::Unknown)
            }
            // Any one of them: what is done with it is done with all.
            (Value::List(values), _) => Value::List(values),
            (Value::Map(pairs), Value::Text(wanted)) => pairs
                .into_iter()
                .find(|(name, _)| matches!(name, Value::Text(name) if *name == wanted))
                .map_or(Value::Unknown, |(_, value)| value),
            // A generic function with its types.
            (value @ Value::Function(_), _) => value,
            _ => Value::Unknown,
        }
    }

    fn binary(&mut self, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else {
            return Value::Unknown;
        };
        if piece.field("operator").is_none_or(|operator| operator.text() != "+") {
            return Value::Opaque(piece, scope);
        }
        match (self.eval(left, scope), self.eval(right, scope)) {
            (Value::Text(left), Value::Text(right)) => Value::Text(left + &right),
            (Value::Text(text), _) | (_, Value::Text(text)) => Value::Text(text),
            _ => Value::Opaque(piece, scope),
        }
    }

    /// A literal with elements: a list, a map or a struct.
    fn literal(
        &mut self,
        written: Option<Piece<'f>>,
        body: Piece<'f>,
        scope: ScopeId,
    ) -> Value<'f> {
        let written = written.map(bare);
        let kind = written.map_or("", |piece| piece.kind());
        let of = written.and_then(|written| self.packages.type_name(&written));
        // `type Routes []Route` is a list as well.
        let made_of = of.and_then(|of| self.type_of_type(of)).or(written);
        let kind = made_of.map_or(kind, |piece| piece.kind());
        let element = made_of.and_then(|piece| piece.field("element").or(piece.field("value")));
        let elements: Vec<_> = body.children().take(MAX_ELEMENTS).collect();
        match kind {
            "slice_type" | "array_type" | "implicit_length_array_type" => {
                let mut values = Vec::new();
                for piece in elements {
                    let piece = match piece.is(&["keyed_element"]) {
                        true => piece.field("value").or(piece.children().nth(1)),
                        false => Some(piece),
                    };
                    values.extend(piece.map(|piece| self.element(element, piece, scope)));
                }
                Value::List(values)
            }
            "map_type" => {
                let mut pairs = Vec::new();
                for piece in elements {
                    let (Some(name), Some(value)) = key_and_value(&piece) else { continue };
                    pairs.push((self.eval(name, scope), self.element(element, value, scope)));
                }
                Value::Map(pairs)
            }
            _ => self.structure(of, made_of, &elements, scope),
        }
    }

    fn structure(
        &mut self,
        of: Option<super::value::TypeName<'f>>,
        made_of: Option<Piece<'f>>,
        elements: &[Piece<'f>],
        scope: ScopeId,
    ) -> Value<'f> {
        let is_keyed = elements.iter().any(|piece| piece.is(&["keyed_element"]));
        if of.is_none()
            && !is_keyed
            && !elements.is_empty()
            && !made_of.is_some_and(|t| t.is(&["struct_type"]))
        {
            // `chi.Middlewares{a, b}`: a list type of a package that is not here.
            return Value::List(elements.iter().map(|piece| self.eval(*piece, scope)).collect());
        }
        let fields = match (of, made_of) {
            (Some(of), _) => self.packages.fields(of).into_iter().map(|(name, _)| name).collect(),
            (None, Some(written)) => written
                .all(&["field_declaration"])
                .flat_map(|field| field.children().filter(|piece| piece.is(&["field_identifier"])))
                .map(|name| name.text())
                .collect(),
            _ => Vec::new(),
        };
        let object = self.object(of);
        for (at, piece) in elements.iter().enumerate() {
            let (name, value) = match key_and_value(piece) {
                (Some(name), Some(value)) => (Some(name.text()), value),
                _ => (fields.get(at).copied(), *piece),
            };
            let value = self.eval(value, scope);
            if let (Some(name), Some(object)) = (name, self.objects.get_mut(object.0))
                && value.is_telling()
            {
                object.fields.insert(name, value);
            } else if let (Some(name), Some(object)) = (name, self.objects.get_mut(object.0))
                && matches!(value, Value::Opaque(..))
                && of.is_none()
            {
                object.fields.insert(name, value);
            }
        }
        Value::Object(object)
    }

    /// An element; its type may be left out, as that of the list says it.
    fn element(&mut self, of: Option<Piece<'f>>, piece: Piece<'f>, scope: ScopeId) -> Value<'f> {
        let inner = match piece.is(&["literal_element"]) {
            true => piece.children().next().unwrap_or(piece),
            false => piece,
        };
        if !inner.is(&["literal_value"]) {
            return self.eval(inner, scope);
        }
        if !self.enter() {
            return Value::Unknown;
        }
        let value = self.literal(of, inner, scope);
        self.leave();
        value
    }
}

/// The name before the index of what looks like a conversion.
fn indexed<'f>(piece: &Piece<'f>) -> Option<Piece<'f>> {
    piece.field("type").filter(|of| of.is(&["generic_type"]))?.field("type")
}

/// Key and value of a keyed element.
fn key_and_value<'f>(piece: &Piece<'f>) -> (Option<Piece<'f>>, Option<Piece<'f>>) {
    if !piece.is(&["keyed_element"]) {
        return (None, None);
    }
    let mut children = piece.children();
    (children.next(), children.next())
}

/// The text between the quotes.
pub(super) fn string(piece: &Piece<'_>) -> String {
    let text = piece.text();
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    if piece.is(&["raw_string_literal"]) {
        return inner.to_owned();
    }
    inner.replace("\\\"", "\"").replace("\\\\", "\\")
}

/// Methods that packages have constants for: `http.MethodGet`, `echo.GET`.
fn method_constant(path: &str, name: &str) -> Option<&'static str> {
    let name = match path {
        "net/http" => name.strip_prefix("Method")?,
        path if path.starts_with("github.com/labstack/echo") => name,
        _ => return None,
    };
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"]
        .into_iter()
        .find(|method| method.eq_ignore_ascii_case(name) && (path == "net/http" || *method == name))
}
