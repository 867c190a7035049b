//! Arguments of the fields that GraphQL documents ask for, whatever aliases, fragments and variables they are written
//! with (GraphQL October 2021, sections 2.6, 2.9, 2.10).

use std::collections::BTreeMap;

use apollo_parser::{Lexer, TokenKind};
use bartizan_model::{Root, Side};

use super::{MAX_MESSAGES, MAX_TOKENS, Reader, Seen, body, messages, operations};
use crate::{Decoded, Format, NodeRef, Value};

/// Most arguments that are read of one request.
const MAX_ARGUMENTS: usize = 1_000;

/// An argument of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The field, by its own name.
    pub field: String,
    /// The argument.
    pub name: String,
    /// What it is; of a list there is one argument for each element, and so there is for each value that servers may
    /// take where several are sent.
    pub value: ArgumentValue,
}

/// What an argument is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentValue {
    /// A text, the name of an enum's value, or a number as it is written.
    Text(String),
    /// Nothing, as a variable without value and default is.
    Null,
    /// Something else, or what the request does not tell.
    Odd,
}

/// All arguments of all operations in the documents of a request, whichever of them is chosen: those of its target and
/// of its body, with the variables of both, in whatever case their names are written. `None` when that cannot be told:
/// it is no GraphQL, a document is known by its hash only, or they go on beyond 20,000 tokens, 64 messages or 1,000
/// arguments.
#[must_use]
pub fn arguments(decoded: &Decoded) -> Option<Vec<Argument>> {
    let (mut out, mut tokens) = (Vec::new(), MAX_TOKENS);
    let (mut target, mut beside) = (Sent::default(), Sent::default());
    if let Some(query) = decoded.view.root(Side::Request, Root::Query) {
        target.add(query);
    }
    let root = body(decoded, Side::Request);
    if let Some(root) = root.filter(|_| decoded.request_format == Format::Text) {
        let is_told = read(root.raw(), &target, &mut tokens, &mut out).is_some();
        if !is_told && target.documents.is_empty() {
            return None;
        }
    } else {
        for (at, message) in root.map(operations).into_iter().flat_map(messages).enumerate() {
            let mut sent = Sent::default();
            sent.add(message);
            if at == MAX_MESSAGES || (sent.documents.is_empty() && target.documents.is_empty()) {
                return None;
            }
            beside.take_variables(&sent);
            sent.take_variables(&target);
            for document in &sent.documents {
                read(document, &sent, &mut tokens, &mut out)?;
            }
        }
    }
    target.take_variables(&beside);
    for document in &target.documents {
        read(document, &target, &mut tokens, &mut out)?;
    }
    (tokens < MAX_TOKENS).then_some(out)
}

/// What one place of a request holds.
#[derive(Default)]
struct Sent<'d> {
    documents: Vec<&'d str>,
    /// Variables by name, from wherever they may be taken.
    variables: BTreeMap<&'d str, Vec<NodeRef<'d>>>,
    /// How many places they may be taken from.
    places: usize,
    /// Some of them could not be read.
    is_untold: bool,
}

impl<'d> Sent<'d> {
    /// Adds the members of a message, or the parameters of a query.
    fn add(&mut self, message: NodeRef<'d>) {
        for child in message.children() {
            match child.value() {
                Value::Text(text) if is_named(child.key(), "query") => self.documents.push(text),
                Value::Null => {}
                _ if is_named(child.key(), "variables") => self.add_variables(child),
                _ => {}
            }
        }
    }

    fn add_variables(&mut self, node: NodeRef<'d>) {
        // In queries and forms they are JSON within a text.
        let inner = || node.children().find(|child| child.codec().is_some());
        let all = if node.value() == Value::Object { Some(node) } else { inner() };
        self.places += 1;
        let Some(all) = all.filter(|all| all.value() == Value::Object) else {
            self.is_untold |= !matches!(node.value(), Value::Text(text) if text.trim().is_empty());
            return;
        };
        for variable in all.children() {
            self.variables.entry(variable.key()).or_default().push(variable);
        }
    }

