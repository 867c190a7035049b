//! What a file of protocol buffers declares, whether it was read from its text or from a descriptor.

use crate::spec::{
    SpecLimit,
    budget::Limits,
    tree::{Builder, Position},
};

/// Most nodes that one method becomes, without its rules of HTTP.
const METHOD_NODES: usize = 6;
/// Most nodes that one rule of HTTP becomes.
const RULE_NODES: usize = 5;
/// Most rules of HTTP of one method.
pub(super) const MAX_RULES: usize = 64;

pub(super) type Named = Option<(String, Position)>;

/// One file.
#[derive(Default)]
pub(super) struct File {
    /// `proto2`, `proto3` or an edition.
    pub(super) syntax: Named,
    pub(super) package: Named,
    /// Paths of files that are to be read too.
    pub(super) imports: Vec<(String, Position)>,
    pub(super) services: Vec<Service>,
    /// Inner ones too, as `Outer.Inner`.
    pub(super) messages: Vec<Message>,
    /// Inner ones too.
    pub(super) enums: Vec<Enum>,
}

pub(super) struct Service {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) deprecated: bool,
    pub(super) methods: Vec<Method>,
}

#[derive(Default)]
pub(super) struct Method {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) input: String,
    pub(super) output: String,
    pub(super) client_streams: bool,
    pub(super) server_streams: bool,
    pub(super) deprecated: bool,
    /// At most [`MAX_RULES`].
    pub(super) rules: Vec<Rule>,
}

impl Method {
    /// Nodes that it becomes at most.
    pub(super) fn nodes(&self) -> usize {
        let list = usize::from(!self.rules.is_empty());
        METHOD_NODES + list + RULE_NODES * self.rules.len()
    }

    /// Bytes of its names and rules.
    pub(super) fn bytes(&self) -> usize {
        let rule = |r: &Rule| r.method.len() + r.path.len() + r.body.len() + r.response_body.len();
        let names = self.name.len() + self.input.len() + self.output.len();
        names + self.rules.iter().map(rule).sum::<usize>()
    }
}

/// `google.api.HttpRule`: how a method is called by HTTP and JSON too.
#[derive(Clone, Default)]
pub(super) struct Rule {
    pub(super) at: Position,
    /// `GET`, or the kind of a custom pattern as written; empty when the rule has no pattern.
    pub(super) method: String,
    /// The path template as written.
    pub(super) path: String,
    /// Field of the input that is the body, or `*` for what the path does not bind.
    pub(super) body: String,
    /// Field of the output that is the body of the answer; empty for all of it.
    pub(super) response_body: String,
}

pub(super) struct Message {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) fields: Vec<Field>,
}

#[derive(Default)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) at: Position,
    /// `string`, `map<string, int64>`, or the name of a message or enum as written.
    pub(super) type_name: String,
    pub(super) number: String,
    /// `repeated`, `optional`, `required`, or empty.
    pub(super) label: &'static str,
    /// Name of the `oneof` that it is in; empty for none.
    pub(super) oneof: String,
    pub(super) deprecated: bool,
}

impl Field {
    /// Nodes that it becomes.
    pub(super) fn nodes(&self) -> usize {
        let texts = [self.number.as_str(), self.label, self.oneof.as_str()];
        let some = texts.iter().filter(|text| !text.is_empty()).count();
        2 + some + usize::from(self.deprecated)
    }

    /// Bytes of its texts.
    pub(super) fn bytes(&self) -> usize {
        self.name.len() + self.type_name.len() + self.number.len() + self.oneof.len()
    }
}

pub(super) struct Enum {
    pub(super) name: String,
    pub(super) at: Position,
    /// Name, number, where.
    pub(super) values: Vec<(String, String, Position)>,
}

/// What is left for declarations.
pub(super) struct Room {
    left: Limits,
    /// The first limit that was reached, and where.
    pub(super) full: Option<(SpecLimit, Position)>,
}

impl Room {
    pub(super) const fn new(limits: Limits) -> Self {
        Self { left: limits, full: None }
    }

