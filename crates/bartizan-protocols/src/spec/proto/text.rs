//! The text of a `.proto` file ("Language Specification" of protobuf.dev, proto2 to editions).
//!
//! Declarations only: reserved ranges, extensions and options are passed over, but for those that mark as
//! deprecated and the rules of `google.api.http`.

use super::{
    MAX_NAME, MAX_NESTING,
    declared::{Enum, Field, File, Message, Method, Room, Service, build},
    tokens::{Token, Tokens},
};
use crate::spec::{
    budget::Limits,
    operation::cut,
    problem::Problems,
    tree::{Builder, Lines, Node, NodeId, Position, Tree},
};

/// Reads a file into a tree. What is no declaration is a problem and passed over.
pub(in crate::spec) fn tree(text: &str, limits: Limits, problems: &mut Problems) -> Tree {
    let mut reader = Reader {
        tokens: Tokens::new(text),
        lines: Lines::new(text),
        problems,
        file: File::default(),
        room: Room::new(limits),
    };
    reader.file();
    let (file, full) = (reader.file, reader.room.full);
    let mut builder = Builder::new(limits);
    let top = Position { line: 1, column: 1 };
    let built = builder.open(true, top).and_then(|_| build(&mut builder, file));
    // What did not fit was passed over; the rest may fit.
    if let Some((limit, at)) = full {
        problems.limit(at, limit);
    }
    if let Err(limit) = built {
        problems.limit_in(&builder, Position::default(), limit);
    }
    builder.finish()
}

/// The same of bytes, up to what is no UTF-8.
pub(in crate::spec) fn tree_of_bytes(
    bytes: &[u8],
    limits: Limits,
    problems: &mut Problems,
) -> Tree {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| {
        problems.error("", Position::default(), "not UTF-8: read as far as it is");
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        std::str::from_utf8(good).unwrap_or_default()
    });
    tree(text, limits, problems)
}

/// Whether a member of a tree is an import; its text is the path.
pub(in crate::spec) fn is_import(node: Node<'_>) -> bool {
    let list = node.parent().filter(|list| list.key() == Some("imports"));
    list.and_then(Node::parent).is_some_and(|top| top.id() == NodeId::ROOT)
}

pub(super) struct Reader<'t, 'p> {
    pub(super) tokens: Tokens<'t>,
    pub(super) lines: Lines<'t>,
    pub(super) problems: &'p mut Problems,
    file: File,
    room: Room,
}

/// What a statement said that was passed over.
#[derive(Default)]
struct Passed<'t> {
    /// The first word.
    first: &'t str,
    /// `deprecated = true` was in it.
    deprecated: bool,
}