    /// Adds the variables of another place: it is up to the server which it takes.
    fn take_variables(&mut self, other: &Self) {
        for (name, values) in &other.variables {
            self.variables.entry(name).or_default().extend(values);
        }
        self.places += other.places;
        self.is_untold |= other.is_untold;
    }

    /// What a variable may be.
    fn values(
        &self,
        name: &str,
        defaults: &BTreeMap<&str, Vec<ArgumentValue>>,
    ) -> Vec<ArgumentValue> {
        let given = self.variables.get(name).map(Vec::as_slice).unwrap_or_default();
        if given.len() > MAX_MESSAGES {
            return vec![ArgumentValue::Odd];
        }
        let mut out = Vec::new();
        for node in given {
            match node.value() {
                Value::Array => out.extend(node.children().take(MAX_ARGUMENTS + 1).map(one)),
                _ => out.push(one(*node)),
            }
        }
        if self.is_untold {
            out.push(ArgumentValue::Odd);
        }
        // It may be missing in the place that the server takes.
        if given.is_empty() || self.places > 1 {
            match defaults.get(name) {
                Some(values) => out.extend(values.iter().cloned()),
                None if out.is_empty() => out.push(ArgumentValue::Null),
                None => {}
            }
        }
        out
    }
}

/// Whether a member has this name, in whatever case of Unicode: lenient servers take it for it.
fn is_named(key: &str, name: &str) -> bool {
    let folded = |c: char| c.to_uppercase().flat_map(char::to_lowercase);
    key == name || key.chars().flat_map(folded).eq(name.chars().flat_map(folded))
}

fn one(node: NodeRef<'_>) -> ArgumentValue {
    match node.value() {
        Value::Text(text) => ArgumentValue::Text(text.to_owned()),
        Value::Integer(number) => ArgumentValue::Text(number.to_string()),
        Value::Number(_) if !node.raw().is_empty() => ArgumentValue::Text(node.raw().to_owned()),
        Value::Null => ArgumentValue::Null,
        _ => ArgumentValue::Odd,
    }
}

/// A value as it is written.
enum Written<'t> {
    Known(ArgumentValue),
    Variable(&'t str),
}

/// What is read of one document.
#[derive(Default)]
struct Found<'t> {
    /// Field, argument, value.
    arguments: Vec<(&'t str, &'t str, Written<'t>)>,
    /// Defaults of variables, of all operations.
    defaults: BTreeMap<&'t str, Vec<ArgumentValue>>,
}

fn read(
    document: &str,
    sent: &Sent<'_>,
    tokens: &mut usize,
    out: &mut Vec<Argument>,
) -> Option<()> {
    let lexer = Lexer::new(document).with_limit(*tokens);
    let mut reader = Reader { lexer, token: None, broken: None, seen: Seen::default() };
    let mut found = Found::default();
    let mut depth = 0_usize;
    let mut field: Option<&str> = None;
    reader.bump();
    while let Some(kind) = reader.kind() {
        match kind {
            TokenKind::LCurly => {
                (depth, field) = (depth + 1, None);
                reader.bump();
            }
            TokenKind::RCurly => {
                (depth, field) = (depth.checked_sub(1)?, None);
                reader.bump();
            }
            TokenKind::Name => field = reader.name(),
            TokenKind::LParen => match field.take().filter(|_| depth > 0) {
                Some(field) => found.list(&mut reader, field)?,
                None => found.definitions(&mut reader)?,
            },
            TokenKind::At => directive(&mut reader)?,
            _ => reader.bump(),
        }
    }
    let seen = reader.seen.tokens as usize;
    // A document that ends within a selection was cut, or is none.
    if depth > 0 || seen == 0 || seen >= *tokens || reader.broken.is_some() {
        return None;
    }
    *tokens -= seen;
    for (field, name, value) in found.arguments {
        let values = match value {
            Written::Known(value) => vec![value],
            Written::Variable(name) => sent.values(name, &found.defaults),
        };
        for value in values {
            if out.len() == MAX_ARGUMENTS {
                return None;
            }
            out.push(Argument { field: field.to_owned(), name: name.to_owned(), value });
        }
    }
    Some(())
}

