//! What a file of protocol buffers declares.

use crate::spec::{
    SpecLimit,
    tree::{Builder, Position},
};

pub(super) type Named = Option<(String, Position)>;

pub(super) struct Service {
    pub(super) name: String,
    pub(super) at: Position,
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
}

impl Method {
    /// Bytes of its names.
    pub(super) fn bytes(&self) -> usize {
        self.name.len() + self.input.len() + self.output.len()
    }
}

pub(super) struct Message {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) fields: Vec<Field>,
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) type_name: String,
    /// `None` when none was written that can be read.
    pub(super) number: Option<u32>,
    pub(super) is_repeated: bool,
    pub(super) at: Position,
}

impl Field {
    /// Bytes of what it becomes: its name twice.
    pub(super) fn bytes(&self) -> usize {
        2 * self.name.len() + self.type_name.len() + REPEATED.len()
    }
}

/// In front of the name of a field that may have several values.
pub(super) const REPEATED: &str = "repeated ";

/// Writes what was declared into a tree.
pub(super) fn build(
    builder: &mut Builder,
    syntax: Named,
    package: Named,
    services: Vec<Service>,
    messages: Vec<Message>,
) -> Result<(), SpecLimit> {
    let top = Position { line: 1, column: 1 };
    builder.open(true, top)?;
    for (name, value) in [("syntax", syntax), ("package", package)] {
        if let Some((text, at)) = value {
            builder.member(name, &text, at)?;
        }
    }
    builder.object("services", top)?;
    for service in services {
        builder.object(&service.name, service.at)?;
        for method in service.methods {
            builder.object(&method.name, method.at)?;
            builder.member("input", &method.input, method.at)?;
            builder.member("output", &method.output, method.at)?;
            for (name, value) in [
                ("clientStreaming", method.client_streams),
                ("serverStreaming", method.server_streams),
                ("deprecated", method.deprecated),
            ] {
                if value {
                    builder.key(name, method.at)?;
                    builder.bool(true, method.at)?;
                }
            }
            builder.close();
        }
        builder.close();
    }
    builder.close();
    builder.object("messages", top)?;
    for message in &messages {
        builder.object(&message.name, message.at)?;
        for field in &message.fields {
            builder.member(&field.name, &field.type_name, field.at)?;
        }
        builder.close();
    }
    builder.close();
    builder.object("numbers", top)?;
    for message in &messages {
        builder.object(&message.name, message.at)?;
        for field in &message.fields {
            let Some(number) = field.number else { continue };
            let label = if field.is_repeated { REPEATED } else { "" };
            builder.member(&number.to_string(), &format!("{label}{}", field.name), field.at)?;
        }
        builder.close();
    }
    builder.close();
    Ok(())
}
