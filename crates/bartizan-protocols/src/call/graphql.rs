//! Fields of the root types that a GraphQL request asks for (GraphQL October 2021 §2; GraphQL over
//! HTTP). The name of an operation is its client's choice; fields are the server's own words.

use std::collections::BTreeMap;

use apollo_parser::{Lexer, Token, TokenKind};
use bartizan_model::{Protocol, Root, Side};

use super::{Answered, Call, MAX_MESSAGES, answers, body, is_name, member, messages, text};
use crate::{Decoded, Format, NodeRef, Value};

mod arguments;
mod document;
mod fits;
mod measure;
mod sketch;

pub use arguments::{Argument, ArgumentValue, arguments};
pub use document::{Document, Unread};
pub use fits::{Misfit, Types};
pub use measure::{Counted, Measure};
pub(super) use sketch::sketch;

/// Most tokens of one document that are looked at.
const MAX_TOKENS: usize = 20_000;
/// Most selections within selections of the root.
const MAX_DEPTH: usize = 16;
/// Longest hash of a document, in bytes: SHA-512 as hexadecimal digits.
const MAX_HASH: usize = 128;
/// Most fields of the root that are remembered of one selection.
const MAX_FIELDS: usize = 64;

pub(super) fn call(decoded: &Decoded) -> Option<Call> {
    let mut names = Vec::new();
    if let Some(query) = decoded.view.root(Side::Request, Root::Query) {
        let one =
            |name| query.children().find(|child| child.key() == name).map(|child| child.raw());
        if let Some(document) = one("query") {
            names.extend(fields(document, one("operationName").unwrap_or(""))?);
            return Some(Call::joined(Protocol::Graphql, names));
        }
        if hash_in(query).is_some() {
            names.extend(one("operationName").map(str::to_owned));
            return Some(Call::joined(Protocol::Graphql, names));
        }
    }
    let root = body(decoded, Side::Request)?;
    if decoded.request_format == Format::Text {
        // `application/graphql`: the document alone.
        names.extend(fields(root.raw(), "")?);
        return Some(Call::joined(Protocol::Graphql, names));
    }
    let operations = operations(root);
    let mut is_any = false;
    for message in messages(operations).take(MAX_MESSAGES) {
        is_any = true;
        names.extend(names_of(message)?);
    }
    let is_batch = matches!(operations.value(), Value::Array);
    is_any.then(|| {
        if is_batch {
            Call::batch(Protocol::Graphql)
        } else {
            Call::joined(Protocol::Graphql, names)
        }
    })
}

/// What the one message calls that is the body.
pub(super) fn call_of_message(decoded: &Decoded) -> Option<Call> {
    Some(Call::joined(Protocol::Graphql, names_of(body(decoded, Side::Request)?)?))
}

fn names_of(message: NodeRef<'_>) -> Option<Vec<String>> {
    let chosen = text(message, "operationName").unwrap_or("");
    match text(message, "query") {
        Some(document) => fields(document, chosen),
        // A document that the server knows by its hash: the name is all that it says.
        None => (is_persisted(message) && is_name(chosen)).then(|| vec![chosen.to_owned()]),
    }
}

/// A document that a request names by its hash (automatic persisted queries).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persisted<'a> {
    /// The hash as it was sent, 1 to 128 bytes.
    pub hash: &'a str,
    /// Whether the document came with it, to be kept under that hash.
    pub is_told: bool,
}

/// The document that a call of one thing names by its hash; `None` when it does not.
#[must_use]
pub fn persisted(decoded: &Decoded) -> Option<Persisted<'_>> {
    if let Some(query) = decoded.view.root(Side::Request, Root::Query)
        && let Some(hash) = hash_in(query)
    {
        return Some(Persisted { hash, is_told: query.children().any(|c| c.key() == "query") });
    }
    let message = operations(body(decoded, Side::Request)?);
    let is_told = member(message, "query").is_some();
    Some(Persisted { hash: hash_in(message)?, is_told })
}

/// The hash in `extensions` among the members of a message or the parameters of a query.
fn hash_in(message: NodeRef<'_>) -> Option<&str> {
    let extensions = message.children().find(|child| child.key() == "extensions")?;
    // In a query it is JSON within a text.
    let inner = extensions.children().find(|child| child.codec().is_some());
    let named = member(inner.unwrap_or(extensions), "persistedQuery")?;
    text(named, "sha256Hash").filter(|hash| (1..=MAX_HASH).contains(&hash.len()))
}

/// The message that a request consists of, or the array of them. That of a multipart request is the JSON in its part `operations` (GraphQL multipart
/// request specification).
pub(super) fn operations(root: NodeRef<'_>) -> NodeRef<'_> {
    let part = root.children().find(|child| child.key() == "operations");
    let decoded = |part: NodeRef<'_>| match part.value() {
        Value::Object | Value::Array => Some(part.id()),
        _ => part.children().find(|child| child.codec().is_some()).map(|child| child.id()),
    };
    let found = part.and_then(decoded);
    part.into_iter()
        .flat_map(|part| std::iter::once(part).chain(part.children()))
        .find(|node| Some(node.id()) == found)
        .unwrap_or(root)
}

