//! Protocol buffers: services and methods of `.proto` files, with messages and their fields. A
//! method is called by `POST /package.Service/Method`, so that path and method tell it.
//!
//! Declarations only: options, reserved ranges and extensions are passed over. Imported files are
//! not read, so that a message of another file has a name and no node.

use super::{
    SpecDocument, SpecLimit,
    budget::Limits,
    files::Forest,
    operation::{OperationKind, Operations, Place, SpecBody, SpecOperation, SpecResponse, cut},
    problem::Problems,
    tree::{Builder, Lines, Node, Position, Tree},
};

mod declared;
mod shape;
mod tokens;

pub use shape::{ProtoField, ProtoMessages};

use declared::{Field, Message, Method, Named, Service, build};
use tokens::{Token, Tokens};

/// Most nodes that one method becomes.
const METHOD_NODES: usize = 6;
/// Deepest nesting of messages.
const MAX_NESTING: usize = 64;
/// Most nodes that one field becomes.
const FIELD_NODES: usize = 2;
/// Most nodes that one message becomes.
const MESSAGE_NODES: usize = 2;
/// Names are cut at so many bytes.
const MAX_NAME: usize = 512;

/// Fills a document from its tree: `services` by name with their methods, `messages` by name.
pub(super) fn read(forest: &Forest, document: &mut SpecDocument, out: &mut Operations) {
    let root = forest.root();
    document.version = cut(root.text_of("syntax"));
    document.title = cut(root.text_of("package"));
    let package = root.text_of("package");
    let services = root.get("services").into_iter().flat_map(Node::members);
    for (service, node) in services {
        let full =
            if package.is_empty() { service.to_owned() } else { format!("{package}.{service}") };
        for (name, method) in node.members() {
            let streams = |side: &str| method.get(side).and_then(Node::as_bool) == Some(true);
            let body = |side: &str| {
                let type_name = method.text_of(side);
                SpecBody {
                    media_type: "application/grpc".to_owned(),
                    required: true,
                    type_name: cut(type_name),
                    schema: message(root, package, type_name),
                }
            };
            let operation = SpecOperation {
                kind: OperationKind::Grpc {
                    client_streams: streams("clientStreaming"),
                    server_streams: streams("serverStreaming"),
                },
                method: "POST".to_owned(),
                path: format!("/{}/{}", cut(&full), cut(name)),
                operation_id: Some(cut(name)),
                tags: vec![cut(&full)],
                deprecated: method.get("deprecated").is_some(),
                bodies: vec![body("input")],
                responses: vec![SpecResponse {
                    bodies: vec![body("output")],
                    place: Place { file: 0, node: method.id() },
                    ..SpecResponse::default()
                }],
                ..SpecOperation::default()
            };
            if !out.add(operation, method, 0) {
                return;
            }
        }
    }
}

/// The message of this file that a name means, from its package on.
fn message(root: Node<'_>, package: &str, name: &str) -> Option<Place> {
    let name = name.strip_prefix('.').unwrap_or(name);
    let messages = root.get("messages")?;
    let inner = name.strip_prefix(package).and_then(|rest| rest.strip_prefix('.'));
    let found = messages.get(name).or_else(|| messages.get(inner?))?;
    Some(Place { file: 0, node: found.id() })
}

/// Reads a file into a tree. What is no declaration is a problem and passed over.
pub(super) fn tree(text: &str, limits: Limits, problems: &mut Problems) -> Tree {
    let mut reader = Reader {
        tokens: Tokens::new(text),
        lines: Lines::new(text),
        problems,
        services: Vec::new(),
        messages: Vec::new(),
        package: None,
        syntax: None,
        room: limits,
        full: None,
    };
    reader.file();
    let full = reader.full;
    let (services, messages) = (reader.services, reader.messages);
    let mut builder = Builder::new(limits);
    let built = build(&mut builder, reader.syntax, reader.package, services, messages);
    // What did not fit was passed over; the rest may fit.
    if let Some((limit, at)) = full {
        problems.limit(at, limit);
    }
    if let Err(limit) = built {
        problems.limit_in(&builder, Position::default(), limit);
    }
    builder.finish()
}