/// Passes over a directive.
fn directive(reader: &mut Reader<'_>) -> Option<()> {
    reader.bump();
    reader.name()?;
    if reader.kind() == Some(TokenKind::LParen) { reader.skip() } else { Some(()) }
}

impl<'t> Found<'t> {
    /// Reads the arguments of a field, behind its name.
    fn list(&mut self, reader: &mut Reader<'t>, field: &'t str) -> Option<()> {
        reader.bump();
        while reader.kind()? != TokenKind::RParen {
            let name = reader.name()?;
            colon(reader)?;
            for value in values(reader)? {
                if self.arguments.len() == MAX_ARGUMENTS {
                    return None;
                }
                self.arguments.push((field, name, value));
            }
        }
        reader.bump();
        Some(())
    }

    /// Reads the variables of an operation, for their defaults.
    fn definitions(&mut self, reader: &mut Reader<'t>) -> Option<()> {
        reader.bump();
        loop {
            match reader.kind()? {
                TokenKind::RParen => {
                    reader.bump();
                    return Some(());
                }
                TokenKind::At => directive(reader)?,
                TokenKind::Dollar => {
                    reader.bump();
                    let name = reader.name()?;
                    colon(reader)?;
                    let is_of_type = |kind| {
                        let brackets = [TokenKind::LBracket, TokenKind::RBracket];
                        brackets.contains(&kind)
                            || [TokenKind::Bang, TokenKind::Name].contains(&kind)
                    };
                    while is_of_type(reader.kind()?) {
                        reader.bump();
                    }
                    if reader.kind()? != TokenKind::Eq {
                        continue;
                    }
                    reader.bump();
                    let known = self.defaults.entry(name).or_default();
                    known.extend(values(reader)?.into_iter().map(|value| match value {
                        Written::Known(value) => value,
                        Written::Variable(_) => ArgumentValue::Odd,
                    }));
                    if known.len() > MAX_ARGUMENTS {
                        return None;
                    }
                }
                _ => return None,
            }
        }
    }
}

fn colon(reader: &mut Reader<'_>) -> Option<()> {
    let is_there = reader.kind()? == TokenKind::Colon;
    reader.bump();
    is_there.then_some(())
}

/// Reads a value: one, or those of a flat list.
fn values<'t>(reader: &mut Reader<'t>) -> Option<Vec<Written<'t>>> {
    let odd = || Written::Known(ArgumentValue::Odd);
    match reader.kind()? {
        TokenKind::LCurly => {
            reader.skip()?;
            Some(vec![odd()])
        }
        TokenKind::LBracket => {
            reader.bump();
            let mut out = Vec::new();
            while reader.kind()? != TokenKind::RBracket {
                match reader.kind()? {
                    TokenKind::LCurly | TokenKind::LBracket => {
                        reader.skip()?;
                        out.push(odd());
                    }
                    _ => out.push(scalar(reader)?),
                }
                if out.len() > MAX_ARGUMENTS {
                    return None;
                }
            }
            reader.bump();
            Some(out)
        }
        _ => Some(vec![scalar(reader)?]),
    }
}