pub(super) fn is_persisted(message: NodeRef<'_>) -> bool {
    let hashed = member(message, "extensions").and_then(|e| member(e, "persistedQuery"));
    hashed.is_some() || member(message, "documentId").is_some()
}

pub(super) fn answered(decoded: &Decoded) -> Answered {
    super::best(answers(decoded).take(MAX_MESSAGES).map(|message| {
        let data = member(message, "data");
        let errors = member(message, "errors").is_some_and(|node| node.children().next().is_some());
        let has_any = data.is_some_and(|d| d.children().any(|field| field.value() != Value::Null));
        match (data.is_some(), errors) {
            (true, false) => Answered::Granted,
            // Some fields were answered, and others failed.
            (true, true) if has_any => Answered::Granted,
            (true, true) => Answered::Failed,
            // The document did not fit the schema: then there is no `data` at all (§7.1.1).
            (false, true) => Answered::NotThere,
            (false, false) => Answered::Unknown,
        }
    }))
}

/// Fields of the root that a document asks for, each with the kind of its operation: none when the
/// document goes on beyond what is looked at. `None` for what is no such document.
fn fields(document: &str, chosen: &str) -> Option<Vec<String>> {
    let mut reader = Reader::new(document);
    let mut read = Roots::default();
    reader.bump();
    while let Some(token) = reader.token.clone() {
        if read.definition(&mut reader, &token).is_none() {
            let is_cut = reader.token.is_none() && !read.operations.is_empty();
            return is_cut.then(Vec::new);
        }
    }
    read.fields(chosen)
}

/// What a document defines, of which only the root is looked at.
#[derive(Default)]
struct Roots<'t> {
    /// Kind, name, selection.
    operations: Vec<(&'t str, &'t str, Selection<'t>)>,
    fragments: BTreeMap<&'t str, Selection<'t>>,
}

impl<'t> Roots<'t> {
    /// Reads what begins with `token`.
    fn definition(&mut self, reader: &mut Reader<'t>, token: &Token<'t>) -> Option<()> {
        match (token.kind(), token.data()) {
            (TokenKind::LCurly, _) => self.operations.push(("query", "", reader.selection(0)?)),
            (TokenKind::Name, kind @ ("query" | "mutation" | "subscription")) => {
                reader.bump();
                let name = reader.name().unwrap_or("");
                reader.pass_to_selection()?;
                self.operations.push((kind, name, reader.selection(0)?));
            }
            (TokenKind::Name, "fragment") => {
                reader.bump();
                let name = reader.name()?;
                reader.pass_to_selection()?;
                self.fragments.insert(name, reader.selection(0)?);
            }
            _ => return None,
        }
        Some(())
    }

    /// Fields of the operation that is chosen, or of the first.
    fn fields(mut self, chosen: &str) -> Option<Vec<String>> {
        let mut named = self.operations.iter();
        let named = named.position(|(_, name, _)| !chosen.is_empty() && *name == chosen);
        let (kind, _, selection) = self.operations.into_iter().nth(named.unwrap_or(0))?;
        let mut found = Vec::new();
        // Of a document that asks for more than is looked at it is not told what it calls.
        if !selection.expand(&mut self.fragments, &mut found) {
            return Some(Vec::new());
        }
        // Asked for beside others it says nothing.
        if found.iter().any(|field| *field != "__typename") {
            found.retain(|field| *field != "__typename");
        }
        Some(found.into_iter().map(|field| format!("{kind} {field}")).collect())
    }
}

/// A selection of a root type.
#[derive(Debug, Default)]
struct Selection<'t> {
    fields: Vec<&'t str>,
    spreads: Vec<&'t str>,
    /// Whether it has more than is looked at.
    is_cut: bool,
}

impl<'t> Selection<'t> {
    /// Its fields and those of the fragments it is made of, each fragment once.
    /// Whether that was all.
    fn expand(self, fragments: &mut BTreeMap<&'t str, Self>, found: &mut Vec<&'t str>) -> bool {
        let mut open = vec![self];
        let mut is_all = true;
        while let Some(selection) = open.pop() {
            is_all &= !selection.is_cut;
            for field in selection.fields {
                if found.contains(&field) {
                    continue;
                }
                if found.len() >= MAX_FIELDS {
                    return false;
                }
                found.push(field);
            }
            open.extend(selection.spreads.into_iter().filter_map(|name| fragments.remove(name)));
        }
        is_all
    }
}

struct Reader<'t> {
    lexer: Lexer<'t>,
    /// What is looked at: no white space, comment or comma.
    token: Option<Token<'t>>,
    /// Why it ended before the document did.
    broken: Option<Unread>,
    seen: Seen,
}