impl<'t> Reader<'t, '_> {
    fn file(&mut self) {
        while let Some((token, at)) = self.tokens.next() {
            match token {
                Token::Word("syntax" | "edition") => {
                    let at = self.lines.at(at);
                    self.file.syntax =
                        self.statement().map(|text| (cut(text.trim_matches(['"', '\''])), at));
                }
                Token::Word("package") => {
                    let at = self.lines.at(at);
                    self.file.package = self.statement().map(|text| (cut(text), at));
                }
                Token::Word("import") => self.import(at),
                Token::Word("service") => self.service(at),
                Token::Word("message") => self.message(at),
                Token::Word("enum") => self.enumeration(at, ""),
                Token::Word("option" | "extend") => {
                    self.skip_statement();
                }
                // Who sees a declaration (edition 2024) is said in front of it.
                Token::Sign(b';') | Token::Word("export" | "local") => {}
                _ => {
                    let at = self.lines.at(at);
                    self.problems.error("", at, "expected a declaration: passed over");
                    self.skip_statement();
                }
            }
        }
    }

    /// `import "path";`, also `public`, `weak` and `option`.
    fn import(&mut self, at: usize) {
        let at = self.lines.at(at);
        let Some(path) = self.statement() else { return };
        let path = path.trim_matches(['"', '\'']);
        // What these declare is known, or for compilers.
        let is_known = ["google/protobuf/", "google/api/"].iter().any(|of| path.starts_with(of));
        if !is_known && self.room.keep(1, 2 * path.len(), at) {
            self.file.imports.push((path.to_owned(), at));
        }
    }

    /// The first text behind a keyword, or else the first word, up to the `;`.
    fn statement(&mut self) -> Option<&'t str> {
        let (mut first_text, mut first_word) = (None, None);
        while let Some((token, _)) = self.tokens.next() {
            match token {
                Token::Sign(b';') => break,
                Token::Text(text) => first_text = first_text.or(Some(text)),
                Token::Word(word) => first_word = first_word.or(Some(word)),
                Token::Sign(_) => {}
            }
        }
        first_text.or(first_word)
    }

    /// To the `;`, or behind the block that comes first.
    fn skip_statement(&mut self) -> Passed<'t> {
        let mut passed = Passed::default();
        let mut depth = 0usize;
        let mut last = [Token::Sign(b';'); 2];
        while let Some((token, _)) = self.tokens.next() {
            match token {
                Token::Sign(b'{' | b'[') => depth += 1,
                Token::Sign(b'}') if depth <= 1 => return passed,
                Token::Sign(b'}' | b']') => depth = depth.saturating_sub(1),
                Token::Sign(b';') if depth == 0 => return passed,
                Token::Word("true") if last == [Token::Word("deprecated"), Token::Sign(b'=')] => {
                    passed.deprecated = true;
                }
                Token::Word(word) if passed.first.is_empty() => passed.first = word,
                _ => {}
            }
            last = [last[1], token];
        }
        self.ended();
        passed
    }

    pub(super) fn ended(&mut self) {
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
        if !self.room.keep(1, name.len(), at) {
            self.skip_block();
            return;
        }
        let mut service = Service { name, at, deprecated: false, methods: Vec::new() };
        loop {
            match self.tokens.next() {
                Some((Token::Word("rpc"), at)) => {
                    if let Some(method) = self.method(at)
                        && self.room.keep(method.nodes(), method.bytes(), method.at)
                    {
                        service.methods.push(method);
                    }
                }
                Some((Token::Sign(b'}'), _)) => break,
                Some((Token::Sign(b';'), _)) => {}
                Some((Token::Word("option"), _)) => {
                    service.deprecated |= self.skip_statement().deprecated;
                }
                Some(_) => {
                    self.skip_statement();
                }
                None => {
                    self.ended();
                    break;
                }
            }
        }
        self.file.services.push(service);
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
                    self.options(&mut method);
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

    /// The options of a method, up to the end of their block.
    fn options(&mut self, method: &mut Method) {
        loop {
            match self.tokens.next() {
                Some((Token::Word("option"), at)) => {
                    if !self.http(at, method) {
                        method.deprecated |= self.skip_statement().deprecated;
                    }
                }
                Some((Token::Sign(b'{'), _)) => self.skip_block(),
                Some((Token::Sign(b'}'), _)) => return,
                Some(_) => {}
                None => return self.ended(),
            }
        }
    }

    /// A message and those inside of it, without recursion: open ones are on a stack.
    fn message(&mut self, at: usize) {
        let Some((name, at)) = self.open(at) else { return };
        if !self.room.keep(1, name.len(), at) {
            self.skip_block();
            return;
        }
        let mut open = vec![Open::Message(Message { name, at, fields: Vec::new() })];
        while !open.is_empty() {
            match self.tokens.next() {
                Some((Token::Word("message"), at)) => {
                    let outer = name_of(&open).to_owned();
                    let Some((name, at)) = self.open(at) else { continue };
                    if open.len() >= MAX_NESTING {
                        let what = format_args!("more than {MAX_NESTING} messages in each other");
                        self.problems.error("", at, what);
                        self.skip_block();
                        continue;
                    }
                    let name = inner(&outer, &name);
                    if self.room.keep(1, name.len(), at) {
                        open.push(Open::Message(Message { name, at, fields: Vec::new() }));
                    } else {
                        self.skip_block();
                    }
                }
                Some((Token::Word("oneof"), at)) if open.len() < MAX_NESTING => {
                    if let Some((name, _)) = self.open(at) {
                        open.push(Open::OneOf(name));
                    }
                }
                Some((Token::Word("enum"), at)) => {
                    let outer = name_of(&open).to_owned();
                    self.enumeration(at, &outer);
                }
                Some((Token::Word("extend" | "option" | "reserved" | "extensions"), _)) => {
                    self.skip_statement();
                }
                Some((Token::Word(word), at)) => {
                    if let Some(field) = self.field(word, at) {
                        self.keep_field(field, &mut open);
                    }
                }
                Some((Token::Sign(b'}'), _)) => {
                    if let Some(Open::Message(message)) = open.pop() {
                        self.file.messages.push(message);
                    }
                }
                Some(_) => {}
                None => {
                    self.ended();
                    let left = open.drain(..).filter_map(Open::message);
                    self.file.messages.extend(left);
                }
            }
        }
    }

    fn keep_field(&mut self, mut field: Field, open: &mut [Open]) {
        if let Some(Open::OneOf(name)) = open.last() {
            field.oneof.clone_from(name);
        }
        let message = open.iter_mut().rev().find_map(|one| match one {
            Open::Message(message) => Some(message),
            Open::OneOf(_) => None,
        });
        if let Some(message) = message
            && self.room.keep(field.nodes(), field.bytes(), field.at)
        {
            message.fields.push(field);
        }
    }

    /// `enum Name { VALUE = 1; }`
    fn enumeration(&mut self, at: usize, outer: &str) {
        let Some((name, at)) = self.open(at) else { return };
        let name = inner(outer, &name);
        if !self.room.keep(1, name.len(), at) {
            self.skip_block();
            return;
        }
        let mut values = Vec::new();
        loop {
            match self.tokens.next() {
                Some((Token::Word("option" | "reserved"), _)) => {
                    self.skip_statement();
                }
                Some((Token::Word(word), at)) => {
                    let at = self.lines.at(at);
                    let mut ahead = self.tokens;
                    let signs =
                        [ahead.next(), ahead.next()].map(|next| next.map(|(token, _)| token));
                    let is_negative = signs == [b'=', b'-'].map(|sign| Some(Token::Sign(sign)));
                    let sign = if is_negative { "-" } else { "" };
                    let number = format!("{sign}{}", number(self.skip_statement().first));
                    if self.room.keep(1, word.len().min(MAX_NAME) + number.len(), at) {
                        values.push((cut(word), number, at));
                    }
                }
                Some((Token::Sign(b'}'), _)) => break,
                Some(_) => {}
                None => {
                    self.ended();
                    break;
                }
            }
        }
        self.file.enums.push(Enum { name, at, values });
    }

    pub(super) fn skip_block(&mut self) {
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

    /// `label? type name = number [options];` with `map<k, v>` as a type.
    fn field(&mut self, first: &'t str, at: usize) -> Option<Field> {
        let mut field = Field { at: self.lines.at(at), ..Field::default() };
        let mut words = vec![first];
        let mut generic = String::new();
        let mut inside = false;
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
                    let passed = self.skip_statement();
                    field.number = number(passed.first);
                    field.deprecated = passed.deprecated;
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
        let mut labels = ["optional", "repeated", "required"].into_iter();
        if let Some(label) = labels.find(|l| words.len() > 2 && words.first() == Some(l)) {
            field.label = label;
            words.remove(0);
        }
        let [type_name, name] = words[..] else {
            self.problems.warning("", field.at, "expected a field: passed over");
            return None;
        };
        field.type_name = if generic.is_empty() {
            cut(type_name)
        } else {
            format!("{}<{generic}>", cut(type_name))
        };
        field.name = cut(name);
        Some(field)
    }
}

/// A block of a message that is not at its end.
enum Open {
    Message(Message),
    /// Its name. Fields of a `oneof` are those of its message.
    OneOf(String),
}

impl Open {
    fn message(self) -> Option<Message> {
        match self {
            Self::Message(message) => Some(message),
            Self::OneOf(_) => None,
        }
    }
}

/// A number as written, cut; empty for what is none.
fn number(word: &str) -> String {
    if word.starts_with(|c: char| c.is_ascii_digit()) { cut(word) } else { String::new() }
}

/// The innermost message.
fn name_of(open: &[Open]) -> &str {
    let name = open.iter().rev().find_map(|one| match one {
        Open::Message(message) => Some(message.name.as_str()),
        Open::OneOf(_) => None,
    });
    name.unwrap_or_default()
}

/// The name of a declaration inside of another, cut.
pub(super) fn inner(outer: &str, name: &str) -> String {
    let mut name = if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
    name.truncate(name.floor_char_boundary(MAX_NAME));
    name
}
