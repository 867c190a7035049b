//! A GraphQL document as a tree: what is selected, with which arguments (GraphQL October 2021 §2). The names of
//! the root alone are read by the module above; this is for learning what a schema has.

use std::collections::BTreeMap;

use apollo_parser::{Token, TokenKind};
use bartizan_model::sketch::{MAX_NAME, ValueKind};

use super::{MAX_DEPTH, Reader, Seen};

/// Longest text of a type that is kept, in bytes.
const MAX_TYPE: usize = MAX_NAME + 32;

/// What a document defines: operations and fragments, with what they select.
#[derive(Debug, Default)]
pub struct Document<'t> {
    pub(super) operations: Vec<Operation<'t>>,
    fragments: BTreeMap<&'t str, Fragment<'t>>,
    pub(super) seen: Seen,
    /// Whether two fragments have one name, so that it is open which is meant.
    pub(super) has_twice: bool,
}

/// Why a document was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is none.
    Malformed,
    /// It has more than 20,000 tokens.
    Long,
}

/// One operation.
#[derive(Debug, Default)]
pub(super) struct Operation<'t> {
    /// `query`, `mutation` or `subscription`.
    pub(super) kind: &'t str,
    name: &'t str,
    /// Types of variables.
    pub(super) variables: BTreeMap<&'t str, String>,
    /// Their defaults, of those that have one.
    pub(super) defaults: BTreeMap<&'t str, Given<'t>>,
    pub(super) selection: Vec<Item<'t>>,
}

/// A named part of selections.
#[derive(Debug, Default)]
pub(super) struct Fragment<'t> {
    /// The type that has it.
    pub(super) on: &'t str,
    pub(super) selection: Vec<Item<'t>>,
}

/// What a selection is made of.
#[derive(Debug)]
pub(super) enum Item<'t> {
    Field(Field<'t>),
    Spread(&'t str),
    Inline(Fragment<'t>),
}

#[derive(Debug)]
pub(super) struct Field<'t> {
    pub(super) name: &'t str,
    /// Its name in the answer.
    pub(super) alias: &'t str,
    pub(super) arguments: Vec<(&'t str, Given<'t>)>,
    /// `None` where nothing is selected below it.
    pub(super) selection: Option<Vec<Item<'t>>>,
}

/// A value that is given in the document.
#[derive(Debug)]
pub(super) enum Given<'t> {
    Variable(&'t str),
    Null,
    /// With the text as it is written.
    Scalar(ValueKind, &'t str),
    List(Vec<Self>),
    Object(Vec<(&'t str, Self)>),
    /// Deeper than what is looked at.
    Unknown,
}

impl<'t> Document<'t> {
    /// Reads a document of at most 20,000 tokens. Selections more than 16 levels below that of an operation or
    /// fragment are passed over, see [`super::Measure::is_beyond`].
    ///
    /// # Errors
    /// Says whether it is none, or too long.
    pub fn read(text: &'t str) -> Result<Self, Unread> {
        let mut reader = Reader::new(text);
        let mut out = Self::default();
        reader.bump();
        while let Some(token) = reader.token.clone() {
            if out.definition(&mut reader, &token).is_none() {
                return Err(reader.broken.unwrap_or(Unread::Malformed));
            }
        }
        out.seen = reader.seen;
        reader.broken.map_or(Ok(out), Err)
    }

    fn definition(&mut self, reader: &mut Reader<'t>, token: &Token<'t>) -> Option<()> {
        match (token.kind(), token.data()) {
            (TokenKind::LCurly, _) => {
                let selection = reader.items(0)?;
                self.operations.push(Operation {
                    kind: "query",
                    selection,
                    ..Operation::default()
                });
            }
            (TokenKind::Name, kind @ ("query" | "mutation" | "subscription")) => {
                reader.bump();
                let name = reader.name().unwrap_or("");
                let (variables, defaults) = reader.variables()?;
                reader.directives()?;
                let selection = reader.items(0)?;
                self.operations.push(Operation { kind, name, variables, defaults, selection });
            }
            (TokenKind::Name, "fragment") => {
                reader.bump();
                let name = reader.name()?;
                (reader.name()? == "on").then_some(())?;
                let on = reader.name()?;
                reader.directives()?;
                let fragment = Fragment { on, selection: reader.items(0)? };
                self.has_twice |= self.fragments.insert(name, fragment).is_some();
            }
            _ => return None,
        }
        Some(())
    }

    /// The operation that is chosen by its name, or the first.
    pub(super) fn chosen(&self, name: &str) -> Option<&Operation<'t>> {
        let named = self.operations.iter().find(|one| !name.is_empty() && one.name == name);
        named.or_else(|| self.operations.first())
    }

    pub(super) fn fragments(&self) -> impl Iterator<Item = &Fragment<'t>> {
        self.fragments.values()
    }

    pub(super) fn fragment(&self, name: &str) -> Option<&Fragment<'t>> {
        self.fragments.get(name)
    }
}

/// Types of variables, and defaults.
type Variables<'t> = (BTreeMap<&'t str, String>, BTreeMap<&'t str, Given<'t>>);