/// What was read of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Tokens without white space, comments and commas.
    tokens: u32,
    aliases: u32,
    directives: u32,
    /// Whether selections were passed over because they are too deep.
    is_deep: bool,
}

impl<'t> Reader<'t> {
    fn new(document: &'t str) -> Self {
        let lexer = Lexer::new(document).with_limit(MAX_TOKENS);
        Self { lexer, token: None, broken: None, seen: Seen::default() }
    }

    /// Goes on; what is no token, or beyond the limit, ends the document.
    fn bump(&mut self) {
        self.token = loop {
            match self.lexer.next() {
                Some(Ok(token)) => match token.kind() {
                    TokenKind::Whitespace | TokenKind::Comment | TokenKind::Comma => {}
                    TokenKind::Eof => break None,
                    _ => {
                        self.seen.tokens += 1;
                        break Some(token);
                    }
                },
                Some(Err(error)) => {
                    let why = if error.is_limit() { Unread::Long } else { Unread::Malformed };
                    self.broken.get_or_insert(why);
                    break None;
                }
                None => break None,
            }
        };
    }

    fn kind(&self) -> Option<TokenKind> {
        self.token.as_ref().map(Token::kind)
    }

    /// Passes over a name, if there is one.
    fn name(&mut self) -> Option<&'t str> {
        let token = self.token.as_ref()?;
        let name = (token.kind() == TokenKind::Name).then(|| token.data())?;
        self.bump();
        Some(name)
    }

    /// Passes over variables, types and directives up to a selection.
    fn pass_to_selection(&mut self) -> Option<()> {
        loop {
            match self.kind()? {
                TokenKind::LCurly => return Some(()),
                TokenKind::LParen => self.skip()?,
                TokenKind::Name | TokenKind::At => self.bump(),
                _ => return None,
            }
        }
    }

    /// Passes over what stands in brackets, and the brackets.
    fn skip(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.kind()? {
                TokenKind::LCurly | TokenKind::LParen | TokenKind::LBracket => open += 1,
                TokenKind::RCurly | TokenKind::RParen | TokenKind::RBracket => open -= 1,
                _ => {}
            }
            self.bump();
            if open == 0 {
                return Some(());
            }
        }
    }

    /// Reads a selection of a root type: its fields, without what is below them.
    fn selection(&mut self, depth: usize) -> Option<Selection<'t>> {
        let mut out = Selection::default();
        if depth > MAX_DEPTH {
            self.skip()?;
            out.is_cut = true;
            return Some(out);
        }
        self.bump();
        loop {
            match self.kind()? {
                TokenKind::RCurly => {
                    self.bump();
                    return Some(out);
                }
                TokenKind::Spread => self.spread(depth, &mut out)?,
                TokenKind::Name => self.field(&mut out)?,
                _ => return None,
            }
        }
    }

    fn field(&mut self, out: &mut Selection<'t>) -> Option<()> {
        let mut name = self.name()?;
        if self.kind() == Some(TokenKind::Colon) {
            // What stood there was only an alias.
            self.bump();
            name = self.name()?;
        }
        if !out.fields.contains(&name) {
            if out.fields.len() < MAX_FIELDS {
                out.fields.push(name);
            } else {
                out.is_cut = true;
            }
        }
        if self.kind() == Some(TokenKind::LParen) {
            self.skip()?;
        }
        self.directives()?;
        if self.kind() == Some(TokenKind::LCurly) {
            self.skip()?;
        }
        Some(())
    }

    /// `...Name`, `... on Type { }`, `... { }`.
    fn spread(&mut self, depth: usize, out: &mut Selection<'t>) -> Option<()> {
        self.bump();
        let is_inline = match self.token.as_ref()? {
            token if token.kind() == TokenKind::Name && token.data() == "on" => {
                self.bump();
                self.name()?;
                true
            }
            token => token.kind() != TokenKind::Name,
        };
        if !is_inline {
            let name = self.name()?;
            if !out.spreads.contains(&name) {
                if out.spreads.len() < MAX_FIELDS {
                    out.spreads.push(name);
                } else {
                    out.is_cut = true;
                }
            }
            return self.directives();
        }
        self.directives()?;
        if self.kind() != Some(TokenKind::LCurly) {
            return None;
        }
        let inner = self.selection(depth + 1)?;
        out.fields.extend(inner.fields);
        out.spreads.extend(inner.spreads);
        out.is_cut |= inner.is_cut;
        Some(())
    }

    fn directives(&mut self) -> Option<()> {
        while self.kind() == Some(TokenKind::At) {
            self.seen.directives += 1;
            self.bump();
            self.name()?;
            if self.kind() == Some(TokenKind::LParen) {
                self.skip()?;
            }
        }
        Some(())
    }
}
