//! Arguments of the fields that GraphQL documents ask for, whatever aliases, fragments and variables they are written
//! with (GraphQL October 2021, sections 2.6, 2.9, 2.10).

use apollo_parser::{Lexer, TokenKind};
use bartizan_model::{Root, Side};

use super::{MAX_MESSAGES, MAX_TOKENS, Reader, body, member, messages, operations};
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
    /// What it is; of a list there is one argument for each element.
    pub value: ArgumentValue,
}

/// What an argument is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentValue {
    /// A text, the name of an enum's value, or an integer as text.
    Text(String),
    /// Nothing.
    Null,
    /// Something else, or what the document alone does not tell: a variable without a value.
    Odd,
}

/// All arguments of all operations in the documents of a request, whichever of them is chosen. `None` when that cannot
/// be told: it is no GraphQL, a document is known by its hash only, or goes on beyond 20,000 tokens, 64 messages or
/// 1,000 arguments.
#[must_use]
pub fn arguments(decoded: &Decoded) -> Option<Vec<Argument>> {
    let mut out = Vec::new();
    let query = decoded.view.root(Side::Request, Root::Query);
    let named = |root: NodeRef<'_>, name: &str| {
        root.children().find(|child| child.key() == name).map(|child| child.id())
    };
    let document = query.and_then(|query| named(query, "query"));
    if let Some(document) = document.and_then(|id| decoded.view.node(id)) {
        let variables = query.and_then(|query| named(query, "variables"));
        let variables = variables.and_then(|id| decoded.view.node(id));
        // In a query they are JSON within a text.
        let variables = variables.and_then(|text| text.children().find(|c| c.codec().is_some()));
        read(document.raw(), variables, &mut out)?;
        return Some(out);
    }
    let root = body(decoded, Side::Request)?;
    if decoded.request_format == Format::Text {
        read(root.raw(), None, &mut out)?;
        return Some(out);
    }
    let all = operations(root);
    let mut seen = 0;
    for message in messages(all) {
        seen += 1;
        if seen > MAX_MESSAGES {
            return None;
        }
        let document = member(message, "query")?;
        read(document.raw(), member(message, "variables"), &mut out)?;
    }
    (seen > 0).then_some(out)
}

fn read(document: &str, variables: Option<NodeRef<'_>>, out: &mut Vec<Argument>) -> Option<()> {
    let mut reader = Reader {
        lexer: Lexer::new(document).with_limit(MAX_TOKENS),
        token: None,
        broken: None,
        seen: super::Seen::default(),
    };
    let mut depth = 0_usize;
    let mut field: Option<&str> = None;
    let mut tokens = 0;
    reader.bump();
    while let Some(kind) = reader.kind() {
        tokens += 1;
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
                Some(field) => list(&mut reader, field, variables, out)?,
                // Variables of an operation.
                None => reader.skip()?,
            },
            TokenKind::At => {
                reader.bump();
                reader.name()?;
                if reader.kind() == Some(TokenKind::LParen) {
                    reader.skip()?;
                }
            }
            _ => reader.bump(),
        }
    }
    // A document that ends within a selection was cut, or is none.
    (depth == 0 && tokens > 0 && tokens < MAX_TOKENS).then_some(())
}

/// Reads the arguments of a field, behind its name.
fn list(
    reader: &mut Reader<'_>,
    field: &str,
    variables: Option<NodeRef<'_>>,
    out: &mut Vec<Argument>,
) -> Option<()> {
    reader.bump();
    while reader.kind()? != TokenKind::RParen {
        let name = reader.name()?;
        if reader.kind()? != TokenKind::Colon {
            return None;
        }
        reader.bump();
        for value in values(reader, variables)? {
            if out.len() == MAX_ARGUMENTS {
                return None;
            }
            let (field, name) = (field.to_owned(), name.to_owned());
            out.push(Argument { field, name, value });
        }
    }
    reader.bump();
    Some(())
}

/// Reads a value: one, or those of a flat list.
fn values(reader: &mut Reader<'_>, variables: Option<NodeRef<'_>>) -> Option<Vec<ArgumentValue>> {
    match reader.kind()? {
        TokenKind::LCurly => {
            reader.skip()?;
            Some(vec![ArgumentValue::Odd])
        }
        TokenKind::LBracket => {
            reader.bump();
            let mut out = Vec::new();
            while reader.kind()? != TokenKind::RBracket {
                match reader.kind()? {
                    TokenKind::LCurly | TokenKind::LBracket => {
                        reader.skip()?;
                        out.push(ArgumentValue::Odd);
                    }
                    _ => out.extend(scalar(reader, variables)?),
                }
                if out.len() > MAX_ARGUMENTS {
                    return None;
                }
            }
            reader.bump();
            Some(out)
        }
        _ => scalar(reader, variables),
    }
}

fn scalar(reader: &mut Reader<'_>, variables: Option<NodeRef<'_>>) -> Option<Vec<ArgumentValue>> {
    if reader.kind()? == TokenKind::Dollar {
        reader.bump();
        let name = reader.name()?;
        return Some(variable(variables.and_then(|all| member(all, name))));
    }
    let token = reader.token.clone()?;
    reader.bump();
    let text = |text: &str| ArgumentValue::Text(text.to_owned());
    Some(vec![match (token.kind(), token.data()) {
        (TokenKind::Int, digits) => text(digits),
        (TokenKind::Name, "null") => ArgumentValue::Null,
        (TokenKind::Name, "true" | "false") => ArgumentValue::Odd,
        (TokenKind::Name, name) => text(name),
        // Escapes are those of JSON; a block string is none of it.
        (TokenKind::StringValue, quoted) => {
            serde_json::from_str(quoted).map_or(ArgumentValue::Odd, ArgumentValue::Text)
        }
        _ => ArgumentValue::Odd,
    }])
}

fn variable(value: Option<NodeRef<'_>>) -> Vec<ArgumentValue> {
    let one = |node: NodeRef<'_>| match node.value() {
        Value::Text(text) => ArgumentValue::Text(text.to_owned()),
        Value::Integer(number) => ArgumentValue::Text(number.to_string()),
        Value::Null => ArgumentValue::Null,
        _ => ArgumentValue::Odd,
    };
    match value {
        // Its default stands in the document, and nobody has looked there.
        None => vec![ArgumentValue::Odd],
        Some(node) if node.value() == Value::Array => node.children().map(one).collect(),
        Some(node) => vec![one(node)],
    }
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
                &["shipment.id=12", "shipment.w=?"],
            ),
            (
                "{...F} fragment F on Query {user(id: 7, at: null) @include(if: true) {n(a: [1, B])}}",
                &["user.id=7", "user.at=null", "n.a=1", "n.a=B"],
            ),
            (
                r#"{s(id: """1""", o: {id: 1}, f: 1.5, b: true)}"#,
                &["s.id=?", "s.o=?", "s.f=?", "s.b=?"],
            ),
            ("{s(ids: $l)}", &["s.ids=1", "s.ids=null"]),
            ("{me {id}}", &[]),
        ] {
            let expected: Vec<String> = expected.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(document(text), Some(expected), "{text}");
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