struct Reader<'t, 'p> {
    tokens: Tokens<'t>,
    lines: Lines<'t>,
    problems: &'p mut Problems,
    services: Vec<Service>,
    messages: Vec<Message>,
    package: Named,
    syntax: Named,
    /// What is left for declarations.
    room: Limits,
    /// The first limit that was reached, and where.
    full: Option<(SpecLimit, Position)>,
}

impl<'t> Reader<'t, '_> {
    fn file(&mut self) {
        while let Some((token, at)) = self.tokens.next() {
            match token {
                Token::Word("syntax" | "edition") => {
                    let at = self.lines.at(at);
                    self.syntax =
                        self.statement().map(|text| (cut(text.trim_matches(['"', '\''])), at));
                }
                Token::Word("package") => {
                    let at = self.lines.at(at);
                    self.package = self.statement().map(|text| (cut(text), at));
                }
                Token::Word("service") => self.service(at),
                Token::Word("message") => self.message(at),
                Token::Word("import" | "option") => {
                    self.skip_statement();
                }
                Token::Word("enum" | "extend") => {
                    self.skip_statement();
                }
                Token::Sign(b';') => {}
                _ => {
                    let at = self.lines.at(at);
                    self.problems.error("", at, "expected a declaration: passed over");
                    self.skip_statement();
                }
            }
        }
    }

    /// Whether there is room for a declaration of so many nodes and bytes.
    fn keep(&mut self, nodes: usize, bytes: usize, at: Position) -> bool {
        let Limits { nodes: nodes_left, text_bytes, .. } = &mut self.room;
        let (some, more) = (nodes_left.checked_sub(nodes), text_bytes.checked_sub(bytes));
        if let (Some(some), Some(more), None) = (some, more, &self.full) {
            (*nodes_left, *text_bytes) = (some, more);
            return true;
        }
        let limit = if some.is_none() { SpecLimit::Nodes } else { SpecLimit::TextBytes };
        self.full.get_or_insert((limit, at));
        false
    }

    /// The first word or text behind a keyword and `=`, up to the `;`.
    fn statement(&mut self) -> Option<&'t str> {
        let mut found = None;
        while let Some((token, _)) = self.tokens.next() {
            match token {
                Token::Sign(b';') => break,
                Token::Word(text) | Token::Text(text) if found.is_none() => found = Some(text),
                _ => {}
            }
        }
        found
    }

    /// To the `;`, or behind the block that comes first.
    fn skip_statement(&mut self) {
        let mut depth = 0usize;
        while let Some((token, _)) = self.tokens.next() {
            match token {
                Token::Sign(b'{' | b'[') => depth += 1,
                Token::Sign(b'}') if depth <= 1 => return,
                Token::Sign(b'}' | b']') => depth = depth.saturating_sub(1),
                Token::Sign(b';') if depth == 0 => return,
                _ => {}
            }
        }
        self.ended();
    }

    fn ended(&mut self) {
        let at = self.lines.at(self.tokens.len());
        self.problems.error("", at, "the file ends inside of a declaration");
    }

    /// The name of a block and its `{`.
    fn open(&mut self, at: usize) -> Option<(String, Position)> {
        let position = self.lines.at(at);
        let name = match self.tokens.next() {
            Some((Token::Word(name), _)) => cut(name),
            _ => String::new(),
        };
        let opened = matches!(self.tokens.next(), Some((Token::Sign(b'{'), _)));
        if name.is_empty() || !opened {
            self.problems.error("", position, "expected a name and `{`: passed over");
            return None;
        }
        Some((name, position))
    }

    fn service(&mut self, at: usize) {
        let Some((name, at)) = self.open(at) else { return };
        if !self.keep(1, name.len(), at) {
            self.skip_block();
            return;
        }
        let mut service = Service { name, at, methods: Vec::new() };
        loop {
            match self.tokens.next() {
                Some((Token::Word("rpc"), at)) => {
                    if let Some(method) = self.method(at)
                        && self.keep(METHOD_NODES, method.bytes(), method.at)
                    {
                        service.methods.push(method);
                    }
                }
                Some((Token::Sign(b'}'), _)) => break,
                Some((Token::Sign(b';'), _)) => {}
                Some(_) => self.skip_statement(),
                None => {
                    self.ended();
                    break;
                }
            }
        }
        self.services.push(service);
    }

    /// `rpc Name (stream? Input) returns (stream? Output)` with `;` or options in braces.
    fn method(&mut self, at: usize) -> Option<Method> {
        let mut method = Method { at: self.lines.at(at), ..Method::default() };
        let mut side = 0;
        let mut before = "";
        loop {
            match self.tokens.next() {
                Some((Token::Word(word), _)) => match (side, word) {
                    (0, word) if method.name.is_empty() => method.name = cut(word),
                    (1, "stream") if method.input.is_empty() => before = "stream",
                    (1, word) => {
                        method.input = cut(word);
                        method.client_streams = std::mem::take(&mut before) == "stream";
                    }
                    (3, "stream") if method.output.is_empty() => before = "stream",
                    (3, word) => {
                        method.output = cut(word);
                        method.server_streams = std::mem::take(&mut before) == "stream";
                    }
                    _ => {}
                },
                Some((Token::Sign(b'(' | b')'), _)) => {
                    // A message that is called `stream` itself.
                    if !before.is_empty() {
                        let of = if side == 1 { &mut method.input } else { &mut method.output };
                        std::mem::take(&mut before).clone_into(of);
                    }
                    side += 1;
                }
                Some((Token::Sign(b';'), _)) => break,
                Some((Token::Sign(b'{'), _)) => {
                    method.deprecated = self.options();
                    break;
                }
                Some((Token::Sign(b'}'), _)) | None => {
                    self.ended();
                    return None;
                }
                Some(_) => {}
            }
        }
        if method.name.is_empty() || method.input.is_empty() || method.output.is_empty() {
            self.problems.error("", method.at, "expected `rpc Name (Input) returns (Output)`");
            return None;
        }
        Some(method)
    }

    /// Passes over the options of a method; whether one marks it as deprecated.
    fn options(&mut self) -> bool {
        let mut depth = 1usize;
        let mut deprecated = false;
        let mut last = [Token::Sign(b';'); 2];
        while let Some((token, _)) = self.tokens.next() {
            match token {
                Token::Sign(b'{') => depth += 1,
                Token::Sign(b'}') => {
                    depth -= 1;
                    if depth == 0 {
                        return deprecated;
                    }
                }
                Token::Word("true") if last == [Token::Word("deprecated"), Token::Sign(b'=')] => {
                    deprecated = true;
                }
                _ => {}
            }
            last = [last[1], token];
        }
        self.ended();
        deprecated
    }

    /// A message and those inside of it, without recursion: open ones are on a stack.
    fn message(&mut self, at: usize) {
        let Some((name, at)) = self.open(at) else { return };
        if !self.keep(MESSAGE_NODES, 2 * name.len(), at) {
            self.skip_block();
            return;
        }
        let mut open = vec![Some(Message { name, at, fields: Vec::new() })];
        while !open.is_empty() {
            match self.tokens.next() {
                Some((Token::Word("message"), at)) => {
                    let outer = open.iter().rev().flatten().next().map(|m| m.name.clone());
                    let Some((name, at)) = self.open(at) else { continue };
                    if open.len() >= MAX_NESTING {
                        let what = format_args!("more than {MAX_NESTING} messages in each other");
                        self.problems.error("", at, what);
                        self.skip_block();
                        continue;
                    }
                    let mut name = format!("{}.{name}", outer.unwrap_or_default());
                    name.truncate(name.floor_char_boundary(MAX_NAME));
                    if self.keep(MESSAGE_NODES, 2 * name.len(), at) {
                        open.push(Some(Message { name, at, fields: Vec::new() }));
                    } else {
                        self.skip_block();
                    }
                }
                // Fields of a `oneof` are those of its message.
                Some((Token::Word("oneof"), at)) if open.len() < MAX_NESTING => {
                    if self.open(at).is_some() {
                        open.push(None);
                    }
                }
                Some((
                    Token::Word("enum" | "extend" | "option" | "reserved" | "extensions"),
                    _,
                )) => {
                    self.skip_statement();
                }
                Some((Token::Word(word), at)) => {
                    let field = self.field(word, at);
                    let top = open.iter_mut().rev().flatten().next();
                    if let (Some(field), Some(message)) = (field, top)
                        && self.keep(FIELD_NODES, field.bytes(), field.at)
                    {
                        message.fields.push(field);
                    }
                }
                Some((Token::Sign(b'}'), _)) => {
                    if let Some(Some(message)) = open.pop() {
                        self.messages.push(message);
                    }
                }
                Some(_) => {}
                None => {
                    self.ended();
                    self.messages.extend(open.drain(..).flatten());
                }
            }
        }
    }

    fn skip_block(&mut self) {
        let mut depth = 1usize;
        while let Some((token, _)) = self.tokens.next() {
            match token {
                Token::Sign(b'{') => depth += 1,
                Token::Sign(b'}') => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    /// The number of a field, to the end of its declaration.
    fn number(&mut self) -> Option<u32> {
        let number = match self.tokens.next()?.0 {
            Token::Sign(b';') => return None,
            Token::Word(text) => {
                match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                    Some(digits) => u32::from_str_radix(digits, 16).ok(),
                    None => text.parse().ok(),
                }
            }
            _ => None,
        };
        self.skip_statement();
        number
    }

    /// `label? type name = number [options];` with `map<k, v>` as a type.
    fn field(&mut self, first: &'t str, at: usize) -> Option<Field> {
        let at = self.lines.at(at);
        let mut words = vec![first];
        let mut generic = String::new();
        let mut inside = false;
        let mut number = None;
        loop {
            match self.tokens.next() {
                Some((Token::Sign(b'<'), _)) => inside = true,
                Some((Token::Sign(b'>'), _)) => inside = false,
                Some((Token::Word(word), _)) if inside => {
                    if !generic.is_empty() {
                        generic.push_str(", ");
                    }
                    generic.push_str(&cut(word));
                    generic.truncate(generic.floor_char_boundary(MAX_NAME));
                }
                Some((Token::Word(word), _)) if words.len() < 4 => words.push(word),
                Some((Token::Sign(b'='), _)) => {
                    number = self.number();
                    break;
                }
                Some((Token::Sign(b';'), _)) => break,
                Some((Token::Sign(b'{'), _)) => {
                    self.skip_block();
                    break;
                }
                None => {
                    self.ended();
                    break;
                }
                Some(_) => {}
            }
        }
        let mut is_repeated = !generic.is_empty();
        if matches!(words.first(), Some(&("optional" | "repeated" | "required"))) && words.len() > 2
        {
            is_repeated |= words.remove(0) == "repeated";
        }
        let [type_name, name] = words[..] else {
            self.problems.warning("", at, "expected a field: passed over");
            return None;
        };
        let type_name = if generic.is_empty() {
            cut(type_name)
        } else {
            format!("{}<{generic}>", cut(type_name))
        };
        Some(Field { name: cut(name), type_name, number, is_repeated, at })
    }
}

#[cfg(test)]
mod tests;
