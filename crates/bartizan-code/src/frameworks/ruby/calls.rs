//! Calls and the values that are written in them.

use std::{collections::HashMap, rc::Rc};

use crate::syntax::Piece;

/// What an expression is worth, as far as it is written down.
#[derive(Clone, Debug)]
pub(super) enum Value<'f> {
    /// A string or a symbol.
    Text(String),
    /// An array.
    List(Vec<Value<'f>>),
    /// A hash.
    Hash(Options<'f>),
    /// Nothing.
    Nil,
    /// True or false.
    Truth(bool),
    /// Anything else: a lambda, a class, a call.
    Code(Piece<'f>),
}

/// A hash with keys that are strings or symbols.
pub(super) type Options<'f> = Vec<(String, Value<'f>)>;

/// Names that are known where an expression stands: constants of the project, and variables.
#[derive(Clone, Debug, Default)]
pub(super) struct Known<'f> {
    // Shared until somebody adds a name: it is handed to every block.
    names: Rc<HashMap<String, Value<'f>>>,
}

/// Expressions in each other are followed so far.
const MAX_DEPTH: usize = 24;

impl<'f> Value<'f> {
    /// The text, of a string or symbol.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of an array, or of the one value that stands for it.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::List(values) => values.iter().flat_map(Self::texts).collect(),
            _ => Vec::new(),
        }
    }

    /// What is in it, when it is a list or hash.
    pub(super) fn items(&self) -> Vec<Value<'f>> {
        match self {
            Self::List(values) => values.clone(),
            Self::Hash(pairs) => pairs
                .iter()
                .map(|(key, value)| Self::List(vec![Self::Text(key.clone()), value.clone()]))
                .collect(),
            Self::Code(piece) => range(piece),
            _ => Vec::new(),
        }
    }
}

/// The numbers of a range such as `(1..3)`.
fn range<'f>(piece: &Piece<'f>) -> Vec<Value<'f>> {
    let text = piece.text().trim_matches(['(', ')']);
    let Some((first, last)) = text.split_once("..") else { return Vec::new() };
    let (Ok(first), Ok(last)) =
        (first.trim().parse::<u32>(), last.trim_start_matches('.').trim().parse::<u32>())
    else {
        return Vec::new();
    };
    (first..=last.min(first.saturating_add(20))).map(|n| Value::Text(n.to_string())).collect()
}

impl<'f> Known<'f> {
    /// Gives a name a value.
    pub(super) fn set(&mut self, name: &str, value: Value<'f>) {
        Rc::make_mut(&mut self.names).insert(name.to_owned(), value);
    }

