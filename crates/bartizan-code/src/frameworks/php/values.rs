//! What expressions are worth, as far as it is written down.

use std::{collections::HashMap, rc::Rc};

use super::{calls::arguments, classes::Classes};
use crate::syntax::Piece;

/// What an expression is worth.
#[derive(Clone, Debug)]
pub(super) enum Value<'f> {
    /// A string.
    Text(String),
    /// A class, by its full name.
    Class(String),
    /// An array: keys where there are some.
    List(Vec<(Option<String>, Value<'f>)>),
    /// True or false.
    Truth(bool),
    /// Anything else.
    Code(Piece<'f>),
}

/// Expressions in each other are followed so far.
const MAX_DEPTH: usize = 24;

impl<'f> Value<'f> {
    /// The text; of a class its name.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Class(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of an array, or of the one value that stands for it.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) | Self::Class(text) => vec![text.clone()],
            Self::List(values) => values.iter().flat_map(|(_, value)| value.texts()).collect(),
            _ => Vec::new(),
        }
    }

    /// The value at a key.
    pub(super) fn at(&self, key: &str) -> Option<&Value<'f>> {
        match self {
            Self::List(values) => {
                values.iter().find(|(name, _)| name.as_deref() == Some(key)).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

/// Where expressions are read: the project, and the variables that are known.
#[derive(Clone)]
pub(super) struct Known<'c, 'f> {
    pub(super) classes: &'c Classes<'f>,
    /// Folder of the application.
    pub(super) root: Rc<str>,
    names: Rc<HashMap<String, Value<'f>>>,
}

impl<'c, 'f> Known<'c, 'f> {
    pub(super) fn new(classes: &'c Classes<'f>, root: &str) -> Self {
        Self { classes, root: root.into(), names: Rc::default() }
    }

    /// Gives a variable, written with `$`, a value.
    pub(super) fn set(&mut self, name: &str, value: Value<'f>) {
        Rc::make_mut(&mut self.names).insert(name.to_owned(), value);
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&Value<'f>> {
        self.names.get(name)
    }

    /// What an expression is worth.
    pub(super) fn value(&self, piece: &Piece<'f>) -> Value<'f> {
        self.value_at(piece, 0)
    }

    /// The text of an expression; what is not known of it is left out.
    pub(super) fn roughly(&self, piece: &Piece<'f>) -> Vec<String> {
        self.roughly_at(piece, 0)
    }

    fn roughly_at(&self, piece: &Piece<'f>, depth: usize) -> Vec<String> {
        if depth > MAX_DEPTH {
            return Vec::new();
        }
        let deeper = |piece: &Piece<'f>| self.roughly_at(piece, depth + 1);
        match self.value(piece) {
            Value::Code(code) if code.kind() == "binary_expression" => {
                let left = code.field("left").map(|left| deeper(&left)).unwrap_or_default();
                let right = code.field("right").and_then(|it| deeper(&it).pop());
                left.into_iter().map(|left| left + right.as_deref().unwrap_or_default()).collect()
            }
            Value::Code(code) if code.kind() == "encapsed_string" => {
                let parts = code.children().filter(|it| it.kind() == "string_content");
                vec![parts.map(|it| it.text()).collect()]
            }
            Value::Code(code) if code.kind() == "array_creation_expression" => code
                .children()
                .filter_map(|element| element.children().last())
                .flat_map(|element| deeper(&element))
                .collect(),
            // `Authorize::using('edit', 'post')` is what its class is.
            Value::Code(code) if code.kind() == "scoped_call_expression" => {
                let names = self.classes.names(code.file);
                code.field("scope").map(|scope| names.full(scope.text())).into_iter().collect()
            }
            Value::Code(code) if code.kind() == "function_call_expression" => {
                let first = arguments(&code).into_iter().next();
                first.map(|(_, piece)| deeper(&piece)).unwrap_or_default()
            }
            Value::List(values) => values
                .into_iter()
                .flat_map(|(_, value)| match value {
                    Value::Code(code) => deeper(&code),
                    known => known.texts(),
                })
                .collect(),
            known => known.texts(),
        }
    }

    fn value_at(&self, piece: &Piece<'f>, depth: usize) -> Value<'f> {
        if depth > MAX_DEPTH {
            return Value::Code(*piece);
        }
        let code = Value::Code(*piece);
        let deeper = |piece: &Piece<'f>| self.value_at(piece, depth + 1);
        match piece.kind() {
            "string" => Value::Text(content(piece)),
            "encapsed_string" | "heredoc" => {
                let mut out = String::new();
                for part in piece.children() {
                    match part.kind() {
                        "string_content" => out.push_str(part.text()),
                        "escape_sequence" => out.push_str(part.text().trim_start_matches('\\')),
                        _ => match deeper(&part) {
                            Value::Text(text) => out.push_str(&text),
                            _ => return code,
                        },
                    }
                }
                Value::Text(out)
            }
            "integer" => Value::Text(piece.text().to_owned()),
            "boolean" => Value::Truth(piece.text().eq_ignore_ascii_case("true")),
            "variable_name" => self.get(piece.text()).cloned().unwrap_or(code),
            "name" if piece.text() == "__DIR__" => Value::Text(piece.file.folder().to_owned()),
            "array_creation_expression" => Value::List(self.array(piece, depth)),
            "parenthesized_expression" => {
                piece.children().next().map_or(code, |inner| deeper(&inner))
            }
            "class_constant_access_expression" => self.constant(piece, depth),
            "member_access_expression" => {
                // `Role::Admin->value`
                let on = piece.field("object");
                let is_value = piece.field("name").is_some_and(|name| name.text() == "value");
                match (is_value, on) {
                    (true, Some(on)) => deeper(&on),
                    _ => code,
                }
            }
            "binary_expression" => {
                let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else {
                    return code;
                };
                let operator = piece.field("operator").map_or(".", |it| it.text());
                match (operator, deeper(&left), deeper(&right)) {
                    (".", left, right) => match (left.text(), right.text()) {
                        (Some(left), Some(right)) => Value::Text(format!("{left}{right}")),
                        _ => code,
                    },
                    ("??" | "?:", Value::Code(_), right) => right,
                    ("??" | "?:", left, _) => left,
                    _ => code,
                }
            }
            "function_call_expression" => self.function(piece, depth),
            _ => code,
        }
    }

    fn array(&self, piece: &Piece<'f>, depth: usize) -> Vec<(Option<String>, Value<'f>)> {
        let mut out = Vec::new();
        for element in piece.children() {
            let parts: Vec<_> = element.children().collect();
            match parts.as_slice() {
                [value] if value.kind() == "variadic_unpacking" => {
                    if let Some(inner) = value.children().next()
                        && let Value::List(values) = self.value_at(&inner, depth + 1)
                    {
                        out.extend(values);
                    }
                }
                [value] => out.push((None, self.value_at(value, depth + 1))),
                [key, value] => {
                    let key = self.value_at(key, depth + 1).text().map(str::to_owned);
                    out.push((key, self.value_at(value, depth + 1)));
                }
                _ => {}
            }
        }
        out
    }

    /// `X::class`, `X::NAME`, `self::NAME` and cases of enumerations.
    fn constant(&self, piece: &Piece<'f>, depth: usize) -> Value<'f> {
        let code = Value::Code(*piece);
        let mut parts = piece.children();
        let (Some(scope), Some(name)) = (parts.next(), parts.next()) else { return code };
        let names = self.classes.names(piece.file);
        let full = match scope.text() {
            "self" | "static" => match piece.within(&["class_declaration", "trait_declaration"]) {
                Some(class) => names.declared(&class),
                None => return code,
            },
            other => names.full(other),
        };
        if name.text() == "class" {
            return Value::Class(full);
        }
        let found = self.classes.named(&full, &self.root);
        let value = found.iter().find_map(|class| class.constant(name.text()));
        value.map_or(code, |value| self.value_at(&value, depth + 1))
    }

    /// `env('X', 'default')`, `config('api.prefix')`, `trim('x', '/')`.
    fn function(&self, piece: &Piece<'f>, depth: usize) -> Value<'f> {
        let code = Value::Code(*piece);
        let name = piece.field("function").map_or("", |name| name.text());
        let arguments = arguments(piece);
        let at =
            |place: usize| arguments.get(place).map(|(_, piece)| self.value_at(piece, depth + 1));
        match name {
            "env" => at(1).unwrap_or(code),
            "config" => {
                let Some(Value::Text(key)) = at(0) else { return code };
                match self.setting(&key, depth) {
                    Some(value) => value,
                    None => at(1).unwrap_or(code),
                }
            }
            "trim" | "ltrim" | "rtrim" | "strtolower" | "glob" => at(0).unwrap_or(code),
            "base_path" | "app_path" | "module_path" => {
                let last = arguments.len().saturating_sub(1);
                let Some(Value::Text(path)) = at(last) else { return code };
                let path = path.trim_start_matches('/');
                Value::Text(match name {
                    "app_path" => below(&self.root, &format!("app/{path}")),
                    "base_path" => below(&self.root, path),
                    _ => format!("*/{path}"),
                })
            }
            "dirname" => match at(0) {
                Some(Value::Text(path)) => {
                    Value::Text(path.rsplit_once('/').map_or("", |(front, _)| front).to_owned())
                }
                _ => code,
            },
            "array_merge" => {
                let mut out = Vec::new();
                for place in 0..arguments.len() {
                    match at(place) {
                        Some(Value::List(values)) => out.extend(values),
                        _ => return code,
                    }
                }
                Value::List(out)
            }
            _ => code,
        }
    }

    /// The value of a setting, from the array that its file returns.
    fn setting(&self, key: &str, depth: usize) -> Option<Value<'f>> {
        let mut parts = key.split('.');
        let path = below(&self.root, &format!("config/{}.php", parts.next()?));
        let file = self.classes.files().iter().find(|file| file.path == path)?;
        let returned =
            file.root().children().find(|it| it.kind() == "return_statement")?.children().next()?;
        let mut value = self.value_at(&returned, depth + 1);
        for part in parts {
            value = value.at(part)?.clone();
        }
        Some(value)
    }
}

/// A path below a folder, which may be the top.
pub(super) fn below(root: &str, path: &str) -> String {
    if root.is_empty() { path.to_owned() } else { format!("{root}/{path}") }
}

/// What is between the quotes of a string.
fn content(piece: &Piece<'_>) -> String {
    let mut out = String::new();
    for part in piece.children() {
        match part.kind() {
            "escape_sequence" => out.push_str(part.text().trim_start_matches('\\')),
            _ => out.push_str(part.text()),
        }
    }
    out
}
