//! SDL to a tree: types with their fields, read from the tokens alone. A tree of syntax that keeps
//! each token costs far more, and those at hand look names up in ways that hostile ones can make
//! take the square of their number.

use std::collections::HashMap;

use apollo_parser::{Lexer, Token, TokenKind};

use crate::spec::{
    SpecLimit,
    budget::Limits,
    operation::cut,
    problem::Problems,
    tree::{Builder, Lines, Position, Tree},
};

/// Most lists around a type.
const MAX_LISTS: usize = 64;

/// Words that a definition or extension begins with.
const DEFINITIONS: [&str; 13] = [
    "schema",
    "type",
    "interface",
    "union",
    "enum",
    "input",
    "scalar",
    "directive",
    "extend",
    "query",
    "mutation",
    "subscription",
    "fragment",
];

/// A type with its extensions.
struct Type<'t> {
    name: &'t str,
    kind: &'static str,
    at: Position,
    fields: Vec<Field<'t>>,
}

struct Field<'t> {
    name: &'t str,
    type_name: String,
    at: Position,
    deprecated: bool,
    description: &'t str,
    arguments: Vec<Argument<'t>>,
}

struct Argument<'t> {
    name: &'t str,
    type_name: String,
    at: Position,
    has_default: bool,
    deprecated: bool,
}

/// Reads SDL into a tree: `schema` with the root types, `types` by name with their fields.
pub(in crate::spec) fn tree(text: &str, limits: Limits, problems: &mut Problems) -> Tree {
    let mut sdl = Sdl {
        lexer: Lexer::new(text).with_limit(limits.nodes),
        token: None,
        end: text.len(),
        lines: Lines::new(text),
        problems,
        roots: Vec::new(),
        types: Vec::new(),
        by_name: HashMap::new(),
    };
    sdl.bump();
    while sdl.token.is_some() {
        sdl.definition();
    }
    let Sdl { roots, types, .. } = sdl;
    if types.is_empty() {
        let at = Position { line: 1, column: 1 };
        problems.error("", at, "no types: operations of clients, or nothing at all");
    }
    let mut builder = Builder::new(limits);
    if let Err(limit) = build(&mut builder, roots, types) {
        problems.limit_in(&builder, Position::default(), limit);
    }
    builder.finish()
}

struct Sdl<'t, 'p> {
    lexer: Lexer<'t>,
    /// What is looked at: no white space, comment or comma.
    token: Option<Token<'t>>,
    end: usize,
    lines: Lines<'t>,
    problems: &'p mut Problems,
    roots: Vec<(&'t str, &'t str, Position)>,
    types: Vec<Type<'t>>,
    by_name: HashMap<&'t str, usize>,
}