    /// Whether there is room for a declaration of so many nodes and bytes. Once there is none,
    /// nothing more is kept.
    pub(super) fn keep(&mut self, nodes: usize, bytes: usize, at: Position) -> bool {
        let Limits { nodes: nodes_left, text_bytes, .. } = &mut self.left;
        let (some, more) = (nodes_left.checked_sub(nodes), text_bytes.checked_sub(bytes));
        if let (Some(some), Some(more), None) = (some, more, &self.full) {
            (*nodes_left, *text_bytes) = (some, more);
            return true;
        }
        let limit = if some.is_none() { SpecLimit::Nodes } else { SpecLimit::TextBytes };
        self.full.get_or_insert((limit, at));
        false
    }
}

const TOP: Position = Position { line: 1, column: 1 };

/// Writes a file into the object that is open: `syntax`, `package`, `services`, `messages`, `enums`.
pub(super) fn build(builder: &mut Builder, file: File) -> Result<(), SpecLimit> {
    for (name, value) in [("syntax", file.syntax), ("package", file.package)] {
        if let Some((text, at)) = value {
            builder.member(name, &text, at)?;
        }
    }
    if !file.imports.is_empty() {
        builder.object("imports", TOP)?;
        for (path, at) in file.imports {
            builder.member(&path, &path, at)?;
        }
        builder.close();
    }
    builder.object("services", TOP)?;
    for service in file.services {
        builder.object(&service.name, service.at)?;
        for method in service.methods {
            self::method(builder, method, service.deprecated)?;
        }
        builder.close();
    }
    builder.close();
    builder.object("messages", TOP)?;
    for message in file.messages {
        builder.object(&message.name, message.at)?;
        for field in message.fields {
            self::field(builder, &field)?;
        }
        builder.close();
    }
    builder.close();
    builder.object("enums", TOP)?;
    for one in file.enums {
        builder.object(&one.name, one.at)?;
        for (name, number, at) in one.values {
            builder.key(&name, at)?;
            builder.number(&number, at)?;
        }
        builder.close();
    }
    builder.close();
    Ok(())
}

fn method(builder: &mut Builder, method: Method, deprecated: bool) -> Result<(), SpecLimit> {
    builder.object(&method.name, method.at)?;
    builder.member("input", &method.input, method.at)?;
    builder.member("output", &method.output, method.at)?;
    set(builder, "clientStreaming", method.client_streams, method.at)?;
    set(builder, "serverStreaming", method.server_streams, method.at)?;
    set(builder, "deprecated", method.deprecated || deprecated, method.at)?;
    if !method.rules.is_empty() {
        builder.key("http", method.at)?;
        builder.open(false, method.at)?;
        for rule in method.rules {
            builder.open(true, rule.at)?;
            for (name, text) in [
                ("method", &rule.method),
                ("path", &rule.path),
                ("body", &rule.body),
                ("responseBody", &rule.response_body),
            ] {
                if !text.is_empty() {
                    builder.member(name, text, rule.at)?;
                }
            }
            builder.close();
        }
        builder.close();
    }
    builder.close();
    Ok(())
}

fn field(builder: &mut Builder, field: &Field) -> Result<(), SpecLimit> {
    builder.object(&field.name, field.at)?;
    builder.member("type", &field.type_name, field.at)?;
    if !field.number.is_empty() {
        builder.key("number", field.at)?;
        builder.number(&field.number, field.at)?;
    }
    for (name, text) in [("label", field.label), ("oneof", field.oneof.as_str())] {
        if !text.is_empty() {
            builder.member(name, text, field.at)?;
        }
    }
    set(builder, "deprecated", field.deprecated, field.at)?;
    builder.close();
    Ok(())
}

/// A truth value that is written when it is true.
fn set(builder: &mut Builder, name: &str, value: bool, at: Position) -> Result<(), SpecLimit> {
    if value {
        builder.key(name, at)?;
        builder.bool(true, at)?;
    }
    Ok(())
}