fn scalar<'t>(reader: &mut Reader<'t>) -> Option<Written<'t>> {
    if reader.kind()? == TokenKind::Dollar {
        reader.bump();
        return reader.name().map(Written::Variable);
    }
    let token = reader.token.clone()?;
    reader.bump();
    let text = |text: &str| ArgumentValue::Text(text.to_owned());
    Some(Written::Known(match (token.kind(), token.data()) {
        (TokenKind::Int | TokenKind::Float, digits) => text(digits),
        (TokenKind::Name, "null") => ArgumentValue::Null,
        (TokenKind::Name, "true" | "false") => ArgumentValue::Odd,
        (TokenKind::Name, name) => text(name),
        // Escapes are those of JSON; a block string is none of it.
        (TokenKind::StringValue, quoted) => {
            serde_json::from_str(quoted).map_or(ArgumentValue::Odd, ArgumentValue::Text)
        }
        _ => ArgumentValue::Odd,
    }))
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Request};

    use super::*;
    use crate::decode;

    fn of(body: &str) -> Option<Vec<String>> {
        let mut request = Request {
            method: "POST".to_owned(),
            target: "/graphql".to_owned(),
            body: body.to_owned().into(),
            ..Request::default()
        };
        request.headers.push("content-type", "application/json");
        let exchange = Exchange { request, ..Exchange::default() };
        let decoded = decode(&exchange, &Limits::default(), 1);
        let show = |one: Argument| {
            let value = match one.value {
                ArgumentValue::Text(text) => text,
                ArgumentValue::Null => "null".to_owned(),
                ArgumentValue::Odd => "?".to_owned(),
            };
            format!("{}.{}={value}", one.field, one.name)
        };
        Some(arguments(&decoded)?.into_iter().map(show).collect())
    }

    fn document(text: &str) -> Option<Vec<String>> {
        of(&serde_json::json!({"query": text, "variables": {"v": "12", "l": [1, null]}})
            .to_string())
    }

    #[test]
    fn arguments_are_those_of_the_fields_own_names() {
        for (text, expected) in [
            (r#"{a: shipment(id: "10\u0030") {id}}"#, &["shipment.id=100"][..]),
            (
                "query Q($v: ID = 3, $x: ID) {shipment(id: $v, w: $x) {id}}",
                &["shipment.id=12", "shipment.w=null"],
            ),
            (
                "{...F} fragment F on Query {s(id: $x)} query Q($x: ID = \"7\" @d(a: 1), $y: [ID!]! = [1, 2]) {t(ids: $y)}",
                &["s.id=7", "t.ids=1", "t.ids=2"],
            ),
            (
                "{...F} fragment F on Query {user(id: 7, at: null) @include(if: true) {n(a: [1, B])}}",
                &["user.id=7", "user.at=null", "n.a=1", "n.a=B"],
            ),
            (
                r#"{s(id: """1""", o: {id: 1}, f: 1.5, b: true)}"#,
                &["s.id=?", "s.o=?", "s.f=1.5", "s.b=?"],
            ),
            ("{s(ids: $l)}", &["s.ids=1", "s.ids=null"]),
            ("{me {id}}", &[]),
        ] {
            let expected: Vec<String> = expected.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(document(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn whatever_a_server_may_take_is_told() {
        for (body, expected) in [
            (r#"{"Query":"{a(b:1)}"}"#, &["a.b=1"][..]),
            (r#"{"query":"{a(b:1)}","QUERY":"{a(b:2)}"}"#, &["a.b=1", "a.b=2"]),
            (
                r#"{"query":"{a(b:$v)}","variables":{"v":1},"Variables":{"v":2}}"#,
                &["a.b=1", "a.b=2"],
            ),
            (r#"{"query":"{a(b:$v)}","variables":{"v":1,"v":100.0}}"#, &["a.b=1", "a.b=100.0"]),
            (r#"{"query":"{a(b:$v)}","variables":"{\"v\":3}"}"#, &["a.b=3"]),
            (r#"{"query":"{a(b:$v)}","variables":"{"}"#, &["a.b=?"]),
            (r#"{"query":"query($v:ID=8){a(b:$v)}","variables":null}"#, &["a.b=8"]),
            (r#"{"query":"query($v:ID=8){a(b:$v)}","variables":{"v":9}}"#, &["a.b=9"]),
        ] {
            let expected: Vec<String> = expected.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(of(body), Some(expected), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        for text in ["", "{s(id: 1)", "{s(id: }", "{s}}", "not ( a document"] {
            assert_eq!(document(text), None, "{text}");
        }
        assert_eq!(of(r#"{"extensions":{"persistedQuery":{"sha256Hash":"ab"}}}"#), None);
        let batch = r#"[{"query":"{a(b:1)}"},{"query":"{c(d:2)}"}]"#;
        assert_eq!(of(batch), Some(vec!["a.b=1".to_owned(), "c.d=2".to_owned()]));
    }
}