impl<'t> Sdl<'t, '_> {
    fn bump(&mut self) {
        self.token = loop {
            match self.lexer.next() {
                None => break None,
                Some(Ok(token)) => match token.kind() {
                    TokenKind::Whitespace | TokenKind::Comment | TokenKind::Comma => {}
                    TokenKind::Eof => break None,
                    _ => break Some(token),
                },
                Some(Err(error)) => {
                    let at = self.lines.at(error.index());
                    let what = format_args!("not GraphQL: {}", error.message());
                    self.problems.error("", at, what);
                }
            }
        };
    }

    fn kind(&self) -> Option<TokenKind> {
        self.token.as_ref().map(Token::kind)
    }

    /// The name that is looked at.
    fn name(&self) -> Option<&'t str> {
        let token = self.token.as_ref()?;
        (token.kind() == TokenKind::Name).then(|| token.data())
    }

    fn at(&mut self) -> Position {
        self.lines.at(self.token.as_ref().map_or(self.end, Token::index))
    }

    /// Passes over a token of this kind, if it is one.
    fn eat(&mut self, kind: TokenKind) -> bool {
        let is = self.kind() == Some(kind);
        if is {
            self.bump();
        }
        is
    }

    fn expected(&mut self, what: &str) {
        let at = self.at();
        let end = if self.token.is_some() { "" } else { ", the document ends here" };
        self.problems.error("", at, format_args!("not GraphQL: expected {what}{end}"));
    }

    /// The name that is looked at, which is passed over.
    fn take_name(&mut self) -> Option<&'t str> {
        let name = self.name();
        match name {
            Some(_) => self.bump(),
            None => self.expected("a name"),
        }
        name
    }

    fn definition(&mut self) {
        let at = self.at();
        self.eat(TokenKind::StringValue);
        if self.name() == Some("extend") {
            self.bump();
        }
        let Some(word) = self.name().filter(|word| DEFINITIONS.contains(word)) else {
            // A query without a name may stand in front.
            if self.kind() != Some(TokenKind::LCurly) {
                self.expected("a definition");
            }
            self.skip();
            return;
        };
        self.bump();
        match word {
            "schema" => self.schema(),
            "type" => self.fields("OBJECT", at),
            "interface" => self.fields("INTERFACE", at),
            "input" => self.fields("INPUT_OBJECT", at),
            "enum" => self.plain("ENUM", at),
            "union" => self.plain("UNION", at),
            "scalar" => self.plain("SCALAR", at),
            _ => {
                self.skip_head();
                self.skip_block();
            }
        }
    }

    fn schema(&mut self) {
        self.skip_head();
        if !self.eat(TokenKind::LCurly) {
            return;
        }
        while let Some(kind) = self.kind() {
            let at = self.at();
            match (kind, self.name()) {
                (TokenKind::RCurly, _) => break,
                (_, Some(kind)) => {
                    self.bump();
                    if self.eat(TokenKind::Colon)
                        && let Some(name) = self.take_name()
                    {
                        self.roots.push((kind, name, at));
                    }
                    self.directives();
                }
                (TokenKind::StringValue, _) => self.bump(),
                _ => {
                    self.expected("an operation and its type");
                    self.skip();
                }
            }
        }
        self.close();
    }

    /// The end of a block.
    fn close(&mut self) {
        if !self.eat(TokenKind::RCurly) {
            self.expected("`}`");
        }
    }

    /// A type of this name, new or extended.
    fn open(&mut self, kind: &'static str, at: Position) -> Option<usize> {
        let name = self.take_name()?;
        let new = self.types.len();
        let index = *self.by_name.entry(name).or_insert(new);
        if index == new {
            self.types.push(Type { name, kind, at, fields: Vec::new() });
        }
        Some(index)
    }

    fn plain(&mut self, kind: &'static str, at: Position) {
        self.open(kind, at);
        self.skip_head();
        self.skip_block();
    }

    fn fields(&mut self, kind: &'static str, at: Position) {
        let index = self.open(kind, at);
        self.skip_head();
        if !self.eat(TokenKind::LCurly) {
            return;
        }
        let mut description = "";
        while let Some(kind) = self.kind() {
            match kind {
                TokenKind::RCurly => break,
                TokenKind::StringValue => {
                    description = self.token.as_ref().map_or("", Token::data);
                    self.bump();
                }
                TokenKind::Name => {
                    let field = self.field(std::mem::take(&mut description));
                    let of = index.and_then(|index| self.types.get_mut(index));
                    if let (Some(field), Some(of)) = (field, of) {
                        of.fields.push(field);
                    }
                }
                _ => {
                    self.expected("a field");
                    self.skip();
                }
            }
        }
        self.close();
    }

    fn field(&mut self, description: &'t str) -> Option<Field<'t>> {
        let at = self.at();
        let name = self.take_name()?;
        let arguments = self.arguments();
        let type_name = self.type_of();
        self.default_value();
        let deprecated = self.directives();
        Some(Field { name, type_name, at, deprecated, description, arguments })
    }

    fn arguments(&mut self) -> Vec<Argument<'t>> {
        let mut out = Vec::new();
        if !self.eat(TokenKind::LParen) {
            return out;
        }
        while let Some(kind) = self.kind() {
            let at = self.at();
            match (kind, self.name()) {
                (TokenKind::RParen, _) => break,
                (_, Some(name)) => {
                    self.bump();
                    let type_name = self.type_of();
                    let has_default = self.default_value();
                    let deprecated = self.directives();
                    out.push(Argument { name, type_name, at, has_default, deprecated });
                }
                (TokenKind::StringValue, _) => self.bump(),
                // The block around it ends here.
                (TokenKind::RCurly, _) => break,
                _ => {
                    self.expected("an argument");
                    self.skip();
                }
            }
        }
        if !self.eat(TokenKind::RParen) {
            self.expected("`)`");
        }
        out
    }

    /// `: [Type!]!`, as it is written without spaces.
    fn type_of(&mut self) -> String {
        let mut out = String::new();
        if !self.eat(TokenKind::Colon) {
            self.expected("`:` and a type");
            return out;
        }
        let mut lists = 0;
        while self.kind() == Some(TokenKind::LBracket) {
            lists += 1;
            if lists > MAX_LISTS {
                let what = format_args!("a type in lists beyond the limit of {MAX_LISTS}");
                let at = self.at();
                self.problems.error("", at, what);
                self.skip();
                return String::new();
            }
            out.push('[');
            self.bump();
        }
        out.push_str(self.take_name().unwrap_or_default());
        loop {
            if self.eat(TokenKind::Bang) {
                out.push('!');
            }
            if lists == 0 {
                break;
            }
            if !self.eat(TokenKind::RBracket) {
                self.expected("`]`");
                break;
            }
            out.push(']');
            lists -= 1;
        }
        cut(&out)
    }

    /// Whether there is one.
    fn default_value(&mut self) -> bool {
        let is_there = self.eat(TokenKind::Eq);
        if is_there {
            self.eat(TokenKind::Dollar);
            self.skip();
        }
        is_there
    }

    /// Whether one of them is `@deprecated`.
    fn directives(&mut self) -> bool {
        let mut deprecated = false;
        while self.eat(TokenKind::At) {
            deprecated |= self.take_name() == Some("deprecated");
            if self.kind() == Some(TokenKind::LParen) {
                self.skip();
            }
        }
        deprecated
    }

    /// Up to the block of a definition, or the next definition when it has none.
    fn skip_head(&mut self) {
        while let Some(kind) = self.kind() {
            match kind {
                TokenKind::LCurly | TokenKind::RCurly | TokenKind::StringValue => return,
                TokenKind::Name => {
                    let word = self.name().unwrap_or_default();
                    if DEFINITIONS.contains(&word) {
                        return;
                    }
                    self.bump();
                    if matches!(word, "implements" | "on") {
                        self.eat(TokenKind::Amp);
                        self.eat(TokenKind::Pipe);
                        self.eat(TokenKind::Name);
                    }
                }
                TokenKind::Eq | TokenKind::Pipe | TokenKind::Amp | TokenKind::At => {
                    self.bump();
                    if kind == TokenKind::Eq {
                        self.eat(TokenKind::Pipe);
                    }
                    self.eat(TokenKind::Name);
                }
                _ => self.skip(),
            }
        }
    }

    fn skip_block(&mut self) {
        if self.kind() == Some(TokenKind::LCurly) {
            self.skip();
        }
    }

    /// Passes over a token, or over all that is in the brackets that it opens.
    fn skip(&mut self) {
        let mut depth = 0usize;
        while let Some(kind) = self.kind() {
            match kind {
                TokenKind::LCurly | TokenKind::LParen | TokenKind::LBracket => depth += 1,
                TokenKind::RCurly | TokenKind::RParen | TokenKind::RBracket => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            self.bump();
            if depth == 0 {
                return;
            }
        }
        if depth > 0 {
            self.expected("the end of what is in brackets");
        }
    }
}