    /// The value of a name; of a constant also without the modules in front.
    pub(super) fn get(&self, name: &str) -> Option<&Value<'f>> {
        let last = name.rsplit("::").next().unwrap_or(name);
        self.names.get(name).or_else(|| self.names.get(last))
    }

    /// What an expression is worth.
    pub(super) fn value(&self, piece: &Piece<'f>) -> Value<'f> {
        self.value_at(piece, 0)
    }

    fn value_at(&self, piece: &Piece<'f>, depth: usize) -> Value<'f> {
        if depth > MAX_DEPTH {
            return Value::Code(*piece);
        }
        let deeper = |piece: &Piece<'f>| self.value_at(piece, depth + 1);
        match piece.kind() {
            "string" | "bare_string" | "bare_symbol" | "delimited_symbol" | "chained_string" => {
                self.string(piece, depth).map_or(Value::Code(*piece), Value::Text)
            }
            "simple_symbol" => Value::Text(piece.text().trim_start_matches(':').to_owned()),
            "hash_key_symbol" => Value::Text(piece.text().to_owned()),
            "integer" => Value::Text(piece.text().to_owned()),
            "nil" => Value::Nil,
            "true" => Value::Truth(true),
            "false" => Value::Truth(false),
            "array" | "string_array" | "symbol_array" => {
                Value::List(piece.children().map(|child| deeper(&child)).collect())
            }
            "hash" => {
                let mut pairs = Vec::new();
                for child in piece.children() {
                    self.add_options(&child, &mut pairs, depth + 1);
                }
                Value::Hash(pairs)
            }
            "identifier" | "constant" | "scope_resolution" => {
                self.get(piece.text()).cloned().unwrap_or(Value::Code(*piece))
            }
            "parenthesized_statements" => {
                piece.children().next().map_or(Value::Nil, |inner| deeper(&inner))
            }
            "binary" => self.binary(piece, depth),
            "assignment" => piece.field("right").map_or(Value::Nil, |right| deeper(&right)),
            "call" => self.of_call(piece, depth),
            _ => Value::Code(*piece),
        }
    }

    fn string(&self, piece: &Piece<'f>, depth: usize) -> Option<String> {
        let mut out = String::new();
        for part in piece.children() {
            match part.kind() {
                "string_content" => out.push_str(part.text()),
                "escape_sequence" => out.push_str(part.text().trim_start_matches('\\')),
                "interpolation" => {
                    let inner = part.children().next()?;
                    match self.value_at(&inner, depth + 1) {
                        Value::Text(text) => out.push_str(&text),
                        _ => return None,
                    }
                }
                "string" => out.push_str(&self.string(&part, depth)?),
                _ => return None,
            }
        }
        Some(out)
    }

    /// `'a' + B` and `ENV['X'] || 'a'`.
    fn binary(&self, piece: &Piece<'f>, depth: usize) -> Value<'f> {
        let sides = (piece.field("left"), piece.field("right"));
        let (Some(left), Some(right)) = sides else { return Value::Code(*piece) };
        let (first, second) = (self.value_at(&left, depth + 1), self.value_at(&right, depth + 1));
        let operator = piece
            .file
            .text
            .get(left.offset() + left.text().len()..right.offset())
            .unwrap_or_default()
            .trim();
        match (operator, first, second) {
            ("+", Value::Text(first), Value::Text(second)) => Value::Text(first + &second),
            ("+", Value::List(mut first), Value::List(second)) => {
                first.extend(second);
                Value::List(first)
            }
            ("-", Value::List(first), Value::List(second)) => {
                let gone: Vec<String> = second.iter().flat_map(Value::texts).collect();
                let kept = first.into_iter().filter(|value| {
                    value.text().is_none_or(|text| !gone.iter().any(|gone| gone == text))
                });
                Value::List(kept.collect())
            }
            ("||", Value::Text(first), _) => Value::Text(first),
            ("||", _, second) => second,
            _ => Value::Code(*piece),
        }
    }

    /// `'x'.freeze` and `ENV.fetch('X', 'default')`.
    fn of_call(&self, piece: &Piece<'f>, depth: usize) -> Value<'f> {
        let Some(call) = Call::of(piece) else { return Value::Code(*piece) };
        match (call.name, call.receiver) {
            ("freeze" | "to_s" | "to_sym" | "dup" | "to_a", Some(receiver)) => {
                self.value_at(&receiver, depth + 1)
            }
            ("keys", Some(receiver)) => match self.value_at(&receiver, depth + 1) {
                Value::Hash(pairs) => {
                    Value::List(pairs.into_iter().map(|(key, _)| Value::Text(key)).collect())
                }
                _ => Value::Code(*piece),
            },
            ("fetch", Some(receiver)) if receiver.text() == "ENV" => call
                .arguments
                .get(1)
                .map_or(Value::Code(*piece), |default| self.value_at(default, depth + 1)),
            (name, None) if call.arguments.is_empty() => {
                self.get(name).cloned().unwrap_or(Value::Code(*piece))
            }
            _ => Value::Code(*piece),
        }
    }

    /// Adds what an argument says as options: a pair, a hash, `**options`, a variable that is one.
    fn add_options(&self, piece: &Piece<'f>, out: &mut Options<'f>, depth: usize) {
        match piece.kind() {
            "pair" => {
                let (Some(key), Some(value)) = (piece.field("key"), piece.field("value")) else {
                    // `only:` alone takes the variable of that name.
                    if let Some(key) = piece.field("key") {
                        let value = self.get(key.text()).cloned();
                        out.extend(value.map(|value| (key.text().to_owned(), value)));
                    }
                    return;
                };
                let name = match self.value_at(&key, depth + 1) {
                    Value::Text(text) => text,
                    _ => key.text().to_owned(),
                };
                out.push((name, self.value_at(&value, depth + 1)));
            }
            "hash" if depth < MAX_DEPTH => {
                for child in piece.children() {
                    self.add_options(&child, out, depth + 1);
                }
            }
            "hash_splat_argument" => {
                if let Some(inner) = piece.children().next()
                    && let Value::Hash(pairs) = self.value_at(&inner, depth + 1)
                {
                    out.extend(pairs);
                }
            }
            "identifier" => {
                if let Value::Hash(pairs) = self.value_at(piece, depth + 1) {
                    out.extend(pairs);
                }
            }
            _ => {}
        }
    }

    /// The options among the arguments of a call.
    pub(super) fn options(&self, call: &Call<'f>) -> Options<'f> {
        let mut out = Vec::new();
        for argument in &call.arguments {
            self.add_options(argument, &mut out, 0);
        }
        out
    }

    /// The values of the arguments that are no options.
    pub(super) fn positional(&self, call: &Call<'f>) -> Vec<Value<'f>> {
        let mut out = Vec::new();
        for argument in &call.arguments {
            match argument.kind() {
                "pair" | "hash" | "hash_splat_argument" | "block_argument" => {}
                "splat_argument" => {
                    if let Some(inner) = argument.children().next() {
                        out.extend(self.value(&inner).items());
                    }
                }
                _ => match self.value(argument) {
                    Value::Hash(_) => {}
                    value => out.push(value),
                },
            }
        }
        out
    }
}

/// The value of an option; of several with that name the last.
pub(super) fn option<'o, 'f>(options: &'o Options<'f>, name: &str) -> Option<&'o Value<'f>> {
    options.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A call of a method.
#[derive(Clone, Debug)]
pub(super) struct Call<'f> {
    /// What it is called on.
    pub(super) receiver: Option<Piece<'f>>,
    /// Name of the method.
    pub(super) name: &'f str,
    /// Its arguments, options among them.
    pub(super) arguments: Vec<Piece<'f>>,
    /// The block that it is given.
    pub(super) block: Option<Piece<'f>>,
    /// The whole call.
    pub(super) piece: Piece<'f>,
}

impl<'f> Call<'f> {
    /// The call that a node is; a bare name may be one without arguments.
    pub(super) fn of(piece: &Piece<'f>) -> Option<Self> {
        match piece.kind() {
            "call" => {
                let name = piece.field("method")?.text();
                let arguments = piece.field("arguments");
                Some(Self {
                    receiver: piece.field("receiver"),
                    name,
                    arguments: arguments.map_or_else(Vec::new, |list| list.children().collect()),
                    block: piece.field("block"),
                    piece: *piece,
                })
            }
            "identifier" => Some(Self {
                receiver: None,
                name: piece.text(),
                arguments: Vec::new(),
                block: None,
                piece: *piece,
            }),
            _ => None,
        }
    }

    /// What `&name` among its arguments names.
    pub(super) fn block_argument(&self) -> Option<Piece<'f>> {
        let argument = self.arguments.iter().find(|piece| piece.kind() == "block_argument")?;
        argument.children().next()
    }
}

/// The statements of a block, method, class or file.
pub(super) fn statements<'f>(piece: &Piece<'f>) -> Vec<Piece<'f>> {
    match piece.kind() {
        "program" | "body_statement" | "block_body" | "then" | "else" | "begin" => {
            piece.children().collect()
        }
        _ => {
            let body = piece
                .field("body")
                .or_else(|| piece.child(&["body_statement", "block_body", "block", "do_block"]));
            match body {
                Some(body) if body.is(&["block", "do_block"]) => statements(&body),
                Some(body) if body.is(&["body_statement", "block_body"]) => {
                    body.children().collect()
                }
                // `def open? = true`
                Some(body) => vec![body],
                None => Vec::new(),
            }
        }
    }
}

/// Names of the parameters of a block or method, without defaults.
pub(super) fn parameters<'f>(piece: &Piece<'f>) -> Vec<Piece<'f>> {
    piece.field("parameters").map_or_else(Vec::new, |list| list.children().collect())
}