impl<'t> Reader<'t> {
    fn eat(&mut self, kind: TokenKind) -> bool {
        let is = self.kind() == Some(kind);
        if is {
            self.bump();
        }
        is
    }

    /// `($id: ID! = 1 @of, …)`, if there is such.
    fn variables(&mut self) -> Option<Variables<'t>> {
        let (mut out, mut defaults) = Variables::default();
        if !self.eat(TokenKind::LParen) {
            return Some((out, defaults));
        }
        while !self.eat(TokenKind::RParen) {
            self.eat(TokenKind::Dollar).then_some(())?;
            let name = self.name()?;
            self.eat(TokenKind::Colon).then_some(())?;
            let of = self.type_of()?;
            if self.eat(TokenKind::Eq) {
                defaults.insert(name, self.given(0)?);
            }
            self.directives()?;
            if of.len() <= MAX_TYPE {
                out.insert(name, of);
            }
        }
        Some((out, defaults))
    }

    /// `[ID!]!` without spaces.
    fn type_of(&mut self) -> Option<String> {
        let mut out = String::new();
        while let Some(token) = &self.token {
            match token.kind() {
                TokenKind::LBracket | TokenKind::RBracket | TokenKind::Bang => {}
                // A second name is that of what comes next.
                TokenKind::Name if !out.ends_with(|c: char| c != '[') => {}
                _ => break,
            }
            if out.len() <= MAX_TYPE {
                out.push_str(token.data());
            }
            self.bump();
        }
        out.contains(|c: char| c.is_ascii_alphabetic() || c == '_').then_some(out)
    }

    /// A selection with what is below it.
    fn items(&mut self, depth: usize) -> Option<Vec<Item<'t>>> {
        let mut out = Vec::new();
        if self.kind() != Some(TokenKind::LCurly) {
            return None;
        }
        if depth > MAX_DEPTH {
            self.seen.is_deep = true;
            self.skip()?;
            return Some(out);
        }
        self.bump();
        loop {
            match self.kind()? {
                TokenKind::RCurly => {
                    self.bump();
                    return Some(out);
                }
                TokenKind::Spread => out.push(self.part(depth)?),
                TokenKind::Name => out.push(Item::Field(self.whole_field(depth)?)),
                _ => return None,
            }
        }
    }

    fn whole_field(&mut self, depth: usize) -> Option<Field<'t>> {
        let alias = self.name()?;
        let name = if self.eat(TokenKind::Colon) { self.name()? } else { alias };
        self.seen.aliases += u32::from(name != alias);
        let mut arguments = Vec::new();
        if self.eat(TokenKind::LParen) {
            while !self.eat(TokenKind::RParen) {
                let name = self.name()?;
                self.eat(TokenKind::Colon).then_some(())?;
                arguments.push((name, self.given(0)?));
            }
        }
        self.directives()?;
        let is_open = self.kind() == Some(TokenKind::LCurly);
        let selection = if is_open { Some(self.items(depth + 1)?) } else { None };
        Some(Field { name, alias, arguments, selection })
    }

    /// `...Name`, `... on Type { }`, `... { }`.
    fn part(&mut self, depth: usize) -> Option<Item<'t>> {
        self.bump();
        let mut on = "";
        if let Some(name) = self.name() {
            if name != "on" {
                self.directives()?;
                return Some(Item::Spread(name));
            }
            on = self.name()?;
        }
        self.directives()?;
        Some(Item::Inline(Fragment { on, selection: self.items(depth + 1)? }))
    }

    fn given(&mut self, depth: usize) -> Option<Given<'t>> {
        let kind = self.kind()?;
        if depth > MAX_DEPTH && matches!(kind, TokenKind::LBracket | TokenKind::LCurly) {
            self.skip()?;
            return Some(Given::Unknown);
        }
        let text = self.token.as_ref().map_or("", Token::data);
        self.bump();
        Some(match kind {
            TokenKind::Dollar => Given::Variable(self.name()?),
            TokenKind::Int if text.parse::<i32>().is_ok() => {
                Given::Scalar(ValueKind::Integer, text)
            }
            TokenKind::Int => Given::Scalar(ValueKind::LongInteger, text),
            TokenKind::Float => Given::Scalar(ValueKind::Number, text),
            TokenKind::StringValue => Given::Scalar(ValueKind::String, text),
            TokenKind::Name => match text {
                "null" => Given::Null,
                "true" | "false" => Given::Scalar(ValueKind::Boolean, text),
                _ => Given::Scalar(ValueKind::Word, text),
            },
            TokenKind::LBracket => {
                let mut list = Vec::new();
                while !self.eat(TokenKind::RBracket) {
                    list.push(self.given(depth + 1)?);
                }
                Given::List(list)
            }
            TokenKind::LCurly => {
                let mut members = Vec::new();
                while !self.eat(TokenKind::RCurly) {
                    let name = self.name()?;
                    self.eat(TokenKind::Colon).then_some(())?;
                    members.push((name, self.given(depth + 1)?));
                }
                Given::Object(members)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_an_operation_is_read() {
        let text = r#"query Q($id: ID! = "1" @d, $tags: [ String! ]!) @live {
            one: user(id: $id, filter: {tags: $tags, state: OPEN, n: [1, 2.5, 9999999999, null]}) @skip(if: false) { name ...F }
            ... on Query { me { id } } ... { you } }
            fragment F on User @d { email }"#;
        let document = Document::read(text).expect("a document");
        let operation = document.chosen("Q").expect("an operation");
        assert_eq!(operation.kind, "query");
        assert_eq!(operation.variables["id"], "ID!");
        assert_eq!(operation.variables["tags"], "[String!]!");
        let [Item::Field(user), Item::Inline(on), Item::Inline(plain)] = &operation.selection[..]
        else {
            panic!("{:?}", operation.selection)
        };
        assert_eq!((user.name, user.alias, on.on, plain.on), ("user", "one", "Query", ""));
        assert!(matches!(user.arguments[0], ("id", Given::Variable("id"))));
        let ("filter", Given::Object(members)) = &user.arguments[1] else { panic!("{user:?}") };
        assert!(matches!(members[1], ("state", Given::Scalar(ValueKind::Word, "OPEN"))));
        let ("n", Given::List(list)) = &members[2] else { panic!("{members:?}") };
        assert!(matches!(list[2], Given::Scalar(ValueKind::LongInteger, _)));
        assert!(matches!(list[3], Given::Null));
        let selection = user.selection.as_ref().expect("a selection");
        assert!(matches!(selection[1], Item::Spread("F")));
        assert_eq!(document.fragment("F").map(|f| f.on), Some("User"));
        assert!(document.fragment("G").is_none());
    }

    #[test]
    fn hostile_documents_end_soon() {
        for text in [
            "{a",
            "{a(b:[",
            "{a(b:{c:",
            "{...{",
            "query(",
            "query($a:[",
            "fragment F on",
            "{a:",
            "{a(b:)}",
        ] {
            assert!(Document::read(&text.repeat(100_000)).is_err(), "{text}");
            assert_eq!(Document::read(text).err(), Some(Unread::Malformed), "{text}");
        }
        let deep = format!(
            "{}{}",
            "{a(b:[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]])".repeat(40),
            "}".repeat(40)
        );
        let deep = Document::read(&deep).expect("a document");
        assert!(deep.seen.is_deep);
        let long = format!("{{{}}}", "a ".repeat(30_000));
        assert_eq!(Document::read(&long).err(), Some(Unread::Long));
    }
}