fn build(
    builder: &mut Builder,
    roots: Vec<(&str, &str, Position)>,
    types: Vec<Type<'_>>,
) -> Result<(), SpecLimit> {
    let top = Position { line: 1, column: 1 };
    builder.open(true, top)?;
    builder.object("schema", top)?;
    for (kind, name, at) in roots {
        builder.member(&cut(kind), &cut(name), at)?;
    }
    builder.close();
    builder.object("types", top)?;
    for of in types {
        builder.object(&cut(of.name), of.at)?;
        builder.member("kind", of.kind, of.at)?;
        builder.object("fields", of.at)?;
        for field in of.fields {
            builder.object(&cut(field.name), field.at)?;
            builder.member("type", &field.type_name, field.at)?;
            let description = first_line(field.description);
            if !description.is_empty() {
                builder.member("description", &description, field.at)?;
            }
            if field.deprecated {
                builder.key("deprecated", field.at)?;
                builder.bool(true, field.at)?;
            }
            builder.object("arguments", field.at)?;
            for argument in field.arguments {
                let at = argument.at;
                builder.object(&cut(argument.name), at)?;
                builder.member("type", &argument.type_name, at)?;
                for (name, is) in
                    [("default", argument.has_default), ("deprecated", argument.deprecated)]
                {
                    if is {
                        builder.key(name, at)?;
                        builder.bool(true, at)?;
                    }
                }
                builder.close();
            }
            builder.close();
            builder.close();
        }
        builder.close();
        builder.close();
    }
    builder.close();
    Ok(())
}

/// The first line of a description, without its quotes.
fn first_line(description: &str) -> String {
    let text = description.trim().trim_matches('"').trim();
    cut(text.lines().next().unwrap_or(""))
}
